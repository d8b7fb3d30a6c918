/* report.c - see report.h. */
#include "report.h"

#include <string.h>

#include "pl/json.h"

enum { JSON_MAX = 256 * 1024, BUSIEST = 8 };

static const char *const CODECS[PL_AUDIO_COUNT] = {
    [PL_AUDIO_OPUS] = "opus",
    [PL_AUDIO_G722] = "g722",
    [PL_AUDIO_PCMU] = "pcmu",
    [PL_AUDIO_PCMA] = "pcma",
};

static const char *transport_text(pl_load_transport t)
{
    return t == PL_LOAD_WEBRTC ? "webrtc" : "rtp";
}

double pl_load_cpu_ms(const pl_load_result *r)
{
    double participant_s = r->seconds * r->parties;
    return participant_s > 0 ? 1000 * r->server.cpu_s / participant_s : 0;
}

static double missing_percent(const pl_load_result *r)
{
    uint64_t missing = r->due > r->received ? r->due - r->received : 0;
    return r->due ? 100 * (double)missing / (double)r->due : 0;
}

static double cores(double cpu_s, const pl_load_result *r)
{
    return r->seconds > 0 ? cpu_s / r->seconds : 0;
}

/* ---- for people --------------------------------------------------------- */

static void row_times(FILE *out, const char *what, const pl_stats *s)
{
    if (s->n == 0) {
        (void)fprintf(out, "  %-26s -\n", what);
        return;
    }
    (void)fprintf(
        out, "  %-26s p50 %.2f  p95 %.2f  p99 %.2f  most %.2f ms  (%llu)\n",
        what, (double)pl_stats_at(s, 0.5) / 1000,
        (double)pl_stats_at(s, 0.95) / 1000,
        (double)pl_stats_at(s, 0.99) / 1000, (double)pl_stats_at(s, 1) / 1000,
        (unsigned long long)s->n);
}

static unsigned long long big(uint64_t v)
{
    return v;
}

static void report_received(FILE *out, const pl_load_result *r)
{
    const pl_load_hearing *h = &r->hearing;
    (void)fprintf(out,
                  "what came back\n"
                  "  %-26s %llu of %llu due, %.3f %% missing\n"
                  "  %-26s lost %llu, twice %llu, out of order %llu, foreign "
                  "%llu, not authentic %llu\n",
                  "packets", big(r->received), big(r->due), missing_percent(r),
                  "of these", big(r->lost), big(r->duplicate),
                  big(r->reordered), big(r->foreign), big(r->not_authentic));
    row_times(out, "late on the 20 ms grid", &r->late_us);
    row_times(out, "between two packets", &r->gap_us);
    row_times(out, "mouth to ear, added", &r->delay_us);
    (void)fprintf(out,
                  "  %-26s %u of %u, by %u receiver%s; own voice by %u, of "
                  "other rooms %u, silent %u\n",
                  "voices heard", h->voices_heard, h->voices_due, h->receivers,
                  h->receivers == 1 ? "" : "s", h->own_heard, h->strangers,
                  h->silent);
}

static void report_server(FILE *out, const pl_load_result *r)
{
    const pl_load_server *s = &r->server;
    bool is_shown[PL_LOAD_THREADS] = {false};
    if (s->n_pids == 0)
        return;
    (void)fprintf(out,
                  "server\n  %-26s %.3f cores, %.3f CPU-ms a participant "
                  "second\n  %-26s %.1f MiB PSS (%.1f before), %.1f MiB RSS, "
                  "%.1f KiB a participant\n  %-26s %zu threads, %llu "
                  "descriptors\n",
                  "CPU", cores(s->cpu_s, r), pl_load_cpu_ms(r), "memory",
                  (double)s->pss_kib / 1024, (double)s->idle_kib / 1024,
                  (double)s->rss_kib / 1024,
                  r->parties
                      ? ((double)s->pss_kib - (double)s->idle_kib) / r->parties
                      : 0,
                  "it has", s->n_threads, big(s->n_fds));
    for (unsigned k = 0; k < BUSIEST; k++) {
        size_t best = PL_LOAD_THREADS;
        for (size_t i = 0; i < s->n_threads; i++) {
            if (!is_shown[i] && (best == PL_LOAD_THREADS ||
                                 s->thread[i].cpu_s > s->thread[best].cpu_s))
                best = i;
        }
        if (best == PL_LOAD_THREADS || s->thread[best].cpu_s <= 0)
            break;
        const pl_load_thread *t = &s->thread[best];
        is_shown[best] = true;
        (void)fprintf(out, "  thread %-19s %.3f cores, switches %llu + %llu\n",
                      t->name, cores(t->cpu_s, r), big(t->voluntary),
                      big(t->involuntary));
    }
    for (size_t i = 0; i < s->n_metrics; i++) {
        (void)fprintf(out, "  %-26s %.1f\n", s->metric[i].name,
                      s->metric[i].value);
    }
}

void pl_load_report_text(FILE *out, const pl_load_options *o,
                         const pl_load_result *r)
{
    (void)fprintf(out,
                  "%u room%s of %u with %u talker%s, %s by %s; %u of %u "
                  "connected in %.1f s; measured %.1f s\n",
                  r->rooms, r->rooms == 1 ? "" : "s", o->participants,
                  o->talkers, o->talkers == 1 ? "" : "s", CODECS[o->codec],
                  transport_text(o->transport), r->connected, r->parties,
                  (double)r->open_us / 1e6, r->seconds);
    report_received(out, r);
    report_server(out, r);
    (void)fprintf(out,
                  "generator\n  %-26s send %.3f, receive %.3f, control %.3f "
                  "cores\n  %-26s %llu packets, %llu not taken\n",
                  "CPU", cores(r->send_cpu_s, r), cores(r->receive_cpu_s, r),
                  cores(r->main_cpu_s, r), "sent", big(r->sent),
                  big(r->not_sent));
    row_times(out, "sent late", &r->pace_us);
    (void)fprintf(out, "%s%s\n", r->is_good ? "good" : "FAILED: ", r->reason);
}

