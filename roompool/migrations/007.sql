-- 007: what rooms do with sound, recordings with who spoke when, and how good
-- the media of each participant was.
ALTER TABLE rooms ADD COLUMN alone_music TEXT NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN channels INTEGER NOT NULL DEFAULT 1
    CHECK (channels IN (1, 2));
ALTER TABLE rooms ADD COLUMN dtmf TEXT NOT NULL DEFAULT 'eat'
    CHECK (dtmf IN ('eat', 'pass'));
ALTER TABLE rooms ADD COLUMN denoise INTEGER NOT NULL DEFAULT 0
    CHECK (denoise IN (0, 1));
ALTER TABLE rooms ADD COLUMN level_voices INTEGER NOT NULL DEFAULT 1
    CHECK (level_voices IN (0, 1));
ALTER TABLE rooms ADD COLUMN record TEXT NOT NULL DEFAULT 'manual'
    CHECK (record IN ('off', 'manual', 'auto'));
ALTER TABLE rooms ADD COLUMN record_stems INTEGER NOT NULL DEFAULT 0
    CHECK (record_stems IN (0, 1));

-- One row from start to stop; a part for each worker that held the room.
CREATE TABLE recordings (
    recording_id TEXT PRIMARY KEY,
    conf_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    media_node TEXT NOT NULL, -- that records it, '' none just now
    state TEXT NOT NULL
        CHECK (state IN ('starting', 'recording', 'ended', 'failed')),
    started_by TEXT NOT NULL CHECK (started_by IN ('api', 'keys', 'policy')),
    started_by_name TEXT NOT NULL,
    has_mix INTEGER NOT NULL CHECK (has_mix IN (0, 1)),
    has_stems INTEGER NOT NULL CHECK (has_stems IN (0, 1)),
    part INTEGER NOT NULL CHECK (part > 0),
    asked_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    end_reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX recordings_conf ON recordings (conf_id);
CREATE INDEX recordings_asked ON recordings (asked_at);
CREATE INDEX recordings_ended ON recordings (ended_at);

CREATE TABLE recording_files (
    file_id TEXT PRIMARY KEY, -- its recording and file_no
    recording_id TEXT NOT NULL
        REFERENCES recordings (recording_id) ON DELETE CASCADE,
    file_no INTEGER NOT NULL CHECK (file_no > 0),
    path TEXT NOT NULL, -- below recordings_dir of media_node
    part INTEGER NOT NULL CHECK (part > 0),
    kind TEXT NOT NULL CHECK (kind IN ('mix', 'stem')),
    participant_id TEXT NOT NULL, -- '' of a mix
    display_name TEXT NOT NULL,
    media_node TEXT NOT NULL,
    codec TEXT NOT NULL,
    started_at TEXT NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    lost_ms INTEGER NOT NULL CHECK (lost_ms >= 0),
    is_closed INTEGER NOT NULL CHECK (is_closed IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX recording_files_of ON recording_files (recording_id, file_no);

CREATE TABLE talk_intervals (
    talk_id TEXT PRIMARY KEY,
    recording_id TEXT NOT NULL
        REFERENCES recordings (recording_id) ON DELETE CASCADE,
    participant_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT -- NULL: still speaks
) STRICT, WITHOUT ROWID;
CREATE INDEX talk_intervals_of ON talk_intervals (recording_id, began_at);
CREATE INDEX talk_intervals_open ON talk_intervals (recording_id)
 WHERE ended_at IS NULL;

CREATE VIEW v_recordings AS
SELECT r.recording_id AS recording_id, r.room_id AS room, r.state AS state,
       r.started_by AS started_by, r.started_by_name AS who,
       r.asked_at AS asked_at, r.started_at AS started_at,
       r.ended_at AS ended_at, r.end_reason AS end_reason,
       (SELECT count(*) FROM recording_files f
         WHERE f.recording_id = r.recording_id) AS files,
       (SELECT coalesce(sum(f.bytes), 0) FROM recording_files f
         WHERE f.recording_id = r.recording_id) AS bytes,
       r.conf_id AS conf_id
  FROM recordings r
 ORDER BY r.asked_at;

CREATE VIEW v_talk AS
SELECT t.recording_id AS recording_id, r.room_id AS room,
       t.display_name AS who, t.began_at AS began_at, t.ended_at AS ended_at,
       round((julianday(coalesce(t.ended_at, r.ended_at)) -
              julianday(t.began_at)) * 86400, 2) AS seconds,
       t.participant_id AS participant_id
  FROM talk_intervals t
  JOIN recordings r ON r.recording_id = t.recording_id
 ORDER BY t.began_at;

-- Read by the management API.
CREATE VIEW m_recording AS
SELECT r.recording_id AS id, r.conf_id AS conference,
       r.room_id AS conference_name, r.state AS state,
       r.started_by AS started_by, r.started_by_name AS started_by_name,
       r.has_stems AS has_stems, r.part AS parts,
       r.asked_at AS request_time, r.started_at AS start_time,
       r.ended_at AS end_time,
       coalesce(cast(round((julianday(r.ended_at) - julianday(r.started_at)) *
                           86400) AS INTEGER), 0) AS duration,
       r.end_reason AS end_reason,
       (SELECT count(*) FROM recording_files f
         WHERE f.recording_id = r.recording_id) AS file_count,
       (SELECT coalesce(sum(f.bytes), 0) FROM recording_files f
         WHERE f.recording_id = r.recording_id) AS bytes
  FROM recordings r;

CREATE VIEW m_recording_file AS
SELECT f.file_id AS id, f.recording_id AS recording, f.file_no AS number,
       f.part AS part, f.kind AS kind, f.participant_id AS participant_id,
       f.display_name AS display_name, f.codec AS codec,
       f.media_node AS media_node, f.path AS path,
       f.started_at AS start_time, f.duration_ms AS duration_ms,
       f.bytes AS bytes, f.lost_ms AS lost_ms, f.is_closed AS is_closed
  FROM recording_files f;

CREATE VIEW m_talk_interval AS
SELECT t.talk_id AS id, t.recording_id AS recording,
       t.participant_id AS participant_id, t.display_name AS display_name,
       t.began_at AS start_time, t.ended_at AS end_time,
       coalesce(cast(round((julianday(t.ended_at) - julianday(t.began_at)) *
                           86400000) AS INTEGER), 0) AS duration_ms
  FROM talk_intervals t;

-- Of whom no figures came before the end the counts are 0.
ALTER TABLE call_records ADD COLUMN codec TEXT NOT NULL DEFAULT '';
ALTER TABLE call_records ADD COLUMN packets_received INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_records ADD COLUMN packets_lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_records ADD COLUMN concealed_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_records ADD COLUMN recovered_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_records ADD COLUMN worst_jitter_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_records ADD COLUMN worst_rtt_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_records
    ADD COLUMN worst_far_loss_permille INTEGER NOT NULL DEFAULT 0;

CREATE VIEW v_call_quality AS
SELECT r.room_id AS room, r.display_name AS name, r.kind AS came_by,
       r.codec AS codec, r.joined_at AS joined_at, r.left_at AS left_at,
       r.packets_received AS packets, r.packets_lost AS lost,
       round(100.0 * r.packets_lost /
             max(1, r.packets_received + r.packets_lost), 2) AS lost_percent,
       r.concealed_ms AS concealed_ms, r.recovered_ms AS recovered_ms,
       r.worst_jitter_us / 1000.0 AS worst_jitter_ms,
       r.worst_rtt_us / 1000.0 AS worst_rtt_ms,
       r.worst_far_loss_permille / 10.0 AS worst_far_loss_percent,
       r.participant_id AS participant_id
  FROM call_records r
 WHERE r.packets_received > 0
 ORDER BY r.left_at;
