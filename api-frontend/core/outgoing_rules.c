/* outgoing_rules.c - see outgoing_rules.h. */
#include "outgoing_rules.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "pl/str.h"

enum { MAPPED_BITS = 96, HTTP_PORT = 80, HTTPS_PORT = 443, FREE_PORT = 1024 };

#define V4(a, b, c, d)                                                         \
    {                                                                          \
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (a), (b), (c), (d)           \
    }

/* IPv4 blocks that are not public: this network, private use, shared,
 * loopback, link-local with the metadata services, protocols, examples, 6to4,
 * benchmarks, multicast, reserved. */
static const pl_net SPECIAL_4[] = {
    {V4(0, 0, 0, 0), 8},      {V4(10, 0, 0, 0), 8},
    {V4(100, 64, 0, 0), 10},  {V4(127, 0, 0, 0), 8},
    {V4(169, 254, 0, 0), 16}, {V4(172, 16, 0, 0), 12},
    {V4(192, 0, 0, 0), 24},   {V4(192, 0, 2, 0), 24},
    {V4(192, 88, 99, 0), 24}, {V4(192, 168, 0, 0), 16},
    {V4(198, 18, 0, 0), 15},  {V4(198, 51, 100, 0), 24},
    {V4(203, 0, 113, 0), 24}, {V4(224, 0, 0, 0), 4},
    {V4(240, 0, 0, 0), 4},
};
/* What of IPv6 is public, and what in it is not: protocols with Teredo,
 * examples, 6to4 (which holds an IPv4 address), examples. */
static const pl_net GLOBAL_6 = {{0x20}, 3};
static const pl_net SPECIAL_6[] = {
    {{0x20, 0x01, 0x00}, 23},
    {{0x20, 0x01, 0x0d, 0xb8}, 32},
    {{0x20, 0x02}, 16},
    {{0x3f, 0xff}, 20},
};

static bool is_in(const uint8_t ip[PL_IP_SIZE], const pl_net *net)
{
    size_t whole = net->bits / 8;
    unsigned rest = net->bits % 8;
    if (memcmp(ip, net->ip, whole) != 0)
        return false;
    return rest == 0 || ((ip[whole] ^ net->ip[whole]) >> (8 - rest)) == 0;
}

static bool is_mapped(const uint8_t ip[PL_IP_SIZE])
{
    static const pl_net mapped = {V4(0, 0, 0, 0), MAPPED_BITS};
    return is_in(ip, &mapped);
}

bool pl_ip_is_public(const uint8_t ip[PL_IP_SIZE])
{
    if (is_mapped(ip)) {
        for (size_t i = 0; i < sizeof SPECIAL_4 / sizeof SPECIAL_4[0]; i++) {
            pl_net net = SPECIAL_4[i];
            net.bits += MAPPED_BITS;
            if (is_in(ip, &net))
                return false;
        }
        return true;
    }
    for (size_t i = 0; i < sizeof SPECIAL_6 / sizeof SPECIAL_6[0]; i++) {
        if (is_in(ip, &SPECIAL_6[i]))
            return false;
    }
    return is_in(ip, &GLOBAL_6);
}

pl_err pl_ip_read(const char *text, uint8_t ret_ip[PL_IP_SIZE])
{
    uint8_t ip[PL_IP_SIZE] = V4(0, 0, 0, 0);
    if (inet_pton(AF_INET, text, ip + 12) != 1 &&
        inet_pton(AF_INET6, text, ip) != 1)
        return PL_EINVAL;
    memcpy(ret_ip, ip, PL_IP_SIZE);
    return PL_OK;
}

static bool has_bits_behind(const pl_net *net)
{
    for (unsigned bit = net->bits; bit < 8 * PL_IP_SIZE; bit++) {
        if (net->ip[bit / 8] & (0x80 >> bit % 8))
            return true;
    }
    return false;
}

