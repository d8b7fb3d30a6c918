/* dialog_record.c - see dialog_record.h. */
#include "dialog_record.h"

#include <stddef.h>
#include <string.h>

#include "pl/json.h"
#include "pl/str.h"

enum { CSEQ_MAX = 0x7fffffff }; /* RFC 3261 section 8.1.1.5 */

/* Texts of a record: where they are, how long they may be, whether they must
 * be there. */
typedef struct text_field {
    const char *key;
    size_t offset, cap;
    bool is_needed;
} text_field;

#define FIELD(key_, member, needed)                                            \
    {                                                                          \
        .key = (key_), .offset = offsetof(pl_dialog_record, member),           \
        .cap = sizeof(((pl_dialog_record *)0)->member), .is_needed = (needed)  \
    }
static const text_field TEXTS[] = {
    FIELD("call_id", dialog.call_id, true),
    FIELD("local_tag", dialog.local_tag, true),
    FIELD("remote_tag", dialog.remote_tag, false), /* of RFC 2543: none */
    FIELD("local_uri", dialog.local_uri, true),
    FIELD("remote_uri", dialog.remote_uri, true),
    FIELD("local_name", dialog.local_name, false),
    FIELD("target", dialog.target, true),
    FIELD("routes", dialog.routes, false),
    FIELD("contact_user", contact_user, false),
};
#undef FIELD
enum { N_TEXTS = sizeof TEXTS / sizeof TEXTS[0] };

static const char *const TRANSPORTS[] = {
    [PL_URI_UDP] = "udp", [PL_URI_TCP] = "tcp", [PL_URI_TLS] = "tls"};
enum { N_TRANSPORTS = sizeof TRANSPORTS / sizeof TRANSPORTS[0] };

/* ---- writing ---- */

static void put_ip(pl_jw *w, const char *key, const pl_ip *ip)
{
    char text[PL_IP_TEXT];
    pl_ip_text(ip, text);
    pl_jw_str(w, key, text);
}

static void put_all(const pl_dialog_record *r, bool with_sdp, pl_buf *out)
{
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_bool(&w, "is_uas", r->dialog.is_uas);
    for (size_t i = 0; i < N_TEXTS; i++) {
        const char *text = (const char *)r + TEXTS[i].offset;
        if (text[0])
            pl_jw_str(&w, TEXTS[i].key, text);
    }
    pl_jw_int(&w, "local_cseq", r->dialog.local_cseq);
    if (r->dialog.has_remote_cseq)
        pl_jw_int(&w, "remote_cseq", r->dialog.remote_cseq);
    pl_jw_str(&w, "transport", TRANSPORTS[r->transport]);
    put_ip(&w, "peer", &r->peer);
    pl_jw_int(&w, "port", r->port);
    put_ip(&w, "source", &r->source);
    pl_jw_bool(&w, "is_sips", r->is_sips);
    pl_jw_bool(&w, "allows_update", r->allows_update);
    pl_jw_int(&w, "session_s", r->session_s);
    pl_jw_bool(&w, "is_refresher", r->is_refresher);
    pl_jw_int(&w, "session_min_s", r->session_min_s);
    if (with_sdp && r->sdp[0])
        pl_jw_str(&w, "sdp", r->sdp);
    pl_jw_close(&w, '}');
}

pl_err pl_dialog_record_write(const pl_dialog_record *r, pl_buf *out)
{
    bool is_known = r->transport >= PL_URI_UDP && r->transport <= PL_URI_TLS;
    if (!is_known || !pl_is_utf8(pl_slice_str(r->sdp)))
        return PL_EINVAL;
    for (size_t i = 0; i < N_TEXTS; i++) {
        if (!pl_is_utf8(pl_slice_str((const char *)r + TEXTS[i].offset)))
            return PL_EINVAL;
    }
    for (unsigned with_sdp = 2; with_sdp-- > 0;) {
        pl_buf_init(out, PL_DIALOG_RECORD_MAX);
        put_all(r, with_sdp, out);
        if (!out->has_failed)
            return PL_OK;
        pl_buf_fini(out);
    }
    return PL_EFULL;
}

/* ---- reading ---- */

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

