/* https_client.h - requests to other servers by HTTP/1.1 over TLS, without
 * blocking the loop; connections are kept and used again. No redirects, no
 * cookies, no proxy, nothing from the environment. */
#ifndef PL_API_HTTPS_CLIENT_H
#define PL_API_HTTPS_CLIENT_H

#include "outgoing_rules.h"
#include "pl/loop.h"
#include "pl/slice.h"

typedef struct pl_https pl_https;

/* Of any status; borrowed during the call. */
typedef struct pl_https_answer {
    unsigned status;
    unsigned retry_after_s; /* 0: none */
    const char *location;   /* "" none */
    pl_slice body;
} pl_https_answer;

/* e: PL_OK with the answer; else it is NULL and text says more than e:
 * PL_EUNAVAILABLE no connection, name or trust; PL_ETIMEOUT; PL_EFORBIDDEN an
 * address against the rules; PL_EPROTO no HTTP; PL_ETOOBIG; PL_ENOMEM. */
typedef void (*pl_https_done)(void *ctx, pl_err e,
                              const pl_https_answer *answer, const char *text);

typedef struct pl_https_options {
    pl_loop *loop;
    const char *ca_file; /* servers are checked against; "": the system's */
    unsigned max;        /* requests at once */
} pl_https_options;

/* Everything is copied; texts may be NULL. The authorization is overwritten
 * when the request is over. */
typedef struct pl_https_request {
    const char *method; /* "GET" */
    const char *url;
    const char *basic;  /* user:password */
    const char *bearer; /* token */
    pl_slice body;
    const char *content_type, *idempotency_key;
    const char *correlator; /* header x-correlator */
    int64_t timeout_ms;
    int64_t connect_ms;   /* of this to be connected; 0: all of it */
    size_t answer_max;    /* bytes of its body */
    bool any_certificate; /* the server's is not checked */
    /* NULL: any address will do. Borrowed until the answer. */
    const pl_outgoing_rules *rules;
} pl_https_request;

/* Errors: PL_ENOMEM, PL_EIO. */
PL_MUST_USE pl_err pl_https_open(const pl_https_options *options,
                                 pl_https **ret_https);
/* Stop what runs; its callbacks are not called. */
void pl_https_close(pl_https **https);
/* done is called once, later, from the loop; it may ask again.
 * Errors (done is not called): PL_EINVAL the URL, or a header with control
 * characters; PL_EFULL; PL_ENOMEM. */
PL_MUST_USE pl_err pl_https_ask(pl_https *https,
                                const pl_https_request *request,
                                pl_https_done done, void *ctx);
unsigned pl_https_running(const pl_https *https);

#endif
