/* fake_media.c - see fake_media.h. */
#include "fake_media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000 };

static long room_at(const fake_media *m, const char *id)
{
    for (size_t i = 0; i < m->n_rooms; i++)
        if (strcmp(m->rooms[i].id, id) == 0)
            return (long)i;
    return -1;
}

static void drop_leg(fake_media *m, size_t i)
{
    m->legs[i] = m->legs[--m->n_legs];
}

static fake_leg *leg_of(fake_media *m, const char *id)
{
    for (size_t i = 0; i < m->n_legs; i++)
        if (strcmp(m->legs[i].id, id) == 0)
            return &m->legs[i];
    return NULL;
}

/* An epoch is one worker's, and each place of a room has a later one. */
static void note_place(fake_media *m, const char *room, uint64_t epoch)
{
    world *w = m->world;
    size_t n = w->n_places < WORLD_PLACES ? w->n_places : WORLD_PLACES;
    for (size_t i = 0; i < n; i++) {
        const world_place *p = &w->places[i];
        bool is_room = strcmp(p->room, room) == 0;
        if (p->epoch == epoch && (!is_room || strcmp(p->node, m->node) != 0))
            fail_msg("epoch %u is given twice", (unsigned)epoch);
        if (is_room && p->epoch > epoch)
            fail_msg("epoch %u comes after %u", (unsigned)epoch,
                     (unsigned)p->epoch);
        if (is_room && p->epoch == epoch)
            return;
    }
    world_place *p = &w->places[w->n_places++ % WORLD_PLACES];
    p->epoch = epoch;
    PUT(p->room, room);
    PUT(p->node, m->node);
}

static void drop_legs_of(fake_media *m, const char *room)
{
    for (size_t i = m->n_legs; i-- > 0;)
        if (strcmp(m->legs[i].room, room) == 0)
            drop_leg(m, i);
}

static void on_room_open(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_room_open *b = in->body;
    long at = room_at(m, b->room_id);
    if (m->is_silent)
        return;
    if (at < 0 && m->refuse_open) {
        pl_bus_reply_error(m->bus, &in->ticket, m->refuse_open, NULL);
        return;
    }
    if (at < 0) {
        assert_true(m->n_rooms < WORLD_ROOMS);
        at = (long)m->n_rooms++;
        pl_fmt_cut(m->rooms[at].id, 65, "%s", b->room_id);
    }
    note_place(m, b->room_id, in->epoch);
    m->owed = b->owed;
    if (m->rooms[at].epoch != in->epoch)
        drop_legs_of(m, b->room_id);
    m->rooms[at].epoch = in->epoch;
    reply_ok(m->bus, in);
}

static void on_room_close(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_room_close *b = in->body;
    long at = room_at(m, b->room_id);
    if (at >= 0 && m->rooms[at].epoch == in->epoch) {
        m->rooms[at] = m->rooms[--m->n_rooms];
        drop_legs_of(m, b->room_id);
        m->n_closed++;
    }
    reply_ok(m->bus, in);
}

static bool refused(fake_media *m, const pl_bus_in *in, const char *room)
{
    long at = room_at(m, room);
    pl_err e = m->refuse;
    if (m->is_silent)
        return true;
    if (!e && at < 0)
        e = PL_ENOENT;
    if (!e && m->rooms[at].epoch != in->epoch)
        e = PL_ESTALE;
    if (e)
        pl_bus_reply_error(m->bus, &in->ticket, e, NULL);
    return e != PL_OK;
}

static void reply_sdp(fake_media *m, const pl_bus_in *in, const char *what,
                      pl_slice sdp, uint32_t type)
{
    char text[256];
    pl_media_leg_sdp r = {.sdp_type = type, .direction = m->direction};
    PUT(r.lines, "audio/a0");
    PL_MSG_SET(MEDIA_LEG_SDP, media_leg_sdp, &r, lines);
    pl_fmt_cut(text, sizeof text, "%s:%.*s", what, (int)sdp.len,
               sdp.ptr ? (const char *)sdp.ptr : "");
    r.sdp = pl_slice_str(text);
    PL_MSG_SET(MEDIA_LEG_SDP, media_leg_sdp, &r, sdp);
    pl_bus_reply(m->bus, &in->ticket, &PL_MSG_MEDIA_LEG_SDP, &r);
}

