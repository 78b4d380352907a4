// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two policies compared by what they permit. Flows that both have, of the same
 * addresses, decide alike, so only packets that some other flow covers are
 * looked at: senders are cut into classes, for each class the receivers, for
 * each pair of classes the ports. Easy to get wrong: flows that are there
 * before and after still matter where another one comes or goes, as the more
 * exact one decides; and of equally exact ones the earlier does, so that a flow
 * that has changed its place among those may be a change.
 */
#include "reach.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cover.h"
#include "flow.h"
#include "hash.h"
#include "partition.h"

enum side {
	BEFORE,
	AFTER,
};

#define ABSENT UINT32_MAX

/* What comes of some connections, on both sides */
struct verdict {
	enum reach_kind kind;
	enum reach_permit now[2];
	const struct course *courses[2];
};

/* The same for all that an item decides */
struct note {
	size_t n_decided;
	struct verdict first;
	bool varies; /* elsewhere it is another one */
};

/* A flow of one policy, or of both */
struct item {
	uint64_t key; /* of all that it decides */
	uint64_t rank;
	uint32_t from, to; /* covers */
	struct service service;
	struct course_claim claim;
	bool in_force; /* now; else it will be */
	uint32_t order[2]; /* in the file, or ABSENT */
	bool changed; /* decides otherwise, or may do so */
	size_t n_met; /* see note_items() */
	struct note *notes; /* one for each reach_kind; NULL: nothing decided */
};

/* A part of what differs: one protocol, of one class of receivers */
struct piece {
	struct service service;
	struct verdict verdict;
	size_t class;
};

/*
 * Work until it is enough, in steps of about a memory access or two; lines
 * until nobody would read them.
 */
#define STEPS_MAX 50000000u
#define LINES_MAX 50000u

struct comparison {
	struct arena *arena; /* of the result */
	struct arena *scratch; /* of the comparison */
	struct covers *covers;
	struct courses *courses;
	struct item *items;
	size_t n_items;
	size_t *firsts; /* by cover: its first item; items are sorted by from */
	uint64_t steps;
	struct reach *reach;

	struct arena *row; /* of the class of senders that is looked at */
	const struct spans *from;
	struct item **active; /* its items, sorted by to */
	size_t n_active;
	struct piece *pieces;
	size_t n_pieces;
};

struct spans *reach_zones(const struct policy *policy, struct arena *arena)
{
	const bool *none = arena_alloc(arena, policy->n_endpoints);
	const struct partition *p = partition_build(policy, none, 0, arena);
	struct spans *zones =
		arena_alloc(arena, policy->n_zones * sizeof(*zones));
	size_t i;

	for (i = 0; i < p->n_ranges; i++) {
		const struct range *range = &p->ranges[i];
		const struct zone *zone = p->classes[range->class].zone;
		struct span span = { range->first, range->last };

		spans_add(&zones[zone->index], arena, &span);
	}
	for (i = 0; i < policy->n_zones; i++)
		spans_settle(&zones[i]);
	return zones;
}

struct spans reach_endpoint(const struct endpoint *e, const struct spans *zones,
			    struct arena *arena)
{
	static const struct addr gateway;
	const struct spans *zone = &zones[e->zone->index];
	struct span span = { gateway, gateway };
	struct spans all = { 0 };
	size_t i;

	if (policy_is_gateway(e)) {
		spans_add(&all, arena, &span);
		return all;
	}
	if (e->kind == ENDPOINT_ZONE)
		return *zone;
	for (i = 0; i < e->n_prefixes; i++) {
		span.first = prefix_first(&e->prefixes[i]);
		span.last = prefix_last(&e->prefixes[i]);
		spans_add(&all, arena, &span);
	}
	spans_settle(&all);
	return spans_intersect(arena, &all, zone);
}

static int key_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->order[BEFORE] != y->order[BEFORE] ?
		       (x->order[BEFORE] < y->order[BEFORE] ? -1 : 1) :
	       x->order[AFTER] < y->order[AFTER] ? -1 :
						   1;
}

static uint64_t item_key(const struct item *item)
{
	uint64_t hash = hash_number(HASH_START, item->rank);

	hash = hash_number(hash, item->from);
	hash = hash_number(hash, item->to);
	hash = hash_number(hash, item->service.proto);
	hash = hash_number(hash, item->service.first);
	hash = hash_number(hash, item->service.last);
	hash = hash_number(hash, item->in_force);
	hash = hash_number(hash, item->claim.term_hash);
	hash = hash_number(hash, item->claim.permit);
	hash = hash_bytes(hash, &item->claim.from_mac,
			  sizeof(item->claim.from_mac));
	hash = hash_bytes(hash, &item->claim.to_mac,
			  sizeof(item->claim.to_mac));
	return hash_finish(hash);
}

