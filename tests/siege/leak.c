// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What gets through while the table is tampered with and put back: frames that
 * are forbidden, and frames of a permitted connection that must not suffer.
 * Easy to get wrong: an attack opens the gate by itself, for as long as it
 * takes to undo it. That is measured and said. What is judged is that nothing
 * passes which the attack did not open, that nothing passes at all where the
 * table is owned, and that repairs lose no packet.
 *
 * Usage: leak [-o] BUILD CONFIG
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "stream.h"

#define DAEMONS 10
#define ATTACKS_EACH 14 /* that many are undone without a pause */
#define ATTACKS_OF_FIGHT 1000
#define FIGHT_PAUSE_USEC 2000 /* at most, between two attacks of a fight */
#define REPAIR_USEC (10 * 1000000ull)
#define EXIT_SKIPPED 77

struct leak {
	struct field field;
	bool ownership;
	struct stream stream;
	double windows[DAEMONS * ATTACKS_EACH]; /* in microseconds */
	size_t n_windows;
	unsigned int n_wrong;
};

static void wrong(struct leak *leak, const char *what)
{
	printf("FAILED: %s\n", what);
	leak->n_wrong++;
}

/* Is it refused where it has to be, and taken where it has to be? */
static int judge_attack(const struct leak *leak, int rc)
{
	if (!leak->ownership)
		return rc;
	return rc == -EPERM ? 0 : rc ? rc : -EEXIST;
}

static int open_gate(struct leak *leak)
{
	struct raw *raw = leak->field.raw;

	if (topology_interrupted(leak->field.topology))
		return -EINTR;
	raw_begin(raw);
	raw_add_accept(raw, "forward", STREAM_OPENED_PORT, true);
	return judge_attack(leak, raw_commit(raw));
}

static int await_repair(struct leak *leak, uint64_t *usec)
{
	struct commit commit = { 0 };
	int rc = ear_await_answer(leak->field.ear, leak->field.launch.child,
				  now_usec() + REPAIR_USEC, &commit);

	*usec = commit.usec;
	return rc;
}

/* ---- attacks one by one ---- */

static int one_by_one(struct leak *leak)
{
	uint64_t begun, undone;
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < ATTACKS_EACH; i++) {
		ear_drain(leak->field.ear);
		rc = open_gate(leak);
		begun = now_usec();
		if (rc || leak->ownership)
			continue;
		rc = await_repair(leak, &undone);
		leak->windows[leak->n_windows++] = (double)(undone - begun);
	}
	return rc;
}

static int cmp_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print_windows(struct leak *leak)
{
	size_t n = leak->n_windows;

	if (!n)
		return;
	qsort(leak->windows, n, sizeof(double), cmp_doubles);
	printf("the gate was open after an attack: median %.0f us, 99 of 100 "
	       "within %.0f us, at most %.0f us (%zu attacks)\n",
	       leak->windows[n / 2], leak->windows[n * 99 / 100],
	       leak->windows[n - 1], n);
}

/* ---- a fight ---- */

/* Delete the last rule, or append again what was deleted */
static int toggle_last(struct leak *leak, struct raw_rule *rule)
{
	struct raw *raw = leak->field.raw;
	int rc;

	if (!rule->handle) {
		rc = raw_find_rule(raw, "forward", -1, rule);
		if (rc)
			return rc == -EINTR ? 0 : rc;
		raw_begin(raw);
		raw_delete_rule(raw, "forward", rule->handle);
		rc = raw_commit(raw);
		/* replaced while we looked: nothing was deleted then */
		if (rc)
			rule->handle = 0;
		return rc == -ENOENT ? 0 : judge_attack(leak, rc);
	}
	raw_begin(raw);
	raw_add_rule(raw, "forward", rule);
	rule->handle = 0;
	return judge_attack(leak, raw_commit(raw));
}

static int fight(struct leak *leak)
{
	struct raw_rule rule = { 0 };
	struct commit commit = { 0 };
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < ATTACKS_OF_FIGHT; i++) {
		uint64_t until = now_usec() + FIGHT_PAUSE_USEC;

		ear_drain(leak->field.ear);
		rc = i % 3 ? toggle_last(leak, &rule) : open_gate(leak);
		if (!rc && !leak->ownership)
			ear_await(leak->field.ear, leak->field.launch.child,
				  until, &commit);
	}
	return rc;
}

