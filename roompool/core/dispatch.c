/* dispatch.c - which message goes to which function, and who may send it. */
#include "adoption.h"
#include "chat.h"
#include "conference_api.h"
#include "control.h"
#include "device/device_call.h"
#include "device/notify.h"
#include "device/registration.h"
#include "device/relay.h"
#include "device/subscription.h"
#include "direct_call.h"
#include "event_stream.h"
#include "handover.h"
#include "join.h"
#include "leg.h"
#include "management.h"
#include "management_command.h"
#include "management_query.h"
#include "media_stream.h"
#include "model.h"
#include "ops.h"
#include "pl/str.h"
#include "platform.h"
#include "recording.h"
#include "refer.h"
#include "room_dial.h"
#include "room_sound.h"
#include "session.h"
#include "successor.h"
#include "telephone.h"
#include "ticket.h"
#include "video.h"
#include "vmr.h"
#include "worker.h"

enum {
    FROM_API = 1 << PL_ROLE_API,
    FROM_SIGNALING = 1 << PL_ROLE_SIGNALING,
    FROM_MEDIA = 1 << PL_ROLE_MEDIA,
    FROM_WORKER = FROM_API | FROM_SIGNALING | FROM_MEDIA,
    FROM_OPERATOR = 1 << PL_ROLE_OPERATOR, /* no worker; ops.h */
    FROM_ANY = -1,                         /* also before its hello */
};

typedef struct route {
    const pl_msg_desc *desc;
    int from;
    void (*handle)(pl_pool *pool, const pl_bus_in *in);
} route;

