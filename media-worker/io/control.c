/* control.c - rooms, dropping of legs, inventory, drain. */
#include "io/control_state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/log.h"

enum { RETRY_US = 20000 };

/* ---- life --------------------------------------------------------------- */

static void on_retry(void *ctx)
{
    pl_control *c = ctx;
    size_t cursor = 0;
    pl_leg *leg;
    while ((leg = pl_leg_table_next_leg(c->table, &cursor)) != NULL) {
        if (!leg->room)
            pl_control_settle(c, leg);
    }
    if (c->release.is_on)
        pl_control_release_on(c);
}

static void on_records_idle(void *ctx)
{
    pl_control_check_drained(ctx);
}

pl_err pl_control_create(const pl_control_options *options,
                         pl_control **ret_control)
{
    pl_control *c = calloc(1, sizeof *c);
    if (!c)
        return PL_ENOMEM;
    c->o = *options;
    pl_err e =
        pl_leg_table_create(options->max_rooms, options->max_legs, &c->table);
    if (e == PL_OK) {
        e = pl_budget_create(pl_mixer_threads(options->mixer),
                             options->budget_permille, &c->budget);
    }
    if (e == PL_OK) {
        e = pl_port_pool_create(options->rtp_port_min, options->rtp_port_max,
                                &c->ports);
    }
    if (e == PL_OK)
        e = pl_timer_create(options->loop, on_retry, c, &c->retry);
    if (e == PL_OK) {
        e = pl_timer_create(options->loop, pl_control_on_telling, c,
                            &c->telling.timer);
    }
    if (e == PL_OK) {
        const pl_records_options records = {.loop = options->loop,
                                            .bus = options->bus,
                                            .mixer = options->mixer,
                                            .recorder = options->recorder,
                                            .table = c->table,
                                            .metrics = options->metrics,
                                            .max_recordings =
                                                options->max_recordings,
                                            .idle = on_records_idle,
                                            .ctx = c};
        e = pl_records_create(&records, &c->records);
    }
    if (e == PL_OK) {
        e = pl_io_create(options->loop, pl_mixer_event_fd(options->mixer),
                         PL_IO_READ, pl_control_on_mixer, c, &c->mixer_io);
    }
    if (e == PL_OK) {
        e = pl_io_create(options->loop,
                         pl_io_thread_event_fd(options->io_thread), PL_IO_READ,
                         pl_control_on_net, c, &c->net_io);
    }
    if (e != PL_OK) {
        pl_control_destroy(&c);
        return e;
    }
    *ret_control = c;
    return PL_OK;
}

static void free_own(pl_control *c, pl_leg *leg)
{
    pl_leg_own *own = pl_own(leg);
    if (!own)
        return;
    pl_leg_sdp_destroy(&own->sdp);
    pl_dtls_identity_destroy(&own->identity);
    free(own->text);
    if (leg->kind == PL_LEG_KIND_SIP)
        pl_rtp_port_close(c->ports, pl_loop_now_us(c->o.loop), &own->port);
    if (own->web_port)
        pl_web_ports_leave(c->o.web_ports, own->web_port);
    pl_wipe(own, sizeof *own); /* keys */
    free(own);
    leg->own = NULL;
}

void pl_control_quiet(pl_control *c)
{
    if (!c)
        return;
    pl_io_destroy(&c->mixer_io);
    pl_io_destroy(&c->net_io);
    pl_timer_destroy(&c->retry);
    pl_timer_destroy(&c->telling.timer);
    pl_records_quiet(c->records);
}

void pl_control_destroy(pl_control **control)
{
    if (!control || !*control)
        return;
    pl_control *c = *control;
    pl_control_quiet(c);
    size_t cursor = 0;
    pl_leg *leg;
    while (c->table &&
           (leg = pl_leg_table_next_leg(c->table, &cursor)) != NULL) {
        if (leg->own)
            pl_own(leg)->web_port = 0; /* closed with the set */
        free_own(c, leg);
    }
    pl_records_destroy(&c->records);
    pl_leg_table_destroy(&c->table);
    pl_budget_destroy(&c->budget);
    pl_port_pool_destroy(&c->ports);
    free(c);
    *control = NULL;
}

