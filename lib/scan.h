/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SCAN_H
#define SEKIMORI_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

/* What one file may hold, so that hostile ones cost bounded time and memory */
#define SCAN_BYTES_MAX ((size_t)64 << 20)
#define SCAN_VALUES_MAX 4000000u /* some 100 bytes each in libconfig's tree */
#define SCAN_DEPTH_MAX 8 /* the deepest that has a meaning is 3 */
#define SCAN_SETTINGS_MAX 64 /* in one group; libconfig compares all pairs */
#define SCAN_LITERAL_MAX 4096 /* bytes between the quotes, as written */
#define SCAN_DIGITS_MAX 18 /* what surely fits into 64 bits */

/**
 * struct scan_piece - a part of a file that libconfig can read by itself
 * @start: offset in scanned.text, where it is NUL-terminated
 * @first_line: the line of the file that its first line is
 * @first_element: how many elements of its list stand in pieces before it
 * @is_pure: there is nothing in it but elements from the midst of a list
 */
struct scan_piece {
	size_t start;
	unsigned int first_line;
	unsigned int first_element;
	bool is_pure;
};

/**
 * struct scanned - a file as libconfig is to read it
 *
 * Long lists are cut into pieces of at most SCAN_ELEMENTS: libconfig's tree takes
 * some twenty times the memory of the text, and so there is only a small one
 * at any time. One element in SCAN_BORDERS ends a piece that is long enough, so
 * that two files with the same entries have most of their pieces in common.
 */
struct scanned {
	char *text;
	struct scan_piece *pieces;
	size_t n_pieces;
};
#define SCAN_ELEMENTS 1024
#define SCAN_ELEMENTS_MIN 64
#define SCAN_BORDERS 16

/**
 * scan_text - check the syntax of a configuration and rewrite it for libconfig
 * @file: the file's name, for findings
 * @bytes: its content; need not be NUL-terminated, may be anything
 * @len: bytes
 * @diag: what is wrong with it
 * @scanned: what libconfig is to read; to be freed with scan_free()
 *
 * The text holds the same settings, each on the same line as in @bytes, in a
 * form that libconfig takes without error and without guessing: no comments,
 * no "@include", integers always as 64 bits. A setting that is there twice, an
 * element of another type than the rest of its array, and "\x00" in a string
 * are reported and left out. Returns 0, or -EINVAL if no text could be made.
 */
int scan_text(const char *file, const char *bytes, size_t len,
	      struct diag *diag, struct scanned *scanned);

void scan_free(struct scanned *scanned);

#endif
