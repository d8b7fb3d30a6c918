/* addr_map.h - from a peer's address and the local port that it sends to to a
 * number, at packet rate: open addressing in one block, no allocation after
 * creation. */
#ifndef PL_ADDR_MAP_H
#define PL_ADDR_MAP_H

#include "core/addr.h"

typedef struct pl_addr_map pl_addr_map;

/* Create a map for at most max_entries pairs (1..2^24). seed: random, so
 * that peers cannot choose addresses that collide.
 * Errors: PL_EINVAL; PL_ENOMEM */
PL_MUST_USE pl_err pl_addr_map_create(size_t max_entries, uint64_t seed,
                                      pl_addr_map **ret_map);
void pl_addr_map_destroy(pl_addr_map **map);
/* Set the number of an address, replacing the one it had.
 * Errors: PL_EFULL */
PL_MUST_USE pl_err pl_addr_map_put(pl_addr_map *map, const pl_addr *addr,
                                   uint16_t local, uint32_t value);
/* False when the address is not there with that local port. */
bool pl_addr_map_find(const pl_addr_map *map, const pl_addr *addr,
                      uint16_t local, uint32_t *ret_value);
/* Remove an address if its number is `value`; otherwise nothing. */
void pl_addr_map_remove(pl_addr_map *map, const pl_addr *addr, uint16_t local,
                        uint32_t value);
size_t pl_addr_map_count(const pl_addr_map *map);

#endif