static const route ROUTES[] = {
    {&PL_MSG_HELLO, FROM_ANY, pl_on_hello},
    {&PL_MSG_BEAT, FROM_ANY, pl_on_beat},
    {&PL_MSG_GOODBYE, FROM_ANY, pl_on_goodbye},
    {&PL_MSG_INVENTORY_ITEM, FROM_WORKER, pl_on_inventory_item},
    {&PL_MSG_INVENTORY_END, FROM_WORKER, pl_on_inventory_end},
    {&PL_MSG_METRICS_REPORT, FROM_WORKER, pl_on_metrics_report},
    {&PL_MSG_METRICS_GET, FROM_API, pl_on_metrics_get},
    {&PL_MSG_SESSION_CREATE, FROM_API, pl_on_session_create},
    {&PL_MSG_SESSION_REFRESH, FROM_API, pl_on_session_refresh},
    {&PL_MSG_SESSION_DELETE, FROM_API, pl_on_session_delete},
    {&PL_MSG_SESSION_TICKET, FROM_API, pl_on_session_ticket},
    {&PL_MSG_SESSION_TICKET_USE, FROM_API, pl_on_session_ticket_use},
    {&PL_MSG_USER_BIND, FROM_API, pl_on_user_bind},
    {&PL_MSG_CONFERENCE_CREATE, FROM_API, pl_on_conference_create},
    {&PL_MSG_CONFERENCE_ACTION, FROM_API, pl_on_conference_action},
    {&PL_MSG_CONFERENCE_DELETE, FROM_API, pl_on_conference_delete},
    {&PL_MSG_DIRECT_CALL_CREATE, FROM_API, pl_on_direct_call_create},
    {&PL_MSG_PARTICIPANT_INVITE, FROM_API, pl_on_participant_invite},
    {&PL_MSG_PARTICIPANT_REMOVE, FROM_API, pl_on_participant_remove},
    {&PL_MSG_EVENT_POLL, FROM_API, pl_on_event_poll},
    {&PL_MSG_EVENT_ACK, FROM_API, pl_on_event_ack},
    {&PL_MSG_EVENT_POLL_CANCEL, FROM_API, pl_on_event_poll_cancel},
    {&PL_MSG_ROOM_JOIN, FROM_API, pl_on_room_join},
    {&PL_MSG_PARTICIPANT_REFRESH, FROM_API, pl_on_participant_refresh},
    {&PL_MSG_PARTICIPANT_LEAVE, FROM_API, pl_on_participant_leave},
    {&PL_MSG_PARTICIPANT_MEDIA, FROM_API, pl_on_participant_media},
    {&PL_MSG_PARTICIPANT_MEDIA_END, FROM_API, pl_on_participant_media_end},
    {&PL_MSG_PARTICIPANT_CONTROL, FROM_API, pl_on_participant_control},
    {&PL_MSG_CONFERENCE_CONTROL, FROM_API, pl_on_conference_control},
    {&PL_MSG_ROOM_MESSAGE, FROM_API, pl_on_room_message},
    {&PL_MSG_ROOM_DIAL, FROM_API, pl_on_room_dial},
    {&PL_MSG_PARTICIPANT_TRANSFER, FROM_API, pl_on_participant_transfer},
    {&PL_MSG_ROOM_STATUS, FROM_API, pl_on_room_status},
    {&PL_MSG_ROSTER_GET, FROM_API, pl_on_roster_get},
    {&PL_MSG_POOL_CHECKOUT, FROM_API, pl_on_pool_checkout},
    {&PL_MSG_POOL_ROOM_GET, FROM_API, pl_on_pool_room_get},
    {&PL_MSG_POOL_ROOM_CHANGE, FROM_API, pl_on_pool_room_change},
    {&PL_MSG_POOL_ROOM_DELETE, FROM_API, pl_on_pool_room_delete},
    {&PL_MSG_POOL_ROOM_NEXT, FROM_API, pl_on_pool_room_next},
    {&PL_MSG_POOL_FILL, FROM_API, pl_on_pool_fill},
    {&PL_MSG_POOL_ROOMS_DELETE, FROM_API, pl_on_pool_rooms_delete},
    {&PL_MSG_VIDEO_CREATE, FROM_API, pl_on_video_create},
    {&PL_MSG_VIDEO_GET, FROM_API, pl_on_video_get},
    {&PL_MSG_VIDEO_STATUS, FROM_API, pl_on_video_status},
    {&PL_MSG_VIDEO_DELETE, FROM_API, pl_on_video_delete},
    {&PL_MSG_VIDEO_CALL_PUT, FROM_API, pl_on_video_call_put},
    {&PL_MSG_MANAGEMENT_QUERY, FROM_API, pl_on_management_query},
    {&PL_MSG_MANAGEMENT_PUT, FROM_API, pl_on_management_put},
    {&PL_MSG_MANAGEMENT_DELETE, FROM_API, pl_on_management_delete},
    {&PL_MSG_MANAGEMENT_COMMAND, FROM_API, pl_on_management_command},
    {&PL_MSG_MANAGEMENT_DIAL, FROM_API, pl_on_management_dial},
    {&PL_MSG_MANAGEMENT_STREAMS, FROM_API, pl_on_management_streams},
    {&PL_MSG_PLATFORM_EVENT, FROM_API, pl_on_platform_event},
    {&PL_MSG_REGISTRATION_CREATE, FROM_API, pl_on_registration_create},
    {&PL_MSG_REGISTRATION_GET, FROM_API, pl_on_registration_get},
    {&PL_MSG_REGISTRATION_NEXT, FROM_API, pl_on_registration_next},
    {&PL_MSG_REGISTRATION_REFRESH, FROM_API, pl_on_registration_refresh},
    {&PL_MSG_REGISTRATION_DELETE, FROM_API, pl_on_registration_delete},
    {&PL_MSG_SUBSCRIPTION_CREATE, FROM_API, pl_on_subscription_create},
    {&PL_MSG_SUBSCRIPTION_GET, FROM_API, pl_on_subscription_get},
    {&PL_MSG_SUBSCRIPTION_NEXT, FROM_API, pl_on_subscription_next},
    {&PL_MSG_SUBSCRIPTION_CHANGE, FROM_API, pl_on_subscription_change},
    {&PL_MSG_SUBSCRIPTION_DELETE, FROM_API, pl_on_subscription_delete},
    {&PL_MSG_DEVICE_TOLD, FROM_API, pl_on_device_told},
    {&PL_MSG_RELAY_OPEN, FROM_API, pl_on_relay_open},
    {&PL_MSG_RELAY_GET, FROM_API, pl_on_relay_get},
    {&PL_MSG_RELAY_EXTEND, FROM_API, pl_on_relay_extend},
    {&PL_MSG_RELAY_CLOSE, FROM_API, pl_on_relay_close},
    {&PL_MSG_RELAY_PUT, FROM_API, pl_on_relay_put},
    {&PL_MSG_RELAY_READ, FROM_API, pl_on_relay_read},
    {&PL_MSG_MEDIA_SESSION_CREATE, FROM_API, pl_on_media_session_create},
    {&PL_MSG_MEDIA_SESSION_GET, FROM_API, pl_on_media_session_get},
    {&PL_MSG_MEDIA_SESSION_PUT, FROM_API, pl_on_media_session_put},
    {&PL_MSG_MEDIA_SESSION_DELETE, FROM_API, pl_on_media_session_delete},
    {&PL_MSG_LEG_REPORT, FROM_MEDIA, pl_on_leg_report},
    {&PL_MSG_LEG_DTMF, FROM_MEDIA, pl_on_leg_dtmf},
    {&PL_MSG_LEG_PLAYED, FROM_MEDIA, pl_on_leg_played},
    {&PL_MSG_LEG_TALKING, FROM_MEDIA, pl_on_leg_talking},
    {&PL_MSG_LEG_STATS, FROM_MEDIA, pl_on_leg_stats},
    {&PL_MSG_LEG_SNAPSHOT, FROM_MEDIA, pl_on_leg_snapshot},
    {&PL_MSG_LEG_POSITION, FROM_MEDIA, pl_on_leg_position},
    {&PL_MSG_ROOM_PLAYED, FROM_MEDIA, pl_on_room_played},
    {&PL_MSG_RECORDING_REPORT, FROM_MEDIA, pl_on_recording_report},
    {&PL_MSG_RECORDING_FILE, FROM_MEDIA, pl_on_recording_file},
    {&PL_MSG_CALL_INCOMING, FROM_SIGNALING, pl_on_call_incoming},
    {&PL_MSG_CALL_REPORT, FROM_SIGNALING, pl_on_call_report},
    {&PL_MSG_CALL_OFFER, FROM_SIGNALING, pl_on_call_offer},
    {&PL_MSG_CALL_DTMF, FROM_SIGNALING, pl_on_call_dtmf},
    {&PL_MSG_DIALOG_SAVE, FROM_SIGNALING, pl_on_dialog_save},
    {&PL_MSG_CALL_REFER, FROM_SIGNALING, pl_on_call_refer},
    {&PL_MSG_OPS_LIST, FROM_OPERATOR, pl_on_ops_list},
    {&PL_MSG_OPS_DRAIN, FROM_OPERATOR, pl_on_ops_drain},
    {&PL_MSG_OPS_EVENTS, FROM_OPERATOR, pl_on_ops_events},
};
enum { N_ROUTES = sizeof ROUTES / sizeof ROUTES[0] };

