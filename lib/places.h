/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PLACES_H
#define SEKIMORI_PLACES_H

/*
 * The first half of resolve_policy(): zones, hosts and lists. Shared by
 * places.c and resolve.c only.
 */
#include "policy.h"

/* What an endpoint's name may stand for; a broken one is known, but unusable */
enum owner_type { OWNER_ZONE, OWNER_HOST, OWNER_LIST };

struct owner {
	enum owner_type type;
	bool broken;
	const struct word *name;
	struct endpoint *endpoint;
};

struct network {
	const struct prefix *prefix;
	struct zone *zone;
	struct place at;
};

struct claim {
	struct addr addr;
	const struct endpoint *host;
	struct place at;
};

struct resolver {
	const struct model *model;
	struct policy *policy;
	struct arena *arena;
	struct diag *diag;
	struct names *owners; /* zones, hosts, lists */
	struct names *services; /* name -> struct model_service */
	struct names *conduits;
	struct names *interfaces; /* name -> struct word */
	struct endpoint **prefixes; /* written in conduits; a hash table */
	size_t prefixes_mask;
	struct network *networks; /* of all zones, sorted */
	size_t n_networks;
	struct claim *claims; /* addresses of all hosts, sorted */
	size_t n_claims;
};

/* Fill the policy's zones, hosts and lists, in this order. */
void places_zones(struct resolver *r);
void places_networks(struct resolver *r);
void places_hosts(struct resolver *r);
void places_lists(struct resolver *r);

/** places_endpoint_init - give an endpoint its kind, place and index */
void places_endpoint_init(struct resolver *r, struct endpoint *e,
			  enum endpoint_kind kind, const char *name,
			  const struct zone *zone, struct place at);

/** places_endpoint_hash - the hash of what the endpoint covers */
void places_endpoint_hash(struct endpoint *e);

/**
 * places_prefix - the zone that holds all of a prefix
 * @what, @name: who names it, for the finding
 *
 * NULL, with a finding, if there is none.
 */
const struct zone *places_prefix(struct resolver *r,
				 const struct prefix *prefix, const char *what,
				 const char *name, struct place at);

/** places_host_of - the declared host that has this address, or NULL */
const struct endpoint *places_host_of(const struct resolver *r,
				      const struct addr *addr);

#endif
