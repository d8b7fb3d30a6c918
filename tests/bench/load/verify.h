/* verify.h - judging what came back: who is heard, who is not, how late. */
#ifndef PL_LOAD_VERIFY_H
#define PL_LOAD_VERIFY_H

#include "flow.h"

/* Decode the tracks and look for every voice in them.
 *
 * ret_result: hearing, delay_us, is_good and reason are filled in
 * Errors: PL_ENOMEM */
PL_MUST_USE pl_err pl_load_verify(const pl_load_options *options,
                                  const pl_load_flow *flow,
                                  const pl_load_voices *voices,
                                  const pl_load_party *parties,
                                  const pl_codec *codec,
                                  pl_load_result *ret_result);

#endif
