/* fuzz_sip_values.c - the small parsers of the signaling worker: INFO bodies,
 * digest headers and the challenges of a response, user files, addresses,
 * networks, patterns, option tags, session intervals, Reason, who calls, and
 * what a registrar answers. The first byte picks one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "digest_client.h"
#include "dtmf_info.h"
#include "identity.h"
#include "pl/ip.h"
#include "pl/str.h"
#include "policy.h"
#include "reason.h"
#include "refer.h"
#include "registration.h"
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
    if (pl_sip_refer_to_parse(text, &to) == PL_OK &&
        to.uri.scheme == PL_URI_NONE)
        abort();
    (void)!pl_sip_replaces_parse(text, &r);
    (void)!pl_sip_frag_status(text, &status);
}

/* One challenge a line; the first two are not of a proxy. */
static void challenges(pl_slice text)
{
    enum { MAX = 8, ROUNDS = 3 };
    static const pl_hash_api api = {.hash = no_hash};
    pl_slice values[MAX];
    char out[4096];
    unsigned n = 0;
    while (n < MAX && text.len > 0) {
        size_t k = 0;
        while (k < text.len && text.ptr[k] != '\n')
            k++;
        values[n++] = (pl_slice){text.ptr, k};
        k += k < text.len;
        text.ptr += k;
        text.len -= k;
    }
    pl_digest_client c = {.n = 0};
    pl_digest_challenges list = {.value = values,
                                 .n = n,
                                 .n_own = n < 2 ? n : 2,
                                 .only_realm = "",
                                 .is_new_realm_ok = true};
    pl_digest_who who = {.user = "u",
                         .password = "p",
                         .method = "INVITE",
                         .uri = "sip:x",
                         .cnonce = "c"};
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (pl_digest_client_take(&c, &list) != PL_OK)
            pl_digest_client_begin(&c);
        else if (pl_digest_client_write(&c, &api, &who, out, sizeof out) ==
                     PL_OK &&
                 !out[0])
            abort(); /* taken, but not answered */
    }
}

static void reason(pl_slice text)
{
    char copy[129];
    char line[512];
    pl_sip_reason r;
    pl_sip_reason again;
    pl_sip_reason_parse(text, &r);
    pl_sip_reason_parse(pl_slice_str(r.value), &again);
    if (strcmp(r.value, again.value) != 0)
        abort();
    if (pl_copy(copy, sizeof copy, text) == PL_OK) {
        pl_sip_reason_line(copy, line, sizeof line);
        /* one line, whatever it was */
        if (line[0] && strcspn(line, "\r\n") + 2 != strlen(line))
            abort();
    }
}

static void identity(pl_slice text)
{
    pl_sip_head head = {.headers = text};
    char uri[257];
    if (pl_sip_identity_asserted(&head, uri, sizeof uri)) {
        char lines[1024];
        pl_sip_identity_lines(PL_SIP_IDENTITY_ASSERTED, uri, false, lines,
                              sizeof lines);
        if (!lines[0])
            abort(); /* what we take we can say */
    }
    (void)pl_sip_identity_is_hidden(&head, "sip:a@b");
}

static void registration(pl_slice text)
{
    static pl_sip_msg m;
    static pl_sip_registration_grant grant;
    static const unsigned statuses[] = {200, 423};
    for (unsigned i = 0; i < 2; i++) {
        pl_sip_registration r = {.expires_s = 600};
        m = (pl_sip_msg){.status = statuses[i], .raw = text};
        if (pl_sip_registration_take(&r, &m, "sip:c@192.0.2.1", &grant) !=
            PL_SIP_REGISTRATION_DONE)
            continue;
        if (grant.expires_s == 0 ||
            grant.expires_s > PL_SIP_REGISTRATION_MAX_S ||
            strpbrk(grant.service_route, "\r\n"))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const parsers[])(pl_slice) = {
        digest,     users,     dtmf,       uri,    networks, patterns,
        extensions, transfers, challenges, reason, identity, registration};
    enum { N = sizeof parsers / sizeof *parsers };
    if (len > 0)
        parsers[data[0] % N]((pl_slice){data + 1, len - 1});
    return 0;
}
