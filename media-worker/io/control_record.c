/* control_record.c - a recording's way: opening -> running -> stopping (the
 * mixer is asked) -> closing (the recorder is) -> over. Those that are over are
 * kept for a while: what was told of them may not have arrived. */
#include "io/control_record.h"

#include <stdlib.h>
#include <string.h>

#include "core/leg_sdp.h"
#include "core/media_metrics.h"
#include "pl/list.h"
#include "pl/log.h"
#include "pl/str.h"

enum { RETRY_US = 20000, OVER_MAX = 64, FILES_MAX = 2048 };

typedef enum phase {
    PHASE_OPENING = 1, /* the disk is asked */
    PHASE_RUNNING,
    PHASE_STOPPING, /* until the mixer gives no more */
    PHASE_CLOSING,  /* until the files are closed */
    PHASE_OVER
} phase;

typedef struct record_file {
    pl_list in_record;
    pl_recording_file message; /* as told last */
} record_file;

typedef struct record {
    pl_list in_list; /* of those that are over */
    pl_mix_id id, room;
    uint32_t thread;
    char room_id[PL_TABLE_ID + 1], recording_id[PL_TABLE_ID + 1];
    uint32_t part;
    uint64_t epoch;
    bool has_mix, has_stems;
    phase phase;
    bool is_asked; /* who is to end it was told so */
    bool has_ticket, is_refused;
    pl_bus_ticket ticket;
    pl_recording_state state; /* as told last */
    char reason[PL_RECORD_REASON];
    pl_list files;
    size_t n_files;
} record;

struct pl_records {
    pl_records_options o;
    record **active; /* by id index */
    uint32_t n_active, generation;
    pl_list over;
    size_t n_over, n_over_files;
    pl_io *io;
    pl_timer *retry;
};

/* ---- telling ------------------------------------------------------------ */

static uint64_t epoch_of(const pl_records *rs, const record *r)
{
    const pl_room *room = pl_leg_table_find_room(rs->o.table, r->room_id);
    return room ? room->epoch : r->epoch;
}

static void send(pl_records *rs, const record *r, const pl_msg_desc *d,
                 const void *body)
{
    pl_bus_send how = {.epoch = epoch_of(rs, r)};
    /* a full queue is counted by the bus; all is told again on reconnection */
    if (rs->o.bus && pl_bus_event(rs->o.bus, &how, d, body) != PL_OK) {
        PL_LOG(DEBUG, "record", "report_lost",
               PL_KV("recording", r->recording_id), "%s", d->name);
    }
}

static void send_report(pl_records *rs, const record *r)
{
    pl_recording_report m = {.part = r->part, .state = (uint32_t)r->state};
    memcpy(m.room_id, r->room_id, sizeof m.room_id);
    memcpy(m.recording_id, r->recording_id, sizeof m.recording_id);
    if (r->reason[0]) {
        memcpy(m.reason, r->reason, sizeof m.reason);
        PL_MSG_SET(RECORDING_REPORT, recording_report, &m, reason);
    }
    send(rs, r, &PL_MSG_RECORDING_REPORT, &m);
}

static void report(pl_records *rs, record *r, pl_recording_state state)
{
    r->state = state;
    PL_LOG(INFO, "record", "recording_state",
           PL_KV("room", r->room_id, "recording", r->recording_id, "state",
                 pl_recording_state_text((uint32_t)state), "reason",
                 r->reason[0] ? r->reason : NULL),
           "part %u", r->part);
    send_report(rs, r);
}

static void answer(pl_records *rs, record *r, pl_err e)
{
    static const pl_ok ok = {.present = 0};
    if (!r->has_ticket || !rs->o.bus)
        return;
    r->has_ticket = false;
    if (e == PL_OK) {
        pl_bus_reply(rs->o.bus, &r->ticket, &PL_MSG_OK_REPLY, &ok);
    } else {
        pl_bus_reply_error(rs->o.bus, &r->ticket, e,
                           r->reason[0] ? r->reason : NULL);
    }
}

/* ---- life --------------------------------------------------------------- */

static void free_record(record *r)
{
    PL_LIST_EACH_SAFE(it, &r->files)
    {
        free(PL_CONTAINER(it, record_file, in_record));
    }
    free(r);
}

static void on_recorder(void *ctx, unsigned events);
static void on_retry(void *ctx);

