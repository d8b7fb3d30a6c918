/* err.h - the one error type every function in the tree returns. */
#ifndef PL_ERR_H
#define PL_ERR_H

#include <stdbool.h>

#include "tables/err.def"

typedef enum pl_err {
#define PL_ERR_ENUM(name, text, http, sip, retry) PL_##name,
    PL_ERR_LIST(PL_ERR_ENUM)
#undef PL_ERR_ENUM
        PL_ERR_COUNT
} pl_err;

#define PL_MUST_USE         __attribute__((warn_unused_result))
#define PL_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))

/* Text for a code; never NULL, static storage. */
const char *pl_err_text(pl_err e);
/* HTTP (RFC 9110 section 15) and SIP (RFC 3261 section 21) status of a code;
 * 500 for a value outside the list. */
int pl_err_http(pl_err e);
int pl_err_sip(pl_err e);
/* Whether the same call may succeed later. */
bool pl_err_is_retryable(pl_err e);

#endif
