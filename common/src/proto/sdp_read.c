/* sdp_read.c - what the attributes of a parsed description mean. */
#include "pl/sdp.h"

#include <string.h>

#include "pl/str.h"

enum {
    MAX_PT = 127,
    MAX_CLOCK_HZ = 1000000,
    MAX_CHANNELS = 255,
    EXT_MAX = 255,          /* RFC 8285 section 4.3 */
    EXT_OFFER_FIRST = 4096, /* RFC 8285 section 7 */
    EXT_OFFER_LAST = 4351,
};

pl_slice pl_sdp_token(pl_slice *rest)
{
    size_t i = 0;
    while (i < rest->len && (rest->ptr[i] == ' ' || rest->ptr[i] == '\t'))
        i++;
    size_t from = i;
    while (i < rest->len && rest->ptr[i] != ' ' && rest->ptr[i] != '\t')
        i++;
    if (rest->len == 0)
        return (pl_slice){NULL, 0};
    pl_slice token = {rest->ptr + from, i - from};
    rest->ptr += i;
    rest->len -= i;
    return token;
}

static const pl_sdp_attr *find_in(const pl_sdp_attr *attrs, size_t n,
                                  const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (pl_slice_eq_str(attrs[i].name, name))
            return &attrs[i];
    }
    return NULL;
}

const pl_sdp_attr *pl_sdp_find(const pl_sdp *sdp, const pl_sdp_media *media,
                               const char *name)
{
    if (media)
        return find_in(media->attrs, media->n_attrs, name);
    return sdp ? find_in(sdp->attrs, sdp->n_attrs, name) : NULL;
}

const pl_sdp_attr *pl_sdp_find_either(const pl_sdp *sdp,
                                      const pl_sdp_media *media,
                                      const char *name)
{
    const pl_sdp_attr *a = media ? pl_sdp_find(NULL, media, name) : NULL;
    return a ? a : pl_sdp_find(sdp, NULL, name);
}

const pl_sdp_attr *pl_sdp_next(const pl_sdp_media *media, const char *name,
                               const pl_sdp_attr *prev)
{
    size_t from = prev ? (size_t)(prev - media->attrs) + 1 : 0;
    return find_in(media->attrs + from, media->n_attrs - from, name);
}

static pl_direction direction_in(const pl_sdp_attr *attrs, size_t n)
{
    static const struct {
        const char *name;
        pl_direction direction;
    } words[] = {
        {"sendrecv", PL_DIRECTION_SENDRECV},
        {"sendonly", PL_DIRECTION_SENDONLY},
        {"recvonly", PL_DIRECTION_RECVONLY},
        {"inactive", PL_DIRECTION_INACTIVE},
    };
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            if (pl_slice_eq_str(attrs[i].name, words[k].name))
                return words[k].direction;
        }
    }
    return PL_DIRECTION_UNKNOWN;
}

pl_direction pl_sdp_direction(const pl_sdp *sdp, const pl_sdp_media *media)
{
    pl_direction d = direction_in(media->attrs, media->n_attrs);
    if (d == PL_DIRECTION_UNKNOWN)
        d = direction_in(sdp->attrs, sdp->n_attrs);
    return d == PL_DIRECTION_UNKNOWN ? PL_DIRECTION_SENDRECV : d;
}

/* RFC 3551 section 6, table 4: the rows that we can play. */
static const struct {
    uint8_t pt;
    const char *encoding;
} STATIC_TYPES[] = {{0, "PCMU"}, {8, "PCMA"}, {9, "G722"}, {13, "CN"}};

static pl_err static_rtpmap(uint8_t pt, pl_sdp_rtpmap *ret_map)
{
    for (size_t i = 0; i < sizeof STATIC_TYPES / sizeof STATIC_TYPES[0]; i++) {
        if (STATIC_TYPES[i].pt == pt) {
            *ret_map = (pl_sdp_rtpmap){
                pt, pl_slice_str(STATIC_TYPES[i].encoding), 8000, 1};
            return PL_OK;
        }
    }
    return PL_ENOENT;
}

static pl_slice cut_at(pl_slice *rest, int mark)
{
    const uint8_t *at = rest->len ? memchr(rest->ptr, mark, rest->len) : NULL;
    pl_slice head = {rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len};
    size_t used = at ? head.len + 1 : head.len;
    if (used > 0) {
        rest->ptr += used;
        rest->len -= used;
    }
    return head;
}