pl_err pl_records_create(const pl_records_options *options,
                         pl_records **ret_records)
{
    pl_records *rs = calloc(1, sizeof *rs);
    if (!rs)
        return PL_ENOMEM;
    rs->o = *options;
    pl_list_init(&rs->over);
    pl_err e = PL_OK;
    if (options->recorder) {
        rs->active = calloc(options->max_recordings, sizeof(record *));
        e = rs->active
                ? pl_timer_create(options->loop, on_retry, rs, &rs->retry)
                : PL_ENOMEM;
        if (e == PL_OK) {
            e = pl_io_create(options->loop,
                             pl_recorder_event_fd(options->recorder),
                             PL_IO_READ, on_recorder, rs, &rs->io);
        }
    }
    if (e != PL_OK) {
        pl_records_destroy(&rs);
        return e;
    }
    *ret_records = rs;
    return PL_OK;
}

void pl_records_quiet(pl_records *records)
{
    if (!records)
        return;
    pl_io_destroy(&records->io);
    pl_timer_destroy(&records->retry);
}

void pl_records_destroy(pl_records **records)
{
    if (!records || !*records)
        return;
    pl_records *rs = *records;
    pl_records_quiet(rs);
    for (uint32_t i = 0; rs->active && i < rs->o.max_recordings; i++) {
        if (rs->active[i])
            free_record(rs->active[i]);
    }
    PL_LIST_EACH_SAFE(it, &rs->over)
    {
        free_record(PL_CONTAINER(it, record, in_list));
    }
    free(rs->active);
    free(rs);
    *records = NULL;
}

static record *find(const pl_records *rs, pl_mix_id id)
{
    record *r = id.index < rs->o.max_recordings && rs->active
                    ? rs->active[id.index]
                    : NULL;
    return r && r->id.generation == id.generation ? r : NULL;
}

/* ---- going on ----------------------------------------------------------- */

/* Ask whose turn it is to end a recording; again later if he is busy. */
static void push(pl_records *rs, record *r)
{
    pl_err e = PL_OK;
    if (r->is_asked)
        return;
    if (r->phase == PHASE_STOPPING) {
        const pl_mix_command m = {.kind = PL_MIX_RECORD_STOP, .id = r->room};
        e = pl_mixer_command(rs->o.mixer, r->thread, &m);
    } else if (r->phase == PHASE_CLOSING) {
        e = pl_recorder_end(rs->o.recorder, r->id);
    } else {
        return;
    }
    r->is_asked = e == PL_OK;
    if (e != PL_OK && rs->retry)
        pl_timer_start(rs->retry, RETRY_US);
}

static void go(pl_records *rs, record *r, phase next)
{
    r->phase = next;
    r->is_asked = false;
    push(rs, r);
}

static void on_retry(void *ctx)
{
    pl_records *rs = ctx;
    for (uint32_t i = 0; i < rs->o.max_recordings; i++) {
        if (rs->active[i])
            push(rs, rs->active[i]);
    }
}

static void count(pl_records *rs, int n)
{
    rs->n_active = (uint32_t)((int)rs->n_active + n);
    pl_metrics_set(rs->o.metrics, PL_MEDIA_M_recordings, rs->n_active);
}

/* Forget the oldest of those that are over, beyond the bounds. */
static void forget(pl_records *rs)
{
    PL_LIST_EACH_SAFE(it, &rs->over)
    {
        if (rs->n_over <= OVER_MAX && rs->n_over_files <= FILES_MAX)
            return;
        record *r = PL_CONTAINER(it, record, in_list);
        pl_list_remove(&r->in_list);
        rs->n_over--;
        rs->n_over_files -= r->n_files;
        free_record(r);
    }
}

static void keep(pl_records *rs, record *r)
{
    if (r->state != PL_RECORDING_STATE_FAILED)
        report(rs, r, PL_RECORDING_STATE_ENDED);
    pl_list_append(&rs->over, &r->in_list);
    rs->n_over++;
    rs->n_over_files += r->n_files;
    forget(rs);
}

static void finish(pl_records *rs, record *r)
{
    rs->active[r->id.index] = NULL;
    count(rs, -1);
    r->phase = PHASE_OVER;
    if (r->is_refused) { /* the answer told it all */
        free_record(r);
    } else {
        keep(rs, r);
    }
    if (rs->n_active == 0 && rs->o.idle)
        rs->o.idle(rs->o.ctx);
}

/* ---- what the recorder says --------------------------------------------- */

/* It never ran: the request is answered with why. */
static void refuse(pl_records *rs, record *r, pl_err e)
{
    r->is_refused = true;
    answer(rs, r, e);
    go(rs, r, PHASE_CLOSING);
}

