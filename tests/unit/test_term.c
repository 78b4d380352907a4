// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Times of the week, days, and what they come to together, in UTC. What local
 * clocks make of it is tested with the daemon, which knows the time zone.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "suites.h"
#include "term.h"
#include "text_policy.h"

#define HOUR 3600u

static const struct {
	const char *text;
	int rc;
	struct window window;
	const char *printed; /* NULL: as it was written */
} windows[] = {
	{ "Mon-Fri 09:00-17:00", 0, { 0x3e, 9 * HOUR, 17 * HOUR }, NULL },
	{ "Sun 22:00-02:00", 0, { 0x01, 22 * HOUR, 26 * HOUR }, NULL },
	{ "daily 01:00-04:00", 0, { 0x7f, HOUR, 4 * HOUR }, NULL },
	{ "daily 00:00-24:00", 0, { 0x7f, 0, 24 * HOUR }, NULL },
	{ "Sat-Mon 23:59:59-24:00", 0, { 0x43, 86399, 86400 }, NULL },
	{ "Wed 00:00-00:00:01", 0, { 0x08, 0, 1 }, NULL },
	{ "Sat 00:00:01-00:00", 0, { 0x40, 1, 86400 }, "Sat 00:00:01-24:00" },
	{ "Mon-Sun 01:00-02:00",
	  0,
	  { 0x7f, HOUR, 2 * HOUR },
	  "daily 01:00-02:00" },
	{ "Fri-Fri 01:00:00-02:00",
	  0,
	  { 0x20, HOUR, 2 * HOUR },
	  "Fri 01:00-02:00" },
	{ "daily 01:00-01:00", -EDOM, { 0, 0, 0 }, NULL },
	{ "daily 24:00-01:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily 01:00-24:01", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily 01:00-24:00:01", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily 01:60-02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily 1:00-02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily 01:00 - 02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily  01:00-02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily 01:00-02:00 ", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily 01:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "daily", -EINVAL, { 0, 0, 0 }, NULL },
	{ "01:00-02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "mon 01:00-02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "Mon- 01:00-02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "Mon,Tue 01:00-02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "Monday 01:00-02:00", -EINVAL, { 0, 0, 0 }, NULL },
	{ "", -EINVAL, { 0, 0, 0 }, NULL },
};

START_TEST(test_windows)
{
	struct window window;
	char text[WINDOW_TEXT];

	ck_assert_int_eq(window_parse(windows[_i].text, &window),
			 windows[_i].rc);
	if (windows[_i].rc)
		return;
	ck_assert_uint_eq(window.days, windows[_i].window.days);
	ck_assert_uint_eq(window.from, windows[_i].window.from);
	ck_assert_uint_eq(window.until, windows[_i].window.until);
	ck_assert_str_eq(window_print(&window, text),
			 windows[_i].printed ? windows[_i].printed :
					       windows[_i].text);
}
END_TEST

START_TEST(test_days)
{
	unsigned int date;
	int64_t days;

	ck_assert_int_eq(date_days(19700101), 0);
	ck_assert_int_eq(date_days(19691231), -1);
	ck_assert_int_eq(date_days(20000229), 11016);
	ck_assert_int_eq(date_days(20000301), 11017);
	for (days = -200000; days < 3000000; days += 13) {
		date = date_of_days(days);
		ck_assert_int_eq(date_days(date), days);
	}
	/* each day after the one before */
	for (days = 0; days < 200000; days++)
		ck_assert_uint_lt(date_of_days(days), date_of_days(days + 1));
	ck_assert_uint_eq(date_of_days(date_days(21000228) + 1), 21000301);
	ck_assert_uint_eq(date_of_days(date_days(20280228) + 1), 20280229);
}
END_TEST