const pl_msg_desc *pl_pool_handled(size_t i)
{
    return i < N_ROUTES ? ROUTES[i].desc : NULL;
}

/* PL_OK; PL_EAGAIN from a worker that has to say hello first, as after our own
 * restart; PL_EFORBIDDEN from one of another role. */
static pl_err may_send(const pl_pool *pool, const route *r, const char *node)
{
    const pl_worker *w = pl_worker_find(pool, node);
    if (r->from == FROM_ANY)
        return PL_OK;
    if (pl_ops_knows(pool, node))
        return r->from == FROM_OPERATOR ? PL_OK : PL_EFORBIDDEN;
    if (!w || w->row.state != PL_WORKER_STATE_UP || w->is_expected)
        return PL_EAGAIN;
    return (r->from & (1 << w->row.role)) != 0 ? PL_OK : PL_EFORBIDDEN;
}

void pl_pool_handle(pl_pool *pool, pl_now now, const pl_bus_in *in)
{
    pool->now = now;
    PL_SET(pool->trace, in->trace);
    for (size_t i = 0; i < N_ROUTES; i++) {
        if (ROUTES[i].desc != in->desc)
            continue;
        pl_err e = may_send(pool, &ROUTES[i], in->node);
        if (!e) {
            ROUTES[i].handle(pool, in);
            return;
        }
        if (e == PL_EFORBIDDEN)
            pl_pool_count(pool, PL_RM_worker_role);
        if (in->desc->kind == PL_REQUEST)
            pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
}
