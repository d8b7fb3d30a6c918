/* handover_rig.c - see handover_rig.h. */
#include "handover_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { S = 1000000 };

static const pl_conf *conf_of(handover *h)
{
    const pl_conf *conf = pl_map_find(world_pool(&h->w)->confs, h->conf);
    assert_non_null(conf);
    return conf;
}

static void phone_is_in(handover *h, const char *call_id, char leg_id[65])
{
    phone_joins(&h->w, call_id, "lobby");
    const pl_call *call = pl_map_find(world_pool(&h->w)->calls, call_id);
    const pl_leg *leg = PL_CONTAINER(call->part->legs.next, pl_leg, link);
    pl_fmt_cut(leg_id, 65, "%s", leg->row.leg_id);
    media_report(&h->w, leg_id, PL_LEG_STATE_CONNECTED);
}

unsigned handover_holder(handover *h)
{
    const pl_conf *conf = conf_of(h);
    for (unsigned i = 0; i < h->w.n_media; i++)
        if (h->w.media[i].bus &&
            strcmp(h->w.media[i].node, conf->row.media_node) == 0)
            return i;
    fail_msg("nobody holds the conference");
    return 0;
}

void handover_begins(handover *h, unsigned n_media, const char *const *nets)
{
    memset(h, 0, sizeof *h);
    world_prepare(&h->w);
    for (unsigned i = 0; i < 3; i++)
        h->w.nets[i] = nets ? nets[i] : "stack-1";
    world_create_at(&h->w, n_media, NULL, NULL);
    page_is_in(&h->w, &h->page, "lobby", NULL, "p");
    PUT(h->leg[0], h->page.call);
    phone_is_in(h, "c1", h->leg[1]);
    phone_is_in(h, "c2", h->leg[2]);
    const pl_leg *leg = pl_map_find(world_pool(&h->w)->legs, h->leg[2]);
    PUT(h->conf, leg->part->conf->row.conf_id);
    assert_int_equal(PAGE_CONTROLS(&h->w, &h->page,
                                   leg->part->row.participant_id, muted, true),
                     PL_OK);
    page_listens(&h->w, &h->page);
    h->at = handover_holder(h);
    h->epoch = conf_of(h)->row.epoch;
    assert_int_equal(h->w.media[h->at].n_legs, 3);
    assert_int_equal(world_metric(&h->w, PL_RM_snapshots), 3);
}

static void is_in_place(handover *h, unsigned at)
{
    assert_int_equal(handover_holder(h), at);
    assert_true(conf_of(h)->row.epoch > h->epoch);
    assert_int_equal(
        world_sql(&h->w, "SELECT count(*) FROM conferences JOIN placements "
                         "USING (epoch) WHERE state = 'live' AND node = "
                         "media_node"),
        1);
    world_check(&h->w);
}

void handover_is_silent(handover *h, unsigned at)
{
    is_in_place(h, at);
    for (size_t i = 0; i < 3; i++) {
        const pl_leg *leg = pl_map_find(world_pool(&h->w)->legs, h->leg[i]);
        const fake_leg *there = media_leg(&h->w, h->leg[i]);
        char state[96];
        assert_non_null(leg);
        assert_int_equal(leg->row.state, PL_LEG_STATE_CONNECTED);
        assert_true(leg->part->row.has_media);
        assert_non_null(there);
        pl_fmt_cut(state, sizeof state, "of %s", h->leg[i]);
        assert_string_equal(there->state, state);
        assert_int_equal(there->n_imports, 1);
        assert_int_equal(there->muted, i == 2);
        assert_true(there->mixed);
    }
    assert_int_equal(h->w.media[at].n_legs, 3);
    assert_int_equal(h->w.sig.n_offers, 0);
    assert_false(sig_call(&h->w, "c1")->is_ended);
    page_hears_no(&h->w, &h->page, PL_EVENT_KIND_CALL_DISCONNECTED);
    assert_int_equal(world_metric(&h->w, PL_RM_legs_lost), 0);
}

void handover_is_offered(handover *h, unsigned at)
{
    answer ev;
    page_hears(&h->w, &h->page, PL_EVENT_KIND_CALL_DISCONNECTED, &ev);
    assert_string_equal(ev.body.event.call_id, h->leg[0]);
    is_in_place(h, at);
    assert_null(media_leg(&h->w, h->leg[0]));
    assert_int_equal(h->w.sig.n_offers, 2);
    assert_int_equal(h->w.media[at].n_legs, 2);
    for (size_t i = 1; i < 3; i++)
        assert_int_equal(media_leg(&h->w, h->leg[i])->n_imports, 0);
    assert_false(sig_call(&h->w, "c1")->is_ended);
    page_talks(&h->w, &h->page);
    assert_int_equal(h->w.media[at].n_legs, 3);
    world_check(&h->w);
}