/* "opus/48000/2", RFC 8866 section 6.6. */
static pl_err parse_encoding(uint8_t pt, pl_slice text, pl_sdp_rtpmap *ret_map)
{
    pl_slice name = cut_at(&text, '/');
    pl_slice clock = cut_at(&text, '/');
    uint64_t clock_hz = 0;
    uint64_t channels = 1;
    if (name.len == 0 ||
        pl_parse_u64(clock, MAX_CLOCK_HZ, &clock_hz) != PL_OK || clock_hz == 0)
        return PL_EPROTO;
    if (text.len > 0 &&
        (pl_parse_u64(text, MAX_CHANNELS, &channels) != PL_OK || channels == 0))
        return PL_EPROTO;
    *ret_map =
        (pl_sdp_rtpmap){pt, name, (uint32_t)clock_hz, (uint32_t)channels};
    return PL_OK;
}

/* The attribute `name` of a payload type, cut behind the number. */
static bool find_of_pt(const pl_sdp_media *media, const char *name, uint8_t pt,
                       pl_slice *ret_rest)
{
    for (const pl_sdp_attr *a = pl_sdp_next(media, name, NULL); a;
         a = pl_sdp_next(media, name, a)) {
        pl_slice rest = a->value;
        uint64_t n = 0;
        if (pl_parse_u64(pl_sdp_token(&rest), MAX_PT, &n) == PL_OK && n == pt) {
            *ret_rest = rest;
            return true;
        }
    }
    return false;
}

pl_err pl_sdp_find_rtpmap(const pl_sdp_media *media, pl_slice format,
                          pl_sdp_rtpmap *ret_map)
{
    uint64_t pt = 0;
    pl_slice rest;
    if (pl_parse_u64(format, MAX_PT, &pt) != PL_OK)
        return PL_EPROTO;
    if (!find_of_pt(media, "rtpmap", (uint8_t)pt, &rest))
        return static_rtpmap((uint8_t)pt, ret_map);
    return parse_encoding((uint8_t)pt, pl_sdp_token(&rest), ret_map);
}

static pl_slice trim(pl_slice s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

pl_slice pl_sdp_find_fmtp(const pl_sdp_media *media, uint8_t pt)
{
    pl_slice rest = {NULL, 0};
    return find_of_pt(media, "fmtp", pt, &rest) ? trim(rest)
                                                : (pl_slice){NULL, 0};
}

pl_err pl_sdp_fmtp_param(pl_slice params, const char *name, pl_slice *ret_value)
{
    while (params.len > 0) {
        pl_slice value = cut_at(&params, ';');
        pl_slice key = trim(cut_at(&value, '='));
        if (pl_slice_eq_nocase(key, name)) {
            *ret_value = trim(value);
            return PL_OK;
        }
    }
    return PL_ENOENT;
}

uint32_t pl_sdp_number(const pl_sdp_media *media, const char *name,
                       uint32_t max, uint32_t fallback)
{
    const pl_sdp_attr *a = pl_sdp_find(NULL, media, name);
    uint64_t n = 0;
    if (!a || pl_parse_u64(trim(a->value), max, &n) != PL_OK)
        return fallback;
    return (uint32_t)n;
}

pl_slice pl_sdp_mid(const pl_sdp_media *media)
{
    const pl_sdp_attr *a = pl_sdp_find(NULL, media, "mid");
    return a ? trim(a->value) : (pl_slice){NULL, 0};
}

const pl_sdp_media *pl_sdp_find_mid(const pl_sdp *sdp, pl_slice mid)
{
    for (size_t i = 0; i < sdp->n_media && mid.len > 0; i++) {
        if (pl_slice_eq(pl_sdp_mid(&sdp->media[i]), mid))
            return &sdp->media[i];
    }
    return NULL;
}

static bool has_token(pl_slice tokens, pl_slice wanted)
{
    for (pl_slice t = pl_sdp_token(&tokens); t.len > 0;
         t = pl_sdp_token(&tokens)) {
        if (pl_slice_eq(t, wanted))
            return true;
    }
    return false;
}

pl_slice pl_sdp_bundle_of(const pl_sdp *sdp, pl_slice mid)
{
    unsigned n_groups = 0;
    for (size_t i = 0; i < sdp->n_attrs && mid.len > 0; i++) {
        if (!pl_slice_eq_str(sdp->attrs[i].name, "group"))
            continue;
        if (++n_groups > PL_SDP_MAX_GROUPS)
            break;
        pl_slice rest = sdp->attrs[i].value;
        if (pl_slice_eq_str(pl_sdp_token(&rest), "BUNDLE") &&
            has_token(rest, mid))
            return rest;
    }
    return (pl_slice){NULL, 0};
}

pl_sdp_setup pl_sdp_find_setup(const pl_sdp *sdp, const pl_sdp_media *media)
{
    static const struct {
        const char *text;
        pl_sdp_setup setup;
    } words[] = {
        {"active", PL_SDP_SETUP_ACTIVE},
        {"passive", PL_SDP_SETUP_PASSIVE},
        {"actpass", PL_SDP_SETUP_ACTPASS},
        {"holdconn", PL_SDP_SETUP_HOLDCONN},
    };
    const pl_sdp_attr *a = pl_sdp_find_either(sdp, media, "setup");
    if (!a)
        return PL_SDP_SETUP_NONE;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (pl_slice_eq_nocase(trim(a->value), words[i].text))
            return words[i].setup;
    }
    return PL_SDP_SETUP_BAD;
}

