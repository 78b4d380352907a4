// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Notifications made by hand, as the kernel sends them and as it never would.
 * Easy to get wrong: the test must say what has to be read, not how it came to
 * be noted.
 */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "diff.h"
#include "suites.h"
#include "suspect.h"

#define KEY_LEN 6
#define ROOM 65536

struct fixture {
	struct arena *arena;
	struct suspects suspects;
	struct ruleset *known;
	_Alignas(8) char message[ROOM];
};

static struct fixture *f;

static void add_shape(const char *name, uint32_t flags, uint32_t key_len)
{
	struct set *set;

	f->known->sets = arena_push(f->arena, f->known->sets, &f->known->n_sets,
				    sizeof(*set));
	set = &f->known->sets[f->known->n_sets - 1];
	set->name = name;
	set->flags = flags;
	set->key_len = key_len;
	set->elems = arena_alloc(f->arena, 0);
}

static struct set *shape_of(const char *name)
{
	size_t i;

	for (i = 0; strcmp(f->known->sets[i].name, name); i++)
		;
	return &f->known->sets[i];
}

static void setup(void)
{
	f = calloc(1, sizeof(*f));
	f->arena = arena_new();
	f->known = ruleset_new(f->arena);
	add_shape("plain", 0, KEY_LEN);
	add_shape("other", NFT_SET_MAP, 2 * KEY_LEN);
	add_shape("ranges", NFT_SET_INTERVAL, KEY_LEN);
	ruleset_sort(f->known);
	suspects_init(&f->suspects, f->arena);
}

static void teardown(void)
{
	arena_free(f->arena);
	free(f);
}

static struct nlmsghdr *begin(unsigned int type, uint8_t family,
			      const char *table)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	memset(f->message, 0, ROOM);
	nlh = mnl_nlmsg_put_header(f->message);
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->res_id = htons(7);
	if (table)
		mnl_attr_put_strz(nlh, 1, table);
	return nlh;
}

static struct nlmsghdr *ours(unsigned int type)
{
	return begin(type, NFPROTO_INET, "sekimori");
}

static enum touch note(const struct nlmsghdr *nlh)
{
	return suspects_note(&f->suspects, f->known, nlh);
}

static void forget(void)
{
	suspects_init(&f->suspects, f->arena);
}

/* Is this, and nothing beside it, suspect? */
static void check_suspects(bool all, bool program, size_t n_sets)
{
	ck_assert_int_eq(f->suspects.all, all);
	ck_assert_int_eq(f->suspects.program, program);
	ck_assert_uint_eq(f->suspects.n_sets, n_sets);
	ck_assert_int_eq(suspects_any(&f->suspects), all || program || n_sets);
}

static void check_whole(const char *name)
{
	const struct suspect_set *set = suspects_set(&f->suspects, name);

	ck_assert_ptr_nonnull(set);
	ck_assert(set->whole);
	ck_assert_uint_eq(set->n_keys, 0);
}

static void put_elem(struct nlmsghdr *nlh, const void *key, size_t len)
{
	struct nlattr *elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, key);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, elem);
}

/* Elements of "plain" whose keys are the numbers from @first on */
static struct nlmsghdr *numbers(unsigned int type, unsigned int first,
				unsigned int n)
{
	struct nlmsghdr *nlh = ours(type);
	struct nlattr *list;
	unsigned int i;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, "plain");
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (i = first; i < first + n; i++) {
		const uint8_t key[KEY_LEN] = { 0, i >> 16, i >> 8, i, 9, 9 };

		put_elem(nlh, key, sizeof(key));
	}
	mnl_attr_nest_end(nlh, list);
	return nlh;
}

static bool has_number(const struct suspect_set *set, unsigned int number)
{
	const uint8_t key[KEY_LEN] = { 0, number >> 16, number >> 8, number, 9,
				       9 };
	size_t i;

	for (i = 0; i < set->n_keys; i++)
		if (!memcmp(set->keys + i * KEY_LEN, key, KEY_LEN))
			return true;
	return false;
}

