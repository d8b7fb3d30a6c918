/* fake_pool.c - a scripted roompool for tests. */
#include "fake_pool.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pl/rng.h"
#include "pl/str.h"

enum { N_KINDS = 32, N_LATER = 512, N_LATE = 256 };

typedef struct kind {
    char name[32];
    unsigned n;
    char last[512];
} kind;

typedef struct later {
    struct pl_fake_pool *pool;
    pl_timer *timer;
    char call_id[65];
    unsigned status; /* 0: call_end */
    bool is_used;
} later;

struct pl_fake_pool {
    pl_loop *loop;
    pl_bus *bus;
    FILE *out;
    char node[PL_NODE_MAX + 1]; /* the signaling worker */
    char last_call[65];
    bool is_away; /* takes no reports, as while it starts */
    kind kinds[N_KINDS];
    later laters[N_LATER];
    pl_bus_ticket late[N_LATE]; /* not answered until "catch-up" */
    unsigned n_late;
    pl_dialog_save saved; /* the last */
};

static const char SDP[] = "v=0\r\n"
                          "o=- 1 1 IN IP4 127.0.0.1\r\n"
                          "s=-\r\n"
                          "c=IN IP4 127.0.0.1\r\n"
                          "t=0 0\r\n"
                          "m=audio 40100 RTP/AVP 0 101\r\n"
                          "a=rtpmap:0 PCMU/8000\r\n"
                          "a=rtpmap:101 telephone-event/8000\r\n"
                          "a=sendrecv\r\n";

static void say(pl_fake_pool *p, const char *what, const char *format, ...)
    PL_PRINTF(3, 4);
static void say(pl_fake_pool *p, const char *what, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    for (unsigned i = 0; i < N_KINDS; i++) {
        kind *k = &p->kinds[i];
        if (k->name[0] && strcmp(k->name, what) != 0)
            continue;
        pl_fmt_cut(k->name, sizeof k->name, "%s", what);
        pl_fmt_cut(k->last, sizeof k->last, "%s", text);
        k->n++;
        break;
    }
    if (p->out) {
        (void)fprintf(p->out, "%s %s\n", what, text);
        (void)fflush(p->out);
    }
}

static void on_done(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    (void)in;
    if (e != PL_OK)
        say(p, "refused", "%s", pl_err_text(e));
}

static void on_offered(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    if (e == PL_OK && in->desc == &PL_MSG_CALL_ANSWER)
        say(p, "offer-answered", "%zu",
            ((const pl_call_answer *)in->body)->sdp.len);
    else
        say(p, "offer-refused", "%s", pl_err_text(e));
}

static void send(pl_fake_pool *p, const pl_msg_desc *desc, const void *body,
                 pl_bus_on_reply cb)
{
    pl_bus_send how = {.to = p->node};
    pl_err e = pl_bus_request(p->bus, &how, desc, body, cb, p, NULL);
    if (e != PL_OK)
        say(p, "send-failed", "%s", pl_err_text(e));
}

static void respond(pl_fake_pool *p, const char *call_id, unsigned status)
{
    static pl_call_respond m;
    m = (pl_call_respond){.sip_status = status};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", call_id);
    if (status == 200 || status == 183) {
        m.sdp = pl_slice_str(SDP);
        PL_MSG_SET(CALL_RESPOND, call_respond, &m, sdp);
    }
    send(p, &PL_MSG_CALL_RESPOND, &m, on_done);
}

static void end_call(pl_fake_pool *p, const char *call_id, const char *reason)
{
    pl_call_end m = {.present = 0};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", call_id);
    pl_fmt_cut(m.reason, sizeof m.reason, "%s", reason);
    PL_MSG_SET(CALL_END, call_end, &m, reason);
    send(p, &PL_MSG_CALL_END, &m, on_done);
}

static void on_later(void *ctx)
{
    later *l = ctx;
    l->is_used = false;
    if (l->status == 0)
        end_call(l->pool, l->call_id, "test over");
    else
        respond(l->pool, l->call_id, l->status);
}

