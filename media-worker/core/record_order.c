/* record_order.c - a window sorted by sequence number. */
#include "core/record_order.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 16 };
static const int64_t PATIENCE_US = 200000;

typedef struct entry {
    pl_record_head head;
    uint8_t data[PL_RECORD_PAYLOAD];
} entry;

struct pl_record_order {
    bool has_next, is_flushing;
    uint32_t next; /* number that comes next */
    size_t n;
    entry *at[WINDOW + 1]; /* sorted; behind n the unused ones */
    entry entries[WINDOW + 1];
};

pl_err pl_record_order_create(pl_record_order **ret_order)
{
    pl_record_order *o = calloc(1, sizeof *o);
    if (!o)
        return PL_ENOMEM;
    for (size_t i = 0; i <= WINDOW; i++)
        o->at[i] = &o->entries[i];
    *ret_order = o;
    return PL_OK;
}

void pl_record_order_destroy(pl_record_order **order)
{
    if (!order)
        return;
    free(*order);
    *order = NULL;
}

bool pl_record_order_put(pl_record_order *order, const pl_record_head *head,
                         const uint8_t *data)
{
    if (head->len > PL_RECORD_PAYLOAD || order->n > WINDOW ||
        (order->has_next && head->xseq < order->next))
        return false;
    size_t i = order->n;
    while (i > 0 && order->at[i - 1]->head.xseq > head->xseq)
        i--;
    if (i > 0 && order->at[i - 1]->head.xseq == head->xseq)
        return false;
    entry *unused = order->at[order->n];
    memmove(&order->at[i + 1], &order->at[i], (order->n - i) * sizeof(entry *));
    order->at[i] = unused;
    order->n++;
    unused->head = *head;
    memcpy(unused->data, data, head->len);
    return true;
}

bool pl_record_order_take(pl_record_order *order, int64_t now_us,
                          pl_record_head *ret_head, const uint8_t **ret_data)
{
    if (order->n == 0) {
        if (order->is_flushing)
            order->has_next = false;
        order->is_flushing = false;
        return false;
    }
    entry *first = order->at[0];
    bool is_next = order->has_next && first->head.xseq == order->next;
    bool is_old = now_us - first->head.at_us >= PATIENCE_US;
    if (!is_next && !is_old && !order->is_flushing && order->n < WINDOW)
        return false;
    order->has_next = true;
    order->next = first->head.xseq + 1;
    order->n--;
    memmove(&order->at[0], &order->at[1], order->n * sizeof(entry *));
    order->at[order->n] = first;
    *ret_head = first->head;
    *ret_data = first->data;
    return true;
}

void pl_record_order_flush(pl_record_order *order)
{
    order->is_flushing = true;
}
