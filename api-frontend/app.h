/* app.h - parley-api as an application of the process skeleton. */
#ifndef PL_API_APP_H
#define PL_API_APP_H

#include "pl/process.h"

extern const pl_app PL_API_APP;

#endif
