// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules. They are the same on every gateway and for every policy; the
 * policy is what their sets hold. So a reload edits elements and never rules,
 * and the work for a packet has a bound that can be read off here:
 *
 *   established, forwarded   1 lookup (live), 2 if bound to MAC (macs)
 *   new, host to host        2 (hh, live)
 *   new, class to host       4 (hh, net, nh, live)
 *   new, otherwise           at most 12, of which 4 search address ranges
 *
 * and one more (live_timed) for what ends by itself. The kernel ends elements
 * only in a hash table that is dearer to search, so they have one of their own,
 * which is asked after "live" did not know the packet.
 *
 * Easy to get wrong: "live" and "live_timed" are the only way to an accept in
 * forward. They are asked about the arrival interface, the way out and the flow at once, for the
 * first packet as for every later one. So a spoofed source, a changed route
 * and a flow that was taken out of the policy all end at the same lookup.
 *
 * The packet mark serves as a scratch register for new packets that are not
 * host to host, and is cleared when they pass.
 */
#include "program.h"

#include <assert.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include "arena.h"
#include "emit.h"
#include "partition.h"

/* nft's numbers for data types, for the eyes of "nft list ruleset" */
enum {
	TYPE_IPADDR = 7,
	TYPE_IP6ADDR = 8,
	TYPE_ETHERADDR = 9,
	TYPE_INET_PROTOCOL = 12,
	TYPE_INET_SERVICE = 13,
	TYPE_ICMP_TYPE = 14,
	TYPE_MARK = 19,
	TYPE_CT_DIR = 27,
	TYPE_ICMP6_TYPE = 29,
	TYPE_IFNAME = 41,
	TYPE_BITS = 6,
};

/* Bytes of a field in a key, rounded up to whole registers */
enum {
	LEN_MARK = 4,
	LEN_IPADDR = 4,
	LEN_IP6ADDR = 16,
	LEN_ETHERADDR = 8,
	LEN_INET_PROTOCOL = 4,
	LEN_INET_SERVICE = 4,
	LEN_CT_DIR = 4,
	LEN_IFNAME = 16,
};

#define TYPE2(a, b) ((a) << TYPE_BITS | (b))
#define TYPE3(a, b, c) (TYPE2(a, b) << TYPE_BITS | (c))
#define TYPE4(a, b, c, d) (TYPE3(a, b, c) << TYPE_BITS | (d))

#define LEN_L4 (LEN_INET_PROTOCOL + LEN_INET_SERVICE)
#define TYPE_L4(a, b) TYPE4(a, b, TYPE_INET_PROTOCOL, TYPE_INET_SERVICE)

enum data { DATA_NONE, DATA_MARK, DATA_VERDICT };

