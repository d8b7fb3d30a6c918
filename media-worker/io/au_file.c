/* au_file.c - a header of big-endian words, then sound. */
#include "io/au_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIXED = 24, /* bytes of the header before the annotation */
    HEADER_MAX = FIXED + PL_RECORD_TAGS * PL_RECORD_TAG + 8,
    BUFFER = 4000 /* 0.5 s */
};
static const uint32_t MAGIC = 0x2e736e64U; /* ".snd" */
static const uint32_t LENGTH_UNKNOWN = 0xffffffffU;

typedef struct au_file {
    pl_record_writer writer; /* first */
    const uint8_t *silence;
    size_t silence_len, silence_at;
    size_t n;
    uint8_t buffer[BUFFER];
} au_file;

static uint8_t *put_be32(uint8_t *p, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *p++ = (uint8_t)(value >> shift);
    return p;
}

static pl_err au_flush(pl_record_writer *w)
{
    au_file *f = (au_file *)w;
    size_t n = f->n;
    f->n = 0;
    return n > 0 ? pl_record_file_append(&w->file, f->buffer, n) : PL_OK;
}

static pl_err au_put(pl_record_writer *w, const uint8_t *data, size_t len,
                     uint32_t units)
{
    au_file *f = (au_file *)w;
    if (units != len)
        return PL_EINVAL;
    while (len > 0) {
        size_t n = BUFFER - f->n < len ? BUFFER - f->n : len;
        memcpy(f->buffer + f->n, data, n);
        f->n += n;
        data += n;
        len -= n;
        pl_err e = f->n == BUFFER ? au_flush(w) : PL_OK;
        if (e != PL_OK)
            return e;
    }
    return PL_OK;
}

static pl_err au_gap(pl_record_writer *w, uint64_t units, uint64_t *ret_units)
{
    au_file *f = (au_file *)w;
    *ret_units = units;
    while (units > 0) {
        size_t n = f->silence_len - f->silence_at;
        n = n < units ? n : (size_t)units;
        pl_err e = au_put(w, f->silence + f->silence_at, n, (uint32_t)n);
        if (e != PL_OK)
            return e;
        f->silence_at = (f->silence_at + n) % f->silence_len;
        units -= n;
    }
    return PL_OK;
}

static pl_err au_close(pl_record_writer **writer, uint64_t *ret_bytes)
{
    au_file *f = (au_file *)*writer;
    pl_err e = au_flush(*writer);
    if (e == PL_OK)
        e = pl_record_file_sync(&f->writer.file);
    int why = errno;
    *ret_bytes = f->writer.file.bytes;
    pl_record_file_close(&f->writer.file);
    free(f);
    *writer = NULL;
    errno = why;
    return e;
}

static uint32_t encoding_of(pl_codec_kind codec)
{
    static const uint32_t encodings[PL_AUDIO_COUNT] = {
        [PL_AUDIO_PCMU] = 1, [PL_AUDIO_PCMA] = 27, [PL_AUDIO_G722] = 24};
    return (unsigned)codec < PL_AUDIO_COUNT ? encodings[codec] : 0;
}

static pl_err write_header(au_file *f, uint32_t encoding, uint32_t rate,
                           const pl_record_tags *tags)
{
    uint8_t bytes[HEADER_MAX] = {0};
    uint8_t *text = bytes + FIXED;
    for (size_t i = 0; i < tags->n; i++) {
        for (const char *p = tags->tag[i]; *p; p++)
            *text++ = (uint8_t)*p;
        *text++ = '\n';
    }
    /* ends with a zero, on a multiple of eight */
    size_t len = ((size_t)(text - bytes) + 8) & ~(size_t)7;
    uint8_t *p = put_be32(bytes, MAGIC);
    p = put_be32(p, (uint32_t)len);
    p = put_be32(p, LENGTH_UNKNOWN);
    p = put_be32(p, encoding);
    p = put_be32(p, rate);
    (void)put_be32(p, 1); /* channels */
    return pl_record_file_append(&f->writer.file, bytes, len);
}

pl_err pl_au_file_open(const pl_record_file *file, pl_codec_kind codec,
                       const uint8_t *silence, size_t len,
                       const pl_record_tags *tags,
                       pl_record_writer **ret_writer)
{
    static const pl_record_ops ops = {au_put, au_gap, au_flush, au_close};
    pl_record_file own = *file;
    uint32_t encoding = encoding_of(codec);
    au_file *f = encoding != 0 && len > 0 ? calloc(1, sizeof *f) : NULL;
    if (!f) {
        pl_record_file_close(&own);
        return encoding != 0 && len > 0 ? PL_ENOMEM : PL_EUNSUPPORTED;
    }
    f->writer = (pl_record_writer){&ops, own};
    f->silence = silence;
    f->silence_len = len;
    /* RFC 3551 section 4.5.2: G.722 samples at 16 kHz, whatever RTP says. */
    pl_err e =
        write_header(f, encoding, codec == PL_AUDIO_G722 ? 16000 : 8000, tags);
    if (e != PL_OK) {
        pl_record_writer *w = &f->writer;
        uint64_t bytes = 0;
        pl_err ignored = au_close(&w, &bytes);
        (void)ignored;
        return e;
    }
    *ret_writer = &f->writer;
    return PL_OK;
}
