/* test_random.c - random stories: whatever is done in whatever order, what
 * must always hold holds, nothing is left behind in the end, and the database
 * says the same as memory. Pages, telephones and users together first; then
 * two to four clients of the conference API alone, which call, host, hold,
 * move and transfer. A failing seed is printed; run it alone with
 * PL_SEED=n. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chaos.h"
#include "world.h"

enum {
    MS = 1000,
    S = 1000000,
    STEPS = 150,
    SEEDS = 12,
    CLIENT_STEPS = 120,
    CLIENT_SEEDS = 40,
};

/* The first two to four take part where clients are alone. */
static const char *const USER_NAMES[USERS] = {"alice", "bob",   "carol",
                                              "bob",   "alice", "bob"};

static void do_session(chaos *c)
{
    uint32_t i = draw(c, USERS);
    answer a;
    if (c->has_sess[i])
        return;
    pl_fmt_cut(c->sess[i].token, 16, "u%u", ++c->n_tokens);
    c->has_sess[i] = !open_session(&c->w, USER_NAMES[i], c->sess[i].token, &a);
    if (c->has_sess[i])
        PUT(c->sess[i].session, a.body.session.session_id);
}

static void do_session_end(chaos *c)
{
    uint32_t i = draw(c, USERS);
    pl_session_delete m = {.present = 0};
    answer a;
    if (!c->has_sess[i] || draw(c, 3))
        return;
    AS_CLIENT(m, c->sess[i].token);
    world_ask(&c->w, &PL_MSG_SESSION_DELETE, &m, &a);
    c->has_sess[i] = false;
}

static void do_conference(chaos *c)
{
    uint32_t i = draw(c, USERS);
    answer a;
    if (!c->has_sess[i] || create_conference(&c->w, &c->sess[i], &a))
        return;
    c->conf = a;
    c->has_conf = true;
}

static void do_act(chaos *c)
{
    static const char *const who[] = {"alice", "bob", "sip:x@example.net",
                                      "sip:carol@localhost", "nobody"};
    uint32_t i = draw(c, USERS);
    answer a;
    char conf[65];
    if (!c->has_sess[i] || !c->has_conf)
        return;
    pl_fmt_cut(conf, sizeof conf, "%s", c->conf.body.conference.conf_id);
    switch (draw(c, 5)) {
    case 0: (void)conference_leave(&c->w, c->sess[i].token, conf); break;
    case 1:
        if (c->w.sig.n_calls < WORLD_CALLS - 2)
            (void)invite(&c->w, c->sess[i].token, conf, who[draw(c, 5)], &a);
        break;
    case 2:
        (void)remove_part(&c->w, c->sess[i].token, conf, who[draw(c, 5)]);
        break;
    default:
        (void)conference_do(&c->w, c->sess[i].token, conf,
                            (pl_action)(1 + draw(c, 9)),
                            draw(c, 4) ? "x" : NULL, &a);
    }
}

static void do_read_session(chaos *c)
{
    uint32_t i = draw(c, USERS);
    answer a;
    if (c->has_sess[i])
        (void)poll_session(&c->w, c->sess[i].session, c->sess[i].token, &a);
}

static void do_media_worker(chaos *c)
{
    uint32_t i = draw(c, 2);
    if (draw(c, 3))
        return;
    if (c->w.media[i].bus || c->w.media[i].is_hung)
        world_kill_media(&c->w, i);
    else
        world_start_media(&c->w, i);
}

/* It falls silent, and goes on later; or it is told to end, and does. */
static void do_media_ends(chaos *c)
{
    uint32_t i = draw(c, 2);
    fake_media *m = &c->w.media[i];
    if (m->is_hung) {
        world_wake_media(&c->w, i);
    } else if (m->bus && draw(c, 2)) {
        world_hang_media(&c->w, i);
    } else if (m->bus && m->life == PL_LIFE_DRAINING && m->n_rooms == 0) {
        media_says_goodbye(m);
    } else if (m->bus) {
        media_beats(m, PL_LIFE_DRAINING);
    }
}

