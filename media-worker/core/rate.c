/* rate.c - token bucket. */
#include "core/rate.h"

enum { SECOND_US = 1000000 };

pl_rate pl_rate_make(uint32_t per_second, int64_t now_us)
{
    return (pl_rate){
        .per_second = per_second, .credit_us = SECOND_US, .last_us = now_us};
}

bool pl_rate_take(pl_rate *rate, int64_t now_us)
{
    if (now_us > rate->last_us) {
        int64_t passed = now_us - rate->last_us;
        rate->credit_us = passed > SECOND_US - rate->credit_us
                              ? SECOND_US
                              : rate->credit_us + passed;
        rate->last_us = now_us;
    }
    int64_t cost = SECOND_US / (int64_t)rate->per_second;
    if (rate->credit_us < cost)
        return false;
    rate->credit_us -= cost;
    return true;
}
