/* adapter_sip.c - a running Parley, or another SIP server with conference
 * rooms, by calling its rooms: SIP over UDP, plain RTP. A small client: what a
 * room answers with 200 is in, requests of the server are answered. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adapter.h"
#include "clock.h"
#include "io/udp.h"
#include "pl/str.h"

enum {
    CALLS_AT_ONCE = 8,
    RESEND_US = 500000,    /* T1, RFC 3261 section 17.1.1.1 */
    GIVE_UP_US = 32000000, /* 64 * T1 */
    SETTLE_US = 5000000,   /* for calls under way when one was refused */
    TEXT_MAX = 8192,
    FIELD_MAX = 512,
    STEP_MS = 20
};

typedef enum sip_step { SIP_OUT, SIP_INVITED, SIP_IN, SIP_BYE } sip_step;

typedef struct sip_seat {
    sip_step step;
    bool is_ringing; /* the server has the request: it is not sent again */
    int64_t begun_us, sent_us;
    unsigned cseq;
    pl_addr peer; /* where the server's last request of this call came from */
    char to[FIELD_MAX], target[FIELD_MAX];
} sip_seat;

typedef struct sip_state {
    const pl_load_open *what;
    pl_udp udp;
    pl_udp_batch *batch;
    pl_addr server;
    char server_text[PL_ADDR_TEXT], own[PL_ADDR_TEXT];
    pl_load_party *all;
    size_t n_all;
    size_t n_under_way;
    pl_err error;
} sip_state;

static void fail(sip_state *s, pl_err e, const char *what, unsigned status)
{
    if (s->error != PL_OK)
        return;
    s->error = e;
    if (status >= 300) {
        pl_fmt_cut(s->what->reason, PL_LOAD_REASON, "%s by SIP: %u; %s", what,
                   status, pl_load_advice(status));
    } else {
        pl_fmt_cut(s->what->reason, PL_LOAD_REASON, "%s: %s", what,
                   e == PL_EUNAVAILABLE ? "its log says why" : pl_err_text(e));
    }
}

/* ---- requests ----------------------------------------------------------- */

static void call_id(const pl_load_party *p, char *buf, size_t cap)
{
    pl_fmt_cut(buf, cap, "load-%u-%08x", p->number, p->ssrc);
}

/* method: "ACK" is of an answer 200, "ACK!" of a refusal, which belongs to the
 * INVITE (RFC 3261 section 17.1.1.3). */
static void send_request(sip_state *s, const pl_load_party *p,
                         const char *method)
{
    bool is_refused = strcmp(method, "ACK!") == 0;
    if (is_refused)
        method = "ACK";
    sip_seat *seat = p->user;
    char text[TEXT_MAX];
    char sdp[PL_LOAD_SDP] = "";
    char id[64];
    size_t len = 0;
    bool is_invite = strcmp(method, "INVITE") == 0;
    if (is_invite && pl_load_offer(p, sdp, sizeof sdp, &len) != PL_OK) {
        fail(s, PL_EFULL, "an offer", 0);
        return;
    }
    call_id(p, id, sizeof id);
    pl_err e = pl_fmt(
        text, sizeof text,
        "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s-%u%s;rport\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:load-%u@%s>;tag=%s\r\nTo: %s\r\n"
        "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:load-%u@%s>\r\n"
        "User-Agent: parley-load\r\n%sContent-Length: %zu\r\n\r\n%.*s",
        method, seat->target, s->own, id, seat->cseq,
        strcmp(method, "ACK") == 0 && !is_refused ? "-ack" : "", p->number,
        s->own, id, seat->to, id, seat->cseq, method, p->number, s->own,
        is_invite ? "Content-Type: application/sdp\r\n" : "", len, (int)len,
        sdp);
    if (e != PL_OK) {
        fail(s, e, "a request", 0);
        return;
    }
    seat->sent_us = pl_load_now_us();
    (void)pl_udp_send(&s->udp, &seat->peer, (const uint8_t *)text,
                      strlen(text));
}

static void begin(sip_state *s, const pl_load_party *p, sip_step step)
{
    sip_seat *seat = p->user;
    seat->step = step;
    seat->is_ringing = false;
    seat->begun_us = pl_load_now_us();
    seat->cseq++;
    s->n_under_way++;
    send_request(s, p, step == SIP_BYE ? "BYE" : "INVITE");
}

static void end(sip_state *s, sip_seat *seat, sip_step step)
{
    if (seat->step == SIP_INVITED || seat->step == SIP_BYE)
        s->n_under_way--;
    seat->step = step;
}

