/* management_value.c - values of filters and bodies, checked by the table and
 * turned into what roompool wants. */
#include <string.h>

#include "management_impl.h"
#include "pl/utc.h"
#include "room_api.h"

enum { ID_MAX = 64, STRS_ITEM_MAX = 64 };

static const pl_mgmt_desc *target_of(const pl_mgmt_field *field)
{
    return pl_mgmt_desc_of(pl_mgmt_resource_find(field->words));
}

/* ---- filters ---- */

static pl_err filter_bool(pl_slice text, pl_buf *out)
{
    bool is_yes =
        pl_slice_eq_nocase(text, "true") || pl_slice_eq_str(text, "1");
    bool is_no =
        pl_slice_eq_nocase(text, "false") || pl_slice_eq_str(text, "0");
    if (!is_yes && !is_no)
        return PL_EINVAL;
    pl_buf_add_str(out, is_yes ? "1" : "0");
    return PL_OK;
}

static pl_err filter_int(pl_slice text, pl_buf *out)
{
    uint64_t value = 0;
    bool is_minus = text.len > 0 && text.ptr[0] == '-';
    pl_slice digits = {text.ptr + is_minus, text.len - is_minus};
    if (pl_parse_u64(digits, INT64_MAX, &value))
        return PL_EINVAL;
    pl_buf_add_slice(out, text);
    return PL_OK;
}

static pl_err filter_time(pl_slice text, pl_buf *out)
{
    char iso[PL_TIME_TEXT];
    int64_t ms = 0;
    if (pl_utc_read(text, &ms))
        return PL_EINVAL;
    pl_time_text(ms, iso);
    pl_buf_add_str(out, iso);
    return PL_OK;
}

static pl_err filter_role(pl_slice text, pl_buf *out)
{
    bool is_chair = pl_slice_eq_nocase(text, "chair");
    if (!is_chair && !pl_slice_eq_nocase(text, "guest"))
        return PL_EINVAL;
    pl_buf_add_str(out, is_chair ? "host" : "guest");
    return PL_OK;
}

/* By path or by number. */
static pl_err filter_uri(const pl_mgmt_field *field, pl_slice text, pl_buf *out)
{
    char id[ID_MAX + 1];
    const pl_mgmt_desc *target = target_of(field);
    if (pl_management_uri_id(target, text, id, sizeof id) &&
        (pl_copy(id, sizeof id, text) || !pl_management_is_id(target, id)))
        return PL_EINVAL;
    pl_buf_add_str(out, id);
    return PL_OK;
}

static pl_err filter_one(const pl_mgmt_field *field, pl_slice text, pl_buf *out)
{
    switch (field->kind) {
    case PL_MGMT_KIND_BOOL: return filter_bool(text, out);
    case PL_MGMT_KIND_INT: return filter_int(text, out);
    case PL_MGMT_KIND_TIME: return filter_time(text, out);
    case PL_MGMT_KIND_ROLE: return filter_role(text, out);
    case PL_MGMT_KIND_URI: return filter_uri(field, text, out);
    case PL_MGMT_KIND_STR:
    case PL_MGMT_KIND_WORD:
    case PL_MGMT_KIND_PIN:
    case PL_MGMT_KIND_UUID: pl_buf_add_slice(out, text); return PL_OK;
    case PL_MGMT_KIND_STRS:
    case PL_MGMT_KIND_URIS:
    case PL_MGMT_KIND_ALIASES:
    default: return PL_EINVAL;
    }
}

pl_err pl_management_filter_value(const pl_mgmt_field *field,
                                  pl_mgmt_operator op, pl_slice text,
                                  pl_buf *out)
{
    size_t n = 0;
    bool is_list = op == PL_MGMT_IN || op == PL_MGMT_RANGE;
    if (op == PL_MGMT_ISNULL)
        return filter_bool(text, out);
    for (pl_slice rest = text;;) {
        const uint8_t *comma =
            is_list && rest.len > 0 ? memchr(rest.ptr, ',', rest.len) : NULL;
        size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
        pl_buf_add_str(out, n++ > 0 ? "," : "");
        pl_err e = filter_one(field, (pl_slice){rest.ptr, len}, out);
        if (e)
            return e;
        if (!comma)
            break;
        rest = (pl_slice){comma + 1, rest.len - len - 1};
    }
    return op == PL_MGMT_RANGE && n != 2 ? PL_EINVAL : PL_OK;
}

