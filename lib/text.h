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

/* One rule, or one element of @set, as nft text; the caller frees it. */
char *text_rule(const struct ruleset *ruleset, const struct rule *rule);
char *text_elem(const struct set *set, const struct elem *elem);

#endif
