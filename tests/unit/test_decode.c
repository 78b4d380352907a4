// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dump messages that the compiler's own tables never lead to: what others may
 * have put into ours. Each is to be kept in a way that equals nothing, without
 * spoiling more than itself.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "decode.h"
#include "suites.h"

struct message {
	union {
		struct nlmsghdr nlh;
		uint8_t bytes[4096];
	};
};

static struct nlmsghdr *start(struct message *m, uint16_t type, uint8_t family)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	memset(m, 0, sizeof(*m));
	nlh = mnl_nlmsg_put_header(m);
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	return nlh;
}

/* A ruleset with one set or map, of keys of 4 bytes */
static struct ruleset *with_set(struct arena *arena, uint32_t flags)
{
	struct ruleset *r = ruleset_new(arena);
	struct message m;
	struct nlmsghdr *nlh = start(&m, NFT_MSG_NEWSET, NFPROTO_INET);

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, "s");
	mnl_attr_put_u32(nlh, NFTA_SET_FLAGS, htonl(flags));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(7));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(4));
	if (flags & NFT_SET_MAP) {
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_TYPE, htonl(19));
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_LEN, htonl(4));
	}
	ck_assert_int_eq(decode_set(r, nlh), 0);
	return r;
}

static void put_value(struct nlmsghdr *nlh, uint16_t type, const void *value,
		      size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(nlh, nest);
}

/* What an element of a message is to be like */
struct shown {
	uint8_t key; /* the last of its 4 bytes */
	uint8_t key_len; /* 0: there is no key */
	uint32_t flags;
	uint32_t mark; /* 0: no data */
	bool timeout, counter;
};

static void show(struct ruleset *r, const struct shown *shown)
{
	const uint8_t key[8] = { 0, 0, 0, shown->key };
	struct nlattr *list, *elem, *expr;
	struct message m;
	struct nlmsghdr *nlh = start(&m, NFT_MSG_NEWSETELEM, NFPROTO_INET);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, "s");
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	if (shown->key_len)
		put_value(nlh, NFTA_SET_ELEM_KEY, key, shown->key_len);
	if (shown->flags)
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(shown->flags));
	if (shown->mark)
		put_value(nlh, NFTA_SET_ELEM_DATA, &shown->mark, 4);
	if (shown->timeout)
		mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, 1);
	if (shown->counter) {
		expr = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_EXPR);
		mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "counter");
		mnl_attr_nest_end(nlh, expr);
	}
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	ck_assert_int_eq(decode_elems(r, nlh), 0);
}

