/* peer_webrtc.c - a browser's transport: checks, then DTLS, then media. */
#include "io/peer_state.h"

#include <string.h>

#include "core/demux.h"
#include "core/dtls_record.h"

static void send_dtls(void *ctx, const uint8_t *data, size_t len)
{
    pl_peer *p = ctx;
    (void)pl_udp_send(p->u.webrtc.port, &p->u.webrtc.dtls_from, data, len);
}

static pl_err make_dtls(pl_peer *p, pl_dtls **ret_dtls)
{
    const pl_dtls_identity *own = p->u.webrtc.told.identity;
    return pl_dtls_create(own ? own : p->peers->identity, send_dtls, p,
                          ret_dtls);
}

/* ---- commands ----------------------------------------------------------- */

static void forget_path(const pl_peer *p, const pl_addr *addr)
{
    if (addr->port) {
        pl_addr_map_remove(p->peers->by_addr, addr, p->u.webrtc.port->port,
                           p->id.index);
    }
}

/* The socket with that port, 0: our own. */
static const pl_udp *find_port(const pl_peers *peers, uint16_t port)
{
    const size_t n = port ? PL_NET_PORTS : 1;
    for (size_t i = 0; i < n; i++) {
        const pl_udp *udp = &peers->ports[i];
        if (udp->fd >= 0 && (port == 0 || udp->port == port))
            return udp;
    }
    return NULL;
}

/* The paths that another worker validated: as if their last checks came now,
 * from where the peer goes on with them. */
static pl_err resume_paths(pl_peer *p, const pl_net_state *s)
{
    pl_ice *ice = &p->u.webrtc.ice;
    if (s->n_paths > PL_ICE_PATHS)
        return PL_EINVAL;
    for (int i = 0; i < s->n_paths; i++) {
        const pl_addr *addr = &s->paths[i].addr;
        uint32_t other = 0;
        if (pl_addr_is_none(addr) ||
            pl_addr_map_find(p->peers->by_addr, addr, p->u.webrtc.port->port,
                             &other))
            continue; /* checks of the peer will settle whose it is */
        if (pl_addr_map_put(p->peers->by_addr, addr, p->u.webrtc.port->port,
                            p->id.index) != PL_OK)
            return PL_ENOMEM;
        ice->paths[i] = (pl_ice_path){.addr = *addr,
                                      .number = ice->next_path++,
                                      .seen_us = p->peers->now_us,
                                      .is_nominated = s->paths[i].is_nominated};
        if (s->paths[i].is_selected) {
            ice->selected = i;
            p->u.webrtc.dtls_from = *addr;
        }
    }
    return PL_OK;
}

/* A leg that another worker had. Without keys its handshake begins anew: the
 * peer repeats what was not answered. */
static pl_err resume(pl_peer *p, const pl_net_state *s)
{
    pl_err e = resume_paths(p, s);
    if (e != PL_OK || s->keys.profile == PL_SRTP_NONE)
        return e == PL_OK ? make_dtls(p, &p->u.webrtc.dtls) : e;
    const pl_dtls_identity *own = p->u.webrtc.told.identity;
    e = pl_dtls_resume(own ? own : p->peers->identity, send_dtls, p,
                       s->has_alerts ? &s->alerts : NULL, &p->u.webrtc.dtls);
    if (e != PL_OK)
        return e;
    p->u.webrtc.first_check_us = p->peers->now_us;
    p->u.webrtc.keys = s->keys;
    p->u.webrtc.is_client = !s->is_server;
    p->is_up = true;
    pl_peer_todo(p, PL_TODO_MIXER_UP | PL_TODO_UP);
    pl_peer_moved(p);
    return PL_OK;
}

