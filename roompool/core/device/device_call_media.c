/* device_call_media.c - inside a call of a device: hold, resume, new media. The
 * media worker answers the device itself; the telephone hears of a hold only.
 */
#include <string.h>

#include "conference.h"
#include "device/device_call_impl.h"
#include "leg.h"
#include "participant.h"
#include "reoffer.h"
#include "telephone.h"

static const char NOT_NOW[] = "The media is not there just now.";
static const char NO_MEDIA[] = "The description has no usable media.";
static const char NO_OFFER[] = "No answer is waited for.";

/* ---- trickled candidates ---- */

/* The next line that counts, of text from *at; false at its end. */
static bool next_line(pl_slice text, size_t *at, pl_slice *ret_line)
{
    static const char *const ignored[] = {"a=candidate:", "a=end-of-candidates",
                                          "a=rtcp:", "c=", "o="};
    while (*at < text.len) {
        size_t end = *at;
        while (end < text.len && text.ptr[end] != '\n')
            end++;
        pl_slice line = {text.ptr + *at, end - *at};
        *at = end + 1;
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        bool counts = line.len > 0;
        for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
            size_t n = strlen(ignored[i]);
            if (line.len >= n && memcmp(line.ptr, ignored[i], n) == 0)
                counts = false;
        }
        *ret_line = line;
        if (counts)
            return true;
    }
    return false;
}

/* A port follows the first candidate. */
static bool is_same_media(pl_slice a, pl_slice b)
{
    size_t i = 0;
    size_t j = 0;
    if (a.len < 2 || b.len < 2 || memcmp(a.ptr, "m=", 2) != 0)
        return false;
    while (i < a.len && a.ptr[i] != ' ')
        i++;
    while (j < b.len && b.ptr[j] != ' ')
        j++;
    if (!pl_slice_eq((pl_slice){a.ptr, i}, (pl_slice){b.ptr, j}))
        return false;
    for (i++; i < a.len && a.ptr[i] >= '0' && a.ptr[i] <= '9';)
        i++;
    for (j++; j < b.len && b.ptr[j] >= '0' && b.ptr[j] <= '9';)
        j++;
    return i <= a.len && j <= b.len &&
           pl_slice_eq((pl_slice){a.ptr + i, a.len - i},
                       (pl_slice){b.ptr + j, b.len - j});
}

bool pl_device_is_trickle(pl_slice before, pl_slice after)
{
    size_t i = 0;
    size_t j = 0;
    pl_slice a;
    pl_slice b;
    for (;;) {
        bool has_a = next_line(before, &i, &a);
        bool has_b = next_line(after, &j, &b);
        if (!has_a || !has_b)
            return has_a == has_b;
        if (!pl_slice_eq(a, b) && !is_same_media(a, b))
            return false;
    }
}

/* ---- hold ---- */

static bool is_held_by_other(const pl_conf *conf)
{
    const pl_part *phone =
        conf->row.kind == PL_CONF_KIND_DEVICE ? pl_device_phone(conf) : NULL;
    return phone && phone->row.on_hold;
}

static void tell_phone(pl_pool *pool, const pl_conf *conf, bool is_held)
{
    const pl_part *phone =
        conf->row.kind == PL_CONF_KIND_DEVICE ? pl_device_phone(conf) : NULL;
    pl_leg *leg = phone ? pl_leg_of(phone) : NULL;
    if (leg)
        pl_phone_tell_hold(pool, leg, is_held);
}

void pl_device_hold_changed(pl_pool *pool, pl_conf *conf)
{
    const pl_part *seat =
        conf->row.kind == PL_CONF_KIND_DEVICE ? pl_device_seat(conf) : NULL;
    pl_devcall *dc = seat ? pl_devcall_find(pool, seat->row.session_id) : NULL;
    if (!dc || !pl_devcall_is_active(dc))
        return;
    bool is_held = seat->row.on_hold || is_held_by_other(conf);
    if (is_held && dc->row.status != PL_MEDIA_STATUS_HOLD) {
        pl_devcall_move(pool, dc, PL_MEDIA_STATUS_HOLD,
                        "held by the other side", 0);
    } else if (!is_held && dc->row.status == PL_MEDIA_STATUS_HOLD) {
        dc->row.status = PL_MEDIA_STATUS_CONNECTED;
        pl_devcall_tell(pool, dc, PL_MEDIA_STATUS_RESUME,
                        "resumed by the other side", 0);
    }
    tell_phone(pool, conf, seat->row.on_hold);
}

