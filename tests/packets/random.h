/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_RANDOM_H
#define SEKIMORI_RANDOM_H

#include "../property/dice.h"
#include "probe.h"
#include "topology.h"

/**
 * random_member - an address of an endpoint, often a host's or near an edge
 *
 * One that a host may have: no broadcast address, none of the gateway's.
 * False: there is none in this family, or none was found.
 */
bool random_member(struct dice *dice, const struct topology *topology,
		   const struct endpoint *endpoint, unsigned int family,
		   struct addr *addr);

/**
 * random_flow_probe - a packet that @flow permits
 * @family: 4 or 6
 *
 * False: there is none, or none was found. Another conduit may still decide
 * otherwise about it. sport is left to the caller.
 */
bool random_flow_probe(struct dice *dice, const struct topology *topology,
		       const struct flow *flow, unsigned int family,
		       struct probe *probe);

/**
 * random_probe - a packet that has something to do with the policy
 *
 * One that a flow permits, or one with a thing or two wrong, or any. Left out
 * is what the kernel itself decides whatever the ruleset says: addresses that
 * no packet may come from or go to, multicast, and a network's anycast address.
 * sport is left to the caller.
 */
void random_probe(struct dice *dice, const struct topology *topology,
		  struct probe *probe);

#endif
