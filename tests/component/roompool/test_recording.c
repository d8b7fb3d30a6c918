/* test_recording.c - recordings of rooms: who starts and stops them, what
 * everybody is told, which files and voices are written down, what becomes of
 * them when a worker or roompool is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/command_key.h"
#include "core/recording.h"
#include "fake_page.h"
#include "mgmt_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    page host, guest;
} stage;

static int setup(void **state)
{
    static stage s;
    world_create(&s.w, 2);
    s.w.config.token_s = 600;
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

/* The worker that has the room. */
static fake_media *worker(stage *s)
{
    const pl_conf_row *conf = &page_part(&s->w, &s->host)->conf->row;
    for (unsigned i = 0; i < s->w.n_media; i++)
        if (strcmp(s->w.media[i].node, conf->media_node) == 0)
            return &s->w.media[i];
    fail();
    return NULL;
}

static pl_err record(stage *s, const page *by, bool is_on)
{
    pl_err e = PAGE_SETS(&s->w, by, record, is_on);
    world_run(&s->w, 10 * MS);
    return e;
}

static int64_t count(stage *s, const char *where)
{
    char sql[256];
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM recordings WHERE %s",
               where);
    return world_sql(&s->w, sql);
}

static pl_room *room(stage *s)
{
    return page_part(&s->w, &s->host)->conf->room;
}

static void talks(stage *s, const page *p, bool is_talking)
{
    const pl_part *part = page_part(&s->w, p);
    const pl_leg *leg = PL_CONTAINER(part->legs.next, pl_leg, link);
    pl_leg_talking m = {.talking = is_talking, .level = 30};
    PUT(m.room_id, part->conf->row.conf_id);
    PUT(m.leg_id, leg->row.leg_id);
    media_tells(&s->w, leg, &PL_MSG_LEG_TALKING, &m);
    world_run(&s->w, 10 * MS);
}

static void leg_played(stage *s, const page *p, const char *prompt)
{
    const pl_part *part = page_part(&s->w, p);
    const pl_leg *leg = PL_CONTAINER(part->legs.next, pl_leg, link);
    pl_leg_played m = {.present = 0};
    PUT(m.room_id, part->conf->row.conf_id);
    PUT(m.leg_id, leg->row.leg_id);
    PUT(m.prompt, prompt);
    media_tells(&s->w, leg, &PL_MSG_LEG_PLAYED, &m);
    world_run(&s->w, 10 * MS);
}

static void told_recording(stage *s, page *p, bool is_on)
{
    answer ev;
    page_hears(&s->w, p, PL_EVENT_KIND_CONFERENCE_UPDATE, &ev);
    assert_true(PL_MSG_HAS(EVENT_ITEM, event_item, &ev.body.event, recording));
    assert_int_equal(ev.body.event.recording, is_on);
}

/* ---- started and stopped ---- */

static void a_host_starts_and_stops_and_all_are_told(void **state)
{
    stage *s = *state;
    page_listens(&s->w, &s->guest);
    assert_int_equal(record(s, &s->guest, true), PL_EFORBIDDEN);
    assert_int_equal(count(s, "1"), 0);
    assert_int_equal(record(s, &s->host, true), PL_OK);
    fake_media *m = worker(s);
    assert_int_equal(m->recording.n_starts, 1);
    assert_int_equal(m->recording.part, 1);
    assert_false(m->recording.stems);
    assert_string_equal(m->room_prompt, "recording-started");
    told_recording(s, &s->guest, true);
    assert_int_equal(count(s, "state = 'recording' AND started_by = 'api' AND "
                              "started_at IS NOT NULL"),
                     1);
    assert_int_equal(record(s, &s->host, true), PL_OK); /* it does already */
    assert_int_equal(m->recording.n_starts, 1);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    assert_int_equal(m->n_record_stops, 1);
    assert_string_equal(m->room_prompt, "recording-stopped");
    told_recording(s, &s->guest, false);
    assert_int_equal(count(s, "state = 'ended' AND ended_at >= started_at"), 1);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    assert_int_equal(m->n_record_stops, 1);
}

static void stems_are_asked_for_or_the_rooms(void **state)
{
    stage *s = *state;
    pl_conference_control m = {.present = 0};
    WITH_CONF(m, record, true);
    WITH_CONF(m, record_stems, true);
    assert_int_equal(page_sets(&s->w, &s->host, &m), PL_OK);
    assert_true(worker(s)->recording.stems);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    room(s)->row.record_stems = true;
    assert_int_equal(record(s, &s->host, true), PL_OK);
    assert_true(worker(s)->recording.stems);
    assert_int_equal(count(s, "has_stems = 1"), 2);
}

