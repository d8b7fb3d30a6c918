/* addr_map.c - linear probing, at most half full, removal by shifting back. */
#include "core/addr_map.h"

#include <stdlib.h>
#include <string.h>

typedef struct slot {
    pl_addr addr;
    uint16_t local;
    bool is_used;
    uint32_t value;
} slot;

struct pl_addr_map {
    uint64_t seed;
    size_t mask, count, max;
    slot slots[];
};

/* Two rounds of the finaliser of MurmurHash3 over the seeded words: good
 * enough behind a secret seed, as entries need an authenticated check. */
static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

static size_t home(const pl_addr_map *map, const pl_addr *addr, uint16_t local)
{
    uint64_t word[2];
    memcpy(word, addr->ip, sizeof word);
    uint64_t h = mix(map->seed ^ word[0]);
    h = mix(h ^ word[1]);
    return (size_t)mix(h ^ addr->port ^ (uint64_t)local << 16) & map->mask;
}

pl_err pl_addr_map_create(size_t max_entries, uint64_t seed,
                          pl_addr_map **ret_map)
{
    if (max_entries == 0 || max_entries > (size_t)1 << 24)
        return PL_EINVAL;
    size_t n = 16;
    while (n < 2 * max_entries)
        n *= 2;
    pl_addr_map *map = calloc(1, sizeof *map + n * sizeof map->slots[0]);
    if (!map)
        return PL_ENOMEM;
    map->seed = seed;
    map->mask = n - 1;
    map->max = max_entries;
    *ret_map = map;
    return PL_OK;
}

void pl_addr_map_destroy(pl_addr_map **map)
{
    if (!map)
        return;
    free(*map);
    *map = NULL;
}

/* The slot that holds addr, or the free one where it belongs. */
static size_t probe(const pl_addr_map *map, const pl_addr *addr, uint16_t local)
{
    size_t i = home(map, addr, local);
    while (map->slots[i].is_used && (map->slots[i].local != local ||
                                     !pl_addr_eq(&map->slots[i].addr, addr)))
        i = (i + 1) & map->mask;
    return i;
}

pl_err pl_addr_map_put(pl_addr_map *map, const pl_addr *addr, uint16_t local,
                       uint32_t value)
{
    slot *s = &map->slots[probe(map, addr, local)];
    if (!s->is_used) {
        if (map->count == map->max)
            return PL_EFULL;
        map->count++;
    }
    *s = (slot){.addr = *addr, .local = local, .is_used = true, .value = value};
    return PL_OK;
}

bool pl_addr_map_find(const pl_addr_map *map, const pl_addr *addr,
                      uint16_t local, uint32_t *ret_value)
{
    const slot *s = &map->slots[probe(map, addr, local)];
    if (!s->is_used)
        return false;
    *ret_value = s->value;
    return true;
}

void pl_addr_map_remove(pl_addr_map *map, const pl_addr *addr, uint16_t local,
                        uint32_t value)
{
    size_t hole = probe(map, addr, local);
    if (!map->slots[hole].is_used || map->slots[hole].value != value)
        return;
    map->count--;
    /* Move back every later entry of the run that may stand in the hole. */
    for (size_t i = (hole + 1) & map->mask; map->slots[i].is_used;
         i = (i + 1) & map->mask) {
        const slot *s = &map->slots[i];
        size_t from_home = (i - home(map, &s->addr, s->local)) & map->mask;
        if (from_home >= ((i - hole) & map->mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole].is_used = false;
}

size_t pl_addr_map_count(const pl_addr_map *map)
{
    return map->count;
}
