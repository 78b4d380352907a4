// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What others keep in the kernel that packets meet beside our table. Easy to
 * get wrong: no other table can accept a packet that ours drops, so it is not
 * verdicts that matter. What matters is what takes packets out of the way to
 * our chains, what changes them before they are judged, and what changes the
 * connection marks that our table goes by.
 *
 * A chain that nobody jumps to now is reported like any other.
 */
#include "foreign.h"

#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "attr.h"
#include "ruleset.h"
#include "statement.h"

/* In NFTA_HOOK_DEVS, since 6.16: how names begin. Headers may lack it. */
#define DEVICE_PREFIX 2

/* Of our base chains, see emit_base_chain() */
#define OUR_PRIORITY 0

/* How an interface may be related to one of a zone */
#define STACK_DEPTH_MAX 8

struct device {
	const char *name;
	bool is_prefix;
};

/* A table, a flowtable, a base chain, or a chain with statements of concern */
struct object {
	uint8_t family;
	const char *table, *name;
};

struct base_chain {
	struct object at;
	const char *type;
	uint32_t hook;
	int32_t priority;
	struct device *devices;
	size_t n_devices;
	bool has_other; /* it may be on interfaces that are not in @devices */
};

struct acting_chain {
	struct object at;
	size_t n_rules[N_ACTS];
	const char *unknown; /* one statement that is not known */
};

struct foreign {
	struct arena *arena;
	struct object *tables, *flowtables;
	size_t n_tables, n_flowtables;
	struct base_chain *bases;
	size_t n_bases;
	struct acting_chain *actings;
	size_t n_actings;
	const char **legacies; /* "legacy table ip nat" */
	size_t n_legacies;
};

/* What is said of a chain; the number of its rules follows. */
static const struct {
	const char *id;
	enum gravity gravity;
	const char *text;
} concerns_of[N_ACTS] = {
	[ACT_FORWARD] = { "SEKI-A-FORWARD", GRAVITY_CRITICAL,
			  "sends packets out of another interface, past the "
			  "policy" },
	[ACT_DUPLICATE] = { "SEKI-A-DUPLICATE", GRAVITY_CRITICAL,
			    "sends copies of packets elsewhere, past the "
			    "policy" },
	[ACT_OFFLOAD] = { "SEKI-A-FLOWTABLE", GRAVITY_CRITICAL,
			  "hands connections to a flowtable, so that their "
			  "packets pass by the policy" },
	[ACT_TPROXY] = { "SEKI-A-TPROXY", GRAVITY_CRITICAL,
			 "gives packets to a program on the gateway instead of "
			 "having them forwarded" },
	[ACT_CTMARK] = { "SEKI-A-CTMARK", GRAVITY_CRITICAL,
			 "changes marks of connections, by which the policy "
			 "tells what is permitted" },
	[ACT_QUEUE] = { "SEKI-A-QUEUE", GRAVITY_CRITICAL,
			"queues packets for a program, which can change them "
			"or let them pass by the policy" },
	[ACT_NAT] = { "SEKI-A-NAT", GRAVITY_WARNING,
		      "translates addresses or ports, so that the policy may "
		      "see others than the hosts use" },
	[ACT_NOTRACK] = { "SEKI-A-NOTRACK", GRAVITY_WARNING,
			  "exempts packets from connection tracking, so that "
			  "the policy drops what a conduit permits" },
	[ACT_ZONE] = { "SEKI-A-ZONE", GRAVITY_WARNING,
		       "tracks connections in another conntrack zone, so that "
		       "the policy may not know their replies" },
	[ACT_SYNPROXY] = { "SEKI-A-SYNPROXY", GRAVITY_WARNING,
			   "accepts TCP connections in place of their "
			   "destination" },
	[ACT_REWRITE] = { "SEKI-A-REWRITE", GRAVITY_WARNING,
			  "rewrites packets, so that the policy may see "
			  "something else than was sent" },
	[ACT_MARK] = { "SEKI-A-MARK", GRAVITY_WARNING,
		       "sets marks of packets, which can change their routes" },
	[ACT_HEADER] = { "SEKI-A-HEADER", GRAVITY_NOTICE,
			 "changes hop limits, DSCP or TCP options" },
	[ACT_UNKNOWN] = { "SEKI-A-UNKNOWN", GRAVITY_WARNING,
			  "has statements that are not known and cannot be "
			  "judged" },
};

