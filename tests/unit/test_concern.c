// SPDX-License-Identifier: GPL-2.0-or-later
/* Concerns: one a subject and id, the worst first, and the gravest kept. */
#include <check.h>
#include <stdio.h>

#include "arena.h"
#include "concern.h"
#include "suites.h"

START_TEST(test_a_subject_has_an_id_once)
{
	struct arena *arena = arena_new();
	struct concerns concerns;
	const struct concern *found;

	concerns_init(&concerns, arena);
	concern_add(&concerns, GRAVITY_NOTICE, "A", "s", "%d", 1);
	concern_add(&concerns, GRAVITY_CRITICAL, "A", "s", "%d", 2);
	concern_add(&concerns, GRAVITY_NOTICE, "A", "t", "%d", 3);
	concern_add(&concerns, GRAVITY_NOTICE, "B", "s", "%d", 4);
	ck_assert_uint_eq(concerns.n, 3);
	ck_assert_uint_eq(concerns.n_all, 3);
	found = concerns_find(&concerns, "A", "s");
	ck_assert_str_eq(found->text, "1");
	ck_assert_int_eq(found->gravity, GRAVITY_NOTICE);
	ck_assert_str_eq(concerns_find(&concerns, "B", "s")->text, "4");
	ck_assert_ptr_null(concerns_find(&concerns, "B", "t"));
	arena_free(arena);
}
END_TEST

START_TEST(test_the_worst_come_first)
{
	static const char *const order[] = { "C s", "B s", "B t", "A s" };
	struct arena *arena = arena_new();
	struct concerns concerns;
	char line[16];
	size_t i;

	concerns_init(&concerns, arena);
	concerns_sort(&concerns);
	concern_add(&concerns, GRAVITY_NOTICE, "A", "s", "x");
	concern_add(&concerns, GRAVITY_WARNING, "B", "t", "x");
	concern_add(&concerns, GRAVITY_WARNING, "B", "s", "x");
	concern_add(&concerns, GRAVITY_CRITICAL, "C", "s", "x");
	concerns_sort(&concerns);
	for (i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), "%s %s", concerns.list[i].id,
			 concerns.list[i].subject);
		ck_assert_str_eq(line, order[i]);
	}
	arena_free(arena);
}
END_TEST

START_TEST(test_what_comes_late_is_not_lost)
{
	struct arena *arena = arena_new();
	struct concerns concerns;
	char subject[16];
	size_t i;

	concerns_init(&concerns, arena);
	for (i = 0; i < CONCERNS_MAX + 10; i++) {
		snprintf(subject, sizeof(subject), "%zu", i);
		concern_add(&concerns, GRAVITY_WARNING, "A", subject, "x");
	}
	ck_assert_uint_eq(concerns.n, CONCERNS_MAX);
	ck_assert_uint_eq(concerns.n_all, CONCERNS_MAX + 10);
	concern_add(&concerns, GRAVITY_NOTICE, "N", "light", "x");
	concern_add(&concerns, GRAVITY_CRITICAL, "B", "grave", "x");
	ck_assert_uint_eq(concerns.n, CONCERNS_MAX);
	ck_assert_uint_eq(concerns.n_all, CONCERNS_MAX + 12);
	ck_assert_ptr_null(concerns_find(&concerns, "N", "light"));
	ck_assert_ptr_nonnull(concerns_find(&concerns, "B", "grave"));
	arena_free(arena);
}
END_TEST

START_TEST(test_gravities_have_names)
{
	ck_assert_str_eq(gravity_name(GRAVITY_NOTICE), "notice");
	ck_assert_str_eq(gravity_name(GRAVITY_WARNING), "warning");
	ck_assert_str_eq(gravity_name(GRAVITY_CRITICAL), "critical");
}
END_TEST

Suite *test_concern_suite(void)
{
	Suite *suite = suite_create("concern");
	TCase *tcase = tcase_create("concern");

	tcase_add_test(tcase, test_a_subject_has_an_id_once);
	tcase_add_test(tcase, test_the_worst_come_first);
	tcase_add_test(tcase, test_what_comes_late_is_not_lost);
	tcase_add_test(tcase, test_gravities_have_names);
	suite_add_tcase(suite, tcase);
	return suite;
}
