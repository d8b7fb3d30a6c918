/* test_mixer_thread.c - engines in real threads over loopback sockets. Waits
 * are for conditions with a deadline, never for luck. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/media_metrics.h"
#include "core/rtp.h"
#include "io/codecs.h"
#include "io/mixer_thread.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

enum { DEADLINE_MS = 20000, TRIES = 20, N_THREADS = 2, N_LEGS = 4 };

static const pl_metric_desc METRICS[] = {PL_MEDIA_METRICS(PL_METRIC_ROW)};
static pl_metrics *metrics;
static pl_mixer *mixer;

static int start_mixer(const pl_codec_table *codecs)
{
    if (pl_metrics_create(METRICS, PL_MEDIA_M_COUNT, &metrics) != PL_OK)
        return -1;
    const pl_mixer_options options = {.n_threads = N_THREADS,
                                      .max_legs = 16,
                                      .max_rooms = 4,
                                      .codecs = codecs,
                                      .metrics = metrics};
    return pl_mixer_start(&options, &mixer) == PL_OK ? 0 : -1;
}

static int open_mixer(void **state)
{
    (void)state;
    return start_mixer(&pl_codecs);
}

static int close_mixer(void **state)
{
    (void)state;
    pl_mixer_stop(&mixer);
    pl_mixer_stop(&mixer);
    pl_metrics_destroy(&metrics);
    return 0;
}

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int udp_socket(uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void open_room(uint32_t thread)
{
    pl_mix_command c = {.kind = PL_MIX_ROOM_OPEN,
                        .id = {thread, 1},
                        .u.room = {.mode = PL_ROOM_MODE_MIX, .max_talkers = 3}};
    assert_int_equal(pl_mixer_command(mixer, thread, &c), PL_OK);
}

/* Leg i lives on thread i % N_THREADS and sends from and to its own socket. */
static void add_leg(uint32_t i, int fd, uint16_t port)
{
    uint32_t thread = i % N_THREADS;
    pl_mix_command c = {.kind = PL_MIX_LEG_ADD, .id = {i, 1}};
    c.u.leg = (pl_mix_leg){.room = {thread, 1},
                           .kind = PL_LEG_KIND_SIP,
                           .ssrc = 50 + i,
                           .cname = "test",
                           .media = {.direction = PL_DIRECTION_SENDRECV,
                                     .send_codec = PL_AUDIO_PCMA,
                                     .send_pt = 8,
                                     .n_recv = 1,
                                     .recv = {{8, PL_AUDIO_PCMA}},
                                     .dtmf_pt = 101,
                                     .dtmf_clock = 8000,
                                     .comfort_pt = PL_MIX_NO_PT},
                           .flags = {.mixed = true}};
    assert_int_equal(pl_mixer_command(mixer, thread, &c), PL_OK);
    pl_mix_input *in = pl_mixer_reserve(mixer, thread);
    assert_non_null(in);
    *in = (pl_mix_input){.kind = PL_MIX_TRANSPORT_UP, .leg = {i, 1}};
    in->u.up.route = (pl_mix_route){
        .fd = fd, .is_rtcp_mux = true, .rtcp_fd = -1, .remote = {.port = port}};
    const uint8_t loopback[16] = {[10] = 255, [11] = 255, [12] = 127, [15] = 1};
    memcpy(in->u.up.route.remote.ip, loopback, sizeof loopback);
    pl_mixer_commit(mixer, thread);
}

static void remove_leg(uint32_t i)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_REMOVE, .id = {i, 1}};
    assert_int_equal(pl_mixer_command(mixer, i % N_THREADS, &c), PL_OK);
}

static bool await_event(pl_mix_event_kind kind, pl_mix_event *ret_event)
{
    int64_t end = now_us() + DEADLINE_MS * 1000;
    while (now_us() < end) {
        while (pl_mixer_next_event(mixer, ret_event)) {
            if (ret_event->kind == kind)
                return true;
        }
        struct pollfd p = {.fd = pl_mixer_event_fd(mixer), .events = POLLIN};
        (void)poll(&p, 1, 100);
    }
    return false;
}

static void receive(int fd, pl_rtp *ret_rtp)
{
    static uint8_t buf[2048];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (;;) {
        assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        assert_true(n > 0);
        if (pl_rtp_is_rtcp(buf, (size_t)n))
            continue;
        assert_int_equal(pl_rtp_parse(buf, (size_t)n, ret_rtp), PL_OK);
        return;
    }
}

