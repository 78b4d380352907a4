// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be asked of a policy. Easy to get wrong: a conduit still holds on
 * the last day of its permission.
 */
#include "policy.h"

bool policy_is_gateway(const struct endpoint *endpoint)
{
	return endpoint->zone->index == 0;
}

const struct zone *policy_zone_of(const struct policy *policy,
				  const struct addr *addr)
{
	const struct zone *found = NULL;
	unsigned int best = 0;
	size_t i, k;

	for (i = 0; i < policy->n_zones; i++) {
		const struct zone *zone = &policy->zones[i];

		for (k = 0; k < zone->n_networks; k++) {
			const struct prefix *net = &zone->networks[k];

			if (!prefix_has_addr(net, addr))
				continue;
			if (found && net->len <= best)
				continue;
			found = zone;
			best = net->len;
		}
	}
	return found;
}
