/* test_device_call_room.c - a call of a device and rooms: its seats are sent
 * there, by the management API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "media_client.h"
#include "mgmt_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

#define STATUS(s) PL_MEDIA_STATUS_##s

typedef struct talk {
    world w;
    caller c;
    char id[65], call[65];
} talk;

static void talks(talk *t)
{
    caller_in_world(&t->w, 2, &t->c);
    PUT(t->call, caller_calls(&t->w, &t->c, t->id)->id);
    phone_report(&t->w, t->call, PL_CALL_STATE_ANSWERED, 200, "p1");
    phone_report(&t->w, t->call, PL_CALL_STATE_CONFIRMED, 0, NULL);
    caller_hears(&t->w, &t->c, STATUS(CONNECTED), 1, "'sdp':'o1'", NULL);
}

static pl_part *device_of(talk *t)
{
    return pl_map_find(world_pool(&t->w)->parts,
                       media_of(&t->w, t->id)->row.participant_id);
}

static pl_part *phone_of(talk *t)
{
    const pl_call *call = pl_map_find(world_pool(&t->w)->calls, t->call);
    return call ? call->part : NULL;
}

static pl_err sends(talk *t, const pl_part *part, const char *alias)
{
    pl_management_command m = {.role = PL_PART_ROLE_GUEST};
    char id[65];
    PUT(m.alias, alias);
    PUT(m.transfer_id, "t");
    PUT(m.secret, "secret");
    PUT(m.transfer_hash, "hash");
    PUT(id, part->row.participant_id);
    pl_err e = mgmt_does(&t->w, &m, PL_MGMT_COMMAND_PARTICIPANT_TRANSFER, id);
    world_run(&t->w, 50 * MS);
    world_check(&t->w);
    return e;
}

static void both_go_to_a_room(void **state)
{
    (void)state;
    talk t;
    talks(&t);
    assert_int_equal(world_sql(&t.w, "SELECT count(*) FROM m_live_participant "
                                     "WHERE service_type = 'gateway' AND "
                                     "conference IS NULL"),
                     2);
    assert_int_equal(sends(&t, device_of(&t), "nowhere"), PL_ENOUSER);
    assert_int_equal(sends(&t, device_of(&t), "lobby"), PL_OK);
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 2, "'sdp':'offer:", NULL);
    assert_int_equal(
        caller_puts(&t.w, &t.c, t.id, STATUS(CONNECTED), NULL, "a2"), 0);
    assert_string_equal(device_of(&t)->conf->row.room_id, "lobby");
    assert_true(media_leg_of(&t.w, t.id)->mixed);
    assert_int_equal(sends(&t, device_of(&t), "lobby"), PL_EEXIST);
    /* What happens to the telephone is not its affair now. */
    assert_int_equal(phone_offers(&t.w, t.call, "p-hold"), PL_OK);
    unsigned n = t.w.sig.n_offers;
    assert_int_equal(sends(&t, phone_of(&t), "lobby"), PL_OK);
    assert_int_equal(t.w.sig.n_offers, n + 1);
    assert_string_equal(phone_of(&t)->conf->row.room_id, "lobby");
    assert_int_equal(world_sql(&t.w, "SELECT count(*) FROM conferences WHERE "
                                     "kind = 'device' AND state = 'live'"),
                     0);
    /* A restart changes nothing. */
    world_kill_roompool(&t.w);
    world_start_roompool(&t.w);
    world_send_inventory(&t.w);
    world_check(&t.w);
    media_is(&t.w, &t.c, t.id, STATUS(CONNECTED));
    assert_int_equal(caller_puts(&t.w, &t.c, t.id, STATUS(HOLD), NULL, NULL),
                     0);
    assert_int_equal(caller_puts(&t.w, &t.c, t.id, STATUS(RESUME), NULL, NULL),
                     0);
    assert_int_equal(caller_deletes(&t.w, &t.c, t.id), 0);
    caller_hears(&t.w, &t.c, STATUS(TERMINATED), 3, NULL, NULL);
    assert_non_null(phone_of(&t)); /* stays in the room */
    assert_false(sig_call(&t.w, t.call)->is_ended);
    phone_report(&t.w, t.call, PL_CALL_STATE_ENDED, 0, NULL);
    world_check(&t.w);
    world_destroy(&t.w);
}

