// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Real frames through a real gateway: builds a gateway out of a configuration,
 * lets a command fill its ruleset, and holds what the kernel does with packets
 * against a table, against sequences that every gateway has to get right, and
 * against the reference evaluator. Easy to get wrong: a gateway that passes
 * nothing agrees with most of any table; so both verdicts are counted and said.
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../property/reference.h"
#include "check.h"
#include "day.h"
#include "file.h"
#include "launch.h"
#include "story.h"
#include "table.h"
#include "wire.h"

#define TABLES_MAX 8
#define EXIT_SKIPPED 77

struct options {
	const char *config;
	const char *tables[TABLES_MAX];
	size_t n_tables;
	bool sequences, verbose, marks;
	unsigned long n_random;
	uint64_t seed;
	const char *decisions;
	char **command;
};

struct session {
	const struct options *options;
	struct launch launch;
	char *config; /* the copy */
	struct file_config file;
	struct topology *topology;
	struct wire *wire;
};

static void usage(void)
{
	fprintf(stderr,
		"usage: packets -c CONFIG [-t TABLE]... [-q] [-r N [-s SEED] "
		"[-o FILE]]\n"
		"               [-m] [-v] -- COMMAND...\n"
		"\n"
		"Builds the gateway of CONFIG, runs COMMAND in it (@CONFIG@ is "
		"a copy of\n"
		"CONFIG, @DIR@ a directory), and when that is ready sends\n"
		"  -t  the packets of a table\n"
		"  -q  sequences of packets\n"
		"  -r  N random packets, judged by the reference evaluator;\n"
		"      with -o, written to FILE as a table\n"
		"  -m  also the marks of connections: which conduit let them "
		"pass\n"
		"  -v  print every packet\n"
		"Exit status: 0 as it should be, 1 not so, 2 not run, 77 "
		"skipped.\n");
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	int option;

	options->seed = (uint64_t)time(NULL);
	while ((option = getopt(argc, argv, "+c:t:qr:s:o:mv")) >= 0)
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 't':
			if (options->n_tables == TABLES_MAX)
				return false;
			options->tables[options->n_tables++] = optarg;
			break;
		case 'q':
			options->sequences = true;
			break;
		case 'r':
			options->n_random = strtoul(optarg, NULL, 0);
			break;
		case 's':
			options->seed = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			options->decisions = optarg;
			break;
		case 'm':
			options->marks = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		default:
			return false;
		}
	options->command = argv + optind;
	return options->config && argv[optind];
}

/* ---- tables ---- */

/* Does the connection carry the mark of a flow of the conduit named? */
static int check_mark(struct session *session, const struct table_row *row,
		      bool *right)
{
	const struct policy *policy = session->topology->policy;
	uint32_t mark;
	size_t i;
	int rc;

	rc = wire_mark(session->wire, &row->probe.src, &row->probe.dst, &mark);
	if (rc)
		return rc;
	/* nobody listens on the gateway: its reset has ended the connection */
	*right = !mark && row->probe.local && row->probe.proto == IPPROTO_TCP;
	for (i = 0; i < policy->n_flows; i++)
		if (policy->flows[i].id == mark &&
		    !strcmp(policy->flows[i].conduit->name, row->decided_by))
			*right = true;
	return 0;
}

struct table_count {
	unsigned int passed, dropped, failed;
};

static int run_row(struct session *session, const struct table_row *row,
		   struct table_count *count)
{
	bool passed, marked = true;
	int rc;

	rc = wire_probe(session->wire, &row->probe, 1, &passed);
	if (!rc && passed && session->options->marks)
		rc = check_mark(session, row, &marked);
	if (rc)
		return rc;
	count->passed += passed;
	count->dropped += !passed;
	count->failed += passed != row->expect_pass || !marked;
	if (passed != row->expect_pass)
		printf("FAILED  %s %s, but should %s (%s)\n", row->id,
		       passed ? "passed" : "was dropped",
		       row->expect_pass ? "pass" : "be dropped", row->why);
	else if (!marked)
		printf("FAILED  %s passed, but not by %s (%s)\n", row->id,
		       row->decided_by, row->why);
	else if (session->options->verbose)
		printf("ok      %s %s by %s (%s)\n", row->id,
		       passed ? "passed" : "was dropped", row->decided_by,
		       row->why);
	return 0;
}

