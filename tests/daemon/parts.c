// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parts of the daemon and the command that need no kernel: escaping,
 * tables, days, the control protocol's messages, and replies as data.
 */
#include <check.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "arena.h"
#include "argument.h"
#include "conf.h"
#include "day.h"
#include "escape.h"
#include "incident.h"
#include "journal.h"
#include "ledger.h"
#include "load.h"
#include "log.h"
#include "record.h"
#include "render.h"
#include "show.h"
#include "table.h"
#include "varlink.h"

#define ARRAY_LEN(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *text, *also, *escaped;
} escapes[] = {
	{ "plain text", "", "plain text" },
	{ "個人番号利用事務系", "", "個人番号利用事務系" },
	{ "two\nlines\r\t", "", "two\\x0alines\\x0d\\x09" },
	{ "\033[2J", "", "\\x1b[2J" },
	{ "\x7f", "", "\\x7f" },
	{ "\xc2\x9b"
	  "2J",
	  "", "\\xc2\\x9b2J" }, /* C1: CSI */
	{ "\xe2\x80\xae", "", "\\xe2\\x80\\xae" }, /* right to left */
	{ "\xff\xfe", "", "\\xff\\xfe" },
	{ "\xc0\xaf", "", "\\xc0\\xaf" }, /* overlong */
	{ "\xed\xa0\x80", "", "\\xed\\xa0\\x80" }, /* surrogate */
	{ "\xe5\x80", "", "\\xe5\\x80" }, /* cut off */
	{ "a\"b\\c", "\"\\", "a\\x22b\\x5cc" },
	{ "a\"b\\c", "", "a\"b\\c" },
};

START_TEST(text_is_escaped)
{
	char buf[64];
	size_t len = escape_text(escapes[_i].text, escapes[_i].also, buf,
				 sizeof(buf));

	ck_assert_str_eq(buf, escapes[_i].escaped);
	ck_assert_uint_eq(len, strlen(buf));
}
END_TEST

START_TEST(text_is_cut_between_characters)
{
	char buf[64];
	size_t size;

	for (size = 1; size < 8; size++) {
		memset(buf, 'x', sizeof(buf));
		escape_text("関守", "", buf, size);
		ck_assert_uint_eq(strlen(buf), size <= 3 ? 0 :
					       size <= 6 ? 3 :
							   6);
		ck_assert_int_eq(buf[size], 'x');
	}
	escape_text("\n\n", "", buf, 6);
	ck_assert_str_eq(buf, "\\x0a");
}
END_TEST

START_TEST(log_values_cannot_forge)
{
	struct log_line line;

	log_begin(&line, "SEKI-TEST", "A sentence about %s", "x\nmsgid=Y");
	log_add_text(&line, "plain", "word");
	log_add_text(&line, "empty", "");
	log_add_text(&line, "forged", "x msgid=SEKI-READY");
	log_add_text(&line, "quoted", "a\" b=\"c");
	log_add_number(&line, "n", 18446744073709551615ull);
	ck_assert_str_eq(line.text,
			 "A sentence about x\\x0amsgid=Y: msgid=SEKI-TEST "
			 "plain=word empty=\"\" forged=\"x msgid=SEKI-READY\" "
			 "quoted=\"a\\x22 b=\\x22c\" n=18446744073709551615");
}
END_TEST

START_TEST(log_lines_are_bounded)
{
	struct log_line line;
	char text[5000];
	int i;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_begin(&line, "SEKI-TEST", "%s", text);
	for (i = 0; i < 10; i++)
		log_add_text(&line, "key", text);
	ck_assert_uint_lt(strlen(line.text), sizeof(line.text));
	ck_assert_uint_eq(strlen(line.text), line.len);
	ck_assert_int_eq(log_facility("local7"), LOG_LOCAL7);
	ck_assert_int_eq(log_facility("kern"), -1);
}
END_TEST

START_TEST(records_are_a_ring)
{
	struct records *records = records_new();
	json_t *record;
	uint64_t n;

	ck_assert_uint_eq(records_next(records), 1);
	ck_assert_uint_eq(records_first(records), 1);
	ck_assert_ptr_null(records_get(records, 0));
	ck_assert_ptr_null(records_get(records, 1));
	for (n = 1; n <= RECORDS_MAX + 3; n++)
		records_add(records, json_integer((json_int_t)n));
	ck_assert_uint_eq(records_first(records), 4);
	ck_assert_uint_eq(records_next(records), n);
	ck_assert_ptr_null(records_get(records, 3));
	ck_assert_ptr_null(records_get(records, n));
	for (n = 4; n <= RECORDS_MAX + 3; n++) {
		record = records_get(records, n);
		ck_assert_int_eq(json_integer_value(record), (json_int_t)n);
		json_decref(record);
	}
	/* what somebody holds outlives its place */
	record = records_get(records, 4);
	records_add(records, json_null());
	ck_assert_int_eq(json_integer_value(record), 4);
	json_decref(record);
	records_free(records);
	records_free(NULL);
}
END_TEST

/* The newest record; borrowed from @records */
static json_t *newest(const struct records *records)
{
	json_t *record = records_get(records, records_next(records) - 1);

	ck_assert_ptr_nonnull(record);
	json_decref(record);
	return record;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	ck_assert_msg(text != NULL, "%s", key);
	return text;
}

START_TEST(log_is_kept_as_data)
{
	struct actor actor = {
		.how = "nft",
		.pid = 7,
		.comm = "\x1b[2J",
		.parent = 6,
		.parent_comm = "sh",
	};
	struct records *records = records_new();
	uint64_t before = day_now_usec();
	json_t *record, *fields;
	struct log_line line;

	log_follow(records);
	log_begin(&line, "SEKI-TEST", "A \"sentence\"\n of %d bytes\xff", 7);
	log_add_text(&line, "key", "a \"b\"\n");
	log_add_number(&line, "n", 18446744073709551615ull);
	log_add_actor(&line, &actor);
	log_end(&line, LOG_WARNING);
	ck_assert_ptr_nonnull(strstr(line.text, " by=nft pid=7 process="
						"\\x1b[2J parent=6 "
						"parent_process=sh"));
	record = newest(records);
	ck_assert_str_eq(text_of(record, "msgid"), "SEKI-TEST");
	ck_assert_str_eq(text_of(record, "priority"), "warning");
	ck_assert_str_eq(text_of(record, "text"),
			 "A \"sentence\"\\x0a of 7 bytes\\xff");
	ck_assert_int_ge(
		json_integer_value(json_object_get(record, "time_usec")),
		(json_int_t)before);
	fields = json_object_get(record, "fields");
	ck_assert_str_eq(text_of(fields, "key"), "a \"b\"\\x0a");
	ck_assert_str_eq(text_of(fields, "process"), "\\x1b[2J");
	ck_assert_ptr_null(json_object_get(fields, "uid"));
	ck_assert_int_eq(json_integer_value(json_object_get(fields, "n")),
			 INT64_MAX);
	actor.has_uid = true;
	actor.uid = 4294967294;
	log_begin(&line, "SEKI-TEST", "Another one");
	log_add_process(&line, &actor);
	log_end(&line, LOG_CRIT);
	fields = json_object_get(newest(records), "fields");
	ck_assert_int_eq(json_integer_value(json_object_get(fields, "uid")),
			 4294967294);
	ck_assert_ptr_null(json_object_get(fields, "by"));
	log_follow(NULL);
	log_error("SEKI-TEST", 0, "Not for anybody");
	ck_assert_uint_eq(records_next(records), 3);
	records_free(records);
}
END_TEST

