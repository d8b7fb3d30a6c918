/* flow_receive.c - the receiving thread: all sockets in batches, with the
 * kernel's time of arrival, so that it may look only every few milliseconds. */
#define _GNU_SOURCE /* recvmmsg. NOLINT(bugprone-reserved-identifier) */
#include "flow_state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "core/demux.h"
#include "core/rtp.h"

enum {
    CONTROL = 128, /* bytes for address and time */
    EVENTS = 64,
    SCAN_US = 10000, /* between two looks at all parties */
    FAR_SEQ = 3000,  /* a jump that begins a new count */
    FIRST_XSEQ = 1 << 16
};

typedef struct inbox {
    struct mmsghdr head[PL_FLOW_BATCH];
    struct iovec iov[PL_FLOW_BATCH];
    struct sockaddr_in from[PL_FLOW_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[PL_FLOW_BATCH][CONTROL];
    uint8_t data[PL_FLOW_BATCH][PL_FLOW_DATAGRAM];
} inbox;

typedef struct arrival {
    const struct sockaddr_in *from;
    struct in_addr to;
    int64_t at_us;
    uint8_t *data;
    size_t len;
} arrival;

/* ---- counting ----------------------------------------------------------- */

/* The packet's number without wrapping. False: a duplicate. */
static bool take_number(pl_flow_heard *h, pl_load_counts *c, uint16_t seq,
                        uint32_t *ret_xseq)
{
    int16_t ahead = (int16_t)(uint16_t)(seq - (uint16_t)h->max_xseq);
    uint32_t xseq = (uint32_t)((int64_t)h->max_xseq + ahead);
    *ret_xseq = xseq;
    if (ahead > 0) {
        h->seen = ahead < 64 ? h->seen << ahead : 0;
        h->seen |= 1;
        h->max_xseq = xseq;
        return true;
    }
    unsigned back = (unsigned)-ahead;
    uint64_t bit = back < 64 ? (uint64_t)1 << back : 0;
    if (bit == 0 || (h->seen & bit)) {
        c->duplicate++;
        return false;
    }
    h->seen |= bit;
    c->reordered++;
    return true;
}

static void start_source(pl_flow_heard *h, const pl_rtp *rtp, int64_t at_us)
{
    *h = (pl_flow_heard){.has_any = true,
                         .ssrc = rtp->ssrc,
                         .max_xseq = FIRST_XSEQ + rtp->seq - 1U,
                         .last_ts = rtp->ts,
                         .base_us = at_us,
                         .last_us = at_us};
}

/* How far behind the earliest grid that its packets fit. */
static int64_t lateness(pl_flow_heard *h, uint32_t ts, uint32_t clock_hz,
                        int64_t at_us)
{
    h->ts += (int32_t)(ts - h->last_ts);
    h->last_ts = ts;
    int64_t base = at_us - h->ts * 1000000 / (int64_t)clock_hz;
    if (base < h->base_us)
        h->base_us = base;
    return base - h->base_us;
}

static void keep(pl_load_flow *f, const pl_flow_party *fp, const pl_rtp *rtp,
                 uint32_t xseq, int64_t at_us)
{
    pl_load_track *t = &f->tracks[fp->track];
    if (t->n == t->cap || rtp->payload_len > t->cap_bytes - t->n_bytes)
        return;
    t->packet[t->n++] = (pl_load_kept){.at_us = at_us,
                                       .xseq = xseq,
                                       .ts = rtp->ts,
                                       .len = (uint16_t)rtp->payload_len,
                                       .offset = (uint32_t)t->n_bytes};
    memcpy(t->bytes + t->n_bytes, rtp->payload, rtp->payload_len);
    t->n_bytes += rtp->payload_len;
}

/* The context of a receiver that is kept, made when it is first needed: with
 * the rollover counter of what was counted so far (RFC 3711 section 3.3.1). */
static bool open_packet(pl_flow_party *fp, uint32_t xseq, uint8_t *data,
                        size_t *len)
{
    if (!fp->out)
        return true;
    if (!fp->in) {
        pl_srtp_place place = {.n_in = 1, .in = {{.ssrc = fp->heard.ssrc}}};
        if (xseq > FIRST_XSEQ) { /* the one before came last */
            place.in[0].has_rtp = true;
            place.in[0].index = xseq - FIRST_XSEQ - 1;
        }
        if (pl_srtp_resume(&fp->keys, fp->party->is_dtls_server,
                           fp->party->ssrc, &place, &fp->in) != PL_OK)
            return false;
    }
    return pl_srtp_unprotect(fp->in, false, data, len) == PL_OK;
}

static void count_packet(pl_load_flow *f, pl_flow_party *fp, int64_t late_us,
                         uint32_t xseq, const arrival *a)
{
    pl_flow_heard *h = &fp->heard;
    pl_load_counts *c = &f->receive.counts;
    if (h->received == 0)
        h->first_xseq = xseq;
    if (xseq < h->first_xseq)
        return; /* belongs to the time before */
    if (h->received++ > 0)
        pl_stats_add(&c->gap_us, a->at_us - h->last_us);
    c->received++;
    c->bytes_received += a->len;
    pl_stats_add(&c->late_us, late_us);
}

static void on_rtp(pl_load_flow *f, pl_flow_party *fp, arrival *a)
{
    pl_flow_heard *h = &fp->heard;
    pl_rtp rtp;
    uint32_t xseq = 0;
    /* the header of SRTP is in the clear */
    if (pl_rtp_parse(a->data, a->len, &rtp) != PL_OK ||
        rtp.pt != fp->party->pt_in) {
        f->receive.counts.foreign++;
        return;
    }
    uint16_t ahead = (uint16_t)(rtp.seq - (uint16_t)h->max_xseq);
    bool is_far = ahead > FAR_SEQ && ahead < UINT16_MAX - FAR_SEQ;
    if (!h->has_any || rtp.ssrc != h->ssrc || is_far) {
        start_source(h, &rtp, a->at_us);
        pl_srtp_destroy(&fp->in);
    }
    bool is_new = take_number(h, &f->receive.counts, rtp.seq, &xseq);
    if (!is_new)
        return;
    int64_t late_us = lateness(h, rtp.ts, f->clock_hz, a->at_us);
    if (pl_flow_measures(&f->receive)) {
        count_packet(f, fp, late_us, xseq, a);
        if (fp->track >= 0) {
            if (!open_packet(fp, xseq, a->data, &a->len) ||
                pl_rtp_parse(a->data, a->len, &rtp) != PL_OK) {
                f->receive.counts.not_authentic++;
            } else {
                keep(f, fp, &rtp, xseq, a->at_us);
            }
        }
    }
    h->last_us = a->at_us;
}

/* ---- sockets ------------------------------------------------------------ */

static pl_flow_party *party_of(pl_load_flow *f, size_t socket,
                               struct in_addr to)
{
    unsigned host = f->is_loopback ? ntohl(to.s_addr) & 0xffU : 1;
    size_t i =
        host ? pl_pace_party_of(socket, host, f->n_sockets) : f->n_parties;
    return i < f->n_parties ? &f->parties[i] : NULL;
}

static bool is_from(const pl_flow_party *fp, const struct sockaddr_in *from)
{
    return fp->remote.sin_port == from->sin_port &&
           fp->remote.sin_addr.s_addr == from->sin_addr.s_addr;
}

static void on_datagram(pl_load_flow *f, pl_flow_party *fp, arrival *a)
{
    int phase = atomic_load(&fp->phase);
    pl_demux_kind kind = pl_demux(a->data, a->len);
    if (phase != PL_FLOW_UP && phase != PL_FLOW_CONNECTING)
        return;
    if (kind == PL_DEMUX_STUN) {
        pl_flow_path_stun(fp, a->from, a->data, a->len);
    } else if (!is_from(fp, a->from)) {
        f->receive.counts.foreign++;
    } else if (kind == PL_DEMUX_DTLS) {
        pl_flow_path_dtls(fp, a->data, a->len);
    } else if (kind == PL_DEMUX_MEDIA && !pl_rtp_is_rtcp(a->data, a->len)) {
        on_rtp(f, fp, a);
    }
}

static void read_control(struct msghdr *m, arrival *a)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof t);
            a->at_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            a->to = info.ipi_addr;
        }
    }
}

