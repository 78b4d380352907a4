// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Days and instants as they are written. Easy to get wrong: clocks that are
 * ahead of UTC show a time that UTC has yet to reach, so what is written behind
 * the "+" is taken off.
 */
#include "instant.h"

#include <stdio.h>
#include <stdlib.h>

#include "calendar.h"

#define YEAR_MIN 2000 /* below it, a year of an era was written */
#define OFFSET_HOURS_MAX 14

/* @n digits at *@text, which is moved behind them on success */
static bool digits_read(const char **text, unsigned int n, unsigned int *value)
{
	const char *c = *text;

	for (*value = 0; n; n--, c++) {
		if (*c < '0' || *c > '9')
			return false;
		*value = *value * 10 + (unsigned int)(*c - '0');
	}
	*text = c;
	return true;
}

bool instant_read_date(const char **text, struct date *date)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30,
					31, 31, 30, 31, 30, 31 };
	unsigned int year, month, day, last;
	const char *c = *text;

	if (!digits_read(&c, 4, &year) || *c++ != '-' ||
	    !digits_read(&c, 2, &month) || *c++ != '-' ||
	    !digits_read(&c, 2, &day))
		return false;
	if (year < YEAR_MIN || month < 1 || month > 12)
		return false;
	last = days[month - 1];
	if (month == 2 && !(year % 4) && (year % 100 || !(year % 400)))
		last = 29;
	if (day < 1 || day > last)
		return false;
	*date = (struct date){ year, month, day };
	*text = c;
	return true;
}

/* "14:05:00", or "14:05"; seconds only if they may be there */
static bool time_read(const char **text, bool with_seconds, int64_t *seconds)
{
	unsigned int hour, minute, second = 0;
	const char *c = *text;

	if (!digits_read(&c, 2, &hour) || *c++ != ':' ||
	    !digits_read(&c, 2, &minute))
		return false;
	if (with_seconds && *c == ':') {
		c++;
		if (!digits_read(&c, 2, &second))
			return false;
	}
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	*text = c;
	return true;
}

/* "+09:00", "-03:30" or "Z" */
static bool offset_read(const char **text, int64_t *offset)
{
	bool west = **text == '-';

	*offset = 0;
	if (**text == 'Z') {
		(*text)++;
		return true;
	}
	if (!west && **text != '+')
		return false;
	(*text)++;
	if (!time_read(text, false, offset) ||
	    *offset > OFFSET_HOURS_MAX * 3600)
		return false;
	if (west)
		*offset = -*offset;
	return true;
}

bool instant_parse(const char *text, int64_t *when)
{
	int64_t seconds, offset;
	struct date date;

	if (!instant_read_date(&text, &date) || (*text != ' ' && *text != 'T'))
		return false;
	text++;
	if (!time_read(&text, true, &seconds) || !offset_read(&text, &offset) ||
	    *text)
		return false;
	*when = date_days(date.year * 10000u + date.month * 100u + date.day) *
			DAY_SECONDS +
		seconds - offset;
	return true;
}

char *instant_print(int64_t when, int64_t local, char text[static INSTANT_TEXT])
{
	int64_t offset = (local - when) / 60, days, seconds;
	unsigned int date;

	/* zones of old had seconds; they are left out, and the time follows */
	local = when + offset * 60;
	days = local / DAY_SECONDS - (local % DAY_SECONDS < 0);
	seconds = local - days * DAY_SECONDS;
	date = date_of_days(days);
	snprintf(text, INSTANT_TEXT, "%04u-%02u-%02u %02d:%02d:%02d%c%02d:%02d",
		 date / 10000 % 10000, date / 100 % 100, date % 100,
		 (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60),
		 (int)(seconds % 60), offset < 0 ? '-' : '+',
		 (int)(llabs(offset) / 60 % 100), (int)(llabs(offset) % 60));
	return text;
}
