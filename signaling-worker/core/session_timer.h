/* session_timer.h - how long a session lives without a refresh, and who
 * refreshes it. RFC 4028. Pure: time comes in. */
#ifndef PL_SIP_SESSION_TIMER_H
#define PL_SIP_SESSION_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

typedef enum pl_sip_refresher {
    PL_REFRESHER_OPEN, /* not said */
    PL_REFRESHER_UAC,  /* who sent the request */
    PL_REFRESHER_UAS
} pl_sip_refresher;

/* What a message says: Session-Expires and Min-SE, section 4 and 5. */
typedef struct pl_session_words {
    uint32_t interval_s; /* 0: no Session-Expires */
    uint32_t min_s;      /* 0: no Min-SE */
    pl_sip_refresher refresher;
} pl_session_words;

/* Read the value of Session-Expires into interval_s and refresher.
 * Errors: PL_EPROTO no number above 0, or an unknown refresher. Section 4. */
PL_MUST_USE pl_err pl_session_expires_parse(pl_slice value,
                                            pl_session_words *words);
/* Read the value of Min-SE. Errors: PL_EPROTO. Section 5. */
PL_MUST_USE pl_err pl_session_min_parse(pl_slice value,
                                        pl_session_words *words);

/* What this side wants. */
typedef struct pl_session_policy {
    uint32_t interval_s; /* 0: no session timers at all */
    uint32_t min_s;
} pl_session_policy;

/* What was agreed. */
typedef struct pl_session_terms {
    uint32_t interval_s;   /* 0: the session has no timer */
    bool is_ours;          /* we refresh */
    bool must_be_required; /* the 2xx has Require: timer */
} pl_session_terms;

/* Server: terms for the 2xx to a request.
 * is_supported: the request lists `timer` as supported
 * Errors: PL_EINVAL the interval is too short: answer 422 with our minimum.
 * Source: section 9, table 2. */
PL_MUST_USE pl_err pl_session_accept(const pl_session_policy *own,
                                     const pl_session_words *request,
                                     bool is_supported,
                                     pl_session_terms *ret_terms);
/* Client: terms of a 2xx to our request. Source: section 7.2. */
void pl_session_agree(const pl_session_policy *own,
                      const pl_session_words *response,
                      pl_session_terms *ret_terms);
/* Client: after a 422. min_s: the least we asked for so far, raised.
 * Errors: PL_EPROTO it names no higher minimum: asking again is of no use.
 * Source: section 7.3. */
PL_MUST_USE pl_err pl_session_raise(const pl_session_words *response,
                                    uint32_t *min_s);

typedef struct pl_session_timer {
    pl_session_terms terms;
    int64_t refresh_us; /* 0: not ours, or under way */
    int64_t end_us;     /* 0: no timer */
} pl_session_timer;

/* A 2xx came or went at now_us. Source: section 10. */
void pl_session_start(pl_session_timer *t, const pl_session_terms *terms,
                      int64_t now_us);

typedef enum pl_session_do {
    PL_SESSION_WAIT,
    PL_SESSION_REFRESH, /* said once; pl_session_retry() says it again */
    PL_SESSION_END      /* send BYE; said once */
} pl_session_do;
/* What is due at now_us: the refresh at half of the interval; the BYE 32 s (or
 * a third of the interval, if less) before its end. Source: section 10. */
pl_session_do pl_session_due(pl_session_timer *t, int64_t now_us);
/* The refresh did not succeed: again at that time. */
void pl_session_retry(pl_session_timer *t, int64_t at_us);

#endif
