/* conference_errors.c - the table of errors of the conference API. */
#include "conference_errors.h"

#include "conference_api.h"

/* The first row that fits. op NULL: any operation. Without a code the body has
 * none: 404 then says that the session is gone, 5xx is plain text. A text from
 * roompool goes before ours where there is a code. */
static const struct {
    const pl_api_op *op;
    pl_err e;
    int status;
    const char *code, *text;
} ERRORS[] = {
    {&PL_OP_SESSION_CREATE, PL_EFULL, 403, "POL1100",
     "Too many sessions of this user; delete one, or wait: one that is not "
     "used for its x-expires seconds (most often 3600) ends by itself soon "
     "after"},
    {&PL_OP_SESSION_CREATE, PL_EEXIST, 400, "SVC8514",
     "The token has another session; use or delete that, or take a new token"},
    {&PL_OP_USER_BIND, PL_ENOENT, 404, "SVC8514",
     "The user id is not known here"},
    {NULL, PL_EINVAL, 400, "SVC0003",
     "A parameter has an invalid value; see /openapi.json"},
    {NULL, PL_EPROTO, 400, "SVC0001",
     "The body is malformed or not the object expected; see /openapi.json"},
    {NULL, PL_ENOENT, 404, NULL, "The session does not exist; create one"},
    {NULL, PL_EGONE, 400, "SVC0003",
     "No such call, conference or participant in this session"},
    {NULL, PL_ENOUSER, 400, "SVC0001",
     "Nobody has this address; it is sip:user@domain, tel:+number or the id of "
     "a user with a session"},
    {NULL, PL_ESTATE, 400, "SVC0001",
     "Not possible in this state; follow the events, then try again"},
    {NULL, PL_EBUSY, 409, "SVC8501",
     "Another change is in progress; try again after its mod-terminated"},
    {NULL, PL_EEXIST, 400, "SVC0001", "It is there already"},
    {NULL, PL_EAUTH, 401, "POL0001",
     "The token is missing, has expired or is of another issuer; take a new "
     "one"},
    {NULL, PL_EFORBIDDEN, 403, "POL0001",
     "Not allowed to this user, or not with this token's scope"},
    {NULL, PL_EOTHERTOKEN, 403, "POL1102",
     "The session belongs to another token; use the one that created it"},
    {NULL, PL_EUNBOUND, 400, "SVC8512",
     "The token is bound to no user; PUT userIds/{userId} first"},
    {NULL, PL_EE911_MISSING, 400, "SVC8511",
     "This user needs an emergency address; send its id as x-e911Id"},
    {NULL, PL_EE911_UNWANTED, 400, "SVC8510",
     "This user has no emergency address; leave x-e911Id out"},
    {NULL, PL_EFULL, 403, "POL0002", "A limit is reached; end something first"},
    {NULL, PL_EMEDIA, 400, "SVC0003",
     "No acceptable media in the sdp; offer audio with DTLS and ICE"},
    {NULL, PL_ETOOBIG, 400, "SVC0003", "The sdp is larger than 64 KiB"},
    {NULL, PL_EUNSUPPORTED, 400, "SVC0003", "Not supported for this resource"},
    {NULL, PL_EPIN_REQUIRED, 403, "POL0001", "A PIN is required"},
    {NULL, PL_EPIN_INVALID, 403, "POL0001", "The PIN is wrong"},
    {NULL, PL_ETIMEOUT, 504, NULL, "No answer in time; try again"},
    {NULL, PL_EUNAVAILABLE, 503, NULL, "Not available now; try again"},
    {NULL, PL_EDRAIN, 503, NULL, "The service is restarting; try again"},
    {NULL, PL_EAGAIN, 503, NULL, "Not available now; try again"},
    {NULL, PL_ENOMEM, 503, NULL, "Not available now; try again"},
};

void pl_conference_fail(const pl_api_call *call, pl_err e, const char *text,
                        pl_answer *answer)
{
    const pl_api_op *op = pl_call_op(call);
    if (e == PL_EAUTH)
        pl_answer_bearer(answer, "parley", pl_call_is_signed(call));
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (ERRORS[i].e != e || (ERRORS[i].op && ERRORS[i].op != op))
            continue;
        const char *said = ERRORS[i].code && text ? text : ERRORS[i].text;
        if (ERRORS[i].status >= 500) {
            pl_answer_text(answer, ERRORS[i].status, said);
        } else {
            pl_answer_request_error(answer, ERRORS[i].status, ERRORS[i].code,
                                    said);
        }
        return;
    }
    pl_answer_text(answer, 500, "Internal fault; the log says more");
}

pl_err pl_conference_refuse(pl_answer *answer, const char *code,
                            const char *text)
{
    pl_answer_request_error(answer, 400, code, text);
    return PL_OK;
}
