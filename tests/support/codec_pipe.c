/* codec_pipe.c - mono 16-bit samples from stdin through a codec to stdout, for
 * tests that measure what a voice looks like after a telephone line.
 *
 *     codec_pipe opus|g722|pcmu|pcma    rates 48000, 16000, 8000, 8000 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opus.h>
#include <spandsp.h>

enum { FRAME_MS = 20, MAX_FRAME = 960, MAX_PACKET = 1275, BITRATE = 32000 };

typedef struct coder {
    OpusEncoder *opus_enc;
    OpusDecoder *opus_dec;
    g722_encode_state_t *g722_enc;
    g722_decode_state_t *g722_dec;
} coder;

static int by_opus(coder *c, int16_t *pcm, int n)
{
    unsigned char packet[MAX_PACKET];
    int len = opus_encode(c->opus_enc, pcm, n, packet, sizeof packet);
    return len < 0 ? len : opus_decode(c->opus_dec, packet, len, pcm, n, 0);
}

static int by_g722(coder *c, int16_t *pcm, int n)
{
    uint8_t packet[MAX_PACKET];
    int len = g722_encode(c->g722_enc, packet, pcm, n);
    return g722_decode(c->g722_dec, pcm, packet, len);
}

static int by_pcmu(coder *c, int16_t *pcm, int n)
{
    (void)c;
    for (int i = 0; i < n; i++)
        pcm[i] = ulaw_to_linear(linear_to_ulaw(pcm[i]));
    return n;
}

static int by_pcma(coder *c, int16_t *pcm, int n)
{
    (void)c;
    for (int i = 0; i < n; i++)
        pcm[i] = alaw_to_linear(linear_to_alaw(pcm[i]));
    return n;
}

static const struct {
    const char *name;
    int rate_hz;
    int (*code)(coder *c, int16_t *pcm, int n);
} CODECS[] = {
    {"opus", 48000, by_opus},
    {"g722", 16000, by_g722},
    {"pcmu", 8000, by_pcmu},
    {"pcma", 8000, by_pcma},
};
enum { N_CODECS = sizeof CODECS / sizeof CODECS[0] };

static int open_coder(coder *c)
{
    int e = OPUS_OK;
    c->opus_enc = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &e);
    if (e == OPUS_OK)
        e = opus_encoder_ctl(c->opus_enc, OPUS_SET_BITRATE(BITRATE));
    if (e == OPUS_OK)
        c->opus_dec = opus_decoder_create(48000, 1, &e);
    c->g722_enc = g722_encode_init(NULL, 64000, 0);
    c->g722_dec = g722_decode_init(NULL, 64000, 0);
    return e == OPUS_OK && c->g722_enc && c->g722_dec ? 0 : -1;
}

static void close_coder(coder *c)
{
    if (c->opus_enc)
        opus_encoder_destroy(c->opus_enc);
    if (c->opus_dec)
        opus_decoder_destroy(c->opus_dec);
    if (c->g722_enc)
        (void)g722_encode_free(c->g722_enc);
    if (c->g722_dec)
        (void)g722_decode_free(c->g722_dec);
}

static int run(coder *c, int (*code)(coder *, int16_t *, int), int frame)
{
    int16_t pcm[MAX_FRAME];
    size_t want = (size_t)frame;
    while (fread(pcm, sizeof *pcm, want, stdin) == want) {
        int n = code(c, pcm, frame);
        if (n < 0 || fwrite(pcm, sizeof *pcm, (size_t)n, stdout) != (size_t)n)
            return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < N_CODECS && argc == 2; i++) {
        if (strcmp(argv[1], CODECS[i].name) != 0)
            continue;
        coder c = {0};
        int rc = open_coder(&c);
        if (rc == 0)
            rc = run(&c, CODECS[i].code, CODECS[i].rate_hz / 1000 * FRAME_MS);
        close_coder(&c);
        return rc == 0 ? 0 : 1;
    }
    (void)fprintf(stderr, "usage: codec_pipe opus|g722|pcmu|pcma\n");
    return 64;
}
