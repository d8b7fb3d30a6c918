/* fuzz_sip_values.c - the small parsers of the signaling worker: INFO bodies,
 * digest headers, user files, addresses, networks, patterns, option tags and
 * session intervals. The first byte picks one. */
#include <stdint.h>
#include <stdlib.h>

#include "digest.h"
#include "dtmf_info.h"
#include "pl/ip.h"
#include "pl/str.h"
#include "policy.h"
#include "refer.h"
#include "reliable.h"
#include "session_timer.h"
#include "sip_options.h"
#include "sip_uri.h"

static pl_err no_hash(pl_hash_kind kind, pl_slice text, char hex[PL_HASH_TEXT])
{
    (void)text;
    pl_fmt_cut(hex, PL_HASH_TEXT, "%s",
               kind == PL_HASH_MD5 ? "0123456789abcdef0123456789abcdef"
                                   : "0123456789abcdef0123456789abcdef"
                                     "0123456789abcdef0123456789abcdef");
    return PL_OK;
}

static void digest(pl_slice text)
{
    static const pl_hash_api api = {.hash = no_hash};
    pl_digest d;
    if (pl_digest_parse(text, &d) != PL_OK)
        return;
    char out[2048];
    pl_digest_answer a = {.user = "u",
                          .password = "p",
                          .uri = "sip:x",
                          .method = "INVITE",
                          .cnonce = "c",
                          .nc = 1};
    if (pl_digest_answer_write(&api, &d, &a, out, sizeof out) == PL_OK) {
        pl_digest again; /* what we write, we can read */
        if (pl_digest_parse(pl_slice_str(out), &again) != PL_OK)
            abort();
    }
    (void)!pl_digest_check(&api, NULL, &d, "r", "INVITE");
}

static void users(pl_slice text)
{
    pl_digest_users *u = NULL;
    unsigned line = 0;
    if (pl_digest_users_parse(text, &u, &line) == PL_OK)
        pl_digest_users_destroy(&u);
}

static void dtmf(pl_slice text)
{
    char digit = 0;
    (void)!pl_dtmf_info_parse("application/dtmf", text, &digit);
    (void)!pl_dtmf_info_parse("application/dtmf-relay", text, &digit);
}

static void uri(pl_slice text)
{
    pl_sip_uri u;
    if (pl_sip_uri_parse(text, &u) == PL_OK)
        (void)!pl_outbound_judge("10.0.0.0/8 *.x.org +4*", &u, true);
    pl_slice item;
    while (pl_sip_list_next(&text, &item)) {
    }
}

static void networks(pl_slice text)
{
    pl_cidr_list list;
    pl_ip ip;
    uint16_t port = 0;
    char again[PL_IP_TEXT];
    (void)!pl_cidr_parse(text, &list);
    (void)!pl_ip_port_parse(text, &ip, &port);
    if (pl_ip_parse(text, &ip) == PL_OK) {
        pl_ip same;
        pl_ip_text(&ip, again);
        if (pl_ip_parse(pl_slice_str(again), &same) != PL_OK ||
            !pl_ip_eq(&ip, &same)) {
            abort();
        }
    }
}

static void patterns(pl_slice text)
{
    char copy[300];
    pl_slice word;
    if (pl_copy(copy, sizeof copy, text) == PL_OK)
        (void)!pl_outbound_check(copy, &word);
}

static void extensions(pl_slice text)
{
    char buf[64];
    pl_session_words words = {.interval_s = 0};
    if (pl_session_expires_parse(text, &words) == PL_OK &&
        words.interval_s == 0) {
        abort();
    }
    (void)!pl_session_min_parse(text, &words);
    pl_sip_rack rack = {.rseq = 0};
    if (pl_sip_rack_parse(text, &rack) == PL_OK && rack.rseq == 0)
        abort();
    (void)pl_sip_options_unknown(text, pl_sip_options_of(text), buf,
                                 sizeof buf);
    (void)pl_sip_tokens_have(text, "UPDATE");
}

static void transfers(pl_slice text)
{
    static pl_sip_refer_to to;
    pl_sip_replaces r;
    unsigned status = 0;
    char value[3 * PL_REFER_REPLACES_MAX];
    if (pl_sip_refer_to_parse(text, &to) == PL_OK &&
        to.uri.scheme == PL_URI_NONE)
        abort();
    if (pl_sip_replaces_parse(text, &r) == PL_OK)
        (void)!pl_sip_replaces_escape(&r, value, sizeof value);
    (void)!pl_sip_frag_status(text, &status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const parsers[])(pl_slice) = {
        digest, users, dtmf, uri, networks, patterns, extensions, transfers};
    enum { N = sizeof parsers / sizeof *parsers };
    if (len > 0)
        parsers[data[0] % N]((pl_slice){data + 1, len - 1});
    return 0;
}
