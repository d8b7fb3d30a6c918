/* call_impl.h - what the files of the call module share. */
#ifndef PL_SIG_CALL_IMPL_H
#define PL_SIG_CALL_IMPL_H

#include "avoid.h"
#include "call_line.h"
#include "call_sm.h"
#include "calls.h"
#include "dialog.h"
#include "digest_client.h"
#include "overload.h"
#include "pl/list.h"
#include "pl/map.h"
#include "register.h"
#include "retrans.h"
#include "sig_metrics.h"
#include "sip_resolve.h"
#include "watch.h"

enum {
    KEY_MAX = 700,
    REMOTE_REASON_MAX = 128,
    MAX_QUEUED = 4, /* provisional responses that wait for a PRACK */
    MAX_REDIRECTS = 3,
    MAX_FORKS = 8, /* further answers to one INVITE we end properly */
};

/* What a client request of a call was, in its tag. */
typedef enum request_kind {
    REQ_INVITE = 1,
    REQ_CANCEL,
    REQ_BYE,
    REQ_REINVITE,
    REQ_FORK_BYE,
    REQ_PROBE,
    REQ_REFRESH,
    REQ_PRACK,
    REQ_NOTIFY,
    REQ_REFER
} request_kind;

/* How our refresh of a session that is under way was sent. */
typedef enum refresh_kind {
    REFRESH_NONE,
    REFRESH_UPDATE,
    REFRESH_INVITE
} refresh_kind;

/* A response, or its description, kept. */
typedef struct slab {
    unsigned status;
    uint8_t *bytes;
    size_t len;
} slab;

/* Our reliable provisional responses, RFC 3262: one at a time. */
typedef struct reliable {
    bool is_on;          /* to this INVITE */
    bool is_open;        /* the last was not acknowledged */
    bool has_sdp;        /* it carries the answer */
    bool is_answered;    /* the offer of the INVITE is, and that arrived */
    uint32_t rseq, cseq; /* of the next, or of the open one; of its INVITE */
    slab open, held;     /* to repeat; description of the 200 that waits */
    slab queue[MAX_QUEUED];
    unsigned n_queued;
    pl_sip_flow flow;
    pl_sip_retrans retrans;
} reliable;

/* An early dialog of our INVITE: one a telephone that rings. */
typedef struct pl_call_early {
    char tag[PL_SIP_TAG_MAX + 1];
    uint32_t rseq;    /* taken last, 0 none */
    bool is_answered; /* reliably, with a description */
    uint32_t remote_cseq;
    bool has_remote_cseq;
} pl_call_early;

/* A PRACK of ours, to be sent again with credentials. */
typedef struct pl_prack {
    pl_sip_dialog dialog;
    char line[64]; /* RAck */
} pl_prack;

typedef struct pl_refer_in pl_refer_in;
typedef struct pl_refer_out pl_refer_out;

