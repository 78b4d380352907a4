// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Properties, with the real kernel in a network namespace of our own: whatever
 * policy is in force, the edits to any other make the kernel hold exactly that
 * other, as read back; nft(8) makes the same ruleset out of our text; and
 * whatever others do to the table is seen, named, and undone, and the rules that
 * they left alone are left alone. Needs root. SEED and ROUNDS in the environment
 * repeat or extend a run, TAMPER leaves out all but the tampering, VERBOSE shows
 * what nft refused.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "compile.h"
#include "day.h"
#include "describe.h"
#include "diff.h"
#include "encode.h"
#include "generate.h"
#include "look.h"
#include "nft.h"
#include "tamper.h"
#include "text.h"

struct count {
	unsigned long by_scope[4];
	unsigned long added, deleted, from_text;
	unsigned long tampered, refused, raw, kept;
	bool flowtables; /* known to this kernel */
};

static bool commit_batch(struct nft *nft, struct batch *batch)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	size_t n, i;
	int err = nft_commit(nft, batch, refusals, &n);

	for (i = 0; i < n; i++)
		printf("%s: %s\n", refusals[i].origin,
		       strerror(refusals[i].error));
	batch_free(batch);
	return !err;
}

static bool commit(struct nft *nft, const struct ruleset *observed,
		   const struct ruleset *desired, const struct edits *edits,
		   uint32_t genid)
{
	return commit_batch(nft, encode_edits(observed, desired, edits, genid));
}

/* Does the kernel hold just this? */
static bool holds(struct nft *nft, const struct ruleset *desired,
		  struct arena *arena)
{
	char want[DIGEST_TEXT], got[DIGEST_TEXT];
	struct ruleset *observed;
	uint32_t genid;

	if (look_all(nft, arena, &observed, &genid))
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
	struct ruleset now = *desired;
	char *text;
	bool ok;

	now.now_msec = day_now_usec() / 1000;
	text = text_ruleset(&now, NULL);
	ok = run_nft("delete table inet " RULESET_TABLE, "") &&
	     run_nft("-f -", text) && holds(nft, desired, arena);

	free(text);
	return ok;
}

/* What a random policy makes now */
static struct ruleset *any_ruleset(struct dice *dice, struct arena *arena)
{
	const struct policy *policy = generate_policy(dice, arena, NULL);

	return compile_policy(policy,
			      terms_build(policy,
					  (int64_t)(day_now_usec() / 1000000),
					  0, &calendar_utc, arena),
			      arena);
}

static bool run_round(struct nft *nft, struct dice *dice, unsigned long round,
		      struct count *count)
{
	struct arena *arena = arena_new();
	struct ruleset *observed, *desired;
	struct edits *edits;
	uint32_t genid;
	bool ok;

	desired = any_ruleset(dice, arena);
	ok = !look_all(nft, arena, &observed, &genid);
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

static bool has_rule(const struct ruleset *ruleset, const char *name,
		     const struct rule *rule)
{
	const struct chain *chain = ruleset_chain(ruleset, name);
	size_t i;

	for (i = 0; chain && i < chain->n_rules; i++)
		if (chain->rules[i].handle == rule->handle)
			return rule_equal(&chain->rules[i], rule);
	return false;
}

/* Rules of @a that are in @b as well, the same under the same handle */
static size_t n_common(const struct ruleset *a, const struct ruleset *b)
{
	size_t i, k, n = 0;

	for (i = 0; i < a->n_chains; i++)
		for (k = 0; k < a->chains[i].n_rules; k++)
			n += has_rule(b, a->chains[i].name,
				      &a->chains[i].rules[k]);
	return n;
}

static bool is_told(const struct ruleset *observed,
		    const struct ruleset *desired, const struct edits *edits,
		    const char *words, struct arena *arena)
{
	struct difference *list;
	size_t i, n, n_all;

	n = describe_edits(observed, desired, edits, 1000, arena, &list,
			   &n_all);
	for (i = 0; i < n; i++)
		if (!words || !strncmp(list[i].words, words, strlen(words)))
			return true;
	printf("not told: %s; but:\n", words ? words : "anything");
	for (i = 0; i < n; i++)
		printf("\t%s: %s\n", list[i].words,
		       list[i].nft ? list[i].nft : "");
	return false;
}

/* Undo what was done since @before was read, and see that it is. */
static bool repair(struct nft *nft, const struct ruleset *before,
		   const struct ruleset *desired,
		   const struct tampering *tampering, struct count *count)
{
	struct arena *arena = desired->arena;
	struct ruleset *observed, *after;
	struct edits *edits;
	uint32_t genid;
	size_t n;

	if (look_all(nft, arena, &observed, &genid))
		return false;
	edits = diff_rulesets(observed, desired, arena);
	count->by_scope[edits->scope]++;
	if (edits->scope == EDIT_NOTHING) {
		printf("not seen\n");
		return false;
	}
	if (!is_told(observed, desired, edits, tampering->words, arena) ||
	    !commit(nft, observed, desired, edits, genid) ||
	    !holds(nft, desired, arena) || look_all(nft, arena, &after, &genid))
		return false;
	n = n_common(before, observed);
	count->kept += n;
	if (tampering->stays && n_common(before, after) < n) {
		printf("of %zu rules only %zu stayed\n", n,
		       n_common(before, after));
		return false;
	}
	return true;
}

/* One to three times; at times what nft cannot do */
static bool tamper(struct nft *nft, struct dice *dice,
		   const struct ruleset *before, struct tampering *tampering,
		   struct count *count)
{
	unsigned int n = dice_chance(dice, 60) ? 1 : 1 + dice_roll(dice, 3), i;
	struct ruleset *observed;
	bool done = false;
	uint32_t genid;

