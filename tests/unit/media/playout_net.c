/* playout_net.c - the tone codec, the sender and the network. */
#include "playout_net.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a codec that is a tone --------------------------------------------- */

struct pl_decoder {
    int unused;
};

enum { TURN_MAX = 256 };
float tone_amplitude = 0.3F;
unsigned tone_period = 100; /* 480 Hz */
size_t n_conceals;

static size_t tone_duration(const uint8_t *data, size_t len)
{
    return len == 6 ? (size_t)data[4] * 480 : len == 1 ? 960 : 0;
}

static pl_err tone_create(unsigned channels, pl_decoder **ret_decoder)
{
    (void)channels;
    *ret_decoder = calloc(1, sizeof **ret_decoder);
    return *ret_decoder ? PL_OK : PL_ENOMEM;
}

static void tone_destroy(pl_decoder **decoder)
{
    free(*decoder);
    *decoder = NULL;
}

static void tone_reset(pl_decoder *decoder)
{
    (void)decoder;
}

static void tone_at(uint32_t sample, float *pcm, size_t n)
{
    static float turn[TURN_MAX];
    static unsigned period;
    for (unsigned i = 0; period != tone_period && i < tone_period; i++) {
        turn[i] =
            (float)sin(6.283185307179586 * (double)i / (double)tone_period);
    }
    period = tone_period;
    uint32_t at = sample % period;
    for (size_t i = 0; i < n; i++) {
        pcm[i] = tone_amplitude * turn[at];
        at = at + 1 == period ? 0 : at + 1;
    }
}

static pl_err tone_decode(pl_decoder *decoder, const uint8_t *data, size_t len,
                          float *pcm, size_t *ret_samples)
{
    (void)decoder;
    uint32_t sample = 0;
    *ret_samples = tone_duration(data, len);
    if (len != 6)
        memset(pcm, 0, *ret_samples * sizeof *pcm);
    else {
        memcpy(&sample, data, 4);
        tone_at(sample, pcm, *ret_samples);
    }
    return data[len - 1] == 0xff ? PL_EPROTO : PL_OK;
}

static pl_err tone_fec(pl_decoder *decoder, const uint8_t *data, size_t len,
                       float *pcm, size_t samples)
{
    (void)decoder;
    if (len != 6 || data[5] != 1)
        return PL_ENOENT;
    uint32_t sample = 0;
    memcpy(&sample, data, 4);
    tone_at(sample - (uint32_t)samples, pcm, samples);
    return PL_OK;
}

static void tone_conceal(pl_decoder *decoder, float *pcm, size_t samples)
{
    (void)decoder;
    n_conceals++;
    memset(pcm, 0, samples * sizeof *pcm);
}

static const pl_codec TONE = {.kind = PL_AUDIO_OPUS,
                              .clock_hz = 48000,
                              .duration = tone_duration,
                              .longest = PL_CODEC_MAX_DECODED,
                              .decoder_create = tone_create,
                              .decoder_destroy = tone_destroy,
                              .decode = tone_decode,
                              .decode_fec = tone_fec,
                              .conceal = tone_conceal,
                              .decoder_reset = tone_reset};
static const pl_codec_table TABLE = {.codec = {[PL_AUDIO_OPUS] = &TONE}};

/* ---- a network ---------------------------------------------------------- */

uint32_t net_dice(net *n)
{
    n->seed = n->seed * 1664525U + 1013904223U;
    return n->seed >> 8;
}

net the_net;

int open_net_within(pl_delay_limits limits)
{
    tone_amplitude = 0.3F;
    tone_period = 100;
    n_conceals = 0;
    the_net = (net){
        .now_us = 5000000, .sent_us = 5000000, .seed = 42, .per_packet = 2};
    net *n = &the_net;
    assert_int_equal(pl_packet_pool_create(&n->pool), PL_OK);
    for (int i = 0; i < LEGS; i++)
        assert_int_equal(pl_packet_pool_grow(n->pool), PL_OK);
    assert_int_equal(pl_playout_create(n->pool, &TABLE, limits, &n->p), PL_OK);
    pl_playout_accept(n->p, 1U << PL_AUDIO_OPUS);
    pl_ear *ear = NULL;
    assert_int_equal(
        pl_ear_create(&TABLE, pl_ear_kind_of(&TABLE, 1U << PL_AUDIO_OPUS, 1),
                      &ear),
        PL_OK);
    assert_null(pl_playout_set_ear(n->p, ear));
    return 0;
}

