/* engine_line.h - a phone of the rig behind a bad network: its packets are
 * lost, late and out of order by a seed, and its clock may go wrong. */
#ifndef PL_ENGINE_LINE_H
#define PL_ENGINE_LINE_H

#include "engine_rig.h"

enum { LINE_RED_PT = 63, LINE_RED_MAX = 2, LINE_FLIGHTS = 64 };

typedef struct line_rules {
    double ppm; /* its clock is slower by so much */
    uint32_t loss_permille, duplicate_permille;
    int64_t jitter_us; /* each packet by itself: they overtake each other */
    bool has_fec;      /* Opus with in-band FEC */
    unsigned red;      /* older payloads in each packet (RFC 2198) */
    uint32_t seed;
} line_rules;

typedef struct line_packet {
    int64_t at_us;
    size_t len;
    uint8_t bytes[600];
} line_packet;

typedef struct line {
    rig *r;
    rig_leg *leg;
    line_rules rules;
    void *opus; /* OpusEncoder; NULL: the leg's own */
    double sent_us;
    struct {
        size_t len;
        uint32_t ts;
        uint8_t bytes[PL_CODEC_MAX_ENCODED];
    } past[LINE_RED_MAX];
    line_packet flight[LINE_FLIGHTS];
    size_t n_flights;
    uint32_t n_sent, n_lost;
} line;

/* Let a leg of the rig speak through a network; its source, or its tone, is
 * what it says. Agree on redundancy both ways for it if it has Opus. */
void line_open(line *l, rig *r, rig_leg *leg, line_rules rules);
void line_close(line *l);
/* Run n ticks of the rig with what the network brings. */
void line_run(line *l, size_t n_ticks);
/* Renegotiate: redundancy in both directions, on this leg; or in-band FEC for
 * what it is sent. */
void line_agree(rig *r, const rig_leg *leg);
void line_agree_fec(rig *r, const rig_leg *leg);

#endif
