// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arguments of the command. Easy to get wrong: strtoull() takes blanks, signs
 * and what is too large for something else; here a mistake is never a number.
 */
#include "argument.h"

#include <stddef.h>
#include <string.h>

#include "utf8.h"

/* The first @len bytes, all digits */
static bool argument_digits(const char *text, size_t len, uint64_t most,
			    uint64_t *number)
{
	uint64_t n = 0;
	size_t i;

	if (!len || len > 19)
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = 10 * n + (uint64_t)(text[i] - '0');
	}
	*number = n;
	return n >= 1 && n <= most;
}

bool argument_number(const char *text, uint64_t most, uint64_t *number)
{
	return argument_digits(text, strlen(text), most, number);
}

bool argument_duration(const char *text, uint64_t most, uint64_t *seconds)
{
	size_t len = strlen(text);
	char last = len ? text[len - 1] : '\0';
	uint64_t unit = last == 'd' ? 86400 :
			last == 'h' ? 3600 :
			last == 'm' ? 60 :
				      1;

	if (unit > 1 || last == 's')
		len--;
	if (!argument_digits(text, len, most / unit, seconds))
		return false;
	*seconds *= unit;
	return true;
}

bool argument_is_text(const char *text)
{
	size_t left = strlen(text), len;
	uint32_t rune;

	while (left) {
		len = utf8_read(text, left, &rune);
		if (!len)
			return false;
		text += len;
		left -= len;
	}
	return true;
}
