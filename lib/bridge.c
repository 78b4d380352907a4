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

/* So many flows get a twin because an end of theirs has lost addresses. */
#define SHRUNK_MAX 5000

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

struct builder {
	const struct bridge_side *before, *next;
	uint64_t latest_msec;
	struct arena *arena;
	struct ids known; /* that the next ruleset gives out, or lets pass */
	struct ids gone; /* flows that it does not know, and that can wait */
	struct ids *ends; /* flows whose connections can be set apart */
	struct ids *short_of; /* see struct bridge */
	size_t n_twins;
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

/* In a set of flows, where their ids stand in a key */
static size_t flow_offset(const struct set *set)
{
	size_t offsets[PROGRAM_IDS_MAX];

	program_ids(set, offsets);
	return offsets[0];
}

static void learn_flows(const struct ruleset *ruleset, struct ids *ids,
			struct arena *arena)
{
	size_t offset, i, k;

	for (i = 0; i < ruleset->n_sets; i++) {
		const struct set *set = &ruleset->sets[i];

		if (!program_is_of_flows(set))
			continue;
		offset = flow_offset(set);
		for (k = 0; k < set->n_elems; k++)
			ids_add(ids, key_id(&set->elems[k], offset), arena);
	}
}

static void learn_ids(struct builder *b)
{
	const struct ruleset *next = b->next->ruleset;
	size_t i, k;

	ids_add(&b->known, CLASS_GATEWAY, b->arena);
	learn_flows(next, &b->known, b->arena);
	for (i = 0; i < next->n_sets; i++)
		if (gives_marks(&next->sets[i]))
			for (k = 0; k < next->sets[i].n_elems; k++)
				ids_add(&b->known, next->sets[i].elems[k].mark,
					b->arena);
}

/*
 * Call @visit for each element that only the ruleset before has, in sets whose
 * keys hold ids, with the place of the set in the next one.
 */
static void each_old(struct builder *b,
		     void (*visit)(struct builder *b, size_t place,
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

static bool has_ended(const struct builder *b, const struct elem *elem)
{
	return elem->end_msec && elem->end_msec <= b->latest_msec;
}

static void note_gone(struct builder *b, size_t place, const struct elem *elem)
{
	const struct set *set = &b->next->ruleset->sets[place];
	uint32_t id;

	if (!program_is_of_flows(set) || has_ended(b, elem))
		return;
	id = key_id(elem, flow_offset(set));
	if (!ids_have(&b->known, id))
		ids_add(&b->gone, id, b->arena);
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
static bool has_heir(struct builder *b, uint32_t id)
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
static void find_heirs(struct builder *b)
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

/* Has the end lost an address? Prefixes are in order, and do not overlap. */
static bool end_shrinks(const struct endpoint *before,
			const struct endpoint *next)
{
	size_t i, k = 0;

	for (i = 0; i < before->n_prefixes; i++) {
		const struct prefix *prefix = &before->prefixes[i];

		while (k < next->n_prefixes &&
		       !prefix_covers(&next->prefixes[k], prefix) &&
		       prefix_cmp(&next->prefixes[k], prefix) < 0)
			k++;
		if (k == next->n_prefixes ||
		    !prefix_covers(&next->prefixes[k], prefix))
			return true;
	}
	return false;
}

/*
 * Which of these ends have lost addresses, as flows do not tell by their ids?
 * Mostly each is in the same place as before.
 */
static bool find_shrunk(const struct endpoint *before, size_t n_before,
			const struct endpoint *next, size_t n_next,
			bool *is_shrunk)
{
	bool any = false;
	size_t i, k;

	for (i = 0; i < n_before; i++)
		for (k = 0; k < n_next; k++) {
			const struct endpoint *end = &next[(i + k) % n_next];

			if (end->hash != before[i].hash)
				continue;
			if (end_shrinks(&before[i], end))
				is_shrunk[before[i].index] = any = true;
			break;
		}
	return any;
}

/* Do zones cover addresses that none has covered, or another one has? */
static bool zones_gain(const struct policy *before, const struct policy *next)
{
	size_t i, k;

	for (i = 0; i < next->n_zones; i++) {
		const struct endpoint *zone = &next->zone_endpoints[i];

		for (k = 0; k < before->n_zones; k++)
			if (before->zone_endpoints[k].hash == zone->hash)
				break;
		if (k == before->n_zones ||
		    end_shrinks(zone, &before->zone_endpoints[k]))
			return true;
	}
	return false;
}

/* What a zone gains is lost by those that cover all that no other zone does. */
static bool find_rest(const struct policy *before, const struct policy *next,
		      bool *is_shrunk)
{
	bool any = false;
	size_t i, k;

	if (!zones_gain(before, next))
		return false;
	for (i = 0; i < before->n_zones; i++)
		for (k = 0; k < before->zone_endpoints[i].n_prefixes; k++)
			if (!before->zone_endpoints[i].prefixes[k].len)
				is_shrunk[before->zone_endpoints[i].index] =
					any = true;
	return any;
}

/* Flows that stay, but not for all that they have permitted until now */
static void find_shrunk_flows(struct builder *b)
{
	const struct policy *before = b->before->policy;
	const struct policy *next = b->next->policy;
	bool *is_shrunk = arena_alloc(b->arena, before->n_endpoints);
	size_t i, n = 0;
	bool any;

	any = find_shrunk(before->zone_endpoints, before->n_zones,
			  next->zone_endpoints, next->n_zones, is_shrunk);
	any |= find_shrunk(before->lists, before->n_lists, next->lists,
			   next->n_lists, is_shrunk);
	any |= find_rest(before, next, is_shrunk);
	if (!any)
		return;
	for (i = 0; i < before->n_flows && n <= SHRUNK_MAX; i++) {
		const struct flow *flow = &before->flows[i];

		if (!is_shrunk[flow->from->index] &&
		    !is_shrunk[flow->to->index])
			continue;
		if (!ids_have(&b->known, flow->id))
			continue;
		ids_add(b->ends, flow->id, b->arena);
		n++;
	}
	if (n > SHRUNK_MAX) /* what they are used for no more, the sweep ends */
		*b->ends = (struct ids){ .n = 0 };
}

/* Flows whose connections can stop before the others that they have */
static void find_ends(struct builder *b)
{
	size_t i;

	b->ends = arena_alloc(b->arena, sizeof(*b->ends));
	find_shrunk_flows(b);
	for (i = 0; i < b->gone.size; i++)
		if (b->gone.slots[i])
			ids_add(b->ends, b->gone.slots[i], b->arena);
}

static bool stays(const struct builder *b, const struct set *set,
		  const struct elem *elem)
{
	size_t offsets[PROGRAM_IDS_MAX], n = program_ids(set, offsets), i;

	if (has_ended(b, elem))
		return false;
	if (program_is_of_flows(set))
		return ids_have(&b->gone, key_id(elem, offsets[0]));
	for (i = 0; i < n; i++)
		if (!ids_have(&b->known, key_id(elem, offsets[i])))
			return true;
	return false;
}

static void keep_elem(struct kept *kept, const struct elem *elem,
		      struct arena *arena)
{
	kept->elems =
		arena_push(arena, kept->elems, &kept->n, sizeof(*kept->elems));
	kept->elems[kept->n - 1] = *elem;
}

static void keep(struct builder *b, size_t place, const struct elem *elem)
{
	if (!stays(b, &b->next->ruleset->sets[place], elem))
		return;
	keep_elem(&b->kept[place], elem, b->arena);
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

/* @ruleset with the elements that are kept, by set */
static struct ruleset *with_kept(const struct ruleset *ruleset,
				 const struct kept *kept, struct arena *arena)
{
	struct ruleset *made = ruleset_new(arena);
	size_t i;

	*made = *ruleset;
	made->arena = arena;
	made->sets = arena_alloc(arena, ruleset->n_sets * sizeof(struct set));
	for (i = 0; i < ruleset->n_sets; i++) {
		made->sets[i] = ruleset->sets[i];
		if (kept[i].n)
			merge(&made->sets[i], &kept[i], arena);
	}
	return made;
}

static struct elem twin_of(const struct elem *elem, const struct set *set,
			   struct arena *arena)
{
	uint8_t *key = arena_alloc(arena, set->key_len);
	const uint32_t id = key_id(elem, flow_offset(set)) | FLOW_ENDS;
	struct elem twin = *elem;

	memcpy(key, elem->key, set->key_len);
	memcpy(key + flow_offset(set), &id, sizeof(id));
	twin.key = key;
	return twin;
}

/* A set of flows without what has ended, which must not begin again */
static struct set without_ended(const struct builder *b, const struct set *set)
{
	struct set left = *set;
	size_t i;

	left.elems = arena_alloc(b->arena, set->n_elems * sizeof(*left.elems));
	left.n_elems = 0;
	for (i = 0; i < set->n_elems; i++)
		if (!has_ended(b, &set->elems[i]))
			left.elems[left.n_elems++] = set->elems[i];
	return left;
}

/* Elements of flows that are in force in @next, but in @old not by that key */
static void note_short(const struct builder *b, const struct set *old,
		       const struct set *next, const struct ids *known)
{
	size_t offset = flow_offset(next), i, k = 0;
	uint32_t id;

	for (i = 0; i < next->n_elems; i++) {
		const struct elem *elem = &next->elems[i];

		while (k < old->n_elems &&
		       memcmp(old->elems[k].key, elem->key, old->key_len) < 0)
			k++;
		id = key_id(elem, offset);
		if (ids_have(known, id) &&
		    (k == old->n_elems ||
		     memcmp(old->elems[k].key, elem->key, old->key_len)))
			ids_add(b->short_of, id, b->arena);
	}
}

/* What a set of flows has to have ahead; @known: flows that are there already */
static struct kept kept_ahead(struct builder *b, const struct set *old,
			      const struct set *next, const struct ids *known)
{
	const size_t offset = flow_offset(old); /* in both */
	struct kept kept = { .n = 0 };
	struct set sorted = *old;
	struct elem twin;
	uint32_t id;
	size_t i;

	for (i = 0; i < old->n_elems; i++) {
		id = key_id(&old->elems[i], offset);
		if (!ids_have(b->ends, id))
			continue;
		twin = twin_of(&old->elems[i], old, b->arena);
		keep_elem(&kept, &twin, b->arena);
		b->n_twins++;
	}
	for (i = 0; i < next->n_elems; i++) {
		id = key_id(&next->elems[i], offset);
		if (!ids_have(known, id) && !has_ended(b, &next->elems[i]))
			keep_elem(&kept, &next->elems[i], b->arena);
	}
	sorted.elems = kept.elems;
	sorted.n_elems = kept.n;
	set_sort(&sorted);
	return kept;
}

/* The ruleset before, as far as it has not ended */
static struct ruleset *what_is_left(const struct builder *b)
{
	struct ruleset *left = ruleset_new(b->arena);
	size_t i;

	*left = *b->before->ruleset;
	left->arena = b->arena;
	left->sets = arena_alloc(b->arena, left->n_sets * sizeof(struct set));
	for (i = 0; i < left->n_sets; i++) {
		left->sets[i] = b->before->ruleset->sets[i];
		if (program_is_of_flows(&left->sets[i]) &&
		    set_times_out(&left->sets[i]))
			left->sets[i] = without_ended(b, &left->sets[i]);
	}
	return left;
}

static struct ruleset *build_ahead(struct builder *b)
{
	const struct ruleset *next = b->next->ruleset;
	struct ids known = { .n = 0 };
	struct ruleset *left;
	struct kept *kept;
	size_t i;

	/* another owner is another table */
	if (!b->ends->n || b->before->ruleset->flags != next->flags)
		return NULL;
	left = what_is_left(b);
	/* also of what has ended, which is looked for until the change */
	learn_flows(b->before->ruleset, &known, b->arena);
	kept = arena_alloc(b->arena, left->n_sets * sizeof(*kept));
	for (i = 0; i < left->n_sets; i++) {
		const struct set *set = &left->sets[i];
		const struct set *new = ruleset_set(next, set->name);

		if (!program_is_of_flows(set))
			continue;
		if (!new || new->key_type != set->key_type)
			return NULL;
		kept[i] = kept_ahead(b, set, new, &known);
		note_short(b, set, new, &known);
		/* with another size it would be made anew, for a moment only */
		if (set->n_elems + kept[i].n > set->size)
			return NULL;
	}
	return with_kept(left, kept, b->arena);
}

void bridge_build(const struct bridge_side *before,
		  const struct bridge_side *next, uint64_t latest_msec,
		  struct arena *arena, struct bridge *bridge)
{
	const struct ruleset *from = next->ruleset;
	struct builder b = { .before = before, .next = next, .arena = arena };

	b.latest_msec = latest_msec > from->now_msec ? latest_msec :
						       from->now_msec;
	b.kept = arena_alloc(arena, from->n_sets * sizeof(*b.kept));
	learn_ids(&b);
	each_old(&b, note_gone);
	find_heirs(&b);
	find_ends(&b);
	each_old(&b, keep);
	bridge->has_flows = b.gone.n;
	bridge->ends = b.ends;
	b.short_of = arena_alloc(arena, sizeof(*b.short_of));
	bridge->ahead = build_ahead(&b);
	bridge->short_of = b.short_of;
	bridge->n_twins = b.n_twins;
	bridge->between = b.n_kept ? with_kept(from, b.kept, arena) : NULL;
}

uint32_t bridge_mark_of_end(const struct bridge *bridge, uint32_t mark)
{
	return bridge->ahead && ids_have(bridge->ends, mark) ?
		       mark | FLOW_ENDS :
		       mark;
}

bool bridge_has_ahead(const struct bridge *bridge, uint32_t mark)
{
	return bridge->ahead && !ids_have(bridge->short_of, mark);
}
