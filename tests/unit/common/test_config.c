#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pl/config.h"
#include "pl/str.h"

#define COMMON(KEY)                                                            \
    KEY(WORD, level, "info", 0, 0, "info|warn", "how much to say")             \
    KEY(BOOL, json, "false", 0, 1, "flag", "machine form")
#define MEDIA(KEY)                                                             \
    KEY(U32, port, "20000", 1024, 65535, "port", "lowest port")                \
    KEY(STR, address, "", 0, 20, "IP", "announced")                            \
    KEY(FILE, key, "", 0, 255, "path", "private key")                          \
    KEY(STR, secret, "s3cret", 0, 20, "text", "hidden")
#define ROOM(KEY)                                                              \
    KEY(STR, title, "", 0, 20, "text", "for people")                           \
    KEY(U32, seats, "10", 1, 100, "people", "at most")                         \
    KEY(STR, pin, "", 0, 8, "digits", "to enter")

typedef struct common {
    COMMON(PL_CONFIG_MEMBER)
} common;
typedef struct media {
    MEDIA(PL_CONFIG_MEMBER)
} media;
typedef struct room {
    ROOM(PL_CONFIG_MEMBER)
} room;

#define CONFIG_TYPE common
static const pl_config_key COMMON_KEYS[] = {COMMON(PL_CONFIG_ROW)};
#undef CONFIG_TYPE
#define CONFIG_TYPE media
static const pl_config_key MEDIA_KEYS[] = {MEDIA(PL_CONFIG_ROW)};
#undef CONFIG_TYPE
#define CONFIG_TYPE room
static const pl_config_key ROOM_KEYS[] = {ROOM(PL_CONFIG_ROW)};
#undef CONFIG_TYPE

static pl_err each_room(void *ctx, const char *name, const void *values,
                        char *reason, size_t cap)
{
    char *seen = ctx;
    const room *r = values;
    pl_fmt_cut(seen + strlen(seen), 100, "%s:%s:%u ", name, r->title,
               (unsigned)r->seats);
    if (r->seats == 13) {
        pl_fmt_cut(reason, cap, "13 seats bring bad luck");
        return PL_ECONFIG;
    }
    return PL_OK;
}

#define N(a) (sizeof(a) / sizeof(a)[0])
static const pl_config_section SECTIONS[] = {
    {.kind = "common",
     .doc = "all",
     .keys = COMMON_KEYS,
     .n_keys = N(COMMON_KEYS),
     .size = sizeof(common)},
    {.kind = "room",
     .doc = "a room",
     .keys = ROOM_KEYS,
     .n_keys = N(ROOM_KEYS),
     .size = sizeof(room),
     .each = each_room},
    {.kind = "media",
     .doc = "media",
     .keys = MEDIA_KEYS,
     .n_keys = N(MEDIA_KEYS),
     .size = sizeof(media)},
};

static pl_config *config;
static pl_config_error error;

static int teardown(void **state)
{
    (void)state;
    pl_config_destroy(&config);
    return 0;
}

static pl_err load(const char *text)
{
    pl_config_destroy(&config);
    return pl_config_load_text(SECTIONS, N(SECTIONS), "p.conf",
                               pl_slice_str(text), &config, &error);
}

static const media *get_media(void)
{
    return pl_config_get(config, "media");
}

static void an_empty_file_gives_the_defaults(void **state)
{
    (void)state;
    assert_int_equal(load(""), PL_OK);
    assert_int_equal(get_media()->port, 20000);
    assert_string_equal(get_media()->secret, "s3cret");
    const common *c = pl_config_get(config, "common");
    assert_string_equal(c->level, "info");
    assert_false(c->json);
    assert_null(pl_config_get(config, "room"));
}

static void values_are_taken_from_their_sections(void **state)
{
    (void)state;
    assert_int_equal(load("# comment\n\n[common]\r\n level=warn\njson = yes\n"
                          "[api]\nanything = # goes here\n[media]\n"
                          "port = 5000\naddress = 1.2.3.4 # not a comment"),
                     PL_ECONFIG); /* 26 bytes, and shown with its line */
    assert_string_equal(
        error.text,
        "p.conf:10: address = 1.2.3.4 # not a comment: longer than 20 bytes");
    assert_int_equal(load("[common]\r\n level=warn\njson = yes\n[media]\n"
                          "port = 5000\naddress = \xc3\xa4 b"),
                     PL_OK);
    const common *c = pl_config_get(config, "common");
    assert_string_equal(c->level, "warn");
    assert_true(c->json);
    assert_int_equal(get_media()->port, 5000);
    assert_string_equal(get_media()->address, "\xc3\xa4 b");
}

