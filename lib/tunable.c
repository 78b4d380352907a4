// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sysctls against the zone model. Easy to get wrong: most of them are there
 * once for all interfaces and once for each, and the kernel takes either, both
 * or the greater, differently for each of them (include/linux/inetdevice.h);
 * and the table drops much of what they would let in, so that few of them open
 * anything. The sentences say which.
 */
#include "tunable.h"

#include <string.h>

#include "arena.h"
#include "claim.h"
#include "names.h"

/* How the value for all interfaces and that of one come together */
enum scope {
	SCOPE_ONCE, /* there is only one of it */
	SCOPE_OWN, /* the interface's own counts */
	SCOPE_ANY, /* either will do */
	SCOPE_BOTH, /* it takes both; also: the greater one counts, for zero */
	SCOPE_HOST, /* both if the machine forwards, else either */
};

/* What has to be so for the value to matter */
enum need {
	NEED_NOTHING,
	NEED_FLOWS4, /* something is permitted between zones */
	NEED_FLOWS6,
	NEED_BRIDGE,
	NEED_HOST6, /* IPv6 is not forwarded, or the value is 2 */
};

struct tunable {
	const char *id;
	const char *head, *leaf; /* the interface stands between them */
	enum scope scope;
	bool wants_zero; /* it is zero that is unwanted */
	enum need need;
	enum gravity gravity;
	const char *text;
};

#define ID(name) "SEKI-A-SYSCTL-" name
#define CONF4 "net.ipv4.conf."
#define CONF6 "net.ipv6.conf."
#define CONNTRACK "net.netfilter.nf_conntrack_"

static const struct tunable tunables[] = {
	{ ID("FORWARD"), "net.ipv4.ip_forward", NULL, SCOPE_ONCE, true,
	  NEED_FLOWS4, GRAVITY_WARNING,
	  "IPv4 is not forwarded; no conduit between zones can pass anything" },
	{ ID("FORWARD"), CONF6 "all.forwarding", NULL, SCOPE_ONCE, true,
	  NEED_FLOWS6, GRAVITY_WARNING,
	  "IPv6 is not forwarded; no conduit between zones can pass anything" },
	{ ID("RP-FILTER"), CONF4, ".rp_filter", SCOPE_BOTH, true, NEED_NOTHING,
	  GRAVITY_NOTICE,
	  "The kernel itself does not check whether a source address belongs "
	  "to the interface; the table does, by zone, and is alone with it" },
	{ ID("SOURCE-ROUTE"), CONF4, ".accept_source_route", SCOPE_BOTH, false,
	  NEED_NOTHING, GRAVITY_NOTICE,
	  "Packets may choose their route by an IPv4 option; the table drops "
	  "them" },
	{ ID("SOURCE-ROUTE"), CONF6, ".accept_source_route", SCOPE_BOTH, false,
	  NEED_NOTHING, GRAVITY_NOTICE,
	  "Packets may choose their route by an IPv6 routing header; the "
	  "table drops them" },
	{ ID("REDIRECTS"), CONF4, ".accept_redirects", SCOPE_HOST, false,
	  NEED_NOTHING, GRAVITY_NOTICE,
	  "Routes could be changed by ICMP redirects; the table drops them" },
	{ ID("REDIRECTS"), CONF6, ".accept_redirects", SCOPE_OWN, false,
	  NEED_HOST6, GRAVITY_NOTICE,
	  "Routes could be changed by ICMPv6 redirects; the table drops them" },
	{ ID("SEND-REDIRECTS"), CONF4, ".send_redirects", SCOPE_ANY, false,
	  NEED_NOTHING, GRAVITY_NOTICE,
	  "The gateway would tell hosts of ways around it by ICMP redirects; "
	  "the table drops them" },
	{ ID("ACCEPT-RA"), CONF6, ".accept_ra", SCOPE_OWN, false, NEED_HOST6,
	  GRAVITY_NOTICE,
	  "Addresses and routes could be set by router advertisements; the "
	  "table drops them" },
	{ ID("PROXY"), CONF4, ".proxy_arp", SCOPE_ANY, false, NEED_NOTHING,
	  GRAVITY_WARNING,
	  "The gateway answers ARP for hosts behind other interfaces, so that "
	  "zones look like one network; packets are judged all the same" },
	{ ID("PROXY"), CONF4, ".proxy_arp_pvlan", SCOPE_ANY, false,
	  NEED_NOTHING, GRAVITY_WARNING,
	  "The gateway answers ARP for hosts of the same interface, so that "
	  "they speak through it; packets are judged all the same" },
	{ ID("PROXY"), CONF6, ".proxy_ndp", SCOPE_ANY, false, NEED_NOTHING,
	  GRAVITY_WARNING,
	  "The gateway may answer neighbour solicitations for hosts behind "
	  "other interfaces; packets are judged all the same" },
	{ ID("LOCALNET"), CONF4, ".route_localnet", SCOPE_ANY, false,
	  NEED_NOTHING, GRAVITY_NOTICE,
	  "Packets from outside could reach the loopback addresses of the "
	  "gateway; the table drops them" },
	{ ID("VALID-MARK"), CONF4, ".src_valid_mark", SCOPE_ANY, false,
	  NEED_NOTHING, GRAVITY_NOTICE,
	  "A packet's mark takes part in the kernel's check of its source; "
	  "the table's own check does not look at it" },
	{ ID("TCP-LOOSE"), CONNTRACK "tcp_loose", NULL, SCOPE_ONCE, false,
	  NEED_NOTHING, GRAVITY_NOTICE,
	  "Connection tracking picks up TCP connections in midstream; the "
	  "table drops what arrives of them" },
	{ ID("TCP-LIBERAL"), CONNTRACK "tcp_be_liberal", NULL, SCOPE_ONCE,
	  false, NEED_NOTHING, GRAVITY_WARNING,
	  "Connection tracking lets TCP segments outside of their window "
	  "pass as part of a permitted connection" },
	{ ID("BRIDGE"), "net.bridge.bridge-nf-call-iptables", NULL, SCOPE_ONCE,
	  false, NEED_BRIDGE, GRAVITY_WARNING,
	  "IPv4 within a bridge is shown to the table as if it were "
	  "forwarded; without a conduit from the zone to itself it is "
	  "dropped" },
	{ ID("BRIDGE"), "net.bridge.bridge-nf-call-ip6tables", NULL, SCOPE_ONCE,
	  false, NEED_BRIDGE, GRAVITY_WARNING,
	  "IPv6 within a bridge is shown to the table as if it were "
	  "forwarded; without a conduit from the zone to itself it is "
	  "dropped" },
	{ ID("MPLS"), "net.mpls.conf.", ".input", SCOPE_OWN, false,
	  NEED_NOTHING, GRAVITY_CRITICAL,
	  "Frames with MPLS labels are forwarded by their label and pass by "
	  "the table" },
};

