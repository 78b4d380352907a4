// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interfaces, addresses, neighbours and routing rules against the zone model.
 * Easy to get wrong: a name says nothing about which device bears it. The
 * ruleset goes by names, so who bears that of a zone's interface is remembered
 * from its first sighting on; and what carries the frames of a zone from below,
 * as eth0 does for eth0.11, has to be up without being in any zone.
 */
#include "surround.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "detour.h"
#include "names.h"
#include "tunable.h"

#define STACK_MAX 4 /* interfaces upon interfaces that are looked through */

struct judgement {
	const struct surroundings *now;
	const struct policy *policy;
	struct concerns *concerns;
	struct arena *arena; /* for what is needed meanwhile */
	struct names *zones; /* from the interface's name to its zone */
	struct names *links; /* from the name to the link */
};

static struct names *names_of_links(const struct surroundings *around,
				    struct arena *arena)
{
	struct names *links = names_new(arena, around->n_links);
	size_t i;

	for (i = 0; i < around->n_links; i++)
		names_add(links, around->links[i].name, &around->links[i]);
	return links;
}

static struct names *names_of_zones(const struct policy *policy,
				    struct arena *arena)
{
	struct names *zones;
	size_t i, k, n = 0;

	for (i = 0; i < policy->n_zones; i++)
		n += policy->zones[i].n_interfaces;
	zones = names_new(arena, n);
	for (i = 0; i < policy->n_zones; i++)
		for (k = 0; k < policy->zones[i].n_interfaces; k++)
			names_add(zones, policy->zones[i].interfaces[k],
				  &policy->zones[i]);
	return zones;
}

static const struct zone *zone_of(const struct judgement *j, const char *name)
{
	return names_find(j->zones, name);
}

static const struct link *link_of(const struct judgement *j, const char *name)
{
	return name ? names_find(j->links, name) : NULL;
}

static const char *subject_of(const struct judgement *j, const char *interface)
{
	return arena_printf(j->concerns->arena, "interface %s", interface);
}

/* The zone whose frames go through this link: its own, or of one above it */
static const struct zone *zone_carried(const struct judgement *j,
				       const struct link *link,
				       unsigned int depth)
{
	const struct zone *zone = zone_of(j, link->name);
	const struct link *master = link_of(j, link->master);
	size_t i;

	if (zone || depth == STACK_MAX)
		return zone;
	if (master)
		zone = zone_carried(j, master, depth + 1);
	for (i = 0; i < j->now->n_links && !zone; i++) {
		const struct link *upper = &j->now->links[i];

		if (upper->lower && !strcmp(upper->lower, link->name))
			zone = zone_carried(j, upper, depth + 1);
	}
	return zone;
}

/* ---- which device bears which name ---- */

static const struct sighting *sighting_of_index(const struct surroundings *in,
						int index)
{
	size_t i;

	for (i = 0; i < in->n_known; i++)
		if (in->known[i].index == index)
			return &in->known[i];
	return NULL;
}

static const struct sighting *sighting_of_name(const struct surroundings *in,
					       const char *name)
{
	size_t i;

	for (i = 0; i < in->n_known; i++)
		if (!strcmp(in->known[i].name, name))
			return &in->known[i];
	return NULL;
}

static void sighting_add(struct surroundings *in, struct arena *arena,
			 const struct sighting *seen)
{
	struct sighting *slot;

	in->known = arena_push(arena, in->known, &in->n_known, sizeof(*slot));
	slot = &in->known[in->n_known - 1];
	*slot = *seen;
	slot->name = arena_copy(arena, seen->name, strlen(seen->name));
}

static bool is_there(const struct surroundings *now, int index)
{
	size_t i;

	for (i = 0; i < now->n_links; i++)
		if (now->links[i].index == index)
			return true;
	return false;
}

