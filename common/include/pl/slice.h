/* slice.h - borrowed bytes: a pointer and a length, never a C string. */
#ifndef PL_SLICE_H
#define PL_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pl_slice {
    const uint8_t *ptr;
    size_t len;
} pl_slice;

/* The bytes of a C string, without its end mark; {NULL, 0} for NULL. */
pl_slice pl_slice_str(const char *text);
/* Bytewise equality; two empty slices are equal. */
bool pl_slice_eq(pl_slice a, pl_slice b);
bool pl_slice_eq_str(pl_slice a, const char *text);
/* Equality ignoring ASCII case. */
bool pl_slice_eq_nocase(pl_slice a, const char *text);
/* Time depends on the lengths only: for tokens, digests and PINs. */
bool pl_slice_eq_secret(pl_slice a, pl_slice b);

#endif
