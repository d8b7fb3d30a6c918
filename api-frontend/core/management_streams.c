/* management_streams.c - how good the media of a participant is or was. */
#include "management_impl.h"

pl_err pl_management_ask_streams(pl_api_call *call, pl_answer *answer)
{
    pl_management_streams *m = &call->message.management_streams;
    const pl_mgmt_desc *desc = pl_management_desc(call);
    const char *id = pl_call_param(call, 0);
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    *m = (pl_management_streams){.past = desc->resource ==
                                         PL_MGMT_RESOURCE_PAST_PARTICIPANT};
    if (!pl_management_is_id(desc, id) || PL_PUT(m->id, pl_slice_str(id)))
        return PL_ENOENT;
    call->desc = &PL_MSG_MANAGEMENT_STREAMS;
    return PL_OK;
}

void pl_management_streamed(pl_api_call *call, pl_err e,
                            const pl_msg_desc *desc, const void *body,
                            pl_answer *answer)
{
    const pl_management_page *page = body;
    if (pl_management_failed(call, e, &PL_MSG_MANAGEMENT_PAGE, desc, body,
                             answer))
        return;
    pl_answer_json(answer, 200);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "meta", '{');
    pl_jw_int(&w, "limit", page->total);
    pl_jw_int(&w, "offset", 0);
    pl_jw_int(&w, "total_count", page->total);
    pl_jw_null(&w, "next");
    pl_jw_null(&w, "previous");
    pl_jw_close(&w, '}');
    pl_jw_raw(&w, "objects", page->objects);
    pl_jw_close(&w, '}');
}