static void on_opened(pl_records *rs, record *r)
{
    const pl_room *room = pl_leg_table_find_room(rs->o.table, r->room_id);
    if (r->phase != PHASE_OPENING)
        return;
    if (!room || room->mix.generation != r->room.generation) {
        refuse(rs, r, PL_ENOENT);
        return;
    }
    const pl_mix_command m = {.kind = PL_MIX_RECORD_START,
                              .id = r->room,
                              .u.record = {.id = r->id,
                                           .has_mix = r->has_mix,
                                           .has_stems = r->has_stems}};
    pl_err e = pl_mixer_command(rs->o.mixer, r->thread, &m);
    if (e != PL_OK) {
        refuse(rs, r, e);
        return;
    }
    r->phase = PHASE_RUNNING;
    answer(rs, r, PL_OK);
    report(rs, r, PL_RECORDING_STATE_RUNNING);
}

static void on_failed(pl_records *rs, record *r, const char *reason)
{
    pl_fmt_cut(r->reason, sizeof r->reason, "%s", reason);
    if (r->phase == PHASE_OPENING) {
        refuse(rs, r, PL_EIO);
        return;
    }
    report(rs, r, PL_RECORDING_STATE_FAILED);
    if (r->phase == PHASE_RUNNING)
        go(rs, r, PHASE_STOPPING);
}

static record_file *file_of(record *r, const char *path)
{
    PL_LIST_EACH(it, &r->files)
    {
        record_file *f = PL_CONTAINER(it, record_file, in_record);
        if (strcmp(f->message.path, path) == 0)
            return f;
    }
    if (r->n_files >= FILES_MAX)
        return NULL;
    record_file *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    pl_list_append(&r->files, &f->in_record);
    r->n_files++;
    return f;
}

static void on_file(pl_records *rs, record *r, const pl_record_event *event)
{
    const pl_mix_media media = {.send_codec = event->u.file.codec};
    pl_recording_file m = {.part = r->part,
                           .kind = (uint32_t)event->u.file.kind,
                           .started_ms = event->u.file.started_ms,
                           .duration_ms = event->u.file.duration_ms,
                           .bytes = event->u.file.bytes,
                           .lost_ms = event->u.file.lost_ms,
                           .is_closed = event->u.file.is_closed};
    memcpy(m.room_id, r->room_id, sizeof m.room_id);
    memcpy(m.recording_id, r->recording_id, sizeof m.recording_id);
    memcpy(m.path, event->u.file.path, sizeof m.path);
    pl_fmt_cut(m.codec, sizeof m.codec, "%s", pl_leg_sdp_codec_text(&media));
    PL_MSG_SET(RECORDING_FILE, recording_file, &m, lost_ms);
    if (event->u.file.leg_id[0]) {
        memcpy(m.leg_id, event->u.file.leg_id, sizeof m.leg_id);
        PL_MSG_SET(RECORDING_FILE, recording_file, &m, leg_id);
    }
    record_file *f = file_of(r, m.path);
    if (f)
        f->message = m;
    send(rs, r, &PL_MSG_RECORDING_FILE, &m);
}

static void on_recorder(void *ctx, unsigned events)
{
    pl_records *rs = ctx;
    pl_record_event event;
    (void)events;
    while (pl_recorder_next_event(rs->o.recorder, &event)) {
        record *r = find(rs, event.id);
        if (!r)
            continue;
        if (event.kind == PL_RECORD_OPENED) {
            on_opened(rs, r);
        } else if (event.kind == PL_RECORD_FAILED) {
            on_failed(rs, r, event.u.reason);
        } else if (event.kind == PL_RECORD_FILE) {
            on_file(rs, r, &event);
        } else {
            finish(rs, r);
        }
    }
}

/* ---- commands ----------------------------------------------------------- */

static record *of_room(const pl_records *rs, const char *room_id)
{
    for (uint32_t i = 0; rs->active && i < rs->o.max_recordings; i++) {
        record *r = rs->active[i];
        if (r && r->phase <= PHASE_RUNNING && strcmp(r->room_id, room_id) == 0)
            return r;
    }
    return NULL;
}

