/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ESCAPE_H
#define SEKIMORI_ESCAPE_H

#include <stddef.h>

/**
 * escape_text - make a text safe to stand on one line of a log or a terminal
 * @text: any bytes up to the first NUL
 * @also: printable characters to be escaped as well, such as "\""
 * @buf: where to write; always NUL-terminated
 * @size: bytes of @buf, at least 1
 *
 * Control characters, bytes that are not UTF-8, and the characters that turn
 * the direction of writing become "\xNN"; all other text, Japanese included,
 * stays as it is. What does not fit is cut off between two characters.
 * Returns the length of the result.
 */
size_t escape_text(const char *text, const char *also, char *buf, size_t size);

#endif