/* Stems cannot be added to one that runs: that is no success. */
static void stems_are_refused_while_one_without_runs(void **state)
{
    stage *s = *state;
    const pl_conf *conf = page_part(&s->w, &s->host)->conf;
    pl_conference_control m = {.present = 0};
    pl_management_command c = {.stems = true};
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, &c, stems);
    WITH_CONF(m, record, true);
    WITH_CONF(m, record_stems, true);
    assert_int_equal(record(s, &s->host, true), PL_OK);
    assert_int_equal(page_sets(&s->w, &s->host, &m), PL_ESTATE);
    assert_int_equal(mgmt_does(&s->w, &c,
                               PL_MGMT_COMMAND_CONFERENCE_START_RECORDING,
                               conf->row.conf_id),
                     PL_ESTATE);
    assert_string_equal(pl_recording_refusal(conf, PL_ESTATE),
                        "a recording without stems runs; stop it first");
    assert_int_equal(worker(s)->recording.n_starts, 1);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    assert_int_equal(page_sets(&s->w, &s->host, &m), PL_OK);
    assert_int_equal(page_sets(&s->w, &s->host, &m), PL_OK);
    assert_int_equal(record(s, &s->host, true), PL_OK); /* more than asked */
    assert_int_equal(worker(s)->recording.n_starts, 2);
}

static void who_cannot_record_says_so(void **state)
{
    static const pl_err refusals[] = {PL_EUNSUPPORTED, PL_EIO, PL_EFULL};
    stage *s = *state;
    page_listens(&s->w, &s->guest);
    for (size_t i = 0; i < 3; i++) {
        worker(s)->refuse_record = refusals[i];
        assert_int_equal(record(s, &s->host, true), refusals[i]);
    }
    assert_int_equal(count(s, "state = 'failed' AND end_reason <> ''"), 3);
    page_hears_no(&s->w, &s->guest, PL_EVENT_KIND_CONFERENCE_UPDATE);
    worker(s)->refuse_record = PL_ENOENT; /* the room: not who asks */
    assert_int_equal(record(s, &s->host, true), PL_EUNAVAILABLE);
    worker(s)->refuse_record = PL_OK;
    room(s)->row.record = PL_RECORD_POLICY_OFF;
    assert_int_equal(record(s, &s->host, true), PL_EUNSUPPORTED);
    assert_int_equal(count(s, "1"), 4);
}

/* The disk is full in the middle of it. */
static void a_recording_that_fails_is_over(void **state)
{
    stage *s = *state;
    assert_int_equal(record(s, &s->host, true), PL_OK);
    page_listens(&s->w, &s->guest);
    media_reports_recording(worker(s), PL_RECORDING_STATE_FAILED, "disk full");
    told_recording(s, &s->guest, false);
    assert_string_equal(worker(s)->room_prompt, "recording-stopped");
    assert_int_equal(count(s, "state = 'failed' AND end_reason = 'disk full'"),
                     1);
    assert_int_equal(record(s, &s->host, true), PL_OK);
}

static void a_silent_worker_is_asked_again(void **state)
{
    stage *s = *state;
    worker(s)->is_silent = true;
    assert_int_equal(record(s, &s->host, true), PL_ETIMEOUT);
    assert_int_equal(count(s, "state = 'failed'"), 1);
}

static void it_ends_with_its_conference(void **state)
{
    stage *s = *state;
    assert_int_equal(record(s, &s->host, true), PL_OK);
    talks(s, &s->host, true);
    page_goes(&s->w, &s->guest);
    page_goes(&s->w, &s->host);
    assert_int_equal(count(s, "state = 'ended'"), 1);
    assert_int_equal(
        world_sql(&s->w,
                  "SELECT count(*) FROM talk_intervals WHERE ended_at IS NULL"),
        0);
}

/* ---- by policy, by keys, by the management API ---- */

