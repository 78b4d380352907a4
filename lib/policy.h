/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_POLICY_H
#define SEKIMORI_POLICY_H

/*
 * What the configuration means: names have become pointers, contradictions
 * have been refused. Whoever holds a const struct policy from load_policy()
 * need not check anything again. All of it lives in policy.arena.
 */
#include "model.h"

/** struct zone - networks behind interfaces; policy.zones[0] is the gateway */
struct zone {
	const char *name;
	const char *label; /* for people; the name if the file gives none */
	enum layer layer; /* 0 for the gateway */
	bool external;
	bool no_ip;
	const char **interfaces;
	size_t n_interfaces;
	struct prefix *networks; /* in canonical order */
	size_t n_networks;
	bool has_next_hop_mac; /* a routed zone: all come from this MAC */
	struct mac next_hop_mac;
	struct place at;
	unsigned int index; /* in policy.zones */
};

/* From the widest to the most exact: the more exact endpoint decides. */
enum endpoint_kind {
	ENDPOINT_ZONE, /* also the gateway, as zone 0 */
	ENDPOINT_NET, /* a prefix or a list inside one zone */
	ENDPOINT_HOST, /* a declared host, or a single address */
};

/**
 * struct endpoint - one end of a flow
 * @name: as people wrote it: of a zone, host or list, or the prefix
 * @prefixes: what it covers, by address; full length for a host; none for the
 *	gateway
 * @has_mac: traffic from this end carries @mac: the host's own, or the next
 *	hop's of a routed zone
 */
struct endpoint {
	enum endpoint_kind kind;
	const char *name;
	const struct zone *zone;
	struct prefix *prefixes;
	size_t n_prefixes;
	bool has_mac;
	struct mac mac;
	struct place at; /* its declaration, or the conduit for a prefix */
	unsigned int index; /* among all endpoints of the policy */
	uint64_t hash; /* of what it covers: see hash.h */
};

struct conduit;

/**
 * struct flow - the smallest thing that is permitted
 * @id: conntrack mark of its connections: a hash of what it means, so that it
 *	does not depend on names of conduits or their order. From FLOW_ID_MIN
 *	to FLOW_ID_MAX; unique in a policy.
 */
struct flow {
	uint32_t id;
	const struct conduit *conduit;
	const struct endpoint *from;
	const struct endpoint *to;
	struct service service;
};

#define FLOW_ID_MIN 0x00010000u
#define FLOW_ID_MAX 0x7fffffffu
/* In the mark of a connection that ends with its flow, or before: lib/bridge.h */
#define FLOW_ENDS 0x80000000u
#define FLOWS_MAX 2000000u

struct conduit {
	const char *name;
	enum conduit_kind kind;
	enum bind bind;
	const struct endpoint **from, **to;
	size_t n_from, n_to;
	struct service *services;
	size_t n_services;
	const char *reason, *approved_by, *approval; /* NULL if absent */
	unsigned int valid_from; /* first day, as yyyymmdd; 0: no start */
	unsigned int valid_until; /* last day, likewise */
	int64_t expires; /* seconds since 1970 UTC; 0: never */
	const char *allowed_by; /* who asked for it; NULL: it is permanent */
	const struct window *windows; /* none: at any time */
	size_t n_windows;
	struct place at;
	struct flow *flows; /* one for each from, to and service */
	size_t n_flows;
	unsigned int index; /* in policy.conduits */
};

/**
 * struct trial_end - one end of a trial
 * @name: as written
 * @addrs: none for the gateway
 * @has_mac: what comes from here carries @mac, as far as is known
 */
struct trial_end {
	const char *name;
	const struct zone *zone;
	struct addr *addrs;
	size_t n_addrs;
	bool has_mac;
	struct mac mac;
};

/**
 * struct trial - a connection that must be permitted, or must not be
 * @name: as written, or made of its ends
 * @services: all of these, at each port
 */
struct trial {
	const char *name;
	bool must_pass; /* else it must be dropped */
	struct trial_end from, to;
	const struct service *services;
	size_t n_services;
	struct place at;
};

struct policy {
	struct arena *arena;
	const char *gateway;
	enum guideline_model model;
	enum guideline_edition edition;
	const char *facility; /* syslog; "daemon" if not written */
	const char *group; /* "sekimori" if not written */
	struct place at; /* of the gateway's description */
	struct watch watch;
	struct keeping keeping;
	struct sysctl_claim *sysctls; /* in the order of the file */
	size_t n_sysctls;

	struct zone *zones;
	size_t n_zones; /* at least 1: the gateway */
	struct endpoint *zone_endpoints; /* one a zone, in the same order */
	struct endpoint *hosts;
	size_t n_hosts;
	struct endpoint *lists;
	size_t n_lists;
	struct conduit *conduits; /* in the order of the file */
	size_t n_conduits;
	struct flow *flows; /* of all conduits, in their order */
	size_t n_flows;
	size_t n_endpoints; /* of all kinds, prefixes included */
	struct trial *trials; /* must_pass and must_drop, in the order read */
	size_t n_trials;
};

/** policy_zone_of - the zone whose networks hold @addr most closely, or NULL */
const struct zone *policy_zone_of(const struct policy *policy,
				  const struct addr *addr);

/** policy_is_gateway - is this endpoint the gateway itself? */
bool policy_is_gateway(const struct endpoint *endpoint);

#endif
