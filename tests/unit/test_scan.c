// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scanner, and the two small things that its messages are made with. What
 * it writes is compared as a whole, because libconfig reads all of it; that
 * libconfig takes it and finds each setting on its line is a test of conf.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "guess.h"
#include "scan.h"
#include "suites.h"
#include "utf8.h"

#define ARRAY_LEN(array) ((int)(sizeof(array) / sizeof((array)[0])))

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

static void check_first(const char *wanted)
{
	char line[400];

	ck_assert_uint_ge(diag.n_findings, 1);
	diag_print(&diag.findings[0], line, sizeof(line));
	ck_assert_str_eq(line, wanted);
}

/* A text, what is written for libconfig, and the first finding if any */
static const struct {
	const char *text, *out, *finding;
} good[] = {
	{ "", "\n", NULL },
	{ " \t\r\n\f# nothing", "\n", NULL },
	{ "a=1", "a=1LL;\n", NULL },
	{ "a : -1L , b=+0LL;", "a=-1LL;b=+0LL;\n", NULL },
	{ "a=0X1fL b=true c=FALSE", "a=0X1fLL;b=true;c=FALSE;\n", NULL },
	{ "a=1.5 b=-.5e+3 c=1E9 d=1.", "a=1.5;b=-.5e+3;c=1E9;d=1.;\n", NULL },
	{ "a=99999999999999999999;", "a=999999999999999999LL;\n", NULL },
	{ "a=\"x # y // z /* @include \\\"q\\\" \\\\\"",
	  "a=\"x # y // z /* @include \\\"q\\\" \\\\\";\n", NULL },
	{ "a=\"\\\\x00\"", "a=\"\\\\x00\";\n", NULL },
	{ "a=\"x\"\n  \"y\"\n/* */ \"z\";b=1", "a=\"x\"\n\"y\"\n\"z\";b=1LL;\n",
	  NULL },
	{ "a=[];b=();c={};", "a=[];b=();c={};\n", NULL },
	{ "a = [ \"x\"\n,\n\"y\"\n]\n;\nb = { c = ( 1,\n{ } )\n, }",
	  "a=[\"x\",\n\n\"y\"];\n\n\nb={c=(1LL,\n{});};\n", NULL },
	{ "/* a\n=*/a// b\n=#\n1/**/;", "\na=\n\n1LL;\n", NULL },
	{ "/*/ still */a=1", "a=1LL;\n", NULL },
	/* what is left out after a report */
	{ "a=1;\nb=2;\na={c=3;\n};d=4", "a=1LL;\nb=2LL;\n\nd=4LL;\n",
	  "f:3: error: duplicate the setting \"a\" is already there in this "
	  "group; remove one of the two (see f:1)" },
	{ "a=[1,\n\"x\",\n2]", "a=[1LL,\n\n2LL];\n",
	  "f:2: error: type the elements of an array must be of one type; "
	  "this one is not like the first" },
	{ "a=\"x\\x00y\\\"\\X00\"", "a=\"xy\\\"\";\n",
	  "f:1: error: syntax \\x00 would end the text before its closing "
	  "quote; remove it" },
};

START_TEST(test_good)
{
	struct scanned scanned;
	int ret = scan_text("f", good[_i].text, strlen(good[_i].text), &diag,
			    &scanned);

	ck_assert_int_eq(ret, 0);
	ck_assert_uint_eq(scanned.n_pieces, 1);
	ck_assert_uint_eq(scanned.pieces[0].start, 0);
	ck_assert_uint_eq(scanned.pieces[0].first_line, 1);
	ck_assert_uint_eq(scanned.pieces[0].first_element, 0);
	ck_assert_str_eq(scanned.text, good[_i].out);
	scan_free(&scanned);
	if (good[_i].finding)
		check_first(good[_i].finding);
	else
		ck_assert_uint_eq(diag.n_errors, 0);
}
END_TEST

#define SYNTAX(line) "f:" line ": error: syntax "

