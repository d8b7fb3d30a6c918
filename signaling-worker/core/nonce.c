/* nonce.c - stateless nonces, and replay protection after authentication. */
#include "nonce.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

enum {
    TIME_DIGITS = 8,
    HEAD_DIGITS = TIME_DIGITS + 1 + 8, /* time and salt */
    MAC_DIGITS = 40
};

static pl_err mac_of(const pl_hash_api *api, const uint8_t *key,
                     const char *head, const char *source,
                     char hex[PL_HASH_TEXT])
{
    char text[128];
    pl_err e = pl_fmt(text, sizeof text, "%s|%s", head, source);
    return e == PL_OK ? api->hmac((pl_slice){key, PL_NONCE_KEY},
                                  pl_slice_str(text), hex)
                      : e;
}

pl_err pl_nonce_make(const pl_hash_api *api, const uint8_t key[PL_NONCE_KEY],
                     int64_t now_s, uint32_t salt, const char *source,
                     char buf[PL_NONCE_TEXT])
{
    char head[HEAD_DIGITS + 1];
    char mac[PL_HASH_TEXT];
    pl_fmt_cut(head, sizeof head, "%08x.%08x", (unsigned)now_s, salt);
    pl_err e = mac_of(api, key, head, source, mac);
    return e == PL_OK
               ? pl_fmt(buf, PL_NONCE_TEXT, "%s.%.*s", head, MAC_DIGITS, mac)
               : e;
}

/* Exactly n lower-case hex digits. */
static pl_err parse_hex(const char *text, size_t n, uint32_t *ret)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        unsigned d = 0;
        if (c >= '0' && c <= '9') {
            d = (unsigned)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            d = (unsigned)(c - 'a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            d = (unsigned)(c - 'A') + 10;
        } else {
            return PL_EPROTO;
        }
        v = v << 4 | d;
    }
    *ret = v;
    return PL_OK;
}

pl_err pl_nonce_check(const pl_hash_api *api, const uint8_t key[PL_NONCE_KEY],
                      int64_t now_s, const char *source, const char *nonce)
{
    uint32_t made = 0;
    if (strlen(nonce) != HEAD_DIGITS + 1 + MAC_DIGITS ||
        nonce[TIME_DIGITS] != '.' || nonce[HEAD_DIGITS] != '.' ||
        parse_hex(nonce, TIME_DIGITS, &made) != PL_OK) {
        return PL_EAUTH;
    }
    char head[HEAD_DIGITS + 1];
    char mac[PL_HASH_TEXT];
    pl_fmt_cut(head, sizeof head, "%.*s", HEAD_DIGITS, nonce);
    pl_err e = mac_of(api, key, head, source, mac);
    if (e != PL_OK)
        return e;
    if (!pl_slice_eq_secret((pl_slice){(const uint8_t *)mac, MAC_DIGITS},
                            pl_slice_str(nonce + HEAD_DIGITS + 1))) {
        return PL_EAUTH;
    }
    uint32_t age = (uint32_t)now_s - made; /* wraps with the stamp */
    return age <= PL_NONCE_LIFE_S ? PL_OK : PL_ESTALE;
}

typedef struct entry {
    char nonce[PL_NONCE_TEXT];
    uint32_t highest;
    uint64_t window; /* bit i: highest - i was used */
    int64_t used_s;
} entry;

struct pl_nonce_book {
    entry rows[PL_NONCE_BOOK];
};

pl_err pl_nonce_book_create(pl_nonce_book **ret_book)
{
    pl_nonce_book *book = calloc(1, sizeof *book);
    if (!book)
        return PL_ENOMEM;
    *ret_book = book;
    return PL_OK;
}

void pl_nonce_book_destroy(pl_nonce_book **book)
{
    if (!book)
        return;
    free(*book);
    *book = NULL;
}

/* Rows of one nonce are looked for in a few neighbouring places: its own hash
 * picks the first. The MAC part is uniformly distributed and not choosable. */
static entry *find_row(pl_nonce_book *book, const char *nonce, int64_t now_s)
{
    enum { WAYS = 16 };
    uint32_t at = 0;
    if (strlen(nonce) < HEAD_DIGITS + 9 ||
        parse_hex(nonce + HEAD_DIGITS + 1, 8, &at) != PL_OK) {
        return NULL;
    }
    entry *spare = NULL;
    for (uint32_t i = 0; i < WAYS; i++) {
        entry *row = &book->rows[(at + i) % PL_NONCE_BOOK];
        if (strcmp(row->nonce, nonce) == 0)
            return row;
        bool is_free = !row->nonce[0] || now_s - row->used_s > PL_NONCE_LIFE_S;
        if (is_free && !spare)
            spare = row;
    }
    if (spare) {
        *spare = (entry){.used_s = now_s};
        pl_fmt_cut(spare->nonce, sizeof spare->nonce, "%s", nonce);
    }
    return spare;
}

pl_err pl_nonce_book_use(pl_nonce_book *book, const char *nonce, const char *nc,
                         int64_t now_s)
{
    enum { WINDOW = 64 };
    uint32_t n = 0;
    if (strlen(nc) != 8 || parse_hex(nc, 8, &n) != PL_OK || n == 0)
        return PL_EPROTO;
    entry *row = find_row(book, nonce, now_s);
    if (!row)
        return PL_ESTALE;
    row->used_s = now_s;
    if (n > row->highest) {
        uint32_t up = n - row->highest;
        row->window = up < WINDOW ? row->window << up : 0;
        row->window |= 1;
        row->highest = n;
        return PL_OK;
    }
    uint32_t back = row->highest - n;
    if (back >= WINDOW)
        return PL_ESTALE;
    if (row->window >> back & 1)
        return PL_EAUTH;
    row->window |= UINT64_C(1) << back;
    return PL_OK;
}
