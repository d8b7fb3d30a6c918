/* hot_calls.c - see hot_calls.h. */
#define _GNU_SOURCE /* RTLD_NEXT. NOLINT(bugprone-reserved-identifier) */
#include "hot_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static _Thread_local bool is_hot;
static _Atomic size_t counts[HOT_KINDS];

const char *hot_kind_text(hot_kind kind)
{
    static const char *const texts[HOT_KINDS] = {
        "allocations", "locks", "waits", "system calls", "log lines"};
    return texts[kind];
}

void hot_begin(void)
{
    is_hot = true;
}

void hot_end(void)
{
    is_hot = false;
}

void hot_count(hot_kind kind)
{
    if (is_hot)
        (void)atomic_fetch_add(&counts[kind], 1);
}

size_t hot_counted(hot_kind kind)
{
    return atomic_load(&counts[kind]);
}

#ifndef HOT_CALLS_OFF

/* ---- memory ------------------------------------------------------------- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void __libc_free(void *p);

void *malloc(size_t n)
{
    hot_count(HOT_ALLOCATION);
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    hot_count(HOT_ALLOCATION);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    hot_count(HOT_ALLOCATION);
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    hot_count(HOT_ALLOCATION);
    return __libc_memalign(alignment, n);
}

int posix_memalign(void **ret, size_t alignment, size_t n)
{
    hot_count(HOT_ALLOCATION);
    *ret = __libc_memalign(alignment, n);
    return *ret ? 0 : ENOMEM;
}

void free(void *p)
{
    if (p)
        hot_count(HOT_ALLOCATION);
    __libc_free(p);
}

/* ---- what is looked up -------------------------------------------------- */

/* The function behind ours. Looked up once; the linker's own use of ours while
 * it looks is none of a hot thread. */
#define NEXT(type, name)                                                       \
    static type next;                                                          \
    if (!next) {                                                               \
        void *found = dlsym(RTLD_NEXT, name);                                  \
        *(void **)(void *)&next = found;                                       \
    }

typedef int (*mutex_fn)(pthread_mutex_t *);
int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    NEXT(mutex_fn, "pthread_mutex_lock");
    hot_count(HOT_LOCK);
    return next(mutex);
}

typedef int (*rwlock_fn)(pthread_rwlock_t *);
int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    NEXT(rwlock_fn, "pthread_rwlock_rdlock");
    hot_count(HOT_LOCK);
    return next(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    NEXT(rwlock_fn, "pthread_rwlock_wrlock");
    hot_count(HOT_LOCK);
    return next(lock);
}

typedef int (*cond_fn)(pthread_cond_t *, pthread_mutex_t *);
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    NEXT(cond_fn, "pthread_cond_wait");
    hot_count(HOT_WAIT);
    return next(cond, mutex);
}

typedef int (*cond_timed_fn)(pthread_cond_t *, pthread_mutex_t *,
                             const struct timespec *);
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
    NEXT(cond_timed_fn, "pthread_cond_timedwait");
    hot_count(HOT_WAIT);
    return next(cond, mutex, until);
}

typedef int (*sem_fn)(sem_t *);
int sem_wait(sem_t *sem)
{
    NEXT(sem_fn, "sem_wait");
    hot_count(HOT_WAIT);
    return next(sem);
}

typedef int (*poll_fn)(struct pollfd *, nfds_t, int);
int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    NEXT(poll_fn, "poll");
    hot_count(HOT_WAIT);
    return next(fds, n, timeout_ms);
}

typedef int (*epoll_fn)(int, struct epoll_event *, int, int);
int epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms)
{
    NEXT(epoll_fn, "epoll_wait");
    hot_count(HOT_WAIT);
    return next(fd, events, n, timeout_ms);
}

typedef int (*sleep_fn)(const struct timespec *, struct timespec *);
int nanosleep(const struct timespec *time, struct timespec *rest)
{
    NEXT(sleep_fn, "nanosleep");
    hot_count(HOT_WAIT);
    return next(time, rest);
}

typedef int (*clock_sleep_fn)(clockid_t, int, const struct timespec *,
                              struct timespec *);
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                    struct timespec *rest)
{
    NEXT(clock_sleep_fn, "clock_nanosleep");
    hot_count(HOT_WAIT);
    return next(clock, flags, time, rest);
}

typedef int (*yield_fn)(void);
int sched_yield(void)
{
    NEXT(yield_fn, "sched_yield");
    hot_count(HOT_WAIT);
    return next();
}

typedef ssize_t (*write_fn)(int, const void *, size_t);
ssize_t write(int fd, const void *bytes, size_t n)
{
    NEXT(write_fn, "write");
    hot_count(HOT_SYSTEM);
    return next(fd, bytes, n);
}

typedef ssize_t (*read_fn)(int, void *, size_t);
ssize_t read(int fd, void *bytes, size_t n)
{
    NEXT(read_fn, "read");
    hot_count(HOT_SYSTEM);
    return next(fd, bytes, n);
}

typedef int (*timer_fn)(int, int, const struct itimerspec *,
                        struct itimerspec *);
int timerfd_settime(int fd, int flags, const struct itimerspec *to,
                    struct itimerspec *old)
{
    NEXT(timer_fn, "timerfd_settime");
    hot_count(HOT_SYSTEM);
    return next(fd, flags, to, old);
}

/* futex() and whatever has no function of its own. */
typedef long (*syscall_fn)(long, ...);
long syscall(long number, ...)
{
    enum { ARGUMENTS = 6 };
    long a[ARGUMENTS];
    va_list list;
    NEXT(syscall_fn, "syscall");
    hot_count(HOT_SYSTEM);
    va_start(list, number);
    for (int i = 0; i < ARGUMENTS; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
