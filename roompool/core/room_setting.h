/* room_setting.h - what a managed room was given beyond the columns of its row:
 * fields of the management API and their JSON values. */
#ifndef PL_ROOMPOOL_ROOM_SETTING_H
#define PL_ROOMPOOL_ROOM_SETTING_H

#include "model.h"

enum { PL_SETTING_VALUE_MAX = 65536 };

/* The JSON value of a field; NULL when it was not given. */
const char *pl_setting(const pl_room *room, const char *field);
/* Whether it is exactly this JSON value. */
bool pl_setting_is(const pl_room *room, const char *field, const char *json);
/* Errors: PL_ENOMEM; PL_ETOOBIG. */
PL_MUST_USE pl_err pl_setting_set(pl_pool *pool, pl_room *room,
                                  const char *field, pl_slice json);
void pl_setting_drop(pl_pool *pool, pl_room *room, const char *field);
void pl_settings_drop_all(pl_pool *pool, pl_room *room);
void pl_settings_free(pl_room *room);
PL_MUST_USE pl_err pl_setting_load(pl_pool *pool, const pl_setting_row *row);

#endif
