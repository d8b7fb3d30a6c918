/* fuzz_dialog_record.c - records of dialogs: what can be read can be written
 * and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialog_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static pl_dialog_record first;
    static pl_dialog_record again;
    pl_buf text;
    if (pl_dialog_record_read((pl_slice){data, len}, &first) != PL_OK)
        return 0;
    if (pl_dialog_record_write(&first, &text) != PL_OK)
        return 0; /* its description has escapes enough to be too long */
    if (pl_dialog_record_read(pl_buf_slice(&text), &again) != PL_OK ||
        strcmp(first.dialog.target, again.dialog.target) != 0 ||
        first.dialog.local_cseq != again.dialog.local_cseq)
        abort();
    pl_buf_fini(&text);
    return 0;
}
