/* flow.c - sockets and threads; see flow.h. */
#define _GNU_SOURCE /* affinity. NOLINT(bugprone-reserved-identifier) */
#include "flow_state.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/codecs.h"
#include "io/realtime.h"
#include "io/udp.h"
#include "pl/rng.h"

enum {
    RECEIVE_BUFFER = 4 * 1024 * 1024,
    TRACK_BYTES_A_PACKET = PL_CODEC_MAX_ENCODED,
    PACKETS_A_SECOND = 60, /* more than 50: a few that come in bursts */
    /* of our threads: what they do late would be blamed on the server; the
     * receiving one has the kernel's times and may wait for the server */
    SEND_PRIORITY = 20,
    RECEIVE_PRIORITY = 5
};
static const uint32_t LOOPBACK = 0x7f000001;

/* ---- sockets ------------------------------------------------------------ */

static void raise_limit(size_t n)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > n)
        return;
    limit.rlim_cur = limit.rlim_max > n ? n : limit.rlim_max;
    if (limit.rlim_max < n) { /* root may raise that, too */
        struct rlimit more = {.rlim_cur = n, .rlim_max = n};
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            return;
    }
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool set_options(const pl_load_flow *f, int fd)
{
    int on = 1;
    int bytes = RECEIVE_BUFFER;
    /* beyond the system's limit where we may, else as far as it goes */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    /* bound to all of 127.0.0.x, it must not hear the world outside */
    if (f->is_loopback)
        (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 &&
           setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
}

/* Open on an even port: servers may send RTCP to the next one. */
static pl_err open_socket(pl_load_flow *f, const pl_addr *local,
                          pl_flow_socket *s)
{
    enum { TRIES = 64 };
    struct sockaddr_in at = {.sin_family = AF_INET};
    if (!f->is_loopback)
        memcpy(&at.sin_addr, local->ip + 12, 4);
    for (unsigned i = 0; i < TRIES; i++) {
        socklen_t len = sizeof at;
        at.sin_port = 0;
        s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (s->fd < 0 || !set_options(f, s->fd) ||
            bind(s->fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
            getsockname(s->fd, (struct sockaddr *)&at, &len) != 0)
            return PL_EIO;
        s->port = ntohs(at.sin_port);
        if (s->port % 2 == 0)
            return PL_OK;
        (void)close(s->fd);
        s->fd = -1;
    }
    return PL_EIO;
}

static pl_err open_sockets(pl_load_flow *f, const pl_addr *local)
{
    raise_limit(f->n_sockets + 256);
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    pl_err e = f->epoll >= 0 ? PL_OK : PL_EIO;
    for (size_t i = 0; e == PL_OK && i < f->n_sockets; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        e = open_socket(f, local, &f->sockets[i]);
        if (e == PL_OK &&
            epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->sockets[i].fd, &event) != 0)
            e = PL_EIO;
    }
    return e;
}

/* ---- parties ------------------------------------------------------------ */

void pl_load_flow_prepare(pl_load_flow *flow, pl_load_party *party)
{
    pl_flow_party *fp = &flow->parties[party->number];
    party->pt = party->pt_in = pl_load_pt(party->codec);
    pl_random(&party->ssrc, sizeof party->ssrc);
    pl_random(&fp->seq, sizeof fp->seq);
    pl_random(&fp->ts, sizeof fp->ts);
    pl_random_token(PL_LOAD_UFRAG / 4 * 3, party->ufrag, sizeof party->ufrag);
    pl_random_token(PL_LOAD_PWD / 4 * 3, party->pwd, sizeof party->pwd);
    /* base64url has two characters that ICE has not (RFC 8839 section 5.4) */
    for (char *c = party->ufrag; *c; c++)
        *c = *c == '-' || *c == '_' ? 'x' : *c;
    for (char *c = party->pwd; *c; c++)
        *c = *c == '-' || *c == '_' ? 'x' : *c;
}

static const pl_load_clip *clip_of(const pl_load_flow *f,
                                   const pl_load_party *p)
{
    if (!p->is_talker)
        return &f->voices->noise;
    size_t voice =
        pl_load_voice_of(p->room, p->seat, f->options->talkers, f->voices->n);
    /* the first of each room has the marks */
    return p->seat == 0 ? &f->voices->marked[voice] : &f->voices->plain[voice];
}

static void set_up_party(pl_load_flow *f, pl_load_party *p, pl_addr local)
{
    pl_flow_party *fp = &f->parties[p->number];
    const pl_flow_socket *s =
        &f->sockets[pl_pace_socket_of(p->number, f->n_sockets)];
    if (f->is_loopback)
        local.ip[15] = (uint8_t)pl_pace_host_of(p->number, f->n_sockets);
    local.port = s->port;
    p->local = local;
    p->fingerprint = f->fingerprint;
    *fp = (pl_flow_party){
        .flow = f, .party = p, .fd = s->fd, .clip = clip_of(f, p), .track = -1};
    memcpy(&fp->local, local.ip + 12, 4);
    atomic_init(&fp->phase, PL_FLOW_OUT);
}

static pl_err find_local(const pl_load_options *o, pl_addr *ret_local)
{
    if (o->local[0])
        return pl_addr_parse(o->local, 0, ret_local);
    return pl_addr_parse("127.0.0.1", 0, ret_local);
}

static pl_err fill(pl_load_flow *f, const pl_load_voices *voices, size_t n)
{
    pl_addr local;
    pl_err e = find_local(f->options, &local);
    if (e != PL_OK || !pl_addr_is_v4(&local))
        return PL_EINVAL;
    f->voices = voices;
    f->is_loopback = pl_addr_is_loopback(&local);
    f->n_parties = n;
    f->n_sockets = pl_pace_sockets(n, f->is_loopback);
    if (f->is_loopback)
        memcpy(local.ip + 12, &(uint32_t){htonl(LOOPBACK)}, 4);
    f->clock_hz = pl_codecs.codec[f->options->codec]->clock_hz;
    f->parties = calloc(n, sizeof *f->parties);
    f->sockets = calloc(f->n_sockets, sizeof *f->sockets);
    f->batch = pl_flow_batch_create();
    if (!f->parties || !f->sockets || !f->batch)
        return PL_ENOMEM;
    for (size_t i = 0; i < f->n_sockets; i++)
        f->sockets[i].fd = -1;
    e = pl_dtls_identity_create(&f->identity);
    if (e != PL_OK)
        return e;
    pl_dtls_identity_fingerprint(f->identity, f->fingerprint);
    return open_sockets(f, &local);
}

pl_err pl_load_flow_create(const pl_load_options *options,
                           const pl_load_voices *voices, pl_load_party *parties,
                           size_t n, pl_load_flow **ret_flow)
{
    pl_load_flow *f = calloc(1, sizeof *f);
    if (!f)
        return PL_ENOMEM;
    f->epoll = -1;
    f->options = options;
    pl_err e = fill(f, voices, n ? n : 1);
    if (e != PL_OK) {
        pl_load_flow_destroy(&f);
        return e;
    }
    pl_addr local = {.port = 0};
    (void)find_local(options, &local);
    for (size_t i = 0; i < n; i++)
        set_up_party(f, &parties[i], local);
    f->n_parties = n;
    *ret_flow = f;
    return PL_OK;
}

/* ---- threads ------------------------------------------------------------ */

static void bind_to_core(pthread_t thread, int core)
{
    cpu_set_t set;
    if (core < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((unsigned)core, &set);
    (void)pthread_setaffinity_np(thread, sizeof set, &set);
}

static void *run_sender(void *flow)
{
    (void)pl_realtime_enter(SEND_PRIORITY);
    return pl_flow_send_main(flow);
}

static void *run_receiver(void *flow)
{
    (void)pl_realtime_enter(RECEIVE_PRIORITY);
    return pl_flow_receive_main(flow);
}

pl_err pl_load_flow_start(pl_load_flow *f)
{
    if (pthread_create(&f->sender, NULL, run_sender, f) != 0)
        return PL_ENOMEM;
    if (pthread_create(&f->receiver, NULL, run_receiver, f) != 0) {
        atomic_store(&f->is_over, true);
        (void)pthread_join(f->sender, NULL);
        return PL_ENOMEM;
    }
    bind_to_core(f->sender, f->options->own_core);
    bind_to_core(f->receiver, f->options->own_core);
    f->is_started = true;
    return PL_OK;
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&t, NULL);
}

void pl_load_flow_joined(void *flow, pl_load_party *party)
{
    pl_load_flow *f = flow;
    atomic_store(&f->parties[party->number].phase, PL_FLOW_JOINED);
}

void pl_load_flow_left(pl_load_flow *f, const pl_load_party *party)
{
    pl_flow_party *fp = &f->parties[party->number];
    if (atomic_load(&fp->phase) == PL_FLOW_OUT)
        return;
    atomic_store(&fp->phase, PL_FLOW_LEAVING);
    while (atomic_load(&fp->phase) != PL_FLOW_OUT)
        pause_ms(1);
}

bool pl_load_flow_is_up(const pl_load_flow *f, const pl_load_party *party)
{
    return atomic_load(&f->parties[party->number].phase) == PL_FLOW_UP;
}

/* ---- measured time ------------------------------------------------------ */

pl_flow_turn pl_flow_notice(const pl_load_flow *f, pl_flow_tally *t)
{
    unsigned window = atomic_load(&f->window);
    if (window == atomic_load(&t->window))
        return PL_FLOW_NO_TURN;
    if ((window & 1U) == 0) {
        t->cpu_s = pl_load_thread_cpu_s() - t->cpu_s;
        return PL_FLOW_ENDS;
    }
    t->counts = (pl_load_counts){.sent = 0};
    t->begun_us = pl_load_now_us();
    t->cpu_s = pl_load_thread_cpu_s();
    return PL_FLOW_BEGINS;
}

void pl_flow_done(pl_flow_tally *t)
{
    if (pl_flow_measures(t)) /* it ends */
        t->booked = t->counts;
    (void)atomic_fetch_add(&t->window, 1);
}

/* Tell the threads and wait until both have heard it. */
static void turn_window(pl_load_flow *f)
{
    unsigned window = atomic_fetch_add(&f->window, 1) + 1;
    while (atomic_load(&f->send.window) != window ||
           atomic_load(&f->receive.window) != window)
        pause_ms(1);
}

static void free_tracks(pl_load_flow *f)
{
    for (size_t i = 0; i < f->n_tracks; i++) {
        f->parties[f->tracks[i].party].track = -1;
        free(f->tracks[i].packet);
        free(f->tracks[i].bytes);
    }
    free(f->tracks);
    f->tracks = NULL;
    f->n_tracks = 0;
}

static pl_err make_tracks(pl_load_flow *f, const unsigned *keep, size_t n,
                          size_t packets)
{
    f->tracks = calloc(n + 1, sizeof *f->tracks);
    if (!f->tracks)
        return PL_ENOMEM;
    for (; f->n_tracks < n; f->n_tracks++) {
        pl_load_track *t = &f->tracks[f->n_tracks];
        *t = (pl_load_track){.party = keep[f->n_tracks],
                             .packet = calloc(packets, sizeof *t->packet),
                             .bytes = malloc(packets * TRACK_BYTES_A_PACKET),
                             .cap = packets,
                             .cap_bytes = packets * TRACK_BYTES_A_PACKET};
        if (!t->packet || !t->bytes) {
            f->n_tracks++;
            return PL_ENOMEM;
        }
        f->parties[t->party].track = (int)f->n_tracks;
    }
    return PL_OK;
}

pl_err pl_load_flow_begin(pl_load_flow *f, const unsigned *keep, size_t n,
                          unsigned seconds)
{
    free_tracks(f);
    pl_err e =
        make_tracks(f, keep, n, (size_t)(seconds + 2) * PACKETS_A_SECOND);
    if (e != PL_OK) {
        free_tracks(f);
        return e;
    }
    turn_window(f);
    return PL_OK;
}

void pl_load_flow_end(pl_load_flow *f)
{
    turn_window(f);
}

void pl_load_flow_counts(const pl_load_flow *f, pl_load_counts *ret_counts)
{
    const pl_load_counts *s = &f->send.booked;
    *ret_counts = f->receive.booked;
    ret_counts->sent = s->sent;
    ret_counts->bytes_sent = s->bytes_sent;
    ret_counts->not_sent = s->not_sent;
    ret_counts->pace_us = s->pace_us;
    ret_counts->send_cpu_s = f->send.cpu_s;
    ret_counts->receive_cpu_s = f->receive.cpu_s;
}

size_t pl_load_flow_tracks(const pl_load_flow *f,
                           const pl_load_track **ret_tracks)
{
    *ret_tracks = f->tracks;
    return f->n_tracks;
}

int64_t pl_load_flow_origin_us(const pl_load_flow *f, unsigned party)
{
    return atomic_load(&f->parties[party].origin_us);
}

void pl_load_flow_destroy(pl_load_flow **flow)
{
    if (!flow || !*flow)
        return;
    pl_load_flow *f = *flow;
    if (f->is_started) {
        atomic_store(&f->is_over, true);
        (void)pthread_join(f->sender, NULL);
        (void)pthread_join(f->receiver, NULL);
    }
    free_tracks(f);
    for (size_t i = 0; f->parties && i < f->n_parties; i++)
        pl_flow_path_end(&f->parties[i]);
    for (size_t i = 0; f->sockets && i < f->n_sockets; i++) {
        if (f->sockets[i].fd >= 0)
            (void)close(f->sockets[i].fd);
    }
    if (f->epoll >= 0)
        (void)close(f->epoll);
    pl_dtls_identity_destroy(&f->identity);
    free(f->batch);
    free(f->parties);
    free(f->sockets);
    free(f);
    *flow = NULL;
}
