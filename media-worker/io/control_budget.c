/* control_budget.c - what rooms and legs the mixing threads can take. */
#include "io/control_state.h"

#include "pl/log.h"

/* Ask every thread how it is. */
static void look(pl_control *c)
{
    int64_t now_us = pl_loop_now_us(c->o.loop);
    for (uint32_t i = 0; i < pl_mixer_threads(c->o.mixer); i++) {
        pl_budget_measure m;
        pl_mixer_measure(c->o.mixer, i, &m);
        pl_budget_measured(c->budget, i, &m, now_us);
    }
}

uint32_t pl_control_load(pl_control *c)
{
    look(c);
    uint32_t load = c->o.budget_permille ? pl_budget_load(c->budget)
                                         : pl_mixer_load_permille(c->o.mixer);
    pl_metrics_set(c->o.metrics, PL_MEDIA_M_budget_load, load);
    return load;
}

/* room: of who was to join; NULL: it was a room. */
static pl_err refuse(const pl_control *c, const char *room)
{
    enum { LINES_A_MINUTE = 6 };
    static pl_log_limit limit;
    pl_metrics_add(c->o.metrics, PL_MEDIA_M_refused_full, 1);
    if (pl_log_allowed(&limit, LINES_A_MINUTE)) {
        PL_LOG(WARN, "media", "refused_full", PL_KV("room", room),
               "no time for %s: %u of 1000 permille of the budget; add a media "
               "worker, or cores and budget_permille of [media]",
               room ? "one more participant" : "one more room",
               (unsigned)pl_budget_load(c->budget));
    }
    return PL_EFULL;
}

pl_err pl_control_place_room(pl_control *c, bool is_owed, uint32_t *ret_thread)
{
    look(c);
    if (!is_owed && pl_budget_load(c->budget) >= PL_BUDGET_FULL)
        return refuse(c, NULL);
    *ret_thread = pl_budget_emptiest(c->budget);
    return PL_OK;
}

pl_err pl_control_place_leg(pl_control *c, const pl_room *room)
{
    look(c);
    /* Of which codec it will be is not known yet. */
    return room->n_legs < room->owed ||
                   pl_budget_has_place(c->budget, &room->budget, true)
               ? PL_OK
               : refuse(c, room->id);
}

void pl_control_leg_came(pl_control *c, pl_leg *leg)
{
    leg->is_opus = true;
    pl_budget_leg_add(c->budget, &leg->room->budget, true);
}

void pl_control_leg_agreed(pl_control *c, pl_leg *leg)
{
    bool is_opus = leg->agreed.media.send_codec == PL_AUDIO_OPUS;
    if (leg->room && is_opus != leg->is_opus) {
        pl_budget_leg_change(c->budget, &leg->room->budget, leg->is_opus,
                             is_opus);
        leg->is_opus = is_opus;
    }
}

void pl_control_leg_went(pl_control *c, pl_leg *leg)
{
    if (leg->room)
        pl_budget_leg_remove(c->budget, &leg->room->budget, leg->is_opus);
}