pl_err pl_peer_webrtc_open(pl_peer *p, const pl_net_webrtc *told,
                           const pl_net_state *resumed)
{
    const pl_udp *port = find_port(p->peers, told->port);
    p->u.webrtc.port = port ? port : &p->peers->ports[0];
    p->u.webrtc.told = *told;
    p->u.webrtc.begins = pl_rate_make(PL_PEER_BEGINS_PER_S, p->peers->now_us);
    p->u.webrtc.checks =
        pl_rate_make(PL_PEER_LEG_CHECKS_PER_S, p->peers->now_us);
    pl_err e = pl_ice_init(&p->u.webrtc.ice, told->ufrag, told->pwd,
                           told->has_remote ? told->remote_ufrag : "",
                           p->peers->now_us);
    if (e == PL_OK && !port)
        e = PL_ENOENT;
    if (e == PL_OK && resumed && told->has_remote) {
        e = resume(p, resumed);
    } else if (e == PL_OK) {
        e = make_dtls(p, &p->u.webrtc.dtls);
    }
    if (e == PL_OK)
        e = pl_map_put(p->peers->by_ufrag, told->ufrag, p);
    return e;
}

void pl_peer_webrtc_state(const pl_peer *p, pl_net_state *ret_state)
{
    const pl_ice *ice = &p->u.webrtc.ice;
    *ret_state = (pl_net_state){.keys = p->u.webrtc.keys,
                                .is_server = !p->u.webrtc.is_client};
    for (int i = 0; i < PL_ICE_PATHS; i++) {
        if (ice->paths[i].number == 0)
            continue;
        ret_state->paths[ret_state->n_paths].addr = ice->paths[i].addr;
        ret_state->paths[ret_state->n_paths].is_nominated =
            ice->paths[i].is_nominated;
        ret_state->paths[ret_state->n_paths++].is_selected = i == ice->selected;
    }
    ret_state->has_alerts =
        p->u.webrtc.dtls &&
        pl_dtls_export(p->u.webrtc.dtls, &ret_state->alerts) == PL_OK;
}

static void leave_half(pl_peer *p)
{
    if (pl_dtls_state(p->u.webrtc.dtls) == PL_DTLS_HALF)
        p->peers->n_half--;
}

/* Another certificate: the peer begins a new DTLS association. */
static void restart_dtls(pl_peer *p)
{
    pl_dtls *fresh = NULL;
    if (make_dtls(p, &fresh) != PL_OK)
        return;
    leave_half(p);
    pl_dtls_destroy(&p->u.webrtc.dtls);
    p->u.webrtc.dtls = fresh;
    p->u.webrtc.ice.selected = -1;  /* the next nominated path is the one */
    p->u.webrtc.first_check_us = 0; /* the handshake's time begins anew */
    p->u.webrtc.release_us = 0;
    p->u.webrtc.is_client = false;
    p->is_up = false;
}

void pl_peer_webrtc_remote(pl_peer *p, const pl_net_webrtc *told)
{
    pl_net_webrtc *known = &p->u.webrtc.told;
    pl_ice *ice = &p->u.webrtc.ice;
    if (told->is_ice_restart) {
        (void)pl_map_remove(p->peers->by_ufrag, ice->ufrag);
        if (pl_ice_restart(ice, told->ufrag, told->pwd, told->remote_ufrag) !=
                PL_OK ||
            pl_map_put(p->peers->by_ufrag, ice->ufrag, p) != PL_OK) {
            pl_peer_over(p, "ICE restart failed");
            return;
        }
    } else if (pl_ice_set_remote(ice, told->remote_ufrag) != PL_OK) {
        return;
    }
    ice->alive_us = p->peers->now_us;
    bool is_same =
        known->has_remote && known->n_prints == told->n_prints &&
        memcmp(known->prints, told->prints, sizeof told->prints) == 0;
    bool had_remote = known->has_remote;
    *known = *told;
    if (had_remote && !is_same)
        restart_dtls(p);
}

void pl_peer_webrtc_close(pl_peer *p, bool is_silent)
{
    pl_ice *ice = &p->u.webrtc.ice;
    if (pl_map_find(p->peers->by_ufrag, ice->ufrag) == p)
        (void)pl_map_remove(p->peers->by_ufrag, ice->ufrag);
    for (size_t i = 0; i < PL_ICE_PATHS; i++)
        forget_path(p, &ice->paths[i].addr);
    if (p->u.webrtc.dtls) {
        leave_half(p);
        if (!is_silent)
            pl_dtls_close(p->u.webrtc.dtls);
    }
    pl_dtls_destroy(&p->u.webrtc.dtls);
}

/* ---- STUN --------------------------------------------------------------- */