struct foreign *foreign_new(struct arena *arena)
{
	struct foreign *foreign = arena_alloc(arena, sizeof(*foreign));

	foreign->arena = arena;
	return foreign;
}

static const char *copy_name(struct arena *arena, const char *name)
{
	return arena_copy(arena, name, strlen(name));
}

static int read_header(const struct nlmsghdr *nlh, uint8_t *family,
		       struct attrs *attrs)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*nfg))
		return -EBADMSG;
	*family = nfg->nfgen_family;
	return parse_message(nlh, attrs);
}

static bool is_ours(uint8_t family, const char *table)
{
	return family == NFPROTO_INET && !strcmp(table, RULESET_TABLE);
}

int foreign_table(struct foreign *foreign, const struct nlmsghdr *nlh)
{
	struct object *table;
	struct attrs attrs;
	const char *name;
	uint8_t family;

	if (read_header(nlh, &family, &attrs))
		return -EBADMSG;
	name = get_text(&attrs, NFTA_TABLE_NAME);
	if (!name)
		return -EBADMSG;
	if (is_ours(family, name))
		return 0;
	foreign->tables = arena_push(foreign->arena, foreign->tables,
				     &foreign->n_tables, sizeof(*table));
	table = &foreign->tables[foreign->n_tables - 1];
	table->family = family;
	table->name = copy_name(foreign->arena, name);
	return 0;
}

static void add_device(struct foreign *foreign, struct base_chain *base,
		       const struct nlattr *attr, bool is_prefix)
{
	const char *name = mnl_attr_get_payload(attr);
	size_t len = strnlen(name, mnl_attr_get_payload_len(attr));
	struct device *device;

	base->devices = arena_push(foreign->arena, base->devices,
				   &base->n_devices, sizeof(*device));
	device = &base->devices[base->n_devices - 1];
	device->name = arena_copy(foreign->arena, name, len);
	device->is_prefix = is_prefix;
}

/* A single interface stands in NFTA_HOOK_DEV, and often in the list as well. */
static void read_devices(struct foreign *foreign, struct base_chain *base,
			 const struct attrs *hook)
{
	const struct nlattr *list = hook->table[NFTA_HOOK_DEVS];
	const struct nlattr *attr;

	if (!list) {
		if (hook->table[NFTA_HOOK_DEV])
			add_device(foreign, base, hook->table[NFTA_HOOK_DEV],
				   false);
		return;
	}
	mnl_attr_for_each_nested(attr, list)
	{
		unsigned int type = mnl_attr_get_type(attr);

		if (type == NFTA_DEVICE_NAME || type == DEVICE_PREFIX)
			add_device(foreign, base, attr, type == DEVICE_PREFIX);
		else
			base->has_other = true;
	}
}

int foreign_chain(struct foreign *foreign, const struct nlmsghdr *nlh)
{
	const char *table, *name, *type;
	struct base_chain *base;
	struct attrs attrs, hook;
	uint32_t number, priority;
	uint8_t family;

	if (read_header(nlh, &family, &attrs))
		return -EBADMSG;
	table = get_text(&attrs, NFTA_CHAIN_TABLE);
	name = get_text(&attrs, NFTA_CHAIN_NAME);
	if (!table || !name)
		return -EBADMSG;
	if (is_ours(family, table) || !attrs.table[NFTA_CHAIN_HOOK])
		return 0;
	type = get_text(&attrs, NFTA_CHAIN_TYPE);
	if (!type || parse_nest(attrs.table[NFTA_CHAIN_HOOK], &hook) ||
	    !get_u32(&hook, NFTA_HOOK_HOOKNUM, &number) ||
	    !get_u32(&hook, NFTA_HOOK_PRIORITY, &priority))
		return -EBADMSG;
	foreign->bases = arena_push(foreign->arena, foreign->bases,
				    &foreign->n_bases, sizeof(*base));
	base = &foreign->bases[foreign->n_bases - 1];
	base->at.family = family;
	base->at.table = copy_name(foreign->arena, table);
	base->at.name = copy_name(foreign->arena, name);
	base->type = copy_name(foreign->arena, type);
	base->hook = number;
	base->priority = (int32_t)priority;
	base->has_other = hook.beyond;
	read_devices(foreign, base, &hook);
	return 0;
}

