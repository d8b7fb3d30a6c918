/* prom_merge.c - several nodes' Prometheus texts as one. */
#include "prom_merge.h"

#include <string.h>

static const char HELP[] = "# HELP ";

/* One family: its comment lines and its samples. */
typedef struct block {
    pl_slice name, comments, samples;
} block;

static size_t line_end(pl_slice text, size_t at)
{
    const uint8_t *lf = memchr(text.ptr + at, '\n', text.len - at);
    return lf ? (size_t)(lf - text.ptr) + 1 : text.len;
}

static bool is_help(pl_slice text, size_t at)
{
    return text.len - at > sizeof HELP - 1 &&
           memcmp(text.ptr + at, HELP, sizeof HELP - 1) == 0;
}

/* Cut the next family off *rest; false at the end. */
static bool take_block(pl_slice *rest, block *ret_block)
{
    pl_slice text = *rest;
    size_t at = 0;
    while (at < text.len && !is_help(text, at))
        at = line_end(text, at);
    if (at >= text.len)
        return false;
    size_t begin = at;
    size_t name_at = at + sizeof HELP - 1;
    size_t name_end = name_at;
    while (name_end < text.len && text.ptr[name_end] != ' ' &&
           text.ptr[name_end] != '\n')
        name_end++;
    while (at < text.len && text.ptr[at] == '#' &&
           (at == begin || !is_help(text, at)))
        at = line_end(text, at);
    size_t samples = at;
    while (at < text.len && text.ptr[at] != '#')
        at = line_end(text, at);
    *ret_block = (block){
        .name = {text.ptr + name_at, name_end - name_at},
        .comments = {text.ptr + begin, samples - begin},
        .samples = {text.ptr + samples, at - samples},
    };
    *rest = (pl_slice){text.ptr + at, text.len - at};
    return true;
}

static void add_samples(pl_slice text, pl_slice name, pl_buf *out)
{
    block b;
    while (take_block(&text, &b)) {
        if (pl_slice_eq(b.name, name))
            pl_buf_add_slice(out, b.samples);
    }
}

static bool has_family(pl_slice text, pl_slice name)
{
    block b;
    while (take_block(&text, &b)) {
        if (pl_slice_eq(b.name, name))
            return true;
    }
    return false;
}

pl_err pl_prom_merge(const pl_slice *texts, size_t n, pl_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        pl_slice rest = texts[i];
        block b;
        while (take_block(&rest, &b)) {
            bool is_known = false;
            for (size_t j = 0; j < i && !is_known; j++)
                is_known = has_family(texts[j], b.name);
            if (is_known)
                continue;
            pl_buf_add_slice(out, b.comments);
            for (size_t j = i; j < n; j++)
                add_samples(texts[j], b.name, out);
        }
    }
    return out->has_failed ? PL_EFULL : PL_OK;
}
