/* platform_rig.c - see platform_rig.h. */
#include "platform_rig.h"

#include <string.h>

fake_platform platform;

void platform_world(world *w, void (*set)(world *w))
{
    memset(&platform, 0, sizeof platform);
    world_prepare(w);
    w->config.pool_target = TARGET;
    w->config.pool_max_rooms = MAX;
    w->config.platform_rate_per_min = 6000;
    platform_configure(w);
    platform_serve(&platform, w);
    if (set)
        set(w);
    world_create_at(w, 1, NULL, NULL);
}

int platform_setup(void **state)
{
    static world w;
    platform_world(&w, NULL);
    world_run(&w, 3 * S); /* the front end comes after the first tries */
    *state = &w;
    return 0;
}

int platform_teardown(void **state)
{
    world_check(*state);
    world_destroy(*state);
    return 0;
}

int64_t pool_count(world *w, const char *pool_state)
{
    char sql[128];
    pl_fmt_cut(sql, sizeof sql, "SELECT rooms FROM v_pool WHERE state = '%s'",
               pool_state);
    return world_sql(w, sql);
}

int64_t n_todo(world *w)
{
    return world_sql(
        w, "SELECT count(*) FROM pool WHERE remote_todo <> 'nothing'");
}

pl_vmr *vmr_of(world *w, const char *name)
{
    pl_vmr *vmr = pl_vmr_find(world_pool(w), name);
    assert_non_null(vmr);
    return vmr;
}

uint32_t state_of(world *w, const char *name)
{
    return vmr_of(w, name)->row.state;
}

void restart_roompool(world *w)
{
    world_kill_roompool(w);
    world_start_roompool(w);
    world_send_inventory(w);
    world_check(w);
    world_run(w, 3 * S);
}

/* Both sides have the same rooms. */
void check_same(world *w)
{
    assert_int_equal(n_todo(w), 0);
    for (size_t i = 0; i < platform.n_rooms; i++)
        assert_true(state_of(w, platform.rooms[i].name) !=
                    PL_POOL_STATE_DELETED);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM pool WHERE state <> 'deleted'"),
        platform.n_rooms);
}

void no_name_twice(void)
{
    for (size_t i = 0; i < platform.n_rooms; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(platform.rooms[i].name,
                                    platform.rooms[k].name);
}

pl_err take(world *w, const char *payload, answer *a)
{
    return checkout(w, &(taking){.payload = payload}, a);
}

void takes(world *w, const char *payload, answer *a)
{
    assert_int_equal(take(w, payload, a), PL_OK);
}
