// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a change changes, in the words of those who wrote it. That the comparison
 * of what is permitted is right for any two policies is shown elsewhere, with
 * many; here it is what people get to read.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>

#include "arena.h"
#include "compile.h"
#include "plan.h"
#include "script.h"
#include "show.h"
#include "suites.h"
#include "suspect.h"
#include "text_policy.h"
#include "trial.h"

#define HEAD                                                                   \
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "            \
	"guideline = \"R7.3\"; };"                                             \
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = [ \"e0\" ]" \
	"; networks = [ \"10.0.0.0/24\" ]; next_hop_mac = "                    \
	"\"02:00:00:00:00:aa\"; }, "                                           \
	"{ name = \"b\"; layer = \"other\";"                                   \
	" interfaces = [ \"e1\" ]; networks = [ \"10.1.0.0/24\" ]; } );"
#define HOSTS                                                                  \
	"hosts = ( { name = \"h\"; zone = \"a\"; addresses = [ \"10.0.0.1\" ]" \
	"; }, { name = \"h2\"; zone = \"a\"; addresses = [ \"10.0.0.2\" ]; }," \
	" { name = \"k\"; zone = \"b\"; addresses = [ \"10.1.0.1\" ]; mac = "  \
	"\"02:00:00:00:00:99\"; } );"
#define CONDUIT(name, from, to, service, more)                    \
	"{ name = \"" name "\"; kind = \"plain\"; from = [ " from \
	" ]; to = [ \"" to "\" ]; services = [ " service " ]; " more " }"
#define X(more) CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", more)
#define UNTIL(day) "valid_until = \"" day "\";"
#define WINDOWS(windows) "windows = [ " windows " ];"
#define CONF(conduits) HEAD HOSTS "conduits = ( " conduits " );"

/* The plan of a change as compact JSON of one of its members */
static char *member(const char *before, const char *after, const char *key)
{
	struct arena *arena = arena_new();
	const struct policy *old = before ? text_policy(arena, before) : NULL;
	const struct policy *new = text_policy(arena, after);
	const struct plan_side a = { old, text_terms(arena, old), NULL };
	const struct plan_side b = { new, text_terms(arena, new), NULL };
	json_t *json = show_plan(plan_make(&a, &b, arena));
	char *text = json_dumps(json_object_get(json, key),
				JSON_COMPACT | JSON_ENCODE_ANY);

	ck_assert_ptr_nonnull(text);
	ck_assert(json_is_true(json_object_get(json, "complete")));
	json_decref(json);
	arena_free(arena);
	return text;
}

static unsigned int number(const char *before, const char *after,
			   const char *key)
{
	char *text = member(before, after, key);
	unsigned int n = (unsigned int)atoi(text);

	free(text);
	return n;
}

static const struct {
	const char *what, *before, *after;
	unsigned int changes, opened, closed, altered, later;
} cases[] = {
	{ "nothing", CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")),
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")), 0, 0, 0, 0, 0 },
	{ "the first policy", NULL,
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")), 7, 1, 0, 0, 0 },
	{ "renamed", CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")),
	  CONF(CONDUIT("y", "\"h\"", "k", "\"tcp/1\"", "")), 1, 0, 0, 0, 0 },
	{ "another reason", CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")),
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "reason = \"r\";")), 1,
	  0, 0, 0, 0 },
	{ "covered by another",
	  CONF(CONDUIT("x", "\"a\"", "b", "\"tcp/1-9\"", "")),
	  CONF(CONDUIT("x", "\"a\"", "b", "\"tcp/1-9\"",
		       "") "," CONDUIT("y", "\"h\"", "k", "\"tcp/5\"", "")),
	  1, 0, 0, 0, 0 },
	{ "taken out of what it covers",
	  CONF(CONDUIT("x", "\"h\", \"h2\"", "k", "\"tcp/1\"", "")),
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")), 1, 0, 1, 0, 0 },
	{ "another port", CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")),
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/2\"", "")), 1, 1, 1, 0, 0 },
	{ "bound", CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")),
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "bind = \"mac\";")), 1,
	  0, 0, 1, 0 },
	{ "ended",
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"",
		       "valid_until = \"2026-11-01\";")),
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"",
		       "valid_until = \"2026-10-31\";")),
	  1, 0, 1, 0, 0 },
	{ "two that begin alike are one line",
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")),
	  CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "") "," CONDUIT(
		  "y", "\"h\"", "b", "\"udp/5\"",
		  "") "," CONDUIT("z", "\"h2\"", "b", "\"udp/5\"", "")),
	  2, 1, 0, 0, 0 },
	/* it is 2026-11-01 00:00, a Sunday */
	{ "for some time only", CONF(X("")), CONF(X(UNTIL("2026-12-31"))), 1, 0,
	  0, 0, 1 },
	{ "a day longer", CONF(X(UNTIL("2026-12-31"))),
	  CONF(X(UNTIL("2027-01-01"))), 1, 0, 0, 0, 1 },
	{ "from another day on", CONF(X("")),
	  CONF(X("valid_from = \"2026-12-01\";")), 1, 0, 1, 0, 0 },
	{ "one that will be", CONF(""), CONF(X("valid_from = \"2026-12-01\";")),
	  1, 0, 0, 0, 1 },
	{ "one that was", CONF(""), CONF(X(UNTIL("2026-10-31"))), 1, 0, 0, 0,
	  0 },
	{ "at other hours, not now", CONF(X(WINDOWS("\"Mon 09:00-10:00\""))),
	  CONF(X(WINDOWS("\"Mon 09:00-11:00\""))), 1, 0, 0, 0, 1 },
	{ "no longer now, but then", CONF(X(WINDOWS("\"Sun 00:00-10:00\""))),
	  CONF(X(WINDOWS("\"Sun 01:00-10:00\""))), 1, 0, 1, 0, 0 },
	{ "the same hours in another order",
	  CONF(X(WINDOWS("\"Mon 09:00-10:00\", \"Tue 07:00-08:00\""))),
	  CONF(X(WINDOWS("\"Tue 07:00-08:00\", \"Mon 09:00-10:00\""))), 0, 0, 0,
	  0, 0 },
	{ "instead of what covers it at all times",
	  CONF(CONDUIT("y", "\"a\"", "b", "\"tcp/1\"", "")),
	  CONF(CONDUIT("y", "\"a\"", "b", "\"tcp/1\"",
		       "") "," X(UNTIL("2026-12-31"))),
	  1, 0, 0, 0, 0 },
	{ "bound as long as it lasts",
	  CONF(CONDUIT("y", "\"a\"", "b", "\"tcp/1\"", "")),
	  CONF(CONDUIT("y", "\"a\"", "b", "\"tcp/1\"", "") "," X(
		  "bind = \"mac\"; valid_from = \"2027-01-01\";")),
	  1, 0, 0, 0, 1 },
};