/* ---- dropping ----------------------------------------------------------- */

void pl_control_check_drained(pl_control *c)
{
    if (!c->is_draining || c->is_drained || pl_leg_table_held(c->table) > 0)
        return;
    if (c->release.is_on && !c->release.is_done) {
        pl_control_release_on(c);
        return;
    }
    c->is_drained = true;
    if (c->o.drained)
        c->o.drained(c->o.ctx);
}

void pl_control_gauges(const pl_control *c)
{
    pl_metrics_set(c->o.metrics, PL_MEDIA_M_rooms,
                   pl_leg_table_rooms(c->table));
    pl_metrics_set(c->o.metrics, PL_MEDIA_M_rtp_ports,
                   pl_port_pool_leased(c->ports));
}

void pl_control_retry(pl_control *c)
{
    pl_timer_start(c->retry, RETRY_US);
}

/* Each thread is told once and lets go once; only then are descriptors closed
 * and the index is free: until then the mixer may write to them. */
void pl_control_settle(pl_control *c, pl_leg *leg)
{
    pl_leg_own *own = pl_own(leg);
    if (own && own->is_in_net && !own->is_closing) {
        pl_net_command m = {.kind = PL_NET_CLOSE,
                            .leg = leg->mix,
                            .leg_kind = leg->kind,
                            .is_silent = own->is_silent};
        own->is_closing = pl_io_thread_command(c->o.io_thread, &m) == PL_OK;
    }
    if (own && own->is_in_mixer && !own->is_removing) {
        pl_mix_command m = {.kind = PL_MIX_LEG_REMOVE,
                            .id = leg->mix,
                            .is_silent = own->is_silent};
        own->is_removing =
            pl_mixer_command(c->o.mixer, leg->thread, &m) == PL_OK;
    }
    if (own && (own->is_in_net || own->is_in_mixer)) {
        if (own->is_closing != own->is_in_net ||
            own->is_removing != own->is_in_mixer)
            pl_control_retry(c);
        return;
    }
    if (c->release.is_on)
        pl_control_tell_place(c, leg, true);
    free_own(c, leg);
    pl_leg_table_free_leg(c->table, &leg);
    pl_control_gauges(c);
    pl_control_check_drained(c);
}

void pl_control_drop(pl_control *c, pl_leg *leg)
{
    pl_control_leg_went(c, leg);
    pl_leg_table_detach(c->table, leg);
    pl_control_settle(c, leg);
}

/* ---- rooms -------------------------------------------------------------- */

pl_err pl_control_find_room(pl_control *c, const char *id, uint64_t epoch,
                            pl_room **ret_room)
{
    pl_room *room = pl_leg_table_find_room(c->table, id);
    if (!room)
        return PL_ENOENT;
    if (room->epoch != epoch) {
        pl_metrics_add(c->o.metrics, PL_MEDIA_M_stale_commands, 1);
        return PL_ESTALE;
    }
    *ret_room = room;
    return PL_OK;
}

pl_err pl_control_find_leg(pl_control *c, const char *room_id,
                           const char *leg_id, uint64_t epoch, pl_leg **ret_leg)
{
    pl_room *room = NULL;
    pl_err e = pl_control_find_room(c, room_id, epoch, &room);
    if (e != PL_OK)
        return e;
    pl_leg *leg = pl_leg_table_find_leg(c->table, leg_id);
    if (!leg || leg->room != room)
        return PL_ENOENT;
    *ret_leg = leg;
    return PL_OK;
}

static pl_mix_room sound_of(const pl_control *c, const pl_media_room_open *m)
{
    bool has_k = PL_MSG_HAS(MEDIA_ROOM_OPEN, media_room_open, m, max_talkers);
    return (pl_mix_room){.mode = pl_room_mode_of(m->mode),
                         .max_talkers =
                             has_k ? m->max_talkers : c->o.max_talkers,
                         .channels = (uint8_t)m->channels,
                         .dtmf = pl_dtmf_policy_of(m->dtmf),
                         .denoise = m->denoise,
                         .is_raw = m->is_raw};
}