/* Answers leave by the port that the question came by. */
static void reply(const pl_udp *port, const pl_addr *to, const pl_ice_reply *r)
{
    if (r->len)
        (void)pl_udp_send(port, to, r->data, r->len);
}

static void refuse(pl_peers *peers, const pl_udp *port, const pl_addr *to,
                   const pl_ice_reply *r)
{
    if (pl_rate_take(&peers->refusals, peers->now_us))
        reply(port, to, r);
}

/* Whether the address is that of another leg's living path: credentials of
 * one's own do not entitle to the address of somebody else, whose media would
 * go astray. */
static bool is_taken(const pl_peer *p, const pl_addr *from)
{
    const pl_peers *peers = p->peers;
    uint32_t index = 0;
    if (!pl_addr_map_find(peers->by_addr, from, p->u.webrtc.port->port,
                          &index) ||
        index == p->id.index)
        return false;
    const pl_peer *owner = &peers->list[index];
    if (owner->is_over || owner->kind != PL_LEG_KIND_WEBRTC)
        return false;
    int path = pl_ice_find(&owner->u.webrtc.ice, from);
    return path >= 0 &&
           peers->now_us - owner->u.webrtc.ice.paths[path].seen_us <
               PL_PEER_ADDRESS_US;
}

static void on_check(pl_peer *p, const pl_stun_msg *msg, const pl_addr *from)
{
    pl_peers *peers = p->peers;
    pl_ice *ice = &p->u.webrtc.ice;
    pl_ice_reply r;
    /* The worker's limit comes last: nobody can use it up alone. */
    if (!pl_rate_take(&p->u.webrtc.checks, peers->now_us) ||
        !pl_rate_take(&peers->checks, peers->now_us)) {
        pl_peers_count(peers, PL_MEDIA_M_stun_flood);
        return;
    }
    if (is_taken(p, from)) {
        pl_peers_count(peers, PL_MEDIA_M_stun_refused);
        return;
    }
    pl_ice_outcome out = pl_ice_on_request(ice, msg, from, peers->now_us, &r);
    if (out.result == PL_ICE_REFUSED) {
        pl_peers_count(peers, PL_MEDIA_M_stun_refused);
        refuse(peers, p->u.webrtc.port, from, &r);
        return;
    }
    forget_path(p, &out.gone);
    /* Also for a path that was known: another leg may have had the address. */
    if (pl_addr_map_put(peers->by_addr, from, p->u.webrtc.port->port,
                        p->id.index) != PL_OK)
        return;
    if (p->u.webrtc.first_check_us == 0)
        p->u.webrtc.first_check_us = peers->now_us;
    reply(p->u.webrtc.port, from, &r);
    if (out.result == PL_ICE_SELECTED && p->is_up)
        pl_peer_todo(p, PL_TODO_MIXER_ADDRESS);
    if (out.result >= PL_ICE_NEW_PATH)
        pl_peer_moved(p);
}

static void on_stun(pl_peers *peers, const pl_udp *port, const pl_datagram *d)
{
    pl_stun_msg msg;
    char ufrag[PL_ICE_UFRAG + 1];
    pl_peers_count(peers, PL_MEDIA_M_stun_received);
    if (pl_stun_parse(d->data, d->len, &msg) != PL_OK) {
        pl_peers_count(peers, PL_MEDIA_M_stun_malformed);
        return;
    }
    if (msg.type != PL_STUN_BINDING_REQUEST)
        return; /* indications keep NAT bindings open: nothing to answer */
    pl_peer *p = NULL;
    if (pl_ice_local_ufrag(msg.username, ufrag) == PL_OK)
        p = pl_map_find(peers->by_ufrag, ufrag);
    /* Descriptions name one port for a leg: by another one comes a stranger. */
    if (p && !p->is_over && p->u.webrtc.port == port) {
        on_check(p, &msg, &d->from);
        return;
    }
    pl_ice_reply r;
    pl_peers_count(peers, PL_MEDIA_M_stun_refused);
    pl_ice_refuse(&msg, msg.username.ptr && msg.integrity_at ? 401 : 400, &r);
    refuse(peers, port, &d->from, &r);
}