static const struct {
	uint32_t flags; /* of the set */
	struct shown shown[4];
	size_t n_shown;
	/* What is to be made of it */
	size_t n_elems, n_other;
	bool set_other, catchall, stray;
} cases[] = {
	/* Nothing odd; in any order */
	{ 0,
	  { { .key = 2, .key_len = 4 }, { .key = 1, .key_len = 4 } },
	  2,
	  .n_elems = 2 },
	{ 0,
	  { { .key = 1, .key_len = 4, .timeout = true },
	    { .key = 2, .key_len = 4 } },
	  2,
	  2,
	  .n_other = 1 },
	{ 0,
	  { { .key = 1, .key_len = 4, .counter = true },
	    { .key = 2, .key_len = 4 } },
	  2,
	  2,
	  .n_other = 1 },
	{ 0,
	  { { .key = 1, .key_len = 4, .flags = 0x80 },
	    { .key = 2, .key_len = 4 } },
	  2,
	  2,
	  .n_other = 1 },
	{ NFT_SET_MAP,
	  { { .key = 1, .key_len = 4, .mark = 1 }, { .key = 2, .key_len = 4 } },
	  2,
	  2,
	  .n_other = 1 },
	/* An element without a key, and some that nobody could name */
	{ 0,
	  { { .key = 0, .key_len = 0, .flags = NFT_SET_ELEM_CATCHALL },
	    { .key = 2, .key_len = 4 } },
	  2,
	  1,
	  .catchall = true },
	{ NFT_SET_MAP,
	  { { .key = 0,
	      .key_len = 0,
	      .flags = NFT_SET_ELEM_CATCHALL,
	      .mark = 1 } },
	  1,
	  0,
	  .catchall = true },
	{ 0, { { .key = 0, .key_len = 0 } }, 1, 0, .set_other = true },
	{ 0, { { .key = 1, .key_len = 3 } }, 1, 0, .set_other = true },
	{ 0, { { .key = 1, .key_len = 8 } }, 1, 0, .set_other = true },
	{ 0,
	  { { .key = 1, .key_len = 4, .flags = NFT_SET_ELEM_INTERVAL_END } },
	  1,
	  0,
	  .set_other = true },
	/* Seen twice, alike or not */
	{ 0,
	  { { .key = 1, .key_len = 4 },
	    { .key = 2, .key_len = 4 },
	    { .key = 1, .key_len = 4 } },
	  3,
	  .n_elems = 2 },
	{ NFT_SET_MAP,
	  { { .key = 1, .key_len = 4, .mark = 5 },
	    { .key = 1, .key_len = 4, .mark = 5 } },
	  2,
	  .n_elems = 1 },
	{ NFT_SET_MAP,
	  { { .key = 1, .key_len = 4, .mark = 5 },
	    { .key = 1, .key_len = 4, .mark = 6 } },
	  2,
	  1,
	  .n_other = 1 },
	{ 0,
	  { { .key = 1, .key_len = 4 },
	    { .key = 1, .key_len = 4, .timeout = true } },
	  2,
	  1,
	  .n_other = 1 },
	/* Intervals: pairs, open at the end, and nft's end at 0 */
	{ NFT_SET_INTERVAL,
	  { { .key = 9, .key_len = 4, .flags = 1 },
	    { .key = 3, .key_len = 4 },
	    { .key = 0, .key_len = 4, .flags = 1 },
	    { .key = 12, .key_len = 4 } },
	  4,
	  .n_elems = 2 },
	/* Where one ends the next begins. */
	{ NFT_SET_INTERVAL,
	  { { .key = 3, .key_len = 4 },
	    { .key = 9, .key_len = 4, .flags = 1 },
	    { .key = 9, .key_len = 4 },
	    { .key = 12, .key_len = 4, .flags = 1 } },
	  4,
	  .n_elems = 2 },
	/* Seen twice */
	{ NFT_SET_INTERVAL,
	  { { .key = 3, .key_len = 4 },
	    { .key = 9, .key_len = 4, .flags = 1 },
	    { .key = 3, .key_len = 4 },
	    { .key = 9, .key_len = 4, .flags = 1 } },
	  4,
	  .n_elems = 1 },
	{ NFT_SET_INTERVAL,
	  { { .key = 3, .key_len = 4 },
	    { .key = 9, .key_len = 4, .flags = 1, .timeout = true } },
	  2,
	  1,
	  .n_other = 1 },
	{ NFT_SET_INTERVAL,
	  { { .key = 3, .key_len = 4, .timeout = true },
	    { .key = 9, .key_len = 4, .flags = 1 } },
	  2,
	  1,
	  .n_other = 1 },
	/* Strays */
	{ NFT_SET_INTERVAL,
	  { { .key = 3, .key_len = 4 },
	    { .key = 5, .key_len = 4 },
	    { .key = 9, .key_len = 4, .flags = 1 } },
	  3,
	  2,
	  .stray = true },
	{ NFT_SET_INTERVAL,
	  { { .key = 3, .key_len = 4 },
	    { .key = 5, .key_len = 4, .flags = 1 },
	    { .key = 9, .key_len = 4, .flags = 1 } },
	  3,
	  1,
	  .stray = true },
	{ NFT_SET_INTERVAL,
	  { { .key = 3, .key_len = 4, .flags = 1 } },
	  1,
	  0,
	  .stray = true },
	{ NFT_SET_INTERVAL,
	  { { .key = 0, .key_len = 4, .flags = 1, .timeout = true } },
	  1,
	  0,
	  .stray = true },
};

START_TEST(test_elements)
{
	struct arena *arena = arena_new();
	struct ruleset *r = with_set(arena, cases[_i].flags);
	const struct set *set;
	size_t i, n_other = 0;

	for (i = 0; i < cases[_i].n_shown; i++)
		show(r, &cases[_i].shown[i]);
	ck_assert_int_eq(decode_finish(r), 0);
	set = ruleset_set(r, "s");
	for (i = 0; i < set->n_elems; i++)
		n_other += set->elems[i].has_other;
	ck_assert_uint_eq(set->n_elems, cases[_i].n_elems);
	ck_assert_uint_eq(n_other, cases[_i].n_other);
	ck_assert(set->has_other == cases[_i].set_other);
	ck_assert(set->has_catchall == cases[_i].catchall);
	ck_assert(set->has_stray == cases[_i].stray);
	arena_free(arena);
}
END_TEST

