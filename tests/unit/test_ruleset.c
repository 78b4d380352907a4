// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rulesets without a kernel: what encode.c writes, decode.c reads back; and
 * every single change to a ruleset is seen by diff and digest.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "compile.h"
#include "decode.h"
#include "diff.h"
#include "encode.h"
#include "suites.h"
#include "text_policy.h"

static const char conf[] =
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
	"guideline = \"R7.3\"; };"
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = [ \"e0\" ];"
	" networks = [ \"10.0.0.0/24\", \"fd00:1::/64\" ]; },"
	"{ name = \"b\"; layer = \"other\"; interfaces = [ \"e1\" ];"
	" networks = [ \"10.1.0.0/24\", \"fd00:2::/64\" ]; "
	"next_hop_mac = \"02:00:00:00:00:fe\"; } );"
	"conduits = ( { name = \"c\"; kind = \"plain\"; from = [ \"a\", "
	"\"10.0.0.1\", \"10.0.0.64/26\" ]; to = [ \"b\", \"10.1.0.1\" ]; "
	"services = [ \"tcp/1\", \"udp/100-900\", \"icmp/echo-request\" ]; },"
	"{ name = \"m\"; kind = \"plain\"; bind = \"mac\"; from = [ \"b\" ]; "
	"to = [ \"gateway\" ]; services = [ \"tcp/22\" ]; } );";

static struct ruleset *desired(struct arena *arena)
{
	return text_compile(arena, conf);
}

/* The messages of a batch, as if the kernel had dumped them */
static struct ruleset *through_messages(const struct ruleset *from,
					struct arena *arena)
{
	static int (*const decoders[])(struct ruleset *,
				       const struct nlmsghdr *) = {
		[NFT_MSG_NEWTABLE] = decode_table,
		[NFT_MSG_NEWCHAIN] = decode_chain,
		[NFT_MSG_NEWSET] = decode_set,
		[NFT_MSG_NEWSETELEM] = decode_elems,
		[NFT_MSG_NEWRULE] = decode_rule,
	};
	struct ruleset *empty = ruleset_new(arena), *out = ruleset_new(arena);
	struct batch *batch =
		encode_edits(empty, from, diff_rulesets(empty, from, arena), 1);
	const struct nlmsghdr *nlh = (void *)batch->data;
	int left = batch->len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		unsigned int type = nlh->nlmsg_type & 0xff;

		if (nlh->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES &&
		    type < sizeof(decoders) / sizeof(*decoders) &&
		    decoders[type])
			ck_assert_int_eq(decoders[type](out, nlh), 0);
	}
	ck_assert_int_eq(left, 0);
	ck_assert_int_eq(decode_finish(out), 0);
	batch_free(batch);
	return out;
}

START_TEST(test_encode_decode)
{
	struct arena *arena = arena_new();
	struct ruleset *from = desired(arena);
	struct ruleset *to = through_messages(from, arena);
	char a[DIGEST_TEXT], b[DIGEST_TEXT];

	ruleset_digest(from, a);
	ruleset_digest(to, b);
	ck_assert_str_eq(a, b);
	ck_assert_int_eq(diff_rulesets(to, from, arena)->scope, EDIT_NOTHING);
	arena_free(arena);
}
END_TEST

static struct set *set_named(struct ruleset *ruleset, const char *name)
{
	return (struct set *)ruleset_set(ruleset, name);
}

static struct rule *first_rule(struct ruleset *ruleset, const char *chain)
{
	return ruleset_chain(ruleset, chain)->rules;
}

static void lose_element(struct ruleset *r)
{
	set_named(r, "live")->n_elems--;
}

static void widen_range(struct ruleset *r)
{
	uint8_t *key = (uint8_t *)set_named(r, "net4")->elems[0].key;

	key[7]++;
}

static void flip_verdict(struct ruleset *r)
{
	static const struct verdict drop = { NF_DROP, NULL };

	set_named(r, "live")->elems[0].verdict = &drop;
}

static void change_mark(struct ruleset *r)
{
	set_named(r, "net4")->elems[0].mark++;
}

static void change_set_flags(struct ruleset *r)
{
	set_named(r, "hh4")->flags |= NFT_SET_CONSTANT;
}

static void put_strange_in_set(struct ruleset *r)
{
	set_named(r, "hh4")->has_other = true;
}