/* ---- what needs more than the deletion of a rule ---- */

/* None of these stops the connection that goes on. */
static const char *const scripts[] = {
	"insert rule inet sekimori forward udp dport 4444 accept",
	"insert rule inet sekimori forward meta cpu 0 udp dport 4444 accept",
	"add chain inet sekimori evil",
	"add chain inet sekimori evil { type filter hook forward priority -9; }",
	"add chain inet sekimori evil { type nat hook output priority 0; }",
	"rename chain inet sekimori rare_pair rarer",
	"rename chain inet sekimori forward backward",
	"flush chain inet sekimori choose",
	"add set inet sekimori evil { type ipv4_addr; }",
	"add counter inet sekimori evil",
	"add quota inet sekimori evil { over 1 mbytes }",
	"flush map inet sekimori net4",
	"flush set inet sekimori macs",
	"add element inet sekimori macs { * }",
	"delete map inet sekimori rare_ports",
	"add element inet sekimori live { \"inet\" . \"mynum\" . 0x7 : accept }",
};

#define N_SCRIPTS (sizeof(scripts) / sizeof(*scripts))

static int await_calm(struct leak *leak);

/* Some attacks are refused by the kernel: of no matter, if it stays so. */
static int one_of_each_kind(struct leak *leak)
{
	const char *const argv[] = { "nft", "-f", "-", NULL };
	uint64_t lost = leak->stream.counts->lost;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < N_SCRIPTS; i++) {
		field_run(&leak->field, argv, scripts[i], NULL);
		rc = await_calm(leak);
		if (!rc)
			rc = stream_await(&leak->stream);
		if (leak->stream.counts->lost > lost)
			printf("        %llu permitted packets lost: %s\n",
			       (unsigned long long)leak->stream.counts->lost -
				       lost,
			       scripts[i]);
		lost = leak->stream.counts->lost;
	}
	return rc;
}

/* The end of a fight is that the table is what it was. */
static int await_calm(struct leak *leak)
{
	uint64_t deadline = now_usec() + REPAIR_USEC;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	bool calm;

	do {
		out = open_memstream(&text, &len);
		if (!out)
			abort();
		calm = field_is_calm(&leak->field, out);
		fclose(out);
		if (!calm && now_usec() > deadline) {
			fputs(text, stdout);
			free(text);
			return -ETIMEDOUT;
		}
		free(text);
	} while (!calm);
	return 0;
}

/* When nobody attacks any more, nothing may pass any more either. */
static int judge_afterwards(struct leak *leak)
{
	uint64_t passed;
	int rc = await_calm(leak);

	if (!rc)
		rc = stream_await(&leak->stream);
	if (rc)
		return rc;
	passed = leak->stream.counts->passed[STREAM_OPENED];
	rc = stream_await(&leak->stream);
	if (leak->stream.counts->passed[STREAM_OPENED] != passed)
		wrong(leak, "forbidden packets passed after the repair");
	return rc;
}

/* ---- the table in other hands ---- */

/* Until a round of frames has ended of which none has passed */
static int await_shut(struct leak *leak)
{
	volatile struct stream_counts *counts = leak->stream.counts;
	uint64_t deadline = now_usec() + REPAIR_USEC, passed;
	int rc = 0;

	do {
		passed = counts->passed[STREAM_CLOSED];
		rc = stream_await(&leak->stream);
	} while (!rc && counts->passed[STREAM_CLOSED] > passed &&
		 now_usec() < deadline);
	return rc;
}

/* While it lasts, nobody can change the table back, but hold everything back. */
static int stolen(struct leak *leak)
{
	volatile struct stream_counts *counts = leak->stream.counts;
	uint64_t passed, sent;
	pid_t thief;
	int rc = judge_attack(leak,
			      field_steal(&leak->field, RAW_F_OWNER, &thief));

	if (!rc && !leak->ownership)
		rc = await_shut(leak);
	if (!rc)
		rc = stream_await(&leak->stream);
	passed = counts->passed[STREAM_CLOSED];
	sent = counts->sent[STREAM_CLOSED];
	if (!rc)
		rc = stream_await(&leak->stream);
	printf("while the table is another one's own, %llu of %llu forbidden "
	       "packets passed\n",
	       (unsigned long long)(counts->passed[STREAM_CLOSED] - passed),
	       (unsigned long long)(counts->sent[STREAM_CLOSED] - sent));
	if (counts->passed[STREAM_CLOSED] > passed)
		wrong(leak, "forbidden packets passed");
	if (thief > 0) {
		kill(thief, SIGKILL);
		waitpid(thief, NULL, 0);
	}
	return rc;
}

