/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SUSPECT_H
#define SEKIMORI_SUSPECT_H

/*
 * Which parts of our table may no longer be as they were known to be. The
 * kernel's notifications (NFNLGRP_NFTABLES) only say where to look: what is
 * there now is read from the kernel. So a table of 100,000 elements of which
 * one was deleted is proved again by reading one element.
 */
#include "ruleset.h"

struct edits;
struct nlmsghdr;

/*
 * Keys that are looked up one by one, of a set of @n_elems; beyond that all of
 * it is read. A key that is not there any more takes the kernel about as long
 * as ten elements of a small set do in a row, and fewer of a large one.
 */
#define SUSPECT_KEYS_MIN 1024
#define SUSPECT_KEYS_SHARE 4

/** struct suspect_set - elements of one set */
struct suspect_set {
	const char *name;
	bool whole; /* all of them, and @keys is empty */
	uint8_t *keys; /* n_keys times key_len bytes, in no order */
	uint32_t key_len;
	size_t n_keys, size_keys, max_keys;
};

/**
 * struct suspects - what has to be read
 * @all: everything; nothing is known of the table
 * @program: the table itself, its chains, rules, and definitions of sets
 */
struct suspects {
	struct arena *arena;
	bool all;
	bool program;
	struct suspect_set *sets;
	size_t n_sets;
};

/** suspects_init - nothing is suspect; what is to come lives in @arena */
void suspects_init(struct suspects *suspects, struct arena *arena);

/** suspects_any - is there anything to be read? */
bool suspects_any(const struct suspects *suspects);

/** enum touch - what a notification is about */
enum touch {
	TOUCH_NOTHING, /* elements of other tables, or no change at all */
	TOUCH_OURS, /* our table; noted */
	TOUCH_OTHERS, /* tables, chains, rules, objects, flowtables of others */
};

/**
 * suspects_note - one message of the group NFNLGRP_NFTABLES
 * @known: what the table was known to hold, NULL if nothing: the shapes of its sets decide
 *	which keys can be looked up one by one (not intervals, not what has an
 *	end key, not the catch-all element)
 *
 * A message that is not well formed makes everything suspect and counts as
 * TOUCH_OURS. NEWGEN is TOUCH_NOTHING.
 */
enum touch suspects_note(struct suspects *suspects, const struct ruleset *known,
			 const struct nlmsghdr *nlh);

/** suspects_add_set - all elements of one set */
void suspects_add_set(struct suspects *suspects, const char *name);

/** suspects_add_edits - what is edited; all, if that is more than elements */
void suspects_add_edits(struct suspects *suspects, const struct edits *edits);

/**
 * suspects_add_key - the element with this key, or all of a set of which no key
 *	can be looked up by itself
 */
void suspects_add_key(struct suspects *suspects, const struct set *set,
		      const uint8_t *key);

/**
 * suspects_set - what is suspect of the named set, or NULL: nothing
 *
 * Valid until the next that is noted. When everything is suspect, every set is
 * whole.
 */
const struct suspect_set *suspects_set(const struct suspects *suspects,
				       const char *name);

/**
 * suspects_expect - what should be found when reading just the suspects
 * @desired: sorted
 *
 * The chains and sets of @desired, but of each set only the suspect elements;
 * all of a set whose keys are not of the length of the suspect ones. Shares
 * the memory of @desired; its own is in suspects->arena.
 */
struct ruleset *suspects_expect(const struct suspects *suspects,
				const struct ruleset *desired);

#endif
