/* janus_api.c - JSON in packets of a local socket. */
#include "janus_api.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pl/str.h"

enum {
    PACKET_MAX = 1 << 20, /* a room's list of participants is in one */
    KEYS_MAX = 100000,
    PENDING_MAX = 4096,
    OPEN_MS = 5000,
    STEP_MS = 100
};

#define PLUGIN "janus.plugin.audiobridge"

typedef struct request {
    janus_on_answer on_answer; /* NULL: free */
    void *ctx;
} request;

typedef struct packet {
    struct packet *next;
    size_t len;
    char text[];
} packet;

struct janus_api {
    int fd;
    int64_t session;
    request pending[PENDING_MAX];
    unsigned n_pending, next;
    packet *first, *last; /* not sent yet */
    char *in;             /* [PACKET_MAX] */
    bool has_failed;
};

unsigned janus_api_pending(const janus_api *a)
{
    return a->n_pending;
}

const pl_json *janus_api_data(const pl_json *answer)
{
    return pl_json_get(pl_json_get(answer, "plugindata"), "data");
}

/* ---- sending ------------------------------------------------------------ */

static void flush(janus_api *a)
{
    while (a->first) {
        packet *p = a->first;
        ssize_t n = send(a->fd, p->text, p->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            a->has_failed = true;
        a->first = p->next;
        if (!a->first)
            a->last = NULL;
        free(p);
    }
}

static void queue(janus_api *a, const pl_buf *text)
{
    packet *p = malloc(sizeof *p + text->len);
    if (!p || text->has_failed) {
        free(p);
        a->has_failed = true;
        return;
    }
    p->next = NULL;
    p->len = text->len;
    memcpy(p->text, text->ptr, text->len);
    if (a->last)
        a->last->next = p;
    else
        a->first = p;
    a->last = p;
}

/* A free place in the table, which is the transaction's name. */
static unsigned take_place(janus_api *a, janus_on_answer on_answer, void *ctx)
{
    while (a->pending[a->next % PENDING_MAX].on_answer)
        a->next++;
    unsigned at = a->next++ % PENDING_MAX;
    a->pending[at] = (request){on_answer, ctx};
    a->n_pending++;
    return at;
}

static void ask(janus_api *a, const char *verb, int64_t handle,
                const char *body, const char *sdp, janus_on_answer on_answer,
                void *ctx)
{
    if (a->n_pending == PENDING_MAX) {
        (void)fprintf(stderr, "janus: too many requests at once\n");
        on_answer(ctx, NULL);
        return;
    }
    char name[16];
    (void)snprintf(name, sizeof name, "%u", take_place(a, on_answer, ctx));
    pl_buf text;
    pl_buf_init(&text, PACKET_MAX);
    pl_jw w = {.out = &text};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "janus", verb);
    pl_jw_str(&w, "transaction", name);
    if (a->session)
        pl_jw_int(&w, "session_id", a->session);
    if (handle)
        pl_jw_int(&w, "handle_id", handle);
    if (body)
        pl_jw_raw(&w, "body", pl_slice_str(body));
    else if (strcmp(verb, "attach") == 0)
        pl_jw_str(&w, "plugin", PLUGIN);
    if (sdp) {
        pl_jw_open(&w, "jsep", '{');
        pl_jw_str(&w, "type", "offer");
        pl_jw_str(&w, "sdp", sdp);
        pl_jw_close(&w, '}');
    }
    pl_jw_close(&w, '}');
    queue(a, &text);
    pl_buf_fini(&text);
    flush(a);
}

void janus_api_attach(janus_api *a, janus_on_answer on_answer, void *ctx)
{
    ask(a, "attach", 0, NULL, NULL, on_answer, ctx);
}

void janus_api_detach(janus_api *a, int64_t handle, janus_on_answer on_answer,
                      void *ctx)
{
    ask(a, "detach", handle, NULL, NULL, on_answer, ctx);
}