pl_err pl_sdp_parse_fingerprint(pl_slice value, pl_sdp_fingerprint *ret_print)
{
    pl_sdp_fingerprint print = {.hash = pl_sdp_token(&value)};
    pl_slice hex = pl_sdp_token(&value);
    /* n bytes are n pairs and n - 1 colons */
    if (hex.len % 3 != 2 || (hex.len + 1) / 3 > PL_SDP_MAX_FINGERPRINT)
        return PL_EPROTO;
    for (size_t i = 0; i < hex.len; i += 3) {
        int high = pl_hex_value(hex.ptr[i]);
        int low = pl_hex_value(hex.ptr[i + 1]);
        if (high < 0 || low < 0 || (i + 2 < hex.len && hex.ptr[i + 2] != ':'))
            return PL_EPROTO;
        print.bytes[print.len++] = (uint8_t)(high * 16 + low);
    }
    *ret_print = print;
    return PL_OK;
}

/* "3/sendonly urn:.. attributes", RFC 8285 section 8. */
pl_err pl_sdp_parse_extmap(pl_slice value, pl_sdp_extmap *ret_ext)
{
    pl_slice head = pl_sdp_token(&value);
    pl_slice number = cut_at(&head, '/');
    pl_slice uri = pl_sdp_token(&value);
    pl_direction direction = PL_DIRECTION_SENDRECV;
    if (head.len > 0) {
        direction = direction_in(&(const pl_sdp_attr){.name = head}, 1);
        if (direction == PL_DIRECTION_UNKNOWN)
            return PL_EPROTO;
    }
    uint64_t id = 0;
    if (pl_parse_u64(number, EXT_OFFER_LAST, &id) != PL_OK || id == 0 ||
        (id > EXT_MAX && id < EXT_OFFER_FIRST) || uri.len == 0)
        return PL_EPROTO;
    *ret_ext = (pl_sdp_extmap){(uint32_t)id, direction, uri};
    return PL_OK;
}

pl_err pl_sdp_find_extmap(const pl_sdp *sdp, const pl_sdp_media *media,
                          const char *uri, pl_sdp_extmap *ret_ext)
{
    const struct {
        const pl_sdp_attr *attrs;
        size_t n;
    } level[] = {{media->attrs, media->n_attrs}, {sdp->attrs, sdp->n_attrs}};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < level[k].n; i++) {
            pl_sdp_extmap ext;
            if (pl_slice_eq_str(level[k].attrs[i].name, "extmap") &&
                pl_sdp_parse_extmap(level[k].attrs[i].value, &ext) == PL_OK &&
                pl_slice_eq_str(ext.uri, uri)) {
                *ret_ext = ext;
                return PL_OK;
            }
        }
    }
    return PL_ENOENT;
}

pl_err pl_sdp_parse_ssrc(pl_slice value, pl_sdp_ssrc *ret_ssrc)
{
    uint64_t ssrc = 0;
    if (pl_parse_u64(pl_sdp_token(&value), UINT32_MAX, &ssrc) != PL_OK)
        return PL_EPROTO;
    value = trim(value);
    pl_slice attribute = cut_at(&value, ':');
    if (attribute.len == 0)
        return PL_EPROTO;
    *ret_ssrc = (pl_sdp_ssrc){(uint32_t)ssrc, attribute, value};
    return PL_OK;
}
