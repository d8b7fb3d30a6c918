/* srtp_library.h - the SRTP library open for a group of cmocka tests. */
#ifndef PL_TEST_SRTP_LIBRARY_H
#define PL_TEST_SRTP_LIBRARY_H

int open_srtp_library(void **state);
int close_srtp_library(void **state);

#endif
