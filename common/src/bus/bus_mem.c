/* bus_mem.c - the bus inside one process, with loss, repetition, delay and
 * reordering drawn from a seed: for tests. */
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

#include "bus_impl.h"

enum { LINKS_MAX = 64, QUEUE_MAX = 100000 };

typedef struct letter {
    pl_list link; /* by due time, then by sending */
    int64_t due_us;
    char from[PL_NODE_MAX + 1], to[PL_NODE_MAX + 1];
    size_t head_len, len;
    uint8_t bytes[]; /* envelope, body */
} letter;

typedef struct mem_link {
    pl_bus_hub *hub;
    pl_bus *bus;
    char node[PL_NODE_MAX + 1]; /* PL_BUS_ROOMPOOL for the router */
    int64_t cut_until_us;
} mem_link;

struct pl_bus_hub {
    pl_loop *loop;
    pl_timer *timer;
    uint64_t random;
    pl_bus_faults faults;
    pl_list letters;
    size_t n_letters;
    mem_link *links[LINKS_MAX]; /* NULL: free */
    bool tells_closed;
    int64_t grace_us;
};

static void deliver_due(void *ctx);

pl_err pl_bus_hub_create(pl_loop *loop, uint64_t seed, pl_bus_hub **ret_hub)
{
    pl_bus_hub *h = calloc(1, sizeof *h);
    if (!h)
        return PL_ENOMEM;
    h->loop = loop;
    h->random = seed;
    pl_list_init(&h->letters);
    if (pl_timer_create(loop, deliver_due, h, &h->timer) != PL_OK) {
        free(h);
        return PL_ENOMEM;
    }
    *ret_hub = h;
    return PL_OK;
}

static void discard(pl_bus_hub *h, letter *l)
{
    pl_list_remove(&l->link);
    h->n_letters--;
    free(l);
}

void pl_bus_hub_destroy(pl_bus_hub **hub)
{
    if (!hub || !*hub)
        return;
    pl_bus_hub *h = *hub;
    PL_LIST_EACH_SAFE(it, &h->letters)
    {
        discard(h, PL_CONTAINER(it, letter, link));
    }
    pl_timer_destroy(&h->timer);
    free(h);
    *hub = NULL;
}

void pl_bus_hub_set_faults(pl_bus_hub *hub, const pl_bus_faults *faults)
{
    hub->faults = *faults;
}

/* splitmix64: the same faults for the same seed, everywhere. */
static uint64_t draw(pl_bus_hub *h)
{
    h->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = h->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static bool happens(pl_bus_hub *h, unsigned permille)
{
    return permille > 0 && draw(h) % 1000 < permille;
}

static mem_link *find_link(const pl_bus_hub *h, const char *node)
{
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (h->links[i] && strcmp(h->links[i]->node, node) == 0)
            return h->links[i];
    }
    return NULL;
}

static bool is_cut(const pl_bus_hub *h, const mem_link *l)
{
    return pl_loop_now_us(h->loop) < l->cut_until_us;
}

void pl_bus_hub_tell_closed(pl_bus_hub *hub, int64_t grace_us)
{
    hub->tells_closed = true;
    hub->grace_us = grace_us;
}

void pl_bus_hub_cut(pl_bus_hub *hub, const char *node, int64_t for_us)
{
    mem_link *l = find_link(hub, node);
    const mem_link *router = find_link(hub, PL_BUS_ROOMPOOL);
    if (!l)
        return;
    l->cut_until_us = pl_loop_now_us(hub->loop) + for_us;
    pl_bus_connection_closed(l->bus, hub->grace_us);
    if (router)
        pl_bus_connection_closed(router->bus, hub->grace_us);
}

static void arm(pl_bus_hub *h)
{
    if (pl_list_is_empty(&h->letters)) {
        pl_timer_stop(h->timer);
        return;
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): discard() unlinks */
    int64_t due = PL_CONTAINER(h->letters.next, letter, link)->due_us;
    pl_timer_start(h->timer, due - pl_loop_now_us(h->loop));
}

static void deliver(pl_bus_hub *h, letter *l)
{
    mem_link *to = find_link(h, l->to);
    if (to) {
        const pl_bus_sender from = {.node = l->from, .route = l->from};
        pl_bus_receive(
            to->bus, &from, (pl_slice){l->bytes, l->head_len},
            (pl_slice){l->bytes + l->head_len, l->len - l->head_len});
    }
    discard(h, l);
}

static void deliver_due(void *ctx)
{
    pl_bus_hub *h = ctx;
    /* Only what is due now: replies to it come with the next turn. */
    int64_t now_us = pl_loop_now_us(h->loop);
    pl_list due;
    pl_list_init(&due);
    PL_LIST_EACH_SAFE(it, &h->letters)
    {
        if (PL_CONTAINER(it, letter, link)->due_us > now_us)
            break;
        pl_list_remove(it);
        pl_list_append(&due, it);
    }
    PL_LIST_EACH_SAFE(it, &due)
    {
        deliver(h, PL_CONTAINER(it, letter, link));
    }
    arm(h);
}