/* Read a socket empty, a few batches at most. */
static void drain(pl_load_flow *f, inbox *in, size_t socket)
{
    enum { ROUNDS = 16 };
    int n = PL_FLOW_BATCH;
    for (unsigned round = 0; round < ROUNDS && n == PL_FLOW_BATCH; round++) {
        for (size_t i = 0; i < PL_FLOW_BATCH; i++) {
            in->head[i].msg_hdr.msg_namelen = sizeof in->from[i];
            in->head[i].msg_hdr.msg_controllen = CONTROL;
        }
        n = recvmmsg(f->sockets[socket].fd, in->head, PL_FLOW_BATCH,
                     MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++) {
            arrival a = {.from = &in->from[i],
                         .data = in->data[i],
                         .len = in->head[i].msg_len};
            read_control(&in->head[i].msg_hdr, &a);
            pl_flow_party *fp = party_of(f, socket, a.to);
            if (fp && a.len >= 2)
                on_datagram(f, fp, &a);
        }
    }
}

static void look_at_sockets(pl_load_flow *f, inbox *in)
{
    struct epoll_event events[EVENTS];
    /* twice what there are: a busy socket does not keep us for ever */
    for (size_t seen = 0; seen < 2 * f->n_sockets;) {
        int n = epoll_wait(f->epoll, events, EVENTS, 0);
        if (n <= 0)
            break;
        for (int i = 0; i < n; i++)
            drain(f, in, events[i].data.u32);
        seen += (size_t)n;
    }
}

