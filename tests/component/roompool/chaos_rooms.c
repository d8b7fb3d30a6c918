/* chaos_rooms.c - see chaos.h. */
#include "chaos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

uint32_t draw(chaos *c, uint32_t n)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (uint32_t)(c->random % n);
}

static const char *const ROOMS[] = {"lobby", "echo",   "locked", "small",
                                    "no",    "hosted", "x1",     "x3"};
enum { N_ROOMS = 8 };
static const char *const PINS[] = {"1234", "none", "9999", NULL};

void do_join(chaos *c)
{
    uint32_t i = draw(c, PAGES);
    pl_fmt_cut(c->token[i], sizeof c->token[i], "p%u", ++c->n_tokens);
    c->has_page[i] = !join_room(&c->w, ROOMS[draw(c, N_ROOMS)],
                                PINS[draw(c, 4)], c->token[i], &c->page[i]);
}

void do_media(chaos *c)
{
    uint32_t i = draw(c, PAGES);
    answer a;
    if (c->has_page[i])
        (void)join_media(&c->w, &c->page[i], c->token[i], &a);
}

void do_page_leave(chaos *c)
{
    uint32_t i = draw(c, PAGES);
    if (!c->has_page[i])
        return;
    (void)page_leaves(&c->w, &c->page[i], c->token[i]);
    c->has_page[i] = false;
}

void do_poll(chaos *c)
{
    uint32_t i = draw(c, PAGES);
    uint64_t cursor = draw(c, 5);
    answer a;
    if (c->has_page[i])
        (void)poll_part(&c->w, c->page[i].body.joined.participant_id,
                        c->token[i], draw(c, 2), &cursor, &a);
}

static void call_name(char id[16], unsigned n)
{
    pl_fmt_cut(id, 16, "call-%u", n);
}

void do_call(chaos *c)
{
    char id[16];
    if (c->n_calls >= WORLD_CALLS / 2 || !c->w.sig.bus)
        return;
    call_name(id, ++c->n_calls);
    (void)phone_call(&c->w, id, ROOMS[draw(c, N_ROOMS)],
                     draw(c, 4) ? "o" : NULL);
}

/* A random state of a random call, sensible or not. */
void do_report(chaos *c)
{
    if (c->w.sig.n_calls == 0 || !c->w.sig.bus)
        return;
    const char *id = c->w.sig.calls[draw(c, (uint32_t)c->w.sig.n_calls)].id;
    char copy[65];
    pl_fmt_cut(copy, sizeof copy, "%s", id);
    (void)phone_report(&c->w, copy, 1 + draw(c, 6), draw(c, 2) ? 486 : 200,
                       draw(c, 2) ? "sdp" : NULL);
}

/* A call, whether it lives or not, is put through to somebody, joined with
 * another, replaced, or what is needed of its dialog is told. */
void do_refer(chaos *c)
{
    static const char *const who[] = {"sip:x@example.net", "tel:+4930123",
                                      "sip:carol@localhost", "nobody"};
    char id[65];
    char other[65];
    char fresh[16];
    uint32_t n = (uint32_t)c->w.sig.n_calls;
    if (n == 0 || n >= WORLD_CALLS - 2 || !c->w.sig.bus)
        return;
    PUT(id, c->w.sig.calls[draw(c, n)].id);
    PUT(other, c->w.sig.calls[draw(c, n)].id);
    switch (draw(c, 4)) {
    case 0: (void)phone_refers(&c->w, id, who[draw(c, 4)], NULL, NULL); break;
    case 1: (void)phone_refers(&c->w, id, who[draw(c, 4)], other, NULL); break;
    case 2:
        if (c->n_calls >= WORLD_CALLS / 2)
            break;
        call_name(fresh, ++c->n_calls);
        (void)phone_replaces(&c->w, fresh, id, draw(c, 4) == 0);
        break;
    default: signaling_saves(&c->w.sig, id, 1 + draw(c, 9), "{\"x\":1}");
    }
}

void do_keys(chaos *c)
{
    char id[16];
    if (c->n_calls == 0 || !c->w.sig.bus)
        return;
    call_name(id, 1 + draw(c, c->n_calls));
    static const char *const keys[] = {"1234#", "9999#", "99#", "9999", "*2"};
    phone_key(&c->w, id, keys[draw(c, 5)], true);
}

