/* line.c - see line.h. */
#include "device/line.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "pl/buf.h"
#include "pl/str.h"
#include "pl/uri.h"

struct pl_lines {
    pl_map *by_number; /* "+49301" a number, "+49301*" a range */
    pl_line *all;      /* owned, n of them */
    size_t n, cap;
};

size_t pl_lines_count(const pl_lines *lines)
{
    return lines ? lines->n : 0;
}

/* + and digits; it becomes part of SIP addresses. */
static bool is_number(const char *text)
{
    size_t len = strlen(text);
    return len > 1 && len <= PL_LINE_NUMBER_MAX && text[0] == '+' &&
           strspn(text + 1, "0123456789") == len - 1;
}

const pl_line *pl_lines_find(const pl_lines *lines, const char *number)
{
    char key[PL_LINE_NUMBER_MAX + 2];
    size_t len = strlen(number);
    if (!lines || !is_number(number))
        return NULL;
    const pl_line *line = pl_map_find(lines->by_number, number);
    while (!line && len > 0) {
        pl_fmt_cut(key, sizeof key, "%.*s*", (int)len, number);
        line = pl_map_find(lines->by_number, key);
        len--;
    }
    return line;
}

const pl_line *pl_line_find(const pl_pool *pool, const char *number)
{
    return pl_lines_find(pool->lines, number);
}

bool pl_line_is_for(const pl_line *line, const char *client_id)
{
    size_t n = strlen(client_id);
    if (!line->clients[0])
        return true;
    for (const char *at = line->clients; *at;) {
        size_t len = strcspn(at, ",");
        if (len == n && memcmp(at, client_id, n) == 0)
            return true;
        at += len;
        at += *at == ',';
    }
    return false;
}

bool pl_line_is_local(const pl_line *line)
{
    return line->mode == PL_LINE_MODE_TRUNK && !line->next_hop[0];
}

void pl_lines_destroy(pl_lines **lines)
{
    if (!lines || !*lines)
        return;
    pl_lines *l = *lines;
    pl_map_destroy(&l->by_number);
    if (l->all)
        pl_wipe(l->all, l->cap * sizeof *l->all);
    free(l->all);
    free(l);
    *lines = NULL;
}

/* ---- reading ---- */

typedef struct reader {
    unsigned no; /* of the line, from 1 */
    char *reason;
    size_t cap;
} reader;

static pl_err fail(const reader *r, const char *what, const char *why)
{
    pl_fmt_cut(r->reason, r->cap, "line %u: %s%s%s", r->no, what,
               what[0] ? ": " : "", why);
    return PL_ECONFIG;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; empty at its end. */
static pl_slice next_word(pl_slice *rest)
{
    while (rest->len > 0 && is_blank(rest->ptr[0]))
        *rest = (pl_slice){rest->ptr + 1, rest->len - 1};
    pl_slice word = {rest->ptr, 0};
    while (word.len < rest->len && !is_blank(rest->ptr[word.len]))
        word.len++;
    *rest = (pl_slice){rest->ptr + word.len, rest->len - word.len};
    return word;
}

/* E.164 with +, 5 to 15 digits; or fewer and a `*`. */
static pl_err read_number(const reader *r, pl_slice word, pl_line *line)
{
    static const char want[] =
        "want a number as +4930555100, or a range as +4930555*";
    line->is_range = word.len > 0 && word.ptr[word.len - 1] == '*';
    if (line->is_range)
        word.len--;
    size_t n_digits = word.len > 0 ? word.len - 1 : 0;
    if (n_digits > 15 || (n_digits < 5 && !line->is_range) ||
        pl_copy(line->number, sizeof line->number, word) ||
        line->number[0] != '+' || line->number[1] == '0' ||
        strspn(line->number + 1, "0123456789") != n_digits)
        return fail(r, "", want);
    return PL_OK;
}

/* ---- values ---- */

static bool is_host(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    return text[0] && strspn(text, allowed) == strlen(text);
}

/* sip:HOST, with port and parameters: what may stand in a Route or a
 * Request-URI as it is, and where the signaling workers can send to. */
static bool is_hop(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        ".-:;=[]_~";
    bool is_sips = strncmp(text, "sips:", 5) == 0;
    const char *host = text + (is_sips ? 5 : 4);
    pl_uri uri;
    return pl_uri_parse(pl_slice_str(text), &uri) == PL_OK &&
           uri.transport != PL_URI_OTHER &&
           (is_sips || strncmp(text, "sip:", 4) == 0) && host[0] &&
           strspn(host, allowed) == strlen(host);
}

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x21 || *text == 0x7f)
            return false;
    }
    return true;
}

