/* reliable.h - numbers of reliable provisional responses, RFC 3262. Pure. */
#ifndef PL_SIP_RELIABLE_H
#define PL_SIP_RELIABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

/* Value of RSeq. Errors: PL_EPROTO not 1 to 2^31-1. Section 7.1. */
PL_MUST_USE pl_err pl_sip_rseq_parse(pl_slice value, uint32_t *ret_rseq);

/* Value of RAck: what a PRACK acknowledges. Section 7.2. */
typedef struct pl_sip_rack {
    uint32_t rseq, cseq;
    bool is_invite; /* its method; no other has such responses */
} pl_sip_rack;
/* Errors: PL_EPROTO. */
PL_MUST_USE pl_err pl_sip_rack_parse(pl_slice value, pl_sip_rack *ret_rack);

/* Server: number of the first response, from any random number. Section 3. */
uint32_t pl_sip_rseq_first(uint32_t draw);

/* Client: whether a response is the next one. Section 4. */
typedef enum pl_sip_rseq_is {
    PL_RSEQ_NEXT,
    PL_RSEQ_REPEATED, /* seen; has been acknowledged */
    PL_RSEQ_EARLY     /* one before it is missing: ignore it */
} pl_sip_rseq_is;
/* last: number taken last of this dialog, 0 none; moved by PL_RSEQ_NEXT. */
pl_sip_rseq_is pl_sip_rseq_take(uint32_t *last, uint32_t rseq);

#endif
