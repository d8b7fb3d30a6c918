/* codecs.h - every codec that is built in, as the engine takes them. */
#ifndef PL_CODECS_H
#define PL_CODECS_H

#include "core/codec.h"

extern const pl_codec_table pl_codecs;

#endif
