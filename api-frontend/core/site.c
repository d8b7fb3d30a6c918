/* site.c - operations outside the APIs. */
#include "site.h"

#define OP(NAME, family_)                                                      \
    const pl_api_op PL_OP_##NAME = {.kind = PL_KIND_##NAME,                    \
                                    .family = PL_FAMILY_##family_,             \
                                    .auth = PL_AUTH_NONE};
OP(TOKEN, TOKEN)
OP(JWKS, TOKEN)
OP(DISCOVERY, TOKEN)
OP(AUTHORIZE, SITE)
OP(PAGE_START, SITE)
OP(PAGE_JOIN, SITE)
OP(ASSET, SITE)
OP(HEALTH, SITE)
OP(READY, SITE)
OP(METRICS, SITE)
OP(OPENAPI, SITE)
