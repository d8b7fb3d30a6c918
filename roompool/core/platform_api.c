/* platform_api.c - see platform_api.h. */
#include "platform_api.h"

#include <string.h>

#include "pl/json.h"
#include "pl/str.h"
#include "room.h"

#define CONFIGURATION "/api/admin/configuration/v1/conference/"
#define STATUS        "/api/admin/status/v1/conference/"
enum { ESCAPED_MAX = 3 * 250 + 1 };

static const char LETTERS[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool pl_platform_is_base(const char *url)
{
    static const char scheme[] = "https://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *host = url + sizeof scheme - 1;
    size_t n = strcspn(host, "/");
    for (size_t i = 0; i < n; i++) {
        if (!strchr(LETTERS, host[i]) && !strchr(".-:[]", host[i]))
            return false;
    }
    for (const char *p = host + n; *p; p++) {
        if (!strchr(LETTERS, *p) && !strchr("/.-_~", *p))
            return false;
    }
    return n > 0;
}

/* RFC 3986 section 2.3: what needs no escape. */
static void escape(char to[ESCAPED_MAX], const char *from)
{
    size_t n = 0;
    for (; *from && n + 3 < ESCAPED_MAX; from++) {
        if (strchr(LETTERS, *from) || strchr("-._~", *from)) {
            to[n++] = *from;
        } else {
            pl_fmt_cut(to + n, ESCAPED_MAX - n, "%%%02X",
                       (unsigned)(unsigned char)*from);
            n += 3;
        }
    }
    to[n] = '\0';
}

void pl_platform_url_rooms(const char *base, char url[PL_PLATFORM_URL_MAX + 1])
{
    pl_fmt_cut(url, PL_PLATFORM_URL_MAX + 1, "%s" CONFIGURATION, base);
}

void pl_platform_url_room(const char *base, uint64_t id,
                          char url[PL_PLATFORM_URL_MAX + 1])
{
    pl_fmt_cut(url, PL_PLATFORM_URL_MAX + 1, "%s" CONFIGURATION "%llu/", base,
               (unsigned long long)id);
}

void pl_platform_url_named(const char *base, bool is_live, const char *name,
                           char url[PL_PLATFORM_URL_MAX + 1])
{
    char escaped[ESCAPED_MAX];
    escape(escaped, name);
    pl_fmt_cut(url, PL_PLATFORM_URL_MAX + 1, "%s%s?name=%s", base,
               is_live ? STATUS : CONFIGURATION, escaped);
}

void pl_platform_url_page(const char *base, const char *description,
                          unsigned limit, uint64_t offset,
                          char url[PL_PLATFORM_URL_MAX + 1])
{
    char escaped[ESCAPED_MAX];
    escape(escaped, description);
    pl_fmt_cut(url, PL_PLATFORM_URL_MAX + 1,
               "%s" CONFIGURATION "?description=%s&limit=%u&offset=%llu", base,
               escaped, limit, (unsigned long long)offset);
}

/* ---- bodies ---- */

static void put_pins(pl_jw *w, const pl_room_row *row)
{
    pl_jw_str(w, "pin", pl_room_host_pin(row));
    pl_jw_str(w, "guest_pin", pl_room_guest_pin(row));
    pl_jw_str(w, "description", row->description);
}

void pl_platform_put_room(pl_buf *out, const pl_room_row *row)
{
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "name", row->room_id);
    pl_jw_str(&w, "service_type", "conference");
    pl_jw_bool(&w, "allow_guests", row->allow_guests);
    put_pins(&w, row);
    pl_jw_str(&w, "tag", row->tag);
    if (row->max_participants > 0)
        pl_jw_int(&w, "participant_limit", row->max_participants);
    pl_jw_open(&w, "aliases", '[');
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "alias", row->room_id);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
}

void pl_platform_put_change(pl_buf *out, const pl_room_row *row, bool is_whole)
{
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "tag", row->tag);
    if (is_whole)
        put_pins(&w, row);
    pl_jw_close(&w, '}');
}

/* ---- answers ---- */

pl_err pl_platform_read_location(const char *location, uint64_t *ret_id)
{
    size_t end = strlen(location);
    if (end > 0 && location[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && location[start - 1] >= '0' &&
           location[start - 1] <= '9')
        start--;
    uint64_t id = 0;
    pl_slice digits = {(const uint8_t *)location + start, end - start};
    if (start == 0 || location[start - 1] != '/' ||
        pl_parse_u64(digits, INT64_MAX, &id) || id == 0)
        return PL_EPROTO;
    *ret_id = id;
    return PL_OK;
}

/* PL_ENOENT absent; PL_ETOOBIG or a wrong type: no room of ours. */
static pl_err read_text(const pl_json *json, const char *key, char *buf,
                        size_t cap)
{
    pl_slice text;
    pl_err e = pl_json_get_str(json, key, &text);
    return e ? e : pl_copy(buf, cap, text);
}

static pl_err read_room(const pl_json *json, pl_platform_room *room)
{
    int64_t id = 0;
    *room = (pl_platform_room){.id = 0};
    pl_err e = read_text(json, "name", room->name, sizeof room->name);
    if (e)
        return e;
    if (!pl_json_get_i64(json, "id", &id) && id > 0)
        room->id = (uint64_t)id;
    if (read_text(json, "tag", room->tag, sizeof room->tag))
        room->tag[0] = '\0';
    if (read_text(json, "description", room->description,
                  sizeof room->description))
        room->description[0] = '\0';
    return PL_OK;
}

static pl_err read_objects(const pl_json *doc,
                           void (*each)(void *ctx,
                                        const pl_platform_room *room),
                           void *ctx, size_t *ret_n)
{
    const pl_json *objects = pl_json_get(doc, "objects");
    size_t n = pl_json_count(objects);
    pl_platform_room room;
    if (!pl_json_is_array(objects))
        return PL_EPROTO;
    for (size_t i = 0; i < n; i++) {
        if (!read_room(pl_json_at(objects, i), &room))
            each(ctx, &room);
    }
    *ret_n = n;
    return PL_OK;
}

pl_err pl_platform_read_page(pl_slice body,
                             void (*each)(void *ctx,
                                          const pl_platform_room *room),
                             void *ctx, uint64_t *ret_total, size_t *ret_n)
{
    pl_json *doc = NULL;
    int64_t total = -1;
    pl_err e = pl_json_parse(body, &doc);
    if (!e) {
        e = pl_json_get_i64(pl_json_get(doc, "meta"), "total_count", &total);
        if (e || total < 0)
            e = PL_EPROTO;
    }
    if (!e)
        e = read_objects(doc, each, ctx, ret_n);
    pl_json_free(&doc);
    if (!e)
        *ret_total = (uint64_t)total;
    return e;
}

bool pl_platform_says_taken(pl_slice body)
{
    static const char *const fields[] = {"name", "alias", "aliases"};
    pl_json *doc = NULL;
    bool is_taken = false;
    if (pl_json_parse(body, &doc))
        return false;
    const pl_json *faults = pl_json_get(doc, "conference");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        is_taken |= pl_json_get(faults ? faults : doc, fields[i]) != NULL;
    pl_json_free(&doc);
    return is_taken;
}
