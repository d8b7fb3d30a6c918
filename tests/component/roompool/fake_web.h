/* fake_web.h - the servers of others, as the front end of a world reaches
 * them: what roompool fetches waits here for the test to answer it. */
#ifndef PL_TEST_FAKE_WEB_H
#define PL_TEST_FAKE_WEB_H

#include "talk.h"

enum { WEB_REQUESTS = 256, WEB_BODY_MAX = 16384 };

typedef struct web_request {
    uint32_t method, auth; /* fetch_method, fetch_auth */
    char url[2049], secret[8193], content_type[65], idempotency_key[129];
    char correlator[257];
    char *body; /* ends in NUL; owned by the world */
    uint32_t timeout_ms, connect_ms;
    bool any_certificate, configured;
    bool is_answered;
    pl_bus_ticket ticket;
} web_request;

typedef struct fake_web {
    world *world;
    web_request *requests[WEB_REQUESTS];
    size_t n;
    /* Set: it answers itself, and nothing waits here. */
    void (*serve)(void *ctx, const pl_bus_in *in);
    void *serve_ctx;
} fake_web;

/* The front end of the world takes `fetch` from now on; done by
 * world_create_at(). */
void web_start(world *w);
void web_stop(world *w);

/* The oldest request without an answer; lets up to wait_us pass until there is
 * one. NULL: none came. */
web_request *web_next(world *w, int64_t wait_us);
/* How many have no answer yet. */
size_t web_waiting(const world *w);
/* Answer it; body may be NULL. Requests of a roompool that was killed are
 * answered to nobody. */
void web_answer(world *w, web_request *r, uint32_t status, const char *body);
/* The same with all its fields. */
void web_answer_all(world *w, web_request *r, const pl_fetched *m);
/* The front end could not. */
void web_refuse(world *w, web_request *r, pl_err e);
/* It is never answered. */
void web_ignore(web_request *r);

#endif
