/* peer_sip.c - a telephone's transport: two sockets and a latch. */
#include "io/peer_state.h"

#include "core/demux.h"

/* Go on as another worker left it: what was latched stays, and what was not
 * is open. */
static void resume(pl_peer *p, const pl_net_sip *told, const pl_net_state *s)
{
    pl_latch *latch = &p->u.sip.latch;
    pl_latch_open(latch, &told->remote, &told->signaling);
    if (!pl_addr_is_none(&s->source)) {
        latch->source = s->source;
        latch->n_packets = PL_LATCH_WINDOW;
    }
    p->u.sip.remote = s->remote;
    p->u.sip.rtcp = s->rtcp;
    p->u.sip.has_rtcp_source = s->has_rtcp_source;
    p->is_up = true;
    pl_peer_todo(p, PL_TODO_MIXER_UP | PL_TODO_UP);
    pl_peer_moved(p);
}

void pl_peer_sip_open(pl_peer *p, const pl_net_sip *told,
                      const pl_net_state *resumed)
{
    p->u.sip.told = *told;
    if (resumed && told->has_remote) {
        resume(p, told, resumed);
    } else if (told->has_remote) {
        pl_peer_sip_remote(p, told);
    }
}

void pl_peer_sip_state(const pl_peer *p, pl_net_state *ret_state)
{
    *ret_state = (pl_net_state){.source = p->u.sip.latch.source,
                                .remote = p->u.sip.remote,
                                .rtcp = p->u.sip.rtcp,
                                .has_rtcp_source = p->u.sip.has_rtcp_source};
}

void pl_peer_sip_remote(pl_peer *p, const pl_net_sip *told)
{
    p->u.sip.told.is_rtcp_mux = told->is_rtcp_mux;
    p->u.sip.told.has_remote = true;
    /* On hold the description may name nothing: keep what was learned. That
     * nothing is sent meanwhile is the agreed direction's business. */
    if (!pl_addr_is_none(&told->remote) ||
        pl_addr_is_none(&p->u.sip.told.remote)) {
        pl_latch_open(&p->u.sip.latch, &told->remote, &told->signaling);
        if (!pl_addr_eq(&told->remote, &p->u.sip.told.remote) ||
            pl_addr_is_none(&p->u.sip.remote))
            p->u.sip.remote = told->remote;
        p->u.sip.told.remote = told->remote;
    }
    p->u.sip.rtcp = told->rtcp_remote;
    p->u.sip.has_rtcp_source = false;
    p->u.sip.heard_us = 0;
    p->u.sip.has_paused = p->u.sip.is_left = false;
    /* The mixer learns of the leg only now: main has told it what was agreed */
    unsigned how = p->is_up ? PL_TODO_MIXER_ADDRESS : PL_TODO_MIXER_UP;
    p->is_up = true;
    pl_peer_todo(p, how | PL_TODO_UP);
    pl_peer_moved(p);
}

void pl_peer_sip_note(pl_peer *p, uint32_t path)
{
    if (path != p->u.sip.path ||
        pl_addr_eq(&p->u.sip.remote, &p->u.sip.latch.source))
        return;
    p->u.sip.remote = p->u.sip.latch.source;
    pl_peer_todo(p, PL_TODO_MIXER_ADDRESS);
    pl_peer_moved(p);
}

pl_mix_route pl_peer_sip_route(const pl_peer *p)
{
    const pl_net_sip *told = &p->u.sip.told;
    pl_mix_route route = {
        .fd = told->rtp.fd,
        .is_v6_socket = told->rtp.is_v6,
        .is_rtcp_mux = told->is_rtcp_mux,
        .rtcp_fd = told->is_rtcp_mux ? -1 : told->rtcp.fd,
    };
    if (!p->u.sip.is_left) {
        route.remote = p->u.sip.remote;
        route.rtcp_remote = p->u.sip.rtcp;
    }
    return route;
}

static void set_left(pl_peer *p, bool is_left)
{
    p->u.sip.is_left = is_left;
    if (is_left)
        pl_peers_count(p->peers, PL_MEDIA_M_net_left);
    pl_peer_todo(p, PL_TODO_MIXER_ADDRESS);
}

/* One that sends nothing while it is silent, or muted, cannot be told from one
 * that left: it is sent to, and so is who was silent before roompool went. */
static bool has_left(const pl_peer *p)
{
    int64_t alone_us = p->peers->alone_us;
    int64_t heard_us = p->u.sip.heard_us;
    return alone_us && heard_us && !p->u.sip.has_paused &&
           heard_us > alone_us - PL_PEER_LEFT_US &&
           p->peers->now_us - heard_us >= PL_PEER_LEFT_US;
}

void pl_peer_sip_maintain(pl_peer *p)
{
    bool is_left = has_left(p);
    if (is_left != p->u.sip.is_left)
        set_left(p, is_left);
}

static void heard(pl_peer *p)
{
    int64_t now_us = p->peers->now_us;
    if (p->u.sip.heard_us && now_us - p->u.sip.heard_us >= PL_PEER_LEFT_US)
        p->u.sip.has_paused = true;
    p->u.sip.heard_us = now_us;
    if (p->u.sip.is_left)
        set_left(p, false);
}

/* RTCP by its own port: from the host that media comes from, or is said to. */
static bool accept_rtcp(pl_peer *p, const pl_addr *from)
{
    const pl_latch *latch = &p->u.sip.latch;
    pl_addr target = pl_latch_target(latch);
    if (!pl_addr_eq_ip(from, &target) && !pl_addr_eq_ip(from, &p->u.sip.rtcp))
        return false;
    if (!p->u.sip.has_rtcp_source && pl_addr_eq_ip(from, &latch->source)) {
        p->u.sip.has_rtcp_source = true;
        p->u.sip.rtcp = *from;
        pl_peer_todo(p, PL_TODO_MIXER_ADDRESS);
        pl_peer_moved(p);
    }
    return true;
}

void pl_peers_sip(pl_peers *peers, pl_mix_id leg, bool is_rtcp_port,
                  const pl_datagram *datagram)
{
    pl_peer *p = pl_peers_find(peers, leg);
    if (!p || p->is_over)
        return;
    if (datagram->is_cut) {
        pl_peers_count(peers, PL_MEDIA_M_net_too_big);
        return;
    }
    if (pl_demux(datagram->data, datagram->len) != PL_DEMUX_MEDIA) {
        pl_peers_count(peers, PL_MEDIA_M_net_unknown);
        return;
    }
    bool is_new = false;
    bool is_ours = is_rtcp_port ? accept_rtcp(p, &datagram->from)
                                : pl_latch_accept(&p->u.sip.latch,
                                                  &datagram->from, &is_new);
    if (!is_ours) {
        pl_peers_count(peers, PL_MEDIA_M_net_wrong_source);
        return;
    }
    if (is_new) {
        p->u.sip.path++;
        p->has_moved = true; /* a packet's way is short: told later */
    }
    heard(p);
    pl_peer_forward(p, datagram, p->u.sip.path, is_rtcp_port);
}