/* The flows that are in force now or will be, sorted by what they decide */
static struct item *items_of(struct comparison *c, const struct policy *policy,
			     enum side side, const struct terms *terms,
			     size_t *n)
{
	const struct spans *zones = reach_zones(policy, c->scratch);
	uint32_t *covers =
		arena_alloc(c->scratch, policy->n_endpoints * sizeof(*covers));
	struct item *items =
		arena_alloc(c->scratch, policy->n_flows * sizeof(*items));
	size_t i, k;

	for (i = 0; i < policy->n_flows; i++) {
		const struct flow *flow = &policy->flows[i];
		const struct endpoint *ends[] = { flow->from, flow->to };
		const struct term *term = &terms->of[flow->conduit->index];
		struct item *item = &items[*n];

		if (!term->in_force && !term->change)
			continue;
		for (k = 0; k < 2; k++)
			if (!covers[ends[k]->index]) {
				struct spans spans = reach_endpoint(
					ends[k], zones, c->scratch);

				covers[ends[k]->index] =
					cover_add(c->covers, &spans) + 1;
			}
		item->from = covers[flow->from->index] - 1;
		item->to = covers[flow->to->index] - 1;
		item->rank = flow_rank(flow);
		item->service = flow->service;
		item->in_force = term->in_force;
		item->claim = course_claim_of(flow->conduit);
		if (item->claim.permit == REACH_MAC) {
			item->claim.from_mac = flow->from->mac;
			item->claim.to_mac = flow->to->mac;
		}
		item->order[!side] = ABSENT;
		item->order[side] = i;
		item->key = item_key(item);
		(*n)++;
	}
	qsort(items, *n, sizeof(*items), key_order);
	return items;
}

/* What is in both becomes one item; the rest is a change. */
static void pair_items(struct comparison *c, const struct item *a, size_t n_a,
		       const struct item *b, size_t n_b)
{
	size_t i = 0, k = 0;

	c->items = arena_alloc(c->scratch, (n_a + n_b) * sizeof(*c->items));
	while (i < n_a || k < n_b) {
		struct item *item = &c->items[c->n_items++];

		if (k == n_b || (i < n_a && a[i].key < b[k].key)) {
			*item = a[i++];
			item->changed = true;
		} else if (i == n_a || b[k].key < a[i].key) {
			*item = b[k++];
			item->changed = true;
		} else {
			*item = a[i++];
			item->order[AFTER] = b[k++].order[AFTER];
		}
	}
}

static int place_order(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a;
	const struct item *y = *(struct item *const *)b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->order[AFTER] < y->order[AFTER] ? -1 : 1;
}

/*
 * Of items in their later order, those outside one of the longest sequences
 * that are in their earlier order as well have moved.
 */
static void mark_moved(struct item **items, size_t n)
{
	/* The item that ends the best sequence of each length; who is before */
	size_t *ends = malloc((n + 1) * sizeof(*ends)), len = 0, i;
	size_t *before = malloc((n + 1) * sizeof(*before));

	if (!ends || !before)
		abort();
	for (i = 0; i < n; i++) {
		size_t low = 0, high = len;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (items[ends[middle]]->order[BEFORE] <
			    items[i]->order[BEFORE])
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? ends[low - 1] : n;
		ends[low] = i;
		if (low == len)
			len++;
	}
	for (i = 0; i < n; i++)
		items[i]->changed = true;
	for (i = len ? ends[len - 1] : n; i < n; i = before[i])
		items[i]->changed = false;
	free(ends);
	free(before);
}

/* Among equally exact flows the place matters, if not all permit the same. */
static void find_moved(struct comparison *c)
{
	struct item **items =
		arena_alloc(c->scratch, c->n_items * sizeof(*items));
	size_t i, n = 0, first = 0;
	bool bound = false;

	for (i = 0; i < c->n_items; i++)
		if (!c->items[i].changed)
			items[n++] = &c->items[i];
	qsort(items, n, sizeof(*items), place_order);
	for (i = 0; i < n; i++) {
		bound |= items[i]->claim.permit == REACH_MAC;
		if (i + 1 < n && items[i + 1]->rank == items[i]->rank)
			continue;
		if (bound)
			mark_moved(items + first, i + 1 - first);
		first = i + 1;
		bound = false;
	}
}