/* Apart from the others, as this attack opens the gate for everything */
static int while_stolen(struct leak *leak)
{
	int rc = stream_start(&leak->field, &leak->stream), stopped;

	if (!rc)
		rc = stolen(leak);
	if (!rc)
		rc = judge_afterwards(leak);
	stopped = stream_stop(&leak->stream, NULL);
	return rc ? rc : stopped;
}

/* ---- both, with frames ---- */

static void judge_counts(struct leak *leak, const char *what,
			 const struct stream_counts *counts, double seconds)
{
	uint64_t lost = counts->lost;
	double share = (double)counts->passed[STREAM_OPENED] /
		       (double)counts->sent[STREAM_OPENED];

	printf("%s, %.1f s: %llu of %llu packets passed that an attack opens "
	       "the gate for (%.3f %%, %.0f us of a second), %llu of %llu that "
	       "none does, %llu of %llu permitted ones were lost\n",
	       what, seconds, (unsigned long long)counts->passed[STREAM_OPENED],
	       (unsigned long long)counts->sent[STREAM_OPENED], 100 * share,
	       1e6 * share, (unsigned long long)counts->passed[STREAM_CLOSED],
	       (unsigned long long)counts->sent[STREAM_CLOSED],
	       (unsigned long long)lost,
	       (unsigned long long)counts->sent[STREAM_PERMITTED]);
	if (!counts->sent[STREAM_CLOSED])
		wrong(leak, "no packets were sent");
	if (counts->passed[STREAM_CLOSED])
		wrong(leak, "forbidden packets passed that no attack opened "
			    "the gate for");
	if (leak->ownership && counts->passed[STREAM_OPENED])
		wrong(leak, "forbidden packets passed an owned table");
	if (lost > counts->lost_by_machine)
		wrong(leak, "permitted packets were lost");
}

static int with_frames(struct leak *leak, const char *what,
		       int (*attack)(struct leak *leak), unsigned int daemons)
{
	struct stream_counts counts;
	uint64_t begun = now_usec();
	unsigned int i;
	int rc, stopped;

	rc = stream_start(&leak->field, &leak->stream);
	for (i = 0; !rc && i < daemons; i++) {
		field_stop(&leak->field);
		rc = field_start(&leak->field);
		if (!rc)
			rc = attack(leak);
		if (!rc)
			rc = judge_afterwards(leak);
	}
	stopped = stream_stop(&leak->stream, &counts);
	if (!rc)
		rc = stopped;
	if (!rc)
		judge_counts(leak, what, &counts,
			     (double)(now_usec() - begun) / 1e6);
	return rc;
}

static int run(struct leak *leak)
{
	int rc = field_start(&leak->field);

	if (!rc)
		rc = field_learn(&leak->field);
	if (!rc)
		rc = with_frames(leak, "attacks one by one", one_by_one,
				 DAEMONS);
	if (!rc)
		rc = with_frames(leak, "attacks of each kind", one_of_each_kind,
				 1);
	if (!rc)
		rc = with_frames(leak, "a fight", fight, 1);
	if (!rc)
		rc = while_stolen(leak);
	if (!rc && !leak->ownership)
		print_windows(leak);
	if (rc) {
		printf("FAILED: %s\n", strerror(-rc));
		field_print_log(&leak->field);
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct leak leak = { 0 };
	int option, rc;

	while ((option = getopt(argc, argv, "o")) >= 0) {
		if (option != 'o')
			return 2;
		leak.ownership = true;
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: leak [-o] BUILD CONFIG\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	rc = field_open(&leak.field, argv[optind], argv[optind + 1],
			leak.ownership ?
				"watch = { compare_seconds = 3600; };" :
				"watch = { ownership = false; "
				"compare_seconds = 3600; };");
	if (rc == -EPERM) {
		field_close(&leak.field);
		return EXIT_SKIPPED;
	}
	if (!rc)
		rc = run(&leak);
	field_close(&leak.field);
	return rc || leak.n_wrong;
}
