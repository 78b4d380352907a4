/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DIFF_H
#define SEKIMORI_DIFF_H

#include "ruleset.h"

enum edit_scope {
	EDIT_NOTHING, /* observed equals desired */
	EDIT_ELEMENTS, /* the program stands; elements differ */
	EDIT_PROGRAM, /* chains, rules or shapes of sets differ too */
};

struct elem_edit {
	const struct set *set; /* the desired set */
	const struct elem *elem;
	bool add; /* else delete */
};

/** struct edits - what makes observed equal desired; deletions come first */
struct edits {
	enum edit_scope scope;
	struct elem_edit *elems;
	size_t n_elems;
	size_t n_added, n_deleted; /* elements */
};

/**
 * diff_rulesets - how to get from @observed to @desired (both sorted)
 *
 * Elements of sets that keep their shape are always edited singly, also when
 * the program has to be replaced: counters of what stays are kept.
 */
struct edits *diff_rulesets(const struct ruleset *observed,
			    const struct ruleset *desired, struct arena *arena);

#endif