/* Grouped by purpose; there are few enough of them for the padding.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
typedef struct pl_call {
    pl_calls *all;
    uint32_t serial; /* place and generation, for tags */
    char id[PL_ID_MAX + 1];
    pl_call_sm_state state;
    pl_sip_dialog dialog;
    pl_sip_flow flow;      /* where the peer was last reached */
    pl_ip source;          /* of its INVITE, or where ours went */
    bool is_sips;          /* its addresses are: RFC 3261 section 12.1 */
    char contact_user[65]; /* of our Contact; may be "" */
    char invite_key[KEY_MAX], cancel_key[KEY_MAX], dialog_key[KEY_MAX];

    /* INVITE server: the first one or a re-INVITE */
    pl_sip_txn_id txn;
    uint32_t invite_cseq; /* of the INVITE under way or just answered */
    char invite_branch[PL_SIP_BRANCH_MAX + 1];
    bool is_reinvite_open; /* roompool was asked, no answer yet */
    bool is_offerless;     /* the 2xx carried our offer, the ACK answers */
    uint8_t *ok;           /* 2xx to repeat until the ACK */
    size_t ok_len;
    pl_sip_flow ok_flow;
    pl_sip_retrans retrans;
    unsigned last_progress; /* status of the 18x to repeat each minute */
    int64_t progress_us;

    /* INVITE client: the first one or a re-INVITE */
    char branch[40];
    pl_sip_uri to;                        /* as roompool asked */
    char from_user[3 * PL_URI_USER_TEXT]; /* escaped */
    pl_sip_hop hop;    /* of the INVITE: its CANCEL goes the same way */
    uint32_t out_cseq; /* of our INVITE */
    bool needs_lookup;
    pl_sip_target target[PL_SIP_TARGETS_MAX]; /* of the INVITE, in order */
    unsigned n_targets, at_target;
    bool by_tcp, is_tcp_refused; /* for its size, at this target */
    uint8_t *offer;              /* body of our INVITE, for a second try */
    size_t offer_len;
    pl_digest_client auth;
    pl_call_line *line;          /* of a call of ours; NULL */
    unsigned n_invites, without; /* sent; options not offered any more */
    char tried[MAX_REDIRECTS][PL_SIP_URI_MAX + 1]; /* before a 3xx */
    unsigned n_redirects;
    char *ack; /* to repeat for each repeated 2xx */
    size_t ack_len;
    pl_sip_flow ack_flow;
    uint32_t ack_cseq;
    unsigned n_forks;
    bool is_offer_open; /* roompool waits for the answer to its offer */
    pl_bus_ticket offer_ticket;
    int64_t offer_us;       /* when roompool asked */
    int64_t offer_again_us; /* our re-INVITE waits for it; 0: it is out */
    int64_t ring_us;        /* CANCEL after it; 0 none */

    int64_t probe_us;     /* time of the next OPTIONS; 0 not planned yet */
    bool is_probing;      /* one is under way */
    unsigned probes_lost; /* one after the other */

    reliable reliable;
    pl_call_early early[MAX_FORKS];
    unsigned n_early;
    pl_prack *prack;          /* ours under way, for a challenge; NULL */
    pl_sip_txn_id update_txn; /* the peer's UPDATE with an offer */
    bool is_update_open;      /* roompool was asked, no answer yet */

    pl_session_timer session;
    pl_session_terms session_asked; /* by the request we answer */
    uint32_t session_min_s;         /* a peer's 422 named it */
    refresh_kind refresh;
    bool allows_update; /* the peer does */
    uint8_t *sdp;       /* our description in force, for a refresh */
    size_t sdp_len;

    int64_t deadline_us;    /* then an event is forced; 0 none */
    unsigned end_status;    /* of call_report ended */
    unsigned refuse_status; /* of SEND_REFUSAL */
    unsigned retry_after_s;
    char reason[REMOTE_REASON_MAX + 1]; /* for the report or a Reason header */
    char cause[PL_SIP_REASON_VALUE];    /* of the peer's Reason, or "" */
    char refuse_phrase[REMOTE_REASON_MAX + 1];
    bool is_known; /* roompool accepted it: reports make sense */
    /* The last report, until roompool has taken it; the session description
     * may be of one before it that was not taken either. */
    pl_call_state told; /* 0: all were taken */
    unsigned told_status;
    uint8_t *told_sdp;
    size_t told_len;
    uint64_t told_corr;     /* under way as this request */
    uint64_t progress_seen; /* hash of the provisional response told last */
    pl_guard_pass pass;

    /* its record with roompool, and how it was taken over; call_adopt.c */
    uint64_t saved_hash, save_version;
    uint32_t saved_cseq; /* numbers up to it are reserved; 0 not saved */
    bool is_adopting;    /* its peer has not taken our Contact yet */
    pl_bus_ticket adopt_ticket;
    int64_t adopt_us; /* time of the next try, 0 one is under way */
    unsigned adopt_tries;

    /* transfers: asked for by the peer, by us; NULL none so far */
    struct pl_refer_in *refer;
    struct pl_refer_out *transfer;
    bool refuses_refer; /* it does not take one */
    char *first_lines;  /* Replaces, Referred-By of the first INVITE */
} pl_call;

