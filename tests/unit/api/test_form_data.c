/* test_form_data.c - forms in both encodings. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "form_data.h"

#define TYPE "multipart/form-data; boundary=XX"
#define PART(name, value)                                                      \
    "--XX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value  \
    "\r\n"
#define END "--XX--\r\n"

static pl_err open_form(const char *type, const char *body, pl_form *form)
{
    return pl_form_open(pl_slice_str(type), pl_slice_str(body), form);
}

static void finds_values_in_either_encoding(void **state)
{
    static const struct {
        const char *type, *body;
    } ROWS[] = {
        {"application/x-www-form-urlencoded", "a=1&b=x+%2B%20y&c="},
        {TYPE, PART("a", "1") PART("b", "x + y") PART("c", "") END},
        {"multipart/form-data; charset=utf-8; boundary=\"XX\"",
         PART("a", "1") PART("b", "x + y") PART("c", "") "--XX--"},
        {"Multipart/Form-Data;Boundary=XX ; x=y",
         "--XX\r\ncontent-disposition:form-data;name=a\r\nContent-Type: "
         "text/plain\r\n\r\n1\r\n" PART("b", "x + y") PART("c", "") END},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_form form;
        char buf[6];
        assert_int_equal(open_form(ROWS[i].type, ROWS[i].body, &form), PL_OK);
        assert_int_equal(pl_form_get(&form, "a", buf, sizeof buf), PL_OK);
        assert_string_equal(buf, "1");
        assert_int_equal(pl_form_get(&form, "b", buf, sizeof buf), PL_OK);
        assert_string_equal(buf, "x + y");
        assert_int_equal(pl_form_get(&form, "b", buf, 5), PL_EFULL);
        assert_int_equal(pl_form_get(&form, "c", buf, sizeof buf), PL_OK);
        assert_string_equal(buf, "");
        assert_int_equal(pl_form_get(&form, "d", buf, sizeof buf), PL_ENOENT);
        assert_int_equal(pl_form_get_optional(&form, "d", buf, sizeof buf),
                         PL_OK);
        assert_string_equal(buf, "");
        assert_int_equal(pl_form_get_optional(&form, "a", buf, sizeof buf),
                         PL_OK);
        assert_string_equal(buf, "1");
        assert_int_equal(pl_form_get_optional(&form, "b", buf, 5), PL_EFULL);
        assert_string_equal(buf, "");
    }
}

static void refuses_other_types_and_boundaries(void **state)
{
    static const struct {
        const char *type;
        pl_err e;
    } ROWS[] = {
        {"", PL_EUNSUPPORTED},
        {"application/json", PL_EUNSUPPORTED},
        {"multipart/mixed; boundary=XX", PL_EUNSUPPORTED},
        {"multipart/form-data", PL_EPROTO},
        {"multipart/form-data; boundary=", PL_EPROTO},
        {"multipart/form-data; boundary=\"XX", PL_EPROTO},
        {"multipart/form-data; boundary=XX; boundary=XX", PL_EPROTO},
        {"multipart/form-data; boundary=\"X;X\"", PL_EPROTO},
        {"multipart/form-data; boundary=\"XX \"", PL_EPROTO},
        {"multipart/form-data boundary=XX", PL_EPROTO},
        {"multipart/form-dataX; boundary=XX", PL_EPROTO},
        {"multipart/form-data; boundary="
         "0123456789012345678901234567890123456789012345678901234567890123456"
         "7890",
         PL_EPROTO},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_form form;
        assert_int_equal(open_form(ROWS[i].type, PART("a", "1") END, &form),
                         ROWS[i].e);
    }
}

static void refuses_malformed_parts(void **state)
{
#define HEAD(line) "--XX\r\n" line "\r\n\r\n1\r\n" END
    static const char *const BODIES[] = {
        "",
        "x",
        "--XX",
        "--XX\r\n",
        "preamble\r\n" PART("a", "1") END,
        PART("a", "1"),
        PART("a", "1") END "epilogue",
        PART("a", "1") "--XX-",
        "--XX\r\n\r\n1\r\n" END,
        HEAD("Content-Disposition: attachment; name=\"a\""),
        HEAD("Content-Disposition: form-data"),
        HEAD("Content-Disposition: form-data; name=\"a\\\"b\""),
        HEAD("Content-Disposition: form-data; name=\"a\"; name=\"b\""),
        HEAD("Content-Disposition: form-data; name=\"a\"; filename=\"f\""),
        HEAD("Content-Disposition: form-data; name=\"a\r\n b\""),
        HEAD("Content-Disposition: form-data; name=\"a\"\r\n"
             "Content-Disposition: form-data; name=\"b\""),
        HEAD("Content-Disposition: form-data; name=\"a\"\r\n"
             "Content-Transfer-Encoding: base64"),
        HEAD("no colon"),
        HEAD("Content-Disposition: form-data; name=\"a\"\r\n folded: x"),
        "--XX\nContent-Disposition: form-data; name=\"a\"\n\n1\n--XX--\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        pl_form form;
        if (open_form(TYPE, BODIES[i], &form) != PL_EPROTO)
            print_error("%s\n", BODIES[i]);
        assert_int_equal(open_form(TYPE, BODIES[i], &form), PL_EPROTO);
    }
}

static void refuses_values_that_are_no_text(void **state)
{
    static const struct {
        const char *body;
        pl_err e;
    } ROWS[] = {{PART("a", "1") PART("a", "1") END, PL_EPROTO},
                {PART("a", "1\n") END, PL_EPROTO},
                {PART("a", "\xff") END, PL_EPROTO},
                {PART("a", "--XX") END, PL_OK}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_form form;
        char buf[16];
        assert_int_equal(open_form(TYPE, ROWS[i].body, &form), PL_OK);
        assert_int_equal(pl_form_get(&form, "a", buf, sizeof buf), ROWS[i].e);
    }
}

/* Parts, header lines and their length: one more than allowed. */
static void bounds_everything(void **state)
{
    static char body[8192];
    pl_form form;
    (void)state;
    body[0] = '\0';
    for (int i = 0; i < PL_FORM_PARTS_MAX; i++)
        (void)snprintf(body + strlen(body), sizeof body - strlen(body), "%s",
                       PART("x", "1"));
    size_t n = strlen(body);
    (void)snprintf(body + n, sizeof body - n, "%s", END);
    assert_int_equal(open_form(TYPE, body, &form), PL_OK);
    (void)snprintf(body + n, sizeof body - n, "%s", PART("x", "1") END);
    assert_int_equal(open_form(TYPE, body, &form), PL_EPROTO);
    (void)snprintf(body, sizeof body,
                   "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n"
                   "X: %0*d\r\n\r\n1\r\n" END,
                   PL_FORM_LINE_MAX - 3, 0);
    assert_int_equal(open_form(TYPE, body, &form), PL_OK);
    (void)snprintf(body, sizeof body,
                   "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n"
                   "X: %0*d\r\n\r\n1\r\n" END,
                   PL_FORM_LINE_MAX - 2, 0);
    assert_int_equal(open_form(TYPE, body, &form), PL_EPROTO);
    (void)snprintf(body, sizeof body, "--XX\r\n");
    for (int i = 0; i <= PL_FORM_HEADERS_MAX; i++)
        (void)snprintf(body + strlen(body), sizeof body - strlen(body),
                       "X: 1\r\n");
    (void)snprintf(body + strlen(body), sizeof body - strlen(body),
                   "\r\n1\r\n" END);
    assert_int_equal(open_form(TYPE, body, &form), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_values_in_either_encoding),
        cmocka_unit_test(refuses_other_types_and_boundaries),
        cmocka_unit_test(refuses_malformed_parts),
        cmocka_unit_test(refuses_values_that_are_no_text),
        cmocka_unit_test(bounds_everything),
    };
    return cmocka_run_group_tests_name("form_data", tests, NULL, NULL);
}