/* ---- DTLS --------------------------------------------------------------- */

static bool may_begin(pl_peer *p)
{
    pl_peers *peers = p->peers;
    return peers->n_half < PL_PEER_HALF_OPEN &&
           pl_rate_take(&p->u.webrtc.begins, peers->now_us) &&
           pl_rate_take(&peers->handshakes, peers->now_us);
}

static void delay_release(pl_peer *p)
{
    int64_t grace_us = p->peers->dtls_grace_us;
    p->u.webrtc.release_us =
        p->peers->now_us + (grace_us ? grace_us : PL_PEER_DTLS_GRACE_US);
}

static void release(pl_peer *p)
{
    p->u.webrtc.release_us = 0;
    if (pl_dtls_release(p->u.webrtc.dtls) == PL_OK) {
        pl_peers_count(p->peers, PL_MEDIA_M_dtls_released);
        p->peers->n_released++;
    } else {
        pl_peers_count(p->peers, PL_MEDIA_M_dtls_kept);
    }
}

static void finish(pl_peer *p)
{
    const pl_net_webrtc *told = &p->u.webrtc.told;
    const uint8_t(*prints)[PL_DTLS_SHA256] =
        (const uint8_t(*)[PL_DTLS_SHA256])told->prints;
    pl_err e = pl_dtls_keys(p->u.webrtc.dtls, prints, told->n_prints,
                            &p->u.webrtc.keys);
    if (e == PL_OK) {
        pl_peers_count(p->peers, PL_MEDIA_M_dtls_up);
        p->is_up = true;
        delay_release(p);
        pl_peer_todo(p, PL_TODO_MIXER_UP | PL_TODO_UP);
        p->state_told_us = 0; /* other keys than those that were told */
        pl_peer_moved(p);
        return;
    }
    pl_peers_count(p->peers, PL_MEDIA_M_dtls_refused);
    pl_dtls_close(p->u.webrtc.dtls);
    pl_peer_over(p, e == PL_EAUTH
                        ? "the certificate does not match the fingerprint"
                        : "no SRTP profile in common");
}

/* Book what one step of the handshake changed. */
static void after_step(pl_peer *p, pl_dtls_status before, bool is_rebuilt)
{
    pl_dtls_status after = pl_dtls_state(p->u.webrtc.dtls);
    if (before != PL_DTLS_HALF && after == PL_DTLS_HALF)
        p->peers->n_half++;
    if (before == PL_DTLS_HALF && after != PL_DTLS_HALF)
        p->peers->n_half--;
    if (is_rebuilt)
        pl_peers_count(p->peers, PL_MEDIA_M_dtls_rebuilt);
    if (before != PL_DTLS_UP && after == PL_DTLS_UP) {
        finish(p);
    } else if (before != PL_DTLS_CLOSED && after == PL_DTLS_CLOSED) {
        pl_peer_over(p, NULL);
    }
}

static void on_dtls(pl_peer *p, const pl_datagram *d)
{
    pl_dtls_status before = pl_dtls_state(p->u.webrtc.dtls);
    bool is_begin = before == PL_DTLS_WAITING;
    if (!p->u.webrtc.told.has_remote) {
        pl_peers_count(p->peers, PL_MEDIA_M_dtls_not_admitted);
        return;
    }
    /* Until it is finished, one forged datagram must not end a handshake. */
    if ((is_begin || before == PL_DTLS_HALF) &&
        !pl_dtls_is_handshake(d->data, d->len, is_begin)) {
        pl_peers_count(p->peers, PL_MEDIA_M_dtls_malformed);
        return;
    }
    if (is_begin && !may_begin(p)) {
        pl_peers_count(p->peers, PL_MEDIA_M_dtls_not_admitted);
        return;
    }
    bool is_rebuilt = false;
    p->u.webrtc.dtls_from = d->from;
    (void)pl_dtls_input(p->u.webrtc.dtls, d->data, d->len, &is_rebuilt);
    after_step(p, before, is_rebuilt);
    if (p->u.webrtc.release_us && (d->data[0] == PL_DTLS_HANDSHAKE ||
                                   d->data[0] == PL_DTLS_CHANGE_CIPHER_SPEC))
        delay_release(p); /* the peer misses our last flight */
    if (pl_dtls_is_released(p->u.webrtc.dtls) &&
        pl_dtls_state(p->u.webrtc.dtls) == PL_DTLS_UP)
        pl_peers_count(p->peers, PL_MEDIA_M_dtls_ignored);
}

