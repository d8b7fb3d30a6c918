/* room_policy.c - see room_policy.h. */
#include "room_policy.h"

#include <string.h>

#include "pl/str.h"
#include "room_setting.h"

void pl_room_policy_preset(pl_room_row *row)
{
    row->channels = 1;
    row->dtmf = PL_DTMF_POLICY_EAT;
    row->level_voices = true;
    row->record = PL_RECORD_POLICY_MANUAL;
}

/* Values were checked as they were set. */
static void take_bool(const pl_room *room, const char *field, bool *value)
{
    if (pl_setting(room, field))
        *value = pl_setting_is(room, field, "true");
}

/* The text inside the quotes of a JSON string of plain characters; false where
 * the setting is no such thing. */
static bool take_word(const pl_room *room, const char *field, char *text,
                      size_t cap)
{
    const char *json = pl_setting(room, field);
    size_t len = json ? strlen(json) : 0;
    if (len < 2 || json[0] != '"' || len - 2 >= cap)
        return false;
    pl_fmt_cut(text, cap, "%.*s", (int)(len - 2), json + 1);
    return true;
}

static void take_settings(const pl_room *room, pl_room_policy *p)
{
    char word[PL_PROMPT_NAME_MAX + 1];
    take_bool(room, "denoise_enabled", &p->denoise);
    take_bool(room, "level_voices", &p->level_voices);
    take_bool(room, "recording_stems", &p->record_stems);
    if (pl_setting_is(room, "audio_channels", "2"))
        p->channels = 2;
    if (take_word(room, "dtmf_policy", word, sizeof word))
        p->dtmf = (uint32_t)pl_dtmf_policy_find(word);
    if (take_word(room, "recording", word, sizeof word))
        p->record = (uint32_t)pl_record_policy_find(word);
    if (take_word(room, "alone_music", word, sizeof word))
        PL_SET(p->alone_music, word);
}

pl_room_policy pl_room_policy_of(const pl_room *room)
{
    pl_room_row preset = {0};
    pl_room_policy_preset(&preset);
    const pl_room_row *row = room ? &room->row : &preset;
    pl_room_policy p = {.channels = row->channels,
                        .dtmf = row->dtmf,
                        .record = row->record,
                        .denoise = row->denoise,
                        .level_voices = row->level_voices,
                        .record_stems = row->record_stems};
    PL_SET(p.alone_music, row->alone_music);
    if (room && row->room_no > 0)
        take_settings(room, &p);
    return p;
}
