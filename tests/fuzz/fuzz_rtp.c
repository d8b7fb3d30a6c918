/* fuzz_rtp.c - datagrams into an engine: RTP, RTCP, events, payloads of every
 * codec, with the tick in between.
 *
 * Input: records of one byte (bits 0-5: ticks of 20 ms before it, bit 6: came
 * by the RTCP port, bit 7: second leg), a length (two bytes, big-endian), and
 * as many bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/be.h"
#include "core/engine.h"
#include "io/codecs.h"
#include "io/denoise.h"

enum { N_LEGS = 2, MAX_TICKS_RUN = 400, RECORD_HEAD = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_send(void *ctx, const pl_out_packet *packets, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        if (packets[i].len < 8 || packets[i].data[0] >> 6 != 2)
            abort();
    }
}

static void on_event(void *ctx, const pl_mix_event *event)
{
    (void)ctx;
    (void)event;
}

static void on_note(void *ctx, const pl_mix_note *note)
{
    (void)ctx;
    (void)note;
}

static pl_engine *make_engine(bool has_denoise)
{
    pl_engine *e = NULL;
    const pl_engine_options options = {
        .max_legs = N_LEGS,
        .max_rooms = 1,
        .codecs = &pl_codecs,
        .denoise = &pl_speex_denoise,
        .has_dtx = true,
        .sink = {.send = on_send, .event = on_event, .note = on_note}};
    if (pl_engine_create(&options, &e) != PL_OK)
        abort();
    pl_mix_command c = {.kind = PL_MIX_ROOM_OPEN,
                        .id = {0, 1},
                        .u.room = {.mode = PL_ROOM_MODE_MIX,
                                   .max_talkers = 3,
                                   .denoise = has_denoise}};
    pl_engine_command(e, &c);
    for (uint32_t i = 0; i < N_LEGS; i++) {
        c = (pl_mix_command){.kind = PL_MIX_LEG_ADD, .id = {i, 1}};
        c.u.leg = (pl_mix_leg){.room = {0, 1},
                               .kind = PL_LEG_KIND_SIP,
                               .ssrc = 0x2000 + i,
                               .cname = "x",
                               .media = {.direction = PL_DIRECTION_SENDRECV,
                                         .send_codec = PL_AUDIO_PCMU,
                                         .send_pt = 0,
                                         .n_recv = 4,
                                         .recv = {{96, PL_AUDIO_OPUS},
                                                  {9, PL_AUDIO_G722},
                                                  {0, PL_AUDIO_PCMU},
                                                  {8, PL_AUDIO_PCMA}},
                                         .dtmf_pt = 101,
                                         .dtmf_clock = 8000,
                                         .comfort_pt = 13,
                                         .comfort_send_pt = 13,
                                         .red_pt = 63,
                                         .level_ext_id = 1},
                               .flags = {.mixed = true}};
        pl_engine_command(e, &c);
        pl_mix_input up = {.kind = PL_MIX_TRANSPORT_UP, .leg = {i, 1}};
        up.u.up.route = (pl_mix_route){.fd = 1,
                                       .remote = {.ip = {1}, .port = 9},
                                       .is_rtcp_mux = true,
                                       .rtcp_fd = -1};
        pl_engine_input(e, &up);
    }
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static pl_mix_input in;
    /* its states are costly to make: for a part of the inputs */
    pl_engine *e = make_engine(len > 0 && data[0] % 8 == 1);
    int64_t now_us = 1000000;
    unsigned ticks = 0;
    while (len >= RECORD_HEAD) {
        uint8_t head = data[0];
        size_t n = pl_be_get16(data + 1);
        data += RECORD_HEAD;
        len -= RECORD_HEAD;
        n = n < len ? n : len;
        for (unsigned t = head & 0x3fU; t > 0 && ticks < MAX_TICKS_RUN; t--) {
            now_us += PL_TICK_US;
            pl_engine_tick(e, now_us);
            ticks++;
        }
        if (n <= PL_MIX_PACKET_MAX) {
            in = (pl_mix_input){.kind = PL_MIX_PACKET, .leg = {head >> 7, 1}};
            in.u.packet.arrival_us = now_us;
            in.u.packet.is_rtcp_port = head & 0x40U;
            in.u.packet.len = (uint16_t)n;
            memcpy(in.u.packet.data, data, n);
            pl_engine_input(e, &in);
        }
        data += n;
        len -= n;
    }
    pl_engine_tick(e, now_us + PL_TICK_US);
    pl_engine_destroy(&e);
    return 0;
}
