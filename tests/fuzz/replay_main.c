/* replay_main.c - runs a fuzz target over the files of its corpus, so that
 * every build without libFuzzer still executes each committed input. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return -1;
    static uint8_t buf[1 << 20];
    size_t n = fread(buf, 1, sizeof buf, f);
    (void)fclose(f);
    uint8_t *exact = malloc(n ? n : 1); /* its own block: over-reads show */
    if (!exact)
        return -1;
    for (size_t i = 0; i < n; i++)
        exact[i] = buf[i];
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned n = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) {
            (void)fprintf(stderr, "no corpus at %s\n", argv[i]);
            return 1;
        }
        for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
            char path[4096];
            struct stat st;
            (void)snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
                replay_file(path) == 0) {
                n++;
            }
        }
        (void)closedir(dir);
    }
    (void)printf("%u inputs replayed\n", n);
    return n > 0 ? 0 : 1;
}
