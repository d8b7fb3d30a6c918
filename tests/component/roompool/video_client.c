/* video_client.c - see video_client.h. */
#include "video_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

void video_begins(world *w, const char *device, answer *a)
{
    pl_video_create m = {.present = 0};
    PUT(m.client_id, "123");
    PUT(m.device_code, device);
    PUT(m.destination_host, "conf.example");
    PUT(m.reference, "123456,765432");
    PUT(m.tag, "tag:x");
    PL_MSG_SET(VIDEO_CREATE, video_create, &m, destination_host);
    PL_MSG_SET(VIDEO_CREATE, video_create, &m, reference);
    PL_MSG_SET(VIDEO_CREATE, video_create, &m, tag);
    world_send(w, w->api, &PL_MSG_VIDEO_CREATE, &m, a);
}

pl_err video_makes(world *w, const char *device, answer *a)
{
    video_begins(w, device, a);
    world_wait(w, a);
    return a->error;
}

pl_err video_gets(world *w, const char *id, answer *a)
{
    pl_video_get m = {.present = 0};
    PUT(m.id, id);
    world_ask(w, &PL_MSG_VIDEO_GET, &m, a);
    return a->error;
}

uint32_t video_state(world *w, const char *id)
{
    answer a;
    return video_gets(w, id, &a) ? PL_VIDEO_STATE_UNKNOWN : a.body.video.state;
}

pl_err video_tells(world *w, const char *id, uint32_t state)
{
    pl_video_status m = {.state = state};
    answer a;
    PUT(m.id, id);
    world_ask(w, &PL_MSG_VIDEO_STATUS, &m, &a);
    if (!a.error)
        assert_int_equal(a.body.video.state, state);
    return a.error;
}

pl_err video_ends(world *w, const char *id)
{
    pl_video_delete m = {.present = 0};
    answer a;
    PUT(m.id, id);
    world_ask(w, &PL_MSG_VIDEO_DELETE, &m, &a);
    return a.error;
}

pl_err video_calls(world *w, const char *id, const char *name, uint32_t state,
                   answer *a)
{
    pl_video_call_put m = {.state = state};
    PUT(m.id, id);
    if (name) {
        PUT(m.client_call_id, name);
        PL_MSG_SET(VIDEO_CALL_PUT, video_call_put, &m, client_call_id);
    }
    world_ask(w, &PL_MSG_VIDEO_CALL_PUT, &m, a);
    return a->error;
}

void video_call(world *w, const char *id, const char *name, uint32_t state)
{
    answer a;
    assert_int_equal(video_calls(w, id, name, state, &a), PL_OK);
}

void video_restart(world *w)
{
    world_kill_roompool(w);
    world_start_roompool(w);
    world_send_inventory(w);
    world_check(w);
}
