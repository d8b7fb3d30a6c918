/* tls_client.c - a blocking TLS client for tests. */
#include "tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { PENDING_MAX = 1 << 20, DEADLINE_S = 20 };

struct tls_client {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    char pending[PENDING_MAX];
    size_t n;
};

static int open_socket(unsigned port, int receive_buffer)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval deadline = {.tv_sec = DEADLINE_S};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    if (receive_buffer)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                         sizeof receive_buffer);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static bool shake_hands(tls_client *c)
{
    int n = 0;
    do {
        errno = 0;
        n = SSL_connect(c->ssl);
    } while (n < 0 && errno == EINTR);
    return n == 1;
}

static tls_client *connect_to(unsigned port, const char *alpn, int max_version,
                              int receive_buffer, const void *before,
                              size_t n_before)
{
    tls_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    const char *protocol = alpn ? alpn : "http/1.1";
    unsigned char list[32];
    size_t n = strlen(protocol);
    list[0] = (unsigned char)n;
    memcpy(list + 1, protocol, n);
    c->fd = open_socket(port, receive_buffer);
    c->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_options(c->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (max_version)
        (void)SSL_CTX_set_max_proto_version(c->ctx, max_version);
    (void)SSL_CTX_set_alpn_protos(c->ctx, list, (unsigned)n + 1);
    c->ssl = SSL_new(c->ctx);
    if (c->fd >= 0 &&
        send(c->fd, before, n_before, MSG_NOSIGNAL) == (ssize_t)n_before &&
        SSL_set_fd(c->ssl, c->fd) == 1 && shake_hands(c))
        return c;
    tls_close(&c);
    return NULL;
}

tls_client *tls_connect(unsigned port, const char *alpn, int max_version)
{
    return connect_to(port, alpn, max_version, 0, "", 0);
}

tls_client *tls_connect_narrow(unsigned port)
{
    return connect_to(port, NULL, 0, 2048, "", 0);
}

tls_client *tls_connect_behind(unsigned port, const void *before, size_t n)
{
    return connect_to(port, NULL, 0, 0, before, n);
}

void tls_finish(tls_client *c)
{
    (void)SSL_shutdown(c->ssl);
    (void)shutdown(c->fd, SHUT_WR);
}

void tls_close(tls_client **client)
{
    if (!client || !*client)
        return;
    SSL_free((*client)->ssl);
    SSL_CTX_free((*client)->ctx);
    if ((*client)->fd >= 0)
        (void)close((*client)->fd);
    free(*client);
    *client = NULL;
    ERR_clear_error();
}

bool tls_send(tls_client *c, const char *text, size_t len)
{
    return len == 0 || SSL_write(c->ssl, text, (int)len) == (int)len;
}

bool tls_send_text(tls_client *c, const char *text)
{
    return tls_send(c, text, strlen(text));
}

/* More bytes into pending; false at the end or the deadline. */
static bool read_more(tls_client *c)
{
    if (c->n + 1 >= PENDING_MAX)
        return false;
    int n = 0;
    do { /* a process that was stopped is interrupted here: signal(7) */
        errno = 0;
        n = SSL_read(c->ssl, c->pending + c->n, (int)(PENDING_MAX - c->n - 1));
    } while (n <= 0 && errno == EINTR);
    if (n <= 0)
        return false;
    c->n += (size_t)n;
    c->pending[c->n] = '\0';
    return true;
}

static void consume(tls_client *c, size_t n)
{
    memmove(c->pending, c->pending + n, c->n - n + 1);
    c->n -= n;
}

bool tls_read_until(tls_client *c, const char *wanted)
{
    for (;;) {
        const char *at = strstr(c->pending, wanted);
        if (at) {
            consume(c, (size_t)(at - c->pending) + strlen(wanted));
            return true;
        }
        if (!read_more(c))
            return false;
    }
}

bool tls_read_bytes(tls_client *c, void *buf, size_t n)
{
    while (c->n < n)
        if (!read_more(c))
            return false;
    memcpy(buf, c->pending, n);
    consume(c, n);
    return true;
}

const char *tls_pending(tls_client *c)
{
    return c->pending;
}

void tls_forget(tls_client *c)
{
    c->n = 0;
    c->pending[0] = '\0';
}

const char *tls_header(const tls_reply *reply, const char *name)
{
    static char value[1024];
    size_t n = strlen(name);
    for (const char *at = strstr(reply->head, "\r\n"); at;
         at = strstr(at, "\r\n")) {
        at += 2;
        if (strncasecmp(at, name, n) == 0 && at[n] == ':') {
            at += n + 1;
            at += strspn(at, " ");
            (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"),
                           at);
            return value;
        }
    }
    return "";
}

/* RFC 9112 section 7.1, as our server writes it. */
static bool read_chunks(tls_client *c, tls_reply *reply)
{
    for (;;) {
        const char *end;
        while ((end = strstr(c->pending, "\r\n")) == NULL)
            if (!read_more(c))
                return false;
        size_t n = (size_t)strtoul(c->pending, NULL, 16);
        consume(c, (size_t)(end - c->pending) + 2);
        if (reply->body_len + n >= sizeof reply->body)
            return false;
        while (c->n < n + 2)
            if (!read_more(c))
                return false;
        memcpy(reply->body + reply->body_len, c->pending, n);
        reply->body_len += n;
        reply->body[reply->body_len] = '\0';
        consume(c, n + 2);
        if (n == 0)
            return true;
    }
}

static bool read_body(tls_client *c, tls_reply *reply)
{
    if (strcmp(tls_header(reply, "Transfer-Encoding"), "chunked") == 0)
        return read_chunks(c, reply);
    size_t want =
        (size_t)strtoul(tls_header(reply, "Content-Length"), NULL, 10);
    while (c->n < want)
        if (!read_more(c))
            return false;
    if (want >= sizeof reply->body)
        return false;
    memcpy(reply->body, c->pending, want);
    reply->body[want] = '\0';
    reply->body_len = want;
    consume(c, want);
    return true;
}

bool tls_read(tls_client *c, bool is_head, tls_reply *ret_reply)
{
    *ret_reply = (tls_reply){.status = 0};
    const char *end;
    while ((end = strstr(c->pending, "\r\n\r\n")) == NULL)
        if (!read_more(c))
            return false;
    size_t n = (size_t)(end - c->pending) + 4;
    if (n >= sizeof ret_reply->head || strncmp(c->pending, "HTTP/1.1 ", 9) != 0)
        return false;
    memcpy(ret_reply->head, c->pending, n);
    ret_reply->status = (int)strtol(c->pending + 9, NULL, 10);
    consume(c, n);
    return is_head || read_body(c, ret_reply);
}

bool tls_is_closed(tls_client *c)
{
    while (read_more(c)) {
    }
    int e = SSL_get_error(c->ssl, 0);
    return c->n == 0 && e != SSL_ERROR_WANT_READ;
}

size_t tls_unread(const tls_client *c)
{
    int n = 0;
    return ioctl(c->fd, FIONREAD, &n) == 0 ? (size_t)n : 0;
}
