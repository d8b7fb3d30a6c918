/* fuzz_proxy_header.c - what stands before a balancer's connections. A header
 * that is taken has the length that it says, and at most one client; the same
 * bytes are read as the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pl_proxy_header header;
    pl_proxy_header again;
    size_t said = 0;
    if (len < PL_PROXY_HEAD) {
        if (pl_proxy_parse(data, len, &header) == PL_OK)
            abort();
        return 0;
    }
    pl_err e = pl_proxy_length(data, &said);
    if (!e && (said < PL_PROXY_HEAD || said > PL_PROXY_MAX))
        abort();
    if (pl_proxy_parse(data, len, &header) == PL_OK) {
        if (e || said != len || (header.is_local && header.has_client) ||
            pl_proxy_parse(data, len, &again) != PL_OK ||
            again.has_client != header.has_client ||
            !pl_ip_eq(&again.client, &header.client))
            abort();
    } else if (!e && said < len) {
        (void)!pl_proxy_parse(data, said, &header);
    }
    return 0;
}
