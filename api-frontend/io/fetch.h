/* fetch.h - small documents over HTTPS, without blocking the loop. */
#ifndef PL_API_FETCH_H
#define PL_API_FETCH_H

#include "pl/err.h"
#include "pl/loop.h"
#include "pl/slice.h"

typedef struct pl_fetch pl_fetch;
/* e: PL_OK and the body; PL_EIO no connection or not 200; PL_ETOOBIG. */
typedef void (*pl_fetch_done)(void *ctx, pl_err e, pl_slice body);

/* ca_file: certificates the server is checked against; "": the system's.
 * Errors: PL_ENOMEM, PL_EIO. */
PL_MUST_USE pl_err pl_fetch_open(pl_loop *loop, const char *ca_file,
                                 pl_fetch **ret_fetch);
/* Stop what runs; its callback is not called. */
void pl_fetch_close(pl_fetch **fetch);
/* GET an https URL: no redirects, 5 s, 256 KiB. One at a time: while one runs
 * further calls are ignored. done is called later, from the loop. */
void pl_fetch_get(pl_fetch *fetch, const char *url, pl_fetch_done done,
                  void *ctx);

#endif
