/* mgmt_client.c - see mgmt_client.h. */
#include "mgmt_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { JSON_MAX = 16384 };

static void swap_quotes(char *text, char from, char to)
{
    for (; *text; text++) {
        if (*text == from)
            *text = to;
    }
}

void mgmt_begins(world *w, const mgmt_put *put, answer *a)
{
    static char json[JSON_MAX];
    pl_management_put m = {
        .resource = put->resource, .id = put->id, .replace = put->replace};
    assert_int_equal(pl_fmt(json, sizeof json, "%s", put->json), PL_OK);
    swap_quotes(json, '\'', '"');
    PUT(m.client_id, "client");
    m.object = pl_slice_str(json);
    if (put->replace)
        PL_MSG_SET(MANAGEMENT_PUT, management_put, &m, replace);
    world_send(w, w->api, &PL_MSG_MANAGEMENT_PUT, &m, a);
}

pl_err mgmt_puts(world *w, const mgmt_put *put, uint64_t *ret_id,
                 char faults[MGMT_FAULTS])
{
    answer a;
    mgmt_begins(w, put, &a);
    world_wait(w, &a);
    faults[0] = '\0';
    if (a.error)
        return a.error;
    if (a.desc == &PL_MSG_MANAGEMENT_DONE) {
        *ret_id = a.body.managed.id;
        return PL_OK;
    }
    assert_ptr_equal(a.desc, &PL_MSG_MANAGEMENT_REFUSED);
    pl_fmt_cut(faults, MGMT_FAULTS, "%s", a.sdp);
    swap_quotes(faults, '"', '\'');
    return PL_EINVAL;
}

uint64_t mgmt_makes(world *w, uint32_t resource, const char *json)
{
    char faults[MGMT_FAULTS];
    uint64_t id = 0;
    const mgmt_put put = {.resource = resource, .json = json};
    pl_err e = mgmt_puts(w, &put, &id, faults);
    if (e)
        fail_msg("%s: %s %s", json, pl_err_text(e), faults);
    assert_true(id > 0);
    return id;
}

void mgmt_changes(world *w, uint32_t resource, uint64_t id, const char *json)
{
    char faults[MGMT_FAULTS];
    uint64_t same = 0;
    const mgmt_put put = {.resource = resource, .id = id, .json = json};
    pl_err e = mgmt_puts(w, &put, &same, faults);
    if (e)
        fail_msg("%s: %s %s", json, pl_err_text(e), faults);
    assert_int_equal(same, id);
}

void mgmt_is_refused(world *w, uint32_t resource, uint64_t id, const char *json,
                     const char *expected)
{
    char faults[MGMT_FAULTS];
    uint64_t made = 0;
    const mgmt_put put = {.resource = resource, .id = id, .json = json};
    assert_int_equal(mgmt_puts(w, &put, &made, faults), PL_EINVAL);
    assert_string_equal(faults, expected);
    world_check(w);
}

pl_err mgmt_removes(world *w, uint32_t resource, uint64_t id)
{
    pl_management_delete m = {.resource = resource, .id = id};
    answer a;
    PUT(m.client_id, "client");
    world_ask(w, &PL_MSG_MANAGEMENT_DELETE, &m, &a);
    return a.error;
}

pl_err mgmt_does(world *w, pl_management_command *m, uint32_t command,
                 const char *id)
{
    answer a;
    m->command = command;
    if (m->role)
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, role);
    if (m->alias[0]) {
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, alias);
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, transfer_id);
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, secret);
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, transfer_hash);
    }
    PUT(m->client_id, "client");
    PUT(m->id, id);
    world_ask(w, &PL_MSG_MANAGEMENT_COMMAND, m, &a);
    return a.error;
}

pl_err mgmt_dials(world *w, const char *alias, const char *address,
                  uint32_t role, answer *a)
{
    pl_management_dial m = {.role = role};
    PUT(m.client_id, "client");
    PUT(m.alias, alias);
    PUT(m.address, address);
    world_ask(w, &PL_MSG_MANAGEMENT_DIAL, &m, a);
    return a->error;
}
