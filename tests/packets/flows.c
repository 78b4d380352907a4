// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What may follow the first packet, for every flow of the policy: replies, from
 * the right place and with the right MAC; ICMP errors; and nothing that only
 * looks as if it belonged to the connection. Easy to get wrong: whether MACs
 * are bound is a matter of the flow that decided, which may be another one than
 * the one that the packet was made for; so it is read from the connection.
 */
#include "story.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>

#define FLOWS_TOLD 200 /* beyond, the rest would say the same again */

static bool is_ping(const struct talk *talk)
{
	return talk->ways[THERE].proto == IPPROTO_ICMP ||
	       talk->ways[THERE].proto == IPPROTO_ICMPV6;
}

static uint8_t answer_flags(void)
{
	return FLAG_SYN | FLAG_ACK;
}

/* Send the next packet of @way, but not as it should be. */
static void expect_dropped(struct story *story, const struct talk *talk,
			   enum way way, uint8_t flags, const char *what)
{
	struct frame frame;

	talk_frame(story, talk, way, flags, &frame);
	story_expect(story, false, talk->ways[way].iif, &frame, what);
}

static void with_wrong_mac(struct story *story, const struct talk *talk,
			   enum way way, uint8_t flags, bool bound)
{
	struct talk forged = *talk;
	struct frame frame;

	if (!talk->ways[way].iif)
		return; /* the gateway's own packets carry no MAC */
	forged.ways[way].src_mac.bytes[5] ^= 0x40;
	talk_frame(story, &forged, way, flags, &frame);
	story_expect(story, !bound, talk->ways[way].iif, &frame,
		     way == THERE ? "its next packet with another MAC" :
				    "a reply with another MAC");
}

/* The same packet, with its MAC, but from the interface of another zone */
static void from_elsewhere(struct story *story, const struct talk *talk,
			   enum way way, uint8_t flags)
{
	const struct topology *topology = story->topology;
	const struct topology_link *home;
	struct talk forged = *talk;
	size_t i;

	if (!talk->ways[way].iif)
		return;
	home = topology_link_by_name(topology, talk->ways[way].iif);
	for (i = 0; i < topology->n_links; i++) {
		if (topology->links[i].zone == home->zone)
			continue;
		forged.ways[way].iif = topology->links[i].name;
		expect_dropped(story, &forged, way, flags,
			       way == THERE ?
				       "its next packet from another zone" :
				       "a reply from another zone");
	}
}

/* ---- ICMP errors ---- */

struct error_case {
	uint8_t type, code;
	uint32_t info;
	bool pass;
	const char *what;
};

static const struct error_case errors4[] = {
	{ ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1400, true, "frag-needed" },
	{ ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, true, "port unreachable" },
	{ ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0, true, "host unreachable" },
	{ ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0, true, "time exceeded" },
	{ ICMP_PARAMETERPROB, 0, 0, true, "parameter problem" },
	{ ICMP_REDIRECT, ICMP_REDIRECT_HOST, 0x0a000001, false, "redirect" },
};

static const struct error_case errors6[] = {
	{ ICMP6_PACKET_TOO_BIG, 0, 1400, true, "packet too big" },
	{ ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, 0, true,
	  "port unreachable" },
	{ ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, 0, true,
	  "address unreachable" },
	{ ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT, 0, true,
	  "time exceeded" },
	{ ICMP6_PARAM_PROB, ICMP6_PARAMPROB_NEXTHEADER, 0, true,
	  "parameter problem" },
};

static struct complaint complaint_of(const struct error_case *error,
				     const struct probe *by)
{
	struct complaint complaint = {
		.type = error->type,
		.code = error->code,
		.info = error->info,
		.src = by->src,
		.src_mac = by->src_mac,
	};

	return complaint;
}

/* An error about @about, sent as @by would send a packet */
static void complain(struct story *story, const struct frame *about,
		     const struct probe *by, const struct error_case *error,
		     const char *what)
{
	struct complaint complaint = complaint_of(error, by);
	struct mac dst_mac = story_dst_mac(story, by);
	struct frame frame;
	char text[80];

	snprintf(text, sizeof(text), "%s: %s", error->what, what);
	frame_complain(&frame, about, &complaint, &dst_mac);
	story_expect(story, error->pass, by->iif, &frame, text);
}

/* Another place in the zone that @probe comes from, like a router in it */
static bool somebody_beside(struct story *story, struct probe *probe)
{
	const struct policy *policy = story->topology->policy;
	const struct zone *zone = policy_zone_of(policy, &probe->src);
	struct addr addr;

	if (!random_member(&story->dice, story->topology,
			   &policy->zone_endpoints[zone->index],
			   probe->src.family, &addr) ||
	    !addr_cmp(&addr, &probe->src))
		return false;
	probe->src = addr;
	return true;
}

/* Errors that only claim to be about the connection */
static void complain_falsely(struct story *story, const struct talk *talk,
			     const struct frame *about, bool bound)
{
	bool is_v4 = talk->ways[THERE].src.family == 4;
	struct error_case error = is_v4 ? errors4[1] : errors6[1];
	const struct topology *topology = story->topology;
	const struct topology_link *home =
		topology_link_by_name(topology, talk->ways[BACK].iif);
	struct probe by = talk->ways[BACK];
	struct talk never = *talk;
	struct frame frame;
	size_t i;

	error.pass = false;
	for (i = 0; i < topology->n_links; i++) {
		if (topology->links[i].zone == home->zone)
			continue;
		by.iif = topology->links[i].name;
		complain(story, about, &by, &error, "from another zone");
	}
	by.iif = talk->ways[BACK].iif;
	by.src = talk->ways[THERE].src; /* not of this zone */
	if (talk->ways[THERE].iif &&
	    policy_zone_of(topology->policy, &by.src) != home->zone)
		complain(story, about, &by, &error, "with a forged source");
	if (bound) {
		by = talk->ways[BACK];
		by.src_mac.bytes[5] ^= 0x40;
		complain(story, about, &by, &error, "with another MAC");
	}
	never.ways[THERE].sport += 20000;
	talk_frame(story, &never, THERE, FLAG_ACK, &frame);
	complain(story, &frame, &talk->ways[BACK], &error,
		 "about a connection that never was");
}

