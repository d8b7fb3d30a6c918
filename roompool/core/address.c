/* address.c - reading addresses, and comparing numbers. */
#include "address.h"

#include <string.h>

#include "pl/slice.h"
#include "pl/str.h"
#include "pl/uri.h"

enum { NATIONAL_DIGITS = 10 };
static const char DIGITS[] = "0123456789";

static bool has_prefix(const char *text, const char *prefix)
{
    return pl_slice_eq_nocase(
        (pl_slice){(const uint8_t *)text, strnlen(text, strlen(prefix))},
        prefix);
}

/* Digits of a number, with or without +; "" when it is none. */
static void read_number(const char *text, char *buf, size_t cap)
{
    text += text[0] == '+';
    bool is_number = text[0] && text[strspn(text, DIGITS)] == '\0';
    pl_fmt_cut(buf, cap, "%s", is_number && strlen(text) < cap ? text : "");
}

/* Clients write numbers of North America with the leading 1 and without. */
static const char *without_prefix(const char *number)
{
    bool has_prefix = strlen(number) == NATIONAL_DIGITS + 1 && number[0] == '1';
    return number + has_prefix;
}

static bool is_same_number(const char *a, const char *b)
{
    return a[0] && strcmp(without_prefix(a), without_prefix(b)) == 0;
}

/* A user's name, which may be that of a number. */
static void set_user(pl_address *a, const char *name)
{
    pl_fmt_cut(a->user, sizeof a->user, "%s", name);
    read_number(name + (has_prefix(name, "vtn:") ? strlen("vtn:") : 0),
                a->number, sizeof a->number);
}

/* A user's id without a scheme; one in our domain is the name before it, as in
 * the address that others see. */
static void set_user_id(const pl_roompool_config *config, const char *id,
                        pl_address *a)
{
    char name[PL_ADDRESS_MAX + 1];
    const char *at = strrchr(id, '@');
    bool is_ours =
        at && at > id &&
        pl_slice_eq_nocase(pl_slice_str(at + 1), config->user_domain);
    pl_fmt_cut(name, sizeof name, "%.*s",
               is_ours ? (int)(at - id) : (int)strlen(id), id);
    set_user(a, name);
}

/* A user's own name: no control characters. */
static bool is_name(const char *text)
{
    const char *c = text;
    while ((unsigned char)*c >= ' ' && *c != 0x7f)
        c++;
    return c > text && *c == '\0';
}

static pl_err parse_sip(const pl_roompool_config *config, const pl_uri *uri,
                        pl_address *a)
{
    if (!uri->user[0])
        return PL_EINVAL;
    if (pl_slice_eq_nocase(pl_slice_str(uri->host), config->icmn_domain)) {
        read_number(uri->user, a->number, sizeof a->number);
        pl_fmt_cut(a->uri, sizeof a->uri, "tel:%s", uri->user);
        return strspn(uri->user, "+0123456789*#") == strlen(uri->user)
                   ? PL_OK
                   : PL_EINVAL;
    }
    if (pl_slice_eq_nocase(pl_slice_str(uri->host), config->user_domain)) {
        set_user(a, uri->user);
        return PL_OK;
    }
    pl_fmt_cut(a->user, sizeof a->user, "%s@%s", uri->user, uri->host);
    /* Without headers and password: they are for no request's target. */
    return pl_uri_write(uri, a->uri, sizeof a->uri);
}

static pl_err parse_uri(const pl_roompool_config *config, const char *text,
                        pl_address *a)
{
    pl_uri uri;
    if (pl_uri_parse(pl_slice_str(text), &uri))
        return PL_EINVAL;
    if (uri.scheme != PL_URI_TEL)
        return parse_sip(config, &uri, a);
    read_number(uri.user, a->number, sizeof a->number);
    pl_fmt_cut(a->uri, sizeof a->uri, "%s", text);
    return PL_OK;
}

