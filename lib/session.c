// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which sessions may go on. The ruleset itself is asked, as it decides about
 * the packets as well: a second account of which conduit is the most exact
 * could come to differ from it. Easy to get wrong: that the mark is known is
 * not enough, and neither is that the flow's ends cover the addresses.
 */
#include "session.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "arena.h"
#include "eval.h"

#define TCP_SYN 0x02

/* Ids are hashes, so they spread by themselves. */
static size_t slot_of(const struct session_rules *rules, uint32_t id)
{
	size_t i = id & rules->mask;

	while (rules->slots[i] &&
	       rules->policy->flows[rules->slots[i] - 1].id != id)
		i = (i + 1) & rules->mask;
	return i;
}

void session_rules_init(struct session_rules *rules,
			const struct policy *policy,
			const struct ruleset *ruleset, struct arena *arena)
{
	size_t i, n_slots = 8;

	while (n_slots < policy->n_flows + policy->n_flows / 2)
		n_slots *= 2;
	rules->policy = policy;
	rules->ruleset = ruleset;
	rules->slots = arena_alloc(arena, n_slots * sizeof(*rules->slots));
	rules->mask = n_slots - 1;
	for (i = 0; i < policy->n_flows; i++)
		rules->slots[slot_of(rules, policy->flows[i].id)] =
			(uint32_t)i + 1;
}

bool session_is_ours(const struct session *session)
{
	return session->mark >= FLOW_ID_MIN;
}

const struct flow *session_flow(const struct session_rules *rules,
				const struct session *session)
{
	uint32_t slot = rules->slots[slot_of(rules, session->mark)];

	return slot ? &rules->policy->flows[slot - 1] : NULL;
}

/* One interface of a zone is as good as another: all are treated alike. */
static const char *interface_of(const struct endpoint *end)
{
	return end->zone->n_interfaces ? end->zone->interfaces[0] : "";
}

/* The packet that would open the session, from the right place */
static struct packet first_packet(const struct session *session,
				  const struct flow *flow)
{
	return (struct packet){
		.iifname = interface_of(flow->from),
		.oifname = interface_of(flow->to),
		.source_mac = flow->from->mac,
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

bool session_permitted(const struct session_rules *rules,
		       const struct session *session)
{
	const struct flow *flow = session_flow(rules, session);
	struct outcome outcome;
	struct packet packet;

	if (!flow || session->src.family != session->dst.family)
		return false;
	packet = first_packet(session, flow);
	if (eval_packet(rules->ruleset, hook_of(flow), &packet, &outcome))
		return false;
	return outcome.accepted && outcome.ct_mark == session->mark;
}
