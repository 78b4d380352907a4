// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon is killed in the midst of undoing an attack, at a random moment,
 * and started again: time after time it has to end with the table as it should
 * be, and nothing may pass on the way that the attack did not open. Easy to get
 * wrong: all moments have to be hit, those before the daemon has heard of the
 * attack as those when it has committed; so how often it came to its commit is
 * counted and said.
 *
 * Usage: kill [-o] [-n ROUNDS] [-s SEED] BUILD CONFIG
 */
#include <errno.h>
#include <getopt.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../property/dice.h"
#include "stream.h"

#define WAIT_USEC_MAX 3000
#define WAIT_USEC_EARLY 400 /* a repair takes no longer, as a rule */
#define EXIT_SKIPPED 77

struct killing {
	struct field field;
	bool ownership;
	unsigned long n_rounds;
	struct dice dice;
	struct stream stream;
	char *digest;
	unsigned long n_undone; /* before the daemon was killed */
	unsigned int n_wrong;
};

static void wrong(struct killing *killing, unsigned long round,
		  const char *what)
{
	printf("FAILED: round %lu: %s\n", round, what);
	killing->n_wrong++;
}

/* ---- attacks ---- */

/*
 * Now and then an empty table of another kind, which can only be replaced. It
 * opens the gate for everything, and while it is replaced everything is held
 * back.
 */
static bool is_total(unsigned long round)
{
	return round % 8 == 7;
}

static void attack_table(struct raw *raw)
{
	raw_begin(raw);
	raw_delete_table(raw);
	raw_make_table(raw, NFT_TABLE_F_DORMANT | RAW_F_PERSIST);
}

static int attack(struct killing *killing, unsigned long round)
{
	struct raw_elem elem = raw_live_elem(
		"lgwan", "inet", field_flow_mark(&killing->field, "screen"));
	struct raw *raw = killing->field.raw;
	struct raw_rule rule = { 0 };
	int rc = raw_find_rule(raw, "forward", -1, &rule);

	raw_begin(raw);
	raw_add_accept(raw, "forward", STREAM_OPENED_PORT, true);
	if (round % 3 == 1)
		raw_delete_elem(raw, &elem);
	if (round % 3 == 2)
		raw_delete_rule(raw, "forward", rule.handle);
	if (is_total(round))
		attack_table(raw);
	if (!rc)
		rc = raw_commit(raw);
	if (!killing->ownership)
		return rc;
	return rc == -EPERM ? 0 : rc ? rc : -EEXIST;
}

/* Up to a random moment, half of them early; has the daemon committed by then? */
static void wait_a_moment(struct killing *killing)
{
	uint32_t most = dice_chance(&killing->dice, 50) ? WAIT_USEC_EARLY :
							  WAIT_USEC_MAX;
	uint64_t until = now_usec() + dice_roll(&killing->dice, most + 1);
	struct commit commit = { 0 };

	if (!ear_await_answer(killing->field.ear, killing->field.launch.child,
			      until, &commit))
		killing->n_undone++;
	while (now_usec() < until)
		; /* a moment shorter than any sleep */
}

/* ---- one round ---- */

static char *digest_of(struct field *field)
{
	json_t *reply = field_ask(field, "status", NULL);
	json_t *status = json_object_get(reply, "status");
	const char *state = json_string_value(json_object_get(status, "state"));
	const char *text = json_string_value(json_object_get(status, "digest"));
	char *digest = NULL;

	if (text && state && !strcmp(state, "in_force"))
		digest = strdup(text);
	json_decref(reply);
	return digest;
}

static void judge_table(struct killing *killing, unsigned long round)
{
	char *digest = digest_of(&killing->field);

	if (!field_is_calm(&killing->field, stdout))
		wrong(killing, round, "the table is not what it was");
	if (!digest || strcmp(digest, killing->digest))
		wrong(killing, round, "the policy is not in force, or another");
	free(digest);
}

static void snapshot(const struct killing *killing,
		     struct stream_counts *counts)
{
	memcpy(counts, (const void *)killing->stream.counts, sizeof(*counts));
}