static const struct set_def {
	const char *name;
	uint32_t key_type;
	uint32_t key_len;
	enum data data;
	bool interval, counts, timed;
	const char *comment;
} set_defs[N_PROGRAM_SETS] = {
	[SET_NET4] = { "net4", TYPE_IPADDR, LEN_IPADDR, DATA_MARK, true,
		       .comment = "address to class" },
	[SET_NET6] = { "net6", TYPE_IP6ADDR, LEN_IP6ADDR, DATA_MARK, true,
		       .comment = "address to class" },
	[SET_HH4] = { "hh4", TYPE_L4(TYPE_IPADDR, TYPE_IPADDR),
		      2 * LEN_IPADDR + LEN_L4, DATA_MARK,
		      .comment = "host to host" },
	[SET_HH6] = { "hh6", TYPE_L4(TYPE_IP6ADDR, TYPE_IP6ADDR),
		      2 * LEN_IP6ADDR + LEN_L4, DATA_MARK,
		      .comment = "host to host" },
	[SET_NH4] = { "nh4", TYPE_L4(TYPE_MARK, TYPE_IPADDR),
		      LEN_MARK + LEN_IPADDR + LEN_L4, DATA_MARK,
		      .comment = "class to host" },
	[SET_NH6] = { "nh6", TYPE_L4(TYPE_MARK, TYPE_IP6ADDR),
		      LEN_MARK + LEN_IP6ADDR + LEN_L4, DATA_MARK,
		      .comment = "class to host" },
	[SET_HN4] = { "hn4", TYPE_L4(TYPE_IPADDR, TYPE_MARK),
		      LEN_IPADDR + LEN_MARK + LEN_L4, DATA_MARK,
		      .comment = "host to class" },
	[SET_HN6] = { "hn6", TYPE_L4(TYPE_IP6ADDR, TYPE_MARK),
		      LEN_IP6ADDR + LEN_MARK + LEN_L4, DATA_MARK,
		      .comment = "host to class" },
	[SET_NN] = { "nn", TYPE_L4(TYPE_MARK, TYPE_MARK), 2 * LEN_MARK + LEN_L4,
		     DATA_MARK, .comment = "class to class" },
	[SET_RARE_NET4] = { "rare_net4", TYPE_IPADDR, LEN_IPADDR, DATA_MARK,
			    true,
			    .comment =
				    "address to class, for port ranges and ICMP" },
	[SET_RARE_NET6] = { "rare_net6", TYPE_IP6ADDR, LEN_IP6ADDR, DATA_MARK,
			    true,
			    .comment =
				    "address to class, for port ranges and ICMP" },
	[SET_RARE_PAIRS] = { "rare_pairs", TYPE2(TYPE_MARK, TYPE_MARK),
			     2 * LEN_MARK, DATA_MARK,
			     .comment = "class and class to pair" },
	[SET_RARE_PORTS] = { "rare_ports", TYPE_INET_SERVICE, 2, DATA_MARK,
			     true, .comment = "port to range of ports" },
	[SET_RARE_FLOWS] = { "rare_flows",
			     TYPE3(TYPE_MARK, TYPE_INET_PROTOCOL, TYPE_MARK),
			     2 * LEN_MARK + LEN_INET_PROTOCOL, DATA_MARK,
			     .comment =
				     "pair and range of ports or ICMP type to flow" },
	[SET_LIVE] = { PROGRAM_LIVE, TYPE3(TYPE_IFNAME, TYPE_IFNAME, TYPE_MARK),
		       2 * LEN_IFNAME + LEN_MARK, DATA_VERDICT, .counts = true,
		       .comment = "in, out and flow: what is forwarded" },
	[SET_LIVE_IN] = { PROGRAM_LIVE_IN, TYPE2(TYPE_IFNAME, TYPE_MARK),
			  LEN_IFNAME + LEN_MARK, DATA_VERDICT, .counts = true,
			  .comment =
				  "in and flow: what may reach the gateway" },
	[SET_LIVE_OUT] = { PROGRAM_LIVE_OUT, TYPE2(TYPE_IFNAME, TYPE_MARK),
			   LEN_IFNAME + LEN_MARK, DATA_VERDICT, .counts = true,
			   .comment =
				   "out and flow: what the gateway may send" },
	[SET_LIVE_TIMED] = { PROGRAM_LIVE_TIMED,
			     TYPE3(TYPE_IFNAME, TYPE_IFNAME, TYPE_MARK),
			     2 * LEN_IFNAME + LEN_MARK, DATA_VERDICT,
			     .counts = true, .timed = true,
			     .comment = "what is forwarded for a time" },
	[SET_LIVE_IN_TIMED] = { PROGRAM_LIVE_IN_TIMED,
				TYPE2(TYPE_IFNAME, TYPE_MARK),
				LEN_IFNAME + LEN_MARK, DATA_VERDICT,
				.counts = true, .timed = true,
				.comment =
					"what may reach the gateway for a time" },
	[SET_LIVE_OUT_TIMED] = { PROGRAM_LIVE_OUT_TIMED,
				 TYPE2(TYPE_IFNAME, TYPE_MARK),
				 LEN_IFNAME + LEN_MARK, DATA_VERDICT,
				 .counts = true, .timed = true,
				 .comment =
					 "what the gateway may send for a time" },
	[SET_MACS] = { "macs", TYPE3(TYPE_MARK, TYPE_CT_DIR, TYPE_ETHERADDR),
		       LEN_MARK + LEN_CT_DIR + LEN_ETHERADDR, DATA_NONE,
		       .comment =
			       "flow and direction to the MAC it is bound to" },
	[SET_ENTRIES] = { "entries", TYPE2(TYPE_IFNAME, TYPE_MARK),
			  LEN_IFNAME + LEN_MARK, DATA_NONE,
			  .comment = "where sources of a class may come in" },
	[SET_INTERFACES] = { "interfaces", TYPE_IFNAME, LEN_IFNAME, DATA_NONE,
			     .comment = "of all zones" },
};

