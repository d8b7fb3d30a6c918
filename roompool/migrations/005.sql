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
       p.ended_cause AS ended_cause
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

-- Of a room on another platform: its number there, what it is still to be told.
ALTER TABLE pool ADD COLUMN remote_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pool ADD COLUMN remote_todo TEXT NOT NULL DEFAULT 'nothing'
    CHECK (remote_todo IN ('nothing', 'create', 'change', 'delete'));
ALTER TABLE pool ADD COLUMN remote_since TEXT;

-- Video sessions outlive their rooms.
CREATE TABLE video_sessions (
    session_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL, -- of the app, as it said
    device_code TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('session_granted', 'session_started',
        'session_not_granted', 'session_failed', 'session_ended')),
    room_name TEXT NOT NULL,
    room_alias TEXT NOT NULL,
    guest_pin TEXT NOT NULL, -- none once it is over
    destination_host TEXT NOT NULL,
    queue_position INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    status_at TEXT NOT NULL,
    alive_at TEXT NOT NULL, -- last sign of life of the app
    ended_at TEXT,
    ended_cause TEXT NOT NULL,
    -- Its room is still to be given back.
    owes_room INTEGER NOT NULL CHECK (owes_room IN (0, 1)),
    CHECK ((state IN ('session_granted', 'session_started')) =
           (ended_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX video_sessions_room ON video_sessions (room_name);
CREATE INDEX video_sessions_device ON video_sessions (device_code);
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
