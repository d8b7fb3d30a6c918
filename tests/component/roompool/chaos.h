/* chaos.h - what random stories share: who takes part, and the steps of pages
 * and telephones in rooms, sensible or not. */
#ifndef PL_TEST_CHAOS_H
#define PL_TEST_CHAOS_H

#include "fake_page.h"
#include "world.h"

enum { PAGES = 6, USERS = 6, IDS = 8, LATE = 8 };

typedef struct chaos {
    world w;
    uint64_t random;
    answer page[PAGES], conf;
    user sess[USERS];
    bool has_page[PAGES], has_sess[USERS], has_conf;
    unsigned n_calls, n_tokens;
    char token[PAGES][16];
    /* Stories of clients of the conference API alone. */
    uint32_t n_users;            /* two to four take part */
    char ids[IDS][CONF_ID_SIZE]; /* conferences and calls, newest last */
    unsigned n_ids;
    char mod[USERS][CONF_ID_SIZE]; /* last one offered to each */
    uint64_t cursor[USERS];
    /* Commands whose answer nobody waits for. */
    answer late[LATE];
    unsigned n_late;
} chaos;

/* A number below n. */
uint32_t draw(chaos *c, uint32_t n);

/* One step each, on a random page or telephone. */
void do_join(chaos *c);
void do_media(chaos *c);
void do_page_leave(chaos *c);
void do_poll(chaos *c);
void do_call(chaos *c);
void do_report(chaos *c);
void do_keys(chaos *c);
void do_refer(chaos *c);
void do_control(chaos *c);
void do_settings(chaos *c);
void do_dial(chaos *c);
void do_talk(chaos *c);
void do_send_away(chaos *c);
/* One request of the management API (chaos_manage.c). */
void do_manage(chaos *c);

#endif
