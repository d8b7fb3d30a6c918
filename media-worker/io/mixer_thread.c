/* mixer_thread.c - engines on the clock.
 *
 * Each thread sleeps in poll() on two descriptors: a timer set to the absolute
 * time of the next tick, off while there is nothing to mix, and an eventfd for
 * commands and transport changes. A packet does not wake it: it reads them when
 * it ticks, or before that when many came. */
#include "io/mixer_thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/media_metrics.h"
#include "core/ring.h"
#include "io/batch_send.h"
#include "io/mixer_health.h"
#include "io/realtime.h"

enum {
    MAX_THREADS = 64,
    COMMAND_SLOTS = 4096,
    INPUT_SLOTS = 2048,
    WAKE_PACKETS = INPUT_SLOTS / 4, /* what 500 legs send in a tick */
    NOTE_SLOTS = 1024,
    LATE_SLOTS = 64,
    EVENT_SLOTS_MIN = 1024,
    EVENT_SLOTS_MAX = 1 << 20,
    CATCH_UP_TICKS = 5,
    BEHIND_TICKS = 25,  /* 0.5 s: well before it counts as hanging */
    STUCK_US = 1000000, /* so long without a tick: it hangs */
    WALL_EVERY_TICKS = 50
};

typedef struct worker {
    pl_mixer *mixer;
    pthread_t thread;
    bool has_thread, is_stopping, is_ticking, is_in_tick;
    pl_engine *engine;
    pl_ring *commands, *inputs, *events, *notes, *lates;
    size_t event_slots;
    int timer_fd, wake_fd;
    bool has_events, has_notes;
    int64_t next_us;
    uint32_t wall_ticks;
    pl_mixer_health health;
    pl_engine_stats published;
    _Atomic bool is_live;      /* is_ticking, for the I/O thread */
    _Atomic int64_t ticked_us; /* when, or when it began to tick */
    uint32_t n_quiet;          /* packets since it was woken; I/O thread's */
} worker;

struct pl_mixer {
    pl_mixer_options options;
    uint32_t n;
    worker *workers;
    int event_fd, note_fd;
    uint32_t next_event, next_note; /* round robin */
};

static int64_t clock_us(clockid_t id)
{
    struct timespec t = {0};
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t wall_offset_us(void)
{
    return clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC);
}

static void signal_fd(int fd)
{
    const uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* full means readable: all that is wanted */
}

