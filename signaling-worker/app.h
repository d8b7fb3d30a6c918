/* app.h - the signaling worker as a pl_app. */
#ifndef PL_SIG_APP_H
#define PL_SIG_APP_H

#include "pl/process.h"

extern const pl_app PL_SIGNALING_APP;

#endif
