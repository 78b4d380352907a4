/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_BRIDGE_H
#define SEKIMORI_BRIDGE_H

/*
 * From one ruleset to another in steps, for the sake of what is under way.
 *
 * Ahead of all, while the ruleset before decides about all that is new, the
 * kernel learns of flows that connections can be given: those of the next policy
 * that will permit them, and, for what the next policy does not permit although
 * the flow that it came by stays for longer, that flow once more under another
 * mark, with FLOW_ENDS. Once each connection has the mark that it needs, what is
 * forbidden ends with the commit that puts the next ruleset in force, and what is
 * permitted does not feel it.
 *
 * In between, the kernel holds the next ruleset, and of the one before what only
 * those can meet who have come from it:
 *
 *   - pairs of classes that are no more: a packet that was looked up in one
 *     before the commit still finds its flow after it;
 *   - flows that are no more, but whose connections the next policy may permit
 *     under other flows: for those that were opened at the last moment.
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
 * struct bridge - the steps before the last one
 * @ahead: what the kernel should hold first, or NULL: no connection needs it, or
 *	the sets are too small for it, or others
 * @between: what it should hold then, or NULL: nothing would be gained
 * @has_flows: connections can be waiting for other flows, also in between
 * @ends: flows that have a twin ahead, with FLOW_ENDS
 * @short_of: flows that lack elements ahead, since they are in force already, but
 *	not for all that they will be
 * @n_twins: elements that are there ahead only
 */
struct bridge {
	struct ruleset *ahead, *between;
	bool has_flows;
	const struct ids *ends, *short_of;
	size_t n_twins;
};

/**
 * bridge_build - how to get there
 * @latest_msec: that clocks have ever shown: what had ended by then is not kept
 * @arena: of the result, which refers to both rulesets as well
 *
 * Flows that no flow of @next could take a connection from are not kept, so what
 * is taken out of a policy is out with the step that puts the next one in force.
 * Nor are those for which it would take too long to say, if very many change at
 * once: their connections stop.
 */
void bridge_build(const struct bridge_side *before,
		  const struct bridge_side *next, uint64_t latest_msec,
		  struct arena *arena, struct bridge *bridge);

/**
 * bridge_mark_of_end - the mark for a connection that is to end
 * @mark: that it has
 *
 * The same one, if it will end by that, or cannot be set apart.
 */
uint32_t bridge_mark_of_end(const struct bridge *bridge, uint32_t mark);

/** bridge_has_ahead - can a connection have this mark ahead already? */
bool bridge_has_ahead(const struct bridge *bridge, uint32_t mark);

#endif
