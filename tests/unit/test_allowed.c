// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Temporary conduits as text, and the instants in them. Easy to get wrong: that
 * hostile texts come back is not enough; there must be nothing else, either.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../property/dice.h"
#include "allowed.h"
#include "arena.h"
#include "instant.h"
#include "suites.h"

static const struct {
	const char *text;
	bool right;
	int64_t when;
} instants[] = {
	{ "1970-01-01 00:00:00Z", false, 0 }, /* a year of an era, perhaps */
	{ "2000-01-01 00:00:00Z", true, 946684800 },
	{ "2026-11-24 14:05:00+09:00", true, 1795496700 },
	{ "2026-11-24T05:05:00Z", true, 1795496700 },
	{ "2026-11-24 14:05+09:00", true, 1795496700 },
	{ "2026-11-24 01:35:00-03:30", true, 1795496700 },
	{ "2028-02-29 23:59:59+00:00", true, 1835481599 },
	{ "2027-02-29 00:00:00Z", false, 0 },
	{ "2026-11-24 24:00:00Z", false, 0 },
	{ "2026-11-24 23:60:00Z", false, 0 },
	{ "2026-11-24 23:00:60Z", false, 0 },
	{ "2026-11-24 14:05:00", false, 0 }, /* of which clock? */
	{ "2026-11-24", false, 0 },
	{ "2026-11-24 14:05:00 +09:00", false, 0 },
	{ "2026-11-24  14:05:00+09:00", false, 0 },
	{ "2026-11-24 14:05:00+15:00", false, 0 },
	{ "2026-11-24 14:05:00+9:00", false, 0 },
	{ "2026-11-24 14:05:00+0900", false, 0 },
	{ "2026-11-24 14:05:00Zulu", false, 0 },
	{ "2026-11-24 14:05:00+09:00:00", false, 0 },
	{ "2026-11-24 14+09:00", false, 0 },
	{ "", false, 0 },
};

START_TEST(instant_is_read)
{
	int64_t when = 0;

	ck_assert_int_eq(instant_parse(instants[_i].text, &when),
			 instants[_i].right);
	ck_assert_int_eq(when, instants[_i].when);
}
END_TEST

START_TEST(instant_comes_back)
{
	struct dice dice = { 7 };
	char text[INSTANT_TEXT];
	unsigned int i;
	int64_t when;

	ck_assert_str_eq(instant_print(1795496700, 1795496700 + 9 * 3600, text),
			 "2026-11-24 14:05:00+09:00");
	for (i = 0; i < 10000; i++) {
		int64_t offset = 60 * ((int64_t)dice_roll(&dice, 1681) - 840);
		int64_t right =
			946771200 + (int64_t)dice_next(&dice) % 100000000000;

		if (right < 946771200)
			continue;
		ck_assert(instant_parse(
			instant_print(right, right + offset, text), &when));
		ck_assert_int_eq(when, right);
	}
}
END_TEST

/* Anything but a NUL; often what has a meaning to the parser */
static const char *any_text(struct dice *dice, struct arena *arena)
{
	static const char *const pieces[] = {
		"\"",
		"\\",
		"\"; }, { name = \"x",
		"\n",
		"\r",
		"//",
		"/*",
		"*/",
		"#",
		"@include \"/etc/passwd\"",
		"\\x22",
		"\\x00",
		"修理",
		"$(id)",
		"\xff",
		"\x7f",
		"\x1b[2J",
		"' ; \"",
		");",
		"\" \"",
		"\t",
		"a",
	};
	unsigned int n = 1 + dice_roll(dice, 6);
	const char *text = "";

	while (n--)
		text = arena_printf(
			arena, "%s%s", text,
			pieces[dice_roll(dice,
					 sizeof(pieces) / sizeof(pieces[0]))]);
	return text;
}

static void assert_same_text(const char *a, const char *b)
{
	ck_assert_int_eq(!a, !b);
	if (a)
		ck_assert_str_eq(a, b);
}

static void assert_same_texts(const struct allowed_texts *a,
			      const struct allowed_texts *b)
{
	size_t i;

	ck_assert_uint_eq(a->n, b->n);
	for (i = 0; i < a->n; i++)
		ck_assert_str_eq(a->texts[i], b->texts[i]);
}

static void assert_same(const struct allowed *a, const struct allowed *b)
{
	assert_same_text(a->name, b->name);
	assert_same_text(a->kind, b->kind);
	assert_same_text(a->bind ? a->bind : "ip", b->bind);
	assert_same_texts(&a->from, &b->from);
	assert_same_texts(&a->to, &b->to);
	assert_same_texts(&a->services, &b->services);
	assert_same_text(a->reason, b->reason);
	assert_same_text(a->approved_by, b->approved_by);
	assert_same_text(a->approval, b->approval);
	assert_same_text(a->allowed_by, b->allowed_by);
	ck_assert_int_eq(a->expires, b->expires);
}

