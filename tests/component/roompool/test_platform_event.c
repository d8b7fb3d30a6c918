/* test_platform_event.c - events of another platform about rooms that live
 * here, events that come twice, and video sessions of rooms that live there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/vmr.h"
#include "fake_platform.h"
#include "pool_client.h"
#include "world.h"

#define STARTED PL_PLATFORM_NEWS_CONFERENCE_STARTED
#define ENDED   PL_PLATFORM_NEWS_CONFERENCE_ENDED

static void hear(world *w, const char *node, uint64_t seq, int64_t at_ms,
                 uint32_t event, const char *name)
{
    pl_platform_event m = {.seq = seq, .at_ms = at_ms, .event = event};
    answer a;
    PUT(m.node, node);
    if (name) {
        PUT(m.room_name, name);
        PL_MSG_SET(PLATFORM_EVENT, platform_event, &m, room_name);
    }
    world_ask(w, &PL_MSG_PLATFORM_EVENT, &m, &a);
    assert_int_equal(a.error, PL_OK); /* in any case */
    world_check(w);
}

static void what_we_see_ourselves_counts(void **state)
{
    world w;
    answer room, joined, media;
    (void)state;
    world_create(&w, 1);
    checkout_any(&w, &room);
    const char *name = room.body.room.name;
    const pl_vmr *vmr = pl_vmr_find(world_pool(&w), name);
    hear(&w, "n", 1, 1000, STARTED, name);
    assert_int_equal(vmr->row.state, PL_POOL_STATE_RESERVED);
    page_comes(&w, name, room.body.room.pin, "p", &joined, &media);
    assert_int_equal(vmr->row.state, PL_POOL_STATE_IN_USE);
    hear(&w, "n", 2, 2000, ENDED, name);
    assert_int_equal(vmr->row.state, PL_POOL_STATE_IN_USE);
    page_leaves(&w, &joined, "p");
    assert_int_equal(vmr->row.state, PL_POOL_STATE_ENDING);
    hear(&w, "n", 3, 3000, STARTED, name);
    assert_int_equal(vmr->row.state, PL_POOL_STATE_ENDING);
    hear(&w, "n", 4, 4000, ENDED, "nobody's");
    hear(&w, "n", 5, 5000, 77, name); /* of a newer front end */
    assert_int_equal(world_metric(&w, PL_RM_platform_ignored), 5);
    assert_int_equal(world_metric(&w, PL_RM_platform_repeats), 0);
    world_destroy(&w);
}

static void repeats_are_dropped(void **state)
{
    world w;
    char node[16];
    (void)state;
    world_create(&w, 1);
    hear(&w, "n", 7, 1000, ENDED, "x");
    hear(&w, "n", 7, 1000, ENDED, "x");
    assert_int_equal(world_metric(&w, PL_RM_platform_repeats), 1);
    hear(&w, "n", 6, 900, STARTED, "x"); /* late */
    assert_int_equal(world_metric(&w, PL_RM_platform_repeats), 2);
    hear(&w, "m", 6, 900, STARTED, "x"); /* another's */
    hear(&w, "n", 8, 1000, ENDED, "x");
    hear(&w, "n", 2, 2000, ENDED, "x"); /* counts anew, we missed its start */
    assert_int_equal(world_metric(&w, PL_RM_platform_repeats), 2);
    hear(&w, "n", 1, 1500, PL_PLATFORM_NEWS_SINK_STARTED, NULL);
    hear(&w, "n", 2, 1500, ENDED, "x");
    assert_int_equal(world_metric(&w, PL_RM_platform_repeats), 2);
    hear(&w, "?", 0, 0, ENDED, "x"); /* who does not count */
    hear(&w, "?", 0, 0, ENDED, "x");
    assert_int_equal(world_metric(&w, PL_RM_platform_repeats), 2);
    /* Only so many nodes are remembered. */
    for (unsigned i = 0; i < 3 * PL_N_HEARD; i++) {
        pl_fmt_cut(node, sizeof node, "n%u", i);
        hear(&w, node, 5, 5000, ENDED, "x");
    }
    hear(&w, node, 5, 5000, ENDED, "x");
    assert_int_equal(world_metric(&w, PL_RM_platform_repeats), 3);
    world_destroy(&w);
}

static int64_t count(world *w, const char *where)
{
    char sql[128];
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM %s", where);
    return world_sql(w, sql);
}

/* An app that tells only what changes is silent for as long as it talks. */
static void who_is_in_a_room_there_keeps_its_session(void **state)
{
    static fake_platform p;
    enum { S = 1000000 };
    world w;
    pl_video_create m = {.present = 0};
    answer a;
    (void)state;
    world_prepare(&w);
    platform_configure(&w);
    platform_serve(&p, &w);
    world_create_at(&w, 1, NULL, NULL);
    world_run(&w, 3 * S);
    PUT(m.client_id, "123");
    PUT(m.device_code, "xyz");
    world_send(&w, w.api, &PL_MSG_VIDEO_CREATE, &m, &a);
    world_wait(&w, &a);
    assert_int_equal(a.error, PL_OK);
    const char *name = a.body.video.room_name;
    platform_find(&p, name)->is_live = true;
    hear(&w, "n", 1, 1000, STARTED, name);
    world_run(&w, 600 * (int64_t)S);
    assert_int_equal(count(&w, "pool WHERE state = 'in-use'"), 1);
    assert_int_equal(count(&w, "video_sessions WHERE ended_at IS NULL"), 1);
    platform_find(&p, name)->is_live = false;
    hear(&w, "n", 2, 2000, ENDED, name);
    world_run(&w, 60 * (int64_t)S);
    assert_int_equal(count(&w, "video_sessions WHERE state = 'session_failed'"),
                     1);
    assert_null(platform_find(&p, name));
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_see_ourselves_counts),
        cmocka_unit_test(repeats_are_dropped),
        cmocka_unit_test(who_is_in_a_room_there_keeps_its_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
