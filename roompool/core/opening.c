/* opening.c - the first seat of a conference or call. */
#include "opening.h"

#include "conference.h"
#include "event_stream.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "session.h"

pl_err pl_opening_seat(pl_pool *pool, pl_conf *conf, const pl_sess *sess,
                       pl_part **ret_host)
{
    pl_part *host;
    pl_err e =
        pl_part_add(pool, conf, PL_PART_KIND_USER, PL_PART_ROLE_HOST, &host);
    if (e)
        return e;
    PL_SET(host->row.session_id, sess->row.session_id);
    PL_SET(host->row.display_name, sess->row.user_id);
    pl_user_address(pool->config, &sess->row, host->row.address,
                    sizeof host->row.address);
    pl_part_save(pool, host);
    PL_SET(conf->row.host_id, host->row.participant_id);
    pl_conf_save(pool, conf);
    *ret_host = host;
    return PL_OK;
}

pl_err pl_opening_negotiate(pl_pool *pool, const pl_bus_in *in, pl_sess *sess,
                            pl_part *host, pl_slice offer, pl_leg_next next)
{
    pl_leg *leg;
    pl_err e = pl_leg_add(pool, host, PL_LEG_KIND_WEBRTC, sess->row.session_id,
                          true, &leg);
    pl_op *op = e ? NULL : pl_op_create(pool, NULL);
    if (!op)
        return e ? e : PL_ENOMEM;
    op->next = next;
    op->ticket = in->ticket;
    op->has_ticket = true;
    PL_SET(op->sess, sess->row.session_id);
    e = pl_leg_negotiate(pool, leg, offer, op);
    if (!e)
        pl_session_command_begin(sess);
    return e;
}

pl_err pl_opening_end(pl_pool *pool, const pl_op *op, pl_err e,
                      pl_sess **ret_sess, pl_part **ret_host)
{
    pl_sess *sess = pl_session_find(pool, op->sess);
    pl_part *host = pl_part_find(pool, op->part);
    pl_session_command_end(pool, sess);
    if (!e && (!sess || !host || host->row.state != PL_PART_STATE_NEW))
        e = PL_EGONE;
    if (e)
        return e;
    *ret_sess = sess;
    *ret_host = host;
    return PL_OK;
}

void pl_opening_undo(pl_pool *pool, const pl_bus_ticket *ticket, pl_conf *conf,
                     pl_err e)
{
    pl_part *host = conf ? pl_part_find(pool, conf->row.host_id) : NULL;
    if (host)
        host->row.session_id[0] = '\0'; /* told by the refusal alone */
    if (conf)
        pl_conf_end(pool, conf, pl_err_text(e));
    pl_pool_refuse(pool, ticket, e, NULL);
}
