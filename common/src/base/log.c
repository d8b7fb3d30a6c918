/* log.c - one write(2) a line, under a lock, so that lines never mix. */
#include "pl/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pl/str.h"

enum { LINE_MAX_BYTES = 16384, VALUE_MAX_BYTES = 256, PROCESS_MAX = 63 };

static const char *const LEVELS[PL_LOG_LEVELS] = {"error", "warn", "info",
                                                  "debug", "trace"};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int threshold = PL_LOG_INFO;
static char process_name[PROCESS_MAX + 1] = "parley"; /* under lock */
static bool json;                                     /* under lock */

void pl_log_open(const char *process, pl_log_level level, bool as_json)
{
    (void)pthread_mutex_lock(&lock);
    pl_fmt_cut(process_name, sizeof process_name, "%s", process);
    json = as_json;
    (void)pthread_mutex_unlock(&lock);
    pl_log_set_level(level);
}

void pl_log_set_level(pl_log_level level)
{
    atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

bool pl_log_is_on(pl_log_level level)
{
    return (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

pl_err pl_log_level_find(const char *name, pl_log_level *ret_level)
{
    for (int i = 0; i < PL_LOG_LEVELS; i++) {
        if (name && strcmp(name, LEVELS[i]) == 0) {
            *ret_level = (pl_log_level)i;
            return PL_OK;
        }
    }
    return PL_EINVAL;
}

typedef struct line {
    char text[LINE_MAX_BYTES];
    size_t len; /* at most LINE_MAX_BYTES - 1: the newline always fits */
} line;

static void put(line *l, char c)
{
    if (l->len < LINE_MAX_BYTES - 1)
        l->text[l->len++] = c;
}

static void put_text(line *l, const char *text)
{
    for (; *text; text++)
        put(l, *text);
}

static void put_escaped(line *l, uint8_t c)
{
    char code[5];
    if (c == '"' || c == '\\') {
        put(l, '\\');
        put(l, (char)c);
    } else if (c == '\n') {
        put_text(l, "\\n");
    } else if (c == '\r') {
        put_text(l, "\\r");
    } else if (json) {
        put_text(l, "\\u00");
        pl_hex(&c, 1, code);
        put_text(l, code);
    } else {
        put_text(l, "\\x");
        pl_hex(&c, 1, code);
        put_text(l, code);
    }
}

/* Bytes that may stand for themselves between quotes. In JSON the text must be
 * UTF-8, so a value that is not loses its high bytes to escapes. */
static bool is_plain(uint8_t c, bool keep_high)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f &&
           (c < 0x80 || keep_high);
}

static void put_quoted(line *l, const char *value, size_t max)
{
    size_t n = strnlen(value, max);
    bool utf8 = pl_is_utf8((pl_slice){(const uint8_t *)value, n});
    put(l, '"');
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)value[i];
        if (is_plain(c, utf8)) {
            put(l, (char)c);
        } else {
            put_escaped(l, c);
        }
    }
    if (value[n] != '\0')
        put_text(l, "...");
    put(l, '"');
}

/* Values of these bytes alone need no quotes in the text form. */
static bool is_bare(const char *value)
{
    size_t n = strnlen(value, VALUE_MAX_BYTES + 1);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)value[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return n <= VALUE_MAX_BYTES;
}

static void put_pair(line *l, const char *key, const char *value, size_t max)
{
    if (json) {
        put(l, ',');
        put_quoted(l, key, VALUE_MAX_BYTES);
        put(l, ':');
        put_quoted(l, value, max);
        return;
    }
    put(l, ' ');
    put_text(l, key);
    put(l, '=');
    if (is_bare(value)) {
        put_text(l, value);
    } else {
        put_quoted(l, value, max);
    }
}

static void put_head(line *l, pl_log_level level, const char *area,
                     const char *event)
{
    struct timespec now = {0};
    char stamp[PL_TIME_TEXT];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    pl_time_text((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, stamp);
    if (json) {
        put_text(l, "{\"time\":\"");
        put_text(l, stamp);
        put(l, '"');
        put_pair(l, "level", LEVELS[level], VALUE_MAX_BYTES);
        put_pair(l, "process", process_name, VALUE_MAX_BYTES);
        put_pair(l, "area", area, VALUE_MAX_BYTES);
        put_pair(l, "event", event, VALUE_MAX_BYTES);
        return;
    }
    const char *const words[] = {stamp, LEVELS[level], process_name, area,
                                 event};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (i > 0)
            put(l, ' ');
        put_text(l, words[i]);
    }
}

static void write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return; /* nowhere to complain about a lost log */
        p += done;
        n -= (size_t)done;
    }
}

void pl_log_line(pl_log_level level, const char *area, const char *event,
                 const pl_kv *kv, const char *format, ...)
{
    if (!pl_log_is_on(level) || level >= PL_LOG_LEVELS)
        return;
    enum { TEXT_MAX = 1024 };
    char text[TEXT_MAX] = "";
    if (format) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof text, format, args);
        va_end(args);
    }
    line l;
    l.len = 0;
    (void)pthread_mutex_lock(&lock);
    put_head(&l, level, area, event);
    for (const pl_kv *p = kv; p && p->key; p++) {
        if (p->value && p->value[0] != '\0')
            put_pair(&l, p->key, p->value, VALUE_MAX_BYTES);
    }
    if (text[0] != '\0')
        put_pair(&l, "text", text, TEXT_MAX);
    if (json)
        put(&l, '}');
    l.text[l.len++] = '\n';
    write_all(l.text, l.len);
    (void)pthread_mutex_unlock(&lock);
}

bool pl_log_allowed(pl_log_limit *state, unsigned per_minute)
{
    enum { MINUTE_US = 60000000 };
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    (void)pthread_mutex_lock(&lock);
    if (state->n == 0 || now_us - state->window_start_us >= MINUTE_US) {
        state->window_start_us = now_us;
        state->n = 0;
    }
    bool is_allowed = state->n < per_minute;
    if (is_allowed)
        state->n++;
    (void)pthread_mutex_unlock(&lock);
    return is_allowed;
}
