/* janus_api.h - the API of Janus over its local socket: one session, many
 * handles, many requests under way.
 *
 * Source: Janus, "JavaScript and REST API" and the AudioBridge's own page. One
 * thread; callbacks come from janus_api_service() only. */
#ifndef PL_BENCH_JANUS_API_H
#define PL_BENCH_JANUS_API_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/json.h"

typedef struct janus_api janus_api;

/* The answer to a request, as Janus wrote it; NULL: there was an error, which
 * has been printed. Borrowed during the call. */
typedef void (*janus_on_answer)(void *ctx, const pl_json *answer);

/* Connect and open a session (waits for it). NULL (cause printed). */
janus_api *janus_api_open(const char *socket_path);
void janus_api_close(janus_api **api);
/* A handle of the AudioBridge: data.id of the answer. */
void janus_api_attach(janus_api *api, janus_on_answer on_answer, void *ctx);
void janus_api_detach(janus_api *api, int64_t handle, janus_on_answer on_answer,
                      void *ctx);
/* A message to the plugin; body: a JSON object. sdp: an offer, NULL none. */
void janus_api_send(janus_api *api, int64_t handle, const char *body,
                    const char *sdp, janus_on_answer on_answer, void *ctx);
/* Send and read what is there, wait for more up to wait_ms. False: Janus is
 * gone. */
bool janus_api_service(janus_api *api, int wait_ms);
/* Requests without an answer. */
unsigned janus_api_pending(const janus_api *api);
/* What the plugin says in an answer; NULL none. */
const pl_json *janus_api_data(const pl_json *answer);

#endif
