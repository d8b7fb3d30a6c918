/* client_answer.c - envelopes of the client API and its table of errors. Every
 * answer is {"status":"success"|"failed","result":..} with exact types. */
#include "client_impl.h"

#include <string.h>

/* Texts are the ones that clients match. The first row that fits counts; a row
 * with an operation is for that one alone. */
static const struct {
    const pl_api_op *op;
    pl_err e;
    int status;
    const char *text;
} ERRORS[] = {
    {&PL_OP_REQUEST_TOKEN, PL_ENOENT, 404,
     "Neither conference nor gateway found"},
    {&PL_OP_REQUEST_TOKEN, PL_EGONE, 404,
     "Neither conference nor gateway found"},
    {&PL_OP_REQUEST_TOKEN, PL_EFULL, 403, "Participant limit reached"},
    {&PL_OP_REQUEST_TOKEN, PL_EAGAIN, 503, "Out of resource"}, /* strangers */
    {&PL_OP_REQUEST_TOKEN, PL_EFORBIDDEN, 403, "Invalid PIN"},
    {&PL_OP_REQUEST_TOKEN, PL_EBUSY, 403,
     "Participant exceeded PIN entry retries"},
    {&PL_OP_TRANSFER, PL_ENOUSER, 404, "Neither conference nor gateway found"},
    {&PL_OP_TRANSFER, PL_EFULL, 403, "Participant limit reached"},
    {&PL_OP_DIAL, PL_ENOUSER, 403, "Gateway dial out failed"},
    {&PL_OP_DIAL, PL_ENOENT, 403, "Gateway dial out failed"},
    {&PL_OP_DIAL, PL_EUNSUPPORTED, 403, "Gateway dial out failed"},
    {&PL_OP_DIAL, PL_EFULL, 403, "Participant limit reached"},
    {&PL_OP_START_RECORDING, PL_EUNSUPPORTED, 403,
     "Recording is not possible here"},
    {&PL_OP_START_RECORDING, PL_EIO, 503, "The recording cannot be written"},
    {&PL_OP_START_RECORDING, PL_EFULL, 503, "Too many recordings"},
    {&PL_OP_TRANSFORM_LAYOUT, PL_EINVAL, 400, "Illegal value"},
    {NULL, PL_EPROTO, 400, "Malformed request"},
    {NULL, PL_EINVAL, 400, "Invalid parameter"},
    {NULL, PL_ETOOBIG, 400, "Too large"},
    {NULL, PL_EAUTH, 403, "Invalid token"},
    {NULL, PL_ENOENT, 403, "Invalid token"},
    {NULL, PL_EGONE, 403, "Invalid token"},
    {NULL, PL_EPIN_REQUIRED, 403, "Invalid PIN"},
    {NULL, PL_EPIN_INVALID, 403, "Invalid PIN"},
    {NULL, PL_EFORBIDDEN, 403, "Invalid role"},
    {NULL, PL_EUNSUPPORTED, 403, "Not supported here"},
    {NULL, PL_EMEDIA, 403, "No acceptable media"},
    {NULL, PL_EFULL, 403, "Out of resource"},
    {NULL, PL_ESTATE, 403, "Not possible now"},
    {NULL, PL_EBUSY, 403, "Not possible now"},
    {NULL, PL_EUNAVAILABLE, 503, "Out of resource"},
    {NULL, PL_ETIMEOUT, 503, "System in maintenance mode"},
    {NULL, PL_EDRAIN, 503, "System in maintenance mode"},
    {NULL, PL_EAGAIN, 503, "System in maintenance mode"},
    {NULL, PL_ENOMEM, 503, "Out of resource"},
};

void pl_client_open(pl_jw *w, pl_answer *answer, int status, const char *word)
{
    pl_answer_json(answer, status);
    *w = (pl_jw){.out = &answer->body};
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "status", word);
}

void pl_client_put_version(pl_jw *w)
{
    pl_jw_open(w, "version", '{');
    pl_jw_str(w, "version_id", "36");
    pl_jw_str(w, "pseudo_version", "79000.0.0");
    pl_jw_close(w, '}');
}

const char *pl_client_role_word(uint32_t role)
{
    return role == PL_PART_ROLE_HOST ? "HOST" : "GUEST";
}

/* An object in `result` goes with "success" although the status is 403: old
 * clients look into it only then. guest: "required", or "none" where who has
 * no PIN may come in as guest. */
static void put_pin_prompt(pl_answer *answer, const char *guest)
{
    pl_jw w;
    pl_client_open(&w, answer, 403, "success");
    pl_jw_open(&w, "result", '{');
    pl_jw_str(&w, "pin", "required");
    pl_jw_str(&w, "guest_pin", guest);
    pl_client_put_version(&w);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

void pl_client_fail(const pl_api_call *call, pl_err e, const char *text,
                    pl_answer *answer)
{
    const pl_api_op *op = pl_call_op(call);
    if (op == &PL_OP_REQUEST_TOKEN && e == PL_EPIN_REQUIRED) {
        bool may_guest = text && strcmp(text, "guest_pin=none") == 0;
        put_pin_prompt(answer, may_guest ? "none" : "required");
        return;
    }
    if (e == PL_ENOENT && text && strcmp(text, PL_NO_PROMPT) == 0) {
        pl_answer_refuse(answer, PL_FAMILY_CLIENT, 404, "No such prompt");
        return;
    }
    /* The path names a target: unknown is not the same as no token. */
    if (e == PL_ENOENT && op && call->seat && call->match->n_params > 1 &&
        !pl_client_is_own(call)) {
        pl_answer_refuse(answer, PL_FAMILY_CLIENT, 404,
                         "Participant not found");
        return;
    }
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (ERRORS[i].e == e && (!ERRORS[i].op || ERRORS[i].op == op)) {
            pl_answer_refuse(answer, PL_FAMILY_CLIENT, ERRORS[i].status,
                             ERRORS[i].text);
            return;
        }
    }
    pl_answer_refuse(answer, PL_FAMILY_CLIENT, 500, "Internal error");
}

bool pl_client_failed(const pl_api_call *call, pl_err e,
                      const pl_msg_desc *want, const pl_msg_desc *desc,
                      const void *body, pl_answer *answer)
{
    const pl_error *error = e ? body : NULL;
    if (!e && want && desc != want)
        e = PL_EINTERNAL;
    if (!e)
        return false;
    pl_client_fail(call, e, error ? error->text : NULL, answer);
    return true;
}

void pl_client_true(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                    const void *body, pl_answer *answer)
{
    pl_jw w;
    if (pl_client_failed(call, e, NULL, desc, body, answer))
        return;
    pl_client_open(&w, answer, 200, "success");
    pl_jw_bool(&w, "result", true);
    pl_jw_close(&w, '}');
}

void pl_client_null(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                    const void *body, pl_answer *answer)
{
    pl_jw w;
    if (pl_client_failed(call, e, NULL, desc, body, answer))
        return;
    pl_client_open(&w, answer, 200, "success");
    pl_jw_null(&w, "result");
    pl_jw_close(&w, '}');
}

void pl_client_unsupported(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    if (!pl_client_failed(call, e, NULL, desc, body, answer))
        pl_client_fail(call, PL_EUNSUPPORTED, NULL, answer);
}