START_TEST(test_nothing)
{
	check_suspects(false, false, 0);
	ck_assert_ptr_null(suspects_set(&f->suspects, "plain"));
}
END_TEST

static const struct {
	unsigned int type;
	bool all, program, names_set;
} kinds[] = {
	{ NFT_MSG_NEWTABLE, .all = true },
	{ NFT_MSG_DELTABLE, .all = true },
	{ NFT_MSG_NEWCHAIN, .program = true },
	{ NFT_MSG_DELCHAIN, .program = true },
	{ NFT_MSG_NEWRULE, .program = true },
	{ NFT_MSG_DELRULE, .program = true },
	{ NFT_MSG_NEWSET, .program = true, .names_set = true },
	{ NFT_MSG_DELSET, .program = true, .names_set = true },
	{ NFT_MSG_NEWOBJ, .program = true },
	{ NFT_MSG_DELOBJ, .program = true },
	{ NFT_MSG_NEWFLOWTABLE, .program = true },
	{ NFT_MSG_DELFLOWTABLE, .program = true },
	/* What is never notified, and what nobody knows */
	{ NFT_MSG_GETTABLE, .all = true },
	{ NFT_MSG_GETSETELEM, .all = true },
	{ 26, .all = true }, /* DESTROYTABLE; DELTABLE is notified of it */
	{ 30, .all = true },
	{ 33, .all = true },
	{ 255, .all = true },
};

START_TEST(test_kinds)
{
	struct nlmsghdr *nlh = ours(kinds[_i].type);

	if (kinds[_i].names_set)
		mnl_attr_put_strz(nlh, NFTA_SET_NAME, "plain");
	ck_assert_int_eq(note(nlh), TOUCH_OURS);
	check_suspects(kinds[_i].all, kinds[_i].program, kinds[_i].names_set);
	if (kinds[_i].names_set)
		check_whole("plain");
	else if (!kinds[_i].all)
		ck_assert_ptr_null(suspects_set(&f->suspects, "plain"));
}
END_TEST

/* The same name in another family, and other names in ours */
START_TEST(test_others)
{
	static const struct {
		uint8_t family;
		const char *table;
	} others[] = {
		{ NFPROTO_INET, "sekimor" },	{ NFPROTO_INET, "sekimori2" },
		{ NFPROTO_INET, "Sekimori" },	{ NFPROTO_INET, "" },
		{ NFPROTO_IPV4, "sekimori" },	{ NFPROTO_IPV6, "sekimori" },
		{ NFPROTO_ARP, "sekimori" },	{ NFPROTO_BRIDGE, "sekimori" },
		{ NFPROTO_NETDEV, "sekimori" }, { 0, "sekimori" },
	};
	bool unknown = kinds[_i].all && kinds[_i].type != NFT_MSG_NEWTABLE &&
		       kinds[_i].type != NFT_MSG_DELTABLE;
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		forget();
		ck_assert_int_eq(note(begin(kinds[_i].type, others[i].family,
					    others[i].table)),
				 unknown ? TOUCH_OURS : TOUCH_OTHERS);
		check_suspects(unknown, false, 0);
		forget();
		ck_assert_int_eq(note(begin(NFT_MSG_NEWSETELEM,
					    others[i].family, others[i].table)),
				 TOUCH_NOTHING);
		check_suspects(false, false, 0);
	}
}
END_TEST

START_TEST(test_no_change)
{
	struct nlmsghdr *nlh = ours(NFT_MSG_NEWGEN);

	ck_assert_int_eq(note(nlh), TOUCH_NOTHING);
	nlh->nlmsg_len = 0;
	ck_assert_int_eq(note(nlh), TOUCH_NOTHING);
	nlh = ours(NFT_MSG_DELTABLE);
	nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | NFT_MSG_DELTABLE;
	ck_assert_int_eq(note(nlh), TOUCH_NOTHING);
	nlh->nlmsg_type = NLMSG_DONE;
	ck_assert_int_eq(note(nlh), TOUCH_NOTHING);
	check_suspects(false, false, 0);
}
END_TEST