/* Sets of ICMP types, whose elements are the same everywhere */
static const struct const_set {
	const char *name;
	uint32_t key_type;
	bool maps_to_itself;
	uint8_t types[5];
} const_sets[] = {
	{ "icmp_requests",
	  TYPE_ICMP_TYPE,
	  true,
	  { ICMP_ECHO, ICMP_TIMESTAMP, ICMP_INFO_REQUEST, ICMP_ADDRESS } },
	{ "icmp6_requests", TYPE_ICMP6_TYPE, true, { ICMP6_ECHO_REQUEST } },
	{ "icmp_errors",
	  TYPE_ICMP_TYPE,
	  false,
	  { ICMP_DEST_UNREACH, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB } },
	{ "icmp6_errors",
	  TYPE_ICMP6_TYPE,
	  false,
	  { ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED,
	    ICMP6_PARAM_PROB } },
	{ "neighbours",
	  TYPE_ICMP6_TYPE,
	  false,
	  { ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT } },
	{ "mld_queries", TYPE_ICMP6_TYPE, false, { MLD_LISTENER_QUERY } },
	/* 143: MLDv2 report, RFC 3810 section 5.2 */
	{ "mld_reports",
	  TYPE_ICMP6_TYPE,
	  false,
	  { MLD_LISTENER_REPORT, MLD_LISTENER_REDUCTION, 143 } },
};

#define N_CONST_SETS (sizeof(const_sets) / sizeof(*const_sets))
static void take_flow(struct writer *w, enum program_set set, bool clears_mark)
{
	emit_lookup_data(w, set_defs[set].name);
	emit_store_ct_mark(w);
	if (clears_mark) {
		emit_set_number(w, 0);
		emit_store_mark(w);
	}
	emit_verdict(w, NFT_RETURN, NULL);
}

static void rule_jump_state(struct writer *w, unsigned int info,
			    const char *chain)
{
	emit_rule(w);
	emit_match_state(w, info);
	emit_verdict(w, NFT_JUMP, chain);
}

/* saddr . daddr -> flow */
static void rules_host_host(struct writer *w)
{
	unsigned int family;

	for (family = 4; family <= 6; family += 2) {
		emit_rule(w);
		emit_match_family(w, family);
		emit_load_l4(w,
			     emit_load_daddr(w, family,
					     emit_load_saddr(w, family, R0)));
		take_flow(w, family == 4 ? SET_HH4 : SET_HH6, false);
	}
}

/* ct mark = class of the source, or 0 */
static void rules_source_class(struct writer *w, enum program_set net4,
			       enum program_set net6)
{
	unsigned int family;

	emit_rule(w);
	emit_set_number(w, 0);
	emit_store_ct_mark(w);
	for (family = 4; family <= 6; family += 2) {
		emit_rule(w);
		emit_match_family(w, family);
		emit_load_saddr(w, family, R0);
		emit_lookup_data(w, set_defs[family == 4 ? net4 : net6].name);
		emit_store_ct_mark(w);
	}
}

/* meta mark = class of the destination, or 0 */
static void rules_dest_class(struct writer *w, enum program_set net4,
			     enum program_set net6)
{
	unsigned int family;

	emit_rule(w);
	emit_set_number(w, 0);
	emit_store_mark(w);
	for (family = 4; family <= 6; family += 2) {
		emit_rule(w);
		emit_match_family(w, family);
		emit_load_daddr(w, family, R0);
		emit_lookup_data(w, set_defs[family == 4 ? net4 : net6].name);
		emit_store_mark(w);
	}
}

static void rule_source_is_gateway(struct writer *w)
{
	emit_rule(w);
	emit_set_number(w, CLASS_GATEWAY);
	emit_store_ct_mark(w);
}

static void rule_dest_is_gateway(struct writer *w)
{
	emit_rule(w);
	emit_set_number(w, CLASS_GATEWAY);
	emit_store_mark(w);
}

/* ct mark . daddr -> flow */
static void rules_net_host(struct writer *w)
{
	unsigned int family;

	for (family = 4; family <= 6; family += 2) {
		emit_rule(w);
		emit_match_family(w, family);
		emit_load_ct(w, NFT_CT_MARK, R0);
		emit_load_l4(w, emit_load_daddr(w, family, R0 + 1));
		take_flow(w, family == 4 ? SET_NH4 : SET_NH6, false);
	}
}