static void do_later(pl_fake_pool *p, const char *call_id, unsigned status,
                     int64_t us)
{
    for (unsigned i = 0; i < N_LATER; i++) {
        later *l = &p->laters[i];
        if (l->is_used)
            continue;
        if (!l->timer &&
            pl_timer_create(p->loop, on_later, l, &l->timer) != PL_OK) {
            return;
        }
        l->is_used = true;
        l->pool = p;
        l->status = status;
        pl_fmt_cut(l->call_id, sizeof l->call_id, "%s", call_id);
        pl_timer_start(l->timer, us);
        return;
    }
}

static const struct {
    const char *user;
    pl_err e;
} REFUSALS[] = {
    {"busy", PL_EFULL},        {"nobody", PL_ENOENT},
    {"media", PL_EMEDIA},      {"forbidden", PL_EFORBIDDEN},
    {"full", PL_EUNAVAILABLE},
};

static const struct {
    const char *user;
    unsigned status;
    int64_t us;
} PLANS[] = {
    {"slow", 200, 3000000}, {"early", 183, 1},
    {"early", 200, 500000}, {"decline", 603, 100000},
    {"hangup", 200, 1},     {"hangup", 0, 1000000},
    {"lingering", 183, 1},  {"lingering", 200, 4000000},
};

