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
