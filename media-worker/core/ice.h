/* ice.h - one peer's ICE, seen from a lite agent (RFC 8445 section 2.5): we
 * only answer checks, are always controlled, and the peer nominates. Sans I/O:
 * datagrams and time come in, answers go out into buffers.
 *
 * The structure is plain data, so that a session can be moved to another
 * worker with everything that matters. */
#ifndef PL_ICE_H
#define PL_ICE_H

#include "core/addr.h"
#include "core/stun.h"

enum {
    PL_ICE_UFRAG = 8, /* characters of ours; RFC 8839 section 5.4: 4..256 */
    PL_ICE_PWD = 24,  /* RFC 8839 section 5.4: 22..256 */
    PL_ICE_REMOTE = 256,
    PL_ICE_PATHS = 8,             /* addresses of one peer at a time */
    PL_ICE_CONSENT_US = 30000000, /* RFC 7675 section 5.1 */
    PL_ICE_KEEP_OLD_US = 5000000, /* an old path is heard after a switch */
    PL_ICE_QUIET_US = 5000000     /* the selected path counts as dead */
};

/* One 5-tuple that passed an authenticated check. */
typedef struct pl_ice_path {
    pl_addr addr;      /* none: free */
    uint32_t number;   /* unique within the peer: pl_mix_packet.path */
    int64_t seen_us;   /* last authenticated check */
    bool is_nominated; /* a check with USE-CANDIDATE came by it */
} pl_ice_path;

typedef struct pl_ice {
    char ufrag[PL_ICE_UFRAG + 1], pwd[PL_ICE_PWD + 1];
    char remote_ufrag[PL_ICE_REMOTE + 1]; /* empty: not known yet */
    pl_ice_path paths[PL_ICE_PATHS];
    int selected;        /* index into paths; -1: none */
    uint32_t next_path;  /* number of the next path */
    uint32_t media_path; /* that SRTP authenticated from last; 0: none */
    int64_t alive_us;    /* creation or last authenticated check */
} pl_ice;

/* Begin with our credentials. remote_ufrag: NULL or "": any peer name is taken
 * until pl_ice_set_remote(). Errors: PL_EINVAL a text is too long. */
PL_MUST_USE pl_err pl_ice_init(pl_ice *ice, const char *ufrag, const char *pwd,
                               const char *remote_ufrag, int64_t now_us);
PL_MUST_USE pl_err pl_ice_set_remote(pl_ice *ice, const char *remote_ufrag);
/* New credentials of both sides. The old paths carry media until a new one is
 * nominated (RFC 8445 section 9). Errors: as init. */
PL_MUST_USE pl_err pl_ice_restart(pl_ice *ice, const char *ufrag,
                                  const char *pwd, const char *remote_ufrag);

/* What a check led to. */
typedef enum pl_ice_result {
    PL_ICE_REFUSED,  /* an error is to be sent; no state changed */
    PL_ICE_ANSWERED, /* a success is to be sent; known path */
    PL_ICE_NEW_PATH, /* the same, by a path that was not known */
    PL_ICE_SELECTED  /* the same; paths[selected] changed */
} pl_ice_result;

typedef struct pl_ice_reply {
    uint8_t data[PL_STUN_MAX];
    size_t len; /* 0: send nothing */
} pl_ice_reply;

/* Answer a Binding request whose USERNAME names our ufrag. How many there may
 * be a second is the caller's business.
 *
 * ret_path: index into paths, for ANSWERED and later
 * ret_gone: address of a path that had to make room, else none; for NEW_PATH
 *           and SELECTED
 * Source:   RFC 8445 sections 7.3 and 8.2, RFC 8489 section 9.1.3 */
typedef struct pl_ice_outcome {
    pl_ice_result result;
    int path;
    bool is_new_path; /* also with PL_ICE_SELECTED */
    pl_addr gone;
} pl_ice_outcome;
pl_ice_outcome pl_ice_on_request(pl_ice *ice, const pl_stun_msg *msg,
                                 const pl_addr *from, int64_t now_us,
                                 pl_ice_reply *ret_reply);
/* Our ufrag out of a USERNAME "ours:theirs".
 * Errors: PL_EPROTO no colon, or a part that cannot be ours. */
PL_MUST_USE pl_err pl_ice_local_ufrag(pl_slice username,
                                      char ret_ufrag[PL_ICE_UFRAG + 1]);
/* An error answer without credentials, no larger than the request; len 0 when
 * it would be. */
void pl_ice_refuse(const pl_stun_msg *msg, unsigned code,
                   pl_ice_reply *ret_reply);

/* Index of the path with that address, -1: none. */
int pl_ice_find(const pl_ice *ice, const pl_addr *from);
/* A packet authenticated by SRTP came by path `number`: it is selected, now or
 * as soon as it is nominated. True when the selection changed. */
bool pl_ice_on_media(pl_ice *ice, uint32_t number);
/* Periodic work: choose another nominated path when the selected one is quiet,
 * forget paths without checks for PL_ICE_CONSENT_US.
 * ret_gone: address of a path forgotten, none: none (call again if not none)
 * Returns: true when the selection changed */
bool pl_ice_maintain(pl_ice *ice, int64_t now_us, pl_addr *ret_gone);
/* RFC 7675: no authenticated check for 30 s. */
bool pl_ice_is_expired(const pl_ice *ice, int64_t now_us);

#endif
