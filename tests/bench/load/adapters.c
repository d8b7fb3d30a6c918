/* adapters.c - the adapters that this program was built with. */
#include <string.h>

#include "adapter.h"
#include "adapter_janus.h"

static const pl_load_adapter *const ALL[] = {
    &pl_load_parley_bus,
    &pl_load_parley_rest,
    &pl_load_parley_sip,
    &pl_load_janus,
};

const pl_load_adapter *pl_load_adapter_at(size_t index)
{
    return index < sizeof ALL / sizeof *ALL ? ALL[index] : NULL;
}

const pl_load_adapter *pl_load_adapter_find(const char *name)
{
    const pl_load_adapter *a;
    for (size_t i = 0; (a = pl_load_adapter_at(i)) != NULL; i++) {
        if (strcmp(a->name, name) == 0)
            return a;
    }
    return NULL;
}

const char *pl_load_advice(unsigned status)
{
    static const char capacity[] =
        "no capacity left? take fewer participants, or set budget_permille = 0 "
        "in [media] of the server";
    static const struct {
        unsigned status;
        const char *text;
    } rows[] = {
        {401, "is the PIN right (--pin)?"},
        {403, "is the PIN right (--pin), and is there capacity left? "
              "budget_permille = 0 in [media] of the server lifts its limit"},
        {404, "is there such a room? --room names it, create_rooms = on-join "
              "in [roompool] makes those that are missing"},
        {408, "does the server run there? --server says where"},
        {429, "the server limits what one address may ask; take fewer "
              "participants"},
        {480, capacity},
        {486, capacity},
        {503, capacity},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == status)
            return rows[i].text;
    }
    return "the server's log says why";
}

void pl_load_span_add(pl_load_party **ret_first, size_t *ret_n,
                      pl_load_party *parties, size_t n)
{
    pl_load_party *end = *ret_n ? *ret_first + *ret_n : parties;
    if (!*ret_first || parties < *ret_first)
        *ret_first = parties;
    if (parties + n > end)
        end = parties + n;
    *ret_n = (size_t)(end - *ret_first);
}
