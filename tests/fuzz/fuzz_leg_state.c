/* Any bytes as what a leg is and where it is: what is taken is written again as
 * it came, and its negotiation is taken or refused. */
#include <stdlib.h>
#include <string.h>

#include "core/leg_sdp.h"
#include "core/position.h"
#include "io/leg_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void run_image(pl_slice bytes)
{
    static uint8_t again[PL_LEG_STATE_MAX];
    static const uint8_t print[PL_LEG_SDP_SHA256];
    pl_leg_image m;
    pl_leg_sdp *sdp = NULL;
    pl_leg_sdp_ours ours;
    pl_leg_agreed agreed;
    size_t n = 0;
    if (pl_leg_image_read(bytes, &m) != PL_OK)
        return;
    if (bytes.len <= sizeof again &&
        (pl_leg_image_write(&m, again, sizeof again, &n) != PL_OK ||
         n != bytes.len || memcmp(again, bytes.ptr, n) != 0))
        abort();
    if (pl_leg_sdp_import(m.sdp, print, &sdp, &ours, &agreed) == PL_OK &&
        (agreed.media.n_recv == 0 || ours.ssrc == 0))
        abort();
    pl_leg_sdp_destroy(&sdp);
}

static void run_place(pl_slice bytes, pl_leg_kind kind)
{
    uint8_t again[PL_LEG_POSITION_MAX];
    pl_mix_position at;
    pl_mix_position resume;
    pl_net_state net = {.n_paths = 0};
    size_t n = 0;
    if (pl_leg_place_read(bytes, kind, &at, &net) != PL_OK)
        return;
    if (pl_leg_place_write(kind, &at, &net, again, sizeof again, &n) != PL_OK ||
        n != bytes.len || memcmp(again, bytes.ptr, n) != 0)
        abort();
    if (pl_position_resume(&at, 1000, INT64_C(1) << 40, &resume) == PL_OK &&
        resume.send_index <= at.send_index)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pl_slice bytes = {data, len};
    run_image(bytes);
    run_place(bytes, PL_LEG_KIND_WEBRTC);
    run_place(bytes, PL_LEG_KIND_SIP);
    return 0;
}
