/* load.c - one session: voices, flow and adapter put together. */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter.h"
#include "clock.h"
#include "io/codecs.h"
#include "io/srtp.h"
#include "pl/str.h"
#include "verify.h"

enum {
    CONNECT_MS = 60000,
    LOOK_MS = 50,
    AT_ONCE = 200,   /* parties that connect */
    VOICES_USUAL = 6 /* prepared at most where no room needs more */
};

const pl_load_options PL_LOAD_DEFAULT = {
    .rooms = 1,
    .participants = 4,
    .talkers = 2,
    .codec = PL_AUDIO_OPUS,
    .transport = PL_LOAD_WEBRTC,
    .duration_s = 10,
    .warmup_s = 3,
    .verify = 16,
    .max_loss_percent = 1,
    .local = "",
    .speech = "media-worker/prompts",
    .server = "",
    .room = "load-%u",
    .pin = "",
    .spawn = "",
    .spawn_config = "",
    .spawn_core = -1,
    .own_core = -1,
    .spawn_threads = 1,
};

struct pl_load {
    const pl_load_options *options;
    const pl_load_adapter *adapter;
    void *state;
    const pl_codec *codec;
    pl_load_voices *voices;
    pl_load_flow *flow;
    pl_load_party *parties;
    unsigned capacity, n_rooms, n_parties, next_churn;
    pl_load_open open;
    int64_t open_us;
    uint64_t idle_kib;
    char *reason; /* of the caller's while creating, then own */
    char own_reason[PL_LOAD_REASON];
};

/* ---- creating ----------------------------------------------------------- */

static pl_err refuse(pl_load *l, pl_err e, const char *why)
{
    if (!l->reason[0])
        pl_fmt_cut(l->reason, PL_LOAD_REASON, "%s", why);
    return e;
}

/* Processes that are to be measured are there. */
static pl_err check_pids(pl_load *l, const pl_load_options *o)
{
    char text[64];
    for (size_t i = 0; i < o->n_pids; i++) {
        pl_fmt_cut(text, sizeof text, "/proc/%ld/task", o->pids[i]);
        if (access(text, F_OK) == 0)
            continue;
        pl_fmt_cut(text, sizeof text, "--pid: there is no process %ld",
                   o->pids[i]);
        return refuse(l, PL_EINVAL, text);
    }
    return PL_OK;
}

static pl_err check(pl_load *l, const pl_load_options *o)
{
    pl_addr local;
    if (o->talkers > o->participants) {
        char text[96];
        pl_fmt_cut(text, sizeof text,
                   "--talkers: %u, but at most --participants, which is %u",
                   o->talkers, o->participants);
        return refuse(l, PL_EINVAL, text);
    }
    if (o->talkers > PL_LOAD_TALKERS_MAX)
        return refuse(l, PL_EINVAL, "at most 32 talkers in a room");
    if (l->capacity > PL_LOAD_PARTIES_MAX)
        return refuse(l, PL_EINVAL, "at most 20000 participants");
    if (!(l->adapter->transports & 1U << o->transport))
        return refuse(l, PL_EINVAL, "this adapter has no such transport");
    if (!l->codec)
        return refuse(l, PL_EINVAL, "this codec is not built in");
    if (o->local[0] && pl_addr_parse(o->local, 0, &local) != PL_OK)
        return refuse(l, PL_EINVAL, "the own address is not an IPv4 address");
    if (o->local[0] && !pl_addr_is_loopback(&local) && !o->is_remote)
        return refuse(l, PL_EINVAL,
                      "addresses other than loopback only with --remote");
    return check_pids(l, o);
}

static size_t voices_needed(const pl_load_options *o, unsigned capacity)
{
    size_t rooms = o->participants ? capacity / o->participants : 0;
    size_t all = rooms * o->talkers;
    size_t most = o->talkers > VOICES_USUAL ? o->talkers : VOICES_USUAL;
    return all < most ? all : most;
}

static void seat_parties(pl_load *l)
{
    const pl_load_options *o = l->options;
    for (unsigned i = 0; i < l->capacity; i++) {
        l->parties[i] = (pl_load_party){.number = i,
                                        .room = i / o->participants,
                                        .seat = i % o->participants,
                                        .transport = o->transport,
                                        .codec = o->codec};
        l->parties[i].is_talker = l->parties[i].seat < o->talkers;
    }
}

