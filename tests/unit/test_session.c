// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which sessions a change of the policy ends: those that it no longer permits,
 * and no other. Then the same against the reference, for random policies.
 */
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../property/generate.h"
#include "../property/reference.h"
#include "arena.h"
#include "compile.h"
#include "session.h"
#include "suites.h"
#include "text_policy.h"

#define NOW 1793491200 /* 2026-11-01, UTC */
#define ROUNDS 60
#define SESSIONS 400

#define HEAD                                                                  \
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "           \
	"guideline = \"R7.3\"; };"                                            \
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = "          \
	"[ \"e0\", \"e2\" ]; networks = [ \"10.0.0.0/24\", \"10.2.0.0/24\", " \
	"\"fd00::/64\" ]; }, { name = \"b\"; layer = \"other\"; interfaces "  \
	"= [ \"e1\" ]; networks = [ \"10.1.0.0/24\", \"fd01::/64\" ]; } );"
#define NARROW_HEAD                                                          \
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "          \
	"guideline = \"R7.3\"; };"                                           \
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = "         \
	"[ \"e0\", \"e2\" ]; networks = [ \"10.0.0.0/24\", \"fd00::/64\" ];" \
	" }, { name = \"b\"; layer = \"other\"; interfaces = [ \"e1\" ]; "   \
	"networks = [ \"10.1.0.0/24\", \"fd01::/64\" ]; } );"
#define HOSTS(h)                                                            \
	"hosts = ( { name = \"h\"; zone = \"a\"; mac = "                    \
	"\"02:00:00:00:00:01\"; addresses = [ " h " ]; }, { name = \"s\"; " \
	"zone = \"b\"; mac = \"02:00:00:00:00:02\"; "                       \
	"addresses = [ \"10.1.0.1\", \"fd01::1\" ]; } );"
#define HOST HOSTS("\"10.0.0.1\"")
#define OTHER_MAC                                                           \
	"hosts = ( { name = \"h\"; zone = \"a\"; mac = "                    \
	"\"02:00:00:00:00:03\"; addresses = [ \"10.0.0.1\" ]; }, { name = " \
	"\"s\"; zone = \"b\"; mac = \"02:00:00:00:00:02\"; "                \
	"addresses = [ \"10.1.0.1\" ]; } );"
#define NONE (-1)
#define CONDUIT(name, from, to, service, more)           \
	"{ name = \"" name "\"; kind = \"plain\"; "      \
	"from = [ \"" from "\" ]; to = [ \"" to "\" ]; " \
	"services = [ \"" service "\" ]; " more " }"
#define ALL CONDUIT("all", "a", "s", "tcp/80", "")
#define CONF(head, hosts, conduits) head hosts "conduits = ( " conduits " );"
#define BEFORE CONF(HEAD, HOST, ALL)

static const struct {
	const char *what, *before, *after;
	const char *src, *dst;
	uint8_t proto;
	uint16_t dport;
	int heir; /* flow of the policy after, or NONE */
} cases[] = {
	{ "nothing changes", BEFORE, BEFORE, "10.0.0.1", "10.1.0.1",
	  IPPROTO_TCP, 80, 0 },
	{ "another source of the zone", BEFORE, BEFORE, "10.2.0.9", "10.1.0.1",
	  IPPROTO_TCP, 80, 0 },
	{ "IPv6", BEFORE, BEFORE, "fd00::9", "fd01::1", IPPROTO_TCP, 80, 0 },
	{ "from outside of the zone", BEFORE, BEFORE, "10.3.0.9", "10.1.0.1",
	  IPPROTO_TCP, 80, NONE },
	{ "to outside of the host", BEFORE, BEFORE, "10.0.0.1", "10.1.0.2",
	  IPPROTO_TCP, 80, NONE },
	{ "another port", BEFORE, BEFORE, "10.0.0.1", "10.1.0.1", IPPROTO_TCP,
	  81, NONE },
	{ "another protocol", BEFORE, BEFORE, "10.0.0.1", "10.1.0.1",
	  IPPROTO_UDP, 80, NONE },
	{ "the other way round", BEFORE, BEFORE, "10.1.0.1", "10.0.0.1",
	  IPPROTO_TCP, 80, NONE },
	{ "one end in IPv6", BEFORE, BEFORE, "10.0.0.1", "fd01::1", IPPROTO_TCP,
	  80, NONE },
	{ "renamed", BEFORE,
	  CONF(HEAD, HOST, CONDUIT("other", "a", "s", "tcp/80", "")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "taken out", BEFORE,
	  CONF(HEAD, HOST, CONDUIT("all", "a", "s", "tcp/81", "")), "10.0.0.1",
	  "10.1.0.1", IPPROTO_TCP, 80, NONE },
	{ "last day is past", BEFORE,
	  CONF(HEAD, HOST,
	       CONDUIT("all", "a", "s", "tcp/80",
		       "valid_until = \"2026-10-31\";")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, NONE },
	{ "last day is today", BEFORE,
	  CONF(HEAD, HOST,
	       CONDUIT("all", "a", "s", "tcp/80",
		       "valid_until = \"2026-11-01\";")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "its network left the zone", BEFORE, CONF(NARROW_HEAD, HOST, ALL),
	  "10.2.0.9", "10.1.0.1", IPPROTO_TCP, 80, NONE },
	{ "another network left the zone", BEFORE, CONF(NARROW_HEAD, HOST, ALL),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "a more exact conduit, for others", BEFORE,
	  CONF(HEAD, HOST, ALL ", " CONDUIT("h", "h", "s", "tcp/80", "")),
	  "10.0.0.2", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "a more exact conduit", BEFORE,
	  CONF(HEAD, HOST,
	       ALL ", " CONDUIT("h", "h", "s", "tcp/80", "bind = \"mac\";")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 1 },
	{ "a more exact conduit, not bound", BEFORE,
	  CONF(HEAD, HOST, ALL ", " CONDUIT("h", "h", "s", "tcp/80", "")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 1 },
	{ "a more exact conduit for another port", BEFORE,
	  CONF(HEAD, HOST,
	       ALL ", " CONDUIT("h", "h", "s", "tcp/81", "bind = \"mac\";")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "a more exact conduit that is over", BEFORE,
	  CONF(HEAD, HOST,
	       ALL ", " CONDUIT("h", "h", "s", "tcp/80",
				"valid_until = \"2026-10-31\";")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "bound, and still is",
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "bind = \"mac\";")),
	  CONF(HEAD, HOST,
	       CONDUIT("h", "h", "s", "tcp/80", "bind = \"mac\";") ", " ALL),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "bound, and now to another MAC",
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "bind = \"mac\";")),
	  CONF(HEAD, OTHER_MAC,
	       CONDUIT("h", "h", "s", "tcp/80", "bind = \"mac\";")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, NONE },
	{ "bound, and now to another MAC at the other end",
	  CONF(HEAD, HOST, CONDUIT("h", "s", "h", "tcp/80", "bind = \"mac\";")),
	  CONF(HEAD, OTHER_MAC,
	       CONDUIT("h", "s", "h", "tcp/80", "bind = \"mac\";")),
	  "10.1.0.1", "10.0.0.1", IPPROTO_TCP, 80, NONE },
	{ "bound, and now not",
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "bind = \"mac\";")),
	  CONF(HEAD, OTHER_MAC, CONDUIT("h", "h", "s", "tcp/80", "")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "not bound, and now bound",
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "")),
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "bind = \"mac\";")),
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "from all of a zone to a host", BEFORE,
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "")), "10.0.0.1",
	  "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "from all of a zone to a host, which is another", BEFORE,
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "")), "10.0.0.2",
	  "10.1.0.1", IPPROTO_TCP, 80, NONE },
	{ "from a host to all of its zone",
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "")), BEFORE,
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "inside of a range that became shorter",
	  CONF(HEAD, HOST, CONDUIT("r", "a", "s", "tcp/80-90", "")),
	  CONF(HEAD, HOST, CONDUIT("r", "a", "s", "tcp/80-85", "")), "10.0.0.1",
	  "10.1.0.1", IPPROTO_TCP, 85, 0 },
	{ "outside of a range that became shorter",
	  CONF(HEAD, HOST, CONDUIT("r", "a", "s", "tcp/80-90", "")),
	  CONF(HEAD, HOST, CONDUIT("r", "a", "s", "tcp/80-85", "")), "10.0.0.1",
	  "10.1.0.1", IPPROTO_TCP, 86, NONE },
	{ "inside of a wide range that became shorter",
	  CONF(HEAD, HOST, CONDUIT("r", "a", "b", "udp/1000-2000", "")),
	  CONF(HEAD, HOST, CONDUIT("r", "a", "b", "udp/1200-2000", "")),
	  "10.0.0.1", "10.1.0.7", IPPROTO_UDP, 1200, 0 },
	{ "outside of a wide range that became shorter",
	  CONF(HEAD, HOST, CONDUIT("r", "a", "b", "udp/1000-2000", "")),
	  CONF(HEAD, HOST, CONDUIT("r", "a", "b", "udp/1200-2000", "")),
	  "10.0.0.1", "10.1.0.7", IPPROTO_UDP, 1199, NONE },
	{ "a host with one address fewer",
	  CONF(HEAD, HOSTS("\"10.0.0.1\", \"10.0.0.2\""),
	       CONDUIT("h", "h", "s", "tcp/80", "")),
	  CONF(HEAD, HOST, CONDUIT("h", "h", "s", "tcp/80", "")), "10.0.0.2",
	  "10.1.0.1", IPPROTO_TCP, 80, NONE },
	{ "a wide range",
	  CONF(HEAD, HOST, CONDUIT("r", "a", "b", "udp/1000-2000", "")),
	  CONF(HEAD, HOST, CONDUIT("r", "a", "b", "udp/1000-2000", "")),
	  "10.0.0.1", "10.1.0.7", IPPROTO_UDP, 2000, 0 },
	{ "outside of a wide range",
	  CONF(HEAD, HOST, CONDUIT("r", "a", "b", "udp/1000-2000", "")),
	  CONF(HEAD, HOST, CONDUIT("r", "a", "b", "udp/1000-2000", "")),
	  "10.0.0.1", "10.1.0.7", IPPROTO_UDP, 2001, NONE },
	{ "ping",
	  CONF(HEAD, HOST, CONDUIT("p", "a", "b", "icmp/echo-request", "")),
	  CONF(HEAD, HOST, CONDUIT("p", "a", "b", "icmp/echo-request", "")),
	  "10.0.0.1", "10.1.0.7", IPPROTO_ICMP, 8, 0 },
	{ "to the gateway",
	  CONF(HEAD, HOST, CONDUIT("g", "h", "gateway", "tcp/22", "")),
	  CONF(HEAD, HOST, CONDUIT("g", "h", "gateway", "tcp/22", "")),
	  "10.0.0.1", "10.0.0.254", IPPROTO_TCP, 22, 0 },
	{ "to the gateway, from another",
	  CONF(HEAD, HOST, CONDUIT("g", "h", "gateway", "tcp/22", "")),
	  CONF(HEAD, HOST, CONDUIT("g", "h", "gateway", "tcp/22", "")),
	  "10.0.0.2", "10.0.0.254", IPPROTO_TCP, 22, NONE },
	{ "from the gateway",
	  CONF(HEAD, HOST, CONDUIT("g", "gateway", "s", "udp/123", "")),
	  CONF(HEAD, HOST, CONDUIT("g", "gateway", "s", "udp/123", "")),
	  "10.1.0.254", "10.1.0.1", IPPROTO_UDP, 123, 0 },
	{ "the zone has another name",
	  CONF(HEAD, HOST, CONDUIT("r", "a", "s", "tcp/80", "")),
	  "format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
	  "guideline = \"R7.3\"; };"
	  "zones = ( { name = \"other\"; layer = \"other\"; interfaces = "
	  "[ \"e0\", \"e2\" ]; networks = [ \"10.0.0.0/24\", "
	  "\"10.2.0.0/24\", \"fd00::/64\" ]; }, { name = \"b\"; layer = "
	  "\"other\"; interfaces = [ \"e1\" ]; networks = [ "
	  "\"10.1.0.0/24\", \"fd01::/64\" ]; } );"
	  "conduits = ( " CONDUIT("r", "other", "10.1.0.1", "tcp/80", "") " );",
	  "10.0.0.1", "10.1.0.1", IPPROTO_TCP, 80, 0 },
	{ "from the gateway, to another MAC",
	  CONF(HEAD, OTHER_MAC,
	       CONDUIT("g", "gateway", "h", "udp/123", "bind = \"mac\";")),
	  CONF(HEAD, HOST,
	       CONDUIT("g", "gateway", "h", "udp/123", "bind = \"mac\";")),
	  "10.0.0.254", "10.0.0.1", IPPROTO_UDP, 123, NONE },
};

