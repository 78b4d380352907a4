// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is taken over from an earlier model must be what would be read. Easy to
 * get wrong: a field that is added to an entry has to be added to the comparison
 * here as well.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "conf.h"
#include "piece.h"
#include "suites.h"

#define N 1000

static struct arena *arenas[3];

static void setup(void)
{
	size_t i;

	for (i = 0; i < 3; i++)
		arenas[i] = arena_new();
}

static void teardown(void)
{
	size_t i;

	for (i = 0; i < 3; i++)
		arena_free(arenas[i]);
}

/* What a file holds: as many hosts and conduits, but for some */
struct shape {
	const char *lead; /* before the first list */
	size_t edited, removed, added; /* the number of one, 0: none */
};

static void print_host(FILE *f, size_t i)
{
	fprintf(f,
		"{ name = \"h%zu\"; zone = \"z\"; addresses = [ \"10.0.%zu.%zu\","
		"\n\"fd00::%zu\" ];%s },\n",
		i, i / 250, i % 250 + 1, i,
		i % 3 ? "" : "\nmac = \"02:00:00:00:00:01\";");
}

static void print_conduit(FILE *f, size_t i, size_t port)
{
	fprintf(f,
		"{ name = \"c%zu\"; kind = \"special\";\nfrom = [ \"h%zu\" ];\n"
		"to = [ \"gateway\",\n\"10.1.0.0/24\" ]; services = [ \"s\",\n"
		"\"tcp/%zu\" ]; ",
		i, i, port);
	if (i % 2)
		fprintf(f,
			"bind =\n\"mac\"; reason = \"r%zu\"; approved_by = "
			"\"a%zu\"; approval = \"n%zu\";\n",
			i, i, i);
	if (i % 5 == 0)
		fprintf(f,
			"valid_from = \"2026-01-01\";\nvalid_until = "
			"\"2027-01-01\"; windows =\n[ \"Mon-Fri 09:00-17:00\","
			" \"Sun 01:00-02:00\" ];");
	if (i % 7 == 0)
		fprintf(f, "expires =\n\"2026-06-01 00:00+09:00\"; ");
	fprintf(f, "},\n");
}

static char *text_of(const struct shape *shape)
{
	char *text;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	fprintf(f,
		"format = 1;\n%sgateway = { name = \"g\"; model = \"alpha\"; "
		"guideline = \"R7.3\"; };\nhosts = (\n",
		shape->lead);
	for (i = 1; i < N; i++)
		print_host(f, i);
	fprintf(f,
		"{ name = \"last\"; zone = \"z\"; addresses = [ \"10.9.9.9\" "
		"]; } );\nservices = ( { name = \"s\"; ports = [ \"tcp/9\" ]; "
		"} );\nmust_drop = ( { name = \"d\"; from = \"h1\"; to = "
		"\"h2\"; service = \"tcp/1\"; } );\nhistory = { generations = "
		"7; };\nconduits = (\n");
	for (i = 1; i < N; i++) {
		if (i != shape->removed)
			print_conduit(f, i, i == shape->edited ? 81 : 80);
		if (i == shape->added)
			print_conduit(f, N + 1, 82);
	}
	fprintf(f,
		"{ name = \"last\"; kind = \"plain\"; from = [ \"z\" ]; to = "
		"[ \"gateway\" ]; services = [ \"tcp/22\" ]; } );\n"
		"must_pass = (\n");
	for (i = 1; i < N; i++)
		fprintf(f,
			"%s{ name = \"p%zu\"; from = \"h1\"; to = \"h2\"; "
			"service = \"tcp/%zu\"; }",
			i == 1 ? "" : ",\n", i, i);
	fprintf(f, " );\n");
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

static struct model *read_shape(const struct shape *shape, const char *name,
				const struct model *earlier,
				struct arena *arena)
{
	struct model *model = conf_new(earlier, arena);
	char *text = text_of(shape);
	struct diag diag;

	diag_init(&diag, arena);
	conf_parse(model, name, text, strlen(text), &diag);
	conf_finish(model, name, &diag);
	ck_assert_uint_eq(diag.n_findings, 0);
	free(text);
	return model;
}

static void check_place(struct place a, struct place b)
{
	ck_assert_pstr_eq(a.file, b.file);
	ck_assert_uint_eq(a.line, b.line);
}

static void check_word(const struct word *a, const struct word *b)
{
	ck_assert_pstr_eq(a->text, b->text);
	check_place(a->at, b->at);
}

static void check_host(const struct model_host *a, const struct model_host *b)
{
	size_t i;

	check_word(&a->name, &b->name);
	check_word(&a->zone, &b->zone);
	ck_assert_uint_eq(a->n_addresses, b->n_addresses);
	for (i = 0; i < a->n_addresses; i++) {
		ck_assert_mem_eq(&a->addresses[i].addr, &b->addresses[i].addr,
				 sizeof(struct addr));
		check_place(a->addresses[i].at, b->addresses[i].at);
	}
	ck_assert_int_eq(a->has_mac, b->has_mac);
	ck_assert_mem_eq(&a->mac, &b->mac, sizeof(a->mac));
	check_place(a->mac_at, b->mac_at);
}

static void check_endpoints(const struct model_endpoint *a,
			    const struct model_endpoint *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		check_word(&a[i].text, &b[i].text);
		ck_assert_int_eq(a[i].is_prefix, b[i].is_prefix);
		ck_assert_mem_eq(&a[i].prefix.addr, &b[i].prefix.addr,
				 sizeof(struct addr));
		ck_assert_uint_eq(a[i].prefix.len, b[i].prefix.len);
	}
}

