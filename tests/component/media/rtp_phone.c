/* rtp_phone.c - sockets and mu-law. */
#include "rtp_phone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pl/str.h"

enum { DEADLINE_S = 20, HEADER = 12, RATE = 8000, BIAS = 132, CLIP = 32635 };
static const double TURN = 6.283185307179586;
static const double AMPLITUDE = 0.3;

struct sockaddr_in rtp_phone_at(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(port)};
}

void rtp_phone_open(rtp_phone *p, bool has_events)
{
    struct sockaddr_in at = rtp_phone_at(0);
    socklen_t len = sizeof at;
    const struct timeval deadline = {.tv_sec = DEADLINE_S};
    *p = (rtp_phone){.fd = socket(AF_INET, SOCK_DGRAM, 0), .seq = 1};
    assert_true(p->fd >= 0);
    assert_int_equal(bind(p->fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(
        setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline),
        0);
    pl_fmt_cut(p->sdp, sizeof p->sdp,
               "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
               "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP 0%s",
               ntohs(at.sin_port),
               has_events ? " 97\r\na=rtpmap:97 telephone-event/8000\r\n"
                          : "\r\n");
}

void rtp_phone_close(rtp_phone *p)
{
    assert_int_equal(close(p->fd), 0);
}

struct sockaddr_in rtp_phone_media(const char *answer)
{
    const char *line = strstr(answer, "m=audio ");
    assert_non_null(line);
    return rtp_phone_at((uint16_t)strtoul(line + 8, NULL, 10));
}

void rtp_phone_send(rtp_phone *p, const struct sockaddr_in *to, uint8_t pt,
                    uint32_t ts, const uint8_t *payload, size_t len)
{
    uint8_t b[HEADER + RTP_PHONE_FRAME] = {0x80,
                                           pt,
                                           (uint8_t)(p->seq >> 8),
                                           (uint8_t)p->seq,
                                           (uint8_t)(ts >> 24),
                                           (uint8_t)(ts >> 16),
                                           (uint8_t)(ts >> 8),
                                           (uint8_t)ts,
                                           0,
                                           0,
                                           0,
                                           7};
    assert_true(len <= RTP_PHONE_FRAME);
    memcpy(b + HEADER, payload, len);
    p->seq++;
    assert_int_equal(sendto(p->fd, b, HEADER + len, 0,
                            (const struct sockaddr *)to, sizeof *to),
                     HEADER + len);
}

size_t rtp_phone_receive(const rtp_phone *p, void *buf, size_t cap)
{
    ssize_t n;
    do { /* a process that was stopped is interrupted here: signal(7) */
        n = recv(p->fd, buf, cap, 0);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

/* ITU-T G.711, mu-law. */
static uint8_t compress(double x)
{
    int size = abs((int)lrint(x * 32768.0));
    size = (size < CLIP ? size : CLIP) + BIAS;
    int exponent = 7;
    while (exponent > 0 && size < 1 << (exponent + 7))
        exponent--;
    int code =
        (x < 0 ? 0x80 : 0) | exponent << 4 | (size >> (exponent + 3) & 15);
    return (uint8_t) ~(unsigned)code;
}

static double expand(uint8_t code)
{
    unsigned u = ~(unsigned)code & 0xff;
    double v = (double)((((u & 15) << 3) + BIAS) << (u >> 4 & 7)) - BIAS;
    return (u & 0x80 ? -v : v) / 32768.0;
}

void rtp_phone_say(double hz, size_t at, uint8_t frame[RTP_PHONE_FRAME])
{
    for (size_t i = 0; i < RTP_PHONE_FRAME; i++)
        frame[i] =
            compress(AMPLITUDE * sin(TURN * hz * (double)(at + i) / RATE));
}

double rtp_phone_hears(const uint8_t *samples, size_t n, double hz)
{
    double re = 0.0, im = 0.0;
    for (size_t i = 0; i < n; i++) {
        double a = TURN * hz * (double)i / RATE;
        re += expand(samples[i]) * cos(a);
        im += expand(samples[i]) * sin(a);
    }
    return 2.0 * hypot(re, im) / (double)n;
}
