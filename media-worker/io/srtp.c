/* srtp.c - libsrtp2: one session a direction, sources capped. */
#include "io/srtp.h"

#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "core/be.h"

enum {
    REPLAY_WINDOW = 1024, /* packets; RFC 3711 section 3.3.2 wants 64 */
    SALT_CM = 14,
    SALT_GCM = 12,
    RTP_HEAD = 12,
    RTCP_HEAD = 8,
    MASTER_MAX = PL_SRTP_KEY + PL_SRTP_SALT_MAX
};

struct pl_srtp {
    srtp_t out, in;
    pl_srtp_keys keys;
    bool is_server;
    bool has_out;
    uint32_t out_ssrc;
    uint32_t in_ssrc[PL_SRTP_MAX_SSRC_IN];
    uint8_t n_in;
};

static void wipe(void *p, size_t n)
{
    volatile uint8_t *b = p;
    while (n-- > 0)
        *b++ = 0;
}

pl_err pl_srtp_library_open(void)
{
    return srtp_init() == srtp_err_status_ok ? PL_OK : PL_EINTERNAL;
}

void pl_srtp_library_close(void)
{
    (void)srtp_shutdown();
}

/* The policy of one direction; master[MASTER_MAX] receives key and salt and
 * must outlive the call that uses the policy. */
static pl_err make_policy(const pl_srtp_keys *keys, bool is_client_key,
                          uint8_t *master, srtp_policy_t *policy)
{
    *policy = (srtp_policy_t){.window_size = REPLAY_WINDOW, .key = master};
    size_t salt = SALT_CM;
    switch (keys->profile) {
    case PL_SRTP_AES128_CM_SHA1_80:
        srtp_crypto_policy_set_rtp_default(&policy->rtp);
        srtp_crypto_policy_set_rtcp_default(&policy->rtcp);
        break;
    case PL_SRTP_AEAD_AES_128_GCM:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
        salt = SALT_GCM;
        break;
    case PL_SRTP_NONE:
    default: return PL_EINVAL;
    }
    memcpy(master, is_client_key ? keys->client_key : keys->server_key,
           PL_SRTP_KEY);
    memcpy(master + PL_SRTP_KEY,
           is_client_key ? keys->client_salt : keys->server_salt, salt);
    return PL_OK;
}

static pl_err open_session(const pl_srtp_keys *keys, bool is_client_key,
                           srtp_ssrc_type_t any, srtp_t *ret_session)
{
    uint8_t master[MASTER_MAX] = {0};
    srtp_policy_t policy;
    pl_err e = make_policy(keys, is_client_key, master, &policy);
    if (e == PL_OK) {
        policy.ssrc.type = any;
        if (srtp_create(ret_session, &policy) != srtp_err_status_ok)
            e = PL_EINTERNAL;
    }
    wipe(master, sizeof master);
    return e;
}

pl_err pl_srtp_create(const pl_srtp_keys *keys, bool is_server,
                      pl_srtp **ret_srtp)
{
    pl_srtp *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    s->keys = *keys;
    s->is_server = is_server;
    pl_err e = open_session(keys, !is_server, ssrc_any_outbound, &s->out);
    if (e == PL_OK)
        e = open_session(keys, is_server, ssrc_any_inbound, &s->in);
    if (e != PL_OK) {
        pl_srtp_destroy(&s);
        return e;
    }
    *ret_srtp = s;
    return PL_OK;
}

void pl_srtp_destroy(pl_srtp **srtp)
{
    if (!srtp || !*srtp)
        return;
    pl_srtp *s = *srtp;
    if (s->out)
        (void)srtp_dealloc(s->out);
    if (s->in)
        (void)srtp_dealloc(s->in);
    wipe(s, sizeof *s);
    free(s);
    *srtp = NULL;
}

static uint32_t ssrc_of(const uint8_t *packet, bool is_rtcp)
{
    return pl_be_get32(packet + (is_rtcp ? 4 : 8));
}

pl_err pl_srtp_protect(pl_srtp *srtp, bool is_rtcp, uint8_t *packet, size_t cap,
                       size_t *len)
{
    if (*len < RTP_HEAD && (!is_rtcp || *len < RTCP_HEAD))
        return PL_EINVAL;
    if (cap < *len || cap - *len < PL_SRTP_MAX_TRAILER)
        return PL_EFULL;
    int n = (int)*len;
    srtp_err_status_t status = is_rtcp
                                   ? srtp_protect_rtcp(srtp->out, packet, &n)
                                   : srtp_protect(srtp->out, packet, &n);
    if (status != srtp_err_status_ok)
        return PL_EINTERNAL;
    srtp->has_out = true;
    srtp->out_ssrc = ssrc_of(packet, is_rtcp);
    *len = (size_t)n;
    return PL_OK;
}

