/* emergency.c - makes ids of emergency addresses, for clients that must name
 * one to open a session. Nobody looks the address up: what is checked is that a
 * dispatcher would find something in every field that matters. The id is made
 * from the address alone, so any front end gives the same one. */
#include <string.h>

#include "conference_api.h"
#include "conference_request.h"

enum { FIELD_MAX = 128 };

/* Members of e911Context.address, in the order in which they make the id. */
static const struct {
    const char *name;
    bool is_needed;
} FIELDS[] = {
    {"name", true},
    {"houseNumber", true},
    {"houseNumExt", false},
    {"streetDir", false},
    {"streetDirSuffix", false},
    {"street", true},
    {"streetNameSuffix", false},
    {"unit", false},
    {"city", true},
    {"state", true},
    {"zip", true},
    {"addressAdditional", false},
    {"comments", false},
};

/* FNV-1a: the id need not be secret, only the same for the same address. */
static const uint64_t FNV_BASIS = UINT64_C(14695981039346656037);
static const uint64_t FNV_PRIME = UINT64_C(1099511628211);

static uint64_t mix(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * FNV_PRIME;
}

/* Letters of either case are the same address, and so is more blank. */
static uint64_t mix_field(uint64_t hash, pl_slice text)
{
    bool has_gap = false;
    bool has_begun = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == ' ') {
            has_gap = has_begun;
            continue;
        }
        if (has_gap)
            hash = mix(hash, ' ');
        has_gap = false;
        has_begun = true;
        hash = mix(hash, c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c);
    }
    return mix(hash, '\n');
}

static bool is_blank(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != ' ')
            return false;
    }
    return true;
}

static bool is_text(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    }
    return text.len <= FIELD_MAX;
}

static pl_err refuse_field(pl_answer *answer, const char *code,
                           const char *name, const char *what)
{
    char text[128];
    pl_fmt_cut(text, sizeof text, "e911Context.address.%s %s", name, what);
    return pl_conference_refuse(answer, code, text);
}

/* The id; answered already when a field is missing or wrong. */
static pl_err read_address(const pl_json *address, uint64_t *ret_hash,
                           pl_answer *answer)
{
    uint64_t hash = FNV_BASIS;
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        pl_slice text = {NULL, 0};
        pl_err e = pl_json_get_str(address, FIELDS[i].name, &text);
        if (e == PL_EPROTO || !is_text(text)) {
            return refuse_field(answer, "SVC0003", FIELDS[i].name,
                                "must be a text of at most 128 bytes");
        }
        if (FIELDS[i].is_needed && is_blank(text)) {
            return refuse_field(answer, "SVC0002", FIELDS[i].name,
                                "is missing");
        }
        hash = mix_field(hash, text);
    }
    *ret_hash = hash;
    return PL_OK;
}

static void answer_location(pl_answer *answer, uint64_t hash)
{
    char id[20];
    pl_fmt_cut(id, sizeof id, "%04x:%04x:%04x:%04x",
               (unsigned)(hash >> 48) & 0xffffU,
               (unsigned)(hash >> 32) & 0xffffU,
               (unsigned)(hash >> 16) & 0xffffU, (unsigned)hash & 0xffffU);
    pl_answer_json(answer, 200);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "e911Locations", '{');
    pl_jw_str(&w, "addressIdentifier", id);
    pl_jw_str(&w, "status", "Validated");
    pl_jw_str(&w, "expirationDate", "-1");
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

static pl_err prepare(pl_api_call *call, pl_answer *answer)
{
    if (!(call->caller->scopes & PL_SCOPE_EMERGENCYSERVICES)) {
        pl_answer_request_error(answer, 403, "POL0001",
                                "The token lacks the scope EMERGENCYSERVICES; "
                                "ask for it with the token");
        return PL_OK;
    }
    pl_err e = pl_conference_read_body(call);
    if (e)
        return e;
    const pl_json *address =
        pl_json_get(pl_json_get(call->doc, "e911Context"), "address");
    if (!pl_json_is_object(address)) {
        return pl_conference_refuse(answer, "SVC0002",
                                    "e911Context.address is missing");
    }
    uint64_t hash = 0;
    e = read_address(address, &hash, answer);
    if (!e && answer->status == 0)
        answer_location(answer, hash);
    return e;
}

const pl_api_op PL_OP_E911_LOCATIONS = {.kind = PL_KIND_LOCAL,
                                        .family = PL_FAMILY_CONFERENCE,
                                        .auth = PL_AUTH_BEARER,
                                        .prepare = prepare};