static void packets_leave_in_order_from_every_thread(void **state)
{
    (void)state;
    int fd[N_LEGS];
    uint16_t port[N_LEGS];
    assert_int_equal(pl_mixer_threads(mixer), N_THREADS);
    for (uint32_t t = 0; t < N_THREADS; t++)
        open_room(t);
    for (uint32_t i = 0; i < N_LEGS; i++) {
        fd[i] = udp_socket(&port[i]);
        add_leg(i, fd[i], port[i]);
    }
    for (uint32_t i = 0; i < N_LEGS; i++) {
        pl_rtp first, next;
        receive(fd[i], &first);
        assert_int_equal(first.ssrc, 50 + i);
        assert_int_equal(first.payload_len, 160);
        assert_true(first.marker);
        for (uint16_t k = 1; k < 20; k++) {
            receive(fd[i], &next);
            assert_int_equal(next.seq, (uint16_t)(first.seq + k));
        }
    }
    for (uint32_t i = 0; i < N_LEGS; i++)
        remove_leg(i);
    for (uint32_t i = 0; i < N_LEGS; i++) {
        pl_mix_event e;
        assert_true(await_event(PL_MIX_LEG_REMOVED, &e));
        (void)close(fd[e.leg.index]);
    }
    assert_true(pl_metrics_value(metrics, PL_MEDIA_M_engine_rtp_out) >= 80);
    assert_true(pl_metrics_value(metrics, PL_MEDIA_M_tick_work_us) > 0);
}

/* With nobody there the thread has no reason to wake: after a leg came and
 * went the number of ticks stands still while commands are still carried out.
 */
static void idle_threads_do_not_tick(void **state)
{
    (void)state;
    uint16_t port = 0;
    int fd = udp_socket(&port);
    pl_mix_event e;
    open_room(0);
    remove_leg(9);
    assert_true(await_event(PL_MIX_LEG_REMOVED, &e));
    assert_int_equal(pl_metrics_value(metrics, PL_MEDIA_M_engine_ticks), 0);
    add_leg(0, fd, port);
    pl_rtp rtp;
    receive(fd, &rtp);
    remove_leg(0);
    assert_true(await_event(PL_MIX_LEG_REMOVED, &e));
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t ticks = -1;
    int64_t now = 0;
    /* the tick in which it went may end a little later, not one after another
     */
    for (int i = 0; i < TRIES && ticks != now; i++) {
        while (poll(&p, 1, 200) > 0) { /* until silent for ten ticks' time */
            uint8_t rest[2048];
            assert_true(recv(fd, rest, sizeof rest, 0) > 0);
        }
        ticks = pl_metrics_value(metrics, PL_MEDIA_M_engine_ticks);
        (void)poll(NULL, 0, 200);
        remove_leg(9);
        assert_true(await_event(PL_MIX_LEG_REMOVED, &e));
        now = pl_metrics_value(metrics, PL_MEDIA_M_engine_ticks);
    }
    assert_int_equal(now, ticks);
    assert_int_equal(poll(&p, 1, 0), 0);
    (void)close(fd);
}

/* How often the other threads of this process slept so far. */
static unsigned long sleeps(void)
{
    unsigned long sum = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *d = NULL; (d = readdir(tasks)) != NULL;) {
        char path[300];
        char line[200];
        if (d->d_name[0] == '.' || atol(d->d_name) == (long)getpid())
            continue;
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/status",
                       d->d_name);
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        while (fgets(line, sizeof line, f)) {
            unsigned long n = 0;
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1)
                sum += n;
        }
        (void)fclose(f);
    }
    (void)closedir(tasks);
    return sum;
}

/* Rooms in which nobody is cost nothing: no thread wakes up. */
static void empty_rooms_wake_nobody(void **state)
{
    (void)state;
#ifdef IS_SANITIZED
    skip(); /* has threads of its own */
#endif
    pl_mix_event e;
    for (uint32_t i = 0; i < 4; i++)
        open_room(i);
    for (uint32_t i = 8; i < 8 + N_THREADS; i++) { /* all of that was taken */
        remove_leg(i);
        assert_true(await_event(PL_MIX_LEG_REMOVED, &e));
    }
    unsigned long before = 0;
    unsigned long now = sleeps();
    /* once they went back to sleep nobody wakes for twenty ticks' time */
    for (int i = 0; i < TRIES && before != now; i++) {
        (void)poll(NULL, 0, 400);
        before = now;
        now = sleeps();
    }
    assert_true(now > 0);
    assert_int_equal(before, now);
    assert_int_equal(pl_metrics_value(metrics, PL_MEDIA_M_engine_ticks), 0);
}

