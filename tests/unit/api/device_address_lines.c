/* device_address_lines.c - for each line of its input, 1 when it is an address
 * of the call handling API, else 0. What it says is compared with the pattern
 * of the published definition by device_address.test.mjs. */
#include <stdio.h>
#include <string.h>

#include "device_value.h"

enum { LINE_MAX_BYTES = 1024 };

int main(void)
{
    char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin)) {
        pl_slice text = {(const uint8_t *)line, strcspn(line, "\n")};
        (void)puts(pl_device_address_of(text) == PL_ADDRESS_BAD ? "0" : "1");
    }
    return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
