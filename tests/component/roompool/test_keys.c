/* test_keys.c - digits keyed to participants: when a host asks, and to a
 * telephone once it has answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "world.h"

enum { MS = 1000 };

typedef struct stage {
    world w;
    page host, guest;
    char phone[65], call[65], leg[65]; /* who was dialled last */
} stage;

static int setup(void **state)
{
    static stage s;
    world_create(&s.w, 2);
    page_is_in(&s.w, &s.host, "locked", "9999", "h");
    page_is_in(&s.w, &s.guest, "locked", "1234", "g");
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    stage *s = *state;
    world_check(&s->w);
    world_destroy(&s->w);
    return 0;
}

static pl_err keys(stage *s, const page *by, const char *target,
                   const char *digits)
{
    pl_participant_control m = {.present = 0};
    PUT(m.digits, digits);
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, &m, digits);
    return page_controls(&s->w, by, target, &m);
}

static void dial(stage *s, const char *digits)
{
    pl_room_dial m = {.role = PL_PART_ROLE_GUEST};
    answer a;
    PUT(m.digits, digits);
    PL_MSG_SET(ROOM_DIAL, room_dial, &m, digits);
    assert_int_equal(
        page_dials(&s->w, &s->host, "sip:agent@example.net", &m, &a), PL_OK);
    PUT(s->phone, a.body.dialled.participant_id);
    PUT(s->call, sig_started(&s->w)->id);
    const pl_part *part = pl_map_find(world_pool(&s->w)->parts, s->phone);
    assert_non_null(part);
    PUT(s->leg, PL_CONTAINER(part->legs.next, pl_leg, link)->row.leg_id);
}

static void answer_call(stage *s)
{
    assert_int_equal(
        phone_report(&s->w, s->call, PL_CALL_STATE_ANSWERED, 200, "sdp"),
        PL_OK);
}

static const char *keyed(stage *s)
{
    return media_leg(&s->w, s->leg)->keys;
}

/* Who was dialled is keyed to when both have come: its answer, its media. */
static void keys_wait_for_answer_and_media(void **state)
{
    stage *s = *state;
    dial(s, "12,#");
    assert_string_equal(keyed(s), "");
    answer_call(s);
    assert_string_equal(keyed(s), "");
    media_report(&s->w, s->leg, PL_LEG_STATE_CONNECTED);
    assert_string_equal(keyed(s), "12,#");
    media_report(&s->w, s->leg, PL_LEG_STATE_CONNECTED);
    assert_string_equal(keyed(s), "12,#"); /* once */
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants"
                                      " WHERE dtmf_sequence <> ''"),
                     0);
    /* early media is no answer */
    dial(s, "7");
    assert_int_equal(
        phone_report(&s->w, s->call, PL_CALL_STATE_EARLY, 183, "sdp"), PL_OK);
    media_report(&s->w, s->leg, PL_LEG_STATE_CONNECTED);
    assert_string_equal(keyed(s), "");
    answer_call(s);
    assert_string_equal(keyed(s), "7");
}

static void keys_outlive_a_restart_before_the_answer(void **state)
{
    stage *s = *state;
    dial(s, "*9");
    world_kill_roompool(&s->w);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
    world_run(&s->w, 50 * MS);
    answer_call(s);
    media_report(&s->w, s->leg, PL_LEG_STATE_CONNECTED);
    assert_string_equal(keyed(s), "*9");
}

static void a_host_keys_to_anybody_and_is_told(void **state)
{
    stage *s = *state;
    dial(s, "");
    assert_int_equal(keys(s, &s->host, s->phone, "1"), PL_ESTATE); /* rings */
    answer_call(s);
    media_report(&s->w, s->leg, PL_LEG_STATE_CONNECTED);
    assert_int_equal(keys(s, &s->host, s->phone, "1#"), PL_OK);
    assert_int_equal(keys(s, &s->host, s->phone, "d,2"), PL_OK);
    assert_string_equal(keyed(s), "1#d,2");
    assert_int_equal(keys(s, &s->host, s->guest.id, "5"), PL_OK); /* a page */
    assert_string_equal(page_leg(&s->w, &s->guest)->keys, "5");
    assert_int_equal(keys(s, &s->guest, s->phone, "1"), PL_EFORBIDDEN);
    assert_int_equal(keys(s, &s->host, s->phone, "1;2"), PL_EINVAL);
    assert_int_equal(keys(s, &s->host, s->phone, ""), PL_EINVAL);
}

static void refusals_of_the_media_worker_are_told(void **state)
{
    static const pl_err said[][2] = {{PL_EUNSUPPORTED, PL_EUNSUPPORTED},
                                     {PL_EFULL, PL_EFULL},
                                     {PL_ENOENT, PL_ESTATE},
                                     {PL_ESTALE, PL_ESTATE}};
    stage *s = *state;
    page silent;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        s->w.media[0].refuse_keys = s->w.media[1].refuse_keys = said[i][0];
        assert_int_equal(keys(s, &s->host, s->guest.id, "1"), said[i][1]);
    }
    page_enters(&s->w, &silent, "locked", "1234", "n");
    assert_int_equal(keys(s, &s->host, silent.id, "1"), PL_ESTATE);
    dial(s, "1"); /* nobody asks any more: it goes on without */
    answer_call(s);
    media_report(&s->w, s->leg, PL_LEG_STATE_CONNECTED);
    const pl_part *part = pl_map_find(world_pool(&s->w)->parts, s->phone);
    assert_int_equal(part->row.state, PL_PART_STATE_ACTIVE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(keys_wait_for_answer_and_media),
        TEST(keys_outlive_a_restart_before_the_answer),
        TEST(a_host_keys_to_anybody_and_is_told),
        TEST(refusals_of_the_media_worker_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
