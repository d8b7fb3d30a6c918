/* auth_code.h - authorization codes: what one stands for, and that it is good
 * once. A code is signed text, so any front end that has the key can trade it;
 * which ones are used up is known to the front end that traded them.
 * Source: RFC 6749 section 4.1, RFC 7636 */
#ifndef PL_API_AUTH_CODE_H
#define PL_API_AUTH_CODE_H

#include "pl/json.h"
#include "redirect.h"
#include "scope.h"

enum {
    PL_CODE_MAX = 4095,        /* as text, bytes */
    PL_CODE_ID_TEXT = 22,      /* 128 random bits */
    PL_CODE_LIFE_S = 60,       /* RFC 6749 section 4.1.2: ten minutes at most */
    PL_CODE_VERIFIER_MIN = 43, /* RFC 7636 section 4.1 */
    PL_CODE_VERIFIER_MAX = 128,
    PL_CODE_CHALLENGE_TEXT = 43,
    PL_CODES_USED_MAX = 1024 /* used ones remembered at once */
};

/* What a code stands for. */
typedef struct pl_auth_code {
    char id[PL_CODE_ID_TEXT + 1];
    char client_id[129];
    char redirect_uri[PL_REDIRECT_MAX + 1];
    char user[32]; /* tel:+number */
    char scope[PL_SCOPES_MAX + 1];
    char challenge[PL_CODE_CHALLENGE_TEXT + 1]; /* S256; "" none */
    int64_t until_s;                            /* wall time */
} pl_auth_code;

/* The claims to sign. */
void pl_auth_code_text(const pl_auth_code *code, pl_buf *out);
/* Read claims whose signature is good. Errors: PL_EAUTH not a code's. */
PL_MUST_USE pl_err pl_auth_code_read(const pl_json *claims,
                                     pl_auth_code *ret_code);

/* Whether text may be a challenge of S256: 43 characters of base64url. */
bool pl_code_is_challenge(const char *text);
/* Whether text may be a verifier. Source: RFC 7636 section 4.1 */
bool pl_code_is_verifier(const char *text);

/* What the client that trades a code shows. */
typedef struct pl_code_proof {
    const char *client_id;     /* authenticated */
    const char *redirect_uris; /* the client's, as configured */
    const char *redirect_uri;  /* as sent; "" is the only one configured */
    const char *verifier_hash; /* its SHA-256 in hex; "": none was sent */
    int64_t now_s;
} pl_code_proof;
/* Errors: PL_EAUTH expired, or for another client, address or verifier; a
 * verifier without a challenge is refused, too (RFC 9700 section 2.1.1). */
PL_MUST_USE pl_err pl_auth_code_check(const pl_auth_code *code,
                                      const pl_code_proof *proof);

#endif
