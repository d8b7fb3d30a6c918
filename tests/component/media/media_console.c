/* media_console.c - the media worker of worker_rig.h, worked by a script: a
 * command a line on standard input, an answer a line on standard output. In
 * descriptions '|' stands for the end of a line; '-' is "none", '_' a blank
 * within a word.
 *
 *     create LEG KIND LINES SDP      KIND: webrtc or sip
 *     remote LEG TYPE DIRECTION SDP  TYPE: offer, answer, rollback or -
 *     play LEG PROMPT LOOP           PROMPT: -: stop; LOOP: 1 or 0
 *     destroy LEG
 *     metric NAME                    answers "reply ok VALUE"
 *
 * Answers: "reply ERROR DIRECTION LINES SDP" (an error has no more), and, when
 * a leg changes its state, "report LEG STATE". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker_rig.h"

enum { WORDS = 5, IN_MAX = 2 * PL_SDP_MAX };

typedef struct console {
    world *w;
    char in[IN_MAX];
    size_t len;
    bool is_over;
} console;

static void change(char *text, char from, char to)
{
    for (char *p = text; (p = strchr(p, from)) != NULL; p++)
        *p = to;
}

static const char *some(const char *text)
{
    return strcmp(text, "-") == 0 ? NULL : text;
}

/* Description of the script as that of a message; line ends are LF alone,
 * which the parser takes too. */
static const char *description(char *text)
{
    change(text, '|', '\n');
    return some(text);
}

static void print_reply(const world *w, pl_err e)
{
    if (e != PL_OK) {
        (void)printf("reply %s\n", pl_err_text(e));
        return;
    }
    char lines[PL_LEG_SDP_LINES];
    pl_fmt_cut(lines, sizeof lines, "%s", w->lines[0] ? w->lines : "-");
    change(lines, ' ', '_');
    (void)printf("reply ok %s %s ", pl_direction_text(w->direction), lines);
    for (const char *p = w->text[0] ? w->text : "-"; *p; p++) {
        if (*p != '\r')
            (void)putchar(*p == '\n' ? '|' : *p);
    }
    (void)putchar('\n');
}

static void run_create(world *w, char *const *word)
{
    pl_leg_kind kind = pl_leg_kind_find(word[2]);
    const char *sdp = description(word[4]);
    change(word[3], '_', ' ');
    print_reply(w, some(word[3]) ? create_keeping(w, word[1], word[3])
                                 : create(w, word[1], kind, sdp));
}

static void run_remote(world *w, char *const *word)
{
    const char *sdp = description(word[4]);
    pl_direction direction = pl_direction_find(word[3]);
    pl_sdp_type type = pl_sdp_type_find(word[2]);
    print_reply(w, direction ? offer(w, word[1], direction)
                             : remote(w, word[1], sdp, type));
}

static void run_play(world *w, char *const *word)
{
    const char *prompt = some(word[2]);
    pl_err e = play(w, word[1], prompt ? prompt : "", word[3][0] == '1');
    (void)printf("reply %s\n", e == PL_OK ? "ok" : pl_err_text(e));
}

static void run_destroy(world *w, char *const *word)
{
    pl_err e = destroy(w, word[1]);
    (void)printf("reply %s\n", e == PL_OK ? "ok" : pl_err_text(e));
}

static void run_metric(world *w, char *const *word)
{
    for (size_t i = 0; i < PL_MEDIA_M_COUNT; i++) {
        if (strcmp(pl_media_metric_rows[i].name, word[1]) == 0) {
            (void)printf("reply ok %lld\n",
                         (long long)pl_metrics_value(w->metrics, i));
            return;
        }
    }
    (void)printf("reply unknown metric\n");
}

static void run_line(world *w, char *text)
{
    static const struct {
        const char *name;
        size_t n_words;
        void (*run)(world *w, char *const *word);
    } commands[] = {
        {"create", 5, run_create}, {"remote", 5, run_remote},
        {"play", 4, run_play},     {"destroy", 2, run_destroy},
        {"metric", 2, run_metric},
    };
    char *word[WORDS] = {text};
    size_t n = 1;
    /* the last word, a description, has blanks of its own */
    for (; n < WORDS && (text = strchr(text, ' ')) != NULL; n++) {
        *text++ = '\0';
        word[n] = text;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(word[0], commands[i].name) == 0 &&
            n == commands[i].n_words) {
            commands[i].run(w, word);
            return;
        }
    }
    (void)printf("reply unknown command\n");
}

static void on_input(void *ctx, unsigned events)
{
    console *c = ctx;
    (void)events;
    ssize_t n = read(STDIN_FILENO, c->in + c->len, sizeof c->in - c->len - 1);
    c->is_over = c->is_over || n <= 0;
    c->len += n > 0 ? (size_t)n : 0;
    pl_loop_stop(c->w->loop);
}

/* Only from outside the loop: a command waits for its reply in it. */
static void run_lines(console *c)
{
    char *nl;
    while ((nl = memchr(c->in, '\n', c->len)) != NULL) {
        static char text[IN_MAX];
        size_t used = (size_t)(nl - c->in) + 1;
        *nl = '\0';
        memcpy(text, c->in, used);
        c->len -= used;
        memmove(c->in, nl + 1, c->len);
        run_line(c->w, text);
    }
}

static void print_reports(world *w)
{
    for (; w->n_seen < w->n_reports; w->n_seen++) {
        (void)printf("report %s %s\n", w->report[w->n_seen].leg,
                     pl_leg_state_text(w->report[w->n_seen].state));
    }
}

int main(void)
{
    static console c;
    void *state = NULL;
    pl_io *in = NULL;
    if (worker_begin(&state) != 0)
        return 1;
    c.w = state;
    if (open_room(c.w, EPOCH) != PL_OK ||
        pl_io_create(c.w->loop, STDIN_FILENO, PL_IO_READ, on_input, &c, &in) !=
            PL_OK)
        return 1;
    (void)puts("ready");
    while (!c.is_over) {
        (void)fflush(stdout);
        (void)turn(c.w);
        run_lines(&c);
        print_reports(c.w);
    }
    pl_io_destroy(&in);
    return worker_end(&state);
}
