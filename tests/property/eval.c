// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Property: for random policies and random packets, the compiled ruleset, as
 * the evaluator carries it out, decides what the policy says. No root, no
 * kernel: the first net for mistakes in the compiler. The seed is printed;
 * SEED and ROUNDS in the environment repeat or extend a run.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "arena.h"
#include "compile.h"
#include "eval.h"
#include "generate.h"
#include "probes.h"
#include "reference.h"

/* A year from 2026-11-01 00:00 UTC on */
#define FIRST 1793491200u
#define SECONDS (365 * 86400u)
#define PACKETS 600

struct count {
	unsigned long pass, drop, bound_drop;
	unsigned int most_lookups;
	int64_t local; /* now */
};

/* Is the answer of the peer let through, and only if the MAC is right? */
static bool reply_is_right(const struct policy *policy,
			   const struct ruleset *ruleset,
			   const struct probe *probe, struct packet packet,
			   int64_t local)
{
	const struct flow *flow = reference_flow(policy, probe, local);
	const char *way = packet.iifname;
	struct outcome outcome;
	uint32_t hook = NF_INET_FORWARD;

	packet.iifname = packet.oifname;
	packet.oifname = way;
	packet.ct_state = NF_CT_STATE_BIT(IP_CT_ESTABLISHED);
	packet.ct_is_reply = true;
	packet.ct_mark = flow->id;
	packet.source_mac = flow->to->mac;
	if (probe->local)
		hook = NF_INET_LOCAL_OUT;
	else if (!probe->iif)
		hook = NF_INET_LOCAL_IN;
	if (eval_packet(ruleset, hook, &packet, &outcome) || !outcome.accepted)
		return false;
	packet.source_mac.bytes[5] ^= 1;
	if (eval_packet(ruleset, hook, &packet, &outcome))
		return false;
	return outcome.accepted ==
	       (flow->conduit->bind != BIND_MAC || hook == NF_INET_LOCAL_OUT);
}

static bool check_probe(const struct policy *policy,
			const struct ruleset *ruleset,
			const struct probe *probe, struct count *count)
{
	bool expected = reference_pass(policy, probe, count->local);
	struct packet packet = probes_packet(policy, probe);
	struct outcome outcome;

	if (eval_packet(ruleset, probes_hook(probe), &packet, &outcome))
		return false;
	if (outcome.n_lookups > count->most_lookups)
		count->most_lookups = outcome.n_lookups;
	if (outcome.accepted != expected)
		return false;
	if (!expected) {
		count->drop++;
		return true;
	}
	count->pass++;
	/* A bound flow's accept does not come with a cleared packet mark. */
	return outcome.ct_mark ==
		       reference_flow(policy, probe, count->local)->id &&
	       outcome.mark == 0 &&
	       reply_is_right(policy, ruleset, probe, packet, count->local);
}

static void report(const struct probe *probe, const char *conf,
		   const struct policy *policy, const struct count *count)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	const struct flow *flow = reference_flow(policy, probe, count->local);

	printf("%s\nfailed: in %s local %s %s -> %s proto %u port %u\n"
	       "the policy says %s (%s)\n",
	       conf, probe->iif ? probe->iif : "-",
	       probe->local ? probe->local : "-", addr_print(&probe->src, src),
	       addr_print(&probe->dst, dst), probe->proto, probe->dport,
	       reference_pass(policy, probe, count->local) ? "pass" : "drop",
	       flow ? flow->conduit->name : "no conduit");
}

static bool run_round(struct dice *dice, void *data)
{
	struct count *count = data;
	struct arena *arena = arena_new();
	char *conf;
	const struct policy *policy = generate_policy(dice, arena, &conf);
	const struct terms *terms;
	const struct ruleset *ruleset;
	struct probe probe;
	bool ok = true;
	unsigned int i;

	count->local = FIRST + dice_roll(dice, SECONDS);
	terms = terms_build(policy, count->local, 0, &calendar_utc, arena);
	ruleset = compile_policy(policy, terms, arena);
	for (i = 0; ok && policy->n_flows && i < PACKETS; i++) {
		probes_any(dice, policy, &probe);
		if (!probes_can_be(&probe))
			continue;
		ok = check_probe(policy, ruleset, &probe, count);
		if (!ok)
			report(&probe, conf, policy, count);
	}
	free(conf);
	arena_free(arena);
	return ok;
}

int main(void)
{
	struct count count = { 0 };

	if (!dice_play(0x5e1c0de, 400, run_round, &count))
		return 1;
	printf("evaluator: %lu passed, %lu dropped as the policies say; at most "
	       "%u lookups for a packet\n",
	       count.pass, count.drop, count.most_lookups);
	/* A sample of one kind only would show nothing. */
	return count.pass * 10 < count.drop || count.drop * 10 < count.pass;
}
