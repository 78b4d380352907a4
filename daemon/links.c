// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interfaces, addresses, routes, neighbours, routing rules and traffic
 * control, through libnl. Easy to get wrong: events only say that it is time
 * to look. What there is, is read whole each time, and a dump that something
 * was changed in meanwhile is not taken for the truth but read again.
 */
#include "links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "arena.h"
#include "tcx.h"

#define SURVEY_TRIES 5
#define EVENTS_BUFFER (1 << 20) /* bytes */
#define EVENTS_MAX 100000 /* taken at once; what is left wakes us again */

struct links {
	struct nl_sock *events, *questions;
};

/* What a link says of others, by their numbers; 0: none */
struct relation {
	int index, master, lower;
	size_t at; /* in surroundings.links */
};

/* Where filters of traffic control may hang */
struct hook {
	int index;
	uint32_t parent;
};

struct survey {
	struct nl_sock *sock;
	struct arena *arena;
	struct surroundings around;
	struct relation *relations; /* sorted by index */
	size_t n_relations;
	struct hook *hooks;
	size_t n_hooks;
	int *shaped; /* interfaces whose traffic has classes, perhaps */
	size_t n_shaped;
	struct link *filtered; /* whose filters are being read */
	int err; /* the first thing that was not understood */
};

/* ---- asking ---- */

static int links_dump(struct survey *survey, int type, void *head, size_t len,
		      nl_recvmsg_msg_cb_t each)
{
	int rc;

	nl_socket_modify_cb(survey->sock, NL_CB_VALID, NL_CB_CUSTOM, each,
			    survey);
	rc = nl_send_simple(survey->sock, type, NLM_F_DUMP, head, len);
	if (rc >= 0)
		rc = nl_recvmsgs_default(survey->sock);
	if (rc == -NLE_DUMP_INTR)
		return -EINTR;
	return rc < 0 ? -EIO : survey->err;
}

/* Whatever is not as it should be ends the survey, but not this dump. */
static int links_refuse(struct survey *survey)
{
	if (!survey->err)
		survey->err = -EPROTO;
	return NL_OK;
}

static bool links_parse(struct nl_msg *msg, int type, size_t head,
			struct nlattr **attrs, int max)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	return nlh->nlmsg_type == type &&
	       nlmsg_parse(nlh, (int)head, attrs, max, NULL) >= 0;
}

static bool attr_u32(const struct nlattr *attr, uint32_t *value)
{
	if (!attr || nla_len(attr) != sizeof(*value))
		return false;
	memcpy(value, nla_data(attr), sizeof(*value));
	return true;
}

/* A text with its end, or NULL */
static const char *attr_text(struct survey *survey, const struct nlattr *attr)
{
	size_t len = attr ? (size_t)nla_len(attr) : 0;
	const char *text = attr ? nla_data(attr) : NULL;

	if (!len || !memchr(text, '\0', len))
		return NULL;
	return arena_copy(survey->arena, text, strlen(text));
}

/* 4 or 6, or 0 for what is not IP */
static uint8_t links_family(int family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;
}

static bool attr_addr(const struct nlattr *attr, uint8_t family,
		      struct addr *addr)
{
	struct addr read = { .family = family };

	if (!attr || (size_t)nla_len(attr) != addr_bits(&read) / 8)
		return false;
	memcpy(read.bytes, nla_data(attr), addr_bits(&read) / 8);
	*addr = read;
	return true;
}

/* Of length 0 if there is no attribute */
static bool attr_prefix(const struct nlattr *attr, uint8_t family,
			unsigned int len, struct prefix *prefix)
{
	struct prefix read = { .addr.family = family, .len = (uint8_t)len };

	if (len > addr_bits(&read.addr) ||
	    (attr ? !attr_addr(attr, family, &read.addr) : len != 0))
		return false;
	*prefix = read;
	return true;
}

