/* rtp_source.c - the bookkeeping of RFC 3550 appendix A. */
#include "core/rtp_source.h"

enum {
    SEQ_MODULO = 1 << 16,
    MAX_DROPOUT = 3000, /* RFC 3550 section A.1 */
    MAX_MISORDER = 100,
    NO_BAD_SEQ = SEQ_MODULO + 1
};

void pl_rtp_source_start(pl_rtp_source *s, uint32_t ssrc, uint16_t seq,
                         uint8_t probation)
{
    *s = (pl_rtp_source){.ssrc = ssrc,
                         .max_seq = seq,
                         .base_xseq = seq,
                         .bad_seq = NO_BAD_SEQ,
                         .probation = probation,
                         .is_valid = probation == 0};
}

static void restart_at(pl_rtp_source *s, uint16_t seq)
{
    s->base_xseq = seq;
    s->max_seq = seq;
    s->cycles = 0;
    s->bad_seq = NO_BAD_SEQ;
    s->received = 0;
    s->received_prior = s->expected_prior = 0;
    s->has_transit = false;
}

static pl_err probe(pl_rtp_source *s, uint16_t seq)
{
    if (seq == (uint16_t)(s->max_seq + 1)) {
        s->max_seq = seq;
        if (--s->probation == 0) {
            restart_at(s, seq);
            s->is_valid = true;
            return PL_OK;
        }
    } else {
        s->max_seq = seq;
        s->probation = 1;
    }
    return PL_EAGAIN;
}

pl_err pl_rtp_source_seq(pl_rtp_source *s, uint16_t seq, uint32_t *ret_xseq,
                         bool *ret_restart)
{
    bool is_restart = false;
    if (!s->is_valid) {
        pl_err e = probe(s, seq);
        if (e != PL_OK)
            return e;
        is_restart = true;
    }
    uint16_t delta = (uint16_t)(seq - s->max_seq);
    uint32_t cycles = s->cycles;
    if (delta < MAX_DROPOUT) {
        if (seq < s->max_seq)
            cycles = s->cycles += SEQ_MODULO;
        s->max_seq = seq;
    } else if (delta <= SEQ_MODULO - MAX_MISORDER) {
        /* Two packets in order after a jump: the sender started over. */
        if (seq != s->bad_seq) {
            s->bad_seq = (uint16_t)(seq + 1);
            return PL_EPROTO;
        }
        restart_at(s, seq);
        cycles = 0;
        is_restart = true;
    } else if (seq > s->max_seq) { /* old, from before the wrap */
        if (cycles == 0)
            return PL_EPROTO;
        cycles -= SEQ_MODULO;
    }
    s->received++;
    *ret_xseq = cycles + seq;
    *ret_restart = is_restart;
    return PL_OK;
}

/* Microseconds in timestamp units, wrapping as timestamps do. */
static uint32_t in_units(int64_t us, uint32_t clock_hz)
{
    uint64_t whole = (uint64_t)(us / 1000000) * clock_hz;
    uint64_t part = (uint64_t)(us % 1000000) * clock_hz / 1000000;
    return (uint32_t)(whole + part);
}

void pl_rtp_source_arrival(pl_rtp_source *s, uint32_t ts, uint32_t clock_hz,
                           int64_t arrival_us)
{
    uint32_t transit = in_units(arrival_us, clock_hz) - ts;
    if (s->has_transit) {
        int32_t d = (int32_t)(transit - s->transit);
        uint32_t abs_d = d < 0 ? 0U - (uint32_t)d : (uint32_t)d;
        /* A clock that jumped says nothing about the network. */
        if (abs_d < clock_hz)
            s->jitter += abs_d - ((s->jitter + 8) >> 4);
    }
    s->transit = transit;
    s->has_transit = true;
}

static uint64_t expected(const pl_rtp_source *s)
{
    return (uint64_t)s->cycles + s->max_seq - s->base_xseq + 1;
}

uint64_t pl_rtp_source_lost(const pl_rtp_source *s)
{
    uint64_t e = s->is_valid ? expected(s) : 0;
    return e > s->received ? e - s->received : 0;
}

/* In 1/65536 s. The time of a report is a tick's deadline: when the tick is
 * late the sender's report may have come after it. */
static uint32_t since_sr(const pl_rtp_source *s, int64_t now_us)
{
    if (!s->sr_us || now_us < s->sr_us)
        return 0;
    return (uint32_t)((uint64_t)(now_us - s->sr_us) * 65536 / 1000000);
}

void pl_rtp_source_report(pl_rtp_source *s, int64_t now_us,
                          pl_rtp_report *ret_report)
{
    uint64_t all = expected(s);
    uint64_t lost = pl_rtp_source_lost(s);
    uint64_t now_expected = all - s->expected_prior;
    uint64_t now_received = s->received - s->received_prior;
    s->expected_prior = all;
    s->received_prior = s->received;
    uint64_t now_lost =
        now_expected > now_received ? now_expected - now_received : 0;
    uint64_t fraction = now_expected ? now_lost * 256 / now_expected : 0;
    *ret_report = (pl_rtp_report){
        .ssrc = s->ssrc,
        .fraction_lost = (uint8_t)(fraction > 255 ? 255 : fraction),
        .lost = (uint32_t)(lost > 0x7fffff ? 0x7fffff : lost),
        .max_xseq = s->cycles + s->max_seq,
        .jitter = s->jitter >> 4,
        .last_sr = s->sr_us ? s->sr_mid : 0,
        .delay_since_sr = since_sr(s, now_us),
    };
}
