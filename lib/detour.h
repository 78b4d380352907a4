/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DETOUR_H
#define SEKIMORI_DETOUR_H

/*
 * Routes that lead elsewhere than where the zone model has a network.
 */
#include "concern.h"
#include "policy.h"
#include "surroundings.h"

struct names;

/**
 * detour_judge - a concern for each such route
 * @zones: from the names of interfaces to their struct zone
 * @arena: for what is needed meanwhile
 */
void detour_judge(const struct surroundings *surroundings,
		  const struct policy *policy, const struct names *zones,
		  struct arena *arena, struct concerns *concerns);

#endif
