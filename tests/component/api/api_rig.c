/* api_rig.c - a whole front end in a thread. */
#include "api_rig.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway.h"
#include "pl/log.h"
#include "pl/str.h"

typedef enum order {
    ORDER_NONE,
    ORDER_RELEASE,
    ORDER_LINKED,
    ORDER_DRAIN,
    ORDER_STOP
} order;

struct api_rig {
    char dir[64];
    pl_api_config config;
    fake_counts counts;
    pthread_t thread;
    pl_loop *loop;
    pl_metrics *metrics;
    pl_timer *timer;
    pl_bus_hub *hub;
    pl_bus *pool_bus, *api_bus;
    fake_roompool *fake;
    pl_gateway *gateway;
    atomic_int order;
    atomic_bool is_ready, is_up, is_drained;
    char token[8192];
};

static bool is_ready(void *ctx)
{
    api_rig *rig = ctx;
    return atomic_load(&rig->is_ready);
}

static void drained(void *ctx)
{
    api_rig *rig = ctx;
    atomic_store(&rig->is_drained, true);
}

static void obey(void *ctx)
{
    api_rig *rig = ctx;
    switch ((order)atomic_load(&rig->order)) {
    case ORDER_RELEASE: fake_release(rig->fake); break;
    case ORDER_LINKED: pl_gateway_linked(rig->gateway); break;
    case ORDER_DRAIN: pl_gateway_drain(rig->gateway, drained, rig); break;
    case ORDER_STOP: pl_loop_stop(rig->loop); break;
    case ORDER_NONE:
    default: break;
    }
    atomic_store(&rig->order, ORDER_NONE);
    pl_timer_start(rig->timer, 2000);
}

static pl_err open_bus(api_rig *rig)
{
    pl_bus_options pool = {.loop = rig->loop,
                           .node = "roompool",
                           .role = PL_ROLE_ROOMPOOL,
                           .endpoint = "mem"};
    pl_bus_options api = {.loop = rig->loop,
                          .node = "api-1.test",
                          .role = PL_ROLE_API,
                          .endpoint = "mem"};
    pl_err e = pl_bus_hub_create(rig->loop, 1, &rig->hub);
    if (!e)
        e = pl_bus_open_mem(rig->hub, &pool, &rig->pool_bus);
    if (!e)
        e = pl_bus_open_mem(rig->hub, &api, &rig->api_bus);
    return e;
}

static pl_err build(api_rig *rig)
{
    pl_err e = pl_loop_create(&rig->loop);
    if (!e)
        e = pl_metrics_create(PL_API_METRIC_TABLE, PL_AM_COUNT, &rig->metrics);
    if (!e)
        e = pl_timer_create(rig->loop, obey, rig, &rig->timer);
    if (!e)
        e = open_bus(rig);
    if (e)
        return e;
    rig->fake = fake_create(rig->pool_bus, &rig->counts);
    pl_gateway_options options = {.loop = rig->loop,
                                  .bus = rig->api_bus,
                                  .config = &rig->config,
                                  .metrics = rig->metrics,
                                  .node = "api-1.test",
                                  .is_ready = is_ready,
                                  .ctx = rig};
    return rig->fake ? pl_gateway_open(&options, &rig->gateway) : PL_ENOMEM;
}

static void *run(void *ctx)
{
    api_rig *rig = ctx;
    if (build(rig) == PL_OK) {
        atomic_store(&rig->is_up, true);
        pl_timer_start(rig->timer, 0);
        pl_loop_run(rig->loop);
    }
    pl_gateway_close(&rig->gateway);
    pl_bus_close(&rig->api_bus);
    pl_bus_close(&rig->pool_bus);
    pl_bus_hub_destroy(&rig->hub);
    fake_destroy(&rig->fake);
    pl_timer_destroy(&rig->timer);
    pl_loop_destroy(&rig->loop);
    return NULL;
}

static void set_path(const api_rig *rig, char *buf, size_t cap,
                     const char *name)
{
    (void)snprintf(buf, cap, "%s/%s", rig->dir, name);
}

/* The table's defaults, with paths in our folder. */
static void set_config(api_rig *rig)
{
    pl_config *config = NULL;
    pl_config_error error;
    char *const env[] = {NULL};
    assert_int_equal(
        pl_config_load(&PL_API_SECTION, 1, NULL, env, NULL, 0, &config, &error),
        PL_OK);
    rig->config = *(const pl_api_config *)pl_config_get(config, "api");
    pl_config_destroy(&config);
    pl_api_config *c = &rig->config;
    c->port = 0;
    (void)snprintf(c->listen, sizeof c->listen, "127.0.0.1");
    set_path(rig, c->certificate, sizeof c->certificate, "cert.pem");
    set_path(rig, c->certificate_key, sizeof c->certificate_key, "key.pem");
    set_path(rig, c->token_keys, sizeof c->token_keys, "keys.json");
    set_path(rig, c->dev_client, sizeof c->dev_client, "client.env");
    set_path(rig, c->management_file, sizeof c->management_file,
             "management.env");
    set_path(rig, c->turn_secret_file, sizeof c->turn_secret_file,
             "turn-secret");
    set_path(rig, c->web_dir, sizeof c->web_dir, "web");
    set_path(rig, c->openapi, sizeof c->openapi, "openapi.json");
}

