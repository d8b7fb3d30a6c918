/* management_file.c - GET /api/admin/history/v1/recording/{id}/file/{number}/:
 * the sound itself. Where the file lies the database says, never the request.
 */
#include <string.h>

#include "management_impl.h"
#include "pl/str.h"

pl_err pl_management_ask_file(pl_api_call *call, pl_answer *answer)
{
    pl_management_query *m = &call->message.management_query;
    uint64_t number = 0;
    if (call->head->method != PL_HTTP_GET)
        return pl_management_refuse(answer, 405, "Files are read by GET only");
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    if (!call->has_recordings) {
        return pl_management_refuse(answer, 404,
                                    "Recordings cannot be read here: "
                                    "recordings_dir is not set");
    }
    *m = (pl_management_query){.resource = PL_MGMT_RESOURCE_RECORDING_FILE,
                               .limit = 1};
    if (pl_parse_u64(pl_slice_str(pl_call_param(call, 1)), INT32_MAX,
                     &number) ||
        pl_fmt(m->id, sizeof m->id, "%s-%u", pl_call_param(call, 0),
               (unsigned)number))
        return PL_ENOENT;
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, m, id);
    call->desc = &PL_MSG_MANAGEMENT_QUERY;
    return PL_OK;
}

static const char *type_of(pl_slice codec)
{
    enum { OPUS = 4 };
    return codec.len >= OPUS &&
                   pl_slice_eq_nocase((pl_slice){codec.ptr, OPUS}, "opus")
               ? "audio/ogg"
               : "audio/basic";
}

/* Its name where it is saved: recording and last of its path, of plain
 * characters. */
static void put_name(pl_answer *answer, const char *recording, const char *path)
{
    char name[2 * PL_RECORDING_PATH_MAX];
    char value[sizeof name + 40];
    const char *from = strrchr(path, '/');
    pl_fmt_cut(name, sizeof name, "%s-%s", recording, from ? from + 1 : path);
    for (char *c = name; *c; c++) {
        if (*c == '"' || *c == '\\' || *c == '/' || *c < ' ' || *c > '~')
            *c = '_';
    }
    pl_fmt_cut(value, sizeof value, "attachment; filename=\"%s\"", name);
    pl_answer_header(answer, "Content-Disposition", value);
    pl_answer_header(answer, "Accept-Ranges", "none");
}

void pl_management_file(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    const pl_management_page *page = body;
    pl_json *objects = NULL;
    pl_slice path;
    pl_slice codec;
    if (pl_management_failed(call, e, &PL_MSG_MANAGEMENT_PAGE, desc, body,
                             answer))
        return;
    e = pl_json_parse(page->objects, &objects);
    const pl_json *file = e ? NULL : pl_json_at(objects, 0);
    if (!e && !file)
        e = PL_ENOENT;
    if (!e)
        e = pl_json_get_str(file, "path", &path);
    if (!e)
        e = pl_json_get_str(file, "codec", &codec);
    if (!e)
        e = PL_PUT(call->file, path);
    if (e) {
        pl_management_fail(call, e == PL_ENOENT ? e : PL_EINTERNAL, NULL,
                           answer);
    } else {
        answer->status = 200;
        answer->content_type = type_of(codec);
        put_name(answer, pl_call_param(call, 0), call->file);
    }
    pl_json_free(&objects);
}
