/* fill.h - values for any message, made from its descriptor. */
#ifndef PL_TEST_FILL_H
#define PL_TEST_FILL_H

#include "pl/msg.h"

typedef enum fill_kind {
    FILL_MINIMAL, /* required fields at their lower bounds */
    FILL_MAXIMAL, /* all fields at their upper bounds, bytes at 256 at most */
    FILL_SAMPLE   /* all fields, short distinct values: the golden bytes */
} fill_kind;

/* Storage for any message. */
typedef struct fill_msg {
    _Alignas(max_align_t) uint8_t bytes[16384];
} fill_msg;

void fill(const pl_msg_desc *d, fill_kind kind, fill_msg *ret_msg);

#endif