static void on_leg_create(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_create *b = in->body;
    if (refused(m, in, b->room_id))
        return;
    static const char none[] = "no-media";
    size_t n = sizeof none - 1;
    if (b->sdp.len >= n && memcmp(b->sdp.ptr + b->sdp.len - n, none, n) == 0) {
        pl_bus_reply_error(m->bus, &in->ticket, PL_EMEDIA, NULL);
        return;
    }
    fake_leg *leg = leg_of(m, b->leg_id);
    if (!leg) {
        assert_true(m->n_legs < WORLD_LEGS);
        leg = &m->legs[m->n_legs++];
    }
    *leg = (fake_leg){.mixed = b->mixed, .muted = b->muted};
    pl_fmt_cut(leg->id, 65, "%s", b->leg_id);
    pl_fmt_cut(leg->room, 65, "%s", b->room_id);
    pl_fmt_cut(leg->lines, sizeof leg->lines, "%s", b->lines);
    pl_fmt_cut(leg->state, sizeof leg->state, "of %s", b->leg_id);
    leg->had_offer = b->sdp.len > 0;
    if (leg->had_offer)
        reply_sdp(m, in, "answer", b->sdp, PL_SDP_TYPE_ANSWER);
    else
        reply_sdp(m, in, "offer", pl_slice_str(leg->id), PL_SDP_TYPE_OFFER);
}

static void on_leg_remote(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_remote *b = in->body;
    if (refused(m, in, b->room_id))
        return;
    fake_leg *leg = leg_of(m, b->leg_id);
    if (!leg) {
        pl_bus_reply_error(m->bus, &in->ticket, PL_ENOENT, NULL);
        return;
    }
    if (b->sdp_type == PL_SDP_TYPE_ROLLBACK) {
        leg->n_rollbacks++;
        reply_ok(m->bus, in);
        return;
    }
    leg->n_remote++;
    if (b->direction)
        leg->direction = b->direction;
    if (b->sdp_type == PL_SDP_TYPE_OFFER || b->sdp_type == PL_SDP_TYPE_ANSWER)
        media_tells_snapshot(m, leg);
    if (b->sdp_type == PL_SDP_TYPE_OFFER)
        reply_sdp(m, in, "answer", b->sdp, PL_SDP_TYPE_ANSWER);
    else if (b->sdp_type == PL_SDP_TYPE_UNKNOWN)
        reply_sdp(m, in, "offer", pl_slice_str(leg->id), PL_SDP_TYPE_OFFER);
    else {
        pl_media_leg_sdp r = {.direction = m->direction};
        pl_bus_reply(m->bus, &in->ticket, &PL_MSG_MEDIA_LEG_SDP, &r);
    }
}

/* ---- legs of others ---- */

static void tell_of(fake_media *m, const fake_leg *leg, const pl_msg_desc *desc,
                    const void *body)
{
    long at = room_at(m, leg->room);
    if (at >= 0)
        assert_int_equal(
            pl_bus_event(m->bus, &(pl_bus_send){.epoch = m->rooms[at].epoch},
                         desc, body),
            PL_OK);
}

void media_tells_snapshot(fake_media *m, const fake_leg *leg)
{
    pl_leg_snapshot b = {.state = pl_slice_str(leg->state),
                         .position = pl_slice_str("here")};
    if (!m->net[0] || !m->bus || m->tells_nothing)
        return;
    PUT(b.room_id, leg->room);
    PUT(b.leg_id, leg->id);
    tell_of(m, leg, &PL_MSG_LEG_SNAPSHOT, &b);
}

void media_tells_position(fake_media *m, const fake_leg *leg, bool is_final)
{
    pl_leg_position b = {.position = pl_slice_str("there"),
                         .is_final = is_final};
    PL_MSG_SET(LEG_POSITION, leg_position, &b, is_final);
    PUT(b.room_id, leg->room);
    PUT(b.leg_id, leg->id);
    tell_of(m, leg, &PL_MSG_LEG_POSITION, &b);
}

