/* leg_state.c - see leg_state.h. One function visits what is written and what
 * is read. */
#include "io/leg_state.h"

#include <string.h>

#include "pl/buf.h"
#include "pl/pack.h"

enum {
    IMAGE_VERSION = 1, /* another one for any change of what follows it */
    PLACE_VERSION = 1,
    INDEX_BITS = 48, /* RFC 3711 section 3.3.1 */
    RTCP_BITS = 31,  /* RFC 3711 section 3.4 */
};

/* ---- what a leg is ------------------------------------------------------ */

static void visit_kind(pl_pack *p, pl_leg_kind *kind)
{
    unsigned v = (unsigned)*kind;
    pl_pack_choice(p, &v, PL_LEG_KIND_WEBRTC, PL_LEG_KIND_SIP);
    *kind = (pl_leg_kind)v;
}

static void visit_addr(pl_pack *p, pl_addr *a)
{
    pl_pack_bytes(p, a->ip, sizeof a->ip);
    pl_pack_u16(p, &a->port);
}

static void visit_profile(pl_pack *p, pl_srtp_profile *profile)
{
    uint16_t v = (uint16_t)*profile;
    pl_pack_u16(p, &v);
    if (v != PL_SRTP_AES128_CM_SHA1_80 && v != PL_SRTP_AEAD_AES_128_GCM)
        pl_pack_refuse(p);
    *profile = (pl_srtp_profile)v;
}

static void visit_keys(pl_pack *p, pl_srtp_keys *k)
{
    visit_profile(p, &k->profile);
    pl_pack_bytes(p, k->client_key, sizeof k->client_key);
    pl_pack_bytes(p, k->server_key, sizeof k->server_key);
    pl_pack_bytes(p, k->client_salt, sizeof k->client_salt);
    pl_pack_bytes(p, k->server_salt, sizeof k->server_salt);
}

static void visit_way(pl_pack *p, pl_dtls_way *w)
{
    pl_pack_bytes(p, w->key, sizeof w->key);
    pl_pack_bytes(p, w->iv, sizeof w->iv);
    pl_pack_u64(p, &w->seq);
}

static void visit_alerts(pl_pack *p, pl_dtls_alerts *a)
{
    unsigned aead = (unsigned)a->aead;
    pl_pack_choice(p, &aead, 0, PL_DTLS_AEADS - 1);
    a->aead = (pl_dtls_aead)aead;
    visit_way(p, &a->in);
    visit_way(p, &a->out);
    pl_pack_u64(p, &a->nonce);
}

static void visit_image(pl_pack *p, pl_leg_image *m)
{
    visit_kind(p, &m->kind);
    pl_pack_slice(p, &m->sdp);
    pl_pack_text(p, m->remote, sizeof m->remote);
    visit_addr(p, &m->signaling);
    pl_pack_bool(p, &m->is_deaf);
    if (m->kind != PL_LEG_KIND_WEBRTC)
        return;
    visit_keys(p, &m->net.keys);
    pl_pack_bool(p, &m->net.is_server);
    pl_pack_bool(p, &m->net.has_alerts);
    if (m->net.has_alerts)
        visit_alerts(p, &m->net.alerts);
}

/* Whether the version fits, which comes first. */
static pl_err check_version(pl_pack *p, uint8_t ours)
{
    uint8_t version = ours;
    pl_pack_u8(p, &version);
    if (p->error != PL_OK)
        return p->error;
    return version == ours ? PL_OK : PL_EUNSUPPORTED;
}

pl_err pl_leg_image_write(const pl_leg_image *image, uint8_t *buf, size_t cap,
                          size_t *ret_len)
{
    pl_leg_image copy = *image; /* visiting wants to write */
    pl_pack p = pl_pack_writer(buf, cap);
    pl_err e = check_version(&p, IMAGE_VERSION);
    visit_image(&p, &copy);
    pl_wipe(&copy, sizeof copy);
    if (e == PL_OK)
        e = pl_pack_end(&p);
    if (e == PL_OK)
        *ret_len = p.done;
    return e;
}

pl_err pl_leg_image_read(pl_slice bytes, pl_leg_image *ret)
{
    pl_leg_image m = {.sdp = {NULL, 0}};
    pl_pack p = pl_pack_reader(bytes);
    pl_err e = check_version(&p, IMAGE_VERSION);
    if (e == PL_OK) {
        visit_image(&p, &m);
        e = pl_pack_end(&p);
    }
    if (e == PL_OK)
        *ret = m;
    pl_wipe(&m, sizeof m);
    return e;
}

