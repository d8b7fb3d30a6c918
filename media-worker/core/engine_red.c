/* engine_red.c - help for legs that report loss: what they were sent before,
 * once more (RFC 2198), for who agreed to it; in-band FEC of Opus for the
 * others, and for who shares their encode. */
#include <stdlib.h>

#include "core/engine_state.h"

enum { SRTP_TRAILER = 32 }; /* tag of any profile, with room to spare */

/* In-band FEC for one leg, as loss to expect. */
static unsigned fec_of(const pl_channel *leg)
{
    static const uint8_t percent[PL_RED_DEPTH + 1] = {0, 10, 20};
    bool is_helped = leg->media.has_peer_fec && !leg->red;
    return is_helped ? percent[leg->loss.depth] : 0;
}

void pl_engine_loss_changed(pl_engine_room *room, pl_format format)
{
    unsigned most = 0;
    for (size_t i = 0; i < room->n; i++) {
        const pl_channel *leg = room->legs[i];
        unsigned one = leg->format == format ? fec_of(leg) : 0;
        most = one > most ? one : most;
    }
    if (room->shared[format])
        room->shared[format]->loss_percent = (uint8_t)most;
}

pl_err pl_engine_red_agree(pl_channel *leg)
{
    bool is_agreed =
        leg->media.red_send_pt != 0 && leg->media.send_codec == PL_AUDIO_OPUS;
    if (!is_agreed) {
        free(leg->red);
        leg->red = NULL;
    } else if (!leg->red) {
        leg->red = calloc(1, sizeof *leg->red);
    }
    pl_engine_loss_changed(leg->room, leg->format);
    return is_agreed && !leg->red ? PL_ENOMEM : PL_OK;
}

void pl_engine_loss_report(pl_channel *leg)
{
    if (!pl_loss_watch_report(&leg->loss, leg->far_loss_permille))
        return;
    if (leg->red && leg->loss.depth == 0)
        leg->red->n_sent = 0;
    pl_engine_loss_changed(leg->room, leg->format);
}

void pl_engine_expect_loss(const pl_engine *engine, pl_format format,
                           pl_mouth *mouth, const pl_channel *leg,
                           unsigned percent)
{
    const pl_codec *codec =
        engine->options.codecs->codec[pl_format_of(format)->codec];
    if (leg)
        percent = fec_of(leg);
    if (!codec->encoder_expect_loss || mouth->loss_percent == percent)
        return;
    codec->encoder_expect_loss(mouth->encoder, percent);
    mouth->loss_percent = (uint8_t)percent;
}

size_t pl_engine_red_wrap(pl_engine *engine, pl_channel *leg,
                          const uint8_t *payload, size_t len, uint8_t *out)
{
    if (!leg->red || leg->loss.depth == 0)
        return 0;
    const pl_red_frame frame = {.pt = leg->media.send_pt,
                                .ts = leg->ts,
                                .payload = payload,
                                .len = len};
    size_t n = pl_red_sender_write(leg->red, leg->loss.depth, &frame, out,
                                   PL_OUT_BYTES - PL_RTP_HEADER - SRTP_TRAILER);
    pl_red_sender_sent(leg->red, &frame);
    engine->stats.red_out += n > 0;
    return n;
}