/* ---- hosts and guests ---- */

/* A page of ours, to speak for; false when there is none in this place. */
static bool some_page(chaos *c, page *p)
{
    uint32_t i = draw(c, PAGES);
    memset(p, 0, sizeof *p);
    if (!c->has_page[i])
        return false;
    PUT(p->id, c->page[i].body.joined.participant_id);
    PUT(p->token, c->token[i]);
    return true;
}

/* Mostly somebody of its conference, telephones too. */
static void some_target(chaos *c, const page *by, char id[65])
{
    const pl_part *self = page_part(&c->w, by);
    const pl_part *other = self;
    pl_fmt_cut(id, 65, "%s", by->id);
    if (!self || draw(c, 4) == 0)
        return;
    uint32_t at = draw(c, 6);
    for (uint32_t k = 0; k <= at; k++) {
        pl_list *next = other->link.next;
        other = next == &self->conf->parts
                    ? PL_CONTAINER(next->next, pl_part, link)
                    : PL_CONTAINER(next, pl_part, link);
    }
    pl_fmt_cut(id, 65, "%s", other->row.participant_id);
}

void do_control(chaos *c)
{
    page by;
    char target[65];
    pl_participant_control m = {.present = 0};
    if (!some_page(c, &by))
        return;
    some_target(c, &by, target);
    switch (draw(c, 6)) {
    case 0: WITH_PART(m, admit, true); break;
    case 1: WITH_PART(m, role, 1 + draw(c, 2)); break;
    case 2: WITH_PART(m, disconnect, draw(c, 2) == 0); break;
    case 3: WITH_PART(m, buzz, draw(c, 2) == 0); break;
    case 4: WITH_PART(m, spotlight, draw(c, 2) == 0); break;
    default: WITH_PART(m, muted, draw(c, 2) == 0); break;
    }
    (void)page_controls(&c->w, &by, target, &m);
}

void do_settings(chaos *c)
{
    page by;
    pl_conference_control m = {.present = 0};
    if (!some_page(c, &by))
        return;
    switch (draw(c, 11)) {
    case 8: WITH_CONF(m, record, draw(c, 2) == 0); break;
    case 9: WITH_CONF(m, record, true); break;
    case 10:
        PUT(m.play, draw(c, 2) ? "welcome" : "");
        PL_MSG_SET(CONFERENCE_CONTROL, conference_control, &m, play);
        break;
    case 0: WITH_CONF(m, start, true); break;
    case 1: WITH_CONF(m, guests_muted, draw(c, 2) == 0); break;
    case 2: WITH_CONF(m, clear_buzz, true); break;
    case 3: WITH_CONF(m, disconnect_all, draw(c, 3) == 0); break;
    default: WITH_CONF(m, locked, draw(c, 2) == 0); break;
    }
    (void)page_sets(&c->w, &by, &m);
}

void do_dial(chaos *c)
{
    page by;
    answer a;
    pl_room_dial m = {.role = 1 + draw(c, 2), .keep_alive = draw(c, 4)};
    if (!some_page(c, &by) || c->w.sig.n_calls >= WORLD_CALLS - 2)
        return;
    PL_MSG_SET(ROOM_DIAL, room_dial, &m, keep_alive);
    (void)page_dials(&c->w, &by, "sip:y@example.net", &m, &a);
}

void do_talk(chaos *c)
{
    page by;
    char target[65];
    if (!some_page(c, &by))
        return;
    some_target(c, &by, target);
    (void)page_says(&c->w, &by, draw(c, 2) ? target : NULL, "x");
}

void do_send_away(chaos *c)
{
    page by;
    char target[65];
    pl_participant_transfer m = {.role = 1 + draw(c, 2)};
    if (!some_page(c, &by))
        return;
    some_target(c, &by, target);
    PUT(m.alias, ROOMS[draw(c, N_ROOMS)]);
    pl_fmt_cut(m.transfer_id, sizeof m.transfer_id, "t%u", ++c->n_tokens);
    PUT(m.secret, "0123456789012345678901234567890123456789012");
    PUT(m.transfer_hash, hash_of(m.secret));
    (void)page_transfers(&c->w, &by, target, &m);
}