static void clear_fd(int fd)
{
    uint64_t count = 0;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

/* ---- the engine's sink -------------------------------------------------- */

static void sink_send(void *ctx, const pl_out_packet *packets, size_t n)
{
    worker *w = ctx;
    size_t lost = pl_batch_send(packets, n);
    if (lost > 0)
        pl_metrics_add(w->mixer->options.metrics, PL_MEDIA_M_send_failed, lost);
    if (w->is_in_tick)
        pl_mixer_health_sent(&w->health);
}

static void sink_room_done(void *ctx)
{
    worker *w = ctx;
    pl_mixer_health_room(&w->health);
}

static void sink_used(void *ctx, uint32_t wait_us)
{
    worker *w = ctx;
    pl_mixer_health_used(&w->health, wait_us);
}

static bool is_droppable(pl_mix_event_kind kind)
{
    return kind == PL_MIX_STATS || kind == PL_MIX_TALKING ||
           kind == PL_MIX_DTMF;
}

/* What may be lost leaves the last quarter of the queue to what may not. */
static void sink_event(void *ctx, const pl_mix_event *event)
{
    worker *w = ctx;
    bool is_tight = pl_ring_count(w->events) >= w->event_slots / 4 * 3;
    pl_mix_event *slot = pl_ring_reserve(w->events);
    if (!slot || (is_tight && is_droppable(event->kind))) {
        pl_metrics_add(w->mixer->options.metrics, PL_MEDIA_M_events_full, 1);
        return;
    }
    *slot = *event;
    pl_ring_commit(w->events);
    w->has_events = true;
}

static void sink_note(void *ctx, const pl_mix_note *note)
{
    worker *w = ctx;
    pl_mix_note *slot = pl_ring_reserve(w->notes);
    if (!slot) {
        pl_metrics_add(w->mixer->options.metrics, PL_MEDIA_M_events_full, 1);
        return;
    }
    *slot = *note;
    pl_ring_commit(w->notes);
    w->has_notes = true;
}

/* ---- the thread --------------------------------------------------------- */

/* Inputs are counted first: whatever main queued before the I/O thread made
 * one of those is then seen before it (see engine_msg.h). */
static void drain(worker *w)
{
    size_t n = pl_ring_count(w->inputs);
    for (pl_mix_command *c = NULL; (c = pl_ring_peek(w->commands)) != NULL;) {
        if (c->kind == PL_MIX_STOP) {
            w->is_stopping = true;
        } else {
            pl_engine_command(w->engine, c);
        }
        pl_mixer_health_disturbed(&w->health);
        pl_ring_release(w->commands);
    }
    for (; n > 0; n--) {
        pl_mix_input *input = pl_ring_peek(w->inputs);
        if (!input)
            break;
        if (input->kind == PL_MIX_PACKET) {
            pl_mixer_health_taken(&w->health, input->u.packet.arrival_us);
        } else {
            pl_mixer_health_disturbed(&w->health);
        }
        pl_engine_input(w->engine, input);
        pl_ring_release(w->inputs);
    }
}

static void publish(worker *w)
{
    pl_metrics *m = w->mixer->options.metrics;
    const pl_engine_stats *now = pl_engine_stats_get(w->engine);
#define PUBLISH(arg, id, name, doc)                                            \
    if (now->id != w->published.id)                                            \
        pl_metrics_add(m, PL_MEDIA_M_engine_##id, now->id - w->published.id);
    PL_ENGINE_STATS(PUBLISH, )
#undef PUBLISH
    w->published = *now;
    if (w->has_events)
        signal_fd(w->mixer->event_fd);
    if (w->has_notes)
        signal_fd(w->mixer->note_fd);
    w->has_events = w->has_notes = false;
}

static void arm(worker *w, int64_t at_us)
{
    struct itimerspec t = {.it_value = {.tv_sec = at_us / 1000000,
                                        .tv_nsec = at_us % 1000000 * 1000}};
    (void)timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

/* Late ticks whose cause is known by now are the main thread's to tell; what
 * it has no time for is counted all the same. */
static void tell_lates(worker *w, bool is_last)
{
    pl_late_known known;
    while (pl_mixer_health_late(&w->health, is_last, &known)) {
        pl_late_known *slot = pl_ring_reserve(w->lates);
        if (!slot)
            continue;
        *slot = known;
        pl_ring_commit(w->lates);
        w->has_events = true;
    }
}

static void tick(worker *w)
{
    pl_mixer_health_begin(&w->health, w->next_us);
    if (++w->wall_ticks % WALL_EVERY_TICKS == 0)
        pl_engine_set_wall(w->engine, wall_offset_us());
    drain(w);
    pl_mixer_health_rooms(&w->health);
    w->is_in_tick = true;
    pl_engine_tick(w->engine, w->next_us);
    w->is_in_tick = false;
    pl_mixer_health_end(&w->health, w->engine);
    tell_lates(w, false);
    publish(w);
    w->next_us += PL_TICK_US;
    atomic_store_explicit(&w->ticked_us, w->next_us, memory_order_relaxed);
}

/* Leave the past alone, if the delay is so long. */
static void leave_out(worker *w, int64_t now, int64_t n_ticks)
{
    int64_t behind = (now - w->next_us) / PL_TICK_US;
    if (behind < n_ticks)
        return;
    pl_mixer_health_missed(&w->health, w->next_us);
    tell_lates(w, false);
    w->next_us += behind * PL_TICK_US;
}

/* Run what is due. Short delays are caught up, so that nobody misses audio;
 * more of them while it is at work, but not without end: where each tick takes
 * longer than its time, it never would. */
static void run_due(worker *w)
{
    int64_t now = clock_us(CLOCK_MONOTONIC);
    leave_out(w, now, CATCH_UP_TICKS);
    while (w->next_us <= now && !w->is_stopping) {
        tick(w);
        now = clock_us(CLOCK_MONOTONIC);
        leave_out(w, now, BEHIND_TICKS);
    }
}

static void keep_time(worker *w)
{
    if (pl_engine_is_idle(w->engine)) {
        if (w->is_ticking)
            arm(w, 0); /* off */
        w->is_ticking = false;
        atomic_store_explicit(&w->is_live, false, memory_order_relaxed);
        pl_mixer_health_idle(&w->health);
        tell_lates(w, true);
        publish(w);
        return;
    }
    if (!w->is_ticking) {
        w->is_ticking = true;
        w->next_us = clock_us(CLOCK_MONOTONIC) + PL_TICK_US;
        atomic_store_explicit(&w->ticked_us, w->next_us, memory_order_relaxed);
        atomic_store_explicit(&w->is_live, true, memory_order_release);
        pl_engine_set_wall(w->engine, wall_offset_us());
    }
    run_due(w);
    arm(w, w->next_us);
}

static void *run(void *ctx)
{
    worker *w = ctx;
    (void)pl_realtime_enter(w->mixer->options.priority);
    struct pollfd fds[2] = {{.fd = w->timer_fd, .events = POLLIN},
                            {.fd = w->wake_fd, .events = POLLIN}};
    while (!w->is_stopping) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        pl_mixer_health_woke(&w->health);
        if (fds[0].revents)
            clear_fd(w->timer_fd);
        if (fds[1].revents) {
            clear_fd(w->wake_fd);
            drain(w);
            publish(w);
        }
        keep_time(w);
        pl_mixer_health_sleeps(&w->health);
    }
    tell_lates(w, true);
    return NULL;
}

/* ---- starting and stopping ---------------------------------------------- */

static size_t power_of_two(size_t at_least)
{
    size_t n = EVENT_SLOTS_MIN;
    while (n < at_least && n < EVENT_SLOTS_MAX)
        n *= 2;
    return n;
}

static pl_err make_worker(pl_mixer *m, worker *w)
{
    w->mixer = m;
    pl_mixer_health_init(&w->health, m->options.metrics);
    w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->timer_fd < 0 || w->wake_fd < 0)
        return PL_EIO;
    /* The last quarter holds the end of every leg and more. */
    w->event_slots = power_of_two(4 * (size_t)m->options.max_legs + 1024);
    pl_err e =
        pl_ring_create(COMMAND_SLOTS, sizeof(pl_mix_command), &w->commands);
    if (e == PL_OK)
        e = pl_ring_create(INPUT_SLOTS, sizeof(pl_mix_input), &w->inputs);
    if (e == PL_OK)
        e = pl_ring_create(w->event_slots, sizeof(pl_mix_event), &w->events);
    if (e == PL_OK)
        e = pl_ring_create(NOTE_SLOTS, sizeof(pl_mix_note), &w->notes);
    if (e == PL_OK)
        e = pl_ring_create(LATE_SLOTS, sizeof(pl_late_known), &w->lates);
    if (e != PL_OK)
        return e;
    const pl_engine_options options = {
        .max_legs = m->options.max_legs,
        .max_rooms = m->options.max_rooms,
        .codecs = m->options.codecs,
        .srtp = m->options.srtp,
        .denoise = m->options.denoise,
        .opus_complexity = m->options.opus_complexity,
        .has_dtx = m->options.has_dtx,
        .sink = {w, sink_send, sink_event, sink_note, sink_room_done,
                 sink_used},
        .wall_offset_us = wall_offset_us(),
        .delay = m->options.delay,
        .record = m->options.record ? m->options.record[w - m->workers] : NULL,
    };
    e = pl_engine_create(&options, &w->engine);
    if (e != PL_OK)
        return e;
    w->has_thread = pthread_create(&w->thread, NULL, run, w) == 0;
    return w->has_thread ? PL_OK : PL_EIO;
}

static pl_err make_workers(pl_mixer *m)
{
    m->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    m->note_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->event_fd < 0 || m->note_fd < 0)
        return PL_EIO;
    m->workers = calloc(m->n, sizeof *m->workers);
    if (!m->workers)
        return PL_ENOMEM;
    for (uint32_t i = 0; i < m->n; i++)
        m->workers[i].timer_fd = m->workers[i].wake_fd = -1;
    /* Signals are the main thread's. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    pl_err e = PL_OK;
    for (uint32_t i = 0; e == PL_OK && i < m->n; i++)
        e = make_worker(m, &m->workers[i]);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

uint32_t pl_mixer_count(uint32_t n_threads)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (n_threads > 0)
        return n_threads;
    return cores < 1 ? 1 : cores > MAX_THREADS ? MAX_THREADS : (uint32_t)cores;
}

pl_err pl_mixer_start(const pl_mixer_options *options, pl_mixer **ret_mixer)
{
    uint32_t n = pl_mixer_count(options->n_threads);
    if (n > MAX_THREADS || options->max_legs == 0 || options->max_rooms == 0)
        return PL_EINVAL;
    pl_mixer *m = calloc(1, sizeof *m);
    if (!m)
        return PL_ENOMEM;
    m->options = *options;
    m->n = n;
    m->event_fd = m->note_fd = -1;
    pl_err e = make_workers(m);
    if (e != PL_OK) {
        pl_mixer_stop(&m);
        return e;
    }
    *ret_mixer = m;
    return PL_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

static void stop_worker(worker *w)
{
    if (w->has_thread) {
        pl_mix_command *stop = NULL;
        /* A full queue is being read: there is room within a tick. */
        while (!(stop = pl_ring_reserve(w->commands)))
            (void)poll(NULL, 0, 1);
        *stop = (pl_mix_command){.kind = PL_MIX_STOP};
        pl_ring_commit(w->commands);
        signal_fd(w->wake_fd);
        (void)pthread_join(w->thread, NULL);
    }
    pl_engine_destroy(&w->engine);
    pl_ring_destroy(&w->commands);
    pl_ring_destroy(&w->inputs);
    pl_ring_destroy(&w->events);
    pl_ring_destroy(&w->notes);
    pl_ring_destroy(&w->lates);
    close_fd(w->timer_fd);
    close_fd(w->wake_fd);
}