const char *pl_management_filter_form(const pl_mgmt_field *field,
                                      pl_mgmt_operator op)
{
    static const char *const forms[] = {
        [PL_MGMT_KIND_BOOL] = "is to be true or false",
        [PL_MGMT_KIND_INT] = "is to be a whole number",
        [PL_MGMT_KIND_TIME] = "is to be a time as 2026-02-11T18:04:05",
        [PL_MGMT_KIND_ROLE] = "is to be chair or guest",
        [PL_MGMT_KIND_URI] = "is to be a resource_uri or an id",
    };
    const char *form = (size_t)field->kind < sizeof forms / sizeof forms[0]
                           ? forms[field->kind]
                           : NULL;
    if (op == PL_MGMT_ISNULL)
        return forms[PL_MGMT_KIND_BOOL];
    if (op == PL_MGMT_RANGE && field->kind == PL_MGMT_KIND_TIME)
        return "is to be two times as 2026-02-11T18:04:05, with a comma "
               "between";
    if (op == PL_MGMT_RANGE)
        return "is to be two values with a comma between";
    if (op == PL_MGMT_IN && field->kind == PL_MGMT_KIND_INT)
        return "is to be whole numbers with commas between";
    return form ? form : "cannot have this value";
}

/* ---- bodies ---- */

typedef struct taking {
    const pl_mgmt_field *field;
    const pl_json *value;
    pl_jw *w;
    char *fault;
} taking;

static void blame(const taking *t, const char *text)
{
    pl_fmt_cut(t->fault, PL_MANAGEMENT_FAULT_MAX, "%s", text);
}

static void take_int(const taking *t)
{
    int64_t value = 0;
    if (pl_json_as_i64(t->value, &value)) {
        blame(t, "This is not a whole number.");
    } else if (value < t->field->min || value > t->field->max) {
        pl_fmt_cut(t->fault, PL_MANAGEMENT_FAULT_MAX,
                   "This is not from %lld to %lld.", (long long)t->field->min,
                   (long long)t->field->max);
    } else {
        pl_jw_int(t->w, t->field->name, value);
    }
}

static void take_bool(const taking *t)
{
    bool value = false;
    if (pl_json_as_bool(t->value, &value)) {
        blame(t, "This is neither true nor false.");
    } else {
        pl_jw_bool(t->w, t->field->name, value);
    }
}

/* A text of the field's length; false: it was blamed. */
static bool read_text(const taking *t, pl_slice *ret_text)
{
    pl_slice text = {NULL, 0};
    if (pl_json_as_str(t->value, &text)) {
        blame(t, "This is not a text.");
    } else if ((int64_t)text.len < t->field->min) {
        blame(t, "This may not be empty.");
    } else if ((int64_t)text.len > t->field->max) {
        pl_fmt_cut(t->fault, PL_MANAGEMENT_FAULT_MAX,
                   "This is longer than %lld bytes.", (long long)t->field->max);
    } else if (!pl_is_printable(text)) {
        blame(t, "This has control characters.");
    } else {
        *ret_text = text;
        return true;
    }
    return false;
}

static void take_str(const taking *t)
{
    pl_slice text;
    if (read_text(t, &text))
        pl_jw_slice(t->w, t->field->name, text);
}

static void take_word(const taking *t)
{
    pl_slice text;
    if (!read_text(t, &text))
        return;
    if (text.len == 0 || pl_mgmt_has_word(t->field->words, text)) {
        pl_jw_slice(t->w, t->field->name, text);
    } else {
        pl_fmt_cut(t->fault, PL_MANAGEMENT_FAULT_MAX, "This is none of %s.",
                   t->field->words);
    }
}