static bool attr_mac(const struct nlattr *attr, struct mac *mac)
{
	if (!attr || nla_len(attr) != sizeof(mac->bytes))
		return false;
	memcpy(mac->bytes, nla_data(attr), sizeof(mac->bytes));
	return true;
}

/* ---- links ---- */

static bool links_has_xdp(const struct nlattr *xdp)
{
	const struct nlattr *attr;
	int rest;

	if (!xdp)
		return false;
	nla_for_each_nested(attr, xdp,
			    rest) if (nla_type(attr) == IFLA_XDP_ATTACHED &&
				      nla_len(attr) >=
					      1) return nla_get_u8(attr) !=
		XDP_ATTACHED_NONE;
	return false;
}

static const char *links_kind(struct survey *survey, const struct nlattr *info)
{
	const struct nlattr *attr;
	int rest;

	if (!info)
		return NULL;
	nla_for_each_nested(attr, info,
			    rest) if (nla_type(attr) ==
				      IFLA_INFO_KIND) return attr_text(survey,
								       attr);
	return NULL;
}

static int links_add_link(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct survey *survey = data;
	struct surroundings *around = &survey->around;
	struct relation *relation;
	const struct ifinfomsg *head;
	const char *name;
	struct link *link;
	uint32_t other;

	if (!links_parse(msg, RTM_NEWLINK, sizeof(*head), attrs, IFLA_MAX))
		return links_refuse(survey);
	head = nlmsg_data(nlmsg_hdr(msg));
	name = attr_text(survey, attrs[IFLA_IFNAME]);
	if (!name)
		return links_refuse(survey);
	around->links = arena_push(survey->arena, around->links,
				   &around->n_links, sizeof(*link));
	link = &around->links[around->n_links - 1];
	link->name = name;
	link->index = head->ifi_index;
	link->admin_up = head->ifi_flags & IFF_UP;
	link->up = link->admin_up && head->ifi_flags & IFF_RUNNING;
	link->loopback = head->ifi_flags & IFF_LOOPBACK;
	link->kind = links_kind(survey, attrs[IFLA_LINKINFO]);
	link->xdp = links_has_xdp(attrs[IFLA_XDP]);
	link->has_mac = attr_mac(attrs[IFLA_ADDRESS], &link->mac);

	survey->relations = arena_push(survey->arena, survey->relations,
				       &survey->n_relations, sizeof(*relation));
	relation = &survey->relations[survey->n_relations - 1];
	relation->index = head->ifi_index;
	relation->at = around->n_links - 1;
	if (attr_u32(attrs[IFLA_MASTER], &other))
		relation->master = (int)other;
	/* of a veth it is the other end, and it may count elsewhere */
	if (attr_u32(attrs[IFLA_LINK], &other) && !attrs[IFLA_LINK_NETNSID] &&
	    (!link->kind || strcmp(link->kind, "veth") != 0))
		relation->lower = (int)other;
	return NL_OK;
}

