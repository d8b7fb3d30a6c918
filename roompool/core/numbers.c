/* numbers.c - see numbers.h. */
#include "numbers.h"

#include <inttypes.h>
#include <string.h>

#include "model.h"
#include "pl/str.h"

#define NUMBER_NAME(upper, name) [PL_NUMBER_##upper] = (name),
static const char *const NAMES[PL_N_NUMBERS] = {PL_NUMBERS(NUMBER_NAME)};

void pl_no_text(char text[PL_NO_TEXT], uint64_t no)
{
    pl_fmt_cut(text, PL_NO_TEXT, "%" PRIu64, no);
}

void pl_meta_save(pl_pool *pool, const char *name, uint64_t value)
{
    pl_meta_row row = {.name = ""};
    PL_SET(row.name, name);
    pl_fmt_cut(row.value, sizeof row.value, "%" PRIu64, value);
    pl_pool_put(pool, &PL_TABLE_META, &row);
}

uint64_t pl_number_next(pl_pool *pool, pl_number which)
{
    uint64_t no = ++pool->numbers[which];
    pl_meta_save(pool, NAMES[which], no);
    return no;
}

pl_err pl_number_load(pl_pool *pool, const pl_meta_row *row)
{
    for (size_t i = 0; i < PL_N_NUMBERS; i++) {
        if (strcmp(row->name, NAMES[i]) == 0) {
            return pl_parse_u64(pl_slice_str(row->value), INT64_MAX,
                                &pool->numbers[i]);
        }
    }
    return PL_OK;
}
