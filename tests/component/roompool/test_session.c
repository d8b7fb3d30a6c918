/* test_session.c - whom a session speaks for, who may open one, and how it
 * ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { S = 1000000 };

static world the_world;

static int setup(void **state)
{
    world_create(&the_world, 1);
    *state = &the_world;
    return 0;
}

static int teardown(void **state)
{
    world_destroy(*state);
    return 0;
}

/* How a token comes; NULL: none. */
typedef struct login {
    const char *client, *token, *subject, *user_id, *e911;
    uint32_t dialect, type;
    bool names_user;
} login;

static pl_err open_as(world *w, const login *l, answer *a)
{
    pl_session_create m = {.dialect = l->dialect ? l->dialect : PL_DIALECT_RTC1,
                           .user_type = l->type,
                           .names_user = l->names_user};
    PUT(m.client_id, l->client ? l->client : "client");
    PUT(m.token_hash, hash_of(l->token));
    PUT(m.subject, l->subject ? l->subject : "");
    PL_MSG_SET(SESSION_CREATE, session_create, &m, user_type);
    PL_MSG_SET(SESSION_CREATE, session_create, &m, names_user);
    if (l->user_id) {
        PUT(m.user_id, l->user_id);
        PL_MSG_SET(SESSION_CREATE, session_create, &m, user_id);
    }
    if (l->e911) {
        PUT(m.e911_id, l->e911);
        PL_MSG_SET(SESSION_CREATE, session_create, &m, e911_id);
    }
    world_ask(w, &PL_MSG_SESSION_CREATE, &m, a);
    return a->error;
}

static pl_err bind(world *w, const char *client, const char *token,
                   const char *user_id)
{
    pl_user_bind m = {.present = 0};
    answer a;
    PUT(m.client_id, client);
    PUT(m.token_hash, hash_of(token));
    PUT(m.user_id, user_id);
    world_ask(w, &PL_MSG_USER_BIND, &m, &a);
    return a.error;
}

static pl_err log_out(world *w, const char *client, const char *token)
{
    pl_session_delete m = {.present = 0};
    answer a;
    PUT(m.client_id, client);
    PUT(m.token_hash, hash_of(token));
    world_ask(w, &PL_MSG_SESSION_DELETE, &m, &a);
    return a.error;
}

static void emergency_addresses_follow_the_type(void **state)
{
    static const struct {
        const char *user_id, *e911;
        uint32_t type;
        pl_err e;
        const char *stored;
    } rows[] = {
        {"alice", NULL, 0, PL_OK, "account-id"},
        {"alice", "", 0, PL_OK, "account-id"},
        {"alice", "undefined", 0, PL_OK, "account-id"},
        {"alice", "a:b:c:d", 0, PL_EE911_UNWANTED, NULL},
        {"vtn:4255550100", "a:b:c:d", 0, PL_OK, "virtual-number"},
        {"vtn:4255550100", NULL, 0, PL_EE911_MISSING, NULL},
        {"vtn:4255550100", "", 0, PL_EE911_MISSING, NULL},
        {"vtn:4255550100", "undefined", 0, PL_EE911_MISSING, NULL},
        {"14255550100", "a:b:c:d", PL_USER_TYPE_MOBILE, PL_OK, "mobile-number"},
        {"14255550100", NULL, PL_USER_TYPE_MOBILE, PL_EE911_MISSING, NULL},
        /* What the name says is not outdone by a scope of account ids. */
        {"vtn:1", NULL, PL_USER_TYPE_ACCOUNT, PL_EE911_MISSING, NULL},
        {"vtn:", "a:b:c:d", 0, PL_EINVAL, NULL},
        {"vtn:hello", "a:b:c:d", 0, PL_EINVAL, NULL},
        {"tel: 14255550111", "a:b:c:d", 0, PL_EINVAL, NULL},
        {"hello", "a:b:c:d", PL_USER_TYPE_MOBILE, PL_EINVAL, NULL},
        {"a b", NULL, 0, PL_EINVAL, NULL},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        login l = {.token = "t",
                   .user_id = rows[i].user_id,
                   .e911 = rows[i].e911,
                   .type = rows[i].type};
        char sql[128];
        answer a;
        pl_err e = open_as(w, &l, &a);
        if (e != rows[i].e)
            fail_msg("row %zu: %s", i, pl_err_text(e));
        assert_int_equal(world_sql(w, "SELECT count(*) FROM sessions"), !e);
        if (e)
            continue;
        pl_fmt_cut(sql, sizeof sql,
                   "SELECT count(*) FROM sessions WHERE user_type = '%s'",
                   rows[i].stored);
        assert_int_equal(world_sql(w, sql), 1);
        assert_int_equal(log_out(w, "client", "t"), PL_OK);
    }
}