static void on_incoming(void *ctx, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    const pl_call_incoming *m = in->body;
    pl_fmt_cut(p->node, sizeof p->node, "%s", in->node);
    pl_fmt_cut(p->last_call, sizeof p->last_call, "%s", m->call_id);
    say(p, "incoming", "%s %s from %s%s sdp %zu%s%s%s%s%s", m->call_id,
        m->to_user, m->from_uri, m->authenticated ? " authenticated" : "",
        m->sdp.len, m->identity[0] ? " identity " : "", m->identity,
        m->anonymous ? " anonymous" : "", m->replaces[0] ? " replaces " : "",
        m->replaces);
    if (strcmp(m->to_user, "silent") == 0)
        return;
    if (strcmp(m->to_user, "late") == 0 && p->n_late < N_LATE) {
        p->late[p->n_late++] = in->ticket;
        return;
    }
    for (size_t i = 0; i < sizeof REFUSALS / sizeof *REFUSALS; i++) {
        if (strcmp(m->to_user, REFUSALS[i].user) == 0) {
            pl_bus_reply_error(p->bus, &in->ticket, REFUSALS[i].e, NULL);
            return;
        }
    }
    bool is_planned = strcmp(m->to_user, "ring") == 0;
    if (strcmp(m->to_user, "quiet") == 0 || strcmp(m->to_user, "queue") == 0) {
        pl_call_taken taken = {.present = 0};
        is_planned = true;
        if (m->to_user[3] == 'u') {
            taken.sip_status = 182;
            PL_MSG_SET(CALL_TAKEN, call_taken, &taken, sip_status);
        }
        pl_bus_reply(p->bus, &in->ticket, &PL_MSG_CALL_TAKEN, &taken);
    } else {
        pl_ok ok = {.present = 0};
        pl_bus_reply(p->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
    }
    for (size_t i = 0; i < sizeof PLANS / sizeof *PLANS; i++) {
        if (strcmp(m->to_user, PLANS[i].user) != 0)
            continue;
        is_planned = true;
        do_later(p, m->call_id, PLANS[i].status, PLANS[i].us);
    }
    if (!is_planned)
        respond(p, m->call_id, 200);
}

static void on_report(void *ctx, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    const pl_call_report *m = in->body;
    if (p->is_away) {
        say(p, "refused", "%s %s", m->call_id, pl_call_state_text(m->state));
        pl_bus_reply_error(p->bus, &in->ticket, PL_EAGAIN, NULL);
        return;
    }
    say(p, pl_call_state_text(m->state), "%s %u %s sdp %zu%s%s", m->call_id,
        m->sip_status, m->reason[0] ? m->reason : "-", m->sdp.len,
        m->reason_header[0] ? " cause " : "", m->reason_header);
    pl_ok ok = {.present = 0};
    pl_bus_reply(p->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
}

static void on_offer(void *ctx, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    const pl_call_offer *m = in->body;
    say(p, "offer", "%s sdp %zu", m->call_id, m->sdp.len);
    pl_call_answer answer = {.sdp = pl_slice_str(SDP)};
    pl_bus_reply(p->bus, &in->ticket, &PL_MSG_CALL_ANSWER, &answer);
}

static void on_dtmf(void *ctx, const pl_bus_in *in)
{
    const pl_call_dtmf *m = in->body;
    say(ctx, "dtmf", "%s %s", m->call_id, m->digit);
}

static void on_save(void *ctx, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    p->saved = *(const pl_dialog_save *)in->body;
    say(p, "saved", "%s version %u", p->saved.call_id,
        (unsigned)p->saved.version);
}

static void referred(pl_fake_pool *p, const char *status);

/* Of a REFER: to "forbidden" it is refused, "auto" answers. */
static void on_refer(void *ctx, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    const pl_call_refer *m = in->body;
    pl_ok ok = {.present = 0};
    say(p, "refer", "%s to %s%s%s%s%s by %s%s", m->call_id, m->refer_to,
        m->replaces[0] ? " ours " : "", m->replaces,
        m->foreign_replaces[0] ? " theirs " : "", m->foreign_replaces,
        m->referred_by, m->is_stranger ? " stranger" : "");
    pl_fmt_cut(p->last_call, sizeof p->last_call, "%s", m->call_id);
    if (strncmp(m->refer_to, "sip:forbidden@", 14) == 0)
        pl_bus_reply_error(p->bus, &in->ticket, PL_EFORBIDDEN, NULL);
    else
        pl_bus_reply(p->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
    if (strncmp(m->refer_to, "sip:auto@", 9) == 0)
        referred(p, "200");
}

static void on_transferred(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    (void)in;
    say(p, e ? "not-transferred" : "transferred", "%s", pl_err_text(e));
}

static void on_adopted(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    (void)in;
    say(p, e ? "not-adopted" : "adopted", "%s", pl_err_text(e));
}

static void on_hello(void *ctx, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    pl_fmt_cut(p->node, sizeof p->node, "%s", in->node);
    say(p, "hello", "%s", in->node);
    pl_hello_ok ok = {.roompool_boot = 1, .beat_ms = 250};
    pl_bus_reply(p->bus, &in->ticket, &PL_MSG_HELLO_OK, &ok);
}

static void on_item(void *ctx, const pl_bus_in *in)
{
    say(ctx, "inventory", "%s", ((const pl_inventory_item *)in->body)->id);
}

static void on_ignored(void *ctx, const pl_bus_in *in)
{
    (void)ctx;
    (void)in;
}

pl_err pl_fake_pool_create(pl_loop *loop, pl_bus *bus, FILE *out,
                           pl_fake_pool **ret_pool)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } ROWS[] = {
        {&PL_MSG_HELLO, on_hello},
        {&PL_MSG_CALL_INCOMING, on_incoming},
        {&PL_MSG_CALL_REPORT, on_report},
        {&PL_MSG_CALL_OFFER, on_offer},
        {&PL_MSG_CALL_DTMF, on_dtmf},
        {&PL_MSG_DIALOG_SAVE, on_save},
        {&PL_MSG_CALL_REFER, on_refer},
        {&PL_MSG_INVENTORY_ITEM, on_item},
        {&PL_MSG_INVENTORY_END, on_ignored},
        {&PL_MSG_METRICS_REPORT, on_ignored},
        {&PL_MSG_GOODBYE, on_ignored},
    };
    pl_fake_pool *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    p->loop = loop;
    p->bus = bus;
    p->out = out;
    pl_err e = PL_OK;
    for (size_t i = 0; e == PL_OK && i < sizeof ROWS / sizeof *ROWS; i++)
        e = pl_bus_handle(bus, ROWS[i].desc, ROWS[i].handler, p);
    if (e != PL_OK) {
        free(p);
        return e;
    }
    *ret_pool = p;
    return PL_OK;
}

void pl_fake_pool_destroy(pl_fake_pool **pool)
{
    if (!pool || !*pool)
        return;
    for (unsigned i = 0; i < N_LATER; i++)
        pl_timer_destroy(&(*pool)->laters[i].timer);
    free(*pool);
    *pool = NULL;
}

/* ---- commands: words "key=value" ---- */

typedef struct word {
    const char *key;
    char *text; /* or a number */
    size_t cap;
    uint32_t *number;
} word;

/* Value of a key in a line, cut; "" when it is not there. */
static void value_of(const char *line, const char *key, char *buf, size_t cap)
{
    size_t n = strlen(key);
    buf[0] = '\0';
    for (const char *at = strchr(line, ' '); at; at = strchr(at + 1, ' ')) {
        if (strncmp(at + 1, key, n) == 0 && at[n + 1] == '=') {
            at += n + 2;
            pl_fmt_cut(buf, cap, "%.*s", (int)strcspn(at, " \n"), at);
            return;
        }
    }
}

static void take_words(const char *line, const word *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[1100];
        uint64_t number = 0;
        value_of(line, words[i].key, text, sizeof text);
        if (words[i].text)
            pl_fmt_cut(words[i].text, words[i].cap, "%s", text);
        else if (pl_parse_u64(pl_slice_str(text), UINT32_MAX, &number) == PL_OK)
            *words[i].number = (uint32_t)number;
    }
}

