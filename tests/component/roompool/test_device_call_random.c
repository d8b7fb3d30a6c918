/* test_device_call_random.c - devices call, are called, hold, hang up, while
 * telephones do what they like, workers and roompool die and seats are sent to
 * rooms: whatever comes, what must always hold holds, events are numbered
 * without gaps, and in the end nothing is left. A failing seed is printed; run
 * it alone with PL_SEED=n. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media_client.h"
#include "mgmt_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000, STEPS = 120, SEEDS = 10, LATE = 128 };

typedef struct chaos {
    world w;
    uint64_t random;
    caller who[3];
    unsigned n_calls;
    answer late[LATE];
    unsigned n_late;
} chaos;

static uint32_t draw(chaos *c, uint32_t n)
{
    c->random =
        c->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(c->random >> 33) % n;
}

static answer *late(chaos *c)
{
    return &c->late[c->n_late++ % LATE];
}

static const char *some_sdp(chaos *c)
{
    static const char *const texts[] = {NULL, NULL,       "x",
                                        "y",  "no-media", "a=setup:active"};
    return texts[draw(c, sizeof texts / sizeof texts[0])];
}

/* The n-th object of a map; NULL none. */
static void *some(chaos *c, const pl_map *map)
{
    size_t n = pl_map_count(map);
    size_t cursor = 0;
    void *value = NULL;
    for (uint32_t i = n > 0 ? 1 + draw(c, (uint32_t)n) : 0; i > 0; i--)
        value = pl_map_next(map, &cursor, NULL);
    return value;
}

/* ---- devices ---- */

static void do_create(chaos *c)
{
    const caller *who = &c->who[draw(c, 3)];
    pl_media_session_create m;
    if (c->n_calls >= WORLD_CALLS - 2)
        return;
    c->n_calls++;
    caller_fill(who, &m);
    if (draw(c, 6) == 0)
        m.offer = pl_slice_str("no-media");
    world_send(&c->w, c->w.api, &PL_MSG_MEDIA_SESSION_CREATE, &m, late(c));
}

static void do_put(chaos *c)
{
    const pl_devcall *dc = some(c, world_pool(&c->w)->devcalls);
    pl_media_session_put m = {.status = 1 + draw(c, 16)};
    const char *offer = some_sdp(c);
    const char *answer_sdp = some_sdp(c);
    if (!dc)
        return;
    AS_DEVICE(MEDIA_SESSION_PUT, media_session_put, m, &c->who[0].who);
    PUT(m.media_session_id, dc->row.media_session_id);
    if (draw(c, 3) == 0)
        m.status = PL_MEDIA_STATUS_CONNECTED;
    if (offer) {
        m.offer = pl_slice_str(offer);
        PL_MSG_SET(MEDIA_SESSION_PUT, media_session_put, &m, offer);
    }
    if (answer_sdp) {
        m.answer = pl_slice_str(answer_sdp);
        PL_MSG_SET(MEDIA_SESSION_PUT, media_session_put, &m, answer);
    }
    world_send(&c->w, c->w.api, &PL_MSG_MEDIA_SESSION_PUT, &m, late(c));
}

static void do_delete(chaos *c)
{
    const pl_devcall *dc = some(c, world_pool(&c->w)->devcalls);
    pl_media_session_delete m = {.present = 0};
    if (!dc || draw(c, 4) != 0)
        return;
    AS_DEVICE(MEDIA_SESSION_DELETE, media_session_delete, m, &c->who[0].who);
    PUT(m.media_session_id, dc->row.media_session_id);
    world_send(&c->w, c->w.api, &PL_MSG_MEDIA_SESSION_DELETE, &m, late(c));
}

static void do_register(chaos *c)
{
    caller *who = &c->who[1 + draw(c, 2)];
    answer a;
    if (draw(c, 6) != 0)
        return;
    if (device_deletes(&c->w, &who->who, who->registration) == 0 ||
        device_registers(&c->w, &who->who, CALL_NUMBER, 0, &a) != 0)
        return;
    PUT(who->registration, a.body.registration.registration_id);
}

/* ---- the network ---- */

