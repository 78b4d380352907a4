// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Times of the week as text. Easy to get wrong: a window over midnight belongs
 * to the day on which it begins, and "24:00" is a time at which one may end,
 * but none begins.
 */
#include "window.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed",
				      "Thu", "Fri", "Sat" };

/* A weekday at @text, and what is behind it; -1 if there is none */
static int parse_day(const char **text)
{
	int i;

	for (i = 0; i < 7; i++)
		if (!strncmp(*text, day_names[i], 3)) {
			*text += 3;
			return i;
		}
	return -1;
}

static bool parse_days(const char **text, uint8_t *days)
{
	int first, last;

	*days = 0;
	if (!strncmp(*text, "daily", 5)) {
		*text += 5;
		*days = 0x7f;
		return true;
	}
	first = last = parse_day(text);
	if (first >= 0 && **text == '-') {
		++*text;
		last = parse_day(text);
	}
	if (first < 0 || last < 0)
		return false;
	for (; first != last; first = (first + 1) % 7)
		*days |= 1u << first;
	*days |= 1u << last;
	return true;
}

static bool parse_two(const char **text, unsigned int max, unsigned int *value)
{
	const char *c = *text;

	if (c[0] < '0' || c[0] > '9' || c[1] < '0' || c[1] > '9')
		return false;
	*value = (unsigned int)(c[0] - '0') * 10 + (unsigned int)(c[1] - '0');
	*text = c + 2;
	return *value <= max;
}

/* HH:MM or HH:MM:SS, up to 24:00 */
static bool parse_time(const char **text, uint32_t *seconds)
{
	unsigned int hour, minute, second = 0;

	if (!parse_two(text, 24, &hour) || *(*text)++ != ':' ||
	    !parse_two(text, 59, &minute))
		return false;
	if (**text == ':') {
		++*text;
		if (!parse_two(text, 59, &second))
			return false;
	}
	*seconds = (hour * 60 + minute) * 60 + second;
	return *seconds <= DAY_SECONDS;
}

int window_parse(const char *text, struct window *window)
{
	struct window found;

	if (!parse_days(&text, &found.days) || *text++ != ' ' ||
	    !parse_time(&text, &found.from) || *text++ != '-' ||
	    !parse_time(&text, &found.until) || *text ||
	    found.from == DAY_SECONDS)
		return -EINVAL;
	if (found.from == found.until)
		return -EDOM;
	if (found.until < found.from)
		found.until += DAY_SECONDS;
	*window = found;
	return 0;
}

/* The days are those of a range, which may go over the end of a week. */
static void print_days(uint8_t days, char *text, size_t size)
{
	unsigned int first = 0, last;

	if (days == 0x7f) {
		snprintf(text, size, "daily");
		return;
	}
	while (!(days & 1u << first) || days & 1u << (first + 6) % 7)
		first++;
	for (last = first; days & 1u << (last + 1) % 7;)
		last++;
	if (first == last)
		snprintf(text, size, "%s", day_names[first]);
	else
		snprintf(text, size, "%s-%s", day_names[first],
			 day_names[last % 7]);
}

static void print_time(uint32_t seconds, char *text, size_t size)
{
	seconds %= 2 * DAY_SECONDS;
	if (seconds % 60)
		snprintf(text, size, "%02u:%02u:%02u", seconds / 3600,
			 seconds / 60 % 60, seconds % 60);
	else
		snprintf(text, size, "%02u:%02u", seconds / 3600,
			 seconds / 60 % 60);
}

char *window_print(const struct window *window, char text[static WINDOW_TEXT])
{
	char days[12], from[12], until[12];
	uint32_t end = window->until;

	print_days(window->days, days, sizeof(days));
	print_time(window->from, from, sizeof(from));
	print_time(end > DAY_SECONDS ? end - DAY_SECONDS : end, until,
		   sizeof(until));
	snprintf(text, WINDOW_TEXT, "%s %s-%s", days, from, until);
	return text;
}

bool window_begins_on(const struct window *window, int64_t day)
{
	/* 1970-01-01 was a Thursday. */
	int64_t weekday = ((day + 4) % 7 + 7) % 7;

	return window->days & 1u << weekday;
}