/* What is kept of the chain @at, of which a rule was found to be of concern */
static struct acting_chain *acting_chain(struct foreign *foreign,
					 const struct object *at)
{
	struct acting_chain *chain;

	if (foreign->n_actings) {
		chain = &foreign->actings[foreign->n_actings - 1];
		if (chain->at.family == at->family &&
		    !strcmp(chain->at.table, at->table) &&
		    !strcmp(chain->at.name, at->name))
			return chain;
	}
	foreign->actings = arena_push(foreign->arena, foreign->actings,
				      &foreign->n_actings, sizeof(*chain));
	chain = &foreign->actings[foreign->n_actings - 1];
	chain->at.family = at->family;
	chain->at.table = copy_name(foreign->arena, at->table);
	chain->at.name = copy_name(foreign->arena, at->name);
	return chain;
}

/* All acts of a rule as a set of 1 << act; @unknown is one that is not known */
static int rule_acts(const struct nlattr *exprs, uint32_t *acts,
		     const char **unknown)
{
	const struct nlattr *expr;
	const char *name;
	int act;

	*acts = 0;
	mnl_attr_for_each_nested(expr, exprs)
	{
		act = statement_act(expr, &name);
		if (act < 0)
			return act;
		if (act == ACT_UNKNOWN)
			*unknown = name;
		if (act != ACT_NONE)
			*acts |= 1u << act;
	}
	return 0;
}

int foreign_rule(struct foreign *foreign, const struct nlmsghdr *nlh)
{
	const char *unknown = NULL;
	struct acting_chain *chain;
	struct object at;
	struct attrs attrs;
	unsigned int act;
	uint32_t acts;

	if (read_header(nlh, &at.family, &attrs))
		return -EBADMSG;
	at.table = get_text(&attrs, NFTA_RULE_TABLE);
	at.name = get_text(&attrs, NFTA_RULE_CHAIN);
	if (!at.table || !at.name)
		return -EBADMSG;
	if (is_ours(at.family, at.table) || !attrs.table[NFTA_RULE_EXPRESSIONS])
		return 0;
	if (rule_acts(attrs.table[NFTA_RULE_EXPRESSIONS], &acts, &unknown))
		return -EBADMSG;
	if (!acts)
		return 0;
	chain = acting_chain(foreign, &at);
	for (act = 0; act < N_ACTS; act++)
		chain->n_rules[act] += acts >> act & 1;
	if (unknown && !chain->unknown)
		chain->unknown = copy_name(foreign->arena, unknown);
	return 0;
}

int foreign_flowtable(struct foreign *foreign, const struct nlmsghdr *nlh)
{
	struct object *flowtable;
	const char *table, *name;
	struct attrs attrs;
	uint8_t family;

	if (read_header(nlh, &family, &attrs))
		return -EBADMSG;
	table = get_text(&attrs, NFTA_FLOWTABLE_TABLE);
	name = get_text(&attrs, NFTA_FLOWTABLE_NAME);
	if (!table || !name)
		return -EBADMSG;
	foreign->flowtables = arena_push(foreign->arena, foreign->flowtables,
					 &foreign->n_flowtables,
					 sizeof(*flowtable));
	flowtable = &foreign->flowtables[foreign->n_flowtables - 1];
	flowtable->family = family;
	flowtable->table = copy_name(foreign->arena, table);
	flowtable->name = copy_name(foreign->arena, name);
	return 0;
}

/*
 * A name that can be told from every other one wherever it stands: the kernel
 * takes any bytes, blanks too.
 */