START_TEST(test_counts)
{
	const char *a = cases[_i].before, *b = cases[_i].after;

	ck_assert_msg(number(a, b, "n_changes") == cases[_i].changes &&
			      number(a, b, "n_opened") == cases[_i].opened &&
			      number(a, b, "n_closed") == cases[_i].closed &&
			      number(a, b, "n_altered") == cases[_i].altered &&
			      number(a, b, "n_later") == cases[_i].later,
		      "%s: %u changes, %u opened, %u closed, %u altered, "
		      "%u later",
		      cases[_i].what, number(a, b, "n_changes"),
		      number(a, b, "n_opened"), number(a, b, "n_closed"),
		      number(a, b, "n_altered"), number(a, b, "n_later"));
}
END_TEST

START_TEST(test_words)
{
	char *text = member(CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")),
			    CONF(CONDUIT("x", "\"a\"", "k", "\"tcp/1\"", "")),
			    "opened");

	ck_assert_str_eq(
		text,
		"[{\"from\":{\"names\":[\"a\"],\"except\":[\"h\"],\"more\":0,"
		"\"except_more\":0},\"to\":{\"names\":[\"k\"],\"except\":[],"
		"\"more\":0,\"except_more\":0},\"services\":[\"tcp/1\"],"
		"\"n_services\":1,\"before\":\"none\",\"after\":\"ip\","
		"\"course_before\":null,\"course_after\":null,"
		"\"in_part\":false}]");
	free(text);
}
END_TEST

