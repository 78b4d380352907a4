/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_INSIDE_H
#define SEKIMORI_INSIDE_H

/*
 * The inside of the engine, for its own files: engine.c, which keeps a policy in
 * force, order.c, which puts another one in its place, and grant.c, which adds
 * to it for a while.
 */
#include "allow.h"
#include "audit.h"
#include "counter.h"
#include "engine.h"
#include "history.h"
#include "keeper.h"
#include "sweeper.h"
#include "term.h"

#define ENGINE_TRIAL_FAILED \
	"The configuration fails its own trials (must_pass, must_drop)"

/* A policy and the ruleset that it makes at one time */
struct generation {
	struct file_config config;
	struct arena *arena; /* of the ruleset */
	struct ruleset *ruleset;
	const struct terms *terms; /* in the arena */
	char digest[DIGEST_TEXT];
	uint64_t number; /* of those that are kept; 0: it is not */
};

struct engine {
	struct keeper *keeper;
	struct audit *audit;
	struct nft *nft; /* for counters */
	struct history *history;
	struct records *records; /* the caller's */
	struct sweeper *sweeper;
	struct allow *allow;
	const char *path;
	char *state_path; /* of the memory */
	struct generation running;
	bool disproved; /* the kernel does not do as the policy says */
	enum engine_state state; /* but for drift, which the keeper knows of */
	uint64_t n_earlier; /* changes that earlier runs made to the table */
	uint64_t serial;
	uint64_t started_usec, changed_usec; /* wall clock */
	uint64_t remembered_usec; /* wall clock */
	struct counters counters;

	bool sweeping; /* or comparing: there is more to do */
	bool audit_wanted; /* something has changed */
	bool audit_requested; /* somebody waits for it */
	bool audit_running;
	bool audit_answers; /* the one that runs was requested */
	uint64_t audit_cost_usec;
	uint64_t audit_due_usec; /* not before; CLOCK_MONOTONIC */
	uint64_t n_compared; /* by the keeper, when one was requested */
	uint64_t n_audited; /* for requests */

	uint64_t confirm_due_usec; /* CLOCK_MONOTONIC; UINT64_MAX: none */
	uint64_t journal_due_usec; /* CLOCK_MONOTONIC; UINT64_MAX: none */

	uint64_t saved_generation, saved_usec; /* CLOCK_MONOTONIC */
	bool remembers; /* there is a memory on disk */

	uint64_t latest_usec; /* that the wall clock has shown, ever */
	int64_t offset_usec; /* of the wall clock from CLOCK_MONOTONIC */
	bool clock_behind; /* it was wrong when we looked last */
};

/**
 * engine_follow_clock - the time for permissions, which is never put back
 *
 * Whatever depends on it begins with this: if the wall clock was set, all ends
 * that the kernel has are off, as it counts by another clock; they are told anew
 * before anything else is done, so that what differs until then is held against
 * nobody.
 */
uint64_t engine_follow_clock(struct engine *engine, uint64_t now_usec);

/** engine_begin_order - the same, for somebody's order; the outcome is empty yet */
uint64_t engine_begin_order(struct engine *engine, uint64_t now_usec,
			    struct engine_outcome *outcome);
void engine_note_clock(struct engine *engine, uint64_t now_usec);

void engine_compile(const struct engine *engine, struct generation *generation,
		    uint64_t now_usec);

/** engine_try - does it permit what must pass, and nothing that must not? */
int engine_try(struct generation *generation);

/**
 * engine_put - make the kernel hold @to, guarded as its policy says
 * @from: what it holds, if connections and packets under way matter; or NULL
 *
 * 0, or -errno: then, unless edit->edited, it holds what it has held before.
 */
int engine_put(struct engine *engine, const struct generation *from,
	       struct generation *to, uint64_t now_usec,
	       struct keeper_edit *edit);

/**
 * engine_prove - do the trials of a policy pass on what the kernel holds?
 * @next: was just put there
 *
 * The keeper has read back what it has changed and found it equal; this is not
 * about whether it is, but about whether equal is right. 0; -EBADE: a trial
 * fails, of which @next has the findings; or -errno of reading.
 */
int engine_prove(struct engine *engine, struct generation *next);

/**
 * engine_replace - put @next in place of what runs, and prove it
 * @strict: it has to pass its trials on what is read back
 *
 * After an error with edit->edited, engine_return() has to follow.
 */
int engine_replace(struct engine *engine, struct generation *next, bool strict,
		   uint64_t now_usec, struct keeper_edit *edit);

/**
 * engine_establish - put a policy in force for the first time
 * @config: with a policy; it is the engine's from here on
 * @number: of its generation; 0: it is not kept
 *
 * 0 when it is in force, which has been logged; else -errno, which has not.
 */
int engine_establish(struct engine *engine, struct file_config *config,
		     uint64_t number, uint64_t now_usec);

/** engine_why - a sentence about an error of these */
const char *engine_why(int rc);

void engine_drop_ruleset(struct generation *generation);

/** engine_take - replace what runs by what has been put in force */
void engine_take(struct engine *engine, struct generation *next);

/** engine_sweep - end what is no longer permitted, from now on */
void engine_sweep(struct engine *engine);

/** engine_await - watch the time until which a confirmation may come */
void engine_await(struct engine *engine);

/** engine_fall_back - what was not confirmed in time is undone */
void engine_fall_back(struct engine *engine, uint64_t now_usec);

/**
 * engine_return - after a change that went wrong half way: back to what was
 * @from: what the kernel holds, or NULL: nobody knows
 */
void engine_return(struct engine *engine, const struct generation *from,
		   uint64_t now_usec);

uint64_t engine_generation(const struct engine *engine);
void engine_save(struct engine *engine);

#endif