static void on_registered(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_fake_pool *p = ctx;
    if (e != PL_OK) {
        say(p, "register-refused", "%s", pl_err_text(e));
    } else if (in->desc == &PL_MSG_SIP_REGISTERED) {
        const pl_sip_registered *m = in->body;
        say(p, "registered", "%u cseq %u contact %s route %s uris %s",
            m->expires_s, m->cseq, m->contact,
            m->service_route[0] ? m->service_route : "-",
            m->associated_uri[0] ? m->associated_uri : "-");
    } else {
        const pl_sip_register_failed *m = in->body;
        say(p, "register-failed", "%u cseq %u retry %u %s", m->sip_status,
            m->cseq, m->retry_after_s, m->reason);
    }
}

static void register_number(pl_fake_pool *p, const char *line)
{
    static pl_sip_register m;
    m = (pl_sip_register){.cseq = 1, .expires_s = 3600};
    const word words[] = {
        {"registrar", m.registrar, sizeof m.registrar, NULL},
        {"aor", m.aor, sizeof m.aor, NULL},
        {"next_hop", m.next_hop, sizeof m.next_hop, NULL},
        {"contact", m.contact_user, sizeof m.contact_user, NULL},
        {"id", m.sip_call_id, sizeof m.sip_call_id, NULL},
        {"cseq", NULL, 0, &m.cseq},
        {"expires", NULL, 0, &m.expires_s},
        {"old", m.old_contact, sizeof m.old_contact, NULL},
        {"user", m.auth_user, sizeof m.auth_user, NULL},
        {"password", m.auth_secret, sizeof m.auth_secret, NULL},
    };
    take_words(line, words, sizeof words / sizeof *words);
    if (m.next_hop[0])
        PL_MSG_SET(SIP_REGISTER, sip_register, &m, next_hop);
    if (m.old_contact[0])
        PL_MSG_SET(SIP_REGISTER, sip_register, &m, old_contact);
    if (m.auth_user[0]) {
        PL_MSG_SET(SIP_REGISTER, sip_register, &m, auth_user);
        PL_MSG_SET(SIP_REGISTER, sip_register, &m, auth_secret);
    }
    send(p, &PL_MSG_SIP_REGISTER, &m, on_registered);
}

