-- 005: rooms of the management API beside those of the pool, with aliases,
-- settings and participants that are dialled; event sinks; video sessions; how
-- conferences went. Tables whose CHECKs grow are made anew; foreign keys are
-- off while migrations run.
DROP VIEW v_pool_rooms; -- it names rooms; made anew below
CREATE TABLE rooms_new (
    room_id TEXT PRIMARY KEY,
    source TEXT NOT NULL CHECK (source IN ('config', 'join', 'pool', 'admin')),
    state TEXT NOT NULL CHECK (state IN ('enabled', 'retired')),
    mode TEXT NOT NULL CHECK (mode IN ('mix', 'echo')),
    -- Of a managed room: "clear$" and the PIN itself, which its owner may read
    -- again over the room and management APIs.
    pin_hash TEXT NOT NULL,
    host_pin_hash TEXT NOT NULL,
    max_participants INTEGER NOT NULL,
    max_talkers INTEGER NOT NULL,
    announce TEXT NOT NULL,
    created_at TEXT NOT NULL,
    -- Of a managed room, made by the pool or by an administrator; never used
    -- again.
    room_no INTEGER NOT NULL DEFAULT 0,
    tag TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    allow_guests INTEGER NOT NULL DEFAULT 0 CHECK (allow_guests IN (0, 1)),
    service_type TEXT NOT NULL DEFAULT 'conference',
    CHECK ((source IN ('pool', 'admin')) = (room_no > 0))
) STRICT, WITHOUT ROWID;
INSERT INTO rooms_new
SELECT room_id, source, state, mode, pin_hash, host_pin_hash,
       max_participants, max_talkers, announce, created_at, room_no, tag,
       description, allow_guests, 'conference'
  FROM rooms;