static const struct {
	const char *text, *finding;
} bad[] = {
	{ "a", SYNTAX("1") "expected \"=\" behind \"a\", but the file ends "
			   "here" },
	{ "a\n1", SYNTAX("2") "expected \"=\" behind \"a\", but found \"1\"" },
	{ "a=", SYNTAX("1") "expected a value, but the file ends here" },
	{ "a=;", SYNTAX("1") "expected a value, but found \";\"" },
	{ "a==1", SYNTAX("1") "expected a value, but found \"=\"" },
	{ "=1", SYNTAX("1") "expected the name of a setting, but found \"=\"" },
	{ ";", SYNTAX("1") "expected the name of a setting, but found \";\"" },
	{ "a=1;;", SYNTAX("1") "expected the name of a setting, but found "
			       "\";\"" },
	{ "a=1 2", SYNTAX("1") "expected the name of a setting, but found "
			       "\"2\"" },
	{ "\"a\"=1", SYNTAX("1") "expected the name of a setting, but found "
				 "the text \"a\"" },
	{ "true=1", SYNTAX("1") "expected the name of a setting, but found "
				"\"true\"" },
	{ "a=alpha", SYNTAX("1") "\"alpha\" is no value; text must stand in "
				 "double quotes" },
	{ "a=10.0.0.0/8", SYNTAX("1") "\"10.0.0.0\" is not a number; text "
				      "must stand in double quotes" },
	{ "a=1x", SYNTAX("1") "\"1x\" is not a number; text must stand in "
			      "double quotes" },
	{ "a=0x", SYNTAX("1") "\"0x\" is not a number; text must stand in "
			      "double quotes" },
	{ "a=-0x1", SYNTAX("1") "\"-0x1\" is not a number; text must stand in "
				"double quotes" },
	{ "a=1LLL", SYNTAX("1") "\"1LLL\" is not a number; text must stand in "
				"double quotes" },
	{ "a=-", SYNTAX("1") "\"-\" is not a number; text must stand in "
			     "double quotes" },
	{ "a=.", SYNTAX("1") "\".\" is not a number; text must stand in "
			     "double quotes" },
	{ "a=1e", SYNTAX("1") "\"1e\" is not a number; text must stand in "
			      "double quotes" },
	{ "a=\n[\n1", SYNTAX("3") "expected \",\" or \"]\", but the file ends "
				  "here (see f:2)" },
	{ "a=[1,]", SYNTAX("1") "expected another element behind the \",\", "
				"but found \"]\" (see f:1)" },
	{ "a=[,1]", SYNTAX("1") "expected a value, but found \",\"" },
	{ "a=[1)", SYNTAX("1") "expected \",\" or \"]\", but found \")\" (see "
			       "f:1)" },
	{ "a=[[1]]", SYNTAX("1") "expected a value, but found \"[\"" },
	{ "a=[\"x\"\n\"y\"]", SYNTAX("2") "expected \",\" or \"]\", but found "
					  "the text \"y\" (see f:1)" },
	{ "a=(\n{}\n{})", SYNTAX("3") "expected \",\" or \")\", but found "
				      "\"{\" (see f:1)" },
	{ "a=({},)", SYNTAX("1") "expected another element behind the \",\", "
				 "but found \")\" (see f:1)" },
	{ "a={\n b=1", SYNTAX("2") "expected the name of a setting or \"}\", "
				   "but the file ends here (see f:1)" },
	{ "a={b=1]", SYNTAX("1") "expected the name of a setting or \"}\", "
				 "but found \"]\" (see f:1)" },
	{ "\na=\"x\ny\"", SYNTAX("2") "the text that starts here is not "
				      "closed on its line; write a double "
				      "quote at its end" },
	{ "a=\"x\\", SYNTAX("1") "the text that starts here is not closed on "
				 "its line; write a double quote at its end" },
	{ "a=\"x\\\n\"", SYNTAX("1") "the text that starts here is not closed "
				     "on its line; write a double quote at "
				     "its end" },
	{ "a=1\n/* b=1;\n\n", SYNTAX("2") "the comment that starts here is "
					  "not closed; write \"*/\" at its "
					  "end" },
	{ "/*/", SYNTAX("1") "the comment that starts here is not closed; "
			     "write \"*/\" at its end" },
	{ "a=1;\n  @include \"x\"", SYNTAX("2") "@include is not supported; "
						"put the settings into this "
						"file, or into one of their "
						"own in conf.d" },
	{ "a=1/2", SYNTAX("1") "\"/\" must not stand outside of a text in "
			       "double quotes" },
	{ "a=\x82\xa0", SYNTAX("1") "\"\\x82\" must not stand outside of a "
				    "text in double quotes" },
	{ "\xef\xbb\xbf"
	  "a=1",
	  SYNTAX("1") "there is a byte order mark; save the file as UTF-8 "
		      "without one" },
	{ "a\xe3\x80\x80=1", SYNTAX("1") "there is a full-width space outside "
					 "of a text; write a normal space" },
	{ "a\xef\xbc\x9d"
	  "1",
	  SYNTAX("1") "there is a full-width \"\xef\xbc\x9d\" outside of a "
		      "text; write '='" },
	{ "a=(((((((({}))))))));", "f:1: error: limit brackets are nested too "
				   "deep; the limit is 8" },
};

