/* app.h - roompool as a process. */
#ifndef PL_ROOMPOOL_APP_H
#define PL_ROOMPOOL_APP_H

#include "pl/process.h"

extern const pl_app PL_ROOMPOOL_APP;

#endif