void pl_device_hold_refused(pl_pool *pool, const pl_conf *conf)
{
    const pl_part *seat =
        conf->row.kind == PL_CONF_KIND_DEVICE ? pl_device_seat(conf) : NULL;
    pl_devcall *dc = seat ? pl_devcall_find(pool, seat->row.session_id) : NULL;
    if (dc && pl_devcall_is_active(dc)) {
        pl_devcall_tell(pool, dc, dc->row.status,
                        "the other side did not take the new media", 0);
    }
}

/* What it asked for is so; its status follows. */
static void apply_hold(pl_pool *pool, pl_devcall *dc, uint32_t asked)
{
    pl_part *seat = pl_devcall_seat(pool, dc);
    bool is_held = asked == PL_MEDIA_STATUS_HOLD;
    if (!seat ||
        (asked != PL_MEDIA_STATUS_HOLD && asked != PL_MEDIA_STATUS_RESUME))
        return;
    dc->has_resumed = !is_held;
    dc->row.status = is_held || is_held_by_other(seat->conf)
                         ? PL_MEDIA_STATUS_HOLD
                         : PL_MEDIA_STATUS_CONNECTED;
    pl_devcall_save(pool, dc);
    pl_part_set_hold(pool, seat, is_held);
    tell_phone(pool, seat->conf, is_held);
}

/* ---- descriptions of the device ---- */

/* What becomes of its new offer is told with the answer to it, once the first
 * answer has been. */
static void take_answer(pl_pool *pool, pl_devcall *dc, uint32_t asked,
                        pl_slice offer, pl_slice answer)
{
    bool is_kept = dc->row.kept_sdp.len > 0;
    uint32_t told = asked;
    pl_devcall_put(pool, &dc->row.offer, offer);
    pl_devcall_put(pool, is_kept ? &dc->row.kept_sdp : &dc->row.answer, answer);
    pl_devcall_save(pool, dc);
    apply_hold(pool, dc, asked);
    if (asked == PL_MEDIA_STATUS_IN_PROGRESS && pl_devcall_is_active(dc))
        told = dc->row.status;
    if (!is_kept)
        pl_devcall_tell(pool, dc, told, "", PL_TELL_OFFER | PL_TELL_ANSWER);
}

static void described(pl_pool *pool, pl_op *op, pl_err e,
                      const pl_media_leg_sdp *sdp)
{
    pl_devcall *dc = pl_devcall_find(pool, op->sess);
    pl_leg *leg = pl_leg_find(pool, op->leg);
    char mod_id[PL_ID_MAX + 1];
    if (!dc || pl_devcall_is_over(dc) || dc->row.is_hidden) {
        pl_device_refuse(pool, &op->ticket, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         "The call is over.");
    } else if (e == PL_EMEDIA) {
        pl_device_refuse(pool, &op->ticket, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         NO_MEDIA);
    } else if (e) {
        pl_device_refuse_later(pool, &op->ticket, PL_DEVICE_FAULT_UNAVAILABLE,
                               NOT_NOW, 1);
    } else {
        pl_slice mine = {op->sdp, op->sdp_len};
        if (op->sdp_type == PL_SDP_TYPE_OFFER) {
            take_answer(pool, dc, op->action, mine, sdp->sdp);
        } else {
            if (leg)
                pl_reoffer_clear(pool, leg, mod_id);
            pl_devcall_put(pool, &dc->row.answer, mine);
            pl_devcall_save(pool, dc);
        }
        pl_devcall_reply(pool, &op->ticket, dc, op->action);
    }
    pl_op_destroy(&op);
}

