/* migrations.h - the files of migrations/, embedded by the build in order. */
#ifndef PL_ROOMPOOL_MIGRATIONS_H
#define PL_ROOMPOOL_MIGRATIONS_H

#include <stddef.h>

extern const char *const pl_migrations[];
extern const size_t pl_migrations_count;

#endif
