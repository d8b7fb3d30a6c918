/* sip_stack.c - transactions: between the sockets and the calls. */
#include "sip_stack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <osip2/osip.h>

#include "pl/log.h"
#include "pl/map.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "sanity.h"
#include "sig_metrics.h"
#include "sip_map.h"
#include "sip_parse.h"
#include "sip_repeat.h"

enum {
    TICK_US = 50000, /* transactions' timers are looked at this often */
    SIP_PORT = 5060,
    REPEATS_EACH = 8, /* answers kept for each transaction that may be alive */
    KEY_TEXT = PL_SIP_BRANCH_MAX + PL_URI_HOST_TEXT + 96,
};

typedef struct txn {
    pl_sip_stack *stack;
    pl_sip_txn_id id;
    osip_transaction_t *tr;
    pl_sip_flow flow;
    bool is_server, is_dead, is_final;
    uint64_t tag;     /* client */
    uint8_t *raw;     /* server: the request */
    pl_sip_head head; /* slices of raw */
    uint8_t *last;    /* what we sent last, to be repeated byte for byte */
    size_t last_len;
    char *key; /* in the index; NULL not there */
    struct txn *next_dead;
} txn;

struct pl_sip_stack {
    pl_sip_stack_options o;
    osip_t *osip;
    pl_sip_transport *transport;
    txn **slots;       /* max_transactions places */
    unsigned n, after; /* the place after that given last */
    pl_map *by_key;    /* those alive; the library's own search is linear */
    pl_sip_repeats *repeats;
    uint32_t generation;
    unsigned depth; /* calls into the library under way */
    txn *dead;
    pl_timer *tick;
    const pl_sip_msg *now; /* response being handed to the library */
    const pl_sip_flow *now_flow;
    char to_tag[24]; /* of stateless answers */
    char out[PL_SIP_MAX_OUT];
};

static void count(const pl_sip_stack *s, pl_sig_metric metric)
{
    pl_metrics_add(s->o.transport.metrics, metric, 1);
}

/* Of 1xx and the five that follow it in the table. */
static void count_class(const pl_sip_stack *s, pl_sig_metric first,
                        unsigned status)
{
    if (status >= 100 && status < 700)
        count(s, first + status / 100 - 1);
}

/* ---- the table of transactions ---- */

static txn *find_txn(const pl_sip_stack *s, pl_sip_txn_id id)
{
    uint64_t at = (id & 0xffffffff) - 1;
    if (id == 0 || at >= s->o.max_transactions || !s->slots[at])
        return NULL;
    return s->slots[at]->id == id && !s->slots[at]->is_dead ? s->slots[at]
                                                            : NULL;
}

static txn *add_txn(pl_sip_stack *s, const pl_sip_flow *flow)
{
    if (s->n >= s->o.max_transactions)
        return NULL;
    txn *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    unsigned at = s->after % s->o.max_transactions;
    while (s->slots[at])
        at = (at + 1) % s->o.max_transactions;
    s->after = at + 1;
    s->generation++;
    t->stack = s;
    t->id = (uint64_t)s->generation << 32 | (at + 1);
    t->flow = *flow;
    s->slots[at] = t;
    s->n++;
    pl_metrics_set(s->o.transport.metrics, PL_SIG_transactions, s->n);
    if (!pl_timer_is_running(s->tick))
        pl_timer_start(s->tick, TICK_US);
    return t;
}

/* Into the index: kept as long as it lives. Without memory the library's own
 * search finds it. */
static void index_txn(pl_sip_stack *s, txn *t, const char *key)
{
    t->key = key[0] ? strdup(key) : NULL;
    if (t->key && pl_map_put(s->by_key, t->key, t) != PL_OK) {
        free(t->key);
        t->key = NULL;
    }
}

static void unindex_txn(pl_sip_stack *s, txn *t)
{
    if (t->key)
        (void)pl_map_remove(s->by_key, t->key);
    free(t->key);
    t->key = NULL;
}