/* A start without an end goes on to the next start, or for ever. */
START_TEST(test_open_intervals)
{
	static const uint8_t first[] = { 0, 0, 0, 3, 0, 0, 0, 4 };
	static const uint8_t second[] = { 0, 0, 0, 5, 255, 255, 255, 255 };
	struct arena *arena = arena_new();
	struct ruleset *r = with_set(arena, NFT_SET_INTERVAL);
	const struct set *set;

	show(r, &(struct shown){ .key = 5, .key_len = 4 });
	show(r, &(struct shown){ .key = 3, .key_len = 4 });
	ck_assert_int_eq(decode_finish(r), 0);
	set = ruleset_set(r, "s");
	ck_assert_uint_eq(set->n_elems, 2);
	ck_assert_mem_eq(set->elems[0].key, first, sizeof(first));
	ck_assert_mem_eq(set->elems[1].key, second, sizeof(second));
	arena_free(arena);
}
END_TEST

static int show_object(struct ruleset *r, uint8_t family, const char *table,
		       const char *name, uint32_t type)
{
	struct message m;
	struct nlmsghdr *nlh = start(&m, NFT_MSG_NEWOBJ, family);

	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, table);
	if (name)
		mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(type));
	return decode_object(r, nlh);
}

static int show_flowtable(struct ruleset *r, uint8_t family, const char *table,
			  const char *name)
{
	struct message m;
	struct nlmsghdr *nlh = start(&m, NFT_MSG_NEWFLOWTABLE, family);

	mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_TABLE, table);
	if (name)
		mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_NAME, name);
	return decode_flowtable(r, nlh);
}

START_TEST(test_others)
{
	struct arena *arena = arena_new();
	struct ruleset *r = ruleset_new(arena);
	char a[DIGEST_TEXT], b[DIGEST_TEXT];

	ruleset_digest(r, a);
	/* Not in our table */
	ck_assert_int_eq(show_object(r, NFPROTO_INET, "t", "x", 1), 0);
	ck_assert_int_eq(show_object(r, NFPROTO_IPV4, RULESET_TABLE, "x", 1),
			 0);
	ck_assert_int_eq(show_flowtable(r, NFPROTO_INET, "t", "x"), 0);
	ck_assert_int_eq(show_flowtable(r, NFPROTO_IPV4, RULESET_TABLE, "x"),
			 0);
	ck_assert_uint_eq(r->n_others, 0);
	/* Without a name */
	ck_assert_int_eq(show_object(r, NFPROTO_INET, RULESET_TABLE, NULL, 1),
			 -EBADMSG);
	ck_assert_int_eq(show_flowtable(r, NFPROTO_INET, RULESET_TABLE, NULL),
			 -EBADMSG);

	ck_assert_int_eq(show_flowtable(r, NFPROTO_INET, RULESET_TABLE, "f"),
			 0);
	ck_assert_int_eq(show_object(r, NFPROTO_INET, RULESET_TABLE, "q", 2),
			 0);
	ck_assert_int_eq(show_object(r, NFPROTO_INET, RULESET_TABLE, "q", 1),
			 0);
	ck_assert_int_eq(decode_finish(r), 0);
	ck_assert_uint_eq(r->n_others, 3);
	ck_assert_int_eq(r->others[0].kind, OTHER_OBJECT);
	ck_assert_uint_eq(r->others[0].type, 1);
	ck_assert_uint_eq(r->others[1].type, 2);
	ck_assert_int_eq(r->others[2].kind, OTHER_FLOWTABLE);
	ck_assert_str_eq(r->others[2].name, "f");
	ruleset_digest(r, b);
	ck_assert_str_ne(a, b);
	arena_free(arena);
}
END_TEST

Suite *test_decode_suite(void)
{
	Suite *suite = suite_create("decode");
	TCase *tcase = tcase_create("decode");

	tcase_add_loop_test(tcase, test_elements, 0,
			    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tcase, test_open_intervals);
	tcase_add_test(tcase, test_others);
	suite_add_tcase(suite, tcase);
	return suite;
}
