/* https_client.c - libcurl's multi interface on the loop (the only file that
 * uses it). */
#include "https_client.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base64.h"
#include "pl/buf.h"
#include "pl/list.h"
#include "pl/str.h"

enum {
    HEADER_MAX = 8192 + 64, /* a long token with its header's name */
    HEADERS_MAX = 32768,
    KEPT_CONNECTIONS = 32
};

typedef struct job {
    pl_list link;
    pl_https *https;
    CURL *easy;
    struct curl_slist *headers; /* with the authorization: wiped */
    char *sent;                 /* body, owned */
    pl_buf body;
    size_t header_bytes;
    pl_outgoing_url url;
    const pl_outgoing_rules *rules;
    bool is_forbidden, is_too_big;
    pl_https_done done;
    void *ctx;
} job;

typedef struct watch {
    pl_https *https;
    curl_socket_t fd;
    pl_io *io;
    pl_list link;
} watch;

struct pl_https {
    pl_https_options options;
    char ca_file[256];
    CURLM *multi;
    pl_timer *timer;
    pl_list jobs, watches;
    unsigned n_jobs;
};

/* ---- one request ---- */

static void free_job(job *j)
{
    pl_list_remove(&j->link);
    if (j->easy)
        curl_easy_cleanup(j->easy);
    for (struct curl_slist *h = j->headers; h; h = h->next)
        pl_wipe(h->data, strlen(h->data));
    curl_slist_free_all(j->headers);
    free(j->sent);
    pl_buf_fini(&j->body);
    free(j);
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    job *j = ctx;
    pl_buf_add(&j->body, data, size * n);
    j->is_too_big = j->is_too_big || j->body.has_failed;
    return j->is_too_big ? 0 : size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
    job *j = ctx;
    (void)data;
    j->header_bytes += size * n;
    j->is_too_big = j->is_too_big || j->header_bytes > HEADERS_MAX;
    return j->is_too_big ? 0 : size * n;
}

/* ---- where a request may go ---- */

static bool may_connect(job *j, const pl_ip *ip)
{
    if (!j->rules || pl_outgoing_may_connect(j->rules, &j->url, ip))
        return true;
    j->is_forbidden = true;
    return false;
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose,
                                 struct curl_sockaddr *to)
{
    pl_ip ip = {{[10] = 0xff, [11] = 0xff}};
    const void *address = &to->addr;
    (void)purpose;
    if (to->family == AF_INET) {
        const struct sockaddr_in *v4 = address;
        memcpy(ip.b + 12, &v4->sin_addr, 4);
    } else if (to->family == AF_INET6) {
        const struct sockaddr_in6 *v6 = address;
        memcpy(ip.b, &v6->sin6_addr, sizeof ip.b);
    } else {
        return CURL_SOCKET_BAD;
    }
    if (!may_connect(ctx, &ip))
        return CURL_SOCKET_BAD;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* A connection that is used again was opened for another request, perhaps one
 * that may go anywhere. */
static int before_request(void *ctx, char *peer_ip, char *own_ip, int peer_port,
                          int own_port)
{
    pl_ip ip;
    (void)own_ip;
    (void)peer_port;
    (void)own_port;
    return pl_ip_parse(pl_slice_str(peer_ip), &ip) == PL_OK &&
                   may_connect(ctx, &ip)
               ? CURL_PREREQFUNC_OK
               : CURL_PREREQFUNC_ABORT;
}

/* ---- the end of a request ---- */

static pl_err error_of(const job *j, CURLcode code)
{
    static const struct {
        CURLcode code;
        pl_err error;
    } errors[] = {
        {CURLE_OK, PL_OK},
        {CURLE_OPERATION_TIMEDOUT, PL_ETIMEOUT},
        {CURLE_OUT_OF_MEMORY, PL_ENOMEM},
        {CURLE_URL_MALFORMAT, PL_EINVAL},
        {CURLE_UNSUPPORTED_PROTOCOL, PL_EPROTO}, /* HTTP/0.9 */
        {CURLE_WEIRD_SERVER_REPLY, PL_EPROTO},
        {CURLE_PARTIAL_FILE, PL_EPROTO},
        {CURLE_BAD_CONTENT_ENCODING, PL_EPROTO},
    };
    if (j->is_too_big)
        return PL_ETOOBIG;
    if (j->is_forbidden && code != CURLE_OK)
        return PL_EFORBIDDEN;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].code == code)
            return errors[i].error;
    }
    return PL_EUNAVAILABLE;
}

