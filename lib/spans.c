// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of addresses as ranges. Easy to get wrong: the last address has none
 * behind it, and the first address of IPv6 is not behind the last of IPv4.
 */
#include "spans.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hash.h"

static int span_order(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int cmp = addr_cmp(&x->first, &y->first);

	return cmp ? cmp : addr_cmp(&x->last, &y->last);
}

bool spans_addr_before(const struct addr *addr, struct addr *before)
{
	struct addr result = *addr;
	unsigned int i = addr_bits(addr) / 8;

	while (i--)
		if (result.bytes[i]--) {
			*before = result;
			return true;
		}
	return false;
}

/* Does @b begin inside @a or right behind it? @b does not begin before it. */
static bool span_goes_on(const struct span *a, const struct span *b)
{
	struct addr next;

	if (a->last.family != b->first.family)
		return false;
	if (addr_cmp(&b->first, &a->last) <= 0)
		return true;
	return addr_next(&a->last, &next) && !addr_cmp(&next, &b->first);
}

void spans_settle(struct spans *spans)
{
	size_t i, n = 0;

	if (!spans->n)
		return;
	qsort(spans->list, spans->n, sizeof(*spans->list), span_order);
	for (i = 1; i < spans->n; i++) {
		struct span *last = &spans->list[n];
		const struct span *span = &spans->list[i];

		if (!span_goes_on(last, span))
			spans->list[++n] = *span;
		else if (addr_cmp(&last->last, &span->last) < 0)
			last->last = span->last;
	}
	spans->n = n + 1;
}

void spans_add(struct spans *spans, struct arena *arena,
	       const struct span *span)
{
	spans->list = arena_push(arena, spans->list, &spans->n, sizeof(*span));
	spans->list[spans->n - 1] = *span;
}

bool spans_equal(const struct spans *a, const struct spans *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (span_order(&a->list[i], &b->list[i]))
			return false;
	return true;
}

static uint64_t hash_addr(uint64_t hash, const struct addr *addr)
{
	hash = hash_number(hash, addr->family);
	return hash_bytes(hash, addr->bytes, addr_bits(addr) / 8);
}

uint64_t spans_hash(const struct spans *spans)
{
	uint64_t hash = HASH_START;
	size_t i;

	for (i = 0; i < spans->n; i++) {
		hash = hash_addr(hash, &spans->list[i].first);
		hash = hash_addr(hash, &spans->list[i].last);
	}
	return hash_finish(hash);
}

/* The first span that does not end before @addr */
static size_t spans_from(const struct spans *spans, const struct addr *addr)
{
	size_t low = 0, high = spans->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_cmp(&spans->list[middle].last, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool spans_has(const struct spans *spans, const struct addr *addr)
{
	size_t i = spans_from(spans, addr);

	return i < spans->n && addr_cmp(&spans->list[i].first, addr) <= 0;
}

bool spans_overlap(const struct spans *a, const struct spans *b)
{
	const struct spans *few = a->n < b->n ? a : b;
	const struct spans *many = few == a ? b : a;
	size_t i, k;

	for (i = 0; i < few->n; i++) {
		k = spans_from(many, &few->list[i].first);
		if (k < many->n &&
		    addr_cmp(&many->list[k].first, &few->list[i].last) <= 0)
			return true;
	}
	return false;
}

bool spans_within(const struct spans *inner, const struct spans *outer)
{
	size_t i, k;

	for (i = 0; i < inner->n; i++) {
		const struct span *span = &inner->list[i];

		k = spans_from(outer, &span->first);
		if (k == outer->n ||
		    addr_cmp(&outer->list[k].first, &span->first) > 0 ||
		    addr_cmp(&outer->list[k].last, &span->last) < 0)
			return false;
	}
	return true;
}

bool spans_has_family(const struct spans *spans, unsigned int family)
{
	size_t i;

	for (i = 0; i < spans->n; i++)
		if (spans->list[i].first.family == family)
			return true;
	return false;
}

struct spans spans_subtract(struct arena *arena, const struct spans *a,
			    const struct spans *b)
{
	struct spans rest = { 0 };
	size_t i, k;

	for (i = 0; i < a->n; i++) {
		struct span left = a->list[i], piece;
		bool some = true;

		for (k = spans_from(b, &left.first);
		     some && k < b->n &&
		     addr_cmp(&b->list[k].first, &left.last) <= 0;
		     k++) {
			piece = left;
			if (addr_cmp(&left.first, &b->list[k].first) < 0) {
				spans_addr_before(&b->list[k].first,
						  &piece.last);
				spans_add(&rest, arena, &piece);
			}
			some = addr_cmp(&b->list[k].last, &left.last) < 0 &&
			       addr_next(&b->list[k].last, &left.first);
		}
		if (some)
			spans_add(&rest, arena, &left);
	}
	return rest;
}

struct spans spans_intersect(struct arena *arena, const struct spans *a,
			     const struct spans *b)
{
	struct spans both = { 0 };
	size_t i, k;

	for (i = 0; i < a->n; i++) {
		const struct span *span = &a->list[i];

		for (k = spans_from(b, &span->first);
		     k < b->n && addr_cmp(&b->list[k].first, &span->last) <= 0;
		     k++) {
			struct span piece = *span;

			if (addr_cmp(&piece.first, &b->list[k].first) < 0)
				piece.first = b->list[k].first;
			if (addr_cmp(&piece.last, &b->list[k].last) > 0)
				piece.last = b->list[k].last;
			spans_add(&both, arena, &piece);
		}
	}
	return both;
}
