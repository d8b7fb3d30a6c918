/* platform_api.h - requests to the management API of another platform, and
 * what its answers say. Text only. */
#ifndef PL_ROOMPOOL_PLATFORM_API_H
#define PL_ROOMPOOL_PLATFORM_API_H

#include "pl/buf.h"
#include "rows.h"

enum { PL_PLATFORM_URL_MAX = 2048, PL_PLATFORM_BODY_MAX = 4096 };

/* A room as the platform shows it. */
typedef struct pl_platform_room {
    uint64_t id; /* 0: none, as of live conferences */
    char name[251], tag[251], description[251];
} pl_platform_room;

/* Whether text is the base of a platform: https://host[:port][/path], without
 * user, query or fragment. */
bool pl_platform_is_base(const char *url);

/* ---- where; base without a slash behind it ---- */
void pl_platform_url_rooms(const char *base, char url[PL_PLATFORM_URL_MAX + 1]);
void pl_platform_url_room(const char *base, uint64_t id,
                          char url[PL_PLATFORM_URL_MAX + 1]);
/* The rooms of a name, or the live conferences of it. */
void pl_platform_url_named(const char *base, bool is_live, const char *name,
                           char url[PL_PLATFORM_URL_MAX + 1]);
/* A page of the rooms of a description. */
void pl_platform_url_page(const char *base, const char *description,
                          unsigned limit, uint64_t offset,
                          char url[PL_PLATFORM_URL_MAX + 1]);

/* ---- what ---- */
/* A room to be made, with its name as alias. */
void pl_platform_put_room(pl_buf *out, const pl_room_row *row);
/* Its tag; with is_whole also its PINs and description. */
void pl_platform_put_change(pl_buf *out, const pl_room_row *row, bool is_whole);

/* ---- answers ---- */
/* The number at the end of the Location of a new room. Errors: PL_EPROTO. */
PL_MUST_USE pl_err pl_platform_read_location(const char *location,
                                             uint64_t *ret_id);
/* Call each with every room of a page; those whose name is longer than ours
 * ever are, are passed over.
 * ret_total: how many there are in all pages
 * ret_n:     in this page
 * Errors: PL_EPROTO it is no page; PL_ENOMEM. */
PL_MUST_USE pl_err pl_platform_read_page(
    pl_slice body, void (*each)(void *ctx, const pl_platform_room *room),
    void *ctx, uint64_t *ret_total, size_t *ret_n);
/* Whether a refusal says that the name or alias is another room's. */
bool pl_platform_says_taken(pl_slice body);

#endif
