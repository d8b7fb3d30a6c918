/* gateway.c - routing, tokens, hand-over. */
#include "gateway_impl.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "apis.h"
#include "device_api.h"
#include "event_channel.h"
#include "files.h"
#include "pl/certificate.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "route.h"
#include "url.h"

enum { OPENAPI_MAX = 1 << 20 };

void pl_gateway_answer(pl_gateway *gateway, pl_http_exchange *exchange,
                       pl_api_family family, pl_answer *answer,
                       pl_http_on_sent on_sent, void *ctx)
{
    const pl_http_head *head = pl_http_request_head(exchange);
    if (family != PL_FAMILY_SITE) {
        pl_answer_cors(answer, gateway->options.config->cors_origins,
                       pl_http_head_get(head, "origin"));
        if (!strstr(pl_buf_text(&answer->headers), "Cache-Control:"))
            pl_answer_header(answer, "Cache-Control", "no-store");
    }
    if (family == PL_FAMILY_DEVICE || family == PL_FAMILY_RELAY)
        pl_device_correlate(head, answer);
    pl_http_respond(exchange, answer, on_sent, ctx);
}

void pl_gateway_count(const pl_gateway *gateway, const pl_api_op *op,
                      int status)
{
    pl_metrics *metrics = gateway->options.metrics;
    pl_device_op name = pl_device_op_of(op);
    if (name == PL_DEVICE_OPS)
        return;
    pl_metrics_add(metrics, (size_t)PL_AM_device_reg_create + name, 1);
    if (status >= 400) {
        pl_metrics_add(metrics,
                       status < 500 ? PL_AM_device_4xx : PL_AM_device_5xx, 1);
    }
}

void pl_gateway_fail(const pl_incoming *in, pl_err e, const char *text)
{
    pl_api_call call = {.head = pl_http_request_head(in->exchange),
                        .match = in->match};
    const pl_api_op *op = in->match->route->op;
    pl_answer answer;
    pl_answer_init(&answer);
    pl_api_fail(op, &call, e, text, &answer);
    if (in->wait_s > 0) {
        char seconds[16];
        pl_fmt_cut(seconds, sizeof seconds, "%u", in->wait_s);
        pl_answer_header(&answer, "Retry-After", seconds);
    }
    pl_gateway_count(in->gateway, op, answer.status);
    pl_gateway_answer(in->gateway, in->exchange, op->family, &answer, NULL,
                      NULL);
    pl_answer_fini(&answer);
}

/* ---- requests without a route ---- */

static void refuse_status(pl_gateway *gateway, pl_http_exchange *exchange,
                          int status, const char *text, const char *allow)
{
    const pl_http_head *head = pl_http_request_head(exchange);
    pl_api_family family = pl_family_of_path(head->path);
    pl_answer answer;
    pl_answer_init(&answer);
    pl_answer_refuse(&answer, family, status, text);
    if (allow)
        pl_answer_header(&answer, "Allow", allow);
    pl_gateway_answer(gateway, exchange, family, &answer, NULL, NULL);
    pl_answer_fini(&answer);
}

/* The device APIs tell a missing id from a wrong path. */
static void refuse_device(pl_gateway *gateway, pl_http_exchange *exchange,
                          pl_err e, const char *allow)
{
    const pl_http_head *head = pl_http_request_head(exchange);
    int status = pl_device_no_route(head->method, head->path, e);
    const char *text = status == 404   ? "No such path; see /openapi.json"
                       : status == 405 ? "Method not allowed"
                                       : "The id in the path is missing or "
                                         "malformed";
    refuse_status(gateway, exchange, status, text,
                  status == 405 ? allow : NULL);
}

static void preflight(pl_gateway *gateway, pl_http_exchange *exchange,
                      unsigned allowed)
{
    const pl_http_head *head = pl_http_request_head(exchange);
    char allow[64];
    pl_answer answer;
    pl_answer_init(&answer);
    pl_route_allow_text(allowed, allow, sizeof allow);
    pl_answer_preflight(&answer, allow);
    pl_gateway_answer(gateway, exchange, pl_family_of_path(head->path), &answer,
                      NULL, NULL);
    pl_answer_fini(&answer);
}

