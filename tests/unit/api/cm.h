/* cm.h - cmocka with the headers it wants first. */
#ifndef PL_TESTS_API_CM_H
#define PL_TESTS_API_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
