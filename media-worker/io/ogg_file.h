/* ogg_file.h - Ogg/Opus, made of packets that somebody else encoded. */
#ifndef PL_OGG_FILE_H
#define PL_OGG_FILE_H

#include "io/record_file.h"

enum {
    /* RFC 7845 section 4.2: a stream cut out of a running one is given 80 ms
     * in which a decoder finds in; they are decoded and not played. */
    PL_OGG_PRE_SKIP = 3840,
    /* What an Opus encoder of 48 kHz looks ahead: the sound of a packet lies
     * so much before its position. */
    PL_OGG_LOOKAHEAD = 312
};

/* Write the headers; then packets of Opus, units are samples of 48 kHz. A page
 * is written every half second of sound, the latest packet is held back: it
 * may be the last, which is marked. Gaps are filled with packets that ask the
 * decoder to conceal, as granule positions must not jump: RFC 7845 section
 * 4.1. At most 2.5 ms of a gap remain.
 *
 * file:     taken over, also in case of an error
 * channels: 1 or 2, what a player shall make of it
 * Errors:   PL_EINVAL; PL_ENOMEM; PL_EIO, errno says why
 * Source:   RFC 7845 section 3 (pages), 5 (headers), RFC 3533 */
PL_MUST_USE pl_err pl_ogg_file_open(const pl_record_file *file,
                                    uint8_t channels, uint32_t serial,
                                    const pl_record_tags *tags,
                                    pl_record_writer **ret_writer);

#endif
