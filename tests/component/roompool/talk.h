/* talk.h - what every fake peer of a world does on the bus: come up, ask,
 * reply, list what it holds. */
#ifndef PL_TEST_TALK_H
#define PL_TEST_TALK_H

#include "bus_glue.h"
#include "pl/str.h"

typedef struct world world;

/* Put a text into a field, cut to fit. */
#define PUT(field, text) pl_fmt_cut((field), sizeof(field), "%s", (text))

/* The reply of a request: its struct with strings copied and sdp kept. */
typedef struct answer {
    bool is_done;
    pl_err error;
    const pl_msg_desc *desc;
    uint64_t corr;
    union {
        pl_room_joined joined;
        pl_participant_media_done media;
        pl_participant_refreshed refreshed;
        pl_room_dialled dialled;
        pl_room_status_is status;
        pl_session_created session;
        pl_session_ticket_owner owner;
        pl_conference_created conference;
        pl_direct_call_created call_made;
        pl_conference_action_done action;
        pl_participant_invited invited;
        pl_event_item event;
        pl_event_none none;
        pl_call_answer call;
        pl_metrics_text metrics;
        pl_pool_room room;
        pl_pool_rooms_deleted rooms_deleted;
        pl_video_session video;
        pl_video_call video_call;
        pl_management_done managed;
        pl_registration registration;
        pl_media_session media_session;
        pl_relay_channel relay_channel;
        pl_relay_event relay;
        pl_subscription subscription;
        pl_device_refused device_refused;
        pl_ok ok;
    } body;
    char sdp[512];
    pl_error refusal; /* as it came, when it was refused by the other side */
} answer;

pl_bus *world_open_bus(world *w, const char *node, pl_role role);
/* Greet roompool and wait for its welcome. */
void world_say_hello(world *w, pl_bus *bus, const char *node, pl_role role);

/* Send a request; `a` is filled when the reply comes (world_run), and must
 * live until then. */
void world_send(world *w, pl_bus *from, const pl_msg_desc *desc,
                const void *body, answer *a);
/* Let time pass until the reply is there (70 s at most). */
void world_wait(world *w, answer *a);
/* Both, from the front end or from another bus. */
void world_ask(world *w, const pl_msg_desc *desc, const void *body, answer *a);
void world_ask_from(world *w, pl_bus *from, const pl_msg_desc *desc,
                    const void *body, answer *a);
void reply_ok(pl_bus *bus, const pl_bus_in *in);

/* One entry of an inventory, and its end. */
void world_send_item(pl_bus *bus, uint32_t kind, const char *id,
                     const char *room, uint64_t epoch, uint32_t state);
void world_send_end(pl_bus *bus);

#endif
