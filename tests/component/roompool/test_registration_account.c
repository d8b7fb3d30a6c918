/* test_registration_account.c - numbers that are accounts of a registrar: they
 * are bound there, refreshed, moved to another worker, removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "device_client.h"
#include "fake_registrar.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

#define NUMBER "+4930777100"

static const device DEVICE = {.id = DEVICE_1};

typedef struct rig {
    world w;
    fake_registrar r;
} rig;

static void fresh(rig *g)
{
    g->r = (fake_registrar){.n = 0};
    world_create(&g->w, 1);
    registrar_start(&g->w, &g->r);
}

static void finish(rig *g)
{
    world_check(&g->w);
    world_destroy(&g->w);
}

static void run_s(rig *g, int64_t s)
{
    world_run(&g->w, s * S);
    world_check(&g->w);
}

static void registers(rig *g, char id[65])
{
    answer a;
    assert_int_equal(device_registers(&g->w, &DEVICE, NUMBER, 86400, &a), 0);
    pl_fmt_cut(id, 65, "%s", a.body.registration.registration_id);
}

/* The signaling worker goes and another one comes. */
static void change_worker(rig *g)
{
    world_kill_signaling(&g->w);
    world_run(&g->w, 2 * S);
    world_start_signaling(&g->w);
    registrar_start(&g->w, &g->r);
}

static const pl_reg *the_reg(rig *g)
{
    return pl_reg_of_number(world_pool(&g->w), NUMBER);
}

static void it_is_bound_before_it_is_told(void **state)
{
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    registers(&g, id);
    assert_string_equal(g.r.last.registrar, "sip:reg.test");
    assert_string_equal(g.r.last.aor, "sip:" NUMBER "@reg.test");
    assert_string_equal(g.r.last.auth_user, NUMBER);
    assert_string_equal(g.r.last.auth_secret, "secret");
    assert_int_equal(g.r.last.expires_s, 3600);
    assert_int_equal(g.r.last.cseq, 1);
    assert_string_equal(g.r.last.old_contact, "");
    assert_non_null(registrar_find(&g.r, NUMBER));
    const pl_reg *reg =
        pl_reg_of_contact(world_pool(&g.w), g.r.last.contact_user);
    assert_ptr_equal(reg, the_reg(&g));
    assert_string_equal(reg->row.service_route, "<sip:edge.test;lr>");
    assert_string_equal(reg->row.node, g.w.sig.node);
    assert_int_equal(reg->row.cseq, 2);
    /* The secret is nowhere. */
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM registrations WHERE "
                                     "registration_id || contact || node || "
                                     "sip_call_id || service_route LIKE "
                                     "'%secret%'"),
                     0);
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM v_registrations "
                                     "WHERE mode = 'account' AND bound_until "
                                     "IS NOT NULL"),
                     1);
    finish(&g);
}

static void the_network_says_no(void **state)
{
    static const struct {
        uint32_t status, fault;
    } ROWS[] = {
        {401, PL_DEVICE_FAULT_PERMISSION_DENIED},
        {403, PL_DEVICE_FAULT_PERMISSION_DENIED},
        {404, PL_DEVICE_FAULT_PERMISSION_DENIED},
        {407, PL_DEVICE_FAULT_PERMISSION_DENIED},
        {423, PL_DEVICE_FAULT_UNAVAILABLE},
        {408, PL_DEVICE_FAULT_UNAVAILABLE},
        {503, PL_DEVICE_FAULT_UNAVAILABLE},
        {603, PL_DEVICE_FAULT_UNAVAILABLE},
    };
    rig g;
    (void)state;
    fresh(&g);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        g.r.status = ROWS[i].status;
        assert_int_equal(device_registers(&g.w, &DEVICE, NUMBER, 0, NULL),
                         ROWS[i].fault);
        assert_null(the_reg(&g));
        world_check(&g.w);
    }
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM registrations WHERE "
                                     "end_reason = 'refused'"),
                     4);
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM registrations"), 4);
    g.r.status = 0;
    assert_int_equal(device_registers(&g.w, &DEVICE, NUMBER, 0, NULL), 0);
    assert_int_equal(world_metric(&g.w, PL_RM_registers_failed), 8);
    finish(&g);
}

