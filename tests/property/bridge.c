// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Property: for random pairs of policies, mostly alike, the way from the ruleset
 * of one to that of the other neither loses nor lets through what it should not.
 * Each packet is tried with each commit after each of its lookups, and each
 * connection before and after it is given another flow. The seed is printed;
 * SEED and ROUNDS in the environment repeat or extend a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "arena.h"
#include "bridge.h"
#include "compile.h"
#include "flow.h"
#include "generate.h"
#include "probes.h"
#include "session.h"

#define NOW 1793491200 /* 2026-11-01, UTC */
#define PACKETS 300

/*
 * What is counted, so that it is seen to have happened. @torn: lost by the
 * first step, or the only one; @unbridged: by one step where two are made.
 */
struct count {
	unsigned long pairs, aheads, bridges, firsts, unbridged, torn;
	unsigned long kept, moved, ended, apart;
};

struct way {
	struct bridge bridge;
	const struct ruleset *before, *next;
	struct session_rules rules;
};

static struct outcome decide(const struct ruleset *from,
			     const struct ruleset *to, unsigned int n_before,
			     uint32_t hook, const struct packet *packet)
{
	struct outcome outcome;

	if (eval_packet_across(from, to, n_before, hook, packet, &outcome))
		abort();
	return outcome;
}

/* The mark that a packet passes with; 0: it does not */
static uint32_t mark_of(const struct ruleset *ruleset, uint32_t hook,
			const struct packet *packet)
{
	const struct outcome outcome =
		decide(ruleset, ruleset, 0, hook, packet);

	return outcome.accepted ? outcome.ct_mark : 0;
}

/* Is the packet one of the flow? If that is not of the gateway, then by address */
static bool is_of(const struct flow *flow, const struct packet *packet)
{
	const uint8_t bits = packet->family == 4 ? 32 : 128;
	struct prefix src = { packet->saddr, bits };
	struct prefix dst = { packet->daddr, bits };
	struct endpoint from = *flow->from, to = *flow->to;
	const struct flow one = {
		.from = &from,
		.to = &to,
		.service = { packet->proto, packet->dport, packet->dport },
	};

	from.prefixes = &src;
	to.prefixes = &dst;
	from.n_prefixes = to.n_prefixes = 1;
	return flow_overlaps(flow, &one);
}

/* Does the mark name a flow, of one of the policies, that the packet is of? */
static bool is_covered(const struct way *way, uint32_t mark,
		       const struct packet *packet)
{
	const struct flow *old = session_flow(&way->rules.before, mark);
	const struct flow *new = session_flow(&way->rules.now, mark);

	return (old && is_of(old, packet)) || (new &&is_of(new, packet));
}

/*
 * One commit, met by a first packet after each of its lookups. What passes does
 * so by a flow that it is of: mostly one that decides about it before or after,
 * but it may have been asked for a more exact one too early, and meet a less
 * exact one. And what both permit passes; but for what was asked for the more
 * exact of two flows too early and for the other one too late, and for what has
 * both its ends in classes that are made anew. @lost counts those.
 */
static bool first_is_right(const struct way *way, const struct ruleset *from,
			   const struct ruleset *to, uint32_t hook,
			   const struct packet *packet, unsigned long *lost)
{
	const struct outcome old = decide(from, from, 0, hook, packet);
	const uint32_t was = old.accepted ? old.ct_mark : 0;
	const uint32_t is = mark_of(to, hook, packet);
	unsigned int n;

	for (n = 1; n <= old.n_lookups; n++) {
		struct outcome now = decide(from, to, n, hook, packet);

		if (now.accepted && !is_covered(way, now.ct_mark, packet))
			return false;
		*lost += was && is && !now.accepted;
	}
	return true;
}

static bool check_first(const struct way *way, uint32_t hook,
			const struct packet *packet, struct count *count)
{
	unsigned long lost = 0;

	const struct ruleset *ahead = way->bridge.ahead;
	const struct ruleset *between = way->bridge.between;

	if (!first_is_right(way, way->before, way->next, hook, packet,
			    between ? &count->unbridged : &count->torn))
		return false;
	count->firsts++;
	/* Who comes anew sees nothing of what was added, */
	if (ahead &&
	    mark_of(ahead, hook, packet) != mark_of(way->before, hook, packet))
		return false;
	if (!between)
		return true;
	/* nor of what was kept. */
	if (mark_of(between, hook, packet) != mark_of(way->next, hook, packet))
		return false;
	if (!first_is_right(way, ahead ? ahead : way->before, between, hook,
			    packet, &count->torn) ||
	    !first_is_right(way, between, way->next, hook, packet, &lost))
		return false;
	return !lost;
}

static struct packet later(const struct packet *first, uint32_t mark)
{
	struct packet packet = *first;

	packet.ct_state = NF_CT_STATE_BIT(IP_CT_ESTABLISHED);
	packet.ct_mark = mark;
	packet.tcp_flags = 0x10;
	return packet;
}

/* What the next policy does not permit stops with the step that is its own. */
static bool check_end(const struct way *way, uint32_t hook,
		      struct packet *packet, struct count *count)
{
	const uint32_t was = packet->ct_mark;
	const struct ruleset *ahead = way->bridge.ahead;
	const struct ruleset *between = way->bridge.between;