START_TEST(test_bad)
{
	struct scanned scanned = { NULL, NULL, 99 };
	int ret = scan_text("f", bad[_i].text, strlen(bad[_i].text), &diag,
			    &scanned);

	ck_assert_int_eq(ret, -EINVAL);
	ck_assert_uint_eq(scanned.n_pieces, 99);
	ck_assert_uint_eq(diag.n_errors, 1);
	check_first(bad[_i].finding);
}
END_TEST

START_TEST(test_nul_byte)
{
	struct scanned scanned;

	ck_assert_int_eq(scan_text("f", "a=1;\n#\0", 7, &diag, &scanned),
			 -EINVAL);
	check_first("f:2: error: syntax there is a NUL byte; a configuration "
		    "is a text in UTF-8");
	ck_assert_int_eq(scan_text("f", NULL, 0, &diag, &scanned), 0);
	ck_assert_str_eq(scanned.text, "\n");
	scan_free(&scanned);
}
END_TEST

/* @n times @part between @start and @end */
static const struct {
	const char *start, *part, *end;
	size_t n;
	const char *finding;
} large[] = {
	{ "a=\"", "x", "\";", SCAN_LITERAL_MAX, NULL },
	{ "a=\"", "x", "\";", SCAN_LITERAL_MAX + 1,
	  "f:1: error: limit the text has too many bytes; the limit is 4096" },
	{ "a=", "\"xx\"", ";", SCAN_LITERAL_MAX,
	  "f:1: error: limit the text has too many bytes; the limit is 4096" },
	{ "a=(1", ",1", ");", SCAN_VALUES_MAX - 2, NULL },
	{ "a=(1", ",1", ");", SCAN_VALUES_MAX - 1,
	  "f:1: error: limit too many values in one file; the limit is "
	  "4000000" },
	{ "a=({}", ",{}", ");", SCAN_VALUES_MAX - 1,
	  "f:1: error: limit too many values in one file; the limit is "
	  "4000000" },
	{ "#", "xxxxxxxxxxxxxxxx", "", SCAN_BYTES_MAX / 16,
	  "f: error: limit the file has 67108865 bytes; the limit is "
	  "67108864" },
	{ "", "# \n", "a", 100000,
	  "f:100001: error: syntax expected \"=\" behind \"a\", but the file "
	  "ends here" },
};

START_TEST(test_large)
{
	size_t start = strlen(large[_i].start), part = strlen(large[_i].part);
	size_t end = strlen(large[_i].end), i;
	size_t len = start + part * large[_i].n + end;
	char *bytes = malloc(len), *at = bytes;
	struct scanned scanned = { NULL, NULL, 0 };
	int ret;

	ck_assert_ptr_nonnull(bytes);
	memcpy(at, large[_i].start, start);
	at += start;
	for (i = 0; i < large[_i].n; i++, at += part)
		memcpy(at, large[_i].part, part);
	memcpy(at, large[_i].end, end);
	ret = scan_text("f", bytes, len, &diag, &scanned);
	free(bytes);
	scan_free(&scanned);
	ck_assert_int_eq(ret, large[_i].finding ? -EINVAL : 0);
	if (large[_i].finding)
		check_first(large[_i].finding);
}
END_TEST

START_TEST(test_settings_in_a_group)
{
	struct scanned scanned;
	char bytes[SCAN_SETTINGS_MAX * 8 + 8];
	size_t len = 0, i;

	for (i = 0; i < SCAN_SETTINGS_MAX; i++)
		len += snprintf(bytes + len, sizeof(bytes) - len, "a%zu=1;", i);
	ck_assert_int_eq(scan_text("f", bytes, len, &diag, &scanned), 0);
	scan_free(&scanned);
	len += snprintf(bytes + len, sizeof(bytes) - len, "b=1;");
	ck_assert_int_eq(scan_text("f", bytes, len, &diag, &scanned), -EINVAL);
	check_first("f:1: error: limit too many settings in one group; the "
		    "limit is 64");
}
END_TEST

