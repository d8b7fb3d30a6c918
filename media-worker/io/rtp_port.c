/* rtp_port.c - pairs of sockets. */
#include "io/rtp_port.h"

#include "pl/rng.h"

enum { LOWEST = 1024 };

/* Pairs that other workers of the host may have: so many are tried for one
 * leg, in some milliseconds at worst. */
enum { TRIES = 512 };

static pl_err open_pair(const char *bind, uint16_t rtp, pl_rtp_port *ret_port)
{
    pl_rtp_port p = {.rtp = {.fd = -1}, .rtcp = {.fd = -1}};
    pl_err e = pl_udp_open(bind, rtp, 0, &p.rtp);
    if (e == PL_OK)
        e = pl_udp_open(bind, (uint16_t)(rtp + 1), 0, &p.rtcp);
    if (e != PL_OK) {
        pl_udp_close(&p.rtp);
        return e;
    }
    *ret_port = p;
    return PL_OK;
}

pl_err pl_rtp_port_open(pl_port_pool *pool, const char *bind, int64_t now_us,
                        pl_rtp_port *ret_port)
{
    uint16_t tried[TRIES];
    size_t n = 0;
    pl_err e = PL_EBUSY;
    while (n < TRIES && e == PL_EBUSY) {
        uint32_t random = 0;
        pl_random(&random, sizeof random);
        if (pl_port_pool_take(pool, random, now_us, &tried[n]) != PL_OK)
            break;
        e = open_pair(bind, tried[n++], ret_port);
    }
    /* Those of others are theirs for now: they wait here like any other. */
    if (e == PL_OK)
        n--;
    while (n > 0)
        pl_port_pool_put_back(pool, tried[--n]);
    return e == PL_EBUSY ? PL_EFULL : e;
}

pl_err pl_rtp_port_open_at(pl_port_pool *pool, const char *bind, uint16_t rtp,
                           pl_rtp_port *ret_port)
{
    if (rtp < LOWEST || rtp % 2 != 0)
        return PL_EINVAL;
    pl_err lease = pl_port_pool_take_this(pool, rtp);
    if (lease == PL_EBUSY)
        return lease;
    pl_err e = open_pair(bind, rtp, ret_port);
    if (e != PL_OK)
        pl_port_pool_put_back(pool, rtp);
    return e;
}

void pl_rtp_port_close(pl_port_pool *pool, int64_t now_us, pl_rtp_port *port)
{
    if (port->rtp.fd < 0)
        return;
    pl_port_pool_give(pool, port->rtp.port, now_us);
    pl_udp_close(&port->rtp);
    pl_udp_close(&port->rtcp);
}
