/* ice.c - ICE-lite: authenticate, answer, remember, select. */
#include "core/ice.h"

#include <string.h>

#include "pl/str.h"

enum {
    CODE_BAD_REQUEST = 400,
    CODE_UNAUTHENTICATED = 401,
    CODE_UNKNOWN_ATTRIBUTE = 420,
};

pl_err pl_ice_init(pl_ice *ice, const char *ufrag, const char *pwd,
                   const char *remote_ufrag, int64_t now_us)
{
    pl_ice fresh = {.selected = -1, .next_path = 1, .alive_us = now_us};
    pl_err e = pl_ice_restart(&fresh, ufrag, pwd, remote_ufrag);
    if (e == PL_OK)
        *ice = fresh;
    return e;
}

pl_err pl_ice_set_remote(pl_ice *ice, const char *remote_ufrag)
{
    if (strlen(remote_ufrag) > PL_ICE_REMOTE)
        return PL_EINVAL;
    return pl_copy(ice->remote_ufrag, sizeof ice->remote_ufrag,
                   pl_slice_str(remote_ufrag));
}

pl_err pl_ice_restart(pl_ice *ice, const char *ufrag, const char *pwd,
                      const char *remote_ufrag)
{
    if (strlen(ufrag) > PL_ICE_UFRAG || strlen(pwd) > PL_ICE_PWD)
        return PL_EINVAL;
    pl_err e = pl_ice_set_remote(ice, remote_ufrag ? remote_ufrag : "");
    if (e == PL_OK)
        e = pl_copy(ice->ufrag, sizeof ice->ufrag, pl_slice_str(ufrag));
    if (e == PL_OK)
        e = pl_copy(ice->pwd, sizeof ice->pwd, pl_slice_str(pwd));
    for (size_t i = 0; i < PL_ICE_PATHS; i++)
        ice->paths[i].is_nominated = false;
    return e;
}

pl_err pl_ice_local_ufrag(pl_slice username, char ret_ufrag[PL_ICE_UFRAG + 1])
{
    const uint8_t *colon =
        username.len ? memchr(username.ptr, ':', username.len) : NULL;
    if (!colon)
        return PL_EPROTO;
    pl_slice ours = {username.ptr, (size_t)(colon - username.ptr)};
    if (ours.len == 0 || ours.len > PL_ICE_UFRAG ||
        memchr(ours.ptr, 0, ours.len))
        return PL_EPROTO;
    memcpy(ret_ufrag, ours.ptr, ours.len);
    ret_ufrag[ours.len] = '\0';
    return PL_OK;
}

void pl_ice_refuse(const pl_stun_msg *msg, unsigned code,
                   pl_ice_reply *ret_reply)
{
    pl_stun_writer w;
    ret_reply->len = 0;
    pl_stun_begin(&w, ret_reply->data, sizeof ret_reply->data,
                  PL_STUN_BINDING_ERROR, msg->txid);
    pl_stun_put_error(&w, code);
    size_t len = 0;
    if (pl_stun_end(&w, (pl_slice){NULL, 0}, &len) == PL_OK &&
        len <= msg->raw.len)
        ret_reply->len = len;
}

/* RFC 8489 section 6.3.1: an authenticated request with attributes that we
 * must understand and do not. */
static void refuse_unknown(const pl_ice *ice, const pl_stun_msg *msg,
                           pl_ice_reply *ret_reply)
{
    uint8_t list[2 * PL_STUN_UNKNOWN];
    for (size_t i = 0; i < msg->n_unknown; i++) {
        list[2 * i] = (uint8_t)(msg->unknown[i] >> 8);
        list[2 * i + 1] = (uint8_t)msg->unknown[i];
    }
    pl_stun_writer w;
    pl_stun_begin(&w, ret_reply->data, sizeof ret_reply->data,
                  PL_STUN_BINDING_ERROR, msg->txid);
    pl_stun_put_error(&w, CODE_UNKNOWN_ATTRIBUTE);
    pl_stun_put(&w, PL_STUN_AT_UNKNOWN, list, 2 * msg->n_unknown);
    if (pl_stun_end(&w, pl_slice_str(ice->pwd), &ret_reply->len) != PL_OK)
        ret_reply->len = 0;
}

static void answer(const pl_ice *ice, const pl_stun_msg *msg,
                   const pl_addr *from, pl_ice_reply *ret_reply)
{
    pl_stun_writer w;
    pl_stun_begin(&w, ret_reply->data, sizeof ret_reply->data,
                  PL_STUN_BINDING_SUCCESS, msg->txid);
    pl_stun_put_mapped(&w, from);
    if (pl_stun_end(&w, pl_slice_str(ice->pwd), &ret_reply->len) != PL_OK)
        ret_reply->len = 0;
}

