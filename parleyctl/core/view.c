/* view.c - see view.h. */
#include "view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "pl/utc.h"
#include "pl/words.h"
#include "table.h"

enum {
    SHOWN_MAX = 12,
    SORTED_BY_MAX = 3,
    KEYS_MAX = 65536,
    PAGES_MAX = PL_CTL_ROWS_MAX,
    ORDER_TEXT = 200,
    MATCH_MIN = 4 /* bytes of an id that stand for it */
};

/* ---- how each list looks ---- */

typedef enum shown_kind {
    TEXT = 1,
    NUMBER,
    PERMILLE, /* shown as per cent */
    FLAG,     /* "yes" or nothing */
    BYTES,
    AGE /* since that time */
} shown_kind;

typedef struct shown {
    const char *member, *title;
    shown_kind kind;
} shown;

struct pl_ctl_view {
    pl_ctl_verb verb;
    uint32_t what;
    const char *sorted_by[SORTED_BY_MAX];
    shown columns[SHOWN_MAX];
};

static const pl_ctl_view VIEWS[] = {
    {PL_CTL_WORKERS,
     PL_OPS_TABLE_WORKERS,
     {NULL},
     {{"worker", "WORKER", TEXT},
      {"role", "KIND", TEXT},
      {"state", "STATE", TEXT},
      {"life", "LIFE", TEXT},
      {"load_permille", "LOAD", PERMILLE},
      {"rooms", "ROOMS", NUMBER},
      {"held", "HOLDS", NUMBER},
      {"capacity", "OF", NUMBER},
      {"address", "ADDRESS", TEXT},
      {"build", "BUILD", TEXT},
      {"up_at", "UP", AGE}}},
    {PL_CTL_ROOMS,
     PL_OPS_TABLE_ROOMS,
     {"room"},
     {{"room", "ROOM", TEXT},
      {"source", "MADE BY", TEXT},
      {"state", "STATE", TEXT},
      {"mode", "MODE", TEXT},
      {"has_pin", "PIN", FLAG},
      {"has_host_pin", "HOST PIN", FLAG},
      {"participants", "PEOPLE", NUMBER},
      {"max_participants", "OF", NUMBER},
      {"record", "RECORD", TEXT},
      {"created_at", "AGE", AGE}}},
    {PL_CTL_CONFERENCES,
     PL_OPS_TABLE_CONFERENCES,
     {"room", "started_at"},
     {{"room", "ROOM", TEXT},
      {"kind", "KIND", TEXT},
      {"participants", "PEOPLE", NUMBER},
      {"waiting", "WAIT", NUMBER},
      {"ringing", "RING", NUMBER},
      {"started", "STARTED", FLAG},
      {"locked", "LOCKED", FLAG},
      {"media_worker", "MEDIA WORKER", TEXT},
      {"epoch", "EPOCH", NUMBER},
      {"started_at", "AGE", AGE},
      {"conference", "CONFERENCE", TEXT}}},
    {PL_CTL_PARTICIPANTS,
     PL_OPS_TABLE_PARTICIPANTS,
     {"room", "since"},
     {{"room", "ROOM", TEXT},
      {"name", "NAME", TEXT},
      {"came_by", "BY", TEXT},
      {"role", "ROLE", TEXT},
      {"state", "STATE", TEXT},
      {"waiting", "WAITS", FLAG},
      {"media", "MEDIA", TEXT},
      {"codec", "CODEC", TEXT},
      {"muted", "MUTED", FLAG},
      {"on_hold", "HOLD", FLAG},
      {"since", "SINCE", AGE},
      {"participant", "PARTICIPANT", TEXT}}},
    {PL_CTL_CALLS,
     PL_OPS_TABLE_CALLS,
     {"room", "started_at"},
     {{"room", "ROOM", TEXT},
      {"name", "NAME", TEXT},
      {"way", "WAY", TEXT},
      {"state", "STATE", TEXT},
      {"peer", "PEER", TEXT},
      {"signaling_worker", "SIGNALING WORKER", TEXT},
      {"media_worker", "MEDIA WORKER", TEXT},
      {"started_at", "SINCE", AGE},
      {"call", "CALL", TEXT}}},
    {PL_CTL_POOL,
     PL_OPS_TABLE_POOL,
     {NULL},
     {{"number", "NO", NUMBER},
      {"name", "ROOM", TEXT},
      {"state", "STATE", TEXT},
      {"since", "SINCE", AGE},
      {"participants", "PEOPLE", NUMBER},
      {"client", "CLIENT", TEXT},
      {"tag", "TAG", TEXT},
      {"lease_until", "LEASE", AGE},
      {"platform_id", "PLATFORM", NUMBER}}},
    {PL_CTL_REGISTRATIONS,
     PL_OPS_TABLE_REGISTRATIONS,
     {"number", "created_at"},
     {{"number", "NUMBER", TEXT},
      {"device", "DEVICE", TEXT},
      {"state", "STATE", TEXT},
      {"mode", "MODE", TEXT},
      {"calls", "CALLS", NUMBER},
      {"expires_at", "ENDS", AGE},
      {"bound_until", "BOUND", AGE},
      {"signaling_worker", "SIGNALING WORKER", TEXT},
      {"client", "CLIENT", TEXT}}},
    {PL_CTL_RECORDINGS,
     PL_OPS_TABLE_RECORDINGS,
     {NULL},
     {{"room", "ROOM", TEXT},
      {"state", "STATE", TEXT},
      {"started_by", "BY", TEXT},
      {"who", "WHO", TEXT},
      {"files", "FILES", NUMBER},
      {"bytes", "SIZE", BYTES},
      {"started_at", "BEGAN", AGE},
      {"ended_at", "ENDED", AGE},
      {"end_reason", "WHY", TEXT},
      {"recording", "RECORDING", TEXT}}},
};

