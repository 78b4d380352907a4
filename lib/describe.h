/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DESCRIBE_H
#define SEKIMORI_DESCRIBE_H

/*
 * What somebody has done to the table, in words and as nft text, from what it
 * holds and what it should hold.
 */
#include "diff.h"

/**
 * struct difference - one thing that was done
 * @words: "rule removed from chain forward", "element added to map live",
 *	"policy of chain forward changed from drop to accept", ...
 * @nft: the rule, element or chain in question as nft text; NULL if none. Of
 *	something changed: "OLD -> NEW".
 */
struct difference {
	const char *words;
	const char *nft;
};

/**
 * describe_edits - the differences behind @edits
 * @edits: of diff_rulesets(observed, desired)
 * @max: how many to describe
 * @differences: filled, in @arena
 * @n_all: how many there are, described or not
 *
 * Returns how many were described.
 */
size_t describe_edits(const struct ruleset *observed,
		      const struct ruleset *desired, const struct edits *edits,
		      size_t max, struct arena *arena,
		      struct difference **differences, size_t *n_all);

#endif
