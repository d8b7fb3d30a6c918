/* options.c - see options.h. */
#include "options.h"

#include <limits.h>
#include <string.h>

#include "pl/str.h"

typedef enum kind { COUNT, TEXT, FLAG, WORD, PID } kind;

static const char *const CODECS[] = {"opus", "g722", "pcmu", "pcma", NULL};
static const char *const TRANSPORTS[] = {"rtp", "webrtc", NULL};
static const char *const QUIETS[] = {"noise", "dtx", "none", NULL};

#define AT(member) offsetof(pl_load_command, member)
static const struct {
    const char *name, *value; /* value NULL: a flag */
    kind kind;
    size_t at;
    uint64_t max;
    const char *const *words;
    const char *about;
} ROWS[] = {
    {"rooms", "N", COUNT, AT(options.rooms), PL_LOAD_ROOMS_MAX, NULL,
     "rooms (1)"},
    {"participants", "N", COUNT, AT(options.participants), PL_LOAD_PARTIES_MAX,
     NULL, "participants of each room (4)"},
    {"talkers", "N", COUNT, AT(options.talkers), PL_LOAD_TALKERS_MAX, NULL,
     "of these who talk, all the time (2)"},
    {"codec", "NAME", WORD, AT(options.codec), 0, CODECS,
     "opus, g722, pcmu or pcma (opus)"},
    {"transport", "NAME", WORD, AT(options.transport), 0, TRANSPORTS,
     "rtp as telephones, or webrtc as browsers (webrtc)"},
    {"quiet", "NAME", WORD, AT(options.quiet), 0, QUIETS,
     "what the others send: noise, dtx or none (noise)"},
    {"duration", "S", COUNT, AT(options.duration_s), PL_LOAD_DURATION_MAX_S,
     NULL, "seconds that are measured (10)"},
    {"warmup", "S", COUNT, AT(options.warmup_s), PL_LOAD_DURATION_MAX_S, NULL,
     "seconds before that (3)"},
    {"verify", "N", COUNT, AT(options.verify), PL_LOAD_PARTIES_MAX, NULL,
     "receivers whose audio is decoded and judged (16)"},
    {"heard", "N", COUNT, AT(options.heard), PL_LOAD_TALKERS_MAX, NULL,
     "others that everybody must hear (all, at most 3)"},
    {"max-loss", "PERCENT", COUNT, AT(max_loss), 100, NULL,
     "packets that may be missing (1)"},
    {"churn", "N", COUNT, AT(churn), 1000, NULL,
     "listeners a second that leave and come again (0)"},
    {"adapter", "NAME", TEXT, AT(adapter_name), 0, NULL,
     "the server's kind, see below (parley-bus)"},
    {"server", "ADDRESS", TEXT, AT(options.server), 0, NULL,
     "where it is, see below"},
    {"room", "NAME", TEXT, AT(options.room), 0, NULL,
     "room; %u stands for its number (load-%u)"},
    {"pin", "PIN", TEXT, AT(options.pin), 0, NULL, "of the rooms"},
    {"spawn", "PROGRAM", TEXT, AT(options.spawn), 0, NULL,
     "start this program and measure it"},
    {"spawn-core", "N", COUNT, AT(spawn_core), 4096, NULL,
     "bind it to a core, from 0"},
    {"spawn-threads", "N", COUNT, AT(options.spawn_threads), 64, NULL,
     "mixing threads of it (1)"},
    {"spawn-set", "LINE", TEXT, AT(options.spawn_config), 0, NULL,
     "one more line of its configuration, [media]"},
    {"own-core", "N", COUNT, AT(own_core), 4096, NULL,
     "bind the generator's threads to a core"},
    {"pid", "PID", PID, 0, INT32_MAX, NULL,
     "measure this process, too; up to 8 times"},
    {"speech", "FOLDER", TEXT, AT(options.speech), 0, NULL,
     "WAV files, 16 bit mono (media-worker/prompts)"},
    {"local", "ADDRESS", TEXT, AT(options.local), 0, NULL,
     "own IPv4 address (loopback)"},
    {"remote", NULL, FLAG, AT(options.is_remote), 0, NULL,
     "addresses other than loopback are meant"},
    {"json", NULL, FLAG, AT(is_json), 0, NULL, "print one JSON object"},
    {"version", NULL, FLAG, AT(is_version), 0, NULL, "print the version"},
    {"help", NULL, FLAG, AT(is_help), 0, NULL, "print this"},
};
enum { N_ROWS = sizeof ROWS / sizeof *ROWS };

void pl_load_help(FILE *out)
{
    (void)fputs("usage: parley-load [OPTION..]\n\n"
                "Fill rooms with participants who send speech, verify what "
                "comes back, and\nmeasure what it costs the server.\n\n",
                out);
    for (size_t i = 0; i < N_ROWS; i++) {
        char name[40];
        pl_fmt_cut(name, sizeof name, "--%s%s%s", ROWS[i].name,
                   ROWS[i].value ? " " : "",
                   ROWS[i].value ? ROWS[i].value : "");
        (void)fprintf(out, "  %-22s %s\n", name, ROWS[i].about);
    }
    (void)fputs("\nadapters:\n", out);
    for (size_t i = 0; pl_load_adapter_at(i); i++) {
        const pl_load_adapter *a = pl_load_adapter_at(i);
        (void)fprintf(out, "  %-22s %s\n", a->name, a->about);
        if (a->preset[0])
            (void)fprintf(out, "  %-22s --server %s\n", "", a->preset);
    }
    (void)fputs("\nexit codes: 0 good, 1 the server did not do what it "
                "should, 64 usage,\n69 the server cannot be reached, 70 "
                "other failures\n",
                out);
}

