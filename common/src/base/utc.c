/* utc.c - RFC 3339 text to milliseconds. */
#include "pl/utc.h"

#include <stdbool.h>
#include <string.h>

static const char FORM[] = "dddd-dd-ddTdd:dd:dd.dddZ";

static bool has_form(const char *text)
{
    for (size_t i = 0; i < sizeof FORM; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (FORM[i] == 'd' ? !is_digit : text[i] != FORM[i])
            return false;
    }
    return true;
}

static int64_t number(const char *text, size_t at, size_t n)
{
    int64_t value = 0;
    for (size_t i = at; i < at + n; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* Days since 1970-01-01 in the Gregorian calendar, counting years from
 * March so that the leap day comes last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;
    int64_t of_year = (153 * m + 2) / 5 + day - 1;
    return 365 * y + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

pl_err pl_utc_parse(const char *text, int64_t *ret_wall_ms)
{
    if (strlen(text) != sizeof FORM - 1 || !has_form(text))
        return PL_EINVAL;
    int64_t month = number(text, 5, 2);
    int64_t day = number(text, 8, 2);
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return PL_EINVAL;
    int64_t s = days_of(number(text, 0, 4), month, day) * 86400 +
                number(text, 11, 2) * 3600 + number(text, 14, 2) * 60 +
                number(text, 17, 2);
    *ret_wall_ms = s * 1000 + number(text, 20, 3);
    return PL_OK;
}

/* ---- what others write ---- */

/* Exactly n digits, at most max; -1 when they are not there. */
static int64_t take(pl_slice *text, size_t n, int64_t max)
{
    int64_t value = 0;
    if (text->len < n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (text->ptr[i] < '0' || text->ptr[i] > '9')
            return -1;
        value = value * 10 + (text->ptr[i] - '0');
    }
    *text = (pl_slice){text->ptr + n, text->len - n};
    return value <= max ? value : -1;
}

static bool skip(pl_slice *text, const char *any_of)
{
    if (text->len == 0 || text->ptr[0] == '\0' || !strchr(any_of, text->ptr[0]))
        return false;
    *text = (pl_slice){text->ptr + 1, text->len - 1};
    return true;
}

static int64_t days_in(int64_t year, int64_t month)
{
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month == 2)
        return is_leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static pl_err take_date(pl_slice *text, int64_t *ret_ms)
{
    int64_t year = take(text, 4, 9999);
    bool has_month = skip(text, "-");
    int64_t month = take(text, 2, 12);
    bool has_day = skip(text, "-");
    int64_t day = take(text, 2, 31);
    if (year < 1 || month < 1 || day < 1 || !has_month || !has_day ||
        day > days_in(year, month))
        return PL_EINVAL;
    *ret_ms = days_of(year, month, day) * 86400000;
    return PL_OK;
}

/* .123456, as many as there are: the first three count. */
static pl_err take_decimals(pl_slice *text, int64_t *ms)
{
    int64_t weight = 100;
    int64_t digit;
    if (!skip(text, "."))
        return PL_OK;
    digit = take(text, 1, 9);
    if (digit < 0)
        return PL_EINVAL;
    for (; digit >= 0; digit = take(text, 1, 9)) {
        *ms += digit * weight;
        weight /= 10;
    }
    return PL_OK;
}

static pl_err take_time(pl_slice *text, int64_t *ms)
{
    int64_t hour = take(text, 2, 23);
    bool has_minute = skip(text, ":");
    int64_t minute = take(text, 2, 59);
    if (hour < 0 || minute < 0 || !has_minute)
        return PL_EINVAL;
    *ms += (hour * 60 + minute) * 60000;
    if (!skip(text, ":"))
        return PL_OK;
    int64_t second = take(text, 2, 59);
    if (second < 0)
        return PL_EINVAL;
    *ms += second * 1000;
    return take_decimals(text, ms);
}

static pl_err take_zone(pl_slice *text, int64_t *ms)
{
    if (text->len == 0 || skip(text, "Zz"))
        return PL_OK;
    bool is_east = skip(text, "+");
    if (!is_east && !skip(text, "-"))
        return PL_EINVAL;
    int64_t hour = take(text, 2, 23);
    (void)skip(text, ":");
    int64_t minute = take(text, 2, 59);
    if (hour < 0 || minute < 0)
        return PL_EINVAL;
    int64_t away = (hour * 60 + minute) * 60000;
    *ms += is_east ? -away : away;
    return PL_OK;
}

pl_err pl_utc_read(pl_slice text, int64_t *ret_wall_ms)
{
    int64_t ms = 0;
    pl_err e = take_date(&text, &ms);
    if (!e && text.len > 0) {
        e = skip(&text, "Tt ") ? take_time(&text, &ms) : PL_EINVAL;
        if (!e)
            e = take_zone(&text, &ms);
    }
    if (e || text.len > 0)
        return PL_EINVAL;
    *ret_wall_ms = ms;
    return PL_OK;
}
