/* test_access.c - every cell of tables/access.def is tried by a session of that
 * kind. Who has no seat gets, byte for byte, the answer for an id that does not
 * exist, and nothing changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/access.h"
#include "world.h"

enum { MS = 1000 };
static const char NO_SUCH_ID[] = "8e0e6a4c-0000-4000-8000-000000000000";

/* ---- the table, as the test reads it ---- */

typedef enum cell { YES, NO, NONE, GONE } cell;

#define ROW(kind, op, host, participant, tenant, stranger)                     \
    {PL_CONF_KIND_##kind,                                                      \
     PL_ACCESS_##op,                                                           \
     #kind " " #op,                                                            \
     {host, participant, tenant, stranger}},
static const struct row {
    uint32_t kind, op;
    const char *name;
    cell cells[PL_N_WHO];
} ROWS[] = {PL_ACCESS_TABLE(ROW)};

#define WHO_NAME(upper, lower) #lower,
static const char *const WHO[] = {PL_ACCESS_WHO(WHO_NAME)};

/* ---- the stage: one conference or call, four sessions ---- */

typedef struct actor {
    const char *client, *name, *token;
} actor;

static const actor ACTORS[PL_N_WHO] = {
    [PL_WHO_HOST] = {"client", "alice", "th"},
    [PL_WHO_PARTICIPANT] = {"client", "bob", "tp"},
    [PL_WHO_TENANT] = {"client", "tim", "tt"},
    [PL_WHO_STRANGER] = {"other-client", "sue", "ts"},
};

typedef struct stage {
    world w;
    user users[PL_N_WHO];
    char conf[CONF_ID_SIZE];
} stage;

static void log_in(stage *s, pl_who who)
{
    const actor *me = &ACTORS[who];
    pl_session_create m = {.dialect = PL_DIALECT_RTC1};
    answer a;
    PUT(m.client_id, me->client);
    PUT(m.token_hash, hash_of(me->token));
    PUT(m.user_id, me->name);
    PL_MSG_SET(SESSION_CREATE, session_create, &m, user_id);
    world_ask(&s->w, &PL_MSG_SESSION_CREATE, &m, &a);
    assert_int_equal(a.error, PL_OK);
    PUT(s->users[who].token, me->token);
    PUT(s->users[who].session, a.body.session.session_id);
}

static void set_up(stage *s, uint32_t kind)
{
    const user *host = &s->users[PL_WHO_HOST];
    const user *guest = &s->users[PL_WHO_PARTICIPANT];
    answer ev;
    world_create(&s->w, 1);
    for (int who = 0; who < PL_N_WHO; who++)
        log_in(s, (pl_who)who);
    if (kind == PL_CONF_KIND_API) {
        user_hosts(&s->w, host, s->conf);
        user_joins(&s->w, host, s->conf, "bob", guest);
    } else {
        user_calls(&s->w, host, "bob", s->conf);
        user_is_called(&s->w, guest, s->conf);
        user_answers(&s->w, guest, s->conf);
        user_reads(&s->w, host, PL_EVENT_KIND_SESSION_OPEN, &ev);
    }
}

/* ---- one attempt ---- */

#define AS(m, who, conf)                                                       \
    do {                                                                       \
        PUT((m).client_id, ACTORS[who].client);                                \
        PUT((m).token_hash, hash_of(ACTORS[who].token));                       \
        PUT((m).conf_id, (conf));                                              \
    } while (0)

static void act_on(stage *s, pl_who who, uint32_t op, const char *conf,
                   answer *a)
{
    pl_conference_action m = {.action = op, .sdp = pl_slice_str("x")};
    AS(m, who, conf);
    PL_MSG_SET(CONFERENCE_ACTION, conference_action, &m, sdp);
    world_ask(&s->w, &PL_MSG_CONFERENCE_ACTION, &m, a);
}

static void take_out(stage *s, pl_who who, const char *conf, answer *a)
{
    pl_conference_delete m = {.reason = PL_DELETE_REASON_TERMINATE};
    AS(m, who, conf);
    world_ask(&s->w, &PL_MSG_CONFERENCE_DELETE, &m, a);
}

static void change(stage *s, pl_who who, uint32_t op, const char *conf,
                   answer *a)
{
    pl_participant_invite m = {.present = 0};
    pl_participant_remove r = {.present = 0};
    AS(m, who, conf);
    AS(r, who, conf);
    PUT(m.address, "sip:carol@example.net");
    PUT(r.address, "bob");
    world_ask(&s->w,
              op == PL_ACCESS_INVITE ? &PL_MSG_PARTICIPANT_INVITE
                                     : &PL_MSG_PARTICIPANT_REMOVE,
              op == PL_ACCESS_INVITE ? (const void *)&m : &r, a);
}

static void attempt(stage *s, pl_who who, uint32_t op, const char *conf,
                    answer *a)
{
    if (op == PL_ACCESS_DELETE)
        take_out(s, who, conf, a);
    else if (op == PL_ACCESS_INVITE || op == PL_ACCESS_REMOVE)
        change(s, who, op, conf, a);
    else
        act_on(s, who, op, conf, a);
    world_run(&s->w, 50 * MS);
}

/* ---- what must come of it ---- */

static bool is_may(pl_err e)
{
    return e != PL_EFORBIDDEN && e != PL_EGONE && e != PL_ENOENT &&
           e != PL_EOTHERTOKEN && e != PL_EUNSUPPORTED;
}

