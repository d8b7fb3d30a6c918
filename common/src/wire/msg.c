/* msg.c - one table-driven encoder and decoder for every message; the only
 * msgpack-c file. */
#include "pl/msg.h"

#include <inttypes.h>
#include <string.h>

#include <msgpack.h>

#include "pl/str.h"
#include "pl/wire.h"

/* A row is put together from two halves, because a field list knows its fields
 * but not its struct: FIELD stands for `ROW_OF(pl_x) ROW_REST`, and the member
 * name that ROW_REST begins with completes the address. */
#define ROW_OF(type)                                                           \
    {                                                                          \
        .offset = (size_t) & ((type *)0)->
#define ROW_REST(id_, kind_, name_, pres_, min_, max_, unit_, doc_)            \
    name_, .id = (id_), .kind = PL_##kind_, .presence = PL_##pres_,            \
           .min = (uint64_t)(min_), .max = (uint64_t)(max_), .name = #name_,   \
           .unit = (unit_), .doc = (doc_)                                      \
    }                                                                          \
    ,
#define FIELDS(sym, upper, ...)                                                \
    static const pl_field_desc sym##_fields[] = {                              \
        PL_##upper##_FIELDS(ROW_OF(pl_##sym) ROW_REST)};
PL_ALL_MESSAGES(FIELDS)

/* A repeated field id is a duplicate case label: it does not compile. */
#define ID_CASE(id_, kind_, name_, pres_, min_, max_, unit_, doc_) case id_:
#define IDS_UNIQUE(sym, upper, ...)                                            \
    static inline void ids_unique_##sym(unsigned v)                            \
    {                                                                          \
        switch (v) {                                                           \
            PL_##upper##_FIELDS(ID_CASE) default : break;                      \
        }                                                                      \
    }                                                                          \
    _Static_assert(sizeof sym##_fields / sizeof sym##_fields[0] <= 64,         \
                   "one bit each in `present`");
PL_ALL_MESSAGES(IDS_UNIQUE)

#define DESC(sym, upper, id_, since_, from_, to_, kind_, deadline_, doc_)      \
    const pl_msg_desc PL_MSG_##upper = {                                       \
        .id = (id_),                                                           \
        .since = (since_),                                                     \
        .name = #sym,                                                          \
        .sender = #from_,                                                      \
        .receiver = #to_,                                                      \
        .doc = (doc_),                                                         \
        .kind = PL_##kind_,                                                    \
        .deadline_ms = (deadline_),                                            \
        .size = sizeof(pl_##sym),                                              \
        .fields = sym##_fields,                                                \
        .n_fields = sizeof sym##_fields / sizeof sym##_fields[0],              \
    };
PL_ALL_MESSAGES(DESC)

#define ADDRESS(sym, upper, ...) &PL_MSG_##upper,
static const pl_msg_desc *const ALL[] = {PL_ALL_MESSAGES(ADDRESS)};

const pl_msg_desc *pl_msg_find(unsigned id)
{
#define FIND(sym, upper, id_, ...)                                             \
    case id_: ids_unique_##sym(0); return &PL_MSG_##upper;
    switch (id) {
        PL_ALL_MESSAGES(FIND)
    default: return NULL;
    }
}

const pl_msg_desc *pl_msg_at(size_t i)
{
    return i < sizeof ALL / sizeof ALL[0] ? ALL[i] : NULL;
}

size_t pl_msg_max_size(void)
{
    static const union {
#define AS_MEMBER(sym, upper, ...) pl_##sym sym;
        PL_ALL_MESSAGES(AS_MEMBER)
    } *any = NULL;
    return sizeof *any;
}

/* FNV-1a, 64 bits: notes differences between builds, guards nothing. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3); /* end mark */
}

uint64_t pl_msg_schema_hash(void)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    char row[128];
    for (size_t m = 0; m < sizeof ALL / sizeof ALL[0]; m++) {
        const pl_msg_desc *d = ALL[m];
        pl_fmt_cut(row, sizeof row, "%u %s %d", d->id, d->name, (int)d->kind);
        hash = mix_text(hash, row);
        for (size_t i = 0; i < d->n_fields; i++) {
            const pl_field_desc *f = &d->fields[i];
            pl_fmt_cut(row, sizeof row,
                       "%u %s %d %d %" PRIu64 " %" PRIu64 " %s", f->id, f->name,
                       (int)f->kind, (int)f->presence, f->min, f->max, f->unit);
            hash = mix_text(hash, row);
        }
    }
    return hash;
}

