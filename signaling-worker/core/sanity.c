/* sanity.c - rules a parsed message must keep. */
#include "sanity.h"

#include <string.h>

static bool has_core_headers(const pl_sip_msg *m)
{
    return m->call_id[0] && m->from_uri[0] && m->to_uri[0] && m->has_cseq &&
           m->n_vias > 0 && m->sent_by[0];
}

static unsigned judge_request(const pl_sip_msg *m)
{
    if (strcmp(m->cseq_method_text, m->method_text) != 0)
        return 400; /* RFC 3261 section 8.1.1.5 */
    if (m->cseq > INT32_MAX)
        return 400; /* RFC 3261 section 8.1.1.5: less than 2**31 */
    if (!m->from_tag[0] && strncmp(m->branch, "z9hG4bK", 7) == 0)
        return 400; /* section 8.1.1.3; RFC 2543 peers had neither */
    if (!m->branch[0])
        return 400; /* transactions are matched by it, section 17.2.3 */
    if (m->uri.scheme == PL_URI_NONE)
        return 416; /* section 8.2.2.1 */
    if (m->has_max_forwards && m->max_forwards > 255)
        return 400;
    /* Section 16.3 step 3 is a proxy's rule; a user agent may answer
     * (section 11 wants OPTIONS with 0 answered), so 0 is accepted here. */
    if (m->method == PL_SIP_INVITE && !m->has_contact)
        return 400; /* section 8.1.1.8 */
    return 0;
}

unsigned pl_sip_sanity(const pl_sip_msg *m)
{
    if (m->n_vias == 0)
        return PL_SIP_SANITY_DROP;
    if (!m->is_request) {
        bool is_good = has_core_headers(m) && m->n_vias == 1 &&
                       m->status >= 100 && m->status <= 699 &&
                       m->cseq <= INT32_MAX && m->from_tag[0];
        return is_good ? 0 : PL_SIP_SANITY_DROP; /* section 18.1.2 */
    }
    unsigned status = has_core_headers(m) ? judge_request(m) : 400;
    if (status != 0 && m->method == PL_SIP_ACK)
        return PL_SIP_SANITY_DROP;
    return status;
}
