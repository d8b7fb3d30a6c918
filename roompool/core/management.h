/* management.h - objects of the management API are made, changed and removed.
 *
 * Each resource has two functions, named in a table of management.c. A put
 * first reads every member into a copy and notes what does not do; only when
 * nothing was noted does it change anything, so that a refused put changes
 * nothing. What a single value may be was checked by the front end and is
 * checked again only as far as the database needs it. */
#ifndef PL_ROOMPOOL_MANAGEMENT_H
#define PL_ROOMPOOL_MANAGEMENT_H

#include "model.h"
#include "pl/json.h"

/* What does not do: texts of fields. */
typedef struct pl_fault {
    const char *field; /* a literal; "__all__": of no single one */
    char text[160];
} pl_fault;
enum { PL_FAULTS_MAX = 24 };
typedef struct pl_faults {
    pl_fault list[PL_FAULTS_MAX];
    size_t n; /* more than fit are dropped: those that are there say enough */
} pl_faults;
void pl_fault_add(pl_faults *faults, const char *field, const char *text);

/* A request to make or change an object. */
typedef struct pl_mgmt_put {
    uint64_t id;  /* 0: a new one */
    bool replace; /* what is absent gets its preset, except lists */
    const pl_json *object;
} pl_mgmt_put;

/* Members. A member that is absent leaves the value alone, unless all are
 * replaced; null and what is replaced give the preset, which may be the value
 * itself. Notes a fault when it is of another type, too long, or has control
 * characters. */
void pl_mgmt_str(const pl_mgmt_put *put, pl_faults *faults, const char *field,
                 const char *preset, char *value, size_t cap);
/* Note a fault when it is a text that cannot be shown in a line. */
void pl_mgmt_check_text(const pl_mgmt_put *put, pl_faults *faults,
                        const char *field);
void pl_mgmt_bool(const pl_mgmt_put *put, pl_faults *faults, const char *field,
                  bool preset, bool *value);
void pl_mgmt_u32(const pl_mgmt_put *put, pl_faults *faults, const char *field,
                 uint32_t preset, uint32_t *value);
/* A list; NULL when it is absent or null and so is to stay as it is. */
const pl_json *pl_mgmt_list(const pl_mgmt_put *put, pl_faults *faults,
                            const char *field);
/* One of a list of numbers. Errors: PL_EINVAL it is none. */
PL_MUST_USE pl_err pl_mgmt_number(const pl_json *element, uint64_t *ret_no);

/* A room by its number that the management API shows: managed, not removed, not
 * on another platform; NULL none. */
pl_room *pl_mgmt_room(const pl_pool *pool, uint64_t id);

/* Change nothing and note faults, or change it and give its number.
 * Errors: PL_ENOENT no object of this number; PL_EFULL; PL_ENOMEM. */
typedef pl_err (*pl_mgmt_put_fn)(pl_pool *pool, const pl_mgmt_put *put,
                                 pl_faults *faults, uint64_t *ret_id);
/* Errors: PL_ENOENT. */
typedef pl_err (*pl_mgmt_delete_fn)(pl_pool *pool, uint64_t id);

/* The resources of this folder; event sinks are in sink.h. */
PL_MUST_USE pl_err pl_mgmt_conference_put(pl_pool *pool, const pl_mgmt_put *put,
                                          pl_faults *faults, uint64_t *ret_id);
PL_MUST_USE pl_err pl_mgmt_conference_delete(pl_pool *pool, uint64_t id);
PL_MUST_USE pl_err pl_mgmt_alias_put(pl_pool *pool, const pl_mgmt_put *put,
                                     pl_faults *faults, uint64_t *ret_id);
PL_MUST_USE pl_err pl_mgmt_alias_delete(pl_pool *pool, uint64_t id);
PL_MUST_USE pl_err pl_mgmt_auto_put(pl_pool *pool, const pl_mgmt_put *put,
                                    pl_faults *faults, uint64_t *ret_id);
PL_MUST_USE pl_err pl_mgmt_auto_delete(pl_pool *pool, uint64_t id);

void pl_on_management_put(pl_pool *pool, const pl_bus_in *in);
void pl_on_management_delete(pl_pool *pool, const pl_bus_in *in);

#endif
