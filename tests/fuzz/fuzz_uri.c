/* Any bytes: must parse or be refused; what parses must survive being written
 * and parsed again. */
#include <stdlib.h>
#include <string.h>

#include "pl/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_round_trip(const pl_uri *uri)
{
    char text[PL_URI_TEXT];
    pl_uri again;
    if (pl_uri_write(uri, text, sizeof text) != PL_OK ||
        pl_uri_parse(pl_slice_str(text), &again) != PL_OK ||
        !pl_uri_same(uri, &again) || strcmp(uri->params, again.params) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pl_slice text = {data, len};
    pl_uri uri;
    char display[32];
    if (pl_uri_parse(text, &uri) == PL_OK)
        check_round_trip(&uri);
    if (pl_uri_parse_name_addr(text, &uri, display, sizeof display) == PL_OK) {
        check_round_trip(&uri);
        if (!memchr(display, '\0', sizeof display))
            abort();
    }
    return 0;
}