/* Whether another process still has the ports of a leg. */
static bool is_bound_elsewhere(fake_media *m, const char *leg_id)
{
    for (unsigned i = 0; i < 3; i++) {
        fake_media *other = &m->world->media[i];
        if (other != m && (other->bus || other->is_hung) &&
            strcmp(other->net, m->net) == 0 && leg_of(other, leg_id))
            return true;
    }
    return false;
}

static void on_leg_import(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_import *b = in->body;
    m->n_import_tries++;
    if (refused(m, in, b->room_id))
        return;
    pl_err e = m->refuse_import;
    if (!e && is_bound_elsewhere(m, b->leg_id))
        e = PL_EBUSY;
    if (e) {
        pl_bus_reply_error(m->bus, &in->ticket, e, NULL);
        return;
    }
    fake_leg *leg = leg_of(m, b->leg_id);
    if (!leg) {
        assert_true(m->n_legs < WORLD_LEGS);
        leg = &m->legs[m->n_legs++];
        *leg = (fake_leg){.n_imports = 0};
    }
    PUT(leg->id, b->leg_id);
    PUT(leg->room, b->room_id);
    pl_fmt_cut(leg->state, sizeof leg->state, "%.*s", (int)b->state.len,
               (const char *)b->state.ptr);
    leg->mixed = b->mixed;
    leg->muted = b->muted;
    leg->age_ms = b->age_ms;
    leg->n_imports++;
    media_tells_snapshot(m, leg);
    reply_ok(m->bus, in);
}

static void on_release(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    m->n_releases++;
    if (m->is_silent)
        return;
    if (m->refuse_release) {
        pl_bus_reply_error(m->bus, &in->ticket, m->refuse_release, NULL);
        return;
    }
    for (size_t i = 0; i < m->n_legs; i++)
        media_tells_position(m, &m->legs[i], i > 0 || !m->loses_final);
    m->n_legs = m->n_rooms = 0;
    reply_ok(m->bus, in);
}

static void on_leg_set(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_set *b = in->body;
    fake_leg *leg = leg_of(m, b->leg_id);
    if (leg && PL_MSG_HAS(MEDIA_LEG_SET, media_leg_set, b, mixed))
        leg->mixed = b->mixed;
    if (leg && PL_MSG_HAS(MEDIA_LEG_SET, media_leg_set, b, muted))
        leg->muted = b->muted;
    reply_ok(m->bus, in);
}

static bool lacks_prompt(const fake_media *m, const pl_bus_in *in,
                         const char *prompt)
{
    if (!m->no_prompt || strcmp(m->no_prompt, prompt) != 0)
        return false;
    pl_bus_reply_error(m->bus, &in->ticket, PL_ENOENT, NULL);
    return true;
}

static void on_leg_play(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_play *b = in->body;
    fake_leg *leg = leg_of(m, b->leg_id);
    if (lacks_prompt(m, in, b->prompt))
        return;
    if (leg)
        pl_fmt_cut(leg->prompt, sizeof leg->prompt, "%s", b->prompt);
    reply_ok(m->bus, in);
}

static void on_leg_keys(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_keys *b = in->body;
    if (refused(m, in, b->room_id))
        return;
    fake_leg *leg = leg_of(m, b->leg_id);
    pl_err e = leg ? m->refuse_keys : PL_ENOENT;
    if (e) {
        pl_bus_reply_error(m->bus, &in->ticket, e, NULL);
        return;
    }
    size_t n = strlen(leg->keys);
    pl_fmt_cut(leg->keys + n, sizeof leg->keys - n, "%s", b->digits);
    reply_ok(m->bus, in);
}

static void on_room_play(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_room_play *b = in->body;
    if (refused(m, in, b->room_id) || lacks_prompt(m, in, b->prompt))
        return;
    pl_fmt_cut(m->room_prompt, sizeof m->room_prompt, "%s", b->prompt);
    m->is_room_loop = b->loop;
    m->n_room_plays++;
    reply_ok(m->bus, in);
}

static void on_record_start(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_record_start *b = in->body;
    if (refused(m, in, b->room_id))
        return;
    if (m->refuse_record) {
        pl_bus_reply_error(m->bus, &in->ticket, m->refuse_record,
                           m->refuse_record_text);
        return;
    }
    pl_fmt_cut(m->recording.id, sizeof m->recording.id, "%s", b->recording_id);
    m->recording.part = b->part;
    m->recording.stems = b->stems;
    m->recording.n_starts++;
    reply_ok(m->bus, in);
}