static void do_media_mood(chaos *c)
{
    static const pl_err moods[] = {PL_OK, PL_OK, PL_EMEDIA, PL_EFULL,
                                   PL_EDRAIN};
    uint32_t i = draw(c, 2);
    static const pl_err imports[] = {PL_OK, PL_OK, PL_EBUSY, PL_EUNSUPPORTED};
    c->w.media[i].refuse = moods[draw(c, 5)];
    c->w.media[i].is_silent = draw(c, 8) == 0;
    c->w.media[i].refuse_import = imports[draw(c, 4)];
    c->w.media[i].refuse_open = draw(c, 6) ? PL_OK : PL_EFULL;
    c->w.media[i].refuse_release = draw(c, 4) ? PL_OK : PL_EUNSUPPORTED;
}

static void do_leg_report(chaos *c)
{
    for (uint32_t i = 0; i < 2; i++) {
        fake_media *m = &c->w.media[i];
        if (!m->bus || m->n_legs == 0)
            continue;
        const char *id = m->legs[draw(c, (uint32_t)m->n_legs)].id;
        if (pl_map_find(world_pool(&c->w)->legs, id))
            media_report(&c->w, id, 1 + draw(c, 5));
    }
}

/* What workers say of recordings, in season or not. */
static void do_recorded(chaos *c)
{
    fake_media *m = &c->w.media[draw(c, 2)];
    pl_recording_file f = {.kind = 1 + draw(c, 2), .duration_ms = draw(c, 9)};
    if (!m->bus || !m->recording.id[0])
        return;
    pl_fmt_cut(f.path, sizeof f.path, "f%u", (unsigned)draw(c, 3));
    PUT(f.codec, "opus/48000");
    f.is_closed = draw(c, 3) == 0;
    if (draw(c, 2))
        media_tells_file(m, &f);
    else
        media_reports_recording(m, 1 + draw(c, 4), "why");
}

static void do_signaling_worker(chaos *c)
{
    if (draw(c, 4))
        return;
    if (c->w.sig.bus) {
        world_kill_signaling(&c->w);
    } else {
        world_start_signaling(&c->w);
        c->n_calls = 0;
    }
}

static void do_roompool(chaos *c)
{
    if (draw(c, 4))
        return;
    world_kill_roompool(&c->w);
    world_run(&c->w, draw(c, 3) * S);
    world_start_roompool(&c->w);
    world_send_inventory(&c->w);
}

static void do_wait(chaos *c)
{
    static const int64_t times[] = {10 * MS, S, 10 * S, 70 * S};
    world_run(&c->w, times[draw(c, 4)]);
}

static void (*const STEP[])(chaos *c) = {
    do_join,         do_join,       do_media,        do_media,
    do_page_leave,   do_poll,       do_call,         do_call,
    do_report,       do_report,     do_keys,         do_session,
    do_session,      do_conference, do_act,          do_act,
    do_act,          do_act,        do_read_session, do_session_end,
    do_media_worker, do_media_mood, do_leg_report,   do_signaling_worker,
    do_media_ends,   do_media_ends, do_roompool,     do_wait,
    do_control,      do_control,    do_control,      do_settings,
    do_settings,     do_dial,       do_talk,         do_send_away,
    do_manage,       do_manage,     do_manage,       do_refer,
    do_refer,        do_recorded};

/* ---- clients of the conference API ---- */

static uint32_t some_user(chaos *c)
{
    return draw(c, c->n_users);
}

/* Whatever was made, or nothing at all. */
static const char *any_id(chaos *c)
{
    unsigned n = c->n_ids < IDS ? c->n_ids : IDS;
    return n == 0 || draw(c, 20) == 0
               ? "none"
               : c->ids[(c->n_ids - 1 - draw(c, n)) % IDS];
}

/* Mostly something that this user has a leg in, else whatever was made. */
static const char *some_id(chaos *c, uint32_t i)
{
    const char *mine[IDS];
    uint32_t n = 0;
    size_t cursor = 0;
    const pl_leg *leg;
    while ((leg = pl_map_next(world_pool(&c->w)->legs, &cursor, NULL)) != NULL)
        if (n < IDS && strcmp(leg->row.session_id, c->sess[i].session) == 0)
            mine[n++] = leg->part->row.resource_id[0]
                            ? leg->part->row.resource_id
                            : leg->part->row.conf_id;
    return n > 0 && draw(c, 6) ? mine[draw(c, n)] : any_id(c);
}

