/* msg.h - typed messages, expanded from schema/<area>.def.
 *
 * For each MSG(symbol, UPPER, ..) there is a struct pl_<symbol> and a
 * descriptor PL_MSG_<UPPER>. A struct begins with `present`: set bits only for
 * optional fields (PL_MSG_SET), required ones are always sent. */
#ifndef PL_MSG_H
#define PL_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"
#include "pl/words.h"

#include "schema/schema.def"

typedef enum pl_kind {
    PL_U32,
    PL_U64,
    PL_I64,
    PL_BOOL,
    PL_STR,  /* copied inline, no NUL inside */
    PL_BYTES /* borrowed: valid as long as the frame it came from */
} pl_kind;
typedef enum pl_presence { PL_OPT, PL_REQ } pl_presence;
typedef enum pl_msg_kind { PL_REQUEST, PL_REPLY, PL_EVENT } pl_msg_kind;

typedef struct pl_field_desc {
    unsigned id;
    pl_kind kind;
    pl_presence presence;
    uint64_t min, max; /* value, or length in bytes for STR and BYTES */
    size_t offset;
    const char *name, *unit, *doc;
} pl_field_desc;

typedef struct pl_msg_desc {
    unsigned id, since;
    const char *name, *sender, *receiver, *doc;
    pl_msg_kind kind;
    unsigned deadline_ms; /* of a request, unless the sender says otherwise */
    size_t size;
    const pl_field_desc *fields;
    size_t n_fields; /* at most 64: one bit each in `present` */
} pl_msg_desc;

#define PL_MEMBER_U32(name, max)   uint32_t name;
#define PL_MEMBER_U64(name, max)   uint64_t name;
#define PL_MEMBER_I64(name, max)   int64_t name;
#define PL_MEMBER_BOOL(name, max)  bool name;
#define PL_MEMBER_STR(name, max)   char name[(max) + 1];
#define PL_MEMBER_BYTES(name, max) pl_slice name;
#define PL_MEMBER(id, kind, name, pres, min, max, unit, doc)                   \
    PL_MEMBER_##kind(name, max)
#define PL_MSG_STRUCT(sym, upper, id, since, from, to, kind, deadline, doc)    \
    typedef struct pl_##sym {                                                  \
        uint64_t present; /* bit i: the i-th field was, or is to be, sent */   \
        PL_##upper##_FIELDS(PL_MEMBER)                                         \
    } pl_##sym;                                                                \
    extern const pl_msg_desc PL_MSG_##upper;
PL_ALL_MESSAGES(PL_MSG_STRUCT)

/* Whether the field that lies at this offset is present; sets it present. */
bool pl_msg_has(const pl_msg_desc *d, const void *msg, size_t offset);
void pl_msg_mark(const pl_msg_desc *d, void *msg, size_t offset);
#define PL_MSG_HAS(UPPER, sym, msg, field)                                     \
    pl_msg_has(&PL_MSG_##UPPER, (msg), offsetof(pl_##sym, field))
/* Mark optional `field` of *msg as present, after its value was stored. */
#define PL_MSG_SET(UPPER, sym, msg, field)                                     \
    pl_msg_mark(&PL_MSG_##UPPER, (msg), offsetof(pl_##sym, field))

/* Find a descriptor by wire id; NULL if this build does not know it. */
const pl_msg_desc *pl_msg_find(unsigned id);
/* The i-th descriptor in schema order; NULL past the end. */
const pl_msg_desc *pl_msg_at(size_t i);
/* Hash over all descriptors: peers with the same major and another hash run
 * another build of the schema. */
uint64_t pl_msg_schema_hash(void);
enum { PL_SCHEMA_MAJOR = 1 };
/* Size of the largest message struct: storage for any decoded body. */
size_t pl_msg_max_size(void);

/* Encode *msg (of type d) as a msgpack map into buf.
 * ret_len: bytes written.
 * Errors:  PL_EINVAL a field breaks its bound; PL_EFULL cap too small.
 * Context: any thread; nothing is allocated. */
PL_MUST_USE pl_err pl_msg_encode(const pl_msg_desc *d, const void *msg,
                                 uint8_t *buf, size_t cap, size_t *ret_len);
/* Decode one msgpack map of len bytes into *ret_msg (zeroed first, d->size
 * bytes). Unknown field ids are skipped; strings are strict UTF-8.
 * Errors: PL_EPROTO malformed, out of bounds, wrong type, duplicate or missing
 * field, trailing bytes. Never allocates more than a fixed multiple of len. */
PL_MUST_USE pl_err pl_msg_decode(const pl_msg_desc *d, const uint8_t *buf,
                                 size_t len, void *ret_msg);

#endif
