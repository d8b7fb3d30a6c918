/* gateway_impl.h - the gateway's inside, shared by its files in io/. */
#ifndef PL_API_GATEWAY_IMPL_H
#define PL_API_GATEWAY_IMPL_H

#include "api.h"
#include "auth.h"
#include "gateway.h"
#include "management_auth.h"
#include "outgoing.h"
#include "pl/list.h"
#include "room_api.h"
#include "source_count.h"
#include "video_setup.h"

struct pl_gateway {
    pl_gateway_options options;
    pl_tls *tls;
    pl_auth *auth;
    pl_outgoing *outgoing;
    pl_management_auth *management;
    pl_http_server *server;
    pl_buf openapi;
    pl_buf turn_secret;
    pl_turn turn;
    pl_buf room_secret, sink_login;
    pl_room_rules rooms;
    pl_video_setup *video;
    pl_list calls;           /* call.c */
    pl_list polls;           /* event_poll.c */
    pl_list streams;         /* event_stream.c */
    pl_list session_streams; /* session_stream.c */
    pl_list relay_streams;   /* relay_stream.c */
    pl_source_count *stream_sources;
    pl_list scrapes;   /* metrics_page.c */
    pl_list downloads; /* download.c */
    unsigned n_polls, n_streams, n_session_streams, n_relay_streams;
    unsigned apis; /* that are served; core/apis.h */
    /* Leaving: balancers are told, everything goes on. Draining: no new
     * connections, what waits is answered. */
    bool is_leaving, is_draining;
    pl_timer *doors; /* from leaving to draining */
    pl_loop_cb on_drained;
    void *drained_ctx;
    unsigned n_drained; /* of the two that must be */
};

/* What the gateway found out about a request before handing it on. */
typedef struct pl_incoming {
    pl_gateway *gateway;
    pl_http_exchange *exchange;
    const pl_route_match *match;
    const pl_caller *caller; /* bearer routes; NULL: a ticket says who */
    const pl_seat *seat;     /* seat routes */
    unsigned wait_s;         /* refused for so long; 0 not for that */
} pl_incoming;

/* Send an answer with what every answer of its family carries. */
void pl_gateway_answer(pl_gateway *gateway, pl_http_exchange *exchange,
                       pl_api_family family, pl_answer *answer,
                       pl_http_on_sent on_sent, void *ctx);
/* Count an answer of an operation of the device APIs. */
void pl_gateway_count(const pl_gateway *gateway, const pl_api_op *op,
                      int status);
/* Send an error of the operation's family. */
void pl_gateway_fail(const pl_incoming *in, pl_err e, const char *text);

/* gateway_secrets.c: what we share with the TURN server; rules and secrets of
 * the room API. Errors, after a line in the log: PL_ENOENT, PL_EIO, PL_ETOOBIG;
 * PL_ECONFIG too short. */
PL_MUST_USE pl_err pl_gateway_load_turn(pl_gateway *gateway);
PL_MUST_USE pl_err pl_gateway_load_rooms(pl_gateway *gateway);

/* call.c: one request to roompool. */
void pl_call_begin(const pl_incoming *in);
void pl_calls_free(pl_gateway *gateway);

/* event_poll.c: a session's events by long poll. */
void pl_event_poll_begin(const pl_incoming *in);
/* The client has a session's events up to seq. */
void pl_event_acknowledge(pl_gateway *gateway, const char *session_id,
                          const char *token_hash, uint64_t seq);
void pl_event_polls_linked(pl_gateway *gateway);
void pl_event_polls_drain(pl_gateway *gateway);
void pl_event_polls_free(pl_gateway *gateway);

/* event_stream.c: a participant's events by server-sent events. */
/* The head of an answer that streams server-sent events. */
void pl_event_stream_head(const pl_gateway *gateway, pl_http_exchange *exchange,
                          pl_answer *answer);
void pl_event_stream_begin(const pl_incoming *in);
/* The participant has a new token: its stream goes on with that. */
void pl_event_stream_renew(pl_gateway *gateway, const char *participant_id,
                           const char *token_hash);
void pl_event_streams_linked(pl_gateway *gateway);
void pl_event_streams_drain(pl_gateway *gateway);
void pl_event_streams_free(pl_gateway *gateway);

/* session_stream.c: a session's events by server-sent events or WebSocket. */
void pl_session_stream_begin(const pl_incoming *in);
void pl_session_socket_begin(const pl_incoming *in);
void pl_session_streams_linked(pl_gateway *gateway);
void pl_session_streams_drain(pl_gateway *gateway);
void pl_session_streams_free(pl_gateway *gateway);

/* relay_stream.c: a channel of the relay, read. */
void pl_relay_events_begin(const pl_incoming *in);
void pl_relay_socket_begin(const pl_incoming *in);
void pl_relay_streams_linked(pl_gateway *gateway);
void pl_relay_streams_drain(pl_gateway *gateway);
void pl_relay_streams_free(pl_gateway *gateway);

/* pages.c: files and documents. */
void pl_page_start(const pl_incoming *in);
void pl_page_join(const pl_incoming *in);
void pl_page_asset(const pl_incoming *in);
void pl_page_openapi(const pl_incoming *in);

/* download.c: send a file below recordings_dir; answer has status, type and
 * headers. Errors: PL_ENOENT, PL_EIO, PL_ENOMEM: nothing was sent. */
PL_MUST_USE pl_err pl_download_begin(pl_gateway *gateway,
                                     pl_http_exchange *exchange,
                                     const char *path, pl_answer *answer);
void pl_downloads_free(pl_gateway *gateway);

/* metrics_page.c: every node's metrics. */
void pl_metrics_page_begin(const pl_incoming *in);
void pl_metrics_pages_free(pl_gateway *gateway);

#endif
