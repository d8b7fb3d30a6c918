/* safe_error.h - whether old clients of the conference API digest an error
 * answer. The pairs are those of the wire reference; they are written down a
 * second time on purpose. */
#ifndef PL_TESTS_API_SAFE_ERROR_H
#define PL_TESTS_API_SAFE_ERROR_H

#include <stdbool.h>
#include <string.h>

#include "pl/json.h"
#include "pl/str.h"

static const struct {
    int status;
    const char *codes; /* each 7 characters, with blanks */
} SAFE[] = {
    {400, "SVC0001 SVC0002 SVC0003 SVC0004 SVC0015 SVC0016 SVC0017 SVC0018 "
          "SVC0019 SVC0020 SVC8510 SVC8511 SVC8512 SVC8514"},
    {401, "POL0001"},
    {403, "POL0001 POL0002 POL0003 POL1009 POL1100 POL1102"},
    {404, "SVC8514"},
    {409, "SVC8501"},
};

static inline bool is_safe_code(int status, pl_slice code)
{
    char text[16];
    if (code.len != 7 || pl_copy(text, sizeof text, code))
        return false;
    for (size_t i = 0; i < sizeof SAFE / sizeof SAFE[0]; i++)
        if (SAFE[i].status == status)
            return strstr(SAFE[i].codes, text) != NULL;
    return false;
}

/* The inner object of a RequestError and whether its name fits its code. */
static inline const pl_json *inner_of(const pl_json *doc, pl_slice *code)
{
    static const struct {
        const char *name, *prefix;
    } ROWS[] = {{"ServiceException", "SVC"},
                {"PolicyException", "POL"},
                {"Exception", ""}};
    const pl_json *outer = pl_json_get(doc, "RequestError");
    *code = (pl_slice){NULL, 0};
    for (size_t i = 0; i < 3; i++) {
        const pl_json *inner = pl_json_get(outer, ROWS[i].name);
        if (!inner)
            continue;
        (void)!pl_json_get_str(inner, "MessageId", code);
        size_t n = strlen(ROWS[i].prefix);
        bool fits = code->len >= n && (n > 0) == (code->len > 0) &&
                    (n == 0 || memcmp(code->ptr, ROWS[i].prefix, n) == 0);
        return fits ? inner : NULL;
    }
    return NULL;
}

static inline bool is_request_error(int status, pl_slice body, bool is_binding)
{
    pl_json *doc = NULL;
    pl_slice code;
    pl_slice text;
    bool is_good = false;
    if (pl_json_parse(body, &doc))
        return false;
    const pl_json *inner = inner_of(doc, &code);
    if (inner && pl_json_get_str(inner, "Text", &text) == PL_OK &&
        text.len > 0) {
        if (code.len == 0) /* only where the client expects none */
            is_good = status == 404 || status == 405 || status == 413;
        else
            is_good =
                is_safe_code(status, code) && (status != 404 || is_binding);
    }
    pl_json_free(&doc);
    return is_good;
}

/* type: NULL without one. is_binding: of PUT userIds/{id}. */
static inline bool is_safe_error(int status, const char *type, pl_slice body,
                                 bool is_binding)
{
    if (body.len == 0 || !type)
        return false;
    if (status == 500 || status == 503 || status == 504)
        return strncmp(type, "text/plain", 10) == 0;
    return strcmp(type, "application/json") == 0 &&
           is_request_error(status, body, is_binding);
}

#endif