static bool is_right(cell want, pl_err e)
{
    switch (want) {
    case YES: return is_may(e);
    case NO: return e == PL_EFORBIDDEN;
    case NONE: return e == PL_EUNSUPPORTED;
    case GONE: return e == PL_EGONE;
    }
    return false;
}

static void nothing_changed(stage *s)
{
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants WHERE "
                                      "state = 'active' AND NOT on_hold"),
                     2);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants"), 2);
    for (int who = 0; who < PL_N_WHO; who++)
        user_reads_nothing(&s->w, &s->users[who]);
}

static void try_cell(const struct row *row, pl_who who)
{
    static stage s;
    answer a;
    answer unknown;
    cell want = row->cells[who];
    set_up(&s, row->kind);
    attempt(&s, who, row->op, NO_SUCH_ID, &unknown);
    assert_int_equal(unknown.error, PL_EGONE);
    attempt(&s, who, row->op, s.conf, &a);
    if (!is_right(want, a.error))
        fail_msg("%s by %s: %s", row->name, WHO[who], pl_err_text(a.error));
    if (want == GONE)
        assert_memory_equal(&a.refusal, &unknown.refusal, sizeof a.refusal);
    if (want != YES)
        nothing_changed(&s);
    world_check(&s.w);
    world_destroy(&s.w);
}

static void every_cell_of_the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        for (int who = 0; who < PL_N_WHO; who++)
            try_cell(&ROWS[i], (pl_who)who);
}

/* Every operation of both kinds is listed, each once. */
static void the_table_is_complete(void **state)
{
    static const uint32_t kinds[] = {PL_CONF_KIND_API, PL_CONF_KIND_CALL};
    static const uint32_t others[] = {PL_ACCESS_DELETE, PL_ACCESS_INVITE,
                                      PL_ACCESS_REMOVE};
    enum { LAST_ACTION = PL_ACTION_TRANSFER };
    size_t n = sizeof ROWS / sizeof ROWS[0];
    (void)state;
    assert_int_equal(n, 2 * (LAST_ACTION + 3));
    assert_int_equal(pl_action_of(LAST_ACTION + 1), PL_ACTION_UNKNOWN);
    for (size_t k = 0; k < 2; k++)
        for (uint32_t op = 1; op <= LAST_ACTION + 3; op++) {
            size_t found = 0;
            for (size_t i = 0; i < n; i++)
                found +=
                    ROWS[i].kind == kinds[k] &&
                    ROWS[i].op ==
                        (op <= LAST_ACTION ? op : others[op - LAST_ACTION - 1]);
            assert_int_equal(found, 1);
        }
}

/* A room's conference has no seats for sessions, whatever its id. */
static void a_room_cannot_be_driven(void **state)
{
    static stage s;
    answer joined;
    answer media;
    answer a;
    (void)state;
    set_up(&s, PL_CONF_KIND_API);
    page_joins(&s.w, "lobby", "page", &joined, &media);
    size_t cursor = 0;
    const pl_conf *conf;
    while ((conf = pl_map_next(world_pool(&s.w)->confs, &cursor, NULL)) != NULL)
        if (conf->row.kind == PL_CONF_KIND_ROOM)
            for (uint32_t op = 1; op <= PL_ACCESS_REMOVE; op++) {
                if (op == PL_ACTION_TRANSFER + 1)
                    op = PL_ACCESS_DELETE;
                attempt(&s, PL_WHO_HOST, op, conf->row.conf_id, &a);
                assert_int_equal(a.error, PL_EGONE);
            }
    world_destroy(&s.w);
}

/* Somebody who left or was rejected may repeat DELETE and nothing else. */
static void who_left_can_do_nothing(void **state)
{
    static stage s;
    answer a;
    (void)state;
    set_up(&s, PL_CONF_KIND_API);
    attempt(&s, PL_WHO_PARTICIPANT, PL_ACCESS_DELETE, s.conf, &a);
    assert_int_equal(a.error, PL_OK);
    for (uint32_t op = 1; op <= PL_ACTION_TRANSFER; op++) {
        if (op == PL_ACTION_MOVE)
            continue;
        attempt(&s, PL_WHO_PARTICIPANT, op, s.conf, &a);
        assert_int_equal(a.error, PL_EGONE);
    }
    attempt(&s, PL_WHO_PARTICIPANT, PL_ACCESS_DELETE, s.conf, &a);
    assert_int_equal(a.error, PL_OK);
    world_destroy(&s.w);
}

static void a_session_obeys_its_own_token_only(void **state)
{
    static stage s;
    answer a;
    (void)state;
    set_up(&s, PL_CONF_KIND_CALL);
    for (int who = PL_WHO_PARTICIPANT; who < PL_N_WHO; who++) {
        pl_conference_delete m = {.reason = PL_DELETE_REASON_TERMINATE};
        AS(m, who, s.conf);
        PUT(m.session_id, s.users[PL_WHO_HOST].session);
        PL_MSG_SET(CONFERENCE_DELETE, conference_delete, &m, session_id);
        world_ask(&s.w, &PL_MSG_CONFERENCE_DELETE, &m, &a);
        assert_int_equal(a.error,
                         who == PL_WHO_STRANGER ? PL_ENOENT : PL_EOTHERTOKEN);
    }
    nothing_changed(&s);
    world_destroy(&s.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_table_holds),
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(a_room_cannot_be_driven),
        cmocka_unit_test(who_left_can_do_nothing),
        cmocka_unit_test(a_session_obeys_its_own_token_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
