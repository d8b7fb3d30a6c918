/* phone.h - a scripted telephone: raw SIP text over real sockets, on the rig's
 * own loop, so that a test is one thread and waits for conditions only. */
#ifndef PL_PHONE_H
#define PL_PHONE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sig_rig.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

typedef struct phone {
    pl_sig_rig *rig;
    int fd;
    pl_io *io;
    bool is_tcp, is_closed;
    unsigned lose_every; /* of this many messages one is lost; 0 none */
    unsigned n_in, n_out;
    uint16_t port;    /* ours */
    char in[1 << 16]; /* all that came, not yet taken */
    size_t len;
    char last[8192];   /* the message taken last */
    uint64_t seen[16]; /* of the requests taken before */
    unsigned n_seen;
} phone;

/* Fails the test when the parts do not start. NULL-ended settings beyond those
 * for loopback listeners on free ports. */
pl_sig_rig *rig_open(const char *const *settings);

void phone_open(phone *p, pl_sig_rig *rig, bool is_tcp, const char *address);
void phone_close(phone *p);
/* Send text where "\n" stands for CRLF and @PORT@, @PEER@ for our and the
 * worker's port. */
void phone_send(phone *p, const char *text);
void phone_send_bytes(phone *p, const void *bytes, size_t len);
/* Wait (20 s at most, running the loop) for a message whose first line begins
 * with start, skipping others and over UDP requests that come once more; it is
 * in p->last then. Fails the test. */
void phone_expect(phone *p, const char *start);
/* Whether such a message comes within ms. */
bool phone_gets(phone *p, const char *start, unsigned ms);
/* Value of a header of p->last, cut at its line end; "" when absent. */
const char *phone_header(const phone *p, const char *name);
/* Run the loop until condition(ctx), 10 s at most. Fails the test. */
void rig_until(pl_sig_rig *rig, bool (*condition)(void *), void *ctx);
/* Until the fake roompool has said this n times. */
void rig_until_said(pl_sig_rig *rig, const char *what, unsigned n);
/* Let the loop run for that long. */
void rig_run(pl_sig_rig *rig, unsigned ms);

/* The usual INVITE, ACK and BYE; call: any word, names Call-ID, tag, branch. */
void phone_invite(phone *p, const char *user, const char *call);
void phone_ack(phone *p, const char *user, const char *call);
void phone_bye(phone *p, const char *user, const char *call);

/* Make the worker call this telephone; rest: of its address, " MS" to ring. */
void phone_is_called(phone *p, const char *rest);
/* Answer p->last, a request of the worker. status: "200 OK", further header
 * lines after it; tag: for To, if it has none; a body is a description. */
void phone_reply(phone *p, const char *status, const char *tag,
                 const char *body);
/* A request inside the dialog of p->last, which is a request of the worker or
 * its answer to one of ours. extra: header lines; branch: any word. */
void phone_send_inside(phone *p, const char *method, const char *branch,
                       unsigned cseq, const char *extra, const char *body);
/* INVITE with these header lines and a description, or none. */
void phone_invite_with(phone *p, const char *user, const char *call,
                       const char *extra, bool has_offer);
/* Send the same text until a message that begins so comes back: for a peer with
 * p->lose_every, which loses what it sends and what it gets. */
void phone_ask(phone *p, const char *text, const char *start);

#endif
