/* say.c - see say.h. */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pl/process.h"
#include "pl/str.h"
#include "text.h"

size_t pl_ctl_columns(void)
{
    enum { COLUMNS_MAX = 10000 };
    struct winsize size;
    uint64_t n = 0;
    /* Nobody changes the environment of this process. */
    const char *text = getenv("COLUMNS"); /* NOLINT(concurrency-mt-unsafe) */
    if (text && pl_parse_u64(pl_slice_str(text), COLUMNS_MAX, &n) == PL_OK)
        return (size_t)n;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        return size.ws_col;
    return 0;
}

pl_err pl_ctl_print(const pl_buf *text)
{
    char why[PL_ERRNO_TEXT];
    if (fwrite(pl_buf_text(text), 1, text->len, stdout) == text->len &&
        fflush(stdout) == 0)
        return PL_OK;
    pl_ctl_complain("standard output: %s", pl_errno_text(errno, why));
    return PL_EIO;
}

void pl_ctl_complain(const char *format, ...)
{
    enum { LINE_MAX_BYTES = 2048 };
    char line[LINE_MAX_BYTES];
    pl_buf clean;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(line, sizeof line, format, list);
    va_end(list);
    pl_buf_init(&clean, (size_t)LINE_MAX_BYTES * 3);
    pl_ctl_text_clean(pl_slice_str(line), &clean);
    (void)fprintf(stderr, "parleyctl: %s\n", pl_buf_text(&clean));
    pl_buf_fini(&clean);
}

int pl_ctl_exit_of(pl_err e)
{
    static const struct {
        pl_err error;
        int code;
    } codes[] = {{PL_OK, PL_EXIT_OK},
                 {PL_ETIMEOUT, PL_EXIT_UNAVAILABLE},
                 {PL_EVERSION, PL_EXIT_SCHEMA},
                 {PL_ECONFIG, PL_EXIT_CONFIG},
                 {PL_EFORBIDDEN, PL_EXIT_CONFIG},
                 {PL_EINVAL, PL_EXIT_USAGE},
                 {PL_ENOENT, PL_EXIT_TEMPORARY},
                 {PL_EEXIST, PL_EXIT_TEMPORARY},
                 {PL_ESTATE, PL_EXIT_TEMPORARY},
                 {PL_EBUSY, PL_EXIT_TEMPORARY},
                 {PL_EFULL, PL_EXIT_TEMPORARY},
                 {PL_EAGAIN, PL_EXIT_TEMPORARY},
                 {PL_EUNAVAILABLE, PL_EXIT_TEMPORARY},
                 {PL_EIO, PL_EXIT_TEMPORARY}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].error == e)
            return codes[i].code;
    }
    return PL_EXIT_INTERNAL;
}