/* ---- for programs ------------------------------------------------------- */

static void num(pl_jw *w, const char *key, double value)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%.6g", value);
    if (n > 0)
        pl_jw_raw(w, key, (pl_slice){(const uint8_t *)text, (size_t)n});
}

static void times(pl_jw *w, const char *key, const pl_stats *s)
{
    pl_jw_open(w, key, '{');
    pl_jw_int(w, "n", (int64_t)s->n);
    pl_jw_int(w, "p50", pl_stats_at(s, 0.5));
    pl_jw_int(w, "p95", pl_stats_at(s, 0.95));
    pl_jw_int(w, "p99", pl_stats_at(s, 0.99));
    pl_jw_int(w, "p999", pl_stats_at(s, 0.999));
    pl_jw_int(w, "max", pl_stats_at(s, 1));
    num(w, "mean", pl_stats_mean(s));
    pl_jw_close(w, '}');
}

static void write_asked(pl_jw *w, const pl_load_options *o,
                        const pl_load_result *r)
{
    pl_jw_open(w, "load", '{');
    pl_jw_int(w, "rooms", r->rooms);
    pl_jw_int(w, "participants", o->participants);
    pl_jw_int(w, "talkers", o->talkers);
    pl_jw_str(w, "codec", CODECS[o->codec]);
    pl_jw_str(w, "transport", transport_text(o->transport));
    pl_jw_int(w, "parties", r->parties);
    pl_jw_int(w, "connected", r->connected);
    num(w, "open_s", (double)r->open_us / 1e6);
    num(w, "seconds", r->seconds);
    pl_jw_close(w, '}');
}

static void write_received(pl_jw *w, const pl_load_result *r)
{
    const pl_load_hearing *h = &r->hearing;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"sent", r->sent},
        {"sent_bytes", r->bytes_sent},
        {"not_sent", r->not_sent},
        {"due", r->due},
        {"received", r->received},
        {"received_bytes", r->bytes_received},
        {"lost", r->lost},
        {"duplicate", r->duplicate},
        {"reordered", r->reordered},
        {"foreign", r->foreign},
        {"not_authentic", r->not_authentic},
        {"receivers", h->receivers},
        {"voices_due", h->voices_due},
        {"voices_heard", h->voices_heard},
        {"own_heard", h->own_heard},
        {"strangers", h->strangers},
        {"silent", h->silent},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        pl_jw_int(w, rows[i].name, (int64_t)rows[i].value);
    num(w, "missing_percent", missing_percent(r));
    times(w, "late_us", &r->late_us);
    times(w, "gap_us", &r->gap_us);
    times(w, "delay_us", &r->delay_us);
    times(w, "pace_us", &r->pace_us);
}

static void write_server(pl_jw *w, const pl_load_result *r)
{
    const pl_load_server *s = &r->server;
    pl_jw_open(w, "server", '{');
    num(w, "cpu_s", s->cpu_s);
    num(w, "cores", cores(s->cpu_s, r));
    num(w, "cpu_ms_per_participant_s", pl_load_cpu_ms(r));
    pl_jw_int(w, "pss_kib", (int64_t)s->pss_kib);
    pl_jw_int(w, "idle_pss_kib", (int64_t)s->idle_kib);
    pl_jw_int(w, "rss_kib", (int64_t)s->rss_kib);
    pl_jw_int(w, "descriptors", (int64_t)s->n_fds);
    pl_jw_open(w, "threads", '[');
    for (size_t i = 0; i < s->n_threads; i++) {
        const pl_load_thread *t = &s->thread[i];
        pl_jw_open(w, NULL, '{');
        pl_jw_int(w, "pid", t->pid);
        pl_jw_int(w, "tid", t->tid);
        pl_jw_str(w, "name", t->name);
        num(w, "cpu_s", t->cpu_s);
        pl_jw_int(w, "voluntary", (int64_t)t->voluntary);
        pl_jw_int(w, "involuntary", (int64_t)t->involuntary);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
    pl_jw_open(w, "metrics", '{');
    for (size_t i = 0; i < s->n_metrics; i++)
        num(w, s->metric[i].name, s->metric[i].value);
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}

pl_err pl_load_report_json(FILE *out, const pl_load_options *o,
                           const pl_load_result *r)
{
    pl_buf buf;
    pl_buf_init(&buf, JSON_MAX);
    pl_jw w = {.out = &buf};
    pl_jw_open(&w, NULL, '{');
    pl_jw_bool(&w, "good", r->is_good);
    pl_jw_str(&w, "reason", r->reason);
    write_asked(&w, o, r);
    write_received(&w, r);
    write_server(&w, r);
    pl_jw_open(&w, "generator", '{');
    num(&w, "send_cpu_s", r->send_cpu_s);
    num(&w, "receive_cpu_s", r->receive_cpu_s);
    num(&w, "control_cpu_s", r->main_cpu_s);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
    pl_err e = buf.has_failed ? PL_ENOMEM : PL_OK;
    if (e == PL_OK)
        (void)fprintf(out, "%s\n", pl_buf_text(&buf));
    pl_buf_fini(&buf);
    return e;
}
