/* Any bytes as a page of rows: refused, or shown in lines that do nothing to a
 * terminal. The first byte chooses list and width. */
#include <stdlib.h>

#include "text.h"
#include "view.h"

enum { OUT_MAX = 1 << 22, WIDTH = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_harmless(const pl_buf *out)
{
    pl_buf clean;
    const char *text = pl_buf_text(out);
    pl_buf_init(&clean, OUT_MAX);
    size_t from = 0;
    for (size_t i = 0; i < out->len; i++) {
        if (text[i] != '\n')
            continue;
        pl_slice line = {(const uint8_t *)text + from, i - from};
        pl_buf_clear(&clean);
        pl_ctl_text_clean(line, &clean);
        if (clean.len != line.len)
            abort();
        from = i + 1;
    }
    pl_buf_fini(&clean);
}

static void show(pl_ctl_rows *rows, size_t width)
{
    pl_buf out;
    pl_buf_init(&out, OUT_MAX);
    if (pl_ctl_rows_sort(rows) == PL_OK &&
        pl_ctl_view_table(rows, 0, width, &out) == PL_OK)
        check_harmless(&out);
    pl_buf_clear(&out);
    if (pl_ctl_view_json(rows, false, &out) == PL_OK) {
        pl_json *json = NULL;
        if (pl_json_parse_long(pl_buf_slice(&out), 1 << 20, &json) != PL_OK)
            abort();
        pl_json_free(&json);
    }
    pl_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    const pl_ctl_view *view = pl_ctl_view_of(
        (pl_ctl_verb)(PL_CTL_WORKERS +
                      data[0] % (PL_CTL_RECORDINGS - PL_CTL_WORKERS + 1)));
    pl_ctl_rows *rows = NULL;
    size_t n = 0;
    if (pl_ctl_rows_create(view, NULL, 1000, &rows) != PL_OK)
        return 0;
    if (pl_ctl_rows_add(rows, (pl_slice){data + 1, len - 1}, &n) == PL_OK)
        show(rows, data[0] < 128 ? 0 : WIDTH);
    pl_ctl_rows_destroy(&rows);
    return 0;
}
