/* conference_errors.h - errors of the conference API. Old clients break on any
 * pair of status and MessageId that they do not know, so only pairs that they
 * digest are ever sent, and 404 only means "the session is gone". */
#ifndef PL_API_CONFERENCE_ERRORS_H
#define PL_API_CONFERENCE_ERRORS_H

#include "api.h"

/* The table itself is behind pl_conference_fail() of api.h.
 *
 * Refuse a request with status 400 before it becomes a message.
 * code:    SVC0002 something is missing, SVC0003 a value is wrong
 * Returns: PL_OK, for `return` in prepare: the answer is complete. */
PL_MUST_USE pl_err pl_conference_refuse(pl_answer *answer, const char *code,
                                        const char *text);

#endif
