/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_INSTANT_H
#define SEKIMORI_INSTANT_H

/*
 * Days and instants as they are written. An instant is written as local clocks
 * show it, with how far they are ahead of UTC: "2026-11-24 14:05:00+09:00". So
 * it means the same wherever and whenever it is read, also where clocks are put
 * back and show a time twice.
 */
#include <stdbool.h>
#include <stdint.h>

#include "model.h"

#define INSTANT_TEXT 32 /* room for any instant */

/** instant_read_date - "2027-03-31" at *@text, which is moved behind it */
bool instant_read_date(const char **text, struct date *date);

/**
 * instant_parse - "2026-11-24 14:05+09:00", seconds since 1970 UTC
 *
 * Seconds may follow the minutes, "Z" stands for "+00:00", and a "T" may stand
 * in place of the space.
 */
bool instant_parse(const char *text, int64_t *when);

/**
 * instant_print - as it is written; returns @text
 * @local: what local clocks show at @when, as calendar.h has it
 */
char *instant_print(int64_t when, int64_t local,
		    char text[static INSTANT_TEXT]);

#endif