static size_t index_at(const pl_msg_desc *d, size_t offset)
{
    size_t i = 0;
    while (i < d->n_fields && d->fields[i].offset != offset)
        i++;
    return i;
}

static uint64_t present_of(const void *msg)
{
    uint64_t present = 0;
    memcpy(&present, msg, sizeof present);
    return present;
}

bool pl_msg_has(const pl_msg_desc *d, const void *msg, size_t offset)
{
    size_t i = index_at(d, offset);
    return i < d->n_fields && (present_of(msg) >> i & 1) != 0;
}

void pl_msg_mark(const pl_msg_desc *d, void *msg, size_t offset)
{
    size_t i = index_at(d, offset);
    if (i == d->n_fields)
        return;
    uint64_t present = present_of(msg) | UINT64_C(1) << i;
    memcpy(msg, &present, sizeof present);
}

typedef struct out {
    uint8_t *buf;
    size_t len, cap;
} out;

static int out_write(void *ctx, const char *data, size_t n)
{
    out *o = ctx;
    if (n > o->cap - o->len)
        return -1;
    if (n > 0)
        memcpy(o->buf + o->len, data, n);
    o->len += n;
    return 0;
}

static bool in_range(const pl_field_desc *f, uint64_t v)
{
    if (f->kind == PL_I64) /* bounds of signed fields are written as uint64 */
        return (int64_t)v >= (int64_t)f->min && (int64_t)v <= (int64_t)f->max;
    return v >= f->min && v <= f->max;
}

/* Whether `n` bytes at `text` may stand in a string field. */
static bool is_text(const char *text, size_t n)
{
    return n == 0 || /* then msgpack-c's pointer is NULL */
           (!memchr(text, 0, n) &&
            pl_is_utf8((pl_slice){.ptr = (const uint8_t *)text, .len = n}));
}

/* The number a field's bounds apply to: its value, or its length in bytes. */
static uint64_t measure(const pl_field_desc *f, const void *at)
{
    switch (f->kind) {
    case PL_U32: return *(const uint32_t *)at;
    case PL_U64: return *(const uint64_t *)at;
    case PL_I64: return (uint64_t) * (const int64_t *)at;
    case PL_BOOL: return *(const bool *)at ? 1 : 0;
    case PL_STR: return strnlen(at, (size_t)f->max + 1);
    case PL_BYTES: return ((const pl_slice *)at)->len;
    }
    return UINT64_MAX;
}

static bool is_sendable(const pl_field_desc *f, const void *at)
{
    uint64_t n = measure(f, at);
    if (!in_range(f, n))
        return false;
    if (f->kind == PL_BYTES)
        return n == 0 || ((const pl_slice *)at)->ptr;
    return f->kind != PL_STR || is_text(at, (size_t)n);
}

static bool pack_value(msgpack_packer *pk, const pl_field_desc *f,
                       const void *at)
{
    uint64_t n = measure(f, at);
    switch (f->kind) {
    case PL_U32:
    case PL_U64: return msgpack_pack_uint64(pk, n) == 0;
    case PL_I64: return msgpack_pack_int64(pk, (int64_t)n) == 0;
    case PL_BOOL:
        return (n ? msgpack_pack_true(pk) : msgpack_pack_false(pk)) == 0;
    case PL_STR:
        return msgpack_pack_str(pk, n) == 0 &&
               msgpack_pack_str_body(pk, at, n) == 0;
    case PL_BYTES:
        return msgpack_pack_bin(pk, n) == 0 &&
               msgpack_pack_bin_body(pk, ((const pl_slice *)at)->ptr, n) == 0;
    }
    return false;
}

pl_err pl_msg_encode(const pl_msg_desc *d, const void *msg, uint8_t *buf,
                     size_t cap, size_t *ret_len)
{
    if (!d || !msg || !buf || !ret_len)
        return PL_EINVAL;

    const uint8_t *base = msg;
    uint64_t present = present_of(msg);
    size_t n_sent = 0;
    for (size_t i = 0; i < d->n_fields; i++) {
        const pl_field_desc *f = &d->fields[i];
        if (f->presence == PL_REQ)
            present |= UINT64_C(1) << i;
        if (!(present >> i & 1))
            continue;
        if (!is_sendable(f, base + f->offset))
            return PL_EINVAL;
        n_sent++;
    }

    out o = {.buf = buf, .cap = cap};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &o, out_write);
    bool ok = msgpack_pack_map(&pk, n_sent) == 0;
    for (size_t i = 0; ok && i < d->n_fields; i++) {
        const pl_field_desc *f = &d->fields[i];
        if (present >> i & 1) {
            ok = msgpack_pack_uint32(&pk, f->id) == 0 &&
                 pack_value(&pk, f, base + f->offset);
        }
    }
    if (!ok)
        return PL_EFULL;
    *ret_len = o.len;
    return PL_OK;
}

