/* sip_map.c - tables of statuses. */
#include "sip_map.h"

#include <stddef.h>

static const struct {
    unsigned status;
    const char *phrase;
    pl_err err;
} STATUS[] = {
    {100, "Trying", PL_OK},
    {180, "Ringing", PL_OK},
    {181, "Call Is Being Forwarded", PL_OK},
    {183, "Session Progress", PL_OK},
    {200, "OK", PL_OK},
    {300, "Multiple Choices", PL_EUNSUPPORTED},
    {301, "Moved Permanently", PL_EUNSUPPORTED},
    {302, "Moved Temporarily", PL_EUNSUPPORTED},
    {400, "Bad Request", PL_EPROTO},
    {401, "Unauthorized", PL_EAUTH},
    {403, "Forbidden", PL_EFORBIDDEN},
    {404, "Not Found", PL_ENOENT},
    {405, "Method Not Allowed", PL_EUNSUPPORTED},
    {406, "Not Acceptable", PL_EMEDIA},
    {407, "Proxy Authentication Required", PL_EAUTH},
    {408, "Request Timeout", PL_ETIMEOUT},
    {410, "Gone", PL_ENOENT},
    {413, "Request Entity Too Large", PL_ETOOBIG},
    {415, "Unsupported Media Type", PL_EUNSUPPORTED},
    {416, "Unsupported URI Scheme", PL_EUNSUPPORTED},
    {420, "Bad Extension", PL_EUNSUPPORTED},
    {480, "Temporarily Unavailable", PL_EUNAVAILABLE},
    {481, "Call/Transaction Does Not Exist", PL_EGONE},
    {482, "Loop Detected", PL_EPROTO},
    {483, "Too Many Hops", PL_EPROTO},
    {484, "Address Incomplete", PL_ENOENT},
    {486, "Busy Here", PL_EFULL},
    {487, "Request Terminated", PL_EGONE},
    {488, "Not Acceptable Here", PL_EMEDIA},
    {491, "Request Pending", PL_EBUSY},
    {500, "Server Internal Error", PL_EINTERNAL},
    {501, "Not Implemented", PL_EUNSUPPORTED},
    {503, "Service Unavailable", PL_EUNAVAILABLE},
    {504, "Server Time-out", PL_ETIMEOUT},
    {505, "Version Not Supported", PL_EUNSUPPORTED},
    {513, "Message Too Large", PL_ETOOBIG},
    {600, "Busy Everywhere", PL_EFULL},
    {603, "Decline", PL_EFORBIDDEN},
    {604, "Does Not Exist Anywhere", PL_ENOENT},
    {606, "Not Acceptable", PL_EMEDIA},
};

enum { N_STATUS = sizeof STATUS / sizeof *STATUS };

static const char *const CLASS_PHRASE[] = {
    "Unknown",      "Progress",      "OK", "Redirection", "Request Failed",
    "Server Error", "Global Failure"};

const char *pl_sip_phrase(unsigned status)
{
    for (size_t i = 0; i < N_STATUS; i++) {
        if (STATUS[i].status == status)
            return STATUS[i].phrase;
    }
    return CLASS_PHRASE[status / 100 <= 6 ? status / 100 : 0];
}

/* Seconds after which a caller may try again. */
enum { RETRY_AFTER_S = 5 };

unsigned pl_sip_status_of(pl_err e, unsigned *ret_retry_after_s)
{
    int status = pl_err_sip(e);
    *ret_retry_after_s = 0;
    if (e == PL_EINVAL || e == PL_EPROTO || e == PL_EEXIST)
        status = 500; /* roompool refused what we said, not what the peer did */
    if (e == PL_EPIN_INVALID || e == PL_EPIN_REQUIRED || e == PL_EAUTH)
        status = 403; /* a challenge is ours to make, not roompool's */
    if (e == PL_ESTATE || e == PL_EBUSY)
        status = 480; /* 491 is for a request inside a dialog */
    if (e == PL_EGONE)
        status = 480;
    if (e == PL_ETIMEOUT)
        status = 503;
    if (status == 503)
        *ret_retry_after_s = RETRY_AFTER_S;
    return status < 400 ? 500 : (unsigned)status;
}

pl_err pl_sip_err_of(unsigned status)
{
    for (size_t i = 0; i < N_STATUS; i++) {
        if (STATUS[i].status == status)
            return STATUS[i].err;
    }
    static const pl_err of_class[] = {
        PL_EINTERNAL,  PL_OK,           PL_OK,        PL_EUNSUPPORTED,
        PL_EFORBIDDEN, PL_EUNAVAILABLE, PL_EFORBIDDEN};
    return of_class[status / 100 <= 6 ? status / 100 : 0];
}