static pl_err add(pl_records *rs, const pl_room *room,
                  const pl_media_record_start *m, record **ret_record)
{
    uint32_t i = 0;
    while (i < rs->o.max_recordings && rs->active[i])
        i++;
    if (i == rs->o.max_recordings)
        return PL_EFULL;
    record *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    rs->generation = rs->generation + 1 ? rs->generation + 1 : 1;
    r->id = (pl_mix_id){i, rs->generation};
    r->room = room->mix;
    r->thread = room->thread;
    r->epoch = room->epoch;
    r->part = m->part;
    r->has_mix = m->mix;
    r->has_stems = m->stems;
    r->phase = PHASE_OPENING;
    r->state = PL_RECORDING_STATE_STARTING;
    memcpy(r->room_id, m->room_id, sizeof r->room_id);
    memcpy(r->recording_id, m->recording_id, sizeof r->recording_id);
    pl_list_init(&r->files);
    pl_record_task task = {
        .id = r->id, .part = m->part, .channels = room->channels};
    memcpy(task.room_id, r->room_id, sizeof task.room_id);
    memcpy(task.recording_id, r->recording_id, sizeof task.recording_id);
    pl_err e = pl_recorder_begin(rs->o.recorder, &task);
    if (e != PL_OK) {
        free(r);
        return e;
    }
    rs->active[i] = r;
    count(rs, 1);
    *ret_record = r;
    return PL_OK;
}

static void end(pl_records *rs, record *r)
{
    if (r->phase == PHASE_OPENING) {
        refuse(rs, r, PL_ESTATE);
    } else {
        go(rs, r, PHASE_STOPPING);
    }
}

pl_err pl_records_start(pl_records *records, const pl_room *room,
                        const pl_media_record_start *m,
                        const pl_bus_ticket *ticket, bool *ret_is_later)
{
    if (!records->o.recorder)
        return PL_EUNSUPPORTED;
    if (!pl_record_is_id(m->recording_id) || (!m->mix && !m->stems))
        return PL_EINVAL;
    record *r = of_room(records, m->room_id);
    if (r && strcmp(r->recording_id, m->recording_id) != 0)
        return PL_EFULL;
    if (r && r->part == m->part && r->phase == PHASE_RUNNING) {
        send_report(records, r);
        *ret_is_later = false;
        return PL_OK;
    }
    if (r && r->part != m->part) /* its end was told to another worker */
        end(records, r);
    pl_err e = r && r->part == m->part ? PL_OK : add(records, room, m, &r);
    if (e != PL_OK)
        return e;
    r->ticket = *ticket;
    r->has_ticket = true;
    *ret_is_later = true;
    return PL_OK;
}

uint32_t pl_records_active(const pl_records *records)
{
    return records->n_active;
}

pl_err pl_records_stop(pl_records *records, const char *room_id,
                       const char *recording_id)
{
    record *r = of_room(records, room_id);
    if (!r || strcmp(r->recording_id, recording_id) != 0)
        return PL_OK;
    end(records, r);
    return PL_OK;
}

void pl_records_over(pl_records *records, pl_mix_id recording)
{
    record *r = find(records, recording);
    if (!r || (r->phase != PHASE_RUNNING && r->phase != PHASE_STOPPING))
        return;
    if (r->phase == PHASE_RUNNING &&
        pl_leg_table_room_at(records->o.table, r->room)) {
        /* nobody asked for its end, and the room is there */
        pl_fmt_cut(r->reason, sizeof r->reason,
                   "the mixing thread has no memory for it");
        report(records, r, PL_RECORDING_STATE_FAILED);
    }
    go(records, r, PHASE_CLOSING);
}

void pl_records_leg_gone(pl_records *records, pl_mix_id leg)
{
    if (records->n_active > 0)
        pl_recorder_leg_gone(records->o.recorder, leg);
}

void pl_records_leg(pl_records *records, const pl_leg *leg)
{
    if (records->o.recorder)
        pl_recorder_name(records->o.recorder, leg->mix, leg->id);
}

static void tell(pl_records *rs, const record *r)
{
    if (r->state == PL_RECORDING_STATE_STARTING)
        return;
    PL_LIST_EACH(it, &r->files)
    {
        const record_file *f = PL_CONTAINER(it, record_file, in_record);
        send(rs, r, &PL_MSG_RECORDING_FILE, &f->message);
    }
    send_report(rs, r);
}

void pl_records_tell(pl_records *records)
{
    PL_LIST_EACH(it, &records->over)
    {
        tell(records, PL_CONTAINER(it, record, in_list));
    }
    for (uint32_t i = 0; records->active && i < records->o.max_recordings;
         i++) {
        if (records->active[i])
            tell(records, records->active[i]);
    }
}
