/* phone.c - the scripted telephone. */
#define _GNU_SOURCE /* strcasestr */
#include "phone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pl/str.h"

enum { PATIENCE_MS = 20000 };

pl_sig_rig *rig_open(const char *const *settings)
{
    const char *all[24] = {"udp_listen=127.0.0.1:0", "tcp_listen=127.0.0.1:0",
                           "rate_per_source=100000", "rate_total=100000",
                           "outbound_allow=127.0.0.0/8"};
    size_t n = 5;
    for (size_t i = 0; settings && settings[i] && n < COUNT(all); i++)
        all[n++] = settings[i];
    pl_sig_rig *rig = NULL;
    assert_int_equal(pl_sig_rig_create(all, n, NULL, &rig), PL_OK);
    rig_until_said(rig, "hello", 1);
    rig_run(rig, 20); /* the answer to the hello is on its way back */
    return rig;
}

static void on_input(void *ctx, unsigned events)
{
    phone *p = ctx;
    (void)events;
    ssize_t n =
        recv(p->fd, p->in + p->len, sizeof p->in - p->len - 1, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == ECONNREFUSED))
        return;
    if (n <= 0) {
        p->is_closed = true;
        pl_io_destroy(&p->io);
        return;
    }
    if (p->lose_every && ++p->n_in % p->lose_every == 0)
        return; /* TCP is never told to lose */
    p->len += (size_t)n;
    p->in[p->len] = '\0';
}

void phone_open(phone *p, pl_sig_rig *rig, bool is_tcp, const char *address)
{
    memset(p, 0, sizeof *p);
    p->rig = rig;
    p->is_tcp = is_tcp;
    p->fd = socket(AF_INET, is_tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    assert_true(p->fd >= 0);
    struct sockaddr_in us = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, address, &us.sin_addr), 1);
    assert_int_equal(bind(p->fd, (struct sockaddr *)&us, sizeof us), 0);
    struct sockaddr_in them = {.sin_family = AF_INET};
    them.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    them.sin_port =
        htons(pl_sip_transport_port(pl_calls_transport(pl_sig_rig_calls(rig)),
                                    is_tcp ? PL_URI_TCP : PL_URI_UDP));
    assert_int_equal(connect(p->fd, (struct sockaddr *)&them, sizeof them), 0);
    socklen_t len = sizeof us;
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&us, &len), 0);
    p->port = ntohs(us.sin_port);
    assert_int_equal(pl_io_create(pl_sig_rig_loop(rig), p->fd, PL_IO_READ,
                                  on_input, p, &p->io),
                     PL_OK);
}

void phone_close(phone *p)
{
    pl_io_destroy(&p->io);
    (void)close(p->fd);
}

