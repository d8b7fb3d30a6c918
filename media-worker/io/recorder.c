/* recorder.c - a loop around record_set.h: take orders, empty the rings, write,
 * sync. Without recordings it sleeps. */
#include "io/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/media_metrics.h"
#include "pl/log.h"
#include "pl/str.h"

enum {
    FRAME_SLOTS = 16384, /* 4 MiB a mixing thread, used as it fills */
    ORDER_SLOTS = 1024,
    EVENT_SLOTS = 1024,
    PERIOD_MS = 100, /* how often the rings are emptied */
    DIR_MODE = 0750
};

typedef enum order_kind {
    ORDER_BEGIN = 1,
    ORDER_END,
    ORDER_LEG_GONE
} order_kind;

typedef struct order {
    order_kind kind;
    pl_mix_id id; /* END, LEG_GONE */
    pl_record_task task;
} order;

typedef struct leg_name {
    uint32_t generation;
    char name[PL_RECORD_ID];
} leg_name;

struct pl_recorder {
    pl_recorder_options o;
    int dir_fd, wake_fd, event_fd;
    pl_ring **frames; /* of each mixing thread */
    pl_ring *orders, *events;
    pl_record_set *set;
    pthread_mutex_t lock; /* of names; main and the writing thread */
    bool has_lock, has_thread;
    leg_name *names;
    pthread_t thread;
    atomic_bool is_stopping;
};