static int from_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return key_order(a, b);
}

/* The addresses of all covers that are marked */
static struct spans join_covers(struct comparison *c, const bool *marked)
{
	struct spans all = { 0 };
	size_t i, k;

	for (i = 0; i < c->covers->n; i++)
		for (k = 0; marked[i] && k < c->covers->list[i].n; k++)
			spans_add(&all, c->scratch,
				  &c->covers->list[i].list[k]);
	spans_settle(&all);
	return all;
}

/* Leave out what has nothing to do with any change, and sort the rest. */
static void keep_related(struct comparison *c)
{
	size_t n_covers = c->covers->n, i, n = 0;
	bool *from = arena_alloc(c->scratch, n_covers);
	bool *to = arena_alloc(c->scratch, n_covers);
	struct spans all_from, all_to;

	for (i = 0; i < c->n_items; i++)
		if (c->items[i].changed)
			from[c->items[i].from] = to[c->items[i].to] = true;
	all_from = join_covers(c, from);
	all_to = join_covers(c, to);
	for (i = 0; i < n_covers; i++) {
		from[i] = spans_overlap(&c->covers->list[i], &all_from);
		to[i] = spans_overlap(&c->covers->list[i], &all_to);
	}
	for (i = 0; i < c->n_items; i++)
		if (from[c->items[i].from] && to[c->items[i].to])
			c->items[n++] = c->items[i];
	c->n_items = n;
	qsort(c->items, n, sizeof(*c->items), from_order);
	c->firsts = arena_alloc(c->scratch, (n_covers + 1) * sizeof(size_t));
	for (i = 0; i < n; i++)
		c->firsts[c->items[i].from + 1]++;
	for (i = 0; i < n_covers; i++)
		c->firsts[i + 1] += c->firsts[i];
}

/* What one side says about a port, now and in the course of time */
struct decision {
	struct item *now; /* NULL: nothing */
	struct item *first; /* of all that may decide at some time, or NULL */
	const struct course_claim **claims;
	size_t n;
};

/* The items of one side, the one that goes before all others first */
struct ranks {
	struct item **items;
	size_t n;
	struct decision decision;
};

static int rank_order(const void *a, const void *b, void *side)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;
	size_t at = *(const enum side *)side;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->order[at] < y->order[at] ? -1 : x->order[at] > y->order[at];
}

static struct ranks rank_items(struct comparison *c, struct item **items,
			       size_t n, enum side side)
{
	struct ranks ranks = {
		.items = arena_alloc(c->row, n * sizeof(*items)),
	};
	size_t i;

	for (i = 0; i < n; i++)
		if (items[i]->order[side] != ABSENT)
			ranks.items[ranks.n++] = items[i];
	qsort_r(ranks.items, ranks.n, sizeof(*items), rank_order, &side);
	ranks.decision.claims =
		arena_alloc(c->row, n * sizeof(*ranks.decision.claims));
	return ranks;
}

/* Whatever is behind one that is always in force never decides. */
static const struct decision *decide(struct ranks *ranks, uint16_t port)
{
	struct decision *decision = &ranks->decision;
	size_t i;

	decision->now = decision->first = NULL;
	decision->n = 0;
	for (i = 0; i < ranks->n; i++) {
		struct item *item = ranks->items[i];

		if (item->service.first > port || item->service.last < port)
			continue;
		if (!decision->first)
			decision->first = item;
		if (!decision->now && item->in_force)
			decision->now = item;
		decision->claims[decision->n++] = &item->claim;
		if (!item->claim.term_hash)
			break;
	}
	decision->n = course_settle(decision->claims, decision->n);
	return decision;
}

static bool decide_alike(const struct item *a, const struct item *b)
{
	return course_same_claim(a ? &a->claim : NULL, b ? &b->claim : NULL);
}

static enum reach_kind kind_of(const struct item *before,
			       const struct item *after)
{
	if (decide_alike(before, after))
		return REACH_LATER;
	if (!before)
		return REACH_OPENED;
	return after ? REACH_ALTERED : REACH_CLOSED;
}

