/* fuzz_sip.c - bytes from the network through the gates, the parser, and what
 * is built from a message that passed: its refusal, its dialog, the next
 * request of that dialog. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialog.h"
#include "gate.h"
#include "sanity.h"
#include "sip_build.h"
#include "sip_parse.h"

static char OUT[PL_SIP_MAX_OUT];

static void answer(const pl_sip_head *head, unsigned status)
{
    pl_sip_response_spec spec = {.request = head,
                                 .source = "192.0.2.1",
                                 .source_port = 5060,
                                 .status = status,
                                 .to_tag = "tag",
                                 .contact = "sip:us"};
    size_t len = 0;
    if (pl_sip_build_response(&spec, OUT, sizeof OUT, &len) != PL_OK)
        return;
    /* What we write must be good for our own parser when it is sent in a
     * transaction; a refusal is only sent, so a failure is no fault. */
    struct osip_message *own = NULL;
    if (pl_sip_parse_own((pl_slice){(const uint8_t *)OUT, len}, &own) == PL_OK)
        pl_sip_parsed_free(&own);
}

static void use_dialog(const pl_sip_msg *m)
{
    pl_sip_dialog d = {.call_id = "", .local_cseq = 1};
    pl_sip_hop hop;
    size_t len = 0;
    pl_err e = m->is_request ? pl_sip_dialog_accept(m, "local", &d)
                             : pl_sip_dialog_establish(&d, m);
    if (e != PL_OK || pl_sip_dialog_hop(&d, &hop) != PL_OK)
        return;
    pl_sip_request_spec spec = {.method = PL_SIP_BYE,
                                .request_uri = hop.request_uri,
                                .route = hop.route,
                                .via = "192.0.2.2:5060",
                                .branch = "z9hG4bKx",
                                .dialog = &d,
                                .cseq = 2};
    if (pl_sip_build_request(&spec, OUT, sizeof OUT, &len) != PL_OK)
        return;
    struct osip_message *own = NULL;
    if (pl_sip_parse_own((pl_slice){(const uint8_t *)OUT, len}, &own) == PL_OK)
        pl_sip_parsed_free(&own);
}

static void judge(pl_slice raw)
{
    static pl_sip_msg m;
    pl_gate g;
    pl_gate_judge(raw, PL_SIP_MAX_UDP, &g);
    if (g.verdict == PL_GATE_REPLY)
        answer(&g.head, g.status);
    if (g.verdict != PL_GATE_PASS)
        return;
    pl_slice method;
    pl_slice branch;
    if (pl_sip_head_answers(&g.head, &method, &branch) &&
        method.len + branch.len > raw.len)
        abort();
    struct osip_message *parsed = NULL;
    if (pl_sip_parse(&g, &m, &parsed) != PL_OK) {
        answer(&g.head, 400);
        return;
    }
    if (pl_sip_sanity(&m) == 0) {
        if (m.is_request)
            answer(&g.head, 200);
        use_dialog(&m);
    }
    pl_sip_parsed_free(&parsed);
}

static void follow_stream(pl_slice stream)
{
    size_t len = 0;
    bool is_ping = false;
    while (pl_gate_frame(stream, &len, &is_ping) == PL_OK) {
        if (len == 0 || len > stream.len)
            abort();
        stream.ptr += len;
        stream.len -= len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static bool is_set_up;
    if (!is_set_up && pl_sip_parse_setup() != PL_OK)
        abort();
    is_set_up = true;
    judge((pl_slice){data, len});
    follow_stream((pl_slice){data, len});
    return 0;
}