static int64_t clock_us(clockid_t id)
{
    struct timespec t = {0};
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void signal_fd(int fd)
{
    const uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* full means readable */
}

static void clear_fd(int fd)
{
    uint64_t count = 0;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

/* ---- what the set asks for ---------------------------------------------- */

static bool name_of(void *ctx, pl_mix_id leg, char ret_name[PL_RECORD_ID])
{
    pl_recorder *r = ctx;
    (void)pthread_mutex_lock(&r->lock);
    const leg_name *n = &r->names[leg.index];
    bool is_there = n->generation == leg.generation && n->name[0];
    memcpy(ret_name, n->name, PL_RECORD_ID);
    (void)pthread_mutex_unlock(&r->lock);
    return is_there;
}

/* A file that grew will grow again; everything else waits for room, which main
 * makes unless it is waiting for this thread's end. */
static void emit(void *ctx, const pl_record_event *event)
{
    pl_recorder *r = ctx;
    bool is_growth = event->kind == PL_RECORD_FILE && !event->u.file.is_closed;
    if (is_growth && pl_ring_free(r->events) < EVENT_SLOTS / 4)
        return;
    pl_record_event *slot = NULL;
    while (!(slot = pl_ring_reserve(r->events))) {
        if (atomic_load(&r->is_stopping))
            return;
        signal_fd(r->event_fd);
        (void)poll(NULL, 0, 1);
    }
    *slot = *event;
    pl_ring_commit(r->events);
    signal_fd(r->event_fd);
}

/* ---- the thread --------------------------------------------------------- */

/* Empty the rings up to what was there when their turn came. */
static void take_frames(pl_recorder *r)
{
    pl_record_head head;
    uint8_t data[PL_RECORD_PAYLOAD];
    for (uint32_t i = 0; i < r->o.n_threads; i++) {
        size_t n = pl_ring_count(r->frames[i]);
        bool is_first = true;
        while (n > 0 && pl_record_take(r->frames[i], &head, data)) {
            int64_t now = clock_us(CLOCK_MONOTONIC);
            if (is_first && now > head.at_us) {
                pl_metrics_observe_us(r->o.metrics,
                                      PL_MEDIA_M_recording_late_us,
                                      (uint64_t)(now - head.at_us));
            }
            is_first = false;
            pl_record_set_take(r->set, &head, data, now);
            n--;
        }
    }
}

static void carry_out(pl_recorder *r, const order *o)
{
    int64_t now = clock_us(CLOCK_MONOTONIC);
    if (o->kind == ORDER_BEGIN) {
        pl_record_set_begin(r->set, &o->task, now,
                            clock_us(CLOCK_REALTIME) - now);
    } else if (o->kind == ORDER_END) {
        pl_record_set_end(r->set, o->id, now);
    } else {
        pl_record_set_leg_gone(r->set, o->id, now);
    }
}

/* Frames that were put before an order was given are written before it is
 * carried out: the rings are emptied in between. */
static void take_orders(pl_recorder *r)
{
    size_t n = pl_ring_count(r->orders);
    if (n > 0)
        take_frames(r);
    for (; n > 0; n--) {
        order *o = pl_ring_peek(r->orders);
        if (!o)
            break;
        carry_out(r, o);
        pl_ring_release(r->orders);
    }
}

/* Returns: whether there may be more for the disk to do. One file at a time: a
 * slow disk is never done with all of them, and orders, rings and the end of
 * the thread do not wait for that. */
static bool work(pl_recorder *r)
{
    take_orders(r);
    take_frames(r);
    pl_record_set_due(r->set, clock_us(CLOCK_MONOTONIC));
    return pl_record_set_sync_one(r->set, clock_us(CLOCK_MONOTONIC));
}

static void *run(void *ctx)
{
    pl_recorder *r = ctx;
    struct pollfd fd = {.fd = r->wake_fd, .events = POLLIN};
    bool is_behind = false;
    while (!atomic_load(&r->is_stopping)) {
        int wait = pl_record_set_count(r->set) > 0 ? PERIOD_MS : -1;
        if (poll(&fd, 1, is_behind ? 0 : wait) < 0 && errno != EINTR)
            break;
        if (fd.revents)
            clear_fd(r->wake_fd);
        is_behind = work(r);
    }
    take_orders(r);
    take_frames(r);
    pl_record_set_destroy(&r->set);
    return NULL;
}

/* ---- starting and stopping ---------------------------------------------- */

static pl_err open_dir(pl_recorder *r)
{
    char text[PL_ERRNO_TEXT];
    bool is_made = mkdir(r->o.dir, DIR_MODE) == 0 || errno == EEXIST;
    if (is_made)
        r->dir_fd = open(r->o.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->dir_fd >= 0 && faccessat(r->dir_fd, ".", W_OK | X_OK, 0) == 0)
        return PL_OK;
    PL_LOG(ERROR, "record", "config_refused", NULL,
           "recordings_dir = %s: %s; make it a folder that parley may write to",
           r->o.dir, pl_errno_text(errno, text));
    return PL_ECONFIG;
}

static pl_err make_rings(pl_recorder *r)
{
    r->frames = calloc(r->o.n_threads, sizeof(pl_ring *));
    r->names = calloc(r->o.max_legs, sizeof *r->names);
    if (!r->frames || !r->names)
        return PL_ENOMEM;
    pl_err e = pl_ring_create(ORDER_SLOTS, sizeof(order), &r->orders);
    if (e == PL_OK)
        e = pl_ring_create(EVENT_SLOTS, sizeof(pl_record_event), &r->events);
    for (uint32_t i = 0; e == PL_OK && i < r->o.n_threads; i++)
        e = pl_ring_create(FRAME_SLOTS, PL_RECORD_SLOT, &r->frames[i]);
    return e;
}

static pl_err start_thread(pl_recorder *r)
{
    r->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    r->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    r->has_lock = pthread_mutex_init(&r->lock, NULL) == 0;
    if (r->wake_fd < 0 || r->event_fd < 0 || !r->has_lock)
        return PL_EIO;
    /* Signals are the main thread's; a file that grows beyond its limit shows
     * as an error of write(). */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    r->has_thread = pthread_create(&r->thread, NULL, run, r) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r->has_thread ? PL_OK : PL_EIO;
}

pl_err pl_recorder_start(const pl_recorder_options *options,
                         pl_recorder **ret_recorder)
{
    if (!options->dir || !options->dir[0] || options->n_threads == 0)
        return PL_EINVAL;
    pl_recorder *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    r->o = *options;
    r->dir_fd = r->wake_fd = r->event_fd = -1;
    pl_err e = open_dir(r);
    if (e == PL_OK)
        e = make_rings(r);
    if (e == PL_OK) {
        pl_record_set_options set = {
            .dir_fd = r->dir_fd,
            .max_recordings = options->max_recordings,
            .max_legs = options->max_legs,
            .min_free_mib = options->min_free_mib,
            .codecs = options->codecs,
            .metrics = options->metrics,
            .leg_name = name_of,
            .emit = emit,
            .ctx = r,
        };
        e = pl_record_set_create(&set, &r->set);
    }
    if (e == PL_OK)
        e = start_thread(r);
    if (e != PL_OK) {
        pl_recorder_stop(&r);
        return e;
    }
    *ret_recorder = r;
    return PL_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void pl_recorder_stop(pl_recorder **recorder)
{
    if (!recorder || !*recorder)
        return;
    pl_recorder *r = *recorder;
    atomic_store(&r->is_stopping, true);
    if (r->has_thread) {
        signal_fd(r->wake_fd);
        (void)pthread_join(r->thread, NULL);
    }
    pl_record_set_destroy(&r->set);
    for (uint32_t i = 0; r->frames && i < r->o.n_threads; i++)
        pl_ring_destroy(&r->frames[i]);
    pl_ring_destroy(&r->orders);
    pl_ring_destroy(&r->events);
    if (r->has_lock)
        (void)pthread_mutex_destroy(&r->lock);
    free(r->frames);
    free(r->names);
    close_fd(r->dir_fd);
    close_fd(r->wake_fd);
    close_fd(r->event_fd);
    free(r);
    *recorder = NULL;
}

pl_ring *const *pl_recorder_rings(const pl_recorder *recorder)
{
    return recorder->frames;
}

/* ---- main thread -------------------------------------------------------- */

void pl_recorder_name(pl_recorder *recorder, pl_mix_id leg, const char *name)
{
    if (leg.index >= recorder->o.max_legs)
        return;
    leg_name *n = &recorder->names[leg.index];
    (void)pthread_mutex_lock(&recorder->lock);
    n->generation = leg.generation;
    pl_fmt_cut(n->name, sizeof n->name, "%s", name);
    (void)pthread_mutex_unlock(&recorder->lock);
}

static pl_err give(pl_recorder *r, const order *o)
{
    order *slot = pl_ring_reserve(r->orders);
    if (!slot)
        return PL_EFULL;
    *slot = *o;
    pl_ring_commit(r->orders);
    signal_fd(r->wake_fd);
    return PL_OK;
}

pl_err pl_recorder_begin(pl_recorder *recorder, const pl_record_task *task)
{
    const order o = {.kind = ORDER_BEGIN, .task = *task};
    return give(recorder, &o);
}

pl_err pl_recorder_end(pl_recorder *recorder, pl_mix_id id)
{
    const order o = {.kind = ORDER_END, .id = id};
    return give(recorder, &o);
}

void pl_recorder_leg_gone(pl_recorder *recorder, pl_mix_id leg)
{
    /* Its file is closed with the recording, if the queue is full. */
    const order o = {.kind = ORDER_LEG_GONE, .id = leg};
    pl_err e = give(recorder, &o);
    (void)e;
}

int pl_recorder_event_fd(const pl_recorder *recorder)
{
    return recorder->event_fd;
}

static bool take_event(pl_recorder *r, pl_record_event *ret_event)
{
    const pl_record_event *event = pl_ring_peek(r->events);
    if (!event)
        return false;
    *ret_event = *event;
    pl_ring_release(r->events);
    return true;
}

bool pl_recorder_next_event(pl_recorder *recorder, pl_record_event *ret_event)
{
    if (take_event(recorder, ret_event))
        return true;
    /* Cleared before the last look: what comes after it signals again. */
    clear_fd(recorder->event_fd);
    return take_event(recorder, ret_event);
}