static struct session_rules rules_of(const struct policy *before,
				     const struct policy *policy,
				     struct arena *arena)
{
	const struct terms *terms = text_terms(arena, policy);
	struct session_rules rules;

	session_rules_init(&rules, before, policy,
			   compile_policy(policy, terms, arena), arena);
	return rules;
}

START_TEST(test_changes)
{
	struct arena *arena = arena_new();
	const struct policy *before, *after;
	struct session session = { .proto = cases[_i].proto,
				   .sport = 40000,
				   .dport = cases[_i].dport };
	struct session_rules rules;
	int heir = cases[_i].heir;

	before = text_policy(arena, cases[_i].before);
	after = text_policy(arena, cases[_i].after);
	session.mark = before->flows[0].id;
	ck_assert(!addr_parse(cases[_i].src, &session.src));
	ck_assert(!addr_parse(cases[_i].dst, &session.dst));
	rules = rules_of(before, after, arena);
	ck_assert(session_is_ours(&session));
	ck_assert_msg(session_mark(&rules, &session) ==
			      (heir == NONE ? 0 : after->flows[heir].id),
		      "%s", cases[_i].what);
	arena_free(arena);
}
END_TEST

START_TEST(test_flows_by_mark)
{
	struct arena *arena = arena_new();
	struct dice dice = { .state = 0x5e1c0de };
	unsigned int i;
	size_t k;

	for (i = 0; i < ROUNDS; i++) {
		const struct policy *policy =
			generate_policy(&dice, arena, NULL);
		struct session session = { .mark = 0 };
		struct session_index index;

		session_index_init(&index, policy, arena);
		ck_assert_ptr_null(session_flow(&index, 0));
		ck_assert(!session_is_ours(&session));
		for (k = 0; k < policy->n_flows; k++) {
			/* ids are neighbours only where two collide */
			uint32_t near = FLOW_ID_MIN + (uint32_t)k;
			const struct flow *flow = session_flow(&index, near);

			ck_assert_ptr_eq(session_flow(&index,
						      policy->flows[k].id),
					 &policy->flows[k]);
			if (flow)
				ck_assert_uint_eq(flow->id, near);
		}
	}
	arena_free(arena);
}
END_TEST