START_TEST(test_keys)
{
	static const unsigned int types[] = { NFT_MSG_NEWSETELEM,
					      NFT_MSG_DELSETELEM };
	const struct suspect_set *set;
	unsigned int i;

	for (i = 0; i < 2; i++)
		ck_assert_int_eq(note(numbers(types[i], 100 * i, 40)),
				 TOUCH_OURS);
	check_suspects(false, false, 1);
	set = suspects_set(&f->suspects, "plain");
	ck_assert_str_eq(set->name, "plain");
	ck_assert(!set->whole);
	ck_assert_uint_eq(set->key_len, KEY_LEN);
	ck_assert_uint_eq(set->n_keys, 80);
	ck_assert_uint_ge(set->size_keys, 80);
	for (i = 0; i < 200; i++)
		ck_assert_int_eq(has_number(set, i), i % 100 < 40);
	/* A set that is suspect as such */
	suspects_add_set(&f->suspects, "plain");
	check_whole("plain");
	note(numbers(NFT_MSG_NEWSETELEM, 0, 40));
	check_whole("plain");
	check_suspects(false, false, 1);
}
END_TEST

START_TEST(test_many_keys)
{
	const struct suspect_set *set;
	unsigned int i;

	for (i = 0; i < SUSPECT_KEYS_MIN; i += 128)
		note(numbers(NFT_MSG_NEWSETELEM, i, 128));
	set = suspects_set(&f->suspects, "plain");
	ck_assert_uint_eq(set->n_keys, SUSPECT_KEYS_MIN);
	for (i = 0; i < SUSPECT_KEYS_MIN; i++)
		ck_assert(has_number(set, i));
	note(numbers(NFT_MSG_NEWSETELEM, 5000, 1));
	check_whole("plain");
	check_suspects(false, false, 1);
}
END_TEST

/* How many keys are asked for one by one grows with the set. */
START_TEST(test_many_keys_of_a_large_set)
{
	const size_t n = 4 * SUSPECT_KEYS_MIN;
	const struct suspect_set *set;
	unsigned int i;

	shape_of("plain")->n_elems = n * SUSPECT_KEYS_SHARE;
	for (i = 0; i < n; i += 128)
		note(numbers(NFT_MSG_NEWSETELEM, i, 128));
	set = suspects_set(&f->suspects, "plain");
	ck_assert_uint_eq(set->n_keys, n);
	for (i = 0; i < n; i++)
		ck_assert(has_number(set, i));
	note(numbers(NFT_MSG_NEWSETELEM, 5000, 1));
	check_whole("plain");
}
END_TEST

static const struct elem *elem_numbered(unsigned int number)
{
	const uint8_t key[KEY_LEN] = { 0, number >> 16, number >> 8, number, 9,
				       9 };
	struct elem *elem = arena_alloc(f->arena, sizeof(*elem));

	elem->key = (uint8_t *)arena_copy(f->arena, key, sizeof(key));
	return elem;
}

/* Of what we edit ourselves, just the keys are to be read back. */
START_TEST(test_edits)
{
	const size_t n = 2 * SUSPECT_KEYS_MIN;
	struct edits edits = { .scope = EDIT_ELEMENTS };
	const struct suspect_set *set;
	struct elem_edit *edit;
	unsigned int i;

	shape_of("plain")->n_elems = 2 * n * SUSPECT_KEYS_SHARE;
	for (i = 0; i < n; i++) {
		edit = edits.added = arena_push(f->arena, edits.added,
						&edits.n_added, sizeof(*edit));
		edit[i].set = shape_of("plain");
		edit[i].elem = elem_numbered(i);
		edit = edits.deleted = arena_push(f->arena, edits.deleted,
						  &edits.n_deleted,
						  sizeof(*edit));
		edit[i].set = shape_of("plain");
		edit[i].elem = elem_numbered(n + i);
	}
	suspects_add_edits(&f->suspects, &edits);
	check_suspects(false, false, 1);
	set = suspects_set(&f->suspects, "plain");
	ck_assert(!set->whole);
	ck_assert_uint_eq(set->key_len, KEY_LEN);
	ck_assert_uint_eq(set->n_keys, 2 * n);
	for (i = 0; i < 2 * n; i += 7)
		ck_assert(has_number(set, i));
	ck_assert(!has_number(set, 2 * n));
}
END_TEST

