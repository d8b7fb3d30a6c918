/* load_parts.c - see load_parts.h. */
#include "load_parts.h"

#include <stdio.h>
#include <string.h>

static bool is_asked(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return argc == 1;
}

int load_parts_run(int argc, char **argv, const char *(*name)(size_t i),
                   bool (*run)(size_t i))
{
    bool is_good = true;
    const char *part;
    for (size_t i = 0; (part = name(i)) != NULL; i++) {
        if (!is_asked(part, argc, argv))
            continue;
        (void)printf("%s\n\n", part);
        if (!run(i)) {
            (void)fprintf(stderr, "%s failed\n", part);
            is_good = false;
        }
        (void)printf("\n");
    }
    return is_good ? 0 : 1;
}
