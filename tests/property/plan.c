// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Property: for random pairs of policies, mostly alike, and random packets, the
 * comparison says of a packet just what becomes of it before and after. Where
 * it says nothing, both policies agree. And a trial fails just when the policy
 * does not do as it must. The seed is printed; SEED and ROUNDS in
 * the environment repeat or extend a run.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "compile.h"
#include "generate.h"
#include "probes.h"
#include "reach.h"
#include "reference.h"
#include "trial.h"

#define NOW 1793491200 /* 2026-11-01, UTC */
#define PACKETS 400

static const struct terms *terms_at(const struct policy *policy,
				    struct arena *arena)
{
	return policy ? terms_build(policy, NOW, 0, &calendar_utc, arena) :
			NULL;
}

struct count {
	unsigned long same, opened, closed, rebound, later, pairs, alike,
		most_lines;
};

/* What the policy says of the packet, if it comes in where it should */
static enum reach_permit permit_of(const struct policy *policy,
				   const struct probe *probe, int64_t when,
				   const struct flow **flow)
{
	*flow = policy ? reference_flow(policy, probe, when) : NULL;
	if (!*flow)
		return REACH_NONE;
	return (*flow)->conduit->bind == BIND_MAC ? REACH_MAC : REACH_IP;
}

static bool line_has(const struct reach_line *line, const struct probe *probe)
{
	static const struct addr gateway;
	size_t i;

	if (!spans_has(&line->from, probe->iif ? &probe->src : &gateway) ||
	    !spans_has(&line->to, probe->local ? &gateway : &probe->dst))
		return false;
	for (i = 0; i < line->n_services; i++)
		if (line->services[i].proto == probe->proto &&
		    line->services[i].first <= probe->dport &&
		    probe->dport <= line->services[i].last)
			return true;
	return false;
}

static bool same_macs(const struct flow *a, const struct flow *b)
{
	return mac_equal(&a->from->mac, &b->from->mac) &&
	       mac_equal(&a->to->mac, &b->to->mac);
}

static enum reach_kind kind_of(enum reach_permit before,
			       enum reach_permit after)
{
	return before == REACH_NONE ? REACH_OPENED :
	       after == REACH_NONE  ? REACH_CLOSED :
				      REACH_ALTERED;
}

/* The few words: all that differs is in them, and "all" is all. */
static bool coarse_is_right(const struct reach *reach,
			    const struct probe *probe, bool differs,
			    enum reach_kind kind)
{
	bool found = false;
	size_t i;

	for (i = 0; i < reach->n_coarse; i++) {
		const struct reach_line *line = &reach->coarse[i];
		bool fits = differs && line->kind == kind;

		if (line->kind == REACH_LATER || !line_has(line, probe))
			continue;
		found |= fits;
		if (!line->in_part && !fits)
			return false;
	}
	return found || !differs;
}

/* What a course says of one time */
static enum reach_permit course_at(const struct course *course, int64_t when)
{
	size_t i;

	for (i = 0; i < course->n; i++) {
		const struct conduit *term = course->stages[i].term;

		if (!term || term_of(term, when, &calendar_utc).in_force)
			return course->stages[i].permit;
	}
	return REACH_NONE;
}

/* The same at a later time; @found: the line that has the packet, or NULL */
static bool check_later(const struct policy *a, const struct policy *b,
			const struct reach_line *found,
			const struct probe *probe, int64_t when)
{
	const struct flow *flow_a, *flow_b;
	enum reach_permit before = permit_of(a, probe, when, &flow_a);
	enum reach_permit after = permit_of(b, probe, when, &flow_b);

	if (found)
		return course_at(found->course_before, when) == before &&
		       course_at(found->course_after, when) == after;
	return before == after &&
	       (before != REACH_MAC || same_macs(flow_a, flow_b));
}

static bool check_probe(const struct policy *a, const struct policy *b,
			const struct reach *reach, const struct probe *probe,
			int64_t later, struct count *count)
{
	const struct reach_line *found = NULL;
	const struct flow *flow_a, *flow_b;
	enum reach_permit before = permit_of(a, probe, NOW, &flow_a);
	enum reach_permit after = permit_of(b, probe, NOW, &flow_b);
	bool differs;
	size_t i;

	for (i = 0; i < reach->n_lines; i++)
		if (line_has(&reach->lines[i], probe)) {
			if (found)
				return false; /* it is said twice */
			found = &reach->lines[i];
		}
	differs = before != after ||
		  (before == REACH_MAC && !same_macs(flow_a, flow_b));
	if (!coarse_is_right(reach, probe, differs, kind_of(before, after)))
		return false;
	if (!check_later(a, b, found, probe, NOW) ||
	    !check_later(a, b, found, probe, later))
		return false;
	if (found && (found->before != before || found->after != after))
		return false;
	if (!differs) {
		count->same++;
		count->later += found != NULL;
		return !found || found->kind == REACH_LATER;
	}
	count->opened += before == REACH_NONE;
	count->closed += after == REACH_NONE;
	count->rebound += before != REACH_NONE && after != REACH_NONE;
	return found && found->kind == kind_of(before, after);
}

/* What becomes of the packet, as the trial has it */
static bool reference_says(const struct policy *policy,
			   const struct trial *trial, const struct probe *probe)
{
	struct probe packet = *probe;

	packet.iif = probe->iif ? trial->from.zone->interfaces[0] : NULL;
	packet.local = probe->local ? packet.iif : NULL;
	return reference_pass(policy, &packet, NOW);
}