static pl_err add_room(pl_control *c, uint64_t epoch,
                       const pl_media_room_open *m)
{
    if (c->is_draining)
        return PL_EDRAIN;
    pl_room *room = NULL;
    uint32_t thread = 0;
    pl_err e = pl_control_place_room(c, m->owed > 0, &thread);
    if (e == PL_OK)
        e = pl_leg_table_add_room(c->table, m->room_id, thread, &room);
    if (e != PL_OK)
        return e;
    room->epoch = epoch;
    room->mode = pl_room_mode_of(m->mode);
    room->max_legs = m->max_legs;
    room->owed = m->owed;
    room->channels = m->channels == 2 ? 2 : 1;
    pl_mix_command command = {
        .kind = PL_MIX_ROOM_OPEN, .id = room->mix, .u.room = sound_of(c, m)};
    e = pl_mixer_command(c->o.mixer, room->thread, &command);
    if (e == PL_OK) {
        pl_budget_room_open(c->budget, &room->budget, room->thread,
                            command.u.room.max_talkers);
    } else {
        pl_leg_table_remove_room(c->table, &room);
    }
    return e;
}

/* Whose it is since when can be seen by all workers' logs together. */
static void note_owned(const char *room_id, uint64_t epoch)
{
    PL_LOG(INFO, "media", "room_opened", PL_KV("room", room_id),
           "epoch %" PRIu64, epoch);
}

pl_err pl_control_room_open(pl_control *c, uint64_t epoch,
                            const pl_media_room_open *m)
{
    pl_err e = PL_OK;
    pl_room *room = pl_leg_table_find_room(c->table, m->room_id);
    if (room && epoch < room->epoch) {
        pl_metrics_add(c->o.metrics, PL_MEDIA_M_stale_commands, 1);
        return PL_ESTALE;
    }
    if (room && epoch == room->epoch) {
        pl_mix_command command = {
            .kind = PL_MIX_ROOM_SET, .id = room->mix, .u.room = sound_of(c, m)};
        e = pl_mixer_command(c->o.mixer, room->thread, &command);
        if (e == PL_OK) {
            room->max_legs = m->max_legs;
            room->owed = m->owed;
        }
        return e;
    }
    /* It was taken for lost with its legs, and is placed here again: they have
     * left meanwhile, or are offered media anew. */
    if (room)
        e = pl_control_shut_room(c, room, true);
    if (e == PL_OK)
        e = add_room(c, epoch, m);
    if (e == PL_OK)
        note_owned(m->room_id, epoch);
    pl_control_gauges(c);
    return e;
}

pl_err pl_control_find_prompt(const pl_control *c, const char *name,
                              const pl_prompt **ret_prompt)
{
    const pl_prompt *prompt =
        name[0] ? pl_prompts_find(c->o.prompts, name) : NULL;
    if (name[0] && !prompt)
        return PL_ENOENT;
    *ret_prompt = prompt;
    return PL_OK;
}

pl_err pl_control_room_play(pl_control *c, uint64_t epoch,
                            const pl_media_room_play *m)
{
    pl_room *room = NULL;
    const pl_prompt *prompt = NULL;
    pl_err e = pl_control_find_room(c, m->room_id, epoch, &room);
    if (e == PL_OK)
        e = pl_control_find_prompt(c, m->prompt, &prompt);
    if (e != PL_OK)
        return e;
    pl_mix_command command = {.kind = PL_MIX_ROOM_PLAY,
                              .id = room->mix,
                              .u.play = {.prompt = prompt,
                                         .is_loop = m->loop,
                                         .tag = room->play_tag + 1}};
    e = pl_mixer_command(c->o.mixer, room->thread, &command);
    if (e == PL_OK)
        room->play_tag++;
    return e;
}