START_TEST(tables_are_wide_enough)
{
	struct table *table = table_new(3);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_uint_eq(table_width("abc"), 3);
	ck_assert_uint_eq(table_width("関守"), 4);
	ck_assert_uint_eq(table_width("\xff"), 1);
	table_align_right(table, 1);
	table_add(table, "関守");
	table_add(table, "7");
	table_add(table, "x");
	table_add(table, "abcde");
	table_add_format(table, "%d", 100);
	table_add(table, "a\nb");
	table_print(table, out);
	fclose(out);
	ck_assert_str_eq(text, "関守     7  x\n"
			       "abcde  100  a\\x0ab\n");
	table_free(table);
	free(text);
}
END_TEST

/* As of Europe/Berlin and Asia/Tokyo, without their history */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define TOKYO "JST-9"

static int64_t at(unsigned int date, int hour, int minute)
{
	return date_days(date) * DAY_SECONDS + hour * 3600 + minute * 60;
}

static int64_t instant(unsigned int date, int hour, int minute, bool last)
{
	return day_calendar.instant(at(date, hour, minute), last);
}

static void use_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

START_TEST(days)
{
	/* 2026-11-24 15:00 UTC is midnight in Japan */
	ck_assert_int_eq(calendar_day(&day_calendar, 1795532399),
			 date_days(20261124));
	ck_assert_int_eq(calendar_day(&day_calendar, 1795532400),
			 date_days(20261125));
	ck_assert_int_eq(instant(20261125, 0, 0, false), 1795532400);
	ck_assert_int_eq(instant(20261125, 0, 0, true), 1795532400);
}
END_TEST

/* Clocks are put forward at 2027-03-28 02:00 and back at 2027-10-31 03:00. */
START_TEST(days_on_which_clocks_change)
{
	const int64_t forward = at(20270328, 1, 0), back = at(20271031, 1, 0);

	use_zone(BERLIN);
	ck_assert_int_eq(instant(20270328, 1, 59, false), forward - 60);
	/* never shown: when the clocks have been changed */
	ck_assert_int_eq(instant(20270328, 2, 0, false), forward);
	ck_assert_int_eq(instant(20270328, 2, 30, false), forward);
	ck_assert_int_eq(instant(20270328, 2, 30, true), forward);
	ck_assert_int_eq(instant(20270328, 3, 0, true), forward);
	ck_assert_int_eq(instant(20270328, 3, 1, true), forward + 60);
	/* shown twice */
	ck_assert_int_eq(instant(20271031, 1, 59, true), back - 3660);
	ck_assert_int_eq(instant(20271031, 2, 0, false), back - 3600);
	ck_assert_int_eq(instant(20271031, 2, 0, true), back);
	ck_assert_int_eq(instant(20271031, 2, 30, false), back - 1800);
	ck_assert_int_eq(instant(20271031, 2, 30, true), back + 1800);
	ck_assert_int_eq(instant(20271031, 3, 0, false), back + 3600);
	use_zone(TOKYO);
}
END_TEST

/* From when until when is it in force that day? In UTC; none: both are 0. */
static const struct {
	const char *zone, *window;
	unsigned int day; /* on which it begins */
	int from, until; /* minutes since midnight UTC of that day */
} terms_on_days[] = {
	{ TOKYO, "Sun 01:30-02:30", 20270328, -450, -390 },
	{ TOKYO, "Sun 01:30-02:30", 20271031, -450, -390 },
	{ BERLIN, "Sat 01:30-02:30", 20270327, 30, 90 },
	{ BERLIN, "Mon 01:30-02:30", 20270329, -30, 30 },
	/* 02:00 to 03:00 is never shown */
	{ BERLIN, "Sun 01:30-02:30", 20270328, 30, 60 },
	{ BERLIN, "Sun 01:30-03:00", 20270328, 30, 60 },
	{ BERLIN, "Sun 02:30-04:00", 20270328, 60, 120 },
	{ BERLIN, "Sun 02:15-02:45", 20270328, 0, 0 },
	{ BERLIN, "Sat 23:00-04:00", 20270327, 1320, 1560 },
	/* 02:00 to 03:00 is shown twice */
	{ BERLIN, "Sun 01:30-02:30", 20271031, -30, 30 },
	{ BERLIN, "Sun 01:30-03:00", 20271031, -30, 120 },
	{ BERLIN, "Sun 02:30-04:00", 20271031, 90, 180 },
	{ BERLIN, "Sun 02:15-02:45", 20271031, 0, 0 },
	{ BERLIN, "Sat 23:00-04:00", 20271030, 1260, 1620 },
};

START_TEST(terms_when_clocks_change)
{
	int64_t day = date_days(terms_on_days[_i].day) * DAY_SECONDS;
	int64_t from = day + terms_on_days[_i].from * 60;
	int64_t until = day + terms_on_days[_i].until * 60;
	struct conduit conduit = { .n_windows = 1 };
	struct window window;
	struct term term;

	use_zone(terms_on_days[_i].zone);
	ck_assert_int_eq(window_parse(terms_on_days[_i].window, &window), 0);
	conduit.windows = &window;
	term = term_of(&conduit, day - 43200, &day_calendar);
	ck_assert(!term.in_force);
	if (from == until) {
		ck_assert_int_gt(term.change, day + 6 * DAY_SECONDS);
	} else {
		ck_assert_int_eq(term.change, from);
		term = term_of(&conduit, from, &day_calendar);
		ck_assert(term.in_force);
		ck_assert_int_eq(term.change, until);
		term = term_of(&conduit, until - 1, &day_calendar);
		ck_assert(term.in_force);
		term = term_of(&conduit, until, &day_calendar);
		ck_assert(!term.in_force);
	}
	use_zone(TOKYO);
}
END_TEST

/* A day that has 23 hours, and one that has 25 */
START_TEST(days_of_a_term)
{
	struct conduit conduit = { .valid_from = 20270328,
				   .valid_until = 20270328 };
	struct term term;

	use_zone(BERLIN);
	term = term_of(&conduit, at(20270327, 22, 59), &day_calendar);
	ck_assert(!term.in_force);
	ck_assert_int_eq(term.change, at(20270327, 23, 0));
	term = term_of(&conduit, at(20270327, 23, 0), &day_calendar);
	ck_assert(term.in_force);
	ck_assert_int_eq(term.change, at(20270328, 22, 0));
	conduit.valid_from = conduit.valid_until = 20271031;
	term = term_of(&conduit, at(20271030, 22, 0), &day_calendar);
	ck_assert(term.in_force);
	ck_assert_int_eq(term.change, at(20271031, 23, 0));
	use_zone(TOKYO);
}
END_TEST

#define ALLOW(seconds)                                            \
	",\"parameters\":{\"from\":[\"a\",\"b\"],\"to\":[\"c\"]," \
	"\"services\":[\"tcp/1\"],\"reason\":\"r\",\"seconds\":" seconds
#define METHOD(name) "{\"method\":\"jp.sekimori.Control." name "\""
#define WITH(parameters) ",\"parameters\":{" parameters "}}"

