// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets in forms that a filter may stumble over: fragments, source routes,
 * odd TCP flags, other protocols, groups of receivers, damaged and tagged
 * frames. Each is first sent between two ends that a conduit joins, on a port
 * that it opens, so that nothing but the form can be the reason of a drop. Easy
 * to get wrong: an unfinished datagram stays with the kernel for a while, so
 * every one has its own identification.
 */
#include "story.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define FRAGMENT_AT 640
#define FRAGMENT_PAD 1100

/* A first packet of the talk, with a twist, on a port of its own */
static void twist_frame(struct story *story, struct talk *talk,
			const struct twist *twist, struct frame *frame)
{
	struct probe *probe = &talk->ways[THERE];
	struct mac dst_mac = story_dst_mac(story, probe);

	probe->sport++;
	talk->ways[BACK].dport++;
	frame_build(frame, probe, &dst_mac, wire_id(story->wire), twist);
}

static void expect_twisted(struct story *story, struct talk *talk,
			   const struct twist *twist, bool pass,
			   const char *what)
{
	struct frame frame;

	twist_frame(story, talk, twist, &frame);
	story_expect(story, pass, talk->ways[THERE].iif, &frame, what);
}

/* ---- TCP ---- */

static void tell_flags(struct story *story, unsigned int family)
{
	static const struct {
		uint8_t flags;
		bool pass;
		const char *what;
	} cases[] = {
		{ FLAG_SYN, true, "SYN" },
		{ FLAG_SYN | FLAG_ECE | FLAG_CWR, true, "SYN that offers ECN" },
		{ FLAG_ACK, false, "ACK without a connection" },
		{ FLAG_ACK | FLAG_PSH, false, "data without a connection" },
		{ FLAG_SYN | FLAG_ACK, false, "SYN ACK" },
		{ FLAG_FIN, false, "FIN" },
		{ FLAG_FIN | FLAG_ACK, false, "FIN ACK" },
		{ FLAG_RST, false, "RST" },
		{ FLAG_RST | FLAG_ACK, false, "RST ACK" },
		{ FLAG_SYN | FLAG_FIN, false, "SYN FIN" },
		{ FLAG_SYN | FLAG_RST, false, "SYN RST" },
		{ FLAG_PSH, false, "PSH alone" },
		{ FLAG_FIN | FLAG_PSH | FLAG_URG, false, "FIN PSH URG" },
	};
	struct talk talk;
	size_t i;

	story_begin(story, "TCP without a connection, IPv%u", family);
	if (!talk_find(story, family, IPPROTO_TCP, &talk))
		return;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct twist twist = { .tcp_flags = cases[i].flags,
				       .seq = 1000 };

		expect_twisted(story, &talk, &twist, cases[i].pass,
			       cases[i].what);
	}
}

/* ---- fragments ---- */

struct pieces {
	struct frame whole, first, last;
};

static void cut_in_two(struct story *story, struct talk *talk,
		       struct pieces *pieces)
{
	static const struct twist twist = { .pad = FRAGMENT_PAD };
	uint32_t ident;

	twist_frame(story, talk, &twist, &pieces->whole);
	ident = (uint32_t)wire_id(story->wire);
	frame_cut(&pieces->first, &pieces->whole, 0, FRAGMENT_AT, ident);
	frame_cut(&pieces->last, &pieces->whole, FRAGMENT_AT, FRAME_MAX, ident);
}

static void expect_whole(struct story *story, bool pass,
			 const struct pieces *pieces, const char *what)
{
	struct outcome outcome;

	story_watch(story, &pieces->whole, &outcome);
	story_check(story, outcome.seen == pass, "%s %s", what,
		    pass ? "pass" : "are dropped");
}

