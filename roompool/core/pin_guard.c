/* pin_guard.c - a fixed table of (room, source) and of rooms; the entry that
 * was idle longest makes way for a new one. */
#include "pin_guard.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

enum { ENTRIES = 2048, KEY_MAX = 200, MAX_DOUBLINGS = 6 };
static const int64_t MINUTE_US = 60 * INT64_C(1000000);
static const int64_t ROOM_WINDOW_US = 600 * INT64_C(1000000);
static const int64_t DELAY_US = 10 * INT64_C(1000000);

typedef struct entry {
    char key[KEY_MAX]; /* "" free */
    bool is_known;     /* gave the right PIN before */
    uint32_t wrong;    /* in this window */
    int64_t window_us, last_us, blocked_until_us;
} entry;

struct pl_pin_guard {
    uint32_t source_limit, room_limit;
    entry entries[ENTRIES];
};

pl_err pl_pin_guard_create(uint32_t source_per_min, uint32_t room_per_10min,
                           pl_pin_guard **ret_guard)
{
    pl_pin_guard *g = calloc(1, sizeof *g);
    if (!g)
        return PL_ENOMEM;
    g->source_limit = source_per_min;
    g->room_limit = room_per_10min;
    *ret_guard = g;
    return PL_OK;
}

void pl_pin_guard_destroy(pl_pin_guard **guard)
{
    if (!guard || !*guard)
        return;
    free(*guard);
    *guard = NULL;
}

/* Only called around PIN entry, which is slow on purpose: a scan is fine. */
static entry *look_up(pl_pin_guard *g, const char *key, bool may_make)
{
    entry *oldest = &g->entries[0];
    for (size_t i = 0; i < ENTRIES; i++) {
        entry *e = &g->entries[i];
        if (strcmp(e->key, key) == 0)
            return e;
        if (oldest->key[0] && (!e->key[0] || e->last_us < oldest->last_us))
            oldest = e;
    }
    if (!may_make)
        return NULL;
    *oldest = (entry){.wrong = 0};
    pl_fmt_cut(oldest->key, sizeof oldest->key, "%s", key);
    return oldest;
}

static void source_key(char key[KEY_MAX], const char *room, const char *source)
{
    pl_fmt_cut(key, KEY_MAX, "s %s %s", source, room);
}

static void room_key(char key[KEY_MAX], const char *room)
{
    pl_fmt_cut(key, KEY_MAX, "r %s", room);
}

static bool is_blocked(const entry *e, int64_t now_us)
{
    return e && now_us < e->blocked_until_us;
}

pl_pin_door pl_pin_guard_look(pl_pin_guard *guard, const char *room,
                              const char *source, int64_t now_us)
{
    char key[KEY_MAX];
    source_key(key, room, source);
    const entry *from = look_up(guard, key, false);
    if (is_blocked(from, now_us))
        return PL_PIN_DOOR_SHUT;
    if (from && from->is_known)
        return PL_PIN_DOOR_OPEN;
    room_key(key, room);
    return is_blocked(look_up(guard, key, false), now_us) ? PL_PIN_DOOR_HIDDEN
                                                          : PL_PIN_DOOR_OPEN;
}

static void count(entry *e, uint32_t limit, int64_t window_us, int64_t now_us)
{
    if (now_us - e->window_us >= window_us && now_us >= e->blocked_until_us) {
        e->window_us = now_us;
        e->wrong = 0;
    }
    e->wrong++;
    e->last_us = now_us;
    if (e->wrong < limit)
        return;
    uint32_t over = e->wrong - limit;
    e->blocked_until_us =
        now_us + (DELAY_US << (over < MAX_DOUBLINGS ? over : MAX_DOUBLINGS));
}

void pl_pin_guard_wrong(pl_pin_guard *guard, const char *room,
                        const char *source, int64_t now_us)
{
    char key[KEY_MAX];
    source_key(key, room, source);
    count(look_up(guard, key, true), guard->source_limit, MINUTE_US, now_us);
    room_key(key, room);
    count(look_up(guard, key, true), guard->room_limit, ROOM_WINDOW_US, now_us);
}

void pl_pin_guard_right(pl_pin_guard *guard, const char *room,
                        const char *source, int64_t now_us)
{
    char key[KEY_MAX];
    source_key(key, room, source);
    entry *from = look_up(guard, key, true);
    /* Wrong ones still count: who knows the guests' PIN could otherwise guess
     * the host's without end. */
    from->is_known = true;
    from->last_us = now_us;
}