static void errors_name_line_key_value_and_bound(void **state)
{
    (void)state;
    const struct {
        const char *text, *error;
    } rows[] = {
        {"[media]\nport = 80", "p.conf:2: port = 80: below 1024 (port)"},
        {"[media]\nport = 70000", "p.conf:2: port = 70000: above 65535 (port)"},
        {"[media]\nport = x",
         "p.conf:2: port = x: not a whole number (1024..65535 port)"},
        {"[media]\nport = ",
         "p.conf:2: port = : not a whole number (1024..65535 port)"},
        {"[media]\nprot = 1", "p.conf:2: prot: unknown key in [media]"},
        {"\n[medai]\n", "p.conf:2: [medai]: unknown section; known are common, "
                        "roompool, api, signaling, media, room NAME"},
        {"[media\n", "p.conf:1: [media: a section head ends with ]"},
        {"[media x]\n", "p.conf:1: [media x]: this section takes no name"},
        {"[room]\n",
         "p.conf:1: [room]: a name of 1 to 64 bytes must follow the kind"},
        {"[room a]\n[room a]\n",
         "p.conf:2: [room a]: there is one already at p.conf:1"},
        {"port = 1\n", "p.conf:1: port: comes before the first [section]"},
        {"[media]\nport\n",
         "p.conf:2: port: neither `key = value` nor `[section]`"},
        {"[media]\nport = 2000\nport = 2000\n",
         "p.conf:3: port: was set at p.conf:2 already"},
        {"[common]\nlevel = loud", "p.conf:2: level = loud: not one of "
                                   "info|warn"},
        {"[common]\njson = 1", "p.conf:2: json = 1: not one of true, false, "
                               "yes, no, on, off"},
        {"[media]\naddress = \xff",
         "p.conf:2: address = \xff: holds bytes that are not printable UTF-8"},
        {"[media]\nsecret = 123456789012345678901",
         "p.conf:2: secret = (hidden): longer than 20 bytes"},
        {"[api]\nno pair\n",
         "p.conf:2: no pair: neither `key = value` nor `[section]`"},
    };
    for (size_t i = 0; i < N(rows); i++) {
        assert_int_equal(load(rows[i].text), PL_ECONFIG);
        assert_string_equal(error.text, rows[i].error);
        assert_null(config);
    }
}

static void repeated_sections_come_in_file_order(void **state)
{
    (void)state;
    char seen[512] = "";
    assert_int_equal(load("[room b]\ntitle = B\n[room a]\nseats = 3\n"), PL_OK);
    assert_int_equal(pl_config_each(config, "room", seen, &error), PL_OK);
    assert_string_equal(seen, "b:B:10 a::3 ");
}

static void a_refused_section_is_named(void **state)
{
    (void)state;
    char seen[512] = "";
    assert_int_equal(load("[room b]\n[room a]\nseats = 13\n[room c]\n"), PL_OK);
    assert_int_equal(pl_config_each(config, "room", seen, &error), PL_ECONFIG);
    assert_string_equal(error.text,
                        "p.conf:2: [room a]: 13 seats bring bad luck");
}

static void flag_beats_environment_beats_file_beats_default(void **state)
{
    (void)state;
    char path[] = "/tmp/test_config_XXXXXX";
    int fd = mkstemp(path);
    static const char TEXT[] = "[media]\nport = 3000\naddress = file\n";
    assert_int_equal(write(fd, TEXT, sizeof TEXT - 1), sizeof TEXT - 1);
    (void)close(fd);
    char e1[] = "PARLEY_MEDIA_PORT=4000";
    char e2[] = "PARLEY_COMMON_LEVEL=warn";
    char e3[] = "PARLEY_API_UNKNOWN=ignored";
    char e4[] = "PARLEY_HOME=ignored";
    char *const env[] = {e1, e2, e3, e4, NULL};
    const char *const flags[] = {"port=5000", "json=on"};
    assert_int_equal(pl_config_load(SECTIONS, N(SECTIONS), path, env, NULL, 0,
                                    &config, &error),
                     PL_OK);
    assert_int_equal(get_media()->port, 4000);
    assert_string_equal(get_media()->address, "file");
    pl_config_destroy(&config);
    assert_int_equal(pl_config_load(SECTIONS, N(SECTIONS), path, env, flags, 2,
                                    &config, &error),
                     PL_OK);
    assert_int_equal(get_media()->port, 5000);
    const common *c = pl_config_get(config, "common");
    assert_true(c->json);
    assert_string_equal(c->level, "warn");
    (void)unlink(path);
}