	count->ended++;
	/* With its flow it stops for good, before any sweep. */
	if (!session_flow(&way->rules.now, was) &&
	    mark_of(way->next, hook, packet))
		return false;
	packet->ct_mark = bridge_mark_of_end(&way->bridge, was);
	if (packet->ct_mark == was)
		return true;
	count->apart++;
	return mark_of(ahead, hook, packet) &&
	       !(between && mark_of(between, hook, packet)) &&
	       !mark_of(way->next, hook, packet);
}

/* With its new mark it passes ahead as well, unless it has to wait for that. */
static bool goes_on_ahead(const struct way *way, uint32_t hook,
			  const struct packet *packet, uint32_t was)
{
	return packet->ct_mark == was ||
	       !bridge_has_ahead(&way->bridge, packet->ct_mark) ||
	       mark_of(way->bridge.ahead, hook, packet);
}

/* A connection that was opened before: is it served right on the whole way? */
static bool check_session(const struct way *way, uint32_t hook,
			  const struct packet *first, struct count *count)
{
	const uint32_t was = mark_of(way->before, hook, first);
	const struct session session = {
		.src = first->saddr,
		.dst = first->daddr,
		.proto = first->proto,
		.sport = first->sport,
		.dport = first->dport,
		.mark = was,
	};
	const struct flow *flow = session_flow(&way->rules.before, was);
	const struct ruleset *between = way->bridge.between;
	uint32_t is = session_mark(&way->rules, &session);
	struct packet packet = later(first, was);

	if (!between)
		between = way->next;
	if (!is)
		return check_end(way, hook, &packet, count);
	/* The first packet's MAC was right for the flow that it was of. */
	if (session_flow(&way->rules.now, is)->conduit->bind == BIND_MAC &&
	    flow->conduit->bind != BIND_MAC)
		return true;
	/*
	 * It passes until it has its new mark, and with that from then on,
	 * whether it gets that ahead or, as it was opened then, in between.
	 */
	if (!mark_of(between, hook, &packet))
		return false;
	count->kept += is == was;
	count->moved += is != was;
	packet.ct_mark = is;
	return (!way->bridge.ahead || goes_on_ahead(way, hook, &packet, was)) &&
	       mark_of(between, hook, &packet) &&
	       mark_of(way->next, hook, &packet);
}

static bool check_pair(struct dice *dice, const struct policy *a,
		       const struct policy *b, struct count *count,
		       struct probe *probe)
{
	struct arena *arena = arena_new();
	const struct terms *then = terms_build(a, NOW, 0, &calendar_utc, arena);
	const struct terms *now = terms_build(b, NOW, 0, &calendar_utc, arena);
	struct way way;
	struct bridge_side before, next;
	bool ok = true;
	unsigned int i;

	way.before = compile_policy(a, then, arena);
	way.next = compile_policy(b, now, arena);
	before = (struct bridge_side){ a, way.before };
	next = (struct bridge_side){ b, way.next };
	bridge_build(&before, &next, 0, arena, &way.bridge);
	session_rules_init(&way.rules, a, b, way.next, arena);
	count->pairs++;
	count->aheads += !!way.bridge.ahead;
	count->bridges += !!way.bridge.between;
	for (i = 0; ok && i < PACKETS; i++) {
		const struct policy *from = dice_roll(dice, 2) ? a : b;
		struct packet packet;
		uint32_t hook;

		if (!from->n_flows)
			continue;
		probes_any(dice, from, probe);
		if (!probes_can_be(probe))
			continue;
		packet = probes_packet(from, probe);
		hook = probes_hook(probe);
		ok = check_first(&way, hook, &packet, count) &&
		     (!mark_of(way.before, hook, &packet) ||
		      check_session(&way, hook, &packet, count));
	}
	arena_free(arena);
	return ok;
}

static bool run_round(struct dice *dice, void *data)
{
	struct count *count = data;
	struct arena *arena = arena_new();
	struct generate_pair pair;
	struct probe probe = { 0 };
	bool ok = true;

	generate_pair(dice, arena, &pair);
	if (pair.policy[0] && pair.policy[1])
		ok = check_pair(dice, pair.policy[0], pair.policy[1], count,
				&probe);
	if (!ok)
		probes_report(&probe, &pair);
	generate_pair_free(&pair);
	arena_free(arena);
	return ok;
}

int main(void)
{
	struct count count = { 0 };
	unsigned long n = dice_play(0xb21d6e, 600, run_round, &count);

	if (!n)
		return 1;
	printf("bridge: %lu pairs of policies, %lu with something in between, "
	       "%lu with something ahead; %lu first packets, of which a commit "
	       "in their midst loses %lu (%lu with nothing in between); "
	       "connections: %lu go on, %lu under another flow, %lu end, %lu of "
	       "them set apart\n",
	       count.pairs, count.bridges, count.aheads, count.firsts,
	       count.torn, count.unbridged, count.kept, count.moved,
	       count.ended, count.apart);
	/* A sample of one kind only would show nothing. */
	return count.bridges < n / 10 || count.aheads < n / 20 ||
	       count.unbridged < n || count.moved < n / 5 || count.ended < n ||
	       count.kept < n || count.apart < n / 20;
}
