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

#include "actor.h"
#include "arena.h"
#include "conf.h"
#include "day.h"
#include "escape.h"
#include "incident.h"
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
	{ METHOD("Drift") "}", 0, NULL },
	{ METHOD("Audit") "}", 0, NULL },
	{ METHOD("Watch") ",\"more\":true}", 0, NULL },
	{ METHOD("Watch") ",\"parameters\":{\"since\":1}}", -EINVAL,
	  "InvalidParameter" },
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
	json_t *zones = show_zones(load(arena, conduits[0]), &around, 20261124);
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
	};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json = json_loads(texts[_i % 5], 0, NULL);
	bool ja = _i >= 5;

	ck_assert_ptr_nonnull(json);
	render_status(json, ja, out);
	render_zones(json, ja, out);
	render_matrix(json, ja, out);
	render_conduits(json, ja, out);
	render_findings(json_object_get(json, "findings"), out);
	render_drift(json, ja, out);
	render_audit(json, ja, out);
	render_record(json, ja, out);
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
	tcase_add_test(tcase, records_are_a_ring);
	tcase_add_test(tcase, log_is_kept_as_data);
	tcase_add_test(tcase, tables_are_wide_enough);
	tcase_add_test(tcase, days);
	tcase_add_loop_test(tcase, request_is_understood, 0,
			    ARRAY_LEN(requests));
	tcase_add_test(tcase, incidents_come_and_go);
	tcase_add_test(tcase, incident_is_told);
	tcase_add_test(tcase, incidents_are_bounded);
	tcase_add_loop_test(tcase, incident_is_logged, 0,
			    ARRAY_LEN(incident_lines));
	tcase_add_test(tcase, drift_is_readable);
	tcase_add_test(tcase, audit_begins_with_the_worst);
	tcase_add_test(tcase, records_are_readable);
	tcase_add_test(tcase, conduits_are_shown);
	tcase_add_test(tcase, matrix_counts_what_is_in_force);
	tcase_add_test(tcase, zones_show_their_interfaces);
	tcase_add_test(tcase, changes_are_counted);
	tcase_add_loop_test(tcase, odd_replies_are_rendered, 0, 10);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? 1 : 0;
}
