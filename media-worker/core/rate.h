/* rate.h - token bucket: so many events a second, with a burst. */
#ifndef PL_RATE_H
#define PL_RATE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pl_rate {
    uint32_t per_second; /* also the largest burst */
    int64_t credit_us;   /* time saved up; one event costs 1 s / per_second */
    int64_t last_us;
} pl_rate;

/* A full bucket. per_second: 1..1000000. */
pl_rate pl_rate_make(uint32_t per_second, int64_t now_us);
/* Whether one more event is within the rate; then it is counted. */
bool pl_rate_take(pl_rate *rate, int64_t now_us);

#endif
