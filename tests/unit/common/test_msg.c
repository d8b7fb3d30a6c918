#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "pl/msg.h"
#include "pl/str.h"
#include "pl/wire.h"

#include "fill.h"

static fill_msg sent;
static fill_msg got;
static uint8_t buf[PL_WIRE_MAX_BYTES];

static size_t encode(const pl_msg_desc *d, fill_kind kind)
{
    size_t n = 0;
    fill(d, kind, &sent);
    assert_int_equal(pl_msg_encode(d, &sent, buf, sizeof buf, &n), PL_OK);
    return n;
}

static void assert_same(const pl_msg_desc *d)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        const pl_field_desc *f = &d->fields[i];
        bool is_sent = f->presence == PL_REQ || pl_msg_has(d, &sent, f->offset);
        assert_int_equal(pl_msg_has(d, &got, f->offset), is_sent);
        const uint8_t *a = sent.bytes + f->offset;
        const uint8_t *b = got.bytes + f->offset;
        switch (f->kind) {
        case PL_U32: assert_memory_equal(a, b, sizeof(uint32_t)); break;
        case PL_U64:
        case PL_I64: assert_memory_equal(a, b, sizeof(uint64_t)); break;
        case PL_BOOL: assert_memory_equal(a, b, sizeof(bool)); break;
        case PL_STR:
            assert_string_equal((const char *)a, (const char *)b);
            break;
        case PL_BYTES:
            assert_true(pl_slice_eq(*(const pl_slice *)(const void *)a,
                                    *(const pl_slice *)(const void *)b));
            break;
        }
    }
}

static void every_message_survives_a_round_trip(void **state)
{
    (void)state;
    assert_true(pl_msg_max_size() <= sizeof(fill_msg));
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        for (int kind = FILL_MINIMAL; kind <= FILL_SAMPLE; kind++) {
            size_t n = encode(d, (fill_kind)kind);
            assert_int_equal(pl_msg_decode(d, buf, n, &got), PL_OK);
            assert_same(d);
        }
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        size_t n = encode(d, FILL_SAMPLE);
        for (size_t cut = 0; cut < n; cut++)
            assert_int_equal(pl_msg_decode(d, buf, cut, &got), PL_EPROTO);
        buf[n] = 0xc0; /* a trailing byte */
        assert_int_equal(pl_msg_decode(d, buf, n + 1, &got), PL_EPROTO);
    }
}

static void every_small_buffer_is_full(void **state)
{
    (void)state;
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        size_t n = encode(d, FILL_SAMPLE);
        size_t written = 99;
        for (size_t cap = 0; cap < n; cap++) {
            assert_int_equal(pl_msg_encode(d, &sent, buf, cap, &written),
                             PL_EFULL);
        }
        assert_int_equal(written, 99);
    }
}

static void an_unknown_field_is_skipped(void **state)
{
    (void)state;
    static uint8_t wider[PL_WIRE_MAX_BYTES];
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        size_t n = encode(d, FILL_MINIMAL);
        assert_in_range(buf[0], 0x80, 0x8e);
        wider[0] = (uint8_t)(buf[0] + 1); /* one more pair: {200: [nil]} */
        memcpy(wider + 1, "\xcc\xc8\x91\xc0", 4);
        memcpy(wider + 5, buf + 1, n - 1);
        assert_int_equal(pl_msg_decode(d, wider, n + 4, &got), PL_OK);
        assert_same(d);
    }
}