static pl_err prepare(pl_load *l)
{
    const pl_load_options *o = l->options;
    pl_err e = check(l, o);
    if (e != PL_OK)
        return e;
    e = pl_load_voices_create(o->speech, voices_needed(o, l->capacity),
                              l->codec, &l->voices);
    if (e != PL_OK)
        return refuse(l, e,
                      "no voices: start in the folder of the repository, or "
                      "name a folder of WAV files by --speech");
    l->parties = calloc(l->capacity + 1U, sizeof *l->parties);
    if (!l->parties)
        return PL_ENOMEM;
    seat_parties(l);
    e = pl_load_flow_create(o, l->voices, l->parties, l->capacity, &l->flow);
    if (e == PL_OK)
        e = pl_load_flow_start(l->flow);
    return e == PL_OK ? e : refuse(l, e, "no sockets or threads");
}

static size_t find_pids(const pl_load *l, long *pids)
{
    size_t n = 0;
    if (l->adapter->pids)
        n = l->adapter->pids(l->state, pids, PL_LOAD_PIDS);
    for (size_t i = 0; i < l->options->n_pids && n < PL_LOAD_PIDS; i++)
        pids[n++] = l->options->pids[i];
    return n;
}

static void read_server(const pl_load *l, pl_load_server *ret_server)
{
    long pids[PL_LOAD_PIDS];
    pl_load_server_read(pids, find_pids(l, pids), ret_server);
}

static pl_err open_adapter(pl_load *l)
{
    l->open = (pl_load_open){.options = l->options,
                             .joined = pl_load_flow_joined,
                             .ctx = l->flow,
                             .reason = l->own_reason};
    pl_err e = l->adapter->open(&l->open, &l->state);
    if (e != PL_OK) {
        pl_fmt_cut(l->reason, PL_LOAD_REASON, "%s", l->own_reason);
        return refuse(l, e, pl_err_text(e));
    }
    pl_load_server *server = calloc(1, sizeof *server);
    if (server) {
        read_server(l, server);
        l->idle_kib = server->pss_kib;
    }
    free(server);
    return PL_OK;
}

/* Once in a process: it refuses a second time. */
static pl_err open_library(void)
{
    static bool is_open;
    pl_err e = is_open ? PL_OK : pl_srtp_library_open();
    is_open = e == PL_OK;
    return e;
}

pl_err pl_load_create(const pl_load_options *options,
                      const struct pl_load_adapter *adapter, char *reason,
                      pl_load **ret_load)
{
    pl_load *l = calloc(1, sizeof *l);
    reason[0] = '\0';
    if (!l)
        return PL_ENOMEM;
    l->options = options;
    l->adapter = adapter;
    l->reason = reason;
    l->capacity = options->capacity ? options->capacity
                                    : options->rooms * options->participants;
    l->codec = pl_codecs.codec[options->codec];
    pl_err e = open_library();
    if (e == PL_OK)
        e = prepare(l);
    if (e == PL_OK)
        e = open_adapter(l);
    if (e != PL_OK) {
        pl_load_destroy(&l);
        return e;
    }
    l->reason = l->own_reason;
    *ret_load = l;
    return PL_OK;
}

/* ---- coming and going --------------------------------------------------- */

static unsigned count_up(const pl_load *l, unsigned from, unsigned n)
{
    unsigned up = 0;
    for (unsigned i = from; i < from + n; i++)
        up += pl_load_flow_is_up(l->flow, &l->parties[i]);
    return up;
}

/* Join some and wait until they are connected. */
static pl_err bring_some(pl_load *l, unsigned from, unsigned n)
{
    pl_err e = l->adapter->join(l->state, l->parties + from, n);
    int64_t until = pl_load_now_us() + (int64_t)CONNECT_MS * 1000;
    while (e == PL_OK && count_up(l, from, n) < n) {
        if (pl_load_now_us() > until) {
            e = PL_ETIMEOUT;
            pl_fmt_cut(l->own_reason, sizeof l->own_reason,
                       "%u of %u are not connected", n - count_up(l, from, n),
                       n);
        } else {
            e = l->adapter->wait(l->state, pl_load_now_us() + LOOK_MS * 1000);
        }
    }
    return e;
}

