/* red_send.c - when to repeat, and what. */
#include "core/red_send.h"

#include <string.h>

#include "core/red.h"

enum {
    ONE_PERMILLE = 30,
    TWO_PERMILLE = 100,
    GOOD_PERMILLE = 10,
    GOOD_REPORTS = 3 /* 15 s */
};

bool pl_loss_watch_report(pl_loss_watch *w, uint32_t loss_permille)
{
    uint8_t before = w->depth;
    uint8_t wanted = loss_permille >= TWO_PERMILLE   ? 2
                     : loss_permille >= ONE_PERMILLE ? 1
                                                     : 0;
    if (loss_permille >= GOOD_PERMILLE)
        w->n_good = 0;
    if (wanted > w->depth) {
        w->depth = wanted;
    } else if (w->depth > 0 && loss_permille < GOOD_PERMILLE &&
               ++w->n_good == GOOD_REPORTS) {
        w->depth--;
        w->n_good = 0;
    }
    return w->depth != before;
}

size_t pl_red_sender_write(const pl_red_sender *s, uint8_t depth,
                           const pl_red_frame *frame, uint8_t *out, size_t cap)
{
    uint8_t n = depth < s->n_sent ? depth : s->n_sent;
    for (; n > 0; n--) { /* with less where that does not fit */
        pl_red red = {.n = 0};
        for (uint8_t i = n; i > 0; i--) {
            uint32_t offset = frame->ts - s->sent[i - 1].ts;
            if (offset <= PL_RED_OFFSET_MAX) {
                red.block[red.n++] =
                    (pl_red_block){.pt = frame->pt,
                                   .offset = offset,
                                   .data = s->sent[i - 1].bytes,
                                   .len = s->sent[i - 1].len};
            }
        }
        if (red.n == 0)
            break;
        red.block[red.n++] = (pl_red_block){
            .pt = frame->pt, .data = frame->payload, .len = frame->len};
        size_t total = 0;
        if (pl_red_write(&red, out, cap, &total) == PL_OK)
            return total;
    }
    return 0;
}

void pl_red_sender_sent(pl_red_sender *s, const pl_red_frame *frame)
{
    if (frame->len > PL_CODEC_MAX_ENCODED)
        return;
    s->sent[1] = s->sent[0];
    s->sent[0].ts = frame->ts;
    s->sent[0].len = (uint16_t)frame->len;
    memcpy(s->sent[0].bytes, frame->payload, frame->len);
    if (s->n_sent < PL_RED_DEPTH)
        s->n_sent++;
}
