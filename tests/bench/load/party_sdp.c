/* party_sdp.c - a client's offer, and the server's answer to it. */
#include <string.h>

#include "adapter.h"
#include "pl/ice_cand.h"
#include "pl/sdp.h"
#include "pl/str.h"

static const char LEVEL_URI[] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
enum { LEVEL_EXT = 1, SHA256_TEXT = 96 };

/* ---- offer -------------------------------------------------------------- */

static const struct {
    uint8_t pt;
    const char *rtpmap, *fmtp;
} CODECS[PL_AUDIO_COUNT] = {
    [PL_AUDIO_OPUS] = {111, "opus/48000/2", "minptime=10;useinbandfec=1"},
    [PL_AUDIO_G722] = {9, "G722/8000", NULL},
    [PL_AUDIO_PCMU] = {0, "PCMU/8000", NULL},
    [PL_AUDIO_PCMA] = {8, "PCMA/8000", NULL},
};

uint8_t pl_load_pt(pl_codec_kind codec)
{
    return CODECS[codec].pt;
}

/* "AB:CD:.." of a SHA-256. */
static void print_text(const uint8_t print[PL_LOAD_SHA256],
                       char buf[SHA256_TEXT])
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < PL_LOAD_SHA256; i++) {
        buf[3 * i] = digits[print[i] >> 4];
        buf[3 * i + 1] = digits[print[i] & 15];
        buf[3 * i + 2] = ':';
    }
    buf[SHA256_TEXT - 1] = '\0';
}

static pl_err webrtc_lines(const pl_load_party *p, const char *ip,
                           pl_sdp_writer *w)
{
    char print[SHA256_TEXT];
    char text[PL_ICE_CAND_TEXT];
    pl_ice_cand cand;
    pl_err e = pl_ice_cand_host(ip, p->local.port, 0, &cand);
    if (e == PL_OK)
        e = pl_ice_cand_write(&cand, text, sizeof text);
    if (e != PL_OK)
        return e;
    print_text(p->fingerprint, print);
    pl_sdp_line(w, "a=mid:0");
    pl_sdp_line(w, "a=rtcp-mux");
    pl_sdp_line(w, "a=ice-ufrag:%s", p->ufrag);
    pl_sdp_line(w, "a=ice-pwd:%s", p->pwd);
    pl_sdp_line(w, "a=fingerprint:sha-256 %s", print);
    pl_sdp_line(w, "a=setup:actpass");
    pl_sdp_line(w, "a=extmap:%d %s", LEVEL_EXT, LEVEL_URI);
    pl_sdp_line(w, "a=%s", text);
    pl_sdp_line(w, "a=end-of-candidates");
    return PL_OK;
}

pl_err pl_load_offer(const pl_load_party *p, char *buf, size_t cap,
                     size_t *ret_len)
{
    char ip[PL_ADDR_TEXT];
    pl_sdp_writer w;
    bool is_webrtc = p->transport == PL_LOAD_WEBRTC;
    pl_addr_ip_text(&p->local, ip);
    pl_sdp_writer_init(&w, buf, cap);
    pl_sdp_line(&w, "v=0");
    pl_sdp_line(&w, "o=- %u 1 IN IP4 %s", 1000 + p->number, ip);
    pl_sdp_line(&w, "s=-");
    pl_sdp_line(&w, "c=IN IP4 %s", ip);
    pl_sdp_line(&w, "t=0 0");
    if (is_webrtc)
        pl_sdp_line(&w, "a=group:BUNDLE 0");
    pl_sdp_line(&w, "m=audio %u %s %u", p->local.port,
                is_webrtc ? "UDP/TLS/RTP/SAVPF" : "RTP/AVP",
                CODECS[p->codec].pt);
    pl_sdp_line(&w, "a=rtpmap:%u %s", CODECS[p->codec].pt,
                CODECS[p->codec].rtpmap);
    if (CODECS[p->codec].fmtp) {
        pl_sdp_line(&w, "a=fmtp:%u %s", CODECS[p->codec].pt,
                    CODECS[p->codec].fmtp);
    }
    pl_sdp_line(&w, "a=ptime:20");
    pl_sdp_line(&w, "a=sendrecv");
    pl_sdp_line(&w, "a=ssrc:%u cname:load-%u", p->ssrc, p->number);
    pl_err e = is_webrtc ? webrtc_lines(p, ip, &w) : PL_OK;
    return e == PL_OK ? pl_sdp_writer_end(&w, ret_len) : e;
}

/* ---- answer ------------------------------------------------------------- */

