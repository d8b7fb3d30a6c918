/* record_line.h - where a piece of received sound belongs in its file.
 *
 * Positions count in the units of the file: samples of 48 kHz for Opus, bytes
 * for G.711 and G.722, both as RTP timestamps do. A sender's timestamps say
 * how its pieces follow each other; the arrival says where the whole belongs,
 * and which of two clocks runs fast: a file that followed the timestamps alone
 * would leave the others by 0.4 s an hour at 100 ppm. */
#ifndef PL_RECORD_LINE_H
#define PL_RECORD_LINE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pl_record_line {
    uint32_t clock_hz;
    int64_t origin_us; /* time of position 0 */
    int64_t end;       /* position behind the last piece */
    int64_t next;      /* position at which ts `last_ts` lies */
    uint32_t last_ts;
    bool has_ts;
    int64_t window_us, least; /* smallest arrival minus position in it */
    bool has_least;
} pl_record_line;

typedef struct pl_record_place {
    bool is_late; /* others were written there: leave it out */
    uint64_t gap; /* units without sound before it */
} pl_record_place;

/* Begin a file whose first piece arrives at origin_us. */
void pl_record_line_start(pl_record_line *line, uint32_t clock_hz,
                          int64_t origin_us);
/* Another source, or one that began anew: its timestamps mean nothing yet. */
void pl_record_line_rebase(pl_record_line *line);
/* Where a piece of n units belongs. Nothing is moved: tell by
 * pl_record_line_wrote() what became of it. Pieces come in order. */
pl_record_place pl_record_line_put(pl_record_line *line, uint32_t ts,
                                   int64_t at_us, uint32_t n);
/* n units were written: silence or sound. */
void pl_record_line_wrote(pl_record_line *line, uint64_t n);

#endif
