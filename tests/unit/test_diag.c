// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of findings: what is kept, in which order, and how it reads.
 */
#include <string.h>

#include "arena.h"
#include "diag.h"
#include "suites.h"

static struct arena *arena;
static struct diag diag;

static void setup(void)
{
	arena = arena_new();
	diag_init(&diag, arena);
}

static void teardown(void)
{
	arena_free(arena);
}

static const struct place none;

static const struct {
	enum severity severity;
	const char *id;
	struct place at, also;
	const char *text;
	const char *line;
} prints[] = {
	{ SEVERITY_ERROR,
	  "K02",
	  { "a.conf", 7 },
	  { "b.conf", 9 },
	  "wrong",
	  "a.conf:7: error: K02 wrong (see b.conf:9)" },
	{ SEVERITY_WARNING,
	  "K11",
	  { "a.conf", 7 },
	  { NULL, 0 },
	  "odd",
	  "a.conf:7: warning: K11 odd" },
	{ SEVERITY_ERROR,
	  "missing",
	  { "a.conf", 0 },
	  { "b.conf", 0 },
	  "gone",
	  "a.conf: error: missing gone (see b.conf)" },
	{ SEVERITY_ERROR,
	  "missing",
	  { NULL, 0 },
	  { NULL, 0 },
	  "100%",
	  "?: error: missing 100%" },
};

START_TEST(test_print)
{
	const struct place *also = &prints[_i].also;
	const char *line = prints[_i].line;
	char buf[100];
	size_t size;

	if (prints[_i].severity == SEVERITY_ERROR)
		diag_error(&diag, prints[_i].id, prints[_i].at,
			   also->file ? also : NULL, "%s", prints[_i].text);
	else
		diag_warn(&diag, prints[_i].id, prints[_i].at,
			  also->file ? also : NULL, "%s", prints[_i].text);
	ck_assert_uint_eq(diag.n_findings, 1);
	for (size = 0; size < sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		ck_assert_uint_eq(diag_print(diag.findings, buf, size),
				  strlen(line));
		ck_assert_int_eq(buf[size], '#');
		if (!size)
			continue;
		ck_assert_uint_eq(strnlen(buf, size), strlen(line) < size ?
							      strlen(line) :
							      size - 1);
		ck_assert_int_eq(strncmp(buf, line, strlen(buf)), 0);
	}
}
END_TEST

START_TEST(test_counts_go_on_when_full)
{
	unsigned int i;

	for (i = 0; i < DIAG_MAX + 50; i++) {
		ck_assert_int_eq(diag_is_full(&diag),
				 diag.n_findings == DIAG_MAX);
		diag_error(&diag, "value", none, NULL, "number %u", i);
		if (i % 2)
			diag_warn(&diag, "value", none, NULL, "number %u", i);
	}
	ck_assert_uint_eq(diag.n_findings, DIAG_MAX);
	ck_assert_uint_eq(diag.n_errors, DIAG_MAX + 50);
	ck_assert_uint_eq(diag.n_warnings, (DIAG_MAX + 50) / 2);
	ck_assert_str_eq(diag.findings[2].text, "number 1");
}
END_TEST

START_TEST(test_sort_keeps_the_order_of_equals)
{
	static const struct place places[] = {
		{ "b", 1 }, { "a", 10 }, { "a", 9 }, { "a", 0 }, { NULL, 5 },
	};
	unsigned int i;

	for (i = 0; i < 500; i++)
		diag_error(&diag, "value", places[i % 5], NULL, "%03u", i);
	diag_sort(&diag);
	ck_assert_uint_eq(diag.n_findings, 500);
	for (i = 0; i < 500; i++) {
		const struct finding *finding = &diag.findings[i];
		static const unsigned int order[] = { 4, 3, 2, 1, 0 };

		ck_assert_ptr_eq(finding->at.file, places[order[i / 100]].file);
		ck_assert_uint_eq(finding->at.line,
				  places[order[i / 100]].line);
		if (i % 100)
			ck_assert_str_lt(finding[-1].text, finding->text);
	}
}
END_TEST

START_TEST(test_sort_of_nothing)
{
	diag_sort(&diag);
	ck_assert_uint_eq(diag.n_findings, 0);
}
END_TEST

Suite *test_diag_suite(void)
{
	Suite *suite = suite_create("diag");
	TCase *tc = tcase_create("diag");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_print, 0,
			    sizeof(prints) / sizeof(prints[0]));
	tcase_add_test(tc, test_counts_go_on_when_full);
	tcase_add_test(tc, test_sort_keeps_the_order_of_equals);
	tcase_add_test(tc, test_sort_of_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
