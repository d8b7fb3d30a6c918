/* turn.c - time-limited TURN credentials. */
#include "turn.h"

#include <string.h>

#include "base64.h"
#include "pl/msg.h"
#include "pl/rng.h"
#include "pl/str.h"

/* Cut the next URL off a list; its length is 0 at the end. */
static pl_slice next_url(const char **list)
{
    *list += strspn(*list, " ");
    size_t n = strcspn(*list, " ");
    pl_slice url = {(const uint8_t *)*list, n};
    *list += n;
    return url;
}

bool pl_turn_urls_are_good(const char *urls, const char *scheme)
{
    size_t n = strlen(scheme);
    pl_slice url;
    while ((url = next_url(&urls)).len > 0) {
        const char *text = (const char *)url.ptr;
        if (url.len < n || memcmp(text, scheme, n) != 0)
            return false;
        size_t at = n + (url.len > n && text[n] == 's');
        if (url.len <= at + 1 || text[at] != ':')
            return false;
    }
    return true;
}

static void put_stun(pl_jw *w, const char *urls)
{
    pl_slice url = next_url(&urls);
    if (url.len == 0)
        return; /* an empty list breaks clients */
    pl_jw_open(w, "stun", '[');
    for (; url.len > 0; url = next_url(&urls)) {
        pl_jw_open(w, NULL, '{');
        pl_jw_slice(w, "url", url);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void put_server(pl_jw *w, const pl_turn *turn,
                       const char *participant_id, int64_t wall_ms)
{
    char name[PL_ID_MAX + 32];
    uint8_t mac[PL_SHA1_BYTES];
    pl_buf credential;
    pl_slice url;
    const char *urls = turn->turn_urls;
    long long until_s = wall_ms / 1000;
    until_s += turn->ttl_s;
    pl_fmt_cut(name, sizeof name, "%lld:%s", until_s, participant_id);
    pl_hmac_sha1(turn->secret.ptr, turn->secret.len, name, strlen(name), mac);
    pl_buf_init(&credential, 64);
    pl_base64_encode((pl_slice){mac, sizeof mac}, &credential);
    pl_jw_open(w, NULL, '{');
    pl_jw_open(w, "urls", '[');
    while ((url = next_url(&urls)).len > 0)
        pl_jw_slice(w, NULL, url);
    pl_jw_close(w, ']');
    pl_jw_str(w, "username", name);
    pl_jw_str(w, "credential", pl_buf_text(&credential));
    pl_jw_close(w, '}');
    w->out->has_failed |= credential.has_failed;
    pl_buf_wipe(&credential);
}

void pl_turn_put(pl_jw *w, const pl_turn *turn, const char *participant_id,
                 int64_t wall_ms)
{
    if (turn)
        put_stun(w, turn->stun_urls);
    pl_jw_open(w, "turn", '[');
    if (turn && turn->turn_urls[strspn(turn->turn_urls, " ")])
        put_server(w, turn, participant_id, wall_ms);
    pl_jw_close(w, ']');
}