static void tell_fragments_alone(struct story *story, struct talk *talk)
{
	const char *iif = talk->ways[THERE].iif;
	struct pieces pieces;
	struct outcome outcome;

	cut_in_two(story, talk, &pieces);
	story_expect(story, false, iif, &pieces.first,
		     "a first fragment alone");
	cut_in_two(story, talk, &pieces);
	story_expect(story, false, iif, &pieces.last, "a later fragment alone");

	/* nor does a later fragment follow a datagram that has passed */
	cut_in_two(story, talk, &pieces);
	story_send(story, iif, &pieces.first);
	story_send(story, iif, &pieces.last);
	story_watch(story, &pieces.whole, &outcome);
	story_expect(story, false, iif, &pieces.last,
		     "a later fragment once more");
}

static void tell_fragments_overlapping(struct story *story, struct talk *talk)
{
	const char *iif = talk->ways[THERE].iif;
	struct pieces pieces;
	uint32_t ident;

	cut_in_two(story, talk, &pieces);
	ident = (uint32_t)wire_id(story->wire);
	frame_cut(&pieces.first, &pieces.whole, 0, FRAGMENT_AT, ident);
	frame_cut(&pieces.last, &pieces.whole, FRAGMENT_AT - 64, FRAME_MAX,
		  ident);
	story_send(story, iif, &pieces.first);
	story_send(story, iif, &pieces.last);
	expect_whole(story, false, &pieces, "overlapping fragments");
}

/* Fragments that hide the port: only the whole datagram shows it. */
static void tell_fragments_forbidden(struct story *story, struct talk *talk)
{
	const char *iif = talk->ways[THERE].iif;
	struct talk other = *talk;
	struct pieces pieces;
	uint32_t ident;

	other.ways[THERE].proto = IPPROTO_UDPLITE;
	cut_in_two(story, &other, &pieces);
	story_send(story, iif, &pieces.first);
	story_send(story, iif, &pieces.last);
	expect_whole(story, false, &pieces,
		     "fragments of a protocol that is not permitted");

	/* the second part goes where the first part was not permitted to */
	other = *talk;
	story_close_port(story, &other.ways[THERE]);
	cut_in_two(story, &other, &pieces);
	ident = (uint32_t)wire_id(story->wire);
	frame_cut(&pieces.first, &pieces.whole, 0, 8, ident);
	frame_cut(&pieces.last, &pieces.whole, 8, FRAME_MAX, ident);
	story_send(story, iif, &pieces.first);
	story_send(story, iif, &pieces.last);
	expect_whole(story, false, &pieces,
		     "tiny fragments to a port that is not permitted");
}

static void tell_fragments(struct story *story, unsigned int family)
{
	struct talk talk;
	struct pieces pieces;
	const char *iif;

	story_begin(story, "fragments, IPv%u", family);
	if (!talk_find(story, family, IPPROTO_UDP, &talk) &&
	    !talk_find(story, family, IPPROTO_TCP, &talk))
		return;
	iif = talk.ways[THERE].iif;
	cut_in_two(story, &talk, &pieces);
	story_send(story, iif, &pieces.first);
	story_send(story, iif, &pieces.last);
	expect_whole(story, true, &pieces, "both fragments");
	cut_in_two(story, &talk, &pieces);
	story_send(story, iif, &pieces.last);
	story_send(story, iif, &pieces.first);
	expect_whole(story, true, &pieces, "both fragments, the last first,");
	tell_fragments_alone(story, &talk);
	tell_fragments_overlapping(story, &talk);
	tell_fragments_forbidden(story, &talk);
}

/* ---- source routes ---- */

static void put_addr(uint8_t *at, const struct addr *addr)
{
	memcpy(at, addr->bytes, addr->family == 4 ? 4 : 16);
}

/* The whole way in the header: by the gateway's address to the destination */
static void tell_route_by_gateway(struct story *story, const struct talk *talk,
				  struct twist *twist, const char *what)
{
	const struct topology_link *link =
		topology_link_by_name(story->topology, talk->ways[THERE].iif);
	unsigned int family = talk->ways[THERE].dst.family;
	const struct addr *own = topology_link_addr(link, family);
	struct talk routed = *talk;
	struct outcome outcome;
	struct frame frame;

