/* settings.h - the structs of [roompool] and [room NAME], and the index of
 * each metric. */
#ifndef PL_ROOMPOOL_SETTINGS_H
#define PL_ROOMPOOL_SETTINGS_H

#include "pl/config.h"
#include "pl/metrics.h"

#include "../tables/config.def"
#include "../tables/metrics.def"

typedef struct pl_roompool_config {
    PL_ROOMPOOL_CONFIG(PL_CONFIG_MEMBER)
} pl_roompool_config;

typedef struct pl_room_config {
    PL_ROOM_CONFIG(PL_CONFIG_MEMBER)
} pl_room_config;

#define PL_ROOMPOOL_METRIC_ENUM(kind, id, name, doc) PL_RM_##id,
enum { PL_ROOMPOOL_METRICS(PL_ROOMPOOL_METRIC_ENUM) PL_RM_COUNT };

#endif
