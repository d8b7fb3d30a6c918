/* test_late_ticks.c - ticks that really are late have the cause that they had:
 * a codec that computes too long, one that waits, a process that is stopped. */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/media_metrics.h"
#include "io/codecs.h"
#include "io/mixer_thread.h"
#include "io/resume.h"

enum { DEADLINE_MS = 20000, LONG_US = 40000, STOP_MS = 200 };

static const pl_metric_desc METRICS[] = {PL_MEDIA_METRICS(PL_METRIC_ROW)};
static pl_metrics *metrics;
static pl_mixer *mixer;
static int fd;

/* ---- a codec that does something else before it encodes ----------------- */

typedef enum mood { GOOD, BUSY, AWAY } mood;
static _Atomic int the_mood = GOOD;

static int64_t clock_us(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static size_t encode(pl_encoder *encoder, const float *pcm, uint8_t *out)
{
    const struct timespec away = {.tv_nsec = LONG_US * 1000L};
    int now = atomic_load(&the_mood);
    int64_t end = clock_us(CLOCK_THREAD_CPUTIME_ID) + LONG_US;
    if (now == AWAY)
        (void)nanosleep(&away, NULL);
    while (now == BUSY && clock_us(CLOCK_THREAD_CPUTIME_ID) < end) {
    }
    return pl_codecs.codec[PL_AUDIO_PCMA]->encode(encoder, pcm, out);
}

/* ---- one leg that is played something ----------------------------------- */

static void open_leg(void)
{
    static int16_t tone[960];
    static pl_prompt prompt = {.name = "tone", .pcm = tone, .n = 960};
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    const uint8_t loopback[16] = {[10] = 255, [11] = 255, [12] = 127, [15] = 1};
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    for (size_t i = 0; i < 960; i++)
        tone[i] = (int16_t)(i / 48 % 2 ? 8000 : -8000);
    pl_mix_command room = {
        .kind = PL_MIX_ROOM_OPEN,
        .id = {0, 1},
        .u.room = {.mode = PL_ROOM_MODE_MIX, .max_talkers = 3, .is_raw = true}};
    pl_mix_command leg = {.kind = PL_MIX_LEG_ADD, .id = {0, 1}};
    leg.u.leg = (pl_mix_leg){.room = {0, 1},
                             .kind = PL_LEG_KIND_SIP,
                             .ssrc = 5,
                             .cname = "test",
                             .media = {.direction = PL_DIRECTION_SENDRECV,
                                       .send_codec = PL_AUDIO_PCMA,
                                       .send_pt = 8,
                                       .n_recv = 1,
                                       .recv = {{8, PL_AUDIO_PCMA}},
                                       .dtmf_pt = PL_MIX_NO_PT,
                                       .dtmf_send_pt = PL_MIX_NO_PT,
                                       .dtmf_clock = 8000,
                                       .comfort_pt = PL_MIX_NO_PT},
                             .flags = {.mixed = true}};
    pl_mix_command play = {.kind = PL_MIX_LEG_PLAY,
                           .id = {0, 1},
                           .u.play = {.prompt = &prompt, .is_loop = true}};
    assert_int_equal(pl_mixer_command(mixer, 0, &room), PL_OK);
    assert_int_equal(pl_mixer_command(mixer, 0, &leg), PL_OK);
    assert_int_equal(pl_mixer_command(mixer, 0, &play), PL_OK);
    pl_mix_input *in = pl_mixer_reserve(mixer, 0);
    assert_non_null(in);
    *in = (pl_mix_input){.kind = PL_MIX_TRANSPORT_UP, .leg = {0, 1}};
    in->u.up.route = (pl_mix_route){.fd = fd,
                                    .is_rtcp_mux = true,
                                    .rtcp_fd = -1,
                                    .remote = {.port = ntohs(a.sin_port)}};
    memcpy(in->u.up.route.remote.ip, loopback, sizeof loopback);
    pl_mixer_commit(mixer, 0);
}

static int begin(void **state)
{
    static pl_codec moody;
    static pl_codec_table codecs;
    (void)state;
    atomic_store(&the_mood, GOOD);
    moody = *pl_codecs.codec[PL_AUDIO_PCMA];
    moody.encode = encode;
    codecs = pl_codecs;
    codecs.codec[PL_AUDIO_PCMA] = &moody;
    pl_resume_watch();
    assert_int_equal(pl_metrics_create(METRICS, PL_MEDIA_M_COUNT, &metrics),
                     PL_OK);
    const pl_mixer_options options = {.n_threads = 1,
                                      .priority = 10, /* where allowed */
                                      .max_legs = 4,
                                      .max_rooms = 4,
                                      .codecs = &codecs,
                                      .metrics = metrics};
    assert_int_equal(pl_mixer_start(&options, &mixer), PL_OK);
    open_leg();
    return 0;
}

static int end(void **state)
{
    (void)state;
    pl_mixer_stop(&mixer);
    pl_metrics_destroy(&metrics);
    (void)close(fd);
    return 0;
}

/* Until the metric has grown above `than`. */
static void await_more(pl_media_metric what, int64_t than)
{
    int64_t until = clock_us(CLOCK_MONOTONIC) + DEADLINE_MS * 1000;
    while (pl_metrics_value(metrics, (size_t)what) <= than) {
        if (clock_us(CLOCK_MONOTONIC) > until)
            fail_msg("metric %d stays at %lld", (int)what, (long long)than);
        (void)poll(NULL, 0, 5);
    }
}

/* ---- stories ------------------------------------------------------------ */

static void long_work_is_work(void **state)
{
    (void)state;
    await_more(PL_MEDIA_M_engine_ticks, 5);
    /* a machine that is slow may have had late ticks before */
    int64_t before = pl_metrics_value(metrics, PL_MEDIA_M_late_work);
    atomic_store(&the_mood, BUSY);
    await_more(PL_MEDIA_M_late_work, before + 1);
    /* and what it costs is known by then: nothing more would be let in */
    pl_budget_measure m;
    pl_mixer_measure(mixer, 0, &m);
    assert_true(m.work_us > PL_TICK_US / 20);
    assert_true(pl_mixer_load_permille(mixer) > 50);
}

static void work_that_is_kept_off_the_cpu_is_preempted(void **state)
{
    (void)state;
    await_more(PL_MEDIA_M_engine_ticks, 5);
    atomic_store(&the_mood, AWAY);
    await_more(PL_MEDIA_M_late_preempted, 0);
}

static void a_stopped_process_is_stopped(void **state)
{
    (void)state;
    await_more(PL_MEDIA_M_engine_ticks, 5);
    pid_t self = getpid();
    pid_t other = fork();
    if (other == 0) {
        const struct timespec while_it_stands = {.tv_nsec = STOP_MS * 1000000L};
        (void)kill(self, SIGSTOP);
        (void)nanosleep(&while_it_stands, NULL);
        (void)kill(self, SIGCONT);
        _exit(0);
    }
    assert_true(other > 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
    await_more(PL_MEDIA_M_late_stopped, 0);
    assert_true(pl_resume_us() > 0);
}

/* What is counted is told too, and in the thread's own figures. */
static void late_ticks_are_told_and_all_is_measured(void **state)
{
    (void)state;
    pl_late_known late = {.late_us = 0};
    int64_t before = pl_metrics_value(metrics, PL_MEDIA_M_late_preempted);
    atomic_store(&the_mood, AWAY);
    await_more(PL_MEDIA_M_late_preempted, before + 1);
    int64_t until = clock_us(CLOCK_MONOTONIC) + DEADLINE_MS * 1000;
    while (!pl_mixer_next_late(mixer, &late)) {
        assert_true(clock_us(CLOCK_MONOTONIC) < until);
        (void)poll(NULL, 0, 5);
    }
    assert_true(late.late_us > PL_TICK_LATE_US);
    static const pl_media_metric measured[] = {
        PL_MEDIA_M_tick_late_us, PL_MEDIA_M_tick_work_us,
        PL_MEDIA_M_tick_cpu_us,  PL_MEDIA_M_tick_encodes,
        PL_MEDIA_M_room_work_us, PL_MEDIA_M_packet_sent_us};
    for (size_t i = 0; i < sizeof measured / sizeof measured[0]; i++)
        assert_true(pl_metrics_value(metrics, (size_t)measured[i]) > 0);
    /* a room's work is the codec's 40 ms, a batch was sent after it */
    assert_true(pl_metrics_quantile_us(metrics, PL_MEDIA_M_room_work_us,
                                       1000) >= LONG_US);
    assert_true(pl_metrics_quantile_us(metrics, PL_MEDIA_M_packet_sent_us,
                                       1000) >= LONG_US);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(long_work_is_work),
        TEST(work_that_is_kept_off_the_cpu_is_preempted),
        TEST(a_stopped_process_is_stopped),
        TEST(late_ticks_are_told_and_all_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
