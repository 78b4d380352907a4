// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which sessions may go on. The ruleset itself is asked, as it decides about
 * the packets as well: a second account of which conduit is the most exact
 * could come to differ from it. Easy to get wrong: that the mark is known is
 * not enough, and neither is that the flow's ends cover the addresses; and the
 * MAC address of a session's packets is not known here, only what its flow was
 * bound to.
 */
#include "session.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "arena.h"
#include "eval.h"

#define TCP_SYN 0x02

/* Ids are hashes, so they spread by themselves. */
static size_t slot_of(const struct session_index *index, uint32_t id)
{
	size_t i = id & index->mask;

	while (index->slots[i] &&
	       index->policy->flows[index->slots[i] - 1].id != id)
		i = (i + 1) & index->mask;
	return i;
}

void session_index_init(struct session_index *index,
			const struct policy *policy, struct arena *arena)
{
	size_t i, n_slots = 8;

	while (n_slots < policy->n_flows + policy->n_flows / 2)
		n_slots *= 2;
	index->policy = policy;
	index->slots = arena_alloc(arena, n_slots * sizeof(*index->slots));
	index->mask = n_slots - 1;
	for (i = 0; i < policy->n_flows; i++)
		index->slots[slot_of(index, policy->flows[i].id)] =
			(uint32_t)i + 1;
}

const struct flow *session_flow(const struct session_index *index,
				uint32_t mark)
{
	uint32_t slot = index->slots[slot_of(index, mark & ~FLOW_ENDS)];

	return slot ? &index->policy->flows[slot - 1] : NULL;
}

void session_rules_init(struct session_rules *rules,
			const struct policy *before,
			const struct policy *policy,
			const struct ruleset *ruleset, struct arena *arena)
{
	session_index_init(&rules->now, policy, arena);
	rules->before = rules->now;
	if (before != policy)
		session_index_init(&rules->before, before, arena);
	rules->ruleset = ruleset;
}

bool session_is_ours(const struct session *session)
{
	return session->mark >= FLOW_ID_MIN;
}

/* One interface of a zone is as good as another: all are treated alike. */
static const char *interface_to(const struct policy *policy,
				const struct addr *addr)
{
	const struct zone *zone = policy_zone_of(policy, addr);

	return zone && zone->n_interfaces ? zone->interfaces[0] : "";
}

/* The packet that would open the session, from the right place */
static struct packet first_packet(const struct policy *policy,
				  const struct session *session,
				  const struct flow *flow)
{
	return (struct packet){
		.iifname = policy_is_gateway(flow->from) ?
				   "" :
				   interface_to(policy, &session->src),
		.oifname = policy_is_gateway(flow->to) ?
				   "" :
				   interface_to(policy, &session->dst),
		.family = session->src.family,
		.saddr = session->src,
		.daddr = session->dst,
		.proto = session->proto,
		.sport = session->sport,
		.dport = session->dport,
		.tcp_flags = TCP_SYN,
		.hop_limit = 64,
		.daddr_is_local = policy_is_gateway(flow->to),
		.ct_state = NF_CT_STATE_BIT(IP_CT_NEW),
	};
}

static uint32_t hook_of(const struct flow *flow)
{
	if (policy_is_gateway(flow->to))
		return NF_INET_LOCAL_IN;
	if (policy_is_gateway(flow->from))
		return NF_INET_LOCAL_OUT;
	return NF_INET_FORWARD;
}

static bool is_bound(const struct flow *flow)
{
	return flow->conduit->bind == BIND_MAC;
}

bool session_may_move(const struct flow *from, const struct flow *to)
{
	return !is_bound(from) || !is_bound(to) ||
	       (mac_equal(&from->from->mac, &to->from->mac) &&
		mac_equal(&from->to->mac, &to->to->mac));
}

uint32_t session_mark(const struct session_rules *rules,
		      const struct session *session)
{
	const struct flow *flow = session_flow(&rules->before, session->mark);
	const struct flow *now;
	struct outcome outcome;
	struct packet packet;

	if (!flow)
		flow = session_flow(&rules->now, session->mark);
	if (!flow || session->src.family != session->dst.family)
		return 0;
	packet = first_packet(rules->now.policy, session, flow);
	if (eval_packet(rules->ruleset, hook_of(flow), &packet, &outcome))
		return 0;
	now = session_flow(&rules->now, outcome.ct_mark);
	if (!now || !session_may_move(flow, now))
		return 0;
	if (!outcome.accepted && is_bound(now)) {
		packet.source_mac = now->from->mac;
		if (eval_packet(rules->ruleset, hook_of(flow), &packet,
				&outcome))
			return 0;
	}
	return outcome.accepted ? outcome.ct_mark : 0;
}