static void take_pin(const taking *t)
{
    pl_slice text;
    if (pl_json_as_str(t->value, &text)) {
        blame(t, "This is not a text.");
    } else if (!pl_room_is_pin(text)) {
        blame(t, "This is not 4 to 20 digits, the last perhaps a #.");
    } else {
        pl_jw_slice(t->w, t->field->name, text);
    }
}

static void take_role(const taking *t)
{
    pl_slice text;
    if (!read_text(t, &text))
        return;
    bool is_chair = pl_slice_eq_nocase(text, "chair");
    if (is_chair || pl_slice_eq_nocase(text, "guest")) {
        pl_jw_str(t->w, t->field->name, is_chair ? "host" : "guest");
    } else {
        blame(t, "This is neither chair nor guest.");
    }
}

/* The id of a path that is the value, or of an object that has it; NULL: it was
 * blamed. */
static const char *read_uri(const taking *t, const pl_json *value,
                            char id[ID_MAX + 1])
{
    pl_slice text;
    const pl_json *path =
        pl_json_is_object(value) ? pl_json_get(value, "resource_uri") : value;
    if (!pl_json_as_str(path, &text) &&
        !pl_management_uri_id(target_of(t->field), text, id, ID_MAX + 1))
        return id;
    pl_fmt_cut(t->fault, PL_MANAGEMENT_FAULT_MAX,
               "This is no resource_uri of %s.", target_of(t->field)->name);
    return NULL;
}

static void take_uri(const taking *t)
{
    char id[ID_MAX + 1];
    if (read_uri(t, t->value, id))
        pl_jw_raw(t->w, t->field->name, pl_slice_str(id));
}

/* A list of not too many; false: it was blamed. */
static bool is_list(const taking *t)
{
    if (!pl_json_is_array(t->value)) {
        blame(t, "This is not a list.");
    } else if ((int64_t)pl_json_count(t->value) > t->field->max) {
        pl_fmt_cut(t->fault, PL_MANAGEMENT_FAULT_MAX,
                   "This has more than %lld elements.",
                   (long long)t->field->max);
    } else {
        return true;
    }
    return false;
}

static void take_uris(const taking *t)
{
    char id[ID_MAX + 1];
    if (!is_list(t))
        return;
    pl_jw_open(t->w, t->field->name, '[');
    for (size_t i = 0; i < pl_json_count(t->value); i++) {
        if (!read_uri(t, pl_json_at(t->value, i), id))
            break;
        pl_jw_raw(t->w, NULL, pl_slice_str(id));
    }
    pl_jw_close(t->w, ']');
}

/* Texts, or objects with a name. */
static void take_strs(const taking *t)
{
    pl_slice text;
    if (!is_list(t))
        return;
    pl_jw_open(t->w, t->field->name, '[');
    for (size_t i = 0; i < pl_json_count(t->value); i++) {
        const pl_json *item = pl_json_at(t->value, i);
        if (pl_json_is_object(item))
            item = pl_json_get(item, "name");
        if (pl_json_as_str(item, &text) || text.len == 0 ||
            text.len > STRS_ITEM_MAX || !pl_is_printable(text)) {
            blame(t, "An element is not a text of 1 to 64 bytes.");
            break;
        }
        pl_jw_slice(t->w, NULL, text);
    }
    pl_jw_close(t->w, ']');
}

/* One member of an alias; absent and null are as good as not required. */
static void take_part(const taking *t, const pl_json *item, const char *name)
{
    const pl_mgmt_field *field = pl_mgmt_field_find(
        pl_mgmt_desc_of(PL_MGMT_RESOURCE_ALIAS), pl_slice_str(name));
    const pl_json *value = pl_json_get(item, name);
    char fault[PL_MANAGEMENT_FAULT_MAX] = "";
    if (!value || pl_json_is_null(value))
        return;
    taking part = {.field = field, .value = value, .w = t->w, .fault = fault};
    take_str(&part);
    if (fault[0]) {
        pl_fmt_cut(t->fault, PL_MANAGEMENT_FAULT_MAX, "%s: %.150s", name,
                   fault);
    }
}

