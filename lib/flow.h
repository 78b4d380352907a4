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

/**
 * flow_is_rare - is it looked for only after all that are written out?
 *
 * ICMP is, and so are ranges of more ports than are written out.
 */
bool flow_is_rare(const struct flow *flow);

/** flow_service_overlaps - have they protocol and a port in common? */
bool flow_service_overlaps(const struct flow *a, const struct flow *b);

/** flow_overlaps - could one connection be of both, perhaps of other policies? */
bool flow_overlaps(const struct flow *a, const struct flow *b);

/**
 * flow_rank - which of two flows decides about a packet that both cover
 *
 * Those that are not rare first; of these the one to a host, then from a host,
 * then to a list or prefix rather than a zone, then from one, then with the
 * narrower range of ports. The lower rank decides; of equal ones the earlier
 * in the file does. The lower 32 bits are zero.
 */
uint64_t flow_rank(const struct flow *flow);

#endif