static const struct {
	const char *text;
	int rc;
	const char *error; /* the last part of its name */
} requests[] = {
	{ METHOD("Status") "}", 0, NULL },
	{ METHOD("Conduits") ",\"more\":true}", 0, NULL },
	{ METHOD("Drift") "}", 0, NULL },
	{ METHOD("Audit") "}", 0, NULL },
	{ METHOD("Watch") ",\"more\":true}", 0, NULL },
	{ METHOD("Watch") ",\"parameters\":{\"since\":1}}", -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Status") ",\"parameters\":{}}", 0, NULL },
	{ METHOD("Allow") ALLOW("1") "}}", 0, NULL },
	{ METHOD("Allow") ALLOW(
		  "1") ",\"name\":\"n\",\"kind\":\"plain\","
		       "\"bind\":null,\"approved_by\":\"a\",\"approval\":\"b\"}}",
	  0, NULL },
	{ METHOD("Allow") ALLOW("0") "}}", -EINVAL, "InvalidParameter" },
	{ METHOD("Allow") ALLOW("\"1\"") "}}", -EINVAL, "InvalidParameter" },
	{ METHOD("Allow") ALLOW("1") ",\"allowed_by\":\"me\"}}", -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Allow")
		  ALLOW("1") ",\"name\":\"12345678901234567890123456789012\"}}",
	  -EINVAL, "InvalidParameter" },
	{ METHOD("Allow") ",\"parameters\":{\"from\":\"a\"}}", -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Allow") ",\"parameters\":{\"from\":[]}}", -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Allow") ",\"parameters\":{\"from\":[1]}}", -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Allow") "}", -EINVAL, "InvalidParameter" },
	{ METHOD("Disallow") ",\"parameters\":{\"name\":\"n\"}}", 0, NULL },
	{ METHOD("Disallow") "}", -EINVAL, "InvalidParameter" },
	{ METHOD("Allowed") "}", 0, NULL },
	{ METHOD("Apply") "}", 0, NULL },
	{ METHOD("Apply") WITH("\"file\":\"/x\",\"confirm_seconds\":86400"), 0,
	  NULL },
	{ METHOD("Apply") WITH("\"file\":null,\"generation\":1,\"why\":\"\""),
	  0, NULL },
	{ METHOD("Apply") WITH("\"file\":\"x\""), -EINVAL, "InvalidParameter" },
	{ METHOD("Apply") WITH("\"file\":\"\""), -EINVAL, "InvalidParameter" },
	{ METHOD("Apply") WITH("\"file\":\"/x\\u0000y\""), -EBADMSG,
	  "Malformed" },
	{ METHOD("Apply") WITH("\"file\":\"/x\",\"generation\":1"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Apply") WITH("\"confirm_seconds\":86401"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Apply") WITH("\"confirm_seconds\":-1"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Apply") WITH("\"confirm_seconds\":1.5"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Apply") WITH("\"confirm_seconds\":\"5\""), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Apply") WITH("\"why\":\"two\\nlines\""), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Apply") WITH("\"nft\":true"), -EINVAL, "InvalidParameter" },
	{ METHOD("Reload") WITH("\"file\":\"/x\""), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Confirm") "}", 0, NULL },
	{ METHOD("Confirm") WITH("\"generation\":1"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Rollback") "}", 0, NULL },
	{ METHOD("Rollback") WITH("\"generation\":0"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Rollback") WITH("\"confirm_seconds\":1"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("History") "}", 0, NULL },
	{ METHOD("Show") "}", -EINVAL, "InvalidParameter" },
	{ METHOD("Show") WITH("\"generation\":null"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Show") WITH("\"generation\":3"), 0, NULL },
	{ METHOD("Diff") WITH("\"from\":1"), -EINVAL, "InvalidParameter" },
	{ METHOD("Diff") WITH("\"from\":1,\"to\":2"), 0, NULL },
	{ METHOD("Plan") WITH("\"nft\":true"), -EINVAL, "InvalidParameter" },
	{ METHOD("Plan") WITH("\"file\":\"/x\",\"nft\":1"), -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Status") ",\"parameters\":null}", 0, NULL },
	{ METHOD("Status") ",\"parameters\":{\"x\":1}}", -EINVAL,
	  "InvalidParameter" },
	{ METHOD("Status") ",\"parameters\":[]}", -EBADMSG, "Malformed" },
	{ METHOD("Status") ",\"more\":1}", -EBADMSG, "Malformed" },
	{ METHOD("Status") ",\"upgrade\":true}", -EBADMSG, "Malformed" },
	{ METHOD("Status") ",\"method\":\"x\"}", -EBADMSG, "Malformed" },
	{ METHOD("Nothing") "}", -EINVAL, "MethodNotFound" },
	{ METHOD("Nothing") ",\"oneway\":true}", -EINVAL, NULL },
	{ "{\"method\":\"org.example.X\"}", -EINVAL, "InterfaceNotFound" },
	{ "{\"method\":\"X\"}", -EINVAL, "MethodNotFound" },
	{ "{\"method\":\"\"}", -EINVAL, "MethodNotFound" },
	{ "{\"method\":7}", -EBADMSG, "Malformed" },
	{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
	  -EINVAL, "InvalidParameter" },
	{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
	  "\"parameters\":{\"interface\":7}}",
	  -EINVAL, "InvalidParameter" },
	{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
	  "\"parameters\":{\"interface\":\"x\"}}",
	  0, NULL },
	{ "{}", -EBADMSG, "Malformed" },
	{ "[]", -EBADMSG, "Malformed" },
	{ "", -EBADMSG, "Malformed" },
	{ "\"x\"", -EBADMSG, "Malformed" },
	{ METHOD("Status") "} x", -EBADMSG, "Malformed" },
};

START_TEST(request_is_understood)
{
	struct varlink_request request;
	const char *name;
	json_t *error;

	ck_assert_int_eq(varlink_parse(requests[_i].text,
				       strlen(requests[_i].text), &request,
				       &error),
			 requests[_i].rc);
	name = json_string_value(json_object_get(error, "error"));
	if (requests[_i].error) {
		ck_assert_ptr_nonnull(name);
		ck_assert_str_eq(strrchr(name, '.') + 1, requests[_i].error);
	} else {
		ck_assert_ptr_null(error);
	}
	json_decref(error);
}
END_TEST

START_TEST(request_is_taken_as_it_is)
{
	static const char text[] = METHOD("Apply") WITH(
		"\"file\":\"/etc/x\",\"confirm_seconds\":300,\"why\":\"申請 12\"");
	char *large = calloc(1, VARLINK_WHY_MAX + 200);
	struct varlink_request request;
	json_t *error;
	size_t len;

	ck_assert_int_eq(varlink_parse(text, strlen(text), &request, &error),
			 0);
	ck_assert_int_eq(request.method, VARLINK_APPLY);
	ck_assert_str_eq(request.file, "/etc/x");
	ck_assert_str_eq(request.why, "申請 12");
	ck_assert_uint_eq(request.confirm_seconds, 300);
	ck_assert_uint_eq(request.generation, 0);
	/* a reason of just the length that there is room for; and one more */
	for (len = VARLINK_WHY_MAX; len <= VARLINK_WHY_MAX + 1; len++) {
		sprintf(large, METHOD("Rollback") WITH("\"why\":\"%0*d\""),
			(int)len, 0);
		ck_assert_int_eq(varlink_parse(large, strlen(large), &request,
					       &error),
				 len <= VARLINK_WHY_MAX ? 0 : -EINVAL);
		json_decref(error);
	}
	free(large);
}
END_TEST

static const struct {
	const char *text;
	uint64_t seconds; /* 0: it is none */
} durations[] = {
	{ "90", 90 },
	{ "90s", 90 },
	{ "5m", 300 },
	{ "1h", 3600 },
	{ "24h", 86400 },
	{ "1440m", 86400 },
	{ "1", 1 },
	{ "0", 0 },
	{ "0m", 0 },
	{ "25h", 0 },
	{ "86401", 0 },
	{ "1441m", 0 },
	{ "", 0 },
	{ "m", 0 },
	{ "-5m", 0 },
	{ "+5m", 0 },
	{ " 5m", 0 },
	{ "5 m", 0 },
	{ "5mm", 0 },
	{ "5d", 0 },
	{ "1.5h", 0 },
	{ "0x10", 0 },
	{ "18446744073709551617", 0 },
	{ "99999999999999999999h", 0 },
};

START_TEST(durations_are_understood)
{
	uint64_t seconds = 0;
	bool is = argument_duration(durations[_i].text, 86400, &seconds);

	ck_assert_int_eq(is, durations[_i].seconds != 0);
	if (is)
		ck_assert_uint_eq(seconds, durations[_i].seconds);
}
END_TEST

START_TEST(arguments_are_numbers_or_not)
{
	uint64_t number = 0;

	ck_assert(argument_number("12", 100, &number));
	ck_assert_uint_eq(number, 12);
	ck_assert(argument_number("9223372036854775807", INT64_MAX, &number));
	ck_assert_uint_eq(number, INT64_MAX);
	ck_assert(!argument_number("9223372036854775808", INT64_MAX, &number));
	ck_assert(!argument_number("0", 100, &number));
	ck_assert(!argument_number("101", 100, &number));
	ck_assert(!argument_number("12 ", 100, &number));
	ck_assert(!argument_number("verify", 100, &number));
	ck_assert(!argument_number("", 100, &number));
	ck_assert(argument_is_text(""));
	ck_assert(argument_is_text("関守"));
	ck_assert(!argument_is_text("a\xff"));
}
END_TEST

static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	ck_assert_msg(json_is_integer(value), "%s", key);
	return json_integer_value(value);
}