static void a_network_that_is_silent_is_a_timeout(void **state)
{
    rig g;
    answer a;
    answer b;
    (void)state;
    fresh(&g);
    g.r.is_silent = true;
    device_begins(&g.w, &DEVICE, NUMBER, &a);
    world_run(&g.w, 1 * S);
    /* It is on its way: another one is too much, and nobody sees it. */
    assert_int_equal(device_registers(&g.w, &DEVICE, NUMBER, 0, &b),
                     PL_DEVICE_FAULT_ALREADY_EXISTS);
    assert_null(the_reg(&g));
    world_run(&g.w, 8 * S);
    assert_false(a.is_done);
    g.r.is_silent = false;
    world_run(&g.w, 2 * S);
    assert_true(a.is_done);
    assert_int_equal(device_fault(&a), PL_DEVICE_FAULT_TIMEOUT);
    /* The registrar may have it, or may get it yet: it is told to forget it. */
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM registrations WHERE "
                                     "end_reason = 'no answer'"),
                     1);
    assert_int_equal(g.r.n_removed, 1);
    assert_int_equal(g.r.last.expires_s, 0);
    assert_true(g.r.last.cseq > 5); /* than any that was used so far */
    run_s(&g, 40);
    assert_int_equal(g.r.n_removed, 2);
    run_s(&g, 300);
    assert_int_equal(g.r.n_removed, 2);
    assert_int_equal(pl_map_count(world_pool(&g.w)->regs->by_id), 0);
    finish(&g);
}

static void a_removal_is_tried_three_times(void **state)
{
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    registers(&g, id);
    g.r.status = 503;
    assert_int_equal(device_deletes(&g.w, &DEVICE, id), 0);
    run_s(&g, 60);
    assert_int_equal(g.r.n_removed, 3);
    finish(&g);
}

static void without_a_signaling_worker_it_is_unavailable(void **state)
{
    rig g;
    (void)state;
    fresh(&g);
    world_kill_signaling(&g.w);
    world_run(&g.w, 2 * S);
    assert_int_equal(device_registers(&g.w, &DEVICE, NUMBER, 0, NULL),
                     PL_DEVICE_FAULT_UNAVAILABLE);
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM registrations"), 0);
    finish(&g);
}

static void a_long_binding_is_refreshed_600_s_before_its_end(void **state)
{
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    registers(&g, id);
    run_s(&g, 2999);
    assert_int_equal(g.r.n_asked, 1);
    run_s(&g, 2);
    assert_int_equal(g.r.n_asked, 2);
    assert_int_equal(g.r.last.cseq, 3);
    assert_string_equal(g.r.last.old_contact, "");
    run_s(&g, 6000);
    assert_int_equal(g.r.n_asked, 4);
    assert_non_null(the_reg(&g));
    finish(&g);
}

static void a_short_one_at_half_of_its_time(void **state)
{
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    g.r.granted_s = 600;
    registers(&g, id);
    run_s(&g, 299);
    assert_int_equal(g.r.n_asked, 1);
    run_s(&g, 2);
    assert_int_equal(g.r.n_asked, 2);
    finish(&g);
}

static void a_refresh_that_fails_is_tried_again_until_it_is_over(void **state)
{
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    registers(&g, id);
    g.r.status = 503;
    run_s(&g, 3005);
    assert_int_equal(g.r.n_asked, 2);
    run_s(&g, 120);
    assert_in_range(g.r.n_asked, 4, 6);
    g.r.status = 0;
    run_s(&g, 61);
    unsigned n = g.r.n_asked;
    run_s(&g, 600);
    assert_int_equal(g.r.n_asked, n);
    g.r.status = 503;
    run_s(&g, 3500);
    assert_null(the_reg(&g));
    assert_int_equal(device_gets(&g.w, &DEVICE, id, NULL),
                     PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM v_registrations "
                                     "WHERE end_reason = "
                                     "'NETWORK_TERMINATED'"),
                     1);
    finish(&g);
}

static void retry_after_is_kept(void **state)
{
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    registers(&g, id);
    g.r.status = 503;
    g.r.retry_after_s = 200;
    run_s(&g, 3005);
    run_s(&g, 190);
    assert_int_equal(g.r.n_asked, 2);
    run_s(&g, 15);
    assert_int_equal(g.r.n_asked, 3);
    finish(&g);
}

static void a_refresh_that_is_refused_ends_it_at_once(void **state)
{
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    registers(&g, id);
    g.r.status = 404;
    run_s(&g, 3005);
    assert_null(the_reg(&g));
    assert_int_equal(world_metric(&g.w, PL_RM_registrations_over), 1);
    finish(&g);
}