static void no_route(pl_gateway *gateway, pl_http_exchange *exchange, pl_err e,
                     unsigned allowed)
{
    const pl_http_head *head = pl_http_request_head(exchange);
    char allow[64];
    pl_route_allow_text(allowed, allow, sizeof allow);
    bool is_star = pl_slice_eq_str(head->path, "*");
    bool is_never =
        head->method == PL_HTTP_TRACE || head->method == PL_HTTP_CONNECT;
    if (head->method == PL_HTTP_OPTIONS && (is_star || e == PL_EUNSUPPORTED)) {
        preflight(gateway, exchange, is_star ? 1U << PL_HTTP_GET : allowed);
    } else if (pl_family_of_path(head->path) == PL_FAMILY_DEVICE) {
        refuse_device(gateway, exchange, e, allow);
    } else if (is_never || e == PL_EUNSUPPORTED) {
        refuse_status(gateway, exchange, 405, "Method not allowed", allow);
    } else if (e == PL_ENOENT) {
        refuse_status(gateway, exchange, 404, "No such path; see /openapi.json",
                      NULL);
    } else {
        refuse_status(gateway, exchange, 400, "Malformed path", NULL);
    }
}

/* As if there were no such API, whatever form its errors have. */
static void not_served(pl_gateway *gateway, pl_http_exchange *exchange)
{
    pl_answer answer;
    pl_answer_init(&answer);
    pl_answer_refuse(&answer, PL_FAMILY_SITE, 404, "Not served here");
    pl_gateway_answer(gateway, exchange, PL_FAMILY_SITE, &answer, NULL, NULL);
    pl_answer_fini(&answer);
}

/* To the device APIs a method that nobody knows is one that the path has not:
 * their definitions have 501 for emergency calls alone. */
static void refuse_method(const pl_http_head *head, pl_answer *answer)
{
    pl_route_match match = {.allowed = 0};
    char allow[64];
    pl_err e = pl_route_find(head->method, head->path, &match);
    int status = pl_device_no_route(head->method, head->path, e);
    pl_answer_refuse(answer, PL_FAMILY_DEVICE, status,
                     pl_http_fault_text(PL_HTTP_FAULT_METHOD));
    if (status == 405) {
        pl_route_allow_text(match.allowed, allow, sizeof allow);
        pl_answer_header(answer, "Allow", allow);
    }
}

static void on_fault(void *ctx, pl_http_fault fault, const pl_http_head *head,
                     pl_answer *answer)
{
    const pl_gateway *gateway = ctx;
    const char *origins = gateway->options.config->cors_origins;
    pl_api_family family =
        head ? pl_family_of_path(head->path) : PL_FAMILY_SITE;
    pl_slice origin =
        head ? pl_http_head_get(head, "origin") : (pl_slice){NULL, 0};
    if (family == PL_FAMILY_DEVICE && fault == PL_HTTP_FAULT_METHOD) {
        refuse_method(head, answer);
    } else {
        pl_answer_refuse(answer, family, pl_http_fault_status(fault),
                         pl_http_fault_text(fault));
    }
    if (family != PL_FAMILY_SITE || strcmp(origins, "*") == 0)
        pl_answer_cors(answer, origins, origin);
    if (head && (family == PL_FAMILY_DEVICE || family == PL_FAMILY_RELAY))
        pl_device_correlate(head, answer);
}

/* ---- who asks ---- */

/* The token of a guest: header, or query where headers cannot be set. */
static pl_err find_seat(const pl_http_head *head, pl_seat *ret_seat)
{
    char text[PL_SEAT_TOKEN_MAX + 1];
    pl_slice token = pl_http_head_get(head, "token");
    pl_slice secret;
    pl_slice id;
    if (token.len == 0) {
        if (pl_url_param(head->query, "token", text, sizeof text))
            return PL_EAUTH;
        token = pl_slice_str(text);
    }
    if (pl_seat_split(token, &secret, &id) ||
        pl_copy(ret_seat->participant_id, sizeof ret_seat->participant_id, id))
        return PL_EAUTH;
    pl_sha256_hex(secret.ptr, secret.len, ret_seat->token_hash);
    return PL_OK;
}

