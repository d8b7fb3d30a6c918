/* oa.c - the exchanges of one leg: what is agreed, what waits. */
#include "oa_internal.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

enum {
    FIRST_VERSION = 1,
    DEFAULT_AUDIO_LEVEL_ID = 1,
};

/* Payload numbers of our first offer. */
static const struct {
    pl_codec codec;
    uint8_t pt;
} NUMBERS[] = {
    {PL_CODEC_OPUS, 111},
    {PL_CODEC_G722, 9},
    {PL_CODEC_PCMU, 0},
    {PL_CODEC_PCMA, 8},
};
enum { RED_PT = 63, CN_PT = 13 /* RFC 3551 section 6 */ };
static const pl_oa_event EVENTS[] = {{110, 110, 48000}, {101, 101, 8000}};

pl_err pl_oa_create(const pl_oa_local *local, pl_oa **ret_oa)
{
    pl_err e = oa_check_local(local);
    if (e != PL_OK)
        return e;
    pl_oa *oa = calloc(1, sizeof *oa);
    if (!oa)
        return PL_ENOMEM;
    oa->local = *local;
    oa->wanted = oa->wanted_before = PL_DIRECTION_SENDRECV;
    oa->version = FIRST_VERSION - 1;
    memcpy(oa->agreed.ice.ufrag, local->ice_ufrag, PL_ICE_CRED_TEXT);
    memcpy(oa->agreed.ice.pwd, local->ice_pwd, PL_ICE_CRED_TEXT);
    oa->reason = "";
    *ret_oa = oa;
    return PL_OK;
}

void pl_oa_destroy(pl_oa **oa)
{
    if (!oa || !*oa)
        return;
    pl_sdp_destroy(&(*oa)->sdp_offered);
    free(*oa);
    *oa = NULL;
}

void pl_oa_set_direction(pl_oa *oa, pl_direction wanted)
{
    oa->wanted = wanted;
}

pl_direction pl_oa_wanted(const pl_oa *oa)
{
    return oa->wanted;
}

bool pl_oa_is_offered(const pl_oa *oa)
{
    return oa->sdp_offered != NULL;
}

const char *pl_oa_reason(const pl_oa *oa)
{
    return oa->reason;
}

void pl_oa_rollback(pl_oa *oa)
{
    if (!oa->sdp_offered)
        return;
    pl_sdp_destroy(&oa->sdp_offered);
    oa->wanted = oa->wanted_before;
}

static pl_err fail(pl_oa *oa, pl_err e, const char *why)
{
    oa->reason = why;
    return e;
}

pl_err pl_oa_keep_lines(pl_oa *oa, pl_slice lines)
{
    if (oa->has_agreed || oa->sdp_offered)
        return fail(oa, PL_ESTATE, "lines are kept before the first exchange");
    oa_plan plan = oa->agreed;
    plan.bundle = oa->local.kind == PL_LEG_KIND_WEBRTC;
    if (oa_lines_parse(lines, oa->local.kind, &plan) != PL_OK)
        return fail(oa, PL_EINVAL, "the lines to keep are malformed");
    oa->agreed = plan;
    oa->reason = "";
    return PL_OK;
}

void pl_oa_spare_fingerprint(pl_oa *oa, const uint8_t print[PL_OA_SHA256])
{
    memcpy(oa->spare_print, print, PL_OA_SHA256);
    oa->has_spare_print = true;
}

const pl_oa_local *pl_oa_ours(const pl_oa *oa)
{
    return &oa->local;
}

bool pl_oa_agreed(const pl_oa *oa, pl_oa_result *ret_result)
{
    if (oa->has_agreed)
        *ret_result = oa->result;
    return oa->has_agreed;
}

pl_err pl_oa_lines(const pl_oa *oa, char *buf, size_t cap)
{
    return oa_lines_write(&oa->agreed, buf, cap);
}

static pl_err parse(pl_oa *oa, pl_slice text, pl_sdp **ret_sdp)
{
    pl_sdp_fault fault = {0, ""};
    pl_err e = pl_sdp_parse(text, ret_sdp, &fault);
    return e == PL_OK ? PL_OK : fail(oa, e, fault.what);
}

/* One word, and no other line's: what groups and answers point with. */
static bool is_mid_usable(const pl_sdp *sdp, size_t index)
{
    const pl_sdp_media *m = &sdp->media[index];
    pl_slice mid = pl_sdp_mid(m);
    pl_slice rest = mid;
    return mid.len == 0 || (pl_slice_eq(pl_sdp_token(&rest), mid) &&
                            pl_sdp_find_mid(sdp, mid) == m);
}

/* Clients find their lines again by it. One word is given back; a list, or what
 * is none, is nothing to us. */
