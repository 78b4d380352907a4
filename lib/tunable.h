/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TUNABLE_H
#define SEKIMORI_TUNABLE_H

/*
 * The sysctls whose value can work against a zone model.
 */
#include "concern.h"
#include "policy.h"
#include "surroundings.h"

/** struct tunables - values to be judged, and what they are judged by */
struct tunables {
	const struct surroundings *surroundings;
	const struct policy *policy;
	bool bridged; /* an interface of a zone is a bridge, or in one */
	struct arena *arena; /* for what is needed meanwhile */
};

/** tunable_judge - a concern for each sysctl that has an unwanted value */
void tunable_judge(const struct tunables *tunables, struct concerns *concerns);

/** tunable_names - add what tunable_judge() looks at to an array of names */
const char **tunable_names(const struct tunables *tunables, const char **names,
			   size_t *n);

/**
 * tunable_contradiction - what is wrong with a sysctl having this value
 *
 * A sentence, or NULL if nothing is known against it.
 */
const char *tunable_contradiction(const struct policy *policy,
				  const struct sysctl_claim *claim);

#endif