static void keep_id(chaos *c, const char *id)
{
    pl_fmt_cut(c->ids[c->n_ids++ % IDS], CONF_ID_SIZE, "%s", id);
}

static void client_logs_in(chaos *c)
{
    uint32_t i = some_user(c);
    answer a;
    if (c->has_sess[i])
        return;
    pl_fmt_cut(c->sess[i].token, 16, "u%u", ++c->n_tokens);
    c->has_sess[i] = !open_session(&c->w, USER_NAMES[i], c->sess[i].token, &a);
    if (c->has_sess[i])
        PUT(c->sess[i].session, a.body.session.session_id);
    c->cursor[i] = 0;
}

static void client_calls_as(chaos *c, uint32_t i)
{
    static const char *const who[] = {"alice", "bob", "sip:bob@localhost",
                                      "sip:x@example.net", "carol"};
    answer a;
    if (!c->has_sess[i] || c->w.sig.n_calls >= WORLD_CALLS - 2)
        return;
    if (!call_create(&c->w, &c->sess[i], who[draw(c, 5)], &a))
        keep_id(c, a.body.call_made.conf_id);
}

static void client_calls(chaos *c)
{
    client_calls_as(c, some_user(c));
}

static void client_hosts(chaos *c)
{
    uint32_t i = some_user(c);
    answer a;
    if (!c->has_sess[i] || create_conference(&c->w, &c->sess[i], &a))
        return;
    char conf[CONF_ID_SIZE];
    PUT(conf, a.body.conference.conf_id);
    keep_id(c, conf);
    if (c->w.sig.n_calls < WORLD_CALLS - 2)
        (void)invite(&c->w, c->sess[i].token, conf,
                     draw(c, 2) ? "bob" : "alice", &a);
}

static const char *some_mod(chaos *c, uint32_t i)
{
    switch (draw(c, 6)) {
    case 0: return NULL;
    case 1: return "wrong";
    default: return c->mod[i];
    }
}

/* Where the answer goes to a command that others overtake. */
static answer *later(chaos *c)
{
    answer *a = &c->late[c->n_late % LATE];
    if (c->n_late++ >= LATE)
        world_wait(&c->w, a);
    return a;
}

static void do_action(chaos *c, uint32_t i, pl_action action, const char *id)
{
    char copy[CONF_ID_SIZE];
    answer a;
    PUT(copy, id);
    const act what = {.action = action,
                      .conf = copy,
                      .sdp = draw(c, 8) ? "sdp" : NULL,
                      .mod = some_mod(c, i),
                      .target = some_id(c, i),
                      .resource = draw(c, 6) ? 0 : draw(c, 3)};
    if (draw(c, 3))
        (void)user_acts(&c->w, &c->sess[i], &what, &a);
    else
        user_begins(&c->w, &c->sess[i], &what, later(c));
}

static void client_acts(chaos *c)
{
    uint32_t i = some_user(c);
    if (c->has_sess[i])
        do_action(c, i, (pl_action)(1 + draw(c, 9)), some_id(c, i));
}

static void client_moves(chaos *c)
{
    uint32_t i = some_user(c);
    char id[CONF_ID_SIZE];
    if (!c->has_sess[i])
        return;
    PUT(id, some_id(c, i));
    do_action(c, i, draw(c, 2) ? PL_ACTION_HOLD_MOVE : PL_ACTION_MOVE, id);
    if (draw(c, 3) == 0)
        world_run(&c->w, draw(c, 2) ? 4900 * MS : 5100 * MS);
    if (draw(c, 3) == 0)
        (void)conference_leave(&c->w, c->sess[i].token, id);
}

static void client_deletes(chaos *c)
{
    uint32_t i = some_user(c);
    if (c->has_sess[i])
        (void)conference_leave(&c->w, c->sess[i].token, some_id(c, i));
}