/* A ticket opens streams only; a header goes before it. */
static bool has_ticket(const pl_http_head *head, const pl_api_op *op)
{
    char text[PL_SEAT_TOKEN_MAX + 1];
    return !pl_http_head_has(head, "authorization") &&
           (op->kind == PL_KIND_SESSION_SOCKET ||
            pl_channel_wants_stream(head)) &&
           pl_url_param(head->query, "ticket", text, sizeof text) == PL_OK;
}

/* The caller or seat that this kind of route wants. */
static pl_err find_out_who(pl_incoming *in, pl_api_auth auth, pl_caller *caller,
                           pl_seat *seat)
{
    const pl_gateway *gateway = in->gateway;
    const pl_http_head *head = pl_http_request_head(in->exchange);
    pl_slice header = pl_http_head_get(head, "authorization");
    switch (auth) {
    case PL_AUTH_BEARER:
    case PL_AUTH_BEARER_OR_TICKET:
        return pl_auth_check(gateway->auth, header, caller);
    case PL_AUTH_DEVICE:
        return pl_auth_check_device(gateway->auth, header, caller);
    case PL_AUTH_SEAT: return find_seat(head, seat);
    case PL_AUTH_VIDEO:
        return pl_video_auth_check(
            pl_video_setup_auth(gateway->video), gateway->auth,
            pl_http_head_get(head, "authorization"),
            pl_loop_wall_ms(gateway->options.loop), caller);
    case PL_AUTH_MANAGEMENT:
        return pl_management_auth_check(gateway->management, header,
                                        pl_http_request_source(in->exchange),
                                        caller, &in->wait_s);
    case PL_AUTH_NONE:
    default: return PL_OK;
    }
}

/* ---- hand-over ---- */

/* A request to the token server; its paths have a tenant or none. */
static void ask_auth(const pl_incoming *in,
                     void (*make)(pl_auth *auth, const pl_token_ask *ask,
                                  pl_answer *answer))
{
    const pl_token_ask ask = {
        .tenant = in->match->n_params > 0 ? in->match->params[0] : "",
        .head = pl_http_request_head(in->exchange),
        .body = pl_http_request_body(in->exchange)};
    pl_answer answer;
    pl_answer_init(&answer);
    make(in->gateway->auth, &ask, &answer);
    pl_gateway_answer(in->gateway, in->exchange, in->match->route->op->family,
                      &answer, NULL, NULL);
    pl_answer_fini(&answer);
}

static void token(const pl_incoming *in)
{
    ask_auth(in, pl_auth_token);
}

static void authorize(const pl_incoming *in)
{
    ask_auth(in, pl_auth_authorize);
}

static void jwks(const pl_incoming *in)
{
    ask_auth(in, pl_auth_jwks);
}

static void discovery(const pl_incoming *in)
{
    ask_auth(in, pl_auth_discovery);
}

static void state_page(const pl_incoming *in, bool is_good, const char *good,
                       const char *bad)
{
    pl_answer answer;
    pl_answer_init(&answer);
    pl_answer_json(&answer, is_good ? 200 : 503);
    pl_answer_header(&answer, "Cache-Control", "no-store");
    pl_jw w = {.out = &answer.body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "status", is_good ? good : bad);
    pl_jw_close(&w, '}');
    pl_http_respond(in->exchange, &answer, NULL, NULL);
    pl_answer_fini(&answer);
}

static void health(const pl_incoming *in)
{
    state_page(in, true, "alive", "");
}

/* Requests are carried out also while it drains. */
static bool is_serving(const pl_gateway *gateway)
{
    return gateway->options.is_ready(gateway->options.ctx);
}

bool pl_gateway_is_open(const pl_gateway *gateway)
{
    return gateway->is_draining || pl_http_server_is_open(gateway->server);
}

static void ready(const pl_incoming *in)
{
    state_page(in, !in->gateway->is_leaving && is_serving(in->gateway), "ready",
               in->gateway->is_leaving ? "draining" : "no roompool");
}

