/* room_pin.c - see room_pin.h. */
#include "room_pin.h"

#include <string.h>

#include "pl/str.h"

enum { PIN_MIN = 4 };
static const char SCHEME[] = "clear$";
static const char NOT_A_PIN[] = "a PIN is 4 to 20 digits, the last may be #";

static bool has_mark(const char *pin)
{
    size_t n = strlen(pin);
    return n > 0 && pin[n - 1] == '#';
}

static bool is_pin(const char *pin)
{
    size_t n = strlen(pin);
    size_t digits = strspn(pin, "0123456789");
    if (n == 0)
        return true;
    return n >= PIN_MIN && n <= PL_PIN_MAX && digits + has_mark(pin) == n;
}

static bool is_same(const char *a, const char *b)
{
    char x[PL_PIN_HASH_TEXT];
    char y[PL_PIN_HASH_TEXT];
    pl_pin_strip(a, x);
    pl_pin_strip(b, y);
    return strcmp(x, y) == 0;
}

/* Who keys them must know when to stop. */
static bool is_as_long(const char *a, const char *b)
{
    return (has_mark(a) && has_mark(b)) ||
           (has_mark(a) == has_mark(b) && strlen(a) == strlen(b));
}

const char *pl_room_pins_fault_in(const pl_room_pins *pins,
                                  pl_pin_field *ret_field)
{
    const char *host = pins->host;
    const char *guest = pins->guest;
    *ret_field = PL_PIN_FIELD_HOST;
    if (!is_pin(host))
        return NOT_A_PIN;
    if (!host[0] && pins->allow_guests)
        return "guests need a host PIN to exist";
    *ret_field = PL_PIN_FIELD_GUEST;
    if (!is_pin(guest))
        return NOT_A_PIN;
    if (guest[0] && !pins->allow_guests)
        return "a guest PIN needs guests to be allowed";
    if (guest[0] && is_same(host, guest))
        return "host and guest PIN must differ";
    if (guest[0] && !pins->any_length && !is_as_long(host, guest))
        return "PINs of different length must both end in #";
    return NULL;
}

const char *pl_room_pins_fault(const pl_room_pins *pins)
{
    pl_pin_field field;
    return pl_room_pins_fault_in(pins, &field);
}

void pl_pin_strip(const char *pin, char ret_pin[PL_PIN_HASH_TEXT])
{
    pl_fmt_cut(ret_pin, PL_PIN_HASH_TEXT, "%s", pin);
    if (has_mark(ret_pin))
        ret_pin[strlen(ret_pin) - 1] = '\0';
}

void pl_pin_keep(const char *pin, char hash[PL_PIN_HASH_TEXT])
{
    pl_fmt_cut(hash, PL_PIN_HASH_TEXT, "%s%s", pin[0] ? SCHEME : "", pin);
}

const char *pl_pin_kept(const char *hash)
{
    if (!hash[0])
        return hash;
    return strncmp(hash, SCHEME, strlen(SCHEME)) == 0 ? hash + strlen(SCHEME)
                                                      : NULL;
}

bool pl_pin_kept_matches(const char *pin, const char *hash)
{
    char a[PL_PIN_HASH_TEXT] = "";
    char b[PL_PIN_HASH_TEXT] = "";
    const char *kept = pl_pin_kept(hash);
    unsigned differs = 0;
    if (!kept || !kept[0])
        return false;
    pl_pin_strip(pin, a);
    pl_pin_strip(kept, b);
    memset(a + strlen(a), 0, sizeof a - strlen(a));
    memset(b + strlen(b), 0, sizeof b - strlen(b));
    for (size_t i = 0; i < sizeof a; i++)
        differs |= (unsigned)(unsigned char)a[i] ^ (unsigned char)b[i];
    return differs == 0;
}
