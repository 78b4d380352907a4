// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which elements of a ruleset stay for a moment when it is replaced. Ids of
 * classes, pairs, ranges of ports and flows follow from what they mean, so an
 * id that nothing gives out any more is met only by what was given it before.
 * (Hashes may collide; then less is kept.)
 * Easy to get wrong: an element that is keyed by ids which are still given out
 * was taken out of the policy, and must not stay.
 */
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "flow.h"
#include "partition.h"
#include "program.h"
#include "session.h"

/* So many prefixes may be compared in search of heirs, some 20 ms' worth. */
#define COMPARISONS_MAX 5000000u

/* The next policy is searched from so many flows before the same place on. */
#define NEARBY 64

/* A set of ids; none is 0 */
struct ids {
	uint32_t *slots;
	size_t n, size;
};

/* Elements that stay in a set of the next ruleset */
struct kept {
	struct elem *elems;
	size_t n;
};

struct bridge {
	const struct bridge_side *before, *next;
	uint64_t latest_msec;
	struct arena *arena;
	struct ids known; /* that the next ruleset gives out, or lets pass */
	struct ids gone; /* flows that it does not know, and that can wait */
	struct session_index flows; /* of the policy before */
	size_t n_left; /* of COMPARISONS_MAX */
	struct kept *kept; /* by set of the next ruleset */
	size_t n_kept;
};

static size_t ids_slot(const struct ids *ids, uint32_t id)
{
	size_t i = (id * 0x9e3779b1u) & (ids->size - 1);

	while (ids->slots[i] && ids->slots[i] != id)
		i = (i + 1) & (ids->size - 1);
	return i;
}

static bool ids_have(const struct ids *ids, uint32_t id)
{
	return ids->size && ids->slots[ids_slot(ids, id)];
}

static void ids_add(struct ids *ids, uint32_t id, struct arena *arena)
{
	struct ids wider = { .n = ids->n, .size = 2 * ids->size };
	size_t i;

	if (ids_have(ids, id))
		return;
	if (2 * ids->n >= ids->size) {
		if (!wider.size)
			wider.size = 64;
		wider.slots =
			arena_alloc(arena, wider.size * sizeof(*wider.slots));
		for (i = 0; i < ids->size; i++)
			if (ids->slots[i])
				wider.slots[ids_slot(&wider, ids->slots[i])] =
					ids->slots[i];
		*ids = wider;
	}
	ids->slots[ids_slot(ids, id)] = id;
	ids->n++;
}

static bool gives_marks(const struct set *set)
{
	return set->flags & NFT_SET_MAP && set->data_type != NFT_DATA_VERDICT;
}

static uint32_t key_id(const struct elem *elem, size_t offset)
{
	uint32_t id;

	memcpy(&id, elem->key + offset, sizeof(id));
	return id;
}

static void learn_ids(struct bridge *b)
{
	const struct ruleset *next = b->next->ruleset;
	size_t offsets[PROGRAM_IDS_MAX], i, k;

	ids_add(&b->known, CLASS_GATEWAY, b->arena);
	for (i = 0; i < next->n_sets; i++) {
		const struct set *set = &next->sets[i];
		bool of_flows = program_is_of_flows(set);

		program_ids(set, offsets);
		for (k = 0; k < set->n_elems; k++)
			if (of_flows)
				ids_add(&b->known,
					key_id(&set->elems[k], offsets[0]),
					b->arena);
			else if (gives_marks(set))
				ids_add(&b->known, set->elems[k].mark,
					b->arena);
	}
}

/*
 * Call @visit for each element that only the ruleset before has, in sets whose
 * keys hold ids, with the place of the set in the next one.
 */
static void each_old(struct bridge *b,
		     void (*visit)(struct bridge *b, size_t place,
				   const struct elem *elem))
{
	const struct ruleset *next = b->next->ruleset;
	size_t offsets[PROGRAM_IDS_MAX], i, k;

	for (i = 0; i < next->n_sets; i++) {
		const struct set *set = &next->sets[i];
		const struct set *old =
			ruleset_set(b->before->ruleset, set->name);
		size_t at = 0;

		if (!old || !program_ids(set, offsets))
			continue;
		for (k = 0; k < old->n_elems; k++) {
			const struct elem *elem = &old->elems[k];
			int cmp = 1;

			for (; at < set->n_elems; at++) {
				cmp = memcmp(set->elems[at].key, elem->key,
					     set->key_len);
				if (cmp >= 0)
					break;
			}
			if (cmp)
				visit(b, i, elem);
		}
	}
}

static void note_gone(struct bridge *b, size_t place, const struct elem *elem)
{
	const struct set *set = &b->next->ruleset->sets[place];
	size_t offsets[PROGRAM_IDS_MAX];

	if (!program_is_of_flows(set))
		return;
	program_ids(set, offsets);
	if (!ids_have(&b->known, key_id(elem, offsets[0])))
		ids_add(&b->gone, key_id(elem, offsets[0]), b->arena);
}

