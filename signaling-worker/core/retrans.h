/* retrans.h - when to send a 2xx again. RFC 3261 section 13.3.1.4. */
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
    bool is_running;
} pl_sip_retrans;

/* The 2xx was sent for the first time at now_us. */
void pl_sip_retrans_start(pl_sip_retrans *r, int64_t now_us);
void pl_sip_retrans_stop(pl_sip_retrans *r);

typedef enum pl_sip_retrans_do {
    PL_SIP_RETRANS_WAIT,
    PL_SIP_RETRANS_SEND,   /* send again; the next time is set */
    PL_SIP_RETRANS_GIVE_UP /* no ACK came in 64*T1 */
} pl_sip_retrans_do;
/* What is due at now_us. */
pl_sip_retrans_do pl_sip_retrans_due(pl_sip_retrans *r, int64_t now_us);

#endif
