/* fuzz_form.c - forms: the first line is the content type, the rest the body.
 * A form that was opened has every value at most once, and gives it again. The
 * consent page reads it, too: it redirects to the client's address only, and
 * what it shows has no markup from outside. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "consent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_all(const pl_form *form)
{
    static const char *const names[] = {"grant_type", "client_id", "code",
                                        "redirect_uri", "a"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char first[257];
        char again[257];
        pl_err e = pl_form_get(form, names[i], first, sizeof first);
        if (e == PL_OK &&
            (pl_form_get(form, names[i], again, sizeof again) != PL_OK ||
             strcmp(first, again) != 0))
            abort();
    }
}

static size_t count(const char *text, char c)
{
    size_t n = 0;
    for (; (text = strchr(text, c)) != NULL; text++)
        n++;
    return n;
}

/* The page has as many tags as one for a harmless request. */
static void check_page(const pl_consent_client *client, pl_consent_ask *ask,
                       pl_answer *answer)
{
    pl_consent_ask plain = *ask;
    pl_answer other;
    if (plain.state[0])
        memcpy(plain.state, "s", sizeof "s");
    pl_answer_init(&other);
    pl_consent_page(client, ask, "MMMMMMMMMMMMMMMMMMMMMM", NULL, answer);
    pl_consent_page(client, &plain, "MMMMMMMMMMMMMMMMMMMMMM", NULL, &other);
    if (count(pl_buf_text(&answer->body), '<') !=
            count(pl_buf_text(&other.body), '<') ||
        count(pl_buf_text(&answer->body), '"') !=
            count(pl_buf_text(&other.body), '"'))
        abort();
    pl_answer_fini(&other);
}

static void ask_consent(const pl_form *form)
{
    static const pl_consent_client client = {
        "dev", "https://a.example/cb http://localhost:3000/?a=b"};
    pl_consent_ask ask;
    pl_answer answer;
    char user[32];
    pl_answer_init(&answer);
    if (pl_consent_read(&client, form, &ask, &answer) == PL_OK) {
        check_page(&client, &ask, &answer);
        pl_answer_reset(&answer);
        pl_consent_return(&ask, "code", "c", &answer);
    }
    const char *to = strstr(pl_buf_text(&answer.headers), "Location: ");
    if ((answer.status == 302) != (to != NULL) ||
        (to && strncmp(to + 10, "https://a.example/cb?", 21) != 0 &&
         strncmp(to + 10, "http://localhost:3000/?a=b&", 27) != 0))
        abort();
    if (pl_consent_choose(form, user, sizeof user) == PL_CONSENT_GIVEN &&
        (strncmp(user, "tel:+", 5) != 0 ||
         strspn(user + 5, "0123456789") != strlen(user + 5)))
        abort();
    pl_answer_fini(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
    size_t n = end ? (size_t)(end - data) : len;
    pl_slice type = {data, n};
    pl_slice body = {data + n + (end ? 1 : 0), len - n - (end ? 1 : 0)};
    pl_form form;
    if (pl_form_open(type, body, &form) == PL_OK) {
        read_all(&form);
        ask_consent(&form);
    }
    return 0;
}