static struct actor process(pid_t pid, const char *comm)
{
	struct actor actor = { .how = "nft", .pid = pid };

	snprintf(actor.comm, sizeof(actor.comm), "%.31s", comm);
	return actor;
}

static const struct difference differences[] = {
	{ "rule removed from chain forward", "iifname \"a\" accept" },
	{ "policy of chain input changed from drop to accept", NULL },
	{ "element added to map live", "{ 0x00010001 : accept }" },
};

/* What an incident is as data, the @i-th of a list of the method Drift */
static json_t *listed(const json_t *drift, const char *list, size_t i)
{
	json_t *incident = json_array_get(json_object_get(drift, list), i);

	ck_assert_ptr_nonnull(incident);
	return incident;
}

START_TEST(incidents_come_and_go)
{
	struct incidents *incidents = incidents_new();
	struct incident *incident;
	json_t *json, *entry;

	ck_assert_ptr_null(incidents_current(incidents));
	incident = incidents_open(incidents, true, 1);
	ck_assert_ptr_eq(incidents_open(incidents, false, 2), incident);
	ck_assert_ptr_eq(incidents_current(incidents), incident);
	json = incidents_json(incidents);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "history")), 0);
	entry = listed(json, "open", 0);
	ck_assert_str_eq(text_of(entry, "outcome"), "open");
	ck_assert_str_eq(text_of(entry, "by"), "event");
	ck_assert_int_eq(number(entry, "seen_usec"), 1);
	ck_assert_int_eq(number(entry, "latency_usec"), 0);
	json_decref(json);
	incidents_close(incidents, INCIDENT_REPAIRED, 812);
	ck_assert_ptr_null(incidents_current(incidents));
	incidents_open(incidents, false, 3);
	incidents_close(incidents, INCIDENT_REVERTED, 5);
	ck_assert_uint_eq(incidents_n(incidents), 2);
	ck_assert_uint_eq(incidents_n_repaired(incidents), 1);
	json = incidents_json(incidents);
	ck_assert_int_eq(number(json, "incidents"), 2);
	ck_assert_int_eq(number(json, "repaired"), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "open")), 0);
	entry = listed(json, "history", 0);
	ck_assert_int_eq(number(entry, "id"), 2);
	ck_assert_str_eq(text_of(entry, "outcome"), "reverted");
	ck_assert_str_eq(text_of(entry, "by"), "comparison");
	entry = listed(json, "history", 1);
	ck_assert_int_eq(number(entry, "id"), 1);
	ck_assert_str_eq(text_of(entry, "outcome"), "repaired");
	ck_assert_int_eq(number(entry, "latency_usec"), 812);
	json_decref(json);
	incidents_free(incidents);
	incidents_free(NULL);
}
END_TEST

START_TEST(incident_is_told)
{
	struct incidents *incidents = incidents_new();
	struct actor nft = process(123, "nft"), other = process(9, "x\n\xff");
	struct incident *incident;
	json_t *json, *entry, *actors, *changes;

	nft.has_uid = true;
	nft.parent = 100;
	strcpy(nft.parent_comm, "bash");
	incident = incidents_open(incidents, true, 1);
	incident_add_actor(incident, &nft);
	incident_add_actor(incident, &other);
	incident_add_actor(incident, &nft);
	incident_describe(incident, differences, 1, 1);
	incident_describe(incident, differences, 3, 5);
	json = incidents_json(incidents);
	entry = listed(json, "open", 0);
	ck_assert_int_eq(number(entry, "transactions"), 3);
	ck_assert_int_eq(number(entry, "n_actors"), 2);
	ck_assert_int_eq(number(entry, "n_changes"), 5);
	actors = json_object_get(entry, "actors");
	changes = json_object_get(entry, "changes");
	ck_assert_uint_eq(json_array_size(actors), 2);
	ck_assert_uint_eq(json_array_size(changes), 3);
	entry = json_array_get(actors, 0);
	ck_assert_int_eq(number(entry, "pid"), 123);
	ck_assert_int_eq(number(entry, "uid"), 0);
	ck_assert_str_eq(text_of(entry, "process"), "nft");
	ck_assert_int_eq(number(entry, "parent_pid"), 100);
	ck_assert_str_eq(text_of(entry, "parent_process"), "bash");
	entry = json_array_get(actors, 1);
	ck_assert_str_eq(text_of(entry, "process"), "x\\x0a\\xff");
	ck_assert_ptr_null(json_object_get(entry, "uid"));
	ck_assert_ptr_null(json_object_get(entry, "parent_pid"));
	entry = json_array_get(changes, 0);
	ck_assert_str_eq(text_of(entry, "words"), differences[0].words);
	ck_assert_str_eq(text_of(entry, "nft"), differences[0].nft);
	ck_assert_ptr_null(json_object_get(json_array_get(changes, 1), "nft"));
	json_decref(json);
	incidents_free(incidents);
}
END_TEST

