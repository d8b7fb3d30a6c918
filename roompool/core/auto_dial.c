/* auto_dial.c - see auto_dial.h. */
#include "auto_dial.h"

#include <string.h>

#include "address.h"
#include "conference.h"
#include "leg.h"
#include "participant.h"
#include "pl/keys.h"
#include "pl/str.h"
#include "room_auto.h"
#include "room_dial.h"
#include "telephone.h"

enum { AGAIN_S = 1 };

/* Addresses may be written without the scheme. */
static void put_uri(char uri[PL_ADDRESS_TEXT], const char *alias)
{
    bool is_bare = strchr(alias, '@') && !strchr(alias, ':');
    pl_fmt_cut(uri, PL_ADDRESS_TEXT, "%s%s", is_bare ? "sip:" : "", alias);
}

/* Who could not be dialled, where that is written, and why. */
static void note_failed(pl_pool *pool, pl_conf *conf, const pl_part *part,
                        const char *address, const char *where, const char *why)
{
    char text[PL_ADDRESS_TEXT + 256];
    pl_fmt_cut(text, sizeof text, "%s%s: %s", address, where, why);
    pl_pool_count(pool, PL_RM_auto_failed);
    pl_pool_note(pool, PL_LOG_WARN, "automatic_dial_failed", conf, part, text);
}

static void dial(pl_pool *pool, pl_conf *conf, const pl_dial *d,
                 const char *where)
{
    pl_part *part;
    pl_err e = pl_room_dial_out(pool, conf, d, &part);
    if (!e) {
        pl_pool_count(pool, PL_RM_auto_dialled);
        return;
    }
    note_failed(pool, conf, NULL, d->address, where, pl_err_text(e));
}

static void dial_auto(pl_pool *pool, pl_conf *conf, const pl_auto *who)
{
    char uri[PL_ADDRESS_TEXT];
    char where[64];
    const pl_auto_row *row = &who->row;
    if (strcmp(row->protocol, "sip") != 0) {
        pl_pool_count(pool, PL_RM_auto_skipped);
        pl_pool_note(pool, PL_LOG_WARN, "automatic_dial_skipped", conf, NULL,
                     row->protocol);
        return;
    }
    put_uri(uri, row->alias);
    pl_fmt_cut(where, sizeof where, " (automatic_participant/%llu)",
               (unsigned long long)row->auto_no);
    bool has_keys = pl_is_keys(pl_slice_str(row->dtmf_sequence));
    const pl_dial d = {.address = uri,
                       .by = "",
                       .role = row->role,
                       .keep_alive = row->keep_alive,
                       .display_name = row->remote_display_name,
                       .overlay_text = "",
                       .digits = has_keys ? row->dtmf_sequence : "",
                       .is_automatic = true};
    dial(pool, conf, &d, where);
}

static void dial_of_pool(pl_pool *pool, pl_conf *conf)
{
    char uri[PL_ADDRESS_TEXT];
    put_uri(uri, pool->config->pool_automatic_participant);
    const pl_dial d = {.address = uri,
                       .by = "",
                       .role = PL_PART_ROLE_GUEST,
                       .keep_alive = PL_KEEP_ALIVE_NEVER,
                       .display_name = pool->config->pool_automatic_name,
                       .overlay_text = "",
                       .digits = "",
                       .is_automatic = true};
    dial(pool, conf, &d, " (pool_automatic_participant)");
}

pl_err pl_auto_check_config(const pl_roompool_config *config, char *reason,
                            size_t cap)
{
    char uri[PL_ADDRESS_TEXT];
    pl_address address;
    put_uri(uri, config->pool_automatic_participant);
    if (!uri[0] || (!pl_address_parse(config, uri, &address) && address.uri[0]))
        return PL_OK;
    pl_fmt_cut(reason, cap,
               "pool_automatic_participant: is no address of a telephone, as "
               "sip:NAME@HOST or tel:NUMBER");
    return PL_ECONFIG;
}

void pl_auto_dial(pl_pool *pool, pl_conf *conf)
{
    const pl_room *room = conf->room;
    if (!room || room->row.room_no == 0 || conf->row.is_auto_dialled ||
        conf->row.state != PL_CONF_STATE_LIVE)
        return;
    conf->row.is_auto_dialled = true;
    pl_conf_save(pool, conf);
    PL_LIST_EACH(node, &room->autos)
    {
        dial_auto(pool, conf, PL_CONTAINER(node, pl_autoroom, room_link)->who);
    }
    if (room->vmr && pool->config->pool_automatic_participant[0])
        dial_of_pool(pool, conf);
}

/* ---- after a restart ---- */

static void again(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_part *part = object;
    if (part->row.state != PL_PART_STATE_RINGING || part->call)
        return;
    while (!pl_list_is_empty(&part->legs)) /* of the last try */
        pl_leg_drop(pool, PL_CONTAINER(part->legs.next, pl_leg, link));
    pl_err e = pl_phone_dial(pool, part);
    if (e == PL_EUNAVAILABLE && pool->now.wall_ms < part->row.ring_until) {
        pl_pool_plan(pool, &part->again, again, part, PL_S(AGAIN_S));
    } else if (e) {
        pl_part_leave(pool, part, pl_err_text(e));
    }
}

bool pl_auto_again(pl_pool *pool, pl_part *part)
{
    if (!part->row.is_automatic || part->row.state != PL_PART_STATE_RINGING ||
        part->call)
        return false;
    pl_pool_plan(pool, &part->again, again, part, PL_S(AGAIN_S));
    return true;
}

void pl_auto_ended(pl_pool *pool, const pl_part *part, uint32_t was)
{
    bool is_over = part->conf->row.state != PL_CONF_STATE_LIVE;
    if (!part->row.is_automatic || was != PL_PART_STATE_RINGING || is_over)
        return;
    note_failed(pool, part->conf, part, part->row.address, "",
                part->row.leave_reason);
}
