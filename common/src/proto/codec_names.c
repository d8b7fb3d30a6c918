/* codec_names.c - the codecs of the platform by name and clock. */
#include "pl/offer_answer.h"

static const struct {
    const char *name;
    uint32_t clock_hz, sample_hz;
} CODECS[] = {
    [PL_CODEC_NONE] = {"none", 0, 0},
    [PL_CODEC_OPUS] = {"opus", 48000, 48000},
    [PL_CODEC_G722] = {"G722", 8000, 16000},
    [PL_CODEC_PCMU] = {"PCMU", 8000, 8000},
    [PL_CODEC_PCMA] = {"PCMA", 8000, 8000},
};

static unsigned row(pl_codec codec)
{
    unsigned i = (unsigned)codec;
    return i < sizeof CODECS / sizeof CODECS[0] ? i : PL_CODEC_NONE;
}

const char *pl_codec_name(pl_codec codec)
{
    return CODECS[row(codec)].name;
}

uint32_t pl_codec_clock_hz(pl_codec codec)
{
    return CODECS[row(codec)].clock_hz;
}

uint32_t pl_codec_sample_hz(pl_codec codec)
{
    return CODECS[row(codec)].sample_hz;
}