	if (!own)
		return;
	routed.ways[THERE].dst = *own;
	twist_frame(story, &routed, twist, &frame);
	story_send(story, talk->ways[THERE].iif, &frame);
	story_watch(story, &frame, &outcome);
	story_check(story, !outcome.seen, "%s is dropped", what);
}

/* In a connection that has been answered */
static void tell_route_inside(struct story *story, struct talk *talk,
			      const struct twist *twist, const char *what)
{
	struct twist next = *twist;
	struct frame frame;
	struct mac dst_mac = story_dst_mac(story, &talk->ways[THERE]);

	talk->ways[THERE].sport++;
	talk->ways[BACK].dport++;
	if (!talk_begin(story, talk))
		return;
	talk_expect(story, talk, BACK, FLAG_SYN | FLAG_ACK, "the reply");
	next.tcp_flags = FLAG_ACK;
	next.seq = talk->seq[THERE];
	next.ack = talk->seq[BACK];
	frame_build(&frame, &talk->ways[THERE], &dst_mac, wire_id(story->wire),
		    &next);
	story_expect(story, false, talk->ways[THERE].iif, &frame, what);
}

/**
 * struct route_case - a kind of source route
 * @what: gone already, by the gateway, inside a connection
 */
struct route_case {
	uint8_t type;
	const char *what[3];
};

static void tell_routes4(struct story *story)
{
	static const struct route_case cases[] = {
		{ 131,
		  { "a loose source route that has been gone",
		    "a loose source route by the gateway",
		    "a loose source route inside a connection" } },
		{ 137,
		  { "a strict source route that has been gone",
		    "a strict source route by the gateway",
		    "a strict source route inside a connection" } },
	};
	uint8_t options[8] = { 0, 7 };
	struct twist twist = { .options = options,
			       .options_len = sizeof(options) };
	struct talk talk;
	size_t i;

	story_begin(story, "source routes, IPv4");
	if (!talk_find(story, 4, IPPROTO_TCP, &talk))
		return;
	put_addr(options + 3, &talk.ways[THERE].dst);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		options[0] = cases[i].type;
		options[2] = 8; /* pointer: behind the last address */
		expect_twisted(story, &talk, &twist, false, cases[i].what[0]);
		options[2] = 4; /* the address is still to be visited */
		tell_route_by_gateway(story, &talk, &twist, cases[i].what[1]);
		options[2] = 8;
		tell_route_inside(story, &talk, &twist, cases[i].what[2]);
	}
}

static void tell_routes6(struct story *story)
{
	static const struct route_case cases[] = {
		{ 0,
		  { "routing header 0", "routing header 0 by the gateway",
		    "routing header 0 inside a connection" } },
		{ 2,
		  { "routing header 2", "routing header 2 by the gateway",
		    "routing header 2 inside a connection" } },
		{ 4,
		  { "segment routing", "segment routing by the gateway",
		    "segment routing inside a connection" } },
	};
	uint8_t header[24] = { 0, 2 };
	struct twist twist = { .options = header,
			       .options_len = sizeof(header),
			       .extension = IPPROTO_ROUTING };
	struct talk talk;
	size_t i;

	story_begin(story, "source routes, IPv6");
	if (!talk_find(story, 6, IPPROTO_TCP, &talk))
		return;
	put_addr(header + 8, &talk.ways[THERE].dst);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		header[2] = cases[i].type;
		header[3] = 0; /* segments left */
		expect_twisted(story, &talk, &twist, false, cases[i].what[0]);
		header[3] = 1;
		expect_twisted(story, &talk, &twist, false, cases[i].what[0]);
		tell_route_by_gateway(story, &talk, &twist, cases[i].what[1]);
		header[3] = 0;
		tell_route_inside(story, &talk, &twist, cases[i].what[2]);
	}
}

