/* text.c - see text.h. */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#include "pl/str.h"

static const char REPLACEMENT[] = "\xef\xbf\xbd"; /* U+FFFD */
static const char ELLIPSIS[] = "\xe2\x80\xa6";    /* U+2026 */

typedef struct range {
    uint32_t first, last;
} range;

/* What acts instead of being shown. */
static const range HARMFUL[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},
    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

/* What is put over the character before it. */
static const range COMBINING[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},    {0x610, 0x61a},
    {0x64b, 0x65f},   {0x6d6, 0x6dc},   {0x900, 0x902},    {0x93c, 0x93c},
    {0x941, 0x948},   {0x94d, 0x94d},   {0xe31, 0xe31},    {0xe34, 0xe3a},
    {0xe47, 0xe4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},  {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0x1f3fb, 0x1f3ff}};

static const range WIDE[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},
    {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26ce, 0x26ce},
    {0x2705, 0x2705},   {0x270a, 0x270b},   {0x2728, 0x2728},
    {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97f},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f004, 0x1f004},
    {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f19a}, {0x1f200, 0x1f320},
    {0x1f32d, 0x1f3fa}, {0x1f400, 0x1f64f}, {0x1f680, 0x1f6ff},
    {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};

static bool is_in(uint32_t c, const range *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= list[i].first && c <= list[i].last)
            return true;
    }
    return false;
}

#define IS_IN(c, list) is_in((c), (list), sizeof(list) / sizeof(list)[0])

/* Bytes that the character at text[at] has by its first byte. */
static size_t length_of(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xe0)
        return 2;
    return first < 0xf0 ? 3 : 4;
}

/* The character at text[at] and its bytes; 0 and 1 for what is none. */
static uint32_t char_at(pl_slice text, size_t at, size_t *ret_len)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t n = length_of(text.ptr[at]);
    *ret_len = 1;
    if (n > text.len - at || !pl_is_utf8((pl_slice){text.ptr + at, n}))
        return 0;
    uint32_t c = text.ptr[at] & masks[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (text.ptr[at + i] & 0x3fU);
    *ret_len = n;
    return c;
}

void pl_ctl_text_clean(pl_slice text, pl_buf *out)
{
    size_t n;
    for (size_t at = 0; at < text.len; at += n) {
        uint32_t c = char_at(text, at, &n);
        if (IS_IN(c, HARMFUL)) {
            pl_buf_add_str(out, REPLACEMENT);
        } else {
            pl_buf_add(out, text.ptr + at, n);
        }
    }
}

static size_t width_of(uint32_t c)
{
    if (IS_IN(c, COMBINING))
        return 0;
    return IS_IN(c, WIDE) ? 2 : 1;
}

size_t pl_ctl_text_width(pl_slice text)
{
    size_t width = 0;
    size_t n;
    for (size_t at = 0; at < text.len; at += n)
        width += width_of(char_at(text, at, &n));
    return width;
}

void pl_ctl_text_cut(pl_slice text, size_t columns, pl_buf *out)
{
    size_t width = 0;
    size_t at = 0;
    size_t n;
    if (pl_ctl_text_width(text) <= columns) {
        pl_buf_add_slice(out, text);
        return;
    }
    for (; at < text.len; at += n) {
        size_t w = width_of(char_at(text, at, &n));
        if (width + w + 1 > columns)
            break;
        width += w;
    }
    pl_buf_add(out, text.ptr, at);
    if (columns > 0)
        pl_buf_add_str(out, ELLIPSIS);
}
