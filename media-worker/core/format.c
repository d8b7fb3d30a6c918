/* format.c - the forms of an encoded mix. */
#include "core/format.h"

static const pl_format_desc TABLE[PL_FORMAT_COUNT] = {
#define ROW(sym, codec, bps, channels) {PL_AUDIO_##codec, (bps), (channels)},
    PL_FORMAT_LIST(ROW)
#undef ROW
};

const pl_format_desc *pl_format_of(pl_format format)
{
    return &TABLE[format];
}

/* The best form with so many channels that the limit allows, or the lowest
 * where even that is above it; false: below the lowest, or none. */
static bool find(const pl_mix_media *media, unsigned channels,
                 pl_format *ret_format)
{
    bool is_found = false;
    bool fits = false;
    for (unsigned f = 0; f < PL_FORMAT_COUNT; f++) {
        if (TABLE[f].codec != media->send_codec ||
            TABLE[f].channels != channels)
            continue;
        bool is_within = media->bitrate_bps == 0 ||
                         TABLE[f].bitrate_bps <= media->bitrate_bps;
        if (!is_found || is_within)
            *ret_format = (pl_format)f;
        is_found = true;
        fits = fits || is_within;
    }
    return fits;
}

pl_format pl_format_choose(const pl_mix_media *media, unsigned room_channels)
{
    pl_format format = PL_FORMAT_PCMU;
    if (room_channels == 2 && media->sends_stereo && find(media, 2, &format))
        return format;
    (void)find(media, 1, &format);
    return format;
}