/* saddr . meta mark -> flow */
static void rules_host_net(struct writer *w)
{
	unsigned int family, reg;

	for (family = 4; family <= 6; family += 2) {
		emit_rule(w);
		emit_match_family(w, family);
		reg = emit_load_saddr(w, family, R0);
		emit_load_meta(w, NFT_META_MARK, reg);
		emit_load_l4(w, reg + 1);
		take_flow(w, family == 4 ? SET_HN4 : SET_HN6, true);
	}
}

/* ct mark . meta mark -> flow */
static void rule_net_net(struct writer *w)
{
	emit_rule(w);
	emit_load_ct(w, NFT_CT_MARK, R0);
	emit_load_meta(w, NFT_META_MARK, R0 + 1);
	emit_load_l4(w, R0 + 2);
	take_flow(w, SET_NN, true);
}

static void rule_goto(struct writer *w, const char *chain)
{
	emit_rule(w);
	emit_verdict(w, NFT_GOTO, chain);
}

/* Connections begin at their beginning; none is picked up midway. */
static void rule_begin(struct writer *w)
{
	static const uint8_t flags = 0x17, syn = 0x02;

	emit_rule(w);
	emit_match_l4proto(w, IPPROTO_TCP);
	emit_load_payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1, R0);
	emit_mask(w, &flags, 1); /* FIN, SYN, RST, ACK */
	emit_compare(w, NFT_CMP_NEQ, &syn, 1);
	emit_counted_drop(w, "TCP that does not begin with SYN");
}

/*
 * What no packet may have in its headers, not even in the midst of a
 * connection. The first byte of an IPv4 header without options is 0x45: version
 * 4, five words long. All options go, not only source routes: of one that has
 * been gone to its end the kernel's parser says that there is none.
 */
static void rules_headers(struct writer *w)
{
	struct expr *expr;

	emit_rule(w);
	emit_load_payload(w, NFT_PAYLOAD_NETWORK_HEADER, 0, 1, R0);
	emit_compare_byte(w, NFT_CMP_NEQ, 0x45);
	emit_match_family(w, 4);
	emit_counted_drop(w, "IPv4 options");

	emit_rule(w);
	emit_match_family(w, 6);
	expr = emit_expr(w, EXPR_EXTHDR);
	expr->key = IPPROTO_ROUTING;
	expr->len = 1;
	expr->flags = NFT_EXTHDR_F_PRESENT;
	expr->offset = NFT_EXTHDR_OP_IPV6;
	expr->dreg = R0;
	emit_compare_byte(w, NFT_CMP_EQ, 1);
	emit_counted_drop(w, "IPv6 routing header");
}

static void rules_icmp_kind(struct writer *w)
{
	static const char *const maps[] = { "icmp_requests", "icmp6_requests" };
	unsigned int family;

	for (family = 4; family <= 6; family += 2) {
		emit_rule(w);
		emit_match_family(w, family);
		emit_match_l4proto(w,
				   family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
		emit_load_payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, R0);
		emit_lookup_data(w, maps[family == 6]);
		emit_store_mark(w);
		emit_verdict(w, NFT_GOTO, "rare_kind");
	}
}

/*
 * Ranges of ports, and ICMP types: the classes of both ends become a pair,
 * the port becomes the range it lies in, and both together give the flow.
 */
static void chains_rare(struct writer *w)
{
	emit_chain(w, "rare_kind");
	emit_rule(w);
	emit_load_ct(w, NFT_CT_MARK, R0);
	emit_load_meta(w, NFT_META_L4PROTO, R0 + 1);
	emit_load_meta(w, NFT_META_MARK, R0 + 2);
	take_flow(w, SET_RARE_FLOWS, true);
	emit_rule(w);
	emit_counted_drop(w, "not permitted");

	emit_chain(w, "rare_pair");
	emit_rule(w);
	emit_load_ct(w, NFT_CT_MARK, R0);
	emit_load_meta(w, NFT_META_MARK, R0 + 1);
	emit_lookup_data(w, set_defs[SET_RARE_PAIRS].name);
	emit_store_ct_mark(w);
	emit_verdict(w, NFT_GOTO, "rare_service");
	emit_rule(w);
	emit_counted_drop(w, "not permitted");

	emit_chain(w, "rare_service");
	rules_icmp_kind(w);
	emit_rule(w);
	emit_load_payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, R0);
	emit_lookup_data(w, set_defs[SET_RARE_PORTS].name);
	emit_store_mark(w);
	emit_verdict(w, NFT_GOTO, "rare_kind");
	emit_rule(w);
	emit_counted_drop(w, "not permitted");
}

