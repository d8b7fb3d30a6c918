/* ops_events.c - the latest lines of the log, for operators who look on. */
#include <string.h>

#include "ops_impl.h"
#include "pl/json.h"
#include "pl/str.h"

static const int64_t GATHER_US = 20000; /* lines that come together */

/* ---- keeping ---- */

/* Cut to fit between characters; what is no text becomes question marks. */
static void set_text(char *to, size_t cap, const char *text)
{
    enum { TAIL_MAX = 3 }; /* bytes of a character that was cut */
    size_t most = strlen(text) < cap ? 0 : TAIL_MAX;
    pl_fmt_cut(to, cap, "%s", text);
    size_t n = strlen(to);
    for (size_t cut = 0; cut <= most && cut <= n; cut++) {
        if (pl_is_utf8((pl_slice){(const uint8_t *)to, n - cut})) {
            to[n - cut] = '\0';
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)to[i] > 0x7f)
            to[i] = '?';
    }
}

static void wake(void *ctx, void *object);

void pl_ops_note(pl_pool *pool, pl_log_level level, const char *event,
                 const char *conf, const char *part, const char *text)
{
    pl_ops *ops = pool->ops_tools;
    if (level > PL_LOG_INFO)
        return;
    ops->last_no++;
    pl_ops_line *line = &ops->lines[ops->last_no % PL_OPS_NOTES_MAX];
    line->no = ops->last_no;
    line->at_ms = pool->now.wall_ms;
    line->level = level;
    set_text(line->event, sizeof line->event, event);
    set_text(line->conf, sizeof line->conf, conf);
    set_text(line->part, sizeof line->part, part);
    set_text(line->text, sizeof line->text, text);
    if (ops->n_waits > 0 && ops->wake.at == 0)
        pl_pool_plan(pool, &ops->wake, wake, ops, GATHER_US);
}

/* ---- telling ---- */

static const char *level_text(pl_log_level level)
{
    static const char *const texts[] = {"error", "warn", "info", "debug",
                                        "trace"};
    return texts[level];
}

static void write_line(pl_jw *w, const pl_ops_line *line)
{
    char at[PL_TIME_TEXT];
    pl_time_text(line->at_ms, at);
    pl_jw_open(w, NULL, '{');
    pl_jw_int(w, "no", (int64_t)line->no);
    pl_jw_str(w, "at", at);
    pl_jw_str(w, "level", level_text(line->level));
    pl_jw_str(w, "event", line->event);
    pl_jw_str(w, "conference", line->conf);
    pl_jw_str(w, "participant", line->part);
    pl_jw_str(w, "text", line->text);
    pl_jw_close(w, '}');
}

/* The first number to tell of. Who has seen more than there is saw those of an
 * earlier run: it gets all. */
static uint64_t first_after(const pl_ops *ops, uint64_t after)
{
    uint64_t oldest = ops->last_no > PL_OPS_NOTES_MAX
                          ? ops->last_no - PL_OPS_NOTES_MAX + 1
                          : 1;
    return after >= oldest && after <= ops->last_no ? after + 1 : oldest;
}

static void reply_lines(pl_pool *pool, const pl_bus_ticket *ticket,
                        uint64_t after)
{
    /* One line at its longest, each byte escaped (\u001f). */
    enum {
        LINE_BYTES =
            256 + 6 * (PL_OPS_TEXT_MAX + PL_OPS_EVENT_MAX) + 12 * PL_ID_MAX
    };
    const pl_ops *ops = pool->ops_tools;
    pl_ops_event_rows r = {.last = 0};
    pl_buf rows;
    pl_buf_init(&rows, PL_OPS_ROWS_BYTES);
    pl_jw w = {.out = &rows};
    pl_jw_open(&w, NULL, '[');
    uint64_t no = first_after(ops, after);
    r.last = no - 1;
    for (; no <= ops->last_no && rows.len + LINE_BYTES < PL_OPS_ROWS_BYTES;
         no++) {
        write_line(&w, &ops->lines[no % PL_OPS_NOTES_MAX]);
        r.last = no;
    }
    pl_jw_close(&w, ']');
    r.rows = pl_buf_slice(&rows);
    if (rows.has_failed) {
        pl_pool_refuse(pool, ticket, PL_ENOMEM, NULL);
    } else {
        pl_pool_reply(pool, ticket, &PL_MSG_OPS_EVENT_ROWS, &r);
    }
    pl_buf_fini(&rows);
}

/* ---- waiting ---- */

static void end_wait(pl_pool *pool, pl_ops_wait *wait)
{
    pl_pool_cancel(pool, &wait->timeout);
    wait->is_used = false;
    pool->ops_tools->n_waits--;
}

static void answer(pl_pool *pool, pl_ops_wait *wait)
{
    end_wait(pool, wait);
    reply_lines(pool, &wait->ticket, wait->after);
}

static void on_timeout(void *ctx, void *object)
{
    answer(ctx, object);
}

static void wake(void *ctx, void *object)
{
    pl_ops *ops = object;
    for (size_t i = 0; i < PL_OPS_WAITS_MAX; i++) {
        if (ops->waits[i].is_used)
            answer(ctx, &ops->waits[i]);
    }
}

void pl_ops_waits_forget(pl_pool *pool, const char *node)
{
    pl_ops *ops = pool->ops_tools;
    for (size_t i = 0; i < PL_OPS_WAITS_MAX; i++) {
        pl_ops_wait *wait = &ops->waits[i];
        if (wait->is_used && strcmp(wait->ticket.node, node) == 0)
            end_wait(pool, wait);
    }
}

/* A place to wait: of one operator only the last request waits. */
static pl_ops_wait *place_for(pl_pool *pool, const char *node)
{
    pl_ops *ops = pool->ops_tools;
    pl_ops_waits_forget(pool, node);
    for (size_t i = 0; i < PL_OPS_WAITS_MAX; i++) {
        if (!ops->waits[i].is_used)
            return &ops->waits[i];
    }
    return NULL;
}

void pl_on_ops_events(pl_pool *pool, const pl_bus_in *in)
{
    const pl_ops_events *m = in->body;
    pl_ops *ops = pool->ops_tools;
    bool waits = PL_MSG_HAS(OPS_EVENTS, ops_events, m, wait_ms) &&
                 m->wait_ms > 0 && first_after(ops, m->after) > ops->last_no;
    pl_ops_wait *wait = waits ? place_for(pool, in->node) : NULL;
    if (!waits) {
        reply_lines(pool, &in->ticket, m->after);
        return;
    }
    if (!wait) {
        pl_pool_refuse(pool, &in->ticket, PL_EFULL,
                       "too many operators look on");
        return;
    }
    wait->is_used = true;
    wait->after = m->after;
    wait->ticket = in->ticket;
    ops->n_waits++;
    pl_pool_plan(pool, &wait->timeout, on_timeout, wait, PL_MS(m->wait_ms));
}
