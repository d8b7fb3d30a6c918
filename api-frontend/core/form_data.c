/* form_data.c - forms in request bodies. */
#include "form_data.h"

#include <stdint.h>
#include <string.h>

#include "pl/str.h"
#include "url.h"

typedef struct part {
    pl_slice name, value;
} part;

static bool starts_nocase(pl_slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && pl_slice_eq_nocase((pl_slice){s.ptr, n}, prefix);
}

static pl_slice behind(pl_slice s, size_t n)
{
    return (pl_slice){s.ptr + n, s.len - n};
}

static pl_slice trim(pl_slice s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = behind(s, 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Cut a literal off; false, and nothing cut, when it is not there. */
static bool take(pl_slice *rest, pl_slice literal)
{
    if (rest->len < literal.len ||
        !pl_slice_eq((pl_slice){rest->ptr, literal.len}, literal))
        return false;
    *rest = behind(*rest, literal.len);
    return true;
}

static bool take_str(pl_slice *rest, const char *literal)
{
    return take(rest, pl_slice_str(literal));
}

/* Cut off the next `; name=value` of a header's value. Quoted values hold no
 * quote and no backslash: no name of ours needs them.
 * Errors: PL_ENOENT no more; PL_EPROTO. */
static pl_err take_attribute(pl_slice *rest, pl_slice *ret_name,
                             pl_slice *ret_value)
{
    *rest = trim(*rest);
    if (rest->len == 0)
        return PL_ENOENT;
    if (!take_str(rest, ";"))
        return PL_EPROTO;
    const uint8_t *eq = memchr(rest->ptr, '=', rest->len);
    if (!eq)
        return PL_EPROTO;
    size_t n = (size_t)(eq - rest->ptr);
    *ret_name = trim((pl_slice){rest->ptr, n});
    *rest = behind(*rest, n + 1);
    bool is_quoted = take_str(rest, "\"");
    size_t end = 0;
    while (end < rest->len && rest->ptr[end] != '"' && rest->ptr[end] != '\\' &&
           (is_quoted || rest->ptr[end] != ';'))
        end++;
    *ret_value = (pl_slice){rest->ptr, end};
    *rest = behind(*rest, end);
    if (is_quoted)
        return take_str(rest, "\"") ? PL_OK : PL_EPROTO;
    *ret_value = trim(*ret_value);
    return ret_value->len > 0 ? PL_OK : PL_EPROTO;
}

/* The one value of an attribute in a header's value behind its first word. */
static pl_err find_attribute(pl_slice rest, const char *name,
                             pl_slice *ret_value)
{
    pl_slice key;
    pl_slice value;
    bool is_found = false;
    pl_err e;
    while ((e = take_attribute(&rest, &key, &value)) == PL_OK) {
        if (!pl_slice_eq_nocase(key, name))
            continue;
        if (is_found)
            return PL_EPROTO;
        is_found = true;
        *ret_value = value;
    }
    if (e != PL_ENOENT)
        return e;
    return is_found ? PL_OK : PL_ENOENT;
}

/* RFC 2046 section 5.1.1 */
static bool is_boundary(pl_slice s)
{
    static const char others[] = "'()+_,-./:=? ";
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z');
        if (!is_alnum && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return s.len > 0 && s.len <= PL_FORM_BOUNDARY_MAX &&
           s.ptr[s.len - 1] != ' ';
}

/* Cut a line with CRLF off. */
static pl_err take_line(pl_slice *rest, pl_slice *ret_line)
{
    size_t n = 0;
    while (n < rest->len && n <= PL_FORM_LINE_MAX && rest->ptr[n] != '\r' &&
           rest->ptr[n] != '\n')
        n++;
    if (n > PL_FORM_LINE_MAX || rest->len - n < 2 || rest->ptr[n] != '\r' ||
        rest->ptr[n + 1] != '\n')
        return PL_EPROTO;
    *ret_line = (pl_slice){rest->ptr, n};
    *rest = behind(*rest, n + 2);
    return PL_OK;
}

/* One header line of a part. */
static pl_err read_header(pl_slice line, pl_slice *name)
{
    static const char disposition[] = "content-disposition:";
    if (starts_nocase(line, "content-transfer-encoding:"))
        return PL_EPROTO; /* RFC 7578 section 4.7: nobody sends it */
    if (!starts_nocase(line, disposition)) {
        return memchr(line.ptr, ':', line.len) && line.ptr[0] != ' ' &&
                       line.ptr[0] != '\t'
                   ? PL_OK
                   : PL_EPROTO;
    }
    pl_slice value = trim(behind(line, sizeof disposition - 1));
    pl_slice file;
    if (name->ptr || !starts_nocase(value, "form-data"))
        return PL_EPROTO;
    value = behind(value, sizeof "form-data" - 1);
    if (find_attribute(value, "filename", &file) != PL_ENOENT)
        return PL_EPROTO;
    return find_attribute(value, "name", name) ? PL_EPROTO : PL_OK;
}

static pl_err read_headers(pl_slice *rest, pl_slice *ret_name)
{
    pl_slice name = {NULL, 0};
    for (int i = 0; i <= PL_FORM_HEADERS_MAX; i++) {
        pl_slice line;
        pl_err e = take_line(rest, &line);
        if (e)
            return e;
        if (line.len == 0) {
            *ret_name = name;
            return name.ptr ? PL_OK : PL_EPROTO;
        }
        e = read_header(line, &name);
        if (e)
            return e;
    }
    return PL_EPROTO;
}

/* Where CRLF, "--" and the boundary begin; rest->len when nowhere. */
static size_t find_delimiter(pl_slice rest, pl_slice boundary)
{
    size_t at = 0;
    while (at < rest.len) {
        const uint8_t *cr = memchr(rest.ptr + at, '\r', rest.len - at);
        if (!cr)
            return rest.len;
        at = (size_t)(cr - rest.ptr);
        pl_slice tail = behind(rest, at);
        if (take_str(&tail, "\r\n--") && take(&tail, boundary))
            return at;
        at++;
    }
    return rest.len;
}

/* Cut off the part that begins at *rest, behind its boundary.
 * Errors: PL_ENOENT that was the end; PL_EPROTO. */
static pl_err take_part(pl_slice *rest, pl_slice boundary, part *ret_part)
{
    if (take_str(rest, "--")) {
        (void)take_str(rest, "\r\n");
        return rest->len == 0 ? PL_ENOENT : PL_EPROTO;
    }
    if (!take_str(rest, "\r\n"))
        return PL_EPROTO;
    pl_err e = read_headers(rest, &ret_part->name);
    if (e)
        return e;
    size_t n = find_delimiter(*rest, boundary);
    if (n == rest->len)
        return PL_EPROTO;
    ret_part->value = (pl_slice){rest->ptr, n};
    *rest = behind(*rest, n + sizeof "\r\n--" - 1 + boundary.len);
    return PL_OK;
}

/* Walk all parts; the value of name into *value (name NULL: only check). */
static pl_err walk(const pl_form *form, const char *name, pl_slice *value)
{
    pl_slice rest = form->body;
    bool is_found = false;
    if (!take_str(&rest, "--") || !take(&rest, form->boundary))
        return PL_EPROTO;
    for (int i = 0; i <= PL_FORM_PARTS_MAX; i++) {
        part p;
        pl_err e = take_part(&rest, form->boundary, &p);
        if (e == PL_ENOENT)
            return is_found || !name ? PL_OK : PL_ENOENT;
        if (e)
            return e;
        if (!name || !pl_slice_eq_str(p.name, name))
            continue;
        if (is_found)
            return PL_EPROTO;
        is_found = true;
        *value = p.value;
    }
    return PL_EPROTO;
}

pl_err pl_form_open(pl_slice content_type, pl_slice body, pl_form *ret_form)
{
    static const char multipart[] = "multipart/form-data";
    pl_form form = {.body = body};
    if (starts_nocase(content_type, "application/x-www-form-urlencoded")) {
        *ret_form = form;
        return PL_OK;
    }
    if (!starts_nocase(content_type, multipart))
        return PL_EUNSUPPORTED;
    if (find_attribute(behind(content_type, sizeof multipart - 1), "boundary",
                       &form.boundary) ||
        !is_boundary(form.boundary))
        return PL_EPROTO;
    pl_err e = walk(&form, NULL, NULL);
    if (!e)
        *ret_form = form;
    return e;
}

pl_err pl_form_get(const pl_form *form, const char *name, char *buf, size_t cap)
{
    pl_slice value = {NULL, 0};
    if (form->boundary.len == 0)
        return pl_url_param(form->body, name, buf, cap);
    pl_err e = walk(form, name, &value);
    if (e)
        return e;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
            return PL_EPROTO;
    }
    if (!pl_is_utf8(value))
        return PL_EPROTO;
    return pl_copy(buf, cap, value);
}

pl_err pl_form_get_optional(const pl_form *form, const char *name, char *buf,
                            size_t cap)
{
    buf[0] = '\0';
    pl_err e = pl_form_get(form, name, buf, cap);
    if (e)
        buf[0] = '\0';
    return e == PL_ENOENT ? PL_OK : e;
}
