/* browser_sdp.c - see browser_sdp.h. */
#include "browser_sdp.h"

#include <string.h>

#include "pl/str.h"

const char *sdp_line(const char *sdp, const char *prefix)
{
    static char value[256];
    const char *at = strstr(sdp, prefix);
    value[0] = '\0';
    if (!at)
        return value;
    at += strlen(prefix);
    pl_fmt_cut(value, sizeof value, "%.*s", (int)strcspn(at, "\r\n"), at);
    return value;
}

void sdp_hex(const uint8_t print[32], char hex[SDP_HEX])
{
    for (size_t i = 0; i < 32; i++)
        pl_fmt_cut(hex + 3 * i, 4, "%02X:", print[i]);
    hex[SDP_HEX - 2] = '\0';
}

void browser_sdp(const peer_client *c, const char *setup, char *buf, size_t cap)
{
    uint8_t print[32];
    char hex[SDP_HEX];
    peer_client_fingerprint(c, print);
    sdp_hex(print, hex);
    pl_fmt_cut(buf, cap,
               "v=0\r\no=- 42 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
               "a=group:BUNDLE 0\r\n"
               "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 126\r\n"
               "c=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n"
               "a=ice-ufrag:them\r\na=ice-pwd:0123456789012345678901\r\n"
               "a=fingerprint:sha-256 %s\r\na=setup:%s\r\n"
               "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"
               "a=rtpmap:0 PCMU/8000\r\na=rtpmap:126 telephone-event/8000\r\n",
               hex, setup);
}
