/* hot_calls.h - counts what a thread may not do while it handles packets:
 * allocate, lock, wait, log, call the system. Linked into a program, it stands
 * in front of the C library's functions for the whole process, libraries
 * included; only calls of a thread that is hot are counted. */
#ifndef PL_TEST_HOT_CALLS_H
#define PL_TEST_HOT_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/* Sanitizers need those functions for themselves: nothing is counted then. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOT_CALLS_OFF 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOT_CALLS_OFF 1
#endif

typedef enum hot_kind {
    HOT_ALLOCATION, /* malloc() and its family, free() */
    HOT_LOCK,
    HOT_WAIT,
    HOT_SYSTEM, /* read(), write(), timers, syscall(); not sendmmsg() */
    HOT_LOG,
    HOT_KINDS
} hot_kind;

const char *hot_kind_text(hot_kind kind);
/* The calling thread handles packets from now on, or has done so. */
void hot_begin(void);
void hot_end(void);
/* One more of a kind, as if by such a function: of what is wrapped by the
 * linker. */
void hot_count(hot_kind kind);

/* Counts of all threads so far. */
size_t hot_counted(hot_kind kind);

#endif
