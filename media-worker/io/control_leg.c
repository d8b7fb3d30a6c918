/* control_leg.c - legs: descriptions, and what the threads are told of them. */
#include "io/control_state.h"

#include <stdlib.h>
#include <string.h>

#include "core/latch.h"
#include "pl/buf.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

enum {
    UFRAG_BYTES = 6,  /* 48 bits as 8 characters; RFC 8445 wants 24 */
    PWD_BYTES = 18,   /* 144 bits as 24 characters; RFC 8445 wants 128 */
    CNAME_BYTES = 12, /* RFC 7022 section 4.2: 96 bits */
};

/* ICE characters (RFC 8839 section 5.1) are those of plain base64; a token is
 * base64url: '-' and '_' are mapped. */
static void random_ice(size_t n_bytes, char *buf, size_t cap)
{
    pl_random_token(n_bytes, buf, cap);
    for (char *p = buf; *p; p++) {
        if (*p == '-') {
            *p = '+';
        } else if (*p == '_') {
            *p = '/';
        }
    }
}

/* ---- telling the threads ------------------------------------------------ */

static pl_err tell_mixer_add(pl_control *c, pl_leg *leg,
                             const pl_mix_position *resume)
{
    pl_leg_own *own = pl_own(leg);
    pl_records_leg(c->records, leg);
    pl_mix_command m = {.kind = PL_MIX_LEG_ADD,
                        .id = leg->mix,
                        .u.leg = {.room = leg->room->mix,
                                  .kind = leg->kind,
                                  .ssrc = own->ssrc,
                                  .media = leg->agreed.media,
                                  .flags = leg->flags}};
    uint32_t start[2];
    pl_random(start, sizeof start);
    m.u.leg.first_seq = (uint16_t)(start[0] & 0x7fff); /* far from a wrap */
    m.u.leg.first_ts = start[1];
    memcpy(m.u.leg.cname, own->cname, sizeof m.u.leg.cname);
    own->at = (pl_mix_position){.at_us = pl_loop_now_us(c->o.loop),
                                .send_index = m.u.leg.first_seq,
                                .ssrc = own->ssrc,
                                .ts = m.u.leg.first_ts};
    if (resume)
        m.u.leg.resume = own->at = *resume;
    pl_err e = pl_mixer_command(c->o.mixer, leg->thread, &m);
    if (e == PL_OK)
        own->is_in_mixer = true;
    return e;
}

static pl_err tell_mixer_media(pl_control *c, pl_leg *leg)
{
    pl_mix_command m = {
        .kind = PL_MIX_LEG_MEDIA, .id = leg->mix, .u.media = leg->agreed.media};
    return pl_mixer_command(c->o.mixer, leg->thread, &m);
}

static void fill_webrtc(const pl_leg *leg, const pl_leg_own *own,
                        bool has_remote, pl_net_webrtc *w)
{
    memcpy(w->ufrag, own->ufrag, sizeof w->ufrag);
    memcpy(w->pwd, own->pwd, sizeof w->pwd);
    w->port = own->web_port;
    w->identity = own->identity;
    w->has_remote = has_remote;
    if (!has_remote)
        return;
    w->is_ice_restart = leg->agreed.is_ice_restart;
    memcpy(w->remote_ufrag, leg->agreed.remote_ufrag, sizeof w->remote_ufrag);
    memcpy(w->prints, leg->agreed.prints, sizeof w->prints);
    w->n_prints = leg->agreed.n_prints;
}

static void fill_sip(const pl_leg *leg, const pl_leg_own *own, bool has_remote,
                     pl_net_sip *s)
{
    s->rtp = own->port.rtp;
    s->rtcp = own->port.rtcp;
    s->signaling = own->signaling;
    s->has_remote = has_remote;
    if (!has_remote)
        return;
    s->is_rtcp_mux = leg->agreed.is_rtcp_mux;
    s->remote = leg->agreed.remote;
    s->rtcp_remote = leg->agreed.rtcp_remote;
}

