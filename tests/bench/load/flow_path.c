/* flow_path.c - a party's way to the server: as a browser's, ICE with consent
 * and DTLS. */
#include "flow_state.h"

#include <string.h>

#include "pl/buf.h"
#include "pl/rng.h"
#include "pl/str.h"

enum {
    CHECK_US = 200000,    /* until the first answer */
    CONSENT_US = 5000000, /* RFC 7675 section 5.1 */
    DTLS_US = 100000,
    AGAIN_US = 1000000,         /* after a handshake that was thrown away */
    CONNECT_US = 30000000,      /* then it has failed */
    HANDSHAKE_EVERY_US = 11000, /* so that no server's limit is met */
    PRIORITY = 0x7effffff
};

static void move_on(pl_flow_party *fp, int from, int to)
{
    (void)atomic_compare_exchange_strong(&fp->phase, &from, to);
}

/* ---- ICE ---------------------------------------------------------------- */

static void send_check(pl_flow_party *fp)
{
    const pl_load_party *p = fp->party;
    uint8_t buf[PL_STUN_MAX];
    char name[PL_LOAD_REMOTE_TEXT + PL_LOAD_UFRAG + 2];
    pl_stun_writer w;
    size_t len = 0;
    if (pl_fmt(name, sizeof name, "%s:%s", p->remote_ufrag, p->ufrag) != PL_OK)
        return;
    pl_random(fp->txid, sizeof fp->txid);
    pl_stun_begin(&w, buf, sizeof buf, PL_STUN_BINDING_REQUEST, fp->txid);
    pl_stun_put(&w, PL_STUN_AT_USERNAME, name, strlen(name));
    pl_stun_put_u32(&w, PL_STUN_AT_PRIORITY, PRIORITY);
    pl_stun_put_u64(&w, PL_STUN_AT_CONTROLLING, 1);
    pl_stun_put(&w, PL_STUN_AT_USE_CANDIDATE, "", 0);
    if (pl_stun_end(&w, pl_slice_str(p->remote_pwd), &len) == PL_OK)
        pl_flow_put(fp, &fp->remote, buf, len);
}

static void answer_check(pl_flow_party *fp, const pl_stun_msg *msg,
                         const struct sockaddr_in *from)
{
    uint8_t buf[PL_STUN_MAX];
    pl_stun_writer w;
    size_t len = 0;
    pl_addr mapped = {.port = ntohs(from->sin_port)};
    pl_slice own = pl_slice_str(fp->party->pwd);
    if (!pl_stun_is_authentic(msg, own))
        return;
    mapped.ip[10] = mapped.ip[11] = 0xff;
    memcpy(mapped.ip + 12, &from->sin_addr, 4);
    pl_stun_begin(&w, buf, sizeof buf, PL_STUN_BINDING_SUCCESS, msg->txid);
    pl_stun_put_mapped(&w, &mapped);
    if (pl_stun_end(&w, own, &len) == PL_OK)
        pl_flow_put(fp, from, buf, len);
}

static void send_dtls(void *ctx, const uint8_t *data, size_t len)
{
    const pl_flow_party *fp = ctx;
    pl_flow_put(fp, &fp->remote, data, len);
}

static void on_success(pl_flow_party *fp)
{
    if (fp->is_checked)
        return;
    fp->is_checked = true;
    if (pl_dtls_create(fp->flow->identity, send_dtls, fp, &fp->dtls) != PL_OK)
        move_on(fp, PL_FLOW_CONNECTING, PL_FLOW_FAILED);
}

void pl_flow_path_stun(pl_flow_party *fp, const struct sockaddr_in *from,
                       const uint8_t *data, size_t len)
{
    pl_stun_msg msg;
    if (pl_stun_parse(data, len, &msg) != PL_OK)
        return;
    if (msg.type == PL_STUN_BINDING_REQUEST) {
        answer_check(fp, &msg, from);
        return;
    }
    if (msg.type == PL_STUN_BINDING_SUCCESS &&
        memcmp(msg.txid, fp->txid, sizeof fp->txid) == 0 &&
        pl_stun_is_authentic(&msg, pl_slice_str(fp->party->remote_pwd)))
        on_success(fp);
}

