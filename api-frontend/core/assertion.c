/* assertion.c - see assertion.h. */
#include "assertion.h"

#include <string.h>

#include "pl/str.h"

pl_err pl_assertion_parse(pl_slice text, pl_jwt *ret_jwt)
{
    static const char *const types[] = {"JWT", "client-authentication+jwt",
                                        NULL};
    return pl_jwt_parse_any(text, types, true, ret_jwt);
}

pl_err pl_assertion_read(const pl_jwt *jwt, int64_t now_ms,
                         pl_assertion *ret_assertion)
{
    pl_assertion a = {.client_id = ""};
    int64_t now_s = now_ms / 1000;
    int64_t exp_s;
    pl_slice issuer;
    pl_slice subject;
    pl_slice id;
    if (pl_json_get_str(jwt->claims, "iss", &issuer) ||
        pl_json_get_str(jwt->claims, "sub", &subject) ||
        !pl_slice_eq(issuer, subject) || issuer.len == 0 ||
        pl_copy(a.client_id, sizeof a.client_id, issuer))
        return PL_EAUTH;
    if (pl_json_get_str(jwt->claims, "jti", &id) || id.len == 0 ||
        pl_copy(a.id, sizeof a.id, id))
        return PL_EAUTH;
    if (pl_jwt_check_times(jwt->claims, now_s, &exp_s) ||
        exp_s > now_s + PL_ASSERTION_LIFE_S + PL_JWT_SKEW_S)
        return PL_EAUTH;
    a.until_s = exp_s + PL_JWT_SKEW_S;
    *ret_assertion = a;
    return PL_OK;
}