START_TEST(test_no_flows)
{
	struct arena *arena = arena_new();
	struct policy policy = { .arena = arena };
	struct session session = { .mark = 0xffffffff };
	struct session_rules rules;

	session_rules_init(&rules, &policy, &policy, NULL, arena);
	ck_assert_ptr_null(session_flow(&rules.now, session.mark));
	ck_assert_uint_eq(session_mark(&rules, &session), 0);
	arena_free(arena);
}
END_TEST

static const struct flow *any_flow(struct dice *dice,
				   const struct policy *policy)
{
	return &policy->flows[dice_roll(dice, policy->n_flows)];
}

/* Somewhere near the start of one of its prefixes, or just outside */
static struct addr any_addr(struct dice *dice, const struct endpoint *end)
{
	struct addr addr = { .family = 4, .bytes = { 10, 0, 0, 254 } };
	unsigned int last;

	if (!end->n_prefixes)
		return addr;
	addr = end->prefixes[dice_roll(dice, end->n_prefixes)].addr;
	last = addr_bits(&addr) / 8 - 1;
	if (dice_chance(dice, 70))
		addr.bytes[last] ^= dice_roll(dice, 32);
	return addr;
}

/* A session that one flow may have opened, or another one; or nearly so */
static struct session any_session(struct dice *dice,
				  const struct policy *policy)
{
	const struct flow *flow = any_flow(dice, policy);
	const struct service *service = &flow->service;
	struct session session = {
		.src = any_addr(dice, flow->from),
		.dst = any_addr(dice, flow->to),
		.proto = service->proto,
		.sport = 40000,
		.dport = service->first +
			 dice_roll(dice, service->last - service->first + 1),
		.mark = flow->id,
	};

	switch (dice_roll(dice, 8)) {
	case 0:
		session.src = any_addr(dice, any_flow(dice, policy)->from);
		break;
	case 1:
		session.dst = any_addr(dice, any_flow(dice, policy)->to);
		break;
	case 2:
		session.dport++;
		break;
	case 3:
		session.mark = any_flow(dice, policy)->id;
		break;
	}
	return session;
}