static void a_room_may_always_be_recorded(void **state)
{
    stage *s = *state;
    page late;
    page_goes(&s->w, &s->guest);
    pl_room *r = room(s);
    page_goes(&s->w, &s->host);
    r->row.record = PL_RECORD_POLICY_AUTO;
    page_is_in(&s->w, &s->guest, "locked", "1234", "g2");
    assert_int_equal(count(s, "1"), 0); /* not started: the guest waits */
    page_is_in(&s->w, &s->host, "locked", "9999", "h2");
    assert_int_equal(count(s, "state = 'recording' AND started_by = 'policy'"),
                     1);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    page_is_in(&s->w, &late, "locked", "1234", "l");
    assert_int_equal(count(s, "1"), 1); /* a host did not want it */
}

/* Nobody could be answered: hosts hear it, guests do not. */
static void an_automatic_recording_that_fails_is_told(void **state)
{
    static world_notes notes;
    stage *s = *state;
    pl_room *r = room(s);
    page_goes(&s->w, &s->guest);
    page_goes(&s->w, &s->host);
    world_listens(&s->w, &notes, "recording_failed");
    r->row.record = PL_RECORD_POLICY_AUTO;
    for (unsigned i = 0; i < s->w.n_media; i++) {
        s->w.media[i].refuse_record = PL_EIO;
        s->w.media[i].refuse_record_text = "cannot create x.opus: disk full";
    }
    page_is_in(&s->w, &s->host, "locked", "9999", "h2");
    page_is_in(&s->w, &s->guest, "locked", "1234", "g2");
    assert_int_equal(count(s, "state = 'failed' AND started_by = 'policy' AND "
                              "end_reason = 'cannot create x.opus: disk full'"),
                     1);
    assert_int_equal(notes.n, 1);
    assert_int_equal(notes.level, PL_LOG_WARN);
    assert_non_null(strstr(notes.text, "disk full"));
    assert_string_equal(page_leg(&s->w, &s->host)->prompt, "recording-failed");
    assert_string_not_equal(page_leg(&s->w, &s->guest)->prompt,
                            "recording-failed");
}

static const pl_leg *phone_is_host(stage *s, const char *call)
{
    phone_joins(&s->w, call, "locked");
    phone_key(&s->w, call, "9999#", true);
    const pl_call *c = pl_map_find(world_pool(&s->w)->calls, call);
    assert_non_null(c);
    const pl_leg *leg = PL_CONTAINER(c->part->legs.next, pl_leg, link);
    media_report(&s->w, leg->row.leg_id, PL_LEG_STATE_CONNECTED);
    return leg;
}

static void a_host_keys_it_on_a_telephone(void **state)
{
    stage *s = *state;
    const pl_leg *leg = phone_is_host(s, "c1");
    phone_key(&s->w, "c1", "2", true);
    assert_int_equal(count(s, "1"), 0);
    phone_key(&s->w, "c1", "7*2", true);
    assert_int_equal(count(s, "state = 'recording' AND started_by = 'keys'"),
                     1);
    phone_key(&s->w, "c1", "**2", true);
    assert_int_equal(count(s, "state = 'ended'"), 1);
    worker(s)->refuse_record = PL_EIO;
    phone_key(&s->w, "c1", "*2", true);
    assert_int_equal(count(s, "state = 'failed'"), 1);
    assert_string_equal(media_leg(&s->w, leg->row.leg_id)->prompt,
                        "recording-failed");
}

static void keys_of_others_or_with_a_pause_are_none(void **state)
{
    stage *s = *state;
    phone_joins(&s->w, "c2", "locked");
    phone_key(&s->w, "c2", "1234#", true);
    phone_key(&s->w, "c2", "*2", true);
    (void)phone_is_host(s, "c1");
    phone_key(&s->w, "c1", "*", true);
    world_run(&s->w, 4 * S);
    phone_key(&s->w, "c1", "2", true);
    assert_int_equal(count(s, "1"), 0);
    PUT(s->w.config.record_key, "");
    phone_key(&s->w, "c1", "*2", true);
    assert_int_equal(count(s, "1"), 0);
}

static void log_lines_say_which_and_how_it_went(void **state)
{
    static world_notes asked;
    static world_notes ended;
    static world_notes commands;
    stage *s = *state;
    const char *conf = page_part(&s->w, &s->host)->row.conf_id;
    pl_management_command m = {.present = 0};
    world_listens(&s->w, &asked, "recording_asked");
    assert_int_equal(record(s, &s->host, true), PL_OK);
    assert_int_equal(asked.n, 1);
    assert_non_null(strstr(asked.text, worker(s)->recording.id));
    world_listens(&s->w, &ended, "recording_ended");
    assert_int_equal(record(s, &s->host, false), PL_OK);
    assert_int_equal(ended.n, 1);
    assert_non_null(strstr(ended.text, worker(s)->recording.id));
    assert_non_null(strstr(ended.text, "stopped by a host"));
    world_listens(&s->w, &commands, "management_command");
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_CONFERENCE_LOCK, conf), PL_OK);
    assert_non_null(strstr(commands.text, ": ok"));
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_CONFERENCE_LOCK, "none"),
        PL_ENOENT);
    assert_int_equal(commands.n, 2);
    assert_non_null(strstr(commands.text, pl_err_text(PL_ENOENT)));
}