-- Names to join and dial by; those of managed rooms have a number.
CREATE TABLE aliases_new (
    alias TEXT PRIMARY KEY CHECK (alias = lower(alias)),
    room_id TEXT NOT NULL REFERENCES rooms (room_id) ON DELETE CASCADE,
    alias_no INTEGER NOT NULL DEFAULT 0,
    written TEXT NOT NULL, -- as its maker wrote it
    description TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO aliases_new
SELECT a.alias, a.room_id, r.alias_no,
       CASE WHEN r.room_no > 0 THEN r.room_id ELSE a.alias END, '',
       r.created_at
  FROM aliases a JOIN rooms r USING (room_id);

DROP TABLE aliases;
ALTER TABLE aliases_new RENAME TO aliases;
DROP TABLE rooms;
ALTER TABLE rooms_new RENAME TO rooms;
CREATE INDEX aliases_room ON aliases (room_id);
CREATE UNIQUE INDEX aliases_no ON aliases (alias_no) WHERE alias_no > 0;
CREATE UNIQUE INDEX rooms_no ON rooms (room_no) WHERE room_no > 0;

-- Of a room on another platform: its number there, what it is still to be told.
ALTER TABLE pool ADD COLUMN remote_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pool ADD COLUMN remote_todo TEXT NOT NULL DEFAULT 'nothing'
    CHECK (remote_todo IN ('nothing', 'create', 'change', 'delete'));
ALTER TABLE pool ADD COLUMN remote_since TEXT;

CREATE VIEW v_pool_rooms AS
SELECT p.room_no AS room_no,
       p.name AS name,
       p.state AS state,
       p.since AS since,
       coalesce(r.tag, '') AS tag,
       p.client_id AS client_id,
       p.created_at AS created_at,
       p.reserved_at AS reserved_at,
       p.lease_until AS lease_until,
       p.first_join_at AS first_join_at,
       coalesce(c.participants, 0) AS participants,
       p.ended_cause AS ended_cause,
       nullif(p.remote_id, 0) AS platform_id,
       p.remote_todo AS platform_todo,
       p.remote_since AS platform_since
  FROM pool p
  LEFT JOIN rooms r ON r.room_no = p.room_no
  LEFT JOIN (SELECT f.room_id, count(*) AS participants
               FROM conferences f JOIN participants q USING (conf_id)
              WHERE f.state = 'live' AND q.state = 'active'
              GROUP BY f.room_id) c ON c.room_id = r.room_id
 ORDER BY p.room_no;

-- What a managed room was given beyond the columns of rooms: JSON values.
CREATE TABLE room_settings (
    room_no INTEGER NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (room_no, field)
) STRICT, WITHOUT ROWID;

-- Dialled when a conference of one of their rooms starts.
CREATE TABLE automatic_participants (
    auto_no INTEGER PRIMARY KEY,
    alias TEXT NOT NULL, -- whom to dial
    protocol TEXT NOT NULL CHECK (protocol IN
        ('sip', 'h323', 'mssip', 'rtmp', 'teams', 'gms')),
    call_type TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('host', 'guest')),
    routing TEXT NOT NULL CHECK (routing IN ('manual', 'routing_rule')),
    dtmf_sequence TEXT NOT NULL,
    keep_alive TEXT NOT NULL CHECK (keep_alive IN ('unknown',
        'keep_conference_alive', 'keep_conference_alive_if_multiple',
        'keep_conference_alive_never')),
    remote_display_name TEXT NOT NULL,
    presentation_url TEXT NOT NULL,
    streaming INTEGER NOT NULL CHECK (streaming IN (0, 1)),
    system_location TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE TABLE automatic_participant_rooms (
    auto_no INTEGER NOT NULL
        REFERENCES automatic_participants (auto_no) ON DELETE CASCADE,
    room_no INTEGER NOT NULL,
    PRIMARY KEY (auto_no, room_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX automatic_participant_rooms_room
    ON automatic_participant_rooms (room_no);

-- To be keyed to who was dialled, once it has answered; empty when done.
ALTER TABLE participants ADD COLUMN dtmf_sequence TEXT NOT NULL DEFAULT '';

-- When the first of its participants came; when its media first flowed.
ALTER TABLE conferences ADD COLUMN opened_at TEXT;
ALTER TABLE participants ADD COLUMN connected_at TEXT;

-- Where conference and participant events are sent to.
CREATE TABLE event_sinks (
    sink_no INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    username TEXT NOT NULL,
    password TEXT NOT NULL,
    bulk_support INTEGER NOT NULL CHECK (bulk_support IN (0, 1)),
    verify_tls_certificate INTEGER NOT NULL
        CHECK (verify_tls_certificate IN (0, 1)),
    version INTEGER NOT NULL CHECK (version IN (1, 2)),
    filter_events INTEGER NOT NULL CHECK (filter_events IN (0, 1)),
    events TEXT NOT NULL, -- wanted, when filtered
    state TEXT NOT NULL CHECK (state IN ('active', 'stopped')),
    started_at TEXT NOT NULL, -- its sequence numbers begin at 1 then
    last_seq INTEGER NOT NULL, -- given
    failing_since TEXT, -- the oldest event has been tried in vain since
    next_at TEXT, -- and is tried again then
    last_error TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_sinks_name ON event_sinks (name);
-- What is still to be sent, in order.
CREATE TABLE sink_events (
    sink_no INTEGER NOT NULL REFERENCES event_sinks (sink_no) ON DELETE CASCADE,
    seq INTEGER NOT NULL CHECK (seq > 0),
    event TEXT NOT NULL,
    data TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (sink_no, seq)
) STRICT, WITHOUT ROWID;

-- Video sessions outlive their rooms.
CREATE TABLE video_sessions (
    session_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL, -- of the app, as it said
    device_code TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('session_granted', 'session_started',
        'session_not_granted', 'session_failed', 'session_ended')),
    reference TEXT NOT NULL, -- what its room is for
    room_no INTEGER NOT NULL, -- of our pool; 0: the room is elsewhere
    room_name TEXT NOT NULL,
    room_alias TEXT NOT NULL,
    guest_pin TEXT NOT NULL, -- none once it is over
    destination_host TEXT NOT NULL,
    queue_position INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    status_at TEXT NOT NULL,
    alive_at TEXT NOT NULL, -- last sign of life of the app
    -- It gives such signs again and again.
    keeps_alive INTEGER NOT NULL CHECK (keeps_alive IN (0, 1)),
    ended_at TEXT,
    ended_cause TEXT NOT NULL,
    -- Its room is still to be given back.
    owes_room INTEGER NOT NULL CHECK (owes_room IN (0, 1)),
    last_seq INTEGER NOT NULL, -- of its history
    CHECK ((state IN ('session_granted', 'session_started')) =
           (ended_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX video_sessions_room ON video_sessions (room_name);
CREATE INDEX video_sessions_device ON video_sessions (device_code);
CREATE INDEX video_sessions_ended ON video_sessions (ended_at);
CREATE TABLE video_calls (
    session_id TEXT NOT NULL
        REFERENCES video_sessions (session_id) ON DELETE CASCADE,
    client_call_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('call_ringing', 'call_media_pending',
        'call_in_call', 'call_reconnected', 'call_dropped', 'call_error',
        'call_ended')),
    created_at TEXT NOT NULL,
    status_at TEXT NOT NULL,
    PRIMARY KEY (session_id, client_call_id)
) STRICT, WITHOUT ROWID;
-- Each status as it came, repeats left out.
CREATE TABLE video_history (
    session_id TEXT NOT NULL
        REFERENCES video_sessions (session_id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    client_call_id TEXT NOT NULL, -- empty: of the session
    status TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (session_id, seq)
) STRICT, WITHOUT ROWID;

-- How conferences went; participants have call_records.
CREATE TABLE conference_records (
    conf_id TEXT PRIMARY KEY,
    room_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('room', 'api', 'call')),
    tag TEXT NOT NULL,
    participants INTEGER NOT NULL,
    was_started INTEGER NOT NULL CHECK (was_started IN (0, 1)),
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX conference_records_ended ON conference_records (ended_at);
-- How many have come into it; whom its room has dialled was dialled.
ALTER TABLE conferences ADD COLUMN n_joined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conferences ADD COLUMN is_auto_dialled INTEGER NOT NULL DEFAULT 0
    CHECK (is_auto_dialled IN (0, 1));
ALTER TABLE participants ADD COLUMN is_automatic INTEGER NOT NULL DEFAULT 0
    CHECK (is_automatic IN (0, 1));
ALTER TABLE call_records ADD COLUMN tag TEXT NOT NULL DEFAULT '';
ALTER TABLE call_records ADD COLUMN is_dialled INTEGER NOT NULL DEFAULT 0
    CHECK (is_dialled IN (0, 1));

CREATE VIEW v_event_sinks AS
SELECT s.name AS name, s.url AS url, s.state AS state, s.last_seq AS last_seq,
       (SELECT count(*) FROM sink_events e WHERE e.sink_no = s.sink_no)
           AS waiting,
       (SELECT min(e.at) FROM sink_events e WHERE e.sink_no = s.sink_no)
           AS oldest_at,
       s.failing_since AS failing_since, s.next_at AS next_try_at,
       s.last_error AS last_error, s.sink_no AS sink_no
  FROM event_sinks s
 ORDER BY s.sink_no;

CREATE VIEW v_video_sessions AS
SELECT v.session_id AS session_id, v.state AS state, v.room_name AS room,
       v.device_code AS device_code, v.created_at AS created_at,
       v.status_at AS status_at, v.ended_at AS ended_at,
       v.ended_cause AS ended_cause,
       (SELECT count(*) FROM video_calls c
         WHERE c.session_id = v.session_id) AS calls,
       coalesce((SELECT c.state FROM video_calls c
                  WHERE c.session_id = v.session_id
                  ORDER BY c.created_at DESC LIMIT 1), '') AS last_call
  FROM video_sessions v
 ORDER BY v.created_at;

CREATE VIEW v_conference_records AS
SELECT CASE r.room_id WHEN '' THEN '(' || r.kind || ')' ELSE r.room_id END
           AS room,
       r.tag AS tag, r.participants AS participants,
       r.started_at AS started_at, r.ended_at AS ended_at,
       cast(round((julianday(r.ended_at) - julianday(r.started_at)) * 86400)
            AS INTEGER) AS seconds,
       r.reason AS reason, r.conf_id AS conf_id
  FROM conference_records r
 ORDER BY r.ended_at DESC;

-- What the management API shows: a view for each of its resources, the columns
-- named as its fields. Only managed rooms are configured through it; conferences
-- of all rooms are seen. Lists and settings are read beside these views.
CREATE INDEX aliases_written ON aliases (written) WHERE alias_no > 0;
CREATE INDEX conference_records_room ON conference_records (room_id);
CREATE INDEX conference_records_started
    ON conference_records (started_at, kind);
CREATE INDEX call_records_room ON call_records (room_id);
CREATE INDEX call_records_started
    ON call_records (started_at, conf_kind);

CREATE VIEW m_conference AS
SELECT r.room_no AS id, r.room_id AS name, r.service_type AS service_type,
       r.allow_guests AS allow_guests,
       -- "clear$" and the PIN; without guests there is one for everybody.
       substr(CASE r.allow_guests WHEN 1 THEN r.host_pin_hash
                                  ELSE r.pin_hash END, 7) AS pin,
       CASE r.allow_guests WHEN 1 THEN substr(r.pin_hash, 7) ELSE '' END
           AS guest_pin,
       r.tag AS tag, r.description AS description,
       r.created_at AS creation_time,
       nullif(r.max_participants, 0) AS participant_limit
  FROM rooms r
 WHERE r.room_no > 0 AND r.state = 'enabled' AND
       -- Those of the pool on another platform are shown there.
       (r.source <> 'pool' OR NOT EXISTS
           (SELECT 1 FROM pool p
             WHERE p.room_no = r.room_no AND
                   (p.remote_id > 0 OR p.remote_todo <> 'nothing')));

CREATE VIEW m_conference_alias AS
SELECT a.alias_no AS id, a.written AS alias, r.room_no AS conference,
       r.room_id AS conference__name, a.description AS description,
       a.created_at AS creation_time
  FROM aliases a JOIN rooms r ON r.room_id = a.room_id
 WHERE a.alias_no > 0 AND r.room_no > 0 AND r.state = 'enabled' AND
       (r.source <> 'pool' OR NOT EXISTS
           (SELECT 1 FROM pool p
             WHERE p.room_no = r.room_no AND
                   (p.remote_id > 0 OR p.remote_todo <> 'nothing')));

CREATE VIEW m_automatic_participant AS
SELECT p.auto_no AS id, p.alias AS alias, p.protocol AS protocol,
       p.call_type AS call_type, p.role AS role, p.routing AS routing,
       p.dtmf_sequence AS dtmf_sequence,
       p.keep_alive AS keep_conference_alive,
       p.remote_display_name AS remote_display_name,
       p.presentation_url AS presentation_url, p.streaming AS streaming,
       nullif(p.system_location, '') AS system_location,
       p.description AS description, p.created_at AS creation_time
  FROM automatic_participants p;

-- Never with its password.
CREATE VIEW m_event_sink AS
SELECT s.sink_no AS id, s.name AS name, s.description AS description,
       s.url AS url, s.username AS username, s.bulk_support AS bulk_support,
       s.verify_tls_certificate AS verify_tls_certificate,
       s.version AS version, s.filter_events AS filter_events,
       s.events AS events, s.started_at AS restart_date
  FROM event_sinks s;

CREATE VIEW m_live_conference AS
SELECT c.conf_id AS id, c.room_id AS name, r.service_type AS service_type,
       c.is_started AS is_started, c.is_locked AS is_locked,
       c.guests_muted AS guests_muted, c.started_at AS start_time,
       r.tag AS tag
  FROM conferences c JOIN rooms r ON r.room_id = c.room_id
 WHERE c.state = 'live' AND c.room_id IS NOT NULL; -- as conferences_live

CREATE VIEW m_live_participant AS
SELECT p.participant_id AS id, c.room_id AS conference,
       p.display_name AS display_name, p.role AS role,
       CASE WHEN p.state IN ('new', 'ringing') THEN 'connecting'
            WHEN p.state = 'pin' THEN 'ivr'
            WHEN p.waiting_at IS NOT NULL THEN 'waiting_room'
            ELSE r.service_type END AS service_type,
       r.tag AS service_tag, p.muted AS is_muted,
       p.client_muted AS is_client_muted, p.on_hold AS is_on_hold,
       p.has_media AS has_media,
       p.kind = 'page' AS is_transfer_supported, -- telephones cannot be sent
       coalesce((SELECT min(l.leg_id) FROM legs l
                  WHERE l.participant_id = p.participant_id), '') AS call_uuid,
       coalesce((SELECT k.sip_call_id FROM calls k
                  WHERE k.participant_id = p.participant_id LIMIT 1),
                (SELECT min(l.leg_id) FROM legs l
                  WHERE l.participant_id = p.participant_id), '')
           AS conversation_id,
       coalesce(p.joined_at, p.created_at) AS connect_time,
       CASE p.is_dialled WHEN 1 THEN 'out' ELSE 'in' END AS call_direction,
       CASE WHEN p.kind = 'telephone' THEN 'SIP'
            WHEN EXISTS (SELECT 1 FROM legs l
                          WHERE l.participant_id = p.participant_id)
            THEN 'WebRTC' ELSE 'API' END AS protocol,
       '' AS vendor, -- not kept
       CASE WHEN EXISTS (SELECT 1 FROM legs l
                          WHERE l.participant_id = p.participant_id
                            AND l.kind = 'webrtc')
            THEN 'On' ELSE 'Off' END AS encryption,
       CASE p.is_dialled WHEN 1 THEN '' ELSE p.address END AS source_alias,
       -- of who came: by which of the room's aliases is not kept
       CASE p.is_dialled WHEN 1 THEN p.address ELSE r.room_id END
           AS destination_alias,
       p.source AS remote_address,
       -- not kept: ports and bandwidths are known to the workers only
       0 AS remote_port, 0 AS bandwidth, 0 AS rx_bandwidth, 0 AS tx_bandwidth,
       coalesce(c.media_node, '') AS media_node,
       coalesce((SELECT k.node FROM calls k
                  WHERE k.participant_id = p.participant_id LIMIT 1), '')
           AS signalling_node
  FROM participants p
  JOIN conferences c ON c.conf_id = p.conf_id
  JOIN rooms r ON r.room_id = c.room_id
 WHERE p.state <> 'left' AND c.state = 'live' AND c.room_id IS NOT NULL;

CREATE VIEW m_past_conference AS
SELECT q.conf_id AS id, q.room_id AS name, q.tag AS tag,
       q.started_at AS start_time, q.ended_at AS end_time,
       cast(round((julianday(q.ended_at) - julianday(q.started_at)) * 86400)
            AS INTEGER) AS duration,
       q.participants AS participant_count, q.reason AS disconnect_reason
  FROM conference_records q
 WHERE likely(q.kind = 'room');

CREATE VIEW m_past_participant AS
SELECT q.participant_id AS id, q.conf_id AS conference,
       q.room_id AS conference_name, q.tag AS service_tag,
       q.display_name AS display_name, q.role AS role,
       CASE q.kind WHEN 'telephone' THEN 'SIP' WHEN 'page' THEN 'WebRTC'
            ELSE 'API' END AS protocol,
       CASE q.is_dialled WHEN 1 THEN 'out' ELSE 'in' END AS call_direction,
       '' AS remote_address, -- addresses are forgotten with the participant
       q.started_at AS start_time, q.left_at AS end_time,
       cast(round((julianday(q.left_at) - julianday(q.started_at)) * 86400)
            AS INTEGER) AS duration,
       q.reason AS disconnect_reason
  FROM call_records q
 WHERE likely(q.conf_kind = 'room');