/* Edits that no key says all of */
START_TEST(test_edits_without_keys)
{
	struct elem_edit one = { .set = shape_of("plain"), .what = ELEM_ONE };
	struct edits edits = { .scope = EDIT_ELEMENTS,
			       .added = &one,
			       .n_added = 1 };

	one.elem = elem_numbered(1);
	one.set = shape_of("ranges");
	suspects_add_edits(&f->suspects, &edits);
	check_whole("ranges");
	one = (struct elem_edit){ .set = shape_of("plain"), .what = ELEM_ALL };
	edits = (struct edits){ .scope = EDIT_ELEMENTS,
				.deleted = &one,
				.n_deleted = 1 };
	suspects_add_edits(&f->suspects, &edits);
	check_whole("plain");
	check_suspects(false, false, 2);
	forget();
	one.what = ELEM_CATCHALL;
	suspects_add_edits(&f->suspects, &edits);
	check_whole("plain");
	forget();
	edits.scope = EDIT_PROGRAM;
	suspects_add_edits(&f->suspects, &edits);
	check_suspects(true, false, 0);
}
END_TEST

/* One element, over and over again */
START_TEST(test_same_keys)
{
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < 10000; i++) {
		note(numbers(NFT_MSG_NEWSETELEM, i % 7, 3));
		ck_assert(!suspects_set(&f->suspects, "plain")->whole);
		if (i == 1000)
			used = arena_used(f->arena);
	}
	ck_assert_uint_le(suspects_set(&f->suspects, "plain")->n_keys,
			  SUSPECT_KEYS_MIN);
	ck_assert_uint_eq(arena_used(f->arena), used);
	for (i = 0; i < 12; i++)
		ck_assert_int_eq(has_number(suspects_set(&f->suspects, "plain"),
					    i),
				 i < 9);
}
END_TEST

/* Elements that cannot be asked for make all of their set suspect. */
START_TEST(test_no_keys)
{
	static const uint8_t key[64];
	static const struct {
		const char *set;
		size_t len;
		unsigned int extra; /* another attribute of the element */
		bool program;
	} cases[] = {
		{ "ranges", KEY_LEN, 0, false },
		{ "unheard-of", KEY_LEN, 0, true },
		{ "plain", KEY_LEN - 1, 0, false },
		{ "plain", KEY_LEN + 1, 0, false },
		{ "plain", 0, 0, false },
		{ "plain", 2 * KEY_LEN, 0, false },
		{ "other", KEY_LEN, 0, false },
		{ "plain", KEY_LEN, NFTA_SET_ELEM_KEY_END, false },
		{ "plain", KEY_LEN, NFTA_SET_ELEM_FLAGS, false },
	};
	struct nlmsghdr *nlh = ours(NFT_MSG_NEWSETELEM);
	struct nlattr *list, *elem, *nest;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, cases[_i].set);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	/* One that is as it should be before it, and one after it */
	put_elem(nlh, key, KEY_LEN);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, cases[_i].len, key);
	mnl_attr_nest_end(nlh, nest);
	if (cases[_i].extra)
		mnl_attr_put_u32(nlh, cases[_i].extra, htonl(1));
	mnl_attr_nest_end(nlh, elem);
	put_elem(nlh, key, KEY_LEN);
	mnl_attr_nest_end(nlh, list);
	ck_assert_int_eq(note(nlh), TOUCH_OURS);
	check_suspects(false, cases[_i].program, 1);
	check_whole(cases[_i].set);
}
END_TEST

