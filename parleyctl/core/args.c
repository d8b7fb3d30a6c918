/* args.c - see args.h. */
#include "args.h"

#include <string.h>

#include "pl/slice.h"
#include "pl/str.h"

/* ---- what there is ---- */

enum {
    TAKES_JSON = 1 << 0,
    TAKES_LIMIT = 1 << 1,
    TAKES_WAIT = 1 << 2,
    TAKES_FORCE = 1 << 3,
    TAKES_FOLLOW = 1 << 4,
    TAKES_DATABASE = 1 << 5,
    TAKES_BUS = 1 << 6,
    LISTS = TAKES_JSON | TAKES_LIMIT | TAKES_BUS
};

static const struct verb {
    const char *name, *operand;
    bool needs_operand;
    unsigned takes;
    const char *summary;
} VERBS[PL_CTL_N_VERBS] = {
    [PL_CTL_STATUS] = {"status", NULL, false, TAKES_JSON | TAKES_BUS,
                       "all on one screen; ends with 0 only when all is well"},
    [PL_CTL_WORKERS] = {"workers", NULL, false, LISTS,
                        "processes that roompool knows"},
    [PL_CTL_ROOMS] = {"rooms", NULL, false, LISTS, "rooms, used or not"},
    [PL_CTL_CONFERENCES] = {"conferences", "ROOM", false, LISTS,
                            "conferences that go on, of one room or of all"},
    [PL_CTL_PARTICIPANTS] = {"participants", "CONFERENCE", false, LISTS,
                             "who is there, in one conference or room or in "
                             "all"},
    [PL_CTL_CALLS] = {"calls", NULL, false, LISTS, "calls of telephones"},
    [PL_CTL_POOL] = {"pool", NULL, false, LISTS, "managed rooms"},
    [PL_CTL_REGISTRATIONS] = {"registrations", NULL, false, LISTS,
                              "devices that stand for numbers"},
    [PL_CTL_RECORDINGS] = {"recordings", NULL, false, LISTS,
                           "recordings, the newest first"},
    [PL_CTL_DRAIN] = {"drain", "WORKER", true,
                      TAKES_WAIT | TAKES_FORCE | TAKES_JSON | TAKES_BUS,
                      "let a worker hand over what it has, and end"},
    [PL_CTL_EVENTS] = {"events", NULL, false,
                       TAKES_FOLLOW | TAKES_JSON | TAKES_BUS,
                       "what roompool did lately, or does from now on"},
    [PL_CTL_KEYS] = {"keys", "DIR", true, TAKES_FORCE,
                     "make keys for a bus between hosts"},
    [PL_CTL_BACKUP] = {"backup", "TARGET", true, TAKES_DATABASE | TAKES_FORCE,
                       "copy the database, also while roompool uses it"},
    [PL_CTL_RESTORE] = {"restore", "BACKUP", true, TAKES_DATABASE,
                        "put a copy in the place of the database"},
};

typedef enum option_kind { SWITCH, TEXT, NUMBER32, NUMBER64 } option_kind;

static const struct option {
    const char *name;
    option_kind kind;
    unsigned of; /* verbs that take it; 0 all */
    size_t offset;
    uint64_t max;
    const char *value, *summary;
} OPTIONS[] = {
    {"help", SWITCH, 0, offsetof(pl_ctl_args, help), 0, NULL, "this text"},
    {"version", SWITCH, 0, offsetof(pl_ctl_args, version), 0, NULL,
     "the version"},
    {"check-config", SWITCH, 0, offsetof(pl_ctl_args, check_config), 0, NULL,
     "only tell whether the configuration is good"},
    {"config", TEXT, 0, offsetof(pl_ctl_args, config), 0, "FILE",
     "configuration; default etc/parley.conf where it exists"},
    {"bus-keys", TEXT, TAKES_BUS, offsetof(pl_ctl_args, bus_keys), 0, "DIR",
     "be an operator with the keys of this folder"},
    {"json", SWITCH, TAKES_JSON, offsetof(pl_ctl_args, json), 0, NULL,
     "one JSON document instead of a table"},
    {"limit", NUMBER32, TAKES_LIMIT, offsetof(pl_ctl_args, limit),
     PL_CTL_ROWS_MAX, "N", "at most so many rows; default 10000"},
    {"wait", SWITCH, TAKES_WAIT, offsetof(pl_ctl_args, wait), 0, NULL,
     "until the worker has ended"},
    {"timeout", NUMBER32, TAKES_WAIT, offsetof(pl_ctl_args, timeout_s), 86400,
     "SECONDS", "of --wait; default 600"},
    {"force", SWITCH, TAKES_FORCE, offsetof(pl_ctl_args, force), 0, NULL,
     "drain: though no other could take over; keys, backup: over what is "
     "there"},
    {"follow", SWITCH, TAKES_FOLLOW, offsetof(pl_ctl_args, follow), 0, NULL,
     "go on with what happens, until interrupted"},
    {"since", NUMBER64, TAKES_FOLLOW, offsetof(pl_ctl_args, since), UINT64_MAX,
     "N", "only events after number N"},
};
enum { N_OPTIONS = sizeof OPTIONS / sizeof OPTIONS[0] };