/*
 * The choosing chains are jumped to with a new packet and return with its
 * flow as ct mark, or drop it.
 */
static void chains_choose(struct writer *w)
{
	emit_chain(w, "choose");
	rule_begin(w);
	rules_host_host(w);
	rules_source_class(w, SET_NET4, SET_NET6);
	rules_net_host(w);
	rules_dest_class(w, SET_NET4, SET_NET6);
	rules_host_net(w);
	rule_net_net(w);
	rules_source_class(w, SET_RARE_NET4, SET_RARE_NET6);
	rules_dest_class(w, SET_RARE_NET4, SET_RARE_NET6);
	rule_goto(w, "rare_pair");

	emit_chain(w, "choose_in");
	rule_begin(w);
	rules_source_class(w, SET_NET4, SET_NET6);
	rule_dest_is_gateway(w);
	rules_host_net(w);
	rule_net_net(w);
	rules_source_class(w, SET_RARE_NET4, SET_RARE_NET6);
	rule_goto(w, "rare_pair");

	emit_chain(w, "choose_out");
	rule_source_is_gateway(w);
	rules_net_host(w);
	rules_dest_class(w, SET_NET4, SET_NET6);
	rule_net_net(w);
	rules_dest_class(w, SET_RARE_NET4, SET_RARE_NET6);
	rule_goto(w, "rare_pair");
}

static void chain_bound(struct writer *w)
{
	static const uint16_t ether = ARPHRD_ETHER;

	emit_chain(w, PROGRAM_BOUND);
	emit_rule(w);
	emit_load_meta(w, NFT_META_IIFTYPE, R0);
	emit_compare(w, NFT_CMP_EQ, &ether, sizeof(ether));
	emit_load_ct(w, NFT_CT_MARK, R0);
	emit_load_ct(w, NFT_CT_DIRECTION, R0 + 1);
	emit_load_payload(w, NFT_PAYLOAD_LL_HEADER, 6, 6, R0 + 2);
	emit_lookup(w, set_defs[SET_MACS].name);
	emit_verdict(w, NF_ACCEPT, NULL);
	emit_rule(w);
	emit_counted_drop(w, "wrong MAC");
}

/* ICMP errors about a known connection: their source must be where it says. */
static void chain_errors(struct writer *w)
{
	unsigned int family;

	emit_chain(w, "errors");
	for (family = 4; family <= 6; family += 2) {
		emit_rule(w);
		emit_match_icmp_type(w, family,
				     family == 4 ? "icmp_errors" :
						   "icmp6_errors");
		emit_load_saddr(w, family, R0);
		emit_lookup_data(
			w, set_defs[family == 4 ? SET_NET4 : SET_NET6].name);
		emit_store_mark(w);
		emit_load_meta(w, NFT_META_IIFNAME, R0);
		emit_load_meta(w, NFT_META_MARK, R0 + 4);
		emit_lookup(w, set_defs[SET_ENTRIES].name);
		emit_set_number(w, 0);
		emit_store_mark(w);
		emit_verdict(w, NFT_RETURN, NULL);
	}
	emit_rule(w);
	emit_counted_drop(w, "related, but no ICMP error from its own zone");
}

/* The gateway's own errors are about packets that were already permitted. */
static void chain_errors_out(struct writer *w)
{
	static const uint32_t none = 0;
	unsigned int family;

	emit_chain(w, "errors_out");
	for (family = 4; family <= 6; family += 2) {
		emit_rule(w);
		emit_match_icmp_type(w, family,
				     family == 4 ? "icmp_errors" :
						   "icmp6_errors");
		emit_load_ct(w, NFT_CT_MARK, R0);
		emit_compare(w, NFT_CMP_NEQ, &none, sizeof(none));
		emit_verdict(w, NF_ACCEPT, NULL);
	}
	emit_rule(w);
	emit_counted_drop(w, "related, but no ICMP error of a permitted flow");
}

static void load_live(struct writer *w, const char *map)
{
	emit_load_meta(w, NFT_META_IIFNAME, R0);
	emit_load_meta(w, NFT_META_OIFNAME, R0 + 4);
	emit_load_ct(w, NFT_CT_MARK, R0 + 8);
	emit_lookup_verdict(w, map);
}

