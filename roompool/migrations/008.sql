-- 008: which network stack a worker runs in, and where conferences have been.
ALTER TABLE workers ADD COLUMN net TEXT NOT NULL DEFAULT '';

DROP VIEW v_workers;
CREATE VIEW v_workers AS
SELECT w.node AS node, w.role AS role, w.state AS state, w.life AS life,
       w.load_permille / 10.0 AS load_percent, w.rooms AS rooms,
       w.legs AS legs, w.capacity AS capacity, w.address AS address,
       w.host AS host, w.pid AS pid, w.build AS build,
       w.up_at AS up_at, w.seen_at AS seen_at, w.down_at AS down_at,
       w.net AS net
  FROM workers w
 ORDER BY w.role, w.state DESC, w.node;

-- A row each time a conference got a media worker; never changed.
CREATE TABLE placements (
    epoch INTEGER PRIMARY KEY CHECK (epoch > 0),
    conf_id TEXT NOT NULL,
    node TEXT NOT NULL CHECK (node <> ''),
    placed_at TEXT NOT NULL
) STRICT;
CREATE INDEX placements_conf ON placements (conf_id, epoch);
CREATE INDEX placements_placed ON placements (placed_at);

CREATE VIEW v_placements AS
SELECT p.placed_at AS placed_at,
       coalesce(c.room_id, r.room_id, '') AS room, p.node AS media_worker,
       p.epoch AS epoch, p.conf_id AS conf_id
  FROM placements p
  LEFT JOIN conferences c ON c.conf_id = p.conf_id
  LEFT JOIN conference_records r ON r.conf_id = p.conf_id
 ORDER BY p.epoch;