/* The flow that decides about the session, as the reference has it */
static const struct flow *deciding(const struct policy *policy,
				   const struct session *session,
				   const struct flow *named)
{
	struct probe probe = {
		.iif = policy_is_gateway(named->from) ? NULL : "any",
		.local = policy_is_gateway(named->to) ? "any" : NULL,
		.src = session->src,
		.dst = session->dst,
		.proto = session->proto,
		.sport = session->sport,
		.dport = session->dport,
	};

	if (session->src.family != session->dst.family)
		return NULL;
	return reference_flow(policy, &probe, NOW);
}

static bool bound_elsewhere(const struct flow *named, const struct flow *flow)
{
	return named->conduit->bind == BIND_MAC &&
	       flow->conduit->bind == BIND_MAC &&
	       !(mac_equal(&named->from->mac, &flow->from->mac) &&
		 mac_equal(&named->to->mac, &flow->to->mac));
}

/* The mark that it should have, if @flow is the one that decides about it */
static uint32_t heir(const struct flow *named, const struct flow *flow)
{
	return flow && (flow == named || !bound_elsewhere(named, flow)) ?
		       flow->id :
		       0;
}

/* Packets that cannot exist are no test. */
static bool session_exists(const struct session *session)
{
	unsigned int family = session->src.family;

	return !(session->proto == IPPROTO_ICMP && family != 4) &&
	       !(session->proto == IPPROTO_ICMPV6 && family != 6);
}

