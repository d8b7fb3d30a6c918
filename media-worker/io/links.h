/* links.h - the network interfaces of this machine. */
#ifndef PL_MEDIA_LINKS_H
#define PL_MEDIA_LINKS_H

#include "pl/err.h"

#include "core/link.h"

/* Ask the kernel (rtnetlink). May wait for seconds where it does not answer:
 * for the start.
 * ret_list: with free().
 * Errors: PL_EIO, PL_EFULL (thousands of them), PL_ENOMEM. */
PL_MUST_USE pl_err pl_links_read(pl_link **ret_list, size_t *ret_n);

#endif
