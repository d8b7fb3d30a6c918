/* load_parts.h - a benchmark of several parts: all of them, or those that the
 * command line names. */
#ifndef PL_LOAD_PARTS_H
#define PL_LOAD_PARTS_H

#include <stdbool.h>
#include <stddef.h>

/* Run parts in their order; name(i) is NULL behind the last. run(i) prints its
 * figures below a heading that is printed here.
 * Returns: what main() returns: 0 when every part that ran was good. */
int load_parts_run(int argc, char **argv, const char *(*name)(size_t i),
                   bool (*run)(size_t i));

#endif
