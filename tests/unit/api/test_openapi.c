/* test_openapi.c - the description and the table of routes say the same. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/str.h"
#include "route.h"

enum { TEXT_MAX = 1 << 20 };

static pl_buf text;

static int read_description(void **state)
{
    FILE *f = fopen(OPENAPI, "r");
    char part[4096];
    size_t n;
    (void)state;
    if (!f)
        return -1;
    pl_buf_init(&text, TEXT_MAX);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        pl_buf_add(&text, part, n);
    (void)fclose(f);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    pl_buf_fini(&text);
    return 0;
}

/* The description is larger than a request may be: look at it as text. A path
 * line is `  "/path": {`, a method line below it `   "get": {`. */
static bool is_described(const char *path, const char *method)
{
    char head[256];
    char name[16];
    pl_fmt_cut(head, sizeof head, "\n  \"%s\": {\n", path);
    pl_fmt_cut(name, sizeof name, "\n   \"%s\": {", method);
    const char *at = strstr(pl_buf_text(&text), head);
    if (!at)
        return false;
    const char *end = strstr(at + strlen(head), "\n  }");
    const char *found = strstr(at + strlen(head) - 1, name);
    return found && end && found < end;
}

/* Our {*} is {path} there. */
static void describe_path(const char *path, char *buf, size_t cap)
{
    const char *star = strstr(path, "{*}");
    if (star)
        pl_fmt_cut(buf, cap, "%.*s{path}", (int)(star - path), path);
    else
        pl_fmt_cut(buf, cap, "%s", path);
}

static void lower(char *buf, const char *word)
{
    size_t i = 0;
    for (; word[i]; i++)
        buf[i] = (char)(word[i] + ('a' - 'A'));
    buf[i] = '\0';
}

static void every_route_is_described(void **state)
{
    (void)state;
    for (size_t i = 0; pl_route_at(i); i++) {
        char path[256];
        char method[16];
        describe_path(pl_route_at(i)->path, path, sizeof path);
        lower(method, pl_http_method_text(pl_route_at(i)->method));
        if (!is_described(path, method))
            print_error("not described: %s %s\n", method, path);
        assert_true(is_described(path, method));
    }
}

static size_t count_text(const char *what)
{
    size_t n = 0;
    for (const char *at = pl_buf_text(&text); (at = strstr(at, what)) != NULL;
         at += strlen(what))
        n++;
    return n;
}

/* With as many operations as routes, none of them is without a route. */
static void nothing_else_is_described(void **state)
{
    size_t n = 0;
    (void)state;
    while (pl_route_at(n))
        n++;
    assert_int_equal(count_text("\"operationId\":"), n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(nothing_else_is_described),
    };
    return cmocka_run_group_tests_name("openapi", tests, read_description,
                                       forget);
}