#define CONF(more)                                                             \
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "            \
	"guideline = \"R7.3\"; }; zones = ( { name = \"a\"; layer = "          \
	"\"other\"; interfaces = [ \"e0\" ]; networks = [ \"10.0.0.0/24\" ]; " \
	"} ); conduits = ( { name = \"c\"; kind = \"plain\"; from = [ \"a\" "  \
	"]; to = [ \"gateway\" ]; services = [ \"tcp/22\" ]; " more " } );"
#define OFFICE "windows = [ \"Mon-Fri 09:00-17:00\" ];"
#define NIGHT "windows = [ \"Sun 22:00-02:00\" ];"
#define EXPIRES "expires = \"2026-11-23 21:34:56+09:00\";"
#define LEAP "valid_from = \"2028-02-29\"; valid_until = \"2028-02-29\";"
#define LATE "2099-01-01 00:00:00"

/* 2026-11-23 is a Monday. No change: "". */
static const struct {
	const char *more, *now;
	bool in_force;
	const char *change;
} terms[] = {
	{ "", "2026-11-23 00:00:00", true, "" },
	{ "valid_until = \"2026-11-23\";", "2026-11-23 23:59:59", true,
	  "2026-11-24 00:00:00" },
	{ "valid_until = \"2026-11-23\";", "2026-11-24 00:00:00", false, "" },
	{ "valid_from = \"2026-11-24\";", "2026-11-23 23:59:59", false,
	  "2026-11-24 00:00:00" },
	{ "valid_from = \"2026-11-24\";", "2026-11-24 00:00:00", true, "" },
	{ LEAP, "2028-02-28 23:59:59", false, "2028-02-29 00:00:00" },
	{ LEAP, "2028-02-29 00:00:00", true, "2028-03-01 00:00:00" },
	{ LEAP, "2028-03-01 00:00:00", false, "" },
	{ OFFICE, "2026-11-23 08:59:59", false, "2026-11-23 09:00:00" },
	{ OFFICE, "2026-11-23 09:00:00", true, "2026-11-23 17:00:00" },
	{ OFFICE, "2026-11-23 17:00:00", false, "2026-11-24 09:00:00" },
	{ OFFICE, "2026-11-27 17:00:00", false, "2026-11-30 09:00:00" },
	{ EXPIRES, "2026-11-23 12:34:55", true, "2026-11-23 12:34:56" },
	{ EXPIRES, "2026-11-23 12:34:56", false, "" },
	{ EXPIRES OFFICE, "2026-11-23 08:59:59", false, "2026-11-23 09:00:00" },
	{ EXPIRES OFFICE, "2026-11-23 09:00:00", true, "2026-11-23 12:34:56" },
	{ EXPIRES "valid_until = \"2026-11-22\";", "2026-11-22 12:00:00", true,
	  "2026-11-23 00:00:00" },
	/* it belongs to the day on which it begins */
	{ NIGHT, "2026-11-22 21:59:59", false, "2026-11-22 22:00:00" },
	{ NIGHT, "2026-11-22 22:00:00", true, "2026-11-23 02:00:00" },
	{ NIGHT, "2026-11-23 01:59:59", true, "2026-11-23 02:00:00" },
	{ NIGHT, "2026-11-23 02:00:00", false, "2026-11-29 22:00:00" },
	{ NIGHT, "2026-11-22 01:00:00", false, "2026-11-22 22:00:00" },
	/* days limit times */
	{ NIGHT "valid_from = \"2026-11-23\";", "2026-11-22 22:00:00", false,
	  "2026-11-23 00:00:00" },
	{ NIGHT "valid_until = \"2026-11-22\";", "2026-11-22 22:00:00", true,
	  "2026-11-23 00:00:00" },
	{ NIGHT "valid_until = \"2026-11-22\";", "2026-11-23 00:00:00", false,
	  "" },
	{ OFFICE "valid_from = \"2027-06-01\";", "2026-11-23 10:00:00", false,
	  "2027-06-01 09:00:00" },
	{ OFFICE "valid_until = \"2026-11-29\";", "2026-11-27 17:00:00", false,
	  "" },
	/* overlaps and neighbours are one */
	{ "windows = [ \"daily 16:00-18:00\", \"daily 09:00-17:00\", "
	  "\"Tue 08:00-12:00\", \"daily 18:00-19:00\" ];",
	  "2026-11-24 08:30:00", true, "2026-11-24 19:00:00" },
	{ "windows = [ \"Mon 10:00-24:00\", \"Tue 00:00-10:00\" ];",
	  "2026-11-23 12:00:00", true, "2026-11-24 10:00:00" },
	/* the whole week is no limit */
	{ "windows = [ \"daily 00:00-24:00\" ];", "2026-11-23 12:00:00", true,
	  "" },
	{ "windows = [ \"Mon-Sat 12:00-12:00:01\", \"daily 12:00:01-12:00\", "
	  "\"Sun 12:00-13:00\" ];",
	  "2026-11-23 12:00:00", true, "" },
	{ "windows = [ \"daily 00:00-24:00\" ]; valid_until = \"2098-12-31\";",
	  "2026-11-23 12:00:00", true, LATE },
	{ "windows = [ \"Tue-Sun 00:00-24:00\" ];", "2026-11-24 00:00:00", true,
	  "2026-11-30 00:00:00" },
};

