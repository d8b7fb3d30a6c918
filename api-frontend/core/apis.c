/* apis.c - see apis.h. */
#include "apis.h"

#include <string.h>

enum { PAGES = PL_FAMILIES }; /* a bit beside those of the families */

static const struct {
    const char *word;
    unsigned apis;
} WORDS[] = {
    {"all", ~0U},
    {"conference", 1U << PL_FAMILY_CONFERENCE},
    {"client", 1U << PL_FAMILY_CLIENT},
    {"room", 1U << PL_FAMILY_ROOM},
    {"management", 1U << PL_FAMILY_MANAGEMENT},
    {"video", 1U << PL_FAMILY_VIDEO},
    {"device", 1U << PL_FAMILY_DEVICE},
    {"relay", 1U << PL_FAMILY_RELAY},
    {"token", 1U << PL_FAMILY_TOKEN},
    {"pages", 1U << PAGES},
};

static unsigned bits_of(pl_slice word)
{
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (pl_slice_eq_str(word, WORDS[i].word))
            return WORDS[i].apis;
    }
    return 0;
}

pl_err pl_apis_read(const char *list, unsigned *ret_apis)
{
    unsigned apis = 0;
    for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
        size_t n = strcspn(list, " ");
        unsigned bits = bits_of((pl_slice){(const uint8_t *)list, n});
        if (!bits)
            return PL_ECONFIG;
        apis |= bits;
        list += n;
    }
    if (!apis)
        return PL_ECONFIG;
    *ret_apis = apis;
    return PL_OK;
}

/* Pages and what goes with them have the family of the site. */
static unsigned api_of(const pl_api_op *op)
{
    switch ((int)op->kind) {
    case PL_KIND_PAGE_START:
    case PL_KIND_PAGE_JOIN:
    case PL_KIND_ASSET: return PAGES;
    case PL_KIND_AUTHORIZE: return PL_FAMILY_TOKEN;
    default: return op->family;
    }
}

bool pl_apis_serve(unsigned apis, pl_slice path, const pl_api_op *op)
{
    unsigned api = op ? api_of(op) : pl_family_of_path(path);
    return api == PL_FAMILY_SITE || (apis & (1U << api)) != 0;
}
