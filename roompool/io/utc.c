/* utc.c - fixed-width RFC 3339 text to milliseconds. */
#include "utc.h"

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
