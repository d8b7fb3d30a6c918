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
static bool is_same_number(const char *a, const char *b)
{
    size_t n_a = strlen(a);
    size_t n_b = strlen(b);
    if (n_a == NATIONAL_DIGITS + 1 && n_b == NATIONAL_DIGITS && a[0] == '1')
        a++;
    if (n_b == NATIONAL_DIGITS + 1 && n_a == NATIONAL_DIGITS && b[0] == '1')
        b++;
    return a[0] && strcmp(a, b) == 0;
}

/* A user's own name: no control characters. */
static bool is_name(const char *text)
{
    const char *c = text;
    while ((unsigned char)*c >= ' ' && *c != 0x7f)
        c++;
    return c > text && *c == '\0';
}

static pl_err parse_sip(const pl_roompool_config *config, const char *text,
                        const pl_uri *uri, pl_address *a)
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
    pl_fmt_cut(a->user, sizeof a->user, "%s", uri->user);
    if (pl_slice_eq_nocase(pl_slice_str(uri->host), config->user_domain))
        return PL_OK;
    pl_fmt_cut(a->user, sizeof a->user, "%s@%s", uri->user, uri->host);
    pl_fmt_cut(a->uri, sizeof a->uri, "%s", text);
    return PL_OK;
}

static pl_err parse_uri(const pl_roompool_config *config, const char *text,
                        pl_address *a)
{
    pl_uri uri;
    if (pl_uri_parse(pl_slice_str(text), &uri))
        return PL_EINVAL;
    if (uri.scheme != PL_URI_TEL)
        return parse_sip(config, text, &uri, a);
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
        pl_fmt_cut(a.user, sizeof a.user, "%s", text);
        read_number(text + (has_prefix(text, "vtn:") ? strlen("vtn:") : 0),
                    a.number, sizeof a.number);
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

bool pl_address_is_of(const pl_address *address, const pl_sess_row *sess)
{
    char number[PL_NUMBER_MAX + 1];
    if (address->user[0] && strcmp(address->user, sess->user_id) == 0)
        return true;
    if (!address->number[0])
        return false;
    pl_user_number(sess, number, sizeof number);
    return is_same_number(address->number, number);
}

bool pl_user_is_same(const pl_sess_row *a, const pl_sess_row *b)
{
    char number_a[PL_NUMBER_MAX + 1];
    char number_b[PL_NUMBER_MAX + 1];
    if (strcmp(a->user_id, b->user_id) == 0)
        return true;
    pl_user_number(a, number_a, sizeof number_a);
    pl_user_number(b, number_b, sizeof number_b);
    return is_same_number(number_a, number_b);
}
