-- 001: the first schema. Times are UTC text with milliseconds, enumerations
-- are words, nothing is a blob.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
    room_id TEXT PRIMARY KEY,
    source TEXT NOT NULL CHECK (source IN ('config', 'join')),
    state TEXT NOT NULL CHECK (state IN ('enabled', 'retired')),
    mode TEXT NOT NULL CHECK (mode IN ('mix', 'echo')),
    pin_hash TEXT NOT NULL,
    host_pin_hash TEXT NOT NULL,
    max_participants INTEGER NOT NULL,
    max_talkers INTEGER NOT NULL,
    announce TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
    alias TEXT PRIMARY KEY CHECK (alias = lower(alias)),
    room_id TEXT NOT NULL REFERENCES rooms (room_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_room ON aliases (room_id);

CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    dialect TEXT NOT NULL CHECK (dialect IN ('bare', 'rtc1')),
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL,
    e911_id TEXT NOT NULL,
    last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    token_hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    bound_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conferences (
    conf_id TEXT PRIMARY KEY,
    room_id TEXT REFERENCES rooms (room_id),
    kind TEXT NOT NULL CHECK (kind IN ('room', 'api')),
    state TEXT NOT NULL CHECK (state IN ('live', 'ended')),
    mode TEXT NOT NULL CHECK (mode IN ('mix', 'echo')),
    host_id TEXT,
    media_node TEXT,
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    max_participants INTEGER NOT NULL CHECK (max_participants > 0),
    max_talkers INTEGER NOT NULL CHECK (max_talkers > 0),
    started_at TEXT NOT NULL,
    ended_at TEXT,
    end_reason TEXT NOT NULL,
    CHECK ((kind = 'room') = (room_id IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- A room has at most one live conference.
CREATE UNIQUE INDEX conferences_live ON conferences (room_id)
    WHERE state = 'live' AND room_id IS NOT NULL;
-- An epoch is given once.
CREATE UNIQUE INDEX conferences_epoch ON conferences (epoch) WHERE epoch > 0;

CREATE TABLE participants (
    participant_id TEXT PRIMARY KEY,
    conf_id TEXT NOT NULL REFERENCES conferences (conf_id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('page', 'telephone', 'user')),
    state TEXT NOT NULL
        CHECK (state IN ('new', 'ringing', 'pin', 'active', 'left')),
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
    joined_at TEXT,
    left_at TEXT,
    leave_reason TEXT NOT NULL,
    CHECK ((state = 'left') = (left_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX participants_conf ON participants (conf_id);

CREATE TABLE legs (
    leg_id TEXT PRIMARY KEY,
    participant_id TEXT NOT NULL
        REFERENCES participants (participant_id) ON DELETE CASCADE,
    session_id TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('webrtc', 'sip')),
    state TEXT NOT NULL
        CHECK (state IN ('new', 'connecting', 'connected', 'failed', 'closed')),
    direction TEXT NOT NULL CHECK (direction IN
        ('unknown', 'sendrecv', 'sendonly', 'recvonly', 'inactive')),
    mixed INTEGER NOT NULL CHECK (mixed IN (0, 1)),
    epoch INTEGER NOT NULL,
    mod_id TEXT,
    codec TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX legs_participant ON legs (participant_id);

CREATE TABLE calls (
    call_id TEXT PRIMARY KEY,
    participant_id TEXT NOT NULL
        REFERENCES participants (participant_id) ON DELETE CASCADE,
    node TEXT NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('in', 'out')),
    state TEXT NOT NULL CHECK (state IN
        ('calling', 'ringing', 'early-media', 'answered', 'confirmed')),
    peer_uri TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    started_at TEXT NOT NULL,
    answered_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX calls_participant ON calls (participant_id);

-- The outbox: one gap-free sequence for each session and each conference.
CREATE TABLE events (
    owner TEXT NOT NULL CHECK (owner IN ('session', 'conference')),
    owner_id TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    kind TEXT NOT NULL,
    conf_id TEXT NOT NULL,
    from_uri TEXT NOT NULL,
    sdp TEXT NOT NULL,
    mod_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    participant_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    address TEXT NOT NULL,
    role TEXT NOT NULL,
    leg_kind TEXT NOT NULL,
    muted INTEGER NOT NULL,
    has_media INTEGER NOT NULL,
    on_hold INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (owner, owner_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE workers (
    node TEXT PRIMARY KEY,
    role TEXT NOT NULL
        CHECK (role IN ('api-frontend', 'signaling-worker', 'media-worker')),
    state TEXT NOT NULL CHECK (state IN ('up', 'down')),
    life TEXT NOT NULL,
    host TEXT NOT NULL,
    address TEXT NOT NULL,
    build TEXT NOT NULL,
    pid INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    load_permille INTEGER NOT NULL,
    rooms INTEGER NOT NULL,
    legs INTEGER NOT NULL,
    up_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    down_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE call_records (
    participant_id TEXT PRIMARY KEY,
    conf_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('page', 'telephone', 'user')),
    role TEXT NOT NULL CHECK (role IN ('host', 'guest')),
    display_name TEXT NOT NULL,
    address TEXT NOT NULL,
    started_at TEXT NOT NULL,
    joined_at TEXT,
    left_at TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_records_left ON call_records (left_at);

CREATE VIEW v_live_conferences AS
SELECT coalesce(c.room_id, '(api)') AS room,
       c.kind AS kind,
       c.started_at AS started_at,
       (SELECT count(*) FROM participants p
         WHERE p.conf_id = c.conf_id AND p.state = 'active') AS participants,
       (SELECT count(*) FROM participants p
         WHERE p.conf_id = c.conf_id AND p.state = 'ringing') AS ringing,
       coalesce(c.media_node, '') AS media_worker,
       c.epoch AS epoch,
       c.conf_id AS conf_id
  FROM conferences c
 WHERE c.state = 'live'
 ORDER BY c.started_at;

CREATE VIEW v_live_participants AS
SELECT coalesce(c.room_id, '(api)') AS room,
       p.display_name AS name,
       p.kind AS came_by,
       p.role AS role,
       p.state AS state,
       coalesce(l.state, 'none') AS media,
       coalesce(l.codec, '') AS codec,
       p.muted AS muted,
       p.on_hold AS on_hold,
       p.address AS address,
       coalesce(p.joined_at, p.created_at) AS since,
       coalesce(c.media_node, '') AS media_worker,
       coalesce(k.node, '') AS signaling_worker,
       p.participant_id AS participant_id,
       c.conf_id AS conf_id
  FROM participants p
  JOIN conferences c ON c.conf_id = p.conf_id
  LEFT JOIN legs l ON l.participant_id = p.participant_id
       AND (p.state <> 'ringing' OR l.leg_id =
            (SELECT min(leg_id) FROM legs m
              WHERE m.participant_id = p.participant_id))
  LEFT JOIN calls k ON k.participant_id = p.participant_id
 WHERE p.state <> 'left'
 ORDER BY room, since;

CREATE VIEW v_workers AS
SELECT w.node AS node, w.role AS role, w.state AS state, w.life AS life,
       w.load_permille / 10.0 AS load_percent, w.rooms AS rooms,
       w.legs AS legs, w.capacity AS capacity, w.address AS address,
       w.host AS host, w.pid AS pid, w.build AS build,
       w.up_at AS up_at, w.seen_at AS seen_at, w.down_at AS down_at
  FROM workers w
 ORDER BY w.role, w.state DESC, w.node;

CREATE VIEW v_call_records AS
SELECT r.room_id AS room, r.display_name AS name, r.kind AS came_by,
       r.role AS role, r.address AS address,
       coalesce(r.joined_at, r.started_at) AS started_at, r.left_at AS ended_at,
       CASE WHEN r.joined_at IS NULL THEN 0
            ELSE cast(round((julianday(r.left_at) - julianday(r.joined_at))
                            * 86400) AS INTEGER) END AS seconds,
       r.reason AS reason, r.conf_id AS conf_id,
       r.participant_id AS participant_id
  FROM call_records r
 ORDER BY r.left_at DESC;