static int relation_order(const void *a, const void *b)
{
	const struct relation *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static struct link *links_by_index(const struct survey *survey, int index)
{
	struct relation wanted = { .index = index };
	const struct relation *found;

	if (!survey->n_relations)
		return NULL;
	found = bsearch(&wanted, survey->relations, survey->n_relations,
			sizeof(wanted), relation_order);
	return found ? &survey->around.links[found->at] : NULL;
}

/* "?" for an interface that came while we were reading */
static const char *links_name(const struct survey *survey, int index)
{
	const struct link *link = links_by_index(survey, index);

	return link ? link->name : "?";
}

static void links_relate(struct survey *survey)
{
	size_t i;

	if (survey->n_relations)
		qsort(survey->relations, survey->n_relations,
		      sizeof(*survey->relations), relation_order);
	for (i = 0; i < survey->n_relations; i++) {
		const struct relation *relation = &survey->relations[i];
		struct link *link = &survey->around.links[relation->at];

		if (relation->master)
			link->master = links_name(survey, relation->master);
		if (relation->lower && relation->lower != relation->index)
			link->lower = links_name(survey, relation->lower);
	}
}

static int links_add_addr(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[IFA_MAX + 1], *local;
	struct survey *survey = data;
	const struct ifaddrmsg *head;
	struct prefix address;
	struct link *link;
	uint8_t family;

	if (!links_parse(msg, RTM_NEWADDR, sizeof(*head), attrs, IFA_MAX))
		return links_refuse(survey);
	head = nlmsg_data(nlmsg_hdr(msg));
	family = links_family(head->ifa_family);
	if (!family)
		return NL_OK;
	/* on a point-to-point link IFA_ADDRESS is the other end's */
	local = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (!local ||
	    !attr_prefix(local, family, head->ifa_prefixlen, &address))
		return links_refuse(survey);
	link = links_by_index(survey, (int)head->ifa_index);
	if (!link)
		return NL_OK;
	link->addresses = arena_push(survey->arena, link->addresses,
				     &link->n_addresses, sizeof(address));
	link->addresses[link->n_addresses - 1] = address;
	return NL_OK;
}

/* ---- routes ---- */

static void links_push_route(struct survey *survey, const struct route *route)
{
	struct surroundings *around = &survey->around;

	around->n_routes_all++;
	if (around->n_routes == ROUTES_MAX)
		return;
	around->routes = arena_push(survey->arena, around->routes,
				    &around->n_routes, sizeof(*route));
	around->routes[around->n_routes - 1] = *route;
}

static int links_add_paths(struct survey *survey, const struct nlattr *paths,
			   struct route *route)
{
	const struct rtnexthop *hop = nla_data(paths);
	size_t rest = (size_t)nla_len(paths), len;

	while (rest >= sizeof(*hop)) {
		if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > rest)
			return links_refuse(survey);
		route->interface = links_name(survey, hop->rtnh_ifindex);
		links_push_route(survey, route);
		len = NLMSG_ALIGN(hop->rtnh_len);
		rest -= len < rest ? len : rest;
		hop = (const void *)((const char *)hop + len);
	}
	return NL_OK;
}

static int links_add_route(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[RTA_MAX + 1];
	struct survey *survey = data;
	const struct rtmsg *head;
	struct route route = { 0 };
	uint32_t index;
	uint8_t family;

	if (!links_parse(msg, RTM_NEWROUTE, sizeof(*head), attrs, RTA_MAX))
		return links_refuse(survey);
	head = nlmsg_data(nlmsg_hdr(msg));
	family = links_family(head->rtm_family);
	if (!family || head->rtm_flags & RTM_F_CLONED ||
	    head->rtm_type == RTN_LOCAL || head->rtm_type == RTN_BROADCAST ||
	    head->rtm_type == RTN_ANYCAST || head->rtm_type == RTN_MULTICAST)
		return NL_OK;
	if (!attr_prefix(attrs[RTA_DST], family, head->rtm_dst_len, &route.to))
		return links_refuse(survey);
	if (!attr_u32(attrs[RTA_TABLE], &route.table))
		route.table = head->rtm_table;
	if (attrs[RTA_MULTIPATH])
		return links_add_paths(survey, attrs[RTA_MULTIPATH], &route);
	if (head->rtm_type == RTN_BLACKHOLE ||
	    head->rtm_type == RTN_UNREACHABLE ||
	    head->rtm_type == RTN_PROHIBIT || head->rtm_type == RTN_THROW)
		route.interface = NULL;
	else
		route.interface = attr_u32(attrs[RTA_OIF], &index) ?
					  links_name(survey, (int)index) :
					  "?";
	links_push_route(survey, &route);
	return NL_OK;
}

/* ---- neighbours ---- */

