/* udp_relay.c - a bad network between two UDP sockets of loopback: delays each
 * datagram by a time of its own, so that they overtake each other, loses some
 * and doubles some.
 *
 * usage: udp_relay LISTEN_PORT TARGET_PORT [KEY=N..]
 *   loss, duplicate: per mille; delay, jitter: ms; seed; late: ms
 * Ends with its standard input. Prints what it did at the end. Exit status 3:
 * it stood still for longer than `late`, which was not the network that it
 * plays. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 65535, WAITING_MAX = 4096 };

typedef struct waiting {
    int64_t due_us;
    int socket;
    struct sockaddr_in to;
    size_t len;
    uint8_t *bytes;
} waiting;

typedef struct relay {
    int near, far; /* sockets towards who calls, and towards the target */
    struct sockaddr_in caller, target;
    bool has_caller;
    unsigned long loss, duplicate, delay, jitter, seed, late;
    waiting queue[WAITING_MAX]; /* in no order */
    size_t n;
    unsigned long passed, lost, doubled, overtaken;
    int64_t last_due_us, turn_us;
    bool was_late;
} relay;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* xorshift64: the same seed gives the same network. */
static unsigned long draw(relay *r, unsigned long below)
{
    uint64_t x = r->seed;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    r->seed = (unsigned long)x;
    return below ? (unsigned long)(x >> 11) % below : 0;
}

static int open_socket(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0 || bind(s, (const struct sockaddr *)&a, sizeof a) != 0) {
        perror("udp_relay");
        exit(1);
    }
    return s;
}

static void enqueue(relay *r, int socket, const struct sockaddr_in *to,
                    const uint8_t *bytes, size_t len)
{
    waiting *w;
    if (r->n == WAITING_MAX)
        return;
    w = &r->queue[r->n];
    w->bytes = malloc(len ? len : 1);
    if (!w->bytes)
        return;
    memcpy(w->bytes, bytes, len);
    w->len = len;
    w->socket = socket;
    w->to = *to;
    w->due_us =
        now_us() + (int64_t)(r->delay * 1000 + draw(r, r->jitter * 1000 + 1));
    if (w->due_us < r->last_due_us)
        r->overtaken++;
    r->last_due_us = w->due_us;
    r->n++;
}

static void take(relay *r, int from)
{
    static uint8_t bytes[DATAGRAM_MAX];
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    ssize_t len =
        recvfrom(from, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &size);
    bool is_near = from == r->near;
    if (len < 0)
        return;
    if (is_near) {
        r->caller = peer;
        r->has_caller = true;
    } else if (!r->has_caller) {
        return;
    }
    if (draw(r, 1000) < r->loss) {
        r->lost++;
        return;
    }
    const struct sockaddr_in *to = is_near ? &r->target : &r->caller;
    enqueue(r, is_near ? r->far : r->near, to, bytes, (size_t)len);
    if (draw(r, 1000) < r->duplicate) {
        r->doubled++;
        enqueue(r, is_near ? r->far : r->near, to, bytes, (size_t)len);
    }
}

/* Packets come all the time: a long pause means that it stood still. */
static void note_pause(relay *r)
{
    int64_t now = now_us();
    if (r->late > 0 && r->has_caller &&
        now - r->turn_us > (int64_t)r->late * 1000)
        r->was_late = true;
    r->turn_us = now;
}

/* Send what is due; milliseconds until the next is. */
static int send_due(relay *r)
{
    int64_t now = now_us();
    int64_t next = now + 1000000;
    for (size_t i = 0; i < r->n;) {
        waiting *w = &r->queue[i];
        if (w->due_us <= now) {
            (void)sendto(w->socket, w->bytes, w->len, 0,
                         (const struct sockaddr *)&w->to, sizeof w->to);
            r->passed++;
            free(w->bytes);
            *w = r->queue[--r->n];
        } else {
            next = w->due_us < next ? w->due_us : next;
            i++;
        }
    }
    return (int)((next - now + 999) / 1000);
}

static void set(relay *r, const char *word)
{
    static const char *const keys[] = {
        "loss=", "duplicate=", "delay=", "jitter=", "seed=", "late="};
    unsigned long *values[] = {&r->loss,   &r->duplicate, &r->delay,
                               &r->jitter, &r->seed,      &r->late};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t n = strlen(keys[i]);
        if (strncmp(word, keys[i], n) == 0) {
            *values[i] = strtoul(word + n, NULL, 10);
            return;
        }
    }
    fprintf(stderr, "udp_relay: unknown setting '%s'\n", word);
    exit(2);
}

int main(int argc, char **argv)
{
    static relay r = {.seed = 1};
    if (argc < 3) {
        fprintf(stderr, "usage: udp_relay LISTEN_PORT TARGET_PORT [KEY=N..]\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        set(&r, argv[i]);
    }
    r.seed = r.seed * 2654435761u + 88172645463325252ul; /* never 0 */
    r.near = open_socket((unsigned)strtoul(argv[1], NULL, 10));
    r.far = open_socket(0);
    r.target = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10))};
    for (;;) {
        struct pollfd fds[] = {{.fd = r.near, .events = POLLIN},
                               {.fd = r.far, .events = POLLIN},
                               {.fd = STDIN_FILENO, .events = POLLIN}};
        if (poll(fds, 3, send_due(&r)) < 0)
            break;
        note_pause(&r);
        if (fds[0].revents)
            take(&r, r.near);
        if (fds[1].revents)
            take(&r, r.far);
        if (fds[2].revents)
            break;
    }
    printf("passed %lu lost %lu doubled %lu overtaken %lu\n", r.passed, r.lost,
           r.doubled, r.overtaken);
    return r.was_late ? 3 : 0;
}
