/* video_hours.c - see video_hours.h. */
#include "video_hours.h"

#include <string.h>

#include "pl/str.h"
#include "pl/utc.h"

enum { DAY_MIN = 24 * 60, DAYS = 7 };
static const int64_t MIN_MS = 60000;
static const int64_t DAY_MS = INT64_C(86400000);

/* ---- hours ---- */

/* 0 Monday; -1 none. Also the long names. */
static int find_day(pl_slice text)
{
    static const char *const names[DAYS] = {"monday",   "tuesday", "wednesday",
                                            "thursday", "friday",  "saturday",
                                            "sunday"};
    for (int i = 0; i < DAYS; i++) {
        char letters[4];
        pl_fmt_cut(letters, sizeof letters, "%.3s", names[i]);
        if (pl_slice_eq_nocase(text, names[i]) ||
            pl_slice_eq_nocase(text, letters))
            return i;
    }
    return -1;
}

/* Minutes since midnight of HH:MM or HH:MM:SS; -1 none. */
static int find_time(pl_slice text)
{
    uint64_t h;
    uint64_t m;
    if ((text.len != 5 && text.len != 8) || text.ptr[2] != ':' ||
        (text.len == 8 && text.ptr[5] != ':') ||
        pl_parse_u64((pl_slice){text.ptr, 2}, 24, &h) ||
        pl_parse_u64((pl_slice){text.ptr + 3, 2}, 59, &m) ||
        h * 60 + m > DAY_MIN)
        return -1;
    return (int)(h * 60 + m);
}

typedef struct period {
    int first_day, last_day, start_min, end_min;
} period;

static bool read_period(const pl_json *json, period *p)
{
    pl_slice text[4];
    static const char *const names[] = {"start_day", "end_day", "start_time",
                                        "end_time"};
    for (size_t i = 0; i < 4; i++) {
        if (pl_json_get_str(json, names[i], &text[i]))
            return false;
    }
    *p = (period){find_day(text[0]), find_day(text[1]), find_time(text[2]),
                  find_time(text[3])};
    return p->first_day >= 0 && p->last_day >= 0 && p->start_min >= 0 &&
           p->end_min > p->start_min;
}

/* From .. to, the end left out; a day is meant to its end. */
static bool read_pause(const pl_json *json, int64_t *from, int64_t *to)
{
    enum { DATE = 10 };
    pl_slice start;
    pl_slice end;
    if (pl_json_get_str(json, "start_date", &start) ||
        pl_json_get_str(json, "end_date", &end) || pl_utc_read(start, from) ||
        pl_utc_read(end, to))
        return false;
    *to += end.len == DATE ? DAY_MS : 1;
    return *to > *from;
}

static const pl_json *periods_of(const pl_json *hours)
{
    return pl_json_get(hours, "regular_service_periods");
}

static const pl_json *pauses_of(const pl_json *hours)
{
    return pl_json_get(hours, "service_unavailable_periods");
}

const char *pl_hours_fault(const pl_json *hours)
{
    period p;
    int64_t from;
    int64_t to;
    pl_slice zone;
    if (!pl_json_is_object(hours) ||
        pl_json_get_str(hours, "time_zone", &zone) || zone.len == 0 ||
        zone.len > PL_ZONE_NAME_MAX)
        return "want an object with a time_zone";
    for (size_t i = 0; i < pl_json_count(periods_of(hours)); i++) {
        if (!read_period(pl_json_at(periods_of(hours), i), &p)) {
            return "regular_service_periods: want start_day, end_day (MON), "
                   "start_time and a later end_time (07:30)";
        }
    }
    for (size_t i = 0; i < pl_json_count(pauses_of(hours)); i++) {
        if (!read_pause(pl_json_at(pauses_of(hours), i), &from, &to)) {
            return "service_unavailable_periods: want start_date and an "
                   "end_date not before it (2026-12-25)";
        }
    }
    return NULL;
}

