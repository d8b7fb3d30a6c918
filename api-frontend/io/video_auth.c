/* video_auth.c - see video_auth.h. */
#include "video_auth.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "files.h"
#include "jose.h"
#include "pl/log.h"
#include "pl/map.h"
#include "pl/rng.h"
#include "pl/str.h"

enum {
    DEVICES_TEXT_MAX = 16 << 20,
    KEY_TEXT_MAX = 8192,
    NAME_MAX_BYTES = 260,
    SCHEME = 7 /* "Bearer " */
};
static const int64_t SKEW_MS = 60000;

typedef enum mode { MODE_TOKEN, MODE_DEVICE, MODE_OPEN } mode;

struct pl_video_auth {
    mode mode;
    pl_metrics *metrics;
    const char *path; /* of the devices; borrowed */
    pl_file_info info;
    pl_map *devices; /* pl_keys by "client_id\ndevice_code" */
};

/* ---- registered devices ---- */

static pl_err device_name(pl_slice client, pl_slice device, char *buf)
{
    if (client.len == 0 || client.len > 128 || device.len == 0 ||
        device.len > 128 || !pl_is_printable(client) ||
        !pl_is_printable(device))
        return PL_EINVAL;
    return pl_fmt(buf, NAME_MAX_BYTES, "%.*s\n%.*s", (int)client.len,
                  (const char *)client.ptr, (int)device.len,
                  (const char *)device.ptr);
}

/* {"client_id","device_code","key":{JWK}} */
static pl_err add_device(pl_map *devices, const pl_json *json)
{
    char name[NAME_MAX_BYTES];
    pl_slice client;
    pl_slice device;
    pl_keys *keys = NULL;
    pl_buf text;
    const pl_json *jwk = pl_json_get(json, "key");
    if (!pl_json_is_object(jwk) || pl_jwk_alg(jwk) != PL_JWT_RS256 ||
        pl_json_get_str(json, "client_id", &client) ||
        pl_json_get_str(json, "device_code", &device) ||
        device_name(client, device, name))
        return PL_ECONFIG;
    pl_buf_init(&text, KEY_TEXT_MAX);
    pl_buf_add_str(&text, "{\"keys\":[");
    pl_err e = pl_json_dump(jwk, &text);
    pl_buf_add_str(&text, "]}");
    if (!e)
        e = pl_keys_load(pl_buf_slice(&text), &keys);
    if (!e)
        e = pl_map_put(devices, name, keys);
    if (e)
        pl_keys_free(&keys);
    pl_buf_fini(&text);
    return e;
}

/* One device a line. */
static pl_err add_devices(pl_map *devices, pl_slice text)
{
    pl_err e = PL_OK;
    while (!e && text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t n = end ? (size_t)(end - text.ptr) : text.len;
        pl_slice line = {text.ptr, n};
        pl_json *json = NULL;
        if (n > 0 && line.ptr[n - 1] == '\r')
            line.len--;
        if (line.len > 0)
            e = pl_json_parse(line, &json);
        if (!e && json)
            e = add_device(devices, json);
        pl_json_free(&json);
        n += end != NULL;
        text.ptr += n;
        text.len -= n;
    }
    return e;
}

static void free_devices(pl_map **devices)
{
    size_t cursor = 0;
    pl_keys *keys;
    while (*devices && (keys = pl_map_next(*devices, &cursor, NULL)) != NULL)
        pl_keys_free(&keys);
    pl_map_destroy(devices);
}

/* A file that is no good leaves the devices that we have. */
static pl_err read_devices(pl_video_auth *video)
{
    pl_buf text;
    pl_map *devices = NULL;
    pl_buf_init(&text, DEVICES_TEXT_MAX);
    pl_err e = pl_map_create(&devices);
    if (!e)
        e = pl_file_read_info(video->path, &text, &video->info);
    if (!e)
        e = add_devices(devices, pl_buf_slice(&text));
    pl_buf_fini(&text);
    if (e) {
        free_devices(&devices);
        PL_LOG(ERROR, "auth", "video_devices", PL_KV("file", video->path),
               "want a line {client_id, device_code, key} for each: %s",
               pl_err_text(e));
        return e;
    }
    free_devices(&video->devices);
    video->devices = devices;
    PL_LOG(INFO, "auth", "video_devices_read", PL_KV("file", video->path),
           "%zu devices", pl_map_count(devices));
    return PL_OK;
}

