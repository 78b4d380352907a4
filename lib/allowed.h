/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ALLOWED_H
#define SEKIMORI_ALLOWED_H

/*
 * Conduits that somebody has asked for on the command line, for a while, as a
 * file of the configuration: to text and back.
 */
#include <stddef.h>
#include <stdint.h>

#include "calendar.h"

struct arena;

#define ALLOWED_TEXTS_MAX 16 /* of each side, and services */

struct allowed_texts {
	const char *texts[ALLOWED_TEXTS_MAX];
	size_t n;
};

/**
 * struct allowed - a temporary conduit as it is written
 * @bind, reason, approved_by, approval: NULL: the setting is absent
 * @expires: seconds since 1970 UTC
 * @allowed_by: who has asked for it
 */
struct allowed {
	const char *name, *kind, *bind;
	struct allowed_texts from, to, services;
	const char *reason, *approved_by, *approval, *allowed_by;
	int64_t expires;
};

/**
 * allowed_print - as text in the syntax of the configuration
 * @calendar: what local clocks show, for the people who read it
 * @len: bytes, if not NULL
 *
 * Texts may hold anything: what is read back is just them, or the parser
 * refuses it. The text is in @arena, with a NUL behind.
 */
char *allowed_print(const struct allowed *list, size_t n,
		    const struct calendar *calendar, struct arena *arena,
		    size_t *len);

/**
 * allowed_parse - back; 0, or -EINVAL if it is not what allowed_print() writes
 */
int allowed_parse(const char *bytes, size_t len, struct arena *arena,
		  struct allowed **list, size_t *n);

#endif
