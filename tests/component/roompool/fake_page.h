/* fake_page.h - pages in rooms, as hosts and guests. */
#ifndef PL_TEST_FAKE_PAGE_H
#define PL_TEST_FAKE_PAGE_H

#include "core/model.h"
#include "fake_client.h"
#include "fake_media.h"

typedef struct page {
    char token[16], id[65], call[65];
    bool waiting; /* as the answer to its joining said */
    uint32_t role;
    uint64_t cursor;
    bool is_reading;
} page;

/* Joins without media; then its media, which flows. Both must succeed. */
void page_enters(world *w, page *p, const char *room, const char *pin,
                 const char *token);
void page_talks(world *w, page *p);
/* Both. */
void page_is_in(world *w, page *p, const char *room, const char *pin,
                const char *token);
void page_goes(world *w, const page *p);
/* The leg on its media worker. */
fake_leg *page_leg(world *w, const page *p);
const pl_part *page_part(world *w, const page *p);

/* Put an optional field of a request. */
#define WITH(UPPER, sym, m, field, value)                                      \
    do {                                                                       \
        (m).field = (value);                                                   \
        PL_MSG_SET(UPPER, sym, &(m), field);                                   \
    } while (0)
#define WITH_PART(m, field, value)                                             \
    WITH(PARTICIPANT_CONTROL, participant_control, m, field, value)
#define WITH_CONF(m, field, value)                                             \
    WITH(CONFERENCE_CONTROL, conference_control, m, field, value)

/* Requests; ids and token are filled in. target NULL: itself. */
pl_err page_controls(world *w, const page *by, const char *target_id,
                     pl_participant_control *m);
pl_err page_sets(world *w, const page *by, pl_conference_control *m);
pl_err page_says(world *w, const page *by, const char *target_id,
                 const char *text);
pl_err page_dials(world *w, const page *by, const char *address,
                  pl_room_dial *m, answer *a);
pl_err page_transfers(world *w, const page *by, const char *target_id,
                      pl_participant_transfer *m);
/* With one field of type bool. */
#define PAGE_CONTROLS(w, by, target_id, field, value)                          \
    page_controls_one((w), (by), (target_id),                                  \
                      offsetof(pl_participant_control, field), (value))
#define PAGE_SETS(w, by, field, value)                                         \
    page_sets_one((w), (by), offsetof(pl_conference_control, field), (value))
pl_err page_controls_one(world *w, const page *by, const char *target_id,
                         size_t field, bool value);
pl_err page_sets_one(world *w, const page *by, size_t field, bool value);

/* The next event of this kind; others before it are passed over. It must come;
 * or none may. The first read opens the stream. */
void page_hears(world *w, page *p, uint32_t kind, answer *ev);
void page_hears_no(world *w, page *p, uint32_t kind);
/* Read all there is. */
void page_listens(world *w, page *p);

#endif
