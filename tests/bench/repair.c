// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a tampering lasts, and what it costs to keep watch: the time from
 * the attacker's acknowledgement until the kernel tells of the daemon's commit;
 * the processor time of a daemon that has nothing to do, and of one comparison
 * of everything; its memory, before and after a long fight. Easy to get wrong:
 * after some repairs without a pause the daemon takes it for a fight and slows
 * down on purpose, so each daemon is attacked only so often.
 *
 * Usage: repair [-d DAEMONS] [-i SECONDS] [-e EVENTS] BUILD FILE.conf
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../siege/field.h"

#define ATTACKS_EACH 15 /* of one daemon */
#define SAMPLES_MAX 10000
#define REPAIR_USEC (20 * 1000000ull)
#define WARM_UP_EVENTS 2000
#define COMPARE_SECONDS 60

enum what { DELETE_ELEMENT, DELETE_RULE, ADD_RULE, N_WHATS };

struct bench {
	struct field field;
	unsigned long n_daemons, idle_seconds, n_events;
	double msec[N_WHATS][SAMPLES_MAX]; /* until it was undone */
	double attack_msec[N_WHATS][SAMPLES_MAX]; /* the attack by itself */
	size_t n[N_WHATS];
	struct raw_elem elem;
};

static int cmp_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* ---- what the kernel says of a process ---- */

/* Time on a processor, in nanoseconds */
static double cpu_nsec(pid_t pid)
{
	unsigned long long utime = 0, stime = 0, nsec = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "re");
	if (file) {
		if (fscanf(file, "%llu", &nsec) != 1)
			nsec = 0;
		fclose(file);
		return (double)nsec;
	}
	/* else as /proc/PID/stat has it, in ticks */
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file,
		   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		   "%llu %llu",
		   &utime, &stime) != 2)
		utime = stime = 0;
	fclose(file);
	return (double)(utime + stime) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

/* The number behind @key in /proc/PID/status */
static double status_of(pid_t pid, const char *key)
{
	char path[64], line[256];
	size_t len = strlen(key);
	double value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, len) && line[len] == ':')
			value = strtod(line + len + 1, NULL);
	fclose(file);
	return value;
}

static double rss_mib(const struct bench *bench)
{
	return status_of(bench->field.launch.child, "VmRSS") / 1024;
}

/* ---- repairs ---- */

static int prepare(struct bench *bench, enum what what)
{
	struct raw *raw = bench->field.raw;
	struct raw_rule rule = { 0 };
	int rc = 0;

	if (what == DELETE_RULE)
		rc = raw_find_rule(raw, "forward", 3, &rule);
	raw_begin(raw);
	switch (what) {
	case DELETE_ELEMENT:
		raw_delete_elem(raw, &bench->elem);
		break;
	case DELETE_RULE:
		raw_delete_rule(raw, "forward", rule.handle);
		break;
	case ADD_RULE:
		raw_add_accept(raw, "forward", 4444, true);
		break;
	case N_WHATS:
		break;
	}
	return rc;
}

static int measure_repair(struct bench *bench, enum what what)
{
	struct commit commit = { 0 };
	uint64_t begun, acked;
	size_t n = bench->n[what];
	int rc;

	ear_drain(bench->field.ear);
	rc = prepare(bench, what);
	begun = now_usec();
	if (!rc)
		rc = raw_commit(bench->field.raw);
	acked = now_usec();
	if (!rc)
		rc = ear_await_answer(bench->field.ear,
				      bench->field.launch.child,
				      acked + REPAIR_USEC, &commit);
	if (rc || n == SAMPLES_MAX)
		return rc;
	bench->msec[what][n] = (double)(commit.usec - acked) / 1000;
	bench->attack_msec[what][n] = (double)(acked - begun) / 1000;
	bench->n[what]++;
	return 0;
}

static int measure_repairs(struct bench *bench)
{
	unsigned long i, k;
	int rc = 0;

	for (i = 0; !rc && i < bench->n_daemons; i++) {
		if (i) {
			field_stop(&bench->field);
			rc = field_start(&bench->field);
		}
		for (k = 0; !rc && k < ATTACKS_EACH; k++)
			rc = measure_repair(bench, k % N_WHATS);
	}
	return rc;
}