pl_err pl_control_shut_room(pl_control *c, pl_room *room, bool is_silent)
{
    pl_mix_command command = {
        .kind = PL_MIX_ROOM_CLOSE, .id = room->mix, .is_silent = is_silent};
    PL_LIST_EACH_SAFE(it, &room->legs)
    {
        pl_leg *leg = PL_CONTAINER(it, pl_leg, in_room);
        pl_own(leg)->is_silent = is_silent;
        pl_control_drop(c, leg);
    }
    pl_err e = pl_mixer_command(c->o.mixer, room->thread, &command);
    if (e != PL_OK)
        return e;
    pl_budget_room_close(c->budget, &room->budget);
    pl_leg_table_remove_room(c->table, &room);
    pl_control_gauges(c);
    return PL_OK;
}

pl_err pl_control_room_close(pl_control *c, uint64_t epoch, const char *room_id)
{
    pl_room *room = NULL;
    pl_err e = pl_control_find_room(c, room_id, epoch, &room);
    if (e != PL_OK)
        return e == PL_ENOENT ? PL_OK : e;
    return pl_control_shut_room(c, room, false);
}

/* ---- recordings ---------------------------------------------------------- */

pl_err pl_control_record_start(pl_control *c, uint64_t epoch,
                               const pl_media_record_start *m,
                               const pl_bus_ticket *ticket, bool *ret_is_later)
{
    pl_room *room = NULL;
    pl_err e = pl_control_find_room(c, m->room_id, epoch, &room);
    if (e != PL_OK)
        return e;
    return pl_records_start(c->records, room, m, ticket, ret_is_later);
}

pl_err pl_control_record_stop(pl_control *c, uint64_t epoch,
                              const pl_media_record_stop *m)
{
    pl_room *room = NULL;
    pl_err e = pl_control_find_room(c, m->room_id, epoch, &room);
    if (e == PL_ENOENT) /* it has ended with its room */
        return PL_OK;
    return e == PL_OK ? pl_records_stop(c->records, m->room_id, m->recording_id)
                      : e;
}

/* ---- inventory and drain ------------------------------------------------- */

static void send_item(pl_control *c, const pl_inventory_item *item)
{
    pl_bus_send how = {.epoch = item->epoch};
    if (pl_bus_event(c->o.bus, &how, &PL_MSG_INVENTORY_ITEM, item) != PL_OK) {
        PL_LOG(WARN, "media", "inventory_cut", NULL,
               "the queue to roompool is full");
    }
}

static void mark_item(pl_inventory_item *item)
{
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, item, epoch);
    if (item->room_id[0])
        PL_MSG_SET(INVENTORY_ITEM, inventory_item, item, room_id);
    if (item->state)
        PL_MSG_SET(INVENTORY_ITEM, inventory_item, item, state);
}

void pl_control_inventory(pl_control *c)
{
    pl_inventory_end end = {.count = 0};
    size_t cursor = 0;
    const pl_room *room;
    while ((room = pl_leg_table_next_room(c->table, &cursor)) != NULL) {
        pl_inventory_item item = {.kind = PL_INVENTORY_ROOM,
                                  .epoch = room->epoch};
        memcpy(item.id, room->id, sizeof item.id);
        mark_item(&item);
        send_item(c, &item);
        end.count++;
    }
    cursor = 0;
    const pl_leg *leg;
    while ((leg = pl_leg_table_next_leg(c->table, &cursor)) != NULL) {
        if (!leg->room)
            continue;
        pl_inventory_item item = {.kind = PL_INVENTORY_LEG,
                                  .epoch = leg->room->epoch,
                                  .state = (uint32_t)leg->state};
        memcpy(item.id, leg->id, sizeof item.id);
        memcpy(item.room_id, leg->room_id, sizeof item.room_id);
        mark_item(&item);
        send_item(c, &item);
        end.count++;
    }
    pl_control_tell_all(c, &end);
}

void pl_control_told_all(pl_control *c, const pl_inventory_end *end)
{
    pl_bus_send how = {.epoch = 0};
    if (pl_bus_event(c->o.bus, &how, &PL_MSG_INVENTORY_END, end) != PL_OK) {
        PL_LOG(WARN, "media", "inventory_cut", NULL,
               "the queue to roompool is full");
    }
    pl_records_tell(c->records);
}

void pl_control_drain(pl_control *c)
{
    c->is_draining = true;
    pl_control_check_drained(c);
}

const pl_leg_table *pl_control_table(const pl_control *c)
{
    return c->table;
}
