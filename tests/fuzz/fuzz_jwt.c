/* fuzz_jwt.c - access tokens, codes, what clients sign: syntax, claims; key
 * sets and their schedule. */
#include <stdint.h>

#include "assertion.h"
#include "auth_code.h"
#include "jose.h"
#include "key_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static pl_keys *keys;
    if (!keys) {
        char kid[PL_JWT_KID_MAX + 1];
        pl_buf text;
        pl_buf_init(&text, 65536);
        pl_buf_add_str(&text, "{\"keys\":[");
        pl_err e = pl_key_make(PL_JWT_ES256, kid, &text);
        pl_buf_add_str(&text, "]}");
        if (!e)
            (void)!pl_keys_load(pl_buf_slice(&text), &keys);
        pl_buf_fini(&text);
    }
    pl_slice text = {data, len};
    if (len > 0 && data[0] == '{') {
        pl_keys *set = NULL;
        pl_json *file = NULL;
        pl_key_ring ring;
        if (pl_json_parse(text, &file) == PL_OK)
            (void)!pl_ring_read(file, &ring);
        pl_json_free(&file);
        if (pl_keys_load(text, &set) == PL_OK)
            pl_keys_free(&set);
        return 0;
    }
    pl_jwt jwt;
    if (pl_jwt_parse_typed(text, "code+jwt", &jwt) == PL_OK) {
        pl_auth_code code;
        (void)!pl_auth_code_read(jwt.claims, &code);
        pl_jwt_fini(&jwt);
    }
    if (pl_assertion_parse(text, &jwt) == PL_OK) {
        pl_assertion assertion;
        (void)!pl_assertion_read(&jwt, 1700000000000, &assertion);
        (void)!pl_jwt_has_audience(jwt.claims, "A");
        if (keys)
            (void)!pl_keys_verify(keys, &jwt);
        pl_jwt_fini(&jwt);
    }
    if (pl_jwt_parse(text, &jwt) != PL_OK)
        return 0;
    pl_jwt_policy policy = {.issuer = "I",
                            .has_tenants = true,
                            .audience = "A",
                            .scope = "",
                            .now_ms = 1700000000000};
    pl_caller caller;
    (void)!pl_jwt_check(&jwt, &policy, &caller);
    policy.is_vouched = policy.is_device = true;
    policy.number_claims = "phone_number sub";
    (void)!pl_jwt_check(&jwt, &policy, &caller);
    if (keys)
        (void)!pl_keys_verify(keys, &jwt);
    pl_jwt_fini(&jwt);
    return 0;
}
