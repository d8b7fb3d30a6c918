/* sip_options.h - option tags (RFC 3261 section 19.2) and other lists of
 * tokens: Supported, Require, Allow. */
#ifndef PL_SIP_OPTIONS_H
#define PL_SIP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "pl/slice.h"

typedef enum pl_sip_option {
    PL_SIP_OPTION_100REL = 1,     /* RFC 3262 */
    PL_SIP_OPTION_TIMER = 2,      /* RFC 4028 */
    PL_SIP_OPTION_REPLACES = 4,   /* RFC 3891 */
    PL_SIP_OPTION_NOREFERSUB = 8, /* RFC 4488 */
} pl_sip_option;

/* Bits of the tags in a list that we know. */
unsigned pl_sip_options_of(pl_slice list);
/* Tags of a list that are not among `served`, as the value of an Unsupported
 * header; cut to the buffer. Returns: whether there are any. */
bool pl_sip_options_unknown(pl_slice list, unsigned served, char *buf,
                            size_t cap);
/* The tags of `options` as the value of a header. */
void pl_sip_options_text(unsigned options, char *buf, size_t cap);
/* Whether a list of tokens has this one, in any case. */
bool pl_sip_tokens_have(pl_slice list, const char *token);

#endif
