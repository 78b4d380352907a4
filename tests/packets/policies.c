// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Property, with real frames: random policies, each compiled and committed to
 * the kernel of a gateway of its own, and random packets through it; the
 * kernel must decide as the reference evaluator does. Needs root. SEED, ROUNDS
 * and PACKETS (for each policy) in the environment repeat or extend a run. Easy
 * to get wrong: a policy that permits nothing tests nothing, so both verdicts
 * are counted, and few of either is a failure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../property/generate.h"
#include "arena.h"
#include "check.h"
#include "compile.h"
#include "diff.h"
#include "encode.h"
#include "look.h"
#include "nft.h"

#define LEAST_PERCENT 20 /* of each verdict */
#define EXIT_SKIPPED 77

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Into an empty kernel */
static int commit(struct nft *nft, const struct ruleset *desired,
		  struct arena *arena)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct ruleset *observed;
	struct edits *edits;
	struct batch *batch;
	size_t n = 0, i;
	uint32_t genid;
	int rc;

	rc = look_all(nft, arena, &observed, &genid);
	if (rc)
		return rc;
	edits = diff_rulesets(observed, desired, arena);
	batch = encode_edits(observed, desired, edits, genid);
	rc = nft_commit(nft, batch, refusals, &n);
	for (i = 0; i < n; i++)
		printf("%s: %s\n", refusals[i].origin,
		       strerror(refusals[i].error));
	batch_free(batch);
	return rc;
}

static int enforce(const struct topology *topology, struct arena *arena)
{
	const struct terms *terms = terms_build(topology->policy, time(NULL), 0,
						&calendar_utc, arena);
	const struct ruleset *desired =
		compile_policy(topology->policy, terms, arena);
	struct nft *nft;
	int rc;

	rc = topology_enter(topology, TOPOLOGY_GATEWAY);
	if (rc)
		return rc;
	rc = nft_open(&nft);
	if (!rc) {
		rc = commit(nft, desired, arena);
		nft_close(nft);
	}
	topology_enter(topology, TOPOLOGY_HOME);
	return rc;
}

/* One policy; -errno, or 0 with the counts added to @sum */
static int run_round(struct dice *dice, unsigned long n_packets,
		     struct check *sum)
{
	struct arena *arena = arena_new();
	const struct policy *policy = generate_policy(dice, arena, NULL);
	struct topology *topology = NULL;
	struct wire *wire = NULL;
	struct check check = { .local = time(NULL), .dice = sum->dice };
	int rc;

	rc = topology_build(policy, &topology);
	if (!rc)
		rc = wire_open(topology, &wire);
	if (!rc)
		rc = enforce(topology, arena);
	if (!rc) {
		check.topology = topology;
		check.wire = wire;
		rc = check_packets(&check, n_packets);
	}
	wire_close(wire);
	topology_free(topology);
	arena_free(arena);
	sum->dice = check.dice;
	sum->n_passed += check.n_passed;
	sum->n_dropped += check.n_dropped;
	sum->n_wrong += check.n_wrong;
	sum->n_bound += check.n_bound;
	sum->msec += check.msec;
	return rc;
}

static bool is_balanced(const struct check *sum)
{
	unsigned long n = sum->n_passed + sum->n_dropped;

	return sum->n_passed * 100 >= n * LEAST_PERCENT &&
	       sum->n_dropped * 100 >= n * LEAST_PERCENT;
}

int main(void)
{
	uint64_t seed = setting("SEED", (uint64_t)time(NULL));
	unsigned long rounds = setting("ROUNDS", 60), i;
	unsigned long n_packets = setting("PACKETS", 2000);
	struct dice dice = { .state = seed ? seed : 1 };
	struct check sum = { .dice = { .state = seed } };
	int rc = 0;

	topology_hold_signals();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("random policies and packets, seed %llu\n",
	       (unsigned long long)seed);
	for (i = 0; !rc && !sum.n_wrong && i < rounds; i++)
		rc = run_round(&dice, n_packets, &sum);
	if (rc == -EPERM) {
		printf("skipped: we may not make network namespaces\n");
		return EXIT_SKIPPED;
	}
	if (rc) {
		printf("policy %lu: %s\n", i, strerror(-rc));
		return 2;
	}
	printf("%lu policies: ", i);
	check_print(&sum);
	if (!is_balanced(&sum))
		printf("too few of one verdict: that proves little\n");
	return sum.n_wrong || !is_balanced(&sum) ? 1 : 0;
}
