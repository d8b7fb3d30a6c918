/* record_rig.h - what tests of recordings share: a folder, voices, and a reader
 * of Ogg pages that is written from the standard. */
#ifndef RECORD_RIG_H
#define RECORD_RIG_H

#include "core/codec.h"

#define LOUD 0.3 /* amplitude of a voice */

/* cmocka fixtures: an empty folder, and away with it. */
int record_begin(void **state);
int record_end(void **state);
/* Of a file in it; the folder itself, opened. */
void path_of(const char *name, char *path, size_t cap);
int open_folder(void);

/* Somebody who says a tone. */
typedef struct voice {
    const pl_codec *codec;
    pl_encoder *encoder;
    double hz;
    size_t frame;
    uint8_t data[PL_CODEC_MAX_ENCODED]; /* the latest 20 ms */
    size_t len;
} voice;

void voice_open(voice *v, pl_codec_kind kind, double hz);
void voice_close(voice *v);
void voice_next(voice *v);

/* Another program reads the file and finds the tone in a stretch of it. */
void assert_tone(const char *path, double hz, size_t from_ms, size_t n_ms,
                 double amplitude);
size_t length_ms(const char *path);

/* RFC 3533 section 6. */
typedef struct pages {
    size_t n, last_at; /* where the last one begins */
    bool has_end;
    int64_t granule, longest; /* samples of one page */
} pages;

/* Walk all pages; each must be whole. */
void read_pages(const char *path, pages *ret_pages);
/* The caller frees it. */
uint8_t *read_file(const char *path, size_t *ret_len);

#endif