static pl_err tell_net(pl_control *c, pl_leg *leg, pl_net_command_kind kind,
                       bool has_remote, bool is_resumed)
{
    pl_leg_own *own = pl_own(leg);
    pl_net_command m = {.kind = kind,
                        .leg = leg->mix,
                        .thread = leg->thread,
                        .leg_kind = leg->kind,
                        .is_resumed = is_resumed};
    if (is_resumed)
        m.resumed = own->net;
    if (leg->kind == PL_LEG_KIND_SIP) {
        fill_sip(leg, own, has_remote, &m.u.sip);
    } else {
        fill_webrtc(leg, own, has_remote, &m.u.webrtc);
    }
    pl_err e = pl_io_thread_command(c->o.io_thread, &m);
    pl_wipe(&m, sizeof m);
    if (e == PL_OK)
        own->is_in_net = true;
    return e;
}

pl_err pl_control_tell_open(pl_control *c, pl_leg *leg,
                            const pl_mix_position *resume)
{
    pl_control_leg_agreed(c, leg);
    pl_err e = tell_mixer_add(c, leg, resume);
    if (e != PL_OK)
        return e;
    return tell_net(c, leg, PL_NET_OPEN, true, resume != NULL);
}

/* After an exchange of descriptions: the mixer first, so that it knows the
 * leg before the first packet (engine_msg.h). */
static pl_err tell_agreed(pl_control *c, pl_leg *leg)
{
    pl_leg_own *own = pl_own(leg);
    pl_control_leg_agreed(c, leg);
    pl_err e = own->is_in_mixer ? tell_mixer_media(c, leg)
                                : tell_mixer_add(c, leg, NULL);
    if (e != PL_OK)
        return e;
    return tell_net(c, leg, own->is_in_net ? PL_NET_REMOTE : PL_NET_OPEN, true,
                    false);
}

/* ---- descriptions ------------------------------------------------------- */

/* reason[PL_REASON_MAX + 1] */
static void say(char *reason, const char *text)
{
    pl_fmt_cut(reason, PL_REASON_MAX + 1, "%s", text);
}

pl_err pl_control_check_remote(const pl_control *c, const pl_leg *leg,
                               const pl_leg_agreed *agreed, char *ret_reason)
{
    const pl_addr *list[] = {&agreed->remote, &agreed->rtcp_remote};
    for (size_t i = 0; i < 2; i++) {
        if (pl_addr_is_none(list[i]))
            continue;
        if (!pl_own(leg)->port.rtp.is_v6 && !pl_addr_is_v4(list[i])) {
            say(ret_reason, "media is wanted by IPv6, which is not used here");
            return PL_EMEDIA;
        }
        pl_err e = pl_latch_check_target(list[i], c->o.is_loopback_allowed);
        if (e != PL_OK) {
            say(ret_reason,
                "media is wanted at an address that is not allowed");
            return e;
        }
    }
    return PL_OK;
}

/* One address for a telephone: the configured one of its family; else the one
 * that its packets will see us send from. */
static pl_addr local_for(const pl_control *c, const pl_addr *remote)
{
    pl_addr source;
    bool has_remote = !pl_addr_is_none(remote);
    if (has_remote && !c->o.is_announce_fixed &&
        pl_udp_source(remote, &source) == PL_OK)
        return source;
    for (size_t i = 0; has_remote && i < c->o.n_announce; i++) {
        if (pl_addr_is_v4(&c->o.announce[i]) == pl_addr_is_v4(remote))
            return c->o.announce[i];
    }
    return c->o.announce[0];
}

static pl_err open_sip(pl_control *c, pl_leg *leg, pl_slice offer,
                       pl_leg_sdp_options *o)
{
    pl_leg_own *own = pl_own(leg);
    pl_addr remote = own->signaling;
    pl_addr wanted = {.port = 0};
    if (offer.len) {
        pl_err e = pl_leg_sdp_peek(offer, &wanted);
        if (e != PL_OK)
            return e;
    }
    if (!pl_addr_is_none(&wanted))
        remote = wanted;
    pl_err e = pl_rtp_port_open(c->ports, c->o.bind_address,
                                pl_loop_now_us(c->o.loop), &own->port);
    if (e != PL_OK)
        return e;
    o->locals[0] = local_for(c, &remote);
    o->locals[0].port = own->port.rtp.port;
    o->n_locals = 1;
    return PL_OK;
}

/* A peer that knows another leg may have its handshake with this worker behind
 * it: only another certificate makes it begin a new one (RFC 8842 section 3.1).
 */