/* Does the trial fail if any port of it, and only then, is not as it must? */
static bool check_trial(const struct policy *policy,
			const struct ruleset *ruleset,
			const struct probe *probe, uint16_t last,
			bool must_pass)
{
	struct service service = { probe->proto, probe->dport, last };
	struct trial trial = {
		.name = "t",
		.must_pass = must_pass,
		.services = &service,
		.n_services = 1,
	};
	struct probe packet = *probe;
	struct policy tried = *policy;
	struct addr src = probe->src, dst = probe->dst;
	struct arena *arena = arena_new();
	struct diag diag;
	bool right = true;
	unsigned int port;

	trial.from = (struct trial_end){ .name = "f", .mac = probe->src_mac };
	trial.to.name = "t";
	trial.from.zone = probe->iif ? policy_zone_of(policy, &src) :
				       &policy->zones[0];
	trial.to.zone = probe->local ? &policy->zones[0] :
				       policy_zone_of(policy, &dst);
	trial.from.addrs = &src;
	trial.from.n_addrs = !!probe->iif;
	trial.to.addrs = &dst;
	trial.to.n_addrs = !probe->local;
	tried.trials = &trial;
	tried.n_trials = 1;
	diag_init(&diag, arena);
	for (port = probe->dport; port <= last; port++) {
		packet.dport = port;
		right = right &&
			reference_says(policy, &trial, &packet) == must_pass;
	}
	right = right == !trial_run(&tried, ruleset, &diag);
	arena_free(arena);
	return right;
}

static bool check_trials(struct dice *dice, const struct policy *policy,
			 struct probe *probe)
{
	struct arena *arena = arena_new();
	const struct ruleset *ruleset =
		compile_policy(policy, terms_at(policy, arena), arena);
	bool ok = true;
	unsigned int i;

	for (i = 0; ok && policy->n_flows && i < PACKETS / 4; i++) {
		uint16_t last;

		probes_any(dice, policy, probe);
		if (!probes_can_be(probe) || (!probe->iif && probe->local) ||
		    !policy_zone_of(policy, &probe->src) ||
		    !policy_zone_of(policy, &probe->dst))
			continue;
		last = probe->dport;
		if (probe->proto != IPPROTO_ICMP &&
		    probe->proto != IPPROTO_ICMPV6 && dice_roll(dice, 2))
			last += dice_roll(dice, 80);
		ok = check_trial(policy, ruleset, probe, last,
				 dice_roll(dice, 2));
	}
	arena_free(arena);
	return ok;
}

/* A connection that a line speaks of */
static bool probe_of_line(struct dice *dice, const struct reach_line *line,
			  struct probe *probe)
{
	const struct span *from =
		&line->from.list[dice_roll(dice, line->from.n)];
	const struct span *to = &line->to.list[dice_roll(dice, line->to.n)];
	const struct service *service =
		&line->services[dice_roll(dice, line->n_services)];

	memset(probe, 0, sizeof(*probe));
	probe->src = dice_roll(dice, 2) ? from->first : from->last;
	probe->dst = dice_roll(dice, 2) ? to->first : to->last;
	probe->proto = service->proto;
	probe->dport = dice_roll(dice, 2) ? service->first : service->last;
	probe->iif = probe->src.family ? "in" : NULL;
	probe->local = probe->dst.family ? NULL : "in";
	if (!probe->src.family)
		probe->src.family = probe->dst.family;
	if (!probe->dst.family)
		probe->dst.family = probe->src.family;
	return probes_can_be(probe);
}

/* Some time of the next weeks, or of the next years */
static int64_t later_time(struct dice *dice)
{
	unsigned int days = dice_roll(dice, 2) ? 30 : 3000;

	return NOW + (int64_t)dice_roll(dice, days) * DAY_SECONDS +
	       dice_roll(dice, DAY_SECONDS);
}

static bool check_pair(struct dice *dice, const struct policy *a,
		       const struct policy *b, struct count *count,
		       struct probe *probe)
{
	struct arena *arena = arena_new();
	const struct reach *reach = reach_compare(a, terms_at(a, arena), b,
						  terms_at(b, arena), arena);
	bool ok = reach->complete;
	unsigned int i;
	size_t k;

	count->pairs++;
	count->alike += !reach->n_lines;
	if (reach->n_lines > count->most_lines)
		count->most_lines = reach->n_lines;
	for (i = 0; ok && i < PACKETS; i++) {
		const struct policy *from = a && dice_roll(dice, 2) ? a : b;

		if (!from->n_flows)
			continue;
		probes_any(dice, from, probe);
		if (probes_can_be(probe))
			ok = check_probe(a, b, reach, probe, later_time(dice),
					 count);
	}
	for (k = 0; ok && k < reach->n_lines; k++)
		if (probe_of_line(dice, &reach->lines[k], probe))
			ok = check_probe(a, b, reach, probe, later_time(dice),
					 count);
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
		ok = check_pair(dice,
				dice_roll(dice, 50) ? pair.policy[0] : NULL,
				pair.policy[1], count, &probe);
	if (ok && pair.policy[0])
		ok = check_trials(dice, pair.policy[0], &probe);
	if (!ok)
		probes_report(&probe, &pair);
	generate_pair_free(&pair);
	arena_free(arena);
	return ok;
}

int main(void)
{
	struct count count = { 0 };
	unsigned long n = dice_play(0x91a22ed, 1500, run_round, &count);

	if (!n)
		return 1;
	printf("plan: of %lu pairs of policies %lu permit the same, one differs "
	       "in %lu lines; of their packets %lu fare as before, %lu may pass, "
	       "%lu may not any more, %lu with other MACs, %lu only at other "
	       "times\n",
	       count.pairs, count.alike, count.most_lines, count.same,
	       count.opened, count.closed, count.rebound, count.later);
	/* A sample of one kind only would show nothing. */
	return count.pairs < n / 4 || count.alike < n / 100 ||
	       count.opened < n / 2 || count.closed < n / 2 ||
	       count.rebound < n / 20 || count.later < n / 2;
}
