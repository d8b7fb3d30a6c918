/* test_dialog.c - route sets, tags and sequence numbers. */
#include "dialog.h"

#include "unit.h"

static pl_sip_msg invite(void)
{
    return (pl_sip_msg){.is_request = true,
                        .method = PL_SIP_INVITE,
                        .call_id = "i",
                        .from_tag = "F",
                        .from_uri = "sip:them",
                        .to_uri = "sip:us",
                        .has_contact = true,
                        .contact = "sip:them@10.0.0.1",
                        .record_routes = "<sip:p1;lr>,<sip:p2;lr>",
                        .cseq = 5};
}

static void a_server_keeps_the_route_order(void **state)
{
    (void)state;
    pl_sip_msg m = invite();
    pl_sip_dialog d;
    pl_sip_hop hop;
    assert_int_equal(pl_sip_dialog_accept(&m, "L", &d), PL_OK);
    assert_int_equal(pl_sip_dialog_hop(&d, &hop), PL_OK);
    assert_string_equal(hop.request_uri, "sip:them@10.0.0.1");
    assert_string_equal(hop.route, "<sip:p1;lr>,<sip:p2;lr>");
    assert_string_equal(hop.next.host, "p1");
}

static void a_client_reverses_the_route_order(void **state)
{
    (void)state;
    pl_sip_msg m = invite();
    pl_sip_dialog d = {.call_id = "i", .local_tag = "L"};
    assert_int_equal(pl_sip_dialog_establish(&d, &m), PL_EPROTO); /* no tag */
    memcpy(m.to_tag, "R", 2);
    m.status = 200;
    assert_int_equal(pl_sip_dialog_establish(&d, &m), PL_OK);
    assert_string_equal(d.routes, "<sip:p2;lr>,<sip:p1;lr>");
    assert_string_equal(d.remote_tag, "R");
}

static void a_strict_router_gets_its_own_address(void **state)
{
    (void)state;
    pl_sip_msg m = invite(); /* RFC 3261 section 12.2.1.1 */
    memcpy(m.record_routes, "<sip:old>,<sip:p2;lr>", 22);
    pl_sip_dialog d;
    pl_sip_hop hop;
    assert_int_equal(pl_sip_dialog_accept(&m, "L", &d), PL_OK);
    assert_int_equal(pl_sip_dialog_hop(&d, &hop), PL_OK);
    assert_string_equal(hop.request_uri, "sip:old");
    assert_string_equal(hop.route, "<sip:p2;lr>,<sip:them@10.0.0.1>");
    assert_string_equal(hop.next.host, "old");
}

static void unusable_addresses_form_no_dialog(void **state)
{
    (void)state;
    pl_sip_dialog d;
    pl_sip_msg m = invite();
    m.contact[0] = '\0';
    assert_int_equal(pl_sip_dialog_accept(&m, "L", &d), PL_EPROTO);
    m = invite();
    memcpy(m.record_routes, "<tel:1>", 8);
    assert_int_equal(pl_sip_dialog_accept(&m, "L", &d), PL_EPROTO);
    m = invite();
    m.record_routes[0] = '\0';
    for (unsigned i = 0; i < 17; i++)
        memcpy(m.record_routes + strlen(m.record_routes), "<sip:p;lr>,", 12);
    assert_int_equal(pl_sip_dialog_accept(&m, "L", &d), PL_EPROTO);
}

static void numbers_must_rise(void **state)
{
    (void)state; /* RFC 3261 section 12.2.2 */
    pl_sip_msg m = invite();
    pl_sip_dialog d;
    assert_int_equal(pl_sip_dialog_accept(&m, "L", &d), PL_OK);
    m.method = PL_SIP_BYE;
    assert_int_equal(pl_sip_dialog_receive(&d, &m), PL_ESTATE);
    m.method = PL_SIP_ACK;
    assert_int_equal(pl_sip_dialog_receive(&d, &m), PL_OK);
    m.method = PL_SIP_BYE;
    m.cseq = 9; /* gaps are legal */
    assert_int_equal(pl_sip_dialog_receive(&d, &m), PL_OK);
    m.cseq = 8;
    assert_int_equal(pl_sip_dialog_receive(&d, &m), PL_ESTATE);
}

static void all_three_identifiers_count(void **state)
{
    (void)state;
    pl_sip_msg m = invite();
    pl_sip_dialog d;
    assert_int_equal(pl_sip_dialog_accept(&m, "L", &d), PL_OK);
    memcpy(m.to_tag, "L", 2);
    assert_true(pl_sip_dialog_matches(&d, &m));
    memcpy(m.from_tag, "G", 2);
    assert_false(pl_sip_dialog_matches(&d, &m));
    memcpy(m.from_tag, "F", 2);
    memcpy(m.to_tag, "l", 2);
    assert_false(pl_sip_dialog_matches(&d, &m));
    memcpy(m.to_tag, "L", 2);
    memcpy(m.call_id, "j", 2);
    assert_false(pl_sip_dialog_matches(&d, &m));
}

static void a_refresh_moves_the_target(void **state)
{
    (void)state;
    pl_sip_msg m = invite();
    pl_sip_dialog d;
    assert_int_equal(pl_sip_dialog_accept(&m, "L", &d), PL_OK);
    memcpy(m.contact, "sip:new@h", 10);
    pl_sip_dialog_refresh(&d, &m);
    assert_string_equal(d.target, "sip:new@h");
    memcpy(m.contact, "tel:1", 6);
    pl_sip_dialog_refresh(&d, &m);
    assert_string_equal(d.target, "sip:new@h");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_keeps_the_route_order),
        cmocka_unit_test(a_client_reverses_the_route_order),
        cmocka_unit_test(a_strict_router_gets_its_own_address),
        cmocka_unit_test(unusable_addresses_form_no_dialog),
        cmocka_unit_test(numbers_must_rise),
        cmocka_unit_test(all_three_identifiers_count),
        cmocka_unit_test(a_refresh_moves_the_target),
    };
    return RUN(tests);
}
