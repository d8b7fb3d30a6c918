/* fuzz_http.c - request heads through the gate, what passes to the routes, the
 * rest as a chunked body. */
#include <stdint.h>
#include <stdlib.h>

#include "http_chunk.h"
#include "http_head.h"
#include "route.h"
#include "url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_slice(pl_slice s, const uint8_t *data, size_t len)
{
    if (s.len > 0 && (s.ptr < data || s.ptr + s.len > data + len) &&
        !(s.len == 1 && s.ptr[0] == '/')) /* "/" of an empty path */
        abort();
}

static void walk_body(const uint8_t *data, size_t len)
{
    pl_http_chunk chunk = {0};
    pl_buf out;
    size_t used = 0;
    pl_buf_init(&out, 4096);
    pl_err e = pl_http_chunk_feed(&chunk, data, len, &out, &used);
    if (e == PL_OK && used > len)
        abort();
    if (out.len > 4096)
        abort();
    pl_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t cursor = 0;
    size_t head_len = 0;
    pl_http_fault fault = PL_HTTP_FAULT_NONE;
    pl_http_head head;
    pl_route_match match;
    char value[64];
    pl_err e = pl_http_head_find_end(data, len, &cursor, &head_len, &fault);
    if (e == PL_EPROTO && fault == PL_HTTP_FAULT_NONE)
        abort();
    if (e)
        return 0;
    e = pl_http_head_parse(data, head_len, &head, &fault);
    if (e)
        return 0;
    check_slice(head.path, data, head_len);
    check_slice(head.query, data, head_len);
    for (size_t i = 0; i < head.n_headers; i++) {
        check_slice(head.headers[i].name, data, head_len);
        check_slice(head.headers[i].value, data, head_len);
    }
    (void)!pl_route_find(head.method, head.path, &match);
    (void)!pl_url_param(head.query, "token", value, sizeof value);
    if (head.is_chunked)
        walk_body(data + head_len, len - head_len);
    return 0;
}