static void an_application_extends_it_with_the_network(void **state)
{
    rig g;
    char id[65];
    answer a;
    (void)state;
    fresh(&g);
    registers(&g, id);
    /* The binding lasts longer than what is asked for: nobody is asked. */
    assert_int_equal(device_extends(&g.w, &DEVICE, id, 1000, &a), 0);
    assert_int_equal(g.r.n_asked, 1);
    run_s(&g, 500);
    assert_int_equal(device_extends(&g.w, &DEVICE, id, 4000, &a), 0);
    assert_int_equal(g.r.n_asked, 2);
    int64_t expires_ms = a.body.registration.expires_ms;
    g.r.status = 503;
    assert_int_equal(device_extends(&g.w, &DEVICE, id, 8000, NULL),
                     PL_DEVICE_FAULT_UNAVAILABLE);
    g.r.status = 0;
    g.r.is_silent = true;
    assert_int_equal(device_extends(&g.w, &DEVICE, id, 8000, NULL),
                     PL_DEVICE_FAULT_TIMEOUT);
    g.r.is_silent = false;
    assert_int_equal(device_gets(&g.w, &DEVICE, id, &a), 0);
    assert_int_equal(a.body.registration.expires_ms, expires_ms);
    g.r.status = 403;
    assert_int_equal(device_extends(&g.w, &DEVICE, id, 8000, NULL),
                     PL_DEVICE_FAULT_PERMISSION_DENIED);
    assert_null(the_reg(&g));
    finish(&g);
}

/* The registrar takes what it was silent about only after the removal. */
static void a_late_binding_is_removed_once_more(void **state)
{
    rig g;
    char id[65];
    answer a;
    (void)state;
    fresh(&g);
    registers(&g, id);
    run_s(&g, 600);
    g.r.is_silent = true;
    pl_registration_refresh m = {.present = 0};
    AS_DEVICE(REGISTRATION_REFRESH, registration_refresh, m, &DEVICE);
    PUT(m.registration_id, id);
    world_send(&g.w, g.w.api, &PL_MSG_REGISTRATION_REFRESH, &m, &a);
    world_run(&g.w, 1 * S);
    g.r.is_silent = false;
    assert_int_equal(device_deletes(&g.w, &DEVICE, id), 0);
    world_run(&g.w, 1 * S);
    assert_int_equal(g.r.n_removed, 1);
    run_s(&g, 40);
    assert_int_equal(g.r.n_removed, 2);
    assert_int_equal(device_fault(&a), PL_DEVICE_FAULT_TIMEOUT);
    run_s(&g, 100);
    assert_int_equal(g.r.n_removed, 2);
    finish(&g);
}

/* Contacts are where calls come in: they are spread. */
static void on_register_2(void *ctx, const pl_bus_in *in)
{
    const pl_sip_register *m = in->body;
    pl_sip_registered ok = {.expires_s = m->expires_s, .cseq = m->cseq};
    PUT(ok.contact, "sip:other@sig-2.test");
    pl_bus_reply(ctx, &in->ticket, &PL_MSG_SIP_REGISTERED, &ok);
}

static void workers_share_the_bindings(void **state)
{
    rig g;
    (void)state;
    fresh(&g);
    pl_bus *second = world_open_bus(&g.w, "sig-2.1", PL_ROLE_SIGNALING);
    assert_int_equal(
        pl_bus_handle(second, &PL_MSG_SIP_REGISTER, on_register_2, second), 0);
    world_say_hello(&g.w, second, "sig-2.1", PL_ROLE_SIGNALING);
    for (unsigned i = 0; i < 6; i++) {
        char number[17];
        pl_fmt_cut(number, sizeof number, "+493077710%u", i);
        assert_int_equal(device_registers(&g.w, &DEVICE, number, 0, NULL), 0);
    }
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM registrations WHERE "
                                     "node = 'sig-2.1'"),
                     3);
    pl_bus_close(&second);
    run_s(&g, 20);
    assert_int_equal(world_sql(&g.w, "SELECT count(*) FROM registrations WHERE "
                                     "node = 'sig-2.1'"),
                     0);
    assert_int_equal(g.r.n, 6);
    finish(&g);
}

static void deleting_removes_this_contact_only(void **state)
{
    static const device second = {.id = DEVICE_2};
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    registers(&g, id);
    assert_int_equal(device_registers(&g.w, &second, NUMBER, 0, NULL), 0);
    assert_int_equal(g.r.n, 2);
    assert_int_equal(device_deletes(&g.w, &DEVICE, id), 0);
    world_run(&g.w, 100 * MS);
    assert_int_equal(g.r.n_removed, 1);
    assert_non_null(registrar_find(&g.r, NUMBER));
    assert_string_equal(registrar_find(&g.r, NUMBER)->contact,
                        the_reg(&g)->row.contact);
    run_s(&g, 300);
    assert_int_equal(g.r.n_removed, 1);
    finish(&g);
}