static void free_txn(pl_sip_stack *s, txn *t)
{
    unindex_txn(s, t);
    s->slots[(t->id & 0xffffffff) - 1] = NULL;
    s->n--;
    pl_metrics_set(s->o.transport.metrics, PL_SIG_transactions, s->n);
    if (t->tr) {
        (void)osip_remove_transaction(s->osip, t->tr);
        (void)osip_transaction_free(t->tr);
    }
    free(t->raw);
    free(t->last);
    free(t);
}

static void enter(pl_sip_stack *s)
{
    s->depth++;
}

/* Free what ended while the library was running. */
static void leave(pl_sip_stack *s)
{
    if (--s->depth > 0)
        return;
    while (s->dead) {
        txn *t = s->dead;
        s->dead = t->next_dead;
        free_txn(s, t);
    }
}

static void mark_dead(txn *t)
{
    if (t->is_dead)
        return;
    t->is_dead = true;
    unindex_txn(t->stack, t);
    t->next_dead = t->stack->dead;
    t->stack->dead = t;
}

/* Give an event to one transaction; sip is consumed. */
static pl_err execute(pl_sip_stack *s, txn *t, type_t type, osip_message_t *sip)
{
    osip_event_t *event = osip_malloc(sizeof *event);
    if (!event) {
        osip_message_free(sip);
        return PL_ENOMEM;
    }
    *event = (osip_event_t){.type = type, .sip = sip};
    event->transactionid = t->tr->transactionid;
    enter(s);
    /* The library frees the event.
     * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    (void)osip_transaction_execute(t->tr, event);
    leave(s);
    return PL_OK;
}

/* ---- what the library calls ---- */

static int on_send(osip_transaction_t *tr, osip_message_t *sip, char *host,
                   int port, int socket)
{
    (void)host;
    (void)port;
    (void)socket;
    const txn *t = osip_transaction_get_your_instance(tr);
    if (!t)
        return -1;
    char *bytes = NULL;
    pl_slice out = {t->last, t->last_len};
    bool is_ours = t->is_server || sip == tr->orig_request;
    if (!is_ours || !t->last) { /* an ACK that the library made */
        if (osip_message_to_str(sip, &bytes, &out.len) != 0 || !bytes)
            return -1;
        out.ptr = (const uint8_t *)bytes;
    }
    pl_err e = pl_sip_transport_send(t->stack->transport, &t->flow, out);
    osip_free(bytes);
    /* A full queue is like a lost datagram: the timers repeat it. */
    return e == PL_OK || e == PL_EFULL ? 0 : -1;
}

/* Errors: PL_ENOMEM. */
static pl_err keep_last(txn *t, pl_slice bytes)
{
    uint8_t *copy = malloc(bytes.len);
    if (!copy)
        return PL_ENOMEM;
    memcpy(copy, bytes.ptr, bytes.len);
    free(t->last);
    t->last = copy;
    t->last_len = bytes.len;
    return PL_OK;
}

static void on_kill(int type, osip_transaction_t *tr)
{
    (void)type;
    txn *t = osip_transaction_get_your_instance(tr);
    if (t)
        mark_dead(t);
}

static void tell_failure(txn *t, unsigned status)
{
    if (t->is_server || t->is_final)
        return;
    t->is_final = true;
    const pl_sip_stack_user *u = &t->stack->o.user;
    u->on_response(u->ctx, t->tag, NULL, &t->flow, status);
}

static void on_transport_error(int type, osip_transaction_t *tr, int error)
{
    (void)type;
    (void)error;
    txn *t = osip_transaction_get_your_instance(tr);
    if (!t)
        return;
    mark_dead(t);
    tell_failure(t, 503);
}

static void on_timeout(int type, osip_transaction_t *tr, osip_message_t *sip)
{
    (void)type;
    (void)sip;
    txn *t = osip_transaction_get_your_instance(tr);
    if (t)
        tell_failure(t, 408); /* RFC 3261 section 8.1.3.1 */
}

static void on_status(int type, osip_transaction_t *tr, osip_message_t *sip)
{
    (void)type;
    (void)sip;
    txn *t = osip_transaction_get_your_instance(tr);
    const pl_sip_stack *s = t ? t->stack : NULL;
    if (!t || !s->now || t->is_final)
        return;
    t->is_final = s->now->status >= 200;
    s->o.user.on_response(s->o.user.ctx, t->tag, s->now, s->now_flow, 0);
}

static void set_callbacks(osip_t *osip)
{
    static const int status[] = {
        OSIP_ICT_STATUS_1XX_RECEIVED,  OSIP_ICT_STATUS_2XX_RECEIVED,
        OSIP_ICT_STATUS_3XX_RECEIVED,  OSIP_ICT_STATUS_4XX_RECEIVED,
        OSIP_ICT_STATUS_5XX_RECEIVED,  OSIP_ICT_STATUS_6XX_RECEIVED,
        OSIP_NICT_STATUS_1XX_RECEIVED, OSIP_NICT_STATUS_2XX_RECEIVED,
        OSIP_NICT_STATUS_3XX_RECEIVED, OSIP_NICT_STATUS_4XX_RECEIVED,
        OSIP_NICT_STATUS_5XX_RECEIVED, OSIP_NICT_STATUS_6XX_RECEIVED};
    for (size_t i = 0; i < sizeof status / sizeof *status; i++)
        (void)osip_set_message_callback(osip, status[i], on_status);
    (void)osip_set_message_callback(osip, OSIP_ICT_STATUS_TIMEOUT, on_timeout);
    (void)osip_set_message_callback(osip, OSIP_NICT_STATUS_TIMEOUT, on_timeout);
    for (int i = 0; i < OSIP_KILL_CALLBACK_COUNT; i++)
        (void)osip_set_kill_transaction_callback(osip, i, on_kill);
    for (int i = 0; i < OSIP_TRANSPORT_ERROR_CALLBACK_COUNT; i++)
        (void)osip_set_transport_error_callback(osip, i, on_transport_error);
    osip_set_cb_send_message(osip, on_send);
}

static void on_tick(void *ctx)
{
    pl_sip_stack *s = ctx;
    enter(s);
    osip_timers_ict_execute(s->osip);
    osip_timers_ist_execute(s->osip);
    osip_timers_nict_execute(s->osip);
    osip_timers_nist_execute(s->osip);
    (void)osip_ict_execute(s->osip);
    (void)osip_ist_execute(s->osip);
    (void)osip_nict_execute(s->osip);
    (void)osip_nist_execute(s->osip);
    leave(s);
    pl_sip_repeats_expire(s->repeats, pl_loop_now_us(s->o.transport.loop));
    if (s->n > 0 || pl_sip_repeats_count(s->repeats) > 0)
        pl_timer_start(s->tick, TICK_US);
}

/* ---- receiving ---- */

static bool has_cookie(const char *branch)
{
    return strncmp(branch, "z9hG4bK", 7) == 0;
}

/* What tells transactions apart. RFC 3261 sections 17.1.3 and 17.2.3; "" when
 * a request's branch does not (RFC 2543). */
static void server_key(const pl_sip_msg *m, char key[KEY_TEXT])
{
    bool is_ack = m->method == PL_SIP_ACK;
    key[0] = '\0';
    if (has_cookie(m->branch)) {
        pl_fmt_cut(key, KEY_TEXT, "s %s\n%s\n%s %u",
                   is_ack ? "INVITE" : m->method_text, m->branch, m->sent_by,
                   m->sent_by_port ? m->sent_by_port : SIP_PORT);
    }
}

static void client_key(pl_slice method, pl_slice branch, char key[KEY_TEXT])
{
    pl_fmt_cut(key, KEY_TEXT, "c %.*s\n%.*s", (int)method.len,
               (const char *)method.ptr, (int)branch.len,
               (const char *)branch.ptr);
}

/* By the library's search: what has no key. */
static txn *search(pl_sip_stack *s, type_t type, osip_message_t *sip,
                   bool is_invite)
{
    osip_event_t event = {.type = type, .sip = sip};
    osip_transaction_t *tr =
        osip_transaction_find(is_invite ? &s->osip->osip_ist_transactions
                                        : &s->osip->osip_nist_transactions,
                              &event);
    txn *t = tr ? osip_transaction_get_your_instance(tr) : NULL;
    return t && !t->is_dead ? t : NULL;
}

static void receive_response(pl_sip_stack *s, const pl_sip_msg *m,
                             const pl_sip_flow *flow, osip_message_t *sip)
{
    type_t type = m->status < 200   ? RCV_STATUS_1XX
                  : m->status < 300 ? RCV_STATUS_2XX
                                    : RCV_STATUS_3456XX;
    char key[KEY_TEXT];
    count_class(s, PL_SIG_received_1xx, m->status);
    client_key(pl_slice_str(m->cseq_method_text), pl_slice_str(m->branch), key);
    txn *t = pl_map_find(s->by_key, key);
    if (t) {
        s->now = m;
        s->now_flow = flow;
        enter(s);
        (void)execute(s, t, type, sip);
        /* The response again would only be absorbed: it may as well be stray.
         */
        if (t->is_final && m->cseq_method != PL_SIP_INVITE)
            mark_dead(t);
        leave(s);
        s->now = NULL;
        return;
    }
    if (type == RCV_STATUS_2XX && m->cseq_method == PL_SIP_INVITE) {
        s->o.user.on_stray_2xx(s->o.user.ctx, m, flow);
    } else {
        count(s, PL_SIG_stray);
    }
    osip_message_free(sip);
}

/* Where the answer to a request goes. RFC 3261 section 18.2.2, RFC 3581. */
static pl_sip_flow reply_flow(const pl_sip_stack *s, const pl_sip_msg *m,
                              const pl_sip_flow *flow)
{
    pl_sip_flow back = *flow;
    if (!pl_sip_is_stream(flow) && !m->has_rport && !s->o.force_rport)
        back.port = m->sent_by_port ? m->sent_by_port : SIP_PORT;
    return back;
}

/* Make the transaction; sip is consumed. */
static txn *begin_server(pl_sip_stack *s, const pl_sip_msg *m,
                         const pl_sip_flow *flow, const pl_gate *gate,
                         const char *key, osip_message_t *sip)
{
    bool is_invite = m->method == PL_SIP_INVITE;
    pl_sip_flow back = reply_flow(s, m, flow);
    txn *t = add_txn(s, &back);
    uint8_t *raw = t ? malloc(gate->length) : NULL;
    if (!raw || osip_transaction_init(&t->tr, is_invite ? IST : NIST, s->osip,
                                      sip) != 0) {
        free(raw);
        osip_message_free(sip);
        if (t) {
            t->tr = NULL;
            free_txn(s, t);
        }
        return NULL;
    }
    memcpy(raw, m->raw.ptr, gate->length);
    t->raw = raw;
    t->is_server = true;
    index_txn(s, t, key);
    pl_slice copy = {raw, gate->length};
    (void)!pl_sip_head_split(copy, &t->head); /* was split before */
    (void)osip_transaction_set_your_instance(t->tr, t);
    (void)execute(s, t, is_invite ? RCV_REQINVITE : RCV_REQUEST, sip);
    return t;
}

/* Whether it is the request of a transaction that is over: answered again. */
static bool repeat_answer(pl_sip_stack *s, const char *key)
{
    pl_sip_flow flow;
    pl_slice answer;
    if (!pl_sip_repeats_find(s->repeats, key, &flow, &answer))
        return false;
    pl_sip_stack_send(s, &flow, answer);
    return true;
}

static void receive_request(pl_sip_stack *s, const pl_sip_msg *m,
                            const pl_sip_flow *flow, const pl_gate *gate,
                            osip_message_t *sip)
{
    bool is_ack = m->method == PL_SIP_ACK;
    bool is_invite = m->method == PL_SIP_INVITE;
    type_t type = is_ack ? RCV_REQACK : is_invite ? RCV_REQINVITE : RCV_REQUEST;
    char key[KEY_TEXT];
    server_key(m, key);
    if (repeat_answer(s, key)) {
        osip_message_free(sip);
        return;
    }
    txn *t = key[0] ? pl_map_find(s->by_key, key)
                    : search(s, type, sip, is_ack || is_invite);
    if (t) {
        (void)execute(s, t, type, sip);
        return;
    }
    const pl_sip_stack_user *u = &s->o.user;
    if (is_ack) {
        osip_message_free(sip);
        u->on_ack(u->ctx, m, flow);
        return;
    }
    if (!u->may_begin(u->ctx, m, flow)) {
        osip_message_free(sip);
        return;
    }
    enter(s);
    t = begin_server(s, m, flow, gate, key, sip);
    if (t) {
        u->on_request(u->ctx, t->id, m, flow);
    } else {
        pl_sip_stack_refuse(s, flow, m->raw, 503, "Retry-After: 5\r\n");
    }
    leave(s);
}

static void refuse_head(pl_sip_stack *s, const pl_sip_flow *flow,
                        const pl_sip_head *head, unsigned status,
                        const char *extra)
{
    char source[PL_IP_TEXT];
    pl_ip_text(&flow->peer, source);
    pl_sip_response_spec spec = {.request = head,
                                 .source = source,
                                 .source_port = flow->port,
                                 .status = status,
                                 .to_tag = s->to_tag,
                                 .extra = extra};
    size_t len = 0;
    if (pl_sip_build_response(&spec, s->out, sizeof s->out, &len) == PL_OK) {
        count_class(s, PL_SIG_sent_1xx, status);
        pl_sip_stack_send(s, flow, (pl_slice){(const uint8_t *)s->out, len});
    }
}

void pl_sip_stack_refuse(pl_sip_stack *stack, const pl_sip_flow *flow,
                         pl_slice request, unsigned status, const char *extra)
{
    pl_sip_head head;
    if (pl_sip_head_split(request, &head) == PL_OK)
        refuse_head(stack, flow, &head, status, extra);
}

static bool is_request_line(const pl_sip_head *head)
{
    return head->start.len < 4 || memcmp(head->start.ptr, "SIP/", 4) != 0;
}

/* Whether a response is one of a transaction that lives: nobody else can know
 * its branch. */
static bool is_awaited(const pl_sip_stack *s, const pl_sip_head *head)
{
    char key[KEY_TEXT];
    pl_slice method;
    pl_slice branch;
    if (!pl_sip_head_answers(head, &method, &branch))
        return false;
    client_key(method, branch, key);
    return pl_map_find(s->by_key, key) != NULL;
}

/* False when the message ends at one of the gates. */
static bool pass_gates(pl_sip_stack *s, const pl_sip_flow *flow, pl_slice bytes,
                       pl_gate *gate)
{
    pl_gate_judge(
        bytes, pl_sip_is_stream(flow) ? PL_SIP_MAX_TCP : PL_SIP_MAX_UDP, gate);
    if (gate->verdict == PL_GATE_KEEPALIVE)
        return false;
    if (gate->verdict == PL_GATE_DROP) {
        count(s, PL_SIG_gate_dropped);
        return false;
    }
    unsigned status = 0;
    bool is_request = is_request_line(&gate->head);
    if (is_request || !is_awaited(s, &gate->head))
        status = s->o.user.admit(s->o.user.ctx, flow);
    if (status == 1 || (status != 0 && !is_request))
        return false;
    if (gate->verdict == PL_GATE_REPLY) {
        count(s, PL_SIG_gate_refused);
        refuse_head(s, flow, &gate->head, gate->status,
                    pl_sip_refusal_lines(gate->status));
        return false;
    }
    bool is_ack = gate->head.start.len > 4 &&
                  memcmp(gate->head.start.ptr, "ACK ", 4) == 0;
    if (status != 0) {
        if (!is_ack)
            refuse_head(s, flow, &gate->head, status,
                        pl_sip_refusal_lines(status));
        return false;
    }
    return true;
}

static void on_message(void *ctx, const pl_sip_flow *flow, pl_slice bytes)
{
    static pl_sip_msg m; /* one loop thread; large */
    pl_sip_stack *s = ctx;
    pl_gate gate;
    if (!pass_gates(s, flow, bytes, &gate))
        return;
    osip_message_t *sip = NULL;
    bool is_request = is_request_line(&gate.head);
    bool is_ack =
        gate.head.start.len > 4 && memcmp(gate.head.start.ptr, "ACK ", 4) == 0;
    if (pl_sip_parse(&gate, &m, &sip) != PL_OK) {
        count(s, PL_SIG_parse_failed);
        if (is_request && !is_ack)
            refuse_head(s, flow, &gate.head, 400, NULL);
        return;
    }
    unsigned status = pl_sip_sanity(&m);
    if (status != 0) {
        count(s, PL_SIG_sanity_refused);
        osip_message_free(sip);
        if (status != PL_SIP_SANITY_DROP)
            refuse_head(s, flow, &gate.head, status, NULL);
        return;
    }
    if (m.is_request) {
        receive_request(s, &m, flow, &gate, sip);
    } else {
        receive_response(s, &m, flow, sip);
    }
}

static void on_closed(void *ctx, uint64_t conn)
{
    pl_sip_stack *s = ctx;
    enter(s);
    for (unsigned i = 0; i < s->o.max_transactions; i++) {
        txn *t = s->slots[i];
        if (!t || t->is_dead || !pl_sip_is_stream(&t->flow) ||
            t->flow.conn != conn)
            continue;
        mark_dead(t);
        tell_failure(t, 503); /* RFC 3261 section 18.4 */
    }
    leave(s);
    s->o.user.on_closed(s->o.user.ctx, conn);
}

/* ---- sending ---- */

pl_err pl_sip_stack_write(pl_sip_stack *stack, pl_sip_txn_id id,
                          const pl_sip_response_spec *spec, pl_slice *ret_bytes)
{
    const txn *t = find_txn(stack, id);
    if (!t || !t->is_server)
        return PL_ENOENT;
    char source[PL_IP_TEXT];
    pl_ip_text(&t->flow.peer, source);
    pl_sip_response_spec full = *spec;
    full.request = &t->head;
    full.source = source;
    full.source_port = t->flow.port;
    size_t len = 0;
    pl_err e =
        pl_sip_build_response(&full, stack->out, sizeof stack->out, &len);
    if (e == PL_OK)
        *ret_bytes = (pl_slice){(const uint8_t *)stack->out, len};
    return e;
}

/* A non-INVITE transaction with its final answer does nothing but say it
 * again: most of those alive were such ones. */
static void retire(pl_sip_stack *s, txn *t)
{
    if (t->is_dead || !t->key || !MSG_IS_REQUEST(t->tr->orig_request) ||
        MSG_IS_INVITE(t->tr->orig_request))
        return;
    char *key = t->key;
    t->key = NULL;
    (void)pl_map_remove(s->by_key, key);
    if (!pl_sip_is_stream(&t->flow)) {
        pl_sip_repeats_keep(s->repeats, key, &t->flow,
                            (pl_slice){t->last, t->last_len},
                            pl_loop_now_us(s->o.transport.loop));
    }
    free(key);
    mark_dead(t);
}

pl_err pl_sip_stack_respond(pl_sip_stack *stack, pl_sip_txn_id id,
                            unsigned status, pl_slice bytes)
{
    txn *t = find_txn(stack, id);
    if (!t || !t->is_server)
        return PL_ENOENT;
    osip_message_t *sip = NULL;
    pl_err e = pl_sip_parse_own(bytes, &sip);
    if (e == PL_OK)
        e = keep_last(t, bytes);
    if (e != PL_OK) {
        pl_sip_parsed_free(&sip);
        return e;
    }
    type_t type = status < 200   ? SND_STATUS_1XX
                  : status < 300 ? SND_STATUS_2XX
                                 : SND_STATUS_3456XX;
    enter(stack);
    e = execute(stack, t, type, sip);
    if (e == PL_OK)
        count_class(stack, PL_SIG_sent_1xx, status);
    if (e == PL_OK && status >= 200)
        retire(stack, t);
    leave(stack);
    return e;
}

pl_err pl_sip_stack_flow(const pl_sip_stack *stack, pl_sip_txn_id id,
                         pl_sip_flow *ret_flow)
{
    const txn *t = find_txn(stack, id);
    if (!t)
        return PL_ENOENT;
    *ret_flow = t->flow;
    return PL_OK;
}

static void index_request(pl_sip_stack *s, txn *t, const osip_message_t *sip)
{
    char key[KEY_TEXT];
    osip_via_t *via = NULL;
    osip_generic_param_t *branch = NULL;
    if (osip_message_get_via(sip, 0, &via) < 0 || !via ||
        osip_via_param_get_byname(via, "branch", &branch) != 0 || !branch ||
        !branch->gvalue)
        return;
    client_key(pl_slice_str(sip->sip_method), pl_slice_str(branch->gvalue),
               key);
    index_txn(s, t, key);
}

pl_err pl_sip_stack_request(pl_sip_stack *stack, const pl_sip_flow *flow,
                            pl_slice bytes, uint64_t tag)
{
    osip_message_t *sip = NULL;
    pl_err e = pl_sip_parse_own(bytes, &sip);
    if (e != PL_OK)
        return e;
    bool is_invite = MSG_IS_INVITE(sip);
    txn *t = add_txn(stack, flow);
    if (!t || keep_last(t, bytes) != PL_OK ||
        osip_transaction_init(&t->tr, is_invite ? ICT : NICT, stack->osip,
                              sip) != 0) {
        osip_message_free(sip);
        if (t) {
            t->tr = NULL;
            free_txn(stack, t);
        }
        return PL_EFULL;
    }
    t->tag = tag;
    (void)osip_transaction_set_your_instance(t->tr, t);
    index_request(stack, t, sip);
    return execute(stack, t, is_invite ? SND_REQINVITE : SND_REQUEST, sip);
}

void pl_sip_stack_send(pl_sip_stack *stack, const pl_sip_flow *flow,
                       pl_slice bytes)
{
    /* Failures are counted by the transport; the peer repeats its request. */
    (void)!pl_sip_transport_send(stack->transport, flow, bytes);
}

pl_sip_transport *pl_sip_stack_transport(pl_sip_stack *stack)
{
    return stack->transport;
}

unsigned pl_sip_stack_count(const pl_sip_stack *stack)
{
    return stack->n;
}

bool pl_sip_stack_is_full(const pl_sip_stack *stack)
{
    /* Keep room for BYE and CANCEL of the calls there are. */
    return stack->n >=
           stack->o.max_transactions - stack->o.max_transactions / 4;
}

/* ---- opening ---- */

pl_err pl_sip_stack_open(const pl_sip_stack_options *o,
                         pl_sip_stack **ret_stack)
{
    pl_err e = pl_sip_parse_setup();
    if (e != PL_OK)
        return e;
    pl_sip_stack *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    s->o = *o;
    s->o.transport.on_message = on_message;
    s->o.transport.on_closed = on_closed;
    s->o.transport.ctx = s;
    pl_random_token(12, s->to_tag, sizeof s->to_tag);
    s->slots = calloc(o->max_transactions, sizeof(txn *));
    e = s->slots && osip_init(&s->osip) == 0 ? PL_OK : PL_ENOMEM;
    if (e == PL_OK)
        e = pl_map_create(&s->by_key);
    if (e == PL_OK) {
        e = pl_sip_repeats_create(REPEATS_EACH * o->max_transactions,
                                  &s->repeats);
    }
    if (e == PL_OK) {
        set_callbacks(s->osip);
        e = pl_timer_create(o->transport.loop, on_tick, s, &s->tick);
    }
    if (e == PL_OK)
        e = pl_sip_transport_open(&s->o.transport, &s->transport);
    if (e != PL_OK) {
        pl_sip_stack_close(&s);
        return e;
    }
    *ret_stack = s;
    return PL_OK;
}

void pl_sip_stack_close(pl_sip_stack **stack)
{
    if (!stack || !*stack)
        return;
    pl_sip_stack *s = *stack;
    *stack = NULL;
    pl_sip_transport_close(&s->transport);
    for (unsigned i = 0; s->slots && i < s->o.max_transactions; i++) {
        if (s->slots[i])
            free_txn(s, s->slots[i]);
    }
    pl_timer_destroy(&s->tick);
    pl_sip_repeats_destroy(&s->repeats);
    pl_map_destroy(&s->by_key);
    free(s->slots);
    if (s->osip)
        osip_release(s->osip);
    free(s);
}
