/* test_management_random.c - random questions over random rooms, against what
 * a plain reading of the rules says. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pl/management.h"
#include "pl/str.h"
#include "question.h"

enum {
    N_ROOMS = 60,
    N_QUESTIONS = 4000,
    ALIASES_MAX = 3,
    TEXT_MAX = 64,
    FILTERS_MAX = 3
};

/* ---- random ---- */

static uint64_t seed;

static uint32_t any(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

/* Few different texts, so that questions have answers. */
static void random_text(char *text)
{
    static const char *const parts[] = {"a",
                                        "A",
                                        "b",
                                        "B",
                                        "%",
                                        "_",
                                        "\\",
                                        "'",
                                        " ",
                                        "\"",
                                        "\xc3\xa9",
                                        "\xc3\x89",
                                        "\xf0\x9f\x98\x80",
                                        "1"};
    size_t n = any(4);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(text);
        pl_fmt_cut(text + at, TEXT_MAX - at, "%s",
                   parts[any(sizeof parts / sizeof parts[0])]);
    }
}

/* ---- rooms, and what they answer ---- */

typedef struct value {
    bool is_null, is_number;
    int64_t number;
    char text[TEXT_MAX];
} value;

typedef struct room {
    value id, name, tag, description, allow_guests, limit, creation_time;
    value sync_tag, service_type, email;
    value aliases[ALIASES_MAX];
    size_t n_aliases;
} room;

static room rooms[N_ROOMS];

static const struct known {
    const char *name;
    size_t offset;
    pl_mgmt_kind kind;
} FIELDS[] = {
    {"id", offsetof(room, id), PL_MGMT_KIND_INT},
    {"name", offsetof(room, name), PL_MGMT_KIND_STR},
    {"tag", offsetof(room, tag), PL_MGMT_KIND_STR},
    {"description", offsetof(room, description), PL_MGMT_KIND_STR},
    {"allow_guests", offsetof(room, allow_guests), PL_MGMT_KIND_BOOL},
    {"participant_limit", offsetof(room, limit), PL_MGMT_KIND_INT},
    {"creation_time", offsetof(room, creation_time), PL_MGMT_KIND_TIME},
    {"sync_tag", offsetof(room, sync_tag), PL_MGMT_KIND_STR},
    {"service_type", offsetof(room, service_type), PL_MGMT_KIND_WORD},
    {"primary_owner_email_address", offsetof(room, email), PL_MGMT_KIND_STR},
    {"aliases__alias", offsetof(room, aliases), PL_MGMT_KIND_STR},
};
enum { N_FIELDS = sizeof FIELDS / sizeof FIELDS[0], LINKED = N_FIELDS - 1 };

static const value *value_of(const room *r, size_t field)
{
    return (const value *)(const void *)((const char *)r +
                                         FIELDS[field].offset);
}

static value number_value(int64_t number)
{
    return (value){.is_number = true, .number = number};
}

static value text_value(const char *text)
{
    value v = {.is_null = false};
    pl_fmt_cut(v.text, sizeof v.text, "%s", text);
    return v;
}

/* ---- writing them ---- */

static void bind_and_run(question *q, const char *sql, const value *values,
                         int n)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(q->db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(q->db));
    for (int i = 0; i < n; i++) {
        if (values[i].is_number)
            sqlite3_bind_int64(stmt, i + 1, values[i].number);
        else
            sqlite3_bind_text(stmt, i + 1, values[i].text, -1,
                              SQLITE_TRANSIENT);
    }
    if (sqlite3_step(stmt) != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(q->db));
    sqlite3_finalize(stmt);
}

static void give_setting(question *q, const room *r, const char *field,
                         const value *v)
{
    const value values[] = {r->id, text_value(field), *v};
    bind_and_run(q, "INSERT INTO room_settings VALUES (?, ?, json_quote(?))",
                 values, 3);
}

static void make_aliases(question *q, room *r, unsigned no)
{
    for (size_t n = any(ALIASES_MAX + 1); r->n_aliases < n; r->n_aliases++) {
        char text[TEXT_MAX];
        char alias[2 * TEXT_MAX];
        random_text(text);
        pl_fmt_cut(alias, sizeof alias, "%s%u-%zu", text, no, r->n_aliases);
        value *v = &r->aliases[r->n_aliases];
        *v = text_value(alias);
        const value values[] = {
            *v, r->name, number_value(10 * no + (unsigned)r->n_aliases + 1),
            *v};
        bind_and_run(q,
                     "INSERT INTO aliases (alias, room_id, alias_no, written, "
                     "created_at) VALUES (lower(?), ?, ?, ?, '')",
                     values, 4);
    }
}

