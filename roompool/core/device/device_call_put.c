/* device_call_put.c - what applications ask for in a call: its status, its
 * end. */
#include <string.h>

#include "conference.h"
#include "device/device_call_impl.h"
#include "leg.h"
#include "participant.h"

enum {
    SIP_RINGING = 180,
    SIP_FORWARDED = 181,
    SIP_QUEUED = 182,
    SIP_PROGRESS = 183,
};

static const char BAD_STATE[] = "The status cannot be asked for in this state.";
static const char NO_ANSWER_SDP[] = "An answer is needed.";
static const char OTHER_SDP[] = "The answer is not the one given before.";
static const char NO_MEDIA[] = "The description has no usable media.";
static const char OVER[] = "The call is over.";
static const char TAKEN[] = "The call is being answered elsewhere.";

/* ---- a device that rings ---- */

static uint32_t code_of(uint32_t status)
{
    static const struct {
        uint32_t status, sip_status;
    } codes[] = {
        {PL_MEDIA_STATUS_IN_PROGRESS, SIP_PROGRESS},
        {PL_MEDIA_STATUS_RINGING, SIP_RINGING},
        {PL_MEDIA_STATUS_WAITING, SIP_QUEUED},
        {PL_MEDIA_STATUS_PROCEEDING, SIP_FORWARDED},
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].status == status)
            return codes[i].sip_status;
    }
    return SIP_RINGING;
}

/* Its answer is there, or none is needed: what it asked for happens. */
static bool proceed(pl_pool *pool, pl_devcall *dc, uint32_t status,
                    bool is_first_answer)
{
    const pl_conf *conf = pl_devcall_conf(pool, dc);
    pl_device_heard(pool, dc);
    if (status == PL_MEDIA_STATUS_CONNECTED) {
        if (!pl_device_takes(pool, dc))
            return false;
    } else {
        dc->has_rung = dc->has_rung || status == PL_MEDIA_STATUS_RINGING;
        dc->row.status = status;
        pl_devcall_save(pool, dc);
        if (conf)
            pl_device_respond(pool, conf, code_of(status), is_first_answer);
    }
    if (pool->config->device_echo)
        pl_devcall_tell(pool, dc, status, "", PL_TELL_OFFER | PL_TELL_ANSWER);
    return true;
}

static void answer_applied(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_media_leg_sdp *sdp)
{
    pl_devcall *dc = pl_devcall_find(pool, op->sess);
    pl_part *seat = dc ? pl_devcall_seat(pool, dc) : NULL;
    (void)sdp;
    if (e && seat && strcmp(seat->answering, op->leg) == 0)
        seat->answering[0] = '\0';
    if (!dc || pl_devcall_is_over(dc) || dc->row.is_hidden) {
        pl_device_refuse(pool, &op->ticket, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         OVER);
    } else if (e == PL_EMEDIA) {
        pl_device_refuse(pool, &op->ticket, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         NO_MEDIA);
    } else if (e) {
        pl_device_refuse_later(pool, &op->ticket, PL_DEVICE_FAULT_UNAVAILABLE,
                               "The media is not there just now.", 1);
    } else {
        pl_devcall_put(pool, &dc->row.answer, (pl_slice){op->sdp, op->sdp_len});
        if (proceed(pool, dc, op->action, true)) {
            pl_devcall_reply(pool, &op->ticket, dc, op->action);
        } else {
            pl_device_refuse(pool, &op->ticket,
                             PL_DEVICE_FAULT_INVALID_ARGUMENT, OVER);
        }
    }
    pl_op_destroy(&op);
}

static const char *apply_answer(const pl_devput *put, pl_slice answer)
{
    pl_leg *leg = pl_devcall_leg(put->pool, put->dc);
    pl_op *op = leg ? pl_op_create(put->pool, NULL) : NULL;
    if (!op)
        return BAD_STATE;
    op->next = answer_applied;
    op->ticket = put->in->ticket;
    op->has_ticket = true;
    op->action = put->m->status;
    PL_SET(op->sess, put->dc->row.media_session_id);
    if (pl_op_keep(op, answer)) {
        pl_op_destroy(&op);
        return BAD_STATE;
    }
    pl_part *seat = leg->part;
    char leg_id[PL_ID_MAX + 1];
    PL_SET(leg_id, leg->row.leg_id);
    if (pl_leg_remote(put->pool, leg, answer, PL_SDP_TYPE_ANSWER, op))
        return "An earlier answer is just being applied.";
    if (put->m->status == PL_MEDIA_STATUS_CONNECTED)
        PL_SET(seat->answering, leg_id);
    return NULL;
}

