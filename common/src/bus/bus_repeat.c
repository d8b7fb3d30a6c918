/* bus_repeat.c - requests seen lately, so that a repeat is not carried out
 * twice but answered as the first time. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

#include "bus_impl.h"

enum { KEY_MAX = PL_NODE_MAX + 1 + 16 };

typedef struct entry {
    pl_list link; /* oldest first */
    char key[KEY_MAX + 1];
    int64_t expires_us;
    unsigned msg_id; /* 0: not answered yet */
    uint8_t *reply;
    size_t len;
} entry;

struct pl_repeats {
    pl_map *by_key;
    pl_list entries;
    size_t bytes;
};

pl_err pl_repeats_create(pl_repeats **ret_repeats)
{
    pl_repeats *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    pl_list_init(&r->entries);
    if (pl_map_create(&r->by_key) != PL_OK) {
        free(r);
        return PL_ENOMEM;
    }
    *ret_repeats = r;
    return PL_OK;
}

static void forget(pl_repeats *r, entry *e)
{
    (void)pl_map_remove(r->by_key, e->key);
    pl_list_remove(&e->link);
    r->bytes -= e->len;
    free(e->reply);
    free(e);
}

void pl_repeats_destroy(pl_repeats **repeats)
{
    if (!repeats || !*repeats)
        return;
    pl_repeats *r = *repeats;
    PL_LIST_EACH_SAFE(it, &r->entries)
    {
        forget(r, PL_CONTAINER(it, entry, link));
    }
    pl_map_destroy(&r->by_key);
    free(r);
    *repeats = NULL;
}

static void key_of(const char *node, uint64_t corr, char key[KEY_MAX + 1])
{
    pl_fmt_cut(key, KEY_MAX + 1, "%" PRIx64 " %s", corr, node);
}

static void make_room(pl_repeats *r, size_t n_entries, size_t n_bytes)
{
    while (!pl_list_is_empty(&r->entries) &&
           (pl_map_count(r->by_key) + n_entries > PL_BUS_REPEATS_MAX ||
            r->bytes + n_bytes > PL_BUS_REPEAT_BYTES)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): forget() unlinks */
        forget(r, PL_CONTAINER(r->entries.next, entry, link));
    }
}

pl_repeat pl_repeats_see(pl_repeats *repeats, const char *node, uint64_t corr,
                         int64_t expires_us, unsigned *ret_msg_id,
                         pl_slice *ret_reply)
{
    char key[KEY_MAX + 1];
    key_of(node, corr, key);
    entry *e = pl_map_find(repeats->by_key, key);
    if (e && e->msg_id == 0)
        return PL_REPEAT_IN_WORK;
    if (e) {
        *ret_msg_id = e->msg_id;
        *ret_reply = (pl_slice){.ptr = e->reply, .len = e->len};
        return PL_REPEAT_ANSWERED;
    }
    make_room(repeats, 1, 0);
    e = calloc(1, sizeof *e);
    if (!e)
        return PL_REPEAT_NEW;
    memcpy(e->key, key, sizeof key);
    e->expires_us = expires_us;
    if (pl_map_put(repeats->by_key, e->key, e) != PL_OK) {
        free(e);
        return PL_REPEAT_NEW;
    }
    pl_list_append(&repeats->entries, &e->link);
    return PL_REPEAT_NEW;
}

void pl_repeats_answer(pl_repeats *repeats, const char *node, uint64_t corr,
                       unsigned msg_id, pl_slice reply)
{
    char key[KEY_MAX + 1];
    key_of(node, corr, key);
    entry *e = pl_map_find(repeats->by_key, key);
    if (!e || e->msg_id != 0)
        return;
    uint8_t *copy = malloc(reply.len ? reply.len : 1);
    if (!copy)
        return; /* a repeat then stays unanswered */
    if (reply.len > 0)
        memcpy(copy, reply.ptr, reply.len);
    e->reply = copy;
    e->len = reply.len;
    e->msg_id = msg_id;
    repeats->bytes += reply.len;
    make_room(repeats, 0, 0); /* the newest may go too: it is the largest */
}

void pl_repeats_expire(pl_repeats *repeats, int64_t now_us)
{
    PL_LIST_EACH_SAFE(it, &repeats->entries)
    {
        entry *e = PL_CONTAINER(it, entry, link);
        if (now_us >= e->expires_us)
            forget(repeats, e);
    }
}

size_t pl_repeats_count(const pl_repeats *repeats)
{
    return pl_map_count(repeats->by_key);
}
