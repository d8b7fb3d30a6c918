/* fuzz_platform.c - what another platform's management API answers: a page of
 * rooms, a refusal, a Location. What is taken is within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/platform_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void count(void *ctx, const pl_platform_room *room)
{
    size_t *n = ctx;
    (*n)++;
    if (!memchr(room->name, '\0', sizeof room->name) ||
        !memchr(room->tag, '\0', sizeof room->tag) ||
        !memchr(room->description, '\0', sizeof room->description) ||
        room->id > INT64_MAX)
        abort();
}

static void read_location(const uint8_t *data, size_t len)
{
    char text[513];
    uint64_t id = 0;
    if (len >= sizeof text)
        return;
    memcpy(text, data, len);
    text[len] = '\0';
    if (!pl_platform_read_location(text, &id) && (id == 0 || id > INT64_MAX))
        abort();
    (void)pl_platform_is_base(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const pl_slice body = {data, len};
    uint64_t total = 0;
    size_t listed = 0;
    size_t n = 0;
    if (!pl_platform_read_page(body, count, &listed, &total, &n) && listed > n)
        abort();
    (void)pl_platform_says_taken(body);
    read_location(data, len);
    return 0;
}
