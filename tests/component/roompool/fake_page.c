/* fake_page.c - see fake_page.h. */
#include "fake_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/rng.h"
#include "world.h"

enum { MS = 1000, MAX_READS = 200 };

void page_enters(world *w, page *p, const char *room, const char *pin,
                 const char *token)
{
    answer a;
    memset(p, 0, sizeof *p);
    PUT(p->token, token);
    assert_int_equal(join_room(w, room, pin, token, &a), PL_OK);
    PUT(p->id, a.body.joined.participant_id);
    p->waiting = a.body.joined.waiting;
    p->role = a.body.joined.role;
}

void page_talks(world *w, page *p)
{
    pl_participant_media m = {.sdp = pl_slice_str("page-offer")};
    answer a;
    PUT(m.participant_id, p->id);
    PUT(m.token_hash, hash_of(p->token));
    world_ask(w, &PL_MSG_PARTICIPANT_MEDIA, &m, &a);
    assert_int_equal(a.error, PL_OK);
    PUT(p->call, a.body.media.call_id);
    media_report(w, p->call, PL_LEG_STATE_CONNECTED);
    world_run(w, 10 * MS);
}

void page_is_in(world *w, page *p, const char *room, const char *pin,
                const char *token)
{
    page_enters(w, p, room, pin, token);
    page_talks(w, p);
}

void page_goes(world *w, const page *p)
{
    pl_participant_leave m = {.present = 0};
    answer a;
    PUT(m.participant_id, p->id);
    PUT(m.token_hash, hash_of(p->token));
    world_ask(w, &PL_MSG_PARTICIPANT_LEAVE, &m, &a);
    assert_int_equal(a.error, PL_OK);
    world_run(w, 10 * MS);
}

fake_leg *page_leg(world *w, const page *p)
{
    return media_leg(w, p->call);
}

const pl_part *page_part(world *w, const page *p)
{
    return pl_map_find(world_pool(w)->parts, p->id);
}

/* ---- requests ---- */

#define BY(m, by)                                                              \
    do {                                                                       \
        PUT((m)->participant_id, (by)->id);                                    \
        PUT((m)->token_hash, hash_of((by)->token));                            \
    } while (0)

static pl_err ask(world *w, const pl_msg_desc *desc, const void *body,
                  answer *a)
{
    world_ask(w, desc, body, a);
    world_run(w, 10 * MS);
    return a->error;
}

pl_err page_controls(world *w, const page *by, const char *target_id,
                     pl_participant_control *m)
{
    answer a;
    BY(m, by);
    PUT(m->target_id, target_id ? target_id : by->id);
    return ask(w, &PL_MSG_PARTICIPANT_CONTROL, m, &a);
}

pl_err page_sets(world *w, const page *by, pl_conference_control *m)
{
    answer a;
    BY(m, by);
    return ask(w, &PL_MSG_CONFERENCE_CONTROL, m, &a);
}

pl_err page_controls_one(world *w, const page *by, const char *target_id,
                         size_t field, bool value)
{
    pl_participant_control m = {.present = 0};
    *(bool *)(void *)((char *)&m + field) = value;
    pl_msg_mark(&PL_MSG_PARTICIPANT_CONTROL, &m, field);
    return page_controls(w, by, target_id, &m);
}

pl_err page_sets_one(world *w, const page *by, size_t field, bool value)
{
    pl_conference_control m = {.present = 0};
    *(bool *)(void *)((char *)&m + field) = value;
    pl_msg_mark(&PL_MSG_CONFERENCE_CONTROL, &m, field);
    return page_sets(w, by, &m);
}

pl_err page_says(world *w, const page *by, const char *target_id,
                 const char *text)
{
    pl_room_message m = {.payload = pl_slice_str(text)};
    answer a;
    BY(&m, by);
    PUT(m.type, "text/plain");
    if (target_id) {
        PUT(m.target_id, target_id);
        PL_MSG_SET(ROOM_MESSAGE, room_message, &m, target_id);
    }
    return ask(w, &PL_MSG_ROOM_MESSAGE, &m, &a);
}

pl_err page_dials(world *w, const page *by, const char *address,
                  pl_room_dial *m, answer *a)
{
    BY(m, by);
    PUT(m->address, address);
    if (m->role == 0)
        m->role = PL_PART_ROLE_GUEST;
    return ask(w, &PL_MSG_ROOM_DIAL, m, a);
}

pl_err page_transfers(world *w, const page *by, const char *target_id,
                      pl_participant_transfer *m)
{
    answer a;
    BY(m, by);
    PUT(m->target_id, target_id);
    return ask(w, &PL_MSG_PARTICIPANT_TRANSFER, m, &a);
}

/* ---- events ---- */

static bool read_next(world *w, page *p, answer *ev)
{
    pl_err e = poll_part(w, p->id, p->token, !p->is_reading, &p->cursor, ev);
    p->is_reading = true;
    return e == PL_OK;
}

void page_hears(world *w, page *p, uint32_t kind, answer *ev)
{
    for (int i = 0; i < MAX_READS && read_next(w, p, ev); i++)
        if (ev->body.event.kind == kind)
            return;
    fail_msg("%s never hears %s", p->token, pl_event_kind_text(kind));
}

void page_hears_no(world *w, page *p, uint32_t kind)
{
    answer ev;
    for (int i = 0; i < MAX_READS && read_next(w, p, &ev); i++)
        if (ev.body.event.kind == kind)
            fail_msg("%s hears %s", p->token, pl_event_kind_text(kind));
}

void page_listens(world *w, page *p)
{
    page_hears_no(w, p, PL_EVENT_KIND_UNKNOWN);
}
