/* zap.c - key files. */
#include "zap.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "pl/slice.h"
#include "pl/str.h"

enum { FILES_MAX = 1000, KEY_LEN = PL_ZAP_KEY_TEXT - 1 };

pl_err pl_zap_read_key(const char *path, char key[PL_ZAP_KEY_TEXT])
{
    char text[128];
    FILE *f = fopen(path, "re");
    if (!f)
        return PL_EIO;
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    if (n != KEY_LEN)
        return PL_EINVAL;
    return pl_copy(key, PL_ZAP_KEY_TEXT,
                   (pl_slice){.ptr = (const uint8_t *)text, .len = n});
}

pl_role pl_zap_role_of(const char *name)
{
    static const struct {
        const char *text;
        pl_role role;
    } roles[] = {{"api", PL_ROLE_API},
                 {"signaling", PL_ROLE_SIGNALING},
                 {"media", PL_ROLE_MEDIA},
                 {"operator", PL_ROLE_OPERATOR}};
    size_t n = strcspn(name, "-.");
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strlen(roles[i].text) == n && memcmp(roles[i].text, name, n) == 0)
            return roles[i].role;
    }
    return PL_ROLE_UNKNOWN;
}

bool pl_zap_find(const char *dir, const char *key,
                 char ret_name[PL_ZAP_NAME_TEXT])
{
    DIR *d = opendir(dir);
    if (!d)
        return false;
    bool is_found = false;
    /* The stream is ours alone, so readdir() is safe. */
    const struct dirent *entry = readdir(d); /* NOLINT(concurrency-mt-unsafe) */
    for (int n = 0; entry && n < FILES_MAX && !is_found; n++) {
        char path[512];
        char known[PL_ZAP_KEY_TEXT];
        if (pl_zap_role_of(entry->d_name) != PL_ROLE_UNKNOWN &&
            pl_fmt(path, sizeof path, "%s/%s", dir, entry->d_name) == PL_OK &&
            pl_zap_read_key(path, known) == PL_OK) {
            is_found = strcmp(known, key) == 0 && /* public keys: no secret */
                       pl_fmt(ret_name, PL_ZAP_NAME_TEXT, "%s",
                              entry->d_name) == PL_OK;
        }
        entry = readdir(d); /* NOLINT(concurrency-mt-unsafe) */
    }
    (void)closedir(d);
    return is_found;
}
