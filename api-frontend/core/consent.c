/* consent.c - the page that asks the user of a mobile number. */
#include "consent.h"

#include <string.h>

#include "pl/str.h"
#include "url.h"

#define COOKIE "__Host-parley-consent"

enum { DIGITS_MIN = 7, DIGITS_MAX = 15 }; /* of E.164 */

/* ---- answers ---- */

static void put_headers(pl_answer *answer, const char *redirect_uri)
{
    char policy[640];
    /* Browsers apply form-action to where the form's answer leads, too. */
    pl_fmt_cut(policy, sizeof policy,
               "default-src 'none'; style-src 'self'; img-src 'self'; "
               "base-uri 'none'; frame-ancestors 'none'; form-action 'self' "
               "%.*s",
               (int)pl_redirect_origin_len(redirect_uri), redirect_uri);
    pl_answer_header(answer, "Content-Security-Policy", policy);
    pl_answer_header(answer, "X-Frame-Options", "DENY");
    pl_answer_header(answer, "Cache-Control", "no-store");
    pl_answer_header(answer, "Referrer-Policy", "no-referrer");
}

static void put_escaped(pl_buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        switch (*c) {
        case '&': pl_buf_add_str(out, "&amp;"); break;
        case '<': pl_buf_add_str(out, "&lt;"); break;
        case '>': pl_buf_add_str(out, "&gt;"); break;
        case '"': pl_buf_add_str(out, "&quot;"); break;
        case '\'': pl_buf_add_str(out, "&#39;"); break;
        default: pl_buf_add(out, c, 1); break;
        }
    }
}

static pl_buf *begin_page(pl_answer *answer, int status, const char *title)
{
    pl_buf *out = &answer->body;
    pl_answer_empty(answer, status);
    answer->content_type = "text/html; charset=utf-8";
    pl_buf_add_fmt(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n"
        "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<title>%s - Parley</title>\n"
        "<link rel=\"icon\" href=\"/assets/icon.svg\" "
        "type=\"image/svg+xml\">\n"
        "<link rel=\"stylesheet\" href=\"/assets/style.css\">\n</head>\n"
        "<body class=\"page\">\n<main class=\"card\">\n"
        "<header class=\"brand\">\n<img src=\"/assets/icon.svg\" alt=\"\" "
        "width=\"44\" height=\"44\">\n<div><h1>%s</h1></div>\n</header>\n",
        title, title);
    return out;
}

static void put_message(pl_buf *out, const char *text)
{
    pl_buf_add_str(out, "<p class=\"message\" role=\"alert\">");
    put_escaped(out, text);
    pl_buf_add_str(out, "</p>\n");
}

static void end_page(pl_buf *out)
{
    pl_buf_add_str(out, "</main>\n</body>\n</html>\n");
}