void janus_api_send(janus_api *a, int64_t handle, const char *body,
                    const char *sdp, janus_on_answer on_answer, void *ctx)
{
    ask(a, "message", handle, body, sdp, on_answer, ctx);
}

/* ---- answers ------------------------------------------------------------ */

/* An error of Janus or of the plugin, printed. */
static bool is_error(const pl_json *answer, size_t len, const char *text)
{
    if (!pl_json_get(answer, "error") &&
        !pl_json_get(janus_api_data(answer), "error_code"))
        return false;
    (void)fprintf(stderr, "janus: %.*s\n", (int)(len < 400 ? len : 400), text);
    return true;
}

static void take(janus_api *a, size_t len)
{
    pl_json *answer = NULL;
    pl_slice kind = {0};
    pl_slice name = {0};
    uint64_t at = 0;
    if (pl_json_parse_long((pl_slice){(const uint8_t *)a->in, len}, KEYS_MAX,
                           &answer) != PL_OK) {
        (void)fprintf(stderr, "janus: %zu bytes that are no JSON\n", len);
        a->has_failed = true;
        return;
    }
    /* Events without a transaction tell of others in the room. */
    if (pl_json_get_str(answer, "janus", &kind) == PL_OK &&
        !pl_slice_eq_str(kind, "ack") &&
        pl_json_get_str(answer, "transaction", &name) == PL_OK &&
        pl_parse_u64(name, PENDING_MAX - 1, &at) == PL_OK &&
        a->pending[at].on_answer) {
        request r = a->pending[at];
        a->pending[at] = (request){0};
        a->n_pending--;
        r.on_answer(r.ctx, is_error(answer, len, a->in) ? NULL : answer);
    }
    pl_json_free(&answer);
}

bool janus_api_service(janus_api *a, int wait_ms)
{
    flush(a);
    struct pollfd p = {.fd = a->fd,
                       .events = (short)(a->first ? POLLIN | POLLOUT : POLLIN)};
    if (wait_ms > 0)
        (void)poll(&p, 1, wait_ms);
    while (!a->has_failed) {
        ssize_t n = recv(a->fd, a->in, PACKET_MAX, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0 || n > PACKET_MAX) {
            (void)fprintf(stderr, "janus: its socket closed\n");
            a->has_failed = true;
            break;
        }
        take(a, (size_t)n);
    }
    flush(a);
    return !a->has_failed;
}

/* ---- opening ------------------------------------------------------------ */

static void on_session(void *ctx, const pl_json *answer)
{
    janus_api *a = ctx;
    int64_t id = 0;
    if (pl_json_get_i64(pl_json_get(answer, "data"), "id", &id) == PL_OK)
        a->session = id;
    else
        a->has_failed = true;
}

static bool connect_to(janus_api *a, const char *socket_path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", socket_path);
    a->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return a->fd >= 0 &&
           connect(a->fd, (const struct sockaddr *)&to, sizeof to) == 0;
}

janus_api *janus_api_open(const char *socket_path)
{
    janus_api *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->in = malloc(PACKET_MAX);
    a->fd = -1;
    if (!a->in || !connect_to(a, socket_path)) {
        (void)fprintf(stderr, "janus: %s\n", strerror(errno));
        janus_api_close(&a);
        return NULL;
    }
    ask(a, "create", 0, NULL, NULL, on_session, a);
    for (int ms = 0; ms < OPEN_MS && !a->session && !a->has_failed;
         ms += STEP_MS)
        (void)janus_api_service(a, STEP_MS);
    if (!a->session) {
        (void)fprintf(stderr, "janus: no session\n");
        janus_api_close(&a);
    }
    return a;
}

void janus_api_close(janus_api **owner)
{
    janus_api *a = *owner;
    if (!a)
        return;
    while (a->first) {
        packet *next = a->first->next;
        free(a->first);
        a->first = next;
    }
    if (a->fd >= 0)
        (void)close(a->fd);
    free(a->in);
    free(a);
    *owner = NULL;
}
