-- 006: devices: registrations of numbers, their calls, subscriptions to their
-- events with what is still to be sent, the relay; recovery records of SIP
-- dialogs. A device is one more kind of participant, and its calls one more
-- kind of conference, so tables with CHECKs on kinds are made anew; foreign
-- keys are off while migrations run, and views keep their text.
PRAGMA legacy_alter_table = ON;
CREATE TABLE conferences_new (
    conf_id TEXT PRIMARY KEY,
    room_id TEXT REFERENCES rooms (room_id),
    kind TEXT NOT NULL CHECK (kind IN ('room', 'api', 'call', 'device')),
    state TEXT NOT NULL CHECK (state IN ('live', 'ended')),
    mode TEXT NOT NULL CHECK (mode IN ('mix', 'echo')),
    host_id TEXT,
    media_node TEXT,
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    max_participants INTEGER NOT NULL CHECK (max_participants > 0),
    max_talkers INTEGER NOT NULL CHECK (max_talkers > 0),
    started_at TEXT NOT NULL,
    answered_at TEXT,
    ended_at TEXT,
    end_reason TEXT NOT NULL,
    is_started INTEGER NOT NULL DEFAULT 1 CHECK (is_started IN (0, 1)),
    is_locked INTEGER NOT NULL DEFAULT 0 CHECK (is_locked IN (0, 1)),
    guests_muted INTEGER NOT NULL DEFAULT 0 CHECK (guests_muted IN (0, 1)),
    guests_can_unmute INTEGER NOT NULL DEFAULT 1
        CHECK (guests_can_unmute IN (0, 1)),
    host_layout TEXT NOT NULL DEFAULT '',
    guest_layout TEXT NOT NULL DEFAULT '',
    overlay_shown INTEGER NOT NULL DEFAULT 0 CHECK (overlay_shown IN (0, 1)),
    hosts_left_at TEXT,
    alone_at TEXT,
    opened_at TEXT,
    n_joined INTEGER NOT NULL DEFAULT 0,
    is_auto_dialled INTEGER NOT NULL DEFAULT 0
        CHECK (is_auto_dialled IN (0, 1)),
    CHECK ((kind = 'room') = (room_id IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO conferences_new SELECT * FROM conferences;
DROP TABLE conferences;
ALTER TABLE conferences_new RENAME TO conferences;
CREATE UNIQUE INDEX conferences_live ON conferences (room_id)
    WHERE state = 'live' AND room_id IS NOT NULL;
CREATE UNIQUE INDEX conferences_epoch ON conferences (epoch) WHERE epoch > 0;

CREATE TABLE participants_new (
    participant_id TEXT PRIMARY KEY,
    conf_id TEXT NOT NULL REFERENCES conferences (conf_id) ON DELETE CASCADE,
    resource_id TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('page', 'telephone', 'user', 'device')),
    state TEXT NOT NULL
        CHECK (state IN ('new', 'ringing', 'pin', 'active', 'moving', 'left')),
    role TEXT NOT NULL CHECK (role IN ('host', 'guest')),
    session_id TEXT,
    display_name TEXT NOT NULL,
    address TEXT NOT NULL,
    source TEXT NOT NULL,
    token_hashes TEXT NOT NULL,
    token_expires_at TEXT,
    muted INTEGER NOT NULL CHECK (muted IN (0, 1)),
    on_hold INTEGER NOT NULL CHECK (on_hold IN (0, 1)),
    has_media INTEGER NOT NULL CHECK (has_media IN (0, 1)),
    invited_by TEXT,
    mod_id TEXT,
    created_at TEXT NOT NULL,
    ring_until TEXT,
    move_until TEXT,
    joined_at TEXT,
    left_at TEXT,
    leave_reason TEXT NOT NULL,
    waiting_at TEXT,
    is_held_by_lock INTEGER NOT NULL DEFAULT 0
        CHECK (is_held_by_lock IN (0, 1)),
    client_muted INTEGER NOT NULL DEFAULT 0 CHECK (client_muted IN (0, 1)),
    video_muted INTEGER NOT NULL DEFAULT 0 CHECK (video_muted IN (0, 1)),
    no_presentation INTEGER NOT NULL DEFAULT 0
        CHECK (no_presentation IN (0, 1)),
    spotlight_at TEXT,
    buzz_at TEXT,
    overlay_text TEXT NOT NULL DEFAULT '',
    is_dialled INTEGER NOT NULL DEFAULT 0 CHECK (is_dialled IN (0, 1)),
    keep_alive TEXT NOT NULL DEFAULT 'unknown'
        CHECK (keep_alive IN ('unknown', 'keep_conference_alive',
            'keep_conference_alive_if_multiple',
            'keep_conference_alive_never')),
    dtmf_sequence TEXT NOT NULL DEFAULT '',
    connected_at TEXT,
    is_automatic INTEGER NOT NULL DEFAULT 0 CHECK (is_automatic IN (0, 1)),
    CHECK ((state = 'left') = (left_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO participants_new SELECT * FROM participants;
DROP TABLE participants;
ALTER TABLE participants_new RENAME TO participants;
CREATE INDEX participants_conf ON participants (conf_id);

CREATE TABLE call_records_new (
    participant_id TEXT PRIMARY KEY,
    conf_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('page', 'telephone', 'user', 'device')),
    role TEXT NOT NULL CHECK (role IN ('host', 'guest')),
    display_name TEXT NOT NULL,
    address TEXT NOT NULL,
    started_at TEXT NOT NULL,
    joined_at TEXT,
    left_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    conf_kind TEXT NOT NULL DEFAULT 'room'
        CHECK (conf_kind IN ('room', 'api', 'call', 'device')),
    tag TEXT NOT NULL DEFAULT '',
    is_dialled INTEGER NOT NULL DEFAULT 0 CHECK (is_dialled IN (0, 1))
) STRICT, WITHOUT ROWID;
INSERT INTO call_records_new SELECT * FROM call_records;
DROP TABLE call_records;
ALTER TABLE call_records_new RENAME TO call_records;
CREATE INDEX call_records_left ON call_records (left_at);
CREATE INDEX call_records_room ON call_records (room_id);
CREATE INDEX call_records_started
    ON call_records (started_at, conf_kind);

CREATE TABLE conference_records_new (
    conf_id TEXT PRIMARY KEY,
    room_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('room', 'api', 'call', 'device')),
    tag TEXT NOT NULL,
    participants INTEGER NOT NULL,
    was_started INTEGER NOT NULL CHECK (was_started IN (0, 1)),
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO conference_records_new SELECT * FROM conference_records;
DROP TABLE conference_records;
ALTER TABLE conference_records_new RENAME TO conference_records;
CREATE INDEX conference_records_ended ON conference_records (ended_at);
CREATE INDEX conference_records_room ON conference_records (room_id);
CREATE INDEX conference_records_started
    ON conference_records (started_at, kind);

PRAGMA legacy_alter_table = OFF;

-- A device application that stands for a number of ours; docs/api/camara.md.
CREATE TABLE registrations (
    registration_id TEXT PRIMARY KEY,
    device_id TEXT NOT NULL, -- made by the application
    number TEXT NOT NULL CHECK (number LIKE '+%'),
    -- Whose: client and subject of the token; without subject 2-legged.
    client_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'registered', 'ended')),
    mode TEXT NOT NULL CHECK (mode IN ('trunk', 'account')),
    expires_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    end_reason TEXT NOT NULL,
    -- Of an account: its binding at the registrar (RFC 3261 section 10).
    contact_user TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    cseq INTEGER NOT NULL,
    contact TEXT NOT NULL,
    node TEXT NOT NULL, -- where the contact is
    bound_until TEXT,
    service_route TEXT NOT NULL,
    associated_uri TEXT NOT NULL,
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- One at a time for a device and a number.
CREATE UNIQUE INDEX registrations_device
    ON registrations (client_id, subject, device_id, number)
 WHERE state <> 'ended';
CREATE INDEX registrations_number ON registrations (number);
CREATE INDEX registrations_ended ON registrations (ended_at);

-- A call of a registration, as its application sees it. Several devices that
-- one call rings have one row each.
CREATE TABLE device_calls (
    media_session_id TEXT PRIMARY KEY,
    registration_id TEXT NOT NULL,
    conf_id TEXT NOT NULL,
    participant_id TEXT NOT NULL, -- the device's seat, empty: not taken
    role TEXT NOT NULL CHECK (role IN ('originator', 'receiver')),
    status TEXT NOT NULL CHECK (status IN ('Initial', 'InProgress', 'Ringing',
        'Proceeding', 'Connected', 'Terminated', 'Hold', 'Resume',
        'SessionCancelled', 'Declined', 'Failed', 'Waiting', 'NoAnswer',
        'NotReachable', 'Busy')),
    originator TEXT NOT NULL,
    receiver TEXT NOT NULL,
    originator_name TEXT NOT NULL,
    receiver_name TEXT NOT NULL,
    has_call_type INTEGER NOT NULL CHECK (has_call_type IN (0, 1)),
    location TEXT NOT NULL,
    offer TEXT NOT NULL,
    answer TEXT NOT NULL,
    -- Answer for the application that calls, or for the network that does.
    kept_sdp TEXT NOT NULL,
    correlator TEXT NOT NULL,
    last_seq INTEGER NOT NULL, -- sequenceNumber of its latest event
    is_hidden INTEGER NOT NULL CHECK (is_hidden IN (0, 1)), -- deleted by it
    created_at TEXT NOT NULL,
    connected_at TEXT,
    ended_at TEXT,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_calls_registration ON device_calls (registration_id);
CREATE INDEX device_calls_conf ON device_calls (conf_id);
CREATE INDEX device_calls_ended ON device_calls (ended_at);

CREATE TABLE subscriptions (
    subscription_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    api TEXT NOT NULL
        CHECK (api IN ('webrtc-events-subscriptions', 'webrtc-events')),
    -- Sum of 1 session-status, 2 session-invitation, 4 registration-ends.
    types INTEGER NOT NULL CHECK (types BETWEEN 1 AND 7),
    device_id TEXT NOT NULL,
    registration_id TEXT NOT NULL, -- as given, no effect
    sink TEXT NOT NULL,
    access_token TEXT NOT NULL, -- secret
    token_expires_at TEXT,
    status TEXT NOT NULL CHECK (status IN ('ACTIVATION_REQUESTED', 'ACTIVE',
        'EXPIRED', 'INACTIVE', 'DELETED')),
    starts_at TEXT NOT NULL,
    expires_at TEXT,
    asked_expires_at TEXT,
    max_events INTEGER NOT NULL, -- 0: no limit
    initial_event INTEGER NOT NULL, -- 0 not said, 1 false, 2 true
    delivered INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    ended_at TEXT,
    end_reason TEXT NOT NULL,
    failing_since TEXT,
    next_at TEXT,
    last_error TEXT NOT NULL,
    CHECK ((status IN ('EXPIRED', 'DELETED')) = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_device ON subscriptions (device_id);

-- Events that wait for their sink, oldest first.
CREATE TABLE notifications (
    subscription_id TEXT NOT NULL
        REFERENCES subscriptions (subscription_id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('session-status', 'session-invitation',
        'registration-ends', 'subscription-ended')),
    media_session_id TEXT NOT NULL,
    at TEXT NOT NULL,
    -- The last one about its call, registration or subscription.
    is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
    data TEXT NOT NULL, -- JSON, the member "data" of the CloudEvent
    PRIMARY KEY (subscription_id, seq)
) STRICT, WITHOUT ROWID;

-- The relay: sinks for devices that cannot be reached. Tokens as SHA-256.
CREATE TABLE relay_channels (
    channel_id TEXT PRIMARY KEY,
    sink_id TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    device_id TEXT NOT NULL,
    read_hash TEXT NOT NULL,
    sink_hash TEXT NOT NULL,
    old_read_hash TEXT NOT NULL, -- before it was extended
    old_sink_hash TEXT NOT NULL,
    old_until TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    read_at TEXT, -- somebody read last
    closed_at TEXT,
    read_seq INTEGER NOT NULL, -- as far as it was read
    last_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE relay_events (
    channel_id TEXT NOT NULL
        REFERENCES relay_channels (channel_id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    source TEXT NOT NULL,
    type TEXT NOT NULL,
    at TEXT NOT NULL,
    event TEXT NOT NULL, -- JSON as it came
    PRIMARY KEY (channel_id, seq)
) STRICT, WITHOUT ROWID;

-- A telephone that comes in the place of another (REFER, Replaces): whose.
ALTER TABLE participants ADD COLUMN takes_over TEXT NOT NULL DEFAULT '';

-- What another signaling worker needs to go on with a call (RFC 3261 section
-- 12: dialog state); its text is the signaling worker's own.
CREATE TABLE dialogs (
    call_id TEXT PRIMARY KEY REFERENCES calls (call_id) ON DELETE CASCADE,
    node TEXT NOT NULL,
    version INTEGER NOT NULL,
    saved_at TEXT NOT NULL,
    dialog TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW v_registrations AS
SELECT r.number AS number, r.device_id AS device_id, r.state AS state,
       r.mode AS mode, r.expires_at AS expires_at,
       r.bound_until AS bound_until, r.node AS signaling_worker,
       r.client_id AS client_id, r.subject AS subject,
       r.created_at AS created_at, r.ended_at AS ended_at,
       r.end_reason AS end_reason,
       (SELECT count(*) FROM device_calls c
         WHERE c.registration_id = r.registration_id
           AND c.ended_at IS NULL) AS calls,
       r.registration_id AS registration_id
  FROM registrations r
 ORDER BY r.number, r.created_at;

CREATE VIEW v_device_calls AS
SELECT c.status AS status, c.role AS role, c.originator AS originator,
       c.receiver AS receiver, c.created_at AS created_at,
       c.connected_at AS connected_at, c.ended_at AS ended_at,
       CASE WHEN c.connected_at IS NULL OR c.ended_at IS NULL THEN 0
            ELSE cast(round((julianday(c.ended_at) -
                             julianday(c.connected_at)) * 86400)
                      AS INTEGER) END AS seconds,
       c.reason AS reason, coalesce(r.number, '') AS number,
       c.conf_id AS conf_id, c.media_session_id AS media_session_id
  FROM device_calls c
  LEFT JOIN registrations r ON r.registration_id = c.registration_id
 ORDER BY c.created_at;

CREATE VIEW v_subscriptions AS
SELECT s.status AS status, s.device_id AS device_id,
       trim(CASE s.types & 1 WHEN 0 THEN '' ELSE 'session-status ' END ||
            CASE s.types & 2 WHEN 0 THEN '' ELSE 'session-invitation ' END ||
            CASE s.types & 4 WHEN 0 THEN '' ELSE 'registration-ends' END)
           AS types,
       s.sink AS sink, s.expires_at AS expires_at, s.delivered AS delivered,
       (SELECT count(*) FROM notifications n
         WHERE n.subscription_id = s.subscription_id) AS waiting,
       s.failing_since AS failing_since, s.last_error AS last_error,
       s.client_id AS client_id, s.end_reason AS end_reason,
       s.subscription_id AS subscription_id
  FROM subscriptions s
 ORDER BY s.starts_at;

CREATE VIEW v_relay_channels AS
SELECT c.device_id AS device_id, c.created_at AS created_at,
       c.expires_at AS expires_at, c.read_at AS read_at,
       c.closed_at AS closed_at,
       (SELECT count(*) FROM relay_events e
         WHERE e.channel_id = c.channel_id) AS waiting,
       c.client_id AS client_id, c.channel_id AS channel_id
  FROM relay_channels c
 ORDER BY c.created_at;

-- Who is in a call of a device is shown too: it can be sent to a room.
DROP VIEW m_live_participant;
CREATE VIEW m_live_participant AS
SELECT p.participant_id AS id, c.room_id AS conference,
       p.display_name AS display_name, p.role AS role,
       CASE WHEN p.state IN ('new', 'ringing') THEN 'connecting'
            WHEN p.state = 'pin' THEN 'ivr'
            WHEN p.waiting_at IS NOT NULL THEN 'waiting_room'
            ELSE coalesce(r.service_type, 'gateway') END AS service_type,
       coalesce(r.tag, '') AS service_tag, p.muted AS is_muted,
       p.client_muted AS is_client_muted, p.on_hold AS is_on_hold,
       p.has_media AS has_media,
       p.kind <> 'user' AS is_transfer_supported,
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
       CASE p.is_dialled WHEN 1 THEN p.address ELSE coalesce(r.room_id, '') END
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
  LEFT JOIN rooms r ON r.room_id = c.room_id
 WHERE p.state <> 'left' AND c.state = 'live'
   AND (c.room_id IS NOT NULL OR c.kind = 'device');
