// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway itself: which of its addresses answer to whom, what it may send,
 * neighbour discovery, and its own errors. Easy to get wrong: what is accepted
 * is seen on the gateway's raw sockets, behind the ruleset, so that nothing has
 * to listen there.
 */
#include "story.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>

static const uint8_t link_local[16] = { 0xfe, 0x80, [15] = 0x77 };

/* A true packet from somewhere in the zone behind @link; false: no address */
static bool somebody_behind(struct story *story,
			    const struct topology_link *link,
			    unsigned int family, struct probe *probe)
{
	const struct policy *policy = story->topology->policy;

	memset(probe, 0, sizeof(*probe));
	if (!random_member(&story->dice, story->topology,
			   &policy->zone_endpoints[link->zone->index], family,
			   &probe->src))
		return false;
	probe->iif = link->name;
	probe->src_mac = topology_mac(story->topology, &probe->src);
	probe->sport = (uint16_t)(20000 + dice_roll(&story->dice, 20000));
	return true;
}

/* ---- neighbour discovery ---- */

static void solicit(struct story *story, const struct probe *probe,
		    uint8_t hops, bool answered, const char *what)
{
	struct outcome outcome;
	struct frame frame;

	frame_solicit(&frame, probe, hops);
	story_send(story, probe->iif, &frame);
	story_watch(story, &frame, &outcome);
	story_check(story,
		    answered == (outcome.answered &&
				 outcome.answer.proto == IPPROTO_ICMPV6 &&
				 outcome.answer.dport == ND_NEIGHBOR_ADVERT),
		    "%s is %sanswered", what, answered ? "" : "not ");
}

static void tell_neighbours(struct story *story)
{
	const struct topology *topology = story->topology;
	size_t i;

	for (i = 0; i < topology->n_links; i++) {
		const struct topology_link *link = &topology->links[i];
		const struct topology_link *other =
			&topology->links[(i + 1) % topology->n_links];
		const struct addr *own = topology_link_addr(link, 6);
		const struct addr *foreign = topology_link_addr(other, 6);
		struct probe probe;

		story_begin(story, "neighbour discovery on %s", link->name);
		if (!own || !somebody_behind(story, link, 6, &probe))
			continue;
		probe.dst = *own;
		if (!link->zone->has_next_hop_mac)
			solicit(story, &probe, 255, true,
				"a solicitation from a host");
		solicit(story, &probe, 64, false,
			"a solicitation from far away");
		memcpy(probe.src.bytes, link_local, sizeof(link_local));
		solicit(story, &probe, 255, true,
			"a solicitation from a link-local address");
		if (!foreign || other == link)
			continue;
		probe.dst = *foreign;
		solicit(story, &probe, 255, false,
			"a solicitation for an address in another zone");
	}
}

/* What a router must not be told by those whom it keeps apart */
static void tell_advertisements(struct story *story)
{
	static const struct {
		uint8_t type;
		const char *what;
	} cases[] = {
		{ ND_ROUTER_ADVERT, "a router advertisement" },
		{ ND_ROUTER_SOLICIT, "a router solicitation" },
		{ ND_REDIRECT, "a redirect" },
		{ ICMP6_ECHO_REPLY, "an echo reply" },
		{ 139, "a node information query" },
	};
	const struct topology *topology = story->topology;
	struct twist twist = { .hops = 255 };
	size_t i, k;

	for (i = 0; i < topology->n_links; i++) {
		const struct topology_link *link = &topology->links[i];
		const struct addr *own = topology_link_addr(link, 6);
		struct probe probe;
		struct frame frame;

		story_begin(story, "control messages on %s", link->name);
		if (!own || !somebody_behind(story, link, 6, &probe))
			continue;
		memcpy(probe.src.bytes, link_local, sizeof(link_local));
		probe.dst = *own;
		probe.proto = IPPROTO_ICMPV6;
		for (k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
			probe.dport = cases[k].type;
			frame_build(&frame, &probe, &link->mac,
				    wire_id(story->wire), &twist);
			story_expect(story, false, link->name, &frame,
				     cases[k].what);
		}
	}
}