static void only_keys_of_a_telephone_can_be_the_record_key(void **state)
{
    static const char *const good[] = {"", "*2", "0123*#AD", "#"};
    static const char *const bad[] = {"*x", "rec", "*2 ", "a", "*2,"};
    pl_roompool_config c = {0};
    char reason[256];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        PUT(c.record_key, good[i]);
        assert_int_equal(pl_command_check_config(&c, reason, sizeof reason),
                         PL_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        PUT(c.record_key, bad[i]);
        assert_int_equal(pl_command_check_config(&c, reason, sizeof reason),
                         PL_ECONFIG);
        assert_non_null(strstr(reason, "record_key: 1 to 8 keys"));
    }
}

static void the_management_api_records_and_plays(void **state)
{
    stage *s = *state;
    const char *conf = page_part(&s->w, &s->host)->row.conf_id;
    pl_management_command m = {.present = 0};
    m.stems = true;
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, &m, stems);
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_CONFERENCE_START_RECORDING, conf),
        PL_OK);
    assert_true(worker(s)->recording.stems);
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_CONFERENCE_STOP_RECORDING, conf),
        PL_OK);
    assert_int_equal(count(s, "state = 'ended'"), 1);
    PUT(m.prompt, "hold-music");
    m.loop = true;
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, &m, prompt);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, &m, loop);
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_CONFERENCE_PLAY, conf), PL_OK);
    assert_string_equal(worker(s)->room_prompt, "hold-music");
    assert_true(worker(s)->is_room_loop);
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_PARTICIPANT_PLAY, s->guest.id),
        PL_OK);
    assert_string_equal(page_leg(&s->w, &s->guest)->prompt, "hold-music");
    m = (pl_management_command){.present = 0};
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_CONFERENCE_STOP_PLAYING, conf),
        PL_OK);
    assert_string_equal(worker(s)->room_prompt, "");
    assert_int_equal(mgmt_does(&s->w, &m,
                               PL_MGMT_COMMAND_PARTICIPANT_STOP_PLAYING,
                               s->guest.id),
                     PL_OK);
    assert_string_equal(page_leg(&s->w, &s->guest)->prompt, "");
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_CONFERENCE_PLAY, "none"),
        PL_ENOENT);
}

/* ---- notices ---- */

static void who_comes_later_is_told(void **state)
{
    stage *s = *state;
    page late;
    PUT(room(s)->row.announce, "welcome");
    assert_int_equal(record(s, &s->host, true), PL_OK);
    page_is_in(&s->w, &late, "locked", "1234", "l");
    assert_string_equal(page_leg(&s->w, &late)->prompt, "welcome");
    leg_played(s, &late, "welcome");
    assert_string_equal(page_leg(&s->w, &late)->prompt, "recording-on");
    /* a tone cuts it short: it is said again, and once heard no more */
    PUT(page_leg(&s->w, &late)->prompt, "beep-join");
    leg_played(s, &late, "beep-join");
    assert_string_equal(page_leg(&s->w, &late)->prompt, "recording-on");
    leg_played(s, &late, "recording-on");
    PUT(page_leg(&s->w, &late)->prompt, "beep-leave");
    leg_played(s, &late, "beep-leave");
    assert_string_equal(page_leg(&s->w, &late)->prompt, "beep-leave");
    PUT(room(s)->row.announce, "");
    phone_joins(&s->w, "c1", "locked");
    phone_key(&s->w, "c1", "1234#", true);
    const pl_call *c = pl_map_find(world_pool(&s->w)->calls, "c1");
    const char *leg =
        PL_CONTAINER(c->part->legs.next, pl_leg, link)->row.leg_id;
    media_report(&s->w, leg, PL_LEG_STATE_CONNECTED);
    assert_string_equal(media_leg(&s->w, leg)->prompt, "recording-on");
}