/* What was known, less devices that are gone and were in no zone; and the new */
static void sightings_carry(struct surroundings *now,
			    const struct surroundings *before,
			    const struct names *zones, struct arena *arena)
{
	size_t i;

	now->known = NULL;
	now->n_known = 0;
	for (i = 0; before && i < before->n_known; i++) {
		const struct sighting *seen = &before->known[i];

		if (names_find(zones, seen->name) || is_there(now, seen->index))
			sighting_add(now, arena, seen);
	}
	for (i = 0; i < now->n_links; i++) {
		const struct link *link = &now->links[i];

		if (sighting_of_index(now, link->index) &&
		    (!names_find(zones, link->name) ||
		     sighting_of_name(now, link->name)))
			continue;
		sighting_add(now, arena,
			     &(struct sighting){ link->name, link->index,
						 link->has_mac, link->mac });
	}
}

/* The name of a zone's interface, and perhaps not the device that had it */
static void judge_bearer(const struct judgement *j, const struct link *link,
			 const struct zone *zone, const struct sighting *origin)
{
	const struct sighting *holder = sighting_of_name(j->now, link->name);
	const char *subject = subject_of(j, link->name);
	bool other = holder && holder->index != link->index;

	if (strcmp(origin->name, link->name) != 0)
		concern_add(j->concerns,
			    other ? GRAVITY_CRITICAL : GRAVITY_NOTICE,
			    "SEKI-A-LINK-RENAMED", subject,
			    "The interface was %s and has got the name of one "
			    "of zone %s%s",
			    origin->name, zone->name,
			    other ? ": another device now stands where the "
				    "zone was" :
				    ", which no device had before");
	else if (other)
		concern_add(j->concerns, GRAVITY_WARNING,
			    "SEKI-A-LINK-REPLACED", subject,
			    "Another device has come in the place of that "
			    "which was the interface of zone %s",
			    zone->name);
	else if (holder && holder->has_mac && link->has_mac &&
		 !mac_equal(&holder->mac, &link->mac)) {
		char was[ADDR_TEXT], is[ADDR_TEXT];

		concern_add(j->concerns, GRAVITY_WARNING,
			    "SEKI-A-LINK-REPLACED", subject,
			    "The MAC address of the interface of zone %s was "
			    "%s and is %s",
			    zone->name, mac_print(&holder->mac, was),
			    mac_print(&link->mac, is));
	}
}

static void judge_identity(const struct judgement *j, const struct link *link)
{
	const struct sighting *origin = sighting_of_index(j->now, link->index);
	const struct zone *zone = zone_of(j, link->name), *was;

	if (!origin)
		return;
	if (zone) {
		judge_bearer(j, link, zone, origin);
		return;
	}
	was = zone_of(j, origin->name);
	if (was)
		concern_add(j->concerns, GRAVITY_WARNING, "SEKI-A-LINK-RENAMED",
			    subject_of(j, link->name),
			    "The interface was %s of zone %s and is in no zone "
			    "under its new name",
			    origin->name, was->name);
}

static void judge_absent(const struct judgement *j, const struct zone *zone)
{
	size_t i;

	for (i = 0; i < zone->n_interfaces; i++) {
		const char *name = zone->interfaces[i];

		if (link_of(j, name))
			continue;
		concern_add(j->concerns, GRAVITY_WARNING, "SEKI-A-LINK-ABSENT",
			    subject_of(j, name),
			    "An interface of zone %s %s; nothing passes there, "
			    "and if it appears it is guarded all the same",
			    zone->name,
			    sighting_of_name(j->now, name) ?
				    "has vanished, or was renamed or moved "
				    "away" :
				    "does not exist");
	}
}

/* ---- ways past the IP layer ---- */

static const struct link *other_port(const struct judgement *j,
				     const struct link *link,
				     const struct zone *zone)
{
	size_t i;

	for (i = 0; i < j->now->n_links; i++) {
		const struct link *port = &j->now->links[i];
		const struct zone *other = zone_of(j, port->name);

		if (port->master && !strcmp(port->master, link->master) &&
		    other && other != zone)
			return port;
	}
	return NULL;
}