const pl_ctl_view *pl_ctl_view_of(pl_ctl_verb verb)
{
    for (size_t i = 0; i < sizeof VIEWS / sizeof VIEWS[0]; i++) {
        if (VIEWS[i].verb == verb)
            return &VIEWS[i];
    }
    return NULL;
}

uint32_t pl_ctl_view_what(const pl_ctl_view *view)
{
    return view->what;
}

/* ---- rows ---- */

struct pl_ctl_rows {
    const pl_ctl_view *view;
    const char *match;
    uint32_t limit;
    pl_json **pages;
    size_t n_pages, cap_pages;
    const pl_json **rows;
    size_t n, cap;
};

pl_err pl_ctl_rows_create(const pl_ctl_view *view, const char *match,
                          uint32_t limit, pl_ctl_rows **ret_rows)
{
    pl_ctl_rows *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    r->view = view;
    r->match = match;
    r->limit = limit;
    *ret_rows = r;
    return PL_OK;
}

void pl_ctl_rows_destroy(pl_ctl_rows **rows)
{
    if (!rows || !*rows)
        return;
    pl_ctl_rows *r = *rows;
    for (size_t i = 0; i < r->n_pages; i++)
        pl_json_free(&r->pages[i]);
    free(r->pages);
    free(r->rows);
    free(r);
    *rows = NULL;
}

static pl_err keep_page(pl_ctl_rows *r, pl_json *page)
{
    if (r->n_pages == r->cap_pages) {
        size_t cap = r->cap_pages ? 2 * r->cap_pages : 16;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are kept */
        pl_json **more = realloc(r->pages, cap * sizeof(*more));
        if (!more)
            return PL_ENOMEM;
        r->pages = more;
        r->cap_pages = cap;
    }
    r->pages[r->n_pages++] = page;
    return PL_OK;
}

static pl_err keep_row(pl_ctl_rows *r, const pl_json *row)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 256;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are kept */
        const pl_json **more = realloc(r->rows, cap * sizeof(*more));
        if (!more)
            return PL_ENOMEM;
        r->rows = more;
        r->cap = cap;
    }
    r->rows[r->n++] = row;
    return PL_OK;
}

static pl_slice text_of(const pl_json *row, const char *member)
{
    pl_slice text = {NULL, 0};
    return pl_json_get_str(row, member, &text) ? (pl_slice){NULL, 0} : text;
}

