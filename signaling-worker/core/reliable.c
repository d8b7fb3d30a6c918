/* reliable.c - RFC 3262. */
#include "reliable.h"

#include <string.h>

#include "pl/str.h"
#include "sip_head.h"

pl_err pl_sip_rseq_parse(pl_slice value, uint32_t *ret_rseq)
{
    uint64_t n = 0;
    if (pl_parse_u64(value, INT32_MAX, &n) != PL_OK || n == 0)
        return PL_EPROTO;
    *ret_rseq = (uint32_t)n;
    return PL_OK;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static pl_slice next_word(pl_slice *rest)
{
    *rest = pl_sip_trim(*rest);
    size_t n = 0;
    while (n < rest->len && !is_blank(rest->ptr[n]))
        n++;
    pl_slice word = {rest->ptr, n};
    rest->ptr += n;
    rest->len -= n;
    return word;
}

pl_err pl_sip_rack_parse(pl_slice value, pl_sip_rack *ret_rack)
{
    pl_sip_rack rack = {.rseq = 0};
    uint64_t cseq = 0;
    if (pl_sip_rseq_parse(next_word(&value), &rack.rseq) != PL_OK ||
        pl_parse_u64(next_word(&value), INT32_MAX, &cseq) != PL_OK)
        return PL_EPROTO;
    pl_slice method = next_word(&value);
    if (method.len == 0 || next_word(&value).len != 0)
        return PL_EPROTO;
    rack.cseq = (uint32_t)cseq;
    rack.is_invite = pl_slice_eq_str(method, "INVITE");
    *ret_rack = rack;
    return PL_OK;
}

uint32_t pl_sip_rseq_first(uint32_t draw)
{
    return 1 + draw % 0x3fffffff; /* far from the end */
}

pl_sip_rseq_is pl_sip_rseq_take(uint32_t *last, uint32_t rseq)
{
    if (*last != 0 && rseq <= *last)
        return PL_RSEQ_REPEATED;
    if (*last != 0 && rseq != *last + 1)
        return PL_RSEQ_EARLY;
    *last = rseq;
    return PL_RSEQ_NEXT;
}
