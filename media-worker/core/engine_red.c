/* engine_red.c - redundancy (RFC 2198) in what a leg is sent. */
#include <stdlib.h>

#include "core/engine_state.h"

enum { SRTP_TRAILER = 32 }; /* tag of any profile, with room to spare */

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
    return is_agreed && !leg->red ? PL_ENOMEM : PL_OK;
}

size_t pl_engine_red_wrap(pl_engine *engine, pl_channel *leg,
                          const uint8_t *payload, size_t len, uint8_t *out)
{
    if (!leg->red || leg->red->depth == 0)
        return 0;
    size_t n =
        pl_red_sender_write(leg->red, leg->media.send_pt, leg->ts, payload, len,
                            out, PL_OUT_BYTES - PL_RTP_HEADER - SRTP_TRAILER);
    pl_red_sender_sent(leg->red, leg->ts, payload, len);
    engine->stats.red_out += n > 0;
    return n;
}