static const char *describe(const pl_devput *put, pl_leg *leg, pl_slice sdp,
                            uint32_t sdp_type)
{
    pl_op *op = pl_op_create(put->pool, NULL);
    if (!op)
        return NOT_NOW;
    op->next = described;
    op->ticket = put->in->ticket;
    op->has_ticket = true;
    op->action = put->m->status;
    op->sdp_type = sdp_type;
    PL_SET(op->sess, put->dc->row.media_session_id);
    if (pl_op_keep(op, sdp)) {
        pl_op_destroy(&op);
        return NOT_NOW;
    }
    if (pl_leg_remote(put->pool, leg, sdp, sdp_type, op)) {
        pl_device_refuse_later(put->pool, &put->in->ticket,
                               PL_DEVICE_FAULT_UNAVAILABLE, NOT_NOW, 1);
    }
    return NULL;
}

/* Clients may send back what they were told. */
static bool has_new_offer(const pl_devput *put)
{
    return put->m->offer.len > 0 &&
           !pl_slice_eq(put->m->offer, put->dc->row.offer);
}

static bool has_new_answer(const pl_devput *put)
{
    return put->m->answer.len > 0 &&
           !pl_device_is_trickle(put->dc->row.answer, put->m->answer);
}

const char *pl_devput_renegotiate(const pl_devput *put)
{
    pl_devcall *dc = put->dc;
    const pl_media_session_put *m = put->m;
    pl_leg *leg = pl_devcall_leg(put->pool, dc);
    if (m->answer.len > 0 && leg && leg->row.mod_id[0])
        return describe(put, leg, m->answer, PL_SDP_TYPE_ANSWER);
    if (has_new_answer(put))
        return NO_OFFER;
    if (!has_new_offer(put))
        return pl_devput_reply(put);
    if (!leg || pl_device_is_trickle(dc->row.offer, m->offer)) {
        pl_devcall_put(put->pool, &dc->row.offer, m->offer);
        pl_devcall_save(put->pool, dc);
        return pl_devput_reply(put);
    }
    return describe(put, leg, m->offer, PL_SDP_TYPE_OFFER);
}

static const char *change_hold(const pl_devput *put)
{
    pl_leg *leg = pl_devcall_leg(put->pool, put->dc);
    if (has_new_answer(put))
        return NO_OFFER;
    if (leg && has_new_offer(put))
        return describe(put, leg, put->m->offer, PL_SDP_TYPE_OFFER);
    apply_hold(put->pool, put->dc, put->m->status);
    if (put->pool->config->device_echo)
        pl_devcall_tell(put->pool, put->dc, put->m->status, "", 0);
    return pl_devput_reply(put);
}

const char *pl_devput_hold(const pl_devput *put)
{
    return change_hold(put);
}

const char *pl_devput_resume(const pl_devput *put)
{
    const pl_devcall *dc = put->dc;
    if (dc->row.status == PL_MEDIA_STATUS_HOLD)
        return change_hold(put);
    /* Repeated, since its answer was lost. */
    return dc->has_resumed && !has_new_offer(put) && !has_new_answer(put)
               ? pl_devput_reply(put)
               : "The call is not held.";
}

/* ---- our own offers ---- */

void pl_device_offered(pl_pool *pool, const pl_leg *leg, pl_slice offer)
{
    pl_devcall *dc = pl_devcall_find(pool, leg->row.session_id);
    if (!dc || pl_devcall_is_over(dc))
        return;
    pl_devcall_put(pool, &dc->row.offer, offer);
    pl_devcall_put(pool, &dc->row.answer, (pl_slice){NULL, 0});
    pl_devcall_put(pool, &dc->row.kept_sdp, (pl_slice){NULL, 0});
    pl_devcall_tell(pool, dc,
                    pl_devcall_is_setup(dc) ? PL_MEDIA_STATUS_IN_PROGRESS
                                            : PL_MEDIA_STATUS_CONNECTED,
                    "the media has moved", PL_TELL_OFFER);
}
