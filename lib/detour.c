// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes against the zone model. Easy to get wrong: a wide route that covers
 * the networks of many zones is everyday and decides nothing as long as a
 * narrower one leads to each of them; and there may be very many routes, so
 * networks and routes are sorted once and then searched.
 */
#include "detour.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "names.h"

/* A network of a zone, but for 0.0.0.0/0 and ::/0, which hold the rest */
struct home {
	struct prefix network;
	const struct zone *zone;
};

struct detour {
	struct concerns *concerns;
	const struct names *zones;
	struct home *homes; /* sorted; none overlaps another */
	size_t n_homes;
	const struct zone *rest4, *rest6; /* where all others are, or NULL */
	const struct route **routes; /* sorted by table and destination */
	size_t n_routes;
};

static int home_order(const void *a, const void *b)
{
	const struct home *x = a, *y = b;

	return prefix_cmp(&x->network, &y->network);
}

static int route_cmp(const struct route *a, const struct route *b)
{
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return prefix_cmp(&a->to, &b->to);
}

static int route_order(const void *a, const void *b)
{
	return route_cmp(*(const struct route *const *)a,
			 *(const struct route *const *)b);
}

static void detour_homes(struct detour *detour, const struct policy *policy,
			 struct arena *arena)
{
	size_t i, k, n = 0;

	for (i = 0; i < policy->n_zones; i++)
		n += policy->zones[i].n_networks;
	detour->homes = arena_alloc(arena, n * sizeof(*detour->homes));
	for (i = 0; i < policy->n_zones; i++) {
		const struct zone *zone = &policy->zones[i];

		for (k = 0; k < zone->n_networks; k++) {
			const struct prefix *network = &zone->networks[k];

			if (network->len)
				detour->homes[detour->n_homes++] =
					(struct home){ *network, zone };
			else if (network->addr.family == 4)
				detour->rest4 = zone;
			else
				detour->rest6 = zone;
		}
	}
	if (detour->n_homes)
		qsort(detour->homes, detour->n_homes, sizeof(*detour->homes),
		      home_order);
}

static void detour_routes(struct detour *detour,
			  const struct surroundings *surroundings,
			  struct arena *arena)
{
	size_t i;

	detour->n_routes = surroundings->n_routes;
	detour->routes =
		arena_alloc(arena, detour->n_routes * sizeof(*detour->routes));
	for (i = 0; i < detour->n_routes; i++)
		detour->routes[i] = &surroundings->routes[i];
	if (detour->n_routes)
		qsort(detour->routes, detour->n_routes, sizeof(*detour->routes),
		      route_order);
}

/* The first home that does not end before the route's destination begins */
static size_t first_home(const struct detour *detour, const struct prefix *to)
{
	struct addr first = prefix_first(to), last;
	size_t low = 0, high = detour->n_homes, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		last = prefix_last(&detour->homes[middle].network);
		if (addr_cmp(&last, &first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct prefix prefix_cut(const struct prefix *prefix, uint8_t len)
{
	struct prefix cut = *prefix;
	unsigned int i;

	cut.len = len;
	for (i = len; i < addr_bits(&cut.addr); i++)
		cut.addr.bytes[i / 8] &= ~(0x80 >> i % 8);
	return cut;
}

/* Is there a narrower route in the same table that covers the network? */
static bool is_shadowed(const struct detour *detour, const struct route *route,
			const struct prefix *network)
{
	struct route wanted = { .table = route->table };
	const struct route *key = &wanted;
	unsigned int len;

	for (len = route->to.len + 1u; len <= network->len; len++) {
		wanted.to = prefix_cut(network, len);
		if (bsearch(&key, detour->routes, detour->n_routes,
			    sizeof(*detour->routes), route_order))
			return true;
	}
	return false;
}

static void detour_report(struct detour *detour, const struct route *route,
			  const struct zone *there, const struct zone *home,
			  const struct prefix *network)
{
	struct arena *arena = detour->concerns->arena;
	char to[ADDR_TEXT], whole[ADDR_TEXT];
	const char *subject;

	subject = arena_printf(arena, "route %s dev %s table %u",
			       prefix_print(&route->to, to), route->interface,
			       route->table);
	/* a wide one is rather a zone that has lost its own */
	concern_add(detour->concerns,
		    route->to.len < network->len ? GRAVITY_WARNING :
						   GRAVITY_CRITICAL,
		    "SEKI-A-ROUTE-ZONE", subject,
		    "A route sends packets for %s, which belongs to zone %s, "
		    "out of interface %s, which is in %s%s; the table lets "
		    "none of them pass there, so that zone is cut off",
		    prefix_print(network, whole), home->name, route->interface,
		    there ? "zone " : "no zone", there ? there->name : "");
}

static bool is_reserved(const struct prefix *prefix)
{
	struct prefix reserved;
	size_t i;

	for (i = 0; prefix_reserved(i, &reserved); i++)
		if (prefix_covers(&reserved, prefix))
			return true;
	return false;
}

static void detour_judge_route(struct detour *detour, const struct route *route)
{
	const struct zone *there = names_find(detour->zones, route->interface);
	const struct zone *rest = route->to.addr.family == 4 ? detour->rest4 :
							       detour->rest6;
	bool overlaps = false;
	size_t i;

	for (i = first_home(detour, &route->to); i < detour->n_homes; i++) {
		const struct home *home = &detour->homes[i];

		if (!prefix_overlaps(&home->network, &route->to))
			break;
		overlaps = true;
		if (home->zone == there)
			continue;
		if (route->to.len < home->network.len &&
		    is_shadowed(detour, route, &home->network))
			continue;
		detour_report(detour, route, there, home->zone, &home->network);
		return;
	}
	if (!overlaps && rest && rest != there)
		detour_report(detour, route, there, rest, &route->to);
}

void detour_judge(const struct surroundings *surroundings,
		  const struct policy *policy, const struct names *zones,
		  struct arena *arena, struct concerns *concerns)
{
	struct detour detour = { .concerns = concerns, .zones = zones };
	size_t i;

	detour_homes(&detour, policy, arena);
	detour_routes(&detour, surroundings, arena);
	for (i = 0; i < detour.n_routes; i++) {
		const struct route *route = detour.routes[i];

		/* the default route leads to what has no other */
		if (route->interface && route->to.len &&
		    !is_reserved(&route->to))
			detour_judge_route(&detour, route);
	}
	if (surroundings->n_routes_all > surroundings->n_routes)
		concern_add(concerns, GRAVITY_WARNING, "SEKI-A-ROUTE-MANY",
			    "routes",
			    "There are %zu routes; only the first %zu have "
			    "been held against the zone model",
			    surroundings->n_routes_all, surroundings->n_routes);
}
