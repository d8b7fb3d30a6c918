/* fuzz_relay.c - events for the relay, and the heads of who reads them. An
 * event that is taken is JSON, its id can be asked for, and as a server-sent
 * event it is of two lines. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_event(pl_slice text)
{
    enum { ROOM = 1024 };
    const char *wrong = NULL;
    pl_relay_put put = {.present = 0};
    pl_buf out;
    pl_err e = pl_relay_event_check(text, &put, &wrong);
    if ((e == PL_EINVAL) != (wrong != NULL))
        abort();
    if (e)
        return;
    pl_relay_event event = {.seq = 1, .event = text};
    memcpy(event.event_id, put.event_id, sizeof event.event_id);
    pl_buf_init(&out, text.len + ROOM);
    pl_relay_event_put(&event, &out);
    const char *line = strchr(pl_buf_text(&out), '\n');
    if (out.has_failed || !put.event_id[0] || !line ||
        strncmp(line, "\ndata: ", 7) != 0 ||
        strchr(line + 1, '\n') != pl_buf_text(&out) + out.len - 2 ||
        strchr(pl_buf_text(&out), '\r'))
        abort();
    pl_buf_fini(&out);
}

static void check_head(const uint8_t *data, size_t len)
{
    pl_http_head head;
    pl_http_fault fault;
    pl_relay_ask ask;
    size_t cursor = 0;
    size_t n;
    if (pl_http_head_find_end(data, len, &cursor, &n, &fault) ||
        pl_http_head_parse(data, n, &head, &fault))
        return;
    for (int i = 0; i < 2; i++) {
        if (pl_relay_ask_read(&head, i == 1, &ask) == PL_OK &&
            (strlen(ask.token_hash) != 64 || ask.wait_ms > 30000))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 0 && data[0] == 'G') {
        check_head(data, len);
    } else {
        check_event((pl_slice){data, len});
    }
    return 0;
}
