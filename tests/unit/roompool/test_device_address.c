/* test_device_address.c - addresses of the device APIs in SIP, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "device/device_address.h"

#define ANY    "sip:anonymous@anonymous.invalid"
#define TEN    "aaaaaaaaaa"
#define BLANK  "%20%20%20%20%20%20%20%20%20%20%20%20"
#define BLANKS BLANK BLANK BLANK BLANK BLANK BLANK BLANK BLANK
/* Longer than a user part of ours can be. */
#define LONG_USER TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void which_number(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_it;
    } cases[] = {
        {"tel:+4930123", true},
        {"tel:+4930124", false},
        {"tel:123;phone-context=+4930", true},
        {"tel:123;phone-context=example.org", false},
        {"sip:+4930123@a.org", true},
        {"sip:4930123@a.org", true},
        {"sip:123;phone-context=+4930@a.org;user=phone", true},
        {"sip:ann@a.org", false},
        {"sip:+4930123", false},
        {"+4930123", false},
        {"", false},
        {ANY, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(pl_device_address_is(cases[i].address, "+4930123"),
                         cases[i].is_it);
}

static void to_sip_and_shown(void **state)
{
    (void)state;
    static const struct {
        const char *address, *sip, *told;
    } cases[] = {
        {"tel:+4930123", "sip:+4930123@d.org;user=phone", "tel:+4930123"},
        {"tel:123;phone-context=+4930",
         "sip:123;phone-context=+4930@d.org;user=phone", "tel:+4930123"},
        {"tel:*1#;phone-context=x.org",
         "sip:*1%23;phone-context=x.org@d.org;user=phone", "sip:%2A1%23@d.org"},
        {"sip:1#;phone-context=x.org@a.org;user=phone",
         "sip:1%23;phone-context=x.org@a.org;user=phone", "sip:1%23@a.org"},
        {"sip:room@a.org", "sip:room@a.org", "sip:room@a.org"},
        {"urn:service:sos", NULL, ANY},
        {"tel:1;phone-context=+4", "sip:1;phone-context=+4@d.org;user=phone",
         "sip:1@d.org"}, /* too short for a number */
        {"sip:%zz@a.org", NULL, "sip:%zz@a.org"},
        {"sip:" LONG_USER "@a.org", NULL, "sip:" LONG_USER "@a.org"},
        {"tel:", NULL, ANY},
        {"sip:@a.org", NULL, ANY},
        {ANY, NULL, ANY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buf[257];
        pl_err e = pl_device_address_to_sip(cases[i].address, "d.org", buf,
                                            sizeof buf);
        assert_int_equal(e, cases[i].sip ? PL_OK : PL_EINVAL);
        if (cases[i].sip)
            assert_string_equal(buf, cases[i].sip);
        pl_device_address_told(cases[i].address, "d.org", buf, sizeof buf);
        assert_string_equal(buf, cases[i].told);
    }
    char small[16];
    assert_int_equal(
        pl_device_address_to_sip("tel:+4930123", "d.org", small, sizeof small),
        PL_ETOOBIG);
}

static void from_sip(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *address;
    } cases[] = {
        {"sip:+4930123@a.org;user=phone", "tel:+4930123"},
        {"sip:+4930123@192.0.2.1:5070", "tel:+4930123"},
        {"tel:+49-30-123", "tel:+4930123"},
        {"tel:100;phone-context=a.org", "sip:100@d.org"},
        {"sip:bob@a.org:5070;x=y", "sip:bob@a.org"},
        {"sip:bob@192.0.2.1", "sip:bob@d.org"},
        {"sip:bob@[2001:db8::1]", "sip:bob@d.org"},
        {"sip:bob@localhost", "sip:bob@d.org"},
        {"sip:b%20b@a.org", "sip:b%20b@a.org"},
        {"sip:bob@a_b.org", "sip:bob@d.org"},
        {"sip:bob@a.o1", "sip:bob@d.org"},
        {"sip:+112@a.org", "sip:+112@a.org"},
        {"sip:+04930123@a.org", "sip:+04930123@a.org"},
        {"sip:+1234567890123456@a.org", "sip:+1234567890123456@a.org"},
        {"sip:" BLANKS "@a.org", ANY}, /* too long when they are escaped */
        {"sip:anonymous@anonymous.invalid", ANY},
        {"sip:a.org", ANY},
        {"", ANY},
        {"rubbish", ANY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buf[257];
        pl_device_address_of_sip(cases[i].uri, "d.org", buf, sizeof buf);
        assert_string_equal(buf, cases[i].address);
    }
}

/* What the definition permits of hosts, though the line has another domain. */
static void without_a_domain(void **state)
{
    (void)state;
    static const char *const domains[] = {"localhost", "192.0.2.1", "invalid",
                                          ""};
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        char buf[257];
        pl_device_address_of_sip("sip:bob@192.0.2.7", domains[i], buf,
                                 sizeof buf);
        assert_string_equal(buf, "sip:bob@unknown.invalid");
        pl_device_address_told("tel:110;phone-context=a.org", domains[i], buf,
                               sizeof buf);
        assert_string_equal(buf, "sip:110@unknown.invalid");
    }
}

static void names_are_cut_whole(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t cap;
        const char *cut;
    } cases[] = {
        {"Ann", 9, "Ann"},
        {"A\r\nn\x7fn", 9, "Ann"},
        {"Annabel", 4, "Ann"},
        {"a\xc3\xa4\xc3\xb6", 6, "a\xc3\xa4\xc3\xb6"},
        {"a\xc3\xa4\xc3\xb6", 5, "a\xc3\xa4"},
        {"a\xc3\xa4\xc3\xb6", 4, "a\xc3\xa4"},
        {"a\xc3\xa4\xc3\xb6", 3, "a"},
        {"", 3, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buf[16];
        pl_device_name(cases[i].name, buf, cases[i].cap);
        assert_string_equal(buf, cases[i].cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_number),
        cmocka_unit_test(to_sip_and_shown),
        cmocka_unit_test(from_sip),
        cmocka_unit_test(without_a_domain),
        cmocka_unit_test(names_are_cut_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
