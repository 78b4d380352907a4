// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arena. Easy to get wrong in such a test: overlaps show only when what
 * was handed out is written to its ends and looked at after the rest.
 */
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "suites.h"

START_TEST(test_alloc_is_zeroed_aligned_and_apart)
{
	static const size_t sizes[] = { 0,    1,     3,	      16,     17,
					1000, 1024,  1025,    4096,   70000,
					1,    65536, 1 << 20, 2 << 20 };
	enum { N = 20 * sizeof(sizes) / sizeof(sizes[0]) };
	unsigned char *parts[N];
	struct arena *arena = arena_new();
	size_t i, k, size;

	for (i = 0; i < N; i++) {
		size = sizes[i * 7 % (sizeof(sizes) / sizeof(sizes[0]))];
		parts[i] = arena_alloc(arena, size);
		ck_assert_ptr_nonnull(parts[i]);
		ck_assert_uint_eq((uintptr_t)parts[i] % 16, 0);
		for (k = 0; k < size; k++)
			ck_assert_uint_eq(parts[i][k], 0);
		memset(parts[i], (int)i, size);
	}
	for (i = 0; i < N; i++) {
		size = sizes[i * 7 % (sizeof(sizes) / sizeof(sizes[0]))];
		for (k = 0; k < size; k++)
			ck_assert_uint_eq(parts[i][k], i & 0xff);
	}
	arena_free(arena);
}
END_TEST

START_TEST(test_small_requests_share_blocks)
{
	struct arena *arena = arena_new();
	size_t before, i;

	arena_alloc(arena, 1);
	before = arena_used(arena);
	/* Large ones in between must not use up the block of the small ones. */
	for (i = 0; i < 100; i++) {
		arena_alloc(arena, 16);
		arena_alloc(arena, 100000);
	}
	ck_assert_uint_lt(arena_used(arena) - before, 100 * 100064);
	arena_free(arena);
}
END_TEST

START_TEST(test_copy_and_printf)
{
	struct arena *arena = arena_new();
	char *copy = arena_copy(arena, "a\0b", 3);
	char *empty = arena_copy(arena, NULL, 0);
	char *text = arena_printf(arena, "%s-%d-%0*d", "x", 7, 3000, 1);

	ck_assert_mem_eq(copy, "a\0b", 4);
	ck_assert_str_eq(empty, "");
	ck_assert_uint_eq(strlen(text), 3004);
	ck_assert_int_eq(strncmp(text, "x-7-000", 7), 0);
	arena_free(arena);
}
END_TEST

START_TEST(test_push_grows_and_zeroes)
{
	struct arena *arena = arena_new();
	uint64_t *numbers = NULL;
	size_t n = 0, i;

	for (i = 0; i < 5000; i++) {
		numbers = arena_push(arena, numbers, &n, sizeof(*numbers));
		ck_assert_uint_eq(n, i + 1);
		ck_assert_uint_eq(numbers[i], 0);
		numbers[i] = i;
	}
	for (i = 0; i < n; i++)
		ck_assert_uint_eq(numbers[i], i);
	n--;
	numbers = arena_push(arena, numbers, &n, sizeof(*numbers));
	ck_assert_uint_eq(numbers[4999], 0);
	arena_free(arena);
	arena_free(NULL);
}
END_TEST

Suite *test_arena_suite(void)
{
	Suite *suite = suite_create("arena");
	TCase *tc = tcase_create("arena");

	tcase_add_test(tc, test_alloc_is_zeroed_aligned_and_apart);
	tcase_add_test(tc, test_small_requests_share_blocks);
	tcase_add_test(tc, test_copy_and_printf);
	tcase_add_test(tc, test_push_grows_and_zeroes);
	suite_add_tcase(suite, tc);
	return suite;
}
