/* sip_parse.h - bytes that passed the raw gate to a plain pl_sip_msg, by way
 * of libosip2's parser. */
#ifndef PL_SIP_PARSE_H
#define PL_SIP_PARSE_H

#include "gate.h"
#include "sip_msg.h"

struct osip_message;

/* Silence the parser's own tracing and set up its tables; once a process. */
PL_MUST_USE pl_err pl_sip_parse_setup(void);

/* Parse a message the raw gate let pass.
 *
 * The parser sees only the start line and the lines of Via, From, To, Call-ID,
 * CSeq, Contact, Route and Record-Route: its body and multipart code, where it
 * leaks and over-reads, is never reached (docs/adr/0006).
 *
 * gate:       verdict PL_GATE_PASS; slices of *ret_msg borrow from its bytes
 * ret_parsed: owned by the caller; pl_sip_parsed_free(); may be NULL
 * Errors: PL_EPROTO the parser refused it, or a value breaks a bound of
 *         pl_sip_msg; PL_ENOMEM.
 * The message is not judged: pl_sip_sanity() comes next. */
PL_MUST_USE pl_err pl_sip_parse(const pl_gate *gate, pl_sip_msg *ret_msg,
                                struct osip_message **ret_parsed);
/* Parse a whole message that we wrote ourselves. Errors: as above. */
PL_MUST_USE pl_err pl_sip_parse_own(pl_slice bytes,
                                    struct osip_message **ret_parsed);
void pl_sip_parsed_free(struct osip_message **parsed);

#endif