static void local(const pl_incoming *in)
{
    pl_api_call call = {.head = pl_http_request_head(in->exchange),
                        .match = in->match,
                        .body = pl_http_request_body(in->exchange),
                        .caller = in->caller,
                        .source = pl_http_request_source(in->exchange),
                        .video = pl_video_setup_rules(in->gateway->video),
                        .wall_ms = pl_loop_wall_ms(in->gateway->options.loop),
                        .is_ready = is_serving(in->gateway)};
    const pl_api_op *op = in->match->route->op;
    pl_answer answer;
    pl_answer_init(&answer);
    pl_err e = op->prepare(&call, &answer);
    if (e)
        pl_api_fail(op, &call, e, NULL, &answer);
    pl_gateway_answer(in->gateway, in->exchange, op->family, &answer, NULL,
                      NULL);
    pl_answer_fini(&answer);
    pl_json_free(&call.doc);
}

static void session_events(const pl_incoming *in)
{
    if (pl_channel_wants_stream(pl_http_request_head(in->exchange))) {
        pl_session_stream_begin(in);
    } else {
        pl_event_poll_begin(in);
    }
}

static void (*const HANDLERS[PL_KINDS])(const pl_incoming *in) = {
    [PL_KIND_CALL] = pl_call_begin,
    [PL_KIND_SESSION_EVENTS] = session_events,
    [PL_KIND_SESSION_SOCKET] = pl_session_socket_begin,
    [PL_KIND_SEAT_EVENTS] = pl_event_stream_begin,
    [PL_KIND_RELAY_SOCKET] = pl_relay_socket_begin,
    [PL_KIND_RELAY_EVENTS] = pl_relay_events_begin,
    [PL_KIND_LOCAL] = local,
    [PL_KIND_TOKEN] = token,
    [PL_KIND_AUTHORIZE] = authorize,
    [PL_KIND_JWKS] = jwks,
    [PL_KIND_DISCOVERY] = discovery,
    [PL_KIND_PAGE_START] = pl_page_start,
    [PL_KIND_PAGE_JOIN] = pl_page_join,
    [PL_KIND_ASSET] = pl_page_asset,
    [PL_KIND_HEALTH] = health,
    [PL_KIND_READY] = ready,
    [PL_KIND_METRICS] = pl_metrics_page_begin,
    [PL_KIND_OPENAPI] = pl_page_openapi,
};

/* was_asked: the token's server has been asked just now */
static void handle(pl_gateway *gateway, pl_http_exchange *exchange,
                   bool was_asked);

/* A request that waits for what the token's server says. */
typedef struct waiting {
    pl_introspection_wait wait;
    pl_gateway *gateway;
    pl_http_exchange *exchange;
} waiting;

static void on_waiter_gone(void *ctx, pl_http_exchange *exchange)
{
    waiting *w = ctx;
    (void)exchange;
    pl_introspection_leave(&w->wait);
    free(w);
}

static void on_token_known(pl_introspection_wait *wait)
{
    waiting *w = PL_CONTAINER(wait, waiting, wait);
    pl_gateway *gateway = w->gateway;
    pl_http_exchange *exchange = w->exchange;
    pl_http_watch(exchange, NULL, NULL);
    free(w);
    handle(gateway, exchange, true);
}

static pl_err ask_about_token(const pl_incoming *in)
{
    const pl_http_head *head = pl_http_request_head(in->exchange);
    waiting *w = calloc(1, sizeof *w);
    if (!w)
        return PL_ENOMEM;
    *w = (waiting){.wait = {.on_known = on_token_known},
                   .gateway = in->gateway,
                   .exchange = in->exchange};
    pl_err e =
        pl_auth_ask(in->gateway->auth, pl_http_head_get(head, "authorization"),
                    pl_http_request_source(in->exchange), &w->wait);
    if (e) {
        free(w);
    } else {
        pl_http_watch(in->exchange, on_waiter_gone, w);
    }
    return e;
}

/* A session's poll waits for roompool; everything else says so. Nothing that
 * lasts begins while we drain. */
static bool may_begin(const pl_gateway *gateway, pl_api_kind kind)
{
    bool lasts = kind == PL_KIND_SEAT_EVENTS || kind == PL_KIND_RELAY_SOCKET ||
                 kind == PL_KIND_RELAY_EVENTS;
    if (lasts && gateway->is_draining)
        return false;
    return is_serving(gateway) || (!lasts && kind != PL_KIND_CALL);
}

