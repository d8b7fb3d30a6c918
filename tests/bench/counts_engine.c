/* counts_engine.c - a room for callgrind, the same in every run; what is
 * counted is said on its command line (counts.sh). Usage: counts_engine
 * PARTICIPANTS TICKS */
#include <stdio.h>
#include <stdlib.h>

#include "io/srtp.h"
#include "mixer_peers.h"
#include "pl/str.h"

static void usage(void)
{
    (void)fputs("usage: counts_engine PARTICIPANTS TICKS\n", stderr);
    exit(64);
}

int main(int argc, char **argv)
{
    static pl_mix_input in;
    uint64_t n = 0;
    uint64_t ticks = 0;
    if (argc != 3 ||
        pl_parse_u64(pl_slice_str(argv[1]), PEERS_MAX, &n) != PL_OK ||
        pl_parse_u64(pl_slice_str(argv[2]), 100000, &ticks) != PL_OK)
        usage();
    peers_must(pl_srtp_library_open(), "srtp");
    peers_make_voices();
    peers_open(n, true);
    pl_engine *e = peers_engine();
    int64_t now_us = 1000000;
    for (size_t t = 0; t < ticks; t++) {
        for (uint32_t i = 0; i < n; i++) {
            in = (pl_mix_input){.kind = PL_MIX_PACKET, .leg = {i, 1}};
            peers_packet(i, t, &in.u.packet);
            in.u.packet.arrival_us = now_us;
            pl_engine_input(e, &in);
        }
        now_us += PL_TICK_US;
        pl_engine_tick(e, now_us);
    }
    const pl_engine_stats *s = pl_engine_stats_get(e);
    (void)printf("in %llu out %llu encodes %llu decodes %llu\n",
                 (unsigned long long)s->rtp_in, (unsigned long long)s->rtp_out,
                 (unsigned long long)s->encodes,
                 (unsigned long long)s->decodes);
    peers_close();
    pl_engine_destroy(&e);
    pl_srtp_library_close();
    return 0;
}