/* ---- media and timers --------------------------------------------------- */

pl_mix_route pl_peer_webrtc_route(const pl_peer *p)
{
    const pl_ice *ice = &p->u.webrtc.ice;
    return (pl_mix_route){
        .fd = p->u.webrtc.port->fd,
        .is_v6_socket = p->u.webrtc.port->is_v6,
        .remote = ice->selected >= 0 ? ice->paths[ice->selected].addr
                                     : p->u.webrtc.dtls_from,
        .is_rtcp_mux = true,
        .rtcp_fd = -1,
    };
}

void pl_peer_webrtc_note(pl_peer *p, uint32_t path)
{
    if (!pl_ice_on_media(&p->u.webrtc.ice, path) || !p->is_up)
        return;
    pl_peer_todo(p, PL_TODO_MIXER_ADDRESS);
    pl_peer_moved(p);
}

void pl_peer_webrtc_maintain(pl_peer *p)
{
    int64_t now_us = p->peers->now_us;
    pl_ice *ice = &p->u.webrtc.ice;
    pl_dtls_status before = pl_dtls_state(p->u.webrtc.dtls);
    bool is_rebuilt = false;
    if (before == PL_DTLS_HALF) {
        (void)pl_dtls_timeout(p->u.webrtc.dtls, &is_rebuilt);
        after_step(p, before, is_rebuilt);
    }
    if (p->u.webrtc.release_us && now_us >= p->u.webrtc.release_us)
        release(p);
    pl_addr gone;
    bool is_switched = pl_ice_maintain(ice, now_us, &gone);
    if (is_switched && p->is_up)
        pl_peer_todo(p, PL_TODO_MIXER_ADDRESS);
    if (is_switched || gone.port)
        pl_peer_moved(p);
    forget_path(p, &gone);
    if (!p->u.webrtc.told.has_remote)
        return; /* our offer is out: its answer has another timer */
    int64_t first = p->u.webrtc.first_check_us;
    if (pl_ice_is_expired(ice, now_us)) {
        pl_peer_over(p, first ? "consent expired" : "no ICE check came");
    } else if (!p->is_up && first && now_us - first > PL_PEER_HANDSHAKE_US) {
        pl_peer_over(p, "the DTLS handshake did not finish");
    }
}

static void by_address(pl_peers *peers, const pl_udp *port,
                       const pl_datagram *d, bool is_dtls)
{
    uint32_t index = 0;
    pl_peer *p = pl_addr_map_find(peers->by_addr, &d->from, port->port, &index)
                     ? &peers->list[index]
                     : NULL;
    int path = p && !p->is_over ? pl_ice_find(&p->u.webrtc.ice, &d->from) : -1;
    if (path < 0) {
        pl_peers_count(peers, is_dtls ? PL_MEDIA_M_dtls_not_admitted
                                      : PL_MEDIA_M_net_wrong_source);
    } else if (is_dtls) {
        on_dtls(p, d);
    } else if (p->is_up) {
        pl_peer_forward(p, d, p->u.webrtc.ice.paths[path].number, false);
    } else {
        pl_peers_count(peers, PL_MEDIA_M_net_early);
    }
}

void pl_peers_webrtc(pl_peers *peers, size_t port, const pl_datagram *d)
{
    const pl_udp *udp = &peers->ports[port];
    if (d->is_cut) {
        pl_peers_count(peers, PL_MEDIA_M_net_too_big);
        return;
    }
    switch (pl_demux(d->data, d->len)) {
    case PL_DEMUX_STUN: on_stun(peers, udp, d); break;
    case PL_DEMUX_DTLS: by_address(peers, udp, d, true); break;
    case PL_DEMUX_MEDIA: by_address(peers, udp, d, false); break;
    case PL_DEMUX_NONE:
    default: pl_peers_count(peers, PL_MEDIA_M_net_unknown);
    }
}