static pl_err open_webrtc(const pl_control *c, pl_leg_own *own,
                          pl_leg_sdp_options *o, uint8_t print[PL_DTLS_SHA256])
{
    pl_err held = pl_web_ports_hold(c->o.web_ports, c->o.webrtc_port);
    if (held != PL_OK)
        return held;
    own->web_port = c->o.webrtc_port;
    if (o->lines.len) {
        pl_err e = pl_dtls_identity_vary(c->o.identity, &own->identity);
        if (e != PL_OK)
            return e;
    }
    random_ice(UFRAG_BYTES, own->ufrag, sizeof own->ufrag);
    random_ice(PWD_BYTES, own->pwd, sizeof own->pwd);
    pl_dtls_identity_fingerprint(own->identity ? own->identity : c->o.identity,
                                 print);
    o->ufrag = own->ufrag;
    o->pwd = own->pwd;
    o->fingerprint = print;
    o->n_locals = c->o.n_announce;
    for (size_t i = 0; i < c->o.n_announce; i++) {
        o->locals[i] = c->o.announce[i];
        o->locals[i].port = c->o.webrtc_port;
    }
    return PL_OK;
}

static pl_err open_sdp(pl_control *c, pl_leg *leg, pl_slice offer,
                       pl_slice lines)
{
    pl_leg_own *own = pl_own(leg);
    uint8_t print[PL_DTLS_SHA256];
    pl_leg_sdp_options o = {.kind = leg->kind,
                            .ssrc = own->ssrc,
                            .cname = own->cname,
                            .stream_id = "mix",
                            .is_stereo = leg->room->channels == 2,
                            .has_red = c->o.has_red,
                            .has_comfort = c->o.has_comfort,
                            .lines = lines};
    pl_random(&o.session_id, sizeof o.session_id);
    o.session_id >>= 2; /* RFC 8829 section 5.2.1: fits a signed number */
    pl_err e = leg->kind == PL_LEG_KIND_SIP ? open_sip(c, leg, offer, &o)
                                            : open_webrtc(c, own, &o, print);
    if (e != PL_OK)
        return e;
    return pl_leg_sdp_create(&o, &own->sdp);
}

static void remember_remote(pl_leg_own *own, pl_slice sdp)
{
    pl_sha256_hex(sdp.ptr, sdp.len, own->last_remote);
}

static bool is_repeated(const pl_leg_own *own, pl_slice sdp)
{
    char hash[65];
    pl_sha256_hex(sdp.ptr, sdp.len, hash);
    return strcmp(hash, own->last_remote) == 0;
}

/* Keep a description of ours, in no more memory than it takes. */
static pl_err keep_text(pl_leg_own *own, const pl_leg_text *text,
                        pl_sdp_type type)
{
    char *copy = malloc(text->len + 1);
    if (!copy)
        return PL_ENOMEM;
    memcpy(copy, text->text, text->len);
    free(own->text);
    own->text = copy;
    own->text_len = text->len;
    own->text_type = type;
    return PL_OK;
}

static void drop_text(pl_leg_own *own)
{
    free(own->text);
    own->text = NULL;
    own->text_type = PL_SDP_TYPE_UNKNOWN;
}

/* The agreement before the offer stays in force: the threads were told of
 * nothing yet. */
static void forget_offer(pl_leg *leg)
{
    pl_leg_own *own = pl_own(leg);
    pl_leg_sdp_rollback(own->sdp);
    drop_text(own);
}

/* Another certificate: the peer begins a new association, and until that stands
 * nobody else could go on with the leg. */
static void note_certificate(const pl_leg *leg, const pl_leg_agreed *agreed)
{
    pl_leg_own *own = pl_own(leg);
    if (leg->kind == PL_LEG_KIND_WEBRTC && own->is_portable &&
        (leg->agreed.n_prints != agreed->n_prints ||
         memcmp(leg->agreed.prints, agreed->prints, sizeof agreed->prints) !=
             0)) {
        own->is_portable = false;
        own->is_rekeying = true;
    }
}

