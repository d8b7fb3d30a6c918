/* policy.c - inbound and outbound rules. */
#include "policy.h"

#include <string.h>

pl_inbound_verdict pl_inbound_judge(pl_inbound mode,
                                    const pl_cidr_list *allowed,
                                    const pl_ip *source)
{
    if (mode == PL_INBOUND_ANYONE || pl_cidr_has(allowed, source))
        return PL_INBOUND_ACCEPT;
    return mode == PL_INBOUND_LISTED ? PL_INBOUND_REFUSE : PL_INBOUND_CHALLENGE;
}

static bool is_number(const char *user)
{
    const char *p = user[0] == '+' ? user + 1 : user;
    return *p != '\0' && strspn(p, "0123456789*#") == strlen(p);
}

/* "+49*": a plus or digits, with a star at the end at most. */
static bool is_number_pattern(pl_slice word)
{
    if (word.len < 2 ||
        (word.ptr[0] != '+' && (word.ptr[0] < '0' || word.ptr[0] > '9'))) {
        return false;
    }
    for (size_t i = 1; i < word.len; i++) {
        bool is_end_star = i + 1 == word.len && word.ptr[i] == '*';
        if ((word.ptr[i] < '0' || word.ptr[i] > '9') && !is_end_star)
            return false;
    }
    return true;
}

static bool number_matches(pl_slice word, const char *number)
{
    size_t n = strlen(number);
    if (word.ptr[word.len - 1] == '*')
        return n >= word.len - 1 && memcmp(word.ptr, number, word.len - 1) == 0;
    return n == word.len && memcmp(word.ptr, number, n) == 0;
}

static bool host_matches(pl_slice word, const char *host)
{
    size_t n = strlen(host);
    if (word.len > 2 && word.ptr[0] == '*' && word.ptr[1] == '.') {
        pl_slice tail = {word.ptr + 1, word.len - 1}; /* ".example.com" */
        return n > tail.len && pl_slice_eq_nocase(tail, host + n - tail.len);
    }
    return pl_slice_eq_nocase(word, host);
}

static bool word_matches(pl_slice word, const pl_sip_uri *uri, bool has_proxy)
{
    if (pl_slice_eq_str(word, "*"))
        return true;
    bool is_tel = uri->scheme == PL_URI_TEL;
    if (is_number_pattern(word)) {
        if (is_tel || (has_proxy && is_number(uri->user)))
            return number_matches(word, uri->user);
        return false;
    }
    if (is_tel)
        return false;
    pl_cidr_list net = {.n = 0};
    pl_ip ip;
    if (pl_cidr_add(&net, word) == PL_OK) {
        return pl_ip_parse(pl_slice_str(uri->host), &ip) == PL_OK &&
               pl_cidr_has(&net, &ip);
    }
    return host_matches(word, uri->host);
}

pl_err pl_outbound_judge(const char *patterns, const pl_sip_uri *uri,
                         bool has_proxy)
{
    if (uri->scheme == PL_URI_NONE ||
        (uri->scheme == PL_URI_TEL && !has_proxy)) {
        return PL_EUNSUPPORTED;
    }
    pl_ip ip;
    if (uri->scheme != PL_URI_TEL &&
        pl_ip_parse(pl_slice_str(uri->host), &ip) == PL_OK &&
        (pl_ip_is_multicast(&ip) || pl_ip_is_any(&ip))) {
        return PL_EFORBIDDEN;
    }
    pl_slice rest = pl_slice_str(patterns);
    pl_slice word;
    while (pl_word_next(&rest, &word)) {
        if (word_matches(word, uri, has_proxy))
            return PL_OK;
    }
    return PL_EFORBIDDEN;
}

static bool is_host_pattern(pl_slice word)
{
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.ptr[i];
        bool is_good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
                       c == '_' || (c == '*' && i == 0);
        if (!is_good)
            return false;
    }
    return word.len > 0;
}

pl_err pl_outbound_check(const char *patterns, pl_slice *ret_word)
{
    pl_slice rest = pl_slice_str(patterns);
    pl_slice word;
    while (pl_word_next(&rest, &word)) {
        pl_cidr_list net = {.n = 0};
        if (!is_number_pattern(word) && !is_host_pattern(word) &&
            pl_cidr_add(&net, word) != PL_OK) {
            *ret_word = word;
            return PL_EINVAL;
        }
    }
    return PL_OK;
}
