/* ogg_file.c - pages by libogg; nothing is encoded here. */
#include "io/ogg_file.h"

#include <errno.h>
#include <ogg/ogg.h>
#include <stdlib.h>
#include <string.h>

enum {
    PACKET_MAX = 1500,
    PAGE_SAMPLES = 24000, /* 0.5 s */
    STEP = 120,           /* 2.5 ms: gaps are multiples of it */
    FRAME = 960,
    FILL_FRAMES = 6, /* 120 ms, the longest packet: RFC 6716 section 3.2.5 */
    HEAD_BYTES = 19,
    TAGS_BYTES = 64 + PL_RECORD_TAGS * (4 + PL_RECORD_TAG)
};

typedef struct ogg_file {
    pl_record_writer writer; /* first */
    ogg_stream_state stream;
    int64_t number;   /* of the next packet */
    int64_t samples;  /* in the packets given to the stream */
    uint32_t in_page; /* of those, not yet written */
    uint8_t toc;      /* of the latest packet */
    bool has_held;
    uint32_t held_samples;
    size_t held_len;
    uint8_t held[PACKET_MAX];
} ogg_file;

static uint8_t *put_le(uint8_t *p, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *p++ = (uint8_t)(value >> (8 * i));
    return p;
}

static uint8_t *put_text(uint8_t *p, const char *text)
{
    while (*text)
        *p++ = (uint8_t)*text++;
    return p;
}

/* ---- pages -------------------------------------------------------------- */

static pl_err write_page(ogg_file *f, const ogg_page *page)
{
    /* In one piece, so that a failure leaves no half of a page. */
    uint8_t bytes[65536];
    size_t head = (size_t)page->header_len;
    size_t body = (size_t)page->body_len;
    if (head + body > sizeof bytes)
        return PL_EINTERNAL;
    memcpy(bytes, page->header, head);
    memcpy(bytes + head, page->body, body);
    return pl_record_file_append(&f->writer.file, bytes, head + body);
}

/* Those that are full, of half a second or more; or all there is. */
static pl_err write_pages(ogg_file *f, bool is_all)
{
    ogg_page page;
    bool is_flush = is_all || f->in_page >= PAGE_SAMPLES;
    while (is_flush ? ogg_stream_flush(&f->stream, &page)
                    : ogg_stream_pageout(&f->stream, &page)) {
        f->in_page = 0;
        pl_err e = write_page(f, &page);
        if (e != PL_OK)
            return e;
    }
    return PL_OK;
}

/* Copies the packet. */
static pl_err give(ogg_file *f, uint8_t *data, size_t len, uint32_t samples,
                   bool is_last)
{
    f->samples += samples;
    f->in_page += samples;
    ogg_packet p = {.packet = data,
                    .bytes = (long)len,
                    .b_o_s = f->number == 0,
                    .e_o_s = is_last,
                    .granulepos = f->samples,
                    .packetno = f->number};
    f->number++;
    return ogg_stream_packetin(&f->stream, &p) == 0 ? PL_OK : PL_ENOMEM;
}

static pl_err give_held(ogg_file *f, bool is_last)
{
    if (!f->has_held)
        return PL_OK;
    f->has_held = false;
    return give(f, f->held, f->held_len, f->held_samples, is_last);
}

static void hold(ogg_file *f, const uint8_t *data, size_t len, uint32_t samples)
{
    memcpy(f->held, data, len);
    f->held_len = len;
    f->held_samples = samples;
    f->has_held = true;
    f->toc = data[0];
}

/* ---- the writer --------------------------------------------------------- */

static pl_err ogg_put(pl_record_writer *w, const uint8_t *data, size_t len,
                      uint32_t samples)
{
    ogg_file *f = (ogg_file *)w;
    if (len == 0 || len > PACKET_MAX)
        return PL_EINVAL;
    pl_err e = give_held(f, false);
    if (e == PL_OK)
        e = write_pages(f, false);
    if (e == PL_OK)
        hold(f, data, len, samples);
    return e;
}

/* RFC 6716 section 3.1: the configuration of 20 ms frames in the mode and
 * bandwidth of a packet, or of CELT's 2.5 ms; mono or stereo as there. */
static uint8_t toc_20ms(uint8_t toc)
{
    unsigned config = toc >> 3;
    if (config < 12) { /* SILK: 10, 20, 40, 60 ms */
        config = (config & ~3U) | 1U;
    } else if (config < 16) { /* hybrid: 10, 20 */
        config |= 1U;
    } else { /* CELT: 2.5, 5, 10, 20 */
        config |= 3U;
    }
    return (uint8_t)(config << 3 | (toc & 4U));
}

static uint8_t toc_2ms5(uint8_t toc)
{
    unsigned config = toc >> 3;
    /* CELT of NB, WB, SWB or FB; there is none of MB. */
    static const unsigned silk[] = {16, 20, 20};
    if (config < 12) {
        config = silk[config >> 2];
    } else if (config < 16) {
        config = config < 14 ? 24 : 28;
    } else {
        config &= ~3U;
    }
    return (uint8_t)(config << 3 | (toc & 4U));
}

