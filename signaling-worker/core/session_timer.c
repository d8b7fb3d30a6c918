/* session_timer.c - RFC 4028. */
#include "session_timer.h"

#include <string.h>

#include "pl/str.h"
#include "sip_head.h"

enum {
    MAX_INTERVAL_S = 10000000, /* more is as good as none */
    BYE_BEFORE_S = 32,         /* section 10 */
};

static pl_slice until(pl_slice *rest, char mark)
{
    const uint8_t *at = memchr(rest->ptr, mark, rest->len);
    size_t n = at ? (size_t)(at - rest->ptr) : rest->len;
    pl_slice part = {rest->ptr, n};
    n += at != NULL;
    rest->ptr += n;
    rest->len -= n;
    return pl_sip_trim(part);
}

static pl_err parse_seconds(pl_slice text, uint32_t *ret)
{
    uint64_t n = 0;
    if (pl_parse_u64(text, UINT32_MAX, &n) != PL_OK || n == 0)
        return PL_EPROTO;
    *ret = n > MAX_INTERVAL_S ? MAX_INTERVAL_S : (uint32_t)n;
    return PL_OK;
}

pl_err pl_session_expires_parse(pl_slice value, pl_session_words *words)
{
    uint32_t interval = 0;
    pl_sip_refresher refresher = PL_REFRESHER_OPEN;
    pl_slice first = until(&value, ';');
    if (parse_seconds(first, &interval) != PL_OK)
        return PL_EPROTO;
    while (value.len > 0) {
        pl_slice text = until(&value, ';');
        pl_slice name = until(&text, '=');
        if (!pl_slice_eq_nocase(name, "refresher"))
            continue;
        text = pl_sip_trim(text);
        if (refresher != PL_REFRESHER_OPEN)
            return PL_EPROTO;
        if (pl_slice_eq_nocase(text, "uac"))
            refresher = PL_REFRESHER_UAC;
        else if (pl_slice_eq_nocase(text, "uas"))
            refresher = PL_REFRESHER_UAS;
        else
            return PL_EPROTO;
    }
    words->interval_s = interval;
    words->refresher = refresher;
    return PL_OK;
}

pl_err pl_session_min_parse(pl_slice value, pl_session_words *words)
{
    return parse_seconds(until(&value, ';'), &words->min_s);
}

pl_err pl_session_accept(const pl_session_policy *own,
                         const pl_session_words *request, bool is_supported,
                         pl_session_terms *ret_terms)
{
    pl_session_terms terms = {.interval_s = 0};
    bool is_asked = request->interval_s != 0;
    bool is_short = is_asked && request->interval_s < own->min_s;
    bool is_on = own->interval_s != 0 && (is_asked || is_supported);
    if (is_on && is_short && is_supported)
        return PL_EINVAL;
    /* A proxy asked in the name of a client that could not take a 422. */
    if (is_on && is_short)
        is_on = false;
    if (is_on) {
        terms.interval_s = own->interval_s;
        if (terms.interval_s < request->min_s)
            terms.interval_s = request->min_s;
        if (is_asked && terms.interval_s > request->interval_s)
            terms.interval_s = request->interval_s; /* never longer */
        terms.is_ours = !is_supported || request->refresher == PL_REFRESHER_UAS;
        terms.must_be_required = !terms.is_ours;
    }
    *ret_terms = terms;
    return PL_OK;
}

void pl_session_agree(const pl_session_policy *own,
                      const pl_session_words *response,
                      pl_session_terms *ret_terms)
{
    pl_session_terms terms = {.interval_s = 0};
    if (own->interval_s != 0 && response->interval_s != 0) {
        terms.interval_s = response->interval_s < own->min_s
                               ? own->min_s
                               : response->interval_s;
        terms.is_ours = response->refresher != PL_REFRESHER_UAS;
    }
    *ret_terms = terms;
}

pl_err pl_session_raise(const pl_session_words *response, uint32_t *min_s)
{
    if (response->min_s <= *min_s)
        return PL_EPROTO;
    *min_s = response->min_s;
    return PL_OK;
}

static int64_t us(uint32_t seconds)
{
    return (int64_t)seconds * 1000000;
}

void pl_session_start(pl_session_timer *t, const pl_session_terms *terms,
                      int64_t now_us)
{
    *t = (pl_session_timer){.terms = *terms};
    if (terms->interval_s == 0)
        return;
    int64_t before = us(terms->interval_s) / 3;
    if (before > us(BYE_BEFORE_S))
        before = us(BYE_BEFORE_S);
    t->end_us = now_us + us(terms->interval_s) - before;
    if (terms->is_ours)
        t->refresh_us = now_us + us(terms->interval_s) / 2;
}

pl_session_do pl_session_due(pl_session_timer *t, int64_t now_us)
{
    if (t->end_us == 0)
        return PL_SESSION_WAIT;
    if (now_us >= t->end_us) {
        t->end_us = 0;
        return PL_SESSION_END;
    }
    if (t->refresh_us == 0 || now_us < t->refresh_us)
        return PL_SESSION_WAIT;
    t->refresh_us = 0;
    return PL_SESSION_REFRESH;
}

void pl_session_retry(pl_session_timer *t, int64_t at_us)
{
    if (t->end_us != 0)
        t->refresh_us = at_us;
}