static void put_hidden(pl_buf *out, const char *name, const char *value)
{
    pl_buf_add_fmt(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    put_escaped(out, value);
    pl_buf_add_str(out, "\">\n");
}

void pl_consent_refuse(pl_answer *answer, int status, const char *text)
{
    pl_buf *out = begin_page(answer, status, "This cannot be confirmed");
    put_headers(answer, "");
    put_message(out, text);
    pl_buf_add_str(out, "<p>The application that sent you here has to be "
                        "changed, or this server's settings.</p>\n");
    end_page(out);
}

void pl_consent_return(const pl_consent_ask *ask, const char *name,
                       const char *value, pl_answer *answer)
{
    enum { TO_MAX = 6144 };
    pl_buf to;
    pl_buf_init(&to, TO_MAX);
    pl_buf_add_str(&to, ask->redirect_uri);
    pl_redirect_add(&to, name, value);
    if (ask->state[0])
        pl_redirect_add(&to, "state", ask->state);
    if (to.has_failed) {
        pl_consent_refuse(answer, 500, "There is no memory for the answer.");
    } else {
        pl_answer_empty(answer, 302);
        pl_answer_header(answer, "Location", pl_buf_text(&to));
        put_headers(answer, ask->redirect_uri);
    }
    pl_buf_wipe(&to);
}

/* ---- requests ---- */

typedef struct scope_words {
    bool has_mobile, has_emergency;
    char device[PL_SCOPES_MAX + 1]; /* of the device APIs, as they come */
} scope_words;

static bool take_word(scope_words *words, pl_slice word)
{
    size_t n = strlen(words->device);
    if (pl_slice_eq_str(word, "WEBRTCMOBILE")) {
        words->has_mobile = true;
    } else if (pl_slice_eq_str(word, "EMERGENCYSERVICES")) {
        words->has_emergency = true;
    } else if (pl_scope_is_device(word)) {
        return pl_fmt(words->device + n, sizeof words->device - n, "%s%.*s",
                      n > 0 ? " " : "", (int)word.len,
                      (const char *)word.ptr) == PL_OK;
    } else {
        return false;
    }
    return true;
}

/* What a user can agree to: WEBRTCMOBILE, alone or with EMERGENCYSERVICES, and
 * what the device APIs want, in either spelling of lists; rewritten with
 * blanks. Nothing means WEBRTCMOBILE (RFC 6749 section 3.3). */
static bool take_scope(const pl_form *form, char *buf, size_t cap)
{
    char text[PL_SCOPES_MAX + 1];
    scope_words words = {.has_mobile = false};
    pl_slice word;
    if (pl_form_get_optional(form, "scope", text, sizeof text))
        return false;
    pl_slice rest = pl_slice_str(text);
    while (pl_scope_next(&rest, &word)) {
        if (!take_word(&words, word))
            return false;
    }
    if (!text[0])
        words.has_mobile = true;
    if (!words.has_mobile && (words.has_emergency || !words.device[0]))
        return false;
    return pl_fmt(buf, cap, "%s%s%s%s", words.has_mobile ? "WEBRTCMOBILE" : "",
                  words.has_emergency ? " EMERGENCYSERVICES" : "",
                  words.has_mobile && words.device[0] ? " " : "",
                  words.device) == PL_OK;
}

/* RFC 7636 section 4.3; "plain" protects nothing and is refused. */
static bool take_challenge(const pl_form *form, pl_consent_ask *ask)
{
    char method[16];
    if (pl_form_get_optional(form, "code_challenge", ask->challenge,
                             sizeof ask->challenge) ||
        pl_form_get_optional(form, "code_challenge_method", method,
                             sizeof method))
        return false;
    if (!ask->challenge[0])
        return !method[0];
    return pl_code_is_challenge(ask->challenge) && strcmp(method, "S256") == 0;
}

/* What is wrong, as RFC 6749 section 4.1.2.1 calls it; NULL: nothing. */
static const char *take_rest(const pl_form *form, pl_consent_ask *ask)
{
    char type[32];
    if (pl_form_get_optional(form, "state", ask->state, sizeof ask->state))
        return "invalid_request";
    pl_err e = pl_form_get_optional(form, "response_type", type, sizeof type);
    if (e == PL_EFULL || (!e && type[0] && strcmp(type, "code") != 0))
        return "unsupported_response_type";
    if (e || !take_challenge(form, ask))
        return "invalid_request";
    return take_scope(form, ask->scope, sizeof ask->scope) ? NULL
                                                           : "invalid_scope";
}

pl_err pl_consent_read(const pl_consent_client *client, const pl_form *form,
                       pl_consent_ask *ret_ask, pl_answer *answer)
{
    char text[PL_REDIRECT_MAX + 1];
    pl_consent_ask ask = {.scope = ""};
    if (pl_form_get(form, "client_id", text, sizeof text) ||
        strcmp(text, client->client_id) != 0) {
        pl_consent_refuse(answer, 400,
                          "client_id is missing or unknown to this server.");
        return PL_EINVAL;
    }
    if (!client->redirect_uris[0]) {
        pl_consent_refuse(answer, 400,
                          "This client may not ask for consent: redirect_uris "
                          "in section [api] is not set.");
        return PL_EINVAL;
    }
    if (pl_form_get_optional(form, "redirect_uri", text, sizeof text) ||
        pl_redirect_find(client->redirect_uris, text, ask.redirect_uri,
                         sizeof ask.redirect_uri)) {
        pl_consent_refuse(answer, 400,
                          "redirect_uri is not one of this client's: see "
                          "redirect_uris in section [api].");
        return PL_EINVAL;
    }
    const char *wrong = take_rest(form, &ask);
    if (wrong) {
        pl_consent_return(&ask, "error", wrong, answer);
        return PL_EINVAL;
    }
    *ret_ask = ask;
    return PL_OK;
}

/* ---- whose form it is ---- */

void pl_consent_mark(const pl_http_head *head,
                     char ret_mark[PL_CONSENT_MARK_TEXT + 1])
{
    enum { NAME = sizeof COOKIE };
    pl_slice all = pl_http_head_get(head, "cookie");
    ret_mark[0] = '\0';
    for (size_t at = 0; at < all.len;) {
        size_t end = at;
        while (end < all.len && all.ptr[end] != ';')
            end++;
        if (end - at == NAME + PL_CONSENT_MARK_TEXT &&
            memcmp(all.ptr + at, COOKIE "=", NAME) == 0) {
            pl_slice value = {all.ptr + at + NAME, PL_CONSENT_MARK_TEXT};
            if (pl_copy(ret_mark, PL_CONSENT_MARK_TEXT + 1, value) ||
                !pl_url_is_word(ret_mark, "-_"))
                ret_mark[0] = '\0';
            return;
        }
        at = end + 1;
        while (at < all.len && all.ptr[at] == ' ')
            at++;
    }
}

bool pl_consent_is_own(const pl_http_head *head, const pl_form *form)
{
    char mark[PL_CONSENT_MARK_TEXT + 1];
    char text[PL_CONSENT_MARK_TEXT + 1];
    pl_slice site = pl_http_head_get(head, "sec-fetch-site");
    pl_consent_mark(head, mark);
    return (site.len == 0 || pl_slice_eq_str(site, "same-origin")) && mark[0] &&
           pl_form_get(form, "mark", text, sizeof text) == PL_OK &&
           pl_slice_eq_secret(pl_slice_str(text), pl_slice_str(mark));
}

/* ---- the page and what comes of it ---- */

/* The key Enter presses the first button. */
static void put_form(const pl_consent_client *client, const pl_consent_ask *ask,
                     const char *mark, pl_buf *out)
{
    pl_buf_add_str(out, "<form method=\"post\" action=\"/oauth/v4/authorize\" "
                        "autocomplete=\"off\">\n");
    put_hidden(out, "mark", mark);
    put_hidden(out, "client_id", client->client_id);
    put_hidden(out, "redirect_uri", ask->redirect_uri);
    put_hidden(out, "scope", ask->scope);
    if (ask->state[0])
        put_hidden(out, "state", ask->state);
    if (ask->challenge[0]) {
        put_hidden(out, "code_challenge", ask->challenge);
        put_hidden(out, "code_challenge_method", "S256");
    }
    pl_buf_add_str(
        out,
        "<label for=\"number\">Your mobile number</label>\n"
        "<input id=\"number\" name=\"number\" type=\"tel\" maxlength=\"30\" "
        "placeholder=\"+14255550100\" aria-describedby=\"how\" autofocus>\n"
        "<p id=\"how\" class=\"muted\">With + and the country code.</p>\n"
        "<div class=\"row end\">\n"
        "<button class=\"primary\" name=\"decision\" value=\"allow\">Allow"
        "</button>\n<button class=\"quiet\" name=\"decision\" "
        "value=\"deny\">Deny</button>\n</div>\n</form>\n");
}

void pl_consent_page(const pl_consent_client *client, const pl_consent_ask *ask,
                     const char *mark, const char *message, pl_answer *answer)
{
    char cookie[128];
    pl_buf *out =
        begin_page(answer, message ? 400 : 200, "Confirm your number");
    put_headers(answer, ask->redirect_uri);
    pl_fmt_cut(cookie, sizeof cookie,
               COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Lax", mark);
    pl_answer_header(answer, "Set-Cookie", cookie);
    if (message)
        put_message(out, message);
    pl_buf_add_str(out, "<p>The application <strong>");
    put_escaped(out, client->client_id);
    pl_buf_add_str(out, "</strong> at <code>");
    pl_buf_add(out, ask->redirect_uri,
               pl_redirect_origin_len(ask->redirect_uri));
    pl_buf_add_str(out, "</code> wants to make and take calls with your mobile "
                        "number");
    if (strstr(ask->scope, "EMERGENCYSERVICES"))
        pl_buf_add_str(out, ", and to note an address for emergency calls");
    pl_buf_add_str(out, ".</p>\n<p class=\"muted\">This server does not check "
                        "that the number is yours: no carrier stands behind "
                        "it. It is meant for development and small sites."
                        "</p>\n");
    put_form(client, ask, mark, out);
    end_page(out);
}

/* The number in E.164, however it was grouped. */
static bool take_number(const pl_form *form, char *ret_user, size_t cap)
{
    char text[64];
    char digits[DIGITS_MAX + 1];
    size_t n = 0;
    if (pl_form_get(form, "number", text, sizeof text))
        return false;
    const char *at = text + strspn(text, " ");
    if (*at++ != '+')
        return false;
    for (; *at; at++) {
        if (strchr(" -.()", *at))
            continue;
        if (*at < '0' || *at > '9' || n == DIGITS_MAX)
            return false;
        digits[n++] = *at;
    }
    digits[n] = '\0';
    return n >= DIGITS_MIN && digits[0] != '0' &&
           pl_fmt(ret_user, cap, "tel:+%s", digits) == PL_OK;
}

pl_consent_choice pl_consent_choose(const pl_form *form, char *ret_user,
                                    size_t cap)
{
    char decision[16];
    if (pl_form_get(form, "decision", decision, sizeof decision) ||
        strcmp(decision, "allow") != 0)
        return PL_CONSENT_DENIED;
    return take_number(form, ret_user, cap) ? PL_CONSENT_GIVEN
                                            : PL_CONSENT_NO_NUMBER;
}
