/* mixer_peers.h - browsers around an engine or a mixing thread: packets of
 * Opus with audio levels, three of the peers talking. */
#ifndef MIXER_PEERS_H
#define MIXER_PEERS_H

#include "core/engine.h"

enum { PEERS_TALKERS = 3, PEERS_MAX = 2000 };

/* Exit with a message unless it is PL_OK. */
void peers_must(pl_err e, const char *what);
/* Encode what they say; once, before all else. */
void peers_make_voices(void);
/* Make n peers; plain RTP, whose levels nobody believes, or SRTP. */
void peers_open(size_t n, bool is_secure);
void peers_close(void);
/* A peer's packet of a tick. */
void peers_packet(size_t who, size_t tick, pl_mix_packet *out);
/* The room of all of them, a leg, and its transport. */
pl_mix_command peers_room(void);
pl_mix_command peers_leg(uint32_t i);
pl_mix_input peers_up(uint32_t i, int fd, uint16_t port);
/* An engine with that room and the peers' legs; nothing leaves it. */
pl_engine *peers_engine(void);

#endif
