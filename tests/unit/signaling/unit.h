/* unit.h - what every cmocka file needs, in the order it needs it. */
#ifndef PL_SIG_UNIT_H
#define PL_SIG_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pl/slice.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))
#define RUN(tests)  cmocka_run_group_tests((tests), NULL, NULL)

#endif
