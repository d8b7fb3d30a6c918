/* sip_repeat.c - answers by key, in the order of their end. */
#include "sip_repeat.h"

#include <stdlib.h>
#include <string.h>

#include "pl/list.h"
#include "pl/map.h"
#include "retrans.h"

enum { TIMER_J_US = 64 * PL_SIP_T1_US };

typedef struct repeat {
    pl_list link;
    int64_t end_us;
    pl_sip_flow flow;
    size_t answer_len;
    char *key;
    uint8_t answer[]; /* then the key */
} repeat;

struct pl_sip_repeats {
    pl_map *by_key;
    pl_list oldest; /* first */
    unsigned n, max;
};

pl_err pl_sip_repeats_create(unsigned max, pl_sip_repeats **ret_repeats)
{
    pl_sip_repeats *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    r->max = max;
    pl_list_init(&r->oldest);
    if (pl_map_create(&r->by_key) != PL_OK) {
        free(r);
        return PL_ENOMEM;
    }
    *ret_repeats = r;
    return PL_OK;
}

static void forget(pl_sip_repeats *r, repeat *x)
{
    (void)pl_map_remove(r->by_key, x->key);
    pl_list_remove(&x->link);
    r->n--;
    free(x);
}

void pl_sip_repeats_destroy(pl_sip_repeats **repeats)
{
    if (!repeats || !*repeats)
        return;
    pl_sip_repeats *r = *repeats;
    *repeats = NULL;
    PL_LIST_EACH_SAFE(it, &r->oldest)
    {
        forget(r, PL_CONTAINER(it, repeat, link));
    }
    pl_map_destroy(&r->by_key);
    free(r);
}

void pl_sip_repeats_keep(pl_sip_repeats *r, const char *key,
                         const pl_sip_flow *flow, pl_slice answer,
                         int64_t now_us)
{
    size_t key_len = strlen(key) + 1;
    repeat *x = malloc(sizeof *x + answer.len + key_len);
    if (!x)
        return;
    *x = (repeat){.end_us = now_us + TIMER_J_US,
                  .flow = *flow,
                  .answer_len = answer.len,
                  .key = (char *)x->answer + answer.len};
    memcpy(x->answer, answer.ptr, answer.len);
    memcpy(x->key, key, key_len);
    if (pl_map_put(r->by_key, x->key, x) != PL_OK) {
        free(x);
        return;
    }
    pl_list_append(&r->oldest, &x->link);
    if (++r->n > r->max)
        forget(r, PL_CONTAINER(r->oldest.next, repeat, link));
}

bool pl_sip_repeats_find(const pl_sip_repeats *r, const char *key,
                         pl_sip_flow *ret_flow, pl_slice *ret_answer)
{
    const repeat *x = pl_map_find(r->by_key, key);
    if (!x)
        return false;
    *ret_flow = x->flow;
    *ret_answer = (pl_slice){x->answer, x->answer_len};
    return true;
}

void pl_sip_repeats_expire(pl_sip_repeats *r, int64_t now_us)
{
    PL_LIST_EACH_SAFE(it, &r->oldest)
    {
        repeat *x = PL_CONTAINER(it, repeat, link);
        if (x->end_us > now_us)
            return;
        forget(r, x);
    }
}

unsigned pl_sip_repeats_count(const pl_sip_repeats *r)
{
    return r->n;
}