/* What a client mostly does about an event. */
static void react(chaos *c, uint32_t i, const pl_event_item *ev)
{
    if (ev->kind == PL_EVENT_KIND_MOD_RECEIVED)
        PUT(c->mod[i], ev->mod_id);
    if (draw(c, 6) == 0)
        return;
    if (ev->kind == PL_EVENT_KIND_INVITATION_RECEIVED) {
        if (draw(c, 8))
            do_action(c, i, PL_ACTION_ANSWER, ev->conf_id);
        else
            (void)conference_leave(&c->w, c->sess[i].token, ev->conf_id);
    } else if (ev->kind == PL_EVENT_KIND_MOD_RECEIVED) {
        do_action(c, i, draw(c, 5) ? PL_ACTION_ACCEPT : PL_ACTION_REJECT,
                  ev->conf_id);
    }
}

static void client_reads(chaos *c)
{
    uint32_t i = some_user(c);
    answer a;
    for (int n = 0; c->has_sess[i] && n < 4; n++) {
        if (poll_session(&c->w, c->sess[i].session, c->sess[i].token, &a))
            return;
        react(c, i, &a.body.event);
        world_check(&c->w);
    }
}

/* By a cursor, now and then from further back. */
static void client_resumes(chaos *c)
{
    uint32_t i = some_user(c);
    pl_event_poll m = {.stream = PL_STREAM_SESSION, .wait_ms = 200};
    answer a;
    if (!c->has_sess[i])
        return;
    m.after_seq = draw(c, 3) ? c->cursor[i] : draw(c, 200);
    PUT(m.id, c->sess[i].session);
    AS_CLIENT(m, c->sess[i].token);
    PL_MSG_SET(EVENT_POLL, event_poll, &m, client_id);
    world_ask(&c->w, &PL_MSG_EVENT_POLL, &m, &a);
    if (a.error || a.desc != &PL_MSG_EVENT_ITEM)
        return;
    c->cursor[i] = a.body.event.seq;
    react(c, i, &a.body.event);
}

static void client_logs_out(chaos *c)
{
    uint32_t i = some_user(c);
    pl_session_delete m = {.present = 0};
    answer a;
    if (!c->has_sess[i] || draw(c, 3))
        return;
    AS_CLIENT(m, c->sess[i].token);
    if (draw(c, 2))
        world_ask(&c->w, &PL_MSG_SESSION_DELETE, &m, &a);
    else
        world_send(&c->w, c->w.api, &PL_MSG_SESSION_DELETE, &m, later(c));
    c->has_sess[i] = false;
}

/* Now and then something fails; mostly all is well again soon. */
static void do_disaster(chaos *c)
{
    static void (*const kinds[])(chaos * c) = {
        do_media_worker, do_media_ends,       do_media_mood, do_media_mood,
        do_leg_report,   do_signaling_worker, do_roompool,   do_roompool};
    if (draw(c, 2))
        kinds[draw(c, sizeof kinds / sizeof kinds[0])](c);
}

static void do_repair(chaos *c)
{
    for (uint32_t i = 0; i < 2; i++) {
        if (c->w.media[i].is_hung)
            world_wake_media(&c->w, i);
        if (!c->w.media[i].bus || c->w.media[i].life != PL_LIFE_READY) {
            world_kill_media(&c->w, i);
            world_start_media(&c->w, i);
        }
        media_is_well(&c->w.media[i]);
    }
    if (!c->w.sig.bus)
        world_start_signaling(&c->w);
    c->w.sig.refuse_offer = PL_OK;
}

/* Everybody reads all there is, and mostly does what is asked. */
static void all_read(chaos *c)
{
    answer a;
    for (uint32_t i = 0; i < c->n_users; i++)
        for (int n = 0; c->has_sess[i] && n < 8; n++) {
            if (poll_session(&c->w, c->sess[i].session, c->sess[i].token, &a))
                break;
            react(c, i, &a.body.event);
        }
}

static void phone_answers(chaos *c)
{
    const fake_call *call = c->w.sig.bus ? sig_started(&c->w) : NULL;
    char id[65];
    if (!call || call->is_ended)
        return;
    PUT(id, call->id);
    (void)phone_report(&c->w, id, PL_CALL_STATE_ANSWERED, 200, "sdp");
}