static void bad_environment_and_flags_are_named(void **state)
{
    (void)state;
    char e1[] = "PARLEY_MEDIA_PORT=80";
    char e2[] = "PARLEY_MEDIA_PROT=80";
    const struct {
        char *env;
        const char *flag, *error;
    } rows[] = {
        {e1, NULL, "PARLEY_MEDIA_PORT = 80: below 1024 (port)"},
        {e2, NULL, "environment: PARLEY_MEDIA_PROT: unknown key in [media]"},
        {NULL, "port=80", "--port = 80: below 1024 (port)"},
        {NULL, "prot=80", "--prot: unknown flag"},
        {NULL, "port", "--port: needs a value: --key=value"},
    };
    for (size_t i = 0; i < N(rows); i++) {
        char *const env[] = {rows[i].env, NULL};
        assert_int_equal(pl_config_load(SECTIONS, N(SECTIONS), NULL, env,
                                        &rows[i].flag, rows[i].flag != NULL,
                                        &config, &error),
                         PL_ECONFIG);
        assert_string_equal(error.text, rows[i].error);
    }
}

static void a_missing_file_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(pl_config_load(SECTIONS, N(SECTIONS), "/nonexistent/x",
                                    NULL, NULL, 0, &config, &error),
                     PL_ECONFIG);
    assert_string_equal(error.text,
                        "/nonexistent/x: cannot be read: no such file");
}

static void a_key_without_a_valid_default_must_be_set(void **state)
{
    (void)state;
    static const pl_config_key keys[] = {{.kind = PL_CFG_STR,
                                          .name = "domain",
                                          .preset = "",
                                          .min = 1,
                                          .max = 9,
                                          .unit = "host",
                                          .doc = "our name"}};
    static const pl_config_section one = {.kind = "api",
                                          .keys = keys,
                                          .n_keys = 1,
                                          .size = PL_CONFIG_STR_MAX + 1};
    assert_int_equal(pl_config_load_text(&one, 1, "p.conf", pl_slice_str(""),
                                         &config, &error),
                     PL_ECONFIG);
    assert_string_equal(error.text, "[api] domain: must be set: our name");
    assert_int_equal(pl_config_load_text(&one, 1, "p.conf",
                                         pl_slice_str("[api]\ndomain = x"),
                                         &config, &error),
                     PL_OK);
}

static void the_print_loads_again_and_hides_secrets(void **state)
{
    (void)state;
    char text[8192];
    assert_int_equal(load("[media]\nport = 5000\n[room a]\npin = 4711\n"),
                     PL_OK);
    FILE *f = fmemopen(text, sizeof text, "w");
    assert_non_null(f);
    pl_config_print(config, f);
    (void)fclose(f);
    assert_non_null(strstr(text, "; from p.conf:2\nport = 5000\n"));
    assert_non_null(strstr(text, "; from default\nlevel = info\n"));
    assert_non_null(strstr(text, "# pin = (hidden)\n"));
    assert_null(strstr(text, "4711"));
    assert_null(strstr(text, "s3cret"));
    assert_int_equal(load(text), PL_OK);
    assert_int_equal(get_media()->port, 5000);
}

#define T(test) cmocka_unit_test_teardown(test, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_empty_file_gives_the_defaults),
        T(values_are_taken_from_their_sections),
        T(errors_name_line_key_value_and_bound),
        T(repeated_sections_come_in_file_order),
        T(a_refused_section_is_named),
        T(flag_beats_environment_beats_file_beats_default),
        T(bad_environment_and_flags_are_named),
        T(a_missing_file_is_an_error),
        T(a_key_without_a_valid_default_must_be_set),
        T(the_print_loads_again_and_hides_secrets),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
