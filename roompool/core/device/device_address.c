/* device_address.c - see device_address.h. */
#include "device/device_address.h"

#include <string.h>

#include "pl/str.h"
#include "pl/uri.h"

enum { PART_MAX = 256, DIGITS_MAX = 15, ESCAPED_MAX = 3 * PART_MAX };

static const char CONTEXT[] = ";phone-context=";
/* For a host that addresses cannot have. Source: RFC 2606 section 2 */
static const char NO_HOST[] = "unknown.invalid";

/* user: digits of a number, or a name. context: of a local number. */
typedef struct parts {
    bool is_tel;
    char user[PART_MAX + 1], context[PART_MAX + 1], host[PART_MAX + 1];
} parts;

static void take(char *buf, const char *from, size_t n)
{
    pl_fmt_cut(buf, PART_MAX + 1, "%.*s", (int)(n < PART_MAX ? n : PART_MAX),
               from);
}

static bool split(const char *address, parts *p)
{
    *p = (parts){.is_tel = strncmp(address, "tel:", 4) == 0};
    if (!p->is_tel && strncmp(address, "sip:", 4) != 0)
        return false;
    const char *user = address + 4;
    const char *at = p->is_tel ? user + strlen(user) : strchr(user, '@');
    if (!at)
        return false;
    size_t n = strcspn(user, ";@");
    take(p->user, user, n);
    if (strncmp(user + n, CONTEXT, sizeof CONTEXT - 1) == 0) {
        const char *context = user + n + sizeof CONTEXT - 1;
        take(p->context, context, strcspn(context, ";@"));
    }
    if (*at)
        take(p->host, at + 1, strcspn(at + 1, ";:"));
    return p->user[0] && (p->is_tel || p->host[0]);
}

static bool are_digits(const char *text)
{
    return text[0] && text[strspn(text, "0123456789")] == '\0';
}

/* +, a digit from 1 to 9, 4 to 14 more: what tel: may show without context.
 * Source: Address in the definition of call handling */
static bool is_global(const char *text)
{
    enum { DIGITS_MIN = 5 };
    size_t n = strlen(text);
    return n >= DIGITS_MIN + 1 && n <= DIGITS_MAX + 1 && text[0] == '+' &&
           text[1] != '0' && are_digits(text + 1);
}

/* E.164 with +; "" when it is not known. */
static void number_of(const parts *p, char number[DIGITS_MAX + 2])
{
    const char *context = p->context[0] == '+' ? p->context : "";
    if (pl_fmt(number, DIGITS_MAX + 2, "%s%s", context, p->user) ||
        !is_global(number))
        number[0] = '\0';
}

bool pl_device_address_is(const char *address, const char *number)
{
    parts p;
    char mine[DIGITS_MAX + 2];
    if (!split(address, &p))
        return false;
    number_of(&p, mine);
    return strcmp(mine, number) == 0 ||
           (!p.is_tel && !p.context[0] && number[0] == '+' &&
            strcmp(p.user, number + 1) == 0);
}

/* Characters that need not be escaped in SIP, and those that events may show.
 */
static const char SIP_PLAIN[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "_.!%+-~*'()&=$,;?/:";
static const char TOLD_PLAIN[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.!%+-";

static void escape(const char *user, const char *plain,
                   char buf[ESCAPED_MAX + 1])
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (; *user && n + 3 <= ESCAPED_MAX; user++) {
        unsigned c = (unsigned char)*user;
        if (strchr(plain, *user)) {
            buf[n++] = *user;
            continue;
        }
        buf[n++] = '%';
        buf[n++] = hex[c >> 4];
        buf[n++] = hex[c & 15];
    }
    buf[n] = '\0';
}

pl_err pl_device_address_to_sip(const char *address, const char *domain,
                                char *buf, size_t cap)
{
    parts p;
    char user[ESCAPED_MAX + 1];
    pl_uri parsed;
    pl_err e;
    if (!split(address, &p) || strcmp(address, PL_DEVICE_ANONYMOUS) == 0)
        return PL_EINVAL;
    escape(p.user, SIP_PLAIN, user);
    const char *host = p.is_tel ? domain : p.host;
    bool is_phone = p.is_tel || p.context[0] || strstr(address, ";user=phone");
    if (p.context[0]) {
        e = pl_fmt(buf, cap, "sip:%s%s%s@%s;user=phone", user, CONTEXT,
                   p.context, host);
    } else {
        e = pl_fmt(buf, cap, "sip:%s@%s%s", user, host,
                   is_phone ? ";user=phone" : "");
    }
    if (e)
        return PL_ETOOBIG;
    /* the definition permits escapes of nothing, and longer names than ours */
    return pl_uri_parse(pl_slice_str(buf), &parsed) ? PL_EINVAL : PL_OK;
}

/* Whether an address may have it: letters, digits, dots and hyphens, at last a
 * dot and two letters. Source: Address in the definition of call handling */
static bool is_name(const char *host)
{
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    const char *dot = strrchr(host, '.');
    size_t n = dot && dot > host ? strspn(dot + 1, LETTERS) : 0;
    return n >= 2 && dot[1 + n] == '\0' &&
           host[strspn(host, LETTERS "0123456789.-")] == '\0';
#undef LETTERS
}

/* sip:user@host as addresses may be, with the domain in place of a host that
 * they cannot have; anonymous when it is too long. */
static void show(const char *user, const char *host, const char *domain,
                 char *buf, size_t cap)
{
    char escaped[ESCAPED_MAX + 1];
    escape(user, TOLD_PLAIN, escaped);
    if (!is_name(host))
        host = is_name(domain) ? domain : NO_HOST;
    if (pl_fmt(buf, cap, "sip:%s@%s", escaped, host))
        pl_fmt_cut(buf, cap, "%s", PL_DEVICE_ANONYMOUS);
}

void pl_device_address_told(const char *address, const char *domain, char *buf,
                            size_t cap)
{
    parts p;
    char number[DIGITS_MAX + 2];
    if (!split(address, &p)) {
        pl_fmt_cut(buf, cap, "%s", PL_DEVICE_ANONYMOUS);
        return;
    }
    number_of(&p, number);
    if (number[0] && (p.is_tel || p.context[0])) {
        pl_fmt_cut(buf, cap, "tel:%s", number);
        return;
    }
    show(p.user, p.is_tel ? domain : p.host, domain, buf, cap);
}

void pl_device_address_of_sip(const char *text, const char *domain, char *buf,
                              size_t cap)
{
    pl_uri uri;
    bool is_none = pl_uri_parse(pl_slice_str(text), &uri) || !uri.user[0] ||
                   strncmp(uri.user, "anonymous", 9) == 0;
    if (is_none) {
        pl_fmt_cut(buf, cap, "%s", PL_DEVICE_ANONYMOUS);
        return;
    }
    if (is_global(uri.user)) {
        pl_fmt_cut(buf, cap, "tel:%s", uri.user);
    } else {
        show(uri.user, uri.host_family == 0 ? uri.host : "", domain, buf, cap);
    }
}

void pl_device_name(const char *name, char *buf, size_t cap)
{
    size_t n = 0;
    size_t whole = 0; /* up to the last character that is complete */
    for (; *name && n + 1 < cap; name++) {
        unsigned c = (unsigned char)*name;
        if (c < ' ' || c == 0x7f)
            continue;
        if ((c & 0xc0) != 0x80)
            whole = n;
        buf[n++] = *name;
    }
    if (*name && ((unsigned char)*name & 0xc0) == 0x80)
        n = whole;
    buf[n] = '\0';
}
