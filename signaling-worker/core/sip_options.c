/* sip_options.c - lists of option tags. */
#include "sip_options.h"

#include <string.h>

#include "pl/str.h"
#include "sip_head.h"

static const struct {
    const char *tag;
    unsigned option;
} OPTION[] = {{"100rel", PL_SIP_OPTION_100REL},
              {"timer", PL_SIP_OPTION_TIMER},
              {"replaces", PL_SIP_OPTION_REPLACES},
              {"norefersub", PL_SIP_OPTION_NOREFERSUB}};

enum { N_OPTIONS = sizeof OPTION / sizeof *OPTION };

/* Next token between commas; empty ones are passed over. */
static bool next_token(pl_slice *rest, pl_slice *ret)
{
    while (rest->len > 0) {
        const uint8_t *comma = memchr(rest->ptr, ',', rest->len);
        size_t n = comma ? (size_t)(comma - rest->ptr) : rest->len;
        pl_slice token = pl_sip_trim((pl_slice){rest->ptr, n});
        n += comma != NULL;
        rest->ptr += n;
        rest->len -= n;
        if (token.len > 0) {
            *ret = token;
            return true;
        }
    }
    return false;
}

static unsigned option_of(pl_slice token)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (pl_slice_eq_nocase(token, OPTION[i].tag))
            return OPTION[i].option;
    }
    return 0;
}

unsigned pl_sip_options_of(pl_slice list)
{
    unsigned all = 0;
    pl_slice token;
    while (next_token(&list, &token))
        all |= option_of(token);
    return all;
}

bool pl_sip_options_unknown(pl_slice list, unsigned served, char *buf,
                            size_t cap)
{
    size_t n = 0;
    bool has_any = false;
    pl_slice token;
    buf[0] = '\0';
    while (next_token(&list, &token)) {
        if (option_of(token) & served)
            continue;
        pl_fmt_cut(buf + n, cap - n, "%s%.*s", has_any ? ", " : "",
                   (int)token.len, (const char *)token.ptr);
        n += strlen(buf + n);
        has_any = true;
    }
    return has_any;
}

void pl_sip_options_text(unsigned options, char *buf, size_t cap)
{
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!(options & OPTION[i].option))
            continue;
        pl_fmt_cut(buf + n, cap - n, "%s%s", n ? ", " : "", OPTION[i].tag);
        n += strlen(buf + n);
    }
}

bool pl_sip_tokens_have(pl_slice list, const char *token)
{
    pl_slice item;
    while (next_token(&list, &item)) {
        if (pl_slice_eq_nocase(item, token))
            return true;
    }
    return false;
}