void pl_mixer_stop(pl_mixer **mixer)
{
    if (!mixer || !*mixer)
        return;
    pl_mixer *m = *mixer;
    for (uint32_t i = 0; m->workers && i < m->n; i++)
        stop_worker(&m->workers[i]);
    free(m->workers);
    close_fd(m->event_fd);
    close_fd(m->note_fd);
    free(m);
    *mixer = NULL;
}

uint32_t pl_mixer_threads(const pl_mixer *mixer)
{
    return mixer->n;
}

uint32_t pl_mixer_load_permille(const pl_mixer *mixer)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < mixer->n; i++) {
        uint32_t load = pl_mixer_health_load(&mixer->workers[i].health);
        most = load > most ? load : most;
    }
    return most;
}

bool pl_mixer_ticks(const pl_mixer *mixer)
{
    int64_t now = clock_us(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < mixer->n; i++) {
        const worker *w = &mixer->workers[i];
        if (atomic_load_explicit(&w->is_live, memory_order_acquire) &&
            now - atomic_load_explicit(&w->ticked_us, memory_order_relaxed) >=
                STUCK_US)
            return false;
    }
    return true;
}

void pl_mixer_measure(const pl_mixer *mixer, uint32_t thread,
                      pl_budget_measure *ret_measure)
{
    pl_mixer_health_measure(&mixer->workers[thread % mixer->n].health,
                            ret_measure);
}