/* ---- reading ------------------------------------------------------------ */

/* Value of a header's first line, copied; "" when absent. */
static void header(const char *text, const char *name, const char *compact,
                   char *buf, size_t cap)
{
    buf[0] = '\0';
    for (const char *line = strstr(text, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        size_t len = strcspn(at, ":\r");
        bool is_it =
            (len == strlen(name) && strncasecmp(at, name, len) == 0) ||
            (len == strlen(compact) && strncasecmp(at, compact, len) == 0);
        if (!is_it || at[len] != ':')
            continue;
        at += len + 1;
        at += strspn(at, " \t");
        pl_slice value = {(const uint8_t *)at, strcspn(at, "\r")};
        if (pl_copy(buf, cap, value) != PL_OK)
            buf[0] = '\0';
        return;
    }
}

static pl_load_party *find(const sip_state *s, const char *text)
{
    char id[FIELD_MAX];
    char mine[64];
    uint64_t number = 0;
    static const char prefix[] = "load-";
    header(text, "Call-ID", "i", id, sizeof id);
    if (strncmp(id, prefix, sizeof prefix - 1) != 0)
        return NULL;
    const char *digits = id + sizeof prefix - 1;
    if (pl_parse_u64((pl_slice){(const uint8_t *)digits, strcspn(digits, "-")},
                     UINT32_MAX, &number) != PL_OK)
        return NULL;
    for (size_t i = 0; i < s->n_all; i++) {
        if (s->all[i].number != number)
            continue;
        call_id(&s->all[i], mine, sizeof mine);
        return strcmp(id, mine) == 0 && s->all[i].user ? &s->all[i] : NULL;
    }
    return NULL;
}

/* The URI within <..>, or all of it up to parameters. */
static void take_target(const char *text, sip_seat *seat)
{
    char contact[FIELD_MAX];
    header(text, "Contact", "m", contact, sizeof contact);
    const char *from = strchr(contact, '<');
    from = from ? from + 1 : contact;
    pl_slice uri = {(const uint8_t *)from, strcspn(from, ">")};
    char target[FIELD_MAX];
    if (uri.len > 0 && pl_copy(target, sizeof target, uri) == PL_OK)
        memcpy(seat->target, target, sizeof target);
}

static void on_accepted(sip_state *s, pl_load_party *p, const char *text)
{
    sip_seat *seat = p->user;
    const char *body = strstr(text, "\r\n\r\n");
    bool is_first = seat->step == SIP_INVITED;
    if (is_first) {
        header(text, "To", "t", seat->to, sizeof seat->to);
        take_target(text, seat);
    }
    send_request(s, p, "ACK"); /* also when the answer came again */
    if (!is_first)
        return;
    pl_err e = body ? pl_load_answer(p, body + 4, strlen(body + 4)) : PL_EMEDIA;
    if (e != PL_OK) {
        fail(s, e, "the answer to an offer", 200);
        return;
    }
    end(s, seat, SIP_IN);
    s->what->joined(s->what->ctx, p);
}

static void on_response(sip_state *s, pl_load_party *p, const char *text)
{
    sip_seat *seat = p->user;
    char cseq[FIELD_MAX];
    uint64_t status = 0;
    if (pl_parse_u64((pl_slice){(const uint8_t *)text + 8, 3}, 699, &status) !=
        PL_OK)
        return;
    header(text, "CSeq", "", cseq, sizeof cseq);
    bool is_invite = strstr(cseq, "INVITE") != NULL;
    if (status < 200) {
        seat->is_ringing = true;
    } else if (!is_invite) {
        if (seat->step == SIP_BYE)
            end(s, seat, SIP_OUT);
    } else if (status < 300) {
        on_accepted(s, p, text);
    } else if (seat->step == SIP_INVITED) {
        header(text, "To", "t", seat->to, sizeof seat->to);
        send_request(s, p, "ACK!");
        end(s, seat, SIP_OUT);
        fail(s, PL_EUNAVAILABLE, "a call was refused", (unsigned)status);
    }
}

/* Lines of a header, all of them, as they stand. */
static void copy_lines(const char *text, const char *name, char *buf,
                       size_t cap, size_t *len)
{
    size_t n = strlen(name);
    for (const char *line = strstr(text, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        size_t size = strcspn(line + 2, "\r") + 2;
        if (strncasecmp(line + 2, name, n) != 0 || line[2 + n] != ':' ||
            size >= cap - *len)
            continue;
        memcpy(buf + *len, line + 2, size);
        *len += size;
    }
    buf[*len] = '\0';
}

/* What a server asks in a call: a refresh, a question, the end. Another of its
 * processes may have gone on with the call: it is at another port. */
static void on_request(sip_state *s, pl_load_party *p, const char *text,
                       const pl_addr *from)
{
    static const char *const kept[] = {"Via", "From", "To", "Call-ID", "CSeq"};
    sip_seat *seat = p->user;
    char copied[TEXT_MAX / 2] = "";
    char out[TEXT_MAX];
    char sdp[PL_LOAD_SDP] = "";
    size_t len = 0;
    size_t sdp_len = 0;
    if (strncmp(text, "ACK ", 4) == 0)
        return;
    seat->peer = *from;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        copy_lines(text, kept[i], copied, sizeof copied, &len);
    bool is_invite = strncmp(text, "INVITE ", 7) == 0;
    if (is_invite && pl_load_offer(p, sdp, sizeof sdp, &sdp_len) != PL_OK)
        return;
    if (pl_fmt(out, sizeof out,
               "SIP/2.0 200 OK\r\n%sContact: <sip:load-%u@%s>\r\n%s"
               "Content-Length: %zu\r\n\r\n%.*s",
               copied, p->number, s->own,
               is_invite ? "Content-Type: application/sdp\r\n" : "", sdp_len,
               (int)sdp_len, sdp) == PL_OK)
        (void)pl_udp_send(&s->udp, from, (const uint8_t *)out, strlen(out));
    if (strncmp(text, "BYE ", 4) == 0 && seat->step == SIP_IN) {
        end(s, seat, SIP_OUT);
        fail(s, PL_EUNAVAILABLE, "the server ended a call", 0);
    }
}

static void read_all(sip_state *s)
{
    const pl_datagram *list = NULL;
    size_t n;
    while ((n = pl_udp_receive(&s->udp, s->batch, &list)) > 0) {
        for (size_t i = 0; i < n; i++) {
            char text[TEXT_MAX];
            if (!pl_addr_eq_ip(&list[i].from, &s->server) || list[i].is_cut ||
                pl_copy(text, sizeof text,
                        (pl_slice){list[i].data, list[i].len}) != PL_OK)
                continue;
            pl_load_party *p = find(s, text);
            if (!p)
                continue;
            if (strncmp(text, "SIP/2.0 ", 8) == 0 && strlen(text) > 11) {
                on_response(s, p, text);
            } else {
                on_request(s, p, text, &list[i].from);
            }
        }
    }
}

static void resend(sip_state *s)
{
    int64_t now = pl_load_now_us();
    for (size_t i = 0; i < s->n_all; i++) {
        sip_seat *seat = s->all[i].user;
        if (!seat || (seat->step != SIP_INVITED && seat->step != SIP_BYE))
            continue;
        if (now - seat->begun_us > GIVE_UP_US) {
            end(s, seat, SIP_OUT);
            fail(s, PL_EUNAVAILABLE, "no answer", 408);
        } else if (!seat->is_ringing && now - seat->sent_us > RESEND_US) {
            send_request(s, &s->all[i],
                         seat->step == SIP_BYE ? "BYE" : "INVITE");
        }
    }
}

static void step(sip_state *s, int64_t until_us)
{
    struct pollfd fd = {.fd = s->udp.fd, .events = POLLIN};
    int64_t left_ms = (until_us - pl_load_now_us()) / 1000;
    (void)poll(&fd, 1,
               (int)(left_ms < 0         ? 0
                     : left_ms > STEP_MS ? STEP_MS
                                         : left_ms));
    read_all(s);
    resend(s);
}

/* ---- adapter ------------------------------------------------------------ */

static pl_err read_address(sip_state *s)
{
    const char *server = s->what->options->server;
    char host[PL_ADDR_TEXT];
    size_t len = strcspn(server, ":");
    uint64_t port = 5060;
    if ((server[len] && pl_parse_u64(pl_slice_str(server + len + 1), UINT16_MAX,
                                     &port) != PL_OK) ||
        pl_copy(host, sizeof host, (pl_slice){(const uint8_t *)server, len}) !=
            PL_OK ||
        pl_addr_parse(host, (uint16_t)port, &s->server) != PL_OK)
        return PL_EINVAL;
    if (!pl_addr_is_loopback(&s->server) && !s->what->options->is_remote) {
        pl_fmt_cut(s->what->reason, PL_LOAD_REASON,
                   "addresses other than loopback only with --remote");
        return PL_EINVAL;
    }
    pl_addr_text(&s->server, s->server_text);
    return PL_OK;
}

static pl_err open_socket(sip_state *s)
{
    const char *local = s->what->options->local;
    pl_addr own;
    pl_err e = pl_udp_open(local[0] ? local : "127.0.0.1", 0, 0, &s->udp);
    if (e == PL_OK)
        e = pl_udp_batch_create(&s->batch);
    if (e == PL_OK)
        e = pl_addr_parse(local[0] ? local : "127.0.0.1", s->udp.port, &own);
    if (e == PL_OK)
        pl_addr_text(&own, s->own);
    return e;
}

static void close_state(void **state);

static pl_err open_state(const pl_load_open *what, void **ret_state)
{
    sip_state *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    s->what = what;
    s->udp.fd = -1;
    pl_err e = read_address(s);
    if (e == PL_OK)
        e = open_socket(s);
    if (e != PL_OK) {
        void *state = s;
        if (!what->reason[0])
            pl_fmt_cut(what->reason, PL_LOAD_REASON,
                       "--server: ADDRESS:PORT, an IPv4 address");
        close_state(&state);
        return e;
    }
    *ret_state = s;
    return PL_OK;
}

static pl_err set_seat(const sip_state *s, pl_load_party *p)
{
    char room[64];
    if (!p->user)
        p->user = calloc(1, sizeof(sip_seat));
    sip_seat *seat = p->user;
    if (!seat)
        return PL_ENOMEM;
    pl_load_room_name(s->what->options, p->room, room, sizeof room);
    *seat = (sip_seat){.step = SIP_OUT, .peer = s->server};
    pl_fmt_cut(seat->target, sizeof seat->target, "sip:%s@%s", room,
               s->server_text);
    pl_fmt_cut(seat->to, sizeof seat->to, "<%s>", seat->target);
    return PL_OK;
}

/* Do a step for each, some at a time, until all are through. */
static pl_err run(sip_state *s, pl_load_party *parties, size_t n, sip_step what)
{
    size_t next = 0;
    s->error = PL_OK;
    while (s->error == PL_OK && (next < n || s->n_under_way > 0)) {
        while (s->error == PL_OK && next < n &&
               s->n_under_way < CALLS_AT_ONCE) {
            pl_load_party *p = &parties[next++];
            const sip_seat *seat = p->user;
            if (what == SIP_INVITED || (seat && seat->step == SIP_IN))
                begin(s, p, what);
        }
        step(s, pl_load_now_us() + (int64_t)STEP_MS * 1000);
    }
    return s->error;
}

static pl_err join(void *state, pl_load_party *parties, size_t n)
{
    sip_state *s = state;
    pl_err e = PL_OK;
    for (size_t i = 0; e == PL_OK && i < n; i++)
        e = set_seat(s, &parties[i]);
    if (e != PL_OK)
        return e;
    if (n > 0)
        pl_load_span_add(&s->all, &s->n_all, parties, n);
    return run(s, parties, n, SIP_INVITED);
}

static pl_err leave(void *state, pl_load_party *parties, size_t n)
{
    return run(state, parties, n, SIP_BYE);
}

static pl_err wait_until(void *state, int64_t until_us)
{
    sip_state *s = state;
    do {
        step(s, until_us);
    } while (s->error == PL_OK && pl_load_now_us() < until_us);
    return s->error;
}

/* Calls that were under way when another one was refused: wait for what
 * becomes of them, so that those that are taken can be ended. */
static void settle(sip_state *s)
{
    int64_t until = pl_load_now_us() + SETTLE_US;
    while (s->n_under_way > 0 && pl_load_now_us() < until)
        step(s, pl_load_now_us() + (int64_t)STEP_MS * 1000);
    for (size_t i = 0; i < s->n_all; i++) {
        sip_seat *seat = s->all[i].user;
        if (seat && seat->step != SIP_IN)
            end(s, seat, SIP_OUT);
    }
}

static void close_state(void **state)
{
    sip_state *s = *state;
    settle(s);
    if (s->n_all > 0)
        (void)run(s, s->all, s->n_all, SIP_BYE);
    for (size_t i = 0; i < s->n_all; i++)
        free(s->all[i].user);
    pl_udp_batch_destroy(&s->batch);
    pl_udp_close(&s->udp);
    free(s);
    *state = NULL;
}

const pl_load_adapter pl_load_parley_sip = {
    .name = "parley-sip",
    .about = "a running Parley by telephone calls to rooms without PIN",
    .preset = "127.0.0.1:5060",
    .transports = 1U << PL_LOAD_RTP,
    .open = open_state,
    .join = join,
    .leave = leave,
    .wait = wait_until,
    .close = close_state,
};