static void load_live_local(struct writer *w, uint32_t interface_key,
			    const char *map)
{
	emit_load_meta(w, interface_key, R0);
	emit_load_ct(w, NFT_CT_MARK, R0 + 4);
	emit_lookup_verdict(w, map);
}

/* Is it in force? Of packets of a connection, or else of all that come here */
static void rules_live(struct writer *w, bool established)
{
	static const char *const maps[] = { PROGRAM_LIVE, PROGRAM_LIVE_TIMED };
	size_t i;

	for (i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		emit_rule(w);
		if (established)
			emit_match_state(w, IP_CT_ESTABLISHED);
		load_live(w, maps[i]);
	}
}

static void rules_live_local(struct writer *w, uint32_t interface_key,
			     bool established)
{
	static const char *const maps[2][2] = {
		{ PROGRAM_LIVE_OUT, PROGRAM_LIVE_OUT_TIMED },
		{ PROGRAM_LIVE_IN, PROGRAM_LIVE_IN_TIMED },
	};
	size_t i;

	for (i = 0; i < 2; i++) {
		emit_rule(w);
		if (established)
			emit_match_state(w, IP_CT_ESTABLISHED);
		load_live_local(w, interface_key,
				maps[interface_key == NFT_META_IIFNAME][i]);
	}
}

static void chain_forward(struct writer *w)
{
	emit_base_chain(w, "forward", NF_INET_FORWARD);
	rules_headers(w);
	rules_live(w, true);
	rule_jump_state(w, IP_CT_NEW, "choose");
	rule_jump_state(w, IP_CT_RELATED, "errors");
	rules_live(w, false);
	emit_rule(w);
	emit_counted_drop(w, "wrong interface, or no flow");
}

static void rule_loopback(struct writer *w, uint32_t key)
{
	static const uint32_t loopback = 1; /* always, net/core/dev.c */

	emit_rule(w);
	emit_load_meta(w, key, R0);
	emit_compare(w, NFT_CMP_EQ, &loopback, sizeof(loopback));
	emit_verdict(w, NF_ACCEPT, NULL);
}

/* Neighbour discovery and multicast listeners, on interfaces of zones only */
static void rule_neighbours(struct writer *w, uint32_t interface_key,
			    const char *types, uint8_t hops)
{
	emit_rule(w);
	emit_load_meta(w, interface_key, R0);
	emit_lookup(w, set_defs[SET_INTERFACES].name);
	emit_match_icmp_type(w, 6, types);
	emit_match_hop_limit(w, hops);
	emit_verdict(w, NF_ACCEPT, NULL);
}

static void chain_input(struct writer *w)
{
	static const uint32_t local = RTN_LOCAL;
	struct expr *expr;

	emit_base_chain(w, "input", NF_INET_LOCAL_IN);
	rules_headers(w);
	rules_live_local(w, NFT_META_IIFNAME, true);
	rule_loopback(w, NFT_META_IIF);
	rule_neighbours(w, NFT_META_IIFNAME, "neighbours", 255);
	rule_neighbours(w, NFT_META_IIFNAME, "mld_queries", 1);

	emit_rule(w);
	emit_match_state(w, IP_CT_NEW);
	expr = emit_expr(w, EXPR_FIB);
	expr->key = NFT_FIB_RESULT_ADDRTYPE;
	expr->flags = NFTA_FIB_F_DADDR | NFTA_FIB_F_IIF;
	expr->dreg = R0;
	emit_compare(w, NFT_CMP_NEQ, &local, sizeof(local));
	emit_counted_drop(w, "not the address of the arrival interface");

	rule_jump_state(w, IP_CT_NEW, "choose_in");
	rule_jump_state(w, IP_CT_RELATED, "errors");
	rules_live_local(w, NFT_META_IIFNAME, false);
	emit_rule(w);
	emit_counted_drop(w, "wrong interface, or no flow");
}

static void chain_output(struct writer *w)
{
	emit_base_chain(w, "output", NF_INET_LOCAL_OUT);
	rules_live_local(w, NFT_META_OIFNAME, true);
	rule_loopback(w, NFT_META_OIF);
	rule_neighbours(w, NFT_META_OIFNAME, "neighbours", 255);
	rule_neighbours(w, NFT_META_OIFNAME, "mld_reports", 1);
	rule_jump_state(w, IP_CT_NEW, "choose_out");
	rule_jump_state(w, IP_CT_RELATED, "errors_out");
	rules_live_local(w, NFT_META_OIFNAME, false);
	emit_rule(w);
	emit_counted_drop(w, "wrong interface, or no flow");
}

