/* load_client.c - HTTPS connections of a benchmark. */
#include "load_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { ANSWER_MAX = 1048576, BATCH = 256 };

struct load_conn {
    load *owner;
    load_conn *next; /* all of the owner's */
    int fd;
    SSL *ssl;
    bool is_connected, wants_write;
    bool is_stream, has_head;
    char *out;
    size_t out_len, out_at;
    char *in; /* [in_cap], only while an answer is read */
    size_t in_len, in_cap;
    int64_t sent_us;
    load_on_answer on_answer;
    void *ctx;
};

struct load {
    unsigned port, n_connected;
    struct in_addr address;
    int epoll;
    SSL_CTX *ctx;
    load_conn *conns;
    bool has_failed, keeps_cause;
    char cause[192];
};

int64_t load_now_us(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

load *load_create(unsigned port)
{
    load *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->port = port;
    l->address.s_addr = htonl(INADDR_LOOPBACK);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->ctx = SSL_CTX_new(TLS_client_method());
    if (l->epoll < 0 || !l->ctx) {
        load_destroy(&l);
        return NULL;
    }
    /* Loopback, with a certificate made for this run. */
    SSL_CTX_set_verify(l->ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(l->ctx, SSL_MODE_RELEASE_BUFFERS |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_ENABLE_PARTIAL_WRITE);
    return l;
}

bool load_set_address(load *l, const char *ip)
{
    return inet_pton(AF_INET, ip, &l->address) == 1;
}

static void free_conn(load_conn *c)
{
    SSL_free(c->ssl);
    if (c->fd >= 0)
        (void)close(c->fd);
    free(c->out);
    free(c->in);
    free(c);
}

void load_destroy(load **owner)
{
    if (!owner || !*owner)
        return;
    load *l = *owner;
    while (l->conns) {
        load_conn *next = l->conns->next;
        free_conn(l->conns);
        l->conns = next;
    }
    SSL_CTX_free(l->ctx);
    if (l->epoll >= 0)
        (void)close(l->epoll);
    free(l);
    *owner = NULL;
}

unsigned load_connected(const load *l)
{
    return l->n_connected;
}

static void fail(load_conn *c, const char *what)
{
    char text[128] = "";
    load *l = c->owner;
    int cause = errno;
    unsigned long code = ERR_get_error();
    if (code) {
        ERR_error_string_n(code, text, sizeof text);
    } else {
        (void)snprintf(text, sizeof text, "%s",
                       cause ? strerror(cause) : "closed by the other side");
    }
    if (!l->has_failed)
        (void)snprintf(l->cause, sizeof l->cause, "%s: %s", what, text);
    if (!l->keeps_cause)
        (void)fprintf(stderr, "connection failed: %s\n", l->cause);
    ERR_clear_error();
    l->has_failed = true;
}

void load_keep_cause(load *l)
{
    l->keeps_cause = true;
}

const char *load_cause(const load *l)
{
    return l->cause;
}

static int open_socket(const load *l)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)l->port),
                                   .sin_addr = l->address};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ||
        errno == EINPROGRESS)
        return fd;
    (void)close(fd);
    return -1;
}

load_conn *load_open(load *l, load_on_answer on_answer, void *ctx)
{
    load_conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->owner = l;
    c->fd = open_socket(l);
    c->ssl = SSL_new(l->ctx);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    if (c->fd < 0 || !c->ssl || SSL_set_fd(c->ssl, c->fd) != 1 ||
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
        free_conn(c);
        return NULL;
    }
    SSL_set_connect_state(c->ssl);
    c->wants_write = true;
    load_set(c, on_answer, ctx);
    c->next = l->conns;
    l->conns = c;
    return c;
}

void load_set(load_conn *c, load_on_answer on_answer, void *ctx)
{
    c->on_answer = on_answer;
    c->ctx = ctx;
}

