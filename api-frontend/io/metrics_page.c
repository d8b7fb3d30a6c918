/* metrics_page.c - /metrics: every node's numbers, asked from roompool one
 * after the other; without roompool our own. */
#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "gateway_impl.h"
#include "pl/str.h"
#include "prom_merge.h"

enum { NODES_MAX = 256, TEXT_MAX = 65536, PAGE_MAX = 4 << 20 };

typedef struct scrape {
    pl_list link;
    pl_gateway *gateway;
    pl_http_exchange *exchange;
    uint64_t corr;
    uint32_t index;
    pl_buf texts[NODES_MAX];
    size_t n;
} scrape;

static void free_scrape(scrape *s)
{
    pl_list_remove(&s->link);
    for (size_t i = 0; i < s->n; i++)
        pl_buf_fini(&s->texts[i]);
    free(s);
}

static void on_gone(void *ctx, pl_http_exchange *exchange)
{
    scrape *s = ctx;
    (void)exchange;
    if (s->corr)
        pl_bus_cancel(s->gateway->options.bus, s->corr);
    free_scrape(s);
}

static void add_text(scrape *s, pl_slice text)
{
    if (s->n == NODES_MAX)
        return;
    pl_buf_init(&s->texts[s->n], TEXT_MAX);
    pl_buf_add_slice(&s->texts[s->n], text);
    s->n++;
}

static void add_own(scrape *s)
{
    static char text[TEXT_MAX];
    size_t len = 0;
    if (pl_metrics_expose(s->gateway->options.metrics, s->gateway->options.node,
                          text, sizeof text, &len) == PL_OK)
        add_text(s, (pl_slice){(const uint8_t *)text, len});
}

static void finish(scrape *s)
{
    pl_slice texts[NODES_MAX];
    pl_answer answer;
    pl_answer_init(&answer);
    for (size_t i = 0; i < s->n; i++)
        texts[i] = pl_buf_slice(&s->texts[i]);
    answer.status = 200;
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    pl_answer_header(&answer, "Cache-Control", "no-store");
    if (pl_prom_merge(texts, s->n, &answer.body))
        pl_answer_refuse(&answer, PL_FAMILY_SITE, 500, "too many metrics");
    pl_http_respond(s->exchange, &answer, NULL, NULL);
    pl_answer_fini(&answer);
    free_scrape(s);
}

static void ask(scrape *s);

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    scrape *s = ctx;
    s->corr = 0;
    if (e || in->desc != &PL_MSG_METRICS_TEXT) {
        finish(s);
        return;
    }
    const pl_metrics_text *m = in->body;
    if (strcmp(m->node, s->gateway->options.node) != 0) /* ours is fresher */
        add_text(s, m->text);
    if (++s->index < m->total && s->n < NODES_MAX) {
        ask(s);
    } else {
        finish(s);
    }
}

static void ask(scrape *s)
{
    pl_metrics_get body = {.index = s->index};
    pl_bus_send how = {.to = NULL};
    if (pl_bus_request(s->gateway->options.bus, &how, &PL_MSG_METRICS_GET,
                       &body, on_reply, s, &s->corr))
        finish(s);
}

/* Loopback, or an address in the list. */
static bool may_read(const pl_incoming *in)
{
    const char *list = in->gateway->options.config->metrics_from;
    const char *source = pl_http_request_source(in->exchange);
    if (pl_http_request_is_loopback(in->exchange))
        return true;
    while (*list) {
        size_t n = strcspn(list, " ,");
        if (n == strlen(source) && strncmp(list, source, n) == 0)
            return true;
        list += n;
        list += strspn(list, " ,");
    }
    return false;
}

void pl_metrics_page_begin(const pl_incoming *in)
{
    pl_gateway *gateway = in->gateway;
    scrape *s = may_read(in) ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        pl_answer answer;
        pl_answer_init(&answer);
        pl_answer_refuse(&answer, PL_FAMILY_SITE, 403, "Not from this address");
        pl_http_respond(in->exchange, &answer, NULL, NULL);
        pl_answer_fini(&answer);
        return;
    }
    s->gateway = gateway;
    s->exchange = in->exchange;
    pl_list_append(&gateway->scrapes, &s->link);
    pl_http_watch(in->exchange, on_gone, s);
    add_own(s);
    if (gateway->options.is_ready(gateway->options.ctx)) {
        ask(s);
    } else {
        finish(s);
    }
}

void pl_metrics_pages_free(pl_gateway *gateway)
{
    while (!pl_list_is_empty(&gateway->scrapes)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): free_scrape() unlinks */
        free_scrape(PL_CONTAINER(gateway->scrapes.next, scrape, link));
    }
}