static void judge_enslaved(const struct judgement *j, const struct link *link,
			   const struct zone *zone)
{
	const struct link *master = link_of(j, link->master), *port;
	const char *kind = master && master->kind ? master->kind : "device";

	if (!link->master)
		return;
	port = other_port(j, link, zone);
	if (port && strcmp(kind, "vrf") != 0)
		concern_add(j->concerns, GRAVITY_CRITICAL,
			    "SEKI-A-LINK-ENSLAVED", subject_of(j, link->name),
			    "The interface of zone %s and %s of zone %s are "
			    "ports of the same %s, %s: frames can pass between "
			    "the zones below the table",
			    zone->name, port->name,
			    zone_of(j, port->name)->name, kind, link->master);
	else
		concern_add(j->concerns, GRAVITY_WARNING,
			    "SEKI-A-LINK-ENSLAVED", subject_of(j, link->name),
			    "The interface of zone %s is part of the %s %s: "
			    "what arrives there is that one's, and the zone is "
			    "cut off",
			    zone->name, kind, link->master);
}

/* Do frames that arrive below go to the one above before the IP layer? */
static bool takes_frames(const char *kind)
{
	return kind && (!strcmp(kind, "macvlan") || !strcmp(kind, "macvtap") ||
			!strcmp(kind, "ipvlan") || !strcmp(kind, "ipvtap"));
}

/* True if it sits on an interface of a zone and has been reported */
static bool judge_stacked(const struct judgement *j, const struct link *link)
{
	const struct zone *below = link->lower ? zone_of(j, link->lower) : NULL;
	const char *kind = link->kind ? link->kind : "interface";

	if (!below)
		return false;
	if (takes_frames(link->kind))
		concern_add(j->concerns, GRAVITY_CRITICAL,
			    "SEKI-A-LINK-STACKED", subject_of(j, link->name),
			    "A %s in no zone takes frames off %s of zone %s; "
			    "whoever holds it speaks in that zone without the "
			    "zone's interface",
			    kind, link->lower, below->name);
	else
		concern_add(j->concerns, GRAVITY_WARNING, "SEKI-A-LINK-STACKED",
			    subject_of(j, link->name),
			    "A %s in no zone sits on %s of zone %s; the table "
			    "lets nothing pass through it",
			    kind, link->lower, below->name);
	return true;
}