/* ---- DTLS --------------------------------------------------------------- */

static void take_keys(pl_flow_party *fp)
{
    const pl_load_party *p = fp->party;
    const uint8_t(*prints)[PL_DTLS_SHA256] =
        (const uint8_t(*)[PL_DTLS_SHA256])p->prints;
    bool is_good =
        pl_dtls_keys(fp->dtls, prints, p->n_prints, &fp->keys) == PL_OK &&
        pl_srtp_create(&fp->keys, p->is_dtls_server, &fp->out) == PL_OK;
    /* The client has the last word of a handshake; as the server we may have
     * to say ours again. */
    if (!p->is_dtls_server)
        pl_dtls_destroy(&fp->dtls);
    move_on(fp, PL_FLOW_CONNECTING, is_good ? PL_FLOW_UP : PL_FLOW_FAILED);
}

void pl_flow_path_dtls(pl_flow_party *fp, const uint8_t *data, size_t len)
{
    bool is_rebuilt = false;
    if (!fp->dtls)
        return;
    /* a client that has not said anything expects nothing */
    if (!fp->party->is_dtls_server &&
        pl_dtls_state(fp->dtls) == PL_DTLS_WAITING)
        return;
    pl_dtls_status s = pl_dtls_input(fp->dtls, data, len, &is_rebuilt);
    if (s == PL_DTLS_UP && atomic_load(&fp->phase) == PL_FLOW_CONNECTING)
        take_keys(fp);
}

static void dtls_tick(pl_flow_party *fp, int64_t now_us)
{
    pl_load_flow *f = fp->flow;
    bool is_rebuilt = false;
    if (now_us < fp->next_dtls_us)
        return;
    fp->next_dtls_us = now_us + DTLS_US;
    if (pl_dtls_state(fp->dtls) == PL_DTLS_HALF) {
        (void)pl_dtls_timeout(fp->dtls, &is_rebuilt);
        if (is_rebuilt)
            fp->next_dtls_us = now_us + AGAIN_US;
    } else if (!fp->party->is_dtls_server && now_us >= f->next_handshake_us) {
        f->next_handshake_us = now_us + HANDSHAKE_EVERY_US;
        (void)pl_dtls_connect(fp->dtls);
    } else {
        fp->next_dtls_us = now_us;
    }
}

/* ---- life --------------------------------------------------------------- */

void pl_flow_path_begin(pl_flow_party *fp, int64_t now_us)
{
    const pl_load_party *p = fp->party;
    fp->remote = (struct sockaddr_in){.sin_family = AF_INET,
                                      .sin_port = htons(p->remote.port)};
    memcpy(&fp->remote.sin_addr, p->remote.ip + 12, 4);
    fp->heard = (pl_flow_heard){.has_any = false};
    fp->began_us = now_us;
    fp->next_check_us = fp->next_dtls_us = now_us;
    fp->is_checked = false;
    move_on(fp, PL_FLOW_JOINED, PL_FLOW_CONNECTING);
    if (p->transport == PL_LOAD_RTP)
        move_on(fp, PL_FLOW_CONNECTING, PL_FLOW_UP);
}

void pl_flow_path_tick(pl_flow_party *fp, int64_t now_us)
{
    int phase = atomic_load(&fp->phase);
    if (phase == PL_FLOW_CONNECTING && now_us - fp->began_us > CONNECT_US) {
        move_on(fp, PL_FLOW_CONNECTING, PL_FLOW_FAILED);
        return;
    }
    if (fp->party->transport != PL_LOAD_WEBRTC)
        return;
    if (now_us >= fp->next_check_us) {
        send_check(fp);
        fp->next_check_us =
            now_us + (fp->is_checked ? (int64_t)CONSENT_US : (int64_t)CHECK_US);
    }
    if (phase == PL_FLOW_CONNECTING && fp->dtls)
        dtls_tick(fp, now_us);
}

void pl_flow_path_end(pl_flow_party *fp)
{
    if (fp->dtls)
        pl_dtls_close(fp->dtls);
    pl_dtls_destroy(&fp->dtls);
    pl_srtp_destroy(&fp->out);
    pl_srtp_destroy(&fp->in);
    pl_wipe(&fp->keys, sizeof fp->keys);
}