/* "ours:theirs", theirs only once it is known. */
static bool is_username_ours(const pl_ice *ice, pl_slice username)
{
    size_t ours = strlen(ice->ufrag);
    if (username.len < ours + 1 || username.ptr[ours] != ':' ||
        memcmp(username.ptr, ice->ufrag, ours) != 0)
        return false;
    pl_slice theirs = {username.ptr + ours + 1, username.len - ours - 1};
    return ice->remote_ufrag[0] == '\0' ||
           pl_slice_eq_str(theirs, ice->remote_ufrag);
}

int pl_ice_find(const pl_ice *ice, const pl_addr *from)
{
    for (int i = 0; i < PL_ICE_PATHS; i++) {
        if (ice->paths[i].number && pl_addr_eq(&ice->paths[i].addr, from))
            return i;
    }
    return -1;
}

/* A free place, else the quietest path that is not selected. */
static int place_for_path(const pl_ice *ice)
{
    int oldest = -1;
    for (int i = 0; i < PL_ICE_PATHS; i++) {
        if (ice->paths[i].number == 0)
            return i;
        if (i != ice->selected &&
            (oldest < 0 || ice->paths[i].seen_us < ice->paths[oldest].seen_us))
            oldest = i;
    }
    return oldest;
}

static void remember(pl_ice *ice, const pl_addr *from, pl_ice_outcome *out)
{
    out->path = pl_ice_find(ice, from);
    if (out->path >= 0)
        return;
    out->path = place_for_path(ice);
    out->is_new_path = true;
    pl_ice_path *p = &ice->paths[out->path];
    if (p->number)
        out->gone = p->addr;
    *p = (pl_ice_path){.addr = *from, .number = ice->next_path++};
}

pl_ice_outcome pl_ice_on_request(pl_ice *ice, const pl_stun_msg *msg,
                                 const pl_addr *from, int64_t now_us,
                                 pl_ice_reply *ret_reply)
{
    pl_ice_outcome out = {.result = PL_ICE_REFUSED, .path = -1};
    ret_reply->len = 0;
    if (!msg->username.ptr || !msg->integrity_at) {
        pl_ice_refuse(msg, CODE_BAD_REQUEST, ret_reply);
        return out;
    }
    if (!is_username_ours(ice, msg->username) ||
        !pl_stun_is_authentic(msg, pl_slice_str(ice->pwd))) {
        pl_ice_refuse(msg, CODE_UNAUTHENTICATED, ret_reply);
        return out;
    }
    if (msg->n_unknown) {
        refuse_unknown(ice, msg, ret_reply);
        return out;
    }
    /* Everything below changes state: the request is authentic. A role of
     * controlled from the peer is a conflict that we cannot win as a lite
     * agent (RFC 8445 section 6.1.1): it is answered, never obeyed. */
    answer(ice, msg, from, ret_reply);
    remember(ice, from, &out);
    pl_ice_path *path = &ice->paths[out.path];
    path->seen_us = ice->alive_us = now_us;
    if (msg->use_candidate && !msg->is_controlled)
        path->is_nominated = true;
    out.result = out.is_new_path ? PL_ICE_NEW_PATH : PL_ICE_ANSWERED;
    bool is_first = ice->selected < 0 || path->number == ice->media_path;
    if (path->is_nominated && is_first && ice->selected != out.path) {
        ice->selected = out.path;
        out.result = PL_ICE_SELECTED;
    }
    return out;
}

bool pl_ice_on_media(pl_ice *ice, uint32_t number)
{
    ice->media_path = number;
    for (int i = 0; i < PL_ICE_PATHS; i++) {
        if (ice->paths[i].number != number || i == ice->selected ||
            !ice->paths[i].is_nominated || number == 0)
            continue;
        ice->selected = i;
        return true;
    }
    return false;
}

static bool is_quiet(const pl_ice_path *p, int64_t now_us)
{
    return now_us - p->seen_us > PL_ICE_QUIET_US;
}

bool pl_ice_maintain(pl_ice *ice, int64_t now_us, pl_addr *ret_gone)
{
    *ret_gone = (pl_addr){.port = 0};
    bool is_changed = false;
    if (ice->selected >= 0 && is_quiet(&ice->paths[ice->selected], now_us)) {
        int best = -1;
        for (int i = 0; i < PL_ICE_PATHS; i++) {
            if (ice->paths[i].number && ice->paths[i].is_nominated &&
                !is_quiet(&ice->paths[i], now_us) &&
                (best < 0 || ice->paths[i].seen_us > ice->paths[best].seen_us))
                best = i;
        }
        if (best >= 0 && best != ice->selected) {
            ice->selected = best;
            is_changed = true;
        }
    }
    for (int i = 0; i < PL_ICE_PATHS; i++) {
        pl_ice_path *p = &ice->paths[i];
        if (p->number == 0 || i == ice->selected ||
            now_us - p->seen_us <= PL_ICE_CONSENT_US)
            continue;
        *ret_gone = p->addr;
        *p = (pl_ice_path){.number = 0};
        break;
    }
    return is_changed;
}

bool pl_ice_is_expired(const pl_ice *ice, int64_t now_us)
{
    return now_us - ice->alive_us > PL_ICE_CONSENT_US;
}