static void handle(pl_gateway *gateway, pl_http_exchange *exchange,
                   bool was_asked)
{
    const pl_http_head *head = pl_http_request_head(exchange);
    pl_route_match match;
    pl_caller caller;
    pl_seat seat;
    pl_err e = pl_route_find(head->method, head->path, &match);
    if (!pl_apis_serve(gateway->apis, head->path, e ? NULL : match.route->op)) {
        not_served(gateway, exchange);
        return;
    }
    if (e) {
        no_route(gateway, exchange, e, match.allowed);
        return;
    }
    pl_incoming in = {.gateway = gateway,
                      .exchange = exchange,
                      .match = &match,
                      .caller = &caller,
                      .seat = &seat};
    const pl_api_op *op = match.route->op;
    int status = op->check_head
                     ? op->check_head(head, pl_http_request_body(exchange))
                     : 0;
    if (status) {
        pl_gateway_count(gateway, op, status);
        refuse_status(gateway, exchange, status, pl_http_reason(status), NULL);
        return;
    }
    if (op->auth == PL_AUTH_BEARER_OR_TICKET && has_ticket(head, op)) {
        in.caller = NULL;
    } else {
        e = find_out_who(&in, op->auth, &caller, &seat);
    }
    if (e == PL_EAGAIN) {
        e = was_asked ? PL_EUNAVAILABLE : ask_about_token(&in);
        if (!e)
            return;
    }
    if (!e && !may_begin(gateway, op->kind))
        e = PL_EDRAIN;
    if (e) {
        pl_gateway_fail(&in, e, NULL);
    } else {
        HANDLERS[op->kind](&in);
    }
}

static void on_request(void *ctx, pl_http_exchange *exchange)
{
    handle(ctx, exchange, false);
}

/* ---- life ---- */

static pl_err open_server(pl_gateway *gateway)
{
    const pl_api_config *config = gateway->options.config;
    pl_http_server_options options = {
        .loop = gateway->options.loop,
        .tls = gateway->tls,
        .listen = config->listen,
        .port = config->port,
        .max_connections = config->max_connections,
        .max_per_address = config->max_per_address,
        .head_ms = config->head_ms,
        .body_ms = config->body_ms,
        .idle_ms = config->idle_ms,
        .write_ms = config->write_ms,
        .metrics = gateway->options.metrics,
        .on_request = on_request,
        .on_fault = on_fault,
        .ctx = gateway,
    };
    pl_err e =
        pl_cidr_parse(pl_slice_str(config->proxy_from), &options.proxies);
    if (e)
        return e;
    return pl_http_server_open(&options, &gateway->server);
}

/* A description that is missing makes one page missing, nothing else. */
static void load_openapi(pl_gateway *gateway)
{
    const char *path = gateway->options.config->openapi;
    pl_buf_init(&gateway->openapi, OPENAPI_MAX);
    pl_err e = pl_file_read(path, &gateway->openapi);
    if (e) {
        PL_LOG(WARN, "api", "openapi_missing", PL_KV("file", path), "%s",
               pl_err_text(e));
        pl_buf_clear(&gateway->openapi);
    }
}

static pl_err open_management(pl_gateway *gateway)
{
    pl_management_auth_options options = {
        .loop = gateway->options.loop,
        .config = gateway->options.config,
        .metrics = gateway->options.metrics,
        .auth = gateway->auth,
    };
    return pl_management_auth_open(&options, &gateway->management);
}