/* A room by its name, a conference by its id or how that begins. */
static bool is_match(const pl_ctl_rows *r, const pl_json *row)
{
    if (!r->match)
        return true;
    size_t n = strlen(r->match);
    pl_slice conf = text_of(row, "conference");
    return pl_slice_eq_str(text_of(row, "room"), r->match) ||
           (n >= MATCH_MIN && n <= conf.len &&
            memcmp(conf.ptr, r->match, n) == 0);
}

pl_err pl_ctl_rows_add(pl_ctl_rows *rows, pl_slice page, size_t *ret_n)
{
    pl_json *json = NULL;
    if (rows->n_pages == PAGES_MAX)
        return PL_EFULL;
    pl_err e = pl_json_parse_long(page, KEYS_MAX, &json);
    if (!e && !pl_json_is_array(json))
        e = PL_EPROTO;
    size_t n = e ? 0 : pl_json_count(json);
    for (size_t i = 0; !e && i < n; i++) {
        if (!pl_json_is_object(pl_json_at(json, i)))
            e = PL_EPROTO;
    }
    if (!e)
        e = keep_page(rows, json);
    if (e) {
        pl_json_free(&json);
        return e;
    }
    *ret_n = n;
    for (size_t i = 0; !e && i < n; i++) {
        const pl_json *row = pl_json_at(json, i);
        if (!is_match(rows, row))
            continue;
        e = rows->n == rows->limit ? PL_EFULL : keep_row(rows, row);
    }
    return e;
}

size_t pl_ctl_rows_count(const pl_ctl_rows *rows)
{
    return rows->n;
}

const pl_json *pl_ctl_rows_at(const pl_ctl_rows *rows, size_t i)
{
    return i < rows->n ? rows->rows[i] : NULL;
}

typedef struct ordered {
    char text[ORDER_TEXT];
    const pl_json *row;
} ordered;

static int by_text(const void *a, const void *b)
{
    const ordered *x = a;
    const ordered *y = b;
    return strcmp(x->text, y->text);
}

static void write_order(const pl_ctl_view *view, ordered *o)
{
    size_t at = 0;
    for (size_t i = 0; i < SORTED_BY_MAX && view->sorted_by[i]; i++) {
        pl_slice text = text_of(o->row, view->sorted_by[i]);
        size_t left = sizeof o->text - at - 1;
        size_t n = text.len < left ? text.len : left;
        if (n > 0)
            memcpy(o->text + at, text.ptr, n);
        at += n;
        if (at + 1 < sizeof o->text)
            o->text[at++] = '\x01'; /* before every character of a name */
    }
    o->text[at] = '\0';
}

pl_err pl_ctl_rows_sort(pl_ctl_rows *rows)
{
    if (!rows->view->sorted_by[0] || rows->n < 2)
        return PL_OK;
    ordered *all = calloc(rows->n, sizeof *all);
    if (!all)
        return PL_ENOMEM;
    for (size_t i = 0; i < rows->n; i++) {
        all[i].row = rows->rows[i];
        write_order(rows->view, &all[i]);
    }
    qsort(all, rows->n, sizeof *all, by_text);
    for (size_t i = 0; i < rows->n; i++)
        rows->rows[i] = all[i].row;
    free(all);
    return PL_OK;
}

/* ---- cells ---- */

void pl_ctl_age(int64_t ms, char text[PL_CTL_AGE_TEXT])
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    const int64_t most_s = INT64_C(100000) * DAY;
    const char *in = ms < 0 ? "in " : "";
    int64_t s = (ms < 0 ? -(ms / 1000) : ms / 1000);
    if (s > most_s)
        s = most_s;
    if (s < MINUTE) {
        pl_fmt_cut(text, PL_CTL_AGE_TEXT, "%s%" PRId64 "s", in, s);
    } else if (s < HOUR) {
        pl_fmt_cut(text, PL_CTL_AGE_TEXT, "%s%" PRId64 "m", in, s / MINUTE);
    } else if (s < DAY) {
        pl_fmt_cut(text, PL_CTL_AGE_TEXT, "%s%" PRId64 "h%02" PRId64 "m", in,
                   s / HOUR, s % HOUR / MINUTE);
    } else {
        pl_fmt_cut(text, PL_CTL_AGE_TEXT, "%s%" PRId64 "d%02" PRId64 "h", in,
                   s / DAY, s % DAY / HOUR);
    }
}

