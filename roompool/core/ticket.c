/* ticket.c - one ticket a session, the newest. */
#include "ticket.h"

#include "pl/str.h"
#include "session.h"

void pl_on_session_ticket(pl_pool *pool, const pl_bus_in *in)
{
    const pl_session_ticket *m = in->body;
    pl_sess *sess;
    pl_err e = pl_session_actor(pool, m->client_id, m->token_hash,
                                m->session_id, &sess);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    PL_SET(sess->ticket_hash, m->ticket_hash);
    sess->ticket_until_us = pool->now.us + PL_MS((int64_t)m->valid_s * 1000);
    sess->ticket_token_ms = m->token_expires_ms;
    pl_pool_ok(pool, &in->ticket);
}

void pl_on_session_ticket_use(pl_pool *pool, const pl_bus_in *in)
{
    const pl_session_ticket_use *m = in->body;
    pl_sess *sess = pl_session_find(pool, m->session_id);
    if (!sess || !sess->ticket_hash[0] ||
        pool->now.us > sess->ticket_until_us ||
        !pl_slice_eq_secret(pl_slice_str(sess->ticket_hash),
                            pl_slice_str(m->ticket_hash))) {
        pl_pool_refuse(pool, &in->ticket, PL_EAUTH, NULL);
        return;
    }
    sess->ticket_hash[0] = '\0';
    pl_session_ticket_owner r = {.token_expires_ms = sess->ticket_token_ms};
    PL_SET(r.client_id, sess->row.client_id);
    PL_SET(r.token_hash, sess->row.token_hash);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_SESSION_TICKET_OWNER, &r);
}
