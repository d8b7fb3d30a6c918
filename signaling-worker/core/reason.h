/* reason.h - the Reason header: why a call ended (RFC 3326). */
#ifndef PL_SIP_REASON_H
#define PL_SIP_REASON_H

#include <stddef.h>

#include "pl/slice.h"

enum { PL_SIP_REASON_VALUE = 65, PL_SIP_REASON_TEXT = 129 };

typedef struct pl_sip_reason {
    char value[PL_SIP_REASON_VALUE]; /* "Q.850;cause=17"; empty: no cause */
    char text[PL_SIP_REASON_TEXT];   /* of it, for people; UTF-8 */
} pl_sip_reason;

/* Read the first value of a Reason header; what cannot be read stays empty. */
void pl_sip_reason_parse(pl_slice value, pl_sip_reason *ret_reason);
/* Write the header line for a request: of a text that is such a value, that;
 * of another one `SIP;cause=200` with it; of none nothing. */
void pl_sip_reason_line(const char *reason, char *buf, size_t cap);
/* The same for a final response: only a value with a cause, RFC 6432. */
void pl_sip_reason_response_line(const char *reason, char *buf, size_t cap);

#endif