START_TEST(test_no_key_at_all)
{
	struct nlmsghdr *nlh = ours(NFT_MSG_DELSETELEM);
	struct nlattr *list, *elem;

	/* No list: the set has been flushed */
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, "plain");
	ck_assert_int_eq(note(nlh), TOUCH_OURS);
	check_whole("plain");
	/* An empty list */
	forget();
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	mnl_attr_nest_end(nlh, list);
	ck_assert_int_eq(note(nlh), TOUCH_OURS);
	check_whole("plain");
	check_suspects(false, false, 1);
	/* The catch-all element */
	forget();
	note(numbers(NFT_MSG_DELSETELEM, 3, 5));
	nlh = ours(NFT_MSG_NEWSETELEM);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, "plain");
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(2));
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	ck_assert_int_eq(note(nlh), TOUCH_OURS);
	check_whole("plain");
	check_suspects(false, false, 1);
	/* A key that is a verdict */
	forget();
	nlh = ours(NFT_MSG_NEWSETELEM);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, "plain");
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put(nlh, NFTA_SET_ELEM_KEY, 0, "");
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	ck_assert_int_eq(note(nlh), TOUCH_OURS);
	check_whole("plain");
	check_suspects(false, false, 1);
}
END_TEST

/* A set that was made anew with another key, between two notifications */
START_TEST(test_other_shape)
{
	struct nlmsghdr *nlh;
	struct nlattr *list;
	size_t i;

	note(numbers(NFT_MSG_NEWSETELEM, 3, 5));
	for (i = 0; i < f->known->n_sets; i++)
		f->known->sets[i].key_len = 4;
	nlh = ours(NFT_MSG_NEWSETELEM);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, "plain");
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(nlh, "abcd", 4);
	mnl_attr_nest_end(nlh, list);
	note(nlh);
	check_whole("plain");
}
END_TEST

/* What is to be looked up, without anybody having told of it */
START_TEST(test_added_keys)
{
	static const uint8_t key[KEY_LEN] = { 0, 0, 0, 1, 9, 9 };
	const struct suspect_set *set;

	suspects_add_key(&f->suspects, ruleset_set(f->known, "plain"), key);
	suspects_add_key(&f->suspects, ruleset_set(f->known, "ranges"), key);
	check_suspects(false, false, 2);
	check_whole("ranges");
	set = suspects_set(&f->suspects, "plain");
	ck_assert(!set->whole);
	ck_assert_uint_eq(set->n_keys, 1);
	ck_assert_mem_eq(set->keys, key, KEY_LEN);
	suspects_add_set(&f->suspects, "plain");
	suspects_add_key(&f->suspects, ruleset_set(f->known, "plain"), key);
	check_whole("plain");
}
END_TEST

START_TEST(test_many_sets)
{
	char name[32];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "set%d", i);
		suspects_add_set(&f->suspects, name);
	}
	memset(name, 'x', sizeof(name) - 1); /* not kept */
	check_suspects(false, false, 20);
	check_whole("set0");
	check_whole("set19");
	for (; i < 5000; i++) {
		snprintf(name, sizeof(name), "set%d", i);
		suspects_add_set(&f->suspects, name);
	}
	ck_assert(f->suspects.all);
	ck_assert_uint_lt(f->suspects.n_sets, 1000);
	check_whole("any");
	ck_assert_int_eq(note(numbers(NFT_MSG_NEWSETELEM, 3, 5)), TOUCH_OURS);
	ck_assert_int_eq(note(begin(NFT_MSG_NEWRULE, NFPROTO_IPV4, "x")),
			 TOUCH_OTHERS);
}
END_TEST

static struct nlattr *attr_at(struct nlmsghdr *nlh, unsigned int n)
{
	struct nlattr *attr =
		mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg));

	while (n--)
		attr = mnl_attr_next(attr);
	return attr;
}