/* What a process sent before its end arrives before its end. */
static bool mem_catch_up(void *link)
{
    mem_link *l = link;
    pl_bus_hub *h = l->hub;
    pl_list last;
    pl_list_init(&last);
    PL_LIST_EACH_SAFE(it, &h->letters)
    {
        const letter *one = PL_CONTAINER(it, letter, link);
        if (strcmp(one->to, l->node) != 0 || find_link(h, one->from))
            continue;
        pl_list_remove(it);
        pl_list_append(&last, it);
    }
    PL_LIST_EACH_SAFE(it, &last)
    {
        deliver(h, PL_CONTAINER(it, letter, link));
    }
    return true;
}

static pl_err post(mem_link *from, const char *to, pl_slice envelope,
                   pl_slice body)
{
    pl_bus_hub *h = from->hub;
    letter *l = malloc(sizeof *l + envelope.len + body.len);
    if (!l)
        return PL_EFULL;
    int64_t delay_us = h->faults.delay_us;
    if (h->faults.jitter_us > 0)
        delay_us += (int64_t)(draw(h) % (uint64_t)h->faults.jitter_us);
    l->due_us = pl_loop_now_us(h->loop) + delay_us;
    pl_fmt_cut(l->from, sizeof l->from, "%s", from->node);
    pl_fmt_cut(l->to, sizeof l->to, "%s", to);
    l->head_len = envelope.len;
    l->len = envelope.len + body.len;
    memcpy(l->bytes, envelope.ptr, envelope.len);
    if (body.len > 0)
        memcpy(l->bytes + envelope.len, body.ptr, body.len);
    pl_list *at = h->letters.prev;
    while (at != &h->letters &&
           PL_CONTAINER(at, letter, link)->due_us > l->due_us) {
        at = at->prev;
    }
    l->link.prev = at;
    l->link.next = at->next;
    at->next->prev = &l->link;
    at->next = &l->link;
    h->n_letters++;
    arm(h);
    return PL_OK;
}

static pl_err mem_send(void *link, const char *to, pl_slice envelope,
                       pl_slice body)
{
    mem_link *l = link;
    pl_bus_hub *h = l->hub;
    const mem_link *other = find_link(h, to);
    if (!other || is_cut(h, other) || is_cut(h, l))
        return PL_ENOENT;
    if (h->n_letters >= QUEUE_MAX)
        return PL_EFULL;
    if (happens(h, h->faults.drop_permille))
        return PL_OK; /* the sender cannot tell */
    pl_err e = post(l, to, envelope, body);
    if (e == PL_OK && happens(h, h->faults.duplicate_permille))
        e = post(l, to, envelope, body);
    return e;
}

/* Roompool, or the workers of a roompool that closes. */
static void tell_others(const mem_link *l)
{
    bool is_router = strcmp(l->node, PL_BUS_ROOMPOOL) == 0;
    for (size_t i = 0; i < LINKS_MAX; i++) {
        const mem_link *other = l->hub->links[i];
        if (other && (is_router || strcmp(other->node, PL_BUS_ROOMPOOL) == 0))
            pl_bus_connection_closed(other->bus, l->hub->grace_us);
    }
}

static void mem_destroy(void *link)
{
    mem_link *l = link;
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (l->hub->links[i] == l)
            l->hub->links[i] = NULL;
    }
    if (l->hub->tells_closed)
        tell_others(l);
    free(l);
}

pl_err pl_bus_open_mem(pl_bus_hub *hub, const pl_bus_options *options,
                       pl_bus **ret_bus)
{
    static const pl_bus_transport transport = {
        .send = mem_send, .catch_up = mem_catch_up, .destroy = mem_destroy};
    const char *name =
        options->role == PL_ROLE_ROOMPOOL ? PL_BUS_ROOMPOOL : options->node;
    size_t free_at = 0;
    while (free_at < LINKS_MAX && hub->links[free_at])
        free_at++;
    if (free_at == LINKS_MAX)
        return PL_EFULL;
    if (find_link(hub, name))
        return PL_EEXIST;
    mem_link *l = calloc(1, sizeof *l);
    if (!l)
        return PL_ENOMEM;
    pl_bus *bus = NULL;
    pl_err e = pl_bus_create(options, &bus);
    if (e != PL_OK) {
        free(l);
        return e;
    }
    l->hub = hub;
    l->bus = bus;
    pl_fmt_cut(l->node, sizeof l->node, "%s", name);
    hub->links[free_at] = l;
    bus->transport = &transport;
    bus->link = l;
    *ret_bus = bus;
    return PL_OK;
}
