/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_NAMES_H
#define SEKIMORI_NAMES_H

#include <stddef.h>

struct arena;

/** struct names - from a name to what bears it */
struct names;

/** names_new - an empty table in @arena with room for @max names */
struct names *names_new(struct arena *arena, size_t max);

/**
 * names_add - give @name to @what, if it is free
 * @name: not copied; must live as long as the table
 *
 * Returns who has the name now: @what, or the one who was there before.
 */
void *names_add(struct names *names, const char *name, void *what);

/** names_find - who bears @name, or NULL */
void *names_find(const struct names *names, const char *name);

#endif