/* A question to roompool under way: calls may end before its answer. */
typedef struct question {
    pl_list link;
    pl_calls *all;
    uint32_t serial;
    uint64_t corr;
    int64_t asked_us;
} question;

struct pl_calls {
    pl_calls_options o;
    pl_guard *guard;
    pl_sip_stack *stack;
    pl_sip_resolver *resolver;
    pl_registers *registers;
    pl_watch *watch;
    pl_call **slots; /* max_calls places */
    uint16_t generation;
    unsigned after; /* the place after that given last */
    size_t n;
    pl_map *by_id, *by_dialog, *by_invite, *by_cancel;
    pl_list questions;
    pl_timer *tick;
    int64_t tick_due_us;
    pl_overload overload;
    bool is_linked, is_draining;
    int64_t drain_end_us;
    void (*on_drained)(void *ctx);
    void *drained_ctx;
    bool has_proxy;
    pl_sip_uri proxy;
    char password[129];
    pl_guard_pass pass;           /* of the request being begun */
    char replaced[PL_ID_MAX + 1]; /* our call that it would replace, or "" */
    bool is_replaced_early;       /* only while that is not answered */
    pl_avoid avoided;
    char scratch[PL_SIP_MAX_OUT];
};

/* calls.c */
pl_call *pl_call_new(pl_calls *all, const char *id);
pl_call *pl_call_of_serial(pl_calls *all, uint32_t serial);
void pl_call_release(pl_call *c);
/* Take an event and carry out its actions. The call may be gone afterwards.
 * m: the message that caused it, may be NULL; sdp: of roompool or the peer.
 * Errors: PL_ESTATE, nothing happened. */
PL_MUST_USE pl_err pl_call_event(pl_call *c, pl_call_sm_event event,
                                 const pl_sip_msg *m, pl_slice sdp);
pl_err pl_call_index(pl_map *map, char *key_field, const char *key, pl_call *c);
void pl_call_unindex(pl_map *map, char *key_field);
void pl_call_report_state(pl_call *c, pl_call_state state, unsigned status,
                          pl_slice sdp);
void pl_call_count(const pl_calls *all, pl_sig_metric metric);
void pl_call_take_flow(pl_call *c, const pl_sip_flow *flow);
int64_t pl_call_now(const pl_calls *all);
/* Key of a dialog we are one side of. */
void pl_call_dialog_key(const char *call_id, const char *local_tag,
                        char key[KEY_MAX]);

/* Ask roompool about a call; answered, or freed with the calls.
 * Errors: as pl_bus_request(). */
PL_MUST_USE pl_err pl_call_ask(pl_call *c, const pl_bus_send *how,
                               const pl_msg_desc *desc, const void *body,
                               pl_bus_on_reply on_reply);
/* In the callback: end the question and find its call (NULL: it is gone). */
pl_call *pl_call_asked(void *ctx, pl_calls **ret_all);
/* Keep what pl_overload says where it can be seen. */
void pl_call_show_share(const pl_calls *all);
/* "sip:user@host:port" under which the peer of a flow reaches us. */
enum { CONTACT_TEXT = PL_SIP_CONTACT_TEXT };
void pl_call_contact(const pl_call *c, const pl_sip_flow *flow,
                     char buf[CONTACT_TEXT]);

#define RETRY_LATER "Retry-After: 5\r\n"
enum { ABILITY_MAX = 256 }; /* lines of a 200 to OPTIONS */
#define ALLOW_LINE "Allow: " PL_SIP_ALLOW "\r\n"
#define ACCEPT_SDP "Accept: application/sdp\r\n"

/* call_in.c: server side */
bool pl_call_may_begin(void *ctx, const pl_sip_msg *m, const pl_sip_flow *flow);
void pl_call_on_request(void *ctx, pl_sip_txn_id txn, const pl_sip_msg *m,
                        const pl_sip_flow *flow);