static void packets_from_the_io_side_are_taken_and_noted(void **state)
{
    (void)state;
    uint16_t port = 0;
    int fd = udp_socket(&port);
    open_room(0);
    add_leg(0, fd, port);
    for (uint16_t i = 0; i < 10; i++) {
        pl_mix_input *in = pl_mixer_reserve(mixer, 0);
        assert_non_null(in);
        in->kind = PL_MIX_PACKET;
        in->leg = (pl_mix_id){0, 1};
        in->u.packet.arrival_us = now_us();
        in->u.packet.path = 77;
        in->u.packet.is_rtcp_port = false;
        pl_rtp rtp = {.pt = 8, .seq = i, .ts = i * 160U, .ssrc = 3};
        pl_rtp_write(&rtp, in->u.packet.data);
        memset(in->u.packet.data + PL_RTP_HEADER, 0x2a, 160);
        in->u.packet.len = PL_RTP_HEADER + 160;
        pl_mixer_commit(mixer, 0);
    }
    struct pollfd p = {.fd = pl_mixer_note_fd(mixer), .events = POLLIN};
    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    pl_mix_note note;
    assert_true(pl_mixer_next_note(mixer, &note));
    assert_int_equal(note.leg.index, 0);
    assert_int_equal(note.path, 77);
    assert_false(pl_mixer_next_note(mixer, &note));
    assert_int_equal(poll(&p, 1, 0), 0); /* rearmed */
    pl_mix_event e;
    remove_leg(0);
    assert_true(await_event(PL_MIX_LEG_REMOVED, &e));
    (void)close(fd);
}

/* An encoder that takes longer than a tick has. */
static size_t encode_slowly(pl_encoder *encoder, const float *pcm, uint8_t *out)
{
    const int64_t end = now_us() + (int64_t)2 * PL_TICK_US;
    while (now_us() < end)
        continue;
    return pl_codecs.codec[PL_AUDIO_PCMA]->encode(encoder, pcm, out);
}

/* A thread that cannot keep up leaves ticks out, and so stays at the present:
 * it is no thread that hangs. */
static void overload_leaves_ticks_out_and_does_not_fall_behind(void **state)
{
    (void)state;
    pl_codec slow = *pl_codecs.codec[PL_AUDIO_PCMA];
    slow.encode = encode_slowly;
    pl_codec_table codecs = pl_codecs;
    codecs.codec[PL_AUDIO_PCMA] = &slow;
    assert_int_equal(start_mixer(&codecs), 0);
    uint16_t port = 0;
    int fd = udp_socket(&port);
    pl_mix_event e;
    open_room(0);
    add_leg(0, fd, port);
    const int64_t end = now_us() + DEADLINE_MS * 1000;
    bool is_good = false;
    while (!is_good && now_us() < end) {
        (void)poll(NULL, 0, 20);
        is_good =
            pl_metrics_value(metrics, PL_MEDIA_M_engine_ticks_skipped) >= 20 &&
            pl_mixer_ticks(mixer);
    }
    assert_true(is_good);
    remove_leg(0);
    assert_true(await_event(PL_MIX_LEG_REMOVED, &e));
    (void)close(fd);
    assert_int_equal(close_mixer(state), 0);
}

static void full_queues_refuse(void **state)
{
    (void)state;
    /* No leg is up: inputs are taken only on wake-ups, packets give none. */
    size_t n = 0;
    for (pl_mix_input *in = NULL;
         n < 100000 && (in = pl_mixer_reserve(mixer, 1)) != NULL; n++) {
        in->kind = PL_MIX_PACKET;
        in->leg = (pl_mix_id){3, 1};
        in->u.packet.len = 0;
        pl_mixer_commit(mixer, 1);
    }
    assert_int_equal(n, 2048);
    assert_int_equal(pl_metrics_value(metrics, PL_MEDIA_M_input_full), 1);
    pl_mixer *none = NULL;
    const pl_mixer_options bad = {.n_threads = 65};
    assert_int_equal(pl_mixer_start(&bad, &none), PL_EINVAL);
    assert_null(none);
}

static void preset_is_a_thread_for_each_core(void **state)
{
    (void)state;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const pl_mixer_options options = {
        .max_legs = 16, .max_rooms = 4, .codecs = &pl_codecs};
    pl_mixer *m = NULL;
    assert_int_equal(pl_mixer_start(&options, &m), PL_OK);
    assert_int_equal(pl_mixer_threads(m), cores > 64 ? 64 : cores);
    pl_mixer_stop(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            packets_leave_in_order_from_every_thread, open_mixer, close_mixer),
        cmocka_unit_test_setup_teardown(idle_threads_do_not_tick, open_mixer,
                                        close_mixer),
        cmocka_unit_test_setup_teardown(empty_rooms_wake_nobody, open_mixer,
                                        close_mixer),
        cmocka_unit_test_setup_teardown(
            packets_from_the_io_side_are_taken_and_noted, open_mixer,
            close_mixer),
        cmocka_unit_test_setup_teardown(full_queues_refuse, open_mixer,
                                        close_mixer),
        cmocka_unit_test(overload_leaves_ticks_out_and_does_not_fall_behind),
        cmocka_unit_test(preset_is_a_thread_for_each_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
