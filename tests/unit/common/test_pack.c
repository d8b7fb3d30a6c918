/* test_pack.c - values as bytes and back by one function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pl/pack.h"

typedef struct thing {
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    bool e;
    unsigned f;
    size_t n;
    uint8_t list[4];
    char text[8];
    uint8_t raw[3];
    pl_slice rest;
} thing;

static void visit(pl_pack *p, thing *t)
{
    pl_pack_u8(p, &t->a);
    pl_pack_u16(p, &t->b);
    pl_pack_u32(p, &t->c);
    pl_pack_u64(p, &t->d);
    pl_pack_bool(p, &t->e);
    pl_pack_choice(p, &t->f, 3, 5);
    pl_pack_count(p, &t->n, sizeof t->list);
    for (size_t i = 0; i < t->n; i++)
        pl_pack_u8(p, &t->list[i]);
    pl_pack_text(p, t->text, sizeof t->text);
    pl_pack_bytes(p, t->raw, sizeof t->raw);
    pl_pack_slice(p, &t->rest);
}

static const uint8_t tail[] = {9, 8};

static thing sample(void)
{
    return (thing){.a = 1,
                   .b = 0x0203,
                   .c = 0x04050607,
                   .d = UINT64_C(0x08090a0b0c0d0e0f),
                   .e = true,
                   .f = 4,
                   .n = 2,
                   .list = {7, 6},
                   .text = "seven c",
                   .raw = {1, 0, 2},
                   .rest = {tail, sizeof tail}};
}

static const uint8_t golden[] = {
    1, 2, 3, 4, 5,   6,   7,   8,   9,   0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 1, 4, 2,
    7, 6, 0, 7, 's', 'e', 'v', 'e', 'n', ' ', 'c', 1,   0,   2,   0,   2, 9, 8};

static pl_err write_thing(thing t, uint8_t *buf, size_t cap, size_t *ret_len)
{
    pl_pack p = pl_pack_writer(buf, cap);
    assert_false(pl_pack_is_reading(&p));
    visit(&p, &t);
    *ret_len = p.done;
    return pl_pack_end(&p);
}

static pl_err read_thing(const uint8_t *buf, size_t len, thing *ret)
{
    pl_pack p = pl_pack_reader((pl_slice){buf, len});
    assert_true(pl_pack_is_reading(&p));
    *ret = (thing){.a = 0};
    visit(&p, ret);
    return pl_pack_end(&p);
}

static void what_is_written_is_read(void **state)
{
    uint8_t buf[64];
    size_t len = 0;
    thing t;
    (void)state;
    assert_int_equal(write_thing(sample(), buf, sizeof buf, &len), PL_OK);
    assert_int_equal(len, sizeof golden);
    assert_memory_equal(buf, golden, len);
    assert_int_equal(read_thing(buf, len, &t), PL_OK);
    assert_int_equal(t.a, 1);
    assert_int_equal(t.b, 0x0203);
    assert_int_equal(t.c, 0x04050607);
    assert_true(t.d == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(t.e);
    assert_int_equal(t.f, 4);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.list[1], 6);
    assert_string_equal(t.text, "seven c");
    assert_int_equal(t.raw[2], 2);
    assert_ptr_equal(t.rest.ptr, buf + len - 2); /* borrowed */
    assert_int_equal(t.rest.len, 2);
}

static void every_length_but_the_right_one_is_refused(void **state)
{
    uint8_t buf[64];
    size_t len = 0;
    thing t;
    (void)state;
    for (size_t n = 0; n < sizeof golden; n++) {
        assert_int_equal(write_thing(sample(), buf, n, &len), PL_EFULL);
        assert_true(len <= n);
        assert_int_equal(read_thing(golden, n, &t), PL_EPROTO);
    }
    memcpy(buf, golden, sizeof golden);
    assert_int_equal(read_thing(buf, sizeof golden + 1, &t), PL_EPROTO);
    assert_int_equal(read_thing(NULL, 0, &t), PL_EPROTO);
}

/* Bytes at their places in golden. */
static void what_is_beyond_its_bound_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{15, 2} /* no bool */,   {16, 2} /* below the choice */,
                 {16, 6} /* above it */,  {17, 5} /* too many */,
                 {21, 8} /* long text */, {24, 0} /* a 0 in it */};
    uint8_t buf[sizeof golden];
    thing t;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(buf, golden, sizeof golden);
        buf[wrong[i].at] = wrong[i].value;
        assert_int_equal(read_thing(buf, sizeof buf, &t), PL_EPROTO);
        assert_true(t.n <= sizeof t.list);
        assert_non_null(memchr(t.text, '\0', sizeof t.text));
    }
}

static void what_cannot_be_told_is_not_written(void **state)
{
    uint8_t buf[64];
    size_t len = 0;
    (void)state;
    thing t = sample();
    t.f = 6;
    assert_int_equal(write_thing(t, buf, sizeof buf, &len), PL_EFULL);
    t = sample();
    memset(t.text, 'x', sizeof t.text); /* without an end mark */
    assert_int_equal(write_thing(t, buf, sizeof buf, &len), PL_EFULL);
    pl_pack p = pl_pack_writer(buf, sizeof buf);
    size_t n = 256;
    pl_pack_count(&p, &n, 1000);
    assert_int_equal(pl_pack_end(&p), PL_EFULL);
    p = pl_pack_writer(buf, sizeof buf);
    pl_slice huge = {buf, UINT16_MAX + 1U};
    pl_pack_slice(&p, &huge);
    assert_int_equal(pl_pack_end(&p), PL_EFULL);
}

static void a_failure_sticks(void **state)
{
    uint8_t value = 7;
    (void)state;
    pl_pack p = pl_pack_reader((pl_slice){golden, sizeof golden});
    pl_pack_refuse(&p);
    pl_pack_u8(&p, &value);
    assert_int_equal(value, 0);
    assert_int_equal(p.done, 0);
    assert_int_equal(pl_pack_end(&p), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(every_length_but_the_right_one_is_refused),
        cmocka_unit_test(what_is_beyond_its_bound_is_refused),
        cmocka_unit_test(what_cannot_be_told_is_not_written),
        cmocka_unit_test(a_failure_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
