// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The address space cut into classes. Prefixes are either disjoint or nested,
 * so one pass over them in order, with a stack of those that are open, meets
 * every class. Easy to get wrong: a zone inside "all that no other zone
 * declares" begins afresh, it does not inherit what holds the addresses around
 * it; and holes (broadcast, multicast, loopback) belong to nobody.
 */
#include "partition.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hash.h"

/* What begins at a prefix: a zone's network, an endpoint's, or a hole */
struct cut {
	struct prefix prefix;
	const struct endpoint *endpoint; /* NULL: a hole */
};

/* A set of endpoints, as a chain towards the outermost */
struct open {
	struct addr last;
	uint64_t signature; /* 0: a hole */
	const struct endpoint *endpoint;
	size_t outer; /* index of the enclosing entry that counts, or NONE */
};

#define NONE SIZE_MAX

struct sweep {
	struct arena *arena;
	struct partition *partition;
	size_t size_ranges;
	struct open *stack;
	size_t depth;
	struct addr cursor; /* first address not yet given to a range */
	bool at_end; /* there is none */
	uint64_t *signatures; /* by class */
	size_t *slots; /* hash table over signatures: class + 1 */
	size_t mask;
};

/* Room for prefix_reserved() */
#define HOLES_MAX 16

static int cut_order(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;
	int cmp = prefix_cmp(&x->prefix, &y->prefix);

	if (cmp)
		return cmp;
	/* At the same prefix the zone opens first, a hole last. */
	if (!x->endpoint || !y->endpoint)
		return !x->endpoint - !y->endpoint;
	if (x->endpoint->kind != y->endpoint->kind)
		return x->endpoint->kind < y->endpoint->kind ? -1 : 1;
	return x->endpoint->index < y->endpoint->index ?
		       -1 :
		       x->endpoint->index > y->endpoint->index;
}

static void cuts_add(struct cut *cuts, size_t *n, const struct endpoint *e)
{
	size_t i;

	for (i = 0; i < e->n_prefixes; i++)
		cuts[(*n)++] = (struct cut){ e->prefixes[i], e };
}

static bool has_broadcast(const struct prefix *network)
{
	return network->addr.family == 4 && network->len > 0 &&
	       network->len <= 30;
}

static void cuts_add_broadcast(struct cut *cuts, size_t *n,
			       const struct zone *zone)
{
	size_t i;

	for (i = 0; i < zone->n_networks; i++)
		if (has_broadcast(&zone->networks[i]))
			cuts[(*n)++] = (struct cut){
				{ prefix_last(&zone->networks[i]), 32 }, NULL
			};
}

/* Chosen endpoints of all kinds; prefixes are only known to the conduits. */
static size_t cuts_of_conduits(const struct policy *policy, const bool *chosen,
			       bool *seen, struct cut *cuts, size_t n)
{
	size_t i, k, side;

	for (i = 0; i < policy->n_flows; i++) {
		const struct endpoint *ends[] = { policy->flows[i].from,
						  policy->flows[i].to };

		for (side = 0; side < 2; side++) {
			const struct endpoint *e = ends[side];

			if (e->kind == ENDPOINT_ZONE || !chosen[e->index] ||
			    seen[e->index])
				continue;
			seen[e->index] = true;
			for (k = 0; k < e->n_prefixes; k++, n++)
				if (cuts)
					cuts[n] = (struct cut){ e->prefixes[k],
								e };
		}
	}
	return n;
}

static struct cut *cuts_make(const struct policy *policy, const bool *chosen,
			     struct arena *arena, size_t *n_cuts)
{
	size_t i, n = 0, size = HOLES_MAX;
	size_t bytes = policy->n_endpoints * sizeof(bool);
	bool *seen = arena_alloc(arena, bytes);
	struct cut *cuts;

