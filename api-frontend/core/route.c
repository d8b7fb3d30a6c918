/* route.c - the table of all routes and its look-up. */
#include "route.h"

#include <string.h>

#include "client_api.h"
#include "conference_api.h"
#include "device_api.h"
#include "event_channel.h"
#include "management_api.h"
#include "pl/str.h"
#include "relay_api.h"
#include "room_api.h"
#include "site.h"
#include "url.h"
#include "video_api.h"

#define VIDEO "/video/v2"

/* One row of the client API's table. */
#define CLIENT_ROUTE(method, path, NAME, kind, who, prepare, finish, arg)      \
    {PL_HTTP_##method, PL_CLIENT_BASE path, &PL_OP_##NAME},

/* The management API's paths of one resource, which end with a slash. */
#define MANAGEMENT(METHOD, OP, NAME, api, name, end)                           \
    {PL_HTTP_##METHOD, PL_MANAGEMENT_BASE api "/v1/" name end,                 \
     &PL_OP_MANAGEMENT_##OP[PL_MGMT_RESOURCE_##NAME]},
#define MANAGEMENT_RO(NAME, api, name)                                         \
    MANAGEMENT(GET, LIST, NAME, api, name, "/")                                \
    MANAGEMENT(GET, SCHEMA, NAME, api, name, "/schema/")                       \
    MANAGEMENT(GET, GET, NAME, api, name, "/{id}/")
#define MANAGEMENT_RW(NAME, api, name)                                         \
    MANAGEMENT_RO(NAME, api, name)                                             \
    MANAGEMENT(POST, CREATE, NAME, api, name, "/")                             \
    MANAGEMENT(PUT, REPLACE, NAME, api, name, "/{id}/")                        \
    MANAGEMENT(PATCH, CHANGE, NAME, api, name, "/{id}/")                       \
    MANAGEMENT(DELETE, DELETE, NAME, api, name, "/{id}/")
#define MANAGEMENT_ROUTES(NAME, api, name, view, access)                       \
    MANAGEMENT_##access(NAME, api, name)

/* An API of devices on one base path. */
#define DEVICE_ROUTE(gen, base, NAME, name, done, api, method, path, scope,    \
                     message, who)                                             \
    {PL_HTTP_##method, base path,                                              \
     &PL_OP_DEVICE[PL_DEVICE_##NAME][PL_DEVICE_GEN_##gen]},
#define DEVICE_BASE_OLD(API, GEN, base)                                        \
    PL_DEVICE_##API##_OLD(DEVICE_ROUTE, GEN, base)
#define DEVICE_BASE_NEW(API, GEN, base)                                        \
    PL_DEVICE_##API##_NEW(DEVICE_ROUTE, GEN, base)                             \
        PL_DEVICE_##API##_OLD(DEVICE_ROUTE, GEN, base)

/* The conference API on one base path. */
#define CONFERENCE_ROUTES(BASE)                                                \
    {PL_HTTP_PUT, BASE "/userIds/{userId}", &PL_OP_USER_BIND},                 \
        {PL_HTTP_POST, BASE "/sessions", &PL_OP_SESSION_CREATE},               \
        {PL_HTTP_PUT, BASE "/sessions/{sessionId}", &PL_OP_SESSION_REFRESH},   \
        {PL_HTTP_DELETE, BASE "/sessions/{sessionId}", &PL_OP_SESSION_DELETE}, \
        {PL_HTTP_GET, BASE "/sessions/{sessionId}/events",                     \
         &PL_OP_SESSION_EVENTS},                                               \
        {PL_HTTP_POST, BASE "/sessions/{sessionId}/websockets",                \
         &PL_OP_SESSION_TICKET},                                               \
        {PL_HTTP_GET, BASE "/sessions/{sessionId}/websockets",                 \
         &PL_OP_SESSION_SOCKET},                                               \
        {PL_HTTP_POST, BASE "/sessions/{sessionId}/conferences",               \
         &PL_OP_CONFERENCE_CREATE},                                            \
        {PL_HTTP_PUT, BASE "/sessions/{sessionId}/conferences/{confId}",       \
         &PL_OP_CONFERENCE_ACTION},                                            \
        {PL_HTTP_DELETE, BASE "/sessions/{sessionId}/conferences/{confId}",    \
         &PL_OP_CONFERENCE_DELETE},                                            \
        {PL_HTTP_PUT,                                                          \
         BASE "/sessions/{sessionId}/conferences/{confId}/participants/"       \
              "{participantId}",                                               \
         &PL_OP_PARTICIPANT_INVITE},                                           \
        {PL_HTTP_DELETE,                                                       \
         BASE "/sessions/{sessionId}/conferences/{confId}/participants/"       \
              "{participantId}",                                               \
         &PL_OP_PARTICIPANT_REMOVE},                                           \
        {PL_HTTP_POST, BASE "/sessions/{sessionId}/calls",                     \
         &PL_OP_CALLS_CREATE},                                                 \
        {PL_HTTP_PUT, BASE "/sessions/{sessionId}/calls/{callId}",             \
         &PL_OP_CALLS_ACTION},                                                 \
        {PL_HTTP_DELETE, BASE "/sessions/{sessionId}/calls/{callId}",          \
         &PL_OP_CALLS_DELETE},                                                 \
        {PL_HTTP_PUT, BASE "/mediaConferences/{confId}", &PL_OP_MEDIA_ACTION}, \
        {PL_HTTP_DELETE, BASE "/mediaConferences/{confId}",                    \
         &PL_OP_MEDIA_DELETE},                                                 \
        {PL_HTTP_PUT,                                                          \
         BASE "/mediaConferences/{confId}/participants/{participantId}",       \
         &PL_OP_MEDIA_INVITE},                                                 \
        {PL_HTTP_DELETE,                                                       \
         BASE "/mediaConferences/{confId}/participants/{participantId}",       \
         &PL_OP_MEDIA_REMOVE},

static const pl_route ROUTES[] = {
    {PL_HTTP_GET, "/", &PL_OP_PAGE_START},
    {PL_HTTP_GET, "/join", &PL_OP_PAGE_JOIN},
    {PL_HTTP_GET, "/join/{alias}", &PL_OP_PAGE_JOIN},
    {PL_HTTP_GET, "/assets/{*}", &PL_OP_ASSET},
    {PL_HTTP_GET, "/healthz", &PL_OP_HEALTH},
    {PL_HTTP_GET, "/readyz", &PL_OP_READY},
    {PL_HTTP_GET, "/metrics", &PL_OP_METRICS},
    {PL_HTTP_GET, "/openapi.json", &PL_OP_OPENAPI},
    {PL_HTTP_POST, "/emergencyServices/v1/e911Locations",
     &PL_OP_E911_LOCATIONS},
    {PL_HTTP_POST, "/oauth2/token", &PL_OP_TOKEN},
    {PL_HTTP_POST, "/oauth/token", &PL_OP_TOKEN},
    {PL_HTTP_POST, "/oauth/v4/token", &PL_OP_TOKEN},
    {PL_HTTP_GET, "/oauth/authorize", &PL_OP_AUTHORIZE},
    {PL_HTTP_POST, "/oauth/authorize", &PL_OP_AUTHORIZE},
    {PL_HTTP_GET, "/oauth/v4/authorize", &PL_OP_AUTHORIZE},
    {PL_HTTP_POST, "/oauth/v4/authorize", &PL_OP_AUTHORIZE},
    {PL_HTTP_POST, "/{tenant}/oauth2/v2.0/token", &PL_OP_TOKEN},
    {PL_HTTP_GET, "/.well-known/jwks.json", &PL_OP_JWKS},
    {PL_HTTP_GET, "/.well-known/openid-configuration", &PL_OP_DISCOVERY},
    {PL_HTTP_GET, "/.well-known/oauth-authorization-server", &PL_OP_DISCOVERY},
    {PL_HTTP_GET, "/{tenant}/discovery/v2.0/keys", &PL_OP_JWKS},
    {PL_HTTP_GET, "/{tenant}/v2.0/.well-known/openid-configuration",
     &PL_OP_DISCOVERY},
    {PL_HTTP_POST, "/room/create", &PL_OP_ROOM_CREATE},
    {PL_HTTP_GET, "/room/all", &PL_OP_ROOM_LIST},
    {PL_HTTP_GET, "/room/{room_name}", &PL_OP_ROOM_GET},
    {PL_HTTP_PATCH, "/room/{room_name}", &PL_OP_ROOM_CHANGE},
    {PL_HTTP_PUT, "/room/{room_name}", &PL_OP_ROOM_CHANGE},
    {PL_HTTP_DELETE, "/room/{room_name}", &PL_OP_ROOM_DELETE},
    {PL_HTTP_GET, "/rooms", &PL_OP_ROOM_LIST},
    {PL_HTTP_DELETE, "/rooms", &PL_OP_ROOM_DELETE_ALL},
    {PL_HTTP_POST, "/rooms/create", &PL_OP_ROOM_FILL},
    {PL_HTTP_GET, "/public/room/{room_name}", &PL_OP_ROOM_PUBLIC},
    {PL_HTTP_POST, "/public/event_sink", &PL_OP_ROOM_EVENT},
    {PL_HTTP_GET, "/health", &PL_OP_ROOM_HEALTH},
    {PL_HTTP_GET, "/device/.well-known/openid-configuration",
     &PL_OP_VIDEO_DISCOVERY},
    {PL_HTTP_POST, VIDEO "/sessions", &PL_OP_VIDEO_CREATE},
    {PL_HTTP_GET, VIDEO "/sessions/{session_id}", &PL_OP_VIDEO_GET},
    {PL_HTTP_PUT, VIDEO "/sessions/{session_id}", &PL_OP_VIDEO_STATUS},
    {PL_HTTP_DELETE, VIDEO "/sessions/{session_id}", &PL_OP_VIDEO_DELETE},
    {PL_HTTP_POST, VIDEO "/sessions/{session_id}/calls",
     &PL_OP_VIDEO_CALL_CREATE},
    {PL_HTTP_PUT, VIDEO "/sessions/{session_id}/calls",
     &PL_OP_VIDEO_CALL_UPSERT},
    {PL_HTTP_PUT, VIDEO "/sessions/{session_id}/calls/{client_call_id}",
     &PL_OP_VIDEO_CALL_PUT},
    {PL_HTTP_GET, VIDEO "/destinations", &PL_OP_VIDEO_DESTINATIONS},
    {PL_HTTP_GET, VIDEO "/service_hours", &PL_OP_VIDEO_HOURS},
    {PL_HTTP_POST, PL_RELAY_BASE "/channels", &PL_OP_RELAY_OPEN},
    {PL_HTTP_GET, PL_RELAY_BASE "/channels/{channelId}", &PL_OP_RELAY_GET},
    {PL_HTTP_PUT, PL_RELAY_BASE "/channels/{channelId}", &PL_OP_RELAY_EXTEND},
    {PL_HTTP_DELETE, PL_RELAY_BASE "/channels/{channelId}", &PL_OP_RELAY_CLOSE},
    {PL_HTTP_GET, PL_RELAY_BASE "/channels/{channelId}/ws",
     &PL_OP_RELAY_SOCKET},
    {PL_HTTP_GET, PL_RELAY_BASE "/channels/{channelId}/events",
     &PL_OP_RELAY_EVENTS},
    {PL_HTTP_POST, PL_RELAY_BASE "/s/{sinkId}", &PL_OP_RELAY_PUT},
    PL_DEVICE_BASES_NEW(DEVICE_BASE_NEW) PL_DEVICE_BASES_OLD(DEVICE_BASE_OLD)
        PL_MGMT_RESOURCES(MANAGEMENT_ROUTES){
            PL_HTTP_POST, PL_MANAGEMENT_BASE "command/v1/{kind}/{command}/",
            &PL_OP_MANAGEMENT_COMMAND},
    {PL_HTTP_GET, PL_MANAGEMENT_BASE "status/v1/participant/{id}/media_stream/",
     &PL_OP_LIVE_STREAMS},
    {PL_HTTP_GET,
     PL_MANAGEMENT_BASE "history/v1/participant/{id}/media_stream/",
     &PL_OP_PAST_STREAMS},
    {PL_HTTP_GET, PL_MANAGEMENT_BASE "history/v1/recording/{id}/file/{number}/",
     &PL_OP_RECORDING_FILE},
    CONFERENCE_ROUTES("/RTC/v1") CONFERENCE_ROUTES(""){
        PL_HTTP_GET, "/api/client/v2/status", &PL_OP_NODE_STATUS},
    PL_CLIENT_ENDPOINTS(CLIENT_ROUTE)};
enum { N_ROUTES = sizeof ROUTES / sizeof ROUTES[0] };

const pl_route *pl_route_at(size_t i)
{
    return i < N_ROUTES ? &ROUTES[i] : NULL;
}

/* Cut the first segment off *rest, which begins with '/'. */
static pl_slice take_segment(pl_slice *rest)
{
    pl_slice s = {rest->ptr + 1, rest->len - 1};
    const uint8_t *slash = memchr(s.ptr, '/', s.len);
    size_t n = slash ? (size_t)(slash - s.ptr) : s.len;
    *rest = (pl_slice){s.ptr + n, s.len - n};
    return (pl_slice){s.ptr, n};
}

/* One segment against the template's; parameters are stored decoded. */
static pl_err take_param(pl_slice segment, pl_route_match *match)
{
    if (segment.len == 0)
        return PL_ENOENT;
    if (match->n_params == PL_ROUTE_PARAMS_MAX)
        return PL_EINTERNAL;
    pl_err e =
        pl_url_decode(segment, PL_URL_PLUS_KEPT, match->params[match->n_params],
                      sizeof match->params[0]);
    match->n_params++;
    return e;
}

static pl_err match_path(const pl_route *route, pl_slice path,
                         pl_route_match *match)
{
    pl_slice want = pl_slice_str(route->path);
    match->n_params = 0;
    while (want.len > 1) {
        if (path.len == 0)
            return PL_ENOENT;
        pl_slice template = take_segment(&want);
        if (pl_slice_eq_str(template, "{*}")) {
            match->rest = (pl_slice){path.ptr + 1, path.len - 1};
            return match->rest.len > 0 ? PL_OK : PL_ENOENT;
        }
        pl_slice segment = take_segment(&path);
        if (template.ptr[0] != '{') {
            if (!pl_slice_eq(template, segment))
                return PL_ENOENT;
            continue;
        }
        pl_err e = take_param(segment, match);
        if (e)
            return e;
    }
    return path.len == 0 || pl_slice_eq_str(path, "/") ? PL_OK : PL_ENOENT;
}

/* The methods that a row serves. HEAD goes with GET, but not where GET takes
 * something: an event that the answer to HEAD cannot carry. */
static unsigned methods_of(const pl_route *route)
{
    unsigned bits = 1U << route->method;
    bool takes = route->op->kind == PL_KIND_SESSION_EVENTS ||
                 route->op->kind == PL_KIND_SESSION_SOCKET ||
                 route->op->kind == PL_KIND_SEAT_EVENTS;
    if (route->method == PL_HTTP_GET && !takes)
        bits |= 1U << PL_HTTP_HEAD;
    return bits;
}

pl_err pl_route_find(pl_http_method method, pl_slice path,
                     pl_route_match *ret_match)
{
    pl_route_match *match = ret_match;
    const pl_route *found = NULL;
    pl_err worst = PL_ENOENT;
    *match = (pl_route_match){0};
    if (path.len == 0 || path.ptr[0] != '/')
        return PL_ENOENT;
    for (size_t i = 0; i < N_ROUTES && !found; i++) {
        pl_err e = match_path(&ROUTES[i], path, match);
        if (e && e != PL_ENOENT)
            worst = e == PL_EFULL ? PL_EPROTO : e;
        if (e)
            continue;
        match->allowed |= methods_of(&ROUTES[i]);
        if (methods_of(&ROUTES[i]) & (1U << method))
            found = &ROUTES[i];
    }
    match->route = found;
    if (found)
        return PL_OK;
    return match->allowed ? PL_EUNSUPPORTED : worst;
}

void pl_route_allow_text(unsigned allowed, char *buf, size_t cap)
{
    pl_fmt_cut(buf, cap, "OPTIONS");
    for (size_t i = PL_HTTP_GET; i <= PL_HTTP_DELETE; i++) {
        size_t n = strlen(buf);
        if (allowed & (1U << i)) {
            pl_fmt_cut(buf + n, cap - n, ", %s",
                       pl_http_method_text((pl_http_method)i));
        }
    }
}
