/* fuzz_uui_data.c - uuiData as a query has it. What is taken becomes a suffix
 * of letters, digits, - and _ within the limit, and stands for itself when it
 * holds a comma: the suffix given again is the same suffix. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "url.h"
#include "uui_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const char *raw, bool is_header, size_t max)
{
    char suffix[PL_UUI_SUFFIX_MAX + 1];
    char again[PL_UUI_SUFFIX_MAX + 1];
    pl_err e = pl_uui_suffix(pl_slice_str(raw), is_header, max, suffix);
    if (e)
        return;
    if (strlen(suffix) > max || !pl_url_is_word(suffix, "-_"))
        abort();
    if (!is_header && strchr(raw, ',') && strlen(raw) % 2 != 0 &&
        strspn(raw, ",0123456789") == strlen(raw) &&
        (pl_uui_suffix(pl_slice_str(suffix), false, max, again) ||
         strcmp(suffix, again) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char raw[PL_UUI_RAW_MAX + 1];
    pl_slice query = {data, len};
    if (pl_url_param(query, "uuiData", raw, sizeof raw) != PL_OK)
        return 0;
    check(raw, false, 221);
    check(raw, true, PL_UUI_SUFFIX_MAX);
    check(raw, false, 4);
    return 0;
}