static void do_phone_mood(chaos *c)
{
    static const pl_err moods[] = {PL_OK, PL_OK, PL_EBUSY, PL_EMEDIA};
    c->w.sig.refuse_offer = moods[draw(c, 4)];
}

/* Two answered calls of a user, when there are as many. */
static bool find_two(chaos *c, uint32_t i, const char *ret_id[2])
{
    uint32_t n = 0;
    size_t cursor = 0;
    const pl_part *part;
    while ((part = pl_map_next(world_pool(&c->w)->parts, &cursor, NULL)) !=
           NULL) {
        if (n < 2 && part->row.state == PL_PART_STATE_ACTIVE &&
            part->conf->row.answered_at > 0 &&
            strcmp(part->row.session_id, c->sess[i].session) == 0)
            ret_id[n++] = part->row.resource_id[0] ? part->row.resource_id
                                                   : part->row.conf_id;
    }
    return n == 2;
}

/* In the middle of whatever goes on: calls are made until there are two. */
static void client_transfers(chaos *c)
{
    uint32_t i = some_user(c);
    const char *id[2];
    answer a;
    if (!c->has_sess[i])
        return;
    for (int n = 0; n < 3 && !find_two(c, i, id); n++) {
        client_calls_as(c, i);
        all_read(c);
        phone_answers(c);
    }
    if (!find_two(c, i, id))
        return;
    uint32_t first = draw(c, 2);
    const act what = {.action = PL_ACTION_TRANSFER,
                      .conf = id[first],
                      .target = id[1 - first]};
    (void)user_acts(&c->w, &c->sess[i], &what, &a);
}

static void (*const CLIENT_STEP[])(chaos *c) = {
    client_logs_in, client_logs_in,  client_calls,     client_calls,
    client_calls,   client_hosts,    client_acts,      client_acts,
    client_moves,   client_moves,    client_transfers, client_deletes,
    client_reads,   client_reads,    client_resumes,   all_read,
    all_read,       all_read,        all_read,         phone_answers,
    do_report,      client_logs_out, do_phone_mood,    do_disaster,
    do_disaster,    do_repair,       do_repair,        do_wait,
    do_refer,       do_refer};

static void check_database(world *w)
{
    const pl_pool *p = world_pool(w);
    world_run(w, 10 * MS);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM legs"),
                     pl_map_count(p->legs));
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"),
                     pl_map_count(p->calls));
    assert_int_equal(world_sql(w, "SELECT count(*) FROM participants"),
                     pl_map_count(p->parts));
    assert_int_equal(world_sql(w, "SELECT count(*) FROM conferences"),
                     pl_map_count(p->confs));
    assert_int_equal(world_sql(w, "SELECT count(*) FROM sessions"),
                     pl_map_count(p->sessions));
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM (SELECT max(seq) - min(seq) + 1 - "
                     "count(*) AS gap FROM events GROUP BY owner, owner_id) "
                     "WHERE gap <> 0"),
        0);
}

/* Every command has its answer, and no session waits for one. */
static void check_answered(chaos *c)
{
    const pl_pool *p = world_pool(&c->w);
    size_t cursor = 0;
    const pl_sess *sess;
    world_run(&c->w, 100 * S);
    for (unsigned i = 0; i < LATE && i < c->n_late; i++)
        assert_true(c->late[i].is_done);
    while ((sess = pl_map_next(p->sessions, &cursor, NULL)) != NULL)
        assert_int_equal(sess->n_commands, 0);
    assert_true(pl_list_is_empty(&p->ops));
}

static const fake_media *holder_of(world *w, const pl_conf *conf)
{
    for (unsigned i = 0; i < w->n_media; i++)
        if (w->media[i].bus &&
            strcmp(w->media[i].node, conf->row.media_node) == 0)
            return &w->media[i];
    return NULL;
}

/* All is settled: what media workers hold is what roompool gave them, in the
 * epoch of the conference, and nothing beside. */
