// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local calendar. Easy to get wrong: a day is not 86,400 seconds where
 * clocks are changed, so the next midnight is asked of the calendar.
 */
#include "day.h"

uint64_t day_now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

unsigned int day_of(time_t now)
{
	struct tm tm;

	localtime_r(&now, &tm);
	return (unsigned int)(tm.tm_year + 1900) * 10000 +
	       (unsigned int)(tm.tm_mon + 1) * 100 + (unsigned int)tm.tm_mday;
}

time_t day_end(time_t now)
{
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_mday++;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return mktime(&tm);
}