static bool contains(pl_slice text, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= text.len; i++) {
        if (memcmp(text.ptr + i, part, n) == 0)
            return true;
    }
    return false;
}

/* One published diagram has the answer of who is called in the offer. */
static pl_slice answer_of(const pl_media_session_put *m)
{
    if (m->answer.len > 0)
        return m->answer;
    if (contains(m->offer, "a=setup:active") ||
        contains(m->offer, "a=setup:passive"))
        return m->offer;
    return (pl_slice){NULL, 0};
}

static const char *put_ringing(const pl_devput *put)
{
    pl_devcall *dc = put->dc;
    uint32_t status = put->m->status;
    pl_slice answer = answer_of(put->m);
    bool needs_answer = status == PL_MEDIA_STATUS_IN_PROGRESS ||
                        status == PL_MEDIA_STATUS_CONNECTED;
    const pl_part *seat = pl_devcall_seat(put->pool, dc);
    if (!seat || (status == PL_MEDIA_STATUS_CONNECTED && seat->answering[0]))
        return TAKEN;
    if (put->m->offer.len > 0 && answer.len == 0 &&
        !pl_slice_eq(put->m->offer, dc->row.offer))
        return "The side that is called gives no offer.";
    if (dc->row.answer.len == 0)
        return answer.len > 0 ? apply_answer(put, answer)
               : needs_answer ? NO_ANSWER_SDP
                              : pl_devput_reply(put);
    if (answer.len > 0 && !pl_device_is_trickle(dc->row.answer, answer))
        return OTHER_SDP;
    return pl_devput_reply(put);
}

static const char *put_declines(const pl_devput *put)
{
    pl_device_declines(put->pool, put->dc,
                       put->m->status == PL_MEDIA_STATUS_TERMINATED
                           ? PL_MEDIA_STATUS_DECLINED
                           : put->m->status,
                       "by the device");
    pl_devcall_reply(put->pool, &put->in->ticket, put->dc, put->m->status);
    return NULL;
}

/* ---- hanging up ---- */

static void hang_up(pl_pool *pool, pl_devcall *dc)
{
    pl_part *seat = pl_devcall_seat(pool, dc);
    bool is_setup = pl_devcall_is_setup(dc);
    if (is_setup && !pl_devcall_calls(dc)) {
        pl_device_declines(pool, dc, PL_MEDIA_STATUS_DECLINED, "by the device");
        return;
    }
    pl_devcall_created(pool, dc);
    pl_devcall_end(pool, dc,
                   is_setup ? PL_MEDIA_STATUS_SESSION_CANCELLED
                            : PL_MEDIA_STATUS_TERMINATED,
                   "by the device");
    if (seat)
        pl_part_leave(pool, seat, "hung up");
}

static const char *put_hangs_up(const pl_devput *put)
{
    hang_up(put->pool, put->dc);
    pl_devcall_reply(put->pool, &put->in->ticket, put->dc, put->m->status);
    return NULL;
}

/* ---- the table ---- */

#define S(s) (1u << PL_MEDIA_STATUS_##s)
enum { CALLS = 1, CALLED = 2, BOTH = 3 };
#define SETUP                                                                  \
    (S(INITIAL) | S(IN_PROGRESS) | S(RINGING) | S(PROCEEDING) | S(WAITING))
#define ACTIVE (S(CONNECTED) | S(HOLD) | S(RESUME))

/* Which role may ask for what (set of statuses) in which of its states. */
static const struct put_row {
    unsigned role, from, asked;
    const char *(*run)(const pl_devput *put);
} PUTS[] = {
    {CALLED, S(INITIAL) | S(IN_PROGRESS) | S(WAITING) | S(PROCEEDING),
     S(IN_PROGRESS), put_ringing},
    {CALLED, SETUP, S(RINGING) | S(WAITING) | S(PROCEEDING) | S(CONNECTED),
     put_ringing},
    {CALLED, SETUP,
     S(DECLINED) | S(BUSY) | S(NOT_REACHABLE) | S(NO_ANSWER) | S(FAILED) |
         S(TERMINATED),
     put_declines},
    {CALLS, SETUP, S(IN_PROGRESS), pl_devput_renegotiate},
    {CALLS, SETUP, S(SESSION_CANCELLED) | S(TERMINATED), put_hangs_up},
    {BOTH, S(CONNECTED) | S(RESUME) | S(HOLD), S(HOLD), pl_devput_hold},
    {BOTH, S(HOLD) | S(CONNECTED), S(RESUME), pl_devput_resume},
    {BOTH, ACTIVE, S(CONNECTED) | S(IN_PROGRESS), pl_devput_renegotiate},
    {BOTH, ACTIVE, S(TERMINATED), put_hangs_up},
};

