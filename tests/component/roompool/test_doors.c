/* test_doors.c - who comes into which room by which PIN, in which role, and
 * what is said first to who does not: every row, by page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mgmt_client.h"
#include "world.h"

enum { ROOM = PL_MGMT_RESOURCE_CONFERENCE, S = 1000000 };
enum { HOST = PL_PART_ROLE_HOST, GUEST = PL_PART_ROLE_GUEST };
#define ALIAS(name) "'aliases':[{'alias':'" name "'}]"

static int setup(void **state)
{
    static world w;
    world_create(&w, 1);
    (void)mgmt_makes(&w, ROOM, "{'name':'open'," ALIAS("open") "}");
    (void)mgmt_makes(&w, ROOM, "{'name':'one','pin':'1234'," ALIAS("one") "}");
    (void)mgmt_makes(
        &w, ROOM,
        "{'name':'half','pin':'1234','allow_guests':true," ALIAS("half") "}");
    (void)mgmt_makes(&w, ROOM,
                     "{'name':'both','pin':'1234','guest_pin':'4321',"
                     "'allow_guests':true," ALIAS("both") "}");
    (void)mgmt_makes(
        &w, ROOM,
        "{'name':'tiny','pin':'1234','participant_limit':1," ALIAS("tiny") "}");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    world_check(w);
    world_destroy(w);
    return 0;
}

typedef struct row {
    const char *alias, *pin; /* pin NULL: none is sent */
    pl_err e;
    uint32_t role;    /* with PL_OK */
    const char *text; /* with PL_EPIN_REQUIRED */
} row;

static void try_row(world *w, const row *r)
{
    static unsigned n;
    char token[16];
    answer a;
    pl_fmt_cut(token, sizeof token, "t%u", n++);
    pl_err e = join_room(w, r->alias, r->pin, token, &a);
    if (e != r->e)
        print_error("%s with %s\n", r->alias, r->pin ? r->pin : "(none)");
    assert_int_equal(e, r->e);
    if (e == PL_EPIN_REQUIRED)
        assert_string_equal(a.refusal.text, r->text);
    if (e)
        return;
    assert_int_equal(a.body.joined.role, r->role);
    assert_int_equal(page_leaves(w, &a, token), PL_OK);
}

static void every_door_and_every_pin(void **state)
{
    static const row rows[] = {
        {"nowhere", NULL, PL_ENOENT, 0, NULL},
        {"nowhere", "1234", PL_ENOENT, 0, NULL},
        /* no PINs: everybody is a host, whatever is sent */
        {"open", NULL, PL_OK, HOST, NULL},
        {"open", "none", PL_OK, HOST, NULL},
        {"open", "9999", PL_OK, HOST, NULL},
        /* one PIN, no guests: nobody is told that guests need none */
        {"one", NULL, PL_EPIN_REQUIRED, 0, ""},
        {"one", "none", PL_EPIN_REQUIRED, 0, ""},
        {"one", "1234", PL_OK, HOST, NULL},
        {"one", "4321", PL_EPIN_INVALID, 0, NULL},
        /* hosts have one, guests come without */
        {"half", NULL, PL_EPIN_REQUIRED, 0, "guest_pin=none"},
        {"half", "none", PL_OK, GUEST, NULL},
        {"half", "1234", PL_OK, HOST, NULL},
        {"half", "4321", PL_EPIN_INVALID, 0, NULL},
        /* both have one */
        {"both", NULL, PL_EPIN_REQUIRED, 0, ""},
        {"both", "none", PL_EPIN_REQUIRED, 0, ""},
        {"both", "1234", PL_OK, HOST, NULL},
        {"both", "4321", PL_OK, GUEST, NULL},
        {"both", "12345", PL_EPIN_INVALID, 0, NULL},
        {"both", "123", PL_EPIN_INVALID, 0, NULL},
        /* any case of the alias */
        {"BOTH", "4321", PL_OK, GUEST, NULL},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        try_row(w, &rows[i]);
}

/* By its name too; an alias of another room goes before. */
static void a_room_is_joined_by_its_name(void **state)
{
    world *w = *state;
    uint64_t id = mgmt_makes(w, ROOM, "{'name':'Front Desk','pin':'4471'}");
    try_row(w, &(row){"front desk", "4471", PL_OK, HOST, NULL});
    try_row(w, &(row){"Front Desk", "1111", PL_EPIN_INVALID, 0, NULL});
    try_row(w, &(row){"front", "4471", PL_ENOENT, 0, NULL});
    (void)mgmt_makes(w, ROOM, "{'name':'other','pin':'9999'," ALIAS("x") "}");
    (void)mgmt_makes(w, ROOM, "{'name':'X','pin':'8888'}");
    try_row(w, &(row){"X", "9999", PL_OK, HOST, NULL});
    try_row(w, &(row){"X", "8888", PL_EPIN_INVALID, 0, NULL});
    mgmt_changes(w, ROOM, id, "{'name':'Back Desk'}");
    try_row(w, &(row){"Front Desk", "4471", PL_ENOENT, 0, NULL});
    try_row(w, &(row){"Back Desk", "4471", PL_OK, HOST, NULL});
    assert_int_equal(mgmt_removes(w, ROOM, id), PL_OK);
    try_row(w, &(row){"Back Desk", "4471", PL_ENOENT, 0, NULL});
}

/* Who has no PIN does not learn that a room is full. */
static void the_pin_is_judged_before_the_room(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(join_room(w, "tiny", "1234", "in", &a), PL_OK);
    try_row(w, &(row){"tiny", NULL, PL_EPIN_REQUIRED, 0, ""});
    try_row(w, &(row){"tiny", "0000", PL_EPIN_INVALID, 0, NULL});
    try_row(w, &(row){"tiny", "1234", PL_EFULL, 0, NULL});
}

/* Many guess at one room: who gave its PIN before comes in; others wait, also
 * with the right one; other rooms notice nothing. */
static void guesses_lock_no_honest_guest_out(void **state)
{
    world *w = *state;
    answer a;
    char token[16];
    char source[32];
    assert_int_equal(join_room_from(w, "both", "4321", "old", "192.0.2.1", &a),
                     PL_OK);
    for (unsigned i = 0; i < 60; i++) {
        pl_fmt_cut(token, sizeof token, "g%u", i);
        pl_fmt_cut(source, sizeof source, "198.51.100.%u", i / 3);
        assert_int_equal(join_room_from(w, "both", "0000", token, source, &a),
                         i < 20 ? PL_EPIN_INVALID : PL_ENOENT);
    }
    assert_int_equal(
        join_room_from(w, "both", "4321", "new", "203.0.113.1", &a), PL_ENOENT);
    assert_int_equal(join_room_from(w, "both", NULL, "new", "203.0.113.1", &a),
                     PL_ENOENT);
    assert_int_equal(join_room_from(w, "both", "4321", "old2", "192.0.2.1", &a),
                     PL_OK);
    assert_int_equal(
        join_room_from(w, "one", "1234", "else", "203.0.113.1", &a), PL_OK);
    world_run(w, (int64_t)700 * S);
    assert_int_equal(
        join_room_from(w, "both", "4321", "new2", "203.0.113.1", &a), PL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_door_and_every_pin, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_room_is_joined_by_its_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_pin_is_judged_before_the_room,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(guesses_lock_no_honest_guest_out, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("doors", tests, NULL, NULL);
}
