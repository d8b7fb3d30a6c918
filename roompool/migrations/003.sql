-- 003: hosts and guests: rooms that start, lock and mute, who waits, what is
-- shown of a participant, messages.
DROP VIEW v_live_conferences;
DROP VIEW v_live_participants;
DROP VIEW v_call_records;

ALTER TABLE conferences ADD COLUMN is_started INTEGER NOT NULL DEFAULT 1
    CHECK (is_started IN (0, 1));
ALTER TABLE conferences ADD COLUMN is_locked INTEGER NOT NULL DEFAULT 0
    CHECK (is_locked IN (0, 1));
ALTER TABLE conferences ADD COLUMN guests_muted INTEGER NOT NULL DEFAULT 0
    CHECK (guests_muted IN (0, 1));
ALTER TABLE conferences ADD COLUMN guests_can_unmute INTEGER NOT NULL DEFAULT 1
    CHECK (guests_can_unmute IN (0, 1));
-- Layouts as asked for; nothing is composed.
ALTER TABLE conferences ADD COLUMN host_layout TEXT NOT NULL DEFAULT '';
ALTER TABLE conferences ADD COLUMN guest_layout TEXT NOT NULL DEFAULT '';
ALTER TABLE conferences ADD COLUMN overlay_shown INTEGER NOT NULL DEFAULT 0
    CHECK (overlay_shown IN (0, 1));
ALTER TABLE conferences ADD COLUMN hosts_left_at TEXT; -- guests only since
ALTER TABLE conferences ADD COLUMN alone_at TEXT; -- one is left since

ALTER TABLE participants ADD COLUMN waiting_at TEXT; -- in the waiting room
-- It waits until the lock is opened, not only until the conference starts.
ALTER TABLE participants ADD COLUMN is_held_by_lock INTEGER NOT NULL DEFAULT 0
    CHECK (is_held_by_lock IN (0, 1));
ALTER TABLE participants ADD COLUMN client_muted INTEGER NOT NULL DEFAULT 0
    CHECK (client_muted IN (0, 1));
ALTER TABLE participants ADD COLUMN video_muted INTEGER NOT NULL DEFAULT 0
    CHECK (video_muted IN (0, 1));
ALTER TABLE participants ADD COLUMN no_presentation INTEGER NOT NULL DEFAULT 0
    CHECK (no_presentation IN (0, 1));
ALTER TABLE participants ADD COLUMN spotlight_at TEXT;
ALTER TABLE participants ADD COLUMN buzz_at TEXT; -- hand raised
ALTER TABLE participants ADD COLUMN overlay_text TEXT NOT NULL DEFAULT '';
ALTER TABLE participants ADD COLUMN is_dialled INTEGER NOT NULL DEFAULT 0
    CHECK (is_dialled IN (0, 1));
ALTER TABLE participants ADD COLUMN keep_alive TEXT NOT NULL DEFAULT 'unknown'
    CHECK (keep_alive IN ('unknown', 'keep_conference_alive',
        'keep_conference_alive_if_multiple', 'keep_conference_alive_never'));

-- Of a message: MIME type, to one only; its text is in sdp. Of a refer: where.
ALTER TABLE events ADD COLUMN type TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN is_direct INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN alias TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN transfer_id TEXT NOT NULL DEFAULT '';

-- What stands in place of a room's name.
ALTER TABLE call_records ADD COLUMN conf_kind TEXT NOT NULL DEFAULT 'room'
    CHECK (conf_kind IN ('room', 'api', 'call'));
UPDATE call_records
   SET conf_kind = coalesce((SELECT c.kind FROM conferences c
                              WHERE c.conf_id = call_records.conf_id), 'api')
 WHERE room_id = '';

CREATE VIEW v_live_conferences AS
SELECT coalesce(c.room_id, '(' || c.kind || ')') AS room,
       c.kind AS kind,
       c.started_at AS started_at,
       (SELECT count(*) FROM participants p
         WHERE p.conf_id = c.conf_id AND p.state = 'active'
           AND p.waiting_at IS NULL) AS participants,
       (SELECT count(*) FROM participants p
         WHERE p.conf_id = c.conf_id
           AND p.waiting_at IS NOT NULL) AS waiting,
       (SELECT count(*) FROM participants p
         WHERE p.conf_id = c.conf_id
           AND p.state IN ('ringing', 'moving')) AS ringing,
       c.is_started AS started,
       c.is_locked AS locked,
       c.guests_muted AS guests_muted,
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
       p.waiting_at IS NOT NULL AS waiting,
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

CREATE VIEW v_call_records AS
SELECT CASE r.room_id WHEN '' THEN '(' || r.conf_kind || ')'
            ELSE r.room_id END AS room,
       r.display_name AS name, r.kind AS came_by,
       r.role AS role, r.address AS address,
       coalesce(r.joined_at, r.started_at) AS started_at, r.left_at AS ended_at,
       CASE WHEN r.joined_at IS NULL THEN 0
            ELSE cast(round((julianday(r.left_at) - julianday(r.joined_at))
                            * 86400) AS INTEGER) END AS seconds,
       r.reason AS reason, r.conf_id AS conf_id,
       r.participant_id AS participant_id
  FROM call_records r
 ORDER BY r.left_at DESC;
