/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TRIAL_H
#define SEKIMORI_TRIAL_H

#include "diag.h"
#include "policy.h"
#include "ruleset.h"
#include "term.h"

struct suspects;

/**
 * trial_run - try what the policy says must pass and must drop
 * @ruleset: sorted: the policy compiled for some moment
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

/**
 * trial_meet - what has to be read to try it on what the kernel holds
 * @desired: what that should be; sorted
 * @met: gets all but the elements that none of the packets searches for
 */
void trial_meet(const struct policy *policy, const struct ruleset *desired,
		struct suspects *met);

/**
 * trial_observed - the same on what was read back from the kernel, after that
 * @desired: what it was to hold; sorted
 * @observed: what it holds; sorted. If that is equal to @desired, what
 *	trial_meet() has named is enough
 *
 * Neither is as if all windows were open, so a trial counts only if it would not
 * fail on @desired. Returns 0, or -EINVAL if one has failed.
 */
int trial_observed(const struct policy *policy, const struct ruleset *desired,
		   const struct ruleset *observed, struct diag *diag);

#endif
