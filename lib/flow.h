/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_FLOW_H
#define SEKIMORI_FLOW_H

#include "policy.h"

/**
 * flow_build - the flows of all conduits of a policy, with their ids
 * @policy: conduits resolved; flows are filled in
 * @diag: conduits that could never carry anything, ends without a MAC where
 *	one is bound, the same flow twice
 */
void flow_build(struct policy *policy, struct diag *diag);

/** flow_family - could the flow exist in IPv4 (4) or IPv6 (6)? */
bool flow_family(const struct flow *flow, unsigned int family);

#endif
