// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a policy means, in as few words as possible: the yardstick for the
 * compiler, the evaluator and the kernel. It shares nothing with them: no
 * classes, no keys, no ids. Easy to get wrong: it must not be made cleverer.
 */
#include "reference.h"

#include <netinet/in.h>
#include <string.h>
#include <time.h>

/* Addresses of no host: loopback, link-local, mapped, multicast and the like */
static bool is_special(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;
	static const uint8_t zero[15],
		mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (addr->family == 4)
		return b[0] == 0 || b[0] == 127 || b[0] >= 224;
	return b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
	       (!memcmp(b, zero, 15) && b[15] <= 1) ||
	       !memcmp(b, mapped, sizeof(mapped));
}

static const struct zone *zone_of(const struct policy *policy,
				  const struct addr *addr)
{
	const struct zone *zone = policy_zone_of(policy, addr);
	size_t i;

	if (!zone || is_special(addr))
		return NULL;
	for (i = 0; i < zone->n_networks; i++) {
		const struct prefix *net = &zone->networks[i];
		struct addr last = prefix_last(net);

		if (addr->family == 4 && net->len && net->len <= 30 &&
		    !addr_cmp(addr, &last))
			return NULL; /* broadcast */
	}
	return zone;
}

static bool covers(const struct policy *policy, const struct endpoint *e,
		   const struct addr *addr, bool is_gateway)
{
	size_t i;

	if (is_gateway || policy_is_gateway(e))
		return is_gateway && policy_is_gateway(e);
	if (zone_of(policy, addr) != e->zone)
		return false;
	for (i = 0; i < e->n_prefixes; i++)
		if (prefix_has_addr(&e->prefixes[i], addr))
			return true;
	return false;
}

static bool is_wide(const struct flow *flow)
{
	return flow->service.proto == IPPROTO_ICMP ||
	       flow->service.proto == IPPROTO_ICMPV6 ||
	       flow->service.last - flow->service.first >= 64;
}

/* Does flow @a decide before flow @b? Both cover the packet. */
static bool decides_before(const struct flow *a, const struct flow *b)
{
	const int by[][2] = {
		{ !is_wide(a), !is_wide(b) },
		{ a->to->kind == ENDPOINT_HOST, b->to->kind == ENDPOINT_HOST },
		{ a->from->kind == ENDPOINT_HOST,
		  b->from->kind == ENDPOINT_HOST },
		{ a->to->kind, b->to->kind },
		{ a->from->kind, b->from->kind },
		{ b->service.last - b->service.first,
		  a->service.last - a->service.first },
	};
	size_t i;

	for (i = 0; i < sizeof(by) / sizeof(*by); i++)
		if (by[i][0] != by[i][1])
			return by[i][0] > by[i][1];
	return a < b;
}

static bool opens(const struct window *window, int weekday, int64_t second)
{
	return window->days & 1 << (weekday + 7) % 7 &&
	       window->from <= second && second < window->until;
}

/* Read off the calendar, for local clocks that show @local */
static bool in_force(const struct conduit *conduit, int64_t local)
{
	int64_t second = local % 86400;
	time_t time = local;
	unsigned int today;
	struct tm tm;
	size_t i;

	gmtime_r(&time, &tm);
	today = (unsigned int)(tm.tm_year + 1900) * 10000 +
		(unsigned int)(tm.tm_mon + 1) * 100 + (unsigned int)tm.tm_mday;
	if (today < conduit->valid_from ||
	    (conduit->valid_until && today > conduit->valid_until))
		return false;
	for (i = 0; i < conduit->n_windows; i++)
		if (opens(&conduit->windows[i], tm.tm_wday, second) ||
		    opens(&conduit->windows[i], tm.tm_wday - 1, second + 86400))
			return true;
	return !conduit->n_windows;
}

const struct flow *reference_flow(const struct policy *policy,
				  const struct probe *probe, int64_t local)
{
	const struct flow *best = NULL;
	size_t i;

	for (i = 0; i < policy->n_flows; i++) {
		const struct flow *flow = &policy->flows[i];

		if (in_force(flow->conduit, local) &&
		    flow->service.proto == probe->proto &&
		    flow->service.first <= probe->dport &&
		    probe->dport <= flow->service.last &&
		    covers(policy, flow->from, &probe->src, !probe->iif) &&
		    covers(policy, flow->to, &probe->dst, probe->local) &&
		    (!best || decides_before(flow, best)))
			best = flow;
	}
	return best;
}

bool reference_pass(const struct policy *policy, const struct probe *probe,
		    int64_t local)
{
	const struct flow *flow = reference_flow(policy, probe, local);
	const struct zone *zone;
	size_t i;

	if (!flow)
		return false;
	if (!probe->iif)
		return true;
	/* The gateway answers at the address of the arrival interface only. */
	if (probe->local && strcmp(probe->local, probe->iif))
		return false;
	if (flow->conduit->bind == BIND_MAC &&
	    !mac_equal(&flow->from->mac, &probe->src_mac))
		return false;
	zone = flow->from->zone;
	for (i = 0; i < zone->n_interfaces; i++)
		if (!strcmp(zone->interfaces[i], probe->iif))
			return true;
	return false;
}