/* A packet of frames without bytes (code 3, constant bit rate): the decoder
 * conceals. RFC 6716 section 3.2.5, RFC 7845 section 4.1. */
static pl_err fill(ogg_file *f, uint8_t toc, uint8_t frames, uint32_t samples)
{
    uint8_t packet[2] = {(uint8_t)(toc | 3U), frames};
    pl_err e = give_held(f, false);
    if (e == PL_OK)
        e = write_pages(f, false);
    if (e != PL_OK)
        return e;
    hold(f, packet, sizeof packet, samples);
    return PL_OK;
}

static pl_err ogg_gap(pl_record_writer *w, uint64_t samples,
                      uint64_t *ret_samples)
{
    ogg_file *f = (ogg_file *)w;
    uint64_t left = samples / STEP * STEP;
    uint8_t toc = f->toc;
    *ret_samples = left;
    while (left > 0) {
        uint8_t frames = FILL_FRAMES;
        uint32_t each = FRAME;
        if (left < FRAME) {
            each = STEP;
            frames = (uint8_t)(left / STEP);
        } else if (left < (uint64_t)FRAME * FILL_FRAMES) {
            frames = (uint8_t)(left / FRAME);
        }
        pl_err e = fill(f, each == STEP ? toc_2ms5(toc) : toc_20ms(toc), frames,
                        frames * each);
        if (e != PL_OK)
            return e;
        left -= (uint64_t)frames * each;
    }
    f->toc = toc;
    return PL_OK;
}

static pl_err ogg_flush(pl_record_writer *w)
{
    return write_pages((ogg_file *)w, true);
}

static pl_err ogg_close(pl_record_writer **writer, uint64_t *ret_bytes)
{
    ogg_file *f = (ogg_file *)*writer;
    pl_err e = give_held(f, true);
    if (e == PL_OK)
        e = write_pages(f, true);
    if (e == PL_OK)
        e = pl_record_file_sync(&f->writer.file);
    int why = errno;
    *ret_bytes = f->writer.file.bytes;
    pl_record_file_close(&f->writer.file);
    (void)ogg_stream_clear(&f->stream);
    free(f);
    *writer = NULL;
    errno = why;
    return e;
}

/* ---- headers ------------------------------------------------------------ */

/* RFC 7845 section 5.1, channel mapping family 0. */
static pl_err write_head(ogg_file *f, uint8_t channels)
{
    uint8_t head[HEAD_BYTES];
    uint8_t *p = put_text(head, "OpusHead");
    *p++ = 1;
    *p++ = channels;
    p = put_le(p, PL_OGG_PRE_SKIP, 2);
    p = put_le(p, 48000, 4);
    p = put_le(p, 0, 2); /* gain */
    *p = 0;
    pl_err e = give(f, head, sizeof head, 0, false);
    return e == PL_OK ? write_pages(f, true) : e;
}

/* RFC 7845 section 5.2; pages of its own: section 3. */
static pl_err write_tags(ogg_file *f, const pl_record_tags *tags)
{
    static const char vendor[] = "Parley " PL_VERSION;
    uint8_t bytes[TAGS_BYTES];
    uint8_t *p = put_text(bytes, "OpusTags");
    p = put_le(p, sizeof vendor - 1, 4);
    p = put_text(p, vendor);
    p = put_le(p, (uint32_t)tags->n, 4);
    for (size_t i = 0; i < tags->n; i++) {
        p = put_le(p, (uint32_t)strlen(tags->tag[i]), 4);
        p = put_text(p, tags->tag[i]);
    }
    pl_err e = give(f, bytes, (size_t)(p - bytes), 0, false);
    return e == PL_OK ? write_pages(f, true) : e;
}

pl_err pl_ogg_file_open(const pl_record_file *file, uint8_t channels,
                        uint32_t serial, const pl_record_tags *tags,
                        pl_record_writer **ret_writer)
{
    static const pl_record_ops ops = {ogg_put, ogg_gap, ogg_flush, ogg_close};
    pl_record_file own = *file;
    ogg_file *f = calloc(1, sizeof *f);
    if (!f || ogg_stream_init(&f->stream, (int)serial) != 0) {
        free(f);
        pl_record_file_close(&own);
        return PL_ENOMEM;
    }
    f->writer = (pl_record_writer){&ops, own};
    pl_err e =
        channels == 1 || channels == 2 ? write_head(f, channels) : PL_EINVAL;
    if (e == PL_OK)
        e = write_tags(f, tags);
    if (e != PL_OK) {
        pl_record_writer *w = &f->writer;
        uint64_t bytes = 0;
        pl_err ignored = ogg_close(&w, &bytes);
        (void)ignored;
        return e;
    }
    *ret_writer = &f->writer;
    return PL_OK;
}