/* "@" stands for SCAN_ELEMENTS elements, "%" for one less, each with a comma. */
static const struct {
	const char *text;
	const char *pieces[4]; /* up to the first NULL */
	unsigned int lines[4], elements[4];
} pieced[] = {
	{ "a=1;l=(@\n1);\n\nb=2;",
	  { "a=1LL;l=(@);\n", "l=(1LL);\n\nb=2LL;\n" },
	  { 1, 2 },
	  { 0, SCAN_ELEMENTS } },
	{ "l=(%1);", { "l=(%1LL);\n" }, { 1 }, { 0 } },
	{ "\nl=(\n@\n@\n\n1);m=(@\n{\n});",
	  { "\nl=(\n@);\n", "l=(@);\n", "l=(1LL);m=(@);\n", "m=({});\n" },
	  { 1, 4, 6, 7 },
	  { 0, SCAN_ELEMENTS, 2 * SCAN_ELEMENTS, SCAN_ELEMENTS } },
	/* only the lists at the top, and not those that are left out */
	{ "g={l=(@1);};a=[@1];l=((@1));",
	  { "g={l=(@1LL);};a=[@1LL];l=((@1LL));\n" },
	  { 1 },
	  { 0 } },
	{ "a=1;\na=(@1);\nb=2;", { "a=1LL;\n\nb=2LL;\n" }, { 1 }, { 0 } },
};

/* @text with its "@" and "%" replaced, to be freed */
static char *expand(const char *text, const char *element)
{
	size_t len = strlen(element), size = 16 * SCAN_ELEMENTS * len + 100, n;
	char *out = malloc(size), *at = out;

	ck_assert_ptr_nonnull(out);
	for (; *text; text++) {
		n = *text == '@' ? SCAN_ELEMENTS :
		    *text == '%' ? SCAN_ELEMENTS - 1 :
				   0;
		if (!n)
			*at++ = *text;
		for (; n; n--)
			at = stpcpy(at, element);
	}
	*at = '\0';
	return out;
}

START_TEST(test_pieces)
{
	char *text = expand(pieced[_i].text, "1,"), *wanted;
	struct scanned scanned;
	size_t i, len;

	ck_assert_int_eq(scan_text("f", text, strlen(text), &diag, &scanned),
			 0);
	for (i = 0; i < scanned.n_pieces; i++) {
		const struct scan_piece *piece = &scanned.pieces[i];

		ck_assert_uint_lt(i, 4);
		ck_assert_ptr_nonnull(pieced[_i].pieces[i]);
		wanted = expand(pieced[_i].pieces[i], "1LL,");
		/* The last comma of a piece is not in it. */
		len = strlen(wanted);
		if (len > 5 && !strcmp(wanted + len - 4, ",);\n"))
			strcpy(wanted + len - 4, ");\n");
		ck_assert_str_eq(scanned.text + piece->start, wanted);
		ck_assert_uint_eq(piece->first_line, pieced[_i].lines[i]);
		ck_assert_uint_eq(piece->first_element, pieced[_i].elements[i]);
		free(wanted);
	}
	ck_assert(i == 4 || !pieced[_i].pieces[i]);
	scan_free(&scanned);
	free(text);
}
END_TEST

/* @len: of the first character; 0 if it is not UTF-8 */
static const struct {
	const char *text;
	size_t len;
	uint32_t rune;
	bool plain;
} runes[] = {
	{ "", 0, 0, false },
	{ "a", 1, 'a', true },
	{ "\x1f", 1, 0x1f, false },
	{ "\x7f", 1, 0x7f, false },
	{ "\x80", 0, 0, false },
	{ "\xc2\x9f", 2, 0x9f, false },
	{ "\xc2\xa0", 2, 0xa0, true },
	{ "\xc1\xbf", 0, 0, false },
	{ "\xc2", 0, 0, false },
	{ "\xe3\x81\x82", 3, 0x3042, true },
	{ "\xe3\x81", 0, 0, false },
	{ "\xe3\x81\x22", 0, 0, false },
	{ "\xe0\x9f\xbf", 0, 0, false },
	{ "\xed\xa0\x80", 0, 0, false },
	{ "\xe2\x80\xa8", 3, 0x2028, false },
	{ "\xe2\x80\xae", 3, 0x202e, false },
	{ "\xe2\x81\xa6", 3, 0x2066, false },
	{ "\xf0\xa9\xb8\xbd", 4, 0x29e3d, true },
	{ "\xf0\x8f\xbf\xbf", 0, 0, false },
	{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff, true },
	{ "\xf4\x90\x80\x80", 0, 0, false },
	{ "\xff", 0, 0, false },
};

