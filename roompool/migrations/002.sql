-- 002: calls (conferences of two), moves and transfers. Tables whose CHECKs
-- grow are made anew; foreign keys are off while migrations run.
DROP VIEW v_live_conferences;
DROP VIEW v_live_participants;

CREATE TABLE conferences_new (
    conf_id TEXT PRIMARY KEY,
    room_id TEXT REFERENCES rooms (room_id),
    kind TEXT NOT NULL CHECK (kind IN ('room', 'api', 'call')),
    state TEXT NOT NULL CHECK (state IN ('live', 'ended')),
    mode TEXT NOT NULL CHECK (mode IN ('mix', 'echo')),
    host_id TEXT,
    media_node TEXT,
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    max_participants INTEGER NOT NULL CHECK (max_participants > 0),
    max_talkers INTEGER NOT NULL CHECK (max_talkers > 0),
    started_at TEXT NOT NULL,
    answered_at TEXT, -- of a call
    ended_at TEXT,
    end_reason TEXT NOT NULL,
    CHECK ((kind = 'room') = (room_id IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO conferences_new
SELECT conf_id, room_id, kind, state, mode, host_id, media_node, epoch,
       max_participants, max_talkers, started_at, NULL, ended_at, end_reason
  FROM conferences;
DROP TABLE conferences;
ALTER TABLE conferences_new RENAME TO conferences;
-- A room has at most one live conference.
CREATE UNIQUE INDEX conferences_live ON conferences (room_id)
    WHERE state = 'live' AND room_id IS NOT NULL;
-- An epoch is given once.
CREATE UNIQUE INDEX conferences_epoch ON conferences (epoch) WHERE epoch > 0;

CREATE TABLE participants_new (
    participant_id TEXT PRIMARY KEY,
    conf_id TEXT NOT NULL REFERENCES conferences (conf_id) ON DELETE CASCADE,
    -- The id by which its session knows the seat, when not conf_id: a
    -- transferred call goes on under its first id.
    resource_id TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('page', 'telephone', 'user')),
    state TEXT NOT NULL CHECK (state IN
        ('new', 'ringing', 'pin', 'active', 'moving', 'left')),
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
    move_until TEXT, -- DELETE until then moves the seat
    joined_at TEXT,
    left_at TEXT,
    leave_reason TEXT NOT NULL,
    CHECK ((state = 'left') = (left_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO participants_new
SELECT participant_id, conf_id, NULL, kind, state, role, session_id,
       display_name, address, source, token_hashes, token_expires_at, muted,
       on_hold, has_media, invited_by, mod_id, created_at, ring_until, NULL,
       joined_at, left_at, leave_reason
  FROM participants;
DROP TABLE participants;
ALTER TABLE participants_new RENAME TO participants;
CREATE INDEX participants_conf ON participants (conf_id);

-- Lines of the peer's descriptions, "kind/mid ..", which a later offer keeps;
-- and why our own offer (mod_id) was made.
ALTER TABLE legs ADD COLUMN lines TEXT NOT NULL DEFAULT '';
ALTER TABLE legs ADD COLUMN mod_kind TEXT NOT NULL DEFAULT 'none' CHECK
    (mod_kind IN ('none', 'replace-media', 'peer-hold', 'transfer'));

ALTER TABLE sessions ADD COLUMN user_type TEXT NOT NULL DEFAULT 'account-id'
    CHECK (user_type IN ('account-id', 'virtual-number', 'mobile-number'));

-- Events up to it are kept only for readers that come back with a cursor.
ALTER TABLE sessions ADD COLUMN acked_seq INTEGER NOT NULL DEFAULT 0;

ALTER TABLE events ADD COLUMN resource TEXT NOT NULL DEFAULT 'conferences'
    CHECK (resource IN ('unknown', 'conferences', 'calls'));
ALTER TABLE events ADD COLUMN provisional INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN transfer_to TEXT NOT NULL DEFAULT '';

CREATE VIEW v_live_conferences AS
SELECT coalesce(c.room_id, '(' || c.kind || ')') AS room,
       c.kind AS kind,
       c.started_at AS started_at,
       (SELECT count(*) FROM participants p
         WHERE p.conf_id = c.conf_id AND p.state = 'active') AS participants,
       (SELECT count(*) FROM participants p
         WHERE p.conf_id = c.conf_id
           AND p.state IN ('ringing', 'moving')) AS ringing,
       coalesce(c.media_node, '') AS media_worker,
       c.epoch AS epoch,
       c.conf_id AS conf_id
  FROM conferences c
 WHERE c.state = 'live'
 ORDER BY c.started_at;

CREATE VIEW v_live_participants AS
SELECT coalesce(c.room_id, '(' || c.kind || ')') AS room,
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
  LEFT JOIN legs l ON l.leg_id =
       (SELECT min(leg_id) FROM legs m
         WHERE m.participant_id = p.participant_id)
  LEFT JOIN calls k ON k.participant_id = p.participant_id
 WHERE p.state <> 'left'
 ORDER BY room, since;

-- Calls between two: who calls whom, ringing or since when connected.
CREATE VIEW v_live_calls AS
SELECT CASE WHEN c.answered_at IS NULL THEN 'ringing' ELSE 'connected' END
           AS state,
       coalesce(a.display_name, '') AS caller,
       coalesce(a.address, '') AS caller_address,
       coalesce(b.display_name, '') AS callee,
       coalesce(b.address, '') AS callee_address,
       coalesce(a.on_hold, 0) OR coalesce(b.on_hold, 0) AS on_hold,
       coalesce(c.answered_at, c.started_at) AS since,
       c.conf_id AS call_id
  FROM conferences c
  LEFT JOIN participants a ON a.participant_id = c.host_id
  LEFT JOIN participants b ON b.conf_id = c.conf_id
       AND b.participant_id <> c.host_id AND b.state <> 'left'
 WHERE c.state = 'live' AND c.kind = 'call'
 ORDER BY since;