static void want(load_conn *c, bool wants_write)
{
    if (c->wants_write == wants_write)
        return;
    struct epoll_event ev = {
        .events = wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    c->wants_write = wants_write;
    if (epoll_ctl(c->owner->epoll, EPOLL_CTL_MOD, c->fd, &ev) != 0)
        fail(c, "epoll_ctl");
}

/* What an operation of OpenSSL that did not finish waits for; false: it
 * failed. */
static bool may_go_on(load_conn *c, int result, const char *what)
{
    int e = SSL_get_error(c->ssl, result);
    if (e == SSL_ERROR_WANT_WRITE)
        want(c, true);
    if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
        return true;
    fail(c, what);
    return false;
}

static void write_out(load_conn *c)
{
    if (!c->is_connected || !c->out)
        return;
    while (c->out_at < c->out_len) {
        int n = SSL_write(c->ssl, c->out + c->out_at,
                          (int)(c->out_len - c->out_at));
        if (n <= 0) {
            (void)may_go_on(c, n, "write");
            return;
        }
        c->out_at += (size_t)n;
    }
    free(c->out);
    c->out = NULL;
    want(c, false);
}

void load_send(load_conn *c, const char *method, const char *path,
               const char *headers, const char *body)
{
    size_t cap = strlen(path) + strlen(headers) + (body ? strlen(body) : 0);
    char length[48] = "";
    cap += 256;
    free(c->out);
    c->out = malloc(cap);
    if (!c->out)
        abort();
    if (body)
        (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n",
                       strlen(body));
    c->out_len = (size_t)snprintf(
        c->out, cap, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n%s", method,
        path, headers, length, body ? body : "");
    c->out_at = 0;
    c->sent_us = load_now_us();
    write_out(c);
}

void load_stream(load_conn *c)
{
    c->is_stream = true;
    c->has_head = false;
}

static size_t content_length(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");
    return at ? (size_t)strtoul(at + 17, NULL, 10) : 0;
}

/* Give the answer if it is complete. */
static void take_answer(load_conn *c)
{
    char *end = c->in_len ? strstr(c->in, "\r\n\r\n") : NULL;
    if (!end)
        return;
    size_t head_len = (size_t)(end - c->in) + 4;
    if (c->in_len < head_len + content_length(c->in))
        return;
    char *whole = c->in;
    c->in = NULL;
    c->in_len = c->in_cap = 0;
    c->has_head = true;
    end[2] = '\0';
    const load_answer answer = {.status = (int)strtol(whole + 9, NULL, 10),
                                .head = whole,
                                .body = whole + head_len,
                                .took_us = load_now_us() - c->sent_us};
    c->on_answer(c->ctx, c, &answer);
    free(whole);
}

static void read_in(load_conn *c)
{
    for (;;) {
        char piece[16384];
        int n = SSL_read(c->ssl, piece, sizeof piece);
        if (n <= 0) {
            (void)may_go_on(c, n, "read");
            return;
        }
        if (c->is_stream && c->has_head)
            continue;
        if (c->in_len + (size_t)n + 1 > c->in_cap) {
            c->in_cap = c->in_len + (size_t)n + 1;
            c->in = realloc(c->in, c->in_cap);
        }
        if (!c->in || c->in_cap > ANSWER_MAX) {
            fail(c, "answer too long");
            return;
        }
        memcpy(c->in + c->in_len, piece, (size_t)n);
        c->in_len += (size_t)n;
        c->in[c->in_len] = '\0';
        take_answer(c);
    }
}

static void serve(load_conn *c)
{
    if (!c->is_connected) {
        int done = SSL_do_handshake(c->ssl);
        if (done != 1) {
            want(c, false);
            (void)may_go_on(c, done, "connecting");
            return;
        }
        c->is_connected = true;
        c->owner->n_connected++;
        want(c, false);
    }
    write_out(c);
    read_in(c);
}

bool load_run(load *l, bool (*is_over)(void *ctx), void *ctx, unsigned limit_ms)
{
    int64_t until_us = load_now_us() + (int64_t)limit_ms * 1000;
    while (!is_over(ctx)) {
        struct epoll_event events[BATCH];
        int n = epoll_wait(l->epoll, events, BATCH, 10);
        for (int i = 0; i < n && !l->has_failed; i++)
            serve(events[i].data.ptr);
        if (l->has_failed || load_now_us() > until_us)
            return false;
    }
    return true;
}

void load_header(const load_answer *answer, const char *name, char *buf,
                 size_t cap)
{
    char line[64];
    (void)snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *at = strcasestr(answer->head, line);
    at = at ? at + strlen(line) : "";
    (void)snprintf(buf, cap, "%.*s", (int)strcspn(at, "\r\n"), at);
}

void load_member(const load_answer *answer, const char *name, char *buf,
                 size_t cap)
{
    char key[64];
    (void)snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = strstr(answer->body, key);
    at = at ? at + strlen(key) : "";
    (void)snprintf(buf, cap, "%.*s", (int)strcspn(at, "\""), at);
}
