/* fetch.c - libcurl's multi interface on the loop (the only file that uses
 * it). */
#include "fetch.h"

#include <stdlib.h>

#include <curl/curl.h>

#include "pl/buf.h"
#include "pl/str.h"

enum { BODY_MAX = 262144, SOCKETS_MAX = 8 };
static const long TOTAL_MS = 5000;

typedef struct watch {
    curl_socket_t fd;
    pl_io *io;
} watch;

struct pl_fetch {
    pl_loop *loop;
    CURLM *multi;
    CURL *easy; /* running, or NULL */
    pl_timer *timer;
    watch watches[SOCKETS_MAX];
    char ca_file[256];
    pl_buf body;
    pl_fetch_done done;
    void *ctx;
};

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    pl_fetch *fetch = ctx;
    pl_buf_add(&fetch->body, data, size * n);
    return fetch->body.has_failed ? 0 : size * n;
}

/* Tell who asked; the handle goes first, so that it may ask again. */
static void finish(pl_fetch *fetch, CURLcode code)
{
    long status = 0;
    (void)curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_multi_remove_handle(fetch->multi, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    fetch->easy = NULL;
    pl_err e = code == CURLE_OK && status == 200 ? PL_OK : PL_EIO;
    if (fetch->body.has_failed)
        e = PL_ETOOBIG;
    fetch->done(fetch->ctx, e, pl_buf_slice(&fetch->body));
}

static void check_done(pl_fetch *fetch)
{
    int left;
    CURLMsg *msg;
    while ((msg = curl_multi_info_read(fetch->multi, &left)) != NULL) {
        if (msg->msg == CURLMSG_DONE && msg->easy_handle == fetch->easy)
            finish(fetch, msg->data.result);
    }
}

static void on_io(void *ctx, unsigned events)
{
    pl_fetch *fetch = ctx;
    int running;
    (void)events;
    /* Which descriptor it was does not matter: look at all of them. */
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (fetch->watches[i].io) {
            (void)curl_multi_socket_action(fetch->multi, fetch->watches[i].fd,
                                           0, &running);
        }
    }
    check_done(fetch);
}

static void on_timer(void *ctx)
{
    pl_fetch *fetch = ctx;
    int running;
    (void)curl_multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0,
                                   &running);
    check_done(fetch);
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
    pl_fetch *fetch = ctx;
    (void)multi;
    if (ms < 0) {
        pl_timer_stop(fetch->timer);
    } else {
        pl_timer_start(fetch->timer, (int64_t)ms * 1000);
    }
    return 0;
}

static watch *find_watch(pl_fetch *fetch, curl_socket_t fd)
{
    watch *empty = NULL;
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (fetch->watches[i].io && fetch->watches[i].fd == fd)
            return &fetch->watches[i];
        if (!fetch->watches[i].io)
            empty = &fetch->watches[i];
    }
    return empty;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx,
                      void *socket_ctx)
{
    pl_fetch *fetch = ctx;
    watch *w = find_watch(fetch, fd);
    (void)easy;
    (void)socket_ctx;
    if (!w)
        return -1;
    if (what == CURL_POLL_REMOVE) {
        pl_io_destroy(&w->io);
        return 0;
    }
    unsigned events = (what & CURL_POLL_IN ? PL_IO_READ : 0U) |
                      (what & CURL_POLL_OUT ? PL_IO_WRITE : 0U);
    w->fd = fd;
    if (w->io) {
        pl_io_set(w->io, events);
        return 0;
    }
    return pl_io_create(fetch->loop, fd, events, on_io, fetch, &w->io) ? -1 : 0;
}

pl_err pl_fetch_open(pl_loop *loop, const char *ca_file, pl_fetch **ret_fetch)
{
    pl_fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch)
        return PL_ENOMEM;
    fetch->loop = loop;
    pl_fmt_cut(fetch->ca_file, sizeof fetch->ca_file, "%s", ca_file);
    pl_buf_init(&fetch->body, BODY_MAX);
    pl_err e = pl_timer_create(loop, on_timer, fetch, &fetch->timer);
    if (!e && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        e = PL_EIO;
    fetch->multi = e ? NULL : curl_multi_init();
    if (!fetch->multi) {
        pl_fetch_close(&fetch);
        return e ? e : PL_ENOMEM;
    }
    (void)curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
    (void)curl_multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
    *ret_fetch = fetch;
    return PL_OK;
}

void pl_fetch_close(pl_fetch **fetch)
{
    if (!fetch || !*fetch)
        return;
    pl_fetch *f = *fetch;
    if (f->easy) {
        (void)curl_multi_remove_handle(f->multi, f->easy);
        curl_easy_cleanup(f->easy);
    }
    if (f->multi)
        (void)curl_multi_cleanup(f->multi);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        pl_io_destroy(&f->watches[i].io);
    pl_timer_destroy(&f->timer);
    pl_buf_fini(&f->body);
    free(f);
    *fetch = NULL;
}

static void set_options(pl_fetch *fetch, CURL *easy, const char *url)
{
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TOTAL_MS);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (fetch->ca_file[0])
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, fetch->ca_file);
}

void pl_fetch_get(pl_fetch *fetch, const char *url, pl_fetch_done done,
                  void *ctx)
{
    if (fetch->easy)
        return;
    CURL *easy = curl_easy_init();
    if (!easy)
        return;
    pl_buf_clear(&fetch->body);
    set_options(fetch, easy, url);
    fetch->easy = easy;
    fetch->done = done;
    fetch->ctx = ctx;
    /* The first step runs from the timer that curl sets here. */
    (void)curl_multi_add_handle(fetch->multi, easy);
}
