/* key_ring.h - which of our signing keys signs when, and how long each stays
 * published. Pure.
 *
 * There are always the key that signs and a next one, which is published long
 * before it signs; a key that signed before stays until no token of it can be
 * good any more. When which signs is written beside the keys, so that all front
 * ends that share the file agree. */
#ifndef PL_API_KEY_RING_H
#define PL_API_KEY_RING_H

#include "jwt.h"

enum { PL_RING_MAX = 16 };

/* Seconds of wall time. */
typedef struct pl_ring_key {
    char kid[PL_JWT_KID_MAX + 1];
    int64_t made_s; /* published since then */
    int64_t from_s; /* signs from then on, until a later one does */
} pl_ring_key;

typedef struct pl_key_ring {
    pl_ring_key keys[PL_RING_MAX];
    size_t n;
} pl_key_ring;

typedef struct pl_ring_policy {
    int64_t lead_s;   /* a key is published so long before it signs */
    int64_t period_s; /* a key signs so long; 0: until the operator says */
    int64_t keep_s;   /* and is published so much longer */
} pl_ring_policy;

/* The key that signs; NULL in an empty ring. */
const pl_ring_key *pl_ring_signer(const pl_key_ring *ring, int64_t now_s);
/* The key that signs after it; NULL none. */
const pl_ring_key *pl_ring_next(const pl_key_ring *ring, int64_t now_s);
/* Whether prune or add have something to do. */
bool pl_ring_is_due(const pl_key_ring *ring, const pl_ring_policy *policy,
                    int64_t now_s);
/* Forget keys whose tokens have all expired. */
void pl_ring_prune(pl_key_ring *ring, const pl_ring_policy *policy,
                   int64_t now_s);
/* Let the next key sign as soon as it was published long enough.
 * Errors: PL_ENOENT there is none; PL_EFULL no room for one after it. */
PL_MUST_USE pl_err pl_ring_roll(pl_key_ring *ring, const pl_ring_policy *policy,
                                int64_t now_s);
/* Put in a key that was made now: the first signs at once, a later one when its
 * turn comes. Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_ring_add(pl_key_ring *ring, const pl_ring_policy *policy,
                               const char *kid, int64_t now_s);

/* The schedule in a file of keys: member "schedule" beside "keys". Keys that it
 * does not name sign since ever.
 * Errors: PL_EPROTO malformed, a key without kid, two with the same, or too
 *         many. */
PL_MUST_USE pl_err pl_ring_read(const pl_json *file, pl_key_ring *ret_ring);
/* Member "schedule" of an object under construction. */
void pl_ring_put(const pl_key_ring *ring, pl_jw *w);

#endif
