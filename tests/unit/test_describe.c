// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each single thing that somebody can do to a table, and the words for it. The
 * point of view is that of who did it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "compile.h"
#include "describe.h"
#include "suites.h"
#include "text_policy.h"

static const char conf[] =
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
	"guideline = \"R7.3\"; };"
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = [ \"e0\" ];"
	" networks = [ \"10.0.0.0/24\" ]; },"
	"{ name = \"b\"; layer = \"other\"; interfaces = [ \"e1\" ];"
	" networks = [ \"10.1.0.0/24\" ]; } );"
	"conduits = ( { name = \"web\"; kind = \"plain\"; from = [ "
	"\"10.0.0.1\" ]; to = [ \"10.1.0.1\" ]; services = [ \"tcp/80\" ]; } );";

static struct ruleset *compiled(struct arena *arena)
{
	struct ruleset *ruleset = text_compile(arena, conf);
	uint64_t handle = 1;
	size_t i, k;

	for (i = 0; i < ruleset->n_chains; i++)
		for (k = 0; k < ruleset->chains[i].n_rules; k++)
			ruleset->chains[i].rules[k].handle = handle++;
	return ruleset;
}

static struct chain *chain_named(struct ruleset *r, const char *name)
{
	return (struct chain *)ruleset_chain(r, name);
}

static struct set *set_named(struct ruleset *r, const char *name)
{
	return (struct set *)ruleset_set(r, name);
}

static void lose_table(struct ruleset *r)
{
	r->exists = false;
	r->n_chains = r->n_sets = 0;
}

static void make_dormant(struct ruleset *r)
{
	r->flags = NFT_TABLE_F_DORMANT;
}

static void take_over(struct ruleset *r)
{
	r->flags = RULESET_F_OWNER;
}

static void set_unknown_flag(struct ruleset *r)
{
	r->flags = 0x80;
}

static struct rule *insert_rule(struct ruleset *r, const char *name, size_t at,
				struct rule rule)
{
	struct chain *chain = chain_named(r, name);
	struct rule *rules =
		arena_alloc(r->arena, (chain->n_rules + 1) * sizeof(*rules));

	memcpy(rules, chain->rules, at * sizeof(*rules));
	rules[at] = rule;
	memcpy(rules + at + 1, chain->rules + at,
	       (chain->n_rules - at) * sizeof(*rules));
	chain->rules = rules;
	chain->n_rules++;
	return &rules[at];
}

static void remove_rule(struct ruleset *r, const char *name, size_t at)
{
	struct chain *chain = chain_named(r, name);

	chain->n_rules--;
	memmove(chain->rules + at, chain->rules + at + 1,
		(chain->n_rules - at) * sizeof(*chain->rules));
}

static void lose_rule(struct ruleset *r)
{
	remove_rule(r, "bound", 1);
}

static struct rule accepting(struct ruleset *r)
{
	struct expr *expr = arena_alloc(r->arena, sizeof(*expr));

	*expr = (struct expr){ .type = EXPR_IMMEDIATE,
			       .dreg = REG_VERDICT,
			       .verdict = { NF_ACCEPT, NULL } };
	return (struct rule){ .exprs = expr, .n_exprs = 1, .handle = 1000 };
}

static void add_rule(struct ruleset *r)
{
	insert_rule(r, "forward", 0, accepting(r));
}

static void add_strange_rule(struct ruleset *r)
{
	struct rule *rule = insert_rule(r, "forward", 1, accepting(r));

	rule->exprs->type = EXPR_OTHER;
	rule->exprs->name = "li\033mit";
}

static void change_rule(struct ruleset *r)
{
	chain_named(r, "bound")->rules[1] = accepting(r);
}

static void move_rule(struct ruleset *r)
{
	struct rule rule = chain_named(r, "forward")->rules[0];

	remove_rule(r, "forward", 0);
	rule.handle = 1000;
	insert_rule(r, "forward", 3, rule);
}

/* Not at the same place, so not the one changed into the other */
static void lose_and_add_rule(struct ruleset *r)
{
	remove_rule(r, "bound", 0);
	insert_rule(r, "bound", 1, accepting(r));
}

static void flush_chain(struct ruleset *r)
{
	chain_named(r, "bound")->n_rules = 0;
}

static void change_policy(struct ruleset *r)
{
	chain_named(r, "forward")->policy = NF_ACCEPT;
}

static void change_priority(struct ruleset *r)
{
	chain_named(r, "forward")->priority = 77;
}

static void change_hook(struct ruleset *r)
{
	chain_named(r, "forward")->hook = NF_INET_POST_ROUTING;
}

static void rename_chain(struct ruleset *r)
{
	chain_named(r, "output")->name = "out\nput";
	ruleset_sort(r);
}

static void lose_elem(struct ruleset *r)
{
	set_named(r, "live")->n_elems = 1;
}

static struct elem *push_elem(struct ruleset *r, const char *name,
			      const void *key, size_t size)
{
	struct set *set = set_named(r, name);
	struct elem *elems =
		arena_alloc(r->arena, (set->n_elems + 1) * sizeof(*elems));

	memcpy(elems, set->elems, set->n_elems * sizeof(*elems));
	set->elems = elems;
	elems[set->n_elems].key =
		(const uint8_t *)arena_copy(r->arena, key, size);
	return &elems[set->n_elems++];
}

static void add_elem(struct ruleset *r)
{
	static const char name[16] = "zz\x1b[2J";

	push_elem(r, "interfaces", name, sizeof(name));
}

static void add_range(struct ruleset *r)
{
	static const uint8_t range[] = { 198, 51, 100, 0, 198, 51, 100, 255 };

	push_elem(r, "net4", range, sizeof(range))->mark = 1;
}

static void change_elem(struct ruleset *r)
{
	static const struct verdict drop = { NF_DROP, NULL };

	set_named(r, "live")->elems[0].verdict = &drop;
}

static void decorate_elem(struct ruleset *r)
{
	set_named(r, "interfaces")->elems[0].has_other = true;
}

static void add_catchall(struct ruleset *r)
{
	set_named(r, "live")->has_catchall = true;
}

static void add_stray(struct ruleset *r)
{
	set_named(r, "net4")->has_stray = true;
}

static void reshape_set(struct ruleset *r)
{
	set_named(r, "macs")->flags |= NFT_SET_TIMEOUT;
}

static void rename_set(struct ruleset *r)
{
	set_named(r, "macs")->name = "evil";
	ruleset_sort(r);
}

static void add_others(struct ruleset *r)
{
	static struct other others[] = {
		{ OTHER_OBJECT, NFT_OBJECT_QUOTA, "q" },
		{ OTHER_OBJECT, 77, "o" },
		{ OTHER_FLOWTABLE, 0, "f" },
	};

	r->others = others;
	r->n_others = 3;
}

#define MAX_TOLD 4

static const struct {
	void (*tamper)(struct ruleset *r);
	struct difference told[MAX_TOLD];
} cases[] = {
	{ lose_table, { { "table inet sekimori deleted", NULL } } },
	{ make_dormant,
	  { { "table made dormant: none of its chains is on its hook",
	      NULL } } },
	{ take_over, { { "table taken over by another owner", NULL } } },
	{ set_unknown_flag,
	  { { "flags of the table changed from 0x0 to 0x80", NULL } } },
	{ lose_rule,
	  { { "rule removed from chain bound (place 2)",
	      "counter drop comment \"wrong MAC\"" } } },
	{ add_rule, { { "rule added to chain forward (place 1)", "accept" } } },
	{ add_strange_rule,
	  { { "rule added to chain forward (place 2)",
	      "[unknown expression li?mit]" } } },
	{ change_rule,
	  { { "rule changed in chain bound (place 2)",
	      "counter drop comment \"wrong MAC\" -> accept" } } },
	{ move_rule,
	  { { "rule moved in chain forward (from place 1 to 4)",
	      "@nh,0,8 != 69 meta nfproto ipv4 counter drop comment \"IPv4 "
	      "options\"" } } },
	{ lose_and_add_rule,
	  { { "rule removed from chain bound (place 1)",
	      "iiftype ether ct mark . ct direction . ether saddr @macs "
	      "accept" },
	    { "rule added to chain bound (place 2)", "accept" } } },
	{ flush_chain,
	  { { "rule removed from chain bound (place 1)",
	      "iiftype ether ct mark . ct direction . ether saddr @macs "
	      "accept" },
	    { "rule removed from chain bound (place 2)",
	      "counter drop comment \"wrong MAC\"" } } },
	{ change_policy,
	  { { "policy of chain forward changed from drop to accept",
	      "chain forward { type filter hook forward priority 0; policy "
	      "drop; } -> chain forward { type filter hook forward priority "
	      "0; policy accept; }" } } },
	{ change_priority,
	  { { "chain forward replaced by one with another priority",
	      "chain forward { type filter hook forward priority 0; policy "
	      "drop; } -> chain forward { type filter hook forward priority "
	      "77; policy drop; }" } } },
	{ change_hook,
	  { { "chain forward replaced by one with another hook",
	      "chain forward { type filter hook forward priority 0; policy "
	      "drop; } -> chain forward { type filter hook postrouting "
	      "priority 0; policy drop; }" } } },
	{ rename_chain,
	  { { "base chain out?put added, with 10 rules",
	      "chain out?put { type filter hook output priority 0; policy "
	      "drop; }" },
	    { "chain output removed",
	      "chain output { type filter hook output priority 0; policy "
	      "drop; }" } } },
	{ lose_elem,
	  { { "element removed from map live (conduit web)",
	      "\"e1\" . \"e0\" . 0x23f8fa17 comment \"web\" : accept" } } },
	{ add_elem, { { "element added to set interfaces", "\"zz?[2J\"" } } },
	{ add_range,
	  { { "element added to map net4",
	      "198.51.100.0-198.51.100.255 : 0x00000001" } } },
	{ change_elem,
	  { { "element of map live changed (conduit web)",
	      "\"e0\" . \"e1\" . 0x23f8fa17 comment \"web\" : accept -> "
	      "\"e0\" . \"e1\" . 0x23f8fa17 comment \"web\" : drop" } } },
	{ decorate_elem,
	  { { "element of set interfaces changed (zone a)",
	      "\"e0\" comment \"a\" -> \"e0\" comment \"a\" [unknown "
	      "attributes]" } } },
	{ add_catchall, { { "catch-all element added to map live", NULL } } },
	{ add_stray,
	  { { "beginnings and ends of ranges in map net4 put out of order",
	      NULL } } },
	{ reshape_set,
	  { { "set macs replaced by one of another shape",
	      "set macs { type mark . ct_dir . ether_addr; size 1024; } -> "
	      "set macs { type mark . ct_dir . ether_addr; flags timeout; "
	      "size 1024; }" } } },
	{ rename_set,
	  { { "set evil added",
	      "set evil { type mark . ct_dir . ether_addr; size 1024; }" },
	    { "set macs removed",
	      "set macs { type mark . ct_dir . ether_addr; size 1024; }" } } },
	{ add_others,
	  { { "quota q added", NULL },
	    { "object o added", NULL },
	    { "flowtable f added", NULL } } },
};

START_TEST(test_words)
{
	struct arena *arena = arena_new();
	struct ruleset *want = compiled(arena), *have = compiled(arena);
	struct difference *list;
	size_t n, n_all, i;

	cases[_i].tamper(have);
	n = describe_edits(have, want, diff_rulesets(have, want, arena), 100,
			   arena, &list, &n_all);
	ck_assert_uint_eq(n, n_all);
	for (i = 0; i < n; i++) {
		ck_assert_uint_lt(i, MAX_TOLD);
		ck_assert_pstr_eq(list[i].words, cases[_i].told[i].words);
		ck_assert_pstr_eq(list[i].nft, cases[_i].told[i].nft);
	}
	ck_assert(n == MAX_TOLD || !cases[_i].told[n].words);
	arena_free(arena);
}
END_TEST

START_TEST(test_nothing_to_tell)
{
	struct arena *arena = arena_new();
	struct ruleset *want = compiled(arena), *have = compiled(arena);
	struct difference *list;
	size_t n_all;

	ck_assert_uint_eq(describe_edits(have, want,
					 diff_rulesets(have, want, arena), 9,
					 arena, &list, &n_all),
			  0);
	ck_assert_uint_eq(n_all, 0);
	arena_free(arena);
}
END_TEST

/* No more than was asked for, but all are counted; and no text is too long. */
START_TEST(test_bounds)
{
	struct arena *arena = arena_new();
	struct ruleset *want = compiled(arena), *have = compiled(arena);
	struct difference *list;
	struct chain *bound = chain_named(have, "bound");
	struct rule *rules = arena_alloc(arena, 6002 * sizeof(*rules));
	struct rule rule = { .handle = 1000, .n_exprs = 128 };
	size_t n, n_all, i;

	rule.exprs = arena_alloc(arena, 128 * sizeof(*rule.exprs));
	for (i = 0; i < 128; i++) {
		rule.exprs[i].type = EXPR_OTHER;
		rule.exprs[i].name = "something";
	}
	rules[0] = bound->rules[0];
	for (i = 1; i <= 6000; i++, rule.handle++)
		rules[i] = rule;
	rules[6001] = bound->rules[1];
	bound->rules = rules;
	bound->n_rules = 6002;
	n = describe_edits(have, want, diff_rulesets(have, want, arena), 3,
			   arena, &list, &n_all);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(n_all, 6000);
	ck_assert_str_eq(list[0].words, "rule added to chain bound (place 2)");
	ck_assert_uint_gt(strlen(list[0].nft), 900);
	ck_assert_uint_le(strlen(list[0].nft), 1000);
	arena_free(arena);
}
END_TEST

Suite *test_describe_suite(void)
{
	Suite *suite = suite_create("describe");
	TCase *tcase = tcase_create("describe");

	tcase_add_loop_test(tcase, test_words, 0,
			    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tcase, test_nothing_to_tell);
	tcase_add_test(tcase, test_bounds);
	suite_add_tcase(suite, tcase);
	return suite;
}
