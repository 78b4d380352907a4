// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets by chance. Easy to get wrong: packets drawn evenly are nearly all
 * dropped, and prove nothing; so most begin as one that a flow permits, and are
 * then spoiled in a thing or two, as near to the border as possible.
 */
#include "random.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stddef.h>
#include <string.h>

#define TRIES 50

/* ---- addresses ---- */

/* The kernel has its own ways with these. */
static bool addr_is_special(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;

	if (addr->family == 4)
		return !b[0] || b[0] == 127 || b[0] >= 224 ||
		       (b[0] == 169 && b[1] == 254);
	return b[0] >> 5 != 1 && b[0] >> 1 != 0xfc >> 1;
}

/* The anycast address that every IPv6 router has in its networks */
static bool addr_is_router_anycast(const struct topology *topology,
				   const struct addr *addr)
{
	size_t i;

	for (i = 0; addr->family == 6 && i < topology->n_links; i++) {
		struct prefix net = topology->links[i].nets[1];
		struct prefix host = { *addr, 128 };
		unsigned int bit;

		if (!net.addr.family || net.len > 126)
			continue;
		for (bit = net.len; bit < 128; bit++)
			net.addr.bytes[bit / 8] &=
				(uint8_t) ~(0x80u >> bit % 8);
		if (!addr_cmp(&net.addr, &host.addr))
			return true;
	}
	return false;
}

static bool addr_is_usable(const struct topology *topology,
			   const struct addr *addr)
{
	return !addr_is_special(addr) && !topology_owner(topology, addr) &&
	       !addr_is_router_anycast(topology, addr);
}

static struct addr random_addr(struct dice *dice,
			       const struct topology *topology,
			       const struct prefix *prefix)
{
	struct addr addr = prefix->addr;
	unsigned int way = (unsigned int)dice_roll(dice, 10);
	unsigned int bit, bits = addr_bits(&addr), tries;

	for (tries = 0; way < 4 && topology->n_neighbours && tries < 8;
	     tries++) {
		size_t nth = dice_roll(dice, topology->n_neighbours);

		if (prefix_has_addr(prefix, &topology->neighbours[nth].addr))
			return topology->neighbours[nth].addr;
	}
	for (bit = prefix->len; bit < bits; bit++) {
		uint8_t mask = (uint8_t)(0x80u >> bit % 8);
		bool low = bit >= bits - 2;
		bool set;

		if (way == 4 && !low)
			set = false;
		else if (way == 5 && !low)
			set = true;
		else
			set = dice_next(dice) & 1;
		if (set)
			addr.bytes[bit / 8] |= mask;
	}
	return addr;
}

static bool addr_is_broadcast(const struct zone *zone, const struct addr *addr)
{
	size_t i;

	for (i = 0; addr->family == 4 && i < zone->n_networks; i++) {
		struct addr last = prefix_last(&zone->networks[i]);

		if (zone->networks[i].len <= 30 && !addr_cmp(&last, addr))
			return true;
	}
	return false;
}

bool random_member(struct dice *dice, const struct topology *topology,
		   const struct endpoint *endpoint, unsigned int family,
		   struct addr *addr)
{
	unsigned int tries;

	for (tries = 0; endpoint->n_prefixes && tries < TRIES; tries++) {
		size_t nth = dice_roll(dice, endpoint->n_prefixes);

		if (endpoint->prefixes[nth].addr.family != family)
			continue;
		*addr = random_addr(dice, topology, &endpoint->prefixes[nth]);
		if (addr_is_usable(topology, addr) &&
		    !addr_is_broadcast(endpoint->zone, addr) &&
		    policy_zone_of(topology->policy, addr) == endpoint->zone)
			return true;
	}
	return false;
}

/* Somewhere in any zone, or rarely in none */
static bool pick_anywhere(struct dice *dice, const struct topology *topology,
			  unsigned int family, struct addr *addr)
{
	static const struct prefix all[2] = {
		{ .addr = { .family = 4 } },
		{ .addr = { .family = 6, .bytes = { 0x20 } }, .len = 3 },
	};
	const struct policy *policy = topology->policy;
	unsigned int tries;

	for (tries = 0; tries < TRIES; tries++) {
		const struct zone *zone =
			&policy->zones[dice_roll(dice, policy->n_zones)];
		const struct prefix *net = &all[family == 6];

		if (zone->n_networks && !dice_chance(dice, 5))
			net = &zone->networks[dice_roll(dice, zone->n_networks)];
		if (net->addr.family != family)
			continue;
		*addr = random_addr(dice, topology, net);
		if (addr_is_usable(topology, addr))
			return true;
	}
	return false;
}

/* The address behind or before, often across a border */
static bool step_addr(struct dice *dice, struct addr *addr)
{
	size_t i;

	if (dice_next(dice) & 1)
		return addr_next(addr, addr);
	for (i = addr->family == 4 ? 4 : 16; i-- > 0;)
		if (addr->bytes[i]--)
			return true;
	return false;
}

/* ---- the rest of a packet ---- */

