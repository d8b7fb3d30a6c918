/* test_registration_random.c - devices register, extend, leave, while the
 * registrar fails, signaling workers and roompool die: whatever comes, nothing
 * that must hold is broken, and once all is well every number is bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "device_client.h"
#include "fake_registrar.h"
#include "world.h"

enum { MS = 1000, S = 1000000, STEPS = 80, SEEDS = 8, IDS = 16, LATE = 64 };

typedef struct chaos {
    world w;
    fake_registrar r;
    uint64_t random;
    char ids[IDS][65];
    unsigned n_ids;
    answer late[LATE];
    unsigned n_late;
} chaos;

static const char *const NUMBERS[] = {"+4930555100", "+4930555101",
                                      "+4930777100", "+4930777101",
                                      "+4930777102", "+4930999000"};
static const device DEVICES[] = {{.id = DEVICE_1},
                                 {.id = DEVICE_2},
                                 {.id = DEVICE_1, .subject = "alice"},
                                 {.id = DEVICE_3, .subject = "alice"}};

static uint32_t draw(chaos *c, uint32_t n)
{
    c->random =
        c->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(c->random >> 33) % n;
}

static const device *some_device(chaos *c)
{
    return &DEVICES[draw(c, sizeof DEVICES / sizeof DEVICES[0])];
}

static const char *some_number(chaos *c)
{
    return NUMBERS[draw(c, sizeof NUMBERS / sizeof NUMBERS[0])];
}

static const char *some_id(chaos *c)
{
    unsigned n = c->n_ids < IDS ? c->n_ids : IDS;
    return n > 0 ? c->ids[draw(c, n)] : "none";
}

static int64_t some_life(chaos *c)
{
    static const int64_t lives[] = {0, 10, 60, 200, 900, 1000000};
    return lives[draw(c, 6)];
}

static void do_register(chaos *c)
{
    answer a;
    if (!device_registers(&c->w, some_device(c), some_number(c), some_life(c),
                          &a)) {
        pl_fmt_cut(c->ids[c->n_ids++ % IDS], 65, "%s",
                   a.body.registration.registration_id);
    }
}

/* Nobody waits for its answer. */
static void do_begin(chaos *c)
{
    if (c->n_late < LATE)
        device_begins(&c->w, some_device(c), some_number(c),
                      &c->late[c->n_late++]);
}

static void do_extend(chaos *c)
{
    (void)device_extends(&c->w, some_device(c), some_id(c), some_life(c), NULL);
}

static void do_delete(chaos *c)
{
    (void)device_deletes(&c->w, some_device(c), some_id(c));
}

static void do_list(chaos *c)
{
    char ids[16][65];
    unsigned n = device_lists(&c->w, some_device(c), ids);
    for (unsigned i = 1; i < n; i++)
        assert_true(strcmp(ids[i - 1], ids[i]) < 0);
}

static void do_wait(chaos *c)
{
    static const int64_t waits[] = {1, 5, 20, 60, 120, 400};
    world_run(&c->w, waits[draw(c, 6)] * S);
}

static void do_registrar_mood(chaos *c)
{
    static const uint32_t moods[] = {0, 0, 503, 403, 404};
    static const uint32_t grants[] = {0, 0, 60, 200, 1300};
    c->r.status = moods[draw(c, 5)];
    c->r.granted_s = grants[draw(c, 5)];
    c->r.is_silent = draw(c, 4) == 0;
}

static void do_signaling_worker(chaos *c)
{
    if (c->w.sig.bus) {
        world_kill_signaling(&c->w);
    } else {
        world_start_signaling(&c->w);
        registrar_start(&c->w, &c->r);
    }
}

static void do_roompool(chaos *c)
{
    world_kill_roompool(&c->w);
    world_run(&c->w, (int64_t)draw(c, 200) * S);
    world_start_roompool(&c->w);
    world_send_inventory(&c->w);
}

static void (*const STEP[])(chaos *c) = {
    do_register, do_register,       do_register,         do_begin,
    do_extend,   do_extend,         do_delete,           do_list,
    do_wait,     do_registrar_mood, do_signaling_worker, do_wait,
    do_wait,     do_roompool};

/* What is stored is what is known. */
static void check(chaos *c)
{
    const pl_regs *regs = world_pool(&c->w)->regs;
    world_check(&c->w);
    world_run(&c->w, 10 * MS);
    assert_int_equal(world_sql(&c->w, "SELECT count(*) FROM registrations "
                                      "WHERE state = 'registered'"),
                     regs->n_registered);
    assert_int_equal(world_metric(&c->w, PL_RM_registrations),
                     regs->n_registered);
}

static void check_bound(chaos *c)
{
    PL_LIST_EACH(node, &world_pool(&c->w)->regs->all)
    {
        const pl_reg *reg = PL_CONTAINER(node, pl_reg, link);
        bool is_bound = reg->row.mode == PL_LINE_MODE_TRUNK;
        assert_int_not_equal(reg->row.state, PL_REG_STATE_PENDING);
        for (size_t i = 0; i < c->r.n; i++)
            is_bound |= strcmp(c->r.bindings[i].contact, reg->row.contact) == 0;
        if (pl_reg_is_registered(reg) && !is_bound)
            fail_msg("%s is not bound", reg->row.number);
    }
}

static void repair(chaos *c)
{
    c->r.status = c->r.granted_s = 0;
    c->r.is_silent = false;
    if (!c->w.sig.bus)
        do_signaling_worker(c);
    world_run(&c->w, 200 * (int64_t)S);
    check(c);
}

static void run_story(uint64_t seed)
{
    static chaos c;
    c = (chaos){.random = seed};
    world_prepare(&c.w);
    c.w.config.registration_s = 600;
    c.w.config.registration_max_s = 1800;
    c.w.config.register_expires_s = 1300;
    world_create_at(&c.w, 1, NULL, NULL);
    registrar_start(&c.w, &c.r);
    for (int step = 0; step < STEPS; step++) {
        STEP[draw(&c, sizeof STEP / sizeof STEP[0])](&c);
        check(&c);
    }
    repair(&c);
    check_bound(&c);
    for (unsigned i = 0; i < c.n_late; i++)
        assert_true(c.late[i].is_done);
    /* All expire in the end. */
    world_run(&c.w, 2500 * (int64_t)S);
    check(&c);
    assert_int_equal(pl_map_count(world_pool(&c.w)->regs->by_id), 0);
    assert_true(pl_list_is_empty(&world_pool(&c.w)->ops));
    world_destroy(&c.w);
}

static void nothing_is_broken_whatever_comes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %u\n", (unsigned)seed);
        run_story(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_broken_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
