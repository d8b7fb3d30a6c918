/* test_room_sound.c - what all in a room hear besides the others: prompts that
 * hosts have played, music for who is alone, announcements above them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "mgmt_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

static int setup(void **state)
{
    static world w;
    world_create(&w, 1);
    w.config.token_s = 600;
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_destroy(*state);
    return 0;
}

static pl_err plays(world *w, const page *by, const char *prompt, bool is_loop)
{
    pl_conference_control m = {.play_loop = is_loop};
    PUT(m.play, prompt);
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, &m, play);
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, &m, play_loop);
    return page_sets(w, by, &m);
}

static pl_err plays_to(world *w, const page *by, const page *to,
                       const char *prompt)
{
    pl_participant_control m = {.present = 0};
    PUT(m.play, prompt);
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, &m, play);
    return page_controls(w, by, to->id, &m);
}

static void room_played(world *w, const page *p, const char *prompt)
{
    const pl_conf *conf = page_part(w, p)->conf;
    pl_room_played m = {.present = 0};
    PUT(m.room_id, conf->row.conf_id);
    PUT(m.prompt, prompt);
    assert_int_equal(pl_bus_event(w->media[0].bus,
                                  &(pl_bus_send){.epoch = conf->row.epoch},
                                  &PL_MSG_ROOM_PLAYED, &m),
                     PL_OK);
    world_run(w, 10 * MS);
}

#define HEARS(w, prompt)                                                       \
    assert_string_equal((w)->media[0].room_prompt, (prompt))

static void with_music(world *w)
{
    pl_room *room = pl_map_find(world_pool(w)->rooms, "hosted");
    assert_non_null(room);
    PUT(room->row.alone_music, "hold-music");
}

static void a_host_plays_to_all_and_to_one(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page_enters(w, &host, "hosted", "9999", "h");
    assert_int_equal(plays(w, &host, "welcome", false), PL_ESTATE);
    page_talks(w, &host);
    page_is_in(w, &guest, "hosted", "none", "g");
    assert_int_equal(plays(w, &guest, "welcome", false), PL_EFORBIDDEN);
    assert_int_equal(plays_to(w, &guest, &guest, "welcome"), PL_EFORBIDDEN);
    assert_int_equal(plays(w, &host, "welcome", true), PL_OK);
    HEARS(w, "welcome");
    assert_true(w->media[0].is_room_loop);
    assert_int_equal(plays(w, &host, "", false), PL_OK);
    HEARS(w, "");
    assert_int_equal(plays_to(w, &host, &guest, "echo-intro"), PL_OK);
    assert_string_equal(page_leg(w, &guest)->prompt, "echo-intro");
    w->media[0].no_prompt = "nonesuch";
    assert_int_equal(plays(w, &host, "nonesuch", false), PL_ENOENT);
}

static void who_waits_hears_its_music_again(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page_is_in(w, &guest, "hosted", "none", "g");
    page_enters(w, &host, "hosted", "9999", "h");
    assert_int_equal(plays_to(w, &host, &guest, "welcome"), PL_OK);
    assert_string_equal(page_leg(w, &guest)->prompt, "welcome");
    assert_int_equal(plays_to(w, &host, &guest, ""), PL_OK);
    assert_string_equal(page_leg(w, &guest)->prompt, "hold-music");
}

static void who_is_alone_hears_music(void **state)
{
    world *w = *state;
    page host;
    page guest;
    with_music(w);
    page_is_in(w, &host, "hosted", "9999", "h");
    HEARS(w, "hold-music");
    assert_true(w->media[0].is_room_loop);
    page_enters(w, &guest, "hosted", "none", "g"); /* without media */
    HEARS(w, "hold-music");
    page_talks(w, &guest);
    HEARS(w, "");
    page_goes(w, &guest);
    HEARS(w, "hold-music");
}

/* Announcements above what a host plays, that above music; each goes on when
 * the other is over. */
static void the_first_that_there_is_is_heard(void **state)
{
    world *w = *state;
    page host;
    with_music(w);
    page_is_in(w, &host, "hosted", "9999", "h");
    assert_int_equal(plays(w, &host, "welcome", false), PL_OK);
    HEARS(w, "welcome");
    assert_int_equal(PAGE_SETS(w, &host, record, true), PL_OK);
    HEARS(w, "recording-started");
    room_played(w, &host, "welcome"); /* too late: another plays */
    HEARS(w, "recording-started");
    room_played(w, &host, "recording-started");
    HEARS(w, "welcome");
    room_played(w, &host, "welcome");
    HEARS(w, "hold-music");
    assert_int_equal(plays(w, &host, "echo-intro", true), PL_OK);
    room_played(w, &host, "echo-intro"); /* it goes on */
    HEARS(w, "echo-intro");
    assert_int_equal(plays(w, &host, "", false), PL_OK);
    HEARS(w, "hold-music");
}

