/* app.c - builds the media worker out of its parts and nothing else. */
#include "app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/media_metrics.h"
#include "io/bus_handlers.h"
#include "io/codecs.h"
#include "io/control.h"
#include "io/denoise.h"
#include "io/io_thread.h"
#include "io/mixer_thread.h"
#include "io/resume.h"
#include "io/srtp.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

struct pl_media {
    const pl_media_config *config;
    pl_dtls_identity *identity;
    pl_prompts *prompts;
    pl_recorder *recorder;
    pl_mixer *mixer;
    pl_io_thread *io_thread;
    pl_control *control;
    pl_bus_handlers *handlers;
    pl_udp udp; /* until web_ports has it */
    pl_web_ports *web_ports;
    bool has_srtp;
    char address[PL_ADDR_TEXT];
};

const pl_metric_desc pl_media_metric_rows[] = {PL_MEDIA_METRICS(PL_METRIC_ROW)};

/* ---- configuration ------------------------------------------------------ */

/* Addresses of announce_address, separated by commas or blanks. */
static pl_err read_announced(const char *text, pl_control_options *o)
{
    static const char between[] = ", ";
    for (const char *p = text + strspn(text, between); *p;
         p += strspn(p, between)) {
        char one[PL_ADDR_TEXT];
        size_t len = strcspn(p, between);
        if (o->n_announce == PL_LEG_SDP_LOCALS ||
            pl_copy(one, sizeof one, (pl_slice){(const uint8_t *)p, len}) !=
                PL_OK ||
            pl_addr_parse(one, 0, &o->announce[o->n_announce]) != PL_OK)
            return PL_ECONFIG;
        o->n_announce++;
        p += len;
    }
    o->is_announce_fixed = o->n_announce > 0;
    return PL_OK;
}

static pl_err check_config(const void *values, char *reason, size_t cap)
{
    const pl_media_config *k = values;
    pl_control_options o = {.n_announce = 0};
    if (k->rtp_port_min >= k->rtp_port_max) {
        pl_fmt_cut(reason, cap,
                   "rtp_port_min = %u: not below rtp_port_max = %u",
                   k->rtp_port_min, k->rtp_port_max);
        return PL_ECONFIG;
    }
    const uint32_t last = k->webrtc_port + k->webrtc_ports - 1;
    if (last > UINT16_MAX) {
        pl_fmt_cut(reason, cap,
                   "webrtc_ports = %u: from webrtc_port = %u on "
                   "there are not so many",
                   k->webrtc_ports, k->webrtc_port);
        return PL_ECONFIG;
    }
    if (last >= k->rtp_port_min && k->webrtc_port <= k->rtp_port_max) {
        pl_fmt_cut(reason, cap,
                   "webrtc_port = %u, webrtc_ports = %u: %u..%u overlaps "
                   "rtp_port_min..rtp_port_max = %u..%u",
                   k->webrtc_port, k->webrtc_ports, k->webrtc_port, last,
                   k->rtp_port_min, k->rtp_port_max);
        return PL_ECONFIG;
    }
    if (k->jitter_min_ms > k->jitter_max_ms) {
        pl_fmt_cut(reason, cap, "jitter_min_ms = %u: above jitter_max_ms = %u",
                   k->jitter_min_ms, k->jitter_max_ms);
        return PL_ECONFIG;
    }
    if (read_announced(k->announce_address, &o) != PL_OK) {
        pl_fmt_cut(reason, cap,
                   "announce_address = %s: not a list of at most %d addresses",
                   k->announce_address, PL_LEG_SDP_LOCALS);
        return PL_ECONFIG;
    }
    if (k->prompts_dir[0] && access(k->prompts_dir, R_OK | X_OK) != 0) {
        pl_fmt_cut(reason, cap, "prompts_dir = %s: no such folder, or not ours",
                   k->prompts_dir);
        return PL_ECONFIG;
    }
    return PL_OK;
}

static pl_err fill_options(const pl_media_config *k, pl_control_options *o)
{
    char reason[512];
    pl_err e = check_config(k, reason, sizeof reason);
    if (e == PL_OK)
        e = read_announced(k->announce_address, o);
    if (e != PL_OK) {
        PL_LOG(ERROR, "media", "config_refused", NULL, "%s", reason);
        return e;
    }
    if (o->n_announce == 0) {
        o->n_announce =
            pl_udp_locals(k->announce_loopback, o->announce, PL_LEG_SDP_LOCALS);
    }
    if (o->n_announce == 0) {
        PL_LOG(ERROR, "media", "no_address", NULL,
               "this machine has no address; set announce_address");
        return PL_ECONFIG;
    }
    o->bind_address = k->bind_address;
    o->rtp_port_min = (uint16_t)k->rtp_port_min;
    o->rtp_port_max = (uint16_t)k->rtp_port_max;
    o->is_loopback_allowed = k->announce_loopback;
    o->max_rooms = k->max_rooms;
    o->max_legs = k->max_legs;
    o->has_red = k->redundancy;
    o->has_comfort = k->dtx;
    o->max_talkers = k->max_talkers;
    o->budget_permille = k->budget_permille;
    return PL_OK;
}

