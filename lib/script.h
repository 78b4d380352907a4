/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SCRIPT_H
#define SEKIMORI_SCRIPT_H

#include "diff.h"

/**
 * struct script - edits as commands of nft(8), for people
 * @lines: at most SCRIPT_LINES_MAX
 * @n_all: of all that there would be
 */
#define SCRIPT_LINES_MAX 1000
struct script {
	const char **lines;
	size_t n, n_all;
};

/**
 * script_of_edits - what carries out @edits, in the order that it is done in
 * @desired: what they lead to
 */
struct script script_of_edits(const struct ruleset *desired,
			      const struct edits *edits, struct arena *arena);

#endif