/* Devices come and go while we run. */
static void refresh(pl_video_auth *video)
{
    pl_file_info info;
    if (pl_file_stat(video->path, &info) ||
        pl_file_is_same(&info, &video->info))
        return;
    video->info = info; /* also of a file that is no good: one complaint */
    (void)!read_devices(video);
}

pl_err pl_video_auth_open(const pl_api_config *config, pl_metrics *metrics,
                          pl_video_auth **ret_auth)
{
    pl_video_auth *video = calloc(1, sizeof *video);
    if (!video)
        return PL_ENOMEM;
    video->metrics = metrics;
    video->path = config->video_devices_file;
    pl_err e = PL_OK;
    if (strcmp(config->video_auth, "device") == 0) {
        video->mode = MODE_DEVICE;
        e = read_devices(video);
    } else if (strcmp(config->video_auth, "open") == 0) {
        video->mode = MODE_OPEN;
        PL_LOG(WARN, "auth", "video_open", NULL,
               "video_auth = open: anybody may ask for video sessions");
    }
    if (e) {
        pl_video_auth_close(&video);
        return e == PL_ENOENT || e == PL_EPROTO || e == PL_EEXIST ? PL_ECONFIG
                                                                  : e;
    }
    *ret_auth = video;
    return PL_OK;
}

void pl_video_auth_close(pl_video_auth **auth)
{
    if (!auth || !*auth)
        return;
    free_devices(&(*auth)->devices);
    free(*auth);
    *auth = NULL;
}

/* ---- checking ---- */

/* Apps' tokens have no end; one that has is held to it. */
static bool is_in_time(const pl_json *claims, int64_t wall_ms)
{
    int64_t s;
    pl_err e = pl_json_get_i64(claims, "exp", &s);
    if (e != PL_ENOENT && (e || s < 0 || s > INT64_MAX / 1000 - 60 ||
                           wall_ms >= s * 1000 + SKEW_MS))
        return false;
    e = pl_json_get_i64(claims, "nbf", &s);
    return e == PL_ENOENT || (!e && s <= (wall_ms + SKEW_MS) / 1000);
}

static pl_err check_device(const pl_video_auth *video, pl_jwt *jwt,
                           int64_t wall_ms, pl_caller *ret_caller)
{
    char name[NAME_MAX_BYTES];
    pl_slice client;
    pl_slice device;
    if (jwt->alg != PL_JWT_RS256 || !is_in_time(jwt->claims, wall_ms) ||
        pl_json_get_str(jwt->claims, "client_id", &client) ||
        pl_json_get_str(jwt->claims, "device_code", &device) ||
        device_name(client, device, name))
        return PL_EAUTH;
    const pl_keys *keys = pl_map_find(video->devices, name);
    jwt->kid[0] = '\0'; /* the claims say which key it is */
    if (!keys || pl_keys_verify(keys, jwt) ||
        pl_copy(ret_caller->client_id, sizeof ret_caller->client_id, client) ||
        pl_copy(ret_caller->device_code, sizeof ret_caller->device_code,
                device))
        return PL_EAUTH;
    ret_caller->scopes = PL_SCOPE_VIDEO;
    return PL_OK;
}

static pl_err by_device(pl_video_auth *video, pl_slice token, int64_t wall_ms,
                        pl_caller *ret_caller)
{
    static const char *const types[] = {"JWT", NULL};
    pl_jwt jwt;
    pl_err e = pl_jwt_parse_any(token, types, true, &jwt);
    if (e)
        return e;
    refresh(video);
    e = check_device(video, &jwt, wall_ms, ret_caller);
    pl_jwt_fini(&jwt);
    return e;
}

pl_err pl_video_auth_check(pl_video_auth *video, pl_auth *tokens,
                           pl_slice header, int64_t wall_ms,
                           pl_caller *ret_caller)
{
    pl_err e;
    *ret_caller = (pl_caller){.client_id = ""};
    if (video->mode == MODE_TOKEN) {
        e = pl_auth_check(tokens, header, ret_caller);
        if (!e && !(ret_caller->scopes & PL_SCOPE_VIDEO))
            e = PL_EFORBIDDEN;
        return e;
    }
    if (header.len <= SCHEME ||
        !pl_slice_eq_nocase((pl_slice){header.ptr, SCHEME}, "Bearer ")) {
        e = PL_EAUTH;
    } else if (video->mode == MODE_OPEN) {
        e = PL_OK;
    } else {
        e = by_device(video,
                      (pl_slice){header.ptr + SCHEME, header.len - SCHEME},
                      wall_ms, ret_caller);
    }
    if (e)
        pl_metrics_add(video->metrics, PL_AM_token_refused, 1);
    return e;
}
