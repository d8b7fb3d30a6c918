/* device_value.c - values of device applications, by hand: the definition's
 * pattern of addresses has groups that regcomp() does not know. */
#include "device_value.h"

#include <string.h>

#include "outgoing_rules.h"
#include "pl/utc.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

/* Cut a prefix off; false: it is not there, and nothing is cut. */
static bool cut(pl_slice *text, const char *prefix)
{
    size_t n = strlen(prefix);
    if (text->len < n || memcmp(text->ptr, prefix, n) != 0)
        return false;
    *text = (pl_slice){text->ptr + n, text->len - n};
    return true;
}

/* As long as a character is one of a kind, or of `others`. */
static size_t span(pl_slice text, bool digits, bool letters, const char *others)
{
    size_t n = 0;
    while (n < text.len &&
           ((digits && is_digit(text.ptr[n])) ||
            (letters && is_letter(text.ptr[n])) ||
            (text.ptr[n] && strchr(others, (char)text.ptr[n])))) {
        n++;
    }
    return n;
}

/* A digit from 1 to 9 with min to max more digits. */
static bool is_international(pl_slice text, size_t min, size_t max)
{
    return text.len > min && text.len <= max + 1 && text.ptr[0] != '0' &&
           span(text, true, false, "") == text.len;
}

bool pl_device_is_number(pl_slice text)
{
    return cut(&text, "+") && is_international(text, 4, 14);
}

/* Labels of letters, digits and inner hyphens, at least two. */
static bool is_context_domain(pl_slice text)
{
    size_t labels = 0;
    for (;;) {
        size_t n = span(text, true, true, "-");
        if (n == 0 || text.ptr[0] == '-' || text.ptr[n - 1] == '-')
            return false;
        labels++;
        text = (pl_slice){text.ptr + n, text.len - n};
        if (text.len == 0)
            return labels >= 2;
        if (!cut(&text, "."))
            return false;
    }
}

static bool is_context(pl_slice text)
{
    return cut(&text, "+") ? is_international(text, 0, 14)
                           : is_context_domain(text);
}

/* Letters, digits, dots and hyphens, at last a dot and two letters. */
static bool is_host(pl_slice text)
{
    size_t n = text.len;
    while (n > 0 && is_letter(text.ptr[n - 1]))
        n--;
    return text.len - n >= 2 && n >= 2 && text.ptr[n - 1] == '.' &&
           span(text, true, true, ".-") == text.len;
}

/* 1 to 15 digits, * or #, then its context; *text: what the context may be
 * part of. */
static bool cut_local(pl_slice *text)
{
    size_t n = span(*text, true, false, "*#");
    if (n < 1 || n > 15)
        return false;
    *text = (pl_slice){text->ptr + n, text->len - n};
    return cut(text, ";phone-context=");
}

static pl_device_address address_tel(pl_slice text)
{
    if (pl_device_is_number(text))
        return PL_ADDRESS_GLOBAL;
    return cut_local(&text) && is_context(text) ? PL_ADDRESS_LOCAL
                                                : PL_ADDRESS_BAD;
}

static bool is_sip_local(pl_slice text)
{
    static const char end[] = ";user=phone";
    size_t n = sizeof end - 1;
    if (!cut_local(&text) || text.len < n ||
        memcmp(text.ptr + text.len - n, end, n) != 0)
        return false;
    text.len -= n;
    const uint8_t *at = memchr(text.ptr, '@', text.len);
    if (!at)
        return false;
    size_t left = (size_t)(at - text.ptr);
    return is_context((pl_slice){text.ptr, left}) &&
           is_host((pl_slice){at + 1, text.len - left - 1});
}

static pl_device_address address_sip(pl_slice text)
{
    if (pl_slice_eq_str(text, "anonymous@anonymous.invalid"))
        return PL_ADDRESS_ANONYMOUS;
    size_t n = span(text, true, true, "_.!%+-");
    if (n > 0 && n < text.len && text.ptr[n] == '@' &&
        is_host((pl_slice){text.ptr + n + 1, text.len - n - 1}))
        return PL_ADDRESS_SIP;
    return is_sip_local(text) ? PL_ADDRESS_SIP_LOCAL : PL_ADDRESS_BAD;
}

