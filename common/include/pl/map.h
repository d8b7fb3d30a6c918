/* map.h - hash map from short text keys to pointers (keyed SipHash: strangers
 * choose keys). Single-threaded. */
#ifndef PL_MAP_H
#define PL_MAP_H

#include <stddef.h>

#include "pl/err.h"

typedef struct pl_map pl_map;

PL_MUST_USE pl_err pl_map_create(pl_map **ret_map);
/* Free the map, not its values. */
void pl_map_destroy(pl_map **map);
/* Insert; the key is copied, the value borrowed.
 * Errors: PL_EEXIST key present; PL_ENOMEM; PL_EINVAL NULL value. */
PL_MUST_USE pl_err pl_map_put(pl_map *map, const char *key, void *value);
/* The value, or NULL. */
void *pl_map_find(const pl_map *map, const char *key);
/* Remove and return the value, or NULL. */
void *pl_map_remove(pl_map *map, const char *key);
size_t pl_map_count(const pl_map *map);
/* Iterate: start with *cursor = 0; NULL at the end. Removing the entry just
 * returned is allowed, other changes are not. */
void *pl_map_next(const pl_map *map, size_t *cursor, const char **ret_key);

#endif
