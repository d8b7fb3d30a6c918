/* record_rig.c - folder, voices, pages. */
#include "record_rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/codecs.h"
#include "io/record_file.h"
#include "sound_file.h"

static const double TURN = 6.283185307179586;

static char folder[64];

int record_begin(void **state)
{
    (void)state;
    folder_make(folder, sizeof folder);
    return 0;
}

int record_end(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

void path_of(const char *name, char *path, size_t cap)
{
    (void)snprintf(path, cap, "%s/%s", folder, name);
}

int open_folder(void)
{
    int fd = -1;
    assert_int_equal(pl_record_folder(-100 /* AT_FDCWD */, folder, &fd), PL_OK);
    return fd;
}

/* ---- sound -------------------------------------------------------------- */

void voice_open(voice *v, pl_codec_kind kind, double hz)
{
    *v = (voice){.codec = pl_codecs.codec[kind], .hz = hz};
    assert_int_equal(
        v->codec->encoder_create(&(pl_encoder_options){.bitrate_bps = 32000},
                                 &v->encoder),
        PL_OK);
}

void voice_close(voice *v)
{
    v->codec->encoder_destroy(&v->encoder);
}

void voice_next(voice *v)
{
    float pcm[PL_CODEC_FRAME];
    for (size_t i = 0; i < PL_CODEC_FRAME; i++) {
        double t = (double)(v->frame * PL_CODEC_FRAME + i) / 48000.0;
        pcm[i] = (float)(LOUD * sin(TURN * v->hz * t));
    }
    v->frame++;
    v->len = v->codec->encode(v->encoder, pcm, v->data);
    assert_true(v->len > 0);
}

void assert_tone(const char *path, double hz, size_t from_ms, size_t n_ms,
                 double amplitude)
{
    sound s;
    sound_read(path, &s);
    double got = sound_tone(&s, hz, from_ms, n_ms);
    sound_free(&s);
    if (fabs(got - amplitude) > 0.1)
        fail_msg("%s: %.0f Hz at %.3f, not %.3f", path, hz, got, amplitude);
}

size_t length_ms(const char *path)
{
    sound s;
    sound_read(path, &s);
    size_t ms = s.n * 1000 / 48000;
    sound_free(&s);
    return ms;
}

/* ---- pages -------------------------------------------------------------- */

static uint32_t crc_of(const uint8_t *p, size_t len)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = i >= 22 && i < 26 ? 0 : p[i]; /* the sum itself */
        crc ^= (uint32_t)byte << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80000000U ? crc << 1 ^ 0x04c11db7U : crc << 1;
    }
    return crc;
}

static int64_t get_le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return (int64_t)v;
}

uint8_t *read_file(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    enum { MOST = 1 << 20 };
    uint8_t *bytes = malloc(MOST);
    assert_non_null(bytes);
    *ret_len = fread(bytes, 1, MOST, f);
    (void)fclose(f);
    return bytes;
}

void read_pages(const char *path, pages *ret_pages)
{
    size_t len = 0;
    uint8_t *bytes = read_file(path, &len);
    *ret_pages = (pages){.n = 0};
    for (size_t at = 0; at < len; ret_pages->n++) {
        const uint8_t *p = bytes + at;
        assert_true(len - at >= 27);
        assert_memory_equal(p, "OggS", 4);
        size_t size = 27U + p[26];
        for (size_t i = 0; i < p[26]; i++)
            size += p[27 + i];
        assert_true(size <= len - at);
        assert_int_equal((uint32_t)get_le(p + 22, 4), crc_of(p, size));
        assert_int_equal(get_le(p + 18, 4), ret_pages->n); /* none is missing */
        assert_int_equal(p[5] & 2, ret_pages->n == 0 ? 2 : 0);
        assert_false(ret_pages->has_end);
        ret_pages->has_end = p[5] & 4;
        int64_t granule = get_le(p + 6, 8);
        assert_true(granule >= ret_pages->granule);
        if (granule - ret_pages->granule > ret_pages->longest)
            ret_pages->longest = granule - ret_pages->granule;
        ret_pages->granule = granule;
        ret_pages->last_at = at;
        at += size;
    }
    free(bytes);
}
