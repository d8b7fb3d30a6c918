/* pin_entry.c - a telephone keys the PIN of its room. '#' ends it, '*' clears
 * it; three wrong ones end the call. Who waits may key the host PIN. */
#include "call.h"
#include "command_key.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "room.h"
#include "telephone.h"
#include "waiting.h"

#include <string.h>

static const char PROMPT_ENTER[] = "pin-enter";
static const char PROMPT_WRONG[] = "pin-wrong";
static const char PROMPT_LOCKED[] = "pin-locked";
/* Longest a prompt may take when its end is not reported. */
enum { PROMPT_MS = 10000 };

static void pin_due(void *ctx, void *object);

static void play(pl_pool *pool, pl_part *part, const char *prompt)
{
    if (pl_leg_of(part))
        pl_leg_play(pool, pl_leg_of(part), prompt);
}

static void say_goodbye(pl_pool *pool, pl_part *part)
{
    part->is_goodbye = true;
    play(pool, part, PROMPT_LOCKED);
    pl_pool_plan(pool, &part->timer, pin_due, part, PL_MS(PROMPT_MS));
}

static void ask(pl_pool *pool, pl_part *part, const char *prompt)
{
    part->n_digits = 0;
    play(pool, part, prompt);
    pl_pool_plan(pool, &part->timer, pin_due, part,
                 PL_MS(PROMPT_MS + pool->config->pin_first_ms));
}

void pl_phone_ask_pin(pl_pool *pool, pl_part *part)
{
    part->pin_until_us = pool->now.us + PL_S(pool->config->pin_total_s);
    ask(pool, part, PROMPT_ENTER);
}

static void wrong(pl_pool *pool, pl_part *part)
{
    part->n_tries++;
    pl_pool_note(pool, PL_LOG_INFO, "pin_wrong", part->conf, part, NULL);
    if (part->n_tries >= pool->config->pin_tries) {
        say_goodbye(pool, part);
    } else {
        ask(pool, part, PROMPT_WRONG);
    }
}

static pl_err check_digits(pl_pool *pool, pl_part *part, pl_part_role *ret_role)
{
    part->digits[part->n_digits] = '\0';
    pl_err e = pl_room_check_pin(pool, part->conf->room, part->digits,
                                 part->row.source, ret_role);
    memset(part->digits, 0, sizeof part->digits);
    part->n_digits = 0;
    return e;
}

static void submit(pl_pool *pool, pl_part *part)
{
    pl_part_role role;
    if (check_digits(pool, part, &role)) {
        wrong(pool, part);
        return;
    }
    part->row.role = role;
    play(pool, part, "");
    pl_part_activate(pool, part);
}

/* A guest who waits keys the host PIN: who knows it does not wait. Anything
 * else is passed over, pin_tries times. */
static void submit_waiting(pl_pool *pool, pl_part *part)
{
    pl_part_role role;
    pl_err e = check_digits(pool, part, &role);
    if (e || role != PL_PART_ROLE_HOST) {
        part->n_tries++;
        pl_pool_note(pool, PL_LOG_INFO, "pin_wrong", part->conf, part, NULL);
        return;
    }
    part->row.role = role;
    if (part->conf->row.guests_muted) /* came so, and cannot unmute itself */
        pl_part_set_muted(pool, part, false);
    pl_waiting_admit(pool, part);
}

static void pin_due(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_part *part = object;
    if (part->row.state != PL_PART_STATE_PIN) {
        if (part->n_digits > 0 && pl_waits(part))
            submit_waiting(pool, part);
    } else if (part->is_goodbye) {
        pl_part_leave(pool, part, "wrong PIN");
    } else if (pool->now.us >= part->pin_until_us) {
        say_goodbye(pool, part);
    } else if (part->n_digits > 0) {
        submit(pool, part);
    } else {
        wrong(pool, part);
    }
}

static void add_digit(pl_pool *pool, pl_part *part, char digit)
{
    if (part->n_digits == 0 && part->row.state == PL_PART_STATE_PIN)
        play(pool, part, ""); /* who keys has heard enough */
    if (part->n_digits < sizeof part->digits - 1)
        part->digits[part->n_digits++] = digit;
    pl_pool_plan(pool, &part->timer, pin_due, part,
                 PL_MS(pool->config->pin_digit_ms));
}

static bool may_key_host_pin(const pl_pool *pool, const pl_part *part)
{
    const pl_room *room = part->conf->room;
    return part->row.kind == PL_PART_KIND_TELEPHONE && pl_waits(part) &&
           part->row.role == PL_PART_ROLE_GUEST && pl_room_has_host_pin(room) &&
           part->n_tries < pool->config->pin_tries;
}

void pl_phone_digit(pl_pool *pool, pl_part *part, char digit, uint32_t source)
{
    bool is_asked = part->row.state == PL_PART_STATE_PIN && !part->is_goodbye;
    bool is_command = pl_command_is_open(pool, part);
    if (!is_asked && !is_command && !may_key_host_pin(pool, part))
        return;
    if (part->digit_source == 0)
        part->digit_source = source;
    if (part->digit_source != source)
        return;
    if (is_command) {
        pl_command_digit(pool, part, digit);
        return;
    }
    if (digit >= '0' && digit <= '9') {
        add_digit(pool, part, digit);
    } else if (digit == '#' && part->n_digits > 0 && is_asked) {
        submit(pool, part);
    } else if (digit == '#' && part->n_digits > 0) {
        pl_pool_cancel(pool, &part->timer);
        submit_waiting(pool, part);
    } else if (digit == '*') {
        part->n_digits = 0;
    }
}

void pl_phone_played(pl_pool *pool, pl_part *part, const char *prompt)
{
    if (part->row.state != PL_PART_STATE_PIN)
        return;
    if (part->is_goodbye && strcmp(prompt, PROMPT_LOCKED) == 0) {
        pl_part_leave(pool, part, "wrong PIN");
    } else if (!part->is_goodbye && part->n_digits == 0 &&
               strcmp(prompt, PROMPT_WRONG) == 0) {
        ask(pool, part, PROMPT_ENTER);
    } else if (!part->is_goodbye && part->n_digits == 0 &&
               strcmp(prompt, PROMPT_ENTER) == 0) {
        pl_pool_plan(pool, &part->timer, pin_due, part,
                     PL_MS(pool->config->pin_first_ms));
    }
}
