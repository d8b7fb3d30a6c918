/* proxy_header.h - what a balancer says of the client before the client's own
 * bytes: the PROXY protocol, version 2 (the binary one; version 1 is refused).
 * Source: haproxy's doc/proxy-protocol.txt (2020/03/05), section 2.2. */
#ifndef PL_API_PROXY_HEADER_H
#define PL_API_PROXY_HEADER_H

#include "pl/ip.h"

enum {
    PL_PROXY_HEAD = 16,  /* bytes before the part whose length they tell */
    PL_PROXY_MAX = 2048, /* of the whole: addresses are 36, the rest are TLVs */
};

typedef struct pl_proxy_header {
    /* The balancer's own connection, as a health check: the socket's address
     * counts. */
    bool is_local;
    /* False: the client's address is of no kind that we know (a UNIX socket,
     * unspecified). */
    bool has_client;
    pl_ip client;
} pl_proxy_header;

/* How long the header is that begins with these PL_PROXY_HEAD bytes.
 * Errors: PL_EPROTO it is none, or of another version; PL_ETOOBIG. */
PL_MUST_USE pl_err pl_proxy_length(const uint8_t head[PL_PROXY_HEAD],
                                   size_t *ret_len);
/* Read a whole header of that length. Errors: PL_EPROTO, PL_ETOOBIG. */
PL_MUST_USE pl_err pl_proxy_parse(const uint8_t *bytes, size_t len,
                                  pl_proxy_header *ret_header);

#endif