static pl_err read_net(const char *text, size_t len, pl_net *ret_net)
{
    char ip[INET6_ADDRSTRLEN];
    const char *slash = memchr(text, '/', len);
    size_t n = slash ? (size_t)(slash - text) : len;
    pl_net net = {.bits = 8 * PL_IP_SIZE};
    if (pl_copy(ip, sizeof ip, (pl_slice){(const uint8_t *)text, n}) ||
        pl_ip_read(ip, net.ip))
        return PL_ECONFIG;
    if (slash) {
        unsigned before = strchr(ip, ':') ? 0 : MAPPED_BITS;
        uint64_t bits;
        pl_slice digits = {(const uint8_t *)slash + 1, len - n - 1};
        if (pl_parse_u64(digits, 8 * PL_IP_SIZE - before, &bits))
            return PL_ECONFIG;
        net.bits = (unsigned)bits + before;
    }
    if (has_bits_behind(&net))
        return PL_ECONFIG;
    *ret_net = net;
    return PL_OK;
}

pl_err pl_outgoing_rules_read(const char *list, pl_outgoing_rules *rules)
{
    static const char blanks[] = " ,\t";
    rules->n_allowed = 0;
    for (list += strspn(list, blanks); *list; list += strspn(list, blanks)) {
        size_t len = strcspn(list, blanks);
        if (rules->n_allowed == PL_NETS_MAX ||
            read_net(list, len, &rules->allowed[rules->n_allowed]))
            return PL_ECONFIG;
        rules->n_allowed++;
        list += len;
    }
    return PL_OK;
}

/* ---- URLs ---- */

/* Printable, and nothing that one reader takes for another thing than the
 * next. */
static bool is_plain_text(const char *url)
{
    size_t n = 0;
    for (; url[n]; n++) {
        if (url[n] <= ' ' || url[n] > '~' || strchr("\\\"<>^`{|}#", url[n]))
            return false;
    }
    return n <= PL_OUTGOING_URL_MAX;
}

static bool is_host(const char *host, size_t len)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    char ip[INET6_ADDRSTRLEN];
    uint8_t any[PL_IP_SIZE];
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        pl_slice inside = {(const uint8_t *)host + 1, len - 2};
        return memchr(host, ':', len) && !pl_copy(ip, sizeof ip, inside) &&
               !pl_ip_read(ip, any);
    }
    return len > 0 && len < 256 && strspn(host, name) >= len;
}

pl_err pl_outgoing_url_read(const char *url, pl_outgoing_url *ret_url)
{
    pl_outgoing_url out = {.port = HTTPS_PORT};
    size_t scheme = strlen("https://");
    if (!is_plain_text(url))
        return PL_EINVAL;
    if (strncasecmp(url, "https://", scheme) != 0) {
        scheme = strlen("http://");
        if (strncasecmp(url, "http://", scheme) != 0)
            return PL_EINVAL;
        out = (pl_outgoing_url){.is_http = true, .port = HTTP_PORT};
    }
    const char *host = url + scheme;
    size_t len = strcspn(host, "/?");
    size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");
    if (n > len || !is_host(host, n))
        return PL_EINVAL;
    if (n < len) {
        uint64_t port;
        pl_slice digits = {(const uint8_t *)host + n + 1, len - n - 1};
        if (host[n] != ':' || pl_parse_u64(digits, UINT16_MAX, &port) || !port)
            return PL_EINVAL;
        out.port = (uint16_t)port;
    }
    *ret_url = out;
    return PL_OK;
}

bool pl_outgoing_may_connect(const pl_outgoing_rules *rules,
                             const pl_outgoing_url *url,
                             const uint8_t ip[PL_IP_SIZE])
{
    for (size_t i = 0; i < rules->n_allowed; i++) {
        if (is_in(ip, &rules->allowed[i]))
            return true;
    }
    bool is_web_port = url->port == HTTP_PORT || url->port == HTTPS_PORT ||
                       url->port >= FREE_PORT;
    return pl_ip_is_public(ip) && is_web_port &&
           (!url->is_http || rules->takes_http);
}