/* What has passed, or not, until the daemon was ready again, and then */
static int judge_frames(struct killing *killing, unsigned long round,
			const struct stream_counts *before)
{
	struct stream_counts ready, after;
	int rc = stream_await(&killing->stream);

	snapshot(killing, &ready);
	if (!rc)
		rc = stream_await(&killing->stream);
	snapshot(killing, &after);
	if (after.passed[STREAM_OPENED] != ready.passed[STREAM_OPENED] ||
	    after.passed[STREAM_CLOSED] != ready.passed[STREAM_CLOSED])
		wrong(killing, round, "something passed after the start");
	if (after.lost - ready.lost >
	    after.lost_by_machine - ready.lost_by_machine)
		wrong(killing, round,
		      "permitted packets were lost after the "
		      "start");
	if (killing->ownership && after.passed[STREAM_OPENED])
		wrong(killing, round, "something passed an owned table");
	if (is_total(round) && !killing->ownership)
		return rc;
	if (ready.passed[STREAM_CLOSED] != before->passed[STREAM_CLOSED])
		wrong(killing, round, "something passed that was never open");
	if (ready.lost - before->lost >
	    ready.lost_by_machine - before->lost_by_machine)
		wrong(killing, round, "permitted packets were lost");
	return rc;
}

static int run_round(struct killing *killing, unsigned long round)
{
	struct stream_counts before;
	int rc;

	if (topology_interrupted(killing->field.topology))
		return -EINTR;
	snapshot(killing, &before);
	ear_drain(killing->field.ear);
	rc = attack(killing, round);
	if (rc)
		return rc;
	wait_a_moment(killing);
	field_kill(&killing->field);
	rc = field_start(&killing->field);
	if (rc)
		return rc;
	judge_table(killing, round);
	return judge_frames(killing, round, &before);
}

static int run_rounds(struct killing *killing)
{
	struct stream_counts counts;
	unsigned long round;
	int rc, stopped;

	rc = stream_start(&killing->field, &killing->stream);
	for (round = 0; !rc && !killing->n_wrong && round < killing->n_rounds;
	     round++)
		rc = run_round(killing, round);
	stopped = stream_stop(&killing->stream, &counts);
	if (rc || stopped)
		return rc ? rc : stopped;
	printf("killed %lu times, in %lu of them when the attack was already "
	       "undone; of packets that an attack opens the gate for %llu of "
	       "%llu passed, of others, while the table was empty, %llu of "
	       "%llu; %llu permitted ones were held back meanwhile\n",
	       round, killing->n_undone,
	       (unsigned long long)counts.passed[STREAM_OPENED],
	       (unsigned long long)counts.sent[STREAM_OPENED],
	       (unsigned long long)counts.passed[STREAM_CLOSED],
	       (unsigned long long)counts.sent[STREAM_CLOSED],
	       (unsigned long long)counts.lost);
	return 0;
}

static int run(struct killing *killing)
{
	int rc = field_start(&killing->field);

	if (!rc)
		rc = field_learn(&killing->field);
	if (!rc) {
		killing->digest = digest_of(&killing->field);
		rc = killing->digest ? run_rounds(killing) : -EPROTO;
	}
	if (rc)
		printf("FAILED: %s\n", strerror(-rc));
	if (rc || killing->n_wrong)
		field_print_log(&killing->field);
	return rc;
}

int main(int argc, char **argv)
{
	struct killing killing = { .n_rounds = 200 };
	uint64_t seed = (uint64_t)time(NULL);
	int option, rc;

	while ((option = getopt(argc, argv, "on:s:")) >= 0)
		switch (option) {
		case 'o':
			killing.ownership = true;
			break;
		case 'n':
			killing.n_rounds = strtoul(optarg, NULL, 10);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: kill [-o] [-n ROUNDS] [-s SEED] BUILD "
				"CONFIG\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	killing.dice.state = seed;
	printf("seed %llu\n", (unsigned long long)seed);
	rc = field_open(&killing.field, argv[optind], argv[optind + 1],
			killing.ownership ?
				"watch = { compare_seconds = 3600; };" :
				"watch = { ownership = false; "
				"compare_seconds = 3600; };");
	if (rc == -EPERM) {
		field_close(&killing.field);
		return EXIT_SKIPPED;
	}
	if (!rc)
		rc = run(&killing);
	field_close(&killing.field);
	free(killing.digest);
	return rc || killing.n_wrong;
}
