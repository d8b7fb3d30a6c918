/* name_server.h - a small DNS server on the rig's loop: UDP and TCP of one
 * loopback port, answers from a table. */
#ifndef PL_NAME_SERVER_H
#define PL_NAME_SERVER_H

#include "phone.h"

typedef enum ns_type {
    NS_A = 1,
    NS_CNAME = 5,
    NS_AAAA = 28,
    NS_SRV = 33,
    NS_NAPTR = 35,
} ns_type;

/* What it does with questions of a name. */
typedef enum ns_mood {
    NS_ANSWERS,
    NS_TRUNCATES, /* by UDP: TC and nothing else; the answer by TCP */
    NS_GARBLES,   /* an answer that ends in the middle of a record */
    NS_LOOPS,     /* a compressed name that points to itself */
    NS_SLOW,      /* after 300 ms */
    NS_SILENT,
} ns_mood;

/* text: A "127.0.0.1"; CNAME a name; SRV "priority weight port target";
 * NAPTR "order preference flags service replacement". */
typedef struct ns_record {
    const char *name;
    ns_type type;
    const char *text;
    ns_mood mood;
} ns_record;

enum { NS_ROWS = 24, NS_LATER = 8 };

typedef struct name_server {
    pl_sig_rig *rig;
    int udp, tcp, client; /* one TCP connection at a time; -1 none */
    pl_io *udp_io, *tcp_io, *client_io;
    uint16_t port;
    ns_record row[NS_ROWS];
    unsigned n;
    unsigned asked, asked_by_tcp; /* questions seen */
    struct {
        uint8_t bytes[600];
        size_t len;
        uint8_t to[32];
        unsigned to_len;
    } later[NS_LATER];
    unsigned n_later;
    pl_timer *timer;
} name_server;

/* Bind a free port, before the rig is made: its setting "dns_servers" must name
 * it. setting: buf[64]. */
void ns_bind(name_server *ns, char setting[64]);
void ns_start(name_server *ns, pl_sig_rig *rig);
void ns_stop(name_server *ns);
/* Texts are the caller's and stay valid. */
void ns_add(name_server *ns, ns_record record);

#endif