static const char *plain_name(struct arena *arena, const char *name)
{
	static const char digits[] = "0123456789abcdef";
	char *plain = arena_alloc(arena, 4 * strlen(name) + 1), *to = plain;

	for (; *name; name++) {
		unsigned char byte = *name;

		if (byte > ' ' && byte < 0x7f && byte != '\\') {
			*to++ = *name;
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[byte >> 4];
		*to++ = digits[byte & 15];
	}
	return plain;
}

void foreign_legacy(struct foreign *foreign, const char *kind,
		    const char *names, size_t len)
{
	struct arena *arena = foreign->arena;
	const char *end = names + len, *stop;

	for (; names < end; names = stop + 1) {
		stop = memchr(names, '\n', (size_t)(end - names));
		stop = stop ? stop : end;
		if (stop == names)
			continue;
		foreign->legacies = arena_push(arena, foreign->legacies,
					       &foreign->n_legacies,
					       sizeof(*foreign->legacies));
		foreign->legacies[foreign->n_legacies - 1] = arena_printf(
			arena, "legacy table %s %s", kind,
			plain_name(arena, arena_copy(arena, names,
						     (size_t)(stop - names))));
	}
}

static const char *family_name(struct arena *arena, uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_IPV6:
		return "ip6";
	}
	return arena_printf(arena, "family-%u", family);
}

/* "chain ip nat postrouting", "table bridge filter" */
static const char *subject_of(struct arena *arena, const char *what,
			      const struct object *object)
{
	const char *family = family_name(arena, object->family);
	const char *name = plain_name(arena, object->name);

	if (!object->table)
		return arena_printf(arena, "%s %s %s", what, family, name);
	return arena_printf(arena, "%s %s %s %s", what, family,
			    plain_name(arena, object->table), name);
}

/* Add a concern whose text is the subject and what it @does */
static void say(struct concerns *concerns, enum gravity gravity, const char *id,
		const char *subject, const char *does)
{
	/* subjects begin with a small letter of ASCII */
	concern_add(concerns, gravity, id, subject, "%c%s %s",
		    *subject - 'a' + 'A', subject + 1, does);
}

static void judge_acts(const struct acting_chain *chain,
		       struct concerns *concerns)
{
	struct arena *arena = concerns->arena;
	const char *subject = subject_of(arena, "chain", &chain->at);
	unsigned int act;

	for (act = ACT_NONE + 1; act < N_ACTS; act++) {
		size_t n = chain->n_rules[act];
		const char *does;

		if (!n)
			continue;
		does = arena_printf(arena, "%s (%zu rule%s",
				    concerns_of[act].text, n,
				    n == 1 ? "" : "s");
		if (act == ACT_UNKNOWN)
			does = arena_printf(arena, "%s, the first with \"%s\"",
					    does,
					    plain_name(arena, chain->unknown));
		say(concerns, concerns_of[act].gravity, concerns_of[act].id,
		    subject, arena_printf(arena, "%s)", does));
	}
}

static bool device_is(const struct device *device, const char *interface)
{
	if (device->is_prefix)
		return !strncmp(device->name, interface, strlen(device->name));
	return !strcmp(device->name, interface);
}

static const struct link *link_named(const struct surroundings *surroundings,
				     const char *name)
{
	size_t i;

	for (i = 0; surroundings && i < surroundings->n_links; i++)
		if (!strcmp(surroundings->links[i].name, name))
			return &surroundings->links[i];
	return NULL;
}

/*
 * Do frames of @interface come by the device? They do if it is the interface,
 * one that the interface sits on, such as eth0 for eth0.11, or a port of it.
 */
static bool device_carries(const struct device *device, const char *interface,
			   const struct surroundings *surroundings,
			   unsigned int depth)
{
	const struct link *link;
	size_t i;

	if (device_is(device, interface))
		return true;
	if (depth == STACK_DEPTH_MAX)
		return false;
	link = link_named(surroundings, interface);
	if (link && link->lower &&
	    device_carries(device, link->lower, surroundings, depth + 1))
		return true;
	for (i = 0; surroundings && i < surroundings->n_links; i++) {
		link = &surroundings->links[i];
		if (link->master && !strcmp(link->master, interface) &&
		    device_carries(device, link->name, surroundings, depth + 1))
			return true;
	}
	return false;
}

/* The zone whose frames come by a device of the chain, or NULL */
static const struct zone *zone_of(const struct base_chain *base,
				  const struct policy *policy,
				  const struct surroundings *surroundings)
{
	size_t i, k, d;

	for (i = 0; i < policy->n_zones; i++)
		for (k = 0; k < policy->zones[i].n_interfaces; k++)
			for (d = 0; d < base->n_devices; d++)
				if (device_carries(
					    &base->devices[d],
					    policy->zones[i].interfaces[k],
					    surroundings, 0))
					return &policy->zones[i];
	return NULL;
}