START_TEST(test_fields)
{
	char *text = member(
		CONF(CONDUIT("x", "\"h\", \"h2\"", "k", "\"tcp/1\"", "")),
		CONF(CONDUIT("x", "\"h2\", \"a\"", "k", "\"tcp/1\"",
			     "valid_until = \"2030-02-28\";")),
		"changes");

	ck_assert_str_eq(
		text,
		"[{\"what\":\"changed\",\"kind\":\"conduit\",\"name\":\"x\","
		"\"old_name\":null,\"fields\":["
		"{\"field\":\"from\",\"removed\":[\"h\"],\"added\":[\"a\"],"
		"\"n_removed\":1,\"n_added\":1},"
		"{\"field\":\"valid_until\",\"removed\":[],"
		"\"added\":[\"2030-02-28\"],\"n_removed\":0,\"n_added\":1}],"
		"\"term_before\":null,\"term_after\":{\"valid_from\":null,"
		"\"valid_until\":\"2030-02-28\",\"expires\":null,"
		"\"windows\":[],\"in_force\":true,"
		"\"next_change\":1898553600}}]");
	free(text);
}
END_TEST

/* A broad conduit over many narrow ones: exact, it takes as many lines. */
START_TEST(test_coarse)
{
	char narrow[4096] = "", conf_a[8192], conf_b[8192], *text;
	unsigned int i;

	for (i = 10; i < 40; i++)
		snprintf(narrow + strlen(narrow),
			 sizeof(narrow) - strlen(narrow),
			 CONDUIT("n%u", "\"10.0.0.%u\"", "10.1.0.%u",
				 "\"tcp/1\"", "") ", ",
			 i, i, i);
	snprintf(conf_a, sizeof(conf_a), CONF("%s%s"), narrow,
		 CONDUIT("x", "\"h\"", "k", "\"udp/1\"", ""));
	snprintf(conf_b, sizeof(conf_b), CONF("%s%s"), narrow,
		 CONDUIT("x", "\"h\"", "k", "\"udp/1\"", "") ", " CONDUIT(
			 "broad", "\"a\"", "b", "\"tcp/1\"", ""));
	text = member(conf_a, conf_b, "opened");
	ck_assert_str_eq(
		text,
		"[{\"from\":{\"names\":[\"a\"],\"except\":[],\"more\":0,"
		"\"except_more\":0},\"to\":{\"names\":[\"b\"],\"except\":[],"
		"\"more\":0,\"except_more\":0},\"services\":[\"tcp/1\"],"
		"\"n_services\":1,\"before\":\"none\",\"after\":\"ip\","
		"\"course_before\":null,\"course_after\":null,"
		"\"in_part\":true}]");
	free(text);
}
END_TEST