static void check_term(const struct model_conduit *a,
		       const struct model_conduit *b)
{
	size_t i;

	ck_assert_int_eq(a->has_valid_from, b->has_valid_from);
	ck_assert_int_eq(a->has_valid_until, b->has_valid_until);
	ck_assert_mem_eq(&a->valid_from, &b->valid_from, sizeof(struct date));
	ck_assert_mem_eq(&a->valid_until, &b->valid_until, sizeof(struct date));
	check_place(a->valid_from_at, b->valid_from_at);
	check_place(a->valid_until_at, b->valid_until_at);
	ck_assert_uint_eq(a->n_windows, b->n_windows);
	for (i = 0; i < a->n_windows; i++) {
		ck_assert_uint_eq(a->windows[i].days, b->windows[i].days);
		ck_assert_uint_eq(a->windows[i].from, b->windows[i].from);
		ck_assert_uint_eq(a->windows[i].until, b->windows[i].until);
	}
	check_place(a->windows_at, b->windows_at);
	ck_assert_int_eq(a->has_expires, b->has_expires);
	ck_assert_int_eq(a->expires, b->expires);
	check_place(a->expires_at, b->expires_at);
}

static void check_conduit(const struct model_conduit *a,
			  const struct model_conduit *b)
{
	size_t i;

	check_word(&a->name, &b->name);
	ck_assert_int_eq(a->kind, b->kind);
	check_place(a->kind_at, b->kind_at);
	ck_assert_int_eq(a->bind, b->bind);
	check_place(a->bind_at, b->bind_at);
	ck_assert_uint_eq(a->n_from, b->n_from);
	check_endpoints(a->from, b->from, a->n_from);
	ck_assert_uint_eq(a->n_to, b->n_to);
	check_endpoints(a->to, b->to, a->n_to);
	ck_assert_uint_eq(a->n_services, b->n_services);
	for (i = 0; i < a->n_services; i++) {
		check_word(&a->services[i].text, &b->services[i].text);
		ck_assert_int_eq(a->services[i].is_service,
				 b->services[i].is_service);
		ck_assert_mem_eq(&a->services[i].service,
				 &b->services[i].service,
				 sizeof(struct service));
	}
	ck_assert_pstr_eq(a->reason, b->reason);
	ck_assert_pstr_eq(a->approved_by, b->approved_by);
	ck_assert_pstr_eq(a->approval, b->approval);
	ck_assert_pstr_eq(a->allowed_by, b->allowed_by);
	check_term(a, b);
}

static void check_models(const struct model *a, const struct model *b)
{
	size_t i;

	ck_assert_uint_eq(a->n_hosts, b->n_hosts);
	for (i = 0; i < a->n_hosts; i++)
		check_host(&a->hosts[i], &b->hosts[i]);
	ck_assert_uint_eq(a->n_conduits, b->n_conduits);
	for (i = 0; i < a->n_conduits; i++)
		check_conduit(&a->conduits[i], &b->conduits[i]);
	ck_assert_pstr_eq(a->gateway_name.text, b->gateway_name.text);
	/* what stands between and behind them is read each time */
	ck_assert_uint_eq(a->n_services, 1);
	ck_assert_uint_eq(a->keeping.generations, 7);
	ck_assert_uint_eq(a->n_trials, N);
	for (i = 0; i < N; i++)
		ck_assert_str_eq(a->trials[i].name.text,
				 b->trials[i].name.text);
	ck_assert_uint_eq(a->n_pieces, b->n_pieces);
	for (i = 0; i < a->n_pieces; i++) {
		ck_assert_mem_eq(a->pieces[i].digest, b->pieces[i].digest,
				 PIECE_DIGEST);
		ck_assert_uint_eq(a->pieces[i].first_line,
				  b->pieces[i].first_line);
		ck_assert_uint_eq(a->pieces[i].first_conduit,
				  b->pieces[i].first_conduit);
	}
}

