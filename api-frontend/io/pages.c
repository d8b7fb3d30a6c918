/* pages.c - the web pages and the API description. */
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "gateway_impl.h"
#include "pl/str.h"
#include "url.h"

enum { FILE_MAX = 4 << 20, PATH_MAX_BYTES = 512 };

static const char CSP[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static const char *type_of(const char *path)
{
    static const struct {
        const char *suffix, *type;
    } rows[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".wav", "audio/wav"},
        {".json", "application/json"},
        {".txt", "text/plain; charset=utf-8"},
    };
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t m = strlen(rows[i].suffix);
        if (n > m && strcmp(path + n - m, rows[i].suffix) == 0)
            return rows[i].type;
    }
    return NULL; /* nothing else is served */
}

static void refuse(const pl_incoming *in, int status, const char *text)
{
    pl_answer answer;
    pl_answer_init(&answer);
    pl_answer_refuse(&answer, PL_FAMILY_SITE, status, text);
    pl_http_respond(in->exchange, &answer, NULL, NULL);
    pl_answer_fini(&answer);
}

static void put_headers(pl_answer *answer, const char *etag)
{
    pl_answer_header(answer, "ETag", etag);
    pl_answer_header(answer, "Cache-Control", "no-cache");
    pl_answer_header(answer, "Content-Security-Policy", CSP);
    pl_answer_header(answer, "Referrer-Policy", "no-referrer");
    pl_answer_header(answer, "Permissions-Policy",
                     "microphone=(self), camera=(), geolocation=()");
}

/* A file of the web folder; path is decoded and without leading '/'. */
static void send_file(const pl_incoming *in, const char *path)
{
    const pl_http_head *head = pl_http_request_head(in->exchange);
    const char *type = type_of(path);
    char etag[64];
    pl_file_info info;
    pl_answer answer;
    pl_answer_init(&answer);
    pl_err e = type ? pl_file_read_below(in->gateway->options.config->web_dir,
                                         path, &answer.body, &info)
                    : PL_ENOENT;
    if (e) {
        pl_answer_fini(&answer);
        refuse(in, e == PL_ENOENT ? 404 : 500,
               e == PL_ENOENT ? "No such page" : "The page cannot be read");
        return;
    }
    pl_fmt_cut(etag, sizeof etag, "\"%llx-%llx\"", (long long)info.size,
               (long long)info.changed_ns);
    if (pl_slice_eq_str(pl_http_head_get(head, "if-none-match"), etag)) {
        pl_answer_empty(&answer, 304);
    } else {
        answer.status = 200;
        answer.content_type = type;
    }
    put_headers(&answer, etag);
    pl_http_respond(in->exchange, &answer, NULL, NULL);
    pl_answer_fini(&answer);
}

void pl_page_start(const pl_incoming *in)
{
    send_file(in, "index.html");
}

void pl_page_join(const pl_incoming *in)
{
    send_file(in, "join.html");
}

void pl_page_asset(const pl_incoming *in)
{
    char path[PATH_MAX_BYTES] = "assets/";
    size_t n = strlen(path);
    if (pl_url_decode(in->match->rest, PL_URL_PLUS_KEPT, path + n,
                      sizeof path - n) ||
        strchr(path, '\\')) {
        refuse(in, 404, "No such page");
    } else {
        send_file(in, path);
    }
}

void pl_page_openapi(const pl_incoming *in)
{
    pl_answer answer;
    if (in->gateway->openapi.len == 0) {
        refuse(in, 404, "No description is installed");
        return;
    }
    pl_answer_init(&answer);
    pl_answer_json(&answer, 200);
    pl_answer_header(&answer, "Cache-Control", "no-cache");
    pl_answer_header(&answer, "Access-Control-Allow-Origin", "*");
    pl_buf_add_slice(&answer.body, pl_buf_slice(&in->gateway->openapi));
    pl_http_respond(in->exchange, &answer, NULL, NULL);
    pl_answer_fini(&answer);
}
