/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TOPOLOGY_H
#define SEKIMORI_TOPOLOGY_H

#include <sys/types.h>

#include "policy.h"

/*
 * Two network namespaces without names: the gateway, with every interface that
 * a policy mentions, and the world, which holds the other end of each. They
 * live as long as this process and what it started in them, so nothing can be
 * left over, whatever kills us.
 */

/**
 * struct topology_link - one interface of the gateway and its peer
 * @mac: the gateway's
 * @gateway_ifindex, @world_ifindex: each in its own namespace
 * @nets: the networks that the gateway has an address in, IPv4 first, each with
 *	the gateway's address in place of the network's; family 0: none
 */
struct topology_link {
	const char *name;
	const struct zone *zone;
	struct mac mac;
	unsigned int gateway_ifindex, world_ifindex;
	struct prefix nets[2];
};

struct topology_neighbour {
	struct addr addr;
	struct mac mac;
};

struct topology {
	const struct policy *policy;
	int home_ns, gateway_ns, world_ns;
	struct topology_link *links;
	size_t n_links;
	struct topology_neighbour *neighbours; /* hosts, sorted by address */
	size_t n_neighbours;
	int signals; /* signalfd of those that topology_hold_signals() holds */
};

enum topology_place { TOPOLOGY_HOME, TOPOLOGY_GATEWAY, TOPOLOGY_WORLD };

/**
 * topology_hold_signals - do not die of SIGINT, SIGTERM, SIGHUP and SIGPIPE
 *
 * To be called by a program before it makes anything that it has to take away
 * again. topology_build() does the same.
 */
void topology_hold_signals(void);

/**
 * topology_build - both namespaces, with addresses, routes and neighbours
 * @policy: has to outlive the topology
 *
 * Signals that ask us to stop are held from then on; topology_interrupted()
 * tells of them. The gateway gets an address in each zone, the lowest that is
 * free, a route to each network, and a permanent neighbour entry for each host.
 * What the kernel would do to help the ruleset (reverse path filter, refusal of
 * source routes, of directed broadcasts) is switched off, so that the ruleset
 * alone decides. -EPERM: we may not make namespaces. -EINTR: interrupted.
 */
int topology_build(const struct policy *policy, struct topology **topology);

/** topology_free - both namespaces go with it; NULL is fine */
void topology_free(struct topology *topology);

/** topology_enter - go to one of the namespaces; sockets opened stay there */
int topology_enter(const struct topology *topology, enum topology_place place);

/**
 * topology_prepare_child - to be called in a child between fork and exec
 * @parent: who forked; the child dies with it
 *
 * Goes to the namespace and lets signals be delivered. Exits if it cannot.
 */
void topology_prepare_child(const struct topology *topology,
			    enum topology_place place, pid_t parent);

/** topology_interrupted - has somebody asked us to stop? */
bool topology_interrupted(const struct topology *topology);

/** topology_set_mtu - of both ends of a link */
int topology_set_mtu(const struct topology *topology,
		     const struct topology_link *link, unsigned int mtu);

/** topology_link_by_name - the link, or NULL */
const struct topology_link *
topology_link_by_name(const struct topology *topology, const char *name);

/** topology_towards - the link by which the gateway reaches @addr, or NULL */
const struct topology_link *topology_towards(const struct topology *topology,
					     const struct addr *addr);

/** topology_owner - the link that has @addr as the gateway's own, or NULL */
const struct topology_link *topology_owner(const struct topology *topology,
					   const struct addr *addr);

/** topology_link_addr - the gateway's address there, or NULL */
const struct addr *topology_link_addr(const struct topology_link *link,
				      unsigned int family);

/** topology_mac - the source MAC that frames from @addr truly carry */
struct mac topology_mac(const struct topology *topology,
			const struct addr *addr);

#endif