pl_err pl_gateway_open(const pl_gateway_options *options,
                       pl_gateway **ret_gateway)
{
    const pl_api_config *config = options->config;
    pl_gateway *gateway = calloc(1, sizeof *gateway);
    if (!gateway)
        return PL_ENOMEM;
    gateway->options = *options;
    pl_list_init(&gateway->calls);
    pl_list_init(&gateway->polls);
    pl_list_init(&gateway->streams);
    pl_list_init(&gateway->session_streams);
    pl_list_init(&gateway->relay_streams);
    (void)!pl_apis_read(config->apis, &gateway->apis); /* it was checked */
    pl_list_init(&gateway->scrapes);
    pl_list_init(&gateway->downloads);
    load_openapi(gateway);
    pl_err e = pl_gateway_load_turn(gateway);
    if (!e)
        e = pl_gateway_load_rooms(gateway);
    if (!e) {
        e = pl_source_count_create(config->max_streams_per_address,
                                   &gateway->stream_sources);
    }
    if (!e) {
        e = pl_auth_open(options->loop, config, options->metrics,
                         &gateway->auth);
    }
    if (!e)
        e = open_management(gateway);
    if (!e)
        e = pl_video_setup_open(config, options->metrics, &gateway->video);
    if (!e) {
        e = pl_tls_open(config->certificate, config->certificate_key,
                        config->names, &gateway->tls);
    }
    pl_metrics_set(options->metrics, PL_AM_certificate_ends,
                   pl_certificate_ends_s(config->certificate));
    if (!e) {
        e = pl_outgoing_open(options->loop, options->bus, config,
                             options->metrics, &gateway->outgoing);
    }
    if (!e)
        e = open_server(gateway);
    if (e) {
        pl_gateway_close(&gateway);
        return e;
    }
    PL_LOG(INFO, "api", "listening", PL_KV("address", config->listen),
           "port %u", pl_http_server_port(gateway->server));
    *ret_gateway = gateway;
    return PL_OK;
}

void pl_gateway_close(pl_gateway **gateway)
{
    if (!gateway || !*gateway)
        return;
    pl_gateway *g = *gateway;
    pl_timer_destroy(&g->doors);
    pl_http_server_close(&g->server);
    pl_calls_free(g);
    pl_event_polls_free(g);
    pl_event_streams_free(g);
    pl_session_streams_free(g);
    pl_relay_streams_free(g);
    pl_source_count_destroy(&g->stream_sources);
    pl_metrics_pages_free(g);
    pl_downloads_free(g);
    pl_tls_close(&g->tls);
    pl_management_auth_close(&g->management);
    pl_video_setup_close(&g->video);
    pl_auth_close(&g->auth);
    pl_outgoing_close(&g->outgoing);
    pl_buf_fini(&g->openapi);
    pl_buf_wipe(&g->turn_secret);
    pl_buf_wipe(&g->room_secret);
    pl_buf_wipe(&g->sink_login);
    free(g);
    *gateway = NULL;
}

void pl_gateway_linked(pl_gateway *gateway)
{
    pl_event_polls_linked(gateway);
    pl_event_streams_linked(gateway);
    pl_session_streams_linked(gateway);
    pl_relay_streams_linked(gateway);
}

/* The last answer has gone, and the last request to another server is over. */
static void tell_drained(void *ctx)
{
    pl_gateway *gateway = ctx;
    if (gateway->n_drained < 2 && ++gateway->n_drained == 2)
        gateway->on_drained(gateway->drained_ctx);
}

static void close_doors(void *ctx)
{
    pl_gateway *gateway = ctx;
    gateway->is_draining = true;
    /* First the server, so that the answers below close their connections. */
    pl_http_server_drain(gateway->server, tell_drained, gateway);
    pl_event_polls_drain(gateway);
    pl_event_streams_drain(gateway);
    pl_session_streams_drain(gateway);
    pl_relay_streams_drain(gateway);
    pl_outgoing_drain(gateway->outgoing, tell_drained, gateway);
}

void pl_gateway_drain(pl_gateway *gateway, pl_loop_cb on_done, void *ctx)
{
    uint32_t listen_ms = gateway->options.config->drain_listen_ms;
    gateway->on_drained = on_done;
    gateway->drained_ctx = ctx;
    gateway->is_leaving = true;
    pl_http_server_leave(gateway->server);
    if (listen_ms == 0 || pl_timer_create(gateway->options.loop, close_doors,
                                          gateway, &gateway->doors)) {
        close_doors(gateway);
    } else {
        pl_timer_start(gateway->doors, (int64_t)listen_ms * 1000);
    }
}

void pl_gateway_dump(const pl_gateway *gateway)
{
    PL_LOG(INFO, "api", "state", NULL,
           "connections=%u polls=%u streams=%u session_streams=%u "
           "relay_streams=%u",
           pl_http_server_connections(gateway->server), gateway->n_polls,
           gateway->n_streams, gateway->n_session_streams,
           gateway->n_relay_streams);
}

unsigned pl_gateway_port(const pl_gateway *gateway)
{
    return pl_http_server_port(gateway->server);
}
