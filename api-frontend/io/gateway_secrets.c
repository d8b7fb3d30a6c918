/* gateway_secrets.c - secrets that the gateway reads when it starts. */
#include "gateway_impl.h"

#include <string.h>

#include "files.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

enum { SECRET_MAX = 1024 };

/* A secret: the file without the end of its line. event: of the log when it
 * cannot be used. */
static pl_err load_secret(const char *path, size_t min, const char *event,
                          pl_buf *secret)
{
    pl_err e = pl_file_read(path, secret);
    while (!e && secret->len > 0 &&
           strchr("\r\n", secret->ptr[secret->len - 1]))
        secret->len--;
    if (!e && secret->len < min)
        e = PL_ECONFIG;
    if (e) {
        PL_LOG(ERROR, "api", event, PL_KV("file", path), "%s", pl_err_text(e));
    }
    return e;
}

/* A TURN server beside us reads the same file: made when it is missing. */
static void make_turn_secret(const char *path)
{
    enum { SECRET_BYTES = 32 };
    char fresh[64];
    pl_random_token(SECRET_BYTES, fresh, sizeof fresh);
    if (pl_file_make_secret(path, pl_slice_str(fresh)) == PL_OK) {
        PL_LOG(INFO, "api", "turn_secret_made", PL_KV("file", path),
               "the TURN server must use the same");
    } else if (!pl_file_is_there(path)) {
        PL_LOG(ERROR, "api", "turn_secret_not_made", PL_KV("file", path),
               "its folder must be there, and this process must be able to "
               "write in it");
    }
    pl_wipe(fresh, sizeof fresh);
}

pl_err pl_gateway_load_turn(pl_gateway *gateway)
{
    const pl_api_config *config = gateway->options.config;
    pl_buf *secret = &gateway->turn_secret;
    pl_buf_init(secret, SECRET_MAX);
    gateway->turn = (pl_turn){.stun_urls = config->stun_urls,
                              .turn_urls = config->turn_urls,
                              .ttl_s = config->turn_ttl_s};
    if (!config->turn_urls[0])
        return PL_OK;
    if (!pl_file_is_there(config->turn_secret_file))
        make_turn_secret(config->turn_secret_file);
    pl_err e = load_secret(config->turn_secret_file, 1, "turn_secret", secret);
    if (!e)
        gateway->turn.secret = pl_buf_slice(secret);
    return e;
}

/* A secret of the room API from a file, "" none. */
static pl_err load_room_secret(const char *path, const char *event,
                               pl_buf *secret, pl_slice *ret_secret)
{
    pl_buf_init(secret, SECRET_MAX);
    if (!path[0])
        return PL_OK;
    pl_err e = load_secret(path, PL_ROOM_SECRET_MIN, event, secret);
    if (!e)
        *ret_secret = pl_buf_slice(secret);
    return e;
}

pl_err pl_gateway_load_rooms(pl_gateway *gateway)
{
    const pl_api_config *config = gateway->options.config;
    pl_room_rules *rules = &gateway->rooms;
    *rules = (pl_room_rules){.tag_prefix = config->room_tag_prefix,
                             .is_derived =
                                 strcmp(config->room_name_mode, "derived") == 0,
                             .is_pin_hidden = !config->room_expose_host_pin,
                             .takes_header = config->room_uui_header};
    pl_err e =
        load_room_secret(config->room_public_secret_file, "room_public_secret",
                         &gateway->room_secret, &rules->public_secret);
    if (!e) {
        e = load_room_secret(config->room_sink_file, "room_sink_login",
                             &gateway->sink_login, &rules->sink_login);
    }
    return e;
}
