/* identity.c - P-Asserted-Identity, P-Preferred-Identity, Privacy. */
#include "identity.h"

#include <string.h>

#include "pl/str.h"
#include "sip_uri.h"

/* Without parameters and headers. */
static pl_err take_address(pl_slice item, char *buf, size_t cap)
{
    pl_sip_uri uri;
    if (pl_sip_uri_parse(item, &uri) != PL_OK)
        return PL_EPROTO;
    pl_slice text = {(const uint8_t *)uri.text, pl_sip_uri_bare(uri.text)};
    return pl_is_utf8(text) ? pl_copy(buf, cap, text) : PL_EPROTO;
}

bool pl_sip_identity_asserted(const pl_sip_head *head, char *buf, size_t cap)
{
    size_t cursor = 0;
    pl_sip_line line;
    while (pl_sip_head_find(head, "P-Asserted-Identity", &cursor, &line)) {
        pl_slice item;
        while (pl_sip_list_next(&line.value, &item)) {
            if (item.len > 0 && take_address(item, buf, cap) == PL_OK)
                return true;
        }
    }
    return false;
}

/* RFC 3323 section 4.2, RFC 3325 section 9.3; their separator is a semicolon,
 * and some write commas. */
static bool has_hiding_word(pl_slice value)
{
    static const char *const words[] = {"id", "user", "header"};
    size_t at = 0;
    while (at < value.len) {
        size_t end = at;
        while (end < value.len && value.ptr[end] != ';' &&
               value.ptr[end] != ',')
            end++;
        pl_slice word = pl_sip_trim((pl_slice){value.ptr + at, end - at});
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (pl_slice_eq_nocase(word, words[i]))
                return true;
        }
        at = end + 1;
    }
    return false;
}

bool pl_sip_identity_is_hidden(const pl_sip_head *head, const char *from_uri)
{
    size_t cursor = 0;
    pl_sip_line line;
    pl_sip_uri from;
    while (pl_sip_head_find(head, "Privacy", &cursor, &line)) {
        if (has_hiding_word(line.value))
            return true;
    }
    if (pl_sip_uri_parse(pl_slice_str(from_uri), &from) != PL_OK)
        return false;
    return pl_slice_eq_nocase(pl_slice_str(from.user), "anonymous") ||
           pl_slice_eq_nocase(pl_slice_str(from.host), "anonymous.invalid");
}

void pl_sip_identity_lines(pl_sip_identity_kind kind, const char *uri,
                           bool is_hidden, char *buf, size_t cap)
{
    static const char *const names[] = {
        [PL_SIP_IDENTITY_ASSERTED] = "P-Asserted-Identity",
        [PL_SIP_IDENTITY_PREFERRED] = "P-Preferred-Identity"};
    pl_sip_uri address;
    buf[0] = '\0';
    if (kind != PL_SIP_IDENTITY_NONE &&
        pl_sip_uri_parse(pl_slice_str(uri), &address) == PL_OK) {
        pl_fmt_cut(buf, cap, "%s: <%s>\r\n", names[kind], address.text);
    }
    size_t n = strlen(buf);
    if (is_hidden)
        pl_fmt_cut(buf + n, cap - n, "Privacy: id\r\n");
}
