/* reason.c - RFC 3326. */
#include "reason.h"

#include <string.h>

#include "pl/str.h"
#include "sip_build.h"
#include "sip_head.h"

enum { CAUSE_MAX = 999 };

static bool is_token(pl_slice s)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~";
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\0' || !strchr(good, s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

static void take_text(pl_slice text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n + 1 < PL_SIP_REASON_TEXT; i++) {
        uint8_t c = text.ptr[i];
        if (c >= ' ' && c != 0x7f && c != '"' && c != '\\')
            out[n++] = (char)c;
    }
    out[n] = '\0';
    while (n > 0 && !pl_is_utf8(pl_slice_str(out)))
        out[--n] = '\0';
}

void pl_sip_reason_parse(pl_slice value, pl_sip_reason *ret_reason)
{
    pl_sip_reason r = {.value = ""};
    pl_slice first;
    pl_slice part;
    uint64_t cause = 0;
    if (pl_sip_list_next(&value, &first)) {
        size_t n = 0;
        while (n < first.len && first.ptr[n] != ';')
            n++;
        pl_slice protocol = pl_sip_trim((pl_slice){first.ptr, n});
        bool has_cause = pl_sip_param(first, "cause", &part) &&
                         pl_parse_u64(part, CAUSE_MAX, &cause) == PL_OK;
        if (!has_cause || !is_token(protocol) ||
            pl_fmt(r.value, sizeof r.value, "%.*s;cause=%u", (int)protocol.len,
                   (const char *)protocol.ptr, (unsigned)cause) != PL_OK) {
            r.value[0] = '\0';
        }
        if (pl_sip_param(first, "text", &part))
            take_text(part, r.text);
    }
    *ret_reason = r;
}

static void write_value(const pl_sip_reason *r, char *buf, size_t cap)
{
    pl_fmt_cut(buf, cap, "Reason: %s%s%s%s\r\n", r->value,
               r->text[0] ? ";text=\"" : "", r->text, r->text[0] ? "\"" : "");
}

void pl_sip_reason_line(const char *reason, char *buf, size_t cap)
{
    pl_sip_reason r;
    buf[0] = '\0';
    pl_sip_reason_parse(pl_slice_str(reason), &r);
    if (!r.value[0]) {
        pl_fmt_cut(r.value, sizeof r.value, "SIP;cause=200");
        take_text(pl_slice_str(reason), r.text);
        if (!r.text[0])
            return;
    }
    write_value(&r, buf, cap);
}

void pl_sip_reason_response_line(const char *reason, char *buf, size_t cap)
{
    pl_sip_reason r;
    buf[0] = '\0';
    pl_sip_reason_parse(pl_slice_str(reason), &r);
    if (r.value[0])
        write_value(&r, buf, cap);
}
