/* address.h - whom an address means: a user of ours by name or number, or
 * somebody whom the signaling worker dials. Text only; who is here is asked
 * elsewhere. */
#ifndef PL_ROOMPOOL_ADDRESS_H
#define PL_ROOMPOOL_ADDRESS_H

#include "pl/msg.h"
#include "rows.h"
#include "settings.h"

enum { PL_NUMBER_MAX = 31, PL_USER_KEY_MAX = PL_ADDRESS_MAX + 1 };

/* Each "" when there is none. */
typedef struct pl_address {
    char user[PL_ADDRESS_MAX + 1];  /* id of the user it may name */
    char number[PL_NUMBER_MAX + 1]; /* digits, of a virtual or mobile user */
    char uri[PL_ADDRESS_MAX + 1];   /* to dial when no user has it */
} pl_address;

/* tel:NUMBER and sip:DIGITS@icmn_domain are numbers; sip:NAME@user_domain,
 * NAME@user_domain, and what else has no scheme, is a user; any other
 * sip:USER@HOST may be a user of that whole name and is dialled otherwise.
 * Errors: PL_EINVAL none of these. */
PL_MUST_USE pl_err pl_address_parse(const pl_roompool_config *config,
                                    const char *text, pl_address *ret_address);
/* Whether two addresses mean the same, as far as text tells. */
bool pl_address_is_same(const pl_address *a, const pl_address *b);
/* The address of a session's user, as others see it: sip:user@user_domain,
 * tel:+NUMBER of a virtual and sip:NUMBER@icmn_domain of a mobile one. */
void pl_user_address(const pl_roompool_config *config, const pl_sess_row *sess,
                     char *buf, size_t cap);
/* What a session's user is found by; the same for all ids that others see as
 * one address, and for all spellings of a number. */
void pl_user_key(const pl_roompool_config *config, const pl_sess_row *sess,
                 char *buf, size_t cap);
/* Whether such a key is that of a number. */
bool pl_user_key_is_number(const char *key);
/* What users whom an address means are found by: i 0, a number; 1, a name.
 * False when it is none. */
bool pl_address_key(const pl_address *address, unsigned i, char *buf,
                    size_t cap);
/* Whether two sessions speak for one user: the same address or number. */
bool pl_user_is_same(const pl_roompool_config *config, const pl_sess_row *a,
                     const pl_sess_row *b);
/* Digits of a virtual or mobile user's id; "" for all others. */
void pl_user_number(const pl_sess_row *sess, char *buf, size_t cap);

#endif
