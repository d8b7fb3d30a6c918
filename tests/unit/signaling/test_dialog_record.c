/* test_dialog_record.c - a dialog written down, and read by another worker. */
#include "dialog_record.h"

#include "pl/str.h"
#include "unit.h"

static pl_dialog_record full(void)
{
    pl_dialog_record r = {.dialog = {.is_uas = true,
                                     .call_id = "i@\xc3\xa9",
                                     .local_tag = "L",
                                     .remote_tag = "R",
                                     .local_uri = "sip:us@x",
                                     .remote_uri = "sip:them@y",
                                     .local_name = "A \"b\" \\c",
                                     .target = "sip:t@10.0.0.1:5070",
                                     .routes = "<sip:p1;lr>,<sip:p2;lr>",
                                     .local_cseq = 1007,
                                     .remote_cseq = 4000000000U,
                                     .has_remote_cseq = true},
                          .transport = PL_URI_TCP,
                          .port = 0,
                          .is_sips = true,
                          .allows_update = true,
                          .session_s = 1800,
                          .is_refresher = true,
                          .session_min_s = 90,
                          .contact_user = "c",
                          .sdp = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n"};
    assert_int_equal(pl_ip_parse(pl_slice_str("192.0.2.7"), &r.peer), PL_OK);
    assert_int_equal(pl_ip_parse(pl_slice_str("2001:db8::1"), &r.source),
                     PL_OK);
    return r;
}

static void is_read_as_written(const pl_dialog_record *r)
{
    static pl_dialog_record back;
    pl_buf text;
    assert_int_equal(pl_dialog_record_write(r, &text), PL_OK);
    assert_true(text.len <= PL_DIALOG_RECORD_MAX);
    assert_int_equal(pl_dialog_record_read(pl_buf_slice(&text), &back), PL_OK);
    assert_memory_equal(&back.dialog.call_id, r->dialog.call_id,
                        strlen(r->dialog.call_id) + 1);
    assert_string_equal(back.dialog.local_tag, r->dialog.local_tag);
    assert_string_equal(back.dialog.remote_tag, r->dialog.remote_tag);
    assert_string_equal(back.dialog.local_uri, r->dialog.local_uri);
    assert_string_equal(back.dialog.remote_uri, r->dialog.remote_uri);
    assert_string_equal(back.dialog.local_name, r->dialog.local_name);
    assert_string_equal(back.dialog.target, r->dialog.target);
    assert_string_equal(back.dialog.routes, r->dialog.routes);
    assert_string_equal(back.contact_user, r->contact_user);
    assert_string_equal(back.sdp, r->sdp);
    assert_int_equal(back.dialog.is_uas, r->dialog.is_uas);
    assert_int_equal(back.dialog.local_cseq, r->dialog.local_cseq);
    assert_int_equal(back.dialog.has_remote_cseq, r->dialog.has_remote_cseq);
    assert_int_equal(back.dialog.remote_cseq, r->dialog.remote_cseq);
    assert_int_equal(back.transport, r->transport);
    assert_int_equal(back.port, r->port);
    assert_true(pl_ip_eq(&back.peer, &r->peer));
    assert_true(pl_ip_eq(&back.source, &r->source));
    assert_int_equal(back.is_sips, r->is_sips);
    assert_int_equal(back.allows_update, r->allows_update);
    assert_int_equal(back.session_s, r->session_s);
    assert_int_equal(back.is_refresher, r->is_refresher);
    assert_int_equal(back.session_min_s, r->session_min_s);
    pl_buf_fini(&text);
}

static void all_of_it_comes_back(void **state)
{
    (void)state;
    static pl_dialog_record r;
    r = full();
    is_read_as_written(&r);
    r.dialog.is_uas = r.is_sips = r.allows_update = r.is_refresher = false;
    r.dialog.has_remote_cseq = false;
    r.dialog.remote_cseq = 0;
    r.dialog.routes[0] = r.dialog.local_name[0] = r.contact_user[0] = '\0';
    r.dialog.remote_tag[0] = r.sdp[0] = '\0';
    r.session_s = 0;
    r.transport = PL_URI_UDP;
    r.port = 65535;
    is_read_as_written(&r);
}

static void what_is_too_long_goes_without_its_description(void **state)
{
    (void)state;
    static pl_dialog_record r;
    static pl_dialog_record back;
    pl_buf text;
    r = full();
    memset(r.sdp, 'a', PL_DIALOG_SDP_MAX);
    is_read_as_written(&r);
    for (size_t i = 0; i + 16 < PL_SIP_ROUTES_MAX; i += 8)
        memcpy(r.dialog.routes + i, i == 0 ? "<sip:aa>" : "         ", 8);
    memset(r.dialog.local_uri, '"', PL_SIP_URI_MAX);
    memset(r.dialog.remote_uri, '"', PL_SIP_URI_MAX);
    assert_int_equal(pl_dialog_record_write(&r, &text), PL_OK);
    assert_int_equal(pl_dialog_record_read(pl_buf_slice(&text), &back), PL_OK);
    assert_string_equal(back.sdp, "");
    pl_buf_fini(&text);
    memset(r.dialog.local_uri, '\x01', PL_SIP_URI_MAX); /* six bytes each */
    memset(r.dialog.remote_uri, '\x01', PL_SIP_URI_MAX);
    assert_int_equal(pl_dialog_record_write(&r, &text), PL_EFULL);
}

static void what_cannot_be_written_is_refused(void **state)
{
    (void)state;
    static pl_dialog_record r;
    pl_buf text;
    r = full();
    memcpy(r.dialog.call_id, "\xff", 2);
    assert_int_equal(pl_dialog_record_write(&r, &text), PL_EINVAL);
    r = full();
    r.transport = PL_URI_OTHER;
    assert_int_equal(pl_dialog_record_write(&r, &text), PL_EINVAL);
}

/* The record of full() with one part of its text changed. */
static pl_err with(const char *from, const char *to)
{
    static pl_dialog_record r;
    static pl_dialog_record back;
    pl_buf text;
    char other[2048];
    r = full();
    assert_int_equal(pl_dialog_record_write(&r, &text), PL_OK);
    const char *at = strstr(pl_buf_text(&text), from);
    assert_non_null(at);
    pl_fmt_cut(other, sizeof other, "%.*s%s%s", (int)(at - pl_buf_text(&text)),
               pl_buf_text(&text), to, at + strlen(from));
    pl_buf_fini(&text);
    return pl_dialog_record_read(pl_slice_str(other), &back);
}

static void a_record_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{", "["},
        {"\"call_id\"", "\"other\""},
        {"\"L\"", "\"\""},
        {"\"L\"", "7"},
        {"\"L\"", "\"a\\u000ab\""},
        {"sip:t@10.0.0.1", "tel:1"},
        {"<sip:p1;lr>", "<http:p1>"},
        {":1007", ":-1"},
        {":1007", ":2147483648"},
        {":4000000000", ":4294967296"},
        {"\"tcp\"", "\"ws\""},
        {"192.0.2.7", "192.0.2"},
        {"\"port\":0", "\"port\":65536"},
        {"\"is_uas\":true", "\"is_uas\":1"},
        {"\"session_s\":1800", "\"session_s\":\"1800\""},
    };
    assert_int_equal(with("L", "L"), PL_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(with(rows[i][0], rows[i][1]), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_comes_back),
        cmocka_unit_test(what_is_too_long_goes_without_its_description),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(a_record_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