/* Take an offer: answer, policy, then the threads. */
static pl_err take_offer(pl_control *c, pl_leg *leg, pl_slice offer,
                         char *ret_reason)
{
    pl_leg_own *own = pl_own(leg);
    char ufrag[PL_ICE_UFRAG + 1] = "";
    char pwd[PL_ICE_PWD + 1] = "";
    bool is_webrtc = leg->kind == PL_LEG_KIND_WEBRTC;
    bool is_first = !own->is_in_net;
    if (is_webrtc && !is_first) {
        random_ice(UFRAG_BYTES, ufrag, sizeof ufrag);
        random_ice(PWD_BYTES, pwd, sizeof pwd);
    }
    /* Glare is settled by the signalling: an offer within a session means that
     * ours was refused, or its answer never came. */
    if (own->is_in_mixer && pl_leg_sdp_is_offered(own->sdp))
        forget_offer(leg);
    pl_leg_agreed agreed;
    pl_leg_text text;
    pl_err e = pl_leg_sdp_answer(own->sdp, offer, ufrag[0] ? ufrag : NULL,
                                 ufrag[0] ? pwd : NULL, &text, &agreed);
    if (e != PL_OK) {
        say(ret_reason, pl_leg_sdp_reason(own->sdp));
        return e;
    }
    e = pl_control_check_remote(c, leg, &agreed, ret_reason);
    if (e != PL_OK)
        return e;
    e = keep_text(own, &text, PL_SDP_TYPE_ANSWER);
    if (e != PL_OK)
        return e;
    note_certificate(leg, &agreed);
    agreed.is_ice_restart = agreed.is_ice_restart && !is_first;
    if (agreed.is_ice_restart) {
        memcpy(own->ufrag, ufrag, sizeof own->ufrag);
        memcpy(own->pwd, pwd, sizeof own->pwd);
    }
    leg->agreed = agreed;
    remember_remote(own, offer);
    return tell_agreed(c, leg);
}

static pl_err take_answer(pl_control *c, pl_leg *leg, pl_slice answer,
                          char *ret_reason)
{
    pl_leg_own *own = pl_own(leg);
    if (!pl_leg_sdp_is_offered(own->sdp) && is_repeated(own, answer))
        return PL_OK;
    pl_leg_agreed agreed;
    pl_err e = pl_leg_sdp_accept(own->sdp, answer, &agreed);
    if (e != PL_OK) {
        say(ret_reason, pl_leg_sdp_reason(own->sdp));
        return e;
    }
    e = pl_control_check_remote(c, leg, &agreed, ret_reason);
    if (e != PL_OK)
        return e;
    note_certificate(leg, &agreed);
    agreed.is_ice_restart = false;
    leg->agreed = agreed;
    drop_text(own);
    remember_remote(own, answer);
    return tell_agreed(c, leg);
}

static pl_err make_offer(pl_control *c, pl_leg *leg, pl_direction wanted)
{
    pl_leg_own *own = pl_own(leg);
    pl_leg_text text;
    pl_err e = pl_leg_sdp_offer(own->sdp, wanted, &text);
    if (e == PL_EEXIST)
        return PL_OK; /* asked again: the text is there */
    if (e == PL_OK)
        e = keep_text(own, &text, PL_SDP_TYPE_OFFER);
    if (e != PL_OK)
        return e;
    return own->is_in_net ? PL_OK : tell_net(c, leg, PL_NET_OPEN, false, false);
}

static void give(const pl_leg *leg, pl_control_sdp *ret)
{
    const pl_leg_own *own = pl_own(leg);
    pl_leg_sdp_lines(own->sdp, ret->lines);
    ret->type = own->text_type;
    ret->direction = leg->agreed.media.direction;
    ret->text.len = 0;
    if (own->text_type != PL_SDP_TYPE_UNKNOWN) {
        memcpy(ret->text.text, own->text, own->text_len);
        ret->text.len = own->text_len;
    }
}

/* ---- commands ----------------------------------------------------------- */

pl_err pl_control_begin(pl_leg *leg, pl_leg_kind kind, pl_mix_flags flags)
{
    leg->epoch = leg->room->epoch;
    leg->kind = kind;
    leg->state = PL_LEG_STATE_NEW;
    leg->flags = flags;
    leg->agreed.media.direction = PL_DIRECTION_SENDRECV;
    pl_leg_own *own = calloc(1, sizeof *own);
    if (!own)
        return PL_ENOMEM;
    leg->own = own;
    own->port = (pl_rtp_port){.rtp = {.fd = -1}, .rtcp = {.fd = -1}};
    return PL_OK;
}