static bool is_link_local(const struct addr *addr)
{
	return addr->family == 6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

/* An address that is not merely there because IPv6 is; NULL if there is none */
static const struct prefix *address_of(const struct link *link)
{
	size_t i;

	for (i = 0; i < link->n_addresses; i++)
		if (!is_link_local(&link->addresses[i].addr))
			return &link->addresses[i];
	return NULL;
}

static void judge_stranger(const struct judgement *j, const struct link *link)
{
	const struct prefix *address = address_of(link);
	char text[ADDR_TEXT] = "";

	if (link->loopback || !link->admin_up || judge_stacked(j, link))
		return;
	if (!address && zone_carried(j, link, 0))
		return;
	if (address)
		prefix_print(address, text);
	concern_add(j->concerns, GRAVITY_WARNING, "SEKI-A-LINK-STRANGER",
		    subject_of(j, link->name),
		    "An interface that is in no zone is switched on%s%s; the "
		    "table lets nothing pass through it",
		    address ? " and has the address " : "", text);
}

static void judge_hooks(const struct judgement *j, const struct link *link)
{
	const struct zone *zone = zone_carried(j, link, 0);
	enum gravity gravity = zone ? GRAVITY_CRITICAL : GRAVITY_WARNING;
	const char *of = zone ? "frames of zone " : "frames of no zone";
	const char *name = zone ? zone->name : "";

	if (link->xdp)
		concern_add(j->concerns, gravity, "SEKI-A-LINK-XDP",
			    subject_of(j, link->name),
			    "An XDP program handles %s%s before the table "
			    "does, and may send them elsewhere",
			    of, name);
	if (link->n_tc_filters)
		concern_add(j->concerns, gravity, "SEKI-A-LINK-TC",
			    subject_of(j, link->name),
			    "Traffic control has filters for %s%s, which may "
			    "change them or send them past the table",
			    of, name);
}

/* ---- addresses ---- */

static bool is_in_zone(const struct zone *zone, const struct addr *addr)
{
	size_t i;

	for (i = 0; i < zone->n_networks; i++)
		if (prefix_has_addr(&zone->networks[i], addr))
			return true;
	return false;
}

/* The zone that has declared the address, not merely all that is left over */
static const struct zone *zone_declaring(const struct policy *policy,
					 const struct addr *addr)
{
	const struct zone *zone = policy_zone_of(policy, addr);
	size_t i;

	for (i = 0; zone && i < zone->n_networks; i++)
		if (zone->networks[i].len &&
		    prefix_has_addr(&zone->networks[i], addr))
			return zone;
	return NULL;
}

static void judge_address(const struct judgement *j, const struct link *link,
			  const struct prefix *address)
{
	const struct zone *zone = zone_of(j, link->name);
	const struct zone *home = zone_declaring(j->policy, &address->addr);
	bool local = is_link_local(&address->addr);
	char text[ADDR_TEXT];
	const char *subject =
		arena_printf(j->concerns->arena, "address %s on interface %s",
			     prefix_print(address, text), link->name);

	if (zone && zone->no_ip)
		concern_add(j->concerns,
			    local ? GRAVITY_WARNING : GRAVITY_CRITICAL,
			    "SEKI-A-ADDRESS-NO-IP", subject,
			    "An interface of zone %s, which is to carry no IP, "
			    "has an address%s",
			    zone->name,
			    local ? ": IPv6 is not switched off there" : "");
	else if (local)
		return;
	else if (home && home != zone)
		concern_add(j->concerns, GRAVITY_CRITICAL,
			    "SEKI-A-ADDRESS-ZONE", subject,
			    "An address of zone %s is on an interface of %s%s: "
			    "the gateway takes that zone to be there",
			    home->name, zone ? "zone " : "no zone",
			    zone ? zone->name : "");
	else if (zone && !is_in_zone(zone, &address->addr))
		concern_add(j->concerns, GRAVITY_WARNING,
			    "SEKI-A-ADDRESS-OUTSIDE", subject,
			    "The address lies in no network of zone %s, whose "
			    "interface has it",
			    zone->name);
}

static void judge_link(const struct judgement *j, const struct link *link)
{
	const struct zone *zone = zone_of(j, link->name);
	size_t i;

	judge_identity(j, link);
	if (zone)
		judge_enslaved(j, link, zone);
	else
		judge_stranger(j, link);
	if (link->xdp || link->n_tc_filters)
		judge_hooks(j, link);
	for (i = 0; i < link->n_addresses && !link->loopback; i++)
		judge_address(j, link, &link->addresses[i]);
}

/* ---- neighbours ---- */

/* A neighbour, and the host that is declared to have its address, or NULL */
struct meant {
	const struct static_neighbour *neighbour;
	const struct endpoint *host;
};

static int meant_order(const void *a, const void *b)
{
	const struct meant *x = a, *y = b;

	return addr_cmp(&x->neighbour->addr, &y->neighbour->addr);
}

static void judge_neighbour(const struct judgement *j,
			    const struct meant *meant)
{
	const struct static_neighbour *neighbour = meant->neighbour;
	const struct endpoint *host = meant->host;
	const struct zone *zone = names_find(j->zones, neighbour->interface);
	char text[ADDR_TEXT], is[ADDR_TEXT], wanted[ADDR_TEXT];
	const struct mac *mac = NULL;
	const char *subject;

	subject = arena_printf(j->concerns->arena, "neighbour %s dev %s",
			       addr_print(&neighbour->addr, text),
			       neighbour->interface);
	if (host && host->has_mac)
		mac = &host->mac;
	else if (zone && zone->has_next_hop_mac)
		mac = &zone->next_hop_mac;
	if (mac && neighbour->has_mac && !mac_equal(mac, &neighbour->mac))
		concern_add(j->concerns, GRAVITY_WARNING,
			    "SEKI-A-NEIGHBOUR-STATIC", subject,
			    "Somebody has entered the MAC address %s for a "
			    "neighbour for which the configuration declares "
			    "%s%s%s; what is sent there goes to another "
			    "machine",
			    mac_print(&neighbour->mac, is),
			    mac_print(mac, wanted),
			    host ? ", that of host " : "",
			    host ? host->name : "");
	else
		concern_add(j->concerns, GRAVITY_NOTICE,
			    "SEKI-A-NEIGHBOUR-STATIC", subject,
			    "Somebody has entered the MAC address of a "
			    "neighbour for good");
}

static int addr_order(const void *addr, const void *meant)
{
	const struct meant *x = meant;

	return addr_cmp(addr, &x->neighbour->addr);
}

/* One address may be that of a neighbour on several interfaces. */
static void neighbours_find(struct meant *sorted, size_t n,
			    const struct endpoint *host,
			    const struct addr *addr)
{
	struct meant *found =
		bsearch(addr, sorted, n, sizeof(*sorted), addr_order);

	if (!found)
		return;
	while (found > sorted && !addr_order(addr, found - 1))
		found--;
	for (; found < sorted + n && !addr_order(addr, found); found++)
		found->host = host;
}

/*
 * There may be a million hosts and hardly any static neighbours: so the hosts
 * are gone through once, and searched for are the neighbours.
 */
static void judge_neighbours(const struct judgement *j)
{
	size_t n = j->now->n_neighbours, i, k;
	struct meant *sorted = arena_alloc(j->arena, n * sizeof(*sorted));

	if (!n)
		return;
	for (i = 0; i < n; i++)
		sorted[i].neighbour = &j->now->neighbours[i];
	qsort(sorted, n, sizeof(*sorted), meant_order);
	for (i = 0; i < j->policy->n_hosts; i++) {
		const struct endpoint *host = &j->policy->hosts[i];

		for (k = 0; k < host->n_prefixes; k++)
			neighbours_find(sorted, n, host,
					&host->prefixes[k].addr);
	}
	for (i = 0; i < n; i++)
		judge_neighbour(j, &sorted[i]);
}

/* ---- all of it ---- */

static void judge_rule(const struct judgement *j,
		       const struct routing_rule *rule)
{
	concern_add(j->concerns, GRAVITY_WARNING, "SEKI-A-RULE",
		    arena_printf(j->concerns->arena, "rule %u: %s",
				 rule->priority, rule->text),
		    "A routing rule decides by more than the destination%s; "
		    "what it leads out of another zone's interface is dropped "
		    "there",
		    rule->by_mark ? ", by a mark that others may put on "
				    "packets" :
				    "");
}

/* Is a zone's interface a bridge, or a port of one? */
static bool is_bridged(const struct judgement *j)
{
	size_t i;

	for (i = 0; i < j->now->n_links; i++) {
		const struct link *link = &j->now->links[i];
		const struct link *master = link_of(j, link->master);

		if (!zone_of(j, link->name))
			continue;
		if ((link->kind && !strcmp(link->kind, "bridge")) ||
		    (master && master->kind && !strcmp(master->kind, "bridge")))
			return true;
	}
	return false;
}

const char **surround_sysctls(const struct policy *policy,
			      const struct surroundings *surroundings,
			      struct arena *arena, size_t *n)
{
	struct tunables tunables = { surroundings, policy, false, arena };
	const char **names = NULL;
	size_t i;

	*n = 0;
	for (i = 0; i < policy->n_sysctls; i++) {
		names = arena_push(arena, names, n, sizeof(*names));
		names[i] = policy->sysctls[i].name;
	}
	return tunable_names(&tunables, names, n);
}

void surround_judge(struct surroundings *surroundings,
		    const struct surroundings *before,
		    const struct policy *policy, struct concerns *concerns)
{
	struct arena *arena = arena_new();
	struct judgement j = {
		.now = surroundings,
		.policy = policy,
		.concerns = concerns,
		.arena = arena,
		.zones = names_of_zones(policy, arena),
		.links = names_of_links(surroundings, arena),
	};
	struct tunables tunables = { surroundings, policy, is_bridged(&j),
				     arena };
	size_t i;

	sightings_carry(surroundings, before, j.zones, concerns->arena);
	for (i = 0; i < policy->n_zones; i++)
		judge_absent(&j, &policy->zones[i]);
	for (i = 0; i < surroundings->n_links; i++)
		judge_link(&j, &surroundings->links[i]);
	judge_neighbours(&j);
	for (i = 0; i < surroundings->n_rules; i++)
		judge_rule(&j, &surroundings->rules[i]);
	detour_judge(surroundings, policy, j.zones, arena, concerns);
	tunable_judge(&tunables, concerns);
	arena_free(arena);
}