static pl_err take_codec(const pl_sdp_media *m, pl_load_party *p)
{
    pl_slice want = pl_slice_str(CODECS[p->codec].rtpmap);
    const uint8_t *slash = memchr(want.ptr, '/', want.len);
    for (size_t i = 0; i < m->n_formats; i++) {
        pl_sdp_rtpmap map;
        if (pl_sdp_find_rtpmap(m, m->formats[i], &map) != PL_OK ||
            map.encoding.len != (size_t)(slash - want.ptr))
            continue;
        char name[16];
        if (pl_copy(name, sizeof name,
                    (pl_slice){want.ptr, map.encoding.len}) == PL_OK &&
            pl_slice_eq_nocase(map.encoding, name)) {
            p->pt = p->pt_in = map.pt;
            return PL_OK;
        }
    }
    return PL_EMEDIA;
}

/* The candidate that we reach: of our own kind, loopback or not, IPv4. */
static pl_err take_candidate(const pl_sdp_media *m, pl_load_party *p)
{
    bool is_found = false;
    for (const pl_sdp_attr *a = NULL;
         (a = pl_sdp_next(m, "candidate", a)) != NULL;) {
        pl_ice_cand c;
        pl_addr addr;
        if (pl_ice_cand_parse(a->value, &c) != PL_OK || !c.is_udp ||
            c.component != 1 || c.family != 4 ||
            pl_addr_parse(c.address, c.port, &addr) != PL_OK)
            continue;
        bool is_ours =
            pl_addr_is_loopback(&addr) == pl_addr_is_loopback(&p->local);
        if (!is_found || is_ours)
            p->remote = addr;
        is_found = true;
        if (is_ours)
            return PL_OK;
    }
    return is_found ? PL_OK : PL_EMEDIA;
}

static pl_err take_text(const pl_sdp *sdp, const pl_sdp_media *m,
                        const char *name, char *buf)
{
    const pl_sdp_attr *a = pl_sdp_find_either(sdp, m, name);
    return a ? pl_copy(buf, PL_LOAD_REMOTE_TEXT + 1, a->value) : PL_EMEDIA;
}

static void take_prints(const pl_sdp *sdp, const pl_sdp_media *m,
                        pl_load_party *p)
{
    const pl_sdp_attr *a = pl_sdp_find_either(sdp, m, "fingerprint");
    pl_sdp_fingerprint print;
    p->n_prints = 0;
    if (a && pl_sdp_parse_fingerprint(a->value, &print) == PL_OK &&
        print.len == PL_LOAD_SHA256)
        memcpy(p->prints[p->n_prints++], print.bytes, PL_LOAD_SHA256);
}

static pl_err take_webrtc(const pl_sdp *sdp, const pl_sdp_media *m,
                          pl_load_party *p)
{
    pl_sdp_extmap ext;
    pl_err e = take_text(sdp, m, "ice-ufrag", p->remote_ufrag);
    if (e == PL_OK)
        e = take_text(sdp, m, "ice-pwd", p->remote_pwd);
    if (e == PL_OK)
        e = take_candidate(m, p);
    take_prints(sdp, m, p);
    if (e == PL_OK && p->n_prints == 0)
        e = PL_EMEDIA;
    p->is_dtls_server = pl_sdp_find_setup(sdp, m) == PL_SDP_SETUP_ACTIVE;
    p->level_ext = 0;
    if (pl_sdp_find_extmap(sdp, m, LEVEL_URI, &ext) == PL_OK && ext.id < 15)
        p->level_ext = (uint8_t)ext.id;
    return e;
}

static pl_err take_rtp(const pl_sdp_media *m, pl_load_party *p)
{
    return m->conn.family == 4 && m->port
               ? pl_addr_parse(m->conn.address, m->port, &p->remote)
               : PL_EMEDIA;
}

pl_err pl_load_answer(pl_load_party *party, const char *text, size_t len)
{
    pl_sdp *sdp = NULL;
    pl_slice in = {(const uint8_t *)text, len};
    pl_err e = pl_sdp_parse(in, &sdp, NULL);
    if (e != PL_OK)
        return e;
    pl_load_party p = *party;
    const pl_sdp_media *m = NULL;
    for (size_t i = 0; i < sdp->n_media && !m; i++) {
        if (pl_slice_eq_str(sdp->media[i].kind, "audio"))
            m = &sdp->media[i];
    }
    e = m && m->port ? take_codec(m, &p) : PL_EMEDIA;
    if (e == PL_OK) {
        e = p.transport == PL_LOAD_WEBRTC ? take_webrtc(sdp, m, &p)
                                          : take_rtp(m, &p);
    }
    if (e == PL_OK)
        *party = p;
    pl_sdp_destroy(&sdp);
    return e;
}

/* ---- names -------------------------------------------------------------- */

void pl_load_room_name(const pl_load_options *options, unsigned room, char *buf,
                       size_t cap)
{
    const char *mark = strstr(options->room, "%u");
    if (!mark) {
        pl_fmt_cut(buf, cap, "%s", options->room);
        return;
    }
    pl_fmt_cut(buf, cap, "%.*s%u%s", (int)(mark - options->room), options->room,
               room, mark + 2);
}
