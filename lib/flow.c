// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conduits to flows: one for each pair of ends and each service. A flow's id
 * becomes the mark of its connections. Easy to get wrong: the id must follow
 * from everything that decides about a packet (ends, service, bound MACs) and
 * from nothing else, so that a connection outlives a renamed conduit and does
 * not outlive a changed one.
 */
#include "flow.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hash.h"

/* Ranges up to this many ports are written out; wider ones are "rare". */
#define PORTS_WRITTEN_OUT 64

static bool endpoint_has_family(const struct endpoint *e, unsigned int family)
{
	size_t i;

	if (policy_is_gateway(e))
		return true;
	for (i = 0; i < e->n_prefixes; i++)
		if (e->prefixes[i].addr.family == family)
			return true;
	return false;
}

bool flow_family(const struct flow *flow, unsigned int family)
{
	if (flow->service.proto == IPPROTO_ICMP && family != 4)
		return false;
	if (flow->service.proto == IPPROTO_ICMPV6 && family != 6)
		return false;
	return endpoint_has_family(flow->from, family) &&
	       endpoint_has_family(flow->to, family);
}

bool flow_is_rare(const struct flow *flow)
{
	return service_is_icmp(&flow->service) ||
	       flow->service.last - flow->service.first >= PORTS_WRITTEN_OUT;
}

static bool endpoint_overlaps(const struct endpoint *a,
			      const struct endpoint *b)
{
	size_t i = 0, k = 0;

	if (policy_is_gateway(a) || policy_is_gateway(b))
		return policy_is_gateway(a) && policy_is_gateway(b);
	while (i < a->n_prefixes && k < b->n_prefixes) {
		if (prefix_overlaps(&a->prefixes[i], &b->prefixes[k]))
			return true;
		if (prefix_cmp(&a->prefixes[i], &b->prefixes[k]) < 0)
			i++;
		else
			k++;
	}
	return false;
}

bool flow_service_overlaps(const struct flow *a, const struct flow *b)
{
	return a->service.proto == b->service.proto &&
	       a->service.first <= b->service.last &&
	       b->service.first <= a->service.last;
}

bool flow_overlaps(const struct flow *a, const struct flow *b)
{
	return flow_service_overlaps(a, b) && endpoint_overlaps(a->to, b->to) &&
	       endpoint_overlaps(a->from, b->from);
}

/* This is the order in which the program in the kernel searches. */
uint64_t flow_rank(const struct flow *flow)
{
	uint64_t width = flow->service.last - flow->service.first;

	return (uint64_t)flow_is_rare(flow) << 63 |
	       (uint64_t)(flow->to->kind != ENDPOINT_HOST) << 62 |
	       (uint64_t)(flow->from->kind != ENDPOINT_HOST) << 61 |
	       (uint64_t)(flow->to->kind == ENDPOINT_ZONE) << 60 |
	       (uint64_t)(flow->from->kind == ENDPOINT_ZONE) << 59 |
	       width << 32;
}

/* What the flow matches, whatever it is bound to */
static uint64_t flow_match_hash(const struct flow *flow)
{
	uint64_t hash = hash_number(HASH_START, flow->from->hash);

	hash = hash_number(hash, flow->to->hash);
	hash = hash_number(hash, flow->service.proto);
	hash = hash_number(hash, flow->service.first);
	return hash_finish(hash_number(hash, flow->service.last));
}

/* @match: its flow_match_hash() */
static uint64_t flow_hash(const struct flow *flow, uint64_t match)
{
	uint64_t hash;

	if (flow->conduit->bind != BIND_MAC)
		return match;
	hash = hash_number(match, BIND_MAC);
	hash = hash_bytes(hash, &flow->from->mac, sizeof(flow->from->mac));
	hash = hash_bytes(hash, &flow->to->mac, sizeof(flow->to->mac));
	return hash_finish(hash);
}

static void check_bound_end(const struct conduit *conduit,
			    const struct endpoint *e, struct diag *diag)
{
	if (policy_is_gateway(e) || e->has_mac)
		return;
	if (e->kind == ENDPOINT_HOST)
		diag_error(diag, "K02", conduit->at, &e->at,
			   "conduit \"%s\" is bound to MAC, but \"%s\" has "
			   "none; give the host a mac, or its zone a "
			   "next_hop_mac if it is behind a router",
			   conduit->name, e->name);
	else
		diag_error(diag, "K02", conduit->at, &e->at,
			   "conduit \"%s\" is bound to MAC, but \"%s\" is "
			   "neither a host nor in a routed zone with "
			   "next_hop_mac",
			   conduit->name, e->name);
}