static void the_telephone_goes_alone(void **state)
{
    (void)state;
    talk t;
    talks(&t);
    assert_int_equal(sends(&t, phone_of(&t), "lobby"), PL_OK);
    media_is(&t.w, &t.c, t.id, STATUS(CONNECTED));
    /* From room to room, too. */
    assert_int_equal(sends(&t, phone_of(&t), "small"), PL_OK);
    assert_string_equal(phone_of(&t)->conf->row.room_id, "small");
    phone_report(&t.w, t.call, PL_CALL_STATE_ENDED, 0, NULL);
    media_is(&t.w, &t.c, t.id, STATUS(CONNECTED));
    assert_int_equal(caller_deletes(&t.w, &t.c, t.id), 0);
    caller_hears(&t.w, &t.c, STATUS(TERMINATED), 2, NULL, NULL);
    assert_int_equal(world_sql(&t.w, "SELECT count(*) FROM conferences WHERE "
                                     "state = 'live'"),
                     0);
    world_destroy(&t.w);
}

static void the_room_ends(void **state)
{
    (void)state;
    talk t;
    talks(&t);
    assert_int_equal(sends(&t, device_of(&t), "lobby"), PL_OK);
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 2, "'sdp':'offer:", NULL);
    char conf[65];
    pl_management_command m = {.role = PL_PART_ROLE_GUEST};
    PUT(conf, device_of(&t)->conf->row.conf_id);
    assert_int_equal(
        mgmt_does(&t.w, &m, PL_MGMT_COMMAND_CONFERENCE_DISCONNECT, conf),
        PL_OK);
    caller_hears(&t.w, &t.c, STATUS(TERMINATED), 3, NULL, NULL);
    world_check(&t.w);
    world_destroy(&t.w);
}

/* It refuses the media of the room: gone with its call. */
static void it_does_not_come(void **state)
{
    (void)state;
    talk t;
    talks(&t);
    t.w.sig.refuse_offer = PL_EMEDIA;
    assert_int_equal(sends(&t, phone_of(&t), "lobby"), PL_OK);
    assert_true(sig_call(&t.w, t.call)->is_ended);
    world_check(&t.w);
    world_destroy(&t.w);
}

static void no_call_stands_for_ever(void **state)
{
    (void)state;
    talk t;
    talks(&t);
    t.w.config.guests_only_s = 3600; /* the room goes on */
    assert_int_equal(sends(&t, device_of(&t), "lobby"), PL_OK);
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 2, "'sdp':'offer:", NULL);
    assert_int_equal(
        caller_puts(&t.w, &t.c, t.id, STATUS(CONNECTED), NULL, "a2"), 0);
    world_run(&t.w, 40 * S);
    assert_non_null(phone_of(&t)); /* it may be sent after it */
    world_kill_roompool(&t.w);
    world_start_roompool(&t.w);
    world_send_inventory(&t.w);
    world_check(&t.w);
    assert_non_null(phone_of(&t));
    world_run(&t.w, 21 * S);
    world_check(&t.w);
    assert_null(phone_of(&t));
    assert_true(sig_call(&t.w, t.call)->is_ended);
    media_is(&t.w, &t.c, t.id, STATUS(CONNECTED));
    assert_int_equal(caller_deletes(&t.w, &t.c, t.id), 0);
    caller_hears(&t.w, &t.c, STATUS(TERMINATED), 3, NULL, NULL);
    world_destroy(&t.w);
}

static void it_may_stand_for_ever(void **state)
{
    (void)state;
    talk t;
    talks(&t);
    t.w.config.device_alone_s = 0;
    assert_int_equal(sends(&t, device_of(&t), "lobby"), PL_OK);
    world_run(&t.w, 300 * S);
    assert_non_null(phone_of(&t));
    phone_report(&t.w, t.call, PL_CALL_STATE_ENDED, 0, NULL);
    world_check(&t.w);
    world_destroy(&t.w);
}

