/* rows.c - descriptors of tables/rows.def. */
#include "rows.h"

#include <string.h>

typedef struct word {
    uint32_t value;
    const char *text;
} word;

static const char *word_text(const word *words, uint32_t value)
{
    for (; words->text; words++) {
        if (words->value == value)
            return words->text;
    }
    return "unknown";
}

static uint32_t word_value(const word *words, const char *text)
{
    for (; words->text; words++) {
        if (strcmp(words->text, text) == 0)
            return words->value;
    }
    return 0;
}

#define WORD_ROW(v, n, t) {(v), (t)},
#define WORD_FUNCTIONS(sym, upper)                                             \
    static const word sym##_words[] = {PL_##upper##_WORDS(WORD_ROW){0, NULL}}; \
    const char *pl_##sym##_text(uint32_t value)                                \
    {                                                                          \
        return word_text(sym##_words, value);                                  \
    }                                                                          \
    uint32_t pl_##sym##_value(const char *text)                                \
    {                                                                          \
        return word_value(sym##_words, text);                                  \
    }
PL_POOL_WORDS(WORD_FUNCTIONS)

/* The platform's enumerations under the same two names. */
#define SHARED_WORD(sym)                                                       \
    static uint32_t pl_##sym##_value(const char *text)                         \
    {                                                                          \
        return (uint32_t)pl_##sym##_find(text);                                \
    }
SHARED_WORD(role)
SHARED_WORD(life)
SHARED_WORD(dialect)
SHARED_WORD(room_mode)
SHARED_WORD(part_role)
SHARED_WORD(leg_kind)
SHARED_WORD(leg_state)
SHARED_WORD(direction)
SHARED_WORD(call_state)
SHARED_WORD(event_kind)
SHARED_WORD(resource)
SHARED_WORD(pool_state)
SHARED_WORD(user_type)
SHARED_WORD(keep_alive)
SHARED_WORD(video_state)
SHARED_WORD(line_mode)
SHARED_WORD(media_status)
SHARED_WORD(notify_api)
SHARED_WORD(notify_type)
SHARED_WORD(subscription_status)
SHARED_WORD(video_call_state)
SHARED_WORD(dtmf_policy)
SHARED_WORD(record_policy)
SHARED_WORD(recording_state)
SHARED_WORD(recording_by)
SHARED_WORD(recording_kind)

#define ROLE_KEY      true
#define ROLE_VAL      false
#define COL_STR(arg)  .max = (arg)
#define COL_REF(arg)  .max = (arg)
#define COL_TEXT(arg) .max = 0
#define COL_U32(arg)  .max = 0
#define COL_U64(arg)  .max = 0
#define COL_BOOL(arg) .max = 0
#define COL_TIME(arg) .max = 0
#define COL_WORD(arg) .text = pl_##arg##_text, .value = pl_##arg##_value
#define COL_ROW(role, kind_, name_, arg)                                       \
    {.name = #name_,                                                           \
     .kind = PL_COL_##kind_,                                                   \
     .is_key = ROLE_##role,                                                    \
     .offset = offsetof(ROW_TYPE, name_),                                      \
     COL_##kind_(arg)},

#define ROW_TYPE pl_meta_row
static const pl_col META_cols[] = {PL_META_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_room_row
static const pl_col ROOM_cols[] = {PL_ROOM_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_alias_row
static const pl_col ALIAS_cols[] = {PL_ALIAS_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_setting_row
static const pl_col SETTING_cols[] = {PL_SETTING_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_auto_row
static const pl_col AUTO_cols[] = {PL_AUTO_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_autoroom_row
static const pl_col AUTOROOM_cols[] = {PL_AUTOROOM_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_vmr_row
static const pl_col VMR_cols[] = {PL_VMR_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_sess_row
static const pl_col SESS_cols[] = {PL_SESS_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_user_row
static const pl_col USER_cols[] = {PL_USER_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_conf_row
static const pl_col CONF_cols[] = {PL_CONF_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_part_row
static const pl_col PART_cols[] = {PL_PART_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_leg_row
static const pl_col LEG_cols[] = {PL_LEG_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_call_row
static const pl_col CALL_cols[] = {PL_CALL_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_event_row
static const pl_col EVENT_cols[] = {PL_EVENT_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_worker_row
static const pl_col WORKER_cols[] = {PL_WORKER_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_sink_row
static const pl_col SINK_cols[] = {PL_SINK_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_sinkev_row
static const pl_col SINKEV_cols[] = {PL_SINKEV_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_record_row
static const pl_col RECORD_cols[] = {PL_RECORD_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_video_row
static const pl_col VIDEO_cols[] = {PL_VIDEO_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_vcall_row
static const pl_col VCALL_cols[] = {PL_VCALL_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_vlog_row
static const pl_col VLOG_cols[] = {PL_VLOG_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_confrecord_row
static const pl_col CONFRECORD_cols[] = {PL_CONFRECORD_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_placement_row
static const pl_col PLACEMENT_cols[] = {PL_PLACEMENT_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_recording_row
static const pl_col RECORDING_cols[] = {PL_RECORDING_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_recfile_row
static const pl_col RECFILE_cols[] = {PL_RECFILE_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_talk_row
static const pl_col TALK_cols[] = {PL_TALK_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_reg_row
static const pl_col REG_cols[] = {PL_REG_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_devcall_row
static const pl_col DEVCALL_cols[] = {PL_DEVCALL_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_subscr_row
static const pl_col SUBSCR_cols[] = {PL_SUBSCR_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_notif_row
static const pl_col NOTIF_cols[] = {PL_NOTIF_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_relay_row
static const pl_col RELAY_cols[] = {PL_RELAY_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_relayev_row
static const pl_col RELAYEV_cols[] = {PL_RELAYEV_COLS(COL_ROW)};
#undef ROW_TYPE
#define ROW_TYPE pl_dialog_row
static const pl_col DIALOG_cols[] = {PL_DIALOG_COLS(COL_ROW)};
#undef ROW_TYPE

#define TABLE_DESC(sym, upper, text)                                           \
    const pl_table PL_TABLE_##upper = {.name = (text),                         \
                                       .size = sizeof(pl_##sym##_row),         \
                                       .cols = upper##_cols,                   \
                                       .n_cols = sizeof upper##_cols /         \
                                                 sizeof upper##_cols[0]};
PL_TABLES(TABLE_DESC)

#define TABLE_POINTER(sym, upper, text) &PL_TABLE_##upper,
static const pl_table *const tables[] = {PL_TABLES(TABLE_POINTER)};

const pl_table *pl_table_at(size_t i)
{
    return i < sizeof tables / sizeof tables[0] ? tables[i] : NULL;
}
