/* make_msg_vectors - writes FOLDER/<name>.v<since>.hex for each message of the
 * schema that has no such file yet. A file that exists is never changed: its
 * bytes must decode for as long as the schema major lives. */
#include <stdio.h>

#include "pl/str.h"

#include "fill.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_msg_vectors FOLDER\n");
        return 64;
    }
    static fill_msg m;
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        uint8_t buf[16384];
        char hex[2 * sizeof buf + 1];
        char path[512];
        size_t n = 0;
        pl_fmt_cut(path, sizeof path, "%s/%s.v%u.hex", argv[1], d->name,
                   d->since);
        FILE *f = fopen(path, "r");
        if (f) {
            (void)fclose(f);
            continue;
        }
        fill(d, FILL_SAMPLE, &m);
        f = fopen(path, "w");
        if (!f || pl_msg_encode(d, &m, buf, sizeof buf, &n) != PL_OK) {
            (void)fprintf(stderr, "%s: not written\n", path);
            return 1;
        }
        pl_hex(buf, n, hex);
        (void)fprintf(f, "%s\n", hex);
        (void)fclose(f);
    }
    return 0;
}