static void a_welcome_that_is_missing_hides_no_notice(void **state)
{
    stage *s = *state;
    page late;
    PUT(room(s)->row.announce, "nonesuch");
    worker(s)->no_prompt = "nonesuch";
    assert_int_equal(record(s, &s->host, true), PL_OK);
    page_is_in(&s->w, &late, "locked", "1234", "l");
    assert_string_equal(page_leg(&s->w, &late)->prompt, "recording-on");
}

/* ---- files and voices ---- */

static void files_are_listed_as_told(void **state)
{
    stage *s = *state;
    pl_recording_file f = {.kind = PL_RECORDING_KIND_MIX,
                           .started_ms = 1700000000000,
                           .duration_ms = 1000,
                           .bytes = 5000};
    assert_int_equal(record(s, &s->host, true), PL_OK);
    PUT(f.path, "2026/mix.opus");
    PUT(f.codec, "opus/48000");
    media_tells_file(worker(s), &f);
    f.kind = PL_RECORDING_KIND_STEM;
    PUT(f.path, "2026/stem.opus");
    PUT(f.leg_id, page_leg(&s->w, &s->guest)->id);
    PL_MSG_SET(RECORDING_FILE, recording_file, &f, leg_id);
    media_tells_file(worker(s), &f);
    f.duration_ms = 2000;
    f.bytes = UINT64_MAX;
    f.is_closed = true;
    media_tells_file(worker(s), &f);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM recording_files"),
                     2);
    assert_int_equal(
        world_sql(&s->w,
                  "SELECT duration_ms FROM recording_files WHERE file_no = 2 "
                  "AND kind = 'stem' AND is_closed AND participant_id <> ''"),
        2000);
    static const char *const bad[] = {"../x", "/etc/x", "a//b",
                                      "a/.x", "a/",     "a/../b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        PUT(f.path, bad[i]);
        media_tells_file(worker(s), &f);
    }
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM recording_files"),
                     2);
    /* what is closed after the stop is still taken */
    fake_media *m = worker(s);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    PUT(f.path, "2026/mix.opus");
    f.duration_ms = 9000;
    media_tells_file(m, &f);
    assert_int_equal(world_sql(&s->w, "SELECT duration_ms FROM recording_files "
                                      "WHERE file_no = 1 AND is_closed"),
                     9000);
}

static void it_is_written_down_who_spoke(void **state)
{
    stage *s = *state;
    talks(s, &s->guest, true); /* before: not written until it begins */
    assert_int_equal(record(s, &s->host, true), PL_OK);
    world_run(&s->w, 2 * S);
    talks(s, &s->guest, false);
    talks(s, &s->host, true);
    world_run(&s->w, S);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_talk"), 2);
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM v_talk WHERE who = 'g' AND "
                         "seconds BETWEEN 1.9 AND 2.2"),
        1);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    talks(s, &s->host, false);
    talks(s, &s->host, true);
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM v_talk WHERE ended_at IS NULL"),
        0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_talk"), 2);
    assert_int_equal(world_sql(&s->w,
                               "SELECT count(*) FROM v_talk WHERE who = 'h' "
                               "AND seconds BETWEEN 0.9 AND 1.2"),
                     1);
}

/* ---- losses ---- */

static unsigned index_of(stage *s, const fake_media *m)
{
    return (unsigned)(m - s->w.media);
}

static void it_goes_on_at_another_worker(void **state)
{
    stage *s = *state;
    pl_recording_file f = {.kind = PL_RECORDING_KIND_MIX, .duration_ms = 1};
    (void)phone_is_host(s, "c1");
    assert_int_equal(record(s, &s->host, true), PL_OK);
    fake_media *dead = worker(s);
    PUT(f.path, "p1.opus");
    PUT(f.codec, "opus/48000");
    media_tells_file(dead, &f);
    talks(s, &s->guest, true);
    page_listens(&s->w, &s->host);
    world_kill_media(&s->w, index_of(s, dead));
    world_run(&s->w, 3 * S);
    fake_media *next = worker(s);
    assert_ptr_not_equal(next, dead);
    assert_int_equal(next->recording.part, 2);
    assert_int_equal(count(s, "state = 'recording' AND part = 2"), 1);
    assert_int_equal(world_sql(&s->w, "SELECT is_closed FROM recording_files"),
                     1);
    assert_int_equal(
        world_sql(&s->w,
                  "SELECT count(*) FROM talk_intervals WHERE ended_at IS NULL"),
        0);
    assert_string_not_equal(next->room_prompt, "recording-started");
    page_hears_no(&s->w, &s->host, PL_EVENT_KIND_CONFERENCE_UPDATE);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    assert_int_equal(next->n_record_stops, 1);
}

