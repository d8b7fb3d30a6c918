/* test_call_sm.c - the whole table of a call's life, walked. */
#include "call_sm.h"

#include "unit.h"

typedef struct step {
    pl_call_sm_state from;
    pl_call_sm_event event;
    pl_call_sm_state to;
    uint32_t actions;
} step;

#define S(n)    PL_CALL_S_##n
#define E(n)    PL_CALL_E_##n
#define DO(n)   PL_CALL_DO(n)
#define GONE    (DO(STOP_TIMERS) | DO(TELL_ENDED) | DO(RELEASE))
#define HANG_UP (DO(STOP_TIMERS) | DO(SEND_BYE))
#define LATE    (DO(STOP_TIMERS) | DO(SEND_ACK) | DO(SEND_BYE))

/* Every pair that means something; all others must be refused. */
static const step STEPS[] = {
    {S(NEW), E(PLACING), S(IN_PLACING), 0},
    {S(NEW), E(START), S(OUT_RESOLVING), 0},
    {S(NEW), E(ADOPTED), S(CONFIRMED), 0},
    {S(IN_PLACING), E(SAY_PROGRESS), S(IN_RINGING), DO(SEND_PROGRESS)},
    {S(IN_PLACING), E(SAY_ANSWER), S(IN_ANSWERED), DO(SEND_ANSWER)},
    {S(IN_PLACING), E(SAY_REFUSE), S(ENDED), DO(SEND_REFUSAL) | GONE},
    {S(IN_PLACING), E(END), S(ENDED), DO(SEND_REFUSAL) | GONE},
    {S(IN_PLACING), E(GOT_CANCEL), S(ENDED), DO(SEND_487) | GONE},
    {S(IN_PLACING), E(GOT_BYE), S(ENDED), DO(SEND_487) | GONE},
    {S(IN_RINGING), E(SAY_PROGRESS), S(IN_RINGING), DO(SEND_PROGRESS)},
    {S(IN_RINGING), E(SAY_ANSWER), S(IN_ANSWERED), DO(SEND_ANSWER)},
    {S(IN_RINGING), E(SAY_REFUSE), S(ENDED), DO(SEND_REFUSAL) | GONE},
    {S(IN_RINGING), E(END), S(ENDED), DO(SEND_REFUSAL) | GONE},
    {S(IN_RINGING), E(GOT_CANCEL), S(ENDED), DO(SEND_487) | GONE},
    {S(IN_RINGING), E(GOT_BYE), S(ENDED), DO(SEND_487) | GONE},
    {S(IN_ANSWERED), E(GOT_ACK), S(CONFIRMED),
     DO(STOP_TIMERS) | DO(TELL_CONFIRMED)},
    {S(IN_ANSWERED), E(GOT_CANCEL), S(IN_ANSWERED), 0},
    {S(IN_ANSWERED), E(GOT_BYE), S(ENDED), GONE},
    {S(IN_ANSWERED), E(END), S(IN_LEAVING), 0},
    {S(IN_ANSWERED), E(NO_ACK), S(BYE_SENT), HANG_UP},
    {S(IN_LEAVING), E(GOT_ACK), S(BYE_SENT), HANG_UP},
    {S(IN_LEAVING), E(GOT_CANCEL), S(IN_LEAVING), 0},
    {S(IN_LEAVING), E(GOT_BYE), S(ENDED), GONE},
    {S(IN_LEAVING), E(END), S(IN_LEAVING), 0},
    {S(IN_LEAVING), E(NO_ACK), S(BYE_SENT), HANG_UP},
    {S(OUT_RESOLVING), E(RESOLVED), S(OUT_CALLING), 0},
    {S(OUT_RESOLVING), E(END), S(ENDED), GONE},
    {S(OUT_RESOLVING), E(RING_TIMEOUT), S(ENDED), GONE},
    {S(OUT_RESOLVING), E(GOT_REFUSAL), S(ENDED), GONE},
    {S(OUT_CALLING), E(GOT_PROGRESS), S(OUT_RINGING), DO(TELL_PROGRESS)},
    {S(OUT_CALLING), E(GOT_ANSWER), S(CONFIRMED),
     DO(STOP_TIMERS) | DO(SEND_ACK) | DO(TELL_ANSWERED)},
    {S(OUT_CALLING), E(GOT_REFUSAL), S(ENDED), GONE},
    {S(OUT_CALLING), E(REDIRECTED), S(OUT_RESOLVING), 0},
    {S(OUT_CALLING), E(END), S(OUT_QUITTING), 0},
    {S(OUT_CALLING), E(RING_TIMEOUT), S(OUT_QUITTING), 0},
    {S(OUT_RINGING), E(GOT_PROGRESS), S(OUT_RINGING), DO(TELL_PROGRESS)},
    {S(OUT_RINGING), E(GOT_ANSWER), S(CONFIRMED),
     DO(STOP_TIMERS) | DO(SEND_ACK) | DO(TELL_ANSWERED)},
    {S(OUT_RINGING), E(GOT_REFUSAL), S(ENDED), GONE},
    {S(OUT_RINGING), E(REDIRECTED), S(OUT_RESOLVING), 0},
    {S(OUT_RINGING), E(END), S(OUT_CANCELLED),
     DO(STOP_TIMERS) | DO(SEND_CANCEL)},
    {S(OUT_RINGING), E(RING_TIMEOUT), S(OUT_CANCELLED),
     DO(STOP_TIMERS) | DO(SEND_CANCEL)},
    {S(OUT_QUITTING), E(GOT_PROGRESS), S(OUT_CANCELLED),
     DO(STOP_TIMERS) | DO(SEND_CANCEL)},
    {S(OUT_QUITTING), E(GOT_ANSWER), S(BYE_SENT), LATE},
    {S(OUT_QUITTING), E(GOT_REFUSAL), S(ENDED), GONE},
    {S(OUT_QUITTING), E(END), S(OUT_QUITTING), 0},
    {S(OUT_QUITTING), E(RING_TIMEOUT), S(OUT_QUITTING), 0},
    {S(OUT_CANCELLED), E(GOT_PROGRESS), S(OUT_CANCELLED), 0},
    {S(OUT_CANCELLED), E(GOT_ANSWER), S(BYE_SENT), LATE},
    {S(OUT_CANCELLED), E(GOT_REFUSAL), S(ENDED), GONE},
    {S(OUT_CANCELLED), E(END), S(OUT_CANCELLED), 0},
    {S(OUT_CANCELLED), E(RING_TIMEOUT), S(ENDED), GONE},
    {S(CONFIRMED), E(GOT_ACK), S(CONFIRMED), 0},
    {S(CONFIRMED), E(GOT_CANCEL), S(CONFIRMED), 0},
    {S(CONFIRMED), E(GOT_BYE), S(ENDED), GONE},
    {S(CONFIRMED), E(NO_ACK), S(BYE_SENT), HANG_UP},
    {S(CONFIRMED), E(LOST), S(BYE_SENT), HANG_UP},
    {S(CONFIRMED), E(END), S(BYE_SENT), HANG_UP},
    {S(BYE_SENT), E(GOT_ACK), S(BYE_SENT), 0},
    {S(BYE_SENT), E(GOT_BYE), S(ENDED), GONE},
    {S(BYE_SENT), E(BYE_DONE), S(ENDED), GONE},
    {S(BYE_SENT), E(END), S(BYE_SENT), 0},
};

