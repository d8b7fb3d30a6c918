/* sip_map.c - tables of statuses. */
#include "sip_map.h"

#include <stddef.h>

static const struct {
    const char *phrase;
    unsigned status;
    pl_err err;
} STATUS[] = {
    {"Trying", 100, PL_OK},
    {"Ringing", 180, PL_OK},
    {"Call Is Being Forwarded", 181, PL_OK},
    {"Queued", 182, PL_OK},
    {"Session Progress", 183, PL_OK},
    {"Early Dialog Terminated", 199, PL_OK},
    {"OK", 200, PL_OK},
    {"Accepted", 202, PL_OK},
    {"Multiple Choices", 300, PL_EUNSUPPORTED},
    {"Moved Permanently", 301, PL_EUNSUPPORTED},
    {"Moved Temporarily", 302, PL_EUNSUPPORTED},
    {"Bad Request", 400, PL_EPROTO},
    {"Unauthorized", 401, PL_EAUTH},
    {"Forbidden", 403, PL_EFORBIDDEN},
    {"Not Found", 404, PL_ENOENT},
    {"Method Not Allowed", 405, PL_EUNSUPPORTED},
    {"Not Acceptable", 406, PL_EMEDIA},
    {"Proxy Authentication Required", 407, PL_EAUTH},
    {"Request Timeout", 408, PL_ETIMEOUT},
    {"Gone", 410, PL_ENOENT},
    {"Request Entity Too Large", 413, PL_ETOOBIG},
    {"Unsupported Media Type", 415, PL_EUNSUPPORTED},
    {"Unsupported URI Scheme", 416, PL_EUNSUPPORTED},
    {"Bad Extension", 420, PL_EUNSUPPORTED},
    {"Session Interval Too Small", 422, PL_EINVAL},
    {"Temporarily Unavailable", 480, PL_EUNAVAILABLE},
    {"Call/Transaction Does Not Exist", 481, PL_EGONE},
    {"Loop Detected", 482, PL_EPROTO},
    {"Too Many Hops", 483, PL_EPROTO},
    {"Address Incomplete", 484, PL_ENOENT},
    {"Busy Here", 486, PL_EFULL},
    {"Request Terminated", 487, PL_EGONE},
    {"Not Acceptable Here", 488, PL_EMEDIA},
    {"Bad Event", 489, PL_EUNSUPPORTED},
    {"Request Pending", 491, PL_EBUSY},
    {"Server Internal Error", 500, PL_EINTERNAL},
    {"Not Implemented", 501, PL_EUNSUPPORTED},
    {"Service Unavailable", 503, PL_EUNAVAILABLE},
    {"Server Time-out", 504, PL_ETIMEOUT},
    {"Version Not Supported", 505, PL_EUNSUPPORTED},
    {"Message Too Large", 513, PL_ETOOBIG},
    {"Busy Everywhere", 600, PL_EFULL},
    {"Decline", 603, PL_EFORBIDDEN},
    {"Does Not Exist Anywhere", 604, PL_ENOENT},
    {"Not Acceptable", 606, PL_EMEDIA},
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

const char *pl_sip_refusal_lines(unsigned status)
{
    switch (status) {
    case 415: return "Accept: application/sdp\r\nAccept-Encoding: identity\r\n";
    case 503: return "Retry-After: 5\r\n";
    default: return NULL;
    }
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