static void do_incoming(chaos *c)
{
    char id[16];
    if (c->n_calls >= WORLD_CALLS - 2 || !c->w.sig.bus)
        return;
    pl_fmt_cut(id, sizeof id, "in%u", c->n_calls++);
    (void)phone_call(&c->w, id, CALL_NUMBER, draw(c, 4) ? "po" : NULL);
}

static void do_report(chaos *c)
{
    static const struct {
        uint32_t state, status;
    } reports[] = {
        {PL_CALL_STATE_TRYING, 100},   {PL_CALL_STATE_RINGING, 180},
        {PL_CALL_STATE_RINGING, 183},  {PL_CALL_STATE_EARLY, 183},
        {PL_CALL_STATE_QUEUED, 182},   {PL_CALL_STATE_ANSWERED, 200},
        {PL_CALL_STATE_ANSWERED, 200}, {PL_CALL_STATE_CONFIRMED, 0},
        {PL_CALL_STATE_CONFIRMED, 0},  {PL_CALL_STATE_ENDED, 486},
        {PL_CALL_STATE_ENDED, 0},
    };
    const pl_call *call = some(c, world_pool(&c->w)->calls);
    uint32_t i = draw(c, sizeof reports / sizeof reports[0]);
    char id[65];
    if (!call || !c->w.sig.bus)
        return;
    PUT(id, call->row.call_id);
    if (call->row.way == PL_CALL_WAY_IN &&
        reports[i].state != PL_CALL_STATE_ENDED &&
        call->row.state < PL_CALL_STATE_ANSWERED)
        return; /* nobody acknowledges what was not sent */
    (void)phone_report(&c->w, id, reports[i].state, reports[i].status,
                       reports[i].state == PL_CALL_STATE_EARLY ||
                               reports[i].state == PL_CALL_STATE_ANSWERED
                           ? (draw(c, 2) ? "p1" : "p2")
                           : NULL);
}

static void do_phone_offer(chaos *c)
{
    const pl_call *call = some(c, world_pool(&c->w)->calls);
    char id[65];
    if (!call || !c->w.sig.bus || call->row.state < PL_CALL_STATE_ANSWERED)
        return;
    PUT(id, call->row.call_id);
    for (unsigned i = 0; i < 2; i++)
        c->w.media[i].direction =
            draw(c, 2) ? PL_DIRECTION_SENDRECV : PL_DIRECTION_RECVONLY;
    (void)phone_offers(&c->w, id, "p-again");
}

/* ---- workers, time, people ---- */

static void do_media_worker(chaos *c)
{
    uint32_t i = draw(c, 2);
    if (draw(c, 4) != 0)
        return;
    if (c->w.media[i].bus)
        world_kill_media(&c->w, i);
    else
        world_start_media(&c->w, i);
}

static void do_mood(chaos *c)
{
    static const pl_err moods[] = {PL_OK, PL_OK, PL_OK, PL_EMEDIA, PL_EFULL};
    static const pl_err offers[] = {PL_OK, PL_OK, PL_EBUSY, PL_EMEDIA};
    c->w.media[draw(c, 2)].refuse = moods[draw(c, 5)];
    c->w.sig.refuse_offer = offers[draw(c, 4)];
    c->w.sig.refuse_start = draw(c, 8) ? PL_OK : PL_EUNAVAILABLE;
}

static void do_leg_report(chaos *c)
{
    const pl_leg *leg = some(c, world_pool(&c->w)->legs);
    char id[65];
    if (!leg)
        return;
    PUT(id, leg->row.leg_id);
    media_report(&c->w, id,
                 draw(c, 8) ? PL_LEG_STATE_CONNECTED : PL_LEG_STATE_FAILED);
}

static void do_send(chaos *c)
{
    static const char *const rooms[] = {"lobby", "small", "hosted", "nowhere"};
    const pl_part *part = some(c, world_pool(&c->w)->parts);
    pl_management_command m = {.role = PL_PART_ROLE_HOST};
    char id[65];
    if (!part || draw(c, 3) != 0)
        return;
    PUT(id, part->row.participant_id);
    PUT(m.alias, rooms[draw(c, 4)]);
    (void)mgmt_does(&c->w, &m,
                    draw(c, 6) ? PL_MGMT_COMMAND_PARTICIPANT_TRANSFER
                               : PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT,
                    id);
}

