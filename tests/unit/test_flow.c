// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ids of flows: they are what live connections are recognised by after a
 * reload, so they may change only when the permission does.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "policy.h"
#include "suites.h"
#include "text_policy.h"

#define HEAD                                                                     \
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "              \
	"guideline = \"R7.3\"; };"                                               \
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = [ \"e0\" ];"  \
	" networks = [ \"10.0.0.0/24\" ]; }, { name = \"b\"; layer = \"other\";" \
	" interfaces = [ \"e1\" ]; networks = [ \"10.1.0.0/24\" ]; } );"
#define HOSTS(mac)                                                              \
	"hosts = ( { name = \"h\"; zone = \"a\"; addresses = [ \"10.0.0.1\" ];" \
	" mac = \"" mac "\"; }, { name = \"k\"; zone = \"b\"; addresses = "     \
	"[ \"10.1.0.1\" ]; mac = \"02:00:00:00:00:99\"; } );"
#define MAC "02:00:00:00:00:01"
#define CONDUIT(name, from, service, more)                          \
	"{ name = \"" name "\"; kind = \"plain\"; from = [ \"" from \
	"\" ]; to = [ \"k\" ]; services = [ \"" service "\" ]; " more " }"
#define CONF(mac, conduits) HEAD HOSTS(mac) "conduits = ( " conduits " );"

static const struct {
	const char *what, *before, *after;
	bool same; /* the id of the first conduit's flow */
} changes[] = {
	{ "renamed", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF(MAC, CONDUIT("y", "h", "tcp/1", "")), true },
	{ "moved", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF(MAC, CONDUIT("x", "h", "tcp/1", "") ", " CONDUIT("w", "a",
								"tcp/2", "")),
	  true },
	{ "reason given", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF(MAC, CONDUIT("x", "h", "tcp/1", "reason = \"r\";")), true },
	{ "same host by address", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF(MAC, CONDUIT("x", "10.0.0.1", "tcp/1", "")), true },
	{ "MAC of an unbound host", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF("02:00:00:00:00:02", CONDUIT("x", "h", "tcp/1", "")), true },
	{ "other port", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF(MAC, CONDUIT("x", "h", "tcp/2", "")), false },
	{ "other protocol", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF(MAC, CONDUIT("x", "h", "udp/1", "")), false },
	{ "wider source", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF(MAC, CONDUIT("x", "a", "tcp/1", "")), false },
	{ "bound", CONF(MAC, CONDUIT("x", "h", "tcp/1", "")),
	  CONF(MAC, CONDUIT("x", "h", "tcp/1", "bind = \"mac\";")), false },
	{ "MAC of a bound host",
	  CONF(MAC, CONDUIT("x", "h", "tcp/1", "bind = \"mac\";")),
	  CONF("02:00:00:00:00:02",
	       CONDUIT("x", "h", "tcp/1", "bind = \"mac\";")),
	  false },
};

START_TEST(test_ids_follow_meaning)
{
	struct arena *arena = arena_new();
	const struct policy *before, *after;

	before = text_policy(arena, changes[_i].before);
	after = text_policy(arena, changes[_i].after);
	ck_assert_msg((before->flows[0].id == after->flows[0].id) ==
			      changes[_i].same,
		      "%s", changes[_i].what);
	arena_free(arena);
}
END_TEST

START_TEST(test_ids_are_unique)
{
	struct arena *arena = arena_new();
	char conf[40000] = HEAD "conduits = ( ";
	const struct policy *policy;
	size_t i, k, len;

	for (i = 0; i < 200; i++) {
		len = strlen(conf);
		snprintf(conf + len, sizeof(conf) - len,
			 "%s{ name = \"c%zu\"; kind = \"plain\"; from = [ "
			 "\"10.0.0.%zu\" ]; to = [ \"b\" ]; services = [ "
			 "\"tcp/1\" ]; }",
			 i ? ", " : "", i, i + 1);
	}
	strcat(conf, " );");
	policy = text_policy(arena, conf);
	ck_assert_uint_eq(policy->n_flows, 200);
	for (i = 0; i < policy->n_flows; i++) {
		ck_assert_uint_ge(policy->flows[i].id, FLOW_ID_MIN);
		ck_assert_uint_le(policy->flows[i].id, FLOW_ID_MAX);
		for (k = 0; k < i; k++)
			ck_assert_uint_ne(policy->flows[i].id,
					  policy->flows[k].id);
	}
	arena_free(arena);
}
END_TEST

Suite *test_flow_suite(void)
{
	Suite *suite = suite_create("flow");
	TCase *tcase = tcase_create("flow");

	tcase_add_loop_test(tcase, test_ids_follow_meaning, 0,
			    sizeof(changes) / sizeof(*changes));
	tcase_add_test(tcase, test_ids_are_unique);
	suite_add_tcase(suite, tcase);
	return suite;
}
