/* key_ring.c - see key_ring.h. */
#include "key_ring.h"

#include <string.h>

#include "pl/str.h"

static const int64_t NEVER_S = INT64_C(253402300799); /* year 9999 */

const pl_ring_key *pl_ring_signer(const pl_key_ring *ring, int64_t now_s)
{
    const pl_ring_key *found = NULL;
    const pl_ring_key *first = NULL;
    for (size_t i = 0; i < ring->n; i++) {
        const pl_ring_key *k = &ring->keys[i];
        if (!first || k->from_s < first->from_s)
            first = k;
        if (k->from_s <= now_s && (!found || k->from_s > found->from_s))
            found = k;
    }
    return found ? found : first; /* a clock that went back */
}

/* The earliest that signs after a time. */
static const pl_ring_key *after(const pl_key_ring *ring, int64_t time_s)
{
    const pl_ring_key *found = NULL;
    for (size_t i = 0; i < ring->n; i++) {
        const pl_ring_key *k = &ring->keys[i];
        if (k->from_s > time_s && (!found || k->from_s < found->from_s))
            found = k;
    }
    return found;
}

const pl_ring_key *pl_ring_next(const pl_key_ring *ring, int64_t now_s)
{
    const pl_ring_key *signer = pl_ring_signer(ring, now_s);
    return signer ? after(ring, signer->from_s) : NULL;
}

static bool is_over(const pl_key_ring *ring, const pl_ring_key *key,
                    const pl_ring_policy *policy, int64_t now_s)
{
    const pl_ring_key *successor = after(ring, key->from_s);
    return successor && now_s - policy->keep_s > successor->from_s;
}

bool pl_ring_is_due(const pl_key_ring *ring, const pl_ring_policy *policy,
                    int64_t now_s)
{
    for (size_t i = 0; i < ring->n; i++) {
        if (is_over(ring, &ring->keys[i], policy, now_s))
            return true;
    }
    return !pl_ring_next(ring, now_s) && ring->n < PL_RING_MAX;
}

void pl_ring_prune(pl_key_ring *ring, const pl_ring_policy *policy,
                   int64_t now_s)
{
    pl_key_ring left = {.n = 0};
    for (size_t i = 0; i < ring->n; i++) {
        if (!is_over(ring, &ring->keys[i], policy, now_s))
            left.keys[left.n++] = ring->keys[i];
    }
    *ring = left;
}

pl_err pl_ring_roll(pl_key_ring *ring, const pl_ring_policy *policy,
                    int64_t now_s)
{
    const pl_ring_key *next = pl_ring_next(ring, now_s);
    if (!next)
        return PL_ENOENT;
    if (ring->n == PL_RING_MAX)
        return PL_EFULL;
    int64_t from_s = next->made_s + policy->lead_s;
    if (from_s < now_s)
        from_s = now_s;
    if (from_s < next->from_s)
        ring->keys[next - ring->keys].from_s = from_s;
    return PL_OK;
}

pl_err pl_ring_add(pl_key_ring *ring, const pl_ring_policy *policy,
                   const char *kid, int64_t now_s)
{
    const pl_ring_key *signer = pl_ring_signer(ring, now_s);
    pl_ring_key key = {.made_s = now_s, .from_s = now_s};
    if (ring->n == PL_RING_MAX)
        return PL_EFULL;
    if (signer) {
        key.from_s =
            policy->period_s > 0 ? signer->from_s + policy->period_s : NEVER_S;
        if (key.from_s < now_s + policy->lead_s)
            key.from_s = now_s + policy->lead_s;
    }
    pl_fmt_cut(key.kid, sizeof key.kid, "%s", kid);
    ring->keys[ring->n++] = key;
    return PL_OK;
}

/* ---- as JSON ---- */

static pl_ring_key *find(pl_key_ring *ring, pl_slice kid)
{
    for (size_t i = 0; i < ring->n; i++) {
        if (pl_slice_eq_str(kid, ring->keys[i].kid))
            return &ring->keys[i];
    }
    return NULL;
}

static pl_err read_key(const pl_json *jwk, pl_key_ring *ring)
{
    pl_slice kid;
    if (pl_json_get_str(jwk, "kid", &kid) || kid.len == 0 || find(ring, kid) ||
        ring->n == PL_RING_MAX)
        return PL_EPROTO;
    pl_ring_key *key = &ring->keys[ring->n];
    *key = (pl_ring_key){.made_s = 0};
    if (pl_copy(key->kid, sizeof key->kid, kid))
        return PL_EPROTO;
    ring->n++;
    return PL_OK;
}

static pl_err read_time(const pl_json *row, pl_key_ring *ring)
{
    pl_slice kid;
    int64_t made_s;
    int64_t from_s;
    if (pl_json_get_str(row, "kid", &kid) ||
        pl_json_get_i64(row, "made", &made_s) ||
        pl_json_get_i64(row, "from", &from_s) || made_s < 0 ||
        made_s > NEVER_S || from_s < 0 || from_s > NEVER_S)
        return PL_EPROTO;
    pl_ring_key *key = find(ring, kid);
    if (key) {
        key->made_s = made_s;
        key->from_s = from_s;
    }
    return PL_OK;
}

pl_err pl_ring_read(const pl_json *file, pl_key_ring *ret_ring)
{
    pl_key_ring ring = {.n = 0};
    const pl_json *keys = pl_json_get(file, "keys");
    const pl_json *schedule = pl_json_get(file, "schedule");
    pl_err e = pl_json_count(keys) > 0 ? PL_OK : PL_EPROTO;
    for (size_t i = 0; i < pl_json_count(keys) && !e; i++)
        e = read_key(pl_json_at(keys, i), &ring);
    for (size_t i = 0; i < pl_json_count(schedule) && !e; i++)
        e = read_time(pl_json_at(schedule, i), &ring);
    if (!e)
        *ret_ring = ring;
    return e;
}

void pl_ring_put(const pl_key_ring *ring, pl_jw *w)
{
    pl_jw_open(w, "schedule", '[');
    for (size_t i = 0; i < ring->n; i++) {
        pl_jw_open(w, NULL, '{');
        pl_jw_str(w, "kid", ring->keys[i].kid);
        pl_jw_int(w, "made", ring->keys[i].made_s);
        pl_jw_int(w, "from", ring->keys[i].from_s);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}
