/* err.c - tables expanded from tables/err.def. */
#include "pl/err.h"

static const struct {
    const char *text;
    int http;
    int sip;
    bool retry;
} TABLE[PL_ERR_COUNT] = {
#define PL_ERR_ROW(name, text_, http_, sip_, retry_)                           \
    [PL_##name] = {                                                            \
        .text = (text_), .http = (http_), .sip = (sip_), .retry = (retry_)},
    PL_ERR_LIST(PL_ERR_ROW)
#undef PL_ERR_ROW
};

static bool is_known(pl_err e)
{
    return (unsigned)e < PL_ERR_COUNT;
}

const char *pl_err_text(pl_err e)
{
    return is_known(e) ? TABLE[e].text : "unknown error";
}

int pl_err_http(pl_err e)
{
    return is_known(e) ? TABLE[e].http : 500;
}

int pl_err_sip(pl_err e)
{
    return is_known(e) ? TABLE[e].sip : 500;
}

bool pl_err_is_retryable(pl_err e)
{
    return is_known(e) && TABLE[e].retry;
}
