// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local calendar. Easy to get wrong: where clocks are changed, a local time
 * may be no instant, or two; and mktime() says which one it took in no way that
 * all its implementations share. So it is not asked, but the offset from UTC
 * that holds before and after.
 */
#include "day.h"

#include <time.h>

uint64_t day_now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t day_clock_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int64_t day_offset_usec(void)
{
	return (int64_t)(day_now_usec() - day_clock_usec());
}

/* Seconds that local clocks are ahead of UTC */
static int64_t day_offset(int64_t when)
{
	time_t time = when;
	struct tm tm;

	if (!localtime_r(&time, &tm))
		return 0; /* of a year that does not fit: far from any now */
	return tm.tm_gmtoff;
}

static int64_t day_local(int64_t when)
{
	return when + day_offset(when);
}

/* The first instant behind @low at which clocks are as they are at @high */
static int64_t day_switch(int64_t low, int64_t high)
{
	int64_t offset = day_offset(high);

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (day_offset(middle) == offset)
			high = middle;
		else
			low = middle;
	}
	return high;
}

static int64_t day_instant(int64_t local, bool last)
{
	/* no clock is a day ahead or behind, or is changed twice in two days */
	int64_t before = day_offset(local - DAY_SECONDS);
	int64_t after = day_offset(local + DAY_SECONDS);
	bool is_before, is_after;

	if (before == after)
		return local - before;
	is_before = day_local(local - before) == local;
	is_after = day_local(local - after) == local;
	if (is_before && is_after)
		return local - (last ? after : before);
	if (!is_before && !is_after)
		return day_switch(local - after - 1, local - before);
	return local - (is_before ? before : after);
}

const struct calendar day_calendar = { day_local, day_instant };
