/* api.h - how an API operation meets the bus: prepare turns a request into one
 * message, finish turns the reply into an answer. Pure; the gateway in io/
 * sends and receives. */
#ifndef PL_API_API_H
#define PL_API_API_H

#include "answer.h"
#include "http_head.h"
#include "pl/json.h"
#include "pl/msg.h"
#include "turn.h"

enum {
    PL_ROUTE_PARAMS_MAX = 4,
    PL_ROUTE_PARAM_MAX = 256,
    PL_RECORDING_PATH_MAX = 250
};

typedef enum pl_api_auth {
    PL_AUTH_NONE,
    PL_AUTH_BEARER,           /* access token in Authorization */
    PL_AUTH_BEARER_OR_TICKET, /* or ?ticket=, for streams */
    PL_AUTH_SEAT,       /* participant's token in `token` header or ?token= */
    PL_AUTH_MANAGEMENT, /* user and password, or a token that may manage */
    PL_AUTH_VIDEO,      /* access token, or one that a device signed */
    PL_AUTH_DEVICE, /* access token, exactly one; its scopes are the operation's
                     * to check */
} pl_api_auth;

/* What the gateway does with a request. */
typedef enum pl_api_kind {
    PL_KIND_CALL,           /* prepare, one bus request, finish */
    PL_KIND_SESSION_EVENTS, /* long poll, or server-sent events */
    PL_KIND_SESSION_SOCKET, /* WebSocket */
    PL_KIND_SEAT_EVENTS,    /* server-sent events */
    PL_KIND_RELAY_SOCKET,   /* WebSocket of a relay channel */
    PL_KIND_RELAY_EVENTS,   /* its long poll, or server-sent events */
    PL_KIND_LOCAL,          /* prepare alone makes the answer */
    PL_KIND_TOKEN,
    PL_KIND_AUTHORIZE,
    PL_KIND_JWKS,
    PL_KIND_DISCOVERY,
    PL_KIND_PAGE_START,
    PL_KIND_PAGE_JOIN,
    PL_KIND_ASSET,
    PL_KIND_HEALTH,
    PL_KIND_READY,
    PL_KIND_METRICS,
    PL_KIND_OPENAPI,
    PL_KINDS
} pl_api_kind;

typedef struct pl_api_call pl_api_call;

typedef struct pl_api_op {
    pl_api_kind kind;
    pl_api_family family;
    pl_api_auth auth;
    /* Fill call->desc and call->message, or *answer alone. On error the
     * family's table makes the answer. */
    pl_err (*prepare)(pl_api_call *call, pl_answer *answer);
    /* e: PL_OK with the reply, else body is a pl_error or NULL. Makes *answer
     * in any case. */
    void (*finish)(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                   const void *body, pl_answer *answer);
    unsigned arg; /* what tells apart operations that share a prepare */
    /* NULL, or what is looked at before the token: the status to refuse with,
     * 0 none. */
    int (*check_head)(const pl_http_head *head, pl_slice body);
} pl_api_op;

/* One row: method and path template. Segments are literal, {name}, or a last
 * {*} that takes the rest. */
typedef struct pl_route {
    pl_http_method method;
    const char *path;
    const pl_api_op *op;
} pl_route;

typedef struct pl_route_match {
    const pl_route *route;
    char params[PL_ROUTE_PARAMS_MAX][PL_ROUTE_PARAM_MAX + 1]; /* decoded */
    unsigned n_params;
    pl_slice rest;    /* of {*}, still escaped */
    unsigned allowed; /* bit per pl_http_method that the path has */
} pl_route_match;

/* Scopes that decide something here; a token may have others. */
typedef enum pl_scope {
    PL_SCOPE_WEBRTC = 1 << 0,
    PL_SCOPE_WEBRTCMOBILE = 1 << 1, /* its user is a mobile number */
    PL_SCOPE_EMERGENCYSERVICES = 1 << 2,
    PL_SCOPE_ROOMS = 1 << 3,
    PL_SCOPE_ROOMS_ADMIN = 1 << 4,
    PL_SCOPE_MANAGEMENT = 1 << 5,
    PL_SCOPE_VIDEO = 1 << 6
} pl_scope;

/* Who a bearer token speaks for. */
typedef struct pl_caller {
    char client_id[129];
    char subject[129];
    char user_id[257]; /* "" unless the token names a user */
    char token_hash[65];
    int64_t expires_ms;    /* wall time */
    unsigned scopes;       /* bits of pl_scope */
    bool names_user;       /* the subject is a user, not the client itself */
    char device_code[129]; /* "" unless a device signed it itself */
    char number[17];  /* E.164 with +, that the token is bound to; "" none */
    bool has_subject; /* a user stands behind it (3-legged): subject, or the
                       * number, is whose */
    char scope_text[2049]; /* all its scopes, separated by blanks; see
                            * pl_scope_text_has() */
} pl_caller;

/* A participant's own token: a secret of fixed length, then its id. */
enum { PL_SEAT_SECRET_TEXT = 43, PL_SEAT_TOKEN_MAX = 43 + PL_ID_MAX };
typedef struct pl_seat {
    char participant_id[PL_ID_MAX + 1];
    char token_hash[65]; /* of the secret */
} pl_seat;