static void make_room(question *q, room *r, unsigned no)
{
    static const char *const types[] = {"conference", "lecture", "test_call"};
    char text[TEXT_MAX];
    char name[2 * TEXT_MAX];
    r->id = number_value(no);
    random_text(text);
    pl_fmt_cut(name, sizeof name, "%s%u", text, no);
    r->name = text_value(name);
    random_text(text);
    r->tag = text_value(text);
    r->service_type = text_value(types[any(3)]);
    random_text(text);
    r->description = text_value(text);
    r->allow_guests = number_value(any(2));
    uint32_t limit = any(4);
    pl_fmt_cut(text, sizeof text, "2026-02-11T18:04:0%u.12%uZ", any(3), any(3));
    r->creation_time = text_value(text);
    const value values[] = {
        r->name,        r->creation_time, r->id,           r->tag,
        r->description, r->allow_guests,  r->service_type, number_value(limit)};
    bind_and_run(
        q,
        "INSERT INTO rooms (room_id, created_at, room_no, tag, "
        "description, allow_guests, service_type, max_participants, source, "
        "state, "
        "mode, pin_hash, host_pin_hash, max_talkers, announce) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, 'admin', 'enabled', 'mix', '', '', 0, "
        "'')",
        values, 8);
    r->limit = number_value(limit);
    r->limit.is_null = limit == 0;
    r->sync_tag = text_value("");
    r->email = text_value("");
    if (any(2)) {
        random_text(text);
        r->sync_tag = text_value(text);
        give_setting(q, r, "sync_tag", &r->sync_tag);
    }
    if (any(2)) {
        random_text(text);
        r->email = text_value(text);
        give_setting(q, r, "primary_owner_email_address", &r->email);
    }
    make_aliases(q, r, no);
}

/* ---- the rules, plainly ---- */

static int compare(const value *a, const value *b)
{
    if (a->is_null || b->is_null)
        return b->is_null - a->is_null; /* none is before all */
    if (a->is_number)
        return (a->number > b->number) - (a->number < b->number);
    return strcmp(a->text, b->text);
}

static void fold(const char *text, char *folded)
{
    size_t i = 0;
    for (; text[i]; i++)
        folded[i] =
            text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    folded[i] = '\0';
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t n = strlen(text);
    size_t k = strlen(with);
    return n >= k && strcmp(text + n - k, with) == 0;
}

typedef struct rule {
    size_t field;
    pl_mgmt_operator op;
    value values[3];
    size_t n_values;
} rule;

static bool texts_hold(pl_mgmt_operator op, const char *text, const char *with)
{
    char a[TEXT_MAX];
    char b[TEXT_MAX];
    fold(text, a);
    fold(with, b);
    switch ((int)op) {
    case PL_MGMT_IEXACT: return strcmp(a, b) == 0;
    case PL_MGMT_CONTAINS: return strstr(text, with) != NULL;
    case PL_MGMT_ICONTAINS: return strstr(a, b) != NULL;
    case PL_MGMT_STARTSWITH: return starts(text, with);
    case PL_MGMT_ISTARTSWITH: return starts(a, b);
    case PL_MGMT_ENDSWITH: return ends(text, with);
    case PL_MGMT_IENDSWITH: return ends(a, b);
    default: fail_msg("%d", (int)op);
    }
    return false;
}

static bool value_holds(const value *v, const rule *r)
{
    if (r->op == PL_MGMT_ISNULL)
        return v->is_null == (r->values[0].number != 0);
    if (v->is_null)
        return false;
    int c = compare(v, &r->values[0]);
    switch ((int)r->op) {
    case PL_MGMT_EXACT: return c == 0;
    case PL_MGMT_GT: return c > 0;
    case PL_MGMT_GTE: return c >= 0;
    case PL_MGMT_LT: return c < 0;
    case PL_MGMT_LTE: return c <= 0;
    case PL_MGMT_RANGE: return c >= 0 && compare(v, &r->values[1]) <= 0;
    case PL_MGMT_IN:
        for (size_t i = 0; i < r->n_values; i++) {
            if (compare(v, &r->values[i]) == 0)
                return true;
        }
        return false;
    default: return texts_hold(r->op, v->text, r->values[0].text);
    }
}

static bool holds(const room *in, const rule *r)
{
    if (r->field != LINKED)
        return value_holds(value_of(in, r->field), r);
    if (r->op == PL_MGMT_ISNULL)
        return (in->n_aliases == 0) == (r->values[0].number != 0);
    for (size_t i = 0; i < in->n_aliases; i++) {
        if (value_holds(&in->aliases[i], r))
            return true;
    }
    return false;
}

static size_t order_field;
static bool order_falls;

static int in_order(const void *a, const void *b)
{
    const room *x = *(room *const *)a;
    const room *y = *(room *const *)b;
    int c = compare(value_of(x, order_field), value_of(y, order_field));
    if (c == 0)
        return compare(&x->id, &y->id);
    return order_falls ? -c : c;
}

/* ---- questions ---- */

