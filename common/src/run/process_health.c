/* process_health.c - how a running process is: it says so on a socket in its
 * run_dir, out of its main loop, and --health asks it there.
 *
 * Who connects gets one line and the end, "ok ..." or "bad ...". Nothing is
 * read, and a line fits into the kernel's buffer, so nobody can make the loop
 * wait. Without a descriptor for who connects the socket is not looked at for a
 * moment: the loop would turn for nothing. The path of a unix socket is short
 * and run_dir may be long: both sides go through an open folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "pl/log.h"
#include "pl/str.h"

#include "process_impl.h"

enum {
    BACKLOG = 8,
    ANSWERS = 16,     /* in one turn of the loop */
    ASK_MS = 2000,    /* all in all */
    REST_US = 500000, /* shorter than that: who waits is still answered */
    FILES_MAX = 1000, /* looked at in run_dir */
    LINE_MAX_BYTES = 512,
    REASON_BYTES = 256
};

static const char OK[] = "ok ";
static const char BAD[] = "bad ";
static const char SUFFIX[] = ".health";
static const char NO_ANSWER[] =
    "no answer; its main loop hangs, or it has no descriptor left";

/* "media-worker." */
static void prefix_of(const pl_process *p, char *prefix, size_t cap)
{
    pl_fmt_cut(prefix, cap, "%s.", pl_role_text(p->app->role));
}

static void file_of(const pl_process *p, const char *name,
                    char file[PL_HEALTH_FILE])
{
    char prefix[32];
    prefix_of(p, prefix, sizeof prefix);
    pl_fmt_cut(file, PL_HEALTH_FILE, "%s%s%s", prefix, name, SUFFIX);
}

static bool is_ours(const char *prefix, const char *file)
{
    size_t n = strlen(file);
    size_t head = strlen(prefix);
    size_t tail = sizeof SUFFIX - 1;
    return n > head + tail && n < PL_HEALTH_FILE &&
           memcmp(file, prefix, head) == 0 &&
           memcmp(file + n - tail, SUFFIX, tail) == 0;
}

static pl_err address_of(int dir, const char *file, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    return pl_fmt(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s",
                  dir, file);
}

static int new_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* -1: nobody listens there, errno says why. */
static int connect_to(int dir, const char *file)
{
    struct sockaddr_un to;
    if (address_of(dir, file, &to) != PL_OK) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = new_socket();
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        int code = errno;
        (void)close(fd);
        errno = code;
        fd = -1;
    }
    return fd;
}

/* --- the process that is asked --- */

static void describe(const pl_process *p, char line[LINE_MAX_BYTES])
{
    bool is_good = p->life == PL_LIFE_READY || p->life == PL_LIFE_DRAINING;
    char reason[REASON_BYTES] = "";
    if (!is_good) {
        pl_fmt_cut(reason, sizeof reason, "%s",
                   p->life == PL_LIFE_CONNECTING ? "no link to roompool" : "");
    } else if (p->app->check) {
        is_good = p->app->check(p->ctx, reason, sizeof reason) == PL_OK;
    }
    pl_fmt_cut(line, LINE_MAX_BYTES - 1, "%s%s is %s%s%s", is_good ? OK : BAD,
               p->node, pl_life_text(p->life), reason[0] ? ": " : "", reason);
    size_t n = strlen(line);
    line[n] = '\n';
    line[n + 1] = '\0';
}

static void on_rested(void *ctx)
{
    pl_process *p = ctx;
    pl_io_set(p->health_io, PL_IO_READ);
}

/* Who connected cannot be taken (EMFILE, ENFILE, ENOMEM, ..) and stays in the
 * queue, so the socket stays readable. */
static void rest(pl_process *p, int code)
{
    char why[PL_ERRNO_TEXT];
    PL_LOG(WARN, "process", "health_deferred", NULL, "%s",
           pl_errno_text(code, why));
    pl_io_set(p->health_io, 0);
    pl_timer_start(p->health_timer, REST_US);
}

/* Nobody waits any more, or who did has gone. */
static bool is_passing(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR ||
           code == ECONNABORTED;
}

static void on_asked(void *ctx, unsigned events)
{
    pl_process *p = ctx;
    char line[LINE_MAX_BYTES];
    (void)events;
    for (int i = 0; i < ANSWERS; i++) {
        int fd = accept(p->health_fd, NULL, NULL);
        if (fd < 0) {
            if (!is_passing(errno))
                rest(p, errno);
            return;
        }
        describe(p, line);
        /* Who has gone meanwhile does not get it. */
        ssize_t n = send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)n;
        (void)close(fd);
    }
}

/* Sockets of processes of this kind that were killed. One that listens is put
 * in place with its name only then, so that it is never taken for one. */
static void remove_dead(const pl_process *p, int dir)
{
    char prefix[32];
    prefix_of(p, prefix, sizeof prefix);
    int copy = dup(dir);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    if (!d)
        return;
    const struct dirent *entry = readdir(d); /* NOLINT(concurrency-mt-unsafe) */
    for (int n = 0; entry && n < FILES_MAX; n++) {
        if (is_ours(prefix, entry->d_name)) {
            int fd = connect_to(dir, entry->d_name);
            if (fd >= 0) {
                (void)close(fd);
            } else if (errno == ECONNREFUSED) {
                (void)unlinkat(dir, entry->d_name, 0);
            }
        }
        entry = readdir(d); /* NOLINT(concurrency-mt-unsafe) */
    }
    (void)closedir(d);
}

/* Whether a process of our kind and name runs already: a full queue is
 * somebody's too. The files of the name are his. */
static bool is_taken(int dir, const char *file)
{
    int fd = connect_to(dir, file);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0 || errno == EAGAIN;
}