/* Both ends of a pair, whatever the service */
static bool check_pair(const struct conduit *conduit,
		       const struct endpoint *from, const struct endpoint *to,
		       struct diag *diag)
{
	if (policy_is_gateway(from) && policy_is_gateway(to)) {
		diag_error(diag, "value", conduit->at, NULL,
			   "conduit \"%s\" leads from the gateway to itself",
			   conduit->name);
		return false;
	}
	if (from->kind == ENDPOINT_HOST && from->hash == to->hash) {
		diag_error(diag, "value", conduit->at, NULL,
			   "conduit \"%s\" leads from \"%s\" to itself",
			   conduit->name, from->name);
		return false;
	}
	if ((endpoint_has_family(from, 4) && endpoint_has_family(to, 4)) ||
	    (endpoint_has_family(from, 6) && endpoint_has_family(to, 6)))
		return true;
	diag_error(diag, "value", conduit->at, NULL,
		   "conduit \"%s\": \"%s\" and \"%s\" have no IP version in "
		   "common",
		   conduit->name, from->name, to->name);
	return false;
}

static void conduit_flows(struct policy *policy, struct conduit *conduit,
			  struct diag *diag)
{
	char text[ADDR_TEXT];
	size_t i, k, s, n_pairs = 0;

	conduit->flows = &policy->flows[policy->n_flows];
	if (conduit->bind == BIND_MAC) {
		for (i = 0; i < conduit->n_from; i++)
			check_bound_end(conduit, conduit->from[i], diag);
		for (i = 0; i < conduit->n_to; i++)
			check_bound_end(conduit, conduit->to[i], diag);
	}
	for (i = 0; i < conduit->n_from; i++)
		for (k = 0; k < conduit->n_to; k++) {
			if (!check_pair(conduit, conduit->from[i],
					conduit->to[k], diag))
				continue;
			n_pairs++;
			for (s = 0; s < conduit->n_services; s++) {
				struct flow flow = {
					.conduit = conduit,
					.from = conduit->from[i],
					.to = conduit->to[k],
					.service = conduit->services[s],
				};

				/* icmp and icmpv6 in one conduit is normal. */
				if (!flow_family(&flow, 4) &&
				    !flow_family(&flow, 6))
					continue;
				conduit->flows[conduit->n_flows++] = flow;
			}
		}
	policy->n_flows += conduit->n_flows;
	if (!conduit->n_flows && n_pairs && conduit->n_services)
		diag_error(diag, "value", conduit->at, NULL,
			   "conduit \"%s\" carries only %s, which is of the "
			   "other IP version than its ends",
			   conduit->name,
			   service_print(&conduit->services[0], text));
}

struct match {
	uint64_t hash;
	const struct flow *flow;
};

static int match_order(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->flow < y->flow ? -1 : x->flow > y->flow;
}

static void check_repeats(const struct policy *policy, const uint64_t *hashes,
			  struct diag *diag)
{
	struct match *matches =
		malloc((policy->n_flows + 1) * sizeof(*matches));
	char text[ADDR_TEXT];
	size_t i;

	if (!matches)
		abort();
	for (i = 0; i < policy->n_flows; i++)
		matches[i] = (struct match){ hashes[i], &policy->flows[i] };
	qsort(matches, policy->n_flows, sizeof(*matches), match_order);
	for (i = 1; i < policy->n_flows; i++) {
		const struct flow *flow = matches[i].flow;
		const struct conduit *before = matches[i - 1].flow->conduit;

		if (matches[i].hash != matches[i - 1].hash)
			continue;
		diag_error(diag, "K11", flow->conduit->at, &before->at,
			   "conduit \"%s\" repeats what conduit \"%s\" already "
			   "permits: %s from \"%s\" to \"%s\"",
			   flow->conduit->name, before->name,
			   service_print(&flow->service, text),
			   flow->from->name, flow->to->name);
	}
	free(matches);
}

static void assign_ids(struct policy *policy, uint64_t *hashes)
{
	uint32_t *ids = malloc((policy->n_flows + 1) * sizeof(*ids));
	size_t i;

	if (!ids)
		abort();
	for (i = 0; i < policy->n_flows; i++)
		hashes[i] = flow_hash(&policy->flows[i], hashes[i]);
	hash_ids(hashes, ids, policy->n_flows, FLOW_ID_MIN, FLOW_ID_MAX);
	for (i = 0; i < policy->n_flows; i++)
		policy->flows[i].id = ids[i];
	free(ids);
}

void flow_build(struct policy *policy, struct diag *diag)
{
	uint64_t *hashes;
	size_t i, n = 0;

	for (i = 0; i < policy->n_conduits; i++) {
		const struct conduit *conduit = &policy->conduits[i];

		n += conduit->n_from * conduit->n_to * conduit->n_services;
		if (n <= FLOWS_MAX)
			continue;
		diag_error(diag, "limit", conduit->at, NULL,
			   "up to conduit \"%s\" there are more than %u flows "
			   "(pairs of ends, times services)",
			   conduit->name, FLOWS_MAX);
		return;
	}
	policy->flows = arena_alloc(policy->arena, n * sizeof(struct flow));
	for (i = 0; i < policy->n_conduits; i++)
		conduit_flows(policy, &policy->conduits[i], diag);
	hashes = malloc((policy->n_flows + 1) * sizeof(*hashes));
	if (!hashes)
		abort();
	for (i = 0; i < policy->n_flows; i++)
		hashes[i] = flow_match_hash(&policy->flows[i]);
	check_repeats(policy, hashes, diag);
	assign_ids(policy, hashes);
	free(hashes);
}