/* ---- main thread -------------------------------------------------------- */

pl_err pl_mixer_command(pl_mixer *mixer, uint32_t thread,
                        const pl_mix_command *command)
{
    worker *w = &mixer->workers[thread % mixer->n];
    pl_mix_command *slot = pl_ring_reserve(w->commands);
    if (!slot)
        return PL_EFULL;
    *slot = *command;
    pl_ring_commit(w->commands);
    signal_fd(w->wake_fd);
    return PL_OK;
}

int pl_mixer_event_fd(const pl_mixer *mixer)
{
    return mixer->event_fd;
}

static bool take_event(pl_mixer *m, pl_mix_event *ret_event)
{
    for (uint32_t i = 0; i < m->n; i++) {
        worker *w = &m->workers[m->next_event++ % m->n];
        pl_mix_event *event = pl_ring_peek(w->events);
        if (event) {
            *ret_event = *event;
            pl_ring_release(w->events);
            return true;
        }
    }
    return false;
}

bool pl_mixer_next_event(pl_mixer *mixer, pl_mix_event *ret_event)
{
    if (take_event(mixer, ret_event))
        return true;
    /* Cleared before the last look: what comes after it signals again. */
    clear_fd(mixer->event_fd);
    return take_event(mixer, ret_event);
}

bool pl_mixer_next_late(pl_mixer *mixer, pl_late_known *ret_late)
{
    for (uint32_t i = 0; i < mixer->n; i++) {
        pl_late_known *late = pl_ring_peek(mixer->workers[i].lates);
        if (late) {
            *ret_late = *late;
            pl_ring_release(mixer->workers[i].lates);
            return true;
        }
    }
    return false;
}