static void print_repairs(struct bench *bench)
{
	static const char *const names[] = { "an element deleted",
					     "a rule deleted", "a rule added" };
	unsigned int what;

	for (what = 0; what < N_WHATS; what++) {
		double *msec = bench->msec[what];
		double *attack = bench->attack_msec[what];
		size_t n = bench->n[what];

		if (!n)
			continue;
		qsort(msec, n, sizeof(double), cmp_doubles);
		qsort(attack, n, sizeof(double), cmp_doubles);
		printf("  %-20s undone after %.3f ms (median), 99 of 100 "
		       "within %.3f ms, at most %.3f ms; %zu attacks, each "
		       "of %.3f ms by itself\n",
		       names[what], msec[n / 2], msec[n * 99 / 100],
		       msec[n - 1], n, attack[n / 2]);
	}
}

/* ---- keeping watch ---- */

static void measure_idle(struct bench *bench)
{
	static const char key[] = "voluntary_ctxt_switches";
	pid_t pid = bench->field.launch.child;
	struct timespec left = { (time_t)bench->idle_seconds, 0 };
	double nsec = cpu_nsec(pid), switches = status_of(pid, key), compared;
	json_t *audit;

	while (nanosleep(&left, &left) && errno == EINTR)
		;
	nsec = cpu_nsec(pid) - nsec;
	switches = status_of(pid, key) - switches;
	compared = cpu_nsec(pid);
	audit = field_ask(&bench->field, "audit", NULL);
	compared = cpu_nsec(pid) - compared;
	printf("  idle: %.4f %% of a core, woken %.1f times a second (%lu s)\n",
	       nsec / 1e7 / (double)bench->idle_seconds,
	       switches / (double)bench->idle_seconds, bench->idle_seconds);
	if (audit)
		printf("  a comparison and audit of everything: %.1f ms of a "
		       "core; once in %d s that is %.4f %%\n",
		       compared / 1e6, COMPARE_SECONDS,
		       compared / 1e7 / COMPARE_SECONDS);
	json_decref(audit);
}

/* ---- a long fight ---- */

static int fight(struct bench *bench, unsigned long n_events)
{
	struct raw_elem elem = raw_live_elem("in", "out", 0x7);
	struct raw *raw = bench->field.raw;
	unsigned long i;
	int rc = 0;

	for (i = 0; !rc && i < n_events; i++) {
		raw_begin(raw);
		if (i % 2)
			raw_delete_elem(raw, &elem);
		else
			raw_add_elem(raw, &elem);
		rc = raw_commit(raw);
		if (rc == -ENOENT) /* the daemon was faster */
			rc = 0;
	}
	return rc;
}

static int measure_fight(struct bench *bench)
{
	double before, after;
	uint64_t begun;
	int rc = fight(bench, WARM_UP_EVENTS);

	if (rc)
		return rc;
	before = rss_mib(bench);
	begun = now_usec();
	rc = fight(bench, bench->n_events);
	after = rss_mib(bench);
	printf("  after %lu tamperings more, %.0f in a second: %.2f MiB "
	       "resident, %+.2f MiB\n",
	       bench->n_events,
	       (double)bench->n_events * 1e6 / (double)(now_usec() - begun),
	       after, after - before);
	return rc;
}

/* ---- all of it ---- */

static int run(struct bench *bench)
{
	uint64_t begun = now_usec();
	int rc = field_start(&bench->field);

	if (rc)
		return rc;
	printf("  ready after %.2f s, %.1f MiB resident\n",
	       (double)(now_usec() - begun) / 1e6, rss_mib(bench));
	bench->elem = raw_live_elem("in", "out",
				    field_flow_mark(&bench->field, "c0"));
	if (bench->idle_seconds)
		measure_idle(bench);
	rc = measure_repairs(bench);
	print_repairs(bench);
	if (!rc)
		printf("  %.1f MiB resident then\n", rss_mib(bench));
	if (!rc && bench->n_events)
		rc = measure_fight(bench);
	return rc;
}

int main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	int option, rc;

	if (!bench)
		abort();
	bench->n_daemons = 1;
	while ((option = getopt(argc, argv, "d:i:e:")) >= 0)
		switch (option) {
		case 'd':
			bench->n_daemons = strtoul(optarg, NULL, 10);
			break;
		case 'i':
			bench->idle_seconds = strtoul(optarg, NULL, 10);
			break;
		case 'e':
			bench->n_events = strtoul(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: repair [-d DAEMONS] [-i SECONDS] "
				"[-e EVENTS] BUILD FILE.conf\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	rc = field_open(&bench->field, argv[optind], argv[optind + 1],
			"watch = { ownership = false; };");
	if (!rc) {
		rc = run(bench);
		if (rc) {
			fprintf(stderr, "repair: %s\n", strerror(-rc));
			field_print_log(&bench->field);
		}
	}
	field_close(&bench->field);
	free(bench);
	return rc ? 1 : 0;
}
