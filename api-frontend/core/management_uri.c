/* management_uri.c - paths of objects. */
#include <string.h>

#include "management_impl.h"

enum { UUID_MAX = 64 };

void pl_management_uri(const pl_mgmt_desc *desc, const char *id,
                       char buf[PL_MANAGEMENT_URI_MAX])
{
    pl_fmt_cut(buf, PL_MANAGEMENT_URI_MAX, PL_MANAGEMENT_BASE "%s/v1/%s/%s%s",
               desc->api, desc->name, id, id[0] ? "/" : "");
}

bool pl_management_is_id(const pl_mgmt_desc *desc, const char *id)
{
    uint64_t number = 0;
    if (desc->fields[0].kind == PL_MGMT_KIND_UUID)
        return id[0] && strlen(id) <= UUID_MAX;
    return id[0] != '0' &&
           pl_parse_u64(pl_slice_str(id), INT64_MAX, &number) == PL_OK;
}

/* From "https://host/api/.." to "/api/..". */
static pl_slice without_host(pl_slice uri)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i]);
        if (uri.len <= n ||
            !pl_slice_eq_nocase((pl_slice){uri.ptr, n}, schemes[i]))
            continue;
        const uint8_t *path = memchr(uri.ptr + n, '/', uri.len - n);
        if (!path)
            break;
        return (pl_slice){path, uri.len - (size_t)(path - uri.ptr)};
    }
    return uri;
}

pl_err pl_management_uri_id(const pl_mgmt_desc *desc, pl_slice uri, char *buf,
                            size_t cap)
{
    char list[PL_MANAGEMENT_URI_MAX];
    pl_management_uri(desc, "", list);
    size_t n = strlen(list);
    pl_slice path = without_host(uri);
    if (path.len <= n || memcmp(path.ptr, list, n) != 0)
        return PL_EINVAL;
    pl_slice id = {path.ptr + n, path.len - n};
    if (id.ptr[id.len - 1] == '/')
        id.len--;
    if (memchr(id.ptr, '/', id.len) || pl_copy(buf, cap, id))
        return PL_EINVAL;
    return pl_management_is_id(desc, buf) ? PL_OK : PL_EINVAL;
}