/* For those whose SDP, if any, has been dealt with. */
const char *pl_devput_reply(const pl_devput *put)
{
    pl_devcall *dc = put->dc;
    if (pl_devcall_is_setup(dc) && !pl_devcall_calls(dc)) {
        pl_device_heard(put->pool, dc);
        if (dc->row.status != put->m->status &&
            !proceed(put->pool, dc, put->m->status, false))
            return OVER;
    }
    pl_devcall_reply(put->pool, &put->in->ticket, dc, put->m->status);
    return NULL;
}

static const char *run(const pl_devput *put)
{
    const pl_devcall *dc = put->dc;
    unsigned role = pl_devcall_calls(dc) ? CALLS : CALLED;
    for (size_t i = 0; i < sizeof PUTS / sizeof PUTS[0]; i++) {
        if ((PUTS[i].role & role) != 0 &&
            (PUTS[i].from >> dc->row.status & 1) != 0 &&
            (PUTS[i].asked >> put->m->status & 1) != 0)
            return PUTS[i].run(put);
    }
    return BAD_STATE;
}

static bool is_repeat(const pl_devcall *dc, const pl_media_session_put *m)
{
    return m->status == dc->row.status && m->status != PL_MEDIA_STATUS_HOLD &&
           m->status != PL_MEDIA_STATUS_INITIAL && !pl_devcall_is_over(dc) &&
           m->offer.len == 0 && m->answer.len == 0;
}

/* It is shown where it is from now on, unless it is refused what it asks for.
 */
static const char *run_there(const pl_devput *put)
{
    pl_devcall *dc = put->dc;
    pl_slice before = dc->row.location;
    bool has_place = put->m->location[0] != '\0';
    if (has_place) {
        dc->row.location = (pl_slice){NULL, 0};
        pl_devcall_put(put->pool, &dc->row.location,
                       pl_slice_str(put->m->location));
        pl_devcall_save(put->pool, dc);
    }
    const char *no = is_repeat(dc, put->m) ? pl_devput_reply(put) : run(put);
    if (has_place && no) {
        pl_devcall_put(put->pool, &dc->row.location, before);
        pl_devcall_save(put->pool, dc);
    }
    if (has_place)
        pl_devcall_put(put->pool, &before, (pl_slice){NULL, 0});
    return no;
}

void pl_on_media_session_put(pl_pool *pool, const pl_bus_in *in)
{
    const pl_media_session_put *m = in->body;
    pl_owner owner = PL_OWNER_OF(m);
    pl_devcall *dc = pl_devcall_named(pool, in, &owner, m->media_session_id);
    if (!dc)
        return;
    pl_devput put = {.pool = pool, .in = in, .m = m, .dc = dc};
    bool is_over = pl_devcall_is_over(dc) || m->status >= 32;
    const char *no = is_over ? BAD_STATE : run_there(&put);
    if (no) {
        pl_device_refuse(pool, &in->ticket, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         no);
    }
}

void pl_on_media_session_get(pl_pool *pool, const pl_bus_in *in)
{
    const pl_media_session_get *m = in->body;
    pl_owner owner = PL_OWNER_OF(m);
    const pl_devcall *dc =
        pl_devcall_named(pool, in, &owner, m->media_session_id);
    if (dc)
        pl_devcall_reply(pool, &in->ticket, dc, dc->row.status);
}

void pl_on_media_session_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_media_session_delete *m = in->body;
    pl_owner owner = PL_OWNER_OF(m);
    pl_devcall *dc = pl_devcall_named(pool, in, &owner, m->media_session_id);
    if (!dc)
        return;
    dc->row.is_hidden = true;
    pl_devcall_save(pool, dc);
    if (!pl_devcall_is_over(dc))
        hang_up(pool, dc);
    pl_pool_ok(pool, &in->ticket);
}