static void write_bytes(int64_t n, char *text, size_t cap)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    int64_t tenths = n > INT64_MAX / 10 ? INT64_MAX : n * 10;
    for (; tenths >= 10240 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        tenths /= 1024;
    if (unit == 0) {
        pl_fmt_cut(text, cap, "%" PRId64 " B", n);
    } else {
        pl_fmt_cut(text, cap, "%" PRId64 ".%" PRId64 " %s", tenths / 10,
                   tenths % 10, units[unit]);
    }
}

static void write_age(pl_slice at, int64_t now_ms, char text[PL_CTL_AGE_TEXT])
{
    int64_t ms = 0;
    text[0] = '\0';
    if (at.len > 0 && pl_utc_read(at, &ms) == PL_OK)
        pl_ctl_age(now_ms - ms, text);
}

static pl_err add_cell(pl_ctl_table *t, const shown *s, const pl_json *row,
                       int64_t now_ms)
{
    char text[64] = "";
    int64_t n = 0;
    bool is_on = false;
    bool has_number = pl_json_get_i64(row, s->member, &n) == PL_OK;
    switch (s->kind) {
    case TEXT: return pl_ctl_table_add(t, text_of(row, s->member));
    case NUMBER:
        if (has_number)
            pl_fmt_cut(text, sizeof text, "%" PRId64, n);
        break;
    case PERMILLE:
        if (has_number)
            pl_fmt_cut(text, sizeof text, "%" PRId64 "%%", (n + 5) / 10);
        break;
    case FLAG:
        if (pl_json_get_bool(row, s->member, &is_on) == PL_OK && is_on)
            pl_fmt_cut(text, sizeof text, "yes");
        break;
    case BYTES:
        if (has_number)
            write_bytes(n, text, sizeof text);
        break;
    case AGE: write_age(text_of(row, s->member), now_ms, text); break;
    default: break;
    }
    return pl_ctl_table_add(t, pl_slice_str(text));
}

static size_t columns_of(const pl_ctl_view *view,
                         pl_ctl_column columns[SHOWN_MAX])
{
    size_t n = 0;
    for (; n < SHOWN_MAX && view->columns[n].title; n++) {
        shown_kind kind = view->columns[n].kind;
        columns[n] =
            (pl_ctl_column){.title = view->columns[n].title,
                            .is_right = kind == NUMBER || kind == PERMILLE ||
                                        kind == BYTES || kind == AGE};
    }
    return n;
}

pl_err pl_ctl_view_table(const pl_ctl_rows *rows, int64_t now_ms, size_t width,
                         pl_buf *out)
{
    pl_ctl_column columns[SHOWN_MAX];
    pl_ctl_table *t = NULL;
    size_t n = columns_of(rows->view, columns);
    pl_err e = pl_ctl_table_create(columns, n, &t);
    for (size_t i = 0; !e && i < rows->n; i++) {
        for (size_t k = 0; !e && k < n; k++)
            e = add_cell(t, &rows->view->columns[k], rows->rows[i], now_ms);
    }
    if (!e)
        pl_ctl_table_write(t, width, out);
    pl_ctl_table_destroy(&t);
    return !e && out->has_failed ? PL_ENOMEM : e;
}

pl_err pl_ctl_view_json(const pl_ctl_rows *rows, bool has_more, pl_buf *out)
{
    pl_err e = PL_OK;
    pl_buf_add_fmt(out, "{\"%s\":[", pl_ctl_verb_name(rows->view->verb));
    for (size_t i = 0; !e && i < rows->n; i++) {
        pl_buf_add_str(out, i == 0 ? "" : ",");
        e = pl_json_dump(rows->rows[i], out);
    }
    pl_buf_add_fmt(out, "],\"more\":%s}\n", has_more ? "true" : "false");
    return !e && out->has_failed ? PL_ENOMEM : e;
}
