// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections that must be permitted, or must not be, tried on a ruleset. Easy
 * to get wrong: of a range of ports not only the first counts, but trying each
 * of 65,535 is dear; the ports at which any flow of the policy begins or ends
 * are enough, as between them nothing changes.
 */
#include "trial.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "arena.h"
#include "compile.h"
#include "eval.h"
#include "suspect.h"

struct run {
	const struct policy *policy;
	const struct ruleset *ruleset;
	struct suspects *met; /* what packets search for; NULL: never mind */
	struct diag *diag;
	uint32_t *cuts; /* where services begin, and those behind them; sorted */
	size_t n_cuts;
	bool has_cuts;
};

/* One packet of a trial */
struct attempt {
	const struct trial *trial;
	const char *iif, *oif; /* NULL: the gateway itself */
	struct addr src, dst;
	uint8_t proto;
	uint16_t port;
};

static int cut_order(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void find_cuts(struct run *run)
{
	const struct policy *policy = run->policy;
	size_t i, k, n = 0;

	if (run->has_cuts)
		return;
	run->has_cuts = true;
	for (i = 0; i < policy->n_conduits; i++)
		n += 2 * policy->conduits[i].n_services;
	run->cuts = malloc((n + 1) * sizeof(*run->cuts));
	if (!run->cuts)
		abort();
	n = 0;
	for (i = 0; i < policy->n_conduits; i++)
		for (k = 0; k < policy->conduits[i].n_services; k++) {
			const struct service *service =
				&policy->conduits[i].services[k];

			run->cuts[n++] = service->first;
			run->cuts[n++] = service->last + 1;
		}
	qsort(run->cuts, n, sizeof(*run->cuts), cut_order);
	for (i = 0; i < n; i++)
		if (!i || run->cuts[i] != run->cuts[i - 1])
			run->cuts[run->n_cuts++] = run->cuts[i];
}

static struct packet packet_of(const struct attempt *attempt)
{
	return (struct packet){
		.iifname = attempt->iif ? attempt->iif : "",
		.oifname = attempt->oif ? attempt->oif : "",
		.source_mac = attempt->trial->from.mac,
		.family = attempt->src.family,
		.saddr = attempt->src,
		.daddr = attempt->dst,
		.proto = attempt->proto,
		.sport = 49152,
		.dport = attempt->port,
		.tcp_flags = 0x02, /* SYN */
		.hop_limit = 64,
		.daddr_is_local = !attempt->oif,
		.ct_state = NF_CT_STATE_BIT(IP_CT_NEW),
	};
}

static const char *trial_kind(const struct trial *trial)
{
	return trial->must_pass ? "must_pass" : "must_drop";
}

/* "must_pass "backup": tcp/22 from "a" (10.0.0.1, eth1) to ..." */
static const char *describe(struct run *run, const struct attempt *attempt)
{
	const struct trial *trial = attempt->trial;
	const struct service service = { attempt->proto, attempt->port,
					 attempt->port };
	char src[ADDR_TEXT], dst[ADDR_TEXT], text[ADDR_TEXT];
	const char *from = "the gateway", *to = "the gateway";

	if (attempt->iif)
		from = arena_printf(run->diag->arena, "%s (interface %s)",
				    addr_print(&attempt->src, src),
				    attempt->iif);
	if (attempt->oif)
		to = arena_printf(run->diag->arena, "%s (interface %s)",
				  addr_print(&attempt->dst, dst), attempt->oif);
	return arena_printf(run->diag->arena, "%s \"%s\": %s from %s to %s",
			    trial_kind(trial), trial->name,
			    service_print(&service, text), from, to);
}

static bool endpoint_has(const struct endpoint *e, const struct trial_end *end,
			 const struct addr *addr)
{
	size_t i;

	if (e->zone != end->zone)
		return false;
	if (policy_is_gateway(e))
		return true;
	for (i = 0; i < e->n_prefixes; i++)
		if (prefix_has_addr(&e->prefixes[i], addr))
			return true;
	return false;
}

/* Some flow that would permit it, but for its MAC address or its time */
static const struct flow *nearest_flow(const struct run *run,
				       const struct attempt *attempt)
{
	const struct policy *policy = run->policy;
	const struct trial *trial = attempt->trial;
	size_t i;

	for (i = 0; i < policy->n_flows; i++) {
		const struct flow *flow = &policy->flows[i];

		if (flow->service.proto == attempt->proto &&
		    flow->service.first <= attempt->port &&
		    attempt->port <= flow->service.last &&
		    endpoint_has(flow->from, &trial->from, &attempt->src) &&
		    endpoint_has(flow->to, &trial->to, &attempt->dst))
			return flow;
	}
	return NULL;
}

static void report_drop(struct run *run, const struct attempt *attempt)
{
	const struct flow *flow = nearest_flow(run, attempt);
	const char *what = describe(run, attempt);
	char mac[ADDR_TEXT];

	if (!flow)
		diag_error(run->diag, "trial", attempt->trial->at, NULL,
			   "%s is dropped: no conduit permits it", what);
	else if (flow->conduit->bind == BIND_MAC && attempt->iif)
		diag_error(run->diag, "trial", attempt->trial->at,
			   &flow->conduit->at,
			   "%s is dropped: conduit \"%s\" permits it only from "
			   "MAC address %s, and only while it is in force",
			   what, flow->conduit->name,
			   mac_print(&flow->from->mac, mac));
	else
		diag_error(run->diag, "trial", attempt->trial->at,
			   &flow->conduit->at,
			   "%s is dropped: conduit \"%s\" would permit it, but "
			   "is not in force",
			   what, flow->conduit->name);
}

static void report_pass(struct run *run, const struct attempt *attempt,
			uint32_t mark)
{
	const struct policy *policy = run->policy;
	const char *what = describe(run, attempt);
	size_t i;

	for (i = 0; i < policy->n_flows; i++)
		if (policy->flows[i].id == mark) {
			const struct conduit *conduit =
				policy->flows[i].conduit;

			diag_error(run->diag, "trial", attempt->trial->at,
				   &conduit->at, "%s passes, by conduit \"%s\"",
				   what, conduit->name);
			return;
		}
	diag_error(run->diag, "trial", attempt->trial->at, NULL,
		   "%s passes, by no conduit of this policy", what);
}

/* Is it as it must be? */
static bool attempt_is_right(struct run *run, const struct attempt *attempt)
{
	struct packet packet = packet_of(attempt);
	uint32_t hook = !attempt->iif ? NF_INET_LOCAL_OUT :
			!attempt->oif ? NF_INET_LOCAL_IN :
					NF_INET_FORWARD;
	struct outcome outcome;

	packet.met = run->met;
	if (eval_packet(run->ruleset, hook, &packet, &outcome)) {
		if (!diag_is_full(run->diag))
			diag_error(run->diag, "trial", attempt->trial->at, NULL,
				   "%s: what becomes of it cannot be told, as "
				   "the table holds what is not ours",
				   describe(run, attempt));
		else
			run->diag->n_errors++;
		return false;
	}
	if (outcome.accepted == attempt->trial->must_pass)
		return true;
	if (diag_is_full(run->diag))
		run->diag->n_errors++;
	else if (outcome.accepted)
		report_pass(run, attempt, outcome.ct_mark);
	else
		report_drop(run, attempt);
	return false;
}

/* The first port of the service, and those where something may change */
static bool try_service(struct run *run, struct attempt *attempt,
			const struct service *service)
{
	size_t low = 0, high, i;

	attempt->proto = service->proto;
	attempt->port = service->first;
	if (!attempt_is_right(run, attempt))
		return false;
	if (service->first == service->last)
		return true;
	find_cuts(run);
	for (high = run->n_cuts; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (run->cuts[middle] <= service->first)
			low = middle + 1;
		else
			high = middle;
	}
	for (i = low; i < run->n_cuts && run->cuts[i] <= service->last; i++) {
		attempt->port = run->cuts[i];
		if (!attempt_is_right(run, attempt))
			return false;
	}
	return true;
}

static bool has_family(const struct service *service, unsigned int family)
{
	return !(service->proto == IPPROTO_ICMP && family != 4) &&
	       !(service->proto == IPPROTO_ICMPV6 && family != 6);
}

/* Between two interfaces, or one and the gateway */
static bool try_interfaces(struct run *run, struct attempt *attempt)
{
	static const char *const none[] = { NULL };
	const struct zone *from = attempt->trial->from.zone;
	const struct zone *to = attempt->trial->to.zone;
	bool is_from = from->index == 0, is_to = to->index == 0;
	const char *const *iifs =
		is_from ? none : (const char *const *)from->interfaces;
	const char *const *oifs = is_to ? none :
					  (const char *const *)to->interfaces;
	size_t n_iifs = is_from ? 1 : from->n_interfaces, i;
	size_t n_oifs = is_to ? 1 : to->n_interfaces, k, s;

	for (i = 0; i < n_iifs; i++)
		for (k = 0; k < n_oifs; k++)
			for (s = 0; s < attempt->trial->n_services; s++) {
				const struct service *service =
					&attempt->trial->services[s];

				attempt->iif = iifs[i];
				attempt->oif = oifs[k];
				if (has_family(service, attempt->src.family) &&
				    !try_service(run, attempt, service))
					return false;
			}
	return true;
}

/* The first thing wrong with a trial is enough. */
static void try_one(struct run *run, const struct trial *trial)
{
	const struct trial_end *from = &trial->from, *to = &trial->to;
	struct attempt attempt = { .trial = trial };
	size_t i, k, s, n = 0;

	for (i = 0; i < from->n_addrs + !from->n_addrs; i++)
		for (k = 0; k < to->n_addrs + !to->n_addrs; k++) {
			/* Any address will do for the gateway's own. */
			attempt.src = from->n_addrs ? from->addrs[i] :
						      to->addrs[k];
			attempt.dst = to->n_addrs ? to->addrs[k] :
						    from->addrs[i];
			if (attempt.src.family != attempt.dst.family)
				continue;
			for (s = 0; s < trial->n_services; s++)
				n += has_family(&trial->services[s],
						attempt.src.family);
			if (!try_interfaces(run, &attempt))
				return;
		}
	if (!n)
		diag_error(run->diag, "trial", trial->at, NULL,
			   "%s \"%s\": there can be no such packet, as the IP "
			   "versions of \"%s\", \"%s\" and the service do not "
			   "match",
			   trial_kind(trial), trial->name, from->name,
			   to->name);
}

/* 0; -EINVAL if there are more errors than there were */
static int run_end(struct run *run, size_t n_errors)
{
	free(run->cuts);
	if (run->diag->n_errors == n_errors)
		return 0;
	diag_sort(run->diag);
	return -EINVAL;
}

int trial_run(const struct policy *policy, const struct ruleset *ruleset,
	      struct diag *diag)
{
	struct run run = { .policy = policy, .ruleset = ruleset, .diag = diag };
	size_t n_errors = diag->n_errors, i;

	for (i = 0; i < policy->n_trials; i++)
		try_one(&run, &policy->trials[i]);
	return run_end(&run, n_errors);
}

/* Does it pass on what is desired? */
static bool try_desired(struct run *run, const struct trial *trial)
{
	struct diag *diag = run->diag, unused;
	struct arena *arena = arena_new();
	bool passes;

	diag_init(&unused, arena);
	run->diag = &unused;
	try_one(run, trial);
	run->diag = diag;
	passes = !unused.n_errors;
	arena_free(arena);
	return passes;
}

void trial_meet(const struct policy *policy, const struct ruleset *desired,
		struct suspects *met)
{
	struct run run = { .policy = policy, .ruleset = desired, .met = met };
	size_t i;

	met->program = true;
	for (i = 0; i < policy->n_trials; i++)
		try_desired(&run, &policy->trials[i]);
	free(run.cuts);
}

int trial_observed(const struct policy *policy, const struct ruleset *desired,
		   const struct ruleset *observed, struct diag *diag)
{
	struct run run = { .policy = policy, .diag = diag };
	size_t n_errors = diag->n_errors, i;

	for (i = 0; i < policy->n_trials; i++) {
		run.ruleset = desired;
		if (!try_desired(&run, &policy->trials[i]))
			continue;
		run.ruleset = observed;
		try_one(&run, &policy->trials[i]);
	}
	return run_end(&run, n_errors);
}

int trial_policy(const struct policy *policy, const struct terms *now,
		 struct diag *diag)
{
	const struct terms *terms;
	struct arena *arena;
	int rc;

	if (!policy->n_trials)
		return 0;
	arena = arena_new();
	terms = terms_of_day(policy, now, arena);
	rc = trial_run(policy, compile_policy(policy, terms, arena), diag);
	arena_free(arena);
	return rc;
}
