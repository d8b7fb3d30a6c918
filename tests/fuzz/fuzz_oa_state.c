/* Any bytes as the state of a negotiation: what is taken must be told again as
 * it came, and must go on: our offer parses. */
#include <stdlib.h>
#include <string.h>

#include "pl/offer_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_offer(pl_oa *oa)
{
    static pl_oa_sdp text;
    static pl_oa_result r;
    pl_sdp *sdp = NULL;
    if (pl_oa_offer(oa, NULL, &text) != PL_OK)
        return; /* there is a bound for its length */
    pl_slice ours = {(const uint8_t *)text.text, text.len};
    if (pl_sdp_parse(ours, &sdp, NULL) != PL_OK)
        abort();
    pl_sdp_destroy(&sdp);
    (void)!pl_oa_accept(oa, ours, &r);
    pl_oa_rollback(oa);
    (void)!pl_oa_answer(oa, ours, NULL, &text, &r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t again[PL_OA_STATE];
    size_t n = 0;
    pl_oa *oa = NULL;
    if (pl_oa_import((pl_slice){data, len}, &oa) != PL_OK)
        return 0;
    if (pl_oa_export(oa, again, sizeof again, &n) != PL_OK || n != len ||
        memcmp(again, data, len) != 0)
        abort();
    check_offer(oa);
    pl_oa_destroy(&oa);
    return 0;
}