void pl_hours_zone(const pl_json *hours, char name[PL_ZONE_NAME_MAX + 1])
{
    pl_slice zone;
    if (pl_json_get_str(hours, "time_zone", &zone) ||
        pl_copy(name, PL_ZONE_NAME_MAX + 1, zone))
        pl_fmt_cut(name, PL_ZONE_NAME_MAX + 1, "UTC");
}

static bool has_day(const period *p, int day)
{
    return p->first_day <= p->last_day
               ? day >= p->first_day && day <= p->last_day
               : day >= p->first_day || day <= p->last_day;
}

bool pl_hours_are_open(const pl_json *hours, int64_t local_ms)
{
    period p;
    int64_t from;
    int64_t to;
    int64_t days = local_ms / DAY_MS;
    int day = (int)((days + 3) % DAYS); /* 1970-01-01 was a Thursday */
    int minute = (int)((local_ms - days * DAY_MS) / MIN_MS);
    for (size_t i = 0; i < pl_json_count(pauses_of(hours)); i++) {
        if (read_pause(pl_json_at(pauses_of(hours), i), &from, &to) &&
            local_ms >= from && local_ms < to)
            return false;
    }
    size_t n = pl_json_count(periods_of(hours));
    for (size_t i = 0; i < n; i++) {
        if (read_period(pl_json_at(periods_of(hours), i), &p) &&
            has_day(&p, day) && minute >= p.start_min && minute < p.end_min)
            return true;
    }
    return n == 0;
}

/* ---- zones ---- */

enum { HEADER = 44, TYPE = 6 };

static int64_t big_endian(const uint8_t *p, size_t n)
{
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

/* One block of the file: times of `width` bytes. */
typedef struct block {
    const uint8_t *times, *indices, *types;
    size_t width, n_times, n_types, len; /* len: with its header */
} block;

static pl_err read_block(pl_slice zone, size_t width, block *b)
{
    size_t n[6];
    if (zone.len < HEADER || memcmp(zone.ptr, "TZif", 4) != 0)
        return PL_EPROTO;
    for (size_t i = 0; i < 6; i++) {
        int64_t count = big_endian(zone.ptr + 20 + 4 * i, 4);
        if (count < 0 || count > PL_ZONE_FILE_MAX)
            return PL_EPROTO;
        n[i] = (size_t)count;
    }
    /* isut, isstd, leap, time, type, char */
    const uint8_t *at = zone.ptr + HEADER;
    *b = (block){.times = at,
                 .indices = at + n[3] * width,
                 .types = at + n[3] * (width + 1),
                 .width = width,
                 .n_times = n[3],
                 .n_types = n[4],
                 .len = HEADER + n[3] * (width + 1) + n[4] * TYPE + n[5] +
                        n[2] * (width + 4) + n[1] + n[0]};
    return b->len <= zone.len && b->n_types > 0 ? PL_OK : PL_EPROTO;
}

static pl_err offset_in(const block *b, int64_t utc_s, int64_t *ret_offset_ms)
{
    size_t type = 0;
    for (size_t i = 0; i < b->n_times; i++) {
        if (big_endian(b->times + i * b->width, b->width) > utc_s)
            break;
        type = b->indices[i];
    }
    if (type >= b->n_types)
        return PL_EPROTO;
    *ret_offset_ms = big_endian(b->types + type * TYPE, 4) * 1000;
    return PL_OK;
}

pl_err pl_zone_offset(pl_slice zone, int64_t utc_ms, int64_t *ret_offset_ms)
{
    block b;
    if (zone.len == 0) {
        *ret_offset_ms = 0;
        return PL_OK;
    }
    pl_err e = read_block(zone, 4, &b);
    if (!e && zone.ptr[4] >= '2') { /* the same again in 64 bits */
        zone.ptr += b.len;
        zone.len -= b.len;
        e = read_block(zone, 8, &b);
    }
    return e ? e : offset_in(&b, utc_ms / 1000, ret_offset_ms);
}