static void judge_device_chain(const struct base_chain *base,
			       const struct policy *policy,
			       const struct surroundings *surroundings,
			       struct concerns *concerns)
{
	struct arena *arena = concerns->arena;
	const struct zone *zone = zone_of(base, policy, surroundings);
	bool is_late = base->at.family == NFPROTO_NETDEV &&
		       base->hook == NF_NETDEV_EGRESS;
	const char *where = "on interfaces of no zone";

	if (zone)
		where = arena_printf(arena, "of zone \"%s\"", zone->name);
	else if (base->has_other)
		where = "on interfaces that cannot be told";
	say(concerns,
	    zone || base->has_other ? GRAVITY_CRITICAL : GRAVITY_WARNING,
	    "SEKI-A-INGRESS", subject_of(arena, "chain", &base->at),
	    arena_printf(arena, "handles packets %s %s the policy does", where,
			 is_late ? "after" : "before"));
}

static bool is_before_ours(const struct base_chain *base)
{
	uint8_t family = base->at.family;

	if (family != NFPROTO_INET && family != NFPROTO_IPV4 &&
	    family != NFPROTO_IPV6)
		return false;
	/* At the same priority the one that was made later comes first. */
	return (base->hook == NF_INET_FORWARD ||
		base->hook == NF_INET_LOCAL_IN ||
		base->hook == NF_INET_LOCAL_OUT) &&
	       base->priority <= OUR_PRIORITY;
}

static void judge_base(const struct base_chain *base,
		       const struct policy *policy,
		       const struct surroundings *surroundings,
		       struct concerns *concerns)
{
	const char *subject = subject_of(concerns->arena, "chain", &base->at);

	if (base->at.family == NFPROTO_NETDEV ||
	    (base->at.family == NFPROTO_INET && base->hook == NF_INET_INGRESS))
		judge_device_chain(base, policy, surroundings, concerns);
	else if (!strcmp(base->type, "nat"))
		/* If it has statements, they have been reported under this. */
		say(concerns, GRAVITY_NOTICE, "SEKI-A-NAT", subject,
		    "is a place for address translation, with no rule for it "
		    "so far");
	else if (is_before_ours(base))
		say(concerns, GRAVITY_NOTICE, "SEKI-A-BEFORE", subject,
		    "meets packets before the policy does and can drop what a "
		    "conduit permits");
}

static void judge_table(const struct object *table, struct concerns *concerns)
{
	const char *subject = subject_of(concerns->arena, "table", table);

	if (table->family == NFPROTO_BRIDGE)
		say(concerns, GRAVITY_WARNING, "SEKI-A-BRIDGE", subject,
		    "filters or changes frames on bridges, which the policy "
		    "does not see");
	if (!strcmp(table->name, RULESET_TABLE))
		say(concerns, GRAVITY_WARNING, "SEKI-A-NAMESAKE", subject,
		    "has the name of the policy's table but is another one");
}

void foreign_judge(const struct foreign *foreign, const struct policy *policy,
		   const struct surroundings *surroundings,
		   struct concerns *concerns)
{
	size_t i;

	for (i = 0; i < foreign->n_tables; i++)
		judge_table(&foreign->tables[i], concerns);
	for (i = 0; i < foreign->n_actings; i++)
		judge_acts(&foreign->actings[i], concerns);
	for (i = 0; i < foreign->n_bases; i++)
		judge_base(&foreign->bases[i], policy, surroundings, concerns);
	for (i = 0; i < foreign->n_flowtables; i++)
		say(concerns, concerns_of[ACT_OFFLOAD].gravity,
		    concerns_of[ACT_OFFLOAD].id,
		    subject_of(concerns->arena, "flowtable",
			       &foreign->flowtables[i]),
		    "carries packets of its connections past the policy");
	for (i = 0; i < foreign->n_legacies; i++)
		say(concerns, GRAVITY_WARNING, "SEKI-A-LEGACY",
		    foreign->legacies[i],
		    "is in use, and its rules cannot be judged");
}
