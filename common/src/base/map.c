/* map.c - open addressing with linear probing and backward-shift deletion;
 * SipHash-2-4 under a random key, so that strangers cannot aim collisions. */
#include "pl/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pl/rng.h"

enum { FIRST_SLOTS = 16 };

typedef struct slot {
    uint64_t hash;
    char *key; /* NULL: free */
    void *value;
} slot;

struct pl_map {
    uint64_t secret[2];
    slot *slots;
    size_t n_slots; /* power of two */
    size_t n;
};

static uint64_t rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* Little-endian number of n <= 8 bytes. */
static uint64_t load(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)(uint8_t)p[i] << (8 * i);
    return v;
}

static uint64_t hash_of(const pl_map *map, const char *key)
{
    size_t len = strlen(key);
    uint64_t v[4] = {map->secret[0] ^ UINT64_C(0x736f6d6570736575),
                     map->secret[1] ^ UINT64_C(0x646f72616e646f6d),
                     map->secret[0] ^ UINT64_C(0x6c7967656e657261),
                     map->secret[1] ^ UINT64_C(0x7465646279746573)};
    size_t i = 0;
    for (; len - i >= 8; i += 8) {
        uint64_t m = load(key + i, 8);
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    uint64_t last = load(key + i, len - i) | (uint64_t)len << 56;
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (unsigned r = 0; r < 4; r++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

pl_err pl_map_create(pl_map **ret_map)
{
    pl_map *m = calloc(1, sizeof *m);
    if (!m)
        return PL_ENOMEM;
    m->slots = calloc(FIRST_SLOTS, sizeof *m->slots);
    if (!m->slots) {
        free(m);
        return PL_ENOMEM;
    }
    m->n_slots = FIRST_SLOTS;
    pl_random(m->secret, sizeof m->secret);
    *ret_map = m;
    return PL_OK;
}

void pl_map_destroy(pl_map **map)
{
    if (!map || !*map)
        return;
    for (size_t i = 0; i < (*map)->n_slots; i++)
        free((*map)->slots[i].key);
    free((*map)->slots);
    free(*map);
    *map = NULL;
}

/* Slot of the key, or the free slot where it would go. */
static size_t seek(const pl_map *map, const char *key, uint64_t hash)
{
    size_t mask = map->n_slots - 1;
    size_t i = (size_t)hash & mask;
    while (map->slots[i].key && (map->slots[i].hash != hash ||
                                 strcmp(map->slots[i].key, key) != 0)) {
        i = (i + 1) & mask;
    }
    return i;
}

static pl_err grow(pl_map *map)
{
    size_t n_old = map->n_slots;
    slot *old = map->slots;
    if (n_old > SIZE_MAX / 2 / sizeof *old)
        return PL_ENOMEM;
    slot *fresh = calloc(n_old * 2, sizeof *fresh);
    if (!fresh)
        return PL_ENOMEM;
    map->slots = fresh;
    map->n_slots = n_old * 2;
    for (size_t i = 0; i < n_old; i++) {
        if (old[i].key)
            fresh[seek(map, old[i].key, old[i].hash)] = old[i];
    }
    free(old);
    return PL_OK;
}

pl_err pl_map_put(pl_map *map, const char *key, void *value)
{
    if (!key || !value)
        return PL_EINVAL;
    uint64_t hash = hash_of(map, key);
    if (map->slots[seek(map, key, hash)].key)
        return PL_EEXIST;
    if ((map->n + 1) * 4 > map->n_slots * 3) {
        pl_err e = grow(map);
        if (e != PL_OK)
            return e;
    }
    size_t size = strlen(key) + 1;
    char *copy = malloc(size);
    if (!copy)
        return PL_ENOMEM;
    memcpy(copy, key, size);
    map->slots[seek(map, key, hash)] =
        (slot){.hash = hash, .key = copy, .value = value};
    map->n++;
    return PL_OK;
}

void *pl_map_find(const pl_map *map, const char *key)
{
    if (!key)
        return NULL;
    return map->slots[seek(map, key, hash_of(map, key))].value;
}

void *pl_map_remove(pl_map *map, const char *key)
{
    if (!key)
        return NULL;
    size_t i = seek(map, key, hash_of(map, key));
    if (!map->slots[i].key)
        return NULL;
    void *value = map->slots[i].value;
    free(map->slots[i].key);
    size_t mask = map->n_slots - 1;
    /* Close the hole with the next entry whose home lies at or before it. */
    for (size_t k = (i + 1) & mask; map->slots[k].key; k = (k + 1) & mask) {
        size_t home = (size_t)map->slots[k].hash & mask;
        if (((k - home) & mask) >= ((k - i) & mask)) {
            map->slots[i] = map->slots[k];
            i = k;
        }
    }
    map->slots[i] = (slot){.key = NULL};
    map->n--;
    return value;
}

size_t pl_map_count(const pl_map *map)
{
    return map->n;
}

void *pl_map_next(const pl_map *map, size_t *cursor, const char **ret_key)
{
    /* The cursor holds a slot that was free at the start (upper half) and the
     * steps taken downwards from it. Removal shifts entries down towards the
     * hole, never across a free slot: what moves was returned already. */
    _Static_assert(sizeof(size_t) == 8, "two halves of 32 bits");
    size_t start = *cursor >> 32;
    size_t steps = *cursor & UINT32_MAX;
    while (steps == 0 && map->slots[start].key)
        start++; /* ends: at most 3/4 of the slots are taken */
    while (++steps < map->n_slots) {
        const slot *s = &map->slots[(start - steps) & (map->n_slots - 1)];
        if (s->key) {
            *cursor = start << 32 | steps;
            if (ret_key)
                *ret_key = s->key;
            return s->value;
        }
    }
    *cursor = start << 32 | (map->n_slots - 1);
    return NULL;
}
