/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DAY_H
#define SEKIMORI_DAY_H

#include <stdint.h>

#include "calendar.h"

/** day_now_usec - the wall clock, microseconds since 1970 UTC */
uint64_t day_now_usec(void);

/** day_clock_usec - CLOCK_MONOTONIC: for durations, which nobody can set */
uint64_t day_clock_usec(void);

/** day_offset_usec - what has to be added to CLOCK_MONOTONIC for the wall clock */
int64_t day_offset_usec(void);

/** day_calendar - the time zone that the machine is in */
extern const struct calendar day_calendar;

#endif
