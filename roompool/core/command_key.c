/* command_key.c - see command_key.h. */
#include "command_key.h"

#include <string.h>

#include "pl/str.h"
#include "recording.h"
#include "waiting.h"

enum {
    PAUSE_S = 3, /* between digits of one command */
    RECORD_KEY_MAX = 8,
};

pl_err pl_command_check_config(const pl_roompool_config *config, char *reason,
                               size_t cap)
{
    const char *key = config->record_key;
    size_t n = strlen(key);
    if (n <= RECORD_KEY_MAX && strspn(key, "0123456789*#ABCD") == n)
        return PL_OK;
    pl_fmt_cut(reason, cap,
               "record_key: 1 to %d keys of a telephone, each of 0 to 9, *, #, "
               "A to D; or empty",
               RECORD_KEY_MAX);
    return PL_ECONFIG;
}

bool pl_command_is_open(const pl_pool *pool, const pl_part *part)
{
    return pool->config->record_key[0] &&
           part->row.kind == PL_PART_KIND_TELEPHONE &&
           part->row.state == PL_PART_STATE_ACTIVE &&
           part->row.role == PL_PART_ROLE_HOST && !pl_waits(part) &&
           part->conf->row.kind == PL_CONF_KIND_ROOM;
}

void pl_command_digit(pl_pool *pool, pl_part *part, char digit)
{
    const char *key = pool->config->record_key;
    size_t n = strlen(key);
    if (pool->now.us - part->keyed_us > PL_S(PAUSE_S))
        part->n_keyed = 0;
    part->keyed_us = pool->now.us;
    if (part->n_keyed == sizeof part->keyed) { /* the oldest goes */
        memmove(part->keyed, part->keyed + 1, sizeof part->keyed - 1);
        part->n_keyed--;
    }
    part->keyed[part->n_keyed++] = digit;
    if (part->n_keyed < n ||
        memcmp(part->keyed + part->n_keyed - n, key, n) != 0)
        return;
    part->n_keyed = 0;
    pl_recording_keyed(pool, part);
}