static pl_err begin(pl_control *c, pl_leg *leg, const pl_media_leg_create *m,
                    char *ret_reason)
{
    const pl_mix_flags flags = {.mixed = m->mixed, .muted = m->muted};
    pl_err e = pl_control_begin(leg, pl_leg_kind_of(m->kind), flags);
    if (e != PL_OK)
        return e;
    pl_leg_own *own = pl_own(leg);
    pl_random(&own->ssrc, sizeof own->ssrc);
    own->ssrc |= 1; /* 0 means none in several places */
    pl_random_token(CNAME_BYTES, own->cname, sizeof own->cname);
    if (PL_MSG_HAS(MEDIA_LEG_CREATE, media_leg_create, m, signaling_source) &&
        pl_addr_parse(m->signaling_source, 0, &own->signaling) != PL_OK)
        own->signaling = (pl_addr){.port = 0};
    bool has_offer = m->sdp.len > 0;
    pl_slice lines = {NULL, 0}; /* an offer brings its own */
    if (PL_MSG_HAS(MEDIA_LEG_CREATE, media_leg_create, m, lines) && !has_offer)
        lines = pl_slice_str(m->lines);
    e = open_sdp(c, leg, m->sdp, lines);
    if (e != PL_OK)
        return e;
    return has_offer ? take_offer(c, leg, m->sdp, ret_reason)
                     : make_offer(c, leg, PL_DIRECTION_UNKNOWN);
}

pl_err pl_control_leg_create(pl_control *c, uint64_t epoch,
                             const pl_media_leg_create *m, pl_control_sdp *ret)
{
    pl_room *room = NULL;
    ret->reason[0] = '\0';
    pl_err e = pl_control_find_room(c, m->room_id, epoch, &room);
    if (e != PL_OK)
        return e;
    pl_leg *leg = pl_leg_table_find_leg(c->table, m->leg_id);
    if (leg && leg->room == room) {
        give(leg, ret);
        return PL_OK;
    }
    if (c->is_draining)
        return PL_EDRAIN;
    e = pl_control_place_leg(c, room);
    if (e == PL_OK)
        e = pl_leg_table_add_leg(c->table, room, m->leg_id, &leg);
    if (e != PL_OK)
        return e;
    pl_control_leg_came(c, leg);
    e = begin(c, leg, m, ret->reason);
    if (e != PL_OK) {
        pl_metrics_add(c->o.metrics, PL_MEDIA_M_sdp_refused, 1);
        PL_LOG(INFO, "leg", "leg_refused",
               PL_KV("room", m->room_id, "leg", m->leg_id), "%s: %s",
               pl_err_text(e), ret->reason);
        pl_control_drop(c, leg);
        return e;
    }
    leg->state = PL_LEG_STATE_CONNECTING;
    pl_control_gauges(c);
    give(leg, ret);
    return PL_OK;
}

static pl_direction direction_of(const pl_media_leg_remote *m)
{
    return PL_MSG_HAS(MEDIA_LEG_REMOTE, media_leg_remote, m, direction)
               ? pl_direction_of(m->direction)
               : PL_DIRECTION_UNKNOWN;
}

pl_err pl_control_leg_remote(pl_control *c, uint64_t epoch,
                             const pl_media_leg_remote *m, pl_control_sdp *ret)
{
    pl_leg *leg = NULL;
    ret->reason[0] = '\0';
    pl_err e = pl_control_find_leg(c, m->room_id, m->leg_id, epoch, &leg);
    if (e != PL_OK)
        return e;
    if (m->sdp_type == PL_SDP_TYPE_ROLLBACK) {
        forget_offer(leg);
    } else if (m->sdp.len == 0) {
        e = make_offer(c, leg, direction_of(m));
    } else if (m->sdp_type == PL_SDP_TYPE_OFFER) {
        e = take_offer(c, leg, m->sdp, ret->reason);
    } else if (m->sdp_type == PL_SDP_TYPE_ANSWER) {
        e = take_answer(c, leg, m->sdp, ret->reason);
    } else {
        e = PL_EINVAL;
    }
    if (m->sdp.len > 0) /* roompool waits for it, whether it went well or not */
        pl_control_tell_image(c, leg);
    if (e != PL_OK) {
        pl_metrics_add(c->o.metrics, PL_MEDIA_M_sdp_refused, 1);
        return e;
    }
    give(leg, ret);
    return PL_OK;
}