/* What a line of roompool's says of the call. */
static void add_line(pl_call_start *m, const char *line)
{
    uint32_t wants = 0; /* 1 anonymous, 2 all states, 4 comes in again */
    const word words[] = {
        {"from_host", m->from_host, sizeof m->from_host, NULL},
        {"to_name", m->to_name, sizeof m->to_name, NULL},
        {"identity", m->identity, sizeof m->identity, NULL},
        {"kind", NULL, 0, &m->identity_kind},
        {"wants", NULL, 0, &wants},
        {"next_hop", m->next_hop, sizeof m->next_hop, NULL},
        {"route", m->route, sizeof m->route, NULL},
        {"contact", m->contact_user, sizeof m->contact_user, NULL},
        {"user", m->auth_user, sizeof m->auth_user, NULL},
        {"password", m->auth_secret, sizeof m->auth_secret, NULL},
    };
    take_words(line, words, sizeof words / sizeof *words);
    m->anonymous = (wants & 1) != 0;
    m->tells_all = (wants & 2) != 0;
    m->is_local = (wants & 4) != 0;
    PL_MSG_SET(CALL_START, call_start, m, is_local);
    PL_MSG_SET(CALL_START, call_start, m, anonymous);
    PL_MSG_SET(CALL_START, call_start, m, tells_all);
    if (m->from_host[0])
        PL_MSG_SET(CALL_START, call_start, m, from_host);
    if (m->to_name[0])
        PL_MSG_SET(CALL_START, call_start, m, to_name);
    if (m->identity[0]) {
        PL_MSG_SET(CALL_START, call_start, m, identity);
        PL_MSG_SET(CALL_START, call_start, m, identity_kind);
    }
    if (m->next_hop[0])
        PL_MSG_SET(CALL_START, call_start, m, next_hop);
    if (m->route[0])
        PL_MSG_SET(CALL_START, call_start, m, route);
    if (m->contact_user[0])
        PL_MSG_SET(CALL_START, call_start, m, contact_user);
    if (m->auth_user[0]) {
        PL_MSG_SET(CALL_START, call_start, m, auth_user);
        PL_MSG_SET(CALL_START, call_start, m, auth_secret);
    }
}

static void start_call(pl_fake_pool *p, const char *line, const char *uri,
                       unsigned ring_ms)
{
    static pl_call_start m;
    m = (pl_call_start){.sdp = pl_slice_str(SDP), .ring_timeout_ms = ring_ms};
    pl_random_uuid(m.call_id);
    pl_fmt_cut(p->last_call, sizeof p->last_call, "%s", m.call_id);
    pl_fmt_cut(m.to_uri, sizeof m.to_uri, "%s", uri);
    value_of(line, "from", m.from_user, sizeof m.from_user);
    if (!m.from_user[0])
        pl_fmt_cut(m.from_user, sizeof m.from_user, "lobby");
    add_line(&m, line);
    pl_fmt_cut(m.from_name, sizeof m.from_name, "Test room");
    PL_MSG_SET(CALL_START, call_start, &m, from_name);
    say(p, "start", "%s %s", m.call_id, uri);
    send(p, &PL_MSG_CALL_START, &m, on_done);
}

static void offer(pl_fake_pool *p)
{
    static pl_call_offer m;
    m = (pl_call_offer){.sdp = pl_slice_str(SDP)};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", p->last_call);
    PL_MSG_SET(CALL_OFFER, call_offer, &m, sdp);
    send(p, &PL_MSG_CALL_OFFER, &m, on_offered);
}

/* The worker has lost the call, and another would go on with it. */
static void forget(pl_fake_pool *p)
{
    pl_call_end m = {.is_elsewhere = true};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", p->saved.call_id);
    PL_MSG_SET(CALL_END, call_end, &m, is_elsewhere);
    send(p, &PL_MSG_CALL_END, &m, on_done);
}

