/* test_ice.c - ICE-lite: authentication before state, selection, consent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ice.h"

enum { SECOND = 1000000 };

static const uint8_t txid[PL_STUN_TXID] = "transaction";
static const char pwd[] = "0123456789abcdef01234567";

typedef struct check {
    uint8_t buf[256];
    size_t len;
    pl_stun_msg msg;
} check;

static pl_addr addr(const char *ip, uint16_t port)
{
    pl_addr a;
    assert_int_equal(pl_addr_parse(ip, port, &a), PL_OK);
    return a;
}

static void make_check(check *c, const char *user, const char *password,
                       bool use_candidate)
{
    pl_stun_writer w;
    pl_stun_begin(&w, c->buf, sizeof c->buf, PL_STUN_BINDING_REQUEST, txid);
    pl_stun_put(&w, PL_STUN_AT_USERNAME, user, strlen(user));
    pl_stun_put_u32(&w, PL_STUN_AT_PRIORITY, 1000);
    pl_stun_put_u64(&w, PL_STUN_AT_CONTROLLING, 5);
    if (use_candidate)
        pl_stun_put(&w, PL_STUN_AT_USE_CANDIDATE, "", 0);
    assert_int_equal(pl_stun_end(&w, pl_slice_str(password), &c->len), PL_OK);
    assert_int_equal(pl_stun_parse(c->buf, c->len, &c->msg), PL_OK);
}

static pl_ice fresh(void)
{
    pl_ice ice;
    assert_int_equal(pl_ice_init(&ice, "ours1234", pwd, "theirs", 0), PL_OK);
    return ice;
}

static pl_ice_outcome feed(pl_ice *ice, const pl_addr *from, bool use,
                           int64_t now_us)
{
    check c;
    pl_ice_reply r;
    make_check(&c, "ours1234:theirs", pwd, use);
    return pl_ice_on_request(ice, &c.msg, from, now_us, &r);
}

static void good_check_is_answered_with_the_source(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr from = addr("192.0.2.7", 4000);
    check c;
    pl_ice_reply r;
    make_check(&c, "ours1234:theirs", pwd, false);
    pl_ice_outcome out = pl_ice_on_request(&ice, &c.msg, &from, 0, &r);
    assert_int_equal(out.result, PL_ICE_NEW_PATH);
    pl_stun_msg answer;
    assert_int_equal(pl_stun_parse(r.data, r.len, &answer), PL_OK);
    assert_int_equal(answer.type, PL_STUN_BINDING_SUCCESS);
    assert_memory_equal(answer.txid, txid, sizeof txid);
    assert_true(pl_addr_eq(&answer.mapped, &from));
    assert_true(pl_stun_is_authentic(&answer, pl_slice_str(pwd)));
    assert_int_equal(ice.selected, -1); /* RFC 8445 section 8.2: not yet */
}

static void wrong_credentials_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *user, *password;
    } bad[] = {{"ours1234:theirs", "another password entirely"},
               {"ours1234:other", pwd},
               {"ours1234", pwd},
               {"ours9999:theirs", pwd},
               {"", pwd}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pl_ice ice = fresh();
        pl_ice before = ice;
        pl_addr from = addr("192.0.2.7", 4000);
        check c;
        pl_ice_reply r;
        make_check(&c, bad[i].user, bad[i].password, true);
        pl_ice_outcome out = pl_ice_on_request(&ice, &c.msg, &from, 0, &r);
        assert_int_equal(out.result, PL_ICE_REFUSED);
        assert_true(r.len <= c.len);
        assert_memory_equal(&before, &ice, sizeof ice);
        pl_stun_msg answer;
        assert_int_equal(pl_stun_parse(r.data, r.len, &answer), PL_OK);
        assert_int_equal(answer.error, 401);
    }
}

