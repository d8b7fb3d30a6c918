/* list.c - workers, rooms and so on, as tables or JSON. */
#include "commands.h"
#include "pl/str.h"
#include "say.h"

enum { PAGE_ROWS = 500, OUT_MAX = 512 << 20 };

typedef struct page {
    pl_ctl_rows *rows;
    bool has_more;
    size_t n;
} page;

static pl_err on_page(void *ctx, const pl_bus_in *in)
{
    page *p = ctx;
    if (in->desc != &PL_MSG_OPS_ROWS)
        return PL_EPROTO;
    const pl_ops_rows *m = in->body;
    p->has_more = m->more;
    return pl_ctl_rows_add(p->rows, m->rows, &p->n);
}

static pl_err fetch_all(pl_ctl_client *client, const pl_ctl_view *view, page *p,
                        char why[PL_CTL_WHY])
{
    pl_ops_list m = {.what = pl_ctl_view_what(view), .limit = PAGE_ROWS};
    pl_err e;
    do {
        p->n = 0;
        e = pl_ctl_ask(client, &PL_MSG_OPS_LIST, &m, on_page, p, why);
        m.offset += (uint32_t)p->n;
    } while (!e && p->has_more && p->n > 0 && m.offset < PL_CTL_ROWS_MAX);
    if (e != PL_EFULL || why[0])
        return e;
    p->has_more = true; /* our own limit, not a refusal */
    return PL_OK;
}

pl_err pl_ctl_fetch(pl_ctl_client *client, const pl_ctl_view *view,
                    const char *match, uint32_t limit, pl_ctl_rows **ret_rows,
                    bool *ret_has_more)
{
    char why[PL_CTL_WHY] = "";
    page p = {.rows = NULL};
    pl_err e = pl_ctl_rows_create(view, match, limit, &p.rows);
    if (!e)
        e = fetch_all(client, view, &p, why);
    if (!e)
        e = pl_ctl_rows_sort(p.rows);
    if (e) {
        pl_ctl_rows_destroy(&p.rows);
        pl_ctl_complain_of("the list cannot be read", e, why);
        return e;
    }
    *ret_rows = p.rows;
    *ret_has_more = p.has_more;
    return PL_OK;
}

static pl_err show(const pl_ctl_args *args, const pl_ctl_rows *rows,
                   bool has_more, int64_t now_ms)
{
    pl_buf out;
    pl_buf_init(&out, OUT_MAX);
    pl_err e = args->json
                   ? pl_ctl_view_json(rows, has_more, &out)
                   : pl_ctl_view_table(rows, now_ms, pl_ctl_columns(), &out);
    if (!e)
        e = pl_ctl_print(&out);
    pl_buf_fini(&out);
    if (!e && has_more && !args->json) {
        pl_ctl_complain("there are more; see them by --limit=%u",
                        (unsigned)PL_CTL_ROWS_MAX);
    }
    return e;
}

int pl_ctl_run_list(const pl_ctl_args *args, const pl_ctl_settings *settings)
{
    const pl_ctl_view *view = pl_ctl_view_of(args->verb);
    pl_ctl_client *client = NULL;
    pl_ctl_rows *rows = NULL;
    bool has_more = false;
    pl_err e = pl_ctl_client_open(settings, &client);
    if (!e) {
        e = pl_ctl_fetch(client, view, args->operand, args->limit, &rows,
                         &has_more);
    }
    if (!e)
        e = show(args, rows, has_more, pl_ctl_wall_ms(client));
    pl_ctl_rows_destroy(&rows);
    pl_ctl_client_close(&client);
    return pl_ctl_exit_of(e);
}
