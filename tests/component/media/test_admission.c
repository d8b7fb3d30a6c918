/* test_admission.c - a worker with little time refuses who would be too much,
 * and whom it has goes on without a gap. */
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/budget.h"
#include "core/rtp.h"
#include "worker_rig.h"

enum {
    PHONES = 24,
    BUDGET_PERMILLE = 60, /* 1.2 ms of 20 */
    PACKETS = 10,
    WAIT_MS = 20000,
    TRIES = 1500
};

typedef struct phone {
    char id[16];
    int fd;
    uint16_t port;
} phone;

static int begin(void **state)
{
    const worker_options little = {.max_legs = 100,
                                   .budget_permille = BUDGET_PERMILLE};
    return worker_begin_with(state, &little);
}

static void phone_open(phone *p, unsigned i)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    pl_fmt_cut(p->id, sizeof p->id, "phone-%u", i);
    p->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(p->fd >= 0);
    assert_int_equal(bind(p->fd, (const struct sockaddr *)&a, len), 0);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&a, &len), 0);
    p->port = ntohs(a.sin_port);
}

static pl_err phone_calls(world *w, const phone *p)
{
    char sdp[512];
    pl_fmt_cut(sdp, sizeof sdp,
               "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
               "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP 111\r\n"
               "a=rtpmap:111 opus/48000/2\r\n",
               p->port);
    return create(w, p->id, PL_LEG_KIND_SIP, sdp);
}

static void open_large_room(world *w)
{
    pl_media_room_open m = {.mode = PL_ROOM_MODE_MIX, .max_legs = 100};
    SET_TEXT(m.room_id, room);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_OPEN, &m), PL_OK);
}

/* The next RTP packet that it is sent. */
static void phone_hears(const phone *p, pl_rtp *ret_rtp)
{
    static uint8_t buf[2048];
    struct pollfd ready = {.fd = p->fd, .events = POLLIN};
    for (;;) {
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        ssize_t n = recv(p->fd, buf, sizeof buf, 0);
        assert_true(n > 0);
        if (pl_rtp_is_rtcp(buf, (size_t)n))
            continue;
        assert_int_equal(pl_rtp_parse(buf, (size_t)n, ret_rtp), PL_OK);
        return;
    }
}

/* Every packet of it: no number is missing, and no sound but that of ticks
 * that the whole worker missed. */
static void assert_hears_all(const world *w, const phone *p)
{
    pl_rtp first;
    phone_hears(p, &first);
    pl_rtp rtp = first;
    for (int i = 0; i < PACKETS; i++) {
        const pl_rtp before = rtp;
        phone_hears(p, &rtp);
        assert_int_equal(rtp.seq, (uint16_t)(before.seq + 1));
    }
    /* what it missed is told a little after the packet behind it was sent */
    const uint32_t span = rtp.ts - first.ts;
    int64_t missed = 0;
    for (int i = 0; i < TRIES && span > (PACKETS + missed) * 960; i++) {
        (void)poll(NULL, 0, i > 0 ? 20 : 0);
        missed = pl_metrics_value(w->metrics, PL_MEDIA_M_engine_ticks_skipped);
    }
    assert_in_range(span, PACKETS * 960, (PACKETS + missed) * 960);
}

/* Each hears music of its own, which costs an encode, until one is refused. */
static unsigned fill(world *w, phone *list)
{
    for (unsigned n = 0; n < PHONES; n++) {
        phone_open(&list[n], n);
        pl_err e = phone_calls(w, &list[n]);
        if (e == PL_EFULL)
            return n;
        assert_int_equal(e, PL_OK);
        assert_int_equal(play(w, list[n].id, "hold-music", true), PL_OK);
        assert_hears_all(w, &list[n]);
    }
    fail_msg("none of %d is too much", PHONES);
    return 0;
}

/* A telephone without an offer, into a room of its own. */
static pl_err owed_calls(world *w, const char *room_id, const char *leg_id)
{
    pl_media_leg_create m = {.kind = PL_LEG_KIND_SIP, .mixed = true};
    SET_TEXT(m.room_id, room_id);
    SET_TEXT(m.leg_id, leg_id);
    return ask(w, EPOCH, &PL_MSG_MEDIA_LEG_CREATE, &m);
}

static void who_is_too_much_is_refused_and_the_others_go_on(void **state)
{
    world *w = *state;
    phone list[PHONES];
    open_large_room(w);
    unsigned n = fill(w, list);
    assert_in_range(n, 2, PHONES - 1);
    /* still no place, and it is told and counted */
    assert_int_equal(phone_calls(w, &list[n]), PL_EFULL);
    assert_true(pl_metrics_value(w->metrics, PL_MEDIA_M_refused_full) >= 2);
    pl_process_load load;
    pl_media_load(w->media, &load);
    assert_in_range(load.load_permille, PL_BUDGET_FULL, 100000);
    assert_int_equal(load.legs, n);
    /* a room that nobody could talk in is refused as a whole */
    pl_media_room_open other = {.mode = PL_ROOM_MODE_MIX, .max_legs = 100};
    SET_TEXT(other.room_id, "22222222-2222-4222-8222-222222222222");
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_OPEN, &other), PL_EFULL);
    /* but for one that lost its worker, with as many as it had there */
    other.owed = 1;
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &other, owed);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_OPEN, &other), PL_OK);
    assert_int_equal(owed_calls(w, other.room_id, "owed-1"), PL_OK);
    assert_int_equal(owed_calls(w, other.room_id, "owed-2"), PL_EFULL);
    pl_media_room_close close_it = {.present = 0};
    SET_TEXT(close_it.room_id, other.room_id);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_CLOSE, &close_it), PL_OK);
    open_large_room(w); /* the one that is there may be opened again */
    for (unsigned i = 0; i < n; i++)
        assert_hears_all(w, &list[i]);
    /* when others have left there is place again */
    for (unsigned i = 0; i + 1 < n; i++)
        assert_int_equal(destroy(w, list[i].id), PL_OK);
    pl_err e = PL_EFULL;
    for (int i = 0; e == PL_EFULL && i < TRIES; i++) {
        e = phone_calls(w, &list[n]);
        if (e == PL_EFULL)
            (void)poll(NULL, 0, 20); /* until the peak has faded */
    }
    assert_int_equal(e, PL_OK);
    assert_hears_all(w, &list[n]);
    assert_hears_all(w, &list[n - 1]);
    for (unsigned i = 0; i <= n; i++)
        (void)close(list[i].fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, worker_end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_too_much_is_refused_and_the_others_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