static bool is_known(const pl_srtp *s, uint32_t ssrc)
{
    for (uint8_t i = 0; i < s->n_in; i++) {
        if (s->in_ssrc[i] == ssrc)
            return true;
    }
    return false;
}

static pl_err err_of(srtp_err_status_t status)
{
    if (status == srtp_err_status_replay_fail ||
        status == srtp_err_status_replay_old)
        return PL_EEXIST;
    if (status == srtp_err_status_parse_err ||
        status == srtp_err_status_bad_param)
        return PL_EPROTO;
    return PL_EAUTH;
}

pl_err pl_srtp_unprotect(pl_srtp *srtp, bool is_rtcp, uint8_t *packet,
                         size_t *len)
{
    if (*len < (is_rtcp ? RTCP_HEAD : RTP_HEAD))
        return PL_EPROTO;
    /* The library keeps a stream for every source that ever authenticated, in
     * a list it walks: one peer could make it as long as it likes. */
    uint32_t ssrc = ssrc_of(packet, is_rtcp);
    bool is_new = !is_known(srtp, ssrc);
    if (is_new && srtp->n_in == PL_SRTP_MAX_SSRC_IN)
        return PL_EFULL;
    int n = (int)*len;
    srtp_err_status_t status = is_rtcp
                                   ? srtp_unprotect_rtcp(srtp->in, packet, &n)
                                   : srtp_unprotect(srtp->in, packet, &n);
    if (status != srtp_err_status_ok)
        return err_of(status);
    if (is_new)
        srtp->in_ssrc[srtp->n_in++] = ssrc;
    *len = (size_t)n;
    return PL_OK;
}

static void export_source(const pl_srtp *s, bool is_out, uint32_t ssrc,
                          pl_srtp_state *state)
{
    uint32_t roc = 0;
    if (srtp_get_stream_roc(is_out ? s->out : s->in, ssrc, &roc) !=
        srtp_err_status_ok)
        return;
    state->source[state->n_sources].ssrc = ssrc;
    state->source[state->n_sources].roc = roc;
    state->source[state->n_sources].is_out = is_out;
    state->n_sources++;
}

void pl_srtp_export(const pl_srtp *srtp, pl_srtp_state *ret_state)
{
    *ret_state =
        (pl_srtp_state){.keys = srtp->keys, .is_server = srtp->is_server};
    if (srtp->has_out)
        export_source(srtp, true, srtp->out_ssrc, ret_state);
    for (uint8_t i = 0; i < srtp->n_in; i++)
        export_source(srtp, false, srtp->in_ssrc[i], ret_state);
}

/* Give a direction the stream of one source with its roll-over counter. */
static pl_err import_source(pl_srtp *s, uint32_t ssrc, uint32_t roc,
                            bool is_out)
{
    uint8_t master[MASTER_MAX] = {0};
    srtp_policy_t policy;
    pl_err e = make_policy(&s->keys, is_out ? !s->is_server : s->is_server,
                           master, &policy);
    if (e != PL_OK)
        return e;
    policy.ssrc.type = ssrc_specific;
    policy.ssrc.value = ssrc;
    srtp_t session = is_out ? s->out : s->in;
    bool is_ok = srtp_add_stream(session, &policy) == srtp_err_status_ok &&
                 srtp_set_stream_roc(session, ssrc, roc) == srtp_err_status_ok;
    wipe(master, sizeof master);
    if (!is_ok)
        return PL_EINTERNAL;
    if (is_out) {
        s->has_out = true;
        s->out_ssrc = ssrc;
    } else {
        s->in_ssrc[s->n_in++] = ssrc;
    }
    return PL_OK;
}

pl_err pl_srtp_import(const pl_srtp_state *state, pl_srtp **ret_srtp)
{
    pl_srtp *s = NULL;
    if (state->n_sources > PL_SRTP_MAX_SSRC_IN + 1)
        return PL_EINVAL;
    pl_err e = pl_srtp_create(&state->keys, state->is_server, &s);
    for (uint8_t i = 0; e == PL_OK && i < state->n_sources; i++) {
        if (!state->source[i].is_out && s->n_in == PL_SRTP_MAX_SSRC_IN) {
            e = PL_EINVAL;
        } else {
            e = import_source(s, state->source[i].ssrc, state->source[i].roc,
                              state->source[i].is_out);
        }
    }
    if (e != PL_OK) {
        pl_srtp_destroy(&s);
        return e;
    }
    *ret_srtp = s;
    return PL_OK;
}

const pl_srtp_ops pl_srtp_library = {.create = pl_srtp_create,
                                     .destroy = pl_srtp_destroy,
                                     .protect = pl_srtp_protect,
                                     .unprotect = pl_srtp_unprotect};
