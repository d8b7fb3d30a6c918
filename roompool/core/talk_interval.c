/* talk_interval.c - see talk_interval.h. A row is written when somebody begins
 * to speak, and again when that is over. */
#include "talk_interval.h"

#include "pl/str.h"
#include "recording.h"

/* Voice that flickers must not fill the disk. */
enum { MAX_TALKS = 100000 };

static void write_row(pl_pool *pool, const pl_part *part, int64_t ended_at)
{
    pl_talk_row row = {.began_at = part->talk_began, .ended_at = ended_at};
    PL_SET(row.talk_id, part->talk_id);
    PL_SET(row.recording_id, part->conf->recording->row.recording_id);
    PL_SET(row.participant_id, part->row.participant_id);
    PL_SET(row.display_name, part->row.display_name);
    pl_pool_put(pool, &PL_TABLE_TALK, &row);
}

static void begin(pl_pool *pool, pl_part *part)
{
    char id[37];
    pl_recording *rec = part->conf->recording;
    if (part->talk_id[0] || rec->n_talks >= MAX_TALKS)
        return;
    rec->n_talks++;
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(part->talk_id, id);
    part->talk_began = pool->now.wall_ms;
    write_row(pool, part, 0);
}

static void end(pl_pool *pool, pl_part *part)
{
    if (!part->talk_id[0])
        return;
    write_row(pool, part,
              pool->now.wall_ms > part->talk_began ? pool->now.wall_ms
                                                   : part->talk_began);
    part->talk_id[0] = '\0';
}

void pl_talk_set(pl_pool *pool, pl_part *part, bool is_talking)
{
    if (!is_talking) {
        end(pool, part);
    } else if (pl_recording_is_on(part->conf)) {
        begin(pool, part);
    }
}

void pl_talks_begin(pl_pool *pool, pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->is_talking)
            begin(pool, part);
    }
}

void pl_talks_end(pl_pool *pool, pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        end(pool, PL_CONTAINER(node, pl_part, link));
    }
}