static void on_record_stop(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    m->n_record_stops++;
    reply_ok(m->bus, in);
}

static void on_leg_destroy(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_destroy *b = in->body;
    for (size_t i = 0; i < m->n_legs; i++)
        if (strcmp(m->legs[i].id, b->leg_id) == 0) {
            drop_leg(m, i);
            m->n_destroyed++;
            break;
        }
    reply_ok(m->bus, in);
}

static void fill_beat(void *ctx, pl_beat *beat)
{
    const fake_media *m = ctx;
    beat->life = m->life;
    beat->load_permille = m->load_permille;
}

static void listen(fake_media *m)
{
    const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } handlers[] = {
        {&PL_MSG_MEDIA_ROOM_OPEN, on_room_open},
        {&PL_MSG_MEDIA_ROOM_CLOSE, on_room_close},
        {&PL_MSG_MEDIA_LEG_CREATE, on_leg_create},
        {&PL_MSG_MEDIA_LEG_REMOTE, on_leg_remote},
        {&PL_MSG_MEDIA_LEG_SET, on_leg_set},
        {&PL_MSG_MEDIA_LEG_PLAY, on_leg_play},
        {&PL_MSG_MEDIA_LEG_KEYS, on_leg_keys},
        {&PL_MSG_MEDIA_LEG_IMPORT, on_leg_import},
        {&PL_MSG_MEDIA_RELEASE, on_release},
        {&PL_MSG_MEDIA_LEG_DESTROY, on_leg_destroy},
        {&PL_MSG_MEDIA_ROOM_PLAY, on_room_play},
        {&PL_MSG_MEDIA_RECORD_START, on_record_start},
        {&PL_MSG_MEDIA_RECORD_STOP, on_record_stop},
    };
    m->bus = world_open_bus(m->world, m->node, PL_ROLE_MEDIA);
    pl_bus_on_beat(m->bus, fill_beat, m);
    for (size_t k = 0; k < sizeof handlers / sizeof handlers[0]; k++)
        assert_int_equal(
            pl_bus_handle(m->bus, handlers[k].desc, handlers[k].handler, m),
            PL_OK);
}

void world_start_media_in(world *w, unsigned i, const char *net)
{
    fake_media *m = &w->media[i];
    *m = (fake_media){
        .world = w, .direction = PL_DIRECTION_SENDRECV, .life = PL_LIFE_READY};
    PUT(m->net, net);
    pl_fmt_cut(m->node, sizeof m->node, "media-%u.%u", i + 1, ++w->n_boot);
    listen(m);
    if (w->glue) {
        world_say_hello(w, m->bus, m->node, PL_ROLE_MEDIA);
        pl_inventory_end end = {.count = 0};
        assert_int_equal(pl_bus_event(m->bus, &(pl_bus_send){.to = NULL},
                                      &PL_MSG_INVENTORY_END, &end),
                         PL_OK);
        world_run(w, 5 * MS);
    }
}

void world_start_media(world *w, unsigned i)
{
    world_start_media_in(w, i, w->nets[i] ? w->nets[i] : "");
}

void world_kill_media(world *w, unsigned i)
{
    pl_bus_close(&w->media[i].bus);
    w->media[i].n_legs = w->media[i].n_rooms = 0;
    w->media[i].is_hung = false;
}

void world_hang_media(world *w, unsigned i)
{
    pl_bus_close(&w->media[i].bus);
    w->media[i].is_hung = true;
}

void world_wake_media(world *w, unsigned i)
{
    fake_media *m = &w->media[i];
    m->is_hung = false;
    listen(m);
    if (!w->glue)
        return;
    world_say_hello(w, m->bus, m->node, PL_ROLE_MEDIA);
    media_inventory(m);
    world_run(w, 10 * MS);
}

void media_beats(fake_media *m, uint32_t life)
{
    m->life = life;
    world_run(m->world, 300 * MS); /* the next one says it */
}

void media_is_well(fake_media *m)
{
    m->refuse = m->refuse_open = m->refuse_import = m->refuse_release = PL_OK;
    m->is_silent = false;
}