static void keep_content(const pl_oa *oa, const pl_sdp_media *m, oa_line *line)
{
    const pl_sdp_attr *a = oa->local.kind == PL_LEG_KIND_WEBRTC
                               ? pl_sdp_find(NULL, m, "content")
                               : NULL;
    if (!a || pl_copy(line->content, sizeof line->content, a->value) ||
        !oa_is_token(line->content))
        line->content[0] = '\0';
}

/* Take over the peer's m= lines; those that we knew must be in their places. */
static pl_err plan_lines(pl_oa *oa, const pl_sdp *sdp, oa_plan *plan)
{
    const oa_plan *old = &oa->agreed;
    if (sdp->n_media < old->n_lines) /* RFC 3264 section 8 */
        return fail(oa, PL_EMEDIA, "m= lines have gone");
    plan->n_lines = sdp->n_media;
    for (size_t i = 0; i < sdp->n_media; i++) {
        const pl_sdp_media *m = &sdp->media[i];
        oa_line *line = &plan->lines[i];
        if (pl_copy(line->kind, sizeof line->kind, m->kind) != PL_OK ||
            pl_copy(line->proto, sizeof line->proto, m->proto) != PL_OK ||
            pl_copy(line->format, sizeof line->format, m->formats[0]) !=
                PL_OK ||
            pl_copy(line->mid, sizeof line->mid, pl_sdp_mid(m)) != PL_OK)
            return fail(oa, PL_EMEDIA, "a word of an m= line is too long");
        keep_content(oa, m, line);
        if (!is_mid_usable(sdp, i))
            return fail(oa, PL_EMEDIA, "a mid is not unique or not one word");
        bool was_audio = i < old->n_lines && old->has_audio && i == old->audio;
        if (was_audio && strcmp(line->kind, "audio") != 0)
            return fail(oa, PL_EMEDIA, "the audio line has changed its kind");
    }
    return PL_OK;
}

/* What the peer said before; NULL: nothing yet. */
static const pl_oa_result *established(const pl_oa *oa)
{
    return oa->has_agreed ? &oa->result : NULL;
}

/* The section to negotiate: the one in use, else the first that reads well.
 * None: *ret_index is the number of sections. */
static pl_err choose_audio(pl_oa *oa, const pl_sdp *sdp, size_t *ret_index,
                           pl_oa_result *ret_result)
{
    pl_err e = PL_OK;
    const char *why = "";
    bool in_use = oa->has_agreed && oa->agreed.has_audio;
    for (size_t i = in_use ? oa->agreed.audio : 0; i < sdp->n_media; i++) {
        const pl_sdp_media *m = &sdp->media[i];
        const oa_reader in = {&oa->local, sdp, m, NULL, established(oa)};
        if (!pl_slice_eq_str(m->kind, "audio") || !oa_is_wanted(sdp, m))
            continue;
        e = oa_read_audio(&in, ret_result, &why);
        if (e == PL_OK) {
            *ret_index = i;
            return PL_OK;
        }
        if (in_use && i == oa->agreed.audio)
            break; /* it is in use, so no other takes its place */
    }
    *ret_index = sdp->n_media;
    return e == PL_OK ? PL_OK : fail(oa, e, why);
}

/* Copy what is agreed on from what the peer said into what we write. */
static void plan_audio(oa_plan *plan, size_t index, const pl_oa_result *r)
{
    plan->has_audio = true;
    plan->audio = index;
    plan->direction = r->direction;
    plan->rtcp_mux = r->rtcp_mux;
    plan->audio_level_id = r->audio_level_id;
    plan->red_pt = r->red_rx_pt;
    plan->cn_pt = r->cn_tx_pt;
    plan->n_codecs = r->n_codecs;
    memcpy(plan->codecs, r->codecs, sizeof plan->codecs);
    plan->n_events = r->n_events;
    memcpy(plan->events, r->events, sizeof plan->events);
}

/* Compare with the exchange before: RFC 8839 section 4.4.1.1.1 for ICE, RFC
 * 8842 section 4 for DTLS. */
static void mark_restarts(const pl_oa *oa, pl_oa_result *r)
{
    const pl_oa_result *old = &oa->result;
    if (!oa->has_agreed || old->n_fingerprints == 0 || !r->audio)
        return;
    r->ice_restart = strcmp(old->remote_ufrag, r->remote_ufrag) != 0 ||
                     strcmp(old->remote_pwd, r->remote_pwd) != 0;
    r->dtls_restart = !oa_same_fingerprints(old, r);
}

/* The audio line is off: keep the identities for when it comes back. */
static pl_oa_result result_without_audio(const pl_oa *oa)
{
    pl_oa_result r = oa->result;
    r.audio = false;
    r.direction = PL_DIRECTION_INACTIVE;
    r.peer_holds = true;
    r.ice_restart = r.dtls_restart = false;
    return r;
}