/* A value just outside one bound of field f, if there is one. */
static bool spoil(const pl_field_desc *f, bool below)
{
    uint8_t *at = sent.bytes + f->offset;
    static uint8_t bytes[2];
    switch (f->kind) {
    case PL_U32:
        if (below ? f->min == 0 : f->max >= UINT32_MAX)
            return false;
        *(uint32_t *)(void *)at = (uint32_t)(below ? f->min - 1 : f->max + 1);
        return true;
    case PL_U64:
        if (below ? f->min == 0 : f->max == UINT64_MAX)
            return false;
        *(uint64_t *)(void *)at = below ? f->min - 1 : f->max + 1;
        return true;
    case PL_I64:
        if ((int64_t)(below ? f->min : f->max) ==
            (below ? INT64_MIN : INT64_MAX))
            return false;
        *(int64_t *)(void *)at =
            below ? (int64_t)f->min - 1 : (int64_t)f->max + 1;
        return true;
    case PL_BOOL: return false;
    case PL_STR:
        if (below && f->min == 0)
            return false;
        memset(at, 'x', f->max + 1);
        at[below ? f->min - 1 : f->max] = below ? 0 : 'x';
        return true;
    case PL_BYTES:
        if (below && f->min == 0)
            return false;
        *(pl_slice *)(void *)at = (pl_slice){
            .ptr = bytes, .len = (size_t)(below ? f->min - 1 : f->max + 1)};
        return true;
    }
    return false;
}

static void no_value_outside_its_bounds_is_sent(void **state)
{
    (void)state;
    size_t n = 0;
    size_t tried = 0;
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        for (size_t k = 0; k < 2 * d->n_fields; k++) {
            fill(d, FILL_SAMPLE, &sent);
            if (!spoil(&d->fields[k / 2], k % 2 == 0))
                continue;
            tried++;
            assert_int_equal(pl_msg_encode(d, &sent, buf, sizeof buf, &n),
                             PL_EINVAL);
        }
    }
    assert_true(tried > 100);
}

static void bounds_types_and_duplicates_are_checked_on_receipt(void **state)
{
    (void)state;
    /* pl_error {1: code 1..999, 2: text up to 255} */
    const struct {
        const char *bytes;
        size_t len;
        pl_err e;
    } rows[] = {
        {"\x81\x01\x01", 3, PL_OK},
        {"\x81\x01\x00", 3, PL_EPROTO},         /* below */
        {"\x81\x01\xcd\x03\xe8", 5, PL_EPROTO}, /* 1000, above */
        {"\x81\x01\xff", 3, PL_EPROTO},         /* -1 */
        {"\x81\x01\xc3", 3, PL_EPROTO},         /* a boolean */
        {"\x80", 1, PL_EPROTO},                 /* required absent */
        {"\x82\x01\x01\x01\x02", 5, PL_EPROTO}, /* twice */
        {"\x91\x01", 2, PL_EPROTO},             /* not a map */
        {"\x81\xa1x\x01", 4, PL_EPROTO},        /* text as key */
        {"\x82\x01\x01\x02\xa1x", 6, PL_OK},
        {"\x82\x01\x01\x02\xa1\0", 6, PL_EPROTO},    /* NUL in text */
        {"\x82\x01\x01\x02\xa1\xff", 6, PL_EPROTO},  /* not UTF-8 */
        {"\x82\x01\x01\x02\xc4\x01x", 7, PL_EPROTO}, /* bytes for text */
        {"\x82\x01\x01\x63\xa1x", 6, PL_OK},         /* unknown field 99 */
    };
    pl_error m;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(pl_msg_decode(&PL_MSG_ERROR,
                                       (const uint8_t *)rows[i].bytes,
                                       rows[i].len, &m),
                         rows[i].e);
    }
}

static void what_cannot_be_text_is_not_sent(void **state)
{
    (void)state;
    size_t n = 0;
    pl_error m = {.code = 1, .text = "\xff"};
    PL_MSG_SET(ERROR, error, &m, text);
    assert_int_equal(pl_msg_encode(&PL_MSG_ERROR, &m, buf, sizeof buf, &n),
                     PL_EINVAL);
    pl_metrics_report r = {.text = {.ptr = NULL, .len = 3}};
    assert_int_equal(
        pl_msg_encode(&PL_MSG_METRICS_REPORT, &r, buf, sizeof buf, &n),
        PL_EINVAL);
}

