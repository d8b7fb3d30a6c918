/* test_line.c - a telephone behind a network that is late, out of order, lossy
 * and says things twice (support/udp_relay.c), at a whole worker: what another
 * one hears of it has its tone throughout. */
#include <arpa/inet.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rtp_phone.h"
#include "worker_rig.h"

enum {
    HZ = 700,
    LEARN = 100, /* packets before it counts */
    PACKETS = 250,
    TRIES = 12,
    GROUP = 5,      /* packets of which each has the tone: 100 ms */
    LATE_US = 60000 /* between two packets: somebody stood still */
};

typedef struct relay {
    pid_t pid;
    int end; /* of its standard input: closed, it ends */
    struct sockaddr_in near;
} relay;

static uint16_t free_port(void)
{
    struct sockaddr_in at = rtp_phone_at(0);
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(close(fd), 0);
    return ntohs(at.sin_port);
}

static void open_relay(relay *r, const struct sockaddr_in *target)
{
    extern char **environ;
    int in[2];
    char near[8], far[8];
    posix_spawn_file_actions_t how;
    uint16_t port = free_port();
    r->near = rtp_phone_at(port);
    pl_fmt_cut(near, sizeof near, "%u", port);
    pl_fmt_cut(far, sizeof far, "%u", ntohs(target->sin_port));
    char *const argv[] = {
        PL_UDP_RELAY, near,           far,      "loss=30", "delay=5",
        "jitter=40",  "duplicate=20", "seed=5", "late=60", NULL};
    assert_int_equal(pipe(in), 0);
    assert_int_equal(posix_spawn_file_actions_init(&how), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&how, in[0], 0), 0);
    assert_int_equal(posix_spawn_file_actions_addclose(&how, in[1]), 0);
    assert_int_equal(
        posix_spawn(&r->pid, PL_UDP_RELAY, &how, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&how);
    assert_int_equal(close(in[0]), 0);
    r->end = in[1];
}

/* False: it stood still for a while. */
static bool close_relay(const relay *r)
{
    int status = 0;
    assert_int_equal(close(r->end), 0);
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    return status == 0;
}

/* A packet of what is heard is the clock for what is said. False: that clock
 * stood still for a while. */
static bool listen_and_say(const pl_loop *clock, rtp_phone *says,
                           const struct sockaddr_in *to, const rtp_phone *hears,
                           size_t n, uint8_t *ret_heard)
{
    bool is_steady = true;
    int64_t before = pl_loop_now_us(clock);
    for (size_t i = 0; i < n; i++) {
        uint8_t b[1500], frame[RTP_PHONE_FRAME];
        assert_int_equal(rtp_phone_receive(hears, b, sizeof b),
                         12 + RTP_PHONE_FRAME);
        int64_t now = pl_loop_now_us(clock);
        is_steady = is_steady && now - before < LATE_US;
        before = now;
        if (ret_heard)
            memcpy(ret_heard + i * RTP_PHONE_FRAME, b + 12, RTP_PHONE_FRAME);
        size_t at = (size_t)says->seq * RTP_PHONE_FRAME;
        rtp_phone_say(HZ, at, frame);
        rtp_phone_send(says, to, 0, (uint32_t)at, frame, sizeof frame);
    }
    return is_steady;
}

static int64_t disturbed(const world *w)
{
    return pl_metrics_value(w->metrics, PL_MEDIA_M_ticks_late) +
           pl_metrics_value(w->metrics, PL_MEDIA_M_engine_ticks_skipped);
}

/* Pieces that have the tone. */
static size_t count_found(const uint8_t *heard)
{
    size_t n = 0;
    const size_t length = (size_t)GROUP * RTP_PHONE_FRAME;
    for (size_t g = 0; g < PACKETS / GROUP; g++)
        n += rtp_phone_hears(heard + g * length, length, HZ) > 0.15;
    print_message("tone in %zu of %d pieces of 100 ms\n", n, PACKETS / GROUP);
    return n;
}

/* One call over such a line; pieces that have the tone. */
static size_t call(world *w, bool *ret_steady)
{
    static uint8_t heard[PACKETS * RTP_PHONE_FRAME];
    rtp_phone says, hears;
    relay line;
    rtp_phone_open(&says, false);
    rtp_phone_open(&hears, false);
    assert_int_equal(create(w, "hears", PL_LEG_KIND_SIP, hears.sdp), PL_OK);
    assert_int_equal(create(w, "says", PL_LEG_KIND_SIP, says.sdp), PL_OK);
    const struct sockaddr_in media = rtp_phone_media(w->text);
    open_relay(&line, &media);
    (void)listen_and_say(w->loop, &says, &line.near, &hears, LEARN, NULL);
    *ret_steady =
        listen_and_say(w->loop, &says, &line.near, &hears, PACKETS, heard);
    assert_int_equal(destroy(w, "says"), PL_OK);
    assert_int_equal(destroy(w, "hears"), PL_OK);
    *ret_steady = close_relay(&line) && *ret_steady;
    rtp_phone_close(&says);
    rtp_phone_close(&hears);
    return count_found(heard);
}

/* What the machine did to the worker, to the relay or to us is not the
 * network's: another call then. */
static void a_bad_network_leaves_the_tone_in_one_piece(void **state)
{
    world *w = *state;
    const size_t wanted = PACKETS / GROUP * 96 / 100;
    size_t n_found = 0;
    bool was_disturbed = true;
    assert_int_equal(open_raw_room(w, EPOCH), PL_OK);
    for (size_t i = 0; i < TRIES && n_found < wanted && was_disturbed; i++) {
        int64_t before = disturbed(w);
        bool is_steady = true;
        n_found = call(w, &is_steady);
        was_disturbed = !is_steady || disturbed(w) > before;
    }
    assert_true(n_found >= wanted);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_begin, worker_end)
    const struct CMUnitTest tests[] = {
        TEST(a_bad_network_leaves_the_tone_in_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