void rig_pause(void)
{
    struct pollfd none = {.fd = -1};
    (void)poll(&none, 1, 10);
}

api_rig *rig_start(void (*change)(pl_api_config *config))
{
    api_rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    pl_log_open("test", PL_LOG_ERROR, false);
    (void)signal(SIGPIPE, SIG_IGN); /* as the process skeleton does */
    (void)snprintf(rig->dir, sizeof rig->dir, "/tmp/parley-api-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    set_config(rig);
    if (change)
        change(&rig->config);
    atomic_store(&rig->is_ready, true);
    assert_int_equal(pthread_create(&rig->thread, NULL, run, rig), 0);
    RIG_WAIT(atomic_load(&rig->is_up));
    return rig;
}

static void give(api_rig *rig, order what)
{
    atomic_store(&rig->order, (int)what);
    RIG_WAIT(atomic_load(&rig->order) == ORDER_NONE);
}

void rig_stop(api_rig **rig)
{
    static const char *const FILES[] = {
        "cert.pem",     "key.pem",     "keys.json",     "client.env",
        "openapi.json", "turn-secret", "management.env"};
    char path[128];
    atomic_store(&(*rig)->order, ORDER_STOP);
    assert_int_equal(pthread_join((*rig)->thread, NULL), 0);
    pl_metrics_destroy(&(*rig)->metrics);
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        set_path(*rig, path, sizeof path, FILES[i]);
        (void)unlink(path);
    }
    (void)rmdir((*rig)->dir);
    free(*rig);
    *rig = NULL;
}

unsigned rig_port(const api_rig *rig)
{
    return pl_gateway_port(rig->gateway);
}

fake_counts *rig_counts(api_rig *rig)
{
    return &rig->counts;
}

int64_t rig_metric(const api_rig *rig, size_t metric)
{
    return pl_metrics_value(rig->metrics, metric);
}

void rig_release(api_rig *rig)
{
    give(rig, ORDER_RELEASE);
}

void rig_linked(api_rig *rig)
{
    give(rig, ORDER_LINKED);
}

void rig_drain(api_rig *rig)
{
    give(rig, ORDER_DRAIN);
}

bool rig_is_drained(api_rig *rig)
{
    return atomic_load(&rig->is_drained);
}

void rig_set_ready(api_rig *rig, bool ready)
{
    atomic_store(&rig->is_ready, ready);
}

void rig_client(const api_rig *rig, char *secret, size_t cap)
{
    char line[256];
    FILE *f = fopen(rig->config.dev_client, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "CLIENT_SECRET=", 14) == 0)
            (void)snprintf(secret, cap, "%s", line + 14);
    }
    (void)fclose(f);
}

const char *rig_token(api_rig *rig)
{
    return rig_token_with(rig, "user=alice");
}

const char *rig_token_with(api_rig *rig, const char *more)
{
    char secret[128] = "";
    char body[256];
    tls_reply reply;
    rig_client(rig, secret, sizeof secret);
    (void)snprintf(body, sizeof body,
                   "grant_type=client_credentials&client_id=parley-dev"
                   "&client_secret=%s&%s",
                   secret, more);
    rig_request(rig, "POST /oauth2/token",
                "Content-Type: application/x-www-form-urlencoded\r\n", body,
                &reply);
    assert_int_equal(reply.status, 200);
    const char *at = strstr(reply.body, "\"access_token\":\"");
    assert_non_null(at);
    at += 16;
    (void)snprintf(rig->token, sizeof rig->token, "%.*s",
                   (int)strcspn(at, "\""), at);
    return rig->token;
}

tls_client *rig_connect(const api_rig *rig)
{
    tls_client *client = tls_connect(rig_port(rig), NULL, 0);
    assert_non_null(client);
    return client;
}

void rig_request(api_rig *rig, const char *line, const char *headers,
                 const char *body, tls_reply *ret_reply)
{
    static char text[300000];
    tls_client *client = rig_connect(rig);
    char length[64] = "";
    if (body)
        (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n",
                       strlen(body));
    (void)snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: a\r\n%s%s\r\n%s",
                   line, headers, length, body ? body : "");
    assert_true(tls_send_text(client, text));
    assert_true(tls_read(client, strncmp(line, "HEAD", 4) == 0, ret_reply));
    tls_close(&client);
}