static void do_restart(chaos *c)
{
    if (draw(c, 5) != 0)
        return;
    world_kill_roompool(&c->w);
    world_start_roompool(&c->w);
    world_send_inventory(&c->w);
}

static void do_time(chaos *c)
{
    static const int64_t times[] = {50 * MS, S, 5 * S, 20 * S};
    world_run(&c->w, times[draw(c, 4)]);
}

/* The sinks take what there is. */
static void take_events(chaos *c)
{
    for (unsigned i = 0; i < 200; i++) {
        web_request *r = web_next(&c->w, 0);
        if (!r)
            return;
        web_answer(&c->w, r, 204, NULL);
        world_run(&c->w, MS);
    }
}

static void (*const STEP[])(chaos *) = {
    do_create,       do_create, do_incoming,   do_incoming, do_put,
    do_put,          do_put,    do_put,        do_put,      do_delete,
    do_report,       do_report, do_report,     do_report,   do_phone_offer,
    do_media_worker, do_mood,   do_leg_report, do_send,     do_restart,
    do_register,     do_time,
};

/* ---- the story ---- */

/* Numbers of what a sink is told rise by one for each call; what could not be
 * told, as nobody subscribes, is not there. */
static void check_numbers(chaos *c)
{
    assert_int_equal(
        world_sql(&c->w,
                  "SELECT count(*) FROM (SELECT 1 FROM notifications WHERE "
                  "media_session_id <> '' GROUP BY subscription_id, data "
                  "HAVING count(*) > 1)"),
        0);
}

static void end_all(chaos *c)
{
    for (unsigned i = 0; i < 2; i++) {
        c->w.media[i].refuse = PL_OK;
        if (!c->w.media[i].bus)
            world_start_media(&c->w, i);
    }
    c->w.sig.refuse_offer = c->w.sig.refuse_start = PL_OK;
    for (unsigned i = 0; i < 3; i++)
        (void)device_deletes(&c->w, &c->who[i].who, c->who[i].registration);
    take_events(c);
    world_run(&c->w, 60 * (int64_t)S);
    world_check(&c->w);
    assert_int_equal(
        world_sql(&c->w,
                  "SELECT count(*) FROM device_calls WHERE ended_at IS NULL"),
        0);
    assert_int_equal(world_sql(&c->w, "SELECT count(*) FROM conferences WHERE "
                                      "kind = 'device' AND state = 'live' AND "
                                      "conf_id NOT IN (SELECT conf_id FROM "
                                      "participants WHERE kind = 'telephone' "
                                      "AND state <> 'left')"),
                     0);
    world_run(&c->w, 60 * (int64_t)S);
    assert_int_equal(world_sql(&c->w, "SELECT count(*) FROM device_calls"), 0);
}

static void run_seed(uint64_t seed)
{
    static chaos c;
    static const char *const ids[] = {NOTIFY_DEVICE, DEVICE_2, DEVICE_3};
    char sink[64];
    memset(&c, 0, sizeof c);
    c.random = seed;
    world_create(&c.w, 2);
    for (unsigned i = 0; i < 3; i++) {
        pl_fmt_cut(sink, sizeof sink, "https://sink.example/s/%u", i);
        caller_begins(&c.w, &c.who[i], ids[i], CALL_NUMBER, sink);
    }
    for (unsigned i = 0; i < STEPS; i++) {
        STEP[draw(&c, sizeof STEP / sizeof STEP[0])](&c);
        world_run(&c.w, draw(&c, 2) ? 0 : 30 * MS);
        take_events(&c);
        world_check(&c.w);
        check_numbers(&c);
    }
    end_all(&c);
    world_destroy(&c.w);
}

static void random_stories(void **state)
{
    const char *only = getenv("PL_SEED");
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t it = only ? strtoull(only, NULL, 10) : seed;
        print_message("seed %llu\n", (unsigned long long)it);
        run_seed(it);
        if (only)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_stories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
