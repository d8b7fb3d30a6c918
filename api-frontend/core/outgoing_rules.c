/* outgoing_rules.c - see outgoing_rules.h. */
#include "outgoing_rules.h"

#include <string.h>
#include <strings.h>

#include "pl/str.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, FREE_PORT = 1024 };

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
    pl_ip any;
    if (host[0] == '[') {
        pl_slice literal = {(const uint8_t *)host, len};
        return host[len - 1] == ']' && pl_ip_parse(literal, &any) == PL_OK;
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
                             const pl_outgoing_url *url, const pl_ip *ip)
{
    bool is_web_port = url->port == HTTP_PORT || url->port == HTTPS_PORT ||
                       url->port >= FREE_PORT;
    return pl_cidr_has(&rules->allowed, ip) ||
           (pl_ip_is_public(ip) && is_web_port &&
            (!url->is_http || rules->takes_http));
}