static void check_without_integrity_is_a_bad_request(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr from = addr("192.0.2.7", 4000);
    check c;
    pl_ice_reply r;
    pl_stun_writer w;
    pl_stun_begin(&w, c.buf, sizeof c.buf, PL_STUN_BINDING_REQUEST, txid);
    pl_stun_put(&w, PL_STUN_AT_USERNAME, "ours1234:theirs", 15);
    assert_int_equal(pl_stun_end(&w, (pl_slice){NULL, 0}, &c.len), PL_OK);
    assert_int_equal(pl_stun_parse(c.buf, c.len, &c.msg), PL_OK);
    pl_ice_outcome out = pl_ice_on_request(&ice, &c.msg, &from, 0, &r);
    assert_int_equal(out.result, PL_ICE_REFUSED);
    pl_stun_msg answer;
    assert_int_equal(pl_stun_parse(r.data, r.len, &answer), PL_OK);
    assert_int_equal(answer.error, 400);
    assert_int_equal(pl_ice_find(&ice, &from), -1);
}

static void error_is_never_larger_than_the_request(void **state)
{
    (void)state;
    uint8_t bare[PL_STUN_HEADER] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    pl_stun_msg m;
    pl_ice_reply r;
    assert_int_equal(pl_stun_parse(bare, sizeof bare, &m), PL_OK);
    pl_ice_refuse(&m, 400, &r);
    assert_int_equal(r.len, 0);
}

static void unknown_attribute_is_answered_by_420(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr from = addr("192.0.2.7", 4000);
    check c;
    pl_ice_reply r;
    pl_stun_writer w;
    pl_stun_begin(&w, c.buf, sizeof c.buf, PL_STUN_BINDING_REQUEST, txid);
    pl_stun_put(&w, PL_STUN_AT_USERNAME, "ours1234:theirs", 15);
    pl_stun_put(&w, 0x7abc, "", 0);
    assert_int_equal(pl_stun_end(&w, pl_slice_str(pwd), &c.len), PL_OK);
    assert_int_equal(pl_stun_parse(c.buf, c.len, &c.msg), PL_OK);
    assert_int_equal(pl_ice_on_request(&ice, &c.msg, &from, 0, &r).result,
                     PL_ICE_REFUSED);
    pl_stun_msg answer;
    assert_int_equal(pl_stun_parse(r.data, r.len, &answer), PL_OK);
    assert_int_equal(answer.error, 420);
    assert_int_equal(pl_ice_find(&ice, &from), -1);
}

static void use_candidate_selects_the_first_path(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr a = addr("192.0.2.7", 4000);
    assert_int_equal(feed(&ice, &a, false, 0).result, PL_ICE_NEW_PATH);
    assert_int_equal(feed(&ice, &a, true, 1).result, PL_ICE_SELECTED);
    assert_int_equal(ice.selected, pl_ice_find(&ice, &a));
    assert_int_equal(feed(&ice, &a, true, 2).result, PL_ICE_ANSWERED);
}

static void another_path_is_selected_only_with_media(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr a = addr("192.0.2.7", 4000);
    pl_addr b = addr("2001:db8::7", 4001);
    (void)feed(&ice, &a, true, 0);
    int first = ice.selected;
    /* a replayed check from elsewhere: valid, nominated, but no media */
    assert_int_equal(feed(&ice, &b, true, 1).result, PL_ICE_NEW_PATH);
    assert_int_equal(ice.selected, first);
    int other = pl_ice_find(&ice, &b);
    assert_true(pl_ice_on_media(&ice, ice.paths[other].number));
    assert_int_equal(ice.selected, other);
    assert_int_equal(pl_ice_find(&ice, &a), first); /* the old one is heard */
    assert_false(pl_ice_on_media(&ice, ice.paths[other].number));
}

static void media_before_nomination_counts_when_it_comes(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr a = addr("192.0.2.7", 4000);
    pl_addr b = addr("192.0.2.7", 4001);
    (void)feed(&ice, &a, true, 0);
    (void)feed(&ice, &b, false, 1);
    int other = pl_ice_find(&ice, &b);
    assert_false(pl_ice_on_media(&ice, ice.paths[other].number));
    assert_int_equal(feed(&ice, &b, true, 2).result, PL_ICE_SELECTED);
    assert_int_equal(ice.selected, other);
}

