/* au_file.h - Sun audio files of G.711 and G.722, byte for byte as received.
 * Their length is "unknown" from the beginning on, so that nothing is ever
 * written but at the end. */
#ifndef PL_AU_FILE_H
#define PL_AU_FILE_H

#include "core/codec_kind.h"
#include "io/record_file.h"

/* Write the header, the tags in its annotation. Units are bytes: one for each
 * tick of the RTP clock in all three codecs.
 *
 * file:    taken over, also in case of an error
 * silence: silence[len] of the codec, put into gaps; borrowed for the file's
 *          life
 * Errors:  PL_EUNSUPPORTED codec; PL_ENOMEM; PL_EIO, errno says why */
PL_MUST_USE pl_err pl_au_file_open(const pl_record_file *file,
                                   pl_codec_kind codec, const uint8_t *silence,
                                   size_t len, const pl_record_tags *tags,
                                   pl_record_writer **ret_writer);

#endif
