/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_NAMING_H
#define SEKIMORI_NAMING_H

/*
 * Sets of addresses in the words of those who wrote the policy: names of zones,
 * lists and hosts, as few as will do; what has no name is written as a prefix
 * or a range.
 */
#include "policy.h"
#include "spans.h"

struct arena;
struct naming;

/**
 * struct naming_who - all of @names, but for @except
 * @n_more, n_except_more: further ones that are not listed
 */
struct naming_who {
	const char **names, **except;
	size_t n_names, n_except;
	size_t n_more, n_except_more;
};

/**
 * naming_new - the names of one or two policies
 * @after: is asked first
 * @before: may be NULL
 */
struct naming *naming_new(const struct policy *before,
			  const struct policy *after, struct arena *arena);

/** naming_of - the words for a set, which is not empty */
struct naming_who naming_of(const struct naming *naming,
			    const struct spans *spans, struct arena *arena);

#endif