static struct verdict verdict_of(struct comparison *c,
				 const struct decision *const sides[2])
{
	struct verdict verdict = {
		.kind = kind_of(sides[BEFORE]->now, sides[AFTER]->now),
	};
	size_t i;

	for (i = 0; i < 2; i++) {
		if (sides[i]->now)
			verdict.now[i] = sides[i]->now->claim.permit;
		verdict.courses[i] =
			courses_find(c->courses, sides[i]->claims, sides[i]->n);
	}
	return verdict;
}

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
	return a->kind == b->kind && a->now[BEFORE] == b->now[BEFORE] &&
	       a->now[AFTER] == b->now[AFTER] &&
	       a->courses[BEFORE] == b->courses[BEFORE] &&
	       a->courses[AFTER] == b->courses[AFTER];
}

static void add_piece(struct comparison *c, size_t class,
		      const struct service *service,
		      const struct verdict *verdict)
{
	struct piece *last = c->n_pieces ? &c->pieces[c->n_pieces - 1] : NULL;

	if (last && last->class == class &&
	    last->service.proto == service->proto &&
	    last->service.last + 1 == service->first &&
	    same_verdict(&last->verdict, verdict) &&
	    !service_is_icmp(service)) {
		last->service.last = service->last;
		return;
	}
	c->pieces = arena_push(c->row, c->pieces, &c->n_pieces, sizeof(*last));
	c->pieces[c->n_pieces - 1] =
		(struct piece){ *service, *verdict, class };
}

static int cut_order(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * Wherever an item that has changed may matter, it is met. What it decided in
 * all these places, and nothing else, is a matter of the item as a whole.
 */
static void note_items(struct item **items, size_t n,
		       const struct service *service)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (items[i]->service.first <= service->first &&
		    service->last <= items[i]->service.last)
			items[i]->n_met++;
}

static void note_verdict(struct comparison *c,
			 const struct decision *const sides[2],
			 const struct verdict *verdict)
{
	struct item *item = sides[sides[AFTER]->now ? AFTER : BEFORE]->now;
	struct note *note;

	if (verdict->kind == REACH_LATER)
		item = sides[sides[AFTER]->first ? AFTER : BEFORE]->first;
	if (!item->notes)
		item->notes =
			arena_alloc(c->scratch, REACH_KINDS * sizeof(*note));
	note = &item->notes[verdict->kind];
	if (!note->n_decided++)
		note->first = *verdict;
	else if (!same_verdict(&note->first, verdict))
		note->varies = true;
}

/* Items of one protocol that all cover one pair of classes */
static void compare_ports(struct comparison *c, size_t class,
			  struct item **items, size_t n)
{
	uint32_t *cuts = arena_alloc(c->row, 2 * n * sizeof(*cuts));
	struct ranks before = rank_items(c, items, n, BEFORE);
	struct ranks after = rank_items(c, items, n, AFTER);
	const struct decision *sides[2];
	struct verdict verdict;
	size_t i;

	c->steps += 4 * n * n;
	for (i = 0; i < n; i++) {
		cuts[2 * i] = items[i]->service.first;
		cuts[2 * i + 1] = items[i]->service.last + 1;
	}
	qsort(cuts, 2 * n, sizeof(*cuts), cut_order);
	for (i = 0; i + 1 < 2 * n; i++) {
		struct service service = {
			.proto = items[0]->service.proto,
			.first = cuts[i],
			.last = cuts[i + 1] - 1,
		};

		if (cuts[i] == cuts[i + 1])
			continue;
		note_items(items, n, &service);
		sides[BEFORE] = decide(&before, cuts[i]);
		sides[AFTER] = decide(&after, cuts[i]);
		if (decide_alike(sides[BEFORE]->now, sides[AFTER]->now) &&
		    course_same(sides[BEFORE]->claims, sides[BEFORE]->n,
				sides[AFTER]->claims, sides[AFTER]->n))
			continue;
		verdict = verdict_of(c, sides);
		note_verdict(c, sides, &verdict);
		add_piece(c, class, &service, &verdict);
	}
}

static int proto_order(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;

	return x->service.proto - y->service.proto;
}

/* Can there be a packet of this protocol between these addresses? */
static bool can_meet(const struct spans *from, const struct spans *to,
		     uint8_t proto)
{
	bool ip4 = proto != IPPROTO_ICMPV6 &&
		   (spans_has_family(from, 4) || spans_has_family(from, 0)) &&
		   (spans_has_family(to, 4) || spans_has_family(to, 0));
	bool ip6 = proto != IPPROTO_ICMP &&
		   (spans_has_family(from, 6) || spans_has_family(from, 0)) &&
		   (spans_has_family(to, 6) || spans_has_family(to, 0));

	return ip4 || ip6;
}