static pl_err unpack_number(const pl_field_desc *f, const msgpack_object *v,
                            void *at)
{
    bool negative = v->type == MSGPACK_OBJECT_NEGATIVE_INTEGER;
    if (v->type != MSGPACK_OBJECT_POSITIVE_INTEGER &&
        !(negative && f->kind == PL_I64)) {
        return PL_EPROTO;
    }
    uint64_t n = negative ? (uint64_t)v->via.i64 : v->via.u64;
    if (f->kind == PL_I64 && !negative && n > INT64_MAX)
        return PL_EPROTO;
    if (!in_range(f, n))
        return PL_EPROTO;
    if (f->kind == PL_U32) {
        if (n > UINT32_MAX)
            return PL_EPROTO;
        *(uint32_t *)at = (uint32_t)n;
    } else if (f->kind == PL_I64) {
        *(int64_t *)at = (int64_t)n;
    } else {
        *(uint64_t *)at = n;
    }
    return PL_OK;
}

static pl_err unpack_field(const pl_field_desc *f, const msgpack_object *v,
                           void *at)
{
    switch (f->kind) {
    case PL_U32:
    case PL_U64:
    case PL_I64: return unpack_number(f, v, at);
    case PL_BOOL:
        if (v->type != MSGPACK_OBJECT_BOOLEAN)
            return PL_EPROTO;
        *(bool *)at = v->via.boolean;
        return PL_OK;
    case PL_STR:
        if (v->type != MSGPACK_OBJECT_STR || !in_range(f, v->via.str.size) ||
            !is_text(v->via.str.ptr, v->via.str.size)) {
            return PL_EPROTO;
        }
        if (v->via.str.size > 0) /* at is zeroed, max+1 */
            memcpy(at, v->via.str.ptr, v->via.str.size);
        return PL_OK;
    case PL_BYTES:
        if (v->type != MSGPACK_OBJECT_BIN || !in_range(f, v->via.bin.size))
            return PL_EPROTO;
        *(pl_slice *)at = (pl_slice){.ptr = (const uint8_t *)v->via.bin.ptr,
                                     .len = v->via.bin.size};
        return PL_OK;
    }
    return PL_EPROTO;
}

static pl_err unpack_map(const pl_msg_desc *d, const msgpack_object *map,
                         uint8_t *base)
{
    uint64_t present = 0;
    for (uint32_t k = 0; k < map->via.map.size; k++) {
        const msgpack_object_kv *kv = &map->via.map.ptr[k];
        if (kv->key.type != MSGPACK_OBJECT_POSITIVE_INTEGER)
            return PL_EPROTO;
        size_t i = 0;
        while (i < d->n_fields && d->fields[i].id != kv->key.via.u64)
            i++;
        if (i == d->n_fields)
            continue; /* a newer peer's field */
        if (present >> i & 1)
            return PL_EPROTO; /* duplicate */
        const pl_field_desc *f = &d->fields[i];
        pl_err e = unpack_field(f, &kv->val, base + f->offset);
        if (e != PL_OK)
            return e;
        present |= UINT64_C(1) << i;
    }
    for (size_t i = 0; i < d->n_fields; i++) {
        if (d->fields[i].presence == PL_REQ && !(present >> i & 1))
            return PL_EPROTO;
    }
    memcpy(base, &present, sizeof present);
    return PL_OK;
}

pl_err pl_msg_decode(const pl_msg_desc *d, const uint8_t *buf, size_t len,
                     void *ret_msg)
{
    if (!d || !ret_msg)
        return PL_EINVAL;
    memset(ret_msg, 0, d->size);
    pl_err e = pl_wire_scan(buf, len);
    if (e != PL_OK)
        return e;

    msgpack_unpacked u;
    msgpack_unpacked_init(&u);
    size_t off = 0;
    if (msgpack_unpack_next(&u, (const char *)buf, len, &off) !=
            MSGPACK_UNPACK_SUCCESS ||
        u.data.type != MSGPACK_OBJECT_MAP) {
        e = PL_EPROTO;
    } else {
        e = unpack_map(d, &u.data, ret_msg);
    }
    msgpack_unpacked_destroy(&u);
    if (e != PL_OK)
        memset(ret_msg, 0, d->size);
    return e;
}
