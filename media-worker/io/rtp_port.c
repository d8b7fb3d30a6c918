/* rtp_port.c - pairs of sockets. */
#include "io/rtp_port.h"

#include "pl/rng.h"

enum { TRIES = 16 };

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
    pl_err e = PL_EFULL;
    for (int i = 0; i < TRIES; i++) {
        uint16_t rtp = 0;
        uint32_t random = 0;
        pl_random(&random, sizeof random);
        if (pl_port_pool_take(pool, random, now_us, &rtp) != PL_OK)
            return PL_EFULL;
        e = open_pair(bind, rtp, ret_port);
        if (e == PL_OK)
            return PL_OK;
        pl_port_pool_give(pool, rtp, now_us);
        if (e != PL_EBUSY)
            return e;
    }
    return PL_EFULL;
}

void pl_rtp_port_close(pl_port_pool *pool, int64_t now_us, pl_rtp_port *port)
{
    if (port->rtp.fd < 0)
        return;
    pl_port_pool_give(pool, port->rtp.port, now_us);
    pl_udp_close(&port->rtp);
    pl_udp_close(&port->rtcp);
}
