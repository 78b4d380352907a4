// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What sequences of packets are made of: one packet, and what became of it.
 * Easy to get wrong: whether a packet was seen is asked of all interfaces and
 * of the gateway itself, but a packet that passes has to be seen on its right
 * way; and an answer to a packet may carry the packet's own payload.
 */
#include "story.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void story_begin(struct story *story, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(story->subject, sizeof(story->subject), fmt, args);
	va_end(args);
	if (!story->error)
		story->error = wire_forget(story->wire);
}

void story_check(struct story *story, bool ok, const char *fmt, ...)
{
	va_list args;

	if (story->error)
		return;
	story->n_checks++;
	story->n_failed += !ok;
	if (ok && !story->verbose)
		return;
	printf("%s %s: ", ok ? "ok     " : "FAILED ", story->subject);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void story_send(struct story *story, const char *iif, const struct frame *frame)
{
	int rc;

	if (story->error)
		return;
	rc = iif ? wire_send(story->wire, iif, frame) :
		   wire_send_own(story->wire, frame);
	if (rc && (iif || (rc != -EPERM && rc != -ENETUNREACH)))
		story->error = rc;
}

struct wire_watch {
	struct view sent;
	struct outcome *outcome;
};

static bool is_icmp(const struct view *view)
{
	return view->proto == IPPROTO_ICMP || view->proto == IPPROTO_ICMPV6;
}

static bool is_the_same(const struct view *sent,
			const struct sighting *sighting)
{
	const struct view *seen = &sighting->view;

	if (seen->proto != sent->proto || seen->is_error != sent->is_error ||
	    (is_icmp(sent) && seen->dport != sent->dport))
		return false;
	if (sighting->link && addr_cmp(&seen->src, &sent->src))
		return false;
	if (sent->has_id)
		return seen->has_id && seen->id == sent->id;
	return sighting->link && !addr_cmp(&seen->dst, &sent->dst);
}

static void watch_see(const struct sighting *sighting, void *data)
{
	struct wire_watch *watch = data;
	struct outcome *outcome = watch->outcome;

	if (is_the_same(&watch->sent, sighting)) {
		outcome->seen = true;
		outcome->link = sighting->link;
	} else if (sighting->link && !outcome->answered &&
		   !addr_cmp(&sighting->view.dst, &watch->sent.src)) {
		outcome->answered = true;
		outcome->answer = sighting->view;
		outcome->answer_link = sighting->link;
	}
}

/* Tags are taken off, and a lie about the protocol is seen through. */
static bool parse_sent(const struct frame *frame, struct view *view)
{
	static const uint8_t tags[][2] = {
		{ 0x81, 0x00 },
		{ 0x88, 0xa8 },
		{ 0x88, 0x47 },
	};
	size_t at = 12, i = 0;

	while (at + 4 < frame->len && i < sizeof(tags) / sizeof(*tags))
		if (!memcmp(frame->data + at, tags[i], 2)) {
			at += 4;
			i = 0;
		} else {
			i++;
		}
	return frame_parse(frame->data + at + 2, frame->len - at - 2, view);
}

void story_watch(struct story *story, const struct frame *frame,
		 struct outcome *outcome)
{
	struct wire_watch watch = { .outcome = outcome };

	memset(outcome, 0, sizeof(*outcome));
	if (story->error)
		return;
	if (!parse_sent(frame, &watch.sent)) {
		story->error = -EBADMSG; /* our own mistake */
		return;
	}
	story->error = wire_collect(story->wire, watch_see, &watch);
}

static bool is_right_way(const struct story *story, const struct frame *frame,
			 const struct outcome *outcome)
{
	struct view view;

	if (!parse_sent(frame, &view))
		return false;
	if (topology_owner(story->topology, &view.dst))
		return !outcome->link;
	return outcome->link == topology_towards(story->topology, &view.dst);
}

void story_expect(struct story *story, bool pass, const char *iif,
		  const struct frame *frame, const char *what)
{
	struct outcome outcome;

	story_send(story, iif, frame);
	story_watch(story, frame, &outcome);
	if (pass)
		story_check(story,
			    outcome.seen &&
				    is_right_way(story, frame, &outcome),
			    "%s passes", what);
	else
		story_check(story, !outcome.seen, "%s is dropped", what);
}

struct mac story_dst_mac(const struct story *story, const struct probe *probe)
{
	const struct topology_link *link =
		probe->iif ?
			topology_link_by_name(story->topology, probe->iif) :
			NULL;

	return link ? link->mac : probe->src_mac;
}

static bool end_has(const struct endpoint *end, const struct addr *addr)
{
	size_t i;

	for (i = 0; i < end->n_prefixes; i++)
		if (prefix_has_addr(&end->prefixes[i], addr))
			return true;
	return false;
}

static bool flow_permits(const struct story *story, const struct flow *flow,
			 const struct probe *probe)
{
	const struct policy *policy = story->topology->policy;

	if (flow->service.proto != probe->proto ||
	    probe->dport < flow->service.first ||
	    probe->dport > flow->service.last)
		return false;
	if (policy_is_gateway(flow->from) ?
		    probe->iif != NULL :
		    !probe->iif || !end_has(flow->from, &probe->src) ||
			    policy_zone_of(policy, &probe->src) !=
				    flow->from->zone)
		return false;
	return policy_is_gateway(flow->to) ?
		       probe->local != NULL :
		       !probe->local && end_has(flow->to, &probe->dst) &&
			       policy_zone_of(policy, &probe->dst) ==
				       flow->to->zone;
}

bool story_permits(const struct story *story, const struct probe *probe)
{
	const struct policy *policy = story->topology->policy;
	size_t i;

	for (i = 0; i < policy->n_flows; i++)
		if (flow_permits(story, &policy->flows[i], probe))
			return true;
	return false;
}

void story_close_port(const struct story *story, struct probe *probe)
{
	uint16_t first = probe->dport;

	do {
		probe->dport += 257;
	} while (probe->dport != first && story_permits(story, probe));
}

/* ---- connections ---- */

static uint16_t reply_type(uint8_t proto, uint16_t type)
{
	if (proto == IPPROTO_ICMPV6)
		return ICMP6_ECHO_REPLY;
	return type == ICMP_ECHO ? ICMP_ECHOREPLY : type + 1;
}

static void turn_round(const struct topology *topology,
		       const struct probe *there, struct probe *back)
{
	const struct topology_link *link;
	bool is_ping = there->proto == IPPROTO_ICMP ||
		       there->proto == IPPROTO_ICMPV6;

	memset(back, 0, sizeof(*back));
	back->src = there->dst;
	back->dst = there->src;
	back->proto = there->proto;
	back->sport = is_ping ? there->sport : there->dport;
	back->dport = is_ping ? reply_type(there->proto, there->dport) :
				there->sport;
	link = there->local ? NULL : topology_towards(topology, &there->dst);
	if (link) {
		back->iif = link->name;
		back->src_mac = topology_mac(topology, &there->dst);
	}
	link = topology_owner(topology, &back->dst);
	if (back->iif && link)
		back->local = link->name;
}

bool talk_open(struct story *story, const struct flow *flow,
	       unsigned int family, struct talk *talk)
{
	memset(talk, 0, sizeof(*talk));
	talk->flow = flow;
	if (!random_flow_probe(&story->dice, story->topology, flow, family,
			       &talk->ways[THERE]))
		return false;
	talk->ways[THERE].sport =
		(uint16_t)(20000 + dice_roll(&story->dice, 20000));
	turn_round(story->topology, &talk->ways[THERE], &talk->ways[BACK]);
	talk->seq[THERE] = 1000;
	talk->seq[BACK] = 5000000;
	return true;
}

static bool find_with_bind(struct story *story, unsigned int family,
			   uint8_t proto, enum bind bind, struct talk *talk)
{
	const struct policy *policy = story->topology->policy;
	size_t i;

	for (i = 0; i < policy->n_flows; i++) {
		const struct flow *flow = &policy->flows[i];

		if (flow->service.proto == proto &&
		    (flow->conduit->bind == BIND_MAC) == (bind == BIND_MAC) &&
		    !policy_is_gateway(flow->from) &&
		    !policy_is_gateway(flow->to) &&
		    talk_open(story, flow, family, talk))
			return true;
	}
	return false;
}

bool talk_find(struct story *story, unsigned int family, uint8_t proto,
	       struct talk *talk)
{
	if (!proto)
		return talk_find(story, family, IPPROTO_TCP, talk) ||
		       talk_find(story, family, IPPROTO_UDP, talk);
	return find_with_bind(story, family, proto, BIND_IP, talk) ||
	       find_with_bind(story, family, proto, BIND_MAC, talk);
}

void talk_frame(struct story *story, const struct talk *talk, enum way way,
		uint8_t flags, struct frame *frame)
{
	const struct probe *probe = &talk->ways[way];
	struct mac dst_mac = story_dst_mac(story, probe);
	struct twist twist = {
		.tcp_flags = flags,
		.seq = talk->seq[way],
		.ack = flags & FLAG_ACK ? talk->seq[!way] : 0,
		.chunk = way == BACK ? 2 : 1, /* INIT ACK, INIT */
		.vtag = way == BACK ? FRAME_SCTP_TAG : 0,
	};

	frame_build(frame, probe, &dst_mac, wire_id(story->wire), &twist);
}

void talk_expect(struct story *story, struct talk *talk, enum way way,
		 uint8_t flags, const char *what)
{
	static const struct twist plain;
	struct frame frame;

	talk_frame(story, talk, way, flags, &frame);
	story_expect(story, true, talk->ways[way].iif, &frame, what);
	talk->seq[way] += (uint32_t)frame_payload(&plain) +
			  (flags & (FLAG_SYN | FLAG_FIN) ? 1 : 0);
}

bool talk_begin(struct story *story, struct talk *talk)
{
	unsigned int failed = story->n_failed;

	talk_expect(story, talk, THERE, FLAG_SYN, "the first packet");
	return !story->error && story->n_failed == failed;
}

const struct flow *talk_flow(struct story *story, const struct talk *talk)
{
	const struct policy *policy = story->topology->policy;
	uint32_t mark = 0;
	size_t i;

	if (!story->error)
		story->error = wire_mark(story->wire, &talk->ways[THERE].src,
					 &talk->ways[THERE].dst, &mark);
	for (i = 0; i < policy->n_flows; i++)
		if (policy->flows[i].id == mark)
			return &policy->flows[i];
	return talk->flow;
}
