/* client.c - see client.h. */
#include "client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "say.h"

enum { HELLO_MS = 3000, AGAIN_MS = 500 };

struct pl_ctl_client {
    const pl_common_config *common;
    pl_loop *loop;
    pl_bus *bus;
    pl_timer *timer;
    char node[PL_NODE_MAX + 1];
    uint64_t boot;
};

/* ---- asking ---- */

typedef struct question {
    pl_loop *loop;
    pl_ctl_on_reply on_reply;
    void *ctx;
    char *why;
    pl_err error;
} question;

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    question *q = ctx;
    q->error = e;
    if (e && in && in->desc == &PL_MSG_ERROR) {
        pl_fmt_cut(q->why, PL_CTL_WHY, "%s",
                   ((const pl_error *)in->body)->text);
    }
    if (!e && q->on_reply)
        q->error = q->on_reply(q->ctx, in);
    pl_loop_stop(q->loop);
}

static pl_err ask(pl_ctl_client *client, const pl_bus_send *how,
                  const pl_msg_desc *desc, const void *body, question *q)
{
    q->loop = client->loop;
    q->why[0] = '\0';
    pl_err e = pl_bus_request(client->bus, how, desc, body, on_reply, q, NULL);
    if (e)
        return e;
    pl_loop_run(client->loop);
    return q->error;
}

pl_err pl_ctl_ask(pl_ctl_client *client, const pl_msg_desc *desc,
                  const void *body, pl_ctl_on_reply on_reply_cb, void *ctx,
                  char why[PL_CTL_WHY])
{
    question q = {.on_reply = on_reply_cb, .ctx = ctx, .why = why};
    return ask(client, &(pl_bus_send){.to = NULL}, desc, body, &q);
}

static const struct hint {
    pl_err error;
    const char *text;
} HINTS[] = {
    {PL_ETIMEOUT, "is roompool running?"},
    {PL_EFORBIDDEN, "roompool takes this from operators only: see that the "
                    "key is in a file operator.pub, or operator-NAME.pub, of "
                    "its folder bus_allowed_keys"},
    {PL_EVERSION, "roompool is of another version: use the parleyctl that was "
                  "installed with it"},
    {PL_EUNSUPPORTED, "roompool is of an older version: use the parleyctl "
                      "that was installed with it"},
    {PL_EAGAIN, "roompool was started anew just now: try again"},
    {PL_EFULL, "too many tools are at it: end some"},
};

void pl_ctl_complain_of(const char *what, pl_err e, const char *why)
{
    const char *hint = "";
    for (size_t i = 0; i < sizeof HINTS / sizeof HINTS[0]; i++) {
        if (HINTS[i].error == e)
            hint = HINTS[i].text;
    }
    pl_ctl_complain("%s: %s%s%s", what, why[0] ? why : pl_err_text(e),
                    hint[0] ? "; " : "", hint);
}

/* ---- hello ---- */

static pl_err on_hello(void *ctx, const pl_bus_in *in)
{
    pl_ctl_client *client = ctx;
    if (in->desc != &PL_MSG_HELLO_OK)
        return PL_EPROTO;
    client->boot = ((const pl_hello_ok *)in->body)->roompool_boot;
    return PL_OK;
}

static pl_err say_hello(pl_ctl_client *client)
{
    char why[PL_CTL_WHY];
    pl_hello m = {.role = PL_ROLE_OPERATOR,
                  .schema_major = PL_SCHEMA_MAJOR,
                  .schema_hash = pl_msg_schema_hash(),
                  .pid = (uint32_t)getpid()};
    question q = {.on_reply = on_hello, .ctx = client, .why = why};
    pl_fmt_cut(m.node, sizeof m.node, "%s", client->node);
    pl_fmt_cut(m.build, sizeof m.build, "%s", PL_VERSION);
    pl_err e = ask(client, &(pl_bus_send){.deadline_ms = HELLO_MS},
                   &PL_MSG_HELLO, &m, &q);
    if (e == PL_EINVAL)
        e = PL_EFORBIDDEN; /* the key is of another role */
    if (e && e != PL_ETIMEOUT)
        pl_ctl_complain_of("roompool refused us", e, why);
    return e;
}

