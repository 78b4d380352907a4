/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DAY_H
#define SEKIMORI_DAY_H

#include <stdint.h>
#include <time.h>

/** day_now_usec - the wall clock, microseconds since 1970 UTC */
uint64_t day_now_usec(void);

/** day_of - the local date of @now as yyyymmdd */
unsigned int day_of(time_t now);

/** day_end - when the local day after @now begins */
time_t day_end(time_t now);

#endif
