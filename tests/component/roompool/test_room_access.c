/* test_room_access.c - every cell of tables/room_access.def is tried by a
 * participant of that kind; what is refused changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/room_access.h"
#include "fake_page.h"
#include "world.h"

/* ---- the table, as the test reads it ---- */

typedef enum cell { YES, CAN, NO } cell;
enum { SELF, OTHER, N_TARGETS };

#define SEAT_ROW(op, hs, ho, gs, go, ws, wo)                                   \
    {PL_ROOM_OP_##op, #op, true, {{hs, ho}, {gs, go}, {ws, wo}}},
#define CONF_ROW(op, host, guest, waiting)                                     \
    {PL_ROOM_OP_##op, #op, false, {{host, NO}, {guest, NO}, {waiting, NO}}},
static const struct row {
    pl_room_op op;
    const char *name;
    bool has_target;
    cell cells[PL_N_ROOM_WHO][N_TARGETS];
} ROWS[] = {PL_ROOM_SEAT_TABLE(SEAT_ROW) PL_ROOM_CONF_TABLE(CONF_ROW)};

#define WHO_NAME(upper, lower) #lower,
static const char *const WHO[] = {PL_ROOM_WHO(WHO_NAME)};

/* ---- the stage: a locked room with a host, a guest, and one who waits ---- */

typedef struct stage {
    world w;
    page pages[PL_N_ROOM_WHO];
} stage;

static void set_up(stage *s)
{
    world_create(&s->w, 1);
    page_is_in(&s->w, &s->pages[PL_ROOM_WHO_HOST], "locked", "9999", "host");
    page_is_in(&s->w, &s->pages[PL_ROOM_WHO_GUEST], "locked", "1234", "guest");
    assert_int_equal(
        PAGE_SETS(&s->w, &s->pages[PL_ROOM_WHO_HOST], locked, true), PL_OK);
    page_is_in(&s->w, &s->pages[PL_ROOM_WHO_WAITING], "locked", "1234",
               "waiting");
    assert_true(s->pages[PL_ROOM_WHO_WAITING].waiting);
}

/* ---- one attempt ---- */

static pl_err control(stage *s, const page *by, const char *target,
                      pl_room_op op)
{
    pl_participant_control m = {.present = 0};
    switch ((int)op) {
    case PL_ROOM_OP_MUTE: WITH_PART(m, muted, true); break;
    case PL_ROOM_OP_UNMUTE: WITH_PART(m, muted, false); break;
    case PL_ROOM_OP_CLIENT_MUTE: WITH_PART(m, client_muted, true); break;
    case PL_ROOM_OP_VIDEO_MUTE: WITH_PART(m, video_muted, true); break;
    case PL_ROOM_OP_BUZZ: WITH_PART(m, buzz, true); break;
    case PL_ROOM_OP_OVERLAY_TEXT:
        PUT(m.overlay_text, "text");
        PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, &m, overlay_text);
        break;
    case PL_ROOM_OP_DISCONNECT: WITH_PART(m, disconnect, true); break;
    case PL_ROOM_OP_DIGITS:
        PUT(m.digits, "1#");
        PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, &m, digits);
        break;
    case PL_ROOM_OP_PLAY_TO:
        PUT(m.play, "welcome");
        PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, &m, play);
        break;
    case PL_ROOM_OP_ROLE: WITH_PART(m, role, PL_PART_ROLE_HOST); break;
    case PL_ROOM_OP_ADMIT: WITH_PART(m, admit, true); break;
    case PL_ROOM_OP_SPOTLIGHT: WITH_PART(m, spotlight, true); break;
    case PL_ROOM_OP_RX_PRESENTATION:
        WITH_PART(m, rx_presentation, false);
        break;
    default: fail_msg("operation %d is not tried", (int)op);
    }
    return page_controls(&s->w, by, target, &m);
}

static pl_err transfer(stage *s, const page *by, const char *target)
{
    pl_participant_transfer m = {.role = PL_PART_ROLE_GUEST};
    PUT(m.alias, "lobby");
    PUT(m.transfer_id, "transfer-1");
    PUT(m.secret, "0123456789012345678901234567890123456789012");
    PUT(m.transfer_hash, hash_of(m.secret));
    return page_transfers(&s->w, by, target, &m);
}

static pl_err look(stage *s, const page *by, const pl_msg_desc *desc)
{
    pl_room_status status = {.present = 0};
    pl_roster_get roster = {.present = 0};
    answer a;
    PUT(status.participant_id, by->id);
    PUT(status.token_hash, hash_of(by->token));
    PUT(roster.participant_id, by->id);
    PUT(roster.token_hash, hash_of(by->token));
    world_ask(&s->w, desc,
              desc == &PL_MSG_ROOM_STATUS ? (const void *)&status : &roster,
              &a);
    return a.error;
}

static pl_err play_all(stage *s, const page *by)
{
    pl_conference_control m = {.present = 0};
    PUT(m.play, "welcome");
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, &m, play);
    return page_sets(&s->w, by, &m);
}

static pl_err set_layout(stage *s, const page *by)
{
    pl_conference_control m = {.present = 0};
    PUT(m.host_layout, "1:7");
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, &m, host_layout);
    return page_sets(&s->w, by, &m);
}

