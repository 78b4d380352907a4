// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Characters of a text that somebody else wrote. Easy to get wrong: a lax
 * reader takes overlong forms and surrogates, and then the text that was
 * checked is not the text that the next program shows.
 */
#include "utf8.h"

#include <string.h>

size_t utf8_read(const char *text, size_t len, uint32_t *rune)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	size_t need, i;
	uint32_t value;

	if (!len)
		return 0;
	if (byte[0] < 0x80) {
		*rune = byte[0];
		return 1;
	}
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	need = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	if (len < need)
		return 0;
	value = byte[0] & (0x7f >> need);
	for (i = 1; i < need; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte[i] & 0x3f);
	}
	if (value < least[need] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*rune = value;
	return need;
}

bool utf8_is_plain(uint32_t rune)
{
	if (rune < 0x20 || (rune >= 0x7f && rune <= 0x9f))
		return false;
	return rune != 0x061c && rune != 0x200e && rune != 0x200f &&
	       !(rune >= 0x2028 && rune <= 0x202e) &&
	       !(rune >= 0x2066 && rune <= 0x2069) && rune != 0xfeff;
}

/* One character as it is to be shown: at most 4 bytes of @shown. */
static size_t show(const char *text, size_t len, char shown[static 4],
		   size_t *n_shown)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t rune = 0;
	size_t n = utf8_read(text, len, &rune);

	if (rune == '"' || rune == '\\') {
		shown[0] = '\\';
		shown[1] = text[0];
		*n_shown = 2;
	} else if (n && utf8_is_plain(rune)) {
		memcpy(shown, text, n);
		*n_shown = n;
	} else {
		/* A control of several bytes is shown byte by byte. */
		shown[0] = '\\';
		shown[1] = 'x';
		shown[2] = digits[(unsigned char)text[0] >> 4];
		shown[3] = digits[(unsigned char)text[0] & 0xf];
		*n_shown = 4;
		n = 1;
	}
	return n;
}

const char *utf8_quote(const char *text, size_t len,
		       char buf[static QUOTE_TEXT])
{
	static const char more[] = "...\"";
	size_t used = 0, n_shown, n;
	char shown[4];

	buf[used++] = '"';
	while (len) {
		n = show(text, len, shown, &n_shown);
		if (used + n_shown + sizeof(more) > QUOTE_TEXT) {
			memcpy(buf + used, more, sizeof(more));
			return buf;
		}
		memcpy(buf + used, shown, n_shown);
		used += n_shown;
		text += n;
		len -= n;
	}
	buf[used++] = '"';
	buf[used] = '\0';
	return buf;
}
