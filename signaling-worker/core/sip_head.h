/* sip_head.h - the head of a raw SIP message as lines, before any parser. Used
 * by the raw gate and by the stateless answers. RFC 3261 section 7. */
#ifndef PL_SIP_HEAD_H
#define PL_SIP_HEAD_H

#include "pl/err.h"
#include "pl/slice.h"

typedef struct pl_sip_head {
    pl_slice start;   /* first line without its CRLF */
    pl_slice headers; /* all header lines, each with its CRLF */
    pl_slice body;    /* what follows the empty line */
} pl_sip_head;

typedef struct pl_sip_line {
    pl_slice name;  /* as sent, without blanks before the colon */
    pl_slice value; /* blanks trimmed; may hold folded lines */
} pl_sip_line;

/* Split a message at its first line and at the empty line. Only CRLF ends a
 * line; a bare CR or LF in the head is refused, so that no two parsers can
 * disagree about where a line ends.
 * Errors: PL_EPROTO no empty line, bare CR or LF, NUL in the head.
 * Context: no allocation, O(length). */
PL_MUST_USE pl_err pl_sip_head_split(pl_slice raw, pl_sip_head *ret_head);

/* Read the next header line; start with *cursor = 0. A line without a colon
 * has an empty name. Returns: false at the end. */
bool pl_sip_head_next(const pl_sip_head *head, size_t *cursor,
                      pl_sip_line *ret_line);
/* As above, for lines of this name (long form; the compact form of RFC 3261
 * section 7.3.3 matches too). */
bool pl_sip_head_find(const pl_sip_head *head, const char *name, size_t *cursor,
                      pl_sip_line *ret_line);
/* Value of the header of this name, the last if there are several. Returns: how
 * many there are. */
unsigned pl_sip_head_only(const pl_sip_head *head, const char *name,
                          pl_slice *ret_value);

/* Find a parameter (;name=value) of a header value, outside of quotes and angle
 * brackets; name without case. ret_text: without quotes around it, empty for a
 * flag; what is escaped inside stays so. Returns: whether it is there. */
bool pl_sip_param(pl_slice value, const char *name, pl_slice *ret_text);

/* Which request a response answers: method of its CSeq, branch of its first
 * Via; both borrowed. For a look before it is parsed: what it says is not
 * checked. Returns: whether it says both. */
bool pl_sip_head_answers(const pl_sip_head *head, pl_slice *ret_method,
                         pl_slice *ret_branch);

/* Trim blanks, tabs and line ends from both sides. */
pl_slice pl_sip_trim(pl_slice text);
/* Whether a value may stand in a message of ours: UTF-8 without control
 * characters. A folded one has line ends. */
bool pl_sip_is_clean(pl_slice text);

#endif
