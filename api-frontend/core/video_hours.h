/* video_hours.h - when video sessions may be asked for: service hours as their
 * API shows them, and the time of a zone. Pure: files and clock are the
 * caller's. */
#ifndef PL_API_VIDEO_HOURS_H
#define PL_API_VIDEO_HOURS_H

#include "pl/json.h"

enum { PL_ZONE_FILE_MAX = 65536, PL_ZONE_NAME_MAX = 64 };

/* Why a text cannot be service hours; NULL when it can: an object with
 * time_zone, regular_service_periods (start_day, end_day as MON or monday;
 * start_time, end_time as 07:30, up to 24:00), service_unavailable_periods
 * (start_date, end_date as 2026-12-25 or with a time, the end belongs to it).
 */
const char *pl_hours_fault(const pl_json *hours);
/* The name of its zone, "UTC" without one. */
void pl_hours_zone(const pl_json *hours, char name[PL_ZONE_NAME_MAX + 1]);
/* Whether they are open. Without regular periods they always are, but for the
 * unavailable ones. local_ms: wall time of the zone, as if it were UTC. */
bool pl_hours_are_open(const pl_json *hours, int64_t local_ms);

/* How far a zone is ahead of UTC. After the last change that its file lists,
 * that one stays.
 *
 * zone:   bytes of a compiled file of the zone database; empty: UTC
 * Errors: PL_EPROTO.
 * Source: RFC 8536 section 3 */
PL_MUST_USE pl_err pl_zone_offset(pl_slice zone, int64_t utc_ms,
                                  int64_t *ret_offset_ms);

#endif
