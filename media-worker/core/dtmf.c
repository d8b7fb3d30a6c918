/* dtmf.c - RFC 4733 named events, digits only.
 *
 *  |     event     |E|R| volume    |          duration             | */
#include "core/dtmf.h"

#include <string.h>

#include "core/be.h"

enum { EVENT_BYTES = 4 };
static const char DIGITS[] = "0123456789*#ABCD"; /* events 0..15 */
enum { N_DIGITS = sizeof DIGITS - 1 };

uint8_t pl_dtmf_event_of(char digit)
{
    bool is_lower = digit >= 'a' && digit <= 'd';
    const char *at = strchr(DIGITS, is_lower ? digit - 'a' + 'A' : digit);
    return (uint8_t)(at ? at - DIGITS : 0);
}

/* Packets of an event that ended long ago may be reordered behind a newer
 * one: their timestamp is older. */
static bool is_older(uint32_t ts, uint32_t than)
{
    return (int32_t)(ts - than) < 0;
}

char pl_dtmf_flush(pl_dtmf *dtmf)
{
    if (!dtmf->has_event || dtmf->is_reported)
        return 0;
    dtmf->is_reported = true;
    return DIGITS[dtmf->last_event];
}

pl_err pl_dtmf_take(pl_dtmf *dtmf, uint32_t ts, pl_slice payload,
                    uint32_t clock_hz, pl_digit *ret_digit)
{
    if (payload.len < EVENT_BYTES || payload.len % EVENT_BYTES != 0 ||
        clock_hz == 0)
        return PL_EPROTO;
    uint8_t event = payload.ptr[0];
    bool is_end = payload.ptr[1] & 0x80U;
    uint16_t duration = pl_be_get16(payload.ptr + 2);
    *ret_digit = (pl_digit){0};
    if (event >= N_DIGITS || (dtmf->has_event && is_older(ts, dtmf->last_ts)))
        return PL_OK;
    char digit = 0;
    uint64_t held = dtmf->duration;
    if (!dtmf->has_event || ts != dtmf->last_ts) {
        digit = pl_dtmf_flush(dtmf);
        *dtmf =
            (pl_dtmf){.has_event = true, .last_event = event, .last_ts = ts};
    }
    dtmf->duration = duration;
    /* At most one digit a packet: when the end of a lost one shows up here and
     * this packet is an end too, its repetition reports the second. */
    if (!digit && is_end) {
        digit = pl_dtmf_flush(dtmf);
        held = duration;
    }
    ret_digit->digit = digit;
    ret_digit->duration_ms = (uint32_t)(held * 1000 / clock_hz);
    return PL_OK;
}