int open_net(void **state)
{
    (void)state;
    return open_net_within((pl_delay_limits){0, 0});
}

int close_net(void **state)
{
    (void)state;
    pl_ear *ear = pl_playout_set_ear(the_net.p, NULL);
    pl_ear_destroy(&TABLE, &ear);
    pl_playout_destroy(&the_net.p);
    /* Every packet went back: nothing leaks from the pool. */
    assert_int_equal(pl_packet_pool_free_count(the_net.pool), ALL);
    pl_packet_pool_destroy(&the_net.pool);
    return 0;
}

static pl_playout_info make(const net *n, uint32_t number, int64_t at_us,
                            uint8_t payload[6])
{
    uint32_t sample = number * n->per_packet * 480;
    memcpy(payload, &sample, 4);
    payload[4] = (uint8_t)n->per_packet;
    payload[5] = n->has_fec;
    return (pl_playout_info){.codec = PL_AUDIO_OPUS,
                             .ts = sample + 0xffff0000U,
                             .xseq = number + 1000,
                             .arrival_us = at_us};
}

pl_err net_put(net *n, uint32_t number, int64_t at_us)
{
    uint8_t payload[6];
    const pl_playout_info info = make(n, number, at_us, payload);
    return pl_playout_put(n->p, &info, payload, sizeof payload);
}

/* What came along with packet `number`. */
static void put_older(net *n, uint32_t number, int64_t at_us)
{
    for (uint32_t k = 1; k <= n->red && k <= number; k++) {
        uint8_t payload[6];
        const pl_playout_info info = make(n, number - k, at_us, payload);
        pl_err e = pl_playout_fill(n->p, &info, payload, sizeof payload);
        assert_int_not_equal(e, PL_EPROTO);
    }
}

void net_send(net *n)
{
    double step = n->per_packet * 10000.0 * (1.0 + n->ppm * 1e-6);
    while (n->sent_us <= (double)n->now_us) {
        uint32_t number = n->number++;
        int64_t jitter =
            n->jitter_us ? (int64_t)(net_dice(n) % (uint32_t)n->jitter_us) : 0;
        unsigned copies = net_dice(n) % 100 < n->duplicate_percent ? 2 : 1;
        if (net_dice(n) % 100 < n->loss_percent)
            copies = 0;
        for (unsigned c = 0; c < copies; c++) {
            assert_true(n->n_wait < MAX_FLIGHT);
            n->wait[n->n_wait++] =
                (flight){(int64_t)n->sent_us + 30000 + jitter, number};
        }
        n->sent_us += step;
    }
}

void net_arrive(net *n)
{
    for (;;) { /* in the order of arrival */
        size_t first = n->n_wait;
        for (size_t i = 0; i < n->n_wait; i++) {
            if (n->wait[i].at_us <= n->now_us &&
                (first == n->n_wait || n->wait[i].at_us < n->wait[first].at_us))
                first = i;
        }
        if (first == n->n_wait)
            return;
        flight f = n->wait[first];
        n->wait[first] = n->wait[--n->n_wait];
        pl_err e = net_put(n, f.number, f.at_us);
        assert_int_not_equal(e, PL_EPROTO);
        put_older(n, f.number, f.at_us);
    }
}

pl_playout_frame net_step(net *n, bool is_rendered)
{
    pl_playout_frame frame;
    n->now_us += TICK_US;
    n->n_steps++;
    net_send(n);
    net_arrive(n);
    pl_playout_advance(n->p, n->now_us, &frame);
    if (is_rendered) {
        memcpy(n->pcm, pl_playout_render(n->p), sizeof n->pcm);
        for (size_t i = 0; i < FRAME; i++) {
            /* the tone moves by at most 0.0189 a sample */
            if (n->has_last && fabsf(n->pcm[i] - n->last) > 0.03F)
                n->n_jumps++;
            n->last = n->pcm[i];
            n->has_last = true;
        }
    }
    return frame;
}

void net_run(net *n, size_t ticks)
{
    for (size_t i = 0; i < ticks; i++)
        (void)net_step(n, true);
}