static pl_err refresh(world *w, const char *token, const char *e911)
{
    pl_session_refresh m = {.present = 0};
    answer a;
    AS_CLIENT(m, token);
    if (e911) {
        PUT(m.e911_id, e911);
        PL_MSG_SET(SESSION_REFRESH, session_refresh, &m, e911_id);
    }
    world_ask(w, &PL_MSG_SESSION_REFRESH, &m, &a);
    return a.error;
}

static void an_emergency_address_is_changed(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(open_as(w,
                             &(login){.token = "tv",
                                      .user_id = "vtn:4255550100",
                                      .e911 = "a:b:c:d"},
                             &a),
                     PL_OK);
    assert_int_equal(open_as(w, &(login){.token = "ta", .user_id = "al"}, &a),
                     PL_OK);
    assert_int_equal(refresh(w, "tv", NULL), PL_OK);
    assert_int_equal(refresh(w, "tv", "e:f:g:h"), PL_OK);
    assert_int_equal(refresh(w, "tv", ""), PL_EE911_MISSING);
    assert_int_equal(refresh(w, "ta", "a:b:c:d"), PL_EE911_UNWANTED);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM sessions WHERE "
                                  "e911_id = 'e:f:g:h'"),
                     1);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM sessions WHERE e911_id = ''"), 1);
}

static void a_session_needs_a_user(void **state)
{
    static const struct {
        login l;
        pl_err e;
        const char *user;
    } rows[] = {
        {{.token = "t1", .subject = "app"}, PL_EUNBOUND, NULL},
        {{.token = "t1", .subject = "app", .dialect = PL_DIALECT_BARE},
         PL_OK,
         "app"},
        {{.token = "t2", .subject = "bob", .names_user = true}, PL_OK, "bob"},
        {{.token = "t3", .subject = "app", .user_id = "carol"}, PL_OK, "carol"},
        {{.token = "t4", .subject = "app"}, PL_OK, "dave"}, /* bound below */
    };
    world *w = *state;
    assert_int_equal(bind(w, "client", "t4", "dave"), PL_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        answer a;
        assert_int_equal(open_as(w, &rows[i].l, &a), rows[i].e);
        if (!rows[i].e)
            assert_string_equal(a.body.session.user_id, rows[i].user);
    }
}

/* Front ends keep nothing of a session, and its client looks for what it made
 * by the path that its events will have. */
static void what_is_made_says_in_which_spelling_its_session_is(void **state)
{
    static const uint32_t dialects[] = {PL_DIALECT_RTC1, PL_DIALECT_BARE};
    static const char *const tokens[] = {"t1", "t2"};
    world *w = *state;
    user bob;
    user_opens(w, &bob, "bob", "tb");
    for (size_t i = 0; i < 2; i++) {
        login l = {
            .token = tokens[i], .user_id = "alice", .dialect = dialects[i]};
        user alice = {.token = ""};
        answer a;
        assert_int_equal(open_as(w, &l, &a), PL_OK);
        PUT(alice.token, l.token);
        PUT(alice.session, a.body.session.session_id);
        assert_int_equal(create_conference(w, &alice, &a), PL_OK);
        assert_int_equal(a.body.conference.dialect, dialects[i]);
        assert_int_equal(call_create(w, &alice, "bob", &a), PL_OK);
        assert_int_equal(a.body.call_made.dialect, dialects[i]);
    }
}

/* A user id belongs to the client that has sessions for it, all over the
 * installation; calls go across. */
