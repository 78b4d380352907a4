/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DIFF_H
#define SEKIMORI_DIFF_H

#include "ruleset.h"

enum edit_scope {
	EDIT_NOTHING, /* observed equals desired */
	EDIT_ELEMENTS, /* the program stands; elements differ */
	EDIT_PROGRAM, /* the table, chains, rules, sets or others differ too */
	EDIT_REPLACE, /* the table is of a kind that cannot be changed */
};

/*
 * Two words about an edit. What is "implied" is done by another edit already,
 * so there is nothing to be sent to the kernel. What is "quiet" follows from
 * another edit, so there is nothing to be said: the elements of a set that is
 * made anew, for example.
 */

/**
 * struct chain_edit - one chain
 * @have: NULL: it is missing
 * @want: NULL: it is not ours
 * @remake: both, but no change turns one into the other: delete it and make it
 *	anew. Otherwise only the policy differs.
 * @implied: of the deletion: it goes with the rule that it is bound to
 */
struct chain_edit {
	const struct chain *have, *want;
	bool remake, implied;
};

/**
 * struct set_edit - one set that is missing, not ours, or (both) of another
 *	shape and so to be made anew
 * @implied: it goes with the rule that it is bound to
 */
struct set_edit {
	const struct set *have, *want;
	bool implied;
};

/**
 * struct rule_edit - one rule
 * @chain: that it is in
 * @rule: to delete: the observed one, or NULL for all rules of the chain; to
 *	add: the desired one
 * @place: where it is in the observed or desired chain, counted from 1
 * @before: handle of the rule behind it that stays; 0: none
 *
 * Between two rules that stay, deletions come before additions.
 */
struct rule_edit {
	const struct chain *chain;
	const struct rule *rule;
	uint64_t before;
	uint32_t place;
	bool add, implied, quiet;
};

enum elem_what {
	ELEM_ONE,
	ELEM_CATCHALL, /* to delete */
	ELEM_ALL, /* to delete: all of the set, because of has_stray */
};

struct elem_edit {
	const struct set *set; /* the desired set */
	const struct elem *elem; /* of ELEM_ONE, else NULL */
	enum elem_what what;
	bool implied, quiet;
};

/**
 * struct edits - what makes observed equal desired
 * @make_table: there is none, or @table_flags, given to it, put it right
 * @now_msec: the wall clock: that of @observed, until somebody knows better
 * @others: all of them are to be deleted
 * @added, deleted: elements, in the order of desired sets and of keys
 *
 * Also complete with EDIT_REPLACE, to be described.
 */
struct edits {
	enum edit_scope scope;
	uint64_t now_msec;
	bool make_table;
	uint32_t table_flags;
	struct chain_edit *chains;
	size_t n_chains;
	struct set_edit *sets;
	size_t n_sets;
	struct rule_edit *rules;
	size_t n_rules;
	const struct other *others;
	size_t n_others;
	struct elem_edit *added, *deleted;
	size_t n_added, n_deleted;
};

/** diff_ends_soon - is it no use to add the element at @now_msec? */
bool diff_ends_soon(const struct elem *elem, uint64_t now_msec);

/**
 * diff_rulesets - how to get from @observed to @desired (both sorted)
 *
 * Rules and elements that are as they should be stay, with their counters,
 * unless what they refer to has to be made anew. What ends very soon need
 * not be there any more; see diff_ends_soon().
 */
struct edits *diff_rulesets(const struct ruleset *observed,
			    const struct ruleset *desired, struct arena *arena);

#endif
