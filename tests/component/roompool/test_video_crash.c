/* test_video_crash.c - roompool is killed around every commit while video
 * sessions come, are told about and go: no session is lost, no room of ours is
 * left without one, none of elsewhere is kept from being given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/video.h"
#include "killer.h"
#include "pool_client.h"
#include "world.h"

enum {
    MS = 1000,
    S = 1000000,
    SESSIONS = 12,
    TARGET = 4,
    MAX_COMMITS = 200,
    ROOMS = 64
};

/* What was answered: the session is there, or it is over. */
typedef struct told {
    int session;
    bool is_over;
    char id[65], room[65];
} told;

typedef struct story {
    told all[SESSIONS]; /* id "" not answered */
    bool is_elsewhere;
    bool *gone; /* rooms of elsewhere by number, shared with the child */
    int *n_made;
} story;

static void create_begin(world *w, int i, answer *a)
{
    pl_video_create m = {.present = 0};
    PUT(m.client_id, "123");
    pl_fmt_cut(m.device_code, sizeof m.device_code, "d%d", i);
    world_send(w, w->api, &PL_MSG_VIDEO_CREATE, &m, a);
}

static pl_err get(world *w, const char *id, answer *a)
{
    pl_video_get m = {.present = 0};
    PUT(m.id, id);
    world_ask(w, &PL_MSG_VIDEO_GET, &m, a);
    return a->error;
}

static pl_err end(world *w, const char *id)
{
    pl_video_delete m = {.present = 0};
    answer a;
    PUT(m.id, id);
    world_ask(w, &PL_MSG_VIDEO_DELETE, &m, &a);
    return a.error;
}

/* The servers of elsewhere answer what is asked. */
static void serve(world *w, story *s)
{
    web_request *r;
    while ((r = web_next(w, 50 * MS)) != NULL) {
        char body[128];
        unsigned long n = 0;
        const char *name = strstr(r->url, "/room/r");
        if (strstr(r->url, "/token")) {
            web_answer(w, r, 200,
                       "{\"expires_in\":3599,\"access_token\":\"T\"}");
        } else if (r->method == PL_FETCH_METHOD_POST) {
            pl_fmt_cut(body, sizeof body,
                       "{\"name\":\"r%d\",\"guest_pin\":\"1234\"}",
                       (*s->n_made)++);
            web_answer(w, r, 200, body);
        } else {
            assert_non_null(name);
            n = strtoul(name + 7, NULL, 10);
            assert_true(n < ROOMS);
            bool was_gone = s->gone[n];
            s->gone[n] = true;
            web_answer(w, r, was_gone ? 404 : 204, NULL);
        }
    }
}

static void report(int fd, const told *t)
{
    if (write(fd, t, sizeof *t) != sizeof *t)
        _exit(1);
}

static void set_client(world *w)
{
    pl_videos *v = world_pool(w)->videos;
    PUT(v->client.id, "me");
    PUT(v->client.secret, "s");
}

/* In the child: two at a time; every second one ends. */
static void come(world *w, void *ctx, int fd)
{
    story *s = ctx;
    set_client(w);
    for (int i = 0; i < SESSIONS; i += 2) {
        answer a[2];
        create_begin(w, i, &a[0]);
        create_begin(w, i + 1, &a[1]);
        serve(w, s);
        for (int k = 0; k < 2; k++) {
            told t = {.session = i + k};
            world_wait(w, &a[k]);
            assert_int_equal(a[k].error, PL_OK);
            PUT(t.id, a[k].body.video.session_id);
            PUT(t.room, a[k].body.video.room_name);
            report(fd, &t);
            if (k == 0)
                continue;
            assert_int_equal(end(w, t.id), PL_OK);
            t.is_over = true;
            report(fd, &t);
            serve(w, s);
        }
    }
}

static void on_told(void *ctx, const void *data, size_t len)
{
    story *s = ctx;
    told t;
    assert_int_equal(len, sizeof t);
    memcpy(&t, data, len);
    s->all[t.session] = t;
}