/* ---- start -------------------------------------------------------------- */

static pl_err open_port(const pl_media_config *k, pl_udp *ret_udp)
{
    uint32_t begin = 0;
    if (k->webrtc_any)
        pl_random(&begin, sizeof begin);
    pl_err e = pl_web_ports_open_first(
        k->bind_address, (uint16_t)k->webrtc_port, k->webrtc_ports,
        begin % k->webrtc_ports, ret_udp);
    if (e == PL_OK)
        return PL_OK;
    if (e == PL_EINVAL) {
        PL_LOG(ERROR, "media", "config_refused", NULL,
               "bind_address = %s: not an IP address", k->bind_address);
        return PL_ECONFIG;
    }
    const char *why =
        e == PL_EBUSY ? "other processes have them" : "the system refused it";
    PL_LOG(ERROR, "media", "port_busy", NULL,
           "webrtc_port = %u..%u/udp on %s: %s (errno %d); stop one of them or "
           "change webrtc_port or webrtc_ports in [media]",
           k->webrtc_port, k->webrtc_port + k->webrtc_ports - 1,
           k->bind_address[0] ? k->bind_address : "*", why, errno);
    return PL_EIO;
}

static pl_err start_recorder(pl_media *m, const pl_media_options *o)
{
    const pl_media_config *k = o->config;
    const pl_recorder_options r = {.dir = k->recordings_dir,
                                   .n_threads = pl_mixer_count(k->threads),
                                   .max_recordings = k->max_recordings,
                                   .max_legs = k->max_legs,
                                   .min_free_mib = k->recordings_min_free_mib,
                                   .codecs = &pl_codecs,
                                   .metrics = o->metrics};
    return r.dir[0] ? pl_recorder_start(&r, &m->recorder) : PL_OK;
}

static pl_err start_threads(pl_media *m, const pl_media_options *o)
{
    const pl_media_config *k = o->config;
    uint32_t priority = k->realtime_priority;
    pl_mixer_options mixer = {.n_threads = k->threads,
                              .priority = priority,
                              .max_legs = k->max_legs,
                              .max_rooms = k->max_rooms,
                              .delay = {(int64_t)k->jitter_min_ms * 1000,
                                        (int64_t)k->jitter_max_ms * 1000},
                              .codecs = &pl_codecs,
                              .srtp = &pl_srtp_library,
                              .denoise = &pl_speex_denoise,
                              .opus_complexity = k->opus_complexity,
                              .has_dtx = k->dtx,
                              .metrics = o->metrics};
    pl_err e = open_port(k, &m->udp);
    if (e == PL_OK)
        e = start_recorder(m, o);
    if (e != PL_OK)
        return e;
    if (m->recorder)
        mixer.record = pl_recorder_rings(m->recorder);
    pl_resume_watch();
    e = pl_mixer_start(&mixer, &m->mixer);
    pl_io_thread_options io = {.mixer = m->mixer,
                               .identity = m->identity,
                               .webrtc = m->udp,
                               .max_legs = k->max_legs,
                               /* handshakes must not hold up a tick */
                               .priority = priority > 1 ? priority - 1 : 0,
                               .metrics = o->metrics};
    if (e == PL_OK)
        e = pl_io_thread_start(&io, &m->io_thread);
    if (e != PL_OK)
        return e;
    const pl_web_ports_options web = {.loop = o->loop,
                                      .io_thread = m->io_thread,
                                      .bind_address = k->bind_address,
                                      .own = m->udp,
                                      .metrics = o->metrics};
    m->udp.fd = -1;
    return pl_web_ports_create(&web, &m->web_ports);
}

static pl_err start_control(pl_media *m, const pl_media_options *o,
                            pl_control_options *c)
{
    c->loop = o->loop;
    c->bus = o->bus;
    c->mixer = m->mixer;
    c->io_thread = m->io_thread;
    c->recorder = m->recorder;
    c->max_recordings = o->config->max_recordings;
    c->identity = m->identity;
    c->prompts = m->prompts;
    c->metrics = o->metrics;
    c->web_ports = m->web_ports;
    c->webrtc_port = pl_web_ports_own(m->web_ports);
    c->drained = o->drained;
    c->ctx = o->ctx;
    pl_err e = pl_control_create(c, &m->control);
    if (e == PL_OK)
        e = pl_bus_handlers_open(o->bus, m->control, &m->handlers);
    return e;
}

