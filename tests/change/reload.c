// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy is changed, again and again, while packets come as fast as they
 * can: of those that are permitted before and after, none may be lost; of those
 * that are forbidden before and after, none may pass. Easy to get wrong: a
 * packet that comes after the old policy and before the new one is met only if
 * there is one at every instant; so a processor does nothing but send.
 *
 * Usage: reload [-n RELOADS] BUILD
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flood.h"

#define RELOADS 1000
#define CONDUITS 300
#define EXIT_SKIPPED 77

#define LANES_USUAL                                        \
	(LANE_BIT(LANE_ESTABLISHED) | LANE_BIT(LANE_NEW) | \
	 LANE_BIT(LANE_FORBIDDEN))
#define LANES_CROSSED (LANE_BIT(LANE_ESTABLISHED) | LANE_BIT(LANE_CROSSED))

/**
 * struct kind - of change, there and back in turn
 * @holds_back: packets may be lost, which is only told
 */
struct kind {
	const char *name;
	struct shape shapes[2];
	unsigned int lanes;
	bool is_none, holds_back;
};

static const struct kind kinds[] = {
	{ .name = "nothing",
	  .shapes = { { .n = CONDUITS }, { .n = CONDUITS } },
	  .is_none = true },
	{ .name = "a conduit, removed and added",
	  .shapes = { { .n = CONDUITS }, { .n = CONDUITS - 1 } } },
	{ .name = "another port in a conduit",
	  .shapes = { { .n = CONDUITS },
		      { .n = CONDUITS, .moved = CONDUITS } } },
	{ .name = "another port in 10 of 100",
	  .shapes = { { .n = CONDUITS }, { .n = CONDUITS, .moved = 10 } } },
	{ .name = "a zone, added and removed",
	  .shapes = { { .n = CONDUITS }, { .n = CONDUITS, .zone = true } } },
	{ .name = "another port everywhere",
	  .shapes = { { .n = CONDUITS }, { .n = CONDUITS, .moved = 1 } } },
	{ .name = "sets made anew", .shapes = { { .n = 600 }, { .n = 800 } } },
	{
		.name = "a list of sources, added and removed",
		.shapes = { { .n = CONDUITS },
			    { .n = CONDUITS, .recut = true } },
	},
	{ .name = "ranges of ports, narrowed and widened",
	  .shapes = { { .n = CONDUITS, .last = GATE_PORT + 9 },
		      { .n = CONDUITS, .last = GATE_PORT + 4 } } },
	{ .name = "entries exchanged by lists",
	  .shapes = { { .n = CONDUITS }, { .n = CONDUITS, .crossed = true } },
	  .lanes = LANES_CROSSED },
	{ .name = "ownership, off and on",
	  .shapes = { { .n = CONDUITS }, { .n = CONDUITS, .free = true } },
	  .holds_back = true },
};

struct change {
	struct field field;
	struct flood flood;
	unsigned long n_reloads;
	double *msec;
	unsigned int n_wrong;
};

static void print_counts(struct change *change, const char *name,
			 const struct flood_counts *counts)
{
	static const char *const names[N_LANES] = { "established", "new",
						    "forbidden", "crossed" };
	double *msec = change->msec;
	unsigned int lane;

	qsort(msec, change->n_reloads, sizeof(*msec), gate_order);
	printf("%s: %lu times, %.1f ms each (median, at most %.1f)\n", name,
	       change->n_reloads, msec[change->n_reloads / 2],
	       msec[change->n_reloads - 1]);
	for (lane = 0; lane < N_LANES; lane++)
		if (counts->sent[lane])
			printf("    %-12s %9" PRIu64 " sent, %6.0f 1000/s, "
			       "%" PRId64 " %s\n",
			       names[lane], counts->sent[lane],
			       (double)counts->sent[lane] * 1e3 /
				       (double)counts->usec,
			       lane <= LANE_NEW ?
				       (int64_t)(counts->sent[lane] -
						 counts->passed[lane]) :
				       (int64_t)counts->passed[lane],
			       lane <= LANE_NEW ? "lost" : "passed");
}

static void judge(struct change *change, const struct kind *kind,
		  const struct flood_counts *counts)
{
	bool lost, passed;

	lost = counts->passed[LANE_ESTABLISHED] !=
		       counts->sent[LANE_ESTABLISHED] ||
	       counts->passed[LANE_NEW] != counts->sent[LANE_NEW];
	passed = counts->passed[LANE_FORBIDDEN] || counts->passed[LANE_CROSSED];
	if (passed || (lost && !kind->holds_back)) {
		printf("FAILED: %s\n", passed ? "forbidden packets passed" :
						"permitted packets were lost");
		change->n_wrong++;
	}
}