static int64_t count(world *w, const char *what)
{
    char sql[256];
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return world_sql(w, sql);
}

static void check_told(world *w, const story *s)
{
    for (int i = 0; i < SESSIONS; i++) {
        const told *t = &s->all[i];
        answer a;
        if (!t->id[0])
            continue;
        assert_int_equal(get(w, t->id, &a), PL_OK);
        assert_string_equal(a.body.video.room_name, t->room);
        if (t->is_over)
            assert_int_equal(a.body.video.state, PL_VIDEO_STATE_ENDED);
        else if (i % 2 == 0) /* the others may have been ended already */
            assert_int_equal(a.body.video.state, PL_VIDEO_STATE_GRANTED);
    }
}

static void check_after(world *w, story *s)
{
    world_start_roompool(w);
    set_client(w);
    world_check(w);
    PUT(w->api_node, "api-1.2");
    w->api = world_open_bus(w, w->api_node, PL_ROLE_API);
    web_start(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    for (int i = 0; i < 20; i++) {
        serve(w, s);
        world_run(w, S);
    }
    check_told(w, s);
    assert_int_equal(count(w, "video_sessions WHERE owes_room = 1"), 0);
    if (!s->is_elsewhere) { /* as many rooms as sessions */
        assert_int_equal(count(w, "pool WHERE state = 'reserved'"),
                         count(w, "video_sessions WHERE ended_at IS NULL"));
        assert_int_equal(count(w, "video_sessions v JOIN pool p ON p.name = "
                                  "v.room_name AND p.state = 'reserved' WHERE "
                                  "v.ended_at IS NOT NULL"),
                         0);
    }
    for (int i = 0; s->is_elsewhere && i < SESSIONS; i++) {
        const told *t = &s->all[i];
        bool is_gone = t->id[0] && s->gone[strtoul(t->room + 1, NULL, 10)];
        if (t->is_over)
            assert_true(is_gone);
        if (i % 2 == 0)
            assert_false(is_gone);
    }
    assert_int_equal(count(w, "video_history h LEFT JOIN video_sessions v "
                              "USING (session_id) WHERE v.state IS NULL"),
                     0);
    world_check(w);
}

static bool try_at(bool is_elsewhere, int before, int after)
{
    world w;
    size_t size = ROOMS * sizeof(bool) + sizeof(int);
    char path[] = "/tmp/parley-video-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    char *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    assert_ptr_not_equal(shared, MAP_FAILED);
    story s = {.is_elsewhere = is_elsewhere,
               .n_made = (int *)(void *)shared,
               .gone = (bool *)(shared + sizeof(int))};
    const killer_story crash = {.run = come,
                                .on_output = on_told,
                                .output_size = sizeof(told),
                                .ctx = &s};
    world_prepare(&w);
    w.config.pool_target = TARGET;
    w.config.pool_fill_per_s = 200;
    if (is_elsewhere) {
        PUT(w.config.video_room_url, "https://rooms.example");
        PUT(w.config.video_token_url, "https://login.example/token");
    }
    bool is_killed = killer_run(&w, &crash, before, after);
    for (int i = 0; !is_killed && i < SESSIONS; i++)
        assert_string_not_equal(s.all[i].id, "");
    world_create_parts(&w);
    check_after(&w, &s);
    world_destroy(&w);
    assert_int_equal(munmap(shared, size), 0);
    return is_killed;
}

static void killed_at_each_commit(bool is_elsewhere)
{
    for (int before = 0; before < 2; before++) {
        int k = 1;
        while (k < MAX_COMMITS &&
               try_at(is_elsewhere, before ? k : 0, before ? 0 : k))
            k++;
        assert_in_range(k, 12, MAX_COMMITS - 1);
    }
}

static void with_rooms_of_ours(void **state)
{
    (void)state;
    killed_at_each_commit(false);
}

static void with_rooms_of_elsewhere(void **state)
{
    (void)state;
    killed_at_each_commit(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_rooms_of_ours),
        cmocka_unit_test(with_rooms_of_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