/* How many entries have been taken over? Those of @model were marked. */
static size_t count_marked(const struct model *model)
{
	size_t n = 0, i;

	for (i = 0; i < model->n_hosts; i++)
		n += model->hosts[i].mac.bytes[5] == 0xee;
	for (i = 0; i < model->n_conduits; i++)
		n += model->conduits[i].expires == 12345;
	return n;
}

static void mark(struct model *model)
{
	size_t i;

	for (i = 0; i < model->n_hosts; i++)
		model->hosts[i].mac.bytes[5] = 0xee;
	for (i = 0; i < model->n_conduits; i++)
		model->conduits[i].expires = 12345;
}

static const struct {
	struct shape shape;
	const char *name;
	size_t n_read; /* anew, at most, of 2 * N entries */
} cases[] = {
	{ { "", 0, 0, 0 }, "f", 400 },
	{ { "# a line\n\n", 0, 0, 0 }, "f", 400 },
	{ { "", 0, 0, 0 }, "conf.d/other", 400 },
	{ { "", 500, 0, 0 }, "f", 600 },
	{ { "", 0, 500, 0 }, "f", 600 },
	{ { "/*\n*/", 100, 900, 500 }, "g", 900 },
};

START_TEST(test_taken_over)
{
	const struct shape first = { .lead = "" };
	const struct shape *shape = &cases[_i].shape;
	struct model *earlier, *read, *taken;
	size_t n_taken;

	earlier = read_shape(&first, "f", NULL, arenas[0]);
	ck_assert_uint_gt(earlier->n_pieces, 10);
	read = read_shape(shape, cases[_i].name, NULL, arenas[1]);
	taken = read_shape(shape, cases[_i].name, earlier, arenas[2]);
	ck_assert_ptr_null(taken->earlier);
	mark(earlier);
	n_taken = count_marked(
		read_shape(shape, cases[_i].name, earlier, arenas[1]));
	ck_assert_uint_ge(n_taken + cases[_i].n_read, 2 * N);
	ck_assert_uint_lt(n_taken, 2 * N);
	/* what was taken over is not in memory of the earlier one */
	arena_free(arenas[0]);
	arenas[0] = NULL;
	check_models(taken, read);
}
END_TEST

/* A chain of models, each of which takes over from the one before */
START_TEST(test_taken_over_again)
{
	struct shape shape = { .lead = "" };
	struct model *model = read_shape(&shape, "f", NULL, arenas[0]);
	size_t i;

	for (i = 1; i < 20; i++) {
		struct arena *arena = arena_new();

		shape = (struct shape){ .lead = i % 2 ? "\n" : "",
					.edited = 37 * i };
		model = read_shape(&shape, "f", model, arena);
		arena_free(arenas[0]);
		arenas[0] = arena;
	}
	check_models(model, read_shape(&shape, "f", NULL, arenas[1]));
}
END_TEST

/* Of what has mistakes, nothing is kept, so they are said again. */
START_TEST(test_mistakes_are_read_again)
{
	struct shape shape = { .lead = "" };
	char *text = text_of(&shape), *at;
	struct model *model;
	struct diag diag;
	size_t n_pieces;

	model = read_shape(&shape, "f", NULL, arenas[0]);
	n_pieces = model->n_pieces;
	at = strstr(text, "name = \"c500\"");
	memcpy(at, "eman", 4);
	model = conf_new(model, arenas[1]);
	diag_init(&diag, arenas[1]);
	ck_assert_int_lt(conf_parse(model, "f", text, strlen(text), &diag), 0);
	ck_assert_uint_ge(diag.n_errors, 1);
	conf_finish(model, "f", &diag);
	ck_assert_uint_ge(model->n_pieces + 2, n_pieces - 1);
	ck_assert_uint_lt(model->n_pieces, n_pieces);
	free(text);
}
END_TEST

Suite *test_piece_suite(void)
{
	Suite *suite = suite_create("piece");
	TCase *tcase = tcase_create("piece");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_taken_over, 0,
			    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, test_taken_over_again);
	tcase_add_test(tcase, test_mistakes_are_read_again);
	suite_add_tcase(suite, tcase);
	return suite;
}
