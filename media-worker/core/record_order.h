/* record_order.h - puts received payloads into the order in which they were
 * sent: a small window, as packets overtake each other by little. */
#ifndef PL_RECORD_ORDER_H
#define PL_RECORD_ORDER_H

#include "core/record_tap.h"
#include "pl/err.h"

typedef struct pl_record_order pl_record_order;

/* Errors: PL_ENOMEM. Context: allocates everything, about 25 KB */
PL_MUST_USE pl_err pl_record_order_create(pl_record_order **ret_order);
void pl_record_order_destroy(pl_record_order **order);
/* Put a payload in; false: a copy, or it comes too late. Take all that are
 * ready before the next one. */
bool pl_record_order_put(pl_record_order *order, const pl_record_head *head,
                         const uint8_t *data);
/* The next payload if its turn has come: nothing is missing before it, or what
 * is will not come any more (the window is full, or it waited for 200 ms).
 * ret_data: borrowed until the next call. */
bool pl_record_order_take(pl_record_order *order, int64_t now_us,
                          pl_record_head *ret_head, const uint8_t **ret_data);
/* From now on what waits is ready, until all was taken: a file ends, or the
 * source begins anew. */
void pl_record_order_flush(pl_record_order *order);

#endif
