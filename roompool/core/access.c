/* access.c - seats, and the table. */
#include "access.h"

#include <string.h>

#include "conference.h"
#include "modification.h"
#include "participant.h"
#include "session.h"

enum {
    CELL_YES = PL_OK,
    CELL_NO = PL_EFORBIDDEN,
    CELL_NONE = PL_EUNSUPPORTED,
    CELL_GONE = PL_EGONE
};

#define CELLS(kind, op, host, participant, tenant, stranger)                   \
    {PL_CONF_KIND_##kind,                                                      \
     PL_ACCESS_##op,                                                           \
     {(pl_err)CELL_##host, (pl_err)CELL_##participant, (pl_err)CELL_##tenant,  \
      (pl_err)CELL_##stranger}},
static const struct {
    uint32_t kind, op;
    pl_err cells[PL_N_WHO];
} TABLE[] = {PL_ACCESS_TABLE(CELLS)};
#undef CELLS

pl_err pl_access_of(uint32_t kind, uint32_t op, pl_who who)
{
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++) {
        if (TABLE[i].kind == kind && TABLE[i].op == op)
            return TABLE[i].cells[who];
    }
    return PL_EGONE;
}

bool pl_seat_is_host(const pl_seat *seat)
{
    return strcmp(seat->conf->row.host_id, seat->part->row.participant_id) == 0;
}

/* ---- finding the seat ---- */

static bool is_of(const pl_part *part, const pl_sess *sess, const char *id)
{
    return strcmp(part->row.session_id, sess->row.session_id) == 0 &&
           strcmp(pl_part_resource(part), id) == 0;
}

static bool find_in(pl_conf *conf, const char *id, pl_seat *seat)
{
    pl_leg *leg = pl_mod_leg(conf, seat->sess);
    if (leg && strcmp(pl_part_resource(leg->part), id) == 0) {
        seat->leg = leg;
        seat->part = leg->part;
    } else {
        PL_LIST_EACH(node, &conf->parts)
        {
            pl_part *part = PL_CONTAINER(node, pl_part, link);
            if (is_of(part, seat->sess, id))
                seat->part = part; /* the last one, if it came again */
        }
    }
    if (seat->part)
        seat->conf = conf;
    return seat->part != NULL;
}

/* Seats that go by another id than their conference: of transferred calls. */
static bool find_renamed(const char *id, pl_seat *seat)
{
    PL_LIST_EACH(node, &seat->sess->legs)
    {
        const pl_part *part = PL_CONTAINER(node, pl_leg, sess_link)->part;
        if (strcmp(part->row.resource_id, id) == 0 &&
            find_in(part->conf, id, seat))
            return true;
    }
    return false;
}

static bool is_resource(const pl_conf *conf, uint32_t resource)
{
    return resource == PL_RESOURCE_UNKNOWN ||
           (resource == PL_RESOURCE_CALLS) ==
               (conf->row.kind == PL_CONF_KIND_CALL);
}

/* ---- the check ---- */

/* Somebody without a seat. */
static pl_who outsider(const pl_pool *pool, const pl_conf *conf,
                       const pl_sess *sess)
{
    const pl_part *host = pl_part_find(pool, conf->row.host_id);
    const pl_sess *theirs =
        host ? pl_session_find(pool, host->row.session_id) : NULL;
    return theirs && strcmp(theirs->row.client_id, sess->row.client_id) == 0
               ? PL_WHO_TENANT
               : PL_WHO_STRANGER;
}

static pl_err look_up(const pl_pool *pool, const pl_access_ask *ask,
                      pl_seat *seat)
{
    pl_conf *conf = pl_conf_find(pool, ask->conf_id);
    if ((!conf || !find_in(conf, ask->conf_id, seat)) &&
        !find_renamed(ask->conf_id, seat)) {
        return conf ? pl_access_of(conf->row.kind, ask->op,
                                   outsider(pool, conf, seat->sess))
                    : PL_EGONE;
    }
    if (!is_resource(seat->conf, ask->resource))
        return PL_EGONE;
    pl_err e =
        pl_access_of(seat->conf->row.kind, ask->op,
                     pl_seat_is_host(seat) ? PL_WHO_HOST : PL_WHO_PARTICIPANT);
    /* Repeating a DELETE is harmless; nothing else can be done once out. */
    return ask->op != PL_ACCESS_DELETE && !seat->leg ? PL_EGONE : e;
}

pl_err pl_access_check(pl_pool *pool, const pl_access_ask *ask,
                       pl_seat *ret_seat)
{
    pl_seat seat = {.sess = NULL};
    pl_err e = pl_session_actor(pool, ask->client_id, ask->token_hash,
                                ask->session_id, &seat.sess);
    if (e)
        return e;
    e = look_up(pool, ask, &seat);
    if (e == PL_EGONE && ask->op == PL_ACCESS_DELETE &&
        pl_session_was_told(seat.sess, ask->conf_id)) {
        seat = (pl_seat){.sess = seat.sess};
        e = PL_OK;
    }
    if (!e)
        *ret_seat = seat;
    return e;
}