static int links_add_neighbour(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[NDA_MAX + 1];
	struct static_neighbour *neighbour, read = { 0 };
	struct survey *survey = data;
	struct surroundings *around = &survey->around;
	const struct ndmsg *head;
	uint8_t family;

	if (!links_parse(msg, RTM_NEWNEIGH, sizeof(*head), attrs, NDA_MAX))
		return links_refuse(survey);
	head = nlmsg_data(nlmsg_hdr(msg));
	family = links_family(head->ndm_family);
	if (!family || !(head->ndm_state & NUD_PERMANENT))
		return NL_OK;
	if (!attr_addr(attrs[NDA_DST], family, &read.addr))
		return links_refuse(survey);
	read.interface = links_name(survey, head->ndm_ifindex);
	read.has_mac = attr_mac(attrs[NDA_LLADDR], &read.mac);
	around->neighbours = arena_push(survey->arena, around->neighbours,
					&around->n_neighbours,
					sizeof(*neighbour));
	around->neighbours[around->n_neighbours - 1] = read;
	return NL_OK;
}

/* ---- routing rules ---- */

/* A rule as its words are gathered */
struct rule_text {
	struct survey *survey;
	const struct fib_rule_hdr *head;
	const char *words;
	uint32_t table, priority, mark, mask;
	bool by_mark, plain; /* nothing but a table is said */
	bool bad;
};

static void rule_say(struct rule_text *rule, const char *word, const char *what)
{
	rule->words = arena_printf(rule->survey->arena, "%s%s %s ", rule->words,
				   word, what);
	rule->plain = false;
}

static void rule_say_prefix(struct rule_text *rule, const char *word,
			    const struct nlattr *attr, uint8_t len)
{
	struct prefix prefix;
	char text[ADDR_TEXT];

	if (!attr_prefix(attr, links_family(rule->head->family), len, &prefix))
		rule->bad = true;
	else
		rule_say(rule, word, prefix_print(&prefix, text));
}

static void rule_say_name(struct rule_text *rule, const char *word,
			  const struct nlattr *attr)
{
	const char *name = attr_text(rule->survey, attr);

	if (name)
		rule_say(rule, word, name);
	else
		rule->bad = true;
}

static void rule_read(struct rule_text *rule, const struct nlattr *attr)
{
	uint32_t none;

	switch (nla_type(attr)) {
	case FRA_SRC:
		rule_say_prefix(rule, "from", attr, rule->head->src_len);
		break;
	case FRA_DST:
		rule_say_prefix(rule, "to", attr, rule->head->dst_len);
		break;
	case FRA_IIFNAME:
		rule_say_name(rule, "iif", attr);
		break;
	case FRA_OIFNAME:
		rule_say_name(rule, "oif", attr);
		break;
	case FRA_FWMARK:
		rule->by_mark |= attr_u32(attr, &rule->mark);
		break;
	case FRA_FWMASK:
		rule->by_mark |= attr_u32(attr, &rule->mask);
		break;
	case FRA_TABLE:
		rule->bad |= !attr_u32(attr, &rule->table);
		break;
	case FRA_PRIORITY:
		rule->bad |= !attr_u32(attr, &rule->priority);
		break;
	case FRA_SUPPRESS_PREFIXLEN:
		if (!attr_u32(attr, &none) || none != UINT32_MAX)
			rule->plain = false;
		break;
	case FRA_PROTOCOL: /* who made it */
	case FRA_PAD:
		break;
	default:
		/* what else it looks at matters less than that it does */
		rule->plain = false;
	}
}

