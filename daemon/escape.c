// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Texts from outside, made harmless for a log or a terminal. Easy to get
 * wrong: it is not only the ASCII control characters that move a cursor or
 * reorder a line; utf8_is_plain() knows the others.
 */
#include "escape.h"

#include <stdio.h>
#include <string.h>

#include "utf8.h"

size_t escape_text(const char *text, const char *also, char *buf, size_t size)
{
	size_t left = strlen(text), used = 0, len, i;
	uint32_t rune = 0;

	while (left) {
		len = utf8_read(text, left, &rune);
		if (len && utf8_is_plain(rune) &&
		    !(len == 1 && strchr(also, *text))) {
			if (used + len >= size)
				break;
			memcpy(buf + used, text, len);
			used += len;
		} else {
			len = len ? len : 1;
			if (used + 4 * len >= size)
				break;
			for (i = 0; i < len; i++, used += 4)
				snprintf(buf + used, 5, "\\x%02x",
					 (unsigned char)text[i]);
		}
		text += len;
		left -= len;
	}
	buf[used] = '\0';
	return used;
}