/* It says that it ends before it goes: the recording waits for the next. */
static void a_worker_that_drains_hands_it_over(void **state)
{
    stage *s = *state;
    (void)phone_is_host(s, "c1");
    assert_int_equal(record(s, &s->host, true), PL_OK);
    fake_media *old = worker(s);
    world_kill_media(&s->w, 1 - index_of(s, old));
    world_run(&s->w, 3 * S);
    media_beats(old, PL_LIFE_DRAINING);
    media_reports_recording(old, PL_RECORDING_STATE_ENDED, "");
    assert_int_equal(count(s, "state = 'starting' AND part = 2"), 1);
    world_start_media(&s->w, 1 - index_of(s, old));
    world_run(&s->w, 3 * S);
    assert_ptr_not_equal(worker(s), old);
    assert_int_equal(worker(s)->recording.part, 2);
    assert_int_equal(count(s, "state = 'recording' AND part = 2"), 1);
}

static void a_restart_goes_on_with_it(void **state)
{
    stage *s = *state;
    assert_int_equal(record(s, &s->host, true), PL_OK);
    talks(s, &s->guest, true);
    fake_media *m = worker(s);
    world_kill_roompool(&s->w);
    world_run(&s->w, S);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
    media_reports_recording(m, PL_RECORDING_STATE_RUNNING, "");
    assert_int_equal(count(s, "state = 'recording' AND part = 1"), 1);
    assert_int_equal(m->recording.part, 1);
    assert_int_equal(m->n_record_stops, 0);
    assert_int_equal(
        world_sql(&s->w,
                  "SELECT count(*) FROM talk_intervals WHERE ended_at IS NULL"),
        0);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    assert_int_equal(m->n_record_stops, 1);
}

/* Our stop did not arrive: the worker goes on, and says so when it is back. */
static void what_is_over_is_stopped_again(void **state)
{
    stage *s = *state;
    assert_int_equal(record(s, &s->host, true), PL_OK);
    fake_media *m = worker(s);
    assert_int_equal(record(s, &s->host, false), PL_OK);
    unsigned n = m->n_record_stops;
    media_reports_recording(m, PL_RECORDING_STATE_RUNNING, "");
    assert_int_equal(m->n_record_stops, n + 1);
    world_run(&s->w, 120 * S); /* forgotten */
    media_reports_recording(m, PL_RECORDING_STATE_RUNNING, "");
    assert_int_equal(m->n_record_stops, n + 2);
}

static void a_restart_ends_what_has_no_conference(void **state)
{
    stage *s = *state;
    assert_int_equal(record(s, &s->host, true), PL_OK);
    world_kill_roompool(&s->w);
    world_write(&s->w, "UPDATE recordings SET conf_id = 'gone'");
    world_start_roompool(&s->w);
    assert_int_equal(count(s, "state = 'ended' AND end_reason = 'interrupted'"),
                     1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_host_starts_and_stops_and_all_are_told),
        TEST(stems_are_asked_for_or_the_rooms),
        TEST(stems_are_refused_while_one_without_runs),
        TEST(who_cannot_record_says_so),
        TEST(a_recording_that_fails_is_over),
        TEST(a_silent_worker_is_asked_again),
        TEST(it_ends_with_its_conference),
        TEST(a_room_may_always_be_recorded),
        TEST(an_automatic_recording_that_fails_is_told),
        TEST(a_host_keys_it_on_a_telephone),
        TEST(keys_of_others_or_with_a_pause_are_none),
        TEST(log_lines_say_which_and_how_it_went),
        TEST(only_keys_of_a_telephone_can_be_the_record_key),
        TEST(the_management_api_records_and_plays),
        TEST(who_comes_later_is_told),
        TEST(a_welcome_that_is_missing_hides_no_notice),
        TEST(files_are_listed_as_told),
        TEST(it_is_written_down_who_spoke),
        TEST(it_goes_on_at_another_worker),
        TEST(a_worker_that_drains_hands_it_over),
        TEST(a_restart_goes_on_with_it),
        TEST(what_is_over_is_stopped_again),
        TEST(a_restart_ends_what_has_no_conference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
