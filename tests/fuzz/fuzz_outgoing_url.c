/* fuzz_outgoing_url.c - URLs that requests may go to: what is taken has a host,
 * a port and nothing that one reader takes for another thing than the next. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "outgoing_rules.h"
#include "pl/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char url[PL_OUTGOING_URL_MAX + 8];
    pl_outgoing_url read = {.port = 0};
    if (pl_copy(url, sizeof url, (pl_slice){data, len}) ||
        pl_outgoing_url_read(url, &read))
        return 0;
    const char *host = strchr(url, ':') + 3;
    size_t n = strcspn(host, "/?");
    if (read.port == 0 || n == 0 || memchr(host, '@', n) ||
        strpbrk(url, " \t\r\n\\#") || strlen(url) > PL_OUTGOING_URL_MAX)
        abort();
    return 0;
}
