/* fake_client.h - the clients behind the front end: pages in rooms, and users
 * of the conference API; single requests first, then the openings that many
 * stories share. */
#ifndef PL_TEST_FAKE_CLIENT_H
#define PL_TEST_FAKE_CLIENT_H

#include "talk.h"

enum { CONF_ID_SIZE = 65 };

/* A user's session. */
typedef struct user {
    char token[16];
    char session[65]; /* id */
} user;

/* Whose request it is: fields client_id and token_hash. */
#define AS_CLIENT(m, token)                                                    \
    do {                                                                       \
        PUT((m).client_id, "client");                                          \
        PUT((m).token_hash, hash_of(token));                                   \
    } while (0)

/* Hash of a made-up token; valid for the next three calls. */
const char *hash_of(const char *token);

/* ---- pages; NULL pin is none ---- */
pl_err join_room(world *w, const char *alias, const char *pin,
                 const char *token, answer *a);
/* From another address. */
pl_err join_room_from(world *w, const char *alias, const char *pin,
                      const char *token, const char *source, answer *a);
pl_err join_media(world *w, const answer *joined, const char *token, answer *a);
/* Both, and they must succeed. */
void page_joins(world *w, const char *alias, const char *token, answer *joined,
                answer *media);
/* With a PIN, and its media flows; they must succeed. */
void page_comes(world *w, const char *alias, const char *pin, const char *token,
                answer *joined, answer *media);
pl_err page_leaves(world *w, const answer *joined, const char *token);
/* One poll of a participant, advancing *cursor. PL_EAGAIN: nothing came. */
pl_err poll_part(world *w, const char *id, const char *token, bool fresh,
                 uint64_t *cursor, answer *a);

/* ---- users of the conference API; NULL sdp is none ---- */
pl_err open_session(world *w, const char *name, const char *token, answer *a);
/* A poll of a session is parked; `a` is filled when something comes. */
void poll_begin(world *w, const char *id, const char *token, uint32_t wait_ms,
                answer *a);
/* The front end says that the client of poll `a` is gone. */
void poll_cancel(world *w, const char *id, const answer *a);
/* Next event of a session, acknowledged; PL_EAGAIN none within a second. */
pl_err poll_session(world *w, const char *id, const char *token, answer *a);
pl_err create_conference(world *w, const user *u, answer *a);
pl_err conference_do(world *w, const char *token, const char *conf,
                     pl_action action, const char *sdp, answer *a);
/* The same, sent and not waited for. */
void conference_begin(world *w, const char *token, const char *conf,
                      pl_action action, const char *sdp, answer *a);
/* An action with all its fields. */
typedef struct act {
    pl_action action;
    const char *conf, *sdp, *mod, *target; /* NULL: none */
    uint32_t resource;
} act;
pl_err user_acts(world *w, const user *u, const act *what, answer *a);
/* The same, only sent: what comes next overtakes the answer. */
void user_begins(world *w, const user *u, const act *what, answer *a);
pl_err conference_leave(world *w, const char *token, const char *conf);
pl_err invite(world *w, const char *token, const char *conf,
              const char *address, answer *a);
pl_err remove_part(world *w, const char *token, const char *conf,
                   const char *address);

/* A call; the offer is "call-offer". */
pl_err call_create(world *w, const user *u, const char *address, answer *a);
/* DELETE of a call. */
pl_err call_delete(world *w, const user *u, const char *call,
                   pl_delete_reason reason);

/* ---- openings: they must succeed ---- */
void user_opens(world *w, user *u, const char *name, const char *token);
/* The next event must be of this kind; none. */
void user_reads(world *w, const user *u, uint32_t kind, answer *ev);
void user_reads_nothing(world *w, const user *u);
/* Creates a conference and reads session-open. */
void user_hosts(world *w, const user *u, char conf[CONF_ID_SIZE]);
/* The host invites `name`, whose session `guest` reads the invitation. */
void user_is_invited(world *w, const user *host, const char *conf,
                     const char *name, const user *guest);
/* And answers; both have read what follows. */
void user_joins(world *w, const user *host, const char *conf, const char *name,
                const user *guest);
/* Calls and reads the provisional session-open. */
void user_calls(world *w, const user *u, const char *address,
                char call[CONF_ID_SIZE]);
/* Reads the invitation to a call. */
void user_is_called(world *w, const user *u, const char *call);
void user_answers(world *w, const user *u, const char *call);
/* Reads mod-received, whose id is left in mod, and accepts it. */
void user_is_offered(world *w, const user *u, const char *conf,
                     char mod[CONF_ID_SIZE]);
void user_accepts(world *w, const user *u, const char *conf, const char *mod);
/* Reads session-terminated with this reason. */
void user_is_out(world *w, const user *u, const char *reason);

#endif
