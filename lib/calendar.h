/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CALENDAR_H
#define SEKIMORI_CALENDAR_H

/*
 * Local time. An instant is in seconds since 1970 UTC. What local clocks show at
 * it is written the same way: the seconds from 1970-01-01 00:00 to that, as if
 * no clock had ever been changed.
 */
#include <stdbool.h>
#include <stdint.h>

#define DAY_SECONDS 86400

/**
 * struct calendar - a time zone; lib/ knows only UTC
 * @local: what local clocks show at an instant
 * @instant: when they show @local. They may do so twice, where they are put
 *	back: the first or the @last time. They may never do so, where they are
 *	put forward: then when that is done.
 */
struct calendar {
	int64_t (*local)(int64_t when);
	int64_t (*instant)(int64_t local, bool last);
};

extern const struct calendar calendar_utc;

/** date_days - days from 1970-01-01 to a date, yyyymmdd, and back */
int64_t date_days(unsigned int date);
unsigned int date_of_days(int64_t days);

/** calendar_day - the local day of an instant, counted from 1970-01-01 */
int64_t calendar_day(const struct calendar *calendar, int64_t when);

#endif
