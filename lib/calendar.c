// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Days and dates. Easy to get wrong: division rounds toward zero, so what lies
 * before 1970 would belong to the day behind it.
 */
#include "calendar.h"

#define ERA_DAYS 146097 /* of 400 years, after which the calendar repeats */
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

static int64_t utc_local(int64_t when)
{
	return when;
}

static int64_t utc_instant(int64_t local, bool last)
{
	(void)last;
	return local;
}

const struct calendar calendar_utc = { utc_local, utc_instant };

static int64_t floor_div(int64_t number, int64_t by)
{
	return number / by - (number % by < 0);
}

int64_t date_days(unsigned int date)
{
	int64_t year = date / 10000, month = date / 100 % 100, day = date % 100;

	/* count years from March, so that the leap day is the last of them */
	if (month <= 2) {
		year--;
		month += 12;
	}
	return 365 * year + year / 4 - year / 100 + year / 400 +
	       (153 * (month - 3) + 2) / 5 + day - 1 - EPOCH_DAYS;
}

unsigned int date_of_days(int64_t days)
{
	int64_t era, year, month;

	days += EPOCH_DAYS;
	era = floor_div(days, ERA_DAYS);
	days -= era * ERA_DAYS;
	/* without the leap days that lie before it, 365 days are a year */
	year = (days - days / 1460 + days / 36524 - days / 146096) / 365;
	days -= 365 * year + year / 4 - year / 100;
	month = (5 * days + 2) / 153; /* since March */
	days -= (153 * month + 2) / 5;
	year += 400 * era + (month >= 10);
	month = month < 10 ? month + 3 : month - 9;
	return (unsigned int)(year * 10000 + month * 100 + days + 1);
}

int64_t calendar_day(const struct calendar *calendar, int64_t when)
{
	return floor_div(calendar->local(when), DAY_SECONDS);
}