/* The rules that a kernel starts with */
static bool rule_is_default(const struct rule_text *rule)
{
	static const struct {
		uint32_t priority, table;
	} defaults[] = {
		{ 0, RT_TABLE_LOCAL },
		{ 32766, RT_TABLE_MAIN },
		{ 32767, RT_TABLE_DEFAULT },
	};
	size_t i;

	if (!rule->plain || rule->by_mark || rule->head->tos ||
	    rule->head->src_len || rule->head->dst_len ||
	    rule->head->action != FR_ACT_TO_TBL ||
	    rule->head->flags & FIB_RULE_INVERT)
		return false;
	for (i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		if (rule->priority == defaults[i].priority &&
		    rule->table == defaults[i].table)
			return true;
	return false;
}

static const char *rule_finish(const struct rule_text *rule)
{
	struct arena *arena = rule->survey->arena;
	const char *mark = "", *action;

	if (rule->by_mark)
		mark = arena_printf(arena, "fwmark 0x%x/0x%x ", rule->mark,
				    rule->mask);
	if (rule->head->action == FR_ACT_TO_TBL)
		action = arena_printf(arena, "lookup %u", rule->table);
	else
		action = arena_printf(arena, "action %u", rule->head->action);
	return arena_printf(arena, "%s%s%s%s%s",
			    rule->head->family == AF_INET6 ? "ipv6 " : "",
			    rule->head->flags & FIB_RULE_INVERT ? "not " : "",
			    *rule->words ? rule->words : "from all ", mark,
			    action);
}

static int links_add_rule(struct nl_msg *msg, void *data)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct survey *survey = data;
	struct surroundings *around = &survey->around;
	struct rule_text rule = { .survey = survey,
				  .words = "",
				  .plain = true };
	const struct nlattr *attr;
	int rest;

	if (nlh->nlmsg_type != RTM_NEWRULE ||
	    !nlmsg_valid_hdr(nlh, sizeof(*rule.head)))
		return links_refuse(survey);
	rule.head = nlmsg_data(nlh);
	if (!links_family(rule.head->family))
		return NL_OK;
	rule.table = rule.head->table;
	rest = nlmsg_attrlen(nlh, sizeof(*rule.head));
	for (attr = nlmsg_attrdata(nlh, sizeof(*rule.head)); nla_ok(attr, rest);
	     attr = nla_next(attr, &rest))
		rule_read(&rule, attr);
	if (rule.bad)
		return links_refuse(survey);
	if (rule_is_default(&rule))
		return NL_OK;
	around->rules = arena_push(survey->arena, around->rules,
				   &around->n_rules, sizeof(*around->rules));
	around->rules[around->n_rules - 1] = (struct routing_rule){
		.text = rule_finish(&rule),
		.priority = rule.priority,
		.by_mark = rule.by_mark,
	};
	return NL_OK;
}

/* ---- traffic control ---- */

static void links_add_hook(struct survey *survey, int index, uint32_t parent)
{
	survey->hooks = arena_push(survey->arena, survey->hooks,
				   &survey->n_hooks, sizeof(*survey->hooks));
	survey->hooks[survey->n_hooks - 1] = (struct hook){ index, parent };
}

