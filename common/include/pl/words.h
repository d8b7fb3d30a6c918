/* words.h - enumerations with their texts, from tables/words.def:
 * pl_role { PL_ROLE_API, .. }, pl_role_text(), pl_role_find() and so on. */
#ifndef PL_WORDS_H
#define PL_WORDS_H

#include <stdint.h>

#include "tables/words.def"

#define PL_WORDS_NAME(upper, name) PL_##upper##_##name

#define PL_WORDS_ENUM(sym, upper)                                              \
    typedef enum pl_##sym pl_##sym;                                            \
    /* Text of a value; "unknown" for one outside the list. */                 \
    const char *pl_##sym##_text(uint32_t value);                               \
    /* Value of a text (exact match); 0 for one outside the list. */           \
    pl_##sym pl_##sym##_find(const char *text);                                \
    /* A received number, with values of a newer peer mapped to 0. */          \
    pl_##sym pl_##sym##_of(uint32_t value);

#define PL_ROW_ENUM(upper, value, name)  PL_##upper##_##name = (value),
#define PL_ROW_ROLE(v, n, t)             PL_ROW_ENUM(ROLE, v, n)
#define PL_ROW_LIFE(v, n, t)             PL_ROW_ENUM(LIFE, v, n)
#define PL_ROW_DIALECT(v, n, t)          PL_ROW_ENUM(DIALECT, v, n)
#define PL_ROW_ROOM_MODE(v, n, t)        PL_ROW_ENUM(ROOM_MODE, v, n)
#define PL_ROW_PART_ROLE(v, n, t)        PL_ROW_ENUM(PART_ROLE, v, n)
#define PL_ROW_LEG_KIND(v, n, t)         PL_ROW_ENUM(LEG_KIND, v, n)
#define PL_ROW_LEG_STATE(v, n, t)        PL_ROW_ENUM(LEG_STATE, v, n)
#define PL_ROW_DIRECTION(v, n, t)        PL_ROW_ENUM(DIRECTION, v, n)
#define PL_ROW_SDP_TYPE(v, n, t)         PL_ROW_ENUM(SDP_TYPE, v, n)
#define PL_ROW_ACTION(v, n, t)           PL_ROW_ENUM(ACTION, v, n)
#define PL_ROW_RESOURCE(v, n, t)         PL_ROW_ENUM(RESOURCE, v, n)
#define PL_ROW_USER_TYPE(v, n, t)        PL_ROW_ENUM(USER_TYPE, v, n)
#define PL_ROW_DELETE_REASON(v, n, t)    PL_ROW_ENUM(DELETE_REASON, v, n)
#define PL_ROW_CALL_STATE(v, n, t)       PL_ROW_ENUM(CALL_STATE, v, n)
#define PL_ROW_EVENT_KIND(v, n, t)       PL_ROW_ENUM(EVENT_KIND, v, n)
#define PL_ROW_KEEP_ALIVE(v, n, t)       PL_ROW_ENUM(KEEP_ALIVE, v, n)
#define PL_ROW_STREAM(v, n, t)           PL_ROW_ENUM(STREAM, v, n)
#define PL_ROW_INVENTORY(v, n, t)        PL_ROW_ENUM(INVENTORY, v, n)
#define PL_ROW_POOL_STATE(v, n, t)       PL_ROW_ENUM(POOL_STATE, v, n)
#define PL_ROW_FETCH_METHOD(v, n, t)     PL_ROW_ENUM(FETCH_METHOD, v, n)
#define PL_ROW_FETCH_AUTH(v, n, t)       PL_ROW_ENUM(FETCH_AUTH, v, n)
#define PL_ROW_MGMT_RESOURCE(v, n, t)    PL_ROW_ENUM(MGMT_RESOURCE, v, n)
#define PL_ROW_MGMT_COMMAND(v, n, t)     PL_ROW_ENUM(MGMT_COMMAND, v, n)
#define PL_ROW_VIDEO_STATE(v, n, t)      PL_ROW_ENUM(VIDEO_STATE, v, n)
#define PL_ROW_VIDEO_CALL_STATE(v, n, t) PL_ROW_ENUM(VIDEO_CALL_STATE, v, n)
#define PL_ROW_PLATFORM_NEWS(v, n, t)    PL_ROW_ENUM(PLATFORM_NEWS, v, n)
#define PL_ROW_LINE_MODE(v, n, t)        PL_ROW_ENUM(LINE_MODE, v, n)
#define PL_ROW_IDENTITY(v, n, t)         PL_ROW_ENUM(IDENTITY, v, n)
#define PL_ROW_MEDIA_STATUS(v, n, t)     PL_ROW_ENUM(MEDIA_STATUS, v, n)
#define PL_ROW_NOTIFY_API(v, n, t)       PL_ROW_ENUM(NOTIFY_API, v, n)
#define PL_ROW_NOTIFY_TYPE(v, n, t)      PL_ROW_ENUM(NOTIFY_TYPE, v, n)
#define PL_ROW_SUBSCRIPTION_STATUS(v, n, t)                                    \
    PL_ROW_ENUM(SUBSCRIPTION_STATUS, v, n)
#define PL_ROW_DEVICE_FAULT(v, n, t)    PL_ROW_ENUM(DEVICE_FAULT, v, n)
#define PL_ROW_OPS_TABLE(v, n, t)       PL_ROW_ENUM(OPS_TABLE, v, n)
#define PL_ROW_DTMF_POLICY(v, n, t)     PL_ROW_ENUM(DTMF_POLICY, v, n)
#define PL_ROW_RECORD_POLICY(v, n, t)   PL_ROW_ENUM(RECORD_POLICY, v, n)
#define PL_ROW_RECORDING_STATE(v, n, t) PL_ROW_ENUM(RECORDING_STATE, v, n)
#define PL_ROW_RECORDING_BY(v, n, t)    PL_ROW_ENUM(RECORDING_BY, v, n)
#define PL_ROW_RECORDING_KIND(v, n, t)  PL_ROW_ENUM(RECORDING_KIND, v, n)

#define PL_WORDS_BODY(sym, upper)                                              \
    enum pl_##sym{PL_##upper##_WORDS(PL_ROW_##upper)};
PL_WORDS(PL_WORDS_BODY)
PL_WORDS(PL_WORDS_ENUM)

#endif