static const struct allowed fine = {
	.name = "n",
	.kind = "plain",
	.from = { { "a", "10.1.0.0/24" }, 2 },
	.to = { { "gateway" }, 1 },
	.services = { { "tcp/22", "web", "icmp/echo-request" }, 3 },
	.reason = "r",
	.allowed_by = "root (uid 0)",
	.expires = 1795496700,
};

START_TEST(list_comes_back)
{
	struct arena *arena = arena_new();
	struct allowed list[3] = { fine, fine, fine }, *back;
	size_t n, len, i;
	char *text;

	list[1].bind = "mac";
	list[1].kind = "special";
	list[1].approved_by = "統括情報セキュリティ責任者";
	list[2].reason = NULL;
	list[2].approval = "情セ第8-3号 \"緊急\"";
	for (i = 0; i <= 3; i++) {
		text = allowed_print(list, i, &calendar_utc, arena, &len);
		ck_assert_uint_eq(len, strlen(text));
		ck_assert_int_eq(allowed_parse(text, len, arena, &back, &n), 0);
		ck_assert_uint_eq(n, i);
		while (n--)
			assert_same(&list[n], &back[n]);
	}
	arena_free(arena);
}
END_TEST

/* What is read is just what was written, or it is not read at all. */
START_TEST(hostile_comes_back_or_is_refused)
{
	unsigned int i, n_back = 0, n_refused = 0;
	struct dice dice = { 4711 };

	for (i = 0; i < 4000; i++) {
		struct arena *arena = arena_new();
		struct allowed hostile = fine, *back;
		const char **fields[] = {
			&hostile.reason,      &hostile.approved_by,
			&hostile.approval,    &hostile.allowed_by,
			&hostile.name,	      &hostile.kind,
			&hostile.bind,	      &hostile.from.texts[0],
			&hostile.to.texts[0], &hostile.services.texts[0],
		};
		/* those for people first: the others are words or names */
		unsigned int which = dice_chance(&dice, 60) ?
					     dice_roll(&dice, 4) :
					     dice_roll(&dice, 10);
		struct allowed list[2];
		size_t n, len;
		char *text;

		*fields[which] = any_text(&dice, arena);
		list[0] = hostile;
		list[1] = fine;
		text = allowed_print(list, 2, &calendar_utc, arena, &len);
		if (allowed_parse(text, len, arena, &back, &n)) {
			n_refused++;
		} else {
			n_back++;
			ck_assert_uint_eq(n, 2);
			assert_same(&list[0], &back[0]);
			assert_same(&list[1], &back[1]);
		}
		arena_free(arena);
	}
	/* it was put to the test, both ways */
	ck_assert_uint_gt(n_back, 100);
	ck_assert_uint_gt(n_refused, 100);
}
END_TEST

static const char *const others[] = {
	"format = 1;",
	"watch = { mode = \"alert\"; };",
	"conduits = ( { name = \"c\"; kind = \"plain\"; from = [ \"a\" ]; "
	"to = [ \"b\" ]; services = [ \"tcp/1\" ]; } );",
	"conduits = ( { name = \"c\"; kind = \"plain\"; from = [ \"a\" ]; "
	"to = [ \"b\" ]; services = [ \"tcp/1\" ]; allowed_by = \"x\"; } );",
	"conduits = (",
	"sysctls = [ \"net.ipv4.ip_forward = 1\" ];",
};

START_TEST(other_files_are_refused)
{
	struct arena *arena = arena_new();
	struct allowed *list;
	size_t n = 1;

	ck_assert_int_eq(allowed_parse(others[_i], strlen(others[_i]), arena,
				       &list, &n),
			 -EINVAL);
	ck_assert_uint_eq(n, 0);
	arena_free(arena);
}
END_TEST

Suite *test_allowed_suite(void)
{
	Suite *suite = suite_create("allowed");
	TCase *tcase = tcase_create("allowed");

	tcase_add_loop_test(tcase, instant_is_read, 0,
			    sizeof(instants) / sizeof(instants[0]));
	tcase_add_test(tcase, instant_comes_back);
	tcase_add_test(tcase, list_comes_back);
	tcase_add_test(tcase, hostile_comes_back_or_is_refused);
	tcase_add_loop_test(tcase, other_files_are_refused, 0,
			    sizeof(others) / sizeof(others[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
