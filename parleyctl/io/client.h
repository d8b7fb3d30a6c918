/* client.h - parleyctl on the bus: one question at a time, each waited for. */
#ifndef PL_CTL_CLIENT_H
#define PL_CTL_CLIENT_H

#include "settings.h"

typedef struct pl_ctl_client pl_ctl_client;

enum { PL_CTL_WHY = 256 };

/* Open the bus and say hello. Errors, after a complaint with what to do:
 * PL_ETIMEOUT nobody answers within 3 s; PL_EVERSION, PL_EFORBIDDEN, PL_EFULL
 * from roompool; PL_ECONFIG, PL_EIO, PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_client_open(const pl_ctl_settings *settings,
                                      pl_ctl_client **ret_client);
void pl_ctl_client_close(pl_ctl_client **client);

/* The reply, borrowed during the call. Errors end the question. */
typedef pl_err (*pl_ctl_on_reply)(void *ctx, const pl_bus_in *in);

/* Ask and wait. why: what roompool said to it, "" nothing.
 * Errors: PL_ETIMEOUT; those of roompool; those of on_reply. */
PL_MUST_USE pl_err pl_ctl_ask(pl_ctl_client *client, const pl_msg_desc *desc,
                              const void *body, pl_ctl_on_reply on_reply,
                              void *ctx, char why[PL_CTL_WHY]);
/* Complain of an answer, with what to do. what: that was asked for. */
void pl_ctl_complain_of(const char *what, pl_err e, const char *why);

/* Say hello again, until it is heard: roompool was started anew, say.
 * Errors: as of opening, but no PL_ETIMEOUT. */
PL_MUST_USE pl_err pl_ctl_client_again(pl_ctl_client *client);
/* Changes when roompool was started anew. */
uint64_t pl_ctl_client_boot(const pl_ctl_client *client);
/* Let time pass. */
void pl_ctl_pause(pl_ctl_client *client, unsigned ms);
int64_t pl_ctl_now_us(const pl_ctl_client *client);
int64_t pl_ctl_wall_ms(const pl_ctl_client *client);

#endif
