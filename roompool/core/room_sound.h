/* room_sound.h - what everybody in a room hears besides the others: what the
 * platform announces, what a host has played, music for who is alone. The first
 * of these that there is, is heard. */
#ifndef PL_ROOMPOOL_ROOM_SOUND_H
#define PL_ROOMPOOL_ROOM_SOUND_H

#include "model.h"

/* Say something to all, once. */
void pl_sound_announce(pl_pool *pool, pl_conf *conf, const char *prompt);
/* Play a prompt to all; "" ends the one before. The ticket is answered when the
 * media worker has said something: PL_ENOENT no such prompt.
 * Errors: PL_ESTATE no media yet; PL_ENOMEM. */
PL_MUST_USE pl_err pl_sound_play(pl_pool *pool, pl_conf *conf,
                                 const char *prompt, bool is_loop,
                                 const pl_bus_ticket *ticket);
/* The same to one alone. */
PL_MUST_USE pl_err pl_sound_play_to(pl_pool *pool, pl_part *part,
                                    const char *prompt, bool is_loop,
                                    const pl_bus_ticket *ticket);
/* Somebody came or went, with or without media. */
void pl_sound_check(pl_pool *pool, pl_conf *conf);
/* The room was opened at a media worker, which plays nothing yet. */
void pl_sound_placed(pl_pool *pool, pl_conf *conf);
/* Its worker named it in its inventory: after a start of ours it may play what
 * is not to be heard any more. */
void pl_sound_seen(pl_pool *pool, pl_conf *conf);

/* Who comes in hears this prompt, "" none, and behind it that it is being
 * recorded, if it is. */
void pl_sound_welcome(pl_pool *pool, pl_leg *leg, const char *prompt);
/* A prompt to one ended by itself. */
void pl_sound_leg_played(pl_pool *pool, pl_leg *leg, const char *prompt);

void pl_on_room_played(pl_pool *pool, const pl_bus_in *in);

#endif
