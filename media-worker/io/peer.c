/* peer.c - what WebRTC and SIP legs have in common: places, what is to be told
 * to other threads, timers. */
#include "io/peer_state.h"

#include <stdlib.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/rng.h"

pl_err pl_peers_init(pl_peers *peers, uint32_t max_legs)
{
    uint64_t seed = 0;
    pl_random(&seed, sizeof seed);
    peers->max_legs = max_legs;
    for (size_t i = 0; i < PL_NET_PORTS; i++)
        peers->ports[i].fd = -1;
    peers->checks = pl_rate_make(PL_PEER_CHECKS_PER_S, peers->now_us);
    peers->handshakes = pl_rate_make(PL_PEER_HANDSHAKES_PER_S, peers->now_us);
    peers->refusals = pl_rate_make(PL_PEER_REFUSALS_PER_S, peers->now_us);
    peers->list = calloc(max_legs, sizeof *peers->list);
    pl_err e = peers->list ? PL_OK : PL_ENOMEM;
    if (e == PL_OK)
        e = pl_map_create(&peers->by_ufrag);
    if (e == PL_OK) {
        e = pl_addr_map_create((size_t)max_legs * PL_ICE_PATHS, seed,
                               &peers->by_addr);
    }
    if (e != PL_OK)
        pl_peers_fini(peers);
    return e;
}

void pl_peers_fini(pl_peers *peers)
{
    for (uint32_t i = 0; peers->list && i < peers->max_legs; i++) {
        if (peers->list[i].id.generation &&
            peers->list[i].kind == PL_LEG_KIND_WEBRTC)
            pl_dtls_destroy(&peers->list[i].u.webrtc.dtls);
    }
    free(peers->list);
    peers->list = NULL;
    pl_map_destroy(&peers->by_ufrag);
    pl_addr_map_destroy(&peers->by_addr);
}

pl_err pl_peers_add_port(pl_peers *peers, const pl_udp *udp, size_t *ret_index)
{
    for (size_t i = 0; i < PL_NET_PORTS; i++) {
        if (peers->ports[i].fd >= 0)
            continue;
        peers->ports[i] = *udp;
        *ret_index = i;
        return PL_OK;
    }
    return PL_EFULL;
}

void pl_peers_drop_port(pl_peers *peers, size_t index)
{
    peers->ports[index] = (pl_udp){.fd = -1};
}

void pl_peers_count(const pl_peers *peers, pl_media_metric what)
{
    pl_metrics_add(peers->metrics, (size_t)what, 1);
}

pl_peer *pl_peers_find(const pl_peers *peers, pl_mix_id id)
{
    if (id.index >= peers->max_legs || id.generation == 0)
        return NULL;
    pl_peer *p = &peers->list[id.index];
    return p->id.generation == id.generation ? p : NULL;
}

/* ---- telling others ----------------------------------------------------- */

static pl_mix_route route_of(const pl_peer *p)
{
    return p->kind == PL_LEG_KIND_WEBRTC ? pl_peer_webrtc_route(p)
                                         : pl_peer_sip_route(p);
}

static bool tell_mixer(pl_peer *p, pl_mix_input_kind kind)
{
    pl_mix_input *in = pl_mixer_reserve(p->peers->mixer, p->thread);
    if (!in)
        return false;
    in->kind = kind;
    in->leg = p->id;
    if (kind == PL_MIX_TRANSPORT_UP) {
        in->u.up.keys = (pl_srtp_keys){.profile = PL_SRTP_NONE};
        if (p->kind == PL_LEG_KIND_WEBRTC)
            in->u.up.keys = p->u.webrtc.keys;
        in->u.up.is_server =
            p->kind != PL_LEG_KIND_WEBRTC || !p->u.webrtc.is_client;
        in->u.up.route = route_of(p);
    } else {
        in->u.route = route_of(p);
    }
    pl_mixer_commit(p->peers->mixer, p->thread);
    return true;
}

static bool tell_main(pl_peer *p, pl_net_event_kind kind)
{
    pl_net_event event = {.kind = kind, .leg = p->id, .reason = p->reason};
    bool has_state = kind == PL_NET_STATE || kind == PL_NET_CLOSED;
    if (has_state && p->kind == PL_LEG_KIND_WEBRTC) {
        pl_peer_webrtc_state(p, &event.u.state);
    } else if (has_state) {
        pl_peer_sip_state(p, &event.u.state);
    }
    bool is_told = p->peers->emit(p->peers->ctx, &event);
    pl_wipe(&event, sizeof event);
    return is_told;
}

static bool tell(pl_peer *p, unsigned bit)
{
    switch (bit) {
    case PL_TODO_MIXER_UP: return tell_mixer(p, PL_MIX_TRANSPORT_UP);
    case PL_TODO_MIXER_ADDRESS: return tell_mixer(p, PL_MIX_TRANSPORT_ADDRESS);
    case PL_TODO_UP: return tell_main(p, PL_NET_UP);
    case PL_TODO_STATE: return tell_main(p, PL_NET_STATE);
    case PL_TODO_ENDED: return tell_main(p, PL_NET_ENDED);
    case PL_TODO_FAILED: return tell_main(p, PL_NET_FAILED);
    default: return tell_main(p, PL_NET_CLOSED);
    }
}

static void settle(pl_peer *p)
{
    bool had = p->todo != 0;
    for (unsigned bit = 1; bit <= PL_TODO_CLOSED; bit <<= 1) {
        if (!(p->todo & bit))
            continue;
        if (!tell(p, bit))
            break;
        p->todo &= ~bit;
        if (bit == PL_TODO_CLOSED) {
            p->id.generation = 0;
            p->peers->n_open--;
        }
    }
    if (had && p->todo == 0)
        p->peers->n_todo--;
}