#define N_TUNABLES (sizeof(tunables) / sizeof(*tunables))

struct judging {
	const struct tunables *of;
	struct names *values; /* of sysctls, by name */
	bool flows4, flows6;
	struct concerns *concerns;
};

/* Bit 0: it has IPv4 networks, bit 1: IPv6 */
static unsigned int zone_families(const struct zone *zone)
{
	unsigned int families = 0;
	size_t i;

	for (i = 0; i < zone->n_networks; i++)
		families |= zone->networks[i].addr.family == 4 ? 1 : 2;
	return families;
}

static unsigned int ends_families(const struct endpoint **ends, size_t n,
				  const unsigned int *families)
{
	unsigned int all = 0;
	size_t i;

	for (i = 0; i < n; i++)
		all |= families[ends[i]->zone->index];
	return all;
}

/* Which IP versions have something to pass from zone to zone */
static unsigned int policy_families(const struct policy *policy,
				    struct arena *arena)
{
	unsigned int *families, found = 0;
	size_t i;

	families = arena_alloc(arena, policy->n_zones * sizeof(*families));
	for (i = 0; i < policy->n_zones; i++)
		families[i] = zone_families(&policy->zones[i]);
	for (i = 0; i < policy->n_conduits && found != 3; i++) {
		const struct conduit *conduit = &policy->conduits[i];

		found |= ends_families(conduit->from, conduit->n_from,
				       families) &
			 ends_families(conduit->to, conduit->n_to, families);
	}
	return found;
}

static bool number_is_unwanted(const struct tunable *tunable, long number)
{
	return tunable->wants_zero ? number == 0 : number > 0;
}

/* Is it known, and what? */
static bool value_of(const struct judging *judging, const char *name,
		     long *number)
{
	const char *value = names_find(judging->values, name);

	return value && claim_number(value, number);
}

static bool is_forwarding(const struct judging *judging, const char *name)
{
	long number;

	return value_of(judging, name, &number) && number > 0;
}

static bool is_needed(const struct judging *judging,
		      const struct tunable *tunable, long number)
{
	switch (tunable->need) {
	case NEED_NOTHING:
		return true;
	case NEED_FLOWS4:
		return judging->flows4;
	case NEED_FLOWS6:
		return judging->flows6;
	case NEED_BRIDGE:
		return judging->of->bridged;
	case NEED_HOST6:
		return number > 1 ||
		       !is_forwarding(judging, CONF6 "all.forwarding");
	}
	return true;
}

static bool is_unwanted(const struct judging *judging,
			const struct tunable *tunable, const char *name)
{
	long number;

	return value_of(judging, name, &number) &&
	       number_is_unwanted(tunable, number) &&
	       is_needed(judging, tunable, number);
}

static void judge_report(const struct judging *judging,
			 const struct tunable *tunable, const char *name)
{
	concern_add(judging->concerns, tunable->gravity, tunable->id,
		    arena_printf(judging->concerns->arena, "sysctl %s", name),
		    "%s", tunable->text);
}