/* An alias as an object, with its id where it is there already. */
static void take_alias(const taking *t, const pl_json *item)
{
    int64_t id = 0;
    pl_slice text;
    pl_err e = pl_json_get_i64(item, "id", &id);
    bool has_alias = pl_json_get_str(item, "alias", &text) != PL_ENOENT;
    if (e == PL_EPROTO || (!e && id <= 0)) {
        blame(t, "id: This is not a number above 0.");
    } else if (e && !has_alias) {
        blame(t, "An element has no alias.");
    } else {
        pl_jw_open(t->w, NULL, '{');
        if (!e)
            pl_jw_int(t->w, "id", id);
        take_part(t, item, "alias");
        take_part(t, item, "description");
        pl_jw_close(t->w, '}');
    }
}

/* Objects; or paths of aliases that are there and stay. */
static void take_aliases(const taking *t)
{
    char id[ID_MAX + 1];
    pl_slice text;
    if (!is_list(t))
        return;
    pl_jw_open(t->w, t->field->name, '[');
    for (size_t i = 0; i < pl_json_count(t->value) && !t->fault[0]; i++) {
        const pl_json *item = pl_json_at(t->value, i);
        if (pl_json_is_object(item)) {
            take_alias(t, item);
        } else if (!pl_json_as_str(item, &text) &&
                   !pl_management_uri_id(
                       pl_mgmt_desc_of(PL_MGMT_RESOURCE_ALIAS), text, id,
                       sizeof id)) {
            pl_jw_open(t->w, NULL, '{');
            pl_jw_raw(t->w, "id", pl_slice_str(id));
            pl_jw_close(t->w, '}');
        } else {
            blame(t, "An element is neither an alias nor the path of one.");
        }
    }
    pl_jw_close(t->w, ']');
}

static void take_time(const taking *t)
{
    pl_slice text;
    int64_t wall_ms;
    if (pl_json_as_str(t->value, &text) || pl_utc_read(text, &wall_ms)) {
        blame(t, "This is not a date with a time.");
    } else {
        pl_jw_slice(t->w, t->field->name, text);
    }
}

static void take_nothing(const taking *t)
{
    blame(t, "This cannot be set.");
}

static void (*const TAKE[])(const taking *t) = {
    [PL_MGMT_KIND_INT] = take_int,   [PL_MGMT_KIND_BOOL] = take_bool,
    [PL_MGMT_KIND_STR] = take_str,   [PL_MGMT_KIND_WORD] = take_word,
    [PL_MGMT_KIND_PIN] = take_pin,   [PL_MGMT_KIND_ROLE] = take_role,
    [PL_MGMT_KIND_TIME] = take_time, [PL_MGMT_KIND_UUID] = take_nothing,
    [PL_MGMT_KIND_STRS] = take_strs, [PL_MGMT_KIND_URI] = take_uri,
    [PL_MGMT_KIND_URIS] = take_uris, [PL_MGMT_KIND_ALIASES] = take_aliases,
};

static bool is_a_list(pl_mgmt_kind kind)
{
    return kind == PL_MGMT_KIND_STRS || kind == PL_MGMT_KIND_URIS ||
           kind == PL_MGMT_KIND_ALIASES;
}

void pl_management_take_value(const pl_mgmt_field *field, const pl_json *value,
                              pl_jw *w, char fault[PL_MANAGEMENT_FAULT_MAX])
{
    taking t = {.field = field, .value = value, .w = w, .fault = fault};
    fault[0] = '\0';
    if (!pl_json_is_null(value)) {
        TAKE[field->kind](&t);
    } else if (!field->is_nullable) {
        blame(&t, "This may not be null.");
    } else if (!is_a_list(field->kind)) {
        pl_jw_null(w, field->name);
    }
}
