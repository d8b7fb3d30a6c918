/* test_outbox.c - messages wait, in order, as copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/outbox.h"

typedef struct seen {
    char log[64];
    char sdp[32];
    char to[PL_NODE_MAX + 1];
    uint64_t epoch;
} seen;

static void on_request(void *ctx, const pl_bus_send *how,
                       const pl_msg_desc *desc, const void *body, pl_op *op)
{
    seen *s = ctx;
    const pl_media_leg_create *m = body;
    assert_ptr_equal(desc, &PL_MSG_MEDIA_LEG_CREATE);
    assert_null(op);
    strncat(s->log, "q", 2);
    memcpy(s->sdp, m->sdp.ptr, m->sdp.len);
    memcpy(s->to, how->to, strlen(how->to) + 1);
    s->epoch = how->epoch;
}

static void on_reply(void *ctx, const pl_bus_ticket *ticket,
                     const pl_msg_desc *desc, const void *body)
{
    seen *s = ctx;
    (void)body;
    assert_ptr_equal(desc, &PL_MSG_OK_REPLY);
    assert_int_equal(ticket->corr, 7);
    strncat(s->log, "r", 2);
}

static void on_error(void *ctx, const pl_bus_ticket *ticket, pl_err e,
                     const char *text)
{
    seen *s = ctx;
    (void)ticket;
    assert_int_equal(e, PL_EBUSY);
    assert_string_equal(text, "wait");
    strncat(s->log, "e", 2);
}

static void fill(pl_outbox *o)
{
    char sdp[] = "v=0";
    char node[] = "media-1.x";
    pl_media_leg_create m = {.sdp = {(const uint8_t *)sdp, 3}};
    pl_ok ok = {.present = 0};
    pl_bus_send how = {.to = node, .epoch = 5};
    pl_bus_ticket ticket = {.corr = 7};
    assert_int_equal(
        pl_outbox_request(o, &how, &PL_MSG_MEDIA_LEG_CREATE, &m, NULL), PL_OK);
    assert_int_equal(pl_outbox_reply(o, &ticket, &PL_MSG_OK_REPLY, &ok), PL_OK);
    assert_int_equal(pl_outbox_reply_error(o, &ticket, PL_EBUSY, "wait"),
                     PL_OK);
    memset(sdp, 'x', 3); /* what was given may change now */
    memset(node, 'x', 5);
}

static void copies_leave_in_order(void **state)
{
    pl_outbox *o;
    seen s = {.epoch = 0};
    pl_port port = {.ctx = &s,
                    .request = on_request,
                    .reply = on_reply,
                    .reply_error = on_error};
    (void)state;
    assert_int_equal(pl_outbox_create(&o), PL_OK);
    assert_true(pl_outbox_is_empty(o));
    fill(o);
    assert_false(pl_outbox_is_empty(o));
    assert_string_equal(s.log, "");
    pl_outbox_send(o, &port);
    assert_string_equal(s.log, "qre");
    assert_string_equal(s.sdp, "v=0");
    assert_string_equal(s.to, "media-1.x");
    assert_int_equal(s.epoch, 5);
    assert_true(pl_outbox_is_empty(o));
    fill(o); /* and what never leaves is freed */
    pl_outbox_destroy(&o);
    pl_outbox_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_leave_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