static pl_err get_text(const pl_json *json, const text_field *f,
                       pl_dialog_record *r)
{
    char *to = (char *)r + f->offset;
    pl_slice text;
    pl_err e = pl_json_get_str(json, f->key, &text);
    if (e == PL_ENOENT)
        return f->is_needed ? PL_EPROTO : PL_OK;
    if (e || pl_copy(to, f->cap, text) != PL_OK || !to[0] || has_control(to))
        return PL_EPROTO;
    return PL_OK;
}

static pl_err get_number(const pl_json *json, const char *key, int64_t max,
                         uint32_t *ret)
{
    int64_t n = 0;
    if (pl_json_get_i64(json, key, &n) != PL_OK || n < 0 || n > max)
        return PL_EPROTO;
    *ret = (uint32_t)n;
    return PL_OK;
}

static pl_err get_ip(const pl_json *json, const char *key, pl_ip *ret)
{
    pl_slice text;
    return pl_json_get_str(json, key, &text) == PL_OK &&
                   pl_ip_parse(text, ret) == PL_OK
               ? PL_OK
               : PL_EPROTO;
}

static pl_err get_transport(const pl_json *json, pl_uri_transport *ret)
{
    pl_slice text;
    if (pl_json_get_str(json, "transport", &text) != PL_OK)
        return PL_EPROTO;
    for (unsigned i = PL_URI_UDP; i < N_TRANSPORTS; i++) {
        if (pl_slice_eq_str(text, TRANSPORTS[i])) {
            *ret = (pl_uri_transport)i;
            return PL_OK;
        }
    }
    return PL_EPROTO;
}

static pl_err get_numbers(const pl_json *json, pl_dialog_record *r)
{
    uint32_t port = 0;
    pl_err e = get_number(json, "local_cseq", CSEQ_MAX, &r->dialog.local_cseq);
    if (!e && pl_json_get(json, "remote_cseq")) {
        r->dialog.has_remote_cseq = true;
        e = get_number(json, "remote_cseq", UINT32_MAX, &r->dialog.remote_cseq);
    }
    if (!e)
        e = get_number(json, "port", UINT16_MAX, &port);
    if (!e)
        e = get_number(json, "session_s", UINT32_MAX, &r->session_s);
    if (!e)
        e = get_number(json, "session_min_s", UINT32_MAX, &r->session_min_s);
    r->port = (uint16_t)port;
    return e;
}

static pl_err get_flags(const pl_json *json, pl_dialog_record *r)
{
    bool is_good =
        pl_json_get_bool(json, "is_uas", &r->dialog.is_uas) == PL_OK &&
        pl_json_get_bool(json, "is_sips", &r->is_sips) == PL_OK &&
        pl_json_get_bool(json, "allows_update", &r->allows_update) == PL_OK &&
        pl_json_get_bool(json, "is_refresher", &r->is_refresher) == PL_OK;
    return is_good ? PL_OK : PL_EPROTO;
}

static pl_err get_all(const pl_json *json, pl_dialog_record *r)
{
    pl_slice sdp;
    pl_err e = PL_OK;
    for (size_t i = 0; !e && i < N_TEXTS; i++)
        e = get_text(json, &TEXTS[i], r);
    if (!e)
        e = get_numbers(json, r);
    if (!e)
        e = get_flags(json, r);
    if (!e)
        e = get_transport(json, &r->transport);
    if (!e)
        e = get_ip(json, "peer", &r->peer);
    if (!e)
        e = get_ip(json, "source", &r->source);
    if (!e && pl_json_get_str(json, "sdp", &sdp) == PL_OK)
        e = pl_copy(r->sdp, sizeof r->sdp, sdp);
    if (!e)
        e = pl_sip_dialog_check(&r->dialog);
    return e ? PL_EPROTO : PL_OK;
}

pl_err pl_dialog_record_read(pl_slice text, pl_dialog_record *ret_record)
{
    pl_json *json = NULL;
    if (text.len > PL_DIALOG_RECORD_MAX)
        return PL_EPROTO;
    pl_err e = pl_json_parse(text, &json);
    if (e)
        return e;
    *ret_record = (pl_dialog_record){.port = 0};
    e = get_all(json, ret_record);
    pl_json_free(&json);
    return e;
}