/* The active items to @cover */
static size_t active_to(const struct comparison *c, uint32_t cover)
{
	size_t low = 0, high = c->n_active;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->active[middle]->to < cover)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The senders that are looked at, to one class of receivers */
static void compare_pair(struct comparison *c, const struct cover_class *to,
			 size_t class)
{
	struct item **items;
	size_t i, k, n = 0, first;
	bool changed = false;

	for (i = 0; i < to->n_members; i++)
		for (k = active_to(c, to->members[i]);
		     k < c->n_active && c->active[k]->to == to->members[i];
		     k++, n++)
			changed |= c->active[k]->changed;
	c->steps += to->n_members + n;
	if (!changed)
		return;
	items = arena_alloc(c->row, n * sizeof(*items));
	n = 0;
	for (i = 0; i < to->n_members; i++)
		for (k = active_to(c, to->members[i]);
		     k < c->n_active && c->active[k]->to == to->members[i]; k++)
			items[n++] = c->active[k];
	qsort(items, n, sizeof(*items), proto_order);
	for (first = 0; first < n; first = i) {
		changed = false;
		for (i = first; i < n && !proto_order(&items[i], &items[first]);
		     i++)
			changed |= items[i]->changed;
		if (changed &&
		    can_meet(c->from, &to->spans, items[first]->service.proto))
			compare_ports(c, class, items + first, i - first);
	}
}

static int piece_order(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	const struct verdict *v = &x->verdict, *w = &y->verdict;
	const uint64_t by[][2] = {
		{ x->service.proto, y->service.proto },
		{ x->service.first, y->service.first },
		{ x->service.last, y->service.last },
		{ v->kind, w->kind },
		{ v->now[BEFORE], w->now[BEFORE] },
		{ v->now[AFTER], w->now[AFTER] },
		{ v->courses[BEFORE]->hash, w->courses[BEFORE]->hash },
		{ v->courses[AFTER]->hash, w->courses[AFTER]->hash },
	};
	size_t i;

	for (i = 0; i < sizeof(by) / sizeof(by[0]); i++)
		if (by[i][0] != by[i][1])
			return by[i][0] < by[i][1] ? -1 : 1;
	return 0;
}

static int piece_class_order(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	int order = piece_order(a, b);

	if (order)
		return order;
	return x->class < y->class ? -1 : x->class > y->class;
}

static void set_verdict(struct reach_line *line, const struct verdict *verdict)
{
	line->kind = verdict->kind;
	line->before = verdict->now[BEFORE];
	line->after = verdict->now[AFTER];
	line->course_before = verdict->courses[BEFORE];
	line->course_after = verdict->courses[AFTER];
}

/* The pieces become lines, one for each service and change. */
static void add_lines(struct comparison *c, const struct cover_class *classes)
{
	struct reach *reach = c->reach;
	size_t i, k, first;

	if (!c->n_pieces)
		return;
	qsort(c->pieces, c->n_pieces, sizeof(*c->pieces), piece_class_order);
	for (first = 0; first < c->n_pieces; first = i) {
		struct piece *piece = &c->pieces[first];
		struct reach_line *line;
		struct spans to = { 0 };

		for (i = first;
		     i < c->n_pieces && !piece_order(&c->pieces[i], piece); i++)
			for (k = 0; k < classes[c->pieces[i].class].spans.n;
			     k++)
				spans_add(&to, c->arena,
					  &classes[c->pieces[i].class]
						   .spans.list[k]);
		spans_settle(&to);
		c->steps += 16 * to.n;
		reach->lines = arena_push(c->arena, reach->lines,
					  &reach->n_lines, sizeof(*line));
		line = &reach->lines[reach->n_lines - 1];
		line->from = *c->from;
		line->to = to;
		line->services = arena_alloc(c->arena, sizeof(*line->services));
		line->services[0] = piece->service;
		line->n_services = 1;
		set_verdict(line, &piece->verdict);
	}
}

static int to_order(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;

	return x->to < y->to ? -1 : x->to > y->to;
}

