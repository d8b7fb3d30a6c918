/* download.c - a file of a recording as the body of an answer: read piece by
 * piece as the client takes it, up to where it ended when it was opened (it may
 * still grow). */
#include <stdlib.h>

#include "files.h"
#include "gateway_impl.h"

enum { PIECE = 16384 };

typedef struct download {
    pl_list link;
    pl_http_exchange *exchange;
    int fd;
    uint64_t left;
} download;

static void free_one(download *d)
{
    pl_list_remove(&d->link);
    pl_file_close(d->fd);
    free(d);
}

static void on_gone(void *ctx, pl_http_exchange *exchange)
{
    (void)exchange;
    free_one(ctx);
}

/* A file that cannot be read any more ends early: the client finds fewer bytes
 * than the list says. */
static void send_next(void *ctx)
{
    static uint8_t piece[PIECE];
    download *d = ctx;
    size_t want = d->left < sizeof piece ? (size_t)d->left : sizeof piece;
    size_t n = 0;
    pl_err e = want > 0 ? pl_file_next(d->fd, piece, want, &n) : PL_OK;
    if (!e && n > 0)
        e = pl_http_stream_write(d->exchange, (pl_slice){piece, n});
    d->left -= n;
    if (!e && n > 0 && d->left > 0)
        return; /* more once that was taken */
    pl_http_stream_end(d->exchange);
    free_one(d);
}

pl_err pl_download_begin(pl_gateway *gateway, pl_http_exchange *exchange,
                         const char *path, pl_answer *answer)
{
    const pl_http_head *head = pl_http_request_head(exchange);
    download *d = calloc(1, sizeof *d);
    if (!d)
        return PL_ENOMEM;
    pl_err e = pl_file_open_below(gateway->options.config->recordings_dir, path,
                                  &d->fd);
    if (e) {
        free(d);
        return e;
    }
    e = pl_file_size(d->fd, &d->left);
    if (e) {
        pl_file_close(d->fd);
        free(d);
        return e;
    }
    d->exchange = exchange;
    pl_list_append(&gateway->downloads, &d->link);
    pl_answer_cors(answer, gateway->options.config->cors_origins,
                   pl_http_head_get(head, "origin"));
    pl_answer_header(answer, "Cache-Control", "no-store");
    pl_http_watch(exchange, on_gone, d);
    pl_http_stream_begin_sized(exchange, answer, d->left);
    pl_http_stream_watch(exchange, send_next, d);
    send_next(d);
    return PL_OK;
}

void pl_downloads_free(pl_gateway *gateway)
{
    while (!pl_list_is_empty(&gateway->downloads))
        free_one(PL_CONTAINER(gateway->downloads.next, download, link));
}
