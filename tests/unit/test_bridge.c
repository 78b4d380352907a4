// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stays for a moment, in cases that can be named. That it is enough, and
 * not too much, for any packet: tests/property/bridge.c.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "bridge.h"
#include "compile.h"
#include "program.h"
#include "suites.h"
#include "text_policy.h"

#define LATER (3 * 86400000ull) /* than the policy was compiled */
#define MANY 3000
#define NO_CONDUIT ""
#define CONDUIT(from, service, more)                                         \
	"{ name = \"c\"; kind = \"plain\"; from = [ \"" from "\" ]; to = [ " \
	"\"b\" ]; services = [ \"" service "\" ]; " more " },"
#define CONDUIT_ENDING                                                \
	"{ name = \"e\"; kind = \"plain\"; from = [ \"a\" ]; to = [ " \
	"\"b\" ]; services = [ \"udp/9\" ]; valid_until = "           \
	"\"2026-11-02\"; },"
#define CONF(conduits) ZONE_A("\"10.0.0.0/24\"", conduits)
#define ZONE_A(networks, conduits)                                            \
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "           \
	"guideline = \"R7.3\"; };"                                            \
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = [ \"e0\" " \
	"]; networks = [ " networks " ]; }, { name = \"b\"; layer = "         \
	"\"other\"; interfaces = [ \"e1\" ]; networks = [ \"10.1.0.0/24\" ];" \
	" } ); conduits = ( " conduits " { name = \"d\"; kind = \"plain\"; "  \
	"from = [ \"b\" ]; to = [ \"a\" ]; services = [ \"tcp/1\" ]; } );"

static const struct {
	const char *what, *before, *next;
	size_t n_live, n_nn; /* elements that stay in these sets */
	size_t n_ahead; /* that are there before: of new flows, and twins */
	bool one_step; /* nothing stays in between */
} cases[] = {
	{ "nothing changes", CONF(CONDUIT("a", "tcp/80", "")),
	  CONF(CONDUIT("a", "tcp/80", "")), 0, 0, 0, true },
	{ "a conduit comes", CONF(NO_CONDUIT), CONF(CONDUIT("a", "tcp/80", "")),
	  0, 0, 0, true },
	{ "a conduit goes", CONF(CONDUIT("a", "tcp/80", "")), CONF(NO_CONDUIT),
	  0, 0, 0, true },
	{ "another port", CONF(CONDUIT("a", "tcp/80", "")),
	  CONF(CONDUIT("a", "tcp/81", "")), 0, 0, 0, true },
	{ "another protocol", CONF(CONDUIT("a", "tcp/80", "")),
	  CONF(CONDUIT("a", "udp/80", "")), 0, 0, 0, true },
	{ "fewer ports", CONF(CONDUIT("a", "tcp/80-89", "")),
	  CONF(CONDUIT("a", "tcp/80-84", "")), 2, 0, 4, false },
	{ "more ports", CONF(CONDUIT("a", "tcp/80-84", "")),
	  CONF(CONDUIT("a", "tcp/80-89", "")), 2, 0, 4, false },
	{ "other ports", CONF(CONDUIT("a", "tcp/80-84", "")),
	  CONF(CONDUIT("a", "tcp/85-89", "")), 0, 0, 0, true },
	{ "a part of the zone, which divides its class",
	  CONF(CONDUIT("a", "tcp/80", "")),
	  CONF(CONDUIT("10.0.0.0/28", "tcp/80", "")), 2, 2, 4, false },
	{ "all of the zone instead of a part of it",
	  CONF(CONDUIT("10.0.0.0/28", "tcp/80", "")),
	  CONF(CONDUIT("a", "tcp/80", "")), 2, 3, 4, false },
	{ "the zone has another name", CONF(CONDUIT("a", "tcp/80", "")),
	  "format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
	  "guideline = \"R7.3\"; };"
	  "zones = ( { name = \"other\"; layer = \"other\"; interfaces = "
	  "[ \"e0\" ]; networks = [ \"10.0.0.0/24\" ]; }, { name = \"b\"; "
	  "layer = \"other\"; interfaces = [ \"e1\" ]; networks = "
	  "[ \"10.1.0.0/24\" ]; } ); conduits = ( " CONDUIT(
		  "other", "tcp/80",
		  "") " { name = \"d\"; kind = "
		      "\"plain\"; from = [ \"b\" ]; to = [ \"other\" ]; services = "
		      "[ \"tcp/1\" ]; } );",
	  4, 2, 8, false },
	{ "the zone loses a network", CONF(CONDUIT("a", "tcp/80", "")),
	  ZONE_A("\"10.0.0.0/25\"", CONDUIT("a", "tcp/80", "")), 0, 2, 4,
	  false },
	{ "the zone gets another network", CONF(CONDUIT("a", "tcp/80", "")),
	  ZONE_A("\"10.0.0.0/24\", \"10.2.0.0/24\"",
		 CONDUIT("a", "tcp/80", "")),
	  0, 2, 0, false },
	{ "the zone gets one network of two",
	  ZONE_A("\"10.0.0.0/25\", \"10.0.0.128/25\"",
		 CONDUIT("a", "tcp/80", "")),
	  CONF(CONDUIT("a", "tcp/80", "")), 0, 2, 0, false },
	{ "what ends by itself, later",
	  CONF(CONDUIT("a", "tcp/80-89", "valid_until = \"2026-11-12\";")),
	  CONF(CONDUIT("a", "tcp/80-84", "")), 2, 0, 4, false },
	{ "what has ended by itself",
	  CONF(CONDUIT("a", "tcp/80-89", "valid_until = \"2026-11-02\";")),
	  CONF(CONDUIT("a", "tcp/80-84", "")), 0, 0, 0, true },
};

static size_t n_elems(const struct ruleset *ruleset, const char *name)
{
	return ruleset_set(ruleset, name)->n_elems;
}

static size_t n_live(const struct ruleset *ruleset)
{
	return n_elems(ruleset, PROGRAM_LIVE) +
	       n_elems(ruleset, PROGRAM_LIVE_TIMED);
}

/* All of @part are in @whole, and both are in order. */
static void check_includes(const struct ruleset *whole,
			   const struct ruleset *part)
{
	size_t i, k;

	ck_assert_uint_eq(whole->n_sets, part->n_sets);
	for (i = 0; i < part->n_sets; i++) {
		const struct set *set = &whole->sets[i];

		for (k = 0; k < part->sets[i].n_elems; k++)
			ck_assert_ptr_nonnull(
				set_find(set, part->sets[i].elems[k].key));
		for (k = 1; k < set->n_elems; k++)
			ck_assert_int_lt(memcmp(set->elems[k - 1].key,
						set->elems[k].key,
						set->key_len),
					 0);
		ck_assert_uint_ge(set->size, part->sets[i].size);
	}
}

START_TEST(test_cases)
{
	struct arena *arena = arena_new();
	const struct policy *a = text_policy(arena, cases[_i].before);
	const struct policy *b = text_policy(arena, cases[_i].next);
	struct ruleset *old = compile_policy(a, text_terms(arena, a), arena);
	struct ruleset *new = compile_policy(b, text_terms(arena, b), arena);
	const struct bridge_side before = { a, old }, next = { b, new };
	const struct ruleset *between;
	struct bridge bridge;

	bridge_build(&before, &next, old->now_msec + LATER, arena, &bridge);
	between = bridge.between;
	ck_assert_msg(!between == cases[_i].one_step, "%s", cases[_i].what);
	ck_assert_msg(!bridge.ahead == !cases[_i].n_ahead, "%s",
		      cases[_i].what);
	ck_assert_int_eq(bridge.has_flows, cases[_i].n_live > 0);
	if (between) {
		check_includes(between, new);
		ck_assert_msg(n_live(between) - n_live(new) == cases[_i].n_live,
			      "%s", cases[_i].what);
		ck_assert_msg(n_elems(between, "nn") - n_elems(new, "nn") ==
				      cases[_i].n_nn,
			      "%s: %zu", cases[_i].what,
			      n_elems(between, "nn") - n_elems(new, "nn"));
	}
	if (bridge.ahead) {
		check_includes(bridge.ahead, old);
		ck_assert_msg(n_live(bridge.ahead) - n_live(old) ==
				      cases[_i].n_ahead,
			      "%s: %zu", cases[_i].what,
			      n_live(bridge.ahead) - n_live(old));
		ck_assert_uint_eq(n_elems(bridge.ahead, "nn"),
				  n_elems(old, "nn"));
	}
	arena_free(arena);
}
END_TEST

/* @n conduits from hosts of their own */
static const struct policy *policy_of_many(struct arena *arena, unsigned int n,
					   unsigned int last_port)
{
	const struct policy *policy;
	char *conf;
	size_t len;
	FILE *f = open_memstream(&conf, &len);
	unsigned int i;

	fprintf(f, "format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
		   "guideline = \"R7.3\"; }; zones = ( { name = \"a\"; layer = "
		   "\"other\"; interfaces = [ \"e0\" ]; networks = "
		   "[ \"10.0.0.0/16\" ]; }, { name = \"b\"; layer = \"other\"; "
		   "interfaces = [ \"e1\" ]; networks = [ \"10.1.0.0/24\" ]; } "
		   "); conduits = (");
	for (i = 0; i < n; i++)
		fprintf(f,
			"%s{ name = \"c%u\"; kind = \"plain\"; from = "
			"[ \"10.0.%u.%u\" ]; to = [ \"b\" ]; services = "
			"[ \"tcp/80-%u\" ]; }",
			i ? "," : "", i, 1 + i / 200, 1 + i % 200, last_port);
	fprintf(f, " );");
	fclose(f);
	policy = text_policy(arena, conf);
	free(conf);
	return policy;
}

/* Who is looked for is found nearby; and who is not is not looked for for long. */
START_TEST(test_many)
{
	struct arena *arena = arena_new();
	const struct policy *wide = policy_of_many(arena, MANY, 89);
	const struct policy *narrow = policy_of_many(arena, MANY, 84);
	const struct policy *few = policy_of_many(arena, MANY / 10, 89);
	const struct bridge_side before = {
		wide, compile_policy(wide, text_terms(arena, wide), arena)
	};
	struct bridge_side next = {
		narrow, compile_policy(narrow, text_terms(arena, narrow), arena)
	};
	struct bridge bridge;

	bridge_build(&before, &next, 0, arena, &bridge);
	ck_assert_ptr_nonnull(bridge.between);
	ck_assert_uint_eq(n_live(bridge.between), 2 * n_live(next.ruleset));
	next.policy = few;
	next.ruleset = compile_policy(few, text_terms(arena, few), arena);
	bridge_build(&before, &next, 0, arena, &bridge);
	ck_assert_ptr_null(bridge.between);
	ck_assert_ptr_null(bridge.ahead);
	arena_free(arena);
}
END_TEST

#define ZONES(zones, conduits)                                       \
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "  \
	"guideline = \"R7.3\"; }; zones = ( " zones                  \
	" { name = \"b\"; layer = \"other\"; interfaces = [ \"e1\" " \
	"]; networks = [ \"10.1.0.0/24\" ]; } ); conduits = ( " conduits " );"
#define ZONE(name, interfaces, networks)                                       \
	"{ name = \"" name "\"; layer = \"other\"; interfaces = [ " interfaces \
	" ]; networks = [ " networks " ]; },"
#define REST                                                           \
	"{ name = \"a\"; layer = \"other\"; interfaces = [ \"e0\" ]; " \
	"networks = [ \"0.0.0.0/0\" ]; external = true; },"
#define TO_B(name, from)                                            \
	"{ name = \"" name "\"; kind = \"plain\"; from = [ \"" from \
	"\" ]; to = "                                               \
	"[ \"b\" ]; services = [ \"tcp/80\" ]; }"

static struct bridge way(struct arena *arena, const char *before,
			 const char *next, uint64_t later_msec,
			 const struct policy **old, const struct policy **new)
{
	struct bridge_side a, b;
	struct bridge bridge;

	*old = text_policy(arena, before);
	*new = text_policy(arena, next);
	a.policy = *old;
	b.policy = *new;
	a.ruleset = compile_policy(*old, text_terms(arena, *old), arena);
	b.ruleset = compile_policy(*new, text_terms(arena, *new), arena);
	bridge_build(&a, &b, a.ruleset->now_msec + later_msec, arena, &bridge);
	return bridge;
}

/* A flow of one zone takes over what another one had, on its interface. */
START_TEST(test_merged_zones)
{
	struct arena *arena = arena_new();
	const struct policy *a, *b;
	struct bridge bridge;

	bridge = way(arena,
		     ZONES(ZONE("a", "\"e0\"", "\"10.0.0.0/24\"")
				   ZONE("c", "\"e2\"", "\"10.2.0.0/24\""),
			   TO_B("x", "a") ", " TO_B("y", "c")),
		     ZONES(ZONE("a", "\"e0\", \"e2\"",
				"\"10.0.0.0/24\", \"10.2.0.0/24\""),
			   TO_B("x", "a")),
		     0, &a, &b);
	ck_assert_ptr_nonnull(bridge.ahead);
	ck_assert_uint_eq(a->flows[0].id, b->flows[0].id);
	/* it is there, but not for that interface; so it has to wait */
	ck_assert(!bridge_has_ahead(&bridge, b->flows[0].id));
	ck_assert(bridge_has_ahead(&bridge, a->flows[1].id));
	ck_assert_uint_eq(bridge_mark_of_end(&bridge, a->flows[1].id),
			  a->flows[1].id | FLOW_ENDS);
	arena_free(arena);
}
END_TEST

/* One zone is all that no other one has, and another one comes. */
START_TEST(test_rest_loses)
{
	struct arena *arena = arena_new();
	const struct policy *a, *b;
	struct bridge bridge;

	bridge = way(arena, ZONES(REST, TO_B("x", "a")),
		     ZONES(REST ZONE("c", "\"e2\"", "\"10.2.0.0/24\""),
			   TO_B("x", "a")),
		     0, &a, &b);
	ck_assert_ptr_nonnull(bridge.ahead);
	ck_assert_uint_eq(bridge_mark_of_end(&bridge, a->flows[0].id),
			  a->flows[0].id | FLOW_ENDS);
	arena_free(arena);
}
END_TEST

/* What has ended does not begin again ahead. */
START_TEST(test_ended_stays_ended)
{
	struct arena *arena = arena_new();
	const struct policy *a, *b;
	struct bridge bridge;

	bridge = way(arena, CONF(CONDUIT("a", "tcp/80-89", "") CONDUIT_ENDING),
		     CONF(CONDUIT("a", "tcp/80-84", "") CONDUIT_ENDING), LATER,
		     &a, &b);
	ck_assert_ptr_nonnull(bridge.ahead);
	ck_assert_uint_eq(n_elems(bridge.ahead, PROGRAM_LIVE_TIMED), 0);
	bridge = way(arena, CONF(CONDUIT("a", "tcp/80-89", "") CONDUIT_ENDING),
		     CONF(CONDUIT("a", "tcp/80-84", "") CONDUIT_ENDING), 0, &a,
		     &b);
	ck_assert_uint_eq(n_elems(bridge.ahead, PROGRAM_LIVE_TIMED), 2);
	arena_free(arena);
}
END_TEST

Suite *test_bridge_suite(void)
{
	Suite *suite = suite_create("bridge");
	TCase *tcase = tcase_create("cases");

	tcase_add_loop_test(tcase, test_cases, 0,
			    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_merged_zones);
	tcase_add_test(tcase, test_rest_loses);
	tcase_add_test(tcase, test_ended_stays_ended);
	suite_add_tcase(suite, tcase);
	return suite;
}
