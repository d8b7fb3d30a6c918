/* line.h - numbers of ours in the network of a telephone company: how it knows
 * them, and how we reach it with them.
 *
 * A text with one line each:
 *   # comment
 *   +49305550* trunk domain=ims.example.net next_hop=sip:10.0.0.5;transport=tcp
 *   +4930555100 account domain=example.net user=100 password=.. clients=app1
 * A `*` makes it a range; the longest that matches a number is its line. */
#ifndef PL_ROOMPOOL_LINE_H
#define PL_ROOMPOOL_LINE_H

#include "pl/slice.h"
#include "pool.h"

enum {
    PL_LINE_NUMBER_MAX = 16,
    PL_LINE_CLIENTS_MAX = 1024,
    PL_LINES_MAX = 100000
};

typedef struct pl_line {
    char number[PL_LINE_NUMBER_MAX + 1]; /* E.164 with +; a range: its start */
    bool is_range;
    uint32_t mode;         /* pl_line_mode */
    uint32_t identity;     /* pl_identity; PL_IDENTITY_UNKNOWN: sends none */
    char domain[256];      /* host of URIs with its number */
    char next_hop[257];    /* sip: URI; "": the domain, but see below */
    char registrar[257];   /* account: Request-URI of REGISTER */
    char auth_user[129];   /* "": as the number */
    char auth_secret[129]; /* "": none. Never logged */
    char clients[PL_LINE_CLIENTS_MAX + 1]; /* list of client ids; "": all */
    bool has_emergency_address;
} pl_line;

typedef struct pl_lines pl_lines;

/* Read such a text. reason[cap]: what is wrong, with the line, without its
 * secrets.
 * Errors: PL_ECONFIG; PL_ENOMEM.
 * Context: pure. */
PL_MUST_USE pl_err pl_lines_parse(pl_slice text, pl_lines **ret_lines,
                                  char *reason, size_t cap);
/* Overwrites their secrets. */
void pl_lines_destroy(pl_lines **lines);
size_t pl_lines_count(const pl_lines *lines);
/* The line of a number (E.164 with +); NULL it is none of ours. */
const pl_line *pl_lines_find(const pl_lines *lines, const char *number);
/* Of the pool's lines. */
const pl_line *pl_line_find(const pl_pool *pool, const char *number);
/* Whether a client may register numbers of the line. */
bool pl_line_is_for(const pl_line *line, const char *client_id);
/* A trunk without next_hop: calls go to our own signaling worker, which offers
 * them to us again as coming in: no network is needed. */
bool pl_line_is_local(const pl_line *line);

#endif