	for (i = 0; i < policy->n_zones; i++)
		size += 2 * policy->zones[i].n_networks;
	size = cuts_of_conduits(policy, chosen, seen, NULL, size);
	cuts = arena_alloc(arena, size * sizeof(*cuts));
	for (i = 0; i < policy->n_zones; i++) {
		cuts_add(cuts, &n, &policy->zone_endpoints[i]);
		cuts_add_broadcast(cuts, &n, &policy->zones[i]);
	}
	memset(seen, 0, bytes);
	n = cuts_of_conduits(policy, chosen, seen, cuts, n);
	for (i = 0; prefix_reserved(i, &cuts[n].prefix); i++)
		n++;
	qsort(cuts, n, sizeof(*cuts), cut_order);
	*n_cuts = n;
	return cuts;
}

static void class_describe(struct sweep *s, struct class *class, size_t top)
{
	size_t i, n = 0;

	for (i = top; i != NONE; i = s->stack[i].outer)
		n++;
	class->members = arena_alloc(s->arena, n * sizeof(*class->members));
	class->n_members = n;
	for (i = top; i != NONE; i = s->stack[i].outer)
		class->members[--n] = s->stack[i].endpoint;
	class->zone = class->members[0]->zone;
	class->comment = class->members[0]->name;
	for (i = 1; i < class->n_members; i++)
		class->comment = arena_printf(s->arena, "%s %s", class->comment,
					      class->members[i]->name);
}

/* The class of what is open at stack entry @top */
static size_t class_of(struct sweep *s, size_t top)
{
	struct partition *p = s->partition;
	uint64_t signature = s->stack[top].signature;
	size_t i = signature & s->mask;

	while (s->slots[i] && s->signatures[s->slots[i] - 1] != signature)
		i = (i + 1) & s->mask;
	if (!s->slots[i]) {
		s->signatures[p->n_classes] = signature;
		class_describe(s, &p->classes[p->n_classes], top);
		s->slots[i] = ++p->n_classes;
	}
	return s->slots[i] - 1;
}

/* Give all up to @last to the class that is open, and go on behind it. */
static void sweep_to(struct sweep *s, const struct addr *last)
{
	struct partition *p = s->partition;
	size_t top = s->depth - 1;
	struct range *before = p->n_ranges ? &p->ranges[p->n_ranges - 1] : NULL;
	struct addr next;
	size_t class;

	if (s->at_end || addr_cmp(&s->cursor, last) > 0)
		return;
	if (s->stack[top].signature) {
		class = class_of(s, top);
		if (before && before->class == class &&
		    addr_next(&before->last, &next) &&
		    !addr_cmp(&next, &s->cursor)) {
			before->last = *last;
		} else {
			assert(p->n_ranges < s->size_ranges);
			p->ranges[p->n_ranges++] =
				(struct range){ s->cursor, *last, class };
		}
	}
	if (!addr_next(last, &s->cursor))
		s->at_end = true;
}

static void sweep_close(struct sweep *s)
{
	sweep_to(s, &s->stack[s->depth - 1].last);
	s->depth--;
}

static bool open_has(const struct sweep *s, size_t top,
		     const struct endpoint *endpoint)
{
	for (; top != NONE; top = s->stack[top].outer)
		if (s->stack[top].endpoint == endpoint)
			return true;
	return false;
}

static void sweep_open(struct sweep *s, const struct cut *cut)
{
	struct addr first = prefix_first(&cut->prefix);
	size_t outer;
	struct open *open;

	while (s->depth && addr_cmp(&s->stack[s->depth - 1].last, &first) < 0)
		sweep_close(s);
	if (s->depth && addr_cmp(&s->cursor, &first) < 0) {
		struct addr before = first;
		unsigned int i = addr_bits(&first) / 8;

		while (!before.bytes[--i]--)
			;
		sweep_to(s, &before);
	}
	outer = s->depth ? s->depth - 1 : NONE;
	open = &s->stack[s->depth++];
	open->last = prefix_last(&cut->prefix);
	open->endpoint = cut->endpoint;
	open->outer = NONE;
	if (!cut->endpoint) {
		open->signature = 0;
	} else if (cut->endpoint->kind == ENDPOINT_ZONE || outer == NONE ||
		   !s->stack[outer].signature) {
		open->signature = cut->endpoint->kind == ENDPOINT_ZONE ?
					  cut->endpoint->hash :
					  0;
	} else if (open_has(s, outer, cut->endpoint)) {
		*open = s->stack[outer];
		open->last = prefix_last(&cut->prefix);
	} else {
		open->signature = s->stack[outer].signature +
				  hash_finish(cut->endpoint->hash);
		open->outer = outer;
	}
	if (outer == NONE) {
		s->cursor = first;
		s->at_end = false;
	}
}

