/* management_value.c - see management_value.h. */
#include "management_value.h"

#include <string.h>

#include "pl/str.h"

/* Objects of the configuration have numbers, the others have UUIDs. */
static bool is_numbered(const char *words)
{
    static const char configuration[] = "configuration/";
    return strncmp(words, configuration, sizeof configuration - 1) == 0;
}

bool pl_mgmt_kind_is_list(pl_mgmt_kind kind)
{
    return kind == PL_MGMT_KIND_STRS || kind == PL_MGMT_KIND_URIS ||
           kind == PL_MGMT_KIND_ALIASES;
}

static pl_err read_int(pl_slice text, pl_sql_value *ret_value)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t n;
    if (is_negative)
        text = (pl_slice){text.ptr + 1, text.len - 1};
    if (pl_parse_u64(text, INT64_MAX, &n))
        return PL_EINVAL;
    ret_value->kind = PL_SQL_INT;
    ret_value->number = is_negative ? -(int64_t)n : (int64_t)n;
    return PL_OK;
}

static pl_err read_bool(pl_slice text, pl_sql_value *ret_value)
{
    bool is_true = pl_slice_eq_str(text, "1") || pl_slice_eq_str(text, "true");
    if (!is_true && !pl_slice_eq_str(text, "0") &&
        !pl_slice_eq_str(text, "false"))
        return PL_EINVAL;
    ret_value->kind = PL_SQL_INT;
    ret_value->number = is_true;
    return PL_OK;
}

/* Times are compared as the texts they are, so the form must be that of the
 * database: 2026-02-11T18:04:05.121Z. */
static bool is_time(pl_slice text)
{
    static const char form[] = "0000-00-00T00:00:00.000Z";
    if (text.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (form[i] == '0' ? !is_digit : text.ptr[i] != (uint8_t)form[i])
            return false;
    }
    return true;
}

pl_err pl_mgmt_value(pl_mgmt_kind kind, const char *words, pl_slice text,
                     pl_sql_value *ret_value)
{
    pl_sql_value value = {.kind = PL_SQL_TEXT, .text = text};
    pl_err e = PL_OK;
    if (!text.ptr)
        value.text = pl_slice_str("");
    if (kind == PL_MGMT_KIND_INT ||
        (kind == PL_MGMT_KIND_URI && is_numbered(words))) {
        e = read_int(text, &value);
    } else if (kind == PL_MGMT_KIND_BOOL) {
        e = read_bool(text, &value);
    } else if (kind == PL_MGMT_KIND_TIME) {
        e = is_time(text) ? PL_OK : PL_EINVAL;
    } else if (pl_mgmt_kind_is_list(kind)) {
        e = PL_EINVAL;
    }
    if (!e)
        *ret_value = value;
    return e;
}
