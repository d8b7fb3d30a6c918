/* sig_config.c - settings of section [signaling] that must fit together. */
#include "sig_config.h"

#include <string.h>
#include <unistd.h>

#include "pl/ip.h"
#include "pl/str.h"
#include "policy.h"
#include "sip_transport.h"
#include "watch.h"

/* ports: how many are tried */
static bool are_listeners(const char *list, pl_uri_transport transport,
                          unsigned ports)
{
    enum { PORT_MAX = 65535 };
    pl_slice rest = pl_slice_str(list);
    pl_slice word;
    pl_ip ip;
    uint16_t port;
    while (pl_word_next(&rest, &word)) {
        if (pl_sip_listen_parse(word, transport, &ip, &port) != PL_OK ||
            port + 2 * (ports - 1) > PORT_MAX)
            return false;
    }
    return true;
}

static bool is_empty(const char *list)
{
    return list[strspn(list, " ,")] == '\0';
}

static const char *check_listeners(const pl_signaling_config *c)
{
    unsigned n = c->listen_ports;
    if (!are_listeners(c->udp_listen, PL_URI_UDP, n))
        return "udp_listen: want addresses like 192.0.2.1:5060 or [::]:5060";
    if (!are_listeners(c->tcp_listen, PL_URI_TCP, n))
        return "tcp_listen: want addresses like 192.0.2.1:5060 or [::]:5060";
    if (!are_listeners(c->tls_listen, PL_URI_TLS, n))
        return "tls_listen: want addresses like 192.0.2.1:5061 or [::]:5061";
    return is_empty(c->udp_listen) && is_empty(c->tcp_listen) &&
                   is_empty(c->tls_listen)
               ? "udp_listen, tcp_listen and tls_listen are all empty"
               : NULL;
}

static bool is_readable(const char *file)
{
    return !file[0] || access(file, R_OK) == 0;
}

static const char *check_tls(const pl_signaling_config *c)
{
    if (!is_empty(c->tls_listen) && !c->tls_certificate[0])
        return "tls_listen needs tls_certificate and tls_key";
    if ((c->tls_certificate[0] != '\0') != (c->tls_key[0] != '\0'))
        return "tls_certificate and tls_key: one without the other";
    if (c->tls_check_clients && !c->tls_ca[0])
        return "tls_check_clients needs tls_ca: whose certificates are good?";
    if (!is_readable(c->tls_certificate))
        return "tls_certificate: there is no such file, or it is not for us";
    if (!is_readable(c->tls_key))
        return "tls_key: there is no such file, or it is not for us";
    if (!is_readable(c->tls_ca))
        return "tls_ca: there is no such file, or it is not for us";
    return NULL;
}

static const char *check_dns(const pl_signaling_config *c)
{
    enum { MAX_SERVERS = 4 };
    unsigned n = 0;
    pl_slice rest = pl_slice_str(c->dns_servers);
    pl_slice word;
    while (pl_word_next(&rest, &word)) {
        pl_ip ip;
        uint16_t port;
        if (++n > MAX_SERVERS || pl_ip_port_parse(word, &ip, &port) != PL_OK)
            return "dns_servers: want at most four addresses like 192.0.2.1 "
                   "or [2001:db8::1]:53";
    }
    return NULL;
}

static const char *check_inbound(const pl_signaling_config *c)
{
    pl_cidr_list allowed;
    pl_cidr_list trusted;
    if (pl_cidr_parse(pl_slice_str(c->allowed_networks), &allowed) != PL_OK)
        return "allowed_networks: want at most 64 addresses or networks like "
               "192.0.2.0/24";
    if (pl_cidr_parse(pl_slice_str(c->trusted_networks), &trusted) != PL_OK)
        return "trusted_networks: want at most 64 addresses or networks like "
               "192.0.2.0/24";
    if (strcmp(c->inbound, "listed") == 0 && allowed.n == 0 && trusted.n == 0)
        return "inbound = listed needs allowed_networks: nobody could call";
    if (strcmp(c->inbound, "digest") == 0 && !c->users_file[0])
        return "inbound = digest needs users_file";
    return c->users_file[0] && access(c->users_file, R_OK) != 0
               ? "users_file: there is no such file, or it is not for us"
               : NULL;
}

