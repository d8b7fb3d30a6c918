/* srtp_library.c - see srtp_library.h. */
#include "srtp_library.h"

#include "io/srtp.h"

int open_srtp_library(void **state)
{
    (void)state;
    return pl_srtp_library_open() == PL_OK ? 0 : -1;
}

int close_srtp_library(void **state)
{
    (void)state;
    pl_srtp_library_close();
    return 0;
}
