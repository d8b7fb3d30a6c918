/* retrans.h - when to send again: a 2xx (RFC 3261 section 13.3.1.4), and a
 * re-INVITE that crossed the peer's (section 14.1). */
#ifndef PL_SIP_RETRANS_H
#define PL_SIP_RETRANS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_SIP_T1_US = 500000,  /* RFC 3261 section 17.1.1.1 */
    PL_SIP_T2_US = 4000000, /* section 17.1.2.2 */
    PL_SIP_GIVE_UP_US = 64 * PL_SIP_T1_US,
};

typedef struct pl_sip_retrans {
    int64_t start_us, next_us, interval_us;
    int64_t longest_us; /* the interval grows up to it */
    bool is_running;
} pl_sip_retrans;

/* The 2xx was sent for the first time at now_us. */
void pl_sip_retrans_start(pl_sip_retrans *r, int64_t now_us);
/* The same for a reliable provisional response: doubling without a limit.
 * Source: RFC 3262 section 3. */
void pl_sip_retrans_start_reliable(pl_sip_retrans *r, int64_t now_us);
void pl_sip_retrans_stop(pl_sip_retrans *r);

typedef enum pl_sip_retrans_do {
    PL_SIP_RETRANS_WAIT,
    PL_SIP_RETRANS_SEND,   /* send again; the next time is set */
    PL_SIP_RETRANS_GIVE_UP /* no ACK, no PRACK came in 64*T1 */
} pl_sip_retrans_do;
/* What is due at now_us. */
pl_sip_retrans_do pl_sip_retrans_due(pl_sip_retrans *r, int64_t now_us);

/* How long a re-INVITE that was answered 491 waits: 2.1 to 4 s on the side that
 * chose the Call-ID, 0 to 2 s on the other, in steps of 10 ms.
 *
 * draw:    any random number
 * Source:  RFC 3261 section 14.1 */
int64_t pl_sip_glare_wait_us(bool owns_call_id, uint32_t draw);

#endif