static pl_err listen_in(pl_process *p, int dir)
{
    char fresh[PL_HEALTH_FILE + 8];
    struct sockaddr_un at;
    pl_fmt_cut(fresh, sizeof fresh, "%s.new", p->health_file);
    (void)unlinkat(dir, fresh, 0); /* most often it is not there */
    p->health_fd = new_socket();
    if (p->health_fd < 0 || address_of(dir, fresh, &at) != PL_OK ||
        fchmod(p->health_fd, 0600) != 0 || /* the file's mode, as of bind() */
        bind(p->health_fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(p->health_fd, BACKLOG) != 0 ||
        renameat(dir, fresh, dir, p->health_file) != 0)
        return PL_EIO;
    return PL_OK;
}

pl_err pl_health_open(pl_process *p)
{
    char file[PL_HEALTH_FILE];
    p->health_fd = -1;
    p->health_dir =
        open(p->common->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->health_dir >= 0)
        remove_dead(p, p->health_dir);
    file_of(p, p->name, file);
    if (p->health_dir >= 0 && is_taken(p->health_dir, file)) {
        PL_LOG(ERROR, "process", "name_in_use",
               PL_KV("name", p->name, "dir", p->common->run_dir),
               "a process of this name runs here: end it, or give this one "
               "another --node");
        return PL_EEXIST;
    }
    pl_fmt_cut(p->health_file, sizeof p->health_file, "%s", file);
    if (p->health_dir < 0 || listen_in(p, p->health_dir) != PL_OK) {
        char why[PL_ERRNO_TEXT];
        PL_LOG(ERROR, "process", "health_socket",
               PL_KV("dir", p->common->run_dir), "%s",
               pl_errno_text(errno, why));
        p->health_file[0] = '\0';
        return PL_EIO;
    }
    pl_err e = pl_timer_create(p->loop, on_rested, p, &p->health_timer);
    return e ? e
             : pl_io_create(p->loop, p->health_fd, PL_IO_READ, on_asked, p,
                            &p->health_io);
}

void pl_health_close(pl_process *p)
{
    pl_io_destroy(&p->health_io);
    pl_timer_destroy(&p->health_timer);
    if (p->health_file[0] != '\0')
        (void)unlinkat(p->health_dir, p->health_file, 0);
    if (p->health_fd >= 0)
        (void)close(p->health_fd);
    if (p->health_dir >= 0)
        (void)close(p->health_dir);
    p->health_file[0] = '\0';
    p->health_fd = p->health_dir = -1;
}

/* --- the one who asks --- */

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Read to the end, or until it is late. */
static bool read_line(int fd, char line[LINE_MAX_BYTES])
{
    int64_t end_ms = now_ms() + ASK_MS;
    size_t len = 0;
    for (;;) {
        int64_t left_ms = end_ms - now_ms();
        struct pollfd item = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&item, 1, (int)left_ms) != 1)
            return false;
        ssize_t n = read(fd, line + len, LINE_MAX_BYTES - 1 - len);
        if (n < 0)
            return false;
        len += (size_t)n;
        line[len] = '\0';
        if (n == 0 || len == LINE_MAX_BYTES - 1)
            return len > 0;
    }
}

static int report(const pl_process *p, const char *what)
{
    (void)printf("%s: %s\n", p->app->name, what);
    return PL_EXIT_UNAVAILABLE;
}

static int ask(const pl_process *p, int fd)
{
    char line[LINE_MAX_BYTES] = "";
    bool is_read = read_line(fd, line);
    (void)close(fd);
    if (!is_read)
        return report(p, NO_ANSWER);
    line[strcspn(line, "\n")] = '\0';
    bool is_good = strncmp(line, OK, sizeof OK - 1) == 0;
    (void)report(p, line + strcspn(line, " ") + 1);
    return is_good ? PL_EXIT_OK : PL_EXIT_UNAVAILABLE;
}

/* What a connection attempt gave, besides a descriptor. */
enum { NOBODY = -1, SEVERAL = -2, HANGS = -3 };

static int try_one(int dir, const char *file)
{
    int fd = connect_to(dir, file);
    if (fd >= 0)
        return fd;
    return errno == EAGAIN ? HANGS : NOBODY;
}

/* Two of them make several. */
static int join(int found, int other)
{
    if (found == NOBODY || other == NOBODY)
        return found == NOBODY ? other : found;
    if (found >= 0)
        (void)close(found);
    if (other >= 0)
        (void)close(other);
    return SEVERAL;
}

/* The one process of this kind that listens in the folder. */
static int connect_to_only(const pl_process *p, int dir)
{
    char prefix[32];
    int found = NOBODY;
    prefix_of(p, prefix, sizeof prefix);
    int copy = dup(dir);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    if (!d)
        return NOBODY;
    const struct dirent *entry = readdir(d); /* NOLINT(concurrency-mt-unsafe) */
    for (int n = 0; entry && n < FILES_MAX && found != SEVERAL; n++) {
        if (is_ours(prefix, entry->d_name))
            found = join(found, try_one(dir, entry->d_name));
        entry = readdir(d); /* NOLINT(concurrency-mt-unsafe) */
    }
    (void)closedir(d);
    return found;
}

int pl_health_ask(const pl_process *p)
{
    int dir = open(p->common->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return report(p, "not running: there is no run_dir");
    int fd = NOBODY;
    if (p->common->node[0] != '\0') {
        char file[PL_HEALTH_FILE];
        file_of(p, p->common->node, file);
        fd = try_one(dir, file);
    } else {
        fd = connect_to_only(p, dir);
    }
    (void)close(dir);
    if (fd >= 0)
        return ask(p, fd);
    if (fd == HANGS)
        return report(p, NO_ANSWER);
    return report(p, fd == SEVERAL
                         ? "several run here; say which with --node=NAME"
                         : "not running");
}
