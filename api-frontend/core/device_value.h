/* device_value.h - values in the bodies of device applications: addresses,
 * ids, times, places. Pure text, no allocation. */
#ifndef PL_API_DEVICE_VALUE_H
#define PL_API_DEVICE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/buf.h"
#include "pl/json.h"
#include "pl/slice.h"

/* Forms of an address. Source: Address in the definition of call handling. */
typedef enum pl_device_address {
    PL_ADDRESS_BAD,
    PL_ADDRESS_GLOBAL,    /* tel:+49305550100 */
    PL_ADDRESS_LOCAL,     /* tel:110;phone-context=+49 */
    PL_ADDRESS_SIP,       /* sip:alice@example.com */
    PL_ADDRESS_SIP_LOCAL, /* sip:110;phone-context=+49@example.com;user=phone */
    PL_ADDRESS_EMERGENCY, /* urn:service:sos.police */
    PL_ADDRESS_ANONYMOUS  /* sip:anonymous@anonymous.invalid */
} pl_device_address;

enum { PL_DEVICE_ADDRESS_MAX = 256, PL_DEVICE_TIME_MAX = 64 };

pl_device_address pl_device_address_of(pl_slice text);
/* +, a digit from 1 to 9, 4 to 14 more. */
bool pl_device_is_number(pl_slice text);
/* 8-4-4-4-12 hex digits of either case. Source: RFC 9562 section 4 */
bool pl_device_is_uuid(pl_slice text);
/* What a correlator may be, which the empty text is.
 * Source: XCorrelator in the definitions */
bool pl_device_is_correlator(pl_slice text);
/* A date with time and zone. Errors: PL_EINVAL.
 * Source: RFC 3339 section 5.6, date-time */
PL_MUST_USE pl_err pl_device_time(pl_slice text, int64_t *ret_wall_ms);
/* An https URL as a sink of events: printable ASCII, a host. */
bool pl_device_is_sink(const char *text);
/* A token that fits in a header: b64token. Source: RFC 6750 section 2.1 */
bool pl_device_is_token(pl_slice text);
/* Characters, not bytes, of a text that is UTF-8. */
size_t pl_device_length(pl_slice text);

/* What is wrong with a place; NULL: nothing.
 * is_strict: members that are not known are wrong
 * ret_member: the member, from "locationDetails" on
 * Source: LocationDetails in the definition of call handling */
const char *pl_device_location_fault(const pl_json *place, bool is_strict,
                                     const char **ret_member);

#endif
