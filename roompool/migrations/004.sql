-- 004: the pool of managed rooms. The table of rooms is made anew, because its
-- CHECKs grow; foreign keys are off while migrations run.
CREATE TABLE rooms_new (
    room_id TEXT PRIMARY KEY,
    source TEXT NOT NULL CHECK (source IN ('config', 'join', 'pool')),
    state TEXT NOT NULL CHECK (state IN ('enabled', 'retired')),
    mode TEXT NOT NULL CHECK (mode IN ('mix', 'echo')),
    -- Of a managed room: "clear$" and the PIN itself, which its owner may read
    -- again over the room API.
    pin_hash TEXT NOT NULL,
    host_pin_hash TEXT NOT NULL,
    max_participants INTEGER NOT NULL,
    max_talkers INTEGER NOT NULL,
    announce TEXT NOT NULL,
    created_at TEXT NOT NULL,
    -- Of a managed room; the numbers are never used again.
    room_no INTEGER NOT NULL DEFAULT 0,
    alias_no INTEGER NOT NULL DEFAULT 0,
    tag TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    allow_guests INTEGER NOT NULL DEFAULT 0 CHECK (allow_guests IN (0, 1)),
    CHECK ((source = 'pool') = (room_no > 0))
) STRICT, WITHOUT ROWID;
INSERT INTO rooms_new
SELECT room_id, source, state, mode, pin_hash, host_pin_hash,
       max_participants, max_talkers, announce, created_at, 0, 0, '', '', 0
  FROM rooms;
DROP TABLE rooms;
ALTER TABLE rooms_new RENAME TO rooms;
CREATE UNIQUE INDEX rooms_no ON rooms (room_no) WHERE room_no > 0;
CREATE UNIQUE INDEX rooms_alias_no ON rooms (alias_no) WHERE alias_no > 0;

CREATE TABLE pool (
    room_no INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('creating', 'free', 'reserved',
        'in-use', 'ending', 'deleted')),
    since TEXT NOT NULL,
    created_at TEXT NOT NULL,
    reserved_at TEXT, -- handed out
    lease_until TEXT, -- somebody must have come
    first_join_at TEXT,
    client_id TEXT NOT NULL, -- to whom
    payload_hash TEXT NOT NULL,
    key_hash TEXT NOT NULL, -- of client and Idempotency-Key
    ended_cause TEXT NOT NULL,
    -- Handed out once: who has been is never free again.
    CHECK (state NOT IN ('creating', 'free') OR reserved_at IS NULL),
    CHECK (state IN ('creating', 'free', 'deleted') OR reserved_at IS NOT NULL)
) STRICT;
-- A name means one room; those that are gone may have had it before.
CREATE UNIQUE INDEX pool_name ON pool (name) WHERE state <> 'deleted';

CREATE VIEW v_pool AS
SELECT s.column1 AS state,
       count(p.room_no) AS rooms,
       min(p.since) AS oldest_since,
       CAST(round((julianday('now') - julianday(min(p.since))) * 86400)
            AS INTEGER) AS oldest_s
  FROM (VALUES ('creating'), ('free'), ('reserved'), ('in-use'), ('ending'),
               ('deleted')) s
  LEFT JOIN pool p ON p.state = s.column1
 GROUP BY s.column1
 ORDER BY CASE s.column1 WHEN 'creating' THEN 0 WHEN 'free' THEN 1
          WHEN 'reserved' THEN 2 WHEN 'in-use' THEN 3 WHEN 'ending' THEN 4
          ELSE 5 END;

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
