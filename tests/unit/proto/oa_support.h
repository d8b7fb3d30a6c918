/* oa_support.h - samples and parties for the tests of common/src/proto. */
#ifndef PL_TEST_OA_SUPPORT_H
#define PL_TEST_OA_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pl/offer_answer.h"
#include "pl/str.h"

/* Text of a sample from the fuzz corpus; static buffer, valid until the next
 * call. */
const char *sample(const char *name);
/* A complete party of ours on 192.0.2.1:40000. */
pl_oa_local party(pl_leg_kind kind);
/* Create, asserting that it works. */
pl_oa *open_leg(const pl_oa_local *local);
pl_sdp *parsed(const char *text);
/* A copy of text with the first `from` replaced; static buffer, other than
 * that of sample(). */
const char *replaced(const char *text, const char *from, const char *to);
/* Answer an offer, check that the answer parses, fits its offer and names the
 * direction in every section; asserts PL_OK. */
void answer_ok(pl_oa *oa, const char *offer, pl_oa_sdp *ret_sdp,
               pl_oa_result *ret_result);
/* Assert that a text has this line. */
void assert_line(const pl_oa_sdp *sdp, const char *line);
void assert_no_line(const pl_oa_sdp *sdp, const char *start);

#endif