static void nobody_speaks_for_the_user_of_another_client(void **state)
{
    world *w = *state;
    login theirs = {.client = "other", .token = "to", .user_id = "alice"};
    user alice;
    user eve = {.token = "te"};
    answer a;
    user_opens(w, &alice, "alice", "ta");
    assert_int_equal(open_as(w, &theirs, &a), PL_EFORBIDDEN);
    assert_int_equal(bind(w, "other", "to", "alice"), PL_EFORBIDDEN);
    assert_int_equal(bind(w, "client", "tx", "alice"), PL_OK);
    /* What they may: call her. */
    assert_int_equal(
        open_as(w, &(login){.client = "other", .token = "te", .user_id = "eve"},
                &a),
        PL_OK);
    PUT(eve.session, a.body.session.session_id);
    pl_direct_call_create m = {.sdp = pl_slice_str("x")};
    PUT(m.client_id, "other");
    PUT(m.token_hash, hash_of("te"));
    PUT(m.address, "sip:alice@localhost");
    world_ask(w, &PL_MSG_DIRECT_CALL_CREATE, &m, &a);
    assert_int_equal(a.error, PL_OK);
    user_is_called(w, &alice, a.body.call_made.conf_id);
    /* Once nobody speaks for her any more, they may. */
    assert_int_equal(log_out(w, "client", "ta"), PL_OK);
    assert_int_equal(open_as(w, &theirs, &a), PL_OK);
}

static void one_number_is_one_user(void **state)
{
    static const char *const spellings[] = {"vtn:4255550100", "vtn:14255550100",
                                            "vtn:+14255550100"};
    world *w = *state;
    answer a;
    assert_int_equal(
        open_as(
            w,
            &(login){.token = "ta", .user_id = spellings[0], .e911 = "a:b:c:d"},
            &a),
        PL_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(open_as(w,
                                 &(login){.client = "other",
                                          .token = "to",
                                          .user_id = spellings[i],
                                          .e911 = "a:b:c:d"},
                                 &a),
                         PL_EFORBIDDEN);
        assert_int_equal(bind(w, "other", "to", spellings[i]), PL_EFORBIDDEN);
    }
    assert_int_equal(open_as(w,
                             &(login){.client = "other",
                                      .token = "to",
                                      .user_id = "4255550100",
                                      .type = PL_USER_TYPE_MOBILE,
                                      .e911 = "a:b:c:d"},
                             &a),
                     PL_EFORBIDDEN);
    /* Digits as the name of an account are a name. */
    assert_int_equal(
        open_as(
            w,
            &(login){.client = "other", .token = "to", .user_id = "4255550100"},
            &a),
        PL_OK);
}

/* Whatever shows the address of a user is that user. */
static void nobody_shows_the_address_of_another(void **state)
{
    static const char *const spellings[] = {
        "sip:alice@localhost",       "alice@localhost",  "SIP:alice@LOCALHOST",
        "sip:%61lice@localhost;x=y", "tel:+14255550100", "tel:425-555-0100"};
    world *w = *state;
    user alice;
    answer a;
    user_opens(w, &alice, "alice", "ta");
    assert_int_equal(open_as(w,
                             &(login){.token = "tn",
                                      .user_id = "vtn:4255550100",
                                      .e911 = "a:b:c:d"},
                             &a),
                     PL_OK);
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        login l = {.client = "other", .token = "to", .user_id = spellings[i]};
        if (strncmp(spellings[i], "tel:", 4) == 0) {
            assert_int_equal(open_as(w, &l, &a), PL_EE911_MISSING);
            l.e911 = "a:b:c:d"; /* it is a number */
        }
        assert_int_equal(open_as(w, &l, &a), PL_EFORBIDDEN);
        assert_int_equal(bind(w, "other", "to", spellings[i]), PL_EFORBIDDEN);
    }
    /* Of another domain, or of no address at all. */
    static const char *const others[] = {"alice@example.com", "auth0|alice",
                                         "urn:alice"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        login l = {.client = "other", .token = "to", .user_id = others[i]};
        assert_int_equal(open_as(w, &l, &a), PL_OK);
        assert_int_equal(log_out(w, "other", "to"), PL_OK);
    }
}