static void check_malformed(const struct nlmsghdr *nlh)
{
	forget();
	ck_assert_int_eq(note(nlh), TOUCH_OURS);
	ck_assert(f->suspects.all);
	check_whole("plain");
}

START_TEST(test_malformed)
{
	struct nlmsghdr *nlh;
	uint32_t len, list;

	/* No table, or one that is no text */
	check_malformed(begin(NFT_MSG_NEWRULE, NFPROTO_INET, NULL));
	nlh = begin(NFT_MSG_NEWRULE, NFPROTO_INET, NULL);
	mnl_attr_put(nlh, 1, 8, "sekimori");
	check_malformed(nlh);
	nlh = begin(NFT_MSG_NEWRULE, NFPROTO_INET, NULL);
	mnl_attr_put(nlh, 1, 0, "");
	check_malformed(nlh);
	/* No name of the set */
	check_malformed(ours(NFT_MSG_NEWSET));
	check_malformed(ours(NFT_MSG_NEWSETELEM));
	nlh = ours(NFT_MSG_DELSET);
	mnl_attr_put_u32(nlh, NFTA_SET_NAME, ~0u);
	check_malformed(nlh);
	/* Lengths that are too large, or too small, at each level */
	nlh = numbers(NFT_MSG_NEWSETELEM, 1, 3);
	attr_at(nlh, 2)->nla_len += 4;
	check_malformed(nlh);
	attr_at(nlh, 2)->nla_len = 3;
	check_malformed(nlh);
	attr_at(nlh, 2)->nla_len = 4 + 3 * 24 - 4;
	check_malformed(nlh);
	nlh = numbers(NFT_MSG_NEWSETELEM, 1, 3);
	attr_at(nlh, 0)->nla_len = 0;
	check_malformed(nlh);
	nlh = numbers(NFT_MSG_NEWSETELEM, 1, 1);
	((struct nlattr *)mnl_attr_get_payload(attr_at(nlh, 2)))->nla_len++;
	check_malformed(nlh);
	/* Cut short anywhere but before the list, where it is just shorter */
	nlh = numbers(NFT_MSG_NEWSETELEM, 1, 2);
	list = (char *)attr_at(nlh, 2) - f->message;
	for (len = nlh->nlmsg_len; len--;) {
		nlh->nlmsg_len = len;
		if (len > list || len < list - 2) /* with its padding */
			check_malformed(nlh);
	}
	/* Other people's are no better. */
	nlh = begin(NFT_MSG_NEWRULE, NFPROTO_IPV4, "other");
	nlh->nlmsg_len += 1;
	check_malformed(nlh);
}
END_TEST

/* The same, in memory that ends where the message does */
START_TEST(test_exact_room)
{
	struct nlmsghdr *nlh = numbers(NFT_MSG_NEWSETELEM, 1, 2), *copy;
	uint32_t len, full = nlh->nlmsg_len;

	for (len = NLMSG_HDRLEN; len <= full; len++) {
		copy = malloc(len);
		memcpy(copy, nlh, len);
		copy->nlmsg_len = len;
		note(copy);
		free(copy);
	}
	ck_assert(f->suspects.all);
}
END_TEST