static pl_err start(pl_media *m, const pl_media_options *o)
{
    pl_control_options c = {.n_announce = 0};
    pl_err e = fill_options(o->config, &c);
    if (e == PL_OK)
        e = pl_srtp_library_open();
    m->has_srtp = e == PL_OK;
    if (e == PL_OK)
        e = pl_dtls_identity_create(&m->identity);
    if (e == PL_OK)
        e = pl_prompts_load(o->config->prompts_dir, &m->prompts);
    if (e == PL_OK)
        e = start_threads(m, o);
    if (e == PL_OK)
        e = start_control(m, o, &c);
    if (e != PL_OK)
        return e;
    pl_addr first = c.announce[0];
    first.port = c.webrtc_port;
    pl_addr_text(&first, m->address);
    PL_LOG(INFO, "media", "listening", NULL,
           "WebRTC on port %u, SIP on %u..%u, announced as %s and %zu more; "
           "%u mixing threads, %zu prompts",
           c.webrtc_port, o->config->rtp_port_min, o->config->rtp_port_max,
           m->address, c.n_announce - 1, pl_mixer_threads(m->mixer),
           pl_prompts_count(m->prompts));
    return PL_OK;
}

pl_err pl_media_start(const pl_media_options *options, pl_media **ret_media)
{
    pl_media *m = calloc(1, sizeof *m);
    if (!m)
        return PL_ENOMEM;
    m->config = options->config;
    m->udp.fd = -1;
    pl_err e = start(m, options);
    if (e != PL_OK) {
        PL_LOG(ERROR, "media", "start_failed", NULL, "%s", pl_err_text(e));
        pl_media_stop(&m);
        return e;
    }
    *ret_media = m;
    return PL_OK;
}

/* The I/O thread first, as it uses the mixers; then the mixers, which write to
 * sockets and to the recorder; those are closed last. */
void pl_media_stop(pl_media **media)
{
    if (!media || !*media)
        return;
    pl_media *m = *media;
    pl_control_quiet(m->control);
    pl_web_ports_quiet(m->web_ports);
    pl_io_thread_stop(&m->io_thread);
    pl_mixer_stop(&m->mixer);
    pl_recorder_stop(&m->recorder);
    pl_control_destroy(&m->control);
    pl_web_ports_destroy(&m->web_ports);
    pl_udp_close(&m->udp);
    pl_bus_handlers_close(&m->handlers);
    pl_prompts_free(&m->prompts);
    pl_dtls_identity_destroy(&m->identity);
    if (m->has_srtp)
        pl_srtp_library_close();
    free(m);
    *media = NULL;
}

static void tell_link(pl_media *m, pl_net_command_kind kind)
{
    const pl_net_command c = {.kind = kind};
    if (pl_io_thread_command(m->io_thread, &c) != PL_OK)
        PL_LOG(WARN, "media", "queue_full", NULL, "the link's state is lost");
}

void pl_media_linked(pl_media *m)
{
    tell_link(m, PL_NET_LINKED);
    pl_control_inventory(m->control);
}

void pl_media_unlinked(pl_media *m)
{
    tell_link(m, PL_NET_ALONE);
}

void pl_media_drain(pl_media *m)
{
    pl_control_drain(m->control);
}

void pl_media_load(const pl_media *m, pl_process_load *ret_load)
{
    const pl_leg_table *t = pl_control_table(m->control);
    *ret_load = (pl_process_load){.load_permille = pl_control_load(m->control),
                                  .rooms = pl_leg_table_rooms(t),
                                  .legs = pl_leg_table_legs(t)};
}

const char *pl_media_address(const pl_media *m)
{
    return m->address;
}

/* ---- as a process ------------------------------------------------------- */

/* What the skeleton's call-backs share. */
typedef struct running {
    pl_process *process;
    pl_media *media;
    pl_timer *orphan; /* runs while roompool is away */
    uint32_t orphan_ms;
} running;

static const pl_config_key keys[] = {
#define CONFIG_TYPE pl_media_config
    PL_MEDIA_CONFIG(PL_CONFIG_ROW)
#undef CONFIG_TYPE
};

static const pl_config_section sections[] = {
    {.kind = "media",
     .doc = "media worker: WebRTC and RTP, mixing",
     .keys = keys,
     .n_keys = sizeof keys / sizeof keys[0],
     .size = sizeof(pl_media_config),
     .check = check_config},
};

/* Rooms go on without roompool: it may come back, and people talk. */
static void on_orphan(void *ctx)
{
    running *r = ctx;
    pl_life life = pl_process_life(r->process);
    if (life != PL_LIFE_READY && life != PL_LIFE_DRAINING) {
        pl_process_load load;
        pl_media_load(r->media, &load);
        PL_LOG(WARN, "media", "orphaned", NULL,
               "no roompool for %u s; %u rooms with %u legs go on",
               r->orphan_ms / 1000, load.rooms, load.legs);
    }
    pl_timer_start(r->orphan, (int64_t)r->orphan_ms * 1000);
}