/* One class of senders to all that they reach, or reached */
static void compare_row(struct comparison *c, const struct cover_class *from)
{
	const struct cover_class *classes;
	size_t i, k, n = 0, n_to = 0, n_classes;
	bool changed = false;
	uint32_t *to;

	for (i = 0; i < from->n_members; i++)
		for (k = c->firsts[from->members[i]];
		     k < c->firsts[from->members[i] + 1]; k++, n++)
			changed |= c->items[k].changed;
	c->steps += n;
	if (!changed)
		return;
	c->row = arena_new();
	c->from = &from->spans;
	c->active = arena_alloc(c->row, n * sizeof(*c->active));
	c->n_active = c->n_pieces = 0;
	c->pieces = NULL;
	for (i = 0; i < from->n_members; i++)
		for (k = c->firsts[from->members[i]];
		     k < c->firsts[from->members[i] + 1]; k++)
			c->active[c->n_active++] = &c->items[k];
	qsort(c->active, n, sizeof(*c->active), to_order);
	to = arena_alloc(c->row, n * sizeof(*to));
	for (i = 0; i < n; i++)
		if (!n_to || to[n_to - 1] != c->active[i]->to)
			to[n_to++] = c->active[i]->to;
	classes = cover_cut(c->covers, to, n_to, c->row, &n_classes);
	c->steps += 8 * n_classes;
	for (i = 0; i < n_classes && c->steps < STEPS_MAX; i++)
		compare_pair(c, &classes[i], i);
	add_lines(c, classes);
	arena_free(c->row);
}

static void compare_all(struct comparison *c)
{
	uint32_t *from = arena_alloc(c->scratch, c->n_items * sizeof(*from));
	const struct cover_class *classes;
	size_t i, n_from = 0, n_classes;

	for (i = 0; i < c->n_items; i++)
		if (!n_from || from[n_from - 1] != c->items[i].from)
			from[n_from++] = c->items[i].from;
	classes = cover_cut(c->covers, from, n_from, c->arena, &n_classes);
	for (i = 0; i < n_classes; i++) {
		if (c->steps >= STEPS_MAX || c->reach->n_lines >= LINES_MAX)
			c->reach->complete = false;
		else
			compare_row(c, &classes[i]);
	}
	if (c->steps >= STEPS_MAX)
		c->reach->complete = false;
}

/* An item and what it has to do with one kind of change */
static void add_coarse(struct comparison *c, const struct item *item,
		       const struct note *note)
{
	struct reach *reach = c->reach;
	const struct spans *ends[] = { &c->covers->list[item->from],
				       &c->covers->list[item->to] };
	struct reach_line *line;
	size_t i, k;

	reach->coarse = arena_push(c->arena, reach->coarse, &reach->n_coarse,
				   sizeof(*line));
	line = &reach->coarse[reach->n_coarse - 1];
	for (k = 0; k < 2; k++)
		for (i = 0; i < ends[k]->n; i++)
			spans_add(k ? &line->to : &line->from, c->arena,
				  &ends[k]->list[i]);
	line->services = arena_alloc(c->arena, sizeof(*line->services));
	line->services[0] = item->service;
	line->n_services = 1;
	set_verdict(line, &note->first);
	line->in_part = !item->changed || !c->reach->complete || note->varies ||
			note->n_decided != item->n_met;
}

static void collect_coarse(struct comparison *c)
{
	size_t i, kind;

	for (i = 0; i < c->n_items; i++)
		for (kind = 0; c->items[i].notes && kind < REACH_KINDS;
		     kind++) {
			const struct note *note = &c->items[i].notes[kind];

			if (note->n_decided)
				add_coarse(c, &c->items[i], note);
		}
}

struct reach *reach_compare(const struct policy *before,
			    const struct terms *terms_before,
			    const struct policy *after,
			    const struct terms *terms_after,
			    struct arena *arena)
{
	struct comparison c = {
		.arena = arena,
		.scratch = arena_new(),
		.reach = arena_alloc(arena, sizeof(*c.reach)),
	};
	struct item *a = arena_alloc(c.scratch, 0), *b;
	size_t n_a = 0, n_b = 0;

	c.reach->complete = true;
	c.covers = covers_new(c.scratch);
	c.courses = courses_new(arena);
	if (before)
		a = items_of(&c, before, BEFORE, terms_before, &n_a);
	b = items_of(&c, after, AFTER, terms_after, &n_b);
	pair_items(&c, a, n_a, b, n_b);
	find_moved(&c);
	keep_related(&c);
	compare_all(&c);
	collect_coarse(&c);
	merge_lines(&c.reach->lines, &c.reach->n_lines, arena);
	merge_lines(&c.reach->coarse, &c.reach->n_coarse, arena);
	arena_free(c.scratch);
	return c.reach;
}
