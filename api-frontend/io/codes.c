/* codes.c - giving and taking authorization codes. */
#include "codes.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "used_ids.h"

enum { CODE_ID_BYTES = 16, MARK_BYTES = 16 };

struct pl_codes {
    pl_codes_options options;
    pl_used_ids *used;
};

static const char CODE_TYPE[] = "code+jwt";

pl_err pl_codes_open(const pl_codes_options *options, pl_codes **ret_codes)
{
    pl_codes *codes = calloc(1, sizeof *codes);
    if (!codes)
        return PL_ENOMEM;
    codes->options = *options;
    pl_err e = pl_used_ids_create(PL_CODES_USED_MAX, &codes->used);
    if (e) {
        pl_codes_close(&codes);
    } else {
        *ret_codes = codes;
    }
    return e;
}

void pl_codes_close(pl_codes **codes)
{
    if (!codes || !*codes)
        return;
    pl_used_ids_destroy(&(*codes)->used);
    free(*codes);
    *codes = NULL;
}

static int64_t now_s(const pl_codes *codes)
{
    return pl_loop_wall_ms(codes->options.loop) / 1000;
}

/* ---- giving ---- */

static pl_err make(const pl_codes *codes, const pl_consent_ask *ask,
                   const char *user, pl_buf *out)
{
    pl_auth_code code = {.until_s = now_s(codes) + PL_CODE_LIFE_S};
    pl_buf claims;
    pl_random_token(CODE_ID_BYTES, code.id, sizeof code.id);
    pl_fmt_cut(code.client_id, sizeof code.client_id, "%s",
               codes->options.client_id);
    pl_fmt_cut(code.redirect_uri, sizeof code.redirect_uri, "%s",
               ask->redirect_uri);
    pl_fmt_cut(code.user, sizeof code.user, "%s", user);
    pl_fmt_cut(code.scope, sizeof code.scope, "%s", ask->scope);
    pl_fmt_cut(code.challenge, sizeof code.challenge, "%s", ask->challenge);
    pl_buf_init(&claims, PL_CODE_MAX);
    pl_auth_code_text(&code, &claims);
    pl_err e = claims.has_failed
                   ? PL_ENOMEM
                   : pl_token_keys_sign(codes->options.keys, CODE_TYPE,
                                        pl_buf_slice(&claims), out);
    pl_buf_fini(&claims);
    return e;
}

static void give(const pl_codes *codes, const pl_consent_ask *ask,
                 const char *user, pl_answer *answer)
{
    pl_buf text;
    pl_buf_init(&text, PL_CODE_MAX);
    if (make(codes, ask, user, &text)) {
        pl_consent_return(ask, "error", "server_error", answer);
    } else {
        pl_metrics_add(codes->options.metrics, PL_AM_code_issued, 1);
        pl_consent_return(ask, "code", pl_buf_text(&text), answer);
    }
    pl_buf_wipe(&text);
}

static void show(const pl_codes *codes, const pl_http_head *head,
                 const pl_consent_ask *ask, const char *message,
                 pl_answer *answer)
{
    const pl_consent_client client = {codes->options.client_id,
                                      codes->options.redirect_uris};
    char mark[PL_CONSENT_MARK_TEXT + 1];
    pl_consent_mark(head, mark); /* other tabs may have it in their forms */
    if (!mark[0])
        pl_random_token(MARK_BYTES, mark, sizeof mark);
    pl_consent_page(&client, ask, mark, message, answer);
}

static void decide(const pl_codes *codes, const pl_http_head *head,
                   const pl_form *form, const pl_consent_ask *ask,
                   pl_answer *answer)
{
    char user[32];
    switch (pl_consent_choose(form, user, sizeof user)) {
    case PL_CONSENT_GIVEN: give(codes, ask, user, answer); break;
    case PL_CONSENT_NO_NUMBER:
        show(codes, head, ask,
             "That is no number: write +, the country code and the number, 7 "
             "to 15 digits.",
             answer);
        break;
    case PL_CONSENT_DENIED:
    default:
        pl_metrics_add(codes->options.metrics, PL_AM_consent_refused, 1);
        pl_consent_return(ask, "error", "access_denied", answer);
        break;
    }
}

void pl_codes_authorize(pl_codes *codes, const pl_http_head *head,
                        pl_slice body, pl_answer *answer)
{
    const pl_consent_client client = {codes->options.client_id,
                                      codes->options.redirect_uris};
    bool is_post = head->method == PL_HTTP_POST;
    pl_form form = {.body = head->query}; /* of GET: as a form's body */
    pl_consent_ask ask;
    bool is_done = true;
    if (is_post &&
        pl_form_open(pl_http_head_get(head, "content-type"), body, &form)) {
        pl_consent_refuse(answer, 400, "A form was expected.");
    } else if (is_post && !pl_consent_is_own(head, &form)) {
        pl_consent_refuse(answer, 403,
                          "The form did not come from this server's page, or "
                          "cookies are off. Go back to the application and "
                          "begin again.");
    } else {
        is_done = pl_consent_read(&client, &form, &ask, answer) != PL_OK;
    }
    if (is_done) {
        pl_metrics_add(codes->options.metrics, PL_AM_consent_refused, 1);
    } else if (is_post) {
        decide(codes, head, &form, &ask, answer);
    } else {
        show(codes, head, &ask, NULL, answer);
    }
}

/* ---- taking ---- */

static pl_err read_code(const pl_codes *codes, const char *text,
                        pl_auth_code *ret_code)
{
    pl_jwt jwt;
    pl_err e = pl_jwt_parse_typed(pl_slice_str(text), CODE_TYPE, &jwt);
    if (e)
        return e;
    e = pl_token_keys_verify(codes->options.keys, &jwt);
    if (!e)
        e = pl_auth_code_read(jwt.claims, ret_code);
    pl_jwt_fini(&jwt);
    return e;
}

pl_err pl_codes_take(pl_codes *codes, const pl_oauth_request *request,
                     pl_auth_code *ret_code, pl_oauth_fault *ret_fault)
{
    char hash[PL_SHA256_TEXT] = "";
    size_t n = strlen(request->code_verifier);
    if (!codes->options.redirect_uris[0]) {
        *ret_fault = PL_OAUTH_NO_CODES;
        return PL_EINVAL;
    }
    if (n > 0)
        pl_sha256_hex(request->code_verifier, n, hash);
    pl_code_proof proof = {.client_id = request->client_id,
                           .redirect_uris = codes->options.redirect_uris,
                           .redirect_uri = request->redirect_uri,
                           .verifier_hash = hash,
                           .now_s = now_s(codes)};
    pl_err e = read_code(codes, request->code, ret_code);
    if (!e)
        e = pl_used_ids_add(codes->used, ret_code->id, ret_code->until_s,
                            proof.now_s);
    if (!e)
        e = pl_auth_code_check(ret_code, &proof);
    if (!e)
        return PL_OK;
    pl_metrics_add(codes->options.metrics, PL_AM_code_refused, 1);
    *ret_fault = e == PL_EFULL ? PL_OAUTH_CODES_FULL : PL_OAUTH_INVALID_GRANT;
    return PL_EINVAL;
}
