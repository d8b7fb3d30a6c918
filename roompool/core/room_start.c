/* room_start.c - see room_start.h. */
#include "room_start.h"

#include <string.h>

#include "pl/management.h"
#include "pl/str.h"
#include "room_setting.h"

/* The management API's name of a layout, as JSON, and the one that clients
 * know. */
static const struct layout {
    const char *view, *layout;
} LAYOUTS[] = {
    {"\"one_main_zero_pips\"", "1:0"},
    {"\"one_main_seven_pips\"", "1:7"},
    {"\"one_main_twentyone_pips\"", "1:21"},
    {"\"two_mains_twentyone_pips\"", "2:21"},
    {"\"one_main_thirtythree_pips\"", "1:33"},
    {"\"four_mains_zero_pips\"", "4:0"},
    {"\"nine_mains_zero_pips\"", "9:0"},
    {"\"sixteen_mains_zero_pips\"", "16:0"},
    {"\"twentyfive_mains_zero_pips\"", "25:0"},
    {"\"five_mains_seven_pips\"", "5:7"},
};

/* What the management API shows as a room's setting, NULL where it shows none:
 * it does not show rooms of the configuration file. */
static const char *shown(const pl_room *room, const char *field)
{
    const char *value = pl_setting(room, field);
    if (value || !room || room->row.room_no == 0)
        return value;
    return pl_mgmt_field_find(pl_mgmt_desc_of(PL_MGMT_RESOURCE_CONFERENCE),
                              pl_slice_str(field))
        ->preset;
}

/* "" when clients have no name for it. */
static const char *layout_of(const pl_room *room, const char *field)
{
    const char *view = shown(room, field);
    for (size_t i = 0; view && i < sizeof LAYOUTS / sizeof LAYOUTS[0]; i++) {
        if (strcmp(LAYOUTS[i].view, view) == 0)
            return LAYOUTS[i].layout;
    }
    return "";
}

void pl_room_start_with(const pl_room *room, pl_conf_row *row)
{
    row->guests_muted = pl_setting_is(room, "mute_all_guests", "true");
    row->overlay_shown = pl_setting_is(room, "enable_overlay_text", "true");
    PL_SET(row->host_layout, layout_of(room, "host_view"));
    PL_SET(row->guest_layout, layout_of(room, "guest_view"));
    if (!row->guest_layout[0]) /* no view of their own */
        PL_SET(row->guest_layout, row->host_layout);
}

bool pl_room_has_chat(const pl_room *room)
{
    return !room || !pl_setting_is(room, "enable_chat", "\"no\"");
}