typedef union pl_api_message {
    pl_session_create session_create;
    pl_session_refresh session_refresh;
    pl_session_delete session_delete;
    pl_session_ticket session_ticket;
    pl_user_bind user_bind;
    pl_conference_create conference_create;
    pl_direct_call_create direct_call_create;
    pl_conference_action conference_action;
    pl_conference_delete conference_delete;
    pl_participant_invite participant_invite;
    pl_participant_remove participant_remove;
    pl_room_join room_join;
    pl_participant_refresh participant_refresh;
    pl_participant_leave participant_leave;
    pl_participant_media participant_media;
    pl_participant_media_end participant_media_end;
    pl_participant_control participant_control;
    pl_participant_transfer participant_transfer;
    pl_conference_control conference_control;
    pl_room_message room_message;
    pl_room_dial room_dial;
    pl_room_status room_status;
    pl_roster_get roster_get;
    pl_pool_checkout pool_checkout;
    pl_pool_room_get pool_room_get;
    pl_pool_room_change pool_room_change;
    pl_pool_room_delete pool_room_delete;
    pl_pool_room_next pool_room_next;
    pl_pool_fill pool_fill;
    pl_pool_rooms_delete pool_rooms_delete;
    pl_platform_event platform_event;
    pl_video_create video_create;
    pl_video_get video_get;
    pl_video_status video_status;
    pl_video_delete video_delete;
    pl_video_call_put video_call_put;
    pl_relay_open relay_open;
    pl_relay_get relay_get;
    pl_relay_extend relay_extend;
    pl_relay_close relay_close;
    pl_relay_put relay_put;
    pl_management_query management_query;
    pl_management_put management_put;
    pl_management_delete management_delete;
    pl_management_command management_command;
    pl_management_dial management_dial;
    pl_management_streams management_streams;
    pl_registration_create registration_create;
    pl_registration_get registration_get;
    pl_registration_next registration_next;
    pl_registration_refresh registration_refresh;
    pl_registration_delete registration_delete;
    pl_media_session_create media_session_create;
    pl_media_session_get media_session_get;
    pl_media_session_put media_session_put;
    pl_media_session_delete media_session_delete;
    pl_subscription_create subscription_create;
    pl_subscription_get subscription_get;
    pl_subscription_next subscription_next;
    pl_subscription_change subscription_change;
    pl_subscription_delete subscription_delete;
} pl_api_message;

struct pl_api_call {
    /* Given by the gateway, borrowed for the life of the call. */
    const pl_http_head *head;
    const pl_route_match *match;
    pl_slice body;
    const char *source; /* client's IP address */
    const pl_caller *caller;
    const pl_seat *seat;
    const char *new_secret; /* PL_SEAT_SECRET_TEXT random characters .. */
    const char *new_hash;   /* .. and their SHA-256 in hex */
    const char *new_id;     /* UUID beside them */
    const pl_turn *turn;    /* NULL: no such servers */
    const struct pl_room_rules *rooms;
    const struct pl_video_rules *video;
    const char *relay_url; /* public base of the relay; "": as it was asked */
    int64_t wall_ms;       /* when the request came */
    bool is_ready;         /* this node takes requests */
    bool is_nested;        /* lists in management objects are of objects */
    bool has_recordings;   /* this node can read files of recordings */
    /* Filled by prepare. */
    const pl_msg_desc *desc;
    pl_api_message message;
    pl_json *doc; /* freed by the gateway */
    /* Not the last reply (a list comes in many): finish sets is_partial, makes
     * no answer yet, and has the next request in message. */
    bool is_partial;
    unsigned n_rounds;
    /* Of what was made: roompool is told when the answer is written out, for
     * events of it wait for that; "" nothing. Set by finish. */
    char told[PL_ID_MAX + 1];
    /* The answer's body is this file of a recording; "" it is not. Set by
     * finish. */
    char file[PL_RECORDING_PATH_MAX + 1];
    pl_buf list; /* freed by the gateway, */
    pl_buf made; /* as this, from which message borrows */
};

/* The operation of a call; NULL where it has none (yet). call may be NULL. */
const pl_api_op *pl_call_op(const pl_api_call *call);
/* A parameter of the path, "" past the last. */
const char *pl_call_param(const pl_api_call *call, unsigned index);
/* Whether the request came with credentials. call may be NULL. */
bool pl_call_is_signed(const pl_api_call *call);
/* Parse the body into call->doc; an empty body leaves doc NULL.
 * Errors: PL_EPROTO, PL_ENOMEM. */
PL_MUST_USE pl_err pl_call_parse_body(pl_api_call *call);
/* Whether a text has no control characters. */
bool pl_is_printable(pl_slice text);
/* Copy a member or slice into an array member of a message.
 * Errors: PL_EINVAL too long. */
#define PL_PUT(array, slice)                                                   \
    (pl_copy((array), sizeof(array), (slice)) ? PL_EINVAL : PL_OK)

/* Split a participant's token. Errors: PL_EAUTH malformed. */
PL_MUST_USE pl_err pl_seat_split(pl_slice token, pl_slice *ret_secret,
                                 pl_slice *ret_participant_id);

/* The answer of an error in each family. text may be NULL. */
void pl_conference_fail(const pl_api_call *call, pl_err e, const char *text,
                        pl_answer *answer);
void pl_client_fail(const pl_api_call *call, pl_err e, const char *text,
                    pl_answer *answer);
void pl_room_fail(const pl_api_call *call, pl_err e, const char *text,
                  pl_answer *answer);
void pl_management_fail(const pl_api_call *call, pl_err e, const char *text,
                        pl_answer *answer);
void pl_video_fail(const pl_api_call *call, pl_err e, const char *text,
                   pl_answer *answer);
void pl_device_fail(const pl_api_call *call, pl_err e, const char *text,
                    pl_answer *answer);
void pl_relay_fail(const pl_api_call *call, pl_err e, const char *text,
                   pl_answer *answer);
/* By the family of op. */
void pl_api_fail(const pl_api_op *op, const pl_api_call *call, pl_err e,
                 const char *text, pl_answer *answer);

#endif
