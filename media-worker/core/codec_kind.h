/* codec_kind.h - the audio codecs of the engine, by number. */
#ifndef PL_CODEC_KIND_H
#define PL_CODEC_KIND_H

/* X(symbol, SDP name, RTP clock in Hz, text for reports) */
#define PL_CODEC_LIST(X)                                                       \
    X(OPUS, "opus", 48000, "opus/48000")                                       \
    X(G722, "G722", 8000, "G722/8000") /* RFC 3551 section 4.5.2 */            \
    X(PCMU, "PCMU", 8000, "PCMU/8000")                                         \
    X(PCMA, "PCMA", 8000, "PCMA/8000")

typedef enum pl_codec_kind {
#define PL_CODEC_ENUM(sym, name, clock, text) PL_AUDIO_##sym,
    PL_CODEC_LIST(PL_CODEC_ENUM)
#undef PL_CODEC_ENUM
        PL_AUDIO_COUNT
} pl_codec_kind;

#endif
