/* site.h - operations outside the APIs: tokens, pages, health. */
#ifndef PL_API_SITE_H
#define PL_API_SITE_H

#include "api.h"

extern const pl_api_op PL_OP_TOKEN;
extern const pl_api_op PL_OP_AUTHORIZE;
extern const pl_api_op PL_OP_JWKS;
extern const pl_api_op PL_OP_DISCOVERY;
extern const pl_api_op PL_OP_PAGE_START;
extern const pl_api_op PL_OP_PAGE_JOIN;
extern const pl_api_op PL_OP_ASSET;
extern const pl_api_op PL_OP_HEALTH;
extern const pl_api_op PL_OP_READY;
extern const pl_api_op PL_OP_METRICS;
extern const pl_api_op PL_OP_OPENAPI;

#endif
