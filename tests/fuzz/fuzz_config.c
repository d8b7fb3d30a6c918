/* Any text as a configuration file: must load or be refused with a text; what
 * loads must print, and the print must load again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pl/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define KEYS(KEY)                                                              \
    KEY(U32, port, "20000", 1024, 65535, "port", "a port")                     \
    KEY(STR, name, "x", 1, 30, "text", "a name")                               \
    KEY(FILE, key, "", 0, 255, "path", "a file")                               \
    KEY(WORD, mode, "mix", 0, 0, "mix|echo", "a word")                         \
    KEY(STR, pin, "", 0, 8, "digits", "hidden")                                \
    KEY(BOOL, open, "false", 0, 1, "flag", "a flag")

typedef struct values {
    KEYS(PL_CONFIG_MEMBER)
} values;

#define CONFIG_TYPE values
static const pl_config_key ROWS[] = {KEYS(PL_CONFIG_ROW)};
#undef CONFIG_TYPE
enum { N_ROWS = sizeof ROWS / sizeof ROWS[0] };

static pl_err each(void *ctx, const char *name, const void *v, char *reason,
                   size_t cap)
{
    const values *room = v;
    (void)reason;
    (void)cap;
    unsigned *n = ctx;
    (*n)++;
    if (name[0] == '\0' || room->port < 1024 || room->port > 65535 ||
        strlen(room->name) < 1 || strlen(room->name) > 30) {
        abort();
    }
    return PL_OK;
}

static const pl_config_section SECTIONS[] = {
    {.kind = "media",
     .doc = "single",
     .keys = ROWS,
     .n_keys = N_ROWS,
     .size = sizeof(values)},
    {.kind = "room",
     .doc = "repeated",
     .keys = ROWS,
     .n_keys = N_ROWS,
     .size = sizeof(values),
     .each = each},
};

static pl_err load(const char *text, size_t len, pl_config **ret_config)
{
    pl_config_error error;
    pl_err e = pl_config_load_text(SECTIONS, 2, "f",
                                   (pl_slice){(const uint8_t *)text, len},
                                   ret_config, &error);
    if (e != PL_OK && error.text[0] == '\0')
        abort();
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pl_config *config = NULL;
    pl_config *again = NULL;
    pl_config_error error;
    unsigned n = 0;
    unsigned n_again = 0;
    char *print = NULL;
    size_t print_len = 0;
    if (load((const char *)data, len, &config) != PL_OK)
        return 0;
    FILE *f = open_memstream(&print, &print_len);
    if (!f)
        abort();
    pl_config_print(config, f);
    (void)fclose(f);
    if (load(print, print_len, &again) != PL_OK ||
        pl_config_each(config, "room", &n, &error) != PL_OK ||
        pl_config_each(again, "room", &n_again, &error) != PL_OK ||
        n != n_again) {
        abort();
    }
    free(print);
    pl_config_destroy(&config);
    pl_config_destroy(&again);
    return 0;
}