const char *pl_ctl_verb_name(pl_ctl_verb verb)
{
    return VERBS[verb].name;
}

/* ---- reading ---- */

typedef struct reader {
    pl_ctl_args *args;
    const char *const *keys;
    char *reason;
    size_t cap;
    bool has_verb;
    unsigned used;    /* what of TAKES_.. was asked for */
    const char *last; /* the option that asked for it */
} reader;

static bool is_name(const char *name, const char *flag, size_t n)
{
    return strlen(name) == n && memcmp(name, flag, n) == 0;
}

static pl_err read_number(const struct option *o, const char *text, void *to,
                          reader *r)
{
    uint64_t n = 0;
    if (pl_parse_u64(pl_slice_str(text), o->max, &n)) {
        pl_fmt_cut(r->reason, r->cap, "--%s=%s: want a number up to %llu",
                   o->name, text, (unsigned long long)o->max);
        return PL_EINVAL;
    }
    if (o->kind == NUMBER32) {
        *(uint32_t *)to = (uint32_t)n;
    } else {
        *(uint64_t *)to = n;
    }
    return PL_OK;
}

static pl_err take_option(reader *r, const struct option *o, const char *value)
{
    void *to = (char *)r->args + o->offset;
    if ((o->kind == SWITCH) != (value == NULL)) {
        pl_fmt_cut(r->reason, r->cap,
                   value ? "--%s takes no value" : "--%s needs a value",
                   o->name);
        return PL_EINVAL;
    }
    if (o->of) {
        r->used |= o->of;
        r->last = o->name;
    }
    if (o->kind == SWITCH) {
        *(bool *)to = true;
    } else if (o->kind == TEXT) {
        *(const char **)to = value;
    } else {
        return read_number(o, value, to, r);
    }
    return PL_OK;
}

static pl_err take_setting(reader *r, const char *key, const char *value)
{
    pl_ctl_args *a = r->args;
    if (!value) {
        pl_fmt_cut(r->reason, r->cap, "--%s needs a value", key);
        return PL_EINVAL;
    }
    if (a->n_settings == PL_CTL_SETTINGS_MAX ||
        pl_fmt(a->settings[a->n_settings], PL_CTL_SETTING_TEXT, "%s=%s", key,
               value)) {
        pl_fmt_cut(r->reason, r->cap, "--%s: too long, or too many", key);
        return PL_EINVAL;
    }
    a->n_settings++;
    return PL_OK;
}

static const struct option *find_option(const char *flag, size_t n)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (is_name(OPTIONS[i].name, flag, n))
            return &OPTIONS[i];
    }
    return NULL;
}

static const char *find_key(const reader *r, const char *flag, size_t n)
{
    for (const char *const *key = r->keys; *key; key++) {
        if (is_name(*key, flag, n))
            return *key;
    }
    return NULL;
}

/* "--name=value", or "--name" with the value in next. */
static pl_err take_flag(reader *r, const char *flag, const char *next,
                        bool *ret_took_next)
{
    size_t n = strcspn(flag, "=");
    const char *value = flag[n] == '=' ? flag + n + 1 : NULL;
    const struct option *o = find_option(flag, n);
    const char *key = o ? NULL : find_key(r, flag, n);
    *ret_took_next = false;
    if (!o && !key) {
        pl_fmt_cut(r->reason, r->cap, "--%.*s: there is no such option",
                   (int)(n > 64 ? 64 : n), flag);
        return PL_EINVAL;
    }
    if (!value && (key || o->kind != SWITCH) && next) {
        value = next;
        *ret_took_next = true;
    }
    return key ? take_setting(r, key, value) : take_option(r, o, value);
}

