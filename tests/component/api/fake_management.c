/* fake_management.c - scripted answers to the management API. */
#include "fake_management.h"

#include <string.h>

#include "pl/buf.h"
#include "pl/str.h"

enum { N_ALIASES = 5, PART = 2, TEXT_MAX = 4096 };

static void reply_page(const fake_management *fake, const pl_bus_in *in,
                       uint32_t total, uint32_t count, const pl_buf *text)
{
    pl_management_page page = {
        .total = total, .count = count, .objects = pl_buf_slice(text)};
    pl_bus_reply(fake->bus, &in->ticket, &PL_MSG_MANAGEMENT_PAGE, &page);
}

static void add_alias(pl_buf *text, uint32_t no)
{
    pl_buf_add_fmt(text,
                   "%s{\"id\":%u,\"alias\":\"a%u\",\"conference\":1,"
                   "\"description\":\"\","
                   "\"creation_time\":\"2026-02-11T18:04:05.121Z\"}",
                   text->len > 1 ? "," : "", no, no);
}

/* Files of the recording r; what is wrong with some, the test knows. */
static uint32_t add_file(pl_buf *text, const char *id)
{
    static const char *const paths[] = {"r/1-mix.opus", "r/2.au",
                                        "r/missing.opus", "r/link.opus",
                                        "../secret.opus"};
    uint32_t n = (uint32_t)(sizeof paths / sizeof paths[0]);
    for (uint32_t i = 0; i < n; i++) {
        char name[16];
        pl_fmt_cut(name, sizeof name, "r-%u", (unsigned)i + 1);
        if (strcmp(name, id) != 0)
            continue;
        pl_buf_add_fmt(text, "{\"path\":\"%s\",\"codec\":\"%s\"}", paths[i],
                       i == 1 ? "PCMU/8000" : "opus/48000");
        return 1;
    }
    return 0;
}

static void on_query(void *ctx, const pl_bus_in *in)
{
    const pl_management_query *m = in->body;
    bool is_alias = m->resource == PL_MGMT_RESOURCE_ALIAS;
    bool is_muted = m->resource == PL_MGMT_RESOURCE_LIVE_PARTICIPANT &&
                    strcmp(m->id, "p-1") == 0;
    uint32_t n = 0;
    pl_buf text;
    pl_buf_init(&text, TEXT_MAX);
    pl_buf_add_str(&text, "[");
    if (is_alias && m->id[0]) {
        n = strcmp(m->id, "9") != 0;
        if (n)
            add_alias(&text, 1);
    } else if (is_alias) {
        for (; n < PART && n < m->limit && m->offset + n < N_ALIASES; n++)
            add_alias(&text, m->offset + n + 1);
    } else if (m->resource == PL_MGMT_RESOURCE_RECORDING_FILE) {
        n = add_file(&text, m->id);
    } else if (is_muted) {
        n = 1;
        pl_buf_add_str(&text, "{\"id\":\"p-1\",\"is_muted\":1}");
    }
    pl_buf_add_str(&text, "]");
    reply_page(ctx, in, is_alias && !m->id[0] ? N_ALIASES : n, n, &text);
    pl_buf_fini(&text);
}

static void on_put(void *ctx, const pl_bus_in *in)
{
    static const char FAULTS[] = "{\"__all__\":[\"It is taken.\"]}";
    const fake_management *fake = ctx;
    const pl_management_put *m = in->body;
    pl_management_done done = {.id = m->id ? m->id : 57};
    pl_management_refused refused = {.faults = pl_slice_str(FAULTS)};
    char text[TEXT_MAX];
    if (m->id == 9)
        pl_bus_reply_error(fake->bus, &in->ticket, PL_ENOENT, NULL);
    else if (!pl_copy(text, sizeof text, m->object) && strstr(text, "taken"))
        pl_bus_reply(fake->bus, &in->ticket, &PL_MSG_MANAGEMENT_REFUSED,
                     &refused);
    else
        pl_bus_reply(fake->bus, &in->ticket, &PL_MSG_MANAGEMENT_DONE, &done);
}

static void reply_ok(const fake_management *fake, const pl_bus_in *in,
                     bool is_there)
{
    pl_ok ok = {.status = 0};
    if (is_there)
        pl_bus_reply(fake->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
    else
        pl_bus_reply_error(fake->bus, &in->ticket, PL_ENOENT, NULL);
}

static void on_delete(void *ctx, const pl_bus_in *in)
{
    const pl_management_delete *m = in->body;
    reply_ok(ctx, in, m->id != 9);
}

static void on_command(void *ctx, const pl_bus_in *in)
{
    const pl_management_command *m = in->body;
    bool is_unmute = m->command == PL_MGMT_COMMAND_PARTICIPANT_UNMUTE;
    bool is_transfer = m->command == PL_MGMT_COMMAND_PARTICIPANT_TRANSFER;
    bool is_good = is_unmute || (is_transfer && strlen(m->secret) == 43);
    reply_ok(ctx, in, is_good && strcmp(m->id, "p-1") == 0);
}

static void on_dial(void *ctx, const pl_bus_in *in)
{
    const fake_management *fake = ctx;
    pl_room_dialled dialled = {.participant_id = "p-2"};
    pl_bus_reply(fake->bus, &in->ticket, &PL_MSG_ROOM_DIALLED, &dialled);
}

pl_err fake_management_open(fake_management *fake, pl_bus *bus)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } rows[] = {
        {&PL_MSG_MANAGEMENT_QUERY, on_query},
        {&PL_MSG_MANAGEMENT_PUT, on_put},
        {&PL_MSG_MANAGEMENT_DELETE, on_delete},
        {&PL_MSG_MANAGEMENT_COMMAND, on_command},
        {&PL_MSG_MANAGEMENT_DIAL, on_dial},
    };
    *fake = (fake_management){.bus = bus};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_err e = pl_bus_handle(bus, rows[i].desc, rows[i].handler, fake);
        if (e)
            return e;
    }
    return PL_OK;
}
