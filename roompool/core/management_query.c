/* management_query.c - see management_query.h. */
#include "management_query.h"

#include <stdlib.h>

#include "management_sql.h"
#include "model.h"
#include "pl/str.h"
#include "pl/words.h"
#include "room.h"

enum { PAGE_MAX = 65536 };

typedef struct page {
    pl_buf objects;
    uint32_t count;
} page;

/* One more object, while they fit. */
static pl_err add_object(void *ctx, pl_slice object)
{
    page *p = ctx;
    /* a comma or bracket before it, a bracket behind the last */
    if (object.len + 2 > PAGE_MAX - p->objects.len)
        return PL_EFULL;
    pl_buf_add_str(&p->objects, p->count == 0 ? "[" : ",");
    pl_buf_add_slice(&p->objects, object);
    p->count++;
    return p->objects.has_failed ? PL_ENOMEM : PL_OK;
}

static pl_err read_page(pl_pool *pool, const pl_management_sql *sql, page *p,
                        uint64_t *ret_total)
{
    const pl_store_list list = {.count = pl_buf_text(&sql->count),
                                .keys = pl_buf_text(&sql->keys),
                                .object = pl_buf_text(&sql->object),
                                .values = sql->values,
                                .n_values = sql->n_values,
                                .max_us = PL_MS(pool->config->query_ms)};
    const pl_port *port = pool->port;
    int64_t start_us = port->clock_us(port->ctx);
    pl_err e =
        pool->store->ops->list(pool->store, &list, add_object, p, ret_total);
    int64_t took_us = port->clock_us(port->ctx) - start_us;
    pl_metrics_observe_us(pool->metrics, PL_RM_query_us,
                          took_us > 0 ? (uint64_t)took_us : 0);
    return e;
}

static void give_page(pl_pool *pool, const pl_bus_in *in, page *p,
                      uint64_t total)
{
    pl_buf_add_str(&p->objects, p->count == 0 ? "[]" : "]");
    const pl_management_page m = {.total = total > UINT32_MAX ? UINT32_MAX
                                                              : (uint32_t)total,
                                  .count = p->count,
                                  .objects = pl_buf_slice(&p->objects)};
    pl_pool_reply(pool, &in->ticket, &PL_MSG_MANAGEMENT_PAGE, &m);
}

/* What did not go as it should is for the operator too. */
static void refuse(pl_pool *pool, const pl_bus_in *in, pl_err e)
{
    const pl_management_query *m = in->body;
    bool is_cut = e == PL_EUNAVAILABLE;
    pl_pool_count(pool, is_cut ? PL_RM_queries_cut : PL_RM_queries_failed);
    pl_pool_note(pool, is_cut ? PL_LOG_WARN : PL_LOG_ERROR,
                 is_cut ? "query_cut" : "query_failed", NULL, NULL,
                 pl_mgmt_resource_text(m->resource));
    if (pl_outbox_reply_error(pool->outbox, &in->ticket, e,
                              is_cut ? "too much to look through for this "
                                       "question"
                                     : NULL))
        pl_pool_fail(pool, PL_ENOMEM);
}

static void answer(pl_pool *pool, const pl_bus_in *in,
                   const pl_management_sql *sql)
{
    const pl_management_query *m = in->body;
    page p = {.count = 0};
    uint64_t total = 0;
    pl_buf_init(&p.objects, PAGE_MAX);
    pl_err e = read_page(pool, sql, &p, &total);
    /* One object that fills more than a page can never be shown. */
    if (!e && p.count == 0 && total > m->offset)
        e = PL_EFULL;
    if (e) {
        refuse(pool, in, e);
    } else if (total == 0 &&
               PL_MSG_HAS(MANAGEMENT_QUERY, management_query, m, id)) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
    } else {
        give_page(pool, in, &p, total);
    }
    pl_buf_wipe(&p.objects); /* PINs */
}

/* A live conference may be named by the number of its room, as in commands. */
static void name_conference(const pl_pool *pool, pl_management_query *m)
{
    uint64_t no;
    const pl_room *room = NULL;
    if (m->resource == PL_MGMT_RESOURCE_LIVE_CONFERENCE &&
        PL_MSG_HAS(MANAGEMENT_QUERY, management_query, m, id) &&
        pl_parse_u64(pl_slice_str(m->id), INT64_MAX, &no) == PL_OK && no > 0)
        room = pl_room_by_no(pool, no);
    if (room && room->conf)
        PL_SET(m->id, room->conf->row.conf_id);
}

void pl_on_management_query(pl_pool *pool, const pl_bus_in *in)
{
    pl_management_query named = *(const pl_management_query *)in->body;
    const pl_management_query *m = &named;
    char fault[PL_MGMT_FAULT_MAX];
    pl_management_sql *sql = calloc(1, sizeof *sql);
    if (!sql) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOMEM, NULL);
        return;
    }
    name_conference(pool, &named);
    pl_err e = pl_management_sql_init(sql, m, fault);
    pl_pool_count(pool, PL_RM_queries);
    if (e == PL_EINVAL &&
        PL_MSG_HAS(MANAGEMENT_QUERY, management_query, m, id)) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL); /* no such id */
    } else if (e) {
        pl_pool_refuse(pool, &in->ticket, e, fault);
    } else {
        answer(pool, in, sql);
    }
    pl_management_sql_fini(sql);
    free(sql);
}