static void expiry_removes_it_too(void **state)
{
    rig g;
    (void)state;
    fresh(&g);
    assert_int_equal(device_registers(&g.w, &DEVICE, NUMBER, 60, NULL), 0);
    run_s(&g, 61);
    assert_int_equal(g.r.n_removed, 1);
    assert_null(registrar_find(&g.r, NUMBER));
    finish(&g);
}

static void another_worker_takes_the_binding_over(void **state)
{
    rig g;
    char id[65];
    char contact[257];
    (void)state;
    fresh(&g);
    registers(&g, id);
    PUT(contact, registrar_find(&g.r, NUMBER)->contact);
    change_worker(&g);
    run_s(&g, 10);
    assert_int_equal(g.r.n_asked, 2);
    assert_string_equal(g.r.last.old_contact, contact);
    assert_non_null(registrar_find(&g.r, NUMBER));
    assert_string_equal(the_reg(&g)->row.node, g.w.sig.node);
    assert_string_equal(the_reg(&g)->row.contact,
                        registrar_find(&g.r, NUMBER)->contact);
    /* None for a while: it is taken over as soon as one is there. */
    world_kill_signaling(&g.w);
    run_s(&g, 100);
    world_start_signaling(&g.w);
    registrar_start(&g.w, &g.r);
    run_s(&g, 5);
    assert_int_equal(g.r.n_asked, 3);
    finish(&g);
}

static void a_restart_keeps_bindings(void **state)
{
    rig g;
    char id[65];
    (void)state;
    fresh(&g);
    registers(&g, id);
    world_kill_roompool(&g.w);
    world_run(&g.w, 2 * S);
    world_start_roompool(&g.w);
    world_send_inventory(&g.w);
    run_s(&g, 100);
    assert_int_equal(g.r.n_asked, 1);
    run_s(&g, 2900);
    assert_int_equal(g.r.n_asked, 2);
    assert_int_equal(device_gets(&g.w, &DEVICE, id, NULL), 0);
    /* Long away: the binding is over, and made again. */
    world_kill_roompool(&g.w);
    world_run(&g.w, 5000 * (int64_t)S);
    world_start_roompool(&g.w);
    world_send_inventory(&g.w);
    run_s(&g, 15);
    assert_int_equal(g.r.n_asked, 3);
    assert_non_null(the_reg(&g));
    finish(&g);
}

static void one_that_was_pending_is_undone_by_the_next_run(void **state)
{
    rig g;
    answer a;
    (void)state;
    fresh(&g);
    g.r.is_silent = true;
    device_begins(&g.w, &DEVICE, NUMBER, &a);
    world_run(&g.w, 1 * S);
    assert_int_equal(g.r.n_asked, 1);
    world_kill_roompool(&g.w);
    g.r.is_silent = false;
    world_start_roompool(&g.w);
    world_send_inventory(&g.w);
    run_s(&g, 10);
    assert_null(the_reg(&g));
    assert_int_equal(g.r.n_removed, 1);
    assert_true(g.r.last.cseq > 5);
    run_s(&g, 40);
    assert_int_equal(g.r.n_removed, 2);
    assert_int_equal(device_registers(&g.w, &DEVICE, NUMBER, 0, NULL), 0);
    world_run(&g.w, 60 * S);
    finish(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_bound_before_it_is_told),
        cmocka_unit_test(the_network_says_no),
        cmocka_unit_test(a_network_that_is_silent_is_a_timeout),
        cmocka_unit_test(a_removal_is_tried_three_times),
        cmocka_unit_test(without_a_signaling_worker_it_is_unavailable),
        cmocka_unit_test(a_long_binding_is_refreshed_600_s_before_its_end),
        cmocka_unit_test(a_short_one_at_half_of_its_time),
        cmocka_unit_test(a_refresh_that_fails_is_tried_again_until_it_is_over),
        cmocka_unit_test(retry_after_is_kept),
        cmocka_unit_test(a_refresh_that_is_refused_ends_it_at_once),
        cmocka_unit_test(an_application_extends_it_with_the_network),
        cmocka_unit_test(a_late_binding_is_removed_once_more),
        cmocka_unit_test(workers_share_the_bindings),
        cmocka_unit_test(deleting_removes_this_contact_only),
        cmocka_unit_test(expiry_removes_it_too),
        cmocka_unit_test(another_worker_takes_the_binding_over),
        cmocka_unit_test(a_restart_keeps_bindings),
        cmocka_unit_test(one_that_was_pending_is_undone_by_the_next_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