/* Both ways in turn, @n times in all, timed */
static int reload_often(struct change *change, const struct kind *kind)
{
	struct field *field = &change->field;
	uint64_t begun;
	unsigned long i;
	int rc = 0;

	for (i = 0; !rc && i < change->n_reloads; i++) {
		if (topology_interrupted(field->topology))
			return -EINTR;
		rc = gate_write(field, &kind->shapes[(i + 1) % 2]);
		begun = now_usec();
		if (!rc)
			rc = gate_reload(field, !kind->is_none);
		change->msec[i] = (double)(now_usec() - begun) / 1e3;
	}
	return rc;
}

/* To where a kind of change begins; that the table is so already is fine */
static int settle(struct field *field, const struct shape *shape)
{
	int status, rc = gate_write(field, shape);

	if (rc)
		return rc;
	json_decref(field_ask(field, "reload", &status));
	return status ? -EIO : 0;
}

static int try_kind(struct change *change, const struct kind *kind)
{
	struct flood_counts counts;
	int rc = settle(&change->field, &kind->shapes[0]), ended;

	if (!rc)
		rc = flood_begin(&change->flood,
				 kind->lanes ? kind->lanes : LANES_USUAL);
	if (rc)
		return rc;
	rc = reload_often(change, kind);
	ended = flood_end(&change->flood, &counts);
	if (rc || ended)
		return rc ? rc : ended;
	print_counts(change, kind->name, &counts);
	judge(change, kind, &counts);
	return 0;
}

/* ---- beside: the table deleted and made anew by nft(8) ---- */

static char *script_of(struct field *field, const struct shape *shape)
{
	char path[256], *text, *script;
	const char *const argv[] = { path, "compile", field->config, NULL };
	int rc = gate_write(field, shape);

	snprintf(path, sizeof(path), "%s/sekimorictl", field->build);
	if (rc || field_run(field, argv, NULL, &text))
		return NULL;
	if (asprintf(&script, "delete table inet sekimori\n%s", text) < 0)
		abort();
	free(text);
	return script;
}

static int load_often(struct change *change, char *const scripts[2])
{
	const char *const argv[] = { "nft", "-f", "-", NULL };
	uint64_t begun;
	unsigned long i;
	int rc = 0;

	for (i = 0; !rc && i < change->n_reloads; i++) {
		begun = now_usec();
		rc = field_run(&change->field, argv, scripts[i % 2], NULL);
		change->msec[i] = (double)(now_usec() - begun) / 1e3;
	}
	return rc ? -EIO : 0;
}

static int try_nft(struct change *change)
{
	const struct shape shapes[2] = { { .n = CONDUITS },
					 { .n = CONDUITS, .moved = 10 } };
	struct flood_counts counts;
	char *scripts[2];
	int rc, ended;

	field_stop(&change->field);
	scripts[0] = script_of(&change->field, &shapes[0]);
	scripts[1] = script_of(&change->field, &shapes[1]);
	rc = scripts[0] && scripts[1] ?
		     flood_begin(&change->flood, LANES_USUAL) :
		     -EIO;
	if (!rc) {
		rc = load_often(change, scripts);
		ended = flood_end(&change->flood, &counts);
		rc = rc ? rc : ended;
	}
	if (!rc)
		print_counts(change,
			     "beside: table deleted and made anew by nft -f",
			     &counts);
	free(scripts[0]);
	free(scripts[1]);
	return rc;
}

static int run(struct change *change)
{
	unsigned int i;
	int rc = field_start(&change->field);

	if (!rc)
		rc = flood_open(&change->field, &change->flood);
	for (i = 0; !rc && i < sizeof(kinds) / sizeof(*kinds); i++)
		rc = try_kind(change, &kinds[i]);
	if (!rc)
		rc = try_nft(change);
	flood_close(&change->flood);
	return rc;
}

/* The last processor is for the frames, the others are for the rest. */
static void leave_processor(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN), i;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (i = 0; i < n - 1 || !i; i++)
		CPU_SET((unsigned int)i, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

int main(int argc, char **argv)
{
	struct change change = { .n_reloads = RELOADS };
	int option, rc;

	while ((option = getopt(argc, argv, "n:")) >= 0) {
		if (option != 'n')
			return 2;
		change.n_reloads = strtoul(optarg, NULL, 10);
	}
	if (argc - optind != 1 || !change.n_reloads) {
		fprintf(stderr, "usage: reload [-n RELOADS] BUILD\n");
		return 2;
	}
	umask(077);
	setvbuf(stdout, NULL, _IOLBF, 0);
	leave_processor();
	change.msec = calloc(change.n_reloads, sizeof(*change.msec));
	if (!change.msec)
		abort();
	rc = gate_open(&change.field, argv[optind], &kinds[0].shapes[0]);
	if (rc == -EPERM) {
		printf("skipped: may not make network namespaces\n");
		field_close(&change.field);
		return EXIT_SKIPPED;
	}
	if (!rc)
		rc = run(&change);
	if (rc) {
		fprintf(stderr, "reload: %s\n", strerror(-rc));
		field_print_log(&change.field);
	}
	field_close(&change.field);
	free(change.msec);
	return rc || change.n_wrong;
}