static pl_err check_outbound(const pl_signaling_config *c, char *reason,
                             size_t cap)
{
    pl_slice word;
    pl_sip_uri proxy;
    if (pl_outbound_check(c->outbound_allow, &word) != PL_OK) {
        pl_fmt_cut(reason, cap,
                   "outbound_allow: %.*s: want a network, host, *.domain, "
                   "+number* or *",
                   (int)word.len, (const char *)word.ptr);
        return PL_ECONFIG;
    }
    if (c->outbound_proxy[0] &&
        pl_signaling_proxy(c->outbound_proxy, &proxy) != PL_OK) {
        pl_fmt_cut(reason, cap,
                   "outbound_proxy: want sip:host[:port][;transport=tcp|tls]");
        return PL_ECONFIG;
    }
    return PL_OK;
}

/* Whether a host is an address, or can be a name: labels of 1 to 63 letters,
 * the last one no number (RFC 3261 section 25.1), so no mistyped address. */
static bool can_be_host(const pl_uri *uri)
{
    enum { LABEL_MAX = 63 };
    const char *label = uri->host;
    if (uri->host_family != 0)
        return true;
    for (;;) {
        size_t n = strcspn(label, ".");
        if (n == 0 || n > LABEL_MAX)
            return false;
        if (label[n] == '\0' || label[n + 1] == '\0')
            return strspn(label, "0123456789") != n;
        label += n + 1;
    }
}

/* sip:host[:port][;transport=..] and nothing else. */
static bool is_plain(pl_slice word, const pl_uri *uri)
{
    size_t params = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '@' || word.ptr[i] == '?')
            return false;
        params += word.ptr[i] == ';';
    }
    return uri->scheme == PL_URI_SIP &&
           (params == 0 || (params == 1 && uri->transport != PL_URI_ANY &&
                            uri->transport != PL_URI_OTHER));
}

static bool is_among(const pl_uri *uri, const pl_uri *rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (pl_uri_same(uri, &rows[i]) && uri->transport == rows[i].transport)
            return true;
    }
    return false;
}

static pl_err check_watched(const pl_signaling_config *c, char *reason,
                            size_t cap)
{
    enum { SHOWN_MAX = 100 };
    static pl_uri rows[PL_WATCH_PEERS]; /* large */
    const char *wrong = NULL;
    unsigned n = 0;
    pl_slice rest = pl_slice_str(c->watched_peers);
    pl_slice word;
    while (!wrong && pl_word_next(&rest, &word)) {
        pl_uri uri;
        if (n == PL_WATCH_PEERS) {
            wrong = "one too many, at most 8 are watched";
        } else if (pl_uri_parse(word, &uri) != PL_OK || !is_plain(word, &uri)) {
            wrong = "want sip:host[:port][;transport=udp|tcp|tls]";
        } else if (!can_be_host(&uri)) {
            wrong = "no host can have this name or address";
        } else if (is_among(&uri, rows, n)) {
            wrong = "is there twice";
        } else {
            rows[n++] = uri;
        }
    }
    if (!wrong)
        return PL_OK;
    int shown = word.len < SHOWN_MAX ? (int)word.len : SHOWN_MAX;
    pl_fmt_cut(reason, cap, "watched_peers: %.*s: %s", shown,
               (const char *)word.ptr, wrong);
    return PL_ECONFIG;
}

pl_err pl_signaling_proxy(const char *text, pl_sip_uri *ret_proxy)
{
    pl_sip_uri uri;
    if (pl_sip_uri_parse(pl_slice_str(text), &uri) != PL_OK ||
        uri.scheme != PL_URI_SIP || uri.transport == PL_URI_OTHER)
        return PL_ECONFIG;
    *ret_proxy = uri;
    return PL_OK;
}

pl_err pl_signaling_check(const void *values, char *reason, size_t cap)
{
    const pl_signaling_config *c = values;
    const char *wrong = check_listeners(c);
    if (!wrong)
        wrong = check_tls(c);
    if (!wrong)
        wrong = check_inbound(c);
    if (!wrong)
        wrong = check_dns(c);
    if (!wrong && c->session_expires_s && c->session_expires_s < c->min_se_s)
        wrong = "session_expires_s is less than min_se_s";
    if (!wrong) {
        pl_err e = check_watched(c, reason, cap);
        return e == PL_OK ? check_outbound(c, reason, cap) : e;
    }
    pl_fmt_cut(reason, cap, "%s", wrong);
    return PL_ECONFIG;
}