/* An extension header must not hide the port behind it. */
static void tell_extensions(struct story *story)
{
	static const struct {
		uint8_t type;
		const char *what;
	} cases[] = {
		{ IPPROTO_HOPOPTS,
		  "a forbidden port behind hop-by-hop options" },
		{ IPPROTO_DSTOPTS, "a forbidden port behind options" },
		{ IPPROTO_FRAGMENT,
		  "a forbidden port behind a fragment header" },
	};
	uint8_t header[8] = { 0, 0, 1, 4 }; /* PadN */
	struct twist twist = { .options = header,
			       .options_len = sizeof(header) };
	struct talk talk;
	size_t i;

	story_begin(story, "extension headers");
	if (!talk_find(story, 6, IPPROTO_TCP, &talk))
		return;
	story_close_port(story, &talk.ways[THERE]);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		twist.extension = cases[i].type;
		memset(header + 2, 0, 2);
		if (cases[i].type != IPPROTO_FRAGMENT) {
			header[2] = 1;
			header[3] = 4;
		}
		expect_twisted(story, &talk, &twist, false, cases[i].what);
	}
}

/* ---- other protocols ---- */

static void tell_protocols(struct story *story, unsigned int family)
{
	static const struct {
		uint8_t proto;
		const char *what;
	} cases[] = {
		{ IPPROTO_GRE, "GRE" },	  { IPPROTO_ESP, "ESP" },
		{ 89, "OSPF" },		  { IPPROTO_UDPLITE, "UDP-Lite" },
		{ IPPROTO_IPIP, "IPIP" }, { IPPROTO_IPV6, "IPv6 in IP" },
		{ IPPROTO_DCCP, "DCCP" }, { IPPROTO_IGMP, "IGMP" },
		{ 103, "PIM" },		  { 112, "VRRP" },
		{ 253, "an experiment" }, { IPPROTO_RAW, "protocol 255" },
	};
	struct talk talk;
	size_t i;

	story_begin(story, "other protocols, IPv%u", family);
	if (!talk_find(story, family, 0, &talk))
		return;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		talk.ways[THERE].proto = cases[i].proto;
		expect_twisted(story, &talk, NULL, false, cases[i].what);
	}
}

/* ---- many receivers ---- */

/* An IP packet to a group goes in a frame to the group. */
static void expect_group(struct story *story, struct talk *talk,
			 const struct addr *group, const char *what)
{
	struct probe *probe = &talk->ways[THERE];
	struct mac mac = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct frame frame;

	if (group->family == 6) {
		mac = (struct mac){ { 0x33, 0x33 } };
		memcpy(mac.bytes + 2, group->bytes + 12, 4);
	} else if (group->bytes[0] >> 4 == 0xe) {
		mac = (struct mac){ { 0x01, 0x00, 0x5e } };
		memcpy(mac.bytes + 3, group->bytes + 1, 3);
		mac.bytes[3] &= 0x7f;
	}
	probe->dst = *group;
	probe->sport++;
	frame_build(&frame, probe, &mac, wire_id(story->wire), NULL);
	story_expect(story, false, probe->iif, &frame, what);
}

static void tell_groups(struct story *story, unsigned int family)
{
	static const char *const groups[2][4] = {
		{ "224.0.0.251", "224.0.0.1", "239.1.2.3", "255.255.255.255" },
		{ "ff02::fb", "ff02::1", "ff05::2", "ff0e::1234" },
	};
	const struct policy *policy = story->topology->policy;
	struct talk talk;
	struct addr group;
	size_t i, k;

	story_begin(story, "many receivers, IPv%u", family);
	if (!talk_find(story, family, IPPROTO_UDP, &talk) &&
	    !talk_find(story, family, IPPROTO_TCP, &talk))
		return;
	for (i = 0; i < 4; i++)
		if (!addr_parse(groups[family == 6][i], &group))
			expect_group(story, &talk, &group,
				     groups[family == 6][i]);
	for (i = 0; family == 4 && i < policy->n_zones; i++)
		for (k = 0; k < policy->zones[i].n_networks; k++) {
			const struct prefix *net =
				&policy->zones[i].networks[k];
			char text[ADDR_TEXT];

			if (net->addr.family != 4 || net->len > 30)
				continue;
			group = prefix_last(net);
			expect_group(story, &talk, &group,
				     addr_print(&group, text));
		}
}