static void optional_fields_are_sent_when_marked(void **state)
{
    (void)state;
    size_t n = 0;
    pl_error m = {.code = 1, .text = "left out"};
    pl_error back;
    assert_false(PL_MSG_HAS(ERROR, error, &m, text));
    assert_int_equal(pl_msg_encode(&PL_MSG_ERROR, &m, buf, sizeof buf, &n),
                     PL_OK);
    assert_int_equal(pl_msg_decode(&PL_MSG_ERROR, buf, n, &back), PL_OK);
    assert_false(PL_MSG_HAS(ERROR, error, &back, text));
    assert_true(PL_MSG_HAS(ERROR, error, &back, code));
    assert_string_equal(back.text, "");
    PL_MSG_SET(ERROR, error, &m, text);
    assert_int_equal(pl_msg_encode(&PL_MSG_ERROR, &m, buf, sizeof buf, &n),
                     PL_OK);
    assert_int_equal(pl_msg_decode(&PL_MSG_ERROR, buf, n, &back), PL_OK);
    assert_string_equal(back.text, "left out");
}

static void ids_find_their_messages(void **state)
{
    (void)state;
    for (size_t i = 0; pl_msg_at(i); i++)
        assert_ptr_equal(pl_msg_find(pl_msg_at(i)->id), pl_msg_at(i));
    assert_null(pl_msg_find(0));
    assert_null(pl_msg_find(UINT32_MAX));
    assert_int_equal(pl_msg_schema_hash(), pl_msg_schema_hash());
}

static void descriptors_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        assert_true(d->size <= pl_msg_max_size());
        assert_true((d->kind == PL_REQUEST) == (d->deadline_ms > 0));
        for (size_t k = 0; k < d->n_fields; k++) {
            const pl_field_desc *f = &d->fields[k];
            assert_true(f->kind == PL_I64 || f->min <= f->max);
            assert_true(f->kind != PL_U32 || f->max <= UINT32_MAX);
            assert_true(f->kind != PL_BOOL || f->max == 1);
            assert_true(f->offset < d->size);
            assert_true(strlen(f->doc) > 0 && strlen(f->unit) > 0);
        }
    }
}

static size_t read_hex(const char *path, uint8_t *ret)
{
    FILE *f = fopen(path, "r");
    size_t n = 0;
    unsigned byte = 0;
    if (!f)
        return 0;
    while (n < sizeof buf && fscanf(f, "%2x", &byte) == 1)
        ret[n++] = (uint8_t)byte;
    (void)fclose(f);
    return n;
}

static void golden_bytes_decode_as_ever(void **state)
{
    (void)state;
    for (size_t i = 0; pl_msg_at(i); i++) {
        const pl_msg_desc *d = pl_msg_at(i);
        char path[512];
        pl_fmt_cut(path, sizeof path, VECTORS "/%s.v%u.hex", d->name, d->since);
        size_t n = read_hex(path, buf);
        if (n == 0)
            fail_msg("no golden bytes at %s: run make_msg_vectors", path);
        assert_int_equal(pl_msg_decode(d, buf, n, &got), PL_OK);
        /* Fields that came later are absent in older bytes. */
        fill(d, FILL_SAMPLE, &sent);
        memcpy(sent.bytes, got.bytes, sizeof(uint64_t));
        for (size_t k = 0; k < d->n_fields; k++) {
            const pl_field_desc *f = &d->fields[k];
            if (pl_msg_has(d, &got, f->offset) && f->kind == PL_STR)
                assert_string_equal((const char *)got.bytes + f->offset,
                                    (const char *)sent.bytes + f->offset);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_survives_a_round_trip),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_small_buffer_is_full),
        cmocka_unit_test(an_unknown_field_is_skipped),
        cmocka_unit_test(no_value_outside_its_bounds_is_sent),
        cmocka_unit_test(bounds_types_and_duplicates_are_checked_on_receipt),
        cmocka_unit_test(what_cannot_be_text_is_not_sent),
        cmocka_unit_test(optional_fields_are_sent_when_marked),
        cmocka_unit_test(ids_find_their_messages),
        cmocka_unit_test(descriptors_are_sound),
        cmocka_unit_test(golden_bytes_decode_as_ever),
    };
    return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