/* ---- thread ------------------------------------------------------------- */

/* What a party should have had, and what is missing in its numbers. */
static void book(pl_load_flow *f, const pl_flow_party *fp, uint64_t due)
{
    pl_load_counts *c = &f->receive.counts;
    const pl_flow_heard *h = &fp->heard;
    uint64_t expected =
        h->received ? (uint64_t)(h->max_xseq - h->first_xseq) + 1 : 0;
    c->due += due;
    c->lost += expected > h->received ? expected - h->received : 0;
}

/* Who leaves was due what came while it was there. */
static void let_go(pl_load_flow *f, pl_flow_party *fp)
{
    if (pl_flow_measures(&f->receive))
        book(f, fp, fp->heard.received);
    fp->heard.received = 0;
    fp->was_up = false;
    pl_flow_path_end(fp);
    atomic_store(&fp->phase, PL_FLOW_OUT);
}

static void look_at_parties(pl_load_flow *f, int64_t now_us)
{
    for (size_t i = 0; i < f->n_parties; i++) {
        pl_flow_party *fp = &f->parties[i];
        switch (atomic_load(&fp->phase)) {
        case PL_FLOW_JOINED: pl_flow_path_begin(fp, now_us); break;
        case PL_FLOW_CONNECTING:
        case PL_FLOW_UP: pl_flow_path_tick(fp, now_us); break;
        case PL_FLOW_QUIET: let_go(f, fp); break;
        default: break;
        }
    }
}

static void begin_window(pl_load_flow *f)
{
    for (size_t i = 0; i < f->n_parties; i++) {
        pl_flow_party *fp = &f->parties[i];
        fp->heard.received = 0;
        pl_srtp_destroy(&fp->in); /* it has not followed the packets since */
        fp->was_up = atomic_load(&fp->phase) == PL_FLOW_UP;
    }
}

static void end_window(pl_load_flow *f)
{
    int64_t took_us = pl_load_now_us() - f->receive.begun_us;
    for (size_t i = 0; i < f->n_parties; i++) {
        const pl_flow_party *fp = &f->parties[i];
        /* who has nobody to hear may be sent less (DTX) */
        unsigned others = f->options->talkers - fp->party->is_talker;
        bool is_whole =
            others > 0 && fp->was_up && atomic_load(&fp->phase) == PL_FLOW_UP;
        book(f, fp,
             is_whole ? (uint64_t)(took_us / PL_FLOW_TICK_US)
                      : fp->heard.received);
    }
}

void *pl_flow_receive_main(void *flow)
{
    pl_load_flow *f = flow;
    inbox *in = calloc(1, sizeof *in);
    int64_t next_scan_us = 0;
    for (size_t i = 0; in && i < PL_FLOW_BATCH; i++) {
        in->iov[i] = (struct iovec){in->data[i], PL_FLOW_DATAGRAM};
        in->head[i].msg_hdr = (struct msghdr){.msg_name = &in->from[i],
                                              .msg_iov = &in->iov[i],
                                              .msg_iovlen = 1,
                                              .msg_control = in->control[i]};
    }
    while (in && !atomic_load(&f->is_over)) {
        struct timespec pause = {.tv_nsec = PL_FLOW_POLL_US * 1000L};
        (void)nanosleep(&pause, NULL);
        look_at_sockets(f, in);
        int64_t now_us = pl_load_now_us();
        if (now_us >= next_scan_us) {
            look_at_parties(f, now_us);
            next_scan_us = now_us + SCAN_US;
        }
        pl_flow_turn turn = pl_flow_notice(f, &f->receive);
        if (turn == PL_FLOW_BEGINS)
            begin_window(f);
        if (turn == PL_FLOW_ENDS)
            end_window(f);
        if (turn != PL_FLOW_NO_TURN)
            pl_flow_done(&f->receive);
    }
    free(in);
    return NULL;
}