/* Servers limit how many may be on their way at a time, and for how long. */
static pl_err bring_in(pl_load *l, unsigned from, unsigned n)
{
    int64_t begun = pl_load_now_us();
    for (unsigned i = from; i < from + n; i++)
        pl_load_flow_prepare(l->flow, &l->parties[i]);
    pl_err e = n == 0 ? l->adapter->join(l->state, l->parties, 0) : PL_OK;
    for (unsigned i = 0; e == PL_OK && i < n; i += AT_ONCE) {
        unsigned left = n - i;
        e = bring_some(l, from + i, left < AT_ONCE ? left : AT_ONCE);
    }
    l->open_us = pl_load_now_us() - begun;
    return e == PL_OK ? e : refuse(l, e, pl_err_text(e));
}

/* Append how far it came. */
static void say_connected(pl_load *l)
{
    size_t len = strlen(l->own_reason);
    pl_fmt_cut(l->own_reason + len, sizeof l->own_reason - len,
               " (%u of %u were connected)", count_up(l, 0, l->capacity),
               l->capacity);
}

pl_err pl_load_add_rooms(pl_load *l, unsigned n)
{
    unsigned a_room = l->options->participants;
    if (n > PL_LOAD_ROOMS_MAX ||
        (a_room && n > (l->capacity - l->n_parties) / a_room))
        return refuse(l, PL_EFULL, "no capacity for so many rooms");
    pl_err e = bring_in(l, l->n_parties, n * a_room);
    l->n_rooms += n;
    l->n_parties += n * a_room;
    return e;
}

pl_err pl_load_leave(pl_load *l, unsigned party)
{
    pl_load_flow_left(l->flow, &l->parties[party]);
    return l->adapter->leave(l->state, &l->parties[party], 1);
}

pl_err pl_load_rejoin(pl_load *l, unsigned party)
{
    return bring_in(l, party, 1);
}

pl_err pl_load_wait(pl_load *l, int64_t ms)
{
    pl_err e = l->adapter->wait(l->state, pl_load_now_us() + ms * 1000);
    return e == PL_OK ? e : refuse(l, e, "the server is gone");
}

unsigned pl_load_parties(const pl_load *l)
{
    return l->n_parties;
}

const char *pl_load_reason(const pl_load *l)
{
    return l->own_reason;
}

/* ---- measuring ---------------------------------------------------------- */

/* Whose audio is kept: spread over all rooms, and over the seats of a room, so
 * that talkers and listeners are among them. */
static size_t choose(const pl_load *l, unsigned *keep)
{
    unsigned n =
        l->n_parties < l->options->verify ? l->n_parties : l->options->verify;
    unsigned a_room = l->options->participants;
    unsigned rooms = n < l->n_rooms ? n : l->n_rooms;
    size_t made = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned room = (unsigned)((uint64_t)(i % rooms) * l->n_rooms / rooms);
        unsigned round = i / rooms;
        unsigned rounds = (n + rooms - 1) / rooms;
        /* half of them the first seats, half spread over the others */
        unsigned seat = round < (rounds + 1) / 2
                            ? round
                            : a_room - 1 - (round - (rounds + 1) / 2);
        if (rounds == 1 && i % 2 == 1)
            seat = a_room - 1;
        unsigned party = room * a_room + seat;
        if (pl_load_flow_is_up(l->flow, &l->parties[party]))
            keep[made++] = party;
    }
    return made;
}

static bool is_kept(const unsigned *keep, size_t n, unsigned party)
{
    for (size_t i = 0; i < n; i++) {
        if (keep[i] == party)
            return true;
    }
    return false;
}

/* Take the next listener out and in again. */
static pl_err churn(pl_load *l, const unsigned *keep, size_t n_keep)
{
    for (unsigned i = 0; i < l->n_parties; i++) {
        unsigned party = l->next_churn++ % l->n_parties;
        if (l->parties[party].is_talker || is_kept(keep, n_keep, party))
            continue;
        pl_err e = pl_load_leave(l, party);
        return e == PL_OK ? pl_load_rejoin(l, party) : e;
    }
    return PL_OK;
}

static pl_err pass_time(pl_load *l, unsigned seconds, const unsigned *keep,
                        size_t n_keep)
{
    int64_t begun = pl_load_now_us();
    int64_t end = begun + (int64_t)seconds * 1000000;
    double per_s = l->options->churn_per_s;
    pl_err e = PL_OK;
    for (uint64_t i = 1; e == PL_OK && pl_load_now_us() < end; i++) {
        int64_t next =
            per_s > 0 ? begun + (int64_t)((double)i * 1e6 / per_s) : end;
        e = l->adapter->wait(l->state, next < end ? next : end);
        if (e == PL_OK && next < end)
            e = churn(l, keep, n_keep);
    }
    return e == PL_OK ? e : refuse(l, e, "the server is gone");
}