static pl_err attempt(stage *s, const page *by, const char *target,
                      pl_room_op op)
{
    world *w = &s->w;
    pl_room_dial dial = {.present = 0};
    answer a;
    switch ((int)op) {
    case PL_ROOM_OP_TRANSFER: return transfer(s, by, target);
    case PL_ROOM_OP_MESSAGE_TO: return page_says(w, by, target, "x");
    case PL_ROOM_OP_MESSAGE: return page_says(w, by, NULL, "x");
    case PL_ROOM_OP_LOCK: return PAGE_SETS(w, by, locked, false);
    case PL_ROOM_OP_GUESTS_MUTED: return PAGE_SETS(w, by, guests_muted, true);
    case PL_ROOM_OP_GUESTS_CAN_UNMUTE:
        return PAGE_SETS(w, by, guests_can_unmute, false);
    case PL_ROOM_OP_START: return PAGE_SETS(w, by, start, true);
    case PL_ROOM_OP_DISCONNECT_ALL:
        return PAGE_SETS(w, by, disconnect_all, true);
    case PL_ROOM_OP_CLEAR_BUZZ: return PAGE_SETS(w, by, clear_buzz, true);
    case PL_ROOM_OP_CLEAR_SPOTLIGHTS:
        return PAGE_SETS(w, by, clear_spotlights, true);
    case PL_ROOM_OP_LAYOUT: return set_layout(s, by);
    case PL_ROOM_OP_RECORD: return PAGE_SETS(w, by, record, true);
    case PL_ROOM_OP_PLAY: return play_all(s, by);
    case PL_ROOM_OP_DIAL:
        return page_dials(w, by, "sip:x@example.net", &dial, &a);
    case PL_ROOM_OP_STATUS: return look(s, by, &PL_MSG_ROOM_STATUS);
    case PL_ROOM_OP_ROSTER: return look(s, by, &PL_MSG_ROSTER_GET);
    default: return control(s, by, target, op);
    }
}

/* ---- what must come of it ---- */

/* All that a request could change, as one number. */
static int64_t state_of(stage *s)
{
    return world_sql(&s->w, "SELECT sum(last) FROM (SELECT count(*) AS last "
                            "FROM events UNION ALL SELECT 1000 * count(*) FROM "
                            "participants WHERE state <> 'left')");
}

static void try_cell(const struct row *row, pl_room_who who, int target,
                     bool can)
{
    static stage s;
    set_up(&s);
    const page *by = &s.pages[who];
    const page *other = &s.pages[who == PL_ROOM_WHO_HOST ? PL_ROOM_WHO_GUEST
                                                         : PL_ROOM_WHO_HOST];
    cell want = row->cells[who][target];
    bool may = want == YES || (want == CAN && can);
    if (!can)
        assert_int_equal(PAGE_SETS(&s.w, &s.pages[PL_ROOM_WHO_HOST],
                                   guests_can_unmute, false),
                         PL_OK);
    int64_t before = state_of(&s);
    pl_err e = attempt(&s, by, target == SELF ? by->id : other->id, row->op);
    pl_err right = may ? PL_OK : PL_EFORBIDDEN;
    if (e != right)
        fail_msg("%s by %s to %s: %s", row->name, WHO[who],
                 target == SELF ? "itself" : "another", pl_err_text(e));
    if (e != PL_OK)
        assert_int_equal(state_of(&s), before);
    world_check(&s.w);
    world_destroy(&s.w);
}

static void every_cell_of_the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        for (int who = 0; who < PL_N_ROOM_WHO; who++)
            for (int to = 0; to < (ROWS[i].has_target ? N_TARGETS : 1); to++) {
                try_cell(&ROWS[i], (pl_room_who)who, to, true);
                if (ROWS[i].cells[who][to] == CAN)
                    try_cell(&ROWS[i], (pl_room_who)who, to, false);
            }
}

/* A request is done whole or not at all. */
static void one_forbidden_field_refuses_all(void **state)
{
    static stage s;
    pl_participant_control m = {.present = 0};
    (void)state;
    set_up(&s);
    int64_t before = state_of(&s);
    WITH_PART(m, buzz, true);
    WITH_PART(m, spotlight, true);
    assert_int_equal(page_controls(&s.w, &s.pages[PL_ROOM_WHO_GUEST], NULL, &m),
                     PL_EFORBIDDEN);
    assert_int_equal(state_of(&s), before);
    world_destroy(&s.w);
}

/* Somebody of another room is nobody here; nor is who has left. */
static void targets_are_of_the_same_conference(void **state)
{
    static stage s;
    page far;
    (void)state;
    set_up(&s);
    const page *host = &s.pages[PL_ROOM_WHO_HOST];
    page_is_in(&s.w, &far, "lobby", NULL, "far");
    assert_int_equal(PAGE_CONTROLS(&s.w, host, far.id, muted, true), PL_ENOENT);
    assert_int_equal(page_says(&s.w, host, far.id, "x"), PL_ENOENT);
    assert_int_equal(transfer(&s, host, far.id), PL_ENOENT);
    page_goes(&s.w, &s.pages[PL_ROOM_WHO_GUEST]);
    assert_int_equal(
        PAGE_CONTROLS(&s.w, host, s.pages[PL_ROOM_WHO_GUEST].id, muted, true),
        PL_ENOENT);
    assert_int_equal(
        PAGE_CONTROLS(&s.w, &s.pages[PL_ROOM_WHO_GUEST], host->id, buzz, true),
        PL_EGONE);
    page stranger = *host;
    PUT(stranger.token, "made-up");
    assert_int_equal(PAGE_SETS(&s.w, &stranger, locked, false), PL_EAUTH);
    world_destroy(&s.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_table_holds),
        cmocka_unit_test(one_forbidden_field_refuses_all),
        cmocka_unit_test(targets_are_of_the_same_conference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