static void read_answer(job *j, pl_https_answer *answer)
{
    long status = 0;
    curl_off_t wait = 0;
    struct curl_header *location;
    (void)curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(j->easy, CURLINFO_RETRY_AFTER, &wait);
    *answer = (pl_https_answer){.status = (unsigned)status,
                                .location = "",
                                .body = pl_buf_slice(&j->body)};
    if (wait > 0)
        answer->retry_after_s = (unsigned)(wait < 86400 ? wait : 86400);
    if (!curl_easy_header(j->easy, "Location", 0, CURLH_HEADER, -1, &location))
        answer->location = location->value;
}

/* Tell who asked; the request goes from the count first, so that it may ask
 * again. */
static void finish(job *j, CURLcode code)
{
    pl_https_answer answer;
    pl_err e = error_of(j, code);
    read_answer(j, &answer);
    if (!e && (answer.status < 100 || answer.status > 999))
        e = PL_EPROTO;
    (void)curl_multi_remove_handle(j->https->multi, j->easy);
    j->https->n_jobs--;
    j->done(j->ctx, e, e ? NULL : &answer, e ? curl_easy_strerror(code) : "");
    free_job(j);
}

static void check_done(pl_https *https)
{
    int left;
    CURLMsg *msg;
    while ((msg = curl_multi_info_read(https->multi, &left)) != NULL) {
        char *ctx = NULL;
        CURLcode code = msg->data.result;
        if (msg->msg == CURLMSG_DONE &&
            !curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &ctx) && ctx)
            finish((job *)(void *)ctx, code);
    }
}

/* ---- on the loop ---- */

static void on_io(void *ctx, unsigned events)
{
    watch *w = ctx; /* may be gone after the call */
    pl_https *https = w->https;
    int running;
    int what = (events & PL_IO_READ ? CURL_CSELECT_IN : 0) |
               (events & PL_IO_WRITE ? CURL_CSELECT_OUT : 0);
    (void)curl_multi_socket_action(https->multi, w->fd, what, &running);
    check_done(https);
}

static void on_timer(void *ctx)
{
    pl_https *https = ctx;
    int running;
    (void)curl_multi_socket_action(https->multi, CURL_SOCKET_TIMEOUT, 0,
                                   &running);
    check_done(https);
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
    pl_https *https = ctx;
    (void)multi;
    if (ms < 0) {
        pl_timer_stop(https->timer);
    } else {
        pl_timer_start(https->timer, (int64_t)ms * 1000);
    }
    return 0;
}

static void free_watch(watch *w)
{
    pl_list_remove(&w->link);
    pl_io_destroy(&w->io);
    free(w);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx,
                      void *socket_ctx)
{
    pl_https *https = ctx;
    watch *w = socket_ctx;
    unsigned events = (what & CURL_POLL_IN ? PL_IO_READ : 0U) |
                      (what & CURL_POLL_OUT ? PL_IO_WRITE : 0U);
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            free_watch(w);
        return 0;
    }
    if (w) {
        pl_io_set(w->io, events);
        return 0;
    }
    w = calloc(1, sizeof *w);
    if (!w)
        return -1;
    *w = (watch){.https = https, .fd = fd};
    if (pl_io_create(https->options.loop, fd, events, on_io, w, &w->io)) {
        free(w);
        return -1;
    }
    pl_list_append(&https->watches, &w->link);
    (void)curl_multi_assign(https->multi, fd, w);
    return 0;
}

/* ---- life ---- */

pl_err pl_https_open(const pl_https_options *options, pl_https **ret_https)
{
    pl_https *https = calloc(1, sizeof *https);
    if (!https)
        return PL_ENOMEM;
    https->options = *options;
    pl_fmt_cut(https->ca_file, sizeof https->ca_file, "%s", options->ca_file);
    pl_list_init(&https->jobs);
    pl_list_init(&https->watches);
    pl_err e = pl_timer_create(options->loop, on_timer, https, &https->timer);
    if (!e && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        e = PL_EIO;
    https->multi = e ? NULL : curl_multi_init();
    if (!https->multi) {
        pl_https_close(&https);
        return e ? e : PL_ENOMEM;
    }
    CURLM *multi = https->multi;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, https);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, https);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                            (long)KEPT_CONNECTIONS);
    *ret_https = https;
    return PL_OK;
}

void pl_https_close(pl_https **https)
{
    if (!https || !*https)
        return;
    pl_https *h = *https;
    PL_LIST_EACH_SAFE(node, &h->jobs)
    {
        job *j = PL_CONTAINER(node, job, link);
        (void)curl_multi_remove_handle(h->multi, j->easy);
        free_job(j);
    }
    if (h->multi)
        (void)curl_multi_cleanup(h->multi);
    PL_LIST_EACH_SAFE(node, &h->watches)
    {
        free_watch(PL_CONTAINER(node, watch, link));
    }
    pl_timer_destroy(&h->timer);
    free(h);
    *https = NULL;
}