/* The largest history that anybody can cause fits a reply of 16 MiB. */
START_TEST(incidents_are_bounded)
{
	struct incidents *incidents = incidents_new();
	struct difference large[INCIDENT_CHANGES + 1];
	struct incident *incident;
	struct actor actor;
	char text[8192], *dump;
	json_t *json;
	size_t i, k;

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < INCIDENT_CHANGES + 1; i++)
		large[i] = (struct difference){ text, text };
	for (i = 0; i < INCIDENTS_MAX + 1; i++) {
		incident = incidents_open(incidents, true, i + 1);
		for (k = 0; k < INCIDENT_ACTORS + 1; k++) {
			actor = process((pid_t)k + 1, text);
			incident_add_actor(incident, &actor);
		}
		incident_describe(incident, large, INCIDENT_CHANGES + 1,
				  INCIDENT_CHANGES + 1);
		incidents_close(incidents, INCIDENT_UNCHANGED, 1);
	}
	json = incidents_json(incidents);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "history")),
			  INCIDENTS_MAX);
	ck_assert_int_eq(
		number(listed(json, "history", INCIDENTS_MAX - 1), "id"), 2);
	ck_assert_int_eq(number(listed(json, "history", 0), "n_actors"),
			 INCIDENT_ACTORS + 1);
	ck_assert_int_eq(number(listed(json, "history", 0), "n_changes"),
			 INCIDENT_CHANGES + 1);
	dump = json_dumps(json, JSON_COMPACT);
	ck_assert_uint_lt(strlen(dump), 16 << 20);
	free(dump);
	json_decref(json);
	incidents_free(incidents);
}
END_TEST

static const struct {
	enum incident_outcome outcome;
	bool seen, has_uid;
	size_t n_actors, n_changes;
	const char *msgid, *priority, *text;
} incident_lines[] = {
	{ INCIDENT_REPAIRED, true, true, 1, 1, "SEKI-REPAIRED", "warning",
	  "The table was changed by nft (pid 123, uid 0) and has been put right "
	  "in 0.8 ms: rule removed from chain forward: iifname \"a\" accept" },
	{ INCIDENT_OPEN, true, false, 3, 3, "SEKI-DRIFT", "crit",
	  "The table was changed by nft (pid 123, which had ended already) and "
	  "2 more and no longer holds the policy: rule removed from chain "
	  "forward: iifname \"a\" accept (and 2 more changes)" },
	{ INCIDENT_OPEN, false, false, 0, 2, "SEKI-DRIFT", "crit",
	  "The table was changed by somebody who was not seen doing it and no "
	  "longer holds the policy: rule removed from chain forward: iifname "
	  "\"a\" accept (and 1 more change)" },
	{ INCIDENT_REVERTED, true, true, 1, 0, "SEKI-REVERTED", "warning",
	  "The table was changed by nft (pid 123, uid 0) and had been put back, "
	  "not by this daemon, when it was looked at after 0.8 ms" },
	{ INCIDENT_UNCHANGED, true, true, 1, 0, "SEKI-TOUCHED", "warning",
	  "The table was changed by nft (pid 123, uid 0) but holds what it held "
	  "before, as a look found after 0.8 ms" },
};

START_TEST(incident_is_logged)
{
	struct incidents *incidents = incidents_new();
	struct records *records = records_new();
	size_t n = incident_lines[_i].n_actors, k;
	struct incident *incident;
	json_t *record, *fields;
	struct actor actor;

	log_follow(records);
	incident = incidents_open(incidents, incident_lines[_i].seen, 1);
	for (k = 0; k < n; k++) {
		actor = process(123 + (pid_t)k, "nft");
		actor.has_uid = incident_lines[_i].has_uid;
		incident_add_actor(incident, &actor);
	}
	incident_describe(incident, differences, incident_lines[_i].n_changes,
			  incident_lines[_i].n_changes);
	if (incident_lines[_i].outcome != INCIDENT_OPEN)
		incidents_close(incidents, incident_lines[_i].outcome, 812);
	incident_log(incident);
	record = newest(records);
	ck_assert_str_eq(text_of(record, "msgid"), incident_lines[_i].msgid);
	ck_assert_str_eq(text_of(record, "priority"),
			 incident_lines[_i].priority);
	ck_assert_str_eq(text_of(record, "text"), incident_lines[_i].text);
	fields = json_object_get(record, "fields");
	ck_assert_int_eq(number(fields, "incident"), 1);
	ck_assert_str_eq(text_of(fields, "by"),
			 incident_lines[_i].seen ? "event" : "comparison");
	ck_assert_int_eq(number(fields, "changes"),
			 (long long)incident_lines[_i].n_changes);
	ck_assert_int_eq(!!json_object_get(fields, "change"),
			 incident_lines[_i].n_changes > 0);
	ck_assert_int_eq(!!json_object_get(fields, "pid"), n > 0);
	ck_assert_int_eq(!!json_object_get(fields, "uid"),
			 incident_lines[_i].has_uid);
	ck_assert_int_eq(!!json_object_get(fields, "more_actors"), n > 1);
	ck_assert_int_eq(!!json_object_get(fields, "latency_usec"),
			 incident_lines[_i].outcome != INCIDENT_OPEN);
	log_follow(NULL);
	records_free(records);
	incidents_free(incidents);
}
END_TEST

/* What render_drift(), render_audit() or render_record() make of @text */
static char *rendered(void (*render)(const json_t *parameters, bool ja,
				     FILE *out),
		      const char *text, bool ja)
{
	json_t *json = json_loads(text, 0, NULL);
	char *made;
	size_t len;
	FILE *out = open_memstream(&made, &len);

	ck_assert_ptr_nonnull(json);
	render(json, ja, out);
	fclose(out);
	json_decref(json);
	return made;
}

START_TEST(drift_is_readable)
{
	static const char text[] =
		"{\"mode\":\"repair\",\"ownership\":\"off\",\"incidents\":2,"
		"\"repaired\":1,\"history\":[{\"id\":1,\"outcome\":"
		"\"repaired\",\"by\":\"event\",\"seen_usec\":"
		"1700000000123000,\"latency_usec\":812,\"actors\":[{\"pid\":"
		"123,\"uid\":0,\"process\":\"nft\\u001b\",\"parent_pid\":100,"
		"\"parent_process\":\"bash\"}],\"n_actors\":1,\"changes\":[{"
		"\"words\":\"rule added\",\"nft\":\"a\\nb\"}],"
		"\"n_changes\":3}],\"open\":[{\"id\":2,\"outcome\":\"open\","
		"\"by\":\"comparison\",\"seen_usec\":1700000001000000,"
		"\"changes\":[],\"actors\":[]}]}";
	char *made = rendered(render_drift, text, false);

	ck_assert_str_eq(
		made,
		"Mode       repair\n"
		"Ownership  off\n"
		"Incidents  2 (1 repaired, 1 open)\n"
		"\n"
		"2023-11-15 07:13:21.000  #2  OPEN: not put right\n"
		"    found by comparison; nobody was seen\n"
		"\n"
		"2023-11-15 07:13:20.123  #1  repaired after 0.8 ms\n"
		"    by nft\\x1b, pid 123, uid 0, started by bash, pid 100\n"
		"    - rule added\n"
		"        a\\x0ab\n"
		"    and 2 more\n");
	free(made);
	made = rendered(render_drift, text, true);
	ck_assert_ptr_nonnull(strstr(made, "#1  0.8ミリ秒後に修復"));
	free(made);
}
END_TEST

