/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_COMPILE_H
#define SEKIMORI_COMPILE_H

#include "policy.h"
#include "ruleset.h"
#include "term.h"

/**
 * compile_policy - what the kernel must hold for a policy
 * @terms: of the policy; conduits that are not in force permit nothing, and
 *	those whose term ends do so by themselves
 * @arena: where the ruleset lives; comments stay in the policy's arena
 *
 * Deterministic: the same policy and terms give the same bytes, on every
 * machine. The result is sorted.
 */
struct ruleset *compile_policy(const struct policy *policy,
			       const struct terms *terms, struct arena *arena);

/** compile_nothing - a table that forwards nothing, and sees nothing else */
struct ruleset *compile_nothing(struct arena *arena);

#endif
