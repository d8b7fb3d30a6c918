/* denoise.h - noise suppression by libspeexdsp. */
#ifndef PL_IO_DENOISE_H
#define PL_IO_DENOISE_H

#include "core/denoise.h"

/* 10 ms at a time, at most 18 dB. A state is about 70 KB. */
extern const pl_denoise_ops pl_speex_denoise;

#endif