START_TEST(test_findings)
{
	struct arena *arena = arena_new();
	const struct policy *policy = text_policy(
		arena, CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")));
	struct place low = { "f", 1 }, high = { "f", 9 };
	struct diag before, after;
	const struct terms *terms = text_terms(arena, policy);
	const struct plan_side a = { policy, terms, &before };
	const struct plan_side b = { policy, terms, &after };
	const struct plan *plan;

	diag_init(&before, arena);
	diag_init(&after, arena);
	diag_warn(&before, "K1", low, NULL, "stays");
	diag_warn(&before, "K1", low, NULL, "twice");
	diag_warn(&before, "K1", low, NULL, "twice");
	diag_warn(&before, "K2", low, NULL, "goes");
	diag_warn(&after, "K1", high, NULL, "stays");
	diag_warn(&after, "K1", high, NULL, "twice");
	diag_warn(&after, "K3", high, NULL, "goes");
	plan = plan_make(&a, &b, arena);
	ck_assert_uint_eq(plan->found.n_findings, 1);
	ck_assert_str_eq(plan->found.findings[0].id, "K3");
	ck_assert_uint_eq(plan->gone.n_findings, 2);
	ck_assert_str_eq(plan->gone.findings[0].text, "twice");
	ck_assert_str_eq(plan->gone.findings[1].id, "K2");
	arena_free(arena);
}
END_TEST

#define TRIED                                                                 \
	CONF(X(WINDOWS("\"Mon 09:00-10:00\"")) "," CONDUIT("y", "\"h\"", "k", \
							   "\"tcp/3\"", ""))  \
	"must_drop = ( { name = \"n\"; from = \"h\"; to = \"k\"; "            \
	"service = \"tcp/2\"; } );"                                           \
	"must_pass = ( { name = \"m\"; from = \"h\"; to = \"k\"; "            \
	"service = \"tcp/1\"; }, { name = \"l\"; from = \"h\"; "              \
	"to = \"k\"; service = \"tcp/3\"; } );"

/*
 * What was read back is tried as well: a rule that lets all pass shows, and one
 * that is gone. What is not to pass until its window opens is no matter. To read
 * what the packets meet is enough, if it is as it should be.
 */
START_TEST(test_trial_of_observed)
{
	struct arena *arena = arena_new();
	const struct policy *policy = text_policy(arena, TRIED);
	const struct terms *terms = text_terms(arena, policy);
	const struct ruleset *desired = compile_policy(policy, terms, arena);
	struct ruleset *observed = compile_policy(policy, terms, arena);
	struct suspects met;
	struct ruleset *read;
	struct expr accept = { .type = EXPR_IMMEDIATE,
			       .dreg = REG_VERDICT,
			       .verdict = { NF_ACCEPT, NULL } };
	struct rule open = { .exprs = &accept, .n_exprs = 1 };
	struct diag diag;
	size_t i;

	diag_init(&diag, arena);
	ck_assert_int_eq(trial_policy(policy, terms, &diag), 0);
	ck_assert_int_eq(trial_observed(policy, desired, observed, &diag), 0);
	suspects_init(&met, arena);
	trial_meet(policy, desired, &met);
	ck_assert(met.program && !met.all);
	read = suspects_expect(&met, desired);
	ck_assert_uint_lt(ruleset_n_elems(read), ruleset_n_elems(desired));
	ck_assert_int_eq(trial_observed(policy, desired, read, &diag), 0);
	for (i = 0; i < observed->n_chains; i++)
		if (observed->chains[i].is_base) {
			observed->chains[i].rules = &open;
			observed->chains[i].n_rules = 1;
		}
	ck_assert_int_eq(trial_observed(policy, desired, observed, &diag),
			 -EINVAL);
	ck_assert_uint_eq(diag.n_errors, 1);
	ck_assert_ptr_nonnull(strstr(diag.findings[0].text,
				     "passes, by no conduit of this policy"));
	diag_init(&diag, arena);
	for (i = 0; i < observed->n_chains; i++)
		if (observed->chains[i].is_base)
			observed->chains[i].n_rules = 0;
	ck_assert_int_eq(trial_observed(policy, desired, observed, &diag),
			 -EINVAL);
	ck_assert_uint_eq(diag.n_errors, 1);
	ck_assert_ptr_nonnull(
		strstr(diag.findings[0].text, "must_pass \"l\": tcp/3"));
	arena_free(arena);
}
END_TEST

START_TEST(test_script)
{
	struct arena *arena = arena_new();
	const struct ruleset *a = text_compile(
		arena, CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/1\"", "")));
	const struct ruleset *b = text_compile(
		arena, CONF(CONDUIT("x", "\"h\"", "k", "\"tcp/2\"", "")));
	const struct edits *edits = diff_rulesets(a, b, arena);
	struct script script = script_of_edits(b, edits, arena);
	size_t i;

	ck_assert_uint_eq(script.n, edits->n_added + edits->n_deleted);
	ck_assert_uint_eq(script.n, script.n_all);
	for (i = 0; i < script.n; i++)
		ck_assert_int_eq(
			strncmp(script.lines[i],
				i < edits->n_deleted ?
					"delete element inet sekimori " :
					"add element inet sekimori ",
				26),
			0);
	edits = diff_rulesets(ruleset_new(arena), b, arena);
	script = script_of_edits(b, edits, arena);
	ck_assert_str_eq(script.lines[0], "add table inet sekimori");
	arena_free(arena);
}
END_TEST

Suite *test_plan_suite(void)
{
	Suite *suite = suite_create("plan");
	TCase *tcase = tcase_create("plan");

	tcase_add_loop_test(tcase, test_counts, 0,
			    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, test_words);
	tcase_add_test(tcase, test_fields);
	tcase_add_test(tcase, test_coarse);
	tcase_add_test(tcase, test_findings);
	tcase_add_test(tcase, test_trial_of_observed);
	tcase_add_test(tcase, test_script);
	suite_add_tcase(suite, tcase);
	return suite;
}
