/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_REFERENCE_H
#define SEKIMORI_REFERENCE_H

#include "../packets/probe.h"
#include "policy.h"

/**
 * reference_flow - the flow that decides about a packet that opens a connection
 *
 * @local: what local clocks show; see calendar.h
 *
 * NULL if none covers it. It says nothing of MACs and interfaces.
 */
const struct flow *reference_flow(const struct policy *policy,
				  const struct probe *probe, int64_t local);

/** reference_pass - must the packet pass? Read off the policy, slowly. */
bool reference_pass(const struct policy *policy, const struct probe *probe,
		    int64_t local);

#endif