static void put_strange_on_element(struct ruleset *r)
{
	set_named(r, "hh4")->elems[0].has_other = true;
}

static void add_catchall(struct ruleset *r)
{
	set_named(r, "live")->has_catchall = true;
}

static void add_stray_bound(struct ruleset *r)
{
	set_named(r, "net4")->has_stray = true;
}

static void add_object(struct ruleset *r)
{
	static struct other object = { OTHER_OBJECT, NFT_OBJECT_QUOTA, "q" };

	r->others = &object;
	r->n_others = 1;
}

static void bind_chain(struct ruleset *r)
{
	struct chain *chain = (struct chain *)ruleset_chain(r, "errors");

	chain->has_other = chain->is_bound = true;
}

static void lose_rule(struct ruleset *r)
{
	((struct chain *)ruleset_chain(r, "forward"))->n_rules--;
}

static void swap_rules(struct ruleset *r)
{
	struct rule *rules = first_rule(r, "forward"), first = rules[0];

	rules[0] = rules[1];
	rules[1] = first;
}

static void invert_compare(struct ruleset *r)
{
	first_rule(r, "choose")->exprs[1].key = NFT_CMP_NEQ;
}

static void make_strange_expression(struct ruleset *r)
{
	first_rule(r, "forward")->exprs[0].type = EXPR_OTHER;
}

static void accept_by_default(struct ruleset *r)
{
	((struct chain *)ruleset_chain(r, "forward"))->policy = NF_ACCEPT;
}

static void run_later(struct ruleset *r)
{
	((struct chain *)ruleset_chain(r, "input"))->priority++;
}

static void make_dormant(struct ruleset *r)
{
	r->flags |= NFT_TABLE_F_DORMANT;
}

static void lose_table(struct ruleset *r)
{
	r->exists = false;
}

static const struct {
	const char *name;
	void (*tamper)(struct ruleset *r);
	enum edit_scope scope;
} tamperings[] = {
	{ "lose_element", lose_element, EDIT_ELEMENTS },
	{ "widen_range", widen_range, EDIT_ELEMENTS },
	{ "flip_verdict", flip_verdict, EDIT_ELEMENTS },
	{ "change_mark", change_mark, EDIT_ELEMENTS },
	{ "change_set_flags", change_set_flags, EDIT_PROGRAM },
	{ "put_strange_in_set", put_strange_in_set, EDIT_PROGRAM },
	{ "put_strange_on_element", put_strange_on_element, EDIT_ELEMENTS },
	{ "add_catchall", add_catchall, EDIT_ELEMENTS },
	{ "add_stray_bound", add_stray_bound, EDIT_ELEMENTS },
	{ "add_object", add_object, EDIT_PROGRAM },
	{ "bind_chain", bind_chain, EDIT_PROGRAM },
	{ "lose_rule", lose_rule, EDIT_PROGRAM },
	{ "swap_rules", swap_rules, EDIT_PROGRAM },
	{ "invert_compare", invert_compare, EDIT_PROGRAM },
	{ "make_strange_expression", make_strange_expression, EDIT_PROGRAM },
	{ "accept_by_default", accept_by_default, EDIT_PROGRAM },
	{ "run_later", run_later, EDIT_PROGRAM },
	{ "make_dormant", make_dormant, EDIT_PROGRAM },
	{ "lose_table", lose_table, EDIT_PROGRAM },
};

START_TEST(test_tampering_is_seen)
{
	struct arena *arena = arena_new();
	struct ruleset *want = desired(arena);
	struct ruleset *have = through_messages(want, arena);
	char a[DIGEST_TEXT], b[DIGEST_TEXT];

	tamperings[_i].tamper(have);
	ruleset_digest(want, a);
	ruleset_digest(have, b);
	ck_assert_msg(strcmp(a, b), "%s: same digest", tamperings[_i].name);
	ck_assert_msg(diff_rulesets(have, want, arena)->scope ==
			      tamperings[_i].scope,
		      "%s", tamperings[_i].name);
	arena_free(arena);
}
END_TEST

Suite *test_ruleset_suite(void)
{
	Suite *suite = suite_create("ruleset");
	TCase *tcase = tcase_create("ruleset");

	tcase_add_test(tcase, test_encode_decode);
	tcase_add_loop_test(tcase, test_tampering_is_seen, 0,
			    sizeof(tamperings) / sizeof(*tamperings));
	suite_add_tcase(suite, tcase);
	return suite;
}