void media_says_goodbye(fake_media *m)
{
    world *w = m->world;
    pl_goodbye b = {.present = 0};
    assert_int_equal(
        pl_bus_event(m->bus, &(pl_bus_send){.to = NULL}, &PL_MSG_GOODBYE, &b),
        PL_OK);
    world_run(w, 5 * MS);
    pl_bus_close(&m->bus);
    m->n_legs = m->n_rooms = 0;
    world_run(w, 5 * MS);
}

static void tell(const fake_media *m, const pl_msg_desc *desc, const void *body)
{
    const pl_bus_send how = {.epoch = m->n_rooms > 0 ? m->rooms[0].epoch : 0};
    assert_int_equal(pl_bus_event(m->bus, &how, desc, body), PL_OK);
    world_run(m->world, 10 * MS);
}

/* Of the room it has, and what it was told of the recording. */
#define RECORDING_IDS(m, body)                                                 \
    do {                                                                       \
        PUT((body).room_id, (m)->n_rooms > 0 ? (m)->rooms[0].id : "gone");     \
        PUT((body).recording_id, (m)->recording.id);                           \
        (body).part = (m)->recording.part;                                     \
    } while (0)

void media_reports_recording(fake_media *m, uint32_t state, const char *reason)
{
    pl_recording_report r = {.state = state};
    RECORDING_IDS(m, r);
    PUT(r.reason, reason);
    PL_MSG_SET(RECORDING_REPORT, recording_report, &r, reason);
    tell(m, &PL_MSG_RECORDING_REPORT, &r);
}

void media_tells_file(fake_media *m, const pl_recording_file *file)
{
    pl_recording_file f = *file;
    RECORDING_IDS(m, f);
    tell(m, &PL_MSG_RECORDING_FILE, &f);
}

void media_inventory(fake_media *m)
{
    for (size_t i = 0; i < m->n_rooms; i++)
        world_send_item(m->bus, PL_INVENTORY_ROOM, m->rooms[i].id, "",
                        m->rooms[i].epoch, 0);
    for (size_t i = 0; i < m->n_legs; i++) {
        long at = room_at(m, m->legs[i].room);
        world_send_item(m->bus, PL_INVENTORY_LEG, m->legs[i].id,
                        m->legs[i].room, at >= 0 ? m->rooms[at].epoch : 0,
                        PL_LEG_STATE_CONNECTED);
    }
    for (size_t i = 0; i < m->n_legs; i++)
        media_tells_snapshot(m, &m->legs[i]);
    world_send_end(m->bus);
}

fake_leg *media_leg(world *w, const char *leg_id)
{
    for (unsigned i = 0; i < w->n_media; i++) {
        fake_leg *leg = w->media[i].bus ? leg_of(&w->media[i], leg_id) : NULL;
        if (leg)
            return leg;
    }
    return NULL;
}

void media_tells(world *w, const pl_leg *leg, const pl_msg_desc *desc,
                 const void *body)
{
    const pl_conf_row *conf = &leg->part->conf->row;
    for (unsigned i = 0; i < w->n_media; i++)
        if (w->media[i].bus && strcmp(w->media[i].node, conf->media_node) == 0)
            assert_int_equal(pl_bus_event(w->media[i].bus,
                                          &(pl_bus_send){.epoch = conf->epoch},
                                          desc, body),
                             PL_OK);
}

void media_report(world *w, const char *leg_id, uint32_t state)
{
    const pl_leg *leg = pl_map_find(world_pool(w)->legs, leg_id);
    pl_leg_report m = {.state = state};
    assert_non_null(leg);
    PUT(m.room_id, leg->part->conf->row.conf_id);
    PUT(m.leg_id, leg_id);
    media_tells(w, leg, &PL_MSG_LEG_REPORT, &m);
    for (unsigned i = 0; i < w->n_media; i++)
        if (state == PL_LEG_STATE_CONNECTED &&
            strcmp(w->media[i].node, leg->part->conf->row.media_node) == 0 &&
            leg_of(&w->media[i], leg_id))
            media_tells_snapshot(&w->media[i], leg_of(&w->media[i], leg_id));
    world_run(w, 10 * MS);
}