static bool is_fresh_ok(const pl_oa *oa, const pl_oa_ice *fresh)
{
    return !fresh || (oa->local.kind == PL_LEG_KIND_WEBRTC &&
                      oa_is_ice(fresh->ufrag, fresh->pwd));
}

static void commit(pl_oa *oa, const oa_plan *plan, pl_oa_result *r)
{
    if (oa->local.kind == PL_LEG_KIND_WEBRTC) {
        memcpy(r->local_ufrag, plan->ice.ufrag, PL_ICE_CRED_TEXT);
        memcpy(r->local_pwd, plan->ice.pwd, PL_ICE_CRED_TEXT);
    }
    oa->agreed = *plan;
    oa->result = *r;
    oa->has_agreed = true;
    oa->wanted_before = oa->wanted;
    oa->reason = "";
}

/* Everything of an answer but its text. */
static pl_err plan_answer(pl_oa *oa, const pl_sdp *sdp, const pl_oa_ice *fresh,
                          oa_plan *plan, pl_oa_result *r)
{
    size_t index = 0;
    pl_err e = plan_lines(oa, sdp, plan);
    if (e == PL_OK)
        e = choose_audio(oa, sdp, &index, r);
    if (e != PL_OK)
        return e;
    plan->is_offer = false;
    if (index == sdp->n_media) {
        if (!oa->has_agreed)
            return fail(oa, PL_EMEDIA, "no audio is offered");
        plan->has_audio = false;
        *r = result_without_audio(oa);
        return PL_OK;
    }
    r->line = index;
    r->direction = oa_direction(oa_bits(r->direction) & oa_bits(oa->wanted));
    plan_audio(plan, index, r);
    plan->bundle =
        pl_sdp_bundle_of(sdp, pl_sdp_mid(&sdp->media[index])).len > 0;
    mark_restarts(oa, r);
    if (r->ice_restart && fresh)
        plan->ice = *fresh;
    return PL_OK;
}

/* A new association is one with the certificate that we have now. */
static pl_err write_answer(pl_oa *oa, const oa_plan *plan, bool is_dtls_restart,
                           pl_oa_sdp *ret_sdp)
{
    if (!is_dtls_restart || !oa->has_spare_print)
        return oa_write(&oa->local, plan, ret_sdp);
    uint8_t before[PL_OA_SHA256];
    memcpy(before, oa->local.fingerprint, sizeof before);
    memcpy(oa->local.fingerprint, oa->spare_print, sizeof before);
    pl_err e = oa_write(&oa->local, plan, ret_sdp);
    oa->has_spare_print = e != PL_OK;
    if (e != PL_OK)
        memcpy(oa->local.fingerprint, before, sizeof before);
    return e;
}

pl_err pl_oa_answer(pl_oa *oa, pl_slice offer, const pl_oa_ice *fresh,
                    pl_oa_sdp *ret_sdp, pl_oa_result *ret_result)
{
    pl_sdp *sdp = NULL;
    if (oa->sdp_offered) /* glare, RFC 3264 section 4 */
        return fail(oa, PL_ESTATE, "an offer of ours waits for its answer");
    if (!is_fresh_ok(oa, fresh))
        return fail(oa, PL_EINVAL, "fresh ICE credentials are malformed");
    pl_err e = parse(oa, offer, &sdp);
    if (e != PL_OK)
        return e;
    oa_plan plan = oa->agreed;
    pl_oa_result r = {0};
    e = plan_answer(oa, sdp, fresh, &plan, &r);
    pl_sdp_destroy(&sdp);
    if (e != PL_OK)
        return e;
    plan.version = oa->version + 1;
    e = write_answer(oa, &plan, r.dtls_restart, ret_sdp);
    if (e != PL_OK)
        return fail(oa, e, "our description does not fit");
    oa->version = plan.version;
    commit(oa, &plan, &r);
    *ret_result = oa->result;
    return PL_OK;
}

/* The audio line with every codec that we have. The number of the header
 * extension is ours to choose only when the peer has none from earlier: a
 * browser that is told another one for what it knows can crash. */