START_TEST(audit_begins_with_the_worst)
{
	static const char text[] =
		"{\"state\":\"in_force\",\"concerns\":["
		"{\"gravity\":\"notice\",\"id\":\"SEKI-A-1\",\"subject\":\"s\","
		"\"text\":\"t\",\"since\":1700000000},"
		"{\"gravity\":\"critical\",\"id\":\"SEKI-A-2\",\"subject\":\"s\","
		"\"text\":\"\\u202et\",\"since\":1700000000}]}";
	char *made = rendered(render_audit, text, false);

	ck_assert_str_eq(
		made,
		"State: in force\n"
		"\n"
		"GRAVITY   ID        SINCE                WHAT\n"
		"critical  SEKI-A-2  2023-11-15 07:13:20  \\xe2\\x80\\xaet\n"
		"notice    SEKI-A-1  2023-11-15 07:13:20  t\n");
	free(made);
	made = rendered(render_audit, "{\"state\":\"drifted\"}", true);
	ck_assert_str_eq(made, "状態: 逸脱\nほかに懸念はない。\n");
	free(made);
}
END_TEST

START_TEST(records_are_readable)
{
	char *made = rendered(
		render_record,
		"{\"missed\":2,\"record\":{\"time_usec\":1700000000001000,"
		"\"priority\":\"err\",\"text\":\"a\\nb\"}}",
		false);

	ck_assert_str_eq(made, "(2 lines were missed)\n"
			       "07:13:20.001  err      a\\x0ab\n");
	free(made);
	made = rendered(render_record, "{\"missed\":0,\"record\":null}", true);
	ck_assert_str_eq(made, "");
	free(made);
}
END_TEST

#define CHANGE                                                \
	"\"edited\":true,\"number\":13,\"conduits_added\":1," \
	"\"conduits_removed\":0,\"conduits_changed\":2,"      \
	"\"elements_added\":8,\"elements_deleted\":3"

START_TEST(change_is_told)
{
	char *made = rendered(render_change,
			      "{" CHANGE ",\"sessions_ended\":4,"
			      "\"confirm_seconds\":0,\"confirm_until\":null}",
			      false);

	ck_assert_str_eq(
		made,
		"The configuration was read, is in force and was verified.\n"
		"          ADDED  REMOVED  CHANGED\n"
		"Conduits  1      0        2\n"
		"Elements  8      3        \n"
		"Generation: 13\n"
		"Sessions ended that are no longer permitted: 4\n");
	free(made);
	made = rendered(render_change,
			"{\"edited\":false,\"number\":13,"
			"\"confirm_until\":null}",
			false);
	ck_assert_str_eq(made,
			 "No change: the configuration was read; the kernel "
			 "holds it already and was not touched.\n"
			 "Generation: 13\n");
	free(made);
}
END_TEST

START_TEST(unconfirmed_change_says_what_to_do)
{
	char *made = rendered(render_change,
			      "{" CHANGE ",\"sessions_ended\":null,"
			      "\"confirm_seconds\":300,"
			      "\"confirm_until\":1700000000}",
			      false);

	ck_assert_ptr_nonnull(strstr(made, "the log will tell how many"));
	ck_assert_ptr_nonnull(strstr(
		made,
		"\n"
		"NOT CONFIRMED YET. To keep it, type before 2023-11-15 07:13:20 "
		"(within 300 s):\n"
		"    sekimorictl confirm\n"
		"If you have lost the connection, do nothing: the "
		"configuration that was confirmed before comes back by itself "
		"at 2023-11-15 07:13:20.\n"));
	free(made);
	made = rendered(render_change,
			"{" CHANGE ",\"confirm_seconds\":300,"
			"\"confirm_until\":1700000000}",
			true);
	ck_assert_ptr_nonnull(strstr(made, "何もしなくてよい。2023-11-15 "
					   "07:13:20 に、前に確定した設定に"));
	free(made);
	made = rendered(render_confirm, "{\"number\":13}", false);
	ck_assert_str_eq(made, "Confirmed: generation 13 stays in force.\n");
	free(made);
}
END_TEST

#define GENERATIONS                                                      \
	"\"generations\":[{\"number\":13,\"time\":1700000000,\"uid\":0," \
	"\"pid\":7,\"process\":\"sekimorictl\",\"why\":\"a\\nb\","       \
	"\"digest\":\"0123456789abcdef\",\"outcome\":\"applied\","       \
	"\"damaged\":false},{\"number\":12,\"damaged\":true},"           \
	"{\"number\":4,\"time\":1700000000,\"damaged\":false}]"

START_TEST(history_is_readable)
{
	char *made = rendered(render_history,
			      "{\"running\":13,\"confirmed\":4,"
			      "\"seconds_left\":55," GENERATIONS "}",
			      false);

	ck_assert_str_eq(
		made,
		"NO  STATE          TIME                 WHO                  "
		"      DIGEST        OUTCOME  WHY\n"
		"13  not confirmed  2023-11-15 07:13:20  sekimorictl, pid 7, "
		"uid 0  0123456789ab  applied  a\\x0ab\n"
		"12  DAMAGED                                            "
		"                                   \n"
		" 4  confirmed      2023-11-15 07:13:20                 "
		"                                   \n"
		"Generation 13 is undone in 55 s, unless you type: sekimorictl "
		"confirm\n");
	free(made);
	made = rendered(render_history,
			"{\"running\":13,\"confirmed\":13,"
			"\"seconds_left\":-1," GENERATIONS "}",
			false);
	ck_assert_ptr_nonnull(strstr(made, "\n13  in force  "));
	ck_assert_ptr_null(strstr(made, "undone"));
	ck_assert_ptr_null(strstr(made, "confirm"));
	free(made);
	made = rendered(render_history, "{}", true);
	ck_assert_str_eq(made, "保存された世代はない。\n");
	free(made);
}
END_TEST

START_TEST(files_are_shown_as_they_were)
{
	char *made =
		rendered(render_files,
			 "{\"number\":3,\"files\":["
			 "{\"name\":\"sekimori.conf\",\"text\":\"a\\tb\\n\"},"
			 "{\"name\":\"x\\u001b\",\"text\":\"end\"},"
			 "{\"name\":\"none\",\"text\":\"\"},7,"
			 "{\"name\":\"secret\",\"len\":12,"
			 "\"sha256\":\"ab\",\"text\":null}]}",
			 false);

	ck_assert_str_eq(made, "==> sekimori.conf <==\na\tb\n"
			       "==> x\\x1b <==\nend\n"
			       "==> none <==\n==>  <==\n"
			       "==> secret <==\n(12 bytes, SHA-256 ab: what it "
			       "holds is shown to root only)\n");
	free(made);
}
END_TEST

START_TEST(journal_is_readable)
{
	char *made = rendered(
		render_journal,
		"[{\"n\":1,\"time\":\"2023-11-14T22:13:20Z\",\"event\":"
		"\"SEKI-RELOAD\",\"priority\":\"notice\",\"text\":"
		"\"It is in force\",\"fields\":{\"by\":\"control\","
		"\"uid\":0,\"pid\":7,\"process\":\"sekimorictl\","
		"\"why\":\"form 12\"},\"prev\":\"00\"},"
		"{\"n\":2,\"time\":\"?\",\"event\":\"rollback\",\"by\":"
		"\"timer\",\"from\":13,\"to\":\"12\",\"prev\":\"01\"},"
		"{\"fault\":\"garbled\",\"file\":\"journal.1\",\"line\":3}]",
		false);

	ck_assert_str_eq(
		made,
		"TIME                 EVENT        WHO                        "
		"WHAT\n"
		"2023-11-15 07:13:20  SEKI-RELOAD  sekimorictl, pid 7, uid 0  "
		"It is in force (\"form 12\")\n"
		"?                    rollback     timer                      "
		"from=13 to=12\n"
		"                     FAULT        journal.1:3                "
		"garbled\n");
	free(made);
	made = rendered(render_journal, "[]", true);
	ck_assert_str_eq(made, "記録はない。\n");
	free(made);
}
END_TEST