/* ---- to the gateway ---- */

static const struct service services[] = {
	{ IPPROTO_TCP, 22, 22 },      { IPPROTO_TCP, 80, 80 },
	{ IPPROTO_TCP, 6514, 6514 },  { IPPROTO_UDP, 53, 53 },
	{ IPPROTO_UDP, 123, 123 },    { IPPROTO_UDP, 161, 161 },
	{ IPPROTO_UDP, 514, 514 },    { IPPROTO_SCTP, 2905, 2905 },
	{ IPPROTO_ICMP, 8, 8 },	      { IPPROTO_ICMP, 13, 13 },
	{ IPPROTO_ICMPV6, 128, 128 },
};

#define N_SERVICES (sizeof(services) / sizeof(*services))

static bool serve(const struct service *service, struct probe *probe)
{
	probe->proto = service->proto;
	probe->dport = service->first;
	return probe->proto !=
	       (probe->dst.family == 4 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static void expect_probe(struct story *story, struct probe *probe, bool pass,
			 const char *what)
{
	struct mac dst_mac = story_dst_mac(story, probe);
	char text[200], service_text[ADDR_TEXT], addr_text[ADDR_TEXT];
	struct service service = { probe->proto, probe->dport, probe->dport };
	struct frame frame;

	probe->sport++;
	frame_build(&frame, probe, &dst_mac, wire_id(story->wire), NULL);
	snprintf(text, sizeof(text), "%s %s (source %s)",
		 service_print(&service, service_text), what,
		 addr_print(&probe->src, addr_text));
	story_expect(story, pass, probe->iif, &frame, text);
}

static void tell_to_own(struct story *story, unsigned int family)
{
	const struct topology *topology = story->topology;
	size_t i, k, m;

	for (i = 0; i < topology->n_links; i++) {
		const struct topology_link *link = &topology->links[i];
		struct probe probe;

		story_begin(story, "to the gateway from %s, IPv%u",
			    link->zone->name, family);
		if (!somebody_behind(story, link, family, &probe))
			continue;
		for (k = 0; k < topology->n_links; k++) {
			const struct topology_link *at = &topology->links[k];
			const struct addr *own = topology_link_addr(at, family);

			for (m = 0; own && m < N_SERVICES; m++) {
				probe.dst = *own;
				probe.local = at->name;
				if (!serve(&services[m], &probe))
					continue;
				if (at == link)
					expect_probe(story, &probe,
						     story_permits(story,
								   &probe),
						     "to the address there");
				else
					expect_probe(
						story, &probe, false,
						"to the address elsewhere");
			}
		}
	}
}

/* Every conduit to the gateway, tried on the addresses that it is not for */
static void tell_conduits_elsewhere(struct story *story, unsigned int family)
{
	const struct topology *topology = story->topology;
	const struct policy *policy = topology->policy;
	size_t i, k;

	for (i = 0; i < policy->n_flows; i++) {
		struct probe probe;

		story_begin(story, "%s on other addresses, IPv%u",
			    policy->flows[i].conduit->name, family);
		if (!policy_is_gateway(policy->flows[i].to) ||
		    !random_flow_probe(&story->dice, topology,
				       &policy->flows[i], family, &probe))
			continue;
		for (k = 0; k < topology->n_links; k++) {
			const struct addr *own =
				topology_link_addr(&topology->links[k], family);

			if (!own || !strcmp(topology->links[k].name, probe.iif))
				continue;
			probe.dst = *own;
			expect_probe(story, &probe, false,
				     "to the address elsewhere");
		}
	}
}

/* IPv6 gives each router one more address in each of its networks. */
static void tell_anycast(struct story *story)
{
	const struct topology *topology = story->topology;
	size_t i, k;

	for (i = 0; i < topology->n_links; i++) {
		struct prefix net = topology->links[i].nets[1];
		unsigned int bit;

		story_begin(story, "the routers' address of %s",
			    topology->links[i].name);
		if (!net.addr.family || net.len > 126)
			continue;
		for (bit = net.len; bit < 128; bit++)
			net.addr.bytes[bit / 8] &=
				(uint8_t) ~(0x80u >> bit % 8);
		for (k = 0; k < topology->n_links; k++) {
			struct probe probe;

			if (k == i ||
			    !somebody_behind(story, &topology->links[k], 6,
					     &probe))
				continue;
			probe.dst = net.addr;
			serve(&services[N_SERVICES - 1], &probe);
			expect_probe(story, &probe, false, "from elsewhere");
		}
	}
}

/* ---- from the gateway ---- */

static void tell_from_own(struct story *story, unsigned int family)
{
	const struct topology *topology = story->topology;
	size_t i, k;

	for (i = 0; i < topology->n_links; i++) {
		const struct topology_link *link = &topology->links[i];
		const struct addr *own = topology_link_addr(link, family);
		struct probe probe;

		story_begin(story, "from the gateway to %s, IPv%u",
			    link->zone->name, family);
		if (!own || !somebody_behind(story, link, family, &probe))
			continue;
		probe.dst = probe.src;
		if (topology_towards(topology, &probe.dst) != link)
			continue; /* of a zone with several interfaces */
		probe.src = *own;
		probe.iif = NULL;
		for (k = 0; k < N_SERVICES; k++)
			if (serve(&services[k], &probe))
				expect_probe(story, &probe,
					     story_permits(story, &probe),
					     "from the gateway");
	}
}

/* ---- the gateway's own errors ---- */

#define SMALL_MTU 1280

/* Path MTU discovery dies where a gateway may not say what it cannot carry. */
static void tell_mtu(struct story *story, unsigned int family)
{
	const struct topology_link *link;
	struct twist big = { .tcp_flags = FLAG_ACK,
			     .pad = 1360,
			     .whole = true };
	struct outcome outcome;
	struct frame frame;
	struct mac dst_mac;
	struct talk talk;
	int rc;

	story_begin(story, "path MTU, IPv%u", family);
	if (!talk_find(story, family, IPPROTO_TCP, &talk) ||
	    !talk_begin(story, &talk))
		return;
	talk_expect(story, &talk, BACK, FLAG_SYN | FLAG_ACK, "the reply");
	link = topology_towards(story->topology, &talk.ways[THERE].dst);
	rc = topology_set_mtu(story->topology, link, SMALL_MTU);
	if (rc) {
		story->error = rc;
		return;
	}
	dst_mac = story_dst_mac(story, &talk.ways[THERE]);
	big.seq = talk.seq[THERE];
	big.ack = talk.seq[BACK];
	frame_build(&frame, &talk.ways[THERE], &dst_mac, wire_id(story->wire),
		    &big);
	story_send(story, talk.ways[THERE].iif, &frame);
	story_watch(story, &frame, &outcome);
	rc = topology_set_mtu(story->topology, link, 1500);
	if (rc)
		story->error = rc;
	story_check(story,
		    !outcome.seen && outcome.answered &&
			    outcome.answer.is_error &&
			    outcome.answer.dport ==
				    (family == 4 ? ICMP_DEST_UNREACH :
						   ICMP6_PACKET_TOO_BIG),
		    "the gateway says that a packet is too big");
}

void own_tell(struct story *story)
{
	unsigned int family;

	tell_neighbours(story);
	tell_advertisements(story);
	for (family = 4; family <= 6; family += 2) {
		tell_to_own(story, family);
		tell_conduits_elsewhere(story, family);
		tell_from_own(story, family);
		tell_mtu(story, family);
	}
	tell_anycast(story);
}
