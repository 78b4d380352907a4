// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Property, with the real kernel in a network namespace of our own: whatever
 * policy is in force, the edits to any other make the kernel hold exactly that
 * other, as read back; and nft(8) makes the same ruleset out of our text.
 * Needs root. SEED and ROUNDS in the environment repeat or extend a run.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "compile.h"
#include "diff.h"
#include "encode.h"
#include "generate.h"
#include "nft.h"
#include "text.h"

#define TODAY 20261101

struct count {
	unsigned long by_scope[3];
	unsigned long added, deleted, from_text;
};

static bool commit(struct nft *nft, const struct ruleset *observed,
		   const struct ruleset *desired, const struct edits *edits,
		   uint32_t genid)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct batch *batch = encode_edits(observed, desired, edits, genid);
	size_t n, i;
	int err = nft_commit(nft, batch, refusals, &n);

	for (i = 0; i < n; i++)
		printf("%s: %s\n", refusals[i].origin,
		       strerror(refusals[i].error));
	batch_free(batch);
	return !err;
}

/* Does the kernel hold just this? */
static bool holds(struct nft *nft, const struct ruleset *desired,
		  struct arena *arena)
{
	char want[DIGEST_TEXT], got[DIGEST_TEXT];
	struct ruleset *observed;
	uint32_t genid;

	if (nft_read(nft, arena, &observed, &genid))
		return false;
	ruleset_digest(desired, want);
	ruleset_digest(observed, got);
	return !strcmp(want, got) &&
	       diff_rulesets(observed, desired, arena)->scope == EDIT_NOTHING;
}

static bool run_nft(const char *arguments, const char *input)
{
	char *command;
	bool ok;
	FILE *f;

	if (asprintf(&command, "nft %s", arguments) < 0)
		abort();
	f = popen(command, "w");
	free(command);
	if (!f)
		return false;
	ok = fputs(input, f) >= 0;
	return !pclose(f) && ok;
}

/* The text that we print, given to nft, must come to the same. */
static bool text_agrees(struct nft *nft, const struct ruleset *desired,
			struct arena *arena)
{
	char *text = text_ruleset(desired, NULL);
	bool ok = run_nft("delete table inet " RULESET_TABLE, "") &&
		  run_nft("-f -", text) && holds(nft, desired, arena);

	free(text);
	return ok;
}

static bool run_round(struct nft *nft, struct dice *dice, unsigned long round,
		      struct count *count)
{
	struct arena *arena = arena_new();
	struct ruleset *observed, *desired;
	struct edits *edits;
	uint32_t genid;
	bool ok;

	desired = compile_policy(generate_policy(dice, arena, NULL), TODAY,
				 arena);
	ok = !nft_read(nft, arena, &observed, &genid);
	if (ok) {
		edits = diff_rulesets(observed, desired, arena);
		count->by_scope[edits->scope]++;
		count->added += edits->n_added;
		count->deleted += edits->n_deleted;
		ok = commit(nft, observed, desired, edits, genid) &&
		     holds(nft, desired, arena);
	}
	if (ok && round % 8 == 7) {
		count->from_text++;
		ok = text_agrees(nft, desired, arena);
	}
	arena_free(arena);
	return ok;
}

int main(void)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	struct dice dice = { .state = seed ? strtoull(seed, NULL, 0) :
					     0x5e1c0de };
	unsigned long i, n = rounds ? strtoul(rounds, NULL, 0) : 200;
	struct count count = { .added = 0 };
	struct nft *nft;

	if (unshare(CLONE_NEWNET)) {
		printf("no namespace of our own: %s\n", strerror(errno));
		return 77;
	}
	if (nft_open(&nft))
		return 1;
	for (i = 0; i < n; i++) {
		uint64_t state = dice.state;

		if (run_round(nft, &dice, i, &count))
			continue;
		printf("failed; repeat the last step with SEED=%#llx\n",
		       (unsigned long long)state);
		return 1;
	}
	nft_close(nft);
	printf("kernel: %lu policies one after the other, read back equal each "
	       "time; %lu by elements alone, +%lu -%lu elements; %lu also by "
	       "nft from our text\n",
	       n, count.by_scope[EDIT_ELEMENTS], count.added, count.deleted,
	       count.from_text);
	return 0;
}
