/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_COUNTER_H
#define SEKIMORI_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "show.h"

struct nft;
struct policy;
struct ruleset;

/**
 * struct counters - what the kernel has counted for each flow
 * @counts: sorted by flow id, one for each flow of the policy
 * @known: they have been read before, now or in an earlier run
 * @sampled_usec: when they were last read in this run; 0: never
 * @cost_usec: how long that took
 */
struct counters {
	struct show_count *counts;
	size_t n_counts;
	bool known;
	uint64_t sampled_usec;
	uint64_t cost_usec;
};

/**
 * counter_follow - count for the flows of @policy from now on
 *
 * What is known of flows that stay is kept. @counters starts out zeroed, and
 * is given back with counter_free().
 */
void counter_follow(struct counters *counters, const struct policy *policy);

/**
 * counter_take - use the counters of a ruleset that was read
 * @observed: has the live maps with all of their elements
 *
 * A flow whose packets grew since the last time was hit by @now_usec.
 */
void counter_take(struct counters *counters, const struct ruleset *observed,
		  uint64_t now_usec);

/**
 * counter_sample - read the kernel's counters
 * @desired: what the table should be
 *
 * 0, or the -errno of look_now(); then nothing has changed.
 */
int counter_sample(struct counters *counters, struct nft *nft,
		   const struct ruleset *desired, uint64_t now_usec);

/** counter_find - the count of a flow, or NULL */
struct show_count *counter_find(const struct counters *counters, uint32_t id);

void counter_free(struct counters *counters);

#endif
