/* demux.c - RFC 7983 section 7. */
#include "core/demux.h"

enum {
    STUN_HEADER = 20, /* RFC 8489 section 5 */
    DTLS_HEADER = 13, /* RFC 6347 section 4.1 */
    RTCP_HEADER = 8,  /* RFC 3550 section 6.4.2: the shortest, an empty RR */
};

pl_demux_kind pl_demux(const uint8_t *buf, size_t len)
{
    static const struct {
        uint8_t first, last;
        uint8_t min_len;
        pl_demux_kind kind;
    } ranges[] = {
        {0, 3, STUN_HEADER, PL_DEMUX_STUN},
        {20, 63, DTLS_HEADER, PL_DEMUX_DTLS},
        {128, 191, RTCP_HEADER, PL_DEMUX_MEDIA},
    };
    for (size_t i = 0; len > 0 && i < sizeof ranges / sizeof ranges[0]; i++) {
        if (buf[0] >= ranges[i].first && buf[0] <= ranges[i].last)
            return len >= ranges[i].min_len ? ranges[i].kind : PL_DEMUX_NONE;
    }
    return PL_DEMUX_NONE;
}