static void referred(pl_fake_pool *p, const char *status)
{
    pl_call_referred m = {.sip_status = (uint32_t)strtoul(status, NULL, 10)};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", p->last_call);
    send(p, &PL_MSG_CALL_REFERRED, &m, on_done);
}

static void transfer(pl_fake_pool *p, const char *target)
{
    pl_call_transfer m = {.present = 0};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", p->last_call);
    pl_fmt_cut(m.target, sizeof m.target, "%s", target);
    send(p, &PL_MSG_CALL_TRANSFER, &m, on_transferred);
}

static void adopt(pl_fake_pool *p)
{
    static pl_call_adopt m;
    m = (pl_call_adopt){.version = p->saved.version};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", p->saved.call_id);
    pl_fmt_cut(m.dialog, sizeof m.dialog, "%s", p->saved.dialog);
    send(p, &PL_MSG_CALL_ADOPT, &m, on_adopted);
}

void pl_fake_pool_command(pl_fake_pool *pool, const char *line)
{
    char uri[200] = "";
    unsigned ring_ms = 30000;
    if (strcmp(line, "catch-up") == 0) {
        pl_ok ok = {.present = 0};
        while (pool->n_late > 0) {
            pl_bus_reply(pool->bus, &pool->late[--pool->n_late],
                         &PL_MSG_OK_REPLY, &ok);
        }
        return;
    }
    if (strcmp(line, "away") == 0 || strcmp(line, "back") == 0) {
        pool->is_away = strcmp(line, "away") == 0;
        return;
    }
    if (strncmp(line, "register ", 9) == 0) {
        register_number(pool, line);
    } else if (strncmp(line, "start ", 6) == 0) {
        size_t n = strcspn(line + 6, " \n");
        pl_fmt_cut(uri, sizeof uri, "%.*s", (int)n, line + 6);
        uint64_t ms = 0;
        const char *rest = line + 6 + n;
        if (rest[0] == ' ') {
            pl_slice digits = {(const uint8_t *)rest + 1,
                               strcspn(rest + 1, " \n")};
            if (pl_parse_u64(digits, 600000, &ms) == PL_OK && ms >= 1000)
                ring_ms = (unsigned)ms;
        }
        start_call(pool, line, uri, ring_ms);
    } else if (strncmp(line, "end", 3) == 0) {
        end_call(pool, pool->last_call,
                 line[3] == ' ' ? line + 4 : "test over");
    } else if (strncmp(line, "respond ", 8) == 0) {
        uint64_t status = 0;
        pl_slice digits = {(const uint8_t *)line + 8,
                           strspn(line + 8, "0123456789")};
        if (pl_parse_u64(digits, 699, &status) == PL_OK)
            respond(pool, pool->last_call, (unsigned)status);
    } else if (strncmp(line, "offer", 5) == 0) {
        offer(pool);
    } else if (strcmp(line, "forget") == 0) {
        forget(pool);
    } else if (strncmp(line, "referred ", 9) == 0) {
        referred(pool, line + 9);
    } else if (strncmp(line, "transfer ", 9) == 0) {
        transfer(pool, line + 9);
    } else if (strcmp(line, "adopt") == 0) {
        adopt(pool);
    } else if (strcmp(line, "spoil") == 0) {
        pool->saved.dialog[0] = '[';
    }
}

unsigned pl_fake_pool_count(const pl_fake_pool *pool, const char *what)
{
    for (unsigned i = 0; i < N_KINDS; i++) {
        if (strcmp(pool->kinds[i].name, what) == 0)
            return pool->kinds[i].n;
    }
    return 0;
}

const char *pl_fake_pool_last(const pl_fake_pool *pool, const char *what)
{
    for (unsigned i = 0; i < N_KINDS; i++) {
        if (strcmp(pool->kinds[i].name, what) == 0)
            return pool->kinds[i].last;
    }
    return "";
}