static const step *find_step(unsigned from, unsigned event)
{
    for (size_t i = 0; i < COUNT(STEPS); i++) {
        if (STEPS[i].from == from && STEPS[i].event == event)
            return &STEPS[i];
    }
    return NULL;
}

static void every_pair_does_what_the_list_says(void **state)
{
    (void)state;
    for (unsigned from = 0; from < PL_CALL_N_STATES; from++) {
        for (unsigned event = 0; event < PL_CALL_N_EVENTS; event++) {
            const step *want = find_step(from, event);
            pl_call_sm_state s = (pl_call_sm_state)from;
            uint32_t actions = 77;
            pl_err e = pl_call_sm_take(&s, (pl_call_sm_event)event, &actions);
            if (e != (want ? PL_OK : PL_ESTATE) ||
                s != (want ? want->to : (pl_call_sm_state)from) ||
                actions != (want ? want->actions : 77)) {
                fail_msg("%s + %s", pl_call_sm_state_name(s),
                         pl_call_sm_event_name((pl_call_sm_event)event));
            }
        }
    }
}

/* Nothing can hang: from each state some event that always comes (a timer, or
 * the end of a transaction) leads towards ENDED. */
static void every_state_has_a_way_out(void **state)
{
    (void)state;
    bool reaches[PL_CALL_N_STATES] = {[PL_CALL_S_ENDED] = true};
    for (unsigned round = 0; round < PL_CALL_N_STATES; round++) {
        for (size_t i = 0; i < COUNT(STEPS); i++)
            reaches[STEPS[i].from] |= reaches[STEPS[i].to];
    }
    for (unsigned s = 0; s < PL_CALL_N_STATES; s++)
        assert_true(reaches[s]);
}

static void an_ended_call_is_always_reported_and_released(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(STEPS); i++) {
        bool is_gone = (STEPS[i].actions & GONE) == GONE;
        assert_int_equal(is_gone, STEPS[i].to == PL_CALL_S_ENDED);
    }
}

static void values_outside_the_table_are_refused(void **state)
{
    (void)state;
    pl_call_sm_state s = PL_CALL_N_STATES;
    uint32_t actions = 0;
    assert_int_equal(pl_call_sm_take(&s, PL_CALL_E_END, &actions), PL_ESTATE);
    s = PL_CALL_S_NEW;
    assert_int_equal(pl_call_sm_take(&s, PL_CALL_N_EVENTS, &actions),
                     PL_ESTATE);
    assert_string_equal(pl_call_sm_state_name(PL_CALL_S_CONFIRMED),
                        "CONFIRMED");
    assert_string_equal(pl_call_sm_event_name(PL_CALL_N_EVENTS), "?");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_does_what_the_list_says),
        cmocka_unit_test(every_state_has_a_way_out),
        cmocka_unit_test(an_ended_call_is_always_reported_and_released),
        cmocka_unit_test(values_outside_the_table_are_refused),
    };
    return RUN(tests);
}
