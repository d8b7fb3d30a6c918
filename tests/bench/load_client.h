/* load_client.h - many HTTPS connections with keep-alive in one thread, for
 * benchmarks: epoll and OpenSSL, one request at a time a connection. */
#ifndef PL_BENCH_LOAD_CLIENT_H
#define PL_BENCH_LOAD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct load load;
typedef struct load_conn load_conn;

typedef struct load_answer {
    int status;
    const char *head; /* to the empty line, as a C string */
    const char *body; /* "" none */
    int64_t took_us;  /* from load_send() */
} load_answer;
/* The answer of the connection's request; may send the next one. Texts are
 * borrowed during the call. */
typedef void (*load_on_answer)(void *ctx, load_conn *conn,
                               const load_answer *answer);

load *load_create(unsigned port);
/* Connect to an IPv4 address other than 127.0.0.1; false: it is none. */
bool load_set_address(load *load, const char *ip);
void load_destroy(load **load);
/* Connect; requests may be sent at once. NULL: no descriptor left. */
load_conn *load_open(load *load, load_on_answer on_answer, void *ctx);
void load_set(load_conn *conn, load_on_answer on_answer, void *ctx);
/* headers: lines with CRLF, "" none; body NULL: none. */
void load_send(load_conn *conn, const char *method, const char *path,
               const char *headers, const char *body);
/* The answer to what was sent has no end: its head is given as the answer, what
 * follows is dropped; that it ends is a failure. */
void load_stream(load_conn *conn);
/* Run until is_over says so; false after limit_ms, or when a connection broke
 * (its cause is printed). */
bool load_run(load *load, bool (*is_over)(void *ctx), void *ctx,
              unsigned limit_ms);
/* Do not print why a connection breaks; load_cause() tells. */
void load_keep_cause(load *load);
/* Why a connection broke, in words; "" none did. */
const char *load_cause(const load *load);
/* Connections whose handshake is done. */
unsigned load_connected(const load *load);
int64_t load_now_us(void);
/* Value of a header in an answer's head, copied; "" when absent. */
void load_header(const load_answer *answer, const char *name, char *buf,
                 size_t cap);
/* Value of a text member of a JSON body without escapes. */
void load_member(const load_answer *answer, const char *name, char *buf,
                 size_t cap);

#endif