/* A number rings its virtual or mobile user, however it is written. */
static void a_number_rings_its_user(void **state)
{
    static const char *const addresses[] = {
        "tel:+4255550100",  "tel:+14255550100",
        "tel:4255550100",   "sip:14255550100@icmn.api.att.net",
        "vtn:4255550100",   "sip:4255550100@ICMN.api.att.net",
        "tel:425-555-0100", "tel:+1(425)555.0100",
    };
    world *w = *state;
    user caller;
    user callee = {.token = "tm"};
    char call[CONF_ID_SIZE];
    answer a;
    user_opens(w, &caller, "alice", "ta");
    for (uint32_t type = 0; type < 2; type++) {
        login l = {.token = "tm",
                   .user_id = type ? "14255550100" : "vtn:4255550100",
                   .type = type ? PL_USER_TYPE_MOBILE : PL_USER_TYPE_UNKNOWN,
                   .e911 = "a:b:c:d"};
        assert_int_equal(open_as(w, &l, &a), PL_OK);
        PUT(callee.session, a.body.session.session_id);
        for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
            user_calls(w, &caller, addresses[i], call);
            user_is_called(w, &callee, call);
            assert_int_equal(
                call_delete(w, &callee, call, PL_DELETE_REASON_REJECT), PL_OK);
            user_is_out(w, &callee, "User busy");
            user_is_out(w, &caller, "User busy");
        }
        assert_null(sig_started(w));
        assert_int_equal(log_out(w, "client", "tm"), PL_OK);
    }
    /* Nobody has it any more: it is dialled. */
    user_calls(w, &caller, "tel:+4255550100", call);
    assert_non_null(sig_started(w));
}

/* By each of the ids that are one user, however it came. */
static void a_name_rings_its_user(void **state)
{
    static const char *const ids[] = {"bob", "bob@localhost",
                                      "sip:bob@localhost"};
    static const char *const addresses[] = {
        "bob", "bob@localhost", "sip:bob@localhost", "bob@LOCALHOST"};
    static const char *const nobody[] = {"@localhost", "bob@", "bob@else",
                                         "bob@localhost@localhost"};
    world *w = *state;
    user caller;
    user callee = {.token = "tb"};
    char call[CONF_ID_SIZE];
    answer a;
    user_opens(w, &caller, "alice", "ta");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        login l = {.token = "tb", .user_id = ids[i]};
        assert_int_equal(open_as(w, &l, &a), PL_OK);
        PUT(callee.session, a.body.session.session_id);
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(call_create(w, &caller, nobody[k], &a),
                             PL_ENOUSER);
            user_calls(w, &caller, addresses[k], call);
            user_is_called(w, &callee, call);
            assert_int_equal(
                call_delete(w, &callee, call, PL_DELETE_REASON_REJECT), PL_OK);
            user_is_out(w, &callee, "User busy");
            user_is_out(w, &caller, "User busy");
        }
        assert_int_equal(log_out(w, "client", "tb"), PL_OK);
    }
}

