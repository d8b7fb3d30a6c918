/* fake_signaling.h - a scripted signaling worker, and the telephones behind
 * it. */
#ifndef PL_TEST_FAKE_SIGNALING_H
#define PL_TEST_FAKE_SIGNALING_H

#include "talk.h"

enum { WORLD_CALLS = 32 };

typedef struct fake_call {
    char id[65];
    uint32_t status; /* last call_respond */
    bool is_started, is_ended;
    bool is_adopted, is_forgotten; /* taken over; told to drop it */
    char sdp[256];                 /* last we were given */
    char end_reason[129];
    uint32_t end_status; /* of a call that was not answered */
    char to[257], from[129], from_name[129];
    char dialog[256];
    uint32_t referred; /* last call_referred */
    char sent_to[257]; /* by a REFER of ours */
    char referred_by[257], replaces[513];
    uint64_t version;
} fake_call;

typedef struct fake_signaling {
    pl_bus *bus; /* NULL: dead */
    world *world;
    char node[65];
    fake_call calls[WORLD_CALLS];
    size_t n_calls;
    pl_call_start start;    /* the last we were asked for, without its SDP */
    unsigned n_offers;      /* re-INVITEs we were asked for */
    pl_err refuse_offer;    /* answer them with this */
    pl_err refuse_start;    /* the same for calls that we start */
    bool waits;             /* answers them only in phone_answers_offer() */
    pl_bus_ticket offer;    /* the last that waits */
    pl_err refuse_adopt;    /* what it answers who asks it to take a call */
    bool waits_adopt;       /* or nothing */
    bool is_strange;        /* who refers is nobody that it knows */
    pl_err refuse_transfer; /* its telephones do not go elsewhere */
} fake_signaling;

void world_start_signaling(world *w);
void world_kill_signaling(world *w);
/* One more of them, by another name; the telephones are at the first. */
void world_start_second_signaling(world *w);
/* List the calls that have not ended. */
void signaling_inventory(fake_signaling *s);

/* A call; made up when unknown. */
fake_call *sig_call(world *w, const char *call_id);
/* The same of either worker. */
fake_call *sig_call_at(fake_signaling *s, const char *call_id);
/* What a worker tells of the dialog of a call. */
void signaling_saves(fake_signaling *s, const char *call_id, uint64_t version,
                     const char *dialog);
/* The one call that roompool started last. */
fake_call *sig_started(world *w);

/* ---- what telephones do; NULL sdp is none ---- */
/* Calls; replies to call_incoming. */
pl_err phone_call(world *w, const char *call_id, const char *to,
                  const char *offer);
pl_err phone_report(world *w, const char *call_id, uint32_t state,
                    uint32_t status, const char *sdp);
/* The same with its words: phrase, and Reason header; NULL none. */
pl_err phone_says(world *w, const char *call_id, uint32_t state,
                  uint32_t status, const char *phrase, const char *header,
                  const char *sdp);
/* Calls as a request says; its call_id is put in. */
pl_err phone_calls_as(world *w, const char *call_id, pl_call_incoming *m);
/* Holds, resumes: its own offer in a call. */
pl_err phone_offers(world *w, const char *call_id, const char *sdp);
/* Sends a REFER; replaces: a call of ours, foreign: the header; NULL none. */
pl_err phone_refers(world *w, const char *call_id, const char *refer_to,
                    const char *replaces, const char *foreign);
/* Calls in the place of a call of ours. */
pl_err phone_replaces(world *w, const char *call_id, const char *old,
                      bool is_early_only);
/* Its answer to the offer that waits. */
void phone_answers_offer(world *w);
/* Calls, is answered, and sends its ACK. */
void phone_joins(world *w, const char *call_id, const char *to);
/* Keys digits, by SIP INFO or in its media. */
void phone_key(world *w, const char *call_id, const char *digits, bool by_info);

#endif