/* ---- frames ---- */

static void expect_addressed(struct story *story, struct talk *talk,
			     const struct mac *dst_mac, const char *what)
{
	struct frame frame;

	talk->ways[THERE].sport++;
	frame_build(&frame, &talk->ways[THERE], dst_mac, wire_id(story->wire),
		    NULL);
	story_expect(story, false, talk->ways[THERE].iif, &frame, what);
}

static void tell_tags(struct story *story, struct talk *talk)
{
	static const struct {
		uint16_t ethertype, vlan;
		const char *what;
	} cases[] = {
		{ 0x8100, 11, "a frame with a VLAN tag" },
		{ 0x8100, 4095, "a frame with VLAN 4095" },
		{ 0x88a8, 11, "a frame with a provider's tag" },
		{ 0x8847, 0x0001, "a frame with an MPLS label" },
	};
	const char *iif = talk->ways[THERE].iif;
	struct frame frame;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		twist_frame(story, talk, NULL, &frame);
		frame_tag(&frame, cases[i].ethertype, cases[i].vlan);
		story_expect(story, false, iif, &frame, cases[i].what);
	}
	twist_frame(story, talk, NULL, &frame);
	frame_tag(&frame, 0x8100, 11);
	frame_tag(&frame, 0x8100, 0);
	story_expect(story, false, iif, &frame, "a frame with two tags");
	twist_frame(story, talk, NULL, &frame);
	frame_set_ethertype(&frame, talk->ways[THERE].dst.family == 4 ? 0x86dd :
									0x0800);
	story_expect(story, false, iif, &frame,
		     "a frame of the other IP version's type");
	twist_frame(story, talk, NULL, &frame);
	frame_set_ethertype(&frame, 0x88b7);
	story_expect(story, false, iif, &frame, "a frame of another type");
}

static void tell_damage(struct story *story, struct talk *talk)
{
	static const struct twist bad_ip = { .damage_ip = true };
	static const struct twist bad_l4 = { .damage_l4 = true };
	static const struct twist last_hop = { .hops = 1 };
	struct frame frame;

	if (talk->ways[THERE].dst.family == 4)
		expect_twisted(story, talk, &bad_ip, false,
			       "a wrong header checksum");
	expect_twisted(story, talk, &bad_l4, false, "a wrong checksum");
	expect_twisted(story, talk, &last_hop, false, "a last hop");
	twist_frame(story, talk, NULL, &frame);
	frame.len -= 4;
	story_expect(story, false, talk->ways[THERE].iif, &frame,
		     "a packet that lacks its end");
}

static void tell_frames(struct story *story, unsigned int family)
{
	static const struct mac everybody = { { 0xff, 0xff, 0xff, 0xff, 0xff,
						0xff } };
	static const struct mac group = { { 0x01, 0x00, 0x5e, 0, 0, 0xfb } };
	static const struct mac other = { { 0x02, 0x77, 0, 0, 0, 0x01 } };
	struct talk talk;

	story_begin(story, "frames, IPv%u", family);
	if (!talk_find(story, family, IPPROTO_TCP, &talk) &&
	    !talk_find(story, family, IPPROTO_UDP, &talk))
		return;
	expect_addressed(story, &talk, &everybody, "a frame to everybody");
	expect_addressed(story, &talk, &group, "a frame to a group");
	expect_addressed(story, &talk, &other, "a frame to somebody else");
	tell_tags(story, &talk);
	tell_damage(story, &talk);
}

void forms_tell(struct story *story)
{
	unsigned int family;

	for (family = 4; family <= 6; family += 2) {
		tell_flags(story, family);
		tell_fragments(story, family);
		tell_protocols(story, family);
		tell_groups(story, family);
		tell_frames(story, family);
	}
	tell_routes4(story);
	tell_routes6(story);
	tell_extensions(story);
}
