/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TRIAL_H
#define SEKIMORI_TRIAL_H

#include "diag.h"
#include "policy.h"
#include "ruleset.h"
#include "term.h"

/**
 * trial_run - try what the policy says must pass and must drop
 * @ruleset: sorted: the policy compiled for some moment, or what was read back
 *	from the kernel
 * @diag: an error for each trial that fails; sorted again if there is any
 *
 * A trial is carried out for each pair of addresses of one IP version, each
 * pair of interfaces, and each port. Returns 0, or -EINVAL if one has failed;
 * then the policy must not be put in force.
 */
int trial_run(const struct policy *policy, const struct ruleset *ruleset,
	      struct diag *diag);

/**
 * trial_policy - the same before a policy is put in force
 * @now: its terms
 *
 * As if the windows of all conduits were open, for whether a policy is accepted
 * must not depend on the time of day, or on whether the clock is right.
 */
int trial_policy(const struct policy *policy, const struct terms *now,
		 struct diag *diag);

#endif
