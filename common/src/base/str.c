/* str.c - see str.h. */
#include "pl/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

pl_err pl_fmt(char *buf, size_t cap, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(buf, cap, format, args);
    va_end(args);
    return n >= 0 && (size_t)n < cap ? PL_OK : PL_EFULL;
}

void pl_fmt_cut(char *buf, size_t cap, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(buf, cap, format, args);
    va_end(args);
}

pl_err pl_copy(char *buf, size_t cap, pl_slice text)
{
    if (text.len >= cap)
        return PL_EFULL;
    if (text.len > 0 && memchr(text.ptr, 0, text.len))
        return PL_EINVAL;
    if (text.len > 0)
        memcpy(buf, text.ptr, text.len);
    buf[text.len] = '\0';
    return PL_OK;
}

pl_err pl_parse_u64(pl_slice text, uint64_t max, uint64_t *ret)
{
    if (text.len == 0)
        return PL_EINVAL;
    uint64_t v = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return PL_EINVAL;
        uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return PL_EINVAL;
        v = v * 10 + digit;
    }
    if (v > max)
        return PL_EINVAL;
    *ret = v;
    return PL_OK;
}

void pl_hex(const uint8_t *data, size_t len, char *buf)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        buf[2 * i] = digits[data[i] >> 4];
        buf[2 * i + 1] = digits[data[i] & 0x0f];
    }
    buf[2 * len] = '\0';
}

int pl_hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Length of the sequence that `lead` begins and the bounds of its second byte,
 * which exclude overlong forms, surrogates and values above U+10FFFF; 0 when
 * no sequence begins so. RFC 3629 section 4. */
static size_t utf8_shape(uint8_t lead, uint8_t *ret_low, uint8_t *ret_high)
{
    *ret_low = 0x80;
    *ret_high = 0xbf;
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead == 0xe0)
        *ret_low = 0xa0;
    if (lead == 0xed)
        *ret_high = 0x9f;
    if (lead < 0xf0)
        return 3;
    if (lead == 0xf0)
        *ret_low = 0x90;
    if (lead == 0xf4)
        *ret_high = 0x8f;
    return 4;
}

bool pl_is_utf8(pl_slice text)
{
    for (size_t i = 0; i < text.len;) {
        uint8_t low = 0;
        uint8_t high = 0;
        size_t n = utf8_shape(text.ptr[i], &low, &high);
        if (n == 0 || n > text.len - i)
            return false;
        for (size_t k = 1; k < n; k++) {
            uint8_t c = text.ptr[i + k];
            if (c < (k == 1 ? low : 0x80) || c > (k == 1 ? high : 0xbf))
                return false;
        }
        i += n;
    }
    return true;
}

const char *pl_errno_text(int code, char buf[PL_ERRNO_TEXT])
{
    if (strerror_r(code, buf, PL_ERRNO_TEXT) != 0)
        pl_fmt_cut(buf, PL_ERRNO_TEXT, "error %d", code);
    return buf;
}

/* Civil date of a day number counted from 1970-01-01, by eras of 400 years
 * that begin on the first of March. */
static void civil_date(int64_t day, int *ret_year, unsigned *ret_month,
                       unsigned *ret_day)
{
    enum { DAYS_ERA = 146097, DAYS_TO_1970 = 719468 };
    int64_t z = day + DAYS_TO_1970;
    int64_t era = (z >= 0 ? z : z - (DAYS_ERA - 1)) / DAYS_ERA;
    unsigned doe = (unsigned)(z - era * DAYS_ERA);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *ret_day = doy - (153 * mp + 2) / 5 + 1;
    *ret_month = mp < 10 ? mp + 3 : mp - 9;
    *ret_year = (int)((int64_t)yoe + era * 400) + (*ret_month <= 2 ? 1 : 0);
}

void pl_time_text(int64_t wall_ms, char buf[PL_TIME_TEXT])
{
    enum { MS_DAY = 86400000 };
    const int64_t last_ms = INT64_C(253402300799999); /* end of year 9999 */
    int64_t t = wall_ms < 0 ? 0 : wall_ms > last_ms ? last_ms : wall_ms;
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    civil_date(t / MS_DAY, &year, &month, &day);
    unsigned ms = (unsigned)(t % MS_DAY);
    pl_fmt_cut(buf, PL_TIME_TEXT, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", year,
               month, day, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
               ms % 1000);
}
