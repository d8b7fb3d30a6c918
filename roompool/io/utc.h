/* utc.h - times as the database keeps them. */
#ifndef PL_ROOMPOOL_UTC_H
#define PL_ROOMPOOL_UTC_H

#include "pl/utc.h"

#endif