/* ---- what the log says ---- */

static char noted[8192];

static void keep(void *ctx, pl_log_level level, const char *event,
                 const char *conf, const char *part, const char *text)
{
    size_t n = strlen(noted);
    (void)ctx;
    (void)level;
    pl_fmt_cut(noted + n, sizeof noted - n, "%s/%s/%s/%s\n", event, conf, part,
               text);
}

static void is_noted(const char *event, const pl_part *part, const char *conf,
                     const char *text)
{
    char want[512];
    pl_fmt_cut(want, sizeof want, "%s/%s/%s/%s\n", event, conf,
               part ? part->row.participant_id : "", text);
    if (!strstr(noted, want))
        fail_msg("not noted: %s among\n%s", want, noted);
}

static void says_its_name(talk *t, const char *sip_call_id)
{
    pl_call_report m = {.state = PL_CALL_STATE_RINGING, .sip_status = 180};
    answer a;
    PUT(m.call_id, t->call);
    PL_MSG_SET(CALL_REPORT, call_report, &m, sip_status);
    PUT(m.sip_call_id, sip_call_id);
    PL_MSG_SET(CALL_REPORT, call_report, &m, sip_call_id);
    world_ask_from(&t->w, t->w.sig.bus, &PL_MSG_CALL_REPORT, &m, &a);
    assert_int_equal(a.error, PL_OK);
}

static void the_log_ties_ids_together(void **state)
{
    (void)state;
    talk t;
    char text[256];
    char conf[65];
    caller_in_world(&t.w, 2, &t.c);
    pl_pool *pool = world_pool(&t.w);
    const pl_port *real = pool->port;
    pl_port port = *real;
    port.note = keep;
    pool->port = &port;
    noted[0] = '\0';
    PUT(t.call, caller_calls(&t.w, &t.c, t.id)->id);
    says_its_name(&t, "ab@ua");
    phone_report(&t.w, t.call, PL_CALL_STATE_ANSWERED, 200, "p1");
    phone_report(&t.w, t.call, PL_CALL_STATE_CONFIRMED, 0, NULL);
    PUT(conf, phone_of(&t)->conf->row.conf_id);
    pl_fmt_cut(text, sizeof text, "media_session %s of registration %s", t.id,
               t.c.registration);
    is_noted("device_call_begun", device_of(&t), conf, text);
    pl_fmt_cut(text, sizeof text, "call %s", t.call);
    is_noted("call_begun", phone_of(&t), conf, text);
    pl_fmt_cut(text, sizeof text, "call %s sip_call_id ab@ua", t.call);
    is_noted("call_named", phone_of(&t), conf, text);
    assert_int_equal(sends(&t, device_of(&t), "lobby"), PL_OK);
    pl_fmt_cut(text, sizeof text, "from %s to lobby", conf);
    is_noted("participant_moved", device_of(&t),
             device_of(&t)->conf->row.conf_id, text);
    assert_int_equal(device_deletes(&t.w, &t.c.who, t.c.registration), 0);
    pl_fmt_cut(text, sizeof text,
               CALL_NUMBER " registration %s: its application deleted it",
               t.c.registration);
    is_noted("registration_ended", NULL, "", text);
    pool->port = real;
    world_destroy(&t.w);
}

static void only_who_is_in(void **state)
{
    (void)state;
    talk t;
    char id[65];
    caller_in_world(&t.w, 1, &t.c);
    PUT(t.call, caller_calls(&t.w, &t.c, id)->id);
    PUT(t.id, id);
    assert_int_equal(sends(&t, phone_of(&t), "lobby"), PL_ESTATE);
    world_destroy(&t.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_go_to_a_room),
        cmocka_unit_test(the_telephone_goes_alone),
        cmocka_unit_test(the_room_ends),
        cmocka_unit_test(it_does_not_come),
        cmocka_unit_test(no_call_stands_for_ever),
        cmocka_unit_test(it_may_stand_for_ever),
        cmocka_unit_test(the_log_ties_ids_together),
        cmocka_unit_test(only_who_is_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
