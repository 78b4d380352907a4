/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_COMPILE_H
#define SEKIMORI_COMPILE_H

#include "policy.h"
#include "ruleset.h"

/**
 * compile_policy - what the kernel must hold for a policy
 * @today: yyyymmdd; conduits that ended before it permit nothing
 * @arena: where the ruleset lives; comments stay in the policy's arena
 *
 * Deterministic: the same policy and day give the same bytes, on every
 * machine. The result is sorted.
 */
struct ruleset *compile_policy(const struct policy *policy, unsigned int today,
			       struct arena *arena);

#endif
