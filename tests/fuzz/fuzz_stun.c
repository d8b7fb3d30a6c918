/* Any datagram: must parse or be refused; ICE must answer without credentials'
 * holders gaining anything. */
#include <stdlib.h>
#include <string.h>

#include "core/demux.h"
#include "core/ice.h"
#include "core/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char pwd[] = "VOkJxbRl1RmTxUk/WvJxBt";

/* What is accepted lies within the datagram. */
static void check_message(const pl_stun_msg *m)
{
    if (m->username.ptr &&
        (m->username.ptr < m->raw.ptr ||
         m->username.ptr + m->username.len > m->raw.ptr + m->raw.len))
        abort();
    if (m->integrity_at && m->integrity_at + 24 > m->raw.len)
        abort();
    if (m->n_unknown > PL_STUN_UNKNOWN)
        abort();
}

static void check_ice(const pl_stun_msg *m)
{
    pl_ice ice;
    pl_ice_reply reply;
    pl_addr from = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 192, [15] = 1},
                    .port = 5000};
    if (pl_ice_init(&ice, "evtj", pwd, "h6vY", 0) != PL_OK)
        abort();
    pl_ice_outcome out = pl_ice_on_request(&ice, m, &from, 1, &reply);
    bool is_authentic = pl_stun_is_authentic(m, pl_slice_str(pwd));
    bool has_path = pl_ice_find(&ice, &from) >= 0;
    if (has_path && !is_authentic)
        abort();
    if (out.result == PL_ICE_REFUSED && !is_authentic && reply.len > m->raw.len)
        abort();
    pl_stun_msg answer;
    if (reply.len && pl_stun_parse(reply.data, reply.len, &answer) != PL_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pl_stun_msg m;
    char ufrag[PL_ICE_UFRAG + 1];
    (void)pl_demux(data, len);
    if (pl_stun_parse(data, len, &m) != PL_OK)
        return 0;
    check_message(&m);
    if (pl_ice_local_ufrag(m.username, ufrag) == PL_OK &&
        strlen(ufrag) > PL_ICE_UFRAG)
        abort();
    check_ice(&m);
    return 0;
}
