/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TEXT_H
#define SEKIMORI_TEXT_H

#include "ruleset.h"

/**
 * text_ruleset - the ruleset in the syntax of nft(8), loadable with "nft -f"
 *
 * Returns a NUL-terminated string that the caller frees; @len, if not NULL,
 * is its length.
 */
char *text_ruleset(const struct ruleset *ruleset, size_t *len);

/*
 * One rule, one element of @set, a chain without its rules, a set without its
 * elements, each as nft text on one line; the caller frees it. What nft has no
 * words for is in square brackets; so is when an element ends, if @now_msec, the
 * wall clock, is 0.
 */
char *text_rule(const struct ruleset *ruleset, const struct rule *rule);
char *text_elem(const struct set *set, const struct elem *elem,
		uint64_t now_msec);
char *text_chain(const struct chain *chain);
char *text_set(const struct set *set);

#endif