void pl_peer_todo(pl_peer *p, unsigned bits)
{
    if (p->todo == 0)
        p->peers->n_todo++;
    p->todo |= bits;
    settle(p);
}

void pl_peer_moved(pl_peer *p)
{
    int64_t now_us = p->peers->now_us;
    bool is_soon =
        p->state_told_us && now_us - p->state_told_us < PL_PEER_STATE_US;
    p->has_moved = !p->is_up || is_soon;
    if (p->has_moved)
        return; /* pl_peers_maintain() */
    p->state_told_us = now_us;
    pl_peer_todo(p, PL_TODO_STATE);
}

void pl_peer_over(pl_peer *p, const char *reason)
{
    if (p->is_over)
        return;
    p->is_over = true;
    p->reason = reason;
    pl_peer_todo(p, reason ? PL_TODO_FAILED : PL_TODO_ENDED);
}

void pl_peer_forward(pl_peer *p, const pl_datagram *datagram, uint32_t path,
                     bool is_rtcp_port)
{
    pl_mix_input *in = pl_mixer_reserve(p->peers->mixer, p->thread);
    if (!in)
        return; /* counted there */
    in->kind = PL_MIX_PACKET;
    in->leg = p->id;
    in->u.packet.arrival_us = p->peers->arrival_us;
    in->u.packet.path = path;
    in->u.packet.is_rtcp_port = is_rtcp_port;
    in->u.packet.len = (uint16_t)datagram->len;
    memcpy(in->u.packet.data, datagram->data, datagram->len);
    pl_mixer_commit(p->peers->mixer, p->thread);
}

/* ---- commands ----------------------------------------------------------- */

void pl_peers_open(pl_peers *peers, const pl_net_command *command)
{
    if (command->leg.index >= peers->max_legs)
        return;
    pl_peer *p = &peers->list[command->leg.index];
    if (p->id.generation)
        return; /* main reuses an index only after CLOSED */
    *p = (pl_peer){.peers = peers,
                   .id = command->leg,
                   .thread = command->thread,
                   .kind = command->leg_kind};
    peers->n_open++;
    const pl_net_state *resumed =
        command->is_resumed ? &command->resumed : NULL;
    if (p->kind == PL_LEG_KIND_SIP) {
        pl_peer_sip_open(p, &command->u.sip, resumed);
        return;
    }
    pl_err e = pl_peer_webrtc_open(p, &command->u.webrtc, resumed);
    if (e != PL_OK) {
        pl_peer_over(p, e == PL_ENOMEM   ? "out of memory"
                        : e == PL_ENOENT ? "no such WebRTC port"
                                         : "not a leg that can be continued");
    }
}

void pl_peers_remote(pl_peers *peers, const pl_net_command *command)
{
    pl_peer *p = pl_peers_find(peers, command->leg);
    if (!p || p->is_over)
        return;
    if (p->kind == PL_LEG_KIND_SIP) {
        pl_peer_sip_remote(p, &command->u.sip);
    } else {
        pl_peer_webrtc_remote(p, &command->u.webrtc);
    }
}

void pl_peers_close(pl_peers *peers, const pl_net_command *command)
{
    pl_peer *p = pl_peers_find(peers, command->leg);
    if (!p)
        return;
    if (p->kind == PL_LEG_KIND_WEBRTC)
        pl_peer_webrtc_close(p, command->is_silent);
    p->is_over = true;
    if (p->todo == 0)
        peers->n_todo++;
    p->todo = PL_TODO_CLOSED; /* whatever else waited has lost its meaning */
    settle(p);
}

void pl_peers_alone(pl_peers *peers, bool is_alone)
{
    if (!is_alone) {
        peers->alone_us = 0;
    } else if (!peers->alone_us) {
        peers->alone_us = peers->now_us;
    }
}

/* ---- from the mixer, and timers ----------------------------------------- */

void pl_peers_note(pl_peers *peers, const pl_mix_note *note)
{
    pl_peer *p = pl_peers_find(peers, note->leg);
    if (!p || p->is_over)
        return;
    if (p->kind == PL_LEG_KIND_SIP) {
        pl_peer_sip_note(p, note->path);
    } else {
        pl_peer_webrtc_note(p, note->path);
    }
}

/* Memory of handshakes was freed: the main thread gives it back. */
static void tell_freed(pl_peers *peers)
{
    const pl_net_event event = {.kind = PL_NET_FREED};
    if (peers->n_released == 0 ||
        (peers->freed_us && peers->now_us - peers->freed_us < PL_PEER_FREED_US))
        return;
    if (!peers->emit(peers->ctx, &event))
        return;
    peers->n_released = 0;
    peers->freed_us = peers->now_us;
}

void pl_peers_maintain(pl_peers *peers)
{
    for (uint32_t i = 0; i < peers->max_legs; i++) {
        pl_peer *p = &peers->list[i];
        if (!p->id.generation)
            continue;
        if (p->todo)
            settle(p);
        if (p->id.generation && !p->is_over) {
            if (p->kind == PL_LEG_KIND_WEBRTC) {
                pl_peer_webrtc_maintain(p);
            } else {
                pl_peer_sip_maintain(p);
            }
        }
        if (p->id.generation && !p->is_over && p->has_moved)
            pl_peer_moved(p);
    }
    tell_freed(peers);
    pl_metrics_set(peers->metrics, PL_MEDIA_M_net_legs, peers->n_open);
    pl_metrics_set(peers->metrics, PL_MEDIA_M_dtls_half_open, peers->n_half);
}

const pl_net_sip *pl_peers_sockets(const pl_peers *peers, pl_mix_id leg)
{
    const pl_peer *p = pl_peers_find(peers, leg);
    return p && p->kind == PL_LEG_KIND_SIP ? &p->u.sip.told : NULL;
}