static pl_err read_identity(const reader *r, pl_slice value, pl_line *line)
{
    if (pl_slice_eq_str(value, "asserted")) {
        line->identity = PL_IDENTITY_ASSERTED;
    } else if (pl_slice_eq_str(value, "preferred")) {
        line->identity = PL_IDENTITY_PREFERRED;
    } else if (pl_slice_eq_str(value, "none")) {
        line->identity = PL_IDENTITY_UNKNOWN;
    } else {
        return fail(r, "identity", "want asserted, preferred or none");
    }
    return PL_OK;
}

static pl_err read_emergency(const reader *r, pl_slice value, pl_line *line)
{
    line->has_emergency_address = pl_slice_eq_str(value, "yes");
    if (!line->has_emergency_address && !pl_slice_eq_str(value, "no"))
        return fail(r, "emergency_address", "want yes or no");
    return PL_OK;
}

/* A member is read by a function, or is text that a function finds good. */
static const struct member {
    const char *name;
    pl_err (*read)(const reader *r, pl_slice value, pl_line *line);
    bool (*is_good)(const char *text);
    size_t offset, size;
    const char *want;
} MEMBERS[] = {
#define TEXT(name, member, is_good, want)                                      \
    {                                                                          \
        name, NULL, is_good, offsetof(pl_line, member),                        \
            sizeof(((pl_line *)0)->member), want                               \
    }
#define HOP "want sip:HOST[:PORT][;transport=udp|tcp|tls], PORT 1 to 65535"
    TEXT("domain", domain, is_host, "want a host name"),
    TEXT("next_hop", next_hop, is_hop, HOP),
    TEXT("registrar", registrar, is_hop, HOP),
    TEXT("user", auth_user, is_printable, "want 1 to 128 bytes"),
    TEXT("password", auth_secret, is_printable, "want 1 to 128 bytes"),
    TEXT("clients", clients, is_printable,
         "want client ids, separated by commas"),
#undef HOP
#undef TEXT
    {.name = "identity", .read = read_identity},
    {.name = "emergency_address", .read = read_emergency},
};
enum { N_MEMBERS = sizeof MEMBERS / sizeof MEMBERS[0] };

static pl_err read_value(const reader *r, const struct member *m,
                         pl_slice value, pl_line *line)
{
    if (value.len == 0)
        return fail(r, m->name, "is empty");
    if (m->read)
        return m->read(r, value, line);
    char *text = (char *)line + m->offset;
    return pl_copy(text, m->size, value) || !m->is_good(text)
               ? fail(r, m->name, m->want)
               : PL_OK;
}

static pl_err read_member(const reader *r, pl_slice word, pl_line *line,
                          unsigned *seen)
{
    const uint8_t *equals =
        word.len > 0 ? memchr(word.ptr, '=', word.len) : NULL;
    size_t n = equals ? (size_t)(equals - word.ptr) : 0;
    pl_slice name = {word.ptr, n};
    for (size_t i = 0; equals && i < N_MEMBERS; i++) {
        if (!pl_slice_eq_str(name, MEMBERS[i].name))
            continue;
        if (*seen & (1u << i))
            return fail(r, MEMBERS[i].name, "given twice");
        *seen |= 1u << i;
        pl_slice value = {word.ptr + n + 1, word.len - n - 1};
        return read_value(r, &MEMBERS[i], value, line);
    }
    /* It may be a password that was cut by a blank: not shown. */
    return fail(r, "",
                "want NAME=VALUE with domain, next_hop, registrar, user, "
                "password, identity, clients or emergency_address");
}

/* ---- a line as a whole ---- */