/* What comparing them costs: a pair of ports is quickly looked at. */
static size_t cost_of(const struct flow *a, const struct flow *b)
{
	if (!flow_service_overlaps(a, b))
		return 1;
	return 1 + a->from->n_prefixes + a->to->n_prefixes +
	       b->from->n_prefixes + b->to->n_prefixes;
}

/*
 * Could a connection of the flow be one of another, by the next policy? If so,
 * then mostly of one in about the same place. Once there have been too many
 * comparisons, none can.
 */
static bool has_heir(struct bridge *b, uint32_t id)
{
	const struct flow *flow = session_flow(&b->flows, id), *heir;
	const struct policy *next = b->next->policy;
	size_t i, place, cost;

	if (!flow)
		return false;
	place = (size_t)(flow - b->before->policy->flows);
	place -= place < NEARBY ? place : NEARBY;
	for (i = 0; i < next->n_flows; i++) {
		heir = &next->flows[(place + i) % next->n_flows];
		cost = cost_of(flow, heir);
		if (cost > b->n_left)
			b->n_left = 0;
		if (!b->n_left)
			return false;
		b->n_left -= cost;
		if (flow_overlaps(flow, heir) && session_may_move(flow, heir) &&
		    ids_have(&b->known, heir->id))
			return true;
	}
	return false;
}

/* Of the flows that are gone, leave those that can have an heir. */
static void find_heirs(struct bridge *b)
{
	struct ids all = b->gone;
	size_t i;

	if (!all.n)
		return;
	session_index_init(&b->flows, b->before->policy, b->arena);
	b->gone = (struct ids){ .n = 0 };
	b->n_left = COMPARISONS_MAX;
	for (i = 0; i < all.size; i++)
		if (all.slots[i] && has_heir(b, all.slots[i]))
			ids_add(&b->gone, all.slots[i], b->arena);
}

static bool stays(const struct bridge *b, const struct set *set,
		  const struct elem *elem)
{
	size_t offsets[PROGRAM_IDS_MAX], n = program_ids(set, offsets), i;

	if (elem->end_msec && elem->end_msec <= b->latest_msec)
		return false;
	if (program_is_of_flows(set))
		return ids_have(&b->gone, key_id(elem, offsets[0]));
	for (i = 0; i < n; i++)
		if (!ids_have(&b->known, key_id(elem, offsets[i])))
			return true;
	return false;
}

static void keep(struct bridge *b, size_t place, const struct elem *elem)
{
	struct kept *kept = &b->kept[place];

	if (!stays(b, &b->next->ruleset->sets[place], elem))
		return;
	kept->elems = arena_push(b->arena, kept->elems, &kept->n,
				 sizeof(*kept->elems));
	kept->elems[kept->n - 1] = *elem;
	b->n_kept++;
}

/* Both are sorted, and have no key in common. */
static void merge(struct set *set, const struct kept *kept, struct arena *arena)
{
	size_t n = set->n_elems + kept->n, i = 0, k = 0, at;
	struct elem *elems = arena_alloc(arena, n * sizeof(*elems));

	for (at = 0; at < n; at++) {
		bool old = i == set->n_elems ||
			   (k < kept->n &&
			    memcmp(kept->elems[k].key, set->elems[i].key,
				   set->key_len) < 0);

		elems[at] = old ? kept->elems[k++] : set->elems[i++];
	}
	set->elems = elems;
	set->n_elems = n;
	if (set->size < n)
		set->size = program_set_room(n);
}

struct ruleset *bridge_build(const struct bridge_side *before,
			     const struct bridge_side *next,
			     uint64_t latest_msec, struct arena *arena,
			     bool *has_flows)
{
	const struct ruleset *from = next->ruleset;
	struct bridge b = { .before = before, .next = next, .arena = arena };
	struct ruleset *bridge;
	size_t i;

	b.latest_msec = latest_msec > from->now_msec ? latest_msec :
						       from->now_msec;
	b.kept = arena_alloc(arena, from->n_sets * sizeof(*b.kept));
	learn_ids(&b);
	each_old(&b, note_gone);
	find_heirs(&b);
	each_old(&b, keep);
	*has_flows = b.gone.n;
	if (!b.n_kept)
		return NULL;
	bridge = ruleset_new(arena);
	*bridge = *from;
	bridge->arena = arena;
	bridge->sets = arena_alloc(arena, from->n_sets * sizeof(struct set));
	for (i = 0; i < from->n_sets; i++) {
		bridge->sets[i] = from->sets[i];
		if (b.kept[i].n)
			merge(&bridge->sets[i], &b.kept[i], arena);
	}
	return bridge;
}