static void complain_of_silence(const pl_common_config *common)
{
    bool is_curve = common->bus_secret_key[0] != '\0';
    pl_ctl_complain("roompool does not answer at %s: start it, or name its "
                    "endpoint by --bus=ENDPOINT%s",
                    common->bus,
                    is_curve ? "; or it does not know our key: "
                               "bus_server_key must be its own, and our "
                               "bus_public_key in its bus_allowed_keys"
                             : "");
}

pl_err pl_ctl_client_again(pl_ctl_client *client)
{
    pl_err e;
    while ((e = say_hello(client)) == PL_ETIMEOUT)
        pl_ctl_pause(client, AGAIN_MS);
    return e;
}

/* ---- life ---- */

static void choose_node(char node[PL_NODE_MAX + 1])
{
    uint8_t raw[8];
    char name[9];
    char nonce[9];
    pl_random(raw, sizeof raw);
    pl_hex(raw, 4, name);
    pl_hex(raw + 4, 4, nonce);
    pl_fmt_cut(node, PL_NODE_MAX + 1, "operator-%s.%s", name, nonce);
}

static void on_pause_over(void *ctx)
{
    pl_ctl_client *client = ctx;
    pl_loop_stop(client->loop);
}

static pl_err open_bus(pl_ctl_client *client)
{
    const pl_common_config *c = client->common;
    const pl_bus_options options = {.loop = client->loop,
                                    .node = client->node,
                                    .role = PL_ROLE_OPERATOR,
                                    .endpoint = c->bus,
                                    .public_key_file = c->bus_public_key,
                                    .secret_key_file = c->bus_secret_key,
                                    .server_key_file = c->bus_server_key,
                                    .beat_ms = c->beat_ms,
                                    .beats_missed = c->beats_missed};
    pl_err e = pl_bus_open_zmq(&options, &client->bus);
    if (e == PL_ECONFIG) {
        pl_ctl_complain("the keys or the endpoint are not good (above): over "
                        "TCP name the folder with operator.key, operator.pub "
                        "and roompool.pub by --bus-keys=DIR");
    }
    return e;
}

pl_err pl_ctl_client_open(const pl_ctl_settings *settings,
                          pl_ctl_client **ret_client)
{
    pl_ctl_client *client = calloc(1, sizeof *client);
    if (!client)
        return PL_ENOMEM;
    client->common = settings->common;
    /* What the bus has to say of keys and endpoints, and no more. */
    pl_log_open("parleyctl", PL_LOG_ERROR, settings->common->log_json);
    choose_node(client->node);
    pl_err e = pl_loop_create(&client->loop);
    if (!e) {
        e = pl_timer_create(client->loop, on_pause_over, client,
                            &client->timer);
    }
    if (!e)
        e = open_bus(client);
    if (!e) {
        e = say_hello(client);
        if (e == PL_ETIMEOUT)
            complain_of_silence(settings->common);
    }
    if (e) {
        pl_ctl_client_close(&client);
        return e;
    }
    *ret_client = client;
    return PL_OK;
}

void pl_ctl_client_close(pl_ctl_client **client)
{
    if (!client || !*client)
        return;
    pl_ctl_client *c = *client;
    const pl_goodbye m = {.present = 0};
    /* Where it cannot be sent our beats stop, which says it too. */
    if (c->bus && c->boot && pl_bus_event(c->bus, NULL, &PL_MSG_GOODBYE, &m))
        PL_LOG(DEBUG, "ctl", "goodbye_not_sent", NULL, NULL);
    pl_bus_close(&c->bus);
    pl_timer_destroy(&c->timer);
    pl_loop_destroy(&c->loop);
    free(c);
    *client = NULL;
}

uint64_t pl_ctl_client_boot(const pl_ctl_client *client)
{
    return client->boot;
}

void pl_ctl_pause(pl_ctl_client *client, unsigned ms)
{
    pl_timer_start(client->timer, (int64_t)ms * 1000);
    pl_loop_run(client->loop);
}

int64_t pl_ctl_now_us(const pl_ctl_client *client)
{
    return pl_loop_now_us(client->loop);
}

int64_t pl_ctl_wall_ms(const pl_ctl_client *client)
{
    return pl_loop_wall_ms(client->loop);
}