static const char *name_for(const struct tunable *tunable,
			    const char *interface, struct arena *arena)
{
	return tunable->leaf ? claim_of_interface(tunable->head, interface,
						  tunable->leaf, arena) :
			       tunable->head;
}

/* Does the interface's own value decide, once that for all is known? */
static bool own_decides(enum scope scope, bool all, bool forwards)
{
	switch (scope) {
	case SCOPE_ONCE:
		return false;
	case SCOPE_OWN:
		return true;
	case SCOPE_ANY:
		return !all;
	case SCOPE_BOTH:
		return all;
	case SCOPE_HOST:
		return forwards ? all : !all;
	}
	return true;
}

/* Do both have to be unwanted? If not, that for all is a concern by itself. */
static bool takes_both(enum scope scope, bool forwards)
{
	return scope == SCOPE_BOTH || (scope == SCOPE_HOST && forwards);
}

static void judge_tunable(const struct judging *judging,
			  const struct tunable *tunable)
{
	const struct surroundings *around = judging->of->surroundings;
	struct arena *arena = judging->of->arena;
	bool forwards = is_forwarding(judging, "net.ipv4.ip_forward");
	const char *name = name_for(tunable, "all", arena);
	bool all = tunable->scope != SCOPE_OWN &&
		   is_unwanted(judging, tunable, name);
	size_t i;

	if (all && !takes_both(tunable->scope, forwards))
		judge_report(judging, tunable, name);
	if (!own_decides(tunable->scope, all, forwards))
		return;
	for (i = 0; i < around->n_links; i++) {
		name = name_for(tunable, around->links[i].name, arena);
		if (is_unwanted(judging, tunable, name))
			judge_report(judging, tunable, name);
	}
}

void tunable_judge(const struct tunables *of, struct concerns *concerns)
{
	const struct surroundings *around = of->surroundings;
	unsigned int families = policy_families(of->policy, of->arena);
	struct judging judging = {
		.of = of,
		.flows4 = families & 1,
		.flows6 = families & 2,
		.concerns = concerns,
	};
	size_t i;

	judging.values = names_new(of->arena, around->n_sysctls);
	for (i = 0; i < around->n_sysctls; i++) {
		const struct sysctl_value *sysctl = &around->sysctls[i];

		if (sysctl->value)
			names_add(judging.values, sysctl->name,
				  (void *)sysctl->value);
	}
	for (i = 0; i < N_TUNABLES; i++)
		judge_tunable(&judging, &tunables[i]);
}

static void name_push(const struct tunables *of, const char *name,
		      const char ***names, size_t *n)
{
	*names = arena_push(of->arena, *names, n, sizeof(**names));
	(*names)[*n - 1] = name;
}

/* Of the interfaces of zones that are there */
static void names_of_interfaces(const struct tunables *of,
				const struct tunable *tunable,
				const struct names *links, const char ***names,
				size_t *n)
{
	size_t i, k;

	for (i = 0; i < of->policy->n_zones; i++) {
		const struct zone *zone = &of->policy->zones[i];

		for (k = 0; k < zone->n_interfaces; k++)
			if (names_find(links, zone->interfaces[k]))
				name_push(of,
					  name_for(tunable, zone->interfaces[k],
						   of->arena),
					  names, n);
	}
}

const char **tunable_names(const struct tunables *of, const char **names,
			   size_t *n)
{
	const struct surroundings *around = of->surroundings;
	struct names *links = names_new(of->arena, around->n_links);
	size_t i;

	for (i = 0; i < around->n_links; i++)
		names_add(links, around->links[i].name, &around->links[i]);
	for (i = 0; i < N_TUNABLES; i++) {
		if (tunables[i].scope != SCOPE_OWN)
			name_push(of, name_for(&tunables[i], "all", of->arena),
				  &names, n);
		if (tunables[i].leaf)
			names_of_interfaces(of, &tunables[i], links, &names, n);
	}
	return names;
}

static bool is_named(const struct tunable *tunable, const char *name)
{
	size_t len = strlen(name), head = strlen(tunable->head), leaf;

	if (!tunable->leaf)
		return !strcmp(name, tunable->head);
	leaf = strlen(tunable->leaf);
	return len > head + leaf && !strncmp(name, tunable->head, head) &&
	       !strcmp(name + len - leaf, tunable->leaf);
}

const char *tunable_contradiction(const struct policy *policy,
				  const struct sysctl_claim *claim)
{
	struct arena *arena = arena_new();
	unsigned int families = policy_families(policy, arena);
	const char *text = NULL;
	long number;
	size_t i;

	arena_free(arena);
	for (i = 0; i < N_TUNABLES && claim_number(claim->value, &number);
	     i++) {
		const struct tunable *tunable = &tunables[i];

		if (!is_named(tunable, claim->name) ||
		    !number_is_unwanted(tunable, number) ||
		    (tunable->need == NEED_FLOWS4 && !(families & 1)) ||
		    (tunable->need == NEED_FLOWS6 && !(families & 2)))
			continue;
		text = tunable->text;
	}
	return text;
}
