/* turn.h - servers for NAT traversal, with credentials that a TURN server
 * checks by a secret it shares with us (coturn: use-auth-secret). */
#ifndef PL_API_TURN_H
#define PL_API_TURN_H

#include "pl/json.h"

typedef struct pl_turn {
    const char *stun_urls, *turn_urls; /* separated by blanks, "" none */
    pl_slice secret;
    uint32_t ttl_s;
} pl_turn;

/* Whether every URL of a list is one of `scheme` or `scheme`s: clients crash on
 * an empty or foreign one. */
bool pl_turn_urls_are_good(const char *urls, const char *scheme);
/* Put "stun" (left out when there is none) and "turn" (then empty) into an
 * object. The username is `expiry:participant`, the credential its HMAC-SHA-1
 * in base64, good for ttl_s seconds after wall_ms. turn: NULL none.
 * Source: draft-uberti-behave-turn-rest-00 section 2.2 */
void pl_turn_put(pl_jw *w, const pl_turn *turn, const char *participant_id,
                 int64_t wall_ms);

#endif