void pl_call_on_ack(void *ctx, const pl_sip_msg *m, const pl_sip_flow *flow);
/* Send a response to the call's INVITE; a 2xx is kept and repeated. */
void pl_call_send_answer(pl_call *c, unsigned status, pl_slice sdp);
void pl_call_answer_simple(pl_calls *all, pl_sip_txn_id txn, unsigned status,
                           const char *extra);
void pl_call_resend_ok(pl_call *c);
/* The INVITE that is to be answered now, the first or a later one.
 * Errors: PL_ENOMEM a CANCEL would not find it. */
PL_MUST_USE pl_err pl_call_take_invite(pl_call *c, pl_sip_txn_id txn,
                                       const pl_sip_msg *m);

/* call_inside.c: requests of the peer inside a call */
/* The call may be gone afterwards. */
void pl_call_on_inside(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m);
/* Ask roompool to answer the peer's offer (none: to make one).
 * Errors: PL_EUNAVAILABLE; as pl_call_ask(). */
PL_MUST_USE pl_err pl_call_ask_offer(pl_call *c, pl_slice sdp,
                                     pl_bus_on_reply on_reply);

/* calls.c: send an 18x. Errors: PL_ESTATE; the call may be gone afterwards. */
PL_MUST_USE pl_err pl_call_say_progress(pl_call *c, unsigned status,
                                        pl_slice sdp);

/* calls.c: end whatever lives, each as its state wants it */
void pl_calls_end_all(pl_calls *all);
/* Look at every call: what is due? For the timer. */
void pl_calls_on_tick(void *ctx);

/* call_line.c: how a network wants our calls */
/* Whether we may call there: outbound_allow judges who is called, also where
 * the call goes to a next hop of roompool's, which itself needs no permission.
 * Errors: PL_EFORBIDDEN outbound_allow says no; PL_EUNSUPPORTED its scheme, or
 * sips: by a next hop without TLS. */
PL_MUST_USE pl_err pl_call_judge_target(const pl_call *c, const pl_sip_uri *to);
/* Whether it is one from us to us, on either side. */
bool pl_call_is_own(const pl_call *c);
/* Request-URI and Route of a first INVITE. Errors: PL_EFULL; PL_EPROTO. */
PL_MUST_USE pl_err pl_call_first_hop(pl_call *c);
/* From, once it is known which of our addresses the peer sees. */
void pl_call_set_from(pl_call *c);
/* Lines of an INVITE that say who calls. */
void pl_call_identity_lines(const pl_call *c, char *buf, size_t cap);
/* Credentials for a challenge as header lines. Errors: PL_EAUTH none fit. */
PL_MUST_USE pl_err pl_call_answer_challenge(pl_call *c, const pl_sip_msg *m,
                                            const char *method, const char *uri,
                                            char *line, size_t cap);

/* call_out.c: client side */
enum { CALL_EXTRA_MAX = 2048 };
/* One request inside a dialog. */
typedef struct pl_call_request {
    pl_sip_method method;
    const char *branch; /* of an INVITE or CANCEL; else made anew */
    uint32_t cseq;
    const char *extra;        /* complete lines, or NULL */
    const char *content_type; /* of the body; NULL: a description */
    const uint8_t *body;
    size_t body_len;
} pl_call_request;
/* Write and send it along the dialog's route. The call may be gone when this
 * returns: sending can fail at once. Errors: those of writing and sending. */
PL_MUST_USE pl_err pl_call_send_inside(pl_call *c, const pl_sip_dialog *d,
                                       request_kind kind,
                                       const pl_call_request *r);
bool pl_call_is_challenge(const pl_sip_msg *m);
/* Keep the cause that the peer's Reason names, for the report. */
void pl_call_note_cause(pl_call *c, const pl_sip_msg *m);
/* Send the INVITE on the call's flow. The call may be gone afterwards.
 * Errors: those of writing and sending. */