static int links_add_qdisc(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[TCA_MAX + 1];
	struct survey *survey = data;
	const struct tcmsg *head;
	const char *kind;

	if (!links_parse(msg, RTM_NEWQDISC, sizeof(*head), attrs, TCA_MAX))
		return links_refuse(survey);
	head = nlmsg_data(nlmsg_hdr(msg));
	kind = attr_text(survey, attrs[TCA_KIND]);
	if (!kind)
		return links_refuse(survey);
	if (!strcmp(kind, "clsact") || !strcmp(kind, "ingress")) {
		links_add_hook(survey, head->tcm_ifindex,
			       TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
		if (!strcmp(kind, "clsact"))
			links_add_hook(survey, head->tcm_ifindex,
				       TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
		return NL_OK;
	}
	/* what interfaces have by themselves, and which takes no filters */
	if (!strcmp(kind, "noqueue") || !strcmp(kind, "mq") ||
	    !strcmp(kind, "pfifo_fast"))
		return NL_OK;
	if (head->tcm_handle || head->tcm_parent == TC_H_ROOT)
		links_add_hook(survey, head->tcm_ifindex, head->tcm_handle);
	if (!head->tcm_handle)
		return NL_OK;
	survey->shaped = arena_push(survey->arena, survey->shaped,
				    &survey->n_shaped, sizeof(int));
	survey->shaped[survey->n_shaped - 1] = head->tcm_ifindex;
	return NL_OK;
}

static int links_add_class(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[TCA_MAX + 1];
	struct survey *survey = data;
	const struct tcmsg *head;

	if (!links_parse(msg, RTM_NEWTCLASS, sizeof(*head), attrs, TCA_MAX))
		return links_refuse(survey);
	head = nlmsg_data(nlmsg_hdr(msg));
	if (head->tcm_handle)
		links_add_hook(survey, head->tcm_ifindex, head->tcm_handle);
	return NL_OK;
}

/* For each set of filters the kernel gives its head, and then what is in it. */
static int links_count_filter(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[TCA_MAX + 1];
	struct survey *survey = data;
	const struct tcmsg *head;

	if (!links_parse(msg, RTM_NEWTFILTER, sizeof(*head), attrs, TCA_MAX))
		return links_refuse(survey);
	head = nlmsg_data(nlmsg_hdr(msg));
	if (!head->tcm_handle)
		survey->filtered->n_tc_filters++;
	return NL_OK;
}

/* ---- all of it ---- */

static int survey_links(struct survey *survey)
{
	struct ifinfomsg links = { .ifi_family = AF_UNSPEC };
	struct ifaddrmsg addrs = { .ifa_family = AF_UNSPEC };
	int rc;

	rc = links_dump(survey, RTM_GETLINK, &links, sizeof(links),
			links_add_link);
	if (rc)
		return rc;
	links_relate(survey);
	return links_dump(survey, RTM_GETADDR, &addrs, sizeof(addrs),
			  links_add_addr);
}

static int survey_routing(struct survey *survey)
{
	struct rtmsg routes = { .rtm_family = AF_UNSPEC };
	struct ndmsg neighbours = { .ndm_family = AF_UNSPEC };
	struct fib_rule_hdr rules = { .family = AF_UNSPEC };
	int rc;

	rc = links_dump(survey, RTM_GETROUTE, &routes, sizeof(routes),
			links_add_route);
	if (!rc)
		rc = links_dump(survey, RTM_GETNEIGH, &neighbours,
				sizeof(neighbours), links_add_neighbour);
	if (!rc)
		rc = links_dump(survey, RTM_GETRULE, &rules, sizeof(rules),
				links_add_rule);
	return rc;
}

static int survey_tc(struct survey *survey)
{
	struct tcmsg tc = { .tcm_family = AF_UNSPEC };
	size_t i;
	int rc;

	rc = links_dump(survey, RTM_GETQDISC, &tc, sizeof(tc), links_add_qdisc);
	for (i = 0; i < survey->n_shaped && !rc; i++) {
		tc.tcm_ifindex = survey->shaped[i];
		rc = links_dump(survey, RTM_GETTCLASS, &tc, sizeof(tc),
				links_add_class);
	}
	for (i = 0; i < survey->n_hooks && !rc; i++) {
		tc.tcm_ifindex = survey->hooks[i].index;
		tc.tcm_parent = survey->hooks[i].parent;
		survey->filtered = links_by_index(survey, tc.tcm_ifindex);
		if (survey->filtered)
			rc = links_dump(survey, RTM_GETTFILTER, &tc, sizeof(tc),
					links_count_filter);
	}
	for (i = 0; i < survey->around.n_links && !rc; i++)
		survey->around.links[i].n_tc_filters +=
			tcx_count(survey->around.links[i].index);
	return rc;
}

/* After a failure, what is still to come on this socket is of no use. */
static int links_reconnect(struct nl_sock *sock)
{
	nl_close(sock);
	return nl_connect(sock, NETLINK_ROUTE) < 0 ? -EIO : 0;
}

static int links_read(struct nl_sock *sock, struct arena *arena,
		      struct surroundings *around, bool whole)
{
	struct survey survey;
	unsigned int tries;
	int rc = -EINTR;

	for (tries = 0; tries < SURVEY_TRIES && rc == -EINTR; tries++) {
		survey = (struct survey){ .sock = sock, .arena = arena };
		rc = survey_links(&survey);
		if (!rc && whole)
			rc = survey_routing(&survey);
		if (!rc && whole)
			rc = survey_tc(&survey);
		if (rc && links_reconnect(sock))
			return -EIO;
	}
	if (!rc)
		*around = survey.around;
	return rc;
}

int links_survey(struct links *links, struct arena *arena,
		 struct surroundings *around)
{
	return links_read(links->questions, arena, around, true);
}

static struct nl_sock *links_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (!sock)
		abort();
	return sock;
}

int links_list(struct arena *arena, struct surroundings *around)
{
	struct nl_sock *sock = links_socket();
	int rc = -EIO;

	if (nl_connect(sock, NETLINK_ROUTE) >= 0)
		rc = links_read(sock, arena, around, false);
	nl_socket_free(sock);
	return rc;
}

/* ---- listening ---- */

#define AT_TYPE offsetof(struct nlmsghdr, nlmsg_type)
#define AT_PID offsetof(struct nlmsghdr, nlmsg_pid)
#define AT_ROUTE_TYPE (NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_type))
#define AT_STATE (NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_state))

/*
 * Of neighbours, what a process did, which is known by its port, and what is
 * there for good; the kernel's own comings and goings are many. Of routes, not
 * those that come with each address. A filter sees numbers of the machine's
 * byte order as if they were of the network's.
 */
static int links_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEIGH), 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 4, 8),
		/* neighbours */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_PID),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_STATE),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NUD_PERMANENT), 4,
			 5),
		/* routes */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_ROUTE_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_LOCAL, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_BROADCAST, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_MULTICAST, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(*code),
		.filter = code,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program)) < 0 ?
		       -errno :
		       0;
}

