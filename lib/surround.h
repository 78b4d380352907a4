/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SURROUND_H
#define SEKIMORI_SURROUND_H

/*
 * Where what surrounds the table contradicts the zone model.
 */
#include "concern.h"
#include "policy.h"
#include "surroundings.h"

/**
 * surround_sysctls - the sysctls that matter to this policy
 * @surroundings: the interfaces there are; some sysctls are one an interface
 *
 * Names, in @arena: those that the configuration claims, and those that
 * surround_judge() looks at.
 */
const char **surround_sysctls(const struct policy *policy,
			      const struct surroundings *surroundings,
			      struct arena *arena, size_t *n);

/**
 * surround_judge - where the surroundings contradict the zone model
 * @surroundings: gets @known, what is known of @before and what is new, in the
 *	arena of @concerns
 * @before: as they were judged the last time; NULL to know nothing of before.
 *	Devices are held against how they were seen first, so that one that has
 *	been renamed or replaced stays a concern until nothing is known again.
 */
void surround_judge(struct surroundings *surroundings,
		    const struct surroundings *before,
		    const struct policy *policy, struct concerns *concerns);

#endif