	for (i = 0; i < n; i++) {
		if (look_all(nft, before->arena, &observed, &genid))
			return false;
		if (dice_chance(dice, 10)) {
			bool ok = tamper_raw(dice, observed);

			*tampering = (struct tampering){ .name = "raw",
							 .stays = true };
			count->raw += ok;
			done |= ok;
			continue;
		}
		*tampering = tamper_choose(dice, observed, count->flowtables,
					   before->arena);
		count->tampered++;
		if (run_nft("-f - 2>/dev/null", tampering->script)) {
			done = true;
			continue;
		}
		count->refused++;
		if (getenv("VERBOSE"))
			printf("refused: %s", tampering->script);
	}
	if (n > 1) {
		tampering->words = NULL;
		tampering->stays = false;
	}
	return done;
}

static bool tamper_round(struct nft *nft, struct dice *dice,
			 struct count *count)
{
	struct arena *arena = arena_new();
	struct ruleset *before, *desired;
	struct tampering tampering = { .name = NULL };
	uint32_t genid;
	bool ok;

	desired = any_ruleset(dice, arena);
	ok = commit_batch(nft, encode_replacement(desired,
						  day_now_usec() / 1000, 0)) &&
	     holds(nft, desired, arena) &&
	     !look_all(nft, arena, &before, &genid);
	if (ok && tamper(nft, dice, before, &tampering, count) &&
	    !holds(nft, desired, arena))
		ok = repair(nft, before, desired, &tampering, count);
	if (!ok)
		printf("tampering: %s\n%s", tampering.name,
		       tampering.script ? tampering.script : "");
	arena_free(arena);
	return ok;
}

static bool has_flags(struct nft *nft, uint32_t flags, struct arena *arena)
{
	struct ruleset *observed;
	uint32_t genid;

	return !look_all(nft, arena, &observed, &genid) && observed->exists &&
	       observed->flags == flags;
}

#define NO_TABLE 0x100

struct flags_case {
	uint32_t from, to;
	bool by_edits;
};

/*
 * A table of each kind, or none, that others have had their hands on; edited or
 * replaced; with an owner or not
 */
static bool flags_round(struct arena *arena, struct dice *dice,
			const struct flags_case *c, struct count *count)
{
	struct ruleset *desired = any_ruleset(dice, arena);
	struct tampering tampering = { .name = "nothing" };
	struct ruleset *observed;
	struct nft *before, *nft;
	struct edits *edits;
	uint32_t genid;
	bool ok;

	if (nft_open(&before) || nft_open(&nft))
		return false;
	run_nft("delete table inet " RULESET_TABLE " 2>/dev/null", "");
	desired->flags = c->from & 0xff;
	ok = c->from & NO_TABLE ||
	     (commit_batch(before,
			   encode_replacement(desired, day_now_usec() / 1000,
					      0)) &&
	      has_flags(before, c->from, arena));
	/* Without its owner it is an orphan. */
	nft_close(before);
	desired->flags = c->to;
	if (!(c->from & NO_TABLE) && dice_chance(dice, 70))
		tamper(nft, dice, desired, &tampering, count);
	ok = ok && !look_all(nft, arena, &observed, &genid);
	if (ok && c->by_edits) {
		edits = diff_rulesets(observed, desired, arena);
		ok = edits->scope == EDIT_NOTHING ||
		     commit(nft, observed, desired, edits, genid);
	} else if (ok) {
		ok = commit_batch(nft, encode_replacement(desired,
							  day_now_usec() / 1000,
							  genid)) &&
		     has_flags(nft, c->to, arena);
	}
	ok = ok && holds(nft, desired, arena);
	/* And once more on what is its own now */
	ok = ok &&
	     commit_batch(nft, encode_replacement(desired,
						  day_now_usec() / 1000, 0)) &&
	     holds(nft, desired, arena) && has_flags(nft, c->to, arena);
	nft_close(nft);
	if (!ok)
		printf("from flags %#x to %#x by %s, after: %s\n%s", c->from,
		       c->to, c->by_edits ? "edits" : "replacement",
		       tampering.name,
		       tampering.script ? tampering.script : "");
	run_nft("delete table inet " RULESET_TABLE " 2>/dev/null", "");
	return ok;
}

/* Does the kernel know tables that have an owner and persist? */
static bool can_own(struct arena *arena)
{
	struct ruleset *desired = ruleset_new(arena);
	struct nft *nft;
	bool ok;

	desired->exists = true;
	desired->flags = RULESET_F_OWNER | RULESET_F_PERSIST;
	if (nft_open(&nft))
		return false;
	ok = commit_batch(nft, encode_replacement(desired,
						  day_now_usec() / 1000, 0)) &&
	     has_flags(nft, desired->flags, arena);
	nft_close(nft);
	run_nft("delete table inet " RULESET_TABLE " 2>/dev/null", "");
	return ok;
}

static bool all_flags(struct dice *dice, unsigned long n, struct count *count)
{
	/* 6 is left as 4 by the owner that goes. */
	static const uint32_t from[] = { NO_TABLE, 0, 1, 4, 5, 6 };
	struct arena *arena = arena_new();
	bool owning = can_own(arena), ok = true;
	struct flags_case c;
	unsigned long i;

	arena_free(arena);
	if (!owning)
		printf("this kernel knows no owners that persist: skipped\n");
	for (i = 0; ok && i < n; i++) {
		c.from = from[i % 6];
		c.to = i / 6 & 1 ? RULESET_F_OWNER | RULESET_F_PERSIST : 0;
		c.by_edits = i / 12 & 1;
		if (!owning && (c.to || (c.from & 6)))
			continue;
		arena = arena_new();
		ok = flags_round(arena, dice, &c, count);
		arena_free(arena);
	}
	return ok;
}

static bool knows_flowtables(void)
{
	bool ok = run_nft("-f - 2>/dev/null",
			  "table inet probe { flowtable f { hook ingress "
			  "priority 0; devices = { lo }; } }\n");

	run_nft("delete table inet probe 2>/dev/null", "");
	if (!ok)
		printf("this kernel knows no flowtables: not tried\n");
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
	for (i = 0; i < n && !getenv("TAMPER"); i++) {
		uint64_t state = dice.state;

		if (run_round(nft, &dice, i, &count))
			continue;
		printf("failed; repeat the last step with SEED=%#llx\n",
		       (unsigned long long)state);
		return 1;
	}
	count.flowtables = knows_flowtables();
	if (!getenv("TAMPER") && !all_flags(&dice, 24 + n, &count))
		return 1;
	for (i = 0; i < n; i++) {
		uint64_t state = dice.state;

		if (tamper_round(nft, &dice, &count))
			continue;
		printf("failed; repeat the last tampering with TAMPER=1 "
		       "SEED=%#llx\n",
		       (unsigned long long)state);
		return 1;
	}
	nft_close(nft);
	/* Most must come to something, or this proves little. */
	if (count.refused * 5 > count.tampered) {
		printf("nft refused %lu of %lu tamperings\n", count.refused,
		       count.tampered);
		return 1;
	}
	printf("kernel: %lu policies one after the other, read back equal each "
	       "time; %lu by elements alone, +%lu -%lu elements; %lu also by "
	       "nft from our text; %lu scripts (%lu refused) and %lu "
	       "raw messages undone, %lu rules left alone\n",
	       n, count.by_scope[EDIT_ELEMENTS], count.added, count.deleted,
	       count.from_text, count.tampered, count.refused, count.raw,
	       count.kept);
	return 0;
}