/*
 * With a declared size the kernel takes its cheaper hash table, which does
 * not grow. Steps are wide, so that hardly any reload crosses one: a set with
 * another size has to be made anew.
 */
uint32_t program_set_room(size_t n)
{
	uint32_t room = 1024;

	while (room < n + n / 2)
		room *= 4;
	return room;
}

/* Bytes that a field takes in a key */
static size_t field_len(uint32_t type)
{
	switch (type) {
	case TYPE_IP6ADDR:
	case TYPE_IFNAME:
		return LEN_IP6ADDR;
	case TYPE_ETHERADDR:
		return LEN_ETHERADDR;
	}
	return LEN_MARK; /* one register */
}

size_t program_ids(const struct set *set,
		   size_t offsets[static PROGRAM_IDS_MAX])
{
	const uint32_t mask = (1u << TYPE_BITS) - 1;
	size_t offset = 0, n = 0;
	int shift;

	if (set_is_interval(set))
		return 0;
	for (shift = 4 * TYPE_BITS; shift >= 0; shift -= TYPE_BITS) {
		uint32_t type = set->key_type >> shift & mask;

		if (type == TYPE_MARK && n < PROGRAM_IDS_MAX)
			offsets[n++] = offset;
		if (type)
			offset += field_len(type);
	}
	return n;
}

bool program_is_of_flows(const struct set *set)
{
	enum program_set i;

	for (i = SET_LIVE; i <= SET_MACS; i++)
		if (!strcmp(set->name, set_defs[i].name))
			return true;
	return false;
}

static void set_init(struct set *set, const struct set_def *def)
{
	set->name = def->name;
	set->key_type = def->key_type;
	set->key_len = def->key_len;
	set->counts = def->counts;
	set->comment = def->comment;
	if (def->interval)
		set->flags |= NFT_SET_INTERVAL;
	else
		set->size = program_set_room(0);
	if (def->timed)
		set->flags |= NFT_SET_TIMEOUT;
	if (def->data == DATA_NONE)
		return;
	set->flags |= NFT_SET_MAP;
	set->data_type = def->data == DATA_MARK ? TYPE_MARK : NFT_DATA_VERDICT;
	set->data_len = def->data == DATA_MARK ? sizeof(uint32_t) : 0;
}

static void const_set_init(struct set *set, const struct const_set *def,
			   struct arena *arena)
{
	size_t i;

	set->name = def->name;
	set->key_type = def->key_type;
	set->key_len = 1;
	set->size = program_set_room(0);
	if (def->maps_to_itself) {
		set->flags = NFT_SET_MAP;
		set->data_type = TYPE_MARK;
		set->data_len = sizeof(uint32_t);
	}
	set->elems =
		arena_alloc(arena, sizeof(def->types) * sizeof(struct elem));
	for (i = 0; i < sizeof(def->types) && def->types[i]; i++) {
		set->elems[i].key = &def->types[i];
		if (def->maps_to_itself)
			set->elems[i].mark = def->types[i];
		set->n_elems++;
	}
}

struct ruleset *program_build(struct arena *arena,
			      struct set *sets[static N_PROGRAM_SETS])
{
	struct ruleset *ruleset = ruleset_new(arena);
	struct writer w = { .arena = arena, .ruleset = ruleset };
	size_t i;

	ruleset->exists = true;
	ruleset->n_sets = N_PROGRAM_SETS + N_CONST_SETS;
	ruleset->sets =
		arena_alloc(arena, ruleset->n_sets * sizeof(struct set));
	for (i = 0; i < N_PROGRAM_SETS; i++) {
		sets[i] = &ruleset->sets[i];
		set_init(sets[i], &set_defs[i]);
	}
	for (i = 0; i < N_CONST_SETS; i++)
		const_set_init(&ruleset->sets[N_PROGRAM_SETS + i],
			       &const_sets[i], arena);

	ruleset->chains = arena_alloc(arena, 16 * sizeof(struct chain));
	chain_bound(&w);
	chain_errors(&w);
	chain_errors_out(&w);
	chains_rare(&w);
	chains_choose(&w);
	chain_input(&w);
	chain_forward(&w);
	chain_output(&w);
	return ruleset;
}
