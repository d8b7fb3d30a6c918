/* report.h - results for people and for programs. */
#ifndef PL_LOAD_REPORT_H
#define PL_LOAD_REPORT_H

#include <stdio.h>

#include "load.h"

/* A table of name and value. */
void pl_load_report_text(FILE *out, const pl_load_options *options,
                         const pl_load_result *result);
/* One JSON object, one line. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_load_report_json(FILE *out,
                                       const pl_load_options *options,
                                       const pl_load_result *result);
/* CPU milliseconds that the server spends on one participant a second. */
double pl_load_cpu_ms(const pl_load_result *result);

#endif