static void tell_errors(struct story *story, const struct talk *talk,
			bool bound)
{
	bool is_v4 = talk->ways[THERE].src.family == 4;
	const struct error_case *errors = is_v4 ? errors4 : errors6;
	size_t n = is_v4 ? sizeof(errors4) / sizeof(*errors4) :
			   sizeof(errors6) / sizeof(*errors6);
	struct probe router = talk->ways[BACK];
	struct frame there, back;
	size_t i;

	talk_frame(story, talk, THERE, FLAG_ACK, &there);
	talk_frame(story, talk, BACK, FLAG_ACK, &back);
	complain_falsely(story, talk, &there, bound);
	for (i = 0; i < n; i++)
		complain(story, &there, &talk->ways[BACK], &errors[i],
			 "from its destination");
	if (!bound && somebody_beside(story, &router))
		complain(story, &there, &router, &errors[0],
			 "from another place in its zone");
	if (talk->ways[THERE].iif)
		complain(story, &back, &talk->ways[THERE], &errors[1],
			 "about a reply");
}

/* ---- one flow ---- */

/* What opens nothing: a reply that nobody waits for */
static void tell_before(struct story *story, const struct talk *talk)
{
	if (talk->ways[THERE].proto == IPPROTO_UDP || !talk->ways[BACK].iif)
		return; /* of UDP, it would be a first packet */
	expect_dropped(story, talk, BACK, answer_flags(),
		       "a reply that nobody waits for");
}

static void tell_to_gateway(struct story *story, struct talk *talk)
{
	struct outcome outcome;
	struct frame frame;
	bool bound;

	talk_frame(story, talk, THERE, FLAG_SYN, &frame);
	story_send(story, talk->ways[THERE].iif, &frame);
	story_watch(story, &frame, &outcome);
	story_check(story, outcome.seen && !outcome.link,
		    "the first packet is delivered to the gateway");
	story_check(story,
		    outcome.answered && !addr_cmp(&outcome.answer.src,
						  &talk->ways[THERE].dst),
		    "the gateway's answer goes out");
	bound = talk_flow(story, talk)->conduit->bind == BIND_MAC;
	if (talk->ways[THERE].proto != IPPROTO_TCP) /* which is closed now */
		with_wrong_mac(story, talk, THERE, 0, bound);
	from_elsewhere(story, talk, THERE, FLAG_SYN);
}

static void tell_on(struct story *story, struct talk *talk)
{
	bool is_tcp = talk->ways[THERE].proto == IPPROTO_TCP;
	bool bound;

	if (!talk_begin(story, talk))
		return;
	bound = talk_flow(story, talk)->conduit->bind == BIND_MAC;
	if (bound) /* else it would be the reply, and the next one too late */
		with_wrong_mac(story, talk, BACK, answer_flags(), bound);
	from_elsewhere(story, talk, BACK, answer_flags());
	talk_expect(story, talk, BACK, answer_flags(), "the reply");
	if (is_tcp && !talk->ways[THERE].iif)
		return; /* the kernel has torn it down, it was not its own */
	if (is_tcp) {
		talk_expect(story, talk, THERE, FLAG_ACK, "the third packet");
		talk_expect(story, talk, BACK, FLAG_ACK | FLAG_PSH, "data");
	}
	if (talk->ways[THERE].proto == IPPROTO_SCTP)
		return; /* a second INIT would be another matter */
	from_elsewhere(story, talk, THERE, FLAG_ACK);
	with_wrong_mac(story, talk, THERE, FLAG_ACK, bound);
	if (!is_tcp)
		with_wrong_mac(story, talk, BACK, 0, bound);
	talk_expect(story, talk, THERE, FLAG_ACK, "its next packet");
	if (!is_ping(talk))
		talk_expect(story, talk, BACK, FLAG_ACK, "the next reply");
	tell_errors(story, talk, bound);
}

static void tell_flow(struct story *story, const struct flow *flow,
		      unsigned int family)
{
	char text[ADDR_TEXT];
	struct talk talk;

	if (!talk_open(story, flow, family, &talk))
		return; /* it has no such addresses */
	story_begin(story, "%s %s to %s %s IPv%u", flow->conduit->name,
		    flow->from->name, flow->to->name,
		    service_print(&flow->service, text), family);
	tell_before(story, &talk);
	if (flow->conduit->bind == BIND_MAC && talk.ways[THERE].iif)
		with_wrong_mac(story, &talk, THERE, FLAG_SYN, true);
	if (talk.ways[THERE].local)
		tell_to_gateway(story, &talk);
	else
		tell_on(story, &talk);
}

void flows_tell(struct story *story)
{
	const struct policy *policy = story->topology->policy;
	unsigned int family;
	size_t i;

	for (i = 0; i < policy->n_flows && i < FLOWS_TOLD; i++)
		for (family = 4; family <= 6; family += 2)
			if (!story->error)
				tell_flow(story, &policy->flows[i], family);
}