static void quiet_path_gives_way_to_a_nominated_one(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr a = addr("192.0.2.7", 4000);
    pl_addr b = addr("192.0.2.8", 4000);
    pl_addr gone;
    (void)feed(&ice, &a, true, 0);
    (void)feed(&ice, &b, true, 4 * SECOND);
    assert_false(pl_ice_maintain(&ice, 5 * SECOND, &gone));
    assert_true(pl_ice_maintain(&ice, 6 * SECOND, &gone));
    assert_int_equal(ice.selected, pl_ice_find(&ice, &b));
}

static void ninth_path_replaces_the_quietest(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr a = addr("192.0.2.7", 4000);
    (void)feed(&ice, &a, true, 0); /* selected: stays */
    for (uint16_t i = 1; i < PL_ICE_PATHS; i++) {
        pl_addr x = addr("192.0.2.7", (uint16_t)(4000 + i));
        (void)feed(&ice, &x, false, i * SECOND);
    }
    pl_addr x = addr("192.0.2.99", 5000);
    pl_addr quietest = addr("192.0.2.7", 4001);
    pl_ice_outcome out = feed(&ice, &x, false, 10 * SECOND);
    assert_true(out.is_new_path);
    assert_true(pl_addr_eq(&out.gone, &quietest));
    assert_int_equal(pl_ice_find(&ice, &quietest), -1);
    assert_int_equal(ice.selected, pl_ice_find(&ice, &a));
}

static void consent_expires_after_30_seconds(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr a = addr("192.0.2.7", 4000);
    (void)feed(&ice, &a, true, 10 * SECOND);
    assert_false(pl_ice_is_expired(&ice, 40 * SECOND));
    assert_true(pl_ice_is_expired(&ice, 40 * SECOND + 1)); /* RFC 7675 5.1 */
    /* a wrong check does not renew it */
    check c;
    pl_ice_reply r;
    make_check(&c, "ours1234:theirs", "guess", true);
    (void)pl_ice_on_request(&ice, &c.msg, &a, 41 * SECOND, &r);
    assert_true(pl_ice_is_expired(&ice, 41 * SECOND));
}

static void restart_keeps_the_path_until_a_new_one(void **state)
{
    (void)state;
    pl_ice ice = fresh();
    pl_addr a = addr("192.0.2.7", 4000);
    (void)feed(&ice, &a, true, 0);
    int first = ice.selected;
    assert_int_equal(pl_ice_restart(&ice, "new12345", pwd, "fresh"), PL_OK);
    assert_int_equal(ice.selected, first);
    assert_int_equal(feed(&ice, &a, true, 1).result, PL_ICE_REFUSED);
}

static void own_name_is_found_in_usernames(void **state)
{
    (void)state;
    char ufrag[PL_ICE_UFRAG + 1];
    assert_int_equal(pl_ice_local_ufrag(pl_slice_str("abcd:efgh"), ufrag),
                     PL_OK);
    assert_string_equal(ufrag, "abcd");
    assert_int_equal(pl_ice_local_ufrag(pl_slice_str("abcd"), ufrag),
                     PL_EPROTO);
    assert_int_equal(pl_ice_local_ufrag(pl_slice_str(":efgh"), ufrag),
                     PL_EPROTO);
    assert_int_equal(pl_ice_local_ufrag(pl_slice_str("too-long-a:x"), ufrag),
                     PL_EPROTO);
    assert_int_equal(pl_ice_local_ufrag((pl_slice){NULL, 0}, ufrag), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_check_is_answered_with_the_source),
        cmocka_unit_test(wrong_credentials_change_nothing),
        cmocka_unit_test(check_without_integrity_is_a_bad_request),
        cmocka_unit_test(error_is_never_larger_than_the_request),
        cmocka_unit_test(unknown_attribute_is_answered_by_420),
        cmocka_unit_test(use_candidate_selects_the_first_path),
        cmocka_unit_test(another_path_is_selected_only_with_media),
        cmocka_unit_test(media_before_nomination_counts_when_it_comes),
        cmocka_unit_test(quiet_path_gives_way_to_a_nominated_one),
        cmocka_unit_test(ninth_path_replaces_the_quietest),
        cmocka_unit_test(consent_expires_after_30_seconds),
        cmocka_unit_test(restart_keeps_the_path_until_a_new_one),
        cmocka_unit_test(own_name_is_found_in_usernames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
