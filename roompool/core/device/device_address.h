/* device_address.h - addresses of the device APIs, and what they are in SIP.
 * Pure text. Source: RFC 3966; RFC 3261 section 19.1.6 */
#ifndef PL_ROOMPOOL_DEVICE_ADDRESS_H
#define PL_ROOMPOOL_DEVICE_ADDRESS_H

#include "pl/err.h"

#include <stdbool.h>
#include <stddef.h>

#define PL_DEVICE_ANONYMOUS "sip:anonymous@anonymous.invalid"

/* Whether a tel: or sip: address means this number, E.164 with +. */
bool pl_device_address_is(const char *address, const char *number);
/* The URI to dial for an address. domain: of numbers.
 * Errors: PL_EINVAL it is no tel: or sip: address, or anonymous, or none that
 * our SIP can say; PL_ETOOBIG */
PL_MUST_USE pl_err pl_device_address_to_sip(const char *address,
                                            const char *domain, char *buf,
                                            size_t cap);
/* The same address as events may show it, where local numbers have no form.
 * What these two make is an address of the definition in any case. */
void pl_device_address_told(const char *address, const char *domain, char *buf,
                            size_t cap);
/* The address of who calls, from a SIP or tel URI; "" and what is none are
 * anonymous. domain: in place of a host that is no name; when it is none
 * itself, "unknown.invalid" is. */
void pl_device_address_of_sip(const char *uri, const char *domain, char *buf,
                              size_t cap);
/* A display name without control characters, which have no place in a header,
 * cut between characters. */
void pl_device_name(const char *name, char *buf, size_t cap);

#endif
