/* fuzz_form.c - forms: the first line is the content type, the rest the body.
 * A form that was opened has every value at most once, and gives it again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "form_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_all(const pl_form *form)
{
    static const char *const names[] = {"grant_type", "client_id", "code",
                                        "redirect_uri", "a"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char first[257];
        char again[257];
        pl_err e = pl_form_get(form, names[i], first, sizeof first);
        if (e == PL_OK &&
            (pl_form_get(form, names[i], again, sizeof again) != PL_OK ||
             strcmp(first, again) != 0))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
    size_t n = end ? (size_t)(end - data) : len;
    pl_slice type = {data, n};
    pl_slice body = {data + n + (end ? 1 : 0), len - n - (end ? 1 : 0)};
    pl_form form;
    if (pl_form_open(type, body, &form) == PL_OK)
        read_all(&form);
    return 0;
}
