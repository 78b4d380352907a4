/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TAMPER_H
#define SEKIMORI_TAMPER_H

#include "dice.h"
#include "ruleset.h"

/**
 * struct tampering - something that somebody does to the table
 * @name: for messages
 * @script: for "nft -f -"
 * @words: how the difference that it makes must begin; NULL: any
 * @stays: all rules that it leaves alone can stay
 */
struct tampering {
	const char *name;
	char *script;
	const char *words;
	bool stays;
};

/**
 * tamper_choose - something at random that makes sense with this table
 * @observed: what the kernel holds, read just now
 * @flowtables: does this kernel have any?
 */
struct tampering tamper_choose(struct dice *dice,
			       const struct ruleset *observed, bool flowtables,
			       struct arena *arena);

/**
 * tamper_raw - something random that nft itself cannot do
 *
 * A single start or end in an interval map, its catch-all element, or an element
 * with a counter of its own. false if the kernel refuses.
 */
bool tamper_raw(struct dice *dice, const struct ruleset *observed);

#endif