/* .label of 1 to 32 lower-case letters, digits and inner hyphens, any times. */
static pl_device_address address_urn(pl_slice text)
{
    enum { LABEL_MAX = 32 };
    while (text.len > 0) {
        size_t n = 0;
        if (!cut(&text, "."))
            return PL_ADDRESS_BAD;
        while (n < text.len && (is_lower(text.ptr[n]) ||
                                is_digit(text.ptr[n]) || text.ptr[n] == '-'))
            n++;
        if (n == 0 || n > LABEL_MAX || text.ptr[0] == '-' ||
            text.ptr[n - 1] == '-')
            return PL_ADDRESS_BAD;
        text = (pl_slice){text.ptr + n, text.len - n};
    }
    return PL_ADDRESS_EMERGENCY;
}

pl_device_address pl_device_address_of(pl_slice text)
{
    if (text.len > PL_DEVICE_ADDRESS_MAX)
        return PL_ADDRESS_BAD;
    if (cut(&text, "tel:"))
        return address_tel(text);
    if (cut(&text, "sip:"))
        return address_sip(text);
    return cut(&text, "urn:service:sos") ? address_urn(text) : PL_ADDRESS_BAD;
}

bool pl_device_is_uuid(pl_slice text)
{
    enum { UUID_LENGTH = 36 };
    if (text.len != UUID_LENGTH)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        uint8_t c = text.ptr[i];
        bool is_hex = is_digit(c) || (is_letter(c) && (c | 0x20) <= 'f');
        if (is_hyphen ? c != '-' : !is_hex)
            return false;
    }
    return true;
}

bool pl_device_is_correlator(pl_slice text)
{
    enum { CORRELATOR_MAX = 256 };
    return text.len <= CORRELATOR_MAX &&
           span(text, true, true, "-_:;./<>{}") == text.len;
}

pl_err pl_device_time(pl_slice text, int64_t *ret_wall_ms)
{
    enum { SECONDS_LENGTH = 19, OFFSET_LENGTH = 6 };
    if (text.len <= SECONDS_LENGTH || text.len > PL_DEVICE_TIME_MAX ||
        (text.ptr[10] | 0x20) != 't')
        return PL_EINVAL;
    uint8_t last = text.ptr[text.len - 1];
    uint8_t sign = text.ptr[text.len - OFFSET_LENGTH];
    bool has_zone =
        (last | 0x20) == 'z' || (text.len >= SECONDS_LENGTH + OFFSET_LENGTH &&
                                 (sign == '+' || sign == '-'));
    return has_zone ? pl_utc_read(text, ret_wall_ms) : PL_EINVAL;
}

/* Behind the host: escapes are whole, brackets are not there.
 * Source: RFC 3986 sections 2.1, 3.3, 3.4 */
static bool is_uri_rest(const char *text)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    for (; *text; text++) {
        if (*text == '[' || *text == ']' ||
            (*text == '%' && strspn(text + 1, hex) < 2))
            return false;
    }
    return true;
}

bool pl_device_is_sink(const char *text)
{
    static const char scheme[] = "https://";
    size_t n = sizeof scheme - 1;
    pl_outgoing_url url;
    return strncmp(text, scheme, n) == 0 &&
           pl_outgoing_url_read(text, &url) == PL_OK &&
           is_uri_rest(text + n + strcspn(text + n, "/?"));
}

bool pl_device_is_token(pl_slice text)
{
    size_t n = span(text, true, true, "-._~+/");
    pl_slice rest = {text.ptr + n, text.len - n};
    return n > 0 && span(rest, false, false, "=") == rest.len;
}

size_t pl_device_length(pl_slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if ((text.ptr[i] & 0xc0) != 0x80)
            n++;
    }
    return n;
}

/* ---- places ---- */

static const char *const CIRCLE[] = {"latitude", "longitude", "radius", NULL};
static const char *const ELLIPSOID[] = {
    "latitude",      "longitude",    "zAxis",       "semiMajorAxis",
    "semiMinorAxis", "verticalAxis", "orientation", NULL};
static const char *const COORDINATES[] = {
    "latitude",      "longitude",    "radius",      "zAxis", "semiMajorAxis",
    "semiMinorAxis", "verticalAxis", "orientation", NULL};
