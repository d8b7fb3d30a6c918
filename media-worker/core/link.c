/* link.c - interfaces for guests and interfaces to the world. */
#include "core/link.h"

#include <string.h>

static const pl_link *find(const pl_link *list, size_t n, const char *name)
{
    size_t len = strcspn(name, ":");
    for (size_t i = 0; i < n; i++) {
        if (strlen(list[i].name) == len && memcmp(list[i].name, name, len) == 0)
            return &list[i];
    }
    return NULL;
}

static bool is_guests(const pl_link *port)
{
    return strcmp(port->kind, "veth") == 0 || strcmp(port->kind, "tun") == 0;
}

bool pl_link_is_inner(const pl_link *list, size_t n, const char *name)
{
    const pl_link *link = find(list, n, name);
    if (!link || strcmp(link->kind, "bridge") != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (list[i].master == link->index && !is_guests(&list[i]))
            return false;
    }
    return true;
}
