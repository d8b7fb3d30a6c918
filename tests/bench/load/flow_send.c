/* flow_send.c - the sending thread: every millisecond the packets of a
 * twentieth of the parties, from memory. */
#define _GNU_SOURCE /* sendmmsg. NOLINT(bugprone-reserved-identifier) */
#include "flow_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/be.h"
#include "core/rtcp.h"
#include "core/rtp.h"

enum {
    SLOT_US = PL_FLOW_TICK_US / PL_PACE_SLOTS,
    REPORT_FRAMES = 250, /* between two of our RTCP reports: 5 s */
    DTX_FRAMES = 20,     /* RFC 7587 section 3.1.3: one packet in 400 ms */
    CONTROL = 64         /* bytes for the source address */
};

typedef struct pl_flow_batch {
    int fd;
    unsigned n;
    struct mmsghdr head[PL_FLOW_BATCH];
    struct iovec iov[PL_FLOW_BATCH];
    struct sockaddr_in to[PL_FLOW_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[PL_FLOW_BATCH][CONTROL];
    uint8_t data[PL_FLOW_BATCH][PL_FLOW_DATAGRAM];
} batch;

/* The address that a datagram leaves from: the socket has them all. */
static size_t put_source(uint8_t *control, struct in_addr local)
{
    struct msghdr m = {.msg_control = control, .msg_controllen = CONTROL};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    struct in_pktinfo info = {.ipi_spec_dst = local};
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}

void pl_flow_put(const pl_flow_party *fp, const struct sockaddr_in *to,
                 const uint8_t *data, size_t len)
{
    _Alignas(struct cmsghdr) uint8_t control[CONTROL] = {0};
    struct sockaddr_in name = *to;
    uint8_t copy[PL_FLOW_DATAGRAM];
    if (len > sizeof copy)
        return;
    memcpy(copy, data, len);
    struct iovec iov = {copy, len};
    struct msghdr m = {.msg_name = &name,
                       .msg_namelen = sizeof name,
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control};
    m.msg_controllen = put_source(control, fp->local);
    if (sendmsg(fp->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return; /* as lost on the way: it is sent again */
}

static void flush(pl_flow_tally *t, batch *b)
{
    unsigned at = 0;
    while (at < b->n) {
        int n = sendmmsg(b->fd, b->head + at, b->n - at,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0) { /* the first of them was not taken: leave it out */
            t->counts.not_sent++;
            at++;
            continue;
        }
        at += (unsigned)n;
    }
    b->n = 0;
}

/* Room for a datagram of this party. */
static uint8_t *take_place(pl_flow_tally *t, batch *b, const pl_flow_party *fp)
{
    if (b->n == PL_FLOW_BATCH || (b->n > 0 && b->fd != fp->fd))
        flush(t, b);
    b->fd = fp->fd;
    return b->data[b->n];
}

static void commit(batch *b, const pl_flow_party *fp, size_t len)
{
    unsigned i = b->n++;
    b->to[i] = fp->remote;
    b->iov[i] = (struct iovec){b->data[i], len};
    b->head[i].msg_hdr = (struct msghdr){.msg_name = &b->to[i],
                                         .msg_namelen = sizeof b->to[i],
                                         .msg_iov = &b->iov[i],
                                         .msg_iovlen = 1,
                                         .msg_control = b->control[i]};
    b->head[i].msg_hdr.msg_controllen = put_source(b->control[i], fp->local);
}

static size_t write_packet(pl_flow_party *fp, const pl_load_frame *frame,
                           uint8_t *out)
{
    const pl_load_party *p = fp->party;
    pl_rtp rtp = {.marker = !fp->has_begun,
                  .pt = p->pt,
                  .seq = fp->seq++,
                  .ts = fp->ts,
                  .ssrc = p->ssrc};
    size_t len = PL_RTP_HEADER;
    pl_rtp_write(&rtp, out);
    if (p->level_ext) { /* RFC 8285 section 4.2, RFC 6464 section 3 */
        out[0] |= 0x10;
        pl_be_put16(out + len, 0xbede);
        pl_be_put16(out + len + 2, 1);
        out[len + 4] = (uint8_t)(p->level_ext << 4);
        out[len + 5] = (uint8_t)((p->is_talker ? 0x80 : 0) | frame->level);
        out[len + 6] = out[len + 7] = 0;
        len += 8;
    }
    memcpy(out + len, frame->data, frame->len);
    return len + frame->len;
}

static void send_frame(pl_flow_tally *t, batch *b, pl_flow_party *fp,
                       const pl_load_frame *frame)
{
    uint8_t *out = take_place(t, b, fp);
    size_t len = write_packet(fp, frame, out);
    if (fp->out &&
        pl_srtp_protect(fp->out, false, out, PL_FLOW_DATAGRAM, &len) != PL_OK)
        return;
    commit(b, fp, len);
    fp->packets++;
    fp->bytes += frame->len;
    t->counts.sent++;
    t->counts.bytes_sent += len;
}

static void send_report(pl_flow_tally *t, batch *b, pl_flow_party *fp)
{
    pl_rtcp_own own = {.ssrc = fp->party->ssrc,
                       .cname = "load",
                       .is_sender = fp->packets > 0,
                       .ntp = pl_ntp_time(pl_load_wall_us()),
                       .rtp_ts = fp->ts,
                       .packets = fp->packets,
                       .bytes = fp->bytes};
    uint8_t *out = take_place(t, b, fp);
    size_t len = pl_rtcp_write(&own, out);
    if (pl_srtp_protect(fp->out, true, out, PL_FLOW_DATAGRAM, &len) == PL_OK)
        commit(b, fp, len);
}

static bool is_frame_due(const pl_flow_party *fp)
{
    if (fp->party->is_talker)
        return true;
    switch (fp->flow->options->quiet) {
    case PL_LOAD_QUIET_DTX: return fp->frame % DTX_FRAMES == 0;
    case PL_LOAD_QUIET_NONE: /* one, so that the server knows the path */
        return fp->frame == 0;
    case PL_LOAD_QUIET_NOISE: break;
    }
    return true;
}

static void serve(pl_load_flow *f, batch *b, pl_flow_party *fp, int64_t wall_us)
{
    pl_flow_tally *t = &f->send;
    int phase = atomic_load(&fp->phase);
    if (phase == PL_FLOW_LEAVING) {
        fp->has_begun = false;
        atomic_store(&fp->phase, PL_FLOW_QUIET);
        return;
    }
    if (phase != PL_FLOW_UP)
        return;
    if (!fp->has_begun) {
        fp->frame = 0;
        fp->packets = fp->bytes = 0;
        atomic_store(&fp->origin_us, wall_us);
    }
    if (is_frame_due(fp))
        send_frame(t, b, fp, &fp->clip->frame[fp->frame % PL_LOAD_CLIP]);
    fp->has_begun = true;
    fp->frame++;
    fp->ts += f->clock_hz / 50;
    if (fp->out && (fp->frame + fp->party->number) % REPORT_FRAMES == 0)
        send_report(t, b, fp);
}

static void sleep_until(int64_t us)
{
    struct timespec at = {.tv_sec = (time_t)(us / 1000000),
                          .tv_nsec = (long)(us % 1000000) * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

struct pl_flow_batch *pl_flow_batch_create(void)
{
    return calloc(1, sizeof(batch));
}

void *pl_flow_send_main(void *flow)
{
    pl_load_flow *f = flow;
    batch *b = f->batch;
    int64_t deadline_us = pl_load_now_us() + PL_FLOW_TICK_US;
    int64_t to_wall_us = pl_load_wall_us() - pl_load_now_us();
    /* a socket's parties are all in one slot; a room's are spread over them */
    for (size_t slot = 0; !atomic_load(&f->is_over);
         slot = (slot + 1) % PL_PACE_SLOTS) {
        sleep_until(deadline_us);
        if (pl_flow_notice(f, &f->send) != PL_FLOW_NO_TURN)
            pl_flow_done(&f->send);
        if (pl_flow_measures(&f->send))
            pl_stats_add(&f->send.counts.pace_us,
                         pl_load_now_us() - deadline_us);
        for (size_t s = slot; s < f->n_sockets; s += PL_PACE_SLOTS) {
            for (size_t i = s; i < f->n_parties; i += f->n_sockets)
                serve(f, b, &f->parties[i], deadline_us + to_wall_us);
        }
        flush(&f->send, b);
        deadline_us += SLOT_US;
    }
    return NULL;
}