static void take_counts(const pl_load *l, pl_load_result *r)
{
    pl_load_counts *c = calloc(1, sizeof *c);
    if (!c)
        return;
    pl_load_flow_counts(l->flow, c);
    r->sent = c->sent;
    r->bytes_sent = c->bytes_sent;
    r->not_sent = c->not_sent;
    r->due = c->due;
    r->received = c->received;
    r->bytes_received = c->bytes_received;
    r->lost = c->lost;
    r->duplicate = c->duplicate;
    r->reordered = c->reordered;
    r->foreign = c->foreign;
    r->not_authentic = c->not_authentic;
    r->late_us = c->late_us;
    r->gap_us = c->gap_us;
    r->pace_us = c->pace_us;
    r->send_cpu_s = c->send_cpu_s;
    r->receive_cpu_s = c->receive_cpu_s;
    free(c);
}

static pl_err measure(pl_load *l, unsigned seconds, unsigned *keep,
                      pl_load_server *before, pl_load_result *r)
{
    size_t n_keep = choose(l, keep);
    pl_err e = pl_load_flow_begin(l->flow, keep, n_keep, seconds);
    if (e != PL_OK)
        return e;
    double cpu = pl_load_thread_cpu_s();
    int64_t begun = pl_load_now_us();
    read_server(l, before);
    if (l->adapter->metrics)
        l->adapter->metrics(l->state, before);
    e = pass_time(l, seconds, keep, n_keep);
    read_server(l, &r->server);
    if (l->adapter->metrics)
        l->adapter->metrics(l->state, &r->server);
    pl_load_server_since(&r->server, before);
    r->server.idle_kib = l->idle_kib;
    r->connected = count_up(l, 0, l->n_parties);
    r->seconds = (double)(pl_load_now_us() - begun) / 1e6;
    r->main_cpu_s = pl_load_thread_cpu_s() - cpu;
    pl_load_flow_end(l->flow);
    take_counts(l, r);
    if (e == PL_OK) {
        e = pl_load_verify(l->options, l->flow, l->voices, l->parties, l->codec,
                           r);
    }
    return e;
}

pl_err pl_load_window(pl_load *l, unsigned seconds, pl_load_result *r)
{
    unsigned *keep = calloc(l->options->verify + 1U, sizeof *keep);
    pl_load_server *before = calloc(1, sizeof *before);
    *r = (pl_load_result){
        .rooms = l->n_rooms, .parties = l->n_parties, .open_us = l->open_us};
    pl_err e =
        keep && before ? measure(l, seconds, keep, before, r) : PL_ENOMEM;
    free(keep);
    free(before);
    if (e != PL_OK)
        pl_fmt_cut(r->reason, sizeof r->reason, "%s",
                   l->own_reason[0] ? l->own_reason : pl_err_text(e));
    return e;
}

void pl_load_destroy(pl_load **load)
{
    if (!load || !*load)
        return;
    pl_load *l = *load;
    if (l->state)
        l->adapter->close(&l->state);
    pl_load_flow_destroy(&l->flow);
    pl_load_voices_destroy(&l->voices);
    free(l->parties);
    free(l);
    *load = NULL;
}

pl_err pl_load_run(const pl_load_options *options,
                   const struct pl_load_adapter *adapter,
                   pl_load_result *ret_result)
{
    pl_load *l = NULL;
    *ret_result = (pl_load_result){.rooms = 0};
    pl_err e = pl_load_create(options, adapter, ret_result->reason, &l);
    if (e != PL_OK)
        return e;
    e = pl_load_add_rooms(l, options->rooms);
    if (e != PL_OK)
        say_connected(l);
    if (e == PL_OK)
        e = pl_load_wait(l, (int64_t)options->warmup_s * 1000);
    if (e == PL_OK) {
        e = pl_load_window(l, options->duration_s, ret_result);
    } else {
        pl_fmt_cut(ret_result->reason, sizeof ret_result->reason, "%s",
                   pl_load_reason(l));
    }
    pl_load_destroy(&l);
    return e;
}