/*
 * A class is another one, with another id, as soon as it holds other addresses.
 * The kernel looks up a packet's two classes and the pair one after the other,
 * and a commit may come in between: then what was found before it means nothing
 * after it, but for what lib/bridge.c keeps. If ids stayed while addresses moved
 * between classes, it might pass by a pair that was never its own.
 */
static void assign_ids(struct sweep *s, uint32_t salt)
{
	struct partition *p = s->partition;
	uint32_t *ids = arena_alloc(s->arena, p->n_classes * sizeof(*ids));
	size_t i;

	for (i = 0; i < p->n_ranges; i++) {
		const struct range *range = &p->ranges[i];
		uint64_t *signature = &s->signatures[range->class];
		size_t len = addr_bits(&range->first) / 8;

		*signature = hash_number(*signature, len);
		*signature = hash_bytes(*signature, range->first.bytes, len);
		*signature = hash_bytes(*signature, range->last.bytes, len);
	}
	for (i = 0; i < p->n_classes; i++)
		s->signatures[i] =
			hash_finish(hash_number(s->signatures[i], salt));
	hash_ids(s->signatures, ids, p->n_classes, CLASS_ID_MIN, UINT32_MAX);
	for (i = 0; i < p->n_classes; i++)
		p->classes[i].id = ids[i];
}

static void list_members(const struct policy *policy, struct partition *p,
			 struct arena *arena)
{
	size_t i, k;

	p->of = arena_alloc(arena, policy->n_endpoints * sizeof(*p->of));
	for (i = 0; i < p->n_classes; i++)
		for (k = 0; k < p->classes[i].n_members; k++)
			p->of[p->classes[i].members[k]->index].n++;
	for (i = 0; i < policy->n_endpoints; i++) {
		p->of[i].classes =
			arena_alloc(arena, p->of[i].n * sizeof(size_t));
		p->of[i].n = 0;
	}
	for (i = 0; i < p->n_classes; i++)
		for (k = 0; k < p->classes[i].n_members; k++) {
			struct class_list *list =
				&p->of[p->classes[i].members[k]->index];

			list->classes[list->n++] = i;
		}
}

struct partition *partition_build(const struct policy *policy,
				  const bool *chosen, uint32_t salt,
				  struct arena *arena)
{
	struct partition *p = arena_alloc(arena, sizeof(*p));
	struct sweep s = { .arena = arena, .partition = p };
	size_t i, n, n_slots = 8;
	struct cut *cuts = cuts_make(policy, chosen, arena, &n);

	while (n_slots < 2 * n)
		n_slots *= 2;
	s.mask = n_slots - 1;
	s.slots = arena_alloc(arena, n_slots * sizeof(*s.slots));
	s.signatures = arena_alloc(arena, n * sizeof(*s.signatures));
	s.stack = arena_alloc(arena, n * sizeof(*s.stack));
	s.size_ranges = 2 * n;
	p->classes = arena_alloc(arena, n * sizeof(*p->classes));
	p->ranges = arena_alloc(arena, s.size_ranges * sizeof(*p->ranges));
	for (i = 0; i < n; i++) {
		if (i && cuts[i].prefix.addr.family !=
				 cuts[i - 1].prefix.addr.family)
			while (s.depth)
				sweep_close(&s);
		sweep_open(&s, &cuts[i]);
	}
	while (s.depth)
		sweep_close(&s);
	assign_ids(&s, salt);
	list_members(policy, p, arena);
	return p;
}
