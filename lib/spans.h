/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SPANS_H
#define SEKIMORI_SPANS_H

#include "addr.h"

struct arena;

/** struct span - all addresses from @first to @last, of one family */
struct span {
	struct addr first, last;
};

/**
 * struct spans - a set of addresses
 * @list: sorted, disjoint, and not adjacent, once spans_settle() has seen it
 */
struct spans {
	struct span *list;
	size_t n;
};

/** spans_settle - bring a list in any order into the form of a set */
void spans_settle(struct spans *spans);

/** spans_add - append a span that is not settled yet */
void spans_add(struct spans *spans, struct arena *arena,
	       const struct span *span);

/* The rest take settled sets. */
bool spans_equal(const struct spans *a, const struct spans *b);
uint64_t spans_hash(const struct spans *spans);
bool spans_has(const struct spans *spans, const struct addr *addr);
bool spans_overlap(const struct spans *a, const struct spans *b);
bool spans_within(const struct spans *inner, const struct spans *outer);
bool spans_has_family(const struct spans *spans, unsigned int family);

/** spans_subtract - what is in @a and not in @b */
struct spans spans_subtract(struct arena *arena, const struct spans *a,
			    const struct spans *b);

/** spans_intersect - what is in both */
struct spans spans_intersect(struct arena *arena, const struct spans *a,
			     const struct spans *b);

/** spans_addr_before - the address in front of @addr; false if @addr is the first */
bool spans_addr_before(const struct addr *addr, struct addr *before);

#endif