static pl_err take_word(reader *r, const char *word)
{
    pl_ctl_args *a = r->args;
    if (!r->has_verb) {
        for (unsigned v = 0; v < PL_CTL_N_VERBS; v++) {
            if (strcmp(VERBS[v].name, word) == 0) {
                a->verb = (pl_ctl_verb)v;
                a->name = VERBS[v].name;
                r->has_verb = true;
                return PL_OK;
            }
        }
        pl_fmt_cut(r->reason, r->cap, "%s: there is no such command", word);
        return PL_EINVAL;
    }
    if (a->operand || !VERBS[a->verb].operand) {
        pl_fmt_cut(r->reason, r->cap, "%s: %s takes %s", word, a->name,
                   VERBS[a->verb].operand ? "one argument only"
                                          : "no argument");
        return PL_EINVAL;
    }
    a->operand = word;
    return PL_OK;
}

static pl_err check(reader *r)
{
    const pl_ctl_args *a = r->args;
    if (a->help || a->version || a->check_config)
        return PL_OK;
    if (!r->has_verb) {
        pl_fmt_cut(r->reason, r->cap, "a command is missing");
        return PL_EINVAL;
    }
    if (VERBS[a->verb].needs_operand && (!a->operand || !a->operand[0])) {
        pl_fmt_cut(r->reason, r->cap, "%s needs %s", a->name,
                   VERBS[a->verb].operand);
        return PL_EINVAL;
    }
    if (r->used & ~VERBS[a->verb].takes) {
        pl_fmt_cut(r->reason, r->cap,
                   "%s does not take all of these options; "
                   "see parleyctl %s --help",
                   a->name, a->name);
        return PL_EINVAL;
    }
    return PL_OK;
}

pl_err pl_ctl_args_parse(int argc, char *const *argv, const char *const *keys,
                         pl_ctl_args *ret_args, char *reason, size_t cap)
{
    enum { LIMIT = 10000, TIMEOUT_S = 600 };
    *ret_args = (pl_ctl_args){.limit = LIMIT, .timeout_s = TIMEOUT_S};
    reader r = {.args = ret_args, .keys = keys, .reason = reason, .cap = cap};
    for (int i = 1; i < argc; i++) {
        bool took_next = false;
        bool is_flag = strncmp(argv[i], "--", 2) == 0;
        pl_err e =
            is_flag ? take_flag(&r, argv[i] + 2,
                                i + 1 < argc ? argv[i + 1] : NULL, &took_next)
                    : take_word(&r, argv[i]);
        if (e)
            return e;
        i += took_next;
    }
    return check(&r);
}

/* ---- help ---- */

static void print_option(FILE *out, const struct option *o)
{
    char left[40];
    pl_fmt_cut(left, sizeof left, o->value ? "--%s=%s" : "--%s", o->name,
               o->value);
    (void)fprintf(out, "  %-26s %s\n", left, o->summary);
}

static void help_of(FILE *out, const struct verb *v)
{
    (void)fprintf(out, "parleyctl %s%s%s%s [OPTIONS]: %s\n\n", v->name,
                  v->operand ? (v->needs_operand ? " " : " [") : "",
                  v->operand ? v->operand : "",
                  v->operand && !v->needs_operand ? "]" : "", v->summary);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (OPTIONS[i].of & v->takes)
            print_option(out, &OPTIONS[i]);
    }
    if (v->takes & TAKES_DATABASE) {
        (void)fprintf(out, "  %-26s %s\n", "--database=FILE",
                      "roompool's database; default as configured");
    }
}

void pl_ctl_help(FILE *out, const pl_ctl_args *args)
{
    if (args->name) {
        help_of(out, &VERBS[args->verb]);
        return;
    }
    (void)fprintf(out, "parleyctl - look at a platform that runs, and keep "
                       "it running\n\nusage: parleyctl COMMAND [ARGUMENT] "
                       "[OPTIONS]\n\n");
    for (unsigned v = 0; v < PL_CTL_N_VERBS; v++) {
        char left[40];
        pl_fmt_cut(left, sizeof left,
                   VERBS[v].operand
                       ? (VERBS[v].needs_operand ? "%s %s" : "%s [%s]")
                       : "%s",
                   VERBS[v].name, VERBS[v].operand);
        (void)fprintf(out, "  %-26s %s\n", left, VERBS[v].summary);
    }
    (void)fprintf(out, "\n");
    for (size_t i = 0; i < N_OPTIONS; i++)
        print_option(out, &OPTIONS[i]);
    (void)fprintf(
        out,
        "  %-26s %s\n\nKeys of [common] of the configuration may be flags as "
        "well (--bus=ipc:///run/parley/bus),\nor stand in the environment "
        "(PARLEY_COMMON_BUS). parleyctl COMMAND --help tells of one "
        "command.\n\nexit codes: 0 done, 64 usage, 69 roompool does not "
        "answer, 70 internal fault,\n75 not now (refused, busy, not all "
        "well), 78 configuration\n",
        "--database=FILE", "backup, restore: roompool's database");
}
