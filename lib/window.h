/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_WINDOW_H
#define SEKIMORI_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calendar.h"

#define WINDOWS_MAX 32 /* of one conduit */
#define WINDOW_TEXT 40 /* room for the longest one */

/**
 * struct window - a time of the week
 * @days: on which it begins: 1 << weekday, Sunday being 0
 * @from: seconds since local midnight of that day
 * @until: the first second behind it, likewise; more than DAY_SECONDS if that is
 *	on the day after
 */
struct window {
	uint8_t days;
	uint32_t from, until;
};

/**
 * window_parse - "Mon-Fri 09:00-17:00", "Sun 22:00-02:00", "daily 01:00-04:00"
 *
 * Seconds may follow the minutes. 0; -EINVAL: it is no such text; -EDOM: it ends
 * when it begins.
 */
int window_parse(const char *text, struct window *window);

/** window_print - as it is written; returns @text */
char *window_print(const struct window *window, char text[static WINDOW_TEXT]);

/** window_begins_on - does it begin on this day, counted from 1970-01-01? */
bool window_begins_on(const struct window *window, int64_t day);

#endif
