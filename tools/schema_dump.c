/* schema_dump - prints docs/protocol/messages.md from the schema, or with
 * --json the same for programs in other languages. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pl/msg.h"

static const char *kind_text(pl_kind kind)
{
    static const char *const kinds[] = {"u32",  "u64", "i64",
                                        "bool", "str", "bytes"};
    return kinds[kind];
}

static const char *role_text(const char *role)
{
    static const struct {
        const char *symbol, *text;
    } rows[] = {{"ANY", "any"},
                {"API", "api-frontend"},
                {"SIGNALING", "signaling-worker"},
                {"MEDIA", "media-worker"},
                {"ROOMPOOL", "roompool"},
                {"OPERATOR", "operator"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].symbol, role) == 0)
            return rows[i].text;
    }
    return role;
}

static void print_bound(uint64_t v, pl_kind kind)
{
    if (kind == PL_I64) {
        (void)printf("%" PRId64, (int64_t)v);
    } else {
        (void)printf("%" PRIu64, v);
    }
}

static void print_fields(const pl_msg_desc *d)
{
    (void)printf("| id | field | kind | presence | min | max | unit | meaning "
                 "|\n|---:|---|---|---|---:|---:|---|---|\n");
    for (size_t i = 0; i < d->n_fields; i++) {
        const pl_field_desc *f = &d->fields[i];
        (void)printf("| %u | `%s` | %s | %s | ", f->id, f->name,
                     kind_text(f->kind),
                     f->presence == PL_REQ ? "required" : "optional");
        print_bound(f->min, f->kind);
        (void)printf(" | ");
        print_bound(f->max, f->kind);
        (void)printf(" | %s | %s |\n", f->unit, f->doc);
    }
    (void)printf("\n");
}

static void print_message(const pl_msg_desc *d)
{
    static const char *const kinds[] = {"request", "reply", "event"};
    (void)printf("## %s\n\n`0x%04x`, since %u, %s from %s to %s", d->name,
                 d->id, d->since, kinds[d->kind], role_text(d->sender),
                 role_text(d->receiver));
    if (d->kind == PL_REQUEST)
        (void)printf(", deadline %u ms", d->deadline_ms);
    (void)printf(".\n%s\n\n", d->doc);
    print_fields(d);
}

static void print_markdown(void)
{
    (void)printf(
        "# Messages on the bus\n\n"
        "Written by `schema_dump` from `common/schema/*.def`; not edited by "
        "hand.\n\n"
        "Schema major %d. A message is two ZeroMQ frames. The first is the "
        "msgpack array\n"
        "`[major, msg_id, corr_id, kind, deadline_ms, trace, epoch]`: kind is "
        "0 for a request, 1 for a reply,\n2 for an event; corr_id joins a "
        "reply to its request and is 0 in events; deadline_ms is the time "
        "left;\ntrace is up to 32 hex digits; epoch is the room's. The second "
        "is a msgpack map from field id to value.\n"
        "Bounds are on the value, for str and bytes on the length in bytes. "
        "Unknown fields are skipped.\nA unit such as `role` refers to "
        "`common/tables/words.def`, `pl_err` to `common/tables/err.def`.\n"
        "Changes: [CHANGES.md](CHANGES.md).\n\n",
        (int)PL_SCHEMA_MAJOR);
    for (size_t i = 0; pl_msg_at(i); i++)
        print_message(pl_msg_at(i));
}

/* Names and units hold nothing that JSON would have to escape. */
static void print_json(void)
{
    static const char *const kinds[] = {"request", "reply", "event"};
    (void)printf("{\"major\":%d,\"hash\":\"%016" PRIx64 "\",\"messages\":[",
                 (int)PL_SCHEMA_MAJOR, pl_msg_schema_hash());
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        (void)printf("%s\n{\"name\":\"%s\",\"id\":%u,\"since\":%u,\"kind\":"
                     "\"%s\",\"deadline_ms\":%u,\"fields\":[",
                     i ? "," : "", d->name, d->id, d->since, kinds[d->kind],
                     d->deadline_ms);
        for (size_t k = 0; k < d->n_fields; k++) {
            const pl_field_desc *f = &d->fields[k];
            (void)printf("%s{\"id\":%u,\"name\":\"%s\",\"kind\":\"%s\","
                         "\"required\":%s,\"min\":",
                         k ? "," : "", f->id, f->name, kind_text(f->kind),
                         f->presence == PL_REQ ? "true" : "false");
            print_bound(f->min, f->kind);
            (void)printf(",\"max\":");
            print_bound(f->max, f->kind);
            (void)printf("}");
        }
        (void)printf("]}");
    }
    (void)printf("]}\n");
}

int main(int argc, char **argv)
{
    bool wants_json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !wants_json) {
        (void)fprintf(stderr, "usage: schema_dump [--json]\n");
        return 64;
    }
    if (wants_json) {
        print_json();
    } else {
        print_markdown();
    }
    return 0;
}