void phone_send_bytes(phone *p, const void *bytes, size_t len)
{
    if (p->lose_every && ++p->n_out % p->lose_every == 0)
        return;
    assert_int_equal(send(p->fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

void phone_send(phone *p, const char *text)
{
    static char out[65536];
    size_t n = 0;
    uint16_t peer =
        pl_sip_transport_port(pl_calls_transport(pl_sig_rig_calls(p->rig)),
                              p->is_tcp ? PL_URI_TCP : PL_URI_UDP);
    while (*text && n + 16 < sizeof out) {
        if (strncmp(text, "@PORT@", 6) == 0 ||
            strncmp(text, "@PEER@", 6) == 0) {
            pl_fmt_cut(out + n, 8, "%u", text[3] == 'R' ? p->port : peer);
            if (text[2] == 'E')
                pl_fmt_cut(out + n, 8, "%u", peer);
            n += strlen(out + n);
            text += 6;
            continue;
        }
        if (*text == '\n')
            out[n++] = '\r';
        out[n++] = *text++;
    }
    phone_send_bytes(p, out, n);
}

/* Length of the first message in p->in: a datagram boundary is not kept, so
 * Content-Length is used for both transports. */
static size_t first_message(const phone *p)
{
    const char *end = strstr(p->in, "\r\n\r\n");
    const char *cl = strcasestr(p->in, "Content-Length:");
    if (!end || !cl || cl > end)
        return 0;
    size_t body = 0;
    for (const char *c = cl + 15; *c == ' ' || (*c >= '0' && *c <= '9'); c++) {
        if (*c != ' ')
            body = body * 10 + (size_t)(*c - '0');
    }
    size_t len = (size_t)(end - p->in) + 4 + body;
    return len <= p->len ? len : 0;
}

/* A request that came before, byte for byte: on a machine that stood still its
 * timer sends it once more. Who loses messages waits for just that, and an ACK
 * comes again because an answer did. */
static bool is_repeated(phone *p, size_t n)
{
    if (p->is_tcp || p->lose_every || strncmp(p->in, "SIP/2.0 ", 8) == 0 ||
        strncmp(p->in, "ACK ", 4) == 0)
        return false;
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (uint8_t)p->in[i]) * UINT64_C(1099511628211);
    for (size_t i = 0; i < COUNT(p->seen); i++) {
        if (p->seen[i] == hash)
            return true;
    }
    p->seen[p->n_seen++ % COUNT(p->seen)] = hash;
    return false;
}

static bool take(phone *p, const char *start)
{
    for (size_t n = first_message(p); n > 0; n = first_message(p)) {
        bool is_it = strncmp(p->in, start, strlen(start)) == 0;
        bool is_new = !is_repeated(p, n);
        if (is_new)
            pl_fmt_cut(p->last, sizeof p->last, "%.*s", (int)n, p->in);
        memmove(p->in, p->in + n, p->len - n + 1);
        p->len -= n;
        if (is_it && is_new)
            return true;
    }
    return false;
}

typedef struct wait {
    pl_sig_rig *rig;
    bool (*condition)(void *);
    void *ctx;
    pl_timer *timer;
    int64_t end_us;
    bool is_met;
} wait;

static void poll_condition(void *ctx)
{
    wait *w = ctx;
    pl_loop *loop = pl_sig_rig_loop(w->rig);
    w->is_met = w->condition && w->condition(w->ctx);
    if (w->is_met || pl_loop_now_us(loop) >= w->end_us)
        pl_loop_stop(loop);
    else
        pl_timer_start(w->timer, 1000);
}

static bool run_until(pl_sig_rig *rig, bool (*condition)(void *), void *ctx,
                      unsigned ms)
{
    wait w = {.rig = rig, .condition = condition, .ctx = ctx};
    pl_loop *loop = pl_sig_rig_loop(rig);
    w.end_us = pl_loop_now_us(loop) + (int64_t)ms * 1000;
    assert_int_equal(pl_timer_create(loop, poll_condition, &w, &w.timer),
                     PL_OK);
    pl_timer_start(w.timer, 0);
    pl_loop_run(loop);
    pl_timer_destroy(&w.timer);
    return w.is_met;
}

void rig_until(pl_sig_rig *rig, bool (*condition)(void *), void *ctx)
{
    assert_true(run_until(rig, condition, ctx, PATIENCE_MS));
}

void rig_run(pl_sig_rig *rig, unsigned ms)
{
    (void)run_until(rig, NULL, NULL, ms);
}

typedef struct said {
    pl_sig_rig *rig;
    const char *what;
    unsigned n;
} said;

static bool has_said(void *ctx)
{
    const said *s = ctx;
    return pl_fake_pool_count(pl_sig_rig_pool(s->rig), s->what) >= s->n;
}

void rig_until_said(pl_sig_rig *rig, const char *what, unsigned n)
{
    said s = {rig, what, n};
    if (!run_until(rig, has_said, &s, PATIENCE_MS))
        fail_msg("roompool was not told '%s' %u times", what, n);
}

typedef struct expected {
    phone *p;
    const char *start;
} expected;

static bool has_come(void *ctx)
{
    const expected *x = ctx;
    return take(x->p, x->start);
}

bool phone_gets(phone *p, const char *start, unsigned ms)
{
    expected x = {p, start};
    return run_until(p->rig, has_come, &x, ms);
}

void phone_expect(phone *p, const char *start)
{
    if (!phone_gets(p, start, PATIENCE_MS))
        fail_msg("no '%s' came; last was:\n%s", start, p->last);
}

const char *phone_header(const phone *p, const char *name)
{
    static char value[1024];
    char key[64];
    pl_fmt_cut(key, sizeof key, "\r\n%s: ", name);
    const char *at = strcasestr(p->last, key);
    value[0] = '\0';
    if (at) {
        at += strlen(key);
        pl_fmt_cut(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
    }
    return value;
}

static const char SDP[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
                          "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                          "m=audio 4000 RTP/AVP 0\r\n";

/* Append a body, whose line ends phone_send() makes anew, and what goes before
 * it. */
static void put_body(char *text, size_t cap, const char *body)
{
    size_t n = strlen(text);
    if (body[0]) {
        pl_fmt_cut(text + n, cap - n, "Content-Type: application/sdp\n");
        n += strlen(text + n);
    }
    pl_fmt_cut(text + n, cap - n, "Content-Length: %zu\n\n", strlen(body));
    n += strlen(text + n);
    for (const char *c = body; *c && n + 1 < cap; c++) {
        if (*c != '\r')
            text[n++] = *c;
    }
    text[n] = '\0';
}

void phone_invite_with(phone *p, const char *user, const char *call,
                       const char *extra, bool has_offer)
{
    char text[4096];
    pl_fmt_cut(text, sizeof text,
               "INVITE sip:%s@127.0.0.1:@PEER@ SIP/2.0\n"
               "Via: SIP/2.0/%s 127.0.0.1:@PORT@;branch=z9hG4bK%s;rport\n"
               "From: \"P\" <sip:p@127.0.0.1>;tag=%s\n"
               "To: <sip:%s@127.0.0.1>\nCall-ID: %s\nCSeq: 1 INVITE\n"
               "Contact: <sip:p@127.0.0.1:@PORT@>\nMax-Forwards: 70\n%s",
               user, p->is_tcp ? "TCP" : "UDP", call, call, user, call, extra);
    put_body(text, sizeof text, has_offer ? SDP : "");
    phone_send(p, text);
}

void phone_invite(phone *p, const char *user, const char *call)
{
    phone_invite_with(p, user, call, "", true);
}

static void in_dialog(phone *p, const char *user, const char *call,
                      const char *method, unsigned cseq)
{
    char text[2048];
    char to[1024];
    pl_fmt_cut(to, sizeof to, "%s", phone_header(p, "To"));
    pl_fmt_cut(text, sizeof text,
               "%s sip:%s@127.0.0.1:@PEER@ SIP/2.0\n"
               "Via: SIP/2.0/%s 127.0.0.1:@PORT@;branch=z9hG4bK%s%s;rport\n"
               "From: \"P\" <sip:p@127.0.0.1>;tag=%s\nTo: %s\n"
               "Call-ID: %s\nCSeq: %u %s\nMax-Forwards: 70\n"
               "Content-Length: 0\n\n",
               method, user, p->is_tcp ? "TCP" : "UDP", call, method, call, to,
               call, cseq, method);
    phone_send(p, text);
}

void phone_ack(phone *p, const char *user, const char *call)
{
    in_dialog(p, user, call, "ACK", 1);
}

void phone_bye(phone *p, const char *user, const char *call)
{
    in_dialog(p, user, call, "BYE", 2);
}

void phone_is_called(phone *p, const char *rest)
{
    char line[128];
    pl_fmt_cut(line, sizeof line, "start sip:q@127.0.0.1:%u%s", p->port, rest);
    pl_fake_pool_command(pl_sig_rig_pool(p->rig), line);
}

void phone_reply(phone *p, const char *status, const char *tag,
                 const char *body)
{
    char text[8192];
    pl_fmt_cut(text, sizeof text, "SIP/2.0 %s\nVia: %s\n", status,
               phone_header(p, "Via"));
    static const char *const names[] = {"From", "Call-ID", "CSeq"};
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t n = strlen(text);
        pl_fmt_cut(text + n, sizeof text - n, "%s: %s\n", names[i],
                   phone_header(p, names[i]));
    }
    size_t n = strlen(text);
    const char *to = phone_header(p, "To");
    bool has_tag = strstr(to, ";tag=") != NULL;
    pl_fmt_cut(text + n, sizeof text - n,
               "To: %s%s%s\nContact: <sip:q@127.0.0.1:@PORT@>\n", to,
               has_tag || !tag ? "" : ";tag=", has_tag || !tag ? "" : tag);
    put_body(text, sizeof text, body);
    phone_send(p, text);
}

void phone_send_inside(phone *p, const char *method, const char *branch,
                       unsigned cseq, const char *extra, const char *body)
{
    char text[8192];
    char from[512];
    char to[512];
    char id[128];
    bool is_ours = strncmp(p->last, "SIP/", 4) == 0; /* we asked before */
    pl_fmt_cut(from, sizeof from, "%s",
               phone_header(p, is_ours ? "From" : "To"));
    pl_fmt_cut(to, sizeof to, "%s", phone_header(p, is_ours ? "To" : "From"));
    pl_fmt_cut(id, sizeof id, "%s", phone_header(p, "Call-ID"));
    pl_fmt_cut(text, sizeof text,
               "%s sip:127.0.0.1 SIP/2.0\n"
               "Via: SIP/2.0/%s 127.0.0.1:@PORT@;branch=z9hG4bK%s\n"
               "From: %s\nTo: %s\nCall-ID: %s\nCSeq: %u %s\n"
               "Contact: <sip:q@127.0.0.1:@PORT@>\n%s",
               method, p->is_tcp ? "TCP" : "UDP", branch, from, to, id, cseq,
               method, extra);
    put_body(text, sizeof text, body);
    phone_send(p, text);
}

void phone_ask(phone *p, const char *text, const char *start)
{
    for (unsigned i = 0; i < 50; i++) {
        phone_send(p, text);
        if (phone_gets(p, start, 200))
            return;
    }
    fail_msg("no '%s' came; last was:\n%s", start, p->last);
}
