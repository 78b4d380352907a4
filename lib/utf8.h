/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_UTF8_H
#define SEKIMORI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * utf8_read - the character at the start of @text
 * @len: bytes at @text
 * @rune: its number, written only when there is one
 *
 * Returns its length in bytes, or 0 if @text is empty or not UTF-8 there
 * (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
size_t utf8_read(const char *text, size_t len, uint32_t *rune);

/**
 * utf8_is_plain - may this character stand in a log line as it is?
 *
 * Not the C0 and C1 controls, line separators, and what reverses the direction
 * of writing, with which a text could show as something that it is not.
 */
bool utf8_is_plain(uint32_t rune);

#define QUOTE_TEXT 96 /* room for any text that utf8_quote() makes */

/**
 * utf8_quote - "text" in double quotes, for a message
 * @text: any bytes
 * @len: bytes
 *
 * Bytes that are not plain UTF-8 become "\xNN"; a long text is cut short.
 * Returns @buf.
 */
const char *utf8_quote(const char *text, size_t len,
		       char buf[static QUOTE_TEXT]);

#endif
