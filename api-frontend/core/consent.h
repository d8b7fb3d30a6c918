/* consent.h - the page on which the user of a mobile number lets a client call
 * for it, and what is answered to it. Only the embedded token server has it,
 * for development and small sites: nobody here knows whose number one is, so
 * whoever opens the page may confirm any.
 *
 * Sites cannot fill in the form for their visitors: the page carries a random
 * value that must equal that of a cookie, which other sites can neither read
 * nor set.
 * Source: RFC 6749 section 4.1.1, RFC 7636 section 4.3 */
#ifndef PL_API_CONSENT_H
#define PL_API_CONSENT_H

#include "answer.h"
#include "auth_code.h"
#include "form_data.h"
#include "http_head.h"
#include "scope.h"

enum { PL_CONSENT_STATE_MAX = 512, PL_CONSENT_MARK_TEXT = 22 };

/* The client that may ask. redirect_uris: separated by blanks. */
typedef struct pl_consent_client {
    const char *client_id, *redirect_uris;
} pl_consent_client;

/* What a client asks for; checked. */
typedef struct pl_consent_ask {
    char redirect_uri[PL_REDIRECT_MAX + 1]; /* one of the client's */
    char state[PL_CONSENT_STATE_MAX + 1];   /* "" none */
    char scope[PL_SCOPES_MAX + 1];
    char challenge[PL_CODE_CHALLENGE_TEXT + 1]; /* "" none */
} pl_consent_ask;

/* Read the parameters of a request or of the form. Nothing is ever redirected
 * to an address that is not the client's: errors before that is known are
 * shown as a page.
 * Errors: PL_EINVAL *answer says why. */
PL_MUST_USE pl_err pl_consent_read(const pl_consent_client *client,
                                   const pl_form *form, pl_consent_ask *ret_ask,
                                   pl_answer *answer);
/* The mark of the request's cookie; "" when it has none that is well-formed. */
void pl_consent_mark(const pl_http_head *head,
                     char ret_mark[PL_CONSENT_MARK_TEXT + 1]);
/* Whether the form comes from our page in the same browser. */
bool pl_consent_is_own(const pl_http_head *head, const pl_form *form);
/* The page that asks.
 * mark:    random; goes into the form and the cookie
 * message: what was wrong with the last try; NULL: the first */
void pl_consent_page(const pl_consent_client *client, const pl_consent_ask *ask,
                     const char *mark, const char *message, pl_answer *answer);
/* A page that says why there is nothing to agree to. */
void pl_consent_refuse(pl_answer *answer, int status, const char *text);

typedef enum pl_consent_choice {
    PL_CONSENT_DENIED,
    PL_CONSENT_NO_NUMBER, /* agreed, but that is no number */
    PL_CONSENT_GIVEN
} pl_consent_choice;
/* What the user has decided. ret_user[cap]: tel:+number, when given */
pl_consent_choice pl_consent_choose(const pl_form *form, char *ret_user,
                                    size_t cap);
/* Send the browser back: name is "code" or "error". */
void pl_consent_return(const pl_consent_ask *ask, const char *name,
                       const char *value, pl_answer *answer);

#endif
