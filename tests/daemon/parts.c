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

#include "arena.h"
#include "conf.h"
#include "day.h"
#include "escape.h"
#include "load.h"
#include "log.h"
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

START_TEST(days)
{
	/* 2026-11-24 15:00 UTC is midnight in Japan */
	ck_assert_uint_eq(day_of(1795532399), 20261124);
	ck_assert_uint_eq(day_of(1795532400), 20261125);
	ck_assert_int_eq(day_end(1795532399), 1795532400);
	ck_assert_int_eq(day_end(1795532400), 1795532400 + 86400);
}
END_TEST

#define METHOD(name) "{\"method\":\"jp.sekimori.Control." name "\""

static const struct {
	const char *text;
	int rc;
	const char *error; /* the last part of its name */
} requests[] = {
	{ METHOD("Status") "}", 0, NULL },
	{ METHOD("Conduits") ",\"more\":true}", 0, NULL },
	{ METHOD("Status") ",\"parameters\":{}}", 0, NULL },
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
	struct model *model = conf_new(arena);
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

static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	ck_assert_msg(json_is_integer(value), "%s", key);
	return json_integer_value(value);
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
	array = show_conduits(policy, counts, 1, 20261124, &first);
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
	json_decref(array);
	arena_free(arena);
}
END_TEST

START_TEST(matrix_counts_what_is_in_force)
{
	struct arena *arena = arena_new();
	const struct policy *policy = load(arena, conduits[0]);
	json_t *matrix = show_matrix(policy, 20261124);
	json_t *pairs = json_object_get(matrix, "pairs");
	json_t *again = show_matrix(policy, 20261123), *pair;

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
	static const char *addresses[] = { "10.1.0.1/24" };
	static const struct show_link links[] = {
		{ "a0", true, addresses, 1 },
		{ "b0", false, NULL, 0 },
	};
	static const char *const states[] = { "up", "absent" };
	struct arena *arena = arena_new();
	json_t *zones =
		show_zones(load(arena, conduits[0]), links, 2, 20261124);
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
	};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json = json_loads(texts[_i % 4], 0, NULL);
	bool ja = _i >= 4;

	ck_assert_ptr_nonnull(json);
	render_status(json, ja, out);
	render_zones(json, ja, out);
	render_matrix(json, ja, out);
	render_conduits(json, ja, out);
	render_findings(json_object_get(json, "findings"), out);
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

	setenv("TZ", "JST-9", 1);
	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_loop_test(tcase, text_is_escaped, 0, ARRAY_LEN(escapes));
	tcase_add_test(tcase, text_is_cut_between_characters);
	tcase_add_test(tcase, log_values_cannot_forge);
	tcase_add_test(tcase, log_lines_are_bounded);
	tcase_add_test(tcase, tables_are_wide_enough);
	tcase_add_test(tcase, days);
	tcase_add_loop_test(tcase, request_is_understood, 0,
			    ARRAY_LEN(requests));
	tcase_add_test(tcase, conduits_are_shown);
	tcase_add_test(tcase, matrix_counts_what_is_in_force);
	tcase_add_test(tcase, zones_show_their_interfaces);
	tcase_add_test(tcase, changes_are_counted);
	tcase_add_loop_test(tcase, odd_replies_are_rendered, 0, 8);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? 1 : 0;
}
