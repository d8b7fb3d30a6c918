/* api_rig.h - a whole front end on a loop of its own thread, over the
 * in-memory bus, with a scripted roompool. Files lie in a temporary folder. */
#ifndef PL_TESTS_API_API_RIG_H
#define PL_TESTS_API_API_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_config.h"
#include "api_metrics.h"
#include "fake_roompool.h"
#include "tls_client.h"

typedef struct api_rig api_rig;

/* Start with defaults, changed by `change` (may be NULL). */
api_rig *rig_start(void (*change)(pl_api_config *config));
void rig_stop(api_rig **rig);
unsigned rig_port(const api_rig *rig);
fake_counts *rig_counts(api_rig *rig);
int64_t rig_metric(const api_rig *rig, size_t metric);
/* Done by the loop's thread before the call returns. */
void rig_release(api_rig *rig);
void rig_linked(api_rig *rig);
void rig_drain(api_rig *rig);
bool rig_is_drained(api_rig *rig);
void rig_set_ready(api_rig *rig, bool is_ready);
/* An access token for the development client; borrowed until the next call. */
const char *rig_token(api_rig *rig);
/* The same with other form members than user=alice. */
const char *rig_token_with(api_rig *rig, const char *more);
void rig_client(const api_rig *rig, char *secret, size_t cap);
tls_client *rig_connect(const api_rig *rig);
/* One request on a connection of its own; body NULL: none. headers: lines with
 * CRLF, or "". */
void rig_request(api_rig *rig, const char *line, const char *headers,
                 const char *body, tls_reply *ret_reply);

/* Wait for a condition, at most 20 s. */
#define RIG_WAIT(condition)                                                    \
    do {                                                                       \
        for (int rig_i = 0; rig_i < 2000 && !(condition); rig_i++)             \
            rig_pause();                                                       \
        assert_true(condition);                                                \
    } while (0)
void rig_pause(void);

#endif