PL_MUST_USE pl_err pl_call_send_invite(pl_call *c, const char *extra);
/* The INVITE cannot go out: the call ends. */
void pl_call_fail_start(pl_call *c, unsigned status, const char *why);
/* Look its next hop up after this turn, then send the INVITE. */
PL_MUST_USE pl_err pl_call_look_up_later(pl_call *c);
/* The session description of a message; empty when it has none. */
pl_slice pl_call_sdp_of(const pl_sip_msg *m);
void pl_call_on_response(void *ctx, uint64_t tag, const pl_sip_msg *m,
                         const pl_sip_flow *flow, unsigned local_status);
void pl_call_on_stray_2xx(void *ctx, const pl_sip_msg *m,
                          const pl_sip_flow *flow);
void pl_call_send_ack(pl_call *c, const pl_sip_msg *ok);
void pl_call_send_cancel(pl_call *c);
void pl_call_send_bye(pl_call *c);
/* Ask for a sign of life. The call may be gone afterwards. */
void pl_call_send_probe(pl_call *c);

/* call_reliable.c: RFC 3262 */
/* Option tags we serve, as bits. */
unsigned pl_call_options(const pl_calls *all);
/* What an INVITE wants of our provisional responses. */
void pl_call_note_reliable(pl_call *c, const pl_sip_msg *m);
/* Send a provisional response, or queue it behind one without its PRACK. */
void pl_call_send_progress(pl_call *c, unsigned status, pl_slice sdp);
void pl_call_reliable_lines(const pl_call *c, char *buf, size_t cap);
void pl_call_reliable_sent(pl_call *c, unsigned status, pl_slice bytes,
                           bool has_sdp);
/* Whether the 200 must wait for the PRACK of an answer; then it is kept. */
bool pl_call_hold_answer(pl_call *c, pl_slice sdp);
/* What is due; the call may be gone afterwards. */
void pl_call_tick_reliable(pl_call *c, int64_t now_us);
void pl_call_on_prack(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m);
void pl_call_drop_reliable(pl_call *c);
/* The peer's provisional response: acknowledged if it is reliable. Returns:
 * whether it tells anything new; false also when the call is gone. */
bool pl_call_take_provisional(pl_call *c, const pl_sip_msg *m);
/* A challenge to a PRACK is answered once; without one the peer repeats its
 * response. */
void pl_call_on_prack_response(pl_call *c, const pl_sip_msg *m);
/* An early dialog of our INVITE, NULL. */
pl_call_early *pl_call_early_find(pl_call *c, const char *tag);
/* A new INVITE numbers anew. */
void pl_call_forget_early(pl_call *c);

/* call_update.c: UPDATE from the peer */
void pl_call_on_update(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m);

/* call_redirect.c: whether a 3xx is followed; the INVITE goes out later then */
bool pl_call_follow(pl_call *c, const pl_sip_msg *m);

/* call_target.c: where an INVITE of ours goes */
/* Look the next hop up. Errors: as pl_sip_resolve(). */
PL_MUST_USE pl_err pl_call_look_up(pl_call *c);
void pl_call_on_resolved(void *ctx, uint64_t tag, const pl_sip_target *targets,
                         unsigned n);
/* The INVITE has this length: whether its flow is TCP now instead of UDP. */
bool pl_call_takes_tcp(pl_call *c, size_t len);
/* A final response to the INVITE, or none came (m NULL): whether it was sent
 * elsewhere, or the call is gone. */
bool pl_call_fail_over(pl_call *c, const pl_sip_msg *m);

/* call_timer.c: session timers */
/* Of a 200 to OPTIONS: Allow, Accept, Supported. RFC 3261 section 11.2. */
void pl_call_ability_lines(const pl_calls *all, char *buf, size_t cap);
/* Supported, Session-Expires, Min-SE of our INVITE or UPDATE. */
void pl_call_request_lines(const pl_call *c, char *buf, size_t cap);
/* Errors: PL_EINVAL the interval is too short: 422 with the written line. */
PL_MUST_USE pl_err pl_call_judge_timer(const pl_calls *all, const pl_sip_msg *m,
                                       char *line, size_t cap);
