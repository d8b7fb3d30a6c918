/* call_sm.c - the table of a call's life. */
#include "call_sm.h"

#include <stddef.h>

typedef struct rule {
    bool is_set;
    uint8_t next;
    uint32_t actions;
} rule;

#define DO(name) PL_CALL_DO(name)
#define ON(event, to, what)                                                    \
    [PL_CALL_E_##                                                              \
        event] = {.is_set = true, .next = PL_CALL_S_##to, .actions = (what)}

/* The call is over for both sides: tell roompool and forget it. */
#define GONE (DO(STOP_TIMERS) | DO(TELL_ENDED) | DO(RELEASE))

static const rule RULES[PL_CALL_N_STATES][PL_CALL_N_EVENTS] = {
    [PL_CALL_S_NEW] = {ON(PLACING, IN_PLACING, 0), ON(START, OUT_RESOLVING, 0),
                       ON(ADOPTED, CONFIRMED, 0)},

    [PL_CALL_S_IN_PLACING] = {ON(SAY_PROGRESS, IN_RINGING, DO(SEND_PROGRESS)),
                              ON(SAY_ANSWER, IN_ANSWERED, DO(SEND_ANSWER)),
                              ON(SAY_REFUSE, ENDED, DO(SEND_REFUSAL) | GONE),
                              ON(END, ENDED, DO(SEND_REFUSAL) | GONE),
                              ON(GOT_CANCEL, ENDED, DO(SEND_487) | GONE),
                              ON(GOT_BYE, ENDED, DO(SEND_487) | GONE)},

    [PL_CALL_S_IN_RINGING] =
        {ON(SAY_PROGRESS, IN_RINGING, DO(SEND_PROGRESS)),
         ON(SAY_ANSWER, IN_ANSWERED, DO(SEND_ANSWER)),
         ON(SAY_REFUSE, ENDED, DO(SEND_REFUSAL) | GONE),
         ON(END, ENDED, DO(SEND_REFUSAL) | GONE),
         ON(GOT_CANCEL, ENDED, DO(SEND_487) | GONE),
         /* RFC 3261 section 15: a caller may end an early dialog so */
         ON(GOT_BYE, ENDED, DO(SEND_487) | GONE)},

    [PL_CALL_S_IN_ANSWERED] =
        {ON(GOT_ACK, CONFIRMED, DO(STOP_TIMERS) | DO(TELL_CONFIRMED)),
         /* section 9.2: too late, the answer stands */
         ON(GOT_CANCEL, IN_ANSWERED, 0), ON(GOT_BYE, ENDED, GONE),
         /* section 15: no BYE before the ACK */
         ON(END, IN_LEAVING, 0),
         /* section 13.3.1.4: end it with a BYE */
         ON(NO_ACK, BYE_SENT, DO(STOP_TIMERS) | DO(SEND_BYE))},

    [PL_CALL_S_IN_LEAVING] = {ON(GOT_ACK, BYE_SENT,
                                 DO(STOP_TIMERS) | DO(SEND_BYE)),
                              ON(GOT_CANCEL, IN_LEAVING, 0),
                              ON(GOT_BYE, ENDED, GONE), ON(END, IN_LEAVING, 0),
                              ON(NO_ACK, BYE_SENT,
                                 DO(STOP_TIMERS) | DO(SEND_BYE))},

    [PL_CALL_S_OUT_RESOLVING] = {ON(RESOLVED, OUT_CALLING, 0),
                                 ON(END, ENDED, GONE),
                                 ON(RING_TIMEOUT, ENDED, GONE),
                                 ON(GOT_REFUSAL, ENDED, GONE)},

    [PL_CALL_S_OUT_CALLING] =
        {
            ON(GOT_PROGRESS, OUT_RINGING, DO(TELL_PROGRESS)),
            ON(GOT_ANSWER, CONFIRMED,
               DO(STOP_TIMERS) | DO(SEND_ACK) | DO(TELL_ANSWERED)),
            ON(GOT_REFUSAL, ENDED, GONE),
            /* section 8.1.3.4: the same call, another address */
            ON(REDIRECTED, OUT_RESOLVING, 0),
            /* section 9.1: a CANCEL waits for the first 1xx */
            ON(END, OUT_QUITTING, 0), ON(RING_TIMEOUT, OUT_QUITTING, 0)},

    [PL_CALL_S_OUT_RINGING] =
        {
            ON(GOT_PROGRESS, OUT_RINGING, DO(TELL_PROGRESS)),
            ON(GOT_ANSWER, CONFIRMED,
               DO(STOP_TIMERS) | DO(SEND_ACK) | DO(TELL_ANSWERED)),
            ON(GOT_REFUSAL, ENDED, GONE), ON(REDIRECTED, OUT_RESOLVING, 0),
            ON(END, OUT_CANCELLED, DO(STOP_TIMERS) | DO(SEND_CANCEL)),
            ON(RING_TIMEOUT, OUT_CANCELLED, DO(STOP_TIMERS) | DO(SEND_CANCEL))},

    [PL_CALL_S_OUT_QUITTING] = {ON(GOT_PROGRESS, OUT_CANCELLED,
                                   DO(STOP_TIMERS) | DO(SEND_CANCEL)),
                                ON(GOT_ANSWER, BYE_SENT,
                                   DO(STOP_TIMERS) | DO(SEND_ACK) |
                                       DO(SEND_BYE)),
                                ON(GOT_REFUSAL, ENDED, GONE),
                                ON(END, OUT_QUITTING, 0),
                                ON(RING_TIMEOUT, OUT_QUITTING, 0)},

    [PL_CALL_S_OUT_CANCELLED] =
        {
            ON(GOT_PROGRESS, OUT_CANCELLED, 0),
            /* the answer crossed our CANCEL: section 9.1 */
            ON(GOT_ANSWER, BYE_SENT,
               DO(STOP_TIMERS) | DO(SEND_ACK) | DO(SEND_BYE)),
            ON(GOT_REFUSAL, ENDED, GONE), ON(END, OUT_CANCELLED, 0),
            /* section 9.1: no final answer in 64*T1: give up */
            ON(RING_TIMEOUT, ENDED, GONE)},

    [PL_CALL_S_CONFIRMED] = {ON(GOT_ACK, CONFIRMED, 0),
                             ON(GOT_CANCEL, CONFIRMED, 0),
                             ON(GOT_BYE, ENDED, GONE),
                             ON(NO_ACK, BYE_SENT,
                                DO(STOP_TIMERS) | DO(SEND_BYE)),
                             ON(LOST, BYE_SENT, DO(STOP_TIMERS) | DO(SEND_BYE)),
                             ON(END, BYE_SENT, DO(STOP_TIMERS) | DO(SEND_BYE))},

    [PL_CALL_S_BYE_SENT] = {ON(GOT_ACK, BYE_SENT, 0), ON(GOT_BYE, ENDED, GONE),
                            ON(BYE_DONE, ENDED, GONE), ON(END, BYE_SENT, 0)},
};

pl_err pl_call_sm_take(pl_call_sm_state *state, pl_call_sm_event event,
                       uint32_t *ret_actions)
{
    if ((unsigned)*state >= PL_CALL_N_STATES ||
        (unsigned)event >= PL_CALL_N_EVENTS) {
        return PL_ESTATE;
    }
    const rule *r = &RULES[*state][event];
    if (!r->is_set)
        return PL_ESTATE;
    *state = (pl_call_sm_state)r->next;
    *ret_actions = r->actions;
    return PL_OK;
}

#define NAME(name) #name,

const char *pl_call_sm_state_name(pl_call_sm_state state)
{
    static const char *const names[] = {PL_CALL_SM_STATES(NAME)};
    return (unsigned)state < PL_CALL_N_STATES ? names[state] : "?";
}

const char *pl_call_sm_event_name(pl_call_sm_event event)
{
    static const char *const names[] = {PL_CALL_SM_EVENTS(NAME)};
    return (unsigned)event < PL_CALL_N_EVENTS ? names[event] : "?";
}