static value random_value(size_t field)
{
    const room *r = &rooms[any(N_ROOMS)];
    const value *from =
        field == LINKED ? &r->aliases[any(ALIASES_MAX)] : value_of(r, field);
    value v = *from;
    v.is_null = false;
    if (!v.is_number && FIELDS[field].kind != PL_MGMT_KIND_TIME && any(2)) {
        random_text(v.text);
        return v;
    }
    /* Half of the values are part of a real one; commas separate. */
    size_t n = strlen(v.text);
    if (FIELDS[field].kind != PL_MGMT_KIND_TIME && n > 0 && any(2)) {
        size_t cut = any((uint32_t)n);
        if (((unsigned char)v.text[cut] & 0xc0) != 0x80)
            v.text[cut] = '\0';
    }
    return v;
}

static rule random_rule(void)
{
    rule r = {.n_values = 1};
    do {
        r.field = any(N_FIELDS);
        r.op = (pl_mgmt_operator)any(PL_MGMT_OPERATOR_COUNT);
    } while (!pl_mgmt_operator_fits(r.op, FIELDS[r.field].kind));
    if (r.op == PL_MGMT_ISNULL) {
        r.values[0] = number_value(any(2));
        return r;
    }
    if (r.op == PL_MGMT_RANGE)
        r.n_values = 2;
    if (r.op == PL_MGMT_IN)
        r.n_values = 1 + any(3);
    for (size_t i = 0; i < r.n_values; i++)
        r.values[i] = random_value(r.field);
    return r;
}

static size_t add_rule(const rule *r, uint8_t *blob, size_t cap)
{
    char text[4 * TEXT_MAX] = "";
    for (size_t i = 0; i < r->n_values; i++) {
        const value *v = &r->values[i];
        size_t at = strlen(text);
        const char *comma = i == 0 ? "" : ",";
        if (v->is_number)
            pl_fmt_cut(text + at, sizeof text - at, "%s%" PRId64, comma,
                       v->number);
        else
            pl_fmt_cut(text + at, sizeof text - at, "%s%s", comma, v->text);
    }
    return question_blob(
        &(asking){FIELDS[r->field].name, pl_mgmt_operator_text(r->op), text}, 1,
        blob, cap);
}

static void check(question *q, const rule *rules, size_t n,
                  const pl_management_query *m)
{
    room *found[N_ROOMS];
    size_t n_found = 0;
    for (size_t i = 0; i < N_ROOMS; i++) {
        bool is_in = true;
        for (size_t k = 0; k < n; k++)
            is_in = is_in && holds(&rooms[i], &rules[k]);
        if (is_in)
            found[n_found++] = &rooms[i];
    }
    qsort(found, n_found, sizeof found[0], in_order);
    size_t shown = n_found > m->offset ? n_found - m->offset : 0;
    shown = shown > m->limit ? m->limit : shown;
    bool is_same = q->total == n_found && q->n_ids == shown;
    for (size_t i = 0; is_same && i < shown; i++) {
        char id[TEXT_MAX];
        pl_fmt_cut(id, sizeof id, "%" PRId64, found[m->offset + i]->id.number);
        is_same = strcmp(id, q->ids[i]) == 0;
    }
    if (is_same)
        return;
    for (size_t i = 0; i < n; i++)
        print_message(
            "%s %s '%s' '%s' %" PRId64 "\n", FIELDS[rules[i].field].name,
            pl_mgmt_operator_text(rules[i].op), rules[i].values[0].text,
            rules[i].values[1].text, rules[i].values[0].number);
    fail_msg("order %s, %u of %u: %zu of %zu, not %zu of %" PRIu64, m->order,
             m->limit, m->offset, shown, n_found, q->n_ids, q->total);
}

static void ask_something(question *q)
{
    uint8_t blob[2048];
    rule rules[FILTERS_MAX];
    size_t len = 0;
    size_t n = any(FILTERS_MAX + 1);
    for (size_t i = 0; i < n; i++) {
        rules[i] = random_rule();
        len += add_rule(&rules[i], blob + len, sizeof blob - len);
    }
    order_field = any(LINKED);
    order_falls = any(2) != 0;
    char order[TEXT_MAX];
    pl_fmt_cut(order, sizeof order, "%s%s", order_falls ? "-" : "",
               FIELDS[order_field].name);
    pl_management_query m =
        question_make(PL_MGMT_RESOURCE_CONFERENCE, blob, len, order);
    m.limit = 1 + any(N_ROOMS + 10);
    m.offset = any(4) == 0 ? any(N_ROOMS) : 0;
    if (question_ask(q, &m))
        fail_msg("%s", q->fault);
    check(q, rules, n, &m);
}

static void random_questions_are_answered_by_the_rules(void **state)
{
    question q;
    const char *given = getenv("SEED");
    (void)state;
    seed = given ? strtoull(given, NULL, 10) : 1;
    print_message("SEED=%" PRIu64 "\n", seed);
    question_open(&q);
    question_write(&q, "BEGIN");
    memset(rooms, 0, sizeof rooms);
    for (unsigned i = 0; i < N_ROOMS; i++)
        make_room(&q, &rooms[i], i + 1);
    question_write(&q, "COMMIT");
    for (unsigned i = 0; i < N_QUESTIONS; i++)
        ask_something(&q);
    question_close(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_questions_are_answered_by_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
