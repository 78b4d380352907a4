// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses to names. Easy to get wrong: what reads best is "all of a zone but
 * for these two", so what is missing from a set is named too, and the shorter of
 * the two wins; and a name must stand for all of its addresses, or it would say
 * too much.
 */
#include "naming.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "reach.h"

#define NAMES_MAX 8 /* of one set */
#define CANDIDATES_MAX 4096 /* looked at for one set */

struct bearer {
	const char *name;
	unsigned int kind; /* zones, then lists, then hosts */
	bool is_old; /* it is of the policy before */
	struct spans spans;
};

struct naming {
	struct bearer *bearers; /* sorted by first address */
	size_t n_bearers;
	const struct bearer **wide; /* zones and lists among them */
	size_t n_wide;
};

/* Some words for a set */
struct words {
	const char **names;
	size_t n, n_more;
};

static void add_bearer(struct naming *naming, const struct endpoint *e,
		       const struct spans *zones, bool is_old,
		       struct arena *arena)
{
	struct bearer bearer = {
		.name = policy_is_gateway(e) ? "gateway" : e->name,
		.kind = e->kind,
		.is_old = is_old,
		.spans = reach_endpoint(e, zones, arena),
	};

	if (bearer.spans.n)
		naming->bearers[naming->n_bearers++] = bearer;
}

static void add_policy(struct naming *naming, const struct policy *policy,
		       bool is_old, struct arena *arena)
{
	const struct spans *zones = reach_zones(policy, arena);
	size_t i;

	for (i = 0; i < policy->n_zones; i++)
		add_bearer(naming, &policy->zone_endpoints[i], zones, is_old,
			   arena);
	for (i = 0; i < policy->n_lists; i++)
		add_bearer(naming, &policy->lists[i], zones, is_old, arena);
	for (i = 0; i < policy->n_hosts; i++)
		add_bearer(naming, &policy->hosts[i], zones, is_old, arena);
}

static int bearer_order(const void *a, const void *b)
{
	const struct bearer *x = a, *y = b;
	int order = addr_cmp(&x->spans.list[0].first, &y->spans.list[0].first);

	if (order)
		return order;
	order = x->is_old - y->is_old;
	return order ? order : strcmp(x->name, y->name);
}

struct naming *naming_new(const struct policy *before,
			  const struct policy *after, struct arena *arena)
{
	struct naming *naming = arena_alloc(arena, sizeof(*naming));
	size_t i, n = after->n_zones + after->n_lists + after->n_hosts;

	if (before)
		n += before->n_zones + before->n_lists + before->n_hosts;
	naming->bearers = arena_alloc(arena, n * sizeof(*naming->bearers));
	add_policy(naming, after, false, arena);
	if (before)
		add_policy(naming, before, true, arena);
	qsort(naming->bearers, naming->n_bearers, sizeof(*naming->bearers),
	      bearer_order);
	naming->wide =
		arena_alloc(arena, naming->n_bearers * sizeof(*naming->wide));
	for (i = 0; i < naming->n_bearers; i++)
		if (naming->bearers[i].kind != ENDPOINT_HOST)
			naming->wide[naming->n_wide++] = &naming->bearers[i];
	return naming;
}

/* The first bearer whose addresses do not begin before @addr */
static size_t bearer_from(const struct naming *naming, const struct addr *addr)
{
	size_t low = 0, high = naming->n_bearers;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_cmp(&naming->bearers[middle].spans.list[0].first,
			     addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int candidate_order(const void *a, const void *b)
{
	const struct bearer *x = *(const struct bearer *const *)a;
	const struct bearer *y = *(const struct bearer *const *)b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Those who are all inside the set, the widest first */
static const struct bearer **candidates(const struct naming *naming,
					const struct spans *spans,
					struct arena *arena, size_t *n)
{
	const struct bearer **found =
		arena_alloc(arena, CANDIDATES_MAX * sizeof(*found));
	size_t i, k;

	*n = 0;
	for (i = 0; i < spans->n && *n < CANDIDATES_MAX; i++)
		for (k = bearer_from(naming, &spans->list[i].first);
		     k < naming->n_bearers && *n < CANDIDATES_MAX &&
		     addr_cmp(&naming->bearers[k].spans.list[0].first,
			      &spans->list[i].last) <= 0;
		     k++)
			if (spans_within(&naming->bearers[k].spans, spans))
				found[(*n)++] = &naming->bearers[k];
	qsort(found, *n, sizeof(*found), candidate_order);
	return found;
}

/* The length of the prefix that is just this span, or -1 */
static int span_prefix_len(const struct span *span)
{
	struct prefix prefix = { .addr = span->first };
	struct addr last;
	int len;

	for (len = addr_bits(&span->first); len >= 0; len--) {
		struct addr first;

		prefix.len = len;
		first = prefix_first(&prefix);
		last = prefix_last(&prefix);
		if (addr_cmp(&first, &span->first) ||
		    addr_cmp(&last, &span->last) > 0)
			return -1;
		if (!addr_cmp(&last, &span->last))
			return len;
	}
	return -1;
}

static const char *span_text(const struct span *span, struct arena *arena)
{
	char first[ADDR_TEXT], last[ADDR_TEXT];
	int len = span_prefix_len(span);

	addr_print(&span->first, first);
	if (len == (int)addr_bits(&span->first))
		return arena_printf(arena, "%s", first);
	if (len >= 0)
		return arena_printf(arena, "%s/%d", first, len);
	return arena_printf(arena, "%s-%s", first,
			    addr_print(&span->last, last));
}

static struct words words_of(const struct naming *naming,
			     const struct spans *spans, struct arena *arena)
{
	struct words words = {
		.names = arena_alloc(arena, NAMES_MAX * sizeof(*words.names)),
	};
	struct spans rest = *spans;
	size_t i, n;
	const struct bearer **found = candidates(naming, spans, arena, &n);

	for (i = 0; i < n && rest.n && words.n < NAMES_MAX; i++) {
		if (!spans_within(&found[i]->spans, &rest))
			continue;
		words.names[words.n++] = found[i]->name;
		rest = spans_subtract(arena, &rest, &found[i]->spans);
	}
	for (i = 0; i < rest.n && words.n < NAMES_MAX; i++)
		words.names[words.n++] = span_text(&rest.list[i], arena);
	words.n_more = rest.n - i;
	return words;
}

struct naming_who naming_of(const struct naming *naming,
			    const struct spans *spans, struct arena *arena)
{
	struct words words = words_of(naming, spans, arena), except;
	struct naming_who who = {
		words.names, NULL, words.n, 0, words.n_more, 0
	};
	size_t best = words.n + words.n_more, i;

	for (i = 0; best > 2 && i < naming->n_wide; i++) {
		const struct bearer *bearer = naming->wide[i];
		struct spans rest;

		if (!spans_within(spans, &bearer->spans))
			continue;
		rest = spans_subtract(arena, &bearer->spans, spans);
		except = words_of(naming, &rest, arena);
		if (1 + except.n + except.n_more >= best)
			continue;
		best = 1 + except.n + except.n_more;
		who.names = arena_alloc(arena, sizeof(*who.names));
		who.names[0] = bearer->name;
		who.n_names = 1;
		who.n_more = 0;
		who.except = except.names;
		who.n_except = except.n;
		who.n_except_more = except.n_more;
	}
	return who;
}
