/* Any bytes: must parse or be refused; every accessor must stay within what was
 * parsed. */
#include <stdlib.h>

#include "pl/ice_cand.h"
#include "pl/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_attribute(const pl_sdp *sdp, const pl_sdp_attr *a)
{
    pl_sdp_fingerprint print;
    pl_sdp_extmap ext;
    pl_sdp_ssrc ssrc;
    pl_ice_cand cand;
    char text[PL_ICE_CAND_TEXT];
    if (pl_sdp_parse_fingerprint(a->value, &print) == PL_OK &&
        (print.len == 0 || print.len > PL_SDP_MAX_FINGERPRINT))
        abort();
    (void)!pl_sdp_parse_extmap(a->value, &ext);
    (void)!pl_sdp_parse_ssrc(a->value, &ssrc);
    (void)pl_sdp_find_mid(sdp, a->value);
    (void)pl_sdp_bundle_of(sdp, a->value);
    if (pl_ice_cand_parse(a->value, &cand) != PL_OK)
        return;
    pl_ice_cand again;
    if (pl_ice_cand_write(&cand, text, sizeof text) == PL_OK &&
        (pl_ice_cand_parse(pl_slice_str(text), &again) != PL_OK ||
         again.priority != cand.priority || again.port != cand.port))
        abort();
}

static void read_section(const pl_sdp *sdp, const pl_sdp_media *m)
{
    if (m->n_formats == 0 || m->n_formats > PL_SDP_MAX_FORMATS ||
        m->n_attrs > PL_SDP_MAX_ATTRS + PL_SDP_MAX_CANDIDATES)
        abort();
    for (size_t i = 0; i < m->n_formats; i++) {
        pl_sdp_rtpmap map;
        pl_slice value;
        if (pl_sdp_find_rtpmap(m, m->formats[i], &map) != PL_OK)
            continue;
        (void)!pl_sdp_fmtp_param(pl_sdp_find_fmtp(m, map.pt), "stereo", &value);
    }
    pl_sdp_conn conn;
    pl_sdp_extmap ext;
    uint16_t port = 0;
    pl_sdp_find_rtcp(m, &conn, &port);
    (void)pl_sdp_find_setup(sdp, m);
    (void)pl_sdp_direction(sdp, m);
    (void)pl_sdp_number(m, "ptime", 1000, 20);
    (void)!pl_sdp_find_extmap(sdp, m, "urn:x", &ext);
    for (size_t i = 0; i < m->n_attrs; i++)
        read_attribute(sdp, &m->attrs[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pl_sdp *sdp = NULL;
    pl_sdp_fault fault = {0, NULL};
    if (pl_sdp_parse((pl_slice){data, len}, &sdp, &fault) != PL_OK) {
        if (sdp || !fault.what)
            abort();
        return 0;
    }
    for (size_t i = 0; i < sdp->n_attrs; i++)
        read_attribute(sdp, &sdp->attrs[i]);
    for (size_t i = 0; i < sdp->n_media; i++)
        read_section(sdp, &sdp->media[i]);
    pl_sdp_destroy(&sdp);
    return 0;
}