static const char *const SHAPES[] = {"Circle", "Ellipsoid", NULL};
static const char *const METHODS[] = {"GPS", "DBH", "DBH_HELO", "Other", NULL};
static const char *const PDFS[] = {"normal", "uniform", NULL};
static const char *const CONFIDENCE[] = {"pdf", "value", NULL};
static const char *const PLACE[] = {"shape",      "coordinates", "method",
                                    "confidence", "timestamp",   NULL};

static bool are_numbers(const pl_json *json, const char *const *names)
{
    double value;
    while (*names && pl_json_as_num(pl_json_get(json, *names), &value) == PL_OK)
        names++;
    return !*names;
}

/* A member that is absent, or one of some words. */
static bool is_word_of(const pl_json *json, const char *const *words)
{
    pl_slice text;
    if (!json)
        return true;
    if (pl_json_as_str(json, &text))
        return false;
    while (*words && !pl_slice_eq_str(text, *words))
        words++;
    return *words != NULL;
}

static bool is_stranger(const pl_json *json, const char *const *known,
                        bool is_strict)
{
    return is_strict && pl_json_stranger(json, known);
}

/* Exactly one of the two forms, and that which the shape names. */
static const char *coordinates_fault(const pl_json *place, bool is_strict)
{
    const pl_json *at = pl_json_get(place, "coordinates");
    pl_slice shape = {NULL, 0};
    if (!at)
        return NULL;
    if (!pl_json_is_object(at))
        return "is not an object";
    if (is_stranger(at, COORDINATES, is_strict))
        return "has a member that is not known";
    bool is_circle = are_numbers(at, CIRCLE);
    bool is_ellipsoid = are_numbers(at, ELLIPSOID);
    if (is_circle == is_ellipsoid)
        return "is not exactly one of a circle and an ellipsoid";
    if (pl_json_get(place, "shape") &&
        pl_json_as_str(pl_json_get(place, "shape"), &shape) == PL_OK &&
        is_circle != pl_slice_eq_str(shape, SHAPES[0]))
        return "is not of that shape";
    return NULL;
}

static const char *confidence_fault(const pl_json *json, bool is_strict)
{
    const pl_json *value = pl_json_get(json, "value");
    double percent = 0;
    if (!json)
        return NULL;
    if (!pl_json_is_object(json))
        return "is not an object";
    if (is_stranger(json, CONFIDENCE, is_strict))
        return "has a member that is not known";
    if (!is_word_of(pl_json_get(json, "pdf"), PDFS))
        return "has a pdf other than normal and uniform";
    if (value &&
        (pl_json_as_num(value, &percent) || percent < 0 || percent > 100))
        return "has a value that is not a number from 0 to 100";
    return NULL;
}

static const char *timestamp_fault(const pl_json *json)
{
    pl_slice text;
    int64_t ms;
    bool is_good = !json || (pl_json_as_str(json, &text) == PL_OK &&
                             pl_device_time(text, &ms) == PL_OK);
    return is_good ? NULL : "is not a date-time of RFC 3339";
}

const char *pl_device_location_fault(const pl_json *place, bool is_strict,
                                     const char **ret_member)
{
    *ret_member = "locationDetails";
    if (!pl_json_is_object(place))
        return "is not an object";
    if (is_stranger(place, PLACE, is_strict))
        return "has a member that is not known";
    *ret_member = "locationDetails.shape";
    if (!is_word_of(pl_json_get(place, "shape"), SHAPES))
        return "is neither Circle nor Ellipsoid";
    *ret_member = "locationDetails.coordinates";
    const char *fault = coordinates_fault(place, is_strict);
    if (fault)
        return fault;
    *ret_member = "locationDetails.method";
    if (!is_word_of(pl_json_get(place, "method"), METHODS))
        return "is none of GPS, DBH, DBH_HELO, Other";
    *ret_member = "locationDetails.confidence";
    fault = confidence_fault(pl_json_get(place, "confidence"), is_strict);
    if (fault)
        return fault;
    *ret_member = "locationDetails.timestamp";
    return timestamp_fault(pl_json_get(place, "timestamp"));
}
