/* prompts.c - WAV files to 48 kHz samples. */
#include "io/prompts.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/resampler.h"
#include "pl/log.h"
#include "pl/str.h"

enum {
    RATE = 48000,
    RATE_THIRD = 16000,
    MAX_SAMPLES = RATE * PL_PROMPT_MAX_S,
    MAX_FILE = MAX_SAMPLES * 2 + 4096,
    BLOCK = RATE_THIRD / 50, /* samples resampled at once */
    WAVE_PCM = 1,
};

struct pl_prompts {
    size_t n;
    pl_prompt list[PL_PROMPTS_MAX];
};

static uint32_t le(const uint8_t *p, size_t n)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint32_t)p[i] << (8 * i);
    return v;
}

/* ---- 16 kHz to 48 kHz --------------------------------------------------- */

static pl_err triple(const int16_t *in, size_t n, int16_t *out)
{
    float from[BLOCK];
    float to[3 * BLOCK];
    pl_resampler *r = NULL;
    pl_err e = pl_resampler_create(RATE_THIRD, RATE, &r);
    for (size_t at = 0; e == PL_OK && at < n; at += (size_t)BLOCK) {
        size_t len = n - at < BLOCK ? n - at : BLOCK;
        for (size_t i = 0; i < len; i++)
            from[i] = in[at + i];
        size_t made = pl_resampler_run(r, from, len, to, 3 * len);
        for (size_t i = 0; i < made && i < 3 * len; i++) {
            out[3 * at + i] =
                (int16_t)lrintf(fmaxf(-32768, fminf(32767, to[i])));
        }
    }
    pl_resampler_destroy(&r);
    return e;
}

/* ---- WAV ---------------------------------------------------------------- */

typedef struct wav {
    uint32_t rate;
    const uint8_t *data;
    size_t n; /* samples */
} wav;

static bool read_format(const uint8_t *p, size_t len, wav *w)
{
    if (len < 16 || le(p, 2) != WAVE_PCM || le(p + 2, 2) != 1 ||
        le(p + 14, 2) != 16)
        return false;
    w->rate = le(p + 4, 4);
    return w->rate == RATE || w->rate == RATE_THIRD;
}

static pl_err read_wav(const uint8_t *file, size_t len, wav *w)
{
    if (len < 12 || memcmp(file, "RIFF", 4) != 0 ||
        memcmp(file + 8, "WAVE", 4) != 0)
        return PL_EPROTO;
    size_t at = 12;
    while (len - at >= 8) {
        size_t size = le(file + at + 4, 4);
        const uint8_t *body = file + at + 8;
        size_t left = len - at - 8;
        bool is_data = memcmp(file + at, "data", 4) == 0;
        if (size > left && is_data)
            size = left; /* a writer that did not know the length */
        if (size > left)
            return PL_EPROTO;
        if (memcmp(file + at, "fmt ", 4) == 0 && !read_format(body, size, w))
            return PL_EPROTO;
        if (is_data) {
            w->data = body;
            w->n = size / 2;
            return w->rate && w->n ? PL_OK : PL_EPROTO;
        }
        size += size & 1; /* chunks are padded to even lengths */
        at += 8 + (size < left ? size : left);
    }
    return PL_EPROTO;
}

pl_err pl_prompt_decode(const uint8_t *file, size_t len, int16_t **ret_pcm,
                        size_t *ret_n)
{
    wav w = {.rate = 0};
    pl_err e = read_wav(file, len, &w);
    if (e != PL_OK)
        return e;
    size_t times = RATE / w.rate;
    if (w.n > MAX_SAMPLES / times)
        return PL_ETOOBIG;
    int16_t *in = calloc(w.n, sizeof *in);
    int16_t *out = calloc(w.n * times, sizeof *out);
    if (!in || !out) {
        free(in);
        free(out);
        return PL_ENOMEM;
    }
    for (size_t i = 0; i < w.n; i++)
        in[i] = (int16_t)le(w.data + 2 * i, 2);
    if (times == 1) {
        memcpy(out, in, w.n * sizeof *out);
    } else {
        e = triple(in, w.n, out);
    }
    free(in);
    if (e != PL_OK) {
        free(out);
        return e;
    }
    *ret_pcm = out;
    *ret_n = w.n * times;
    return PL_OK;
}

/* ---- folder ------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    uint8_t *buf = malloc(MAX_FILE);
    if (buf)
        *ret_len = fread(buf, 1, MAX_FILE, f);
    (void)fclose(f);
    return buf;
}

static pl_err load_one(pl_prompts *p, const char *dir, const char *file)
{
    size_t name_len = strlen(file) - strlen(".wav");
    char path[512];
    if (pl_fmt(path, sizeof path, "%s/%s", dir, file) != PL_OK)
        return PL_ETOOBIG;
    size_t len = 0;
    uint8_t *image = read_file(path, &len);
    if (!image)
        return PL_EIO;
    int16_t *pcm = NULL;
    size_t n = 0;
    char *name = malloc(name_len + 1);
    pl_err e = name ? pl_prompt_decode(image, len, &pcm, &n) : PL_ENOMEM;
    free(image);
    if (e != PL_OK) {
        free(name);
        return e;
    }
    memcpy(name, file, name_len);
    name[name_len] = '\0';
    p->list[p->n++] = (pl_prompt){.name = name, .pcm = pcm, .n = n};
    return PL_OK;
}

static int is_wav(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".wav") == 0;
}

pl_err pl_prompts_load(const char *dir, pl_prompts **ret_prompts)
{
    pl_prompts *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    struct dirent **names = NULL;
    int n = scandir(dir, &names, is_wav, alphasort);
    if (n <= 0) {
        PL_LOG(WARN, "media", "prompts_missing", PL_KV("dir", dir),
               "no announcements will be played");
    }
    for (int i = 0; i < n; i++) {
        pl_err e = p->n < PL_PROMPTS_MAX ? load_one(p, dir, names[i]->d_name)
                                         : PL_EFULL;
        if (e != PL_OK) {
            PL_LOG(WARN, "media", "prompt_refused",
                   PL_KV("file", names[i]->d_name),
                   "%s; wanted: 16 bit mono PCM at 48000 or 16000 Hz",
                   pl_err_text(e));
        }
        free(names[i]);
    }
    free(names);
    *ret_prompts = p;
    return PL_OK;
}

void pl_prompts_free(pl_prompts **prompts)
{
    if (!prompts || !*prompts)
        return;
    for (size_t i = 0; i < (*prompts)->n; i++) {
        union { /* they were made here: only the engine sees them as const */
            const void *seen;
            void *made;
        } name = {.seen = (*prompts)->list[i].name},
          pcm = {.seen = (*prompts)->list[i].pcm};
        free(name.made);
        free(pcm.made);
    }
    free(*prompts);
    *prompts = NULL;
}

const pl_prompt *pl_prompts_find(const pl_prompts *prompts, const char *name)
{
    for (size_t i = 0; i < prompts->n; i++) {
        if (strcmp(prompts->list[i].name, name) == 0)
            return &prompts->list[i];
    }
    return NULL;
}

size_t pl_prompts_count(const pl_prompts *prompts)
{
    return prompts->n;
}

const pl_prompt *pl_prompts_at(const pl_prompts *p, size_t index)
{
    return &p->list[index];
}