/* ---- how far it is ------------------------------------------------------ */

static void visit_bits(pl_pack *p, uint64_t *value, unsigned bits)
{
    pl_pack_u64(p, value);
    if (*value >> bits != 0)
        pl_pack_refuse(p);
}

static void visit_rtcp_index(pl_pack *p, uint32_t *value)
{
    pl_pack_u32(p, value);
    if (*value >> RTCP_BITS != 0)
        pl_pack_refuse(p);
}

static void visit_position(pl_pack *p, pl_mix_position *at)
{
    uint64_t at_us = (uint64_t)at->at_us;
    visit_bits(p, &at_us, 63);
    at->at_us = p->error == PL_OK ? (int64_t)at_us : 0;
    visit_bits(p, &at->send_index, INDEX_BITS);
    pl_pack_u32(p, &at->ssrc);
    pl_pack_u32(p, &at->ts);
    visit_rtcp_index(p, &at->rtcp_index);
    pl_pack_u32(p, &at->packets);
    pl_pack_u32(p, &at->bytes);
    pl_pack_u32(p, &at->followed);
    size_t n = at->n_in;
    pl_pack_count(p, &n, PL_SRTP_MAX_SSRC_IN);
    at->n_in = (uint8_t)n;
    for (size_t i = 0; i < n; i++) {
        pl_pack_u32(p, &at->in[i].ssrc);
        visit_rtcp_index(p, &at->in[i].rtcp_index);
        visit_bits(p, &at->in[i].index, INDEX_BITS);
        pl_pack_bool(p, &at->in[i].has_rtp);
    }
}

static void visit_paths(pl_pack *p, pl_net_state *net)
{
    unsigned n_selected = 0;
    size_t n = net->n_paths;
    pl_pack_count(p, &n, PL_ICE_PATHS);
    net->n_paths = (uint8_t)n;
    for (size_t i = 0; i < n; i++) {
        visit_addr(p, &net->paths[i].addr);
        pl_pack_bool(p, &net->paths[i].is_nominated);
        pl_pack_bool(p, &net->paths[i].is_selected);
        n_selected += net->paths[i].is_selected;
    }
    if (n_selected > 1)
        pl_pack_refuse(p);
}

static void visit_place(pl_pack *p, pl_leg_kind *kind, pl_mix_position *at,
                        pl_net_state *net)
{
    visit_kind(p, kind);
    visit_position(p, at);
    if (*kind == PL_LEG_KIND_WEBRTC) {
        visit_paths(p, net);
        return;
    }
    visit_addr(p, &net->source);
    visit_addr(p, &net->remote);
    visit_addr(p, &net->rtcp);
    pl_pack_bool(p, &net->has_rtcp_source);
}

pl_err pl_leg_place_write(pl_leg_kind kind, const pl_mix_position *at,
                          const pl_net_state *net, uint8_t *buf, size_t cap,
                          size_t *ret_len)
{
    pl_mix_position position = *at;
    pl_net_state state = *net;
    pl_pack p = pl_pack_writer(buf, cap);
    pl_err e = check_version(&p, PLACE_VERSION);
    visit_place(&p, &kind, &position, &state);
    pl_wipe(&state, sizeof state);
    if (e == PL_OK)
        e = pl_pack_end(&p);
    if (e == PL_OK)
        *ret_len = p.done;
    return e;
}

pl_err pl_leg_place_read(pl_slice bytes, pl_leg_kind kind,
                         pl_mix_position *ret_at, pl_net_state *net)
{
    pl_mix_position at = {.at_us = 0};
    pl_net_state state = *net;
    pl_leg_kind told = kind;
    pl_pack p = pl_pack_reader(bytes);
    pl_err e = check_version(&p, PLACE_VERSION);
    if (e == PL_OK) {
        visit_place(&p, &told, &at, &state);
        e = pl_pack_end(&p);
    }
    if (e == PL_OK && told != kind)
        e = PL_EPROTO;
    if (e == PL_OK) {
        *ret_at = at;
        *net = state;
    }
    pl_wipe(&state, sizeof state);
    return e;
}