/* As a true packet from its source would come: by its zone, with its MAC */
static bool arrive(struct dice *dice, const struct topology *topology,
		   struct probe *probe)
{
	const struct zone *zone = policy_zone_of(topology->policy, &probe->src);

	if (!zone || !zone->n_interfaces)
		return false;
	probe->iif = zone->interfaces[dice_roll(dice, zone->n_interfaces)];
	probe->src_mac = topology_mac(topology, &probe->src);
	return true;
}

static const char *any_interface(struct dice *dice,
				 const struct topology *topology)
{
	return topology->links[dice_roll(dice, topology->n_links)].name;
}

static void serve(struct dice *dice, const struct service *service,
		  struct probe *probe)
{
	size_t span = (size_t)(service->last - service->first) + 1;
	size_t step = dice_roll(dice, span);

	if (dice_chance(dice, 30))
		step = dice_next(dice) & 1 ? 0 : span - 1;
	probe->proto = service->proto;
	probe->dport = (uint16_t)(service->first + step);
}

bool random_flow_probe(struct dice *dice, const struct topology *topology,
		       const struct flow *flow, unsigned int family,
		       struct probe *probe)
{
	const struct topology_link *link;
	const struct addr *own;

	memset(probe, 0, sizeof(*probe));
	if (flow->service.proto ==
	    (family == 4 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return false;
	serve(dice, &flow->service, probe);
	if (!policy_is_gateway(flow->from) &&
	    (!random_member(dice, topology, flow->from, family, &probe->src) ||
	     !arrive(dice, topology, probe)))
		return false;
	if (policy_is_gateway(flow->to)) {
		link = probe->iif ?
			       topology_link_by_name(topology, probe->iif) :
			       NULL;
		own = link ? topology_link_addr(link, family) : NULL;
		if (!own)
			return false;
		probe->dst = *own;
		probe->local = link->name;
		return true;
	}
	if (!random_member(dice, topology, flow->to, family, &probe->dst))
		return false;
	if (!probe->iif) {
		link = topology_towards(topology, &probe->dst);
		own = link ? topology_link_addr(link, family) : NULL;
		if (!own)
			return false;
		probe->src = *own;
	}
	return true;
}

/* ---- things to be wrong ---- */

static void spoil_mac(struct dice *dice, const struct topology *topology,
		      struct probe *probe)
{
	if (topology->n_neighbours && dice_next(dice) & 1) {
		size_t nth = dice_roll(dice, topology->n_neighbours);

		probe->src_mac = topology->neighbours[nth].mac;
	} else {
		probe->src_mac.bytes[dice_roll(dice, 5) + 1] ^=
			(uint8_t)(1u << dice_roll(dice, 8));
	}
}

static void spoil_interface(struct dice *dice, const struct topology *topology,
			    struct probe *probe)
{
	probe->iif = any_interface(dice, topology);
	if (!probe->src_mac.bytes[0])
		probe->src_mac = topology_mac(topology, &probe->src);
}

static void spoil_port(struct dice *dice, const struct topology *topology,
		       struct probe *probe)
{
	const struct policy *policy = topology->policy;

	if (probe->proto == IPPROTO_ICMP || probe->proto == IPPROTO_ICMPV6) {
		static const uint8_t v4[] = { ICMP_ECHO, ICMP_TIMESTAMP,
					      ICMP_INFO_REQUEST, ICMP_ADDRESS,
					      ICMP_ECHOREPLY };
		static const uint8_t v6[] = { ICMP6_ECHO_REQUEST,
					      ICMP6_ECHO_REPLY, 200 };

		probe->dport = probe->proto == IPPROTO_ICMP ?
				       v4[dice_roll(dice, sizeof(v4))] :
				       v6[dice_roll(dice, sizeof(v6))];
		return;
	}
	switch (dice_roll(dice, 4)) {
	case 0:
		probe->dport++;
		break;
	case 1:
		probe->dport--;
		break;
	case 2:
		probe->dport = policy->flows[dice_roll(dice, policy->n_flows)]
				       .service.first;
		break;
	case 3:
		probe->dport = (uint16_t)dice_next(dice);
		break;
	}
}

static void spoil_proto(struct dice *dice, const struct topology *topology,
			struct probe *probe)
{
	static const uint8_t protos[] = { IPPROTO_TCP,	IPPROTO_UDP,
					  IPPROTO_SCTP, IPPROTO_UDPLITE,
					  IPPROTO_GRE,	IPPROTO_ESP };

	(void)topology;
	if (dice_chance(dice, 15)) {
		bool is_v4 = probe->dst.family == 4;

		probe->proto = is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		probe->dport = is_v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
		return;
	}
	probe->proto = protos[dice_roll(dice, sizeof(protos))];
}

static void spoil_dst(struct dice *dice, const struct topology *topology,
		      struct probe *probe)
{
	if (dice_chance(dice, 50))
		step_addr(dice, &probe->dst);
	else
		pick_anywhere(dice, topology, probe->dst.family, &probe->dst);
}

/* Another source, at its true place */
static void spoil_src(struct dice *dice, const struct topology *topology,
		      struct probe *probe)
{
	if (dice_chance(dice, 40))
		step_addr(dice, &probe->src);
	else
		pick_anywhere(dice, topology, probe->src.family, &probe->src);
	if (!arrive(dice, topology, probe))
		spoil_interface(dice, topology, probe);
}

/* Another source, but not at its place */
static void spoil_src_only(struct dice *dice, const struct topology *topology,
			   struct probe *probe)
{
	pick_anywhere(dice, topology, probe->src.family, &probe->src);
	if (dice_next(dice) & 1)
		probe->src_mac = topology_mac(topology, &probe->src);
	if (!probe->iif)
		spoil_interface(dice, topology, probe);
}

static void spoil_direction(struct dice *dice, const struct topology *topology,
			    struct probe *probe)
{
	struct addr src = probe->src;

	if (!probe->iif || probe->local)
		return; /* one end is the gateway */
	probe->src = probe->dst;
	probe->dst = src;
	if (!arrive(dice, topology, probe))
		spoil_interface(dice, topology, probe);
}

static void spoil_by_gateway(struct dice *dice, const struct topology *topology,
			     struct probe *probe)
{
	const struct topology_link *link =
		&topology->links[dice_roll(dice, topology->n_links)];
	const struct topology_link *way;
	const struct addr *own;

	if (dice_chance(dice, 70)) { /* to one of its addresses */
		if (probe->iif && dice_next(dice) & 1)
			link = topology_link_by_name(topology, probe->iif);
		own = topology_link_addr(link, probe->dst.family);
		if (own && probe->iif)
			probe->dst = *own;
		return;
	}
	way = topology_towards(topology, &probe->dst);
	own = way ? topology_link_addr(way, probe->dst.family) : NULL;
	if (own && !topology_owner(topology, &probe->dst)) {
		probe->src = *own;
		probe->iif = NULL;
	}
}

static void spoil(struct dice *dice, const struct topology *topology,
		  struct probe *probe)
{
	static void (*const ways[])(struct dice * dice,
				    const struct topology *topology,
				    struct probe *probe) = {
		spoil_mac,	spoil_interface, spoil_port,
		spoil_proto,	spoil_dst,	 spoil_src,
		spoil_src_only, spoil_direction, spoil_by_gateway,
	};

	ways[dice_roll(dice, sizeof(ways) / sizeof(*ways))](dice, topology,
							    probe);
}

/* Anything at all between two places */
static bool wild_probe(struct dice *dice, const struct topology *topology,
		       struct probe *probe)
{
	const struct policy *policy = topology->policy;
	unsigned int family = dice_next(dice) & 1 ? 4 : 6;

	memset(probe, 0, sizeof(*probe));
	if (!pick_anywhere(dice, topology, family, &probe->src) ||
	    !pick_anywhere(dice, topology, family, &probe->dst))
		return false;
	if (dice_chance(dice, 10) || !arrive(dice, topology, probe)) {
		probe->iif = any_interface(dice, topology);
		probe->src_mac = topology_mac(topology, &probe->src);
	}
	probe->proto = IPPROTO_TCP;
	probe->dport = (uint16_t)dice_next(dice);
	if (policy->n_flows)
		serve(dice,
		      &policy->flows[dice_roll(dice, policy->n_flows)].service,
		      probe);
	return true;
}

/* Is it for the ruleset to decide, and can the packet be made? */
static bool probe_is_sound(const struct topology *topology, struct probe *probe)
{
	const struct topology_link *owner =
		topology_owner(topology, &probe->dst);

	probe->local = NULL;
	if (probe->src.family != probe->dst.family ||
	    !addr_cmp(&probe->src, &probe->dst) ||
	    probe->proto ==
		    (probe->src.family == 4 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) ||
	    addr_is_special(&probe->dst) ||
	    addr_is_router_anycast(topology, &probe->dst))
		return false;
	if (!probe->iif)
		return !owner;
	if (owner)
		probe->local = owner->name;
	return addr_is_usable(topology, &probe->src) ||
	       addr_is_router_anycast(topology, &probe->src);
}

static bool draw_probe(struct dice *dice, const struct topology *topology,
		       struct probe *probe)
{
	const struct policy *policy = topology->policy;
	size_t way = dice_roll(dice, 100);
	const struct flow *flow;

	if (!policy->n_flows || way >= 90)
		return wild_probe(dice, topology, probe);
	flow = &policy->flows[dice_roll(dice, policy->n_flows)];
	if (!random_flow_probe(dice, topology, flow,
			       dice_next(dice) & 1 ? 4 : 6, probe))
		return false;
	if (way >= 35)
		spoil(dice, topology, probe);
	if (way >= 80)
		spoil(dice, topology, probe);
	return true;
}

void random_probe(struct dice *dice, const struct topology *topology,
		  struct probe *probe)
{
	do {
		memset(probe, 0, sizeof(*probe));
	} while (!draw_probe(dice, topology, probe) ||
		 !probe_is_sound(topology, probe));
}
