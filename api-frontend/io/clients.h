/* clients.h - the clients of the embedded token server: the one for
 * development, and those of a file, which is read anew when it changes. */
#ifndef PL_API_CLIENTS_H
#define PL_API_CLIENTS_H

#include "api_config.h"
#include "jose.h"
#include "token_client.h"

enum { PL_CLIENTS_MAX = 64 };

typedef struct pl_clients pl_clients;

typedef struct pl_client {
    pl_token_client info;
    pl_keys *keys; /* it signs assertions with one of them; NULL it cannot */
} pl_client;

/* Read the clients, or make the one for development.
 * config: borrowed
 * Errors: PL_ECONFIG unusable files; PL_EIO; PL_ENOMEM; each logged. */
PL_MUST_USE pl_err pl_clients_open(const pl_api_config *config,
                                   pl_clients **ret_clients);
/* Whether clients_file can be used; nothing is made or kept. reason[cap]: why
 * not, for people. Errors: PL_ECONFIG; PL_ENOMEM. */
PL_MUST_USE pl_err pl_clients_check(const pl_api_config *config, char *reason,
                                    size_t cap);
void pl_clients_close(pl_clients **clients);
/* The client for development. */
const pl_client *pl_clients_dev(const pl_clients *clients);
/* A client, or NULL. Borrowed until the next call: the file may have changed.
 */
const pl_client *pl_clients_find(pl_clients *clients, const char *id);

#endif