pl_err pl_control_leg_set(pl_control *c, uint64_t epoch,
                          const pl_media_leg_set *m)
{
    pl_leg *leg = NULL;
    pl_err e = pl_control_find_leg(c, m->room_id, m->leg_id, epoch, &leg);
    if (e != PL_OK)
        return e;
    pl_mix_flags f = leg->flags;
    if (PL_MSG_HAS(MEDIA_LEG_SET, media_leg_set, m, mixed))
        f.mixed = m->mixed;
    if (PL_MSG_HAS(MEDIA_LEG_SET, media_leg_set, m, muted))
        f.muted = m->muted;
    if (PL_MSG_HAS(MEDIA_LEG_SET, media_leg_set, m, deaf))
        f.deaf = m->deaf;
    pl_mix_command command = {
        .kind = PL_MIX_LEG_FLAGS, .id = leg->mix, .u.flags = f};
    if (pl_own(leg)->is_in_mixer) /* else LEG_ADD carries them */
        e = pl_mixer_command(c->o.mixer, leg->thread, &command);
    if (e != PL_OK)
        return e;
    bool is_news = f.deaf != leg->flags.deaf; /* roompool does not know that */
    leg->flags = f;
    if (is_news)
        pl_control_tell_image(c, leg);
    return PL_OK;
}

pl_err pl_control_leg_play(pl_control *c, uint64_t epoch,
                           const pl_media_leg_play *m)
{
    pl_leg *leg = NULL;
    pl_err e = pl_control_find_leg(c, m->room_id, m->leg_id, epoch, &leg);
    if (e != PL_OK)
        return e;
    const pl_prompt *prompt = NULL;
    e = pl_control_find_prompt(c, m->prompt, &prompt);
    if (e != PL_OK)
        return e;
    pl_leg_own *own = pl_own(leg);
    if (!own->is_in_mixer)
        return PL_ESTATE;
    pl_mix_command command = {.kind = PL_MIX_LEG_PLAY,
                              .id = leg->mix,
                              .u.play = {.prompt = prompt,
                                         .is_loop = m->loop,
                                         .tag = own->play_tag + 1}};
    e = pl_mixer_command(c->o.mixer, leg->thread, &command);
    if (e == PL_OK)
        own->play_tag++;
    return e;
}

pl_err pl_control_leg_keys(pl_control *c, uint64_t epoch,
                           const pl_media_leg_keys *m)
{
    pl_leg *leg = NULL;
    pl_slice digits = pl_slice_str(m->digits);
    pl_err e = pl_control_find_leg(c, m->room_id, m->leg_id, epoch, &leg);
    if (e != PL_OK)
        return e;
    pl_leg_own *own = pl_own(leg);
    if (!pl_is_keys(digits))
        return PL_EINVAL;
    if (!own->is_in_mixer)
        return PL_ESTATE;
    if (leg->agreed.media.dtmf_send_pt == PL_MIX_NO_PT)
        return PL_EUNSUPPORTED;
    if (digits.len > PL_KEYS_MAX - own->n_keys)
        return PL_EFULL;
    pl_mix_command command = {.kind = PL_MIX_LEG_KEYS,
                              .id = leg->mix,
                              .u.keys = {.n = (uint16_t)digits.len}};
    memcpy(command.u.keys.keys, digits.ptr, digits.len);
    e = pl_mixer_command(c->o.mixer, leg->thread, &command);
    if (e == PL_OK)
        own->n_keys += (uint32_t)digits.len;
    return e;
}

pl_err pl_control_leg_destroy(pl_control *c, uint64_t epoch,
                              const char *room_id, const char *leg_id)
{
    pl_leg *leg = NULL;
    pl_err e = pl_control_find_leg(c, room_id, leg_id, epoch, &leg);
    if (e != PL_OK)
        return e == PL_ENOENT ? PL_OK : e;
    pl_control_drop(c, leg);
    return PL_OK;
}
