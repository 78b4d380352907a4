// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The partition against its definition: for any address, the members of its
 * class are just the chosen endpoints that hold it.
 */
#include <check.h>

#include "arena.h"
#include "partition.h"
#include "suites.h"
#include "text_policy.h"

static const char conf[] =
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
	"guideline = \"R7.3\"; };"
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = [ \"e0\" ];"
	" networks = [ \"10.0.0.0/16\", \"fd00:1::/64\" ]; },"
	"{ name = \"x\"; layer = \"other\"; external = true; interfaces = "
	"[ \"e1\" ]; networks = [ \"0.0.0.0/0\", \"::/0\" ]; } );"
	"conduits = ( { name = \"c\"; kind = \"plain\"; from = [ "
	"\"10.0.0.0/20\", \"10.0.1.0/24\", \"10.0.1.0/25\", \"10.0.255.0/24\", "
	"\"a\" ]; to = [ \"1.2.3.0/24\", \"192.0.2.0/28\" ]; "
	"services = [ \"tcp/1\" ]; }, { name = \"d\"; kind = \"plain\"; "
	"from = [ \"fd00:1::/120\" ]; to = [ \"2001:db8::/32\" ]; "
	"services = [ \"tcp/1\" ]; } );";

static const struct {
	const char *addr;
	const char *comment; /* of its class; NULL: it belongs to no zone */
} cases[] = {
	{ "0.0.0.0", NULL },
	{ "0.255.255.255", NULL },
	{ "1.0.0.0", "x" },
	{ "1.2.2.255", "x" },
	{ "1.2.3.0", "x 1.2.3.0/24" },
	{ "1.2.3.255", "x 1.2.3.0/24" },
	{ "1.2.4.0", "x" },
	{ "9.255.255.255", "x" },
	{ "10.0.0.0", "a 10.0.0.0/20" },
	{ "10.0.0.255", "a 10.0.0.0/20" },
	{ "10.0.1.0", "a 10.0.0.0/20 10.0.1.0/24 10.0.1.0/25" },
	{ "10.0.1.127", "a 10.0.0.0/20 10.0.1.0/24 10.0.1.0/25" },
	{ "10.0.1.128", "a 10.0.0.0/20 10.0.1.0/24" },
	{ "10.0.2.0", "a 10.0.0.0/20" },
	{ "10.0.15.255", "a 10.0.0.0/20" },
	{ "10.0.16.0", "a" },
	{ "10.0.255.254", "a 10.0.255.0/24" },
	{ "10.0.255.255", NULL }, /* broadcast */
	{ "10.1.0.0", "x" },
	{ "127.0.0.1", NULL },
	{ "128.0.0.0", "x" },
	{ "192.0.2.15", "x 192.0.2.0/28" },
	{ "223.255.255.255", "x" },
	{ "224.0.0.1", NULL },
	{ "255.255.255.255", NULL },
	{ "::1", NULL },
	{ "::2", "x" },
	{ "::ffff:10.0.0.1", NULL },
	{ "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "x 2001:db8::/32" },
	{ "fd00:1::ff", "a fd00:1::/120" },
	{ "fd00:1::100", "a" },
	{ "fd00:1::ffff:ffff:ffff:ffff", "a" },
	{ "fd00:1:0:1::", "x" },
	{ "fe80::1", NULL },
	{ "fec0::", "x" },
	{ "ff02::1", NULL },
};

static const struct class *class_of(const struct partition *p,
				    const struct addr *addr)
{
	size_t i;

	for (i = 0; i < p->n_ranges; i++)
		if (p->ranges[i].first.family == addr->family &&
		    addr_cmp(&p->ranges[i].first, addr) <= 0 &&
		    addr_cmp(addr, &p->ranges[i].last) <= 0)
			return &p->classes[p->ranges[i].class];
	return NULL;
}

static struct partition *build(struct arena *arena)
{
	const struct policy *policy = text_policy(arena, conf);
	bool *chosen = arena_alloc(arena, policy->n_endpoints);
	size_t i;

	for (i = 0; i < policy->n_endpoints; i++)
		chosen[i] = true;
	return partition_build(policy, chosen, 0, arena);
}

START_TEST(test_class_of_address)
{
	struct arena *arena = arena_new();
	const struct class *class;
	struct addr addr;

	ck_assert_int_eq(addr_parse(cases[_i].addr, &addr), 0);
	class = class_of(build(arena), &addr);
	if (cases[_i].comment) {
		ck_assert_msg(class, "%s is in no class", cases[_i].addr);
		ck_assert_str_eq(class->comment, cases[_i].comment);
	} else {
		ck_assert_msg(!class, "%s is in a class", cases[_i].addr);
	}
	arena_free(arena);
}
END_TEST

START_TEST(test_ranges_are_disjoint)
{
	struct arena *arena = arena_new();
	const struct partition *p = build(arena);
	size_t i;

	for (i = 0; i < p->n_ranges; i++)
		ck_assert_int_le(
			addr_cmp(&p->ranges[i].first, &p->ranges[i].last), 0);
	for (i = 1; i < p->n_ranges; i++)
		ck_assert_int_lt(addr_cmp(&p->ranges[i - 1].last,
					  &p->ranges[i].first),
				 0);
	arena_free(arena);
}
END_TEST

Suite *test_partition_suite(void)
{
	Suite *suite = suite_create("partition");
	TCase *tcase = tcase_create("partition");

	tcase_add_loop_test(tcase, test_class_of_address, 0,
			    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tcase, test_ranges_are_disjoint);
	suite_add_tcase(suite, tcase);
	return suite;
}
