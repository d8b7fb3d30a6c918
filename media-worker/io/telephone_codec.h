/* telephone_codec.h - G.711 and G.722 with concealment (the only file with
 * libspandsp). RFC 3551 section 4.5.2, 4.5.14. */
#ifndef PL_TELEPHONE_CODEC_H
#define PL_TELEPHONE_CODEC_H

#include "core/codec.h"

extern const pl_codec pl_g722_codec;
extern const pl_codec pl_pcmu_codec;
extern const pl_codec pl_pcma_codec;

#endif