START_TEST(test_utf8_read)
{
	const char *text = runes[_i].text;
	uint32_t rune = 99;

	ck_assert_uint_eq(utf8_read(text, strlen(text), &rune), runes[_i].len);
	if (!runes[_i].len) {
		ck_assert_uint_eq(rune, 99);
		return;
	}
	ck_assert_uint_eq(rune, runes[_i].rune);
	ck_assert_int_eq(utf8_is_plain(rune), runes[_i].plain);
}
END_TEST

static const struct {
	const char *text, *quoted;
} quotes[] = {
	{ "", "\"\"" },
	{ "a b", "\"a b\"" },
	{ "a\"\\", "\"a\\\"\\\\\"" },
	{ "\n\x1b[0m\xff", "\"\\x0a\\x1b[0m\\xff\"" },
	{ "\xe2\x80\xae", "\"\\xe2\\x80\\xae\"" },
	{ "\xe9\x96\xa2\xe5\xae\x88", "\"\xe9\x96\xa2\xe5\xae\x88\"" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456"
	  "789012345678901234567890123456789",
	  "\"012345678901234567890123456789012345678901234567890123456789012345"
	  "678901234567890123456789...\"" },
};

START_TEST(test_utf8_quote)
{
	char buf[QUOTE_TEXT];

	ck_assert_str_eq(utf8_quote(quotes[_i].text, strlen(quotes[_i].text),
				    buf),
			 quotes[_i].quoted);
}
END_TEST

/* Whatever is cut off, the result fits, is closed and is UTF-8. */
START_TEST(test_utf8_quote_cuts_between_characters)
{
	char text[200], buf[QUOTE_TEXT];
	size_t len, i;

	for (len = 0; len < sizeof(text); len++) {
		uint32_t rune;
		size_t n;

		for (i = 0; i < sizeof(text); i++)
			text[i] = "\xe3\x81\x82"[(i + len) % 3];
		utf8_quote(text, len, buf);
		n = strlen(buf);
		ck_assert_uint_lt(n, sizeof(buf));
		ck_assert_int_eq(buf[n - 1], '"');
		for (i = 0; i < n; i += utf8_read(buf + i, n - i, &rune))
			ck_assert_uint_ne(utf8_read(buf + i, n - i, &rune), 0);
	}
}
END_TEST

static const struct {
	const char *text, *word;
} guesses[] = {
	{ "form", "from" },
	{ "from", "from" },
	{ "FROM", "from" },
	{ "too", "to" },
	{ "ot", "to" },
	{ "rfom", "from" },
	{ "fro", "from" },
	{ "ab", NULL },
	{ "a", NULL },
	{ "valid_untill", "valid_until" },
	{ "validuntil", "valid_until" },
	{ "valid-until", "valid_until" },
	{ "service", "services" },
	{ "xvxlid_untxl", NULL },
	{ "", NULL },
	{ "a-word-of-more-than-31-characters", NULL },
};

START_TEST(test_guess)
{
	static const char *const words[] = { "from", "to", "services",
					     "valid_until" };
	struct guess guess = { NULL, 0 };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		guess_try(&guess, guesses[_i].text, words[i]);
	if (guesses[_i].word)
		ck_assert_str_eq(guess.word, guesses[_i].word);
	else
		ck_assert_ptr_null(guess.word);
}
END_TEST

Suite *test_scan_suite(void)
{
	Suite *suite = suite_create("scan");
	TCase *tc = tcase_create("scan");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_good, 0, ARRAY_LEN(good));
	tcase_add_loop_test(tc, test_bad, 0, ARRAY_LEN(bad));
	tcase_add_test(tc, test_nul_byte);
	tcase_add_loop_test(tc, test_large, 0, ARRAY_LEN(large));
	tcase_add_test(tc, test_settings_in_a_group);
	tcase_add_loop_test(tc, test_pieces, 0, ARRAY_LEN(pieced));
	tcase_add_loop_test(tc, test_utf8_read, 0, ARRAY_LEN(runes));
	tcase_add_loop_test(tc, test_utf8_quote, 0, ARRAY_LEN(quotes));
	tcase_add_test(tc, test_utf8_quote_cuts_between_characters);
	tcase_add_loop_test(tc, test_guess, 0, ARRAY_LEN(guesses));
	suite_add_tcase(suite, tc);
	return suite;
}
