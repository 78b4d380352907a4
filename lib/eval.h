/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_EVAL_H
#define SEKIMORI_EVAL_H

#include "addr.h"
#include "ruleset.h"

struct suspects;

/**
 * struct packet - one packet as the ruleset may see it
 * @iifname, @oifname: "" where the hook has none
 * @family: 4 or 6
 * @sport: of TCP, UDP and SCTP
 * @dport: likewise; of ICMP its type
 * @has_options: IPv4: there are options; IPv6: there is a routing header
 * @daddr_is_local: the destination is an address of the arrival interface
 * @ct_state: one NF_CT_STATE_BIT(), or 0 for a packet that is not tracked
 * @ct_mark, @mark: before the ruleset
 * @met: gets the elements that it searches for, whether they are there or not;
 *	NULL: nobody wants to know
 */
struct packet {
	const char *iifname, *oifname;
	struct mac source_mac;
	uint8_t family;
	struct addr saddr, daddr;
	uint8_t proto;
	uint16_t sport, dport;
	uint8_t tcp_flags;
	uint8_t hop_limit;
	bool has_options;
	bool daddr_is_local;
	uint32_t ct_state;
	uint32_t ct_mark;
	bool ct_is_reply;
	uint32_t mark;
	struct suspects *met;
};

/**
 * struct outcome - what became of the packet
 * @accepted: else dropped
 * @ct_mark, @mark: afterwards
 * @n_lookups: how many sets were searched
 */
struct outcome {
	bool accepted;
	uint32_t ct_mark, mark;
	unsigned int n_lookups;
};

/**
 * eval_packet - what the kernel would do with a packet
 * @ruleset: sorted; compiled or as observed
 * @hook: NF_INET_FORWARD, NF_INET_LOCAL_IN or NF_INET_LOCAL_OUT
 *
 * 0; -ENOTSUP if an expression is met that the evaluator does not know; -ELOOP
 * if jumps go deeper than the kernel allows.
 */
int eval_packet(const struct ruleset *ruleset, uint32_t hook,
		const struct packet *packet, struct outcome *outcome);

/**
 * eval_packet_across - the same while another ruleset is committed
 * @after: that one
 * @n_before: how many lookups come before the commit
 *
 * As in the kernel: rules stay those that the packet has begun with, and each
 * lookup finds what is in force at that moment.
 */
int eval_packet_across(const struct ruleset *ruleset,
		       const struct ruleset *after, unsigned int n_before,
		       uint32_t hook, const struct packet *packet,
		       struct outcome *outcome);

#endif