static int run_table(struct session *session, const char *path)
{
	struct table_count count = { 0 };
	struct table table;
	size_t i;
	int rc;

	rc = table_read(path, session->topology, &table);
	for (i = 0; !rc && i < table.n_rows; i++)
		rc = run_row(session, &table.rows[i], &count);
	if (!rc)
		printf("%s: %zu packets, %u passed, %u dropped, %u not as the "
		       "table says\n",
		       path, table.n_rows, count.passed, count.dropped,
		       count.failed);
	table_free(&table);
	return rc ? rc : count.failed ? 1 : 0;
}

/* ---- sequences ---- */

static int run_sequences(struct session *session)
{
	struct story story = {
		.wire = session->wire,
		.topology = session->topology,
		.dice = { .state = 1 },
		.verbose = session->options->verbose,
	};

	flows_tell(&story);
	forms_tell(&story);
	own_tell(&story);
	if (story.error)
		return story.error;
	printf("sequences: %u checks, %u failed\n", story.n_checks,
	       story.n_failed);
	return story.n_failed ? 1 : 0;
}

/* ---- random packets ---- */

static int run_random(struct session *session)
{
	const struct options *options = session->options;
	struct check check = {
		.topology = session->topology,
		.wire = session->wire,
		.local = day_calendar.local(time(NULL)),
		.dice = { .state = options->seed },
	};
	int rc = 0;

	if (options->decisions) {
		check.decisions = fopen(options->decisions, "we");
		if (!check.decisions)
			return -errno;
	}
	rc = check_packets(&check, options->n_random);
	if (check.decisions && fclose(check.decisions) && !rc)
		rc = -EIO;
	if (rc)
		return rc;
	printf("random packets, seed %llu: ",
	       (unsigned long long)options->seed);
	check_print(&check);
	return check.n_wrong ? 1 : 0;
}

/* ---- all of it ---- */

static void print_findings(const struct file_config *file)
{
	char line[1024];
	size_t i;

	for (i = 0; i < file->diag.n_findings; i++) {
		diag_print(&file->diag.findings[i], line, sizeof(line));
		fprintf(stderr, "%s\n", line);
	}
}

static int begin(struct session *session)
{
	const char *what = "the copy of the configuration";
	int rc;

	rc = launch_init(&session->launch);
	if (!rc)
		rc = launch_copy_config(&session->launch,
					session->options->config,
					&session->config);
	if (!rc && file_load(session->config, &session->file)) {
		print_findings(&session->file);
		what = "the configuration";
		rc = -EINVAL;
	}
	if (!rc) {
		what = "the namespaces";
		rc = topology_build(session->file.policy, &session->topology);
	}
	if (!rc) {
		what = "the command";
		rc = launch_start(&session->launch, session->topology,
				  session->options->command, session->config);
		if (rc)
			launch_print_output(&session->launch);
	}
	if (!rc) {
		what = "the sockets";
		rc = wire_open(session->topology, &session->wire);
	}
	if (rc)
		fprintf(stderr, "packets: %s: %s\n", what, strerror(-rc));
	return rc;
}

/* 0, or 1 if any packet was decided wrongly, or -errno */
static int run(struct session *session)
{
	const struct options *options = session->options;
	bool wrong = false;
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < options->n_tables; i++) {
		rc = run_table(session, options->tables[i]);
		wrong |= rc == 1;
	}
	if (rc >= 0 && options->sequences) {
		rc = run_sequences(session);
		wrong |= rc == 1;
	}
	if (rc >= 0 && options->n_random) {
		rc = run_random(session);
		wrong |= rc == 1;
	}
	if (rc < 0)
		fprintf(stderr, "packets: %s\n", strerror(-rc));
	if (rc < 0 || wrong)
		launch_print_output(&session->launch);
	return rc < 0 ? rc : wrong;
}

static void finish(struct session *session)
{
	wire_close(session->wire);
	launch_finish(&session->launch);
	topology_free(session->topology);
	if (session->file.arena)
		file_unload(&session->file);
	free(session->config);
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct session session = { .options = &options };
	int rc;

	if (!parse_options(argc, argv, &options)) {
		usage();
		return 2;
	}
	topology_hold_signals();
	setvbuf(stdout, NULL, _IOLBF, 0);
	rc = begin(&session);
	if (!rc)
		rc = run(&session);
	finish(&session);
	if (rc == -EPERM) {
		printf("skipped: we may not make network namespaces\n");
		return EXIT_SKIPPED;
	}
	return rc < 0 ? 2 : rc;
}