static void plan_first_audio(const pl_oa_local *local, bool is_kept,
                             oa_plan *plan)
{
    bool is_webrtc = local->kind == PL_LEG_KIND_WEBRTC;
    plan->n_codecs = plan->n_events = 0;
    bool has_clock[2] = {false, false};
    for (size_t i = 0; i < local->n_codecs; i++) {
        pl_codec c = local->codecs[i];
        for (size_t k = 0; k < sizeof NUMBERS / sizeof NUMBERS[0]; k++) {
            if (NUMBERS[k].codec == c) {
                plan->codecs[plan->n_codecs++] =
                    (pl_oa_codec){c, NUMBERS[k].pt, NUMBERS[k].pt};
            }
        }
        has_clock[pl_codec_clock_hz(c) == EVENTS[1].clock_hz] = true;
    }
    for (size_t i = 0; i < PL_OA_MAX_EVENTS && local->dtmf; i++) {
        if (has_clock[i] || !is_webrtc) { /* telephones with Opus often know
                                           the 8000 Hz events only */
            plan->events[plan->n_events++] = EVENTS[i];
        }
    }
    plan->red_pt = local->opus_red && plan->n_codecs > 0 &&
                           plan->codecs[0].codec == PL_CODEC_OPUS
                       ? RED_PT
                       : 0;
    plan->cn_pt = local->comfort && has_clock[1] ? CN_PT : 0;
    plan->rtcp_mux = is_webrtc;
    if (!is_webrtc || !local->audio_level) {
        plan->audio_level_id = 0;
    } else if (!is_kept) {
        plan->audio_level_id = DEFAULT_AUDIO_LEVEL_ID;
    }
}

pl_err pl_oa_offer(pl_oa *oa, const pl_oa_ice *fresh, pl_oa_sdp *ret_sdp)
{
    if (oa->sdp_offered)
        return fail(oa, PL_ESTATE, "an offer of ours waits for its answer");
    if (!is_fresh_ok(oa, fresh))
        return fail(oa, PL_EINVAL, "fresh ICE credentials are malformed");
    oa_plan plan = oa->agreed;
    bool is_kept = plan.n_lines > 0;
    pl_err e = oa_place_audio(oa->local.kind, &plan);
    if (plan.n_codecs == 0)
        plan_first_audio(&oa->local, is_kept, &plan);
    plan.is_offer = true;
    plan.has_audio = true; /* a line that the peer put off is offered again */
    plan.direction = oa->wanted;
    plan.version = oa->version + 1;
    if (fresh)
        plan.ice = *fresh;
    if (e == PL_OK)
        e = oa_write(&oa->local, &plan, ret_sdp);
    pl_slice text = {(const uint8_t *)ret_sdp->text, ret_sdp->len};
    if (e == PL_OK)
        e = pl_sdp_parse(text, &oa->sdp_offered, NULL);
    if (e != PL_OK)
        return fail(oa, e, "our description does not fit");
    oa->version = plan.version;
    oa->offered = plan;
    oa->reason = "";
    return PL_OK;
}

/* The peer's audio section into a plan and a result. */
static pl_err read_answer(pl_oa *oa, const pl_sdp *sdp, oa_plan *plan,
                          pl_oa_result *r)
{
    const char *why = "";
    pl_err e = oa_check_lines(oa->sdp_offered, sdp, &why);
    if (e != PL_OK)
        return fail(oa, e, why);
    const pl_sdp_media *m = &sdp->media[plan->audio];
    if (m->port == 0) {
        if (!oa->has_agreed)
            return fail(oa, PL_EMEDIA, "the peer refuses audio");
        plan->has_audio = false;
        *r = result_without_audio(oa);
        return PL_OK;
    }
    const oa_reader in = {&oa->local, sdp, m, plan, established(oa)};
    e = oa_read_audio(&in, r, &why);
    if (e != PL_OK)
        return fail(oa, e, why);
    r->line = plan->audio;
    /* RFC 3264 section 6.1: cut to what we offered, as telephones answer
     * sendrecv to anything */
    r->direction =
        oa_direction(oa_bits(r->direction) & oa_bits(plan->direction));
    mark_restarts(oa, r);
    if (r->dtls_restart && oa->has_spare_print)
        return fail(oa, PL_EMEDIA, "another certificate takes an offer");
    plan_audio(plan, plan->audio, r);
    return PL_OK;
}

pl_err pl_oa_accept(pl_oa *oa, pl_slice answer, pl_oa_result *ret_result)
{
    pl_sdp *sdp = NULL;
    if (!oa->sdp_offered)
        return fail(oa, PL_ESTATE, "no offer waits for an answer");
    pl_err e = parse(oa, answer, &sdp);
    if (e != PL_OK)
        return e;
    oa_plan plan = oa->offered;
    pl_oa_result r = {0};
    e = read_answer(oa, sdp, &plan, &r);
    if (e == PL_OK) {
        plan.bundle =
            plan.bundle &&
            pl_sdp_bundle_of(sdp, pl_sdp_mid(&sdp->media[plan.audio])).len > 0;
        commit(oa, &plan, &r);
        pl_oa_rollback(oa);
        *ret_result = oa->result;
    }
    pl_sdp_destroy(&sdp);
    return e;
}
