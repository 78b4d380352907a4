/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_VIEW_H
#define SEKIMORI_VIEW_H

/*
 * What the table inet sekimori holds, read without any code of the daemon's:
 * as nft(8) prints it, and as the kernel's own messages. Without handles,
 * counters and the like, so that a table that was put back is the same.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct raw;

/**
 * struct view_lines - one view, as sorted lines
 */
struct view_lines {
	char **lines;
	size_t n;
};

struct table_view {
	struct view_lines nft, kernel;
};

/**
 * table_view_take - both views of the table as it is now
 * @listing: what "nft -j list table inet sekimori" printed; NULL: no table
 *
 * -EINTR: somebody has committed meanwhile.
 */
int table_view_take(struct raw *raw, json_t *listing, struct table_view *view);
void table_view_free(struct table_view *view);

/**
 * table_view_same - are they the same?
 *
 * Prints the first difference to @out if they are not.
 */
bool table_view_same(const struct table_view *before,
		     const struct table_view *after, FILE *out);

#endif
