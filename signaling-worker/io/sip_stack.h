/* sip_stack.h - SIP transactions over libosip2: gates, parser, matching,
 * retransmission of requests and of final responses (RFC 3261 section 17).
 * Dialogs, 2xx and their ACKs are the caller's. Loop thread only. */
#ifndef PL_SIP_STACK_H
#define PL_SIP_STACK_H

#include "sip_build.h"
#include "sip_transport.h"

typedef struct pl_sip_stack pl_sip_stack;
typedef uint64_t pl_sip_txn_id; /* 0 none; never reused soon */

/* What the user of the stack decides and learns. Messages are borrowed during
 * the call. */
typedef struct pl_sip_stack_user {
    void *ctx;
    /* Before the parser sees a request: 0 go on, 1 drop, else a status for a
     * stateless refusal. */
    unsigned (*admit)(void *ctx, const pl_sip_flow *flow);
    /* A request that belongs to no transaction, ACK excepted: false when it
     * has been dealt with (refused statelessly, or was a repetition). */
    bool (*may_begin)(void *ctx, const pl_sip_msg *m, const pl_sip_flow *flow);
    /* A new server transaction; must be answered sooner or later. */
    void (*on_request)(void *ctx, pl_sip_txn_id txn, const pl_sip_msg *m,
                       const pl_sip_flow *flow);
    /* An ACK that no transaction absorbed: that of a 2xx. */
    void (*on_ack)(void *ctx, const pl_sip_msg *m, const pl_sip_flow *flow);
    /* A response to our request `tag`; m NULL: local_status tells why none
     * will come (408 timeout, 503 transport). */
    void (*on_response)(void *ctx, uint64_t tag, const pl_sip_msg *m,
                        const pl_sip_flow *flow, unsigned local_status);
    /* A 2xx to an INVITE whose transaction has ended: another answer, or the
     * same again (RFC 3261 section 13.2.2.4). */
    void (*on_stray_2xx)(void *ctx, const pl_sip_msg *m,
                         const pl_sip_flow *flow);
    void (*on_closed)(void *ctx, uint64_t conn);
} pl_sip_stack_user;

typedef struct pl_sip_stack_options {
    pl_sip_transport_options transport; /* its callbacks are the stack's */
    pl_sip_stack_user user;
    unsigned max_transactions;
    bool force_rport; /* answer to where a UDP request came from, even if the
                         client did not ask (RFC 3581) */
} pl_sip_stack_options;

/* Errors: as pl_sip_transport_open(). */
PL_MUST_USE pl_err pl_sip_stack_open(const pl_sip_stack_options *o,
                                     pl_sip_stack **ret_stack);
void pl_sip_stack_close(pl_sip_stack **stack);
pl_sip_transport *pl_sip_stack_transport(pl_sip_stack *stack);
/* Transactions alive, and whether a new request must be refused. */
unsigned pl_sip_stack_count(const pl_sip_stack *stack);
bool pl_sip_stack_is_full(const pl_sip_stack *stack);

/* Write the response to a server transaction; spec->request and the source are
 * filled in here. ret_bytes: borrowed until the next call.
 * Errors: PL_ENOENT the transaction has ended; as pl_sip_build_response(). */
PL_MUST_USE pl_err pl_sip_stack_write(pl_sip_stack *stack, pl_sip_txn_id txn,
                                      const pl_sip_response_spec *spec,
                                      pl_slice *ret_bytes);
/* Send it and let the transaction move. Errors: PL_ENOENT; PL_EPROTO. */
PL_MUST_USE pl_err pl_sip_stack_respond(pl_sip_stack *stack, pl_sip_txn_id txn,
                                        unsigned status, pl_slice bytes);
/* Where the responses of a server transaction go. Errors: PL_ENOENT. */
PL_MUST_USE pl_err pl_sip_stack_flow(const pl_sip_stack *stack,
                                     pl_sip_txn_id txn, pl_sip_flow *ret_flow);
/* Refuse a request without state. extra: complete lines or NULL. */
void pl_sip_stack_refuse(pl_sip_stack *stack, const pl_sip_flow *flow,
                         pl_slice request, unsigned status, const char *extra);
/* Begin a client transaction. tag: given back with each response.
 * Errors: PL_EFULL too many transactions; PL_EPROTO; PL_ENOMEM. */
PL_MUST_USE pl_err pl_sip_stack_request(pl_sip_stack *stack,
                                        const pl_sip_flow *flow, pl_slice bytes,
                                        uint64_t tag);
/* Send bytes outside any transaction: ACKs and repeated 2xx. */
void pl_sip_stack_send(pl_sip_stack *stack, const pl_sip_flow *flow,
                       pl_slice bytes);

#endif