static pl_err bad(char *reason, const char *name, const char *why)
{
    pl_fmt_cut(reason, PL_LOAD_REASON, "--%s: %s", name, why);
    return PL_EINVAL;
}

/* The value is none that the option takes: say which ones it does. */
static pl_err bad_value(char *reason, size_t row, const char *value)
{
    char text[PL_LOAD_REASON / 2];
    if (ROWS[row].kind == COUNT || ROWS[row].kind == PID) {
        pl_fmt_cut(text, sizeof text, "'%.60s': takes a number up to %llu",
                   value, (unsigned long long)ROWS[row].max);
        if (ROWS[row].kind == PID)
            pl_fmt_cut(text, sizeof text,
                       "'%.60s': takes a process's number, up to %d times",
                       value, PL_LOAD_PIDS);
        return bad(reason, ROWS[row].name, text);
    }
    pl_fmt_cut(text, sizeof text, "'%.60s': takes", value);
    for (size_t i = 0; ROWS[row].words && ROWS[row].words[i]; i++) {
        size_t len = strlen(text);
        pl_fmt_cut(text + len, sizeof text - len, "%s %s", i ? "," : "",
                   ROWS[row].words[i]);
    }
    return bad(reason, ROWS[row].name, text);
}

static pl_err take_word(size_t row, const char *value, pl_load_command *c)
{
    for (unsigned i = 0; ROWS[row].words[i]; i++) {
        if (strcmp(ROWS[row].words[i], value) == 0) {
            memcpy((char *)c + ROWS[row].at, &i, sizeof i);
            return PL_OK;
        }
    }
    return PL_EINVAL;
}

static pl_err take(size_t row, const char *value, pl_load_command *c)
{
    char *at = (char *)c + ROWS[row].at;
    uint64_t n = 0;
    unsigned count;
    switch (ROWS[row].kind) {
    case FLAG: memcpy(at, &(bool){true}, sizeof(bool)); return PL_OK;
    case TEXT: memcpy(at, &value, sizeof value); return PL_OK;
    case WORD: return take_word(row, value, c);
    case COUNT:
    case PID: break;
    }
    if (pl_parse_u64(pl_slice_str(value), ROWS[row].max, &n) != PL_OK)
        return PL_EINVAL;
    if (ROWS[row].kind == PID) {
        if (c->options.n_pids == PL_LOAD_PIDS)
            return PL_EINVAL;
        c->pids[c->options.n_pids++] = (long)n;
        return PL_OK;
    }
    count = (unsigned)n;
    memcpy(at, &count, sizeof count);
    return PL_OK;
}

/* The words of the enumerations stand in their order. */
_Static_assert(PL_AUDIO_OPUS == 0 && PL_AUDIO_G722 == 1 && PL_AUDIO_PCMU == 2 &&
                   PL_AUDIO_PCMA == 3 && PL_LOAD_RTP == 0 &&
                   PL_LOAD_WEBRTC == 1 && PL_LOAD_QUIET_NOISE == 0 &&
                   PL_LOAD_QUIET_NONE == 2 &&
                   sizeof(pl_codec_kind) == sizeof(unsigned),
               "as the words");

/* One argument "--name=value" or "--name" "value". */
static pl_err take_argument(int argc, char *const *argv, int *at, char *reason,
                            pl_load_command *c)
{
    const char *arg = argv[*at];
    if (strncmp(arg, "--", 2) != 0) {
        pl_fmt_cut(reason, PL_LOAD_REASON, "what is '%s'?", arg);
        return PL_EINVAL;
    }
    size_t len = strcspn(arg + 2, "=");
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strlen(ROWS[i].name) != len ||
            strncmp(ROWS[i].name, arg + 2, len) != 0)
            continue;
        const char *value = arg[2 + len] ? arg + 3 + len : NULL;
        if (ROWS[i].kind == FLAG && value)
            return bad(reason, ROWS[i].name, "takes no value");
        if (ROWS[i].kind != FLAG && !value && ++*at == argc)
            return bad(reason, ROWS[i].name, "needs a value");
        if (ROWS[i].kind != FLAG && !value)
            value = argv[*at];
        return take(i, value, c) == PL_OK ? PL_OK : bad_value(reason, i, value);
    }
    pl_fmt_cut(reason, PL_LOAD_REASON, "no option '%s'", arg);
    return PL_EINVAL;
}

pl_err pl_load_parse(int argc, char *const *argv, char *reason,
                     pl_load_command *ret_command)
{
    const unsigned not_said = UINT_MAX;
    pl_load_command *c = ret_command;
    *c = (pl_load_command){.options = PL_LOAD_DEFAULT,
                           .adapter_name = pl_load_adapter_at(0)->name,
                           .max_loss = 1,
                           .spawn_core = not_said,
                           .own_core = not_said};
    pl_err e = PL_OK;
    for (int i = 1; e == PL_OK && i < argc; i++)
        e = take_argument(argc, argv, &i, reason, c);
    if (e != PL_OK)
        return e;
    pl_load_options *o = &c->options;
    o->max_loss_percent = c->max_loss;
    o->churn_per_s = c->churn;
    o->spawn_core = c->spawn_core == not_said ? -1 : (int)c->spawn_core;
    o->own_core = c->own_core == not_said ? -1 : (int)c->own_core;
    o->pids = c->pids;
    c->adapter = pl_load_adapter_find(c->adapter_name);
    if (!c->adapter)
        return bad(reason, "adapter", "no such adapter");
    if (!o->server[0])
        o->server = c->adapter->preset;
    if (o->duration_s == 0)
        return bad(reason, "duration", "at least 1");
    return PL_OK;
}