static void check_places(world *w)
{
    const pl_pool *p = world_pool(w);
    for (unsigned i = 0; i < w->n_media; i++) {
        const fake_media *m = &w->media[i];
        for (size_t k = 0; m->bus && k < m->n_rooms; k++) {
            const pl_conf *conf = pl_map_find(p->confs, m->rooms[k].id);
            assert_non_null(conf);
            assert_ptr_equal(holder_of(w, conf), m);
            assert_int_equal(conf->row.epoch, m->rooms[k].epoch);
        }
        for (size_t k = 0; m->bus && k < m->n_legs; k++)
            if (!pl_map_find(p->legs, m->legs[k].id))
                fail_msg("%s has an orphan", m->node);
    }
    assert_int_equal(world_sql(w, "SELECT count(*) FROM conferences c "
                                  "WHERE state = 'live' AND media_node IS NOT "
                                  "NULL AND NOT EXISTS (SELECT 1 FROM "
                                  "placements p WHERE p.epoch = c.epoch AND "
                                  "p.conf_id = c.conf_id AND p.node = "
                                  "c.media_node)"),
                     0);
}

/* Everybody goes: in the end nothing is left but history. */
static void check_end(chaos *c)
{
    for (uint32_t i = 0; i < 2; i++)
        media_is_well(&c->w.media[i]);
    check_answered(c);
    check_places(&c->w);
    if (c->w.sig.bus)
        world_kill_signaling(&c->w);
    world_run(&c->w, INT64_C(5000) * S); /* tokens, sessions, leases expire */
    world_check(&c->w);
    check_database(&c->w);
    const pl_pool *p = world_pool(&c->w);
    assert_int_equal(pl_map_count(p->confs), 0);
    assert_int_equal(pl_map_count(p->parts), 0);
    assert_int_equal(pl_map_count(p->legs), 0);
    assert_int_equal(pl_map_count(p->calls), 0);
    assert_int_equal(pl_map_count(p->sessions), 0);
    assert_int_equal(world_sql(&c->w, "SELECT count(*) FROM events"), 0);
    assert_int_equal(p->n_polls, 0);
}

static void run_clients(uint64_t seed)
{
    static chaos c;
    memset(&c, 0, sizeof c);
    c.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 7;
    c.n_users = 2 + (uint32_t)(seed % 3);
    if (seed % 2)
        world_create_siblings(&c.w, 2);
    else
        world_create(&c.w, 2);
    for (int k = 0; k < 4; k++)
        client_logs_in(&c);
    for (int step = 0; step < CLIENT_STEPS; step++) {
        CLIENT_STEP[draw(&c, sizeof CLIENT_STEP / sizeof CLIENT_STEP[0])](&c);
        world_check(&c.w);
    }
    check_database(&c.w);
    check_end(&c);
    world_destroy(&c.w);
}

static void run_seed(uint64_t seed)
{
    static chaos c;
    memset(&c, 0, sizeof c);
    c.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    if (seed % 2)
        world_create_siblings(&c.w, 2);
    else
        world_create(&c.w, 2);
    for (int step = 0; step < STEPS; step++) {
        STEP[draw(&c, sizeof STEP / sizeof STEP[0])](&c);
        world_check(&c.w);
    }
    check_database(&c.w);
    check_end(&c);
    world_destroy(&c.w);
}

static void run_seeds(void (*run)(uint64_t seed), uint64_t n)
{
    const char *only = getenv("PL_SEED");
    uint64_t seed = 0;
    if (only) {
        assert_int_equal(pl_parse_u64(pl_slice_str(only), UINT32_MAX, &seed),
                         PL_OK);
        run(seed);
        return;
    }
    for (seed = 1; seed <= n; seed++) {
        print_message("seed %u\n", (unsigned)seed);
        run(seed);
    }
}

static void random_stories_keep_what_must_hold(void **state)
{
    (void)state;
    run_seeds(run_seed, SEEDS);
}

static void random_clients_keep_what_must_hold(void **state)
{
    (void)state;
    run_seeds(run_clients, CLIENT_SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_stories_keep_what_must_hold),
        cmocka_unit_test(random_clients_keep_what_must_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
