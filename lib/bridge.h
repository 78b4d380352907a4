/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_BRIDGE_H
#define SEKIMORI_BRIDGE_H

/*
 * From one ruleset to another in two steps, for the sake of what is under way.
 * In between the kernel holds the next ruleset, and of the one before what only
 * those can meet who have come from it:
 *
 *   - pairs of classes that are no more: a packet that was looked up in one
 *     before the commit still finds its flow after it;
 *   - flows that are no more, but whose connections the next policy may permit
 *     under other flows: they pass until they have been given those.
 *
 * What is new meets the next ruleset alone. So nothing that both permit is lost,
 * and nothing passes by a class or a flow that it was not found in.
 */
#include "policy.h"
#include "ruleset.h"

/** struct bridge_side - a policy, and what it was compiled to; sorted */
struct bridge_side {
	const struct policy *policy;
	const struct ruleset *ruleset;
};

/**
 * bridge_build - what the kernel should hold in between
 * @latest_msec: that clocks have ever shown: what had ended by then is not kept
 * @arena: of the result, which refers to both rulesets as well
 * @has_flows: set if connections can be waiting for other flows
 *
 * NULL if nothing would be gained: then one step does. Flows that no flow of
 * @next could take a connection from are not kept, so what is taken out of a
 * policy is out with the first step. Nor are those for which it would take too
 * long to say, if very many change at once: their connections stop.
 */
struct ruleset *bridge_build(const struct bridge_side *before,
			     const struct bridge_side *next,
			     uint64_t latest_msec, struct arena *arena,
			     bool *has_flows);

#endif
