/* rtp_phone.h - a telephone of G.711, as far as packets go: one socket, a
 * description, and ears for tones. */
#ifndef RTP_PHONE_H
#define RTP_PHONE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RTP_PHONE_EVENT_PT = 97, RTP_PHONE_FRAME = 160, RTP_PHONE_SDP = 512 };

typedef struct rtp_phone {
    int fd;                  /* receives fail after 20 s without any */
    char sdp[RTP_PHONE_SDP]; /* its offer */
    uint16_t seq;            /* of the packet sent next */
} rtp_phone;

void rtp_phone_open(rtp_phone *phone, bool has_events);
void rtp_phone_close(rtp_phone *phone);
/* A port of loopback; where an answer wants its audio. */
struct sockaddr_in rtp_phone_at(uint16_t port);
struct sockaddr_in rtp_phone_media(const char *answer);
void rtp_phone_send(rtp_phone *phone, const struct sockaddr_in *to, uint8_t pt,
                    uint32_t ts, const uint8_t *payload, size_t len);
/* Bytes of the next packet; 0: none came. */
size_t rtp_phone_receive(const rtp_phone *phone, void *buf, size_t cap);
/* One frame of a tone, 0.3 loud, from sample `at` on. */
void rtp_phone_say(double hz, size_t at, uint8_t frame[RTP_PHONE_FRAME]);
/* Amplitude of a tone in n samples. */
double rtp_phone_hears(const uint8_t *samples, size_t n, double hz);

#endif
