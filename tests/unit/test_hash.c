// SPDX-License-Identifier: GPL-2.0-or-later
/* Ids from hashes: different, and independent of the order of the hashes. */
#include <check.h>
#include <stdint.h>

#include "hash.h"
#include "suites.h"

START_TEST(test_ids_do_not_depend_on_order)
{
	const uint64_t forth[] = { 5, 0x100000000ULL, UINT64_MAX,
				   0xffffffff00000000ULL,
				   0x123456789abcdefULL };
	uint64_t back[5];
	uint32_t a[5], b[5];
	unsigned int i, k;

	for (i = 0; i < 5; i++)
		back[i] = forth[4 - i];
	hash_ids(forth, a, 5, 0x10000, UINT32_MAX);
	hash_ids(back, b, 5, 0x10000, UINT32_MAX);
	for (i = 0; i < 5; i++) {
		ck_assert_uint_eq(a[i], b[4 - i]);
		ck_assert_uint_ge(a[i], 0x10000);
		for (k = 0; k < i; k++)
			ck_assert_uint_ne(a[i], a[k]);
	}
}
END_TEST

START_TEST(test_ids_at_the_top_do_not_wrap)
{
	uint64_t hashes[1000];
	uint32_t ids[1000];
	unsigned int i;

	for (i = 0; i < 1000; i++)
		hashes[i] = UINT64_MAX - i;
	hash_ids(hashes, ids, 1000, 0x10000, UINT32_MAX);
	for (i = 1; i < 1000; i++)
		ck_assert_uint_lt(ids[i], ids[i - 1]);
	ck_assert_uint_ge(ids[999], 0x10000);
	hash_ids(hashes, ids, 1000, 0x10000, 0x7fffffff);
	ck_assert_uint_le(ids[0], 0x7fffffff);
	ck_assert_uint_ge(ids[999], 0x10000);
}
END_TEST

START_TEST(test_other_hashes_do_not_matter)
{
	const uint64_t few[] = { 0x5000000000000000ULL, 0x9000000000000000ULL };
	const uint64_t more[] = { 0x5000000000000000ULL, 0x9000000000000000ULL,
				  0x1000000000000000ULL,
				  0xf000000000000000ULL };
	uint32_t a[2], b[4];

	hash_ids(few, a, 2, 1, UINT32_MAX);
	hash_ids(more, b, 4, 1, UINT32_MAX);
	ck_assert_uint_eq(a[0], b[0]);
	ck_assert_uint_eq(a[1], b[1]);
}
END_TEST

Suite *test_hash_suite(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("hash");

	tcase_add_test(tcase, test_ids_do_not_depend_on_order);
	tcase_add_test(tcase, test_ids_at_the_top_do_not_wrap);
	tcase_add_test(tcase, test_other_hashes_do_not_matter);
	suite_add_tcase(suite, tcase);
	return suite;
}