static void a_number_is_shown_by_its_user(void **state)
{
    static const struct {
        const char *user_id;
        uint32_t type;
        const char *from;
    } rows[] = {
        {"vtn:4255550100", 0, "tel:+4255550100"},
        {"+14255550100", PL_USER_TYPE_MOBILE,
         "sip:14255550100@icmn.api.att.net"},
    };
    world *w = *state;
    user bob;
    user_opens(w, &bob, "bob", "tb");
    for (size_t i = 0; i < 2; i++) {
        login l = {.token = "t",
                   .user_id = rows[i].user_id,
                   .type = rows[i].type,
                   .e911 = "a:b:c:d"};
        user u = {.token = "t"};
        answer a;
        answer ev;
        assert_int_equal(open_as(w, &l, &a), PL_OK);
        PUT(u.session, a.body.session.session_id);
        assert_int_equal(call_create(w, &u, "bob", &a), PL_OK);
        user_reads(w, &bob, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
        assert_string_equal(ev.body.event.from, rows[i].from);
        assert_int_equal(log_out(w, "client", "t"), PL_OK);
        user_is_out(w, &bob, "session closed");
    }
}

static void logging_out_frees_the_token_at_once(void **state)
{
    world *w = *state;
    login l = {.token = "t", .subject = "app"};
    answer a;
    assert_int_equal(bind(w, "client", "t", "alice"), PL_OK);
    assert_int_equal(open_as(w, &l, &a), PL_OK);
    assert_int_equal(open_as(w, &l, &a), PL_EEXIST);
    assert_int_equal(log_out(w, "client", "t"), PL_OK);
    assert_int_equal(log_out(w, "client", "t"), PL_ENOENT);
    assert_int_equal(open_as(w, &l, &a), PL_OK); /* still alice's */
    assert_string_equal(a.body.session.user_id, "alice");
}

static void a_user_has_so_many_sessions(void **state)
{
    world *w = *state;
    answer a;
    char token[16];
    for (uint32_t i = 0; i <= w->config.max_sessions_per_user; i++) {
        pl_fmt_cut(token, sizeof token, "t%u", i);
        assert_int_equal(open_session(w, "alice", token, &a),
                         i < w->config.max_sessions_per_user ? PL_OK
                                                             : PL_EFULL);
    }
    assert_int_equal(open_session(w, "bob", "tb", &a), PL_OK);
}

static void a_client_that_binds_without_end_leaves_others_theirs(void **state)
{
    world *w = *state;
    char token[16];
    w->config.max_sessions = 4;
    assert_int_equal(bind(w, "other", "to", "alice"), PL_OK);
    world_run(w, 2000);
    for (unsigned i = 0; i < 10; i++) {
        pl_fmt_cut(token, sizeof token, "t%u", i);
        assert_int_equal(bind(w, "greedy", token, "bob"), PL_OK);
        world_run(w, 2000);
    }
    assert_int_equal(world_sql(w, "SELECT count(*) FROM users"), 3);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM users WHERE "
                                  "client_id = 'other'"),
                     1);
}

static void another_token_of_the_client_is_told_so(void **state)
{
    world *w = *state;
    user alice;
    user bob;
    pl_session_delete m = {.present = 0};
    answer a;
    user_opens(w, &alice, "alice", "ta");
    user_opens(w, &bob, "bob", "tb");
    AS_CLIENT(m, "tb");
    PUT(m.session_id, alice.session);
    PL_MSG_SET(SESSION_DELETE, session_delete, &m, session_id);
    world_ask(w, &PL_MSG_SESSION_DELETE, &m, &a);
    assert_int_equal(a.error, PL_EOTHERTOKEN);
    PUT(m.client_id, "other");
    world_ask(w, &PL_MSG_SESSION_DELETE, &m, &a);
    assert_int_equal(a.error, PL_ENOENT);
}

/* Not "nothing": who reads is to know that it need not ask again. */
static void a_parked_poll_hears_that_the_session_has_ended(void **state)
{
    world *w = *state;
    user alice;
    answer parked;
    user_opens(w, &alice, "alice", "ta");
    poll_begin(w, alice.session, "ta", 5000, &parked);
    world_run(w, S);
    assert_false(parked.is_done);
    assert_int_equal(log_out(w, "client", "ta"), PL_OK);
    assert_true(parked.is_done);
    assert_int_equal(parked.error, PL_EGONE);
    assert_int_equal(world_pool(w)->n_polls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(emergency_addresses_follow_the_type),
        TEST(an_emergency_address_is_changed),
        TEST(a_session_needs_a_user),
        TEST(what_is_made_says_in_which_spelling_its_session_is),
        TEST(nobody_speaks_for_the_user_of_another_client),
        TEST(one_number_is_one_user),
        TEST(nobody_shows_the_address_of_another),
        TEST(a_number_rings_its_user),
        TEST(a_name_rings_its_user),
        TEST(a_number_is_shown_by_its_user),
        TEST(logging_out_frees_the_token_at_once),
        TEST(a_user_has_so_many_sessions),
        TEST(a_client_that_binds_without_end_leaves_others_theirs),
        TEST(another_token_of_the_client_is_told_so),
        TEST(a_parked_poll_hears_that_the_session_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