static void on_drained(void *ctx)
{
    const running *r = ctx;
    pl_process_drained(r->process);
}

static void app_stop(void *ctx)
{
    running *r = ctx;
    pl_timer_destroy(&r->orphan);
    pl_media_stop(&r->media);
    free(r);
}

static pl_err app_start(pl_process *process, void **ret_ctx)
{
    const pl_media_config *k =
        pl_config_get(pl_process_config(process), "media");
    running *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    r->process = process;
    r->orphan_ms = k->orphan_ms;
    pl_media_options o = {.loop = pl_process_loop(process),
                          .bus = pl_process_bus(process),
                          .metrics = pl_process_metrics(process),
                          .config = k,
                          .drained = on_drained,
                          .ctx = r};
    pl_err e = pl_media_start(&o, &r->media);
    if (e == PL_OK)
        e = pl_timer_create(o.loop, on_orphan, r, &r->orphan);
    if (e != PL_OK) {
        app_stop(r);
        return e;
    }
    pl_timer_start(r->orphan, (int64_t)r->orphan_ms * 1000);
    *ret_ctx = r;
    return PL_OK;
}

void pl_media_net(const char *bind_address, pl_hello *hello)
{
    char text[2 * PL_SHA256_TEXT];
    char digest[PL_SHA256_TEXT];
    if (!PL_MSG_HAS(HELLO, hello, hello, net) || bind_address[0] == '\0')
        return;
    pl_fmt_cut(text, sizeof text, "%s %s", hello->net, bind_address);
    pl_sha256_hex(text, strlen(text), digest);
    pl_fmt_cut(hello->net, sizeof hello->net, "%s", digest);
}

static void app_hello(void *ctx, pl_hello *hello)
{
    const running *r = ctx;
    pl_media_net(r->media->config->bind_address, hello);
    pl_fmt_cut(hello->address, sizeof hello->address, "%s", r->media->address);
    PL_MSG_SET(HELLO, hello, hello, address);
    hello->capacity = r->media->config->max_legs;
    PL_MSG_SET(HELLO, hello, hello, capacity);
}

static void app_linked(void *ctx)
{
    running *r = ctx;
    pl_timer_start(r->orphan, (int64_t)r->orphan_ms * 1000);
    pl_media_linked(r->media);
}

static void app_unlinked(void *ctx)
{
    const running *r = ctx;
    pl_media_unlinked(r->media);
}

static void app_load(void *ctx, pl_process_load *ret_load)
{
    const running *r = ctx;
    pl_media_load(r->media, ret_load);
}

static void app_drain(void *ctx)
{
    running *r = ctx;
    pl_media_drain(r->media);
}

static pl_err app_check(void *ctx, char *reason, size_t cap)
{
    const running *r = ctx;
    if (!pl_io_thread_lives(r->media->io_thread)) {
        pl_fmt_cut(reason, cap, "the network thread hangs");
        return PL_EINTERNAL;
    }
    if (!pl_mixer_ticks(r->media->mixer)) {
        pl_fmt_cut(reason, cap, "a mixing thread does not tick");
        return PL_EINTERNAL;
    }
    return PL_OK;
}

/* SIGUSR1: every leg, one line. */
static void app_dump(void *ctx)
{
    const running *r = ctx;
    const pl_leg_table *t = pl_control_table(r->media->control);
    size_t cursor = 0;
    const pl_leg *leg;
    while ((leg = pl_leg_table_next_leg(t, &cursor)) != NULL) {
        PL_LOG(INFO, "media", "leg",
               PL_KV("room", leg->room_id, "leg", leg->id, "kind",
                     pl_leg_kind_text((uint32_t)leg->kind), "state",
                     pl_leg_state_text((uint32_t)leg->state)),
               "thread %u, %s", leg->thread,
               leg->room ? "in its room" : "being dropped");
    }
}

const pl_app pl_media_app = {
    .name = "parley-media",
    .summary = "mixes the audio of browsers and telephones",
    .role = PL_ROLE_MEDIA,
    .sections = sections,
    .n_sections = sizeof sections / sizeof sections[0],
    .metrics = pl_media_metric_rows,
    .n_metrics = PL_MEDIA_M_COUNT,
    .start = app_start,
    .hello = app_hello,
    .linked = app_linked,
    .unlinked = app_unlinked,
    .load = app_load,
    .drain = app_drain,
    .stop = app_stop,
    .dump = app_dump,
    .check = app_check,
};
