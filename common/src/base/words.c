/* words.c - texts of the enumerations, expanded from tables/words.def. */
#include "pl/words.h"

#include <stddef.h>
#include <string.h>

typedef struct word {
    uint32_t value;
    const char *text;
} word;

static const char *text_of(const word *words, size_t n, uint32_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i].value == value)
            return words[i].text;
    }
    return "unknown";
}

static uint32_t value_of(const word *words, size_t n, const char *text)
{
    for (size_t i = 0; text && i < n; i++) {
        if (strcmp(words[i].text, text) == 0)
            return words[i].value;
    }
    return 0;
}

static uint32_t known_or_0(const word *words, size_t n, uint32_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i].value == value)
            return value;
    }
    return 0;
}

#define ROW(value, name, text) {(value), (text)},
#define COUNT(words)           (sizeof(words) / sizeof(words)[0])
#define FUNCTIONS(sym, upper)                                                  \
    static const word sym##_words[] = {PL_##upper##_WORDS(ROW)};               \
    const char *pl_##sym##_text(uint32_t value)                                \
    {                                                                          \
        return text_of(sym##_words, COUNT(sym##_words), value);                \
    }                                                                          \
    pl_##sym pl_##sym##_find(const char *text)                                 \
    {                                                                          \
        return (pl_##sym)value_of(sym##_words, COUNT(sym##_words), text);      \
    }                                                                          \
    pl_##sym pl_##sym##_of(uint32_t value)                                     \
    {                                                                          \
        return (pl_##sym)known_or_0(sym##_words, COUNT(sym##_words), value);   \
    }
PL_WORDS(FUNCTIONS)