static int64_t instant(const char *text)
{
	unsigned int year, month, day, hour, minute, second;

	if (!*text)
		return 0;
	ck_assert_int_eq(sscanf(text, "%u-%u-%u %u:%u:%u", &year, &month, &day,
				&hour, &minute, &second),
			 6);
	return date_days(year * 10000 + month * 100 + day) * DAY_SECONDS +
	       hour * HOUR + minute * 60 + second;
}

START_TEST(test_terms)
{
	struct arena *arena = arena_new();
	const struct policy *policy;
	const struct terms *found;
	char *conf;

	ck_assert(asprintf(&conf, CONF("%s"), terms[_i].more) > 0);
	policy = text_policy(arena, conf);
	found = terms_build(policy, instant(terms[_i].now), 0, &calendar_utc,
			    arena);
	ck_assert(terms_in_force(found, &policy->conduits[0]) ==
		  terms[_i].in_force);
	ck_assert_int_eq(found->of[0].change, instant(terms[_i].change));
	ck_assert_int_eq(found->change, found->of[0].change);
	free(conf);
	arena_free(arena);
}
END_TEST

/* What has no term is in force whatever the clock says. */
START_TEST(test_unknown)
{
	static const char conf[] =
		CONF("}, { name = \"d\"; kind = \"plain\"; from = [ \"a\" ]; "
		     "to = [ \"gateway\" ]; services = [ \"tcp/23\" ]; "
		     "valid_until = \"2099-12-31\";");
	struct arena *arena = arena_new();
	const struct policy *policy = text_policy(arena, conf);
	int64_t now = instant("2026-11-23 12:00:00");
	const struct terms *found;

	found = terms_build(policy, now, now + 60, &calendar_utc, arena);
	ck_assert(!found->is_known);
	ck_assert(terms_in_force(found, &policy->conduits[0]));
	ck_assert(!terms_in_force(found, &policy->conduits[1]));
	ck_assert_int_eq(found->change, now + 60);
	found = terms_build(policy, now + 60, now + 60, &calendar_utc, arena);
	ck_assert(found->is_known);
	ck_assert(terms_in_force(found, &policy->conduits[1]));
	ck_assert_int_eq(found->change, instant("2100-01-01 00:00:00"));
	arena_free(arena);
}
END_TEST

#define N(array) (sizeof(array) / sizeof(*(array)))

Suite *test_term_suite(void)
{
	Suite *suite = suite_create("term");
	TCase *tcase = tcase_create("term");

	tcase_add_loop_test(tcase, test_windows, 0, N(windows));
	tcase_add_test(tcase, test_days);
	tcase_add_loop_test(tcase, test_terms, 0, N(terms));
	tcase_add_test(tcase, test_unknown);
	suite_add_tcase(suite, tcase);
	return suite;
}
