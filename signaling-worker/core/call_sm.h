/* call_sm.h - life of one call (an INVITE dialog usage) as a table: what
 * happens in which state, and what is to be done. RFC 3261 sections 9, 13-15.
 */
#ifndef PL_SIP_CALL_SM_H
#define PL_SIP_CALL_SM_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"

/* X(name): states. IN: the peer called us; OUT: we call. */
#define PL_CALL_SM_STATES(X)                                                   \
    X(NEW)           /* nothing sent or answered */                            \
    X(IN_PLACING)    /* 100 sent, roompool places the room */                  \
    X(IN_RINGING)    /* 18x sent */                                            \
    X(IN_ANSWERED)   /* 200 sent, ACK awaited */                               \
    X(IN_LEAVING)    /* to be ended, but a BYE must wait for the ACK */        \
    X(OUT_RESOLVING) /* the peer's address is looked up */                     \
    X(OUT_CALLING)   /* INVITE sent */                                         \
    X(OUT_RINGING)   /* 1xx came */                                            \
    X(OUT_QUITTING)  /* to be cancelled, but a CANCEL must wait for a 1xx */   \
    X(OUT_CANCELLED) /* CANCEL sent, final response awaited */                 \
    X(CONFIRMED)     /* ACK came or went */                                    \
    X(BYE_SENT)                                                                \
    X(ENDED)

/* X(name): events. */
#define PL_CALL_SM_EVENTS(X)                                                   \
    X(PLACING)      /* INVITE accepted for handling */                         \
    X(START)        /* roompool: call somebody */                              \
    X(ADOPTED)      /* roompool: go on with a call of another worker */        \
    X(RESOLVED)     /* address known, INVITE sent */                           \
    X(SAY_PROGRESS) /* roompool: send 18x */                                   \
    X(SAY_ANSWER)   /* roompool: send 200 */                                   \
    X(SAY_REFUSE)   /* roompool: send 3xx to 6xx, or it did not answer */      \
    X(END)          /* roompool: end it, or drain */                           \
    X(GOT_ACK)                                                                 \
    X(GOT_CANCEL)                                                              \
    X(GOT_BYE)                                                                 \
    X(GOT_PROGRESS) /* 1xx above 100, and 100 */                               \
    X(GOT_ANSWER)   /* first 2xx */                                            \
    X(REDIRECTED)   /* 3xx that is followed */                                 \
    X(GOT_REFUSAL)  /* 3xx to 6xx, timeout, unreachable */                     \
    X(NO_ACK)       /* 64*T1 without ACK */                                    \
    X(RING_TIMEOUT)                                                            \
    X(BYE_DONE) /* final response to our BYE, or none came */                  \
    X(LOST)     /* the peer says 481 or 408 inside the dialog */

/* X(name): actions, carried out in this order. */
#define PL_CALL_SM_ACTIONS(X)                                                  \
    X(STOP_TIMERS)                                                             \
    X(SEND_PROGRESS)                                                           \
    X(SEND_ANSWER)  /* 200, repeated until the ACK */                          \
    X(SEND_REFUSAL) /* the given final response */                             \
    X(SEND_487)                                                                \
    X(SEND_ACK)                                                                \
    X(SEND_CANCEL)                                                             \
    X(SEND_BYE)                                                                \
    X(TELL_PROGRESS) /* call_report ringing or early */                        \
    X(TELL_ANSWERED)                                                           \
    X(TELL_CONFIRMED)                                                          \
    X(TELL_ENDED)                                                              \
    X(RELEASE) /* forget the call */

#define PL_CALL_ENUM_STATE(name) PL_CALL_S_##name,
typedef enum pl_call_sm_state {
    PL_CALL_SM_STATES(PL_CALL_ENUM_STATE) PL_CALL_N_STATES
} pl_call_sm_state;
#define PL_CALL_ENUM_EVENT(name) PL_CALL_E_##name,
typedef enum pl_call_sm_event {
    PL_CALL_SM_EVENTS(PL_CALL_ENUM_EVENT) PL_CALL_N_EVENTS
} pl_call_sm_event;
#define PL_CALL_ENUM_ACTION(name) PL_CALL_A_##name,
typedef enum pl_call_sm_action {
    PL_CALL_SM_ACTIONS(PL_CALL_ENUM_ACTION) PL_CALL_N_ACTIONS
} pl_call_sm_action;
#define PL_CALL_DO(name) (UINT32_C(1) << PL_CALL_A_##name)

/* Take an event: *state moves and *ret_actions says what to do.
 * Errors: PL_ESTATE the event means nothing in this state (unchanged). */
PL_MUST_USE pl_err pl_call_sm_take(pl_call_sm_state *state,
                                   pl_call_sm_event event,
                                   uint32_t *ret_actions);
const char *pl_call_sm_state_name(pl_call_sm_state state);
const char *pl_call_sm_event_name(pl_call_sm_event event);

#endif