START_TEST(test_expect)
{
	struct ruleset *desired = ruleset_new(f->arena), *expected;
	static const uint8_t keys[5][KEY_LEN] = {
		{ 0, 0, 0, 1, 9, 9 }, { 0, 0, 0, 2, 9, 9 },
		{ 0, 0, 0, 3, 9, 9 }, { 0, 0, 0, 4, 9, 9 },
		{ 0, 0, 0, 5, 9, 9 },
	};
	struct set sets[] = {
		{ .name = "other", .key_len = KEY_LEN },
		{ .name = "plain", .key_len = KEY_LEN, .comment = "c" },
		{ .name = "ranges", .key_len = 3, .flags = NFT_SET_INTERVAL },
	};
	struct elem elems[5] = { 0 };
	struct chain chain = { .name = "c" };
	size_t i;

	for (i = 0; i < 5; i++) {
		elems[i].key = keys[i];
		elems[i].mark = 10 + i;
	}
	for (i = 0; i < 3; i++) {
		sets[i].elems = elems;
		sets[i].n_elems = 5;
	}
	desired->exists = true;
	desired->flags = 6;
	desired->chains = &chain;
	desired->n_chains = 1;
	desired->sets = sets;
	desired->n_sets = 3;

	note(numbers(NFT_MSG_NEWSETELEM, 4, 3)); /* 6 is not desired */
	note(numbers(NFT_MSG_DELSETELEM, 2, 1));
	note(numbers(NFT_MSG_DELSETELEM, 4, 1));
	suspects_add_set(&f->suspects, "ranges");
	expected = suspects_expect(&f->suspects, desired);
	ck_assert(expected->exists);
	ck_assert_uint_eq(expected->flags, 6);
	ck_assert_ptr_eq(expected->chains, &chain);
	ck_assert_uint_eq(expected->n_chains, 1);
	ck_assert_uint_eq(expected->n_sets, 3);
	ck_assert_ptr_nonnull(expected->sets[0].elems);
	ck_assert_uint_eq(expected->sets[0].n_elems, 0);
	ck_assert_uint_eq(expected->sets[2].n_elems, 5);
	ck_assert_str_eq(expected->sets[1].comment, "c");
	ck_assert_uint_eq(expected->sets[1].n_elems, 3);
	for (i = 0; i < 3; i++) {
		static const unsigned int want[] = { 1, 3, 4 };

		ck_assert_ptr_eq(expected->sets[1].elems[i].key, keys[want[i]]);
		ck_assert_uint_eq(expected->sets[1].elems[i].mark,
				  10 + want[i]);
	}
	ck_assert_uint_eq(desired->sets[0].n_elems, 5);

	/* Keys that are not of this set */
	sets[1].key_len = KEY_LEN - 1;
	expected = suspects_expect(&f->suspects, desired);
	ck_assert_uint_eq(expected->sets[1].n_elems, 5);
	sets[1].key_len = KEY_LEN;
	sets[1].flags = NFT_SET_INTERVAL;
	expected = suspects_expect(&f->suspects, desired);
	ck_assert_uint_eq(expected->sets[1].n_elems, 5);

	note(ours(NFT_MSG_DELTABLE));
	expected = suspects_expect(&f->suspects, desired);
	for (i = 0; i < 3; i++)
		ck_assert_uint_eq(expected->sets[i].n_elems, 5);
}
END_TEST

Suite *test_suspect_suite(void)
{
	Suite *suite = suite_create("suspect");
	TCase *tc = tcase_create("suspect");
	const int n_kinds = sizeof(kinds) / sizeof(*kinds);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_nothing);
	tcase_add_loop_test(tc, test_kinds, 0, n_kinds);
	tcase_add_loop_test(tc, test_others, 0, n_kinds);
	tcase_add_test(tc, test_no_change);
	tcase_add_test(tc, test_keys);
	tcase_add_test(tc, test_many_keys);
	tcase_add_test(tc, test_many_keys_of_a_large_set);
	tcase_add_test(tc, test_edits);
	tcase_add_test(tc, test_edits_without_keys);
	tcase_add_test(tc, test_same_keys);
	tcase_add_loop_test(tc, test_no_keys, 0, 9);
	tcase_add_test(tc, test_no_key_at_all);
	tcase_add_test(tc, test_other_shape);
	tcase_add_test(tc, test_added_keys);
	tcase_add_test(tc, test_many_sets);
	tcase_add_test(tc, test_malformed);
	tcase_add_test(tc, test_exact_room);
	tcase_add_test(tc, test_expect);
	suite_add_tcase(suite, tc);
	return suite;
}
