/* link.h - which network interfaces lead out of this machine. */
#ifndef PL_MEDIA_LINK_H
#define PL_MEDIA_LINK_H

#include <stdbool.h>
#include <stddef.h>

enum { PL_LINK_NAME = 16 };

/* One interface, as the kernel tells it. */
typedef struct pl_link {
    char name[PL_LINK_NAME];
    char kind[PL_LINK_NAME]; /* "bridge", "veth", ..; "": hardware, loopback */
    unsigned index;          /* from 1 */
    unsigned master;         /* index of the bridge that it is a port of; 0 */
} pl_link;

/* A bridge whose ports, if it has any, are all cables to guests of this machine
 * (containers: veth; virtual machines: tun): docker0, br-.., virbr0. Who is
 * elsewhere does not reach its address, or reaches another machine's docker0.
 * A bridge with hardware, a VLAN or a tunnel as a port is this machine's own
 * way out, and so is any interface that is no bridge, as the veth that is eth0
 * of a container.
 * name: may have a label behind a colon ("eth0:1"). Unknown ones are not inner.
 */
bool pl_link_is_inner(const pl_link *list, size_t n, const char *name);

#endif
