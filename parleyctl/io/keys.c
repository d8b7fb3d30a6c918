/* keys.c - CURVE key pairs for a bus between hosts. */
#include <string.h>

#include <zmq.h>

#include "commands.h"
#include "file.h"
#include "pl/buf.h"
#include "pl/str.h"
#include "say.h"

enum { KEY_TEXT = 41, LINE = KEY_TEXT + 1, N_NAMES = 5 };

/* The first one is the server; the others' files begin with their role, which
 * is what roompool goes by. */
static const char *const NAMES[N_NAMES] = {"roompool", "media", "signaling",
                                           "api", "operator"};

static const char ADVICE[] =
    "Made keys in %s. In the configuration of roompool:\n"
    "  [common]\n"
    "  bus = tcp://ADDRESS:PORT\n"
    "  bus_secret_key = %s/roompool.key\n"
    "  bus_allowed_keys = %s/allowed\n"
    "Of a media worker (of others with signaling or api for media):\n"
    "  [common]\n"
    "  bus = tcp://ADDRESS:PORT\n"
    "  bus_public_key = %s/media.pub\n"
    "  bus_secret_key = %s/media.key\n"
    "  bus_server_key = %s/roompool.pub\n"
    "Of this tool: --bus=tcp://ADDRESS:PORT --bus-keys=%s\n"
    "Give each host its own .key and .pub and roompool.pub, and nothing else;\n"
    "roompool.key and allowed/ stay with roompool. Whoever has a .key is of "
    "its\n"
    "role. Workers of one kind may share a pair; for a further pair put its\n"
    "public key into allowed/ as ROLE-NAME.pub. What runs reads keys when it\n"
    "starts, but for allowed/.\n";

typedef struct place {
    char path[PL_CTL_PATH];
} place;

static pl_err name_file(const char *dir, const char *folder, const char *name,
                        const char *tail, place *ret_place)
{
    return pl_fmt(ret_place->path, sizeof ret_place->path, "%s/%s%s%s", dir,
                  folder, name, tail);
}

/* Errors: PL_EEXIST one of the files is there. */
static pl_err check_free(const char *dir, pl_ctl_reason *reason)
{
    static const char *const tails[] = {".key", ".pub"};
    for (size_t i = 0; i < N_NAMES; i++) {
        for (size_t k = 0; k < sizeof tails / sizeof tails[0]; k++) {
            place p;
            if (name_file(dir, "", NAMES[i], tails[k], &p)) {
                pl_fmt_cut(reason->text, sizeof reason->text, "%s: too long",
                           dir);
                return PL_EINVAL;
            }
            if (pl_ctl_exists(p.path)) {
                pl_fmt_cut(reason->text, sizeof reason->text,
                           "%s is there already and nothing was changed: "
                           "choose another folder, or use --force, after "
                           "which every process needs its new key",
                           p.path);
                return PL_EEXIST;
            }
        }
    }
    return PL_OK;
}

static pl_err write_pair(const char *dir, const char *name, bool over,
                         pl_ctl_reason *reason)
{
    enum { SECRET = 0600, PUBLIC = 0644 };
    char public_key[LINE];
    char secret_key[LINE];
    place p;
    bool is_allowed = strcmp(name, NAMES[0]) != 0;
    if (zmq_curve_keypair(public_key, secret_key) != 0) {
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "libzmq was built without CURVE");
        return PL_EUNSUPPORTED;
    }
    memcpy(public_key + KEY_TEXT - 1, "\n", 2);
    memcpy(secret_key + KEY_TEXT - 1, "\n", 2);
    pl_err e = name_file(dir, "", name, ".key", &p);
    if (!e)
        e = pl_ctl_file_write(p.path, SECRET, secret_key, over, reason);
    pl_wipe(secret_key, sizeof secret_key);
    if (!e)
        e = name_file(dir, "", name, ".pub", &p);
    if (!e)
        e = pl_ctl_file_write(p.path, PUBLIC, public_key, over, reason);
    if (!e && is_allowed) {
        e = name_file(dir, "allowed/", name, ".pub", &p);
        if (!e)
            e = pl_ctl_file_write(p.path, PUBLIC, public_key, true, reason);
    }
    return e;
}

static pl_err make_all(const char *dir, bool force, pl_ctl_reason *reason)
{
    enum { CLOSED = 0700 };
    place allowed;
    pl_err e = force ? PL_OK : check_free(dir, reason);
    if (!e)
        e = name_file(dir, "", "allowed", "", &allowed);
    if (!e)
        e = pl_ctl_folder_make(dir, CLOSED, reason);
    if (!e)
        e = pl_ctl_folder_make(allowed.path, CLOSED, reason);
    for (size_t i = 0; !e && i < N_NAMES; i++)
        e = write_pair(dir, NAMES[i], force, reason);
    return e;
}

int pl_ctl_run_keys(const pl_ctl_args *args, const pl_ctl_settings *settings)
{
    enum { OUT_MAX = 16384 };
    const char *dir = args->operand;
    pl_ctl_reason reason = {.text = ""};
    pl_buf out;
    (void)settings;
    pl_err e = make_all(dir, args->force, &reason);
    if (e) {
        pl_ctl_complain("%s", reason.text[0] ? reason.text : pl_err_text(e));
        return pl_ctl_exit_of(e);
    }
    pl_buf_init(&out, OUT_MAX);
    pl_buf_add_fmt(&out, ADVICE, dir, dir, dir, dir, dir, dir, dir);
    e = pl_ctl_print(&out);
    pl_buf_fini(&out);
    return pl_ctl_exit_of(e);
}