pl_err pl_address_parse(const pl_roompool_config *config, const char *text,
                        pl_address *ret_address)
{
    pl_address a = {.user = ""};
    pl_err e = is_name(text) ? PL_OK : PL_EINVAL;
    if (!e && (has_prefix(text, "sip:") || has_prefix(text, "sips:") ||
               has_prefix(text, "tel:"))) {
        e = parse_uri(config, text, &a);
    } else if (!e) {
        set_user_id(config, text, &a);
    }
    if (!e)
        *ret_address = a;
    return e;
}

bool pl_address_is_same(const pl_address *a, const pl_address *b)
{
    return (a->user[0] && strcmp(a->user, b->user) == 0) ||
           is_same_number(a->number, b->number) ||
           (a->uri[0] && strcmp(a->uri, b->uri) == 0);
}

void pl_user_number(const pl_sess_row *sess, char *buf, size_t cap)
{
    const char *id = sess->user_id;
    buf[0] = '\0';
    if (sess->user_type == PL_USER_TYPE_ACCOUNT)
        return;
    if (has_prefix(id, "vtn:") || has_prefix(id, "tel:"))
        id += strlen("vtn:");
    read_number(id, buf, cap);
}

static void number_key(const char *number, char *buf, size_t cap)
{
    pl_fmt_cut(buf, cap, "#%s", without_prefix(number));
}

bool pl_user_key_is_number(const char *key)
{
    return key[0] == '#';
}

void pl_user_address(const pl_roompool_config *config, const pl_sess_row *sess,
                     char *buf, size_t cap)
{
    char number[PL_NUMBER_MAX + 1];
    const char *id = sess->user_id;
    pl_user_number(sess, number, sizeof number);
    if (number[0] && sess->user_type == PL_USER_TYPE_MOBILE) {
        pl_fmt_cut(buf, cap, "sip:%s@%s", number, config->icmn_domain);
    } else if (number[0]) {
        pl_fmt_cut(buf, cap, "tel:+%s", number);
    } else if (strchr(id, ':')) {
        pl_fmt_cut(buf, cap, "%s", id);
    } else if (strchr(id, '@')) {
        pl_fmt_cut(buf, cap, "sip:%s", id);
    } else {
        pl_fmt_cut(buf, cap, "sip:%s@%s", id[0] ? id : "anonymous",
                   config->user_domain);
    }
}

void pl_user_key(const pl_roompool_config *config, const pl_sess_row *sess,
                 char *buf, size_t cap)
{
    char shown[PL_ADDRESS_MAX + 1];
    char number[PL_NUMBER_MAX + 1];
    pl_address a = {.user = ""};
    pl_user_number(sess, number, sizeof number);
    pl_user_address(config, sess, shown, sizeof shown);
    if (number[0]) {
        number_key(number, buf, cap);
    } else if (pl_address_parse(config, shown, &a) == PL_OK && a.user[0]) {
        pl_fmt_cut(buf, cap, "=%s", a.user);
    } else if (a.number[0]) {
        number_key(a.number, buf, cap);
    } else {
        pl_fmt_cut(buf, cap, "=%s", sess->user_id);
    }
}

bool pl_address_key(const pl_address *address, unsigned i, char *buf,
                    size_t cap)
{
    if (i == 0 && address->number[0]) {
        number_key(address->number, buf, cap);
    } else if (i == 1 && address->user[0]) {
        pl_fmt_cut(buf, cap, "=%s", address->user);
    } else {
        return false;
    }
    return true;
}

bool pl_user_is_same(const pl_roompool_config *config, const pl_sess_row *a,
                     const pl_sess_row *b)
{
    char key_a[PL_USER_KEY_MAX + 1];
    char key_b[PL_USER_KEY_MAX + 1];
    pl_user_key(config, a, key_a, sizeof key_a);
    pl_user_key(config, b, key_b, sizeof key_b);
    return strcmp(key_a, key_b) == 0;
}