/* Keep what a request (judged before) says, for its 2xx. */
void pl_call_note_session(pl_call *c, const pl_sip_msg *m);
/* Our 2xx goes out: start the timer, append the lines. */
void pl_call_accept_session(pl_call *c, char *buf, size_t cap);
/* A 2xx to our INVITE or UPDATE: start the timer. */
void pl_call_agree_session(pl_call *c, const pl_sip_msg *ok);
/* Whether a response is a 420 after which asking again without some options
 * makes sense; once. */
bool pl_call_drop_options(pl_call *c, const pl_sip_msg *m);
/* Whether a response is a 422 after which asking again makes sense. */
bool pl_call_raise_session(pl_call *c, const pl_sip_msg *m);
/* Keep our description that is in force now. */
void pl_call_keep_sdp(pl_call *c, pl_slice sdp);
/* What is due; the call may be gone afterwards. */
void pl_call_tick_session(pl_call *c, int64_t now_us);
void pl_call_on_refresh_response(pl_call *c, const pl_sip_msg *m,
                                 const pl_sip_flow *flow,
                                 unsigned local_status);

/* Refresh now, whatever the timer says. The call may be gone afterwards.
 * Errors: those of writing and sending. */
PL_MUST_USE pl_err pl_call_refresh_now(pl_call *c);

/* call_adopt.c: calls outlive their worker */
/* To see whether something changed. */
uint64_t pl_call_hash(pl_slice text);
/* Tell roompool what another worker would need, if that has changed, or if it
 * may have been lost (is_again). */
void pl_call_save(pl_call *c, bool is_again);
/* What is due; the call may be gone afterwards. */
void pl_call_tick_adoption(pl_call *c, int64_t now_us);
/* The peer came by a connection of its own: what waits to be tried is. */
void pl_call_adopt_reached(pl_call *c);
/* The peer has taken our Contact. */
void pl_call_adopt_taken(pl_call *c, const pl_sip_flow *flow);
/* It has not; wait_us: then it may. Whether that was dealt with: it is asked
 * again, or the call is gone. */
bool pl_call_adopt_refused(pl_call *c, unsigned status, int64_t wait_us);

/* call_refer.c: REFER from the peer, INVITE with Replaces */
void pl_call_on_refer(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m);
void pl_call_on_notify_response(pl_call *c, const pl_sip_msg *m);
void pl_call_tick_refer(pl_call *c, int64_t now_us);
void pl_call_drop_refer(pl_call *c);
/* The call ends: say the last word now. The call may be gone afterwards. */
void pl_call_flush_refer(pl_call *c);
/* Status for an INVITE whose Replaces cannot be met, 0: it can, or there is
 * none; then all->replaced says which call of ours it means. */
unsigned pl_call_judge_replaces(pl_calls *all, const pl_sip_msg *m);

/* call_transfer.c: our REFER */
void pl_call_on_refer_response(pl_call *c, const pl_sip_msg *m,
                               unsigned local_status);
void pl_call_on_notify(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m);
void pl_call_tick_transfer(pl_call *c, int64_t now_us);
void pl_call_drop_transfer(pl_call *c);

/* call_offer.c: our re-INVITE */
/* The peer's INVITE is under way, or a refresh of ours by INVITE: one at a
 * time, in either direction. RFC 3261 section 14.1. */
bool pl_call_is_peers_turn(const pl_call *c);
void pl_call_on_reinvite_response(pl_call *c, const pl_sip_msg *m,
                                  unsigned local_status);
/* Send a re-INVITE that waits, unless the peer's is under way; give it up when
 * roompool stops waiting. The call may be gone afterwards. */
void pl_call_offer_again(pl_call *c);
/* The peer's offer was taken: one of ours that waits is of before, and roompool
 * makes it anew. */
void pl_call_offer_is_stale(pl_call *c);

#endif