/* Neither music nor what a host has played is stuck behind it. */
static void a_prompt_that_is_refused_changes_nothing(void **state)
{
    world *w = *state;
    page host;
    page guest;
    with_music(w);
    page_is_in(w, &host, "hosted", "9999", "h");
    w->media[0].no_prompt = "nonesuch";
    assert_int_equal(plays(w, &host, "nonesuch", false), PL_ENOENT);
    HEARS(w, "hold-music");
    page_is_in(w, &guest, "hosted", "none", "g");
    HEARS(w, "");
    assert_int_equal(plays(w, &host, "welcome", true), PL_OK);
    assert_int_equal(plays(w, &host, "nonesuch", false), PL_ENOENT);
    HEARS(w, "welcome");
    w->media[0].no_prompt = "recording-started";
    assert_int_equal(PAGE_SETS(w, &host, record, true), PL_OK);
    assert_int_equal(plays(w, &host, "", false), PL_OK);
    HEARS(w, "");
}

static void an_announcement_that_is_refused_is_over(void **state)
{
    world *w = *state;
    page host;
    page guest;
    with_music(w);
    w->media[0].no_prompt = "recording-started";
    page_is_in(w, &host, "hosted", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, record, true), PL_OK);
    HEARS(w, "hold-music");
    page_is_in(w, &guest, "hosted", "none", "g");
    HEARS(w, "");
}

/* Nobody asked for them: the log says so, once for each. */
static void a_prompt_of_the_room_that_is_missing_is_logged(void **state)
{
    static world_notes notes;
    world *w = *state;
    page host;
    page guest;
    with_music(w);
    pl_room *room = pl_map_find(world_pool(w)->rooms, "hosted");
    world_listens(w, &notes, "prompt_missing");
    w->media[0].no_prompt = "hold-music";
    page_is_in(w, &host, "hosted", "9999", "h");
    assert_int_equal(notes.n, 1);
    assert_int_equal(notes.level, PL_LOG_WARN);
    assert_string_equal(notes.conf, page_part(w, &host)->row.conf_id);
    assert_non_null(
        strstr(notes.text, "room hosted: alone_music = hold-music"));
    page_is_in(w, &guest, "hosted", "none", "g");
    page_goes(w, &guest);
    assert_int_equal(notes.n, 1);
    w->media[0].no_prompt = "welcome";
    PUT(room->row.announce, "welcome");
    page_is_in(w, &guest, "hosted", "none", "g2");
    assert_int_equal(notes.n, 2);
    assert_non_null(strstr(notes.text, "room hosted: announce = welcome"));
    page_goes(w, &guest);
    page_is_in(w, &guest, "hosted", "none", "g3");
    assert_int_equal(notes.n, 2);
}

/* Who stays behind when a telephone is sent to another room is alone. */
static void music_begins_when_the_other_one_is_sent_away(void **state)
{
    world *w = *state;
    page host;
    pl_management_command m = {.role = PL_PART_ROLE_GUEST};
    with_music(w);
    page_is_in(w, &host, "hosted", "9999", "h");
    phone_joins(w, "c1", "hosted");
    phone_key(w, "c1", "9999#", true);
    const pl_call *c = pl_map_find(world_pool(w)->calls, "c1");
    assert_non_null(c);
    media_report(w, PL_CONTAINER(c->part->legs.next, pl_leg, link)->row.leg_id,
                 PL_LEG_STATE_CONNECTED);
    HEARS(w, "");
    PUT(m.alias, "lobby");
    PUT(m.transfer_id, "t");
    PUT(m.secret, "secret");
    PUT(m.transfer_hash, "hash");
    assert_int_equal(mgmt_does(w, &m, PL_MGMT_COMMAND_PARTICIPANT_TRANSFER,
                               c->part->row.participant_id),
                     PL_OK);
    HEARS(w, "hold-music");
}

static void a_restart_puts_music_right(void **state)
{
    world *w = *state;
    page host;
    page guest;
    with_music(w);
    page_is_in(w, &host, "hosted", "9999", "h");
    page_is_in(w, &guest, "hosted", "none", "g");
    assert_int_equal(plays(w, &host, "welcome", true), PL_OK);
    world_kill_roompool(w);
    world_start_roompool(w);
    world_send_inventory(w);
    world_run(w, 10 * MS);
    HEARS(w, ""); /* what was played for a host ends with us */
    unsigned n = w->media[0].n_room_plays;
    media_inventory(&w->media[0]);
    world_run(w, 10 * MS);
    assert_int_equal(w->media[0].n_room_plays, n); /* once */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_host_plays_to_all_and_to_one),
        TEST(who_waits_hears_its_music_again),
        TEST(who_is_alone_hears_music),
        TEST(the_first_that_there_is_is_heard),
        TEST(a_prompt_that_is_refused_changes_nothing),
        TEST(an_announcement_that_is_refused_is_over),
        TEST(a_prompt_of_the_room_that_is_missing_is_logged),
        TEST(music_begins_when_the_other_one_is_sent_away),
        TEST(a_restart_puts_music_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