static pl_err check_whole(const reader *r, pl_line *line)
{
    bool is_account = line->mode == PL_LINE_MODE_ACCOUNT;
    if (!line->domain[0])
        return fail(r, "domain", "is missing");
    if (!is_account) {
        return line->registrar[0] || line->auth_secret[0] || line->auth_user[0]
                   ? fail(r, "",
                          "registrar, user and password are an account's")
                   : PL_OK;
    }
    if (line->is_range && line->auth_user[0])
        return fail(r, "user", "one account is one number, not a range");
    if (!line->registrar[0] &&
        pl_fmt(line->registrar, sizeof line->registrar, "sip:%s", line->domain))
        return fail(r, "domain", "is too long");
    return PL_OK;
}

static pl_err read_line(const reader *r, pl_slice rest, pl_line *line)
{
    unsigned seen = 0;
    pl_err e = read_number(r, next_word(&rest), line);
    pl_slice mode = next_word(&rest);
    if (e)
        return e;
    line->has_emergency_address = true;
    if (pl_slice_eq_str(mode, "trunk")) {
        line->mode = PL_LINE_MODE_TRUNK;
    } else if (pl_slice_eq_str(mode, "account")) {
        line->mode = PL_LINE_MODE_ACCOUNT;
    } else {
        return fail(r, "", "want trunk or account behind the number");
    }
    line->identity = line->mode == PL_LINE_MODE_TRUNK ? PL_IDENTITY_ASSERTED
                                                      : PL_IDENTITY_PREFERRED;
    for (pl_slice word = next_word(&rest); !e && word.len > 0;
         word = next_word(&rest))
        e = read_member(r, word, line, &seen);
    return e ? e : check_whole(r, line);
}

static pl_err take(const reader *r, pl_lines *lines, pl_line *line)
{
    char key[PL_LINE_NUMBER_MAX + 2];
    pl_fmt_cut(key, sizeof key, "%s%s", line->number,
               line->is_range ? "*" : "");
    pl_err e = pl_map_put(lines->by_number, key, line);
    return e == PL_EEXIST ? fail(r, key, "is there twice") : e;
}

/* Lines of the text that say something. */
static bool next_line(pl_slice *text, reader *r, pl_slice *ret_line)
{
    while (text->len > 0) {
        const uint8_t *end = memchr(text->ptr, '\n', text->len);
        size_t len = end ? (size_t)(end - text->ptr) : text->len;
        size_t skip = end ? len + 1 : len;
        pl_slice line = {text->ptr, len};
        pl_slice rest = line;
        *text = (pl_slice){text->ptr + skip, text->len - skip};
        r->no++;
        pl_slice word = next_word(&rest);
        if (word.len > 0 && word.ptr[0] != '#') {
            *ret_line = line;
            return true;
        }
    }
    return false;
}

static pl_err read_all(pl_slice text, pl_lines *lines, char *reason, size_t cap)
{
    reader r = {.reason = reason, .cap = cap};
    pl_slice line;
    pl_err e = PL_OK;
    while (!e && next_line(&text, &r, &line)) {
        pl_line *to = &lines->all[lines->n];
        if (lines->n == lines->cap)
            return fail(&r, "", "too many");
        e = read_line(&r, line, to);
        if (!e)
            e = take(&r, lines, to);
        lines->n += !e;
    }
    return e;
}

static size_t count_lines(pl_slice text)
{
    reader r = {.no = 0};
    pl_slice line;
    size_t n = 0;
    while (n < PL_LINES_MAX && next_line(&text, &r, &line))
        n++;
    return n;
}

pl_err pl_lines_parse(pl_slice text, pl_lines **ret_lines, char *reason,
                      size_t cap)
{
    pl_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return PL_ENOMEM;
    lines->cap = count_lines(text);
    pl_err e = pl_map_create(&lines->by_number);
    if (!e && lines->cap > 0) {
        lines->all = calloc(lines->cap, sizeof *lines->all);
        e = lines->all ? PL_OK : PL_ENOMEM;
    }
    if (!e)
        e = read_all(text, lines, reason, cap);
    if (e) {
        pl_lines_destroy(&lines);
        return e;
    }
    *ret_lines = lines;
    return PL_OK;
}
