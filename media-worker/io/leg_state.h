/* leg_state.h - a leg as bytes, for the worker that goes on with it when this
 * one is gone: what it is (leg_snapshot) and how far it is (leg_position).
 * roompool keeps and forwards them unread. They hold keys: never logged, and
 * overwritten after use. Pure. */
#ifndef PL_LEG_STATE_H
#define PL_LEG_STATE_H

#include "io/net_msg.h"
#include "pl/slice.h"

enum {
    PL_LEG_STATE_MAX = 16384,  /* bytes; bound of the message */
    PL_LEG_POSITION_MAX = 512, /* the same */
    PL_LEG_HASH = 65           /* hexadecimal text, end mark included */
};

/* What a leg is, beside its place in a room. */
typedef struct pl_leg_image {
    pl_leg_kind kind;
    pl_slice sdp;             /* of pl_leg_sdp_export(); read: borrowed */
    char remote[PL_LEG_HASH]; /* SHA-256 of the description taken last */
    pl_addr signaling;        /* where the SIP comes from; none: not known */
    bool is_deaf;             /* hears no mix */
    pl_net_state net;         /* keys, role and alerts of WebRTC only */
} pl_leg_image;

/* Errors: PL_EFULL buf[cap]. */
PL_MUST_USE pl_err pl_leg_image_write(const pl_leg_image *image, uint8_t *buf,
                                      size_t cap, size_t *ret_len);
/* Errors: PL_EUNSUPPORTED of another version; PL_EPROTO malformed. The bytes
 * may be hostile. */
PL_MUST_USE pl_err pl_leg_image_read(pl_slice bytes, pl_leg_image *ret);

/* How far the streams are, and the peer's addresses out of net.
 * Errors: PL_EFULL buf[cap]. */
PL_MUST_USE pl_err pl_leg_place_write(pl_leg_kind kind,
                                      const pl_mix_position *at,
                                      const pl_net_state *net, uint8_t *buf,
                                      size_t cap, size_t *ret_len);
/* net: gets the addresses; keys and the like are left alone
 * Errors: PL_EUNSUPPORTED of another version; PL_EPROTO malformed, or a leg of
 *         another kind */
PL_MUST_USE pl_err pl_leg_place_read(pl_slice bytes, pl_leg_kind kind,
                                     pl_mix_position *ret_at,
                                     pl_net_state *net);

#endif
