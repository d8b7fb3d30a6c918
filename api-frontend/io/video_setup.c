/* video_setup.c - see video_setup.h. */
#include "video_setup.h"

#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "pl/log.h"
#include "pl/str.h"
#include "video_hours.h"

enum { TEXT_MAX = 262144, PATH_SIZE = 128 };
static const char ZONES[] = "/usr/share/zoneinfo";

struct pl_video_setup {
    pl_video_rules rules;
    pl_video_auth *auth;
    pl_json *destinations, *hours;
    pl_buf zone;
    pl_cidr_list staff;
};

static pl_err fail(const char *file, const char *fault)
{
    PL_LOG(ERROR, "api", "video_file", PL_KV("file", file), "%s", fault);
    return PL_ECONFIG;
}

static pl_err read_json(const char *path, pl_json **ret_json)
{
    pl_buf text;
    if (!path[0])
        return PL_OK;
    pl_buf_init(&text, TEXT_MAX);
    pl_err e = pl_file_read(path, &text);
    if (!e)
        e = pl_json_parse(pl_buf_slice(&text), ret_json);
    pl_buf_fini(&text);
    return e ? fail(path, pl_err_text(e)) : PL_OK;
}

/* The zone database names them by letters, digits, / _ - and +. */
static bool is_zone(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                                  "qrstuvwxyz0123456789/_-+";
    return name[0] != '/' && strspn(name, letters) == strlen(name);
}

static pl_err read_zone(pl_video_setup *s, const char *file)
{
    char name[PL_ZONE_NAME_MAX + 1];
    char path[PATH_SIZE];
    int64_t offset_ms;
    pl_hours_zone(s->hours, name);
    if (strcmp(name, "UTC") == 0)
        return PL_OK;
    if (!is_zone(name))
        return fail(file, "time_zone: no such name");
    pl_fmt_cut(path, sizeof path, "%s/%s", ZONES, name);
    if (pl_file_read(path, &s->zone) ||
        pl_zone_offset(pl_buf_slice(&s->zone), 0, &offset_ms))
        return fail(path, "time_zone: not in the zone database (tzdata)");
    s->rules.zone = pl_buf_slice(&s->zone);
    return PL_OK;
}

static pl_err read_files(pl_video_setup *s, const pl_api_config *config)
{
    pl_err e = read_json(config->video_destinations_file, &s->destinations);
    if (!e)
        e = read_json(config->video_hours_file, &s->hours);
    if (e)
        return e;
    s->rules.destinations = s->destinations;
    s->rules.hours = s->hours;
    const char *fault =
        s->destinations ? pl_destinations_fault(s->destinations) : NULL;
    if (fault)
        return fail(config->video_destinations_file, fault);
    if (!s->hours)
        return PL_OK;
    fault = pl_hours_fault(s->hours);
    return fault ? fail(config->video_hours_file, fault)
                 : read_zone(s, config->video_hours_file);
}

pl_err pl_video_setup_open(const pl_api_config *config, pl_metrics *metrics,
                           pl_video_setup **ret_setup)
{
    pl_video_setup *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    pl_buf_init(&s->zone, PL_ZONE_FILE_MAX);
    s->rules = (pl_video_rules){.host = config->video_destination_host,
                                .reference = config->video_reference,
                                .tag_prefix = config->room_tag_prefix,
                                .base = config->issuer,
                                .staff = &s->staff};
    pl_err e = read_files(s, config);
    if (!e && pl_cidr_parse(pl_slice_str(config->video_staff_from), &s->staff))
        e = fail("video_staff_from", "want addresses like 192.0.2.0/24");
    if (!e)
        e = pl_video_auth_open(config, metrics, &s->auth);
    if (e) {
        pl_video_setup_close(&s);
        return e;
    }
    *ret_setup = s;
    return PL_OK;
}

void pl_video_setup_close(pl_video_setup **setup)
{
    if (!setup || !*setup)
        return;
    pl_video_setup *s = *setup;
    pl_video_auth_close(&s->auth);
    pl_json_free(&s->destinations);
    pl_json_free(&s->hours);
    pl_buf_fini(&s->zone);
    free(s);
    *setup = NULL;
}

const pl_video_rules *pl_video_setup_rules(const pl_video_setup *setup)
{
    return &setup->rules;
}

pl_video_auth *pl_video_setup_auth(const pl_video_setup *setup)
{
    return setup->auth;
}
