/* envelope.h - what precedes each body on the bus: the msgpack array
 * [major, msg_id, corr, kind, deadline_ms, trace, epoch]. */
#ifndef PL_ENVELOPE_H
#define PL_ENVELOPE_H

#include "pl/bus.h"

typedef struct pl_bus_head {
    unsigned major, msg_id;
    uint64_t corr; /* 0 for events */
    pl_msg_kind kind;
    uint32_t deadline_ms; /* time left, requests only */
    char trace[PL_TRACE_MAX + 1];
    uint64_t epoch;
} pl_bus_head;

/* Errors: PL_EFULL cap is too small. Context: pure. */
PL_MUST_USE pl_err pl_envelope_encode(const pl_bus_head *e, uint8_t *buf,
                                      size_t cap, size_t *ret_len);
/* Longer arrays of a newer peer are accepted, their tail is skipped.
 * Errors: PL_EPROTO. Context: pure, no allocation. */
PL_MUST_USE pl_err pl_envelope_decode(const uint8_t *buf, size_t len,
                                      pl_bus_head *ret_envelope);

#endif
