/* telephone.h - telephones: calls that come in, PIN entry, hold, and how a
 * call survives the loss of its media worker. */
#ifndef PL_ROOMPOOL_TELEPHONE_H
#define PL_ROOMPOOL_TELEPHONE_H

#include "model.h"

/* Where a digit came from: RTP telephone-event (RFC 4733) or SIP INFO. Many
 * telephones send both; only the kind that came first is heard. */
enum { PL_DIGIT_RTP = 1, PL_DIGIT_INFO = 2 };

void pl_phone_digit(pl_pool *pool, pl_part *part, char digit, uint32_t source);
/* A prompt ended by itself. */
void pl_phone_played(pl_pool *pool, pl_part *part, const char *prompt);
/* Start or restart PIN entry (after a restart the digits are lost). */
void pl_phone_ask_pin(pl_pool *pool, pl_part *part);
/* Offer the new media worker's media to the telephone; ends the call when that
 * cannot be. */
void pl_phone_offer_again(pl_pool *pool, pl_leg *leg);
/* Offer what its media worker offers now: soon, or at once since the telephone
 * sends elsewhere. Both may end the call or the transfer. */
void pl_phone_plan_offer(pl_pool *pool, pl_leg *leg);
void pl_phone_offer_back(pl_pool *pool, pl_leg *leg);
/* The worker's inventory names a call, in this pl_call_state. */
void pl_phone_seen(pl_pool *pool, pl_call *call, uint32_t state);
/* A call that came in (call_incoming) is this seat's: make its media. Errors
 * are the final answer; the seat has left then. */
PL_MUST_USE pl_err pl_phone_take(pl_pool *pool, const pl_bus_in *in,
                                 pl_part *part);
/* Tell the telephone that the other side holds, or no longer, when it was told
 * otherwise and nothing else is just offered to it. */
void pl_phone_tell_hold(pl_pool *pool, pl_leg *leg, bool is_held);
/* Our word of that was not taken within the time. */
void pl_phone_hold_refused(pl_pool *pool, pl_leg *leg);
/* A user answered: send the 200. */
void pl_phone_answer(pl_pool *pool, pl_call *call);
/* A tone for the others, when so configured. */
void pl_phone_beep(pl_pool *pool, const pl_part *part, const char *prompt);
/* The peer's answer to our first offer, with early media or finally; sdp may
 * have come before. */
void pl_phone_dial_answered(pl_pool *pool, pl_call *call, pl_slice sdp,
                            bool is_final);
/* The answer to an offer that we made in a 200 came with the ACK. */
void pl_phone_confirm(pl_pool *pool, pl_call *call, pl_slice sdp);
/* Dial out: make an offer, then call part->row.address. The participant rings;
 * its outcome is told to who invited it.
 * Errors: PL_EUNAVAILABLE no worker. */
PL_MUST_USE pl_err pl_phone_dial(pl_pool *pool, pl_part *part);

void pl_on_call_incoming(pl_pool *pool, const pl_bus_in *in);
void pl_on_call_report(pl_pool *pool, const pl_bus_in *in);
void pl_on_call_offer(pl_pool *pool, const pl_bus_in *in);
void pl_on_call_dtmf(pl_pool *pool, const pl_bus_in *in);

#endif