static int links_listen(struct nl_sock *sock)
{
	static const int groups[] = {
		RTNLGRP_LINK,	    RTNLGRP_NEIGH,	  RTNLGRP_TC,
		RTNLGRP_NEXTHOP,    RTNLGRP_IPV4_IFADDR,  RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,	  RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,  RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF,
	};
	size_t i;
	int rc;

	if (nl_connect(sock, NETLINK_ROUTE) < 0 ||
	    nl_socket_set_nonblocking(sock) < 0)
		return -EIO;
	nl_socket_set_buffer_size(sock, EVENTS_BUFFER, 0);
	rc = links_filter(nl_socket_get_fd(sock));
	for (i = 0; i < sizeof(groups) / sizeof(*groups) && !rc; i++)
		if (nl_socket_add_membership(sock, groups[i]) < 0)
			rc = -EIO;
	return rc;
}

int links_open(struct links **out)
{
	struct links *links = calloc(1, sizeof(*links));
	int rc;

	if (!links)
		abort();
	links->events = links_socket();
	links->questions = links_socket();
	rc = links_listen(links->events);
	if (!rc && nl_connect(links->questions, NETLINK_ROUTE) < 0)
		rc = -EIO;
	if (rc) {
		links_close(links);
		return rc;
	}
	*out = links;
	return 0;
}

void links_close(struct links *links)
{
	nl_socket_free(links->events);
	nl_socket_free(links->questions);
	free(links);
}

int links_fd(const struct links *links)
{
	return nl_socket_get_fd(links->events);
}

bool links_changed(struct links *links)
{
	bool changed = false;
	unsigned int i;
	ssize_t len;
	char byte;

	/* what it says is of no interest; that it came is */
	for (i = 0; i < EVENTS_MAX; i++) {
		len = recv(links_fd(links), &byte, sizeof(byte),
			   MSG_DONTWAIT | MSG_TRUNC);
		if (len >= 0 || errno == ENOBUFS)
			changed = true;
		else if (errno != EINTR)
			break;
	}
	return changed;
}