START_TEST(test_against_reference)
{
	struct dice dice = { .state = 0x5e55 };
	unsigned int i, k, n_permitted = 0, n_not = 0, n_overruled = 0;

	for (i = 0; i < ROUNDS; i++) {
		struct arena *arena = arena_new();
		const struct policy *policy =
			generate_policy(&dice, arena, NULL);
		struct session_rules rules = rules_of(policy, policy, arena);

		for (k = 0; policy->n_flows && k < SESSIONS; k++) {
			struct session session = any_session(&dice, policy);
			const struct flow *named =
				session_flow(&rules.now, session.mark);
			const struct flow *flow =
				deciding(policy, &session, named);

			if (!session_exists(&session))
				continue;
			ck_assert_msg(session_mark(&rules, &session) ==
					      heir(named, flow),
				      "round %u, session %u", i, k);
			n_permitted += flow == named;
			n_not += !flow;
			n_overruled += flow && flow != named;
		}
		arena_free(arena);
	}
	/* a sample of one kind only would show nothing */
	ck_assert_uint_gt(n_permitted, ROUNDS * SESSIONS / 10);
	ck_assert_uint_gt(n_not, ROUNDS * SESSIONS / 10);
	ck_assert_uint_gt(n_overruled, ROUNDS * SESSIONS / 50);
}
END_TEST

Suite *test_session_suite(void)
{
	Suite *suite = suite_create("session");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_changes, 0,
			    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tcase, test_flows_by_mark);
	tcase_add_test(tcase, test_no_flows);
	tcase_add_test(tcase, test_against_reference);
	suite_add_tcase(suite, tcase);
	return suite;
}