unsigned pl_https_running(const pl_https *https)
{
    return https->n_jobs;
}

/* ---- asking ---- */

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

/* name without ':' and value: a header; value NULL: none; "": not even the one
 * that curl would send. */
static pl_err add_header(job *j, const char *name, const char *value)
{
    char text[HEADER_MAX];
    if (!value)
        return PL_OK;
    if (has_control(value))
        return PL_EINVAL;
    pl_err e =
        pl_fmt(text, sizeof text, *value ? "%s: %s" : "%s:%s", name, value);
    struct curl_slist *more = e ? NULL : curl_slist_append(j->headers, text);
    pl_wipe(text, sizeof text);
    if (!more)
        return e ? PL_EINVAL : PL_ENOMEM;
    j->headers = more;
    return PL_OK;
}

static pl_err add_authorization(job *j, const pl_https_request *request)
{
    pl_buf text;
    pl_buf_init(&text, HEADER_MAX);
    if (request->basic) {
        pl_buf_add_str(&text, "Basic ");
        pl_base64_encode(pl_slice_str(request->basic), &text);
    } else if (request->bearer) {
        pl_buf_add_str(&text, "Bearer ");
        pl_buf_add_str(&text, request->bearer);
    }
    pl_err e = text.has_failed ? PL_EINVAL : PL_OK;
    if (!e && text.len > 0)
        e = add_header(j, "Authorization", pl_buf_text(&text));
    pl_buf_wipe(&text);
    return e;
}

static pl_err set_headers(job *j, const pl_https_request *request)
{
    bool has_body = request->body.len > 0;
    pl_err e = add_header(j, "Accept", "application/json");
    if (!e)
        e = add_header(j, "Expect", "");
    if (!e) {
        e = add_header(j, "Content-Type",
                       has_body && request->content_type ? request->content_type
                                                         : "");
    }
    if (!e)
        e = add_header(j, "Idempotency-Key", request->idempotency_key);
    if (!e)
        e = add_header(j, "x-correlator", request->correlator);
    if (!e)
        e = add_authorization(j, request);
    return e;
}

static pl_err set_method(job *j, const pl_https_request *request)
{
    CURL *easy = j->easy;
    bool is_post = strcmp(request->method, "POST") == 0;
    (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body.len == 0 && !is_post)
        return PL_OK;
    j->sent = malloc(request->body.len + 1);
    if (!j->sent)
        return PL_ENOMEM;
    if (request->body.len > 0)
        memcpy(j->sent, request->body.ptr, request->body.len);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                           (curl_off_t)request->body.len);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, j->sent);
    return PL_OK;
}

static void set_options(job *j, const pl_https_request *request)
{
    CURL *easy = j->easy;
    long checks = request->any_certificate ? 0L : 1L;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)j);
    (void)curl_easy_setopt(easy, CURLOPT_URL, request->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                           (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Do not wait for a thread that still looks up a name. */
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    if (request->connect_ms > 0) {
        (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                               (long)request->connect_ms);
    }
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "parley/" PL_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, checks);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, checks ? 2L : 0L);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, j);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, j);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, j->headers);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, j);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, j);
    if (j->https->ca_file[0])
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, j->https->ca_file);
}

static pl_err start(job *j, const pl_https_request *request)
{
    pl_err e = pl_outgoing_url_read(request->url, &j->url);
    if (e)
        return e;
    j->easy = curl_easy_init();
    if (!j->easy)
        return PL_ENOMEM;
    e = set_headers(j, request);
    if (!e)
        e = set_method(j, request);
    if (e)
        return e;
    set_options(j, request);
    /* The first step runs from the timer that curl sets here. */
    return curl_multi_add_handle(j->https->multi, j->easy) ? PL_ENOMEM : PL_OK;
}

pl_err pl_https_ask(pl_https *https, const pl_https_request *request,
                    pl_https_done done, void *ctx)
{
    if (https->n_jobs >= https->options.max)
        return PL_EFULL;
    job *j = calloc(1, sizeof *j);
    if (!j)
        return PL_ENOMEM;
    j->https = https;
    j->rules = request->rules;
    j->done = done;
    j->ctx = ctx;
    pl_buf_init(&j->body, request->answer_max);
    pl_err e = start(j, request);
    if (e) {
        free_job(j);
        return e;
    }
    pl_list_append(&https->jobs, &j->link);
    https->n_jobs++;
    return PL_OK;
}