/* ---- I/O thread --------------------------------------------------------- */

pl_mix_input *pl_mixer_reserve(pl_mixer *mixer, uint32_t thread)
{
    worker *w = &mixer->workers[thread % mixer->n];
    pl_mix_input *slot = pl_ring_reserve(w->inputs);
    if (!slot) {
        pl_metrics_add(mixer->options.metrics, PL_MEDIA_M_input_full, 1);
        /* Packets of a leg whose transport failed fill the queue of a thread
         * that sleeps: it would never read the transport that ends its idling.
         */
        signal_fd(w->wake_fd);
    }
    return slot;
}

void pl_mixer_commit(pl_mixer *mixer, uint32_t thread)
{
    worker *w = &mixer->workers[thread % mixer->n];
    const pl_mix_input *slot = pl_ring_reserve(w->inputs);
    bool is_packet = slot && slot->kind == PL_MIX_PACKET;
    pl_ring_commit(w->inputs);
    w->n_quiet = is_packet ? w->n_quiet + 1 : 0;
    if (is_packet && (w->n_quiet < WAKE_PACKETS ||
                      !atomic_load_explicit(&w->is_live, memory_order_relaxed)))
        return;
    w->n_quiet = 0;
    signal_fd(w->wake_fd);
}

int pl_mixer_note_fd(const pl_mixer *mixer)
{
    return mixer->note_fd;
}

static bool take_note(pl_mixer *m, pl_mix_note *ret_note)
{
    for (uint32_t i = 0; i < m->n; i++) {
        worker *w = &m->workers[m->next_note++ % m->n];
        pl_mix_note *note = pl_ring_peek(w->notes);
        if (note) {
            *ret_note = *note;
            pl_ring_release(w->notes);
            return true;
        }
    }
    return false;
}

bool pl_mixer_next_note(pl_mixer *mixer, pl_mix_note *ret_note)
{
    if (take_note(mixer, ret_note))
        return true;
    clear_fd(mixer->note_fd);
    return take_note(mixer, ret_note);
}
