/* caller.h - what the claims of a token say about who it speaks for: all its
 * scopes as text, and what the device APIs ask.
 * Source: CAMARA Security and Interoperability Profile (r4.2) */
#ifndef PL_API_CALLER_H
#define PL_API_CALLER_H

#include "api.h"
#include "pl/str.h"

/* Fill scope_text from scope, scp and roles; each word once. Words that do not
 * fit any more are left out: the token is then good for less, not for more. */
void pl_caller_put_scopes(const pl_json *claims, pl_caller *caller);

/* Fill number, subject and has_subject as the device APIs want them. subject is
 * "" unless a user stands behind the token (3-legged); tokens that name the
 * user another way (user, the number) have that there.
 *
 * number_claims: names separated by blanks; the first that is there counts. In
 *                sub a text that is no number is somebody's name, in others it
 *                makes the token bad: it must not pass for one without number
 * Errors: PL_EAUTH neither client_id nor azp; a number that is none. */
PL_MUST_USE pl_err pl_caller_for_device(const pl_json *claims,
                                        const char *number_claims,
                                        pl_caller *caller);

/* Whom a token speaks for, into a message that has client_id, subject and
 * token_number; the last two only when the token has them. */
#define PL_CALLER_PUT(UPPER, lower, caller, m)                                 \
    do {                                                                       \
        const pl_caller *who_ = (caller);                                      \
        pl_fmt_cut((m)->client_id, sizeof(m)->client_id, "%s",                 \
                   who_->client_id);                                           \
        if (who_->has_subject && who_->subject[0]) {                           \
            pl_fmt_cut((m)->subject, sizeof(m)->subject, "%s", who_->subject); \
            PL_MSG_SET(UPPER, lower, m, subject);                              \
        }                                                                      \
        if (who_->number[0]) {                                                 \
            pl_fmt_cut((m)->token_number, sizeof(m)->token_number, "%s",       \
                       who_->number);                                          \
            PL_MSG_SET(UPPER, lower, m, token_number);                         \
        }                                                                      \
    } while (0)

/* Whether text is a number in E.164: + and 5 to 15 digits, the first not 0. */
bool pl_number_is_good(pl_slice text);

#endif
