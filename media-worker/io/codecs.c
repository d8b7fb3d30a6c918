/* codecs.c - the codec table. */
#include "io/codecs.h"

#include "io/opus_codec.h"
#include "io/telephone_codec.h"

const pl_codec_table pl_codecs = {.codec = {[PL_AUDIO_OPUS] = &pl_opus_codec,
                                            [PL_AUDIO_G722] = &pl_g722_codec,
                                            [PL_AUDIO_PCMU] = &pl_pcmu_codec,
                                            [PL_AUDIO_PCMA] = &pl_pcma_codec}};