/* What ledger_verify() prints, and what it returns */
static char *verified(const char *dir, bool json, int *rc)
{
	char *made;
	size_t len;
	FILE *out = open_memstream(&made, &len);
	const struct ledger ledger = { dir, json, false, out };

	ck_assert_ptr_nonnull(out);
	*rc = ledger_verify(&ledger);
	fclose(out);
	return made;
}

/* A journal of three lines in a new directory */
static void write_journal(char *dir)
{
	static const struct journal_limits limits = { 1 << 20, 4 };
	struct journal_report report;
	struct journal *journal;
	int i;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(journal_open(dir, NULL, &limits, &journal, &report),
			 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(journal_append(journal, "event", NULL, 1), 0);
	journal_close(journal);
}

START_TEST(altered_line_is_named)
{
	char dir[] = "/tmp/sekimori-ledger.XXXXXX", path[64], line[512];
	char *made, expected[128];
	json_t *json;
	FILE *file;
	long at;
	int rc;

	write_journal(dir);
	made = verified(dir, false, &rc);
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(made, "3 lines, all as they were written; 0 faults\n");
	free(made);
	snprintf(path, sizeof(path), "%s/journal.1", dir);
	file = fopen(path, "r+");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	at = ftell(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	at += strstr(line, "event\"") - line;
	ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
	fputc('E', file);
	fclose(file);
	made = verified(dir, false, &rc);
	ck_assert_int_eq(rc, -EBADMSG);
	snprintf(expected, sizeof(expected), "%s/journal.1:2: ", dir);
	ck_assert_msg(!strncmp(made, expected, strlen(expected)), "%s", made);
	ck_assert_ptr_nonnull(strstr(made, "THE JOURNAL IS NOT"));
	free(made);
	made = verified(dir, true, &rc);
	json = json_loads(made, 0, NULL);
	ck_assert_int_eq(rc, -EBADMSG);
	ck_assert_int_gt(number(json, "n_faults"), 0);
	ck_assert_int_eq(
		number(json_array_get(json_object_get(json, "faults"), 0),
		       "line"),
		2);
	json_decref(json);
	free(made);
	unlink(path);
	snprintf(path, sizeof(path), "%s/journal.head", dir);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
	free(verified(dir, false, &rc));
	ck_assert_int_eq(rc, -ENOENT);
}
END_TEST

static const char *const conduits[] = {
	/* of two zones, one kind twice, one ended */
	"{ name = \"one\"; kind = \"plain\"; from = [ \"b\", \"10.2.0.7\" ];\n"
	"  to = [ \"10.1.0.9\" ]; services = [ \"tcp/443\", \"tcp/80\" ];\n"
	"  valid_until = \"2027-03-01\"; },\n"
	"{ name = \"two\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"  to = [ \"10.1.0.8\" ]; services = [ \"tcp/443\" ]; },\n"
	"{ name = \"old\"; kind = \"plain\"; from = [ \"a\" ];\n"
	"  to = [ \"b\" ]; services = [ \"tcp/9\" ];\n"
	"  valid_until = \"2026-11-23\"; },\n"
	"{ name = \"in\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"  to = [ \"gateway\" ]; services = [ \"tcp/22\" ]; }",
	/* "two" under another name, "in" with another port, "old" gone */
	"{ name = \"one\"; kind = \"plain\"; from = [ \"10.2.0.7\", \"b\" ];\n"
	"  to = [ \"10.1.0.9\" ]; services = [ \"tcp/80\", \"tcp/443\" ];\n"
	"  valid_until = \"2027-03-01\"; },\n"
	"{ name = \"second\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"  to = [ \"10.1.0.8\" ]; services = [ \"tcp/443\" ]; },\n"
	"{ name = \"in\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"  to = [ \"gateway\" ]; services = [ \"tcp/23\" ]; }",
};

static const struct policy *load(struct arena *arena, const char *entries)
{
	struct model *model = conf_new(NULL, arena);
	const struct policy *policy;
	struct diag diag;
	char *text;

	diag_init(&diag, arena);
	text = arena_printf(
		arena,
		"format = 1;\n"
		"gateway = { name = \"g\"; model = \"alpha\";\n"
		"  guideline = \"R7.3\"; };\n"
		"zones = (\n"
		"  { name = \"a\"; layer = \"lgwan\"; label = \"LGWAN接続系\";\n"
		"    interfaces = [ \"a0\", \"a1\" ];\n"
		"    networks = [ \"10.1.0.0/24\" ]; },\n"
		"  { name = \"b\"; layer = \"other\"; interfaces = [ \"b0\" ];\n"
		"    networks = [ \"10.2.0.0/24\" ]; } );\n"
		"conduits = ( %s );\n",
		entries);
	conf_parse(model, "test", text, strlen(text), &diag);
	conf_finish(model, "test", &diag);
	policy = load_policy(model, &diag);
	ck_assert_ptr_nonnull(policy);
	return policy;
}

/* At noon */
static const struct terms *terms_on(const struct policy *policy,
				    unsigned int date)
{
	return terms_build(policy, instant(date, 12, 0, false), 0,
			   &day_calendar, policy->arena);
}

START_TEST(conduits_are_shown)
{
	struct arena *arena = arena_new();
	const struct policy *policy = load(arena, conduits[0]);
	struct show_count counts[] = {
		{ .packets = 3, .bytes = 300, .last_hit = 1000 },
	};
	size_t first = 0;
	json_t *array, *one, *old;

	counts[0].id = policy->conduits[0].flows[1].id;
	array = show_conduits(policy, counts, 1, terms_on(policy, 20261124),
			      &first);
	ck_assert_uint_eq(first, 4);
	ck_assert_uint_eq(json_array_size(array), 4);
	one = json_array_get(array, 0);
	ck_assert_int_eq(number(one, "flows"), 4);
	ck_assert_uint_eq(json_array_size(json_object_get(one, "marks")), 4);
	ck_assert_int_eq(number(one, "packets"), 3);
	ck_assert_int_eq(number(one, "bytes"), 300);
	ck_assert_int_eq(number(one, "last_hit"), 1000);
	ck_assert_int_eq(number(one, "days_left"), 97);
	ck_assert(json_is_true(json_object_get(one, "in_force")));
	old = json_array_get(array, 2);
	ck_assert_int_eq(number(old, "days_left"), -1);
	ck_assert(json_is_false(json_object_get(old, "in_force")));
	ck_assert(json_is_null(json_object_get(old, "last_hit")));
	ck_assert(json_is_null(
		json_object_get(json_array_get(array, 1), "valid_until")));
	ck_assert_int_eq(number(one, "next_change"),
			 instant(20270302, 0, 0, false));
	ck_assert(json_is_null(json_object_get(old, "next_change")));
	json_decref(array);
	arena_free(arena);
}
END_TEST

START_TEST(matrix_counts_what_is_in_force)
{
	struct arena *arena = arena_new();
	const struct policy *policy = load(arena, conduits[0]);
	json_t *matrix = show_matrix(policy, terms_on(policy, 20261124));
	json_t *pairs = json_object_get(matrix, "pairs");
	json_t *again = show_matrix(policy, terms_on(policy, 20261123)), *pair;

	ck_assert_uint_eq(json_array_size(json_object_get(matrix, "zones")), 3);
	ck_assert_uint_eq(json_array_size(pairs), 2);
	pair = json_array_get(pairs, 1);
	ck_assert_str_eq(json_string_value(json_object_get(pair, "from")), "b");
	ck_assert_str_eq(json_string_value(json_object_get(pair, "to")), "a");
	ck_assert_int_eq(number(pair, "conduits"), 2);
	ck_assert_int_eq(number(json_object_get(pair, "kinds"), "plain"), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(again, "pairs")), 3);
	json_decref(matrix);
	json_decref(again);
	arena_free(arena);
}
END_TEST

START_TEST(zones_show_their_interfaces)
{
	static struct prefix address = {
		.addr = { .family = 4, .bytes = { 10, 1, 0, 1 } }, .len = 24
	};
	static struct link links[] = {
		{ .name = "a0",
		  .up = true,
		  .addresses = &address,
		  .n_addresses = 1 },
		{ .name = "b0" },
	};
	static const struct surroundings around = { .links = links,
						    .n_links = 2 };
	static const char *const states[] = { "up", "absent" };
	struct arena *arena = arena_new();
	const struct policy *policy = load(arena, conduits[0]);
	json_t *zones = show_zones(policy, &around, terms_on(policy, 20261124));
	json_t *zone = json_array_get(zones, 1), *entry;
	size_t i;

	ck_assert_uint_eq(json_array_size(zones), 3);
	ck_assert_int_eq(number(zone, "conduits_to"), 2);
	ck_assert_int_eq(number(zone, "conduits_from"), 0);
	json_array_foreach(json_object_get(zone, "interfaces"), i, entry) {
		ck_assert_str_eq(
			json_string_value(json_object_get(entry, "state")),
			states[i]);
	}
	ck_assert_uint_eq(i, 2);
	json_decref(zones);
	arena_free(arena);
}
END_TEST

START_TEST(changes_are_counted)
{
	struct arena *arena = arena_new();
	const struct policy *before = load(arena, conduits[0]);
	const struct policy *after = load(arena, conduits[1]);
	struct show_change change;

	show_compare(before, after, &change);
	ck_assert_uint_eq(change.n_added, 1); /* second */
	ck_assert_uint_eq(change.n_removed, 2); /* two, old */
	ck_assert_uint_eq(change.n_changed, 1); /* in */
	show_compare(before, before, &change);
	ck_assert_uint_eq(change.n_added + change.n_removed + change.n_changed,
			  0);
	show_compare(NULL, after, &change);
	ck_assert_uint_eq(change.n_added, 3);
	arena_free(arena);
}
END_TEST

START_TEST(odd_replies_are_rendered)
{
	static const char *const texts[] = {
		"{}",
		"{\"status\":7,\"zones\":[7,{}],\"conduits\":[[],{}],"
		"\"pairs\":[{}],\"findings\":[{}]}",
		"{\"zones\":[\"a\"],\"pairs\":[{\"from\":\"a\",\"to\":\"a\","
		"\"kinds\":{\"x\":\"y\"}}]}",
		"{\"conduits\":[{\"marks\":7,\"from\":[1],\"to\":[{}],"
		"\"services\":[{}],\"last_hit\":-9223372036854775807,"
		"\"valid_until\":\"x\",\"packets\":1}]}",
		"{\"open\":[7,{},{\"actors\":7,\"changes\":[7,{}]}],"
		"\"history\":{},\"concerns\":[7,{\"gravity\":7}],\"record\":{"
		"\"time_usec\":-9223372036854775807},\"missed\":\"x\"}",
		"{\"edited\":true,\"confirm_until\":9223372036854775807,"
		"\"sessions_ended\":\"x\",\"generations\":[7,{},{\"digest\":7}],"
		"\"files\":[7,{},{\"text\":7}],\"kernel\":null}",
	};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json = json_loads(texts[_i % 6], 0, NULL);
	bool ja = _i >= 6;

	ck_assert_ptr_nonnull(json);
	render_status(json, ja, out);
	render_zones(json, ja, out);
	render_matrix(json, ja, out);
	render_conduits(json, ja, out);
	render_findings(json_object_get(json, "findings"), out);
	render_drift(json, ja, out);
	render_audit(json, ja, out);
	render_record(json, ja, out);
	render_change(json, ja, out);
	render_history(json, ja, out);
	render_files(json, ja, out);
	render_plan(json, ja, out);
	render_journal(json_object_get(json, "generations"), ja, out);
	fclose(out);
	ck_assert_uint_gt(len, 0);
	free(text);
	json_decref(json);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parts");
	TCase *tcase = tcase_create("parts");
	SRunner *runner;
	int n_failed;

	setenv("TZ", TOKYO, 1);
	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_loop_test(tcase, text_is_escaped, 0, ARRAY_LEN(escapes));
	tcase_add_test(tcase, text_is_cut_between_characters);
	tcase_add_test(tcase, log_values_cannot_forge);
	tcase_add_test(tcase, log_lines_are_bounded);
	tcase_add_test(tcase, records_are_a_ring);
	tcase_add_test(tcase, log_is_kept_as_data);
	tcase_add_test(tcase, tables_are_wide_enough);
	tcase_add_test(tcase, days);
	tcase_add_test(tcase, days_on_which_clocks_change);
	tcase_add_loop_test(tcase, terms_when_clocks_change, 0,
			    sizeof(terms_on_days) / sizeof(*terms_on_days));
	tcase_add_test(tcase, days_of_a_term);
	tcase_add_loop_test(tcase, request_is_understood, 0,
			    ARRAY_LEN(requests));
	tcase_add_test(tcase, request_is_taken_as_it_is);
	tcase_add_loop_test(tcase, durations_are_understood, 0,
			    ARRAY_LEN(durations));
	tcase_add_test(tcase, arguments_are_numbers_or_not);
	tcase_add_test(tcase, incidents_come_and_go);
	tcase_add_test(tcase, incident_is_told);
	tcase_add_test(tcase, incidents_are_bounded);
	tcase_add_loop_test(tcase, incident_is_logged, 0,
			    ARRAY_LEN(incident_lines));
	tcase_add_test(tcase, drift_is_readable);
	tcase_add_test(tcase, audit_begins_with_the_worst);
	tcase_add_test(tcase, records_are_readable);
	tcase_add_test(tcase, change_is_told);
	tcase_add_test(tcase, unconfirmed_change_says_what_to_do);
	tcase_add_test(tcase, history_is_readable);
	tcase_add_test(tcase, files_are_shown_as_they_were);
	tcase_add_test(tcase, journal_is_readable);
	tcase_add_test(tcase, altered_line_is_named);
	tcase_add_test(tcase, conduits_are_shown);
	tcase_add_test(tcase, matrix_counts_what_is_in_force);
	tcase_add_test(tcase, zones_show_their_interfaces);
	tcase_add_test(tcase, changes_are_counted);
	tcase_add_loop_test(tcase, odd_replies_are_rendered, 0, 12);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? 1 : 0;
}
