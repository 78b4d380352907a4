// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of addresses that overlap in any way, cut into classes: in one pass over
 * their ends in order, with a list of the sets that are open. Easy to get wrong:
 * a class is often in many places, so it is found again by what is open, by a
 * sum of hashes that is kept up with each end.
 */
#include "cover.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hash.h"

/* Where a set begins (in front of the address) or ends (behind it) */
struct cut {
	struct addr addr;
	bool is_end;
	uint32_t at; /* which of the sets */
};

struct cutter {
	struct arena *arena;
	const uint32_t *which;
	uint32_t *open; /* sets that are open */
	uint32_t *places; /* of each set in the list of the open ones */
	size_t n_open;
	uint64_t signature; /* of the open ones */
	struct cover_class *classes;
	uint64_t *signatures; /* by class */
	size_t n_classes;
	uint32_t *slots; /* hash table: class + 1 */
	size_t mask;
};

struct covers *covers_new(struct arena *arena)
{
	struct covers *covers = arena_alloc(arena, sizeof(*covers));

	covers->arena = arena;
	covers->mask = 63;
	covers->slots = arena_alloc(arena, 64 * sizeof(*covers->slots));
	return covers;
}

static size_t cover_slot(const struct covers *covers, const struct spans *spans)
{
	size_t i = spans_hash(spans) & covers->mask;

	while (covers->slots[i] &&
	       !spans_equal(&covers->list[covers->slots[i] - 1], spans))
		i = (i + 1) & covers->mask;
	return i;
}

static void cover_grow(struct covers *covers)
{
	size_t i;

	covers->mask = 2 * covers->mask + 1;
	covers->slots = arena_alloc(covers->arena,
				    (covers->mask + 1) * sizeof(uint32_t));
	for (i = 0; i < covers->n; i++)
		covers->slots[cover_slot(covers, &covers->list[i])] = i + 1;
}

uint32_t cover_add(struct covers *covers, const struct spans *spans)
{
	size_t i = cover_slot(covers, spans);

	if (covers->slots[i])
		return covers->slots[i] - 1;
	covers->list = arena_push(covers->arena, covers->list, &covers->n,
				  sizeof(*spans));
	covers->list[covers->n - 1] = *spans;
	covers->slots[i] = covers->n;
	if (2 * covers->n > covers->mask)
		cover_grow(covers);
	return covers->n - 1;
}

static int cut_order(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;
	int order = addr_cmp(&x->addr, &y->addr);

	return order ? order : x->is_end - y->is_end;
}

static void cut_pass(struct cutter *c, const struct cut *cut)
{
	uint64_t hash = hash_finish(hash_number(HASH_START, cut->at));
	uint32_t last;

	if (!cut->is_end) {
		c->places[cut->at] = c->n_open;
		c->open[c->n_open++] = cut->at;
		c->signature += hash;
		return;
	}
	last = c->open[--c->n_open];
	c->open[c->places[cut->at]] = last;
	c->places[last] = c->places[cut->at];
	c->signature -= hash;
}

static struct cover_class *class_of_open(struct cutter *c)
{
	size_t slot = hash_finish(c->signature) & c->mask, i;
	struct cover_class *class;

	while (c->slots[slot] &&
	       c->signatures[c->slots[slot] - 1] != c->signature)
		slot = (slot + 1) & c->mask;
	if (c->slots[slot])
		return &c->classes[c->slots[slot] - 1];
	c->signatures[c->n_classes] = c->signature;
	class = &c->classes[c->n_classes++];
	c->slots[slot] = c->n_classes;
	class->n_members = c->n_open;
	class->members =
		arena_alloc(c->arena, c->n_open * sizeof(*class->members));
	for (i = 0; i < c->n_open; i++)
		class->members[i] = c->which[c->open[i]];
	return class;
}

/* The addresses between two cuts, if there are any */
static bool cut_between(const struct cut *a, const struct cut *b,
			struct span *span)
{
	span->first = a->addr;
	span->last = b->addr;
	if (a->is_end && !addr_next(&a->addr, &span->first))
		return false;
	if (!b->is_end && !spans_addr_before(&b->addr, &span->last))
		return false;
	return addr_cmp(&span->first, &span->last) <= 0;
}

static struct cut *cuts_of(const struct covers *covers, const uint32_t *which,
			   size_t n, struct arena *arena, size_t *n_cuts)
{
	size_t i, k, size = 0;
	struct cut *cuts;

	for (i = 0; i < n; i++)
		size += 2 * covers->list[which[i]].n;
	cuts = arena_alloc(arena, size * sizeof(*cuts));
	*n_cuts = 0;
	for (i = 0; i < n; i++) {
		const struct spans *spans = &covers->list[which[i]];

		for (k = 0; k < spans->n; k++) {
			cuts[(*n_cuts)++] =
				(struct cut){ spans->list[k].first, false, i };
			cuts[(*n_cuts)++] =
				(struct cut){ spans->list[k].last, true, i };
		}
	}
	qsort(cuts, size, sizeof(*cuts), cut_order);
	return cuts;
}

struct cover_class *cover_cut(const struct covers *covers,
			      const uint32_t *which, size_t n,
			      struct arena *arena, size_t *n_classes)
{
	size_t i, n_cuts;
	const struct cut *cuts = cuts_of(covers, which, n, arena, &n_cuts);
	struct cutter c = {
		.arena = arena,
		.which = which,
		.open = arena_alloc(arena, n * sizeof(*c.open)),
		.places = arena_alloc(arena, n * sizeof(*c.places)),
		.classes = arena_alloc(arena, n_cuts * sizeof(*c.classes)),
		.signatures =
			arena_alloc(arena, n_cuts * sizeof(*c.signatures)),
	};
	struct span span;

	for (c.mask = 8; c.mask < 2 * n_cuts; c.mask *= 2)
		;
	c.slots = arena_alloc(arena, c.mask * sizeof(*c.slots));
	c.mask--;
	for (i = 0; i + 1 < n_cuts; i++) {
		cut_pass(&c, &cuts[i]);
		if (c.n_open && cut_between(&cuts[i], &cuts[i + 1], &span))
			spans_add(&class_of_open(&c)->spans, arena, &span);
	}
	for (i = 0; i < c.n_classes; i++)
		spans_settle(&c.classes[i].spans);
	*n_classes = c.n_classes;
	return c.classes;
}
