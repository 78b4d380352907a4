// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the kernel gets from one policy to another, and back if that goes wrong.
 * Easy to get wrong: what is between the two lives in memory only until it is
 * through, so the keeper must not be left with it; and time goes by meanwhile,
 * for elements that end as well.
 */
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "bridge.h"
#include "day.h"
#include "diff.h"
#include "inside.h"
#include "log.h"
#include "look.h"
#include "suspect.h"
#include "sweeper.h"
#include "trial.h"

/* How long a change may wait for connections to be given other flows */
#define PUT_HAND_ON_USEC (1000 * 1000ull)
#define PUT_PIECE_USEC 5000

/**
 * struct put - one way from here to there
 * @from: what the kernel holds, or NULL: that is of no importance
 * @start_usec: CLOCK_MONOTONIC
 */
struct put {
	struct engine *engine;
	const struct generation *from, *to;
	uint64_t now_usec, start_usec;
	struct keeper_edit *edit;
};

static uint64_t put_time(const struct put *put)
{
	return put->now_usec + day_clock_usec() - put->start_usec;
}

static int put_ruleset(const struct put *put, const struct ruleset *ruleset)
{
	struct keeper_edit step, *edit = put->edit;
	int rc = keeper_apply(put->engine->keeper, ruleset, put_time(put),
			      &step);

	edit->existed |= step.existed;
	edit->edited |= step.edited;
	edit->n_added += step.n_added;
	edit->n_deleted += step.n_deleted;
	return rc;
}

/* The table is watched meanwhile: it may take a while, and holds for both. */
static void put_hand_on(const struct put *put, const struct generation *from,
			const struct generation *to)
{
	struct engine *engine = put->engine;
	uint64_t end_usec = day_clock_usec() + PUT_HAND_ON_USEC;

	sweeper_hand_on(engine->sweeper, from->config.policy, to->config.policy,
			to->ruleset);
	while (sweeper_work(engine->sweeper, PUT_PIECE_USEC)) {
		if (day_clock_usec() >= end_usec) {
			sweeper_give_up(engine->sweeper);
			break;
		}
		keeper_work(engine->keeper, put_time(put), PUT_PIECE_USEC);
	}
	sweeper_stop(engine->sweeper);
}

/* What is to be held in between, or NULL; see lib/bridge.h */
static struct ruleset *put_bridge(const struct put *put, struct arena *arena,
				  bool *has_flows)
{
	const struct generation *from = put->from, *to = put->to;
	struct bridge_side before, next;

	if (!from || put->engine->state != ENGINE_IN_FORCE)
		return NULL;
	before = (struct bridge_side){ from->config.policy, from->ruleset };
	next = (struct bridge_side){ to->config.policy, to->ruleset };
	return bridge_build(&before, &next, put->engine->latest_usec / 1000,
			    arena, has_flows);
}

/* The second of two steps was refused, so the first one is undone. */
static void put_back(const struct put *put, bool has_flows)
{
	struct engine *engine = put->engine;
	int rc;

	if (has_flows)
		put_hand_on(put, put->to, put->from);
	rc = put_ruleset(put, put->from->ruleset);
	if (rc) {
		keeper_forget(engine->keeper);
		engine->state = ENGINE_UNSURE;
		return;
	}
	engine_sweep(engine);
	put->edit->edited = false;
}

int engine_put(struct engine *engine, const struct generation *from,
	       struct generation *to, uint64_t now_usec,
	       struct keeper_edit *edit)
{
	const struct policy *running = engine->running.config.policy;
	struct arena *arena = arena_new();
	bool has_flows = false;
	struct ruleset *bridge;
	struct put put;
	int rc = 0;

	memset(edit, 0, sizeof(*edit));
	put = (struct put){ engine, from, to, now_usec, day_clock_usec(), edit };
	keeper_watch(engine->keeper, &to->config.policy->watch);
	to->ruleset->flags = keeper_flags(engine->keeper);
	bridge = put_bridge(&put, arena, &has_flows);
	if (bridge)
		rc = put_ruleset(&put, bridge);
	if (!rc) {
		if (bridge && has_flows)
			put_hand_on(&put, from, to);
		rc = put_ruleset(&put, to->ruleset);
		if (rc && bridge)
			put_back(&put, has_flows);
	}
	arena_free(arena);
	if (edit->edited)
		engine->changed_usec = now_usec;
	if (rc && running)
		keeper_watch(engine->keeper, &running->watch);
	if (!rc)
		engine->audit_wanted = true;
	return rc;
}

const char *engine_why(int rc)
{
	switch (rc) {
	case -EAGAIN:
		return "The kernel's table was changed again and again while "
		       "it was being brought into line";
	case -EBADMSG:
		return "What was read back from the kernel cannot be understood";
	case -EBADE:
		return "A trial (must_pass, must_drop) fails on what was read "
		       "back from the kernel";
	case -EPERM:
		return "The kernel does not permit it; another process may own "
		       "the table";
	}
	return "The kernel did not accept the ruleset";
}

/* Elements end by themselves, and a little early: then less is there. */
static bool put_ends_by_now(const struct generation *generation,
			    const struct ruleset *observed)
{
	int64_t change = generation->terms->change;

	return change && (int64_t)(observed->now_msec / 1000) + 1 >= change;
}

/*
 * What the packets of the trials meet, as the kernel has it: so the proof takes
 * its time by the number of trials, not by the size of the table. If it is not
 * what they were to meet, they may go where we have not looked, so all is read.
 */
static int put_look(struct engine *engine, const struct generation *next,
		    struct arena *arena, const struct ruleset **observed)
{
	const struct look *look;
	struct suspects met;
	struct ruleset *all;
	uint32_t genid;
	int rc;

	suspects_init(&met, arena);
	trial_meet(next->config.policy, next->ruleset, &met);
	rc = look_now(engine->nft, &met, next->ruleset, day_offset_usec(),
		      arena, &look);
	if (rc)
		return rc;
	*observed = look_observed(look);
	if (diff_rulesets(*observed, look_expected(look), arena)->scope ==
	    EDIT_NOTHING)
		return 0;
	rc = look_all(engine->nft, arena, &all, &genid);
	if (!rc)
		*observed = all;
	return rc;
}

int engine_prove(struct engine *engine, struct generation *next)
{
	const struct policy *policy = next->config.policy;
	const struct ruleset *observed;
	struct arena *arena;
	int rc;

	if (!policy->n_trials)
		return 0;
	arena = arena_new();
	rc = put_look(engine, next, arena, &observed);
	if (!rc && !put_ends_by_now(next, observed) &&
	    trial_observed(policy, next->ruleset, observed, &next->config.diag))
		rc = -EBADE;
	arena_free(arena);
	return rc;
}

int engine_replace(struct engine *engine, struct generation *next, bool strict,
		   uint64_t now_usec, struct keeper_edit *edit)
{
	int rc = engine_put(engine, &engine->running, next, now_usec, edit);
	int proof;

	if (rc)
		return rc;
	proof = engine_prove(engine, next);
	if (!proof)
		return 0;
	if (!strict) {
		log_error("SEKI-ERROR", proof, "%s, and yet it is put in force",
			  engine_why(proof));
		return 0;
	}
	/* it is kept now, even if the kernel had it before */
	edit->edited = true;
	return proof;
}

void engine_return(struct engine *engine, const struct generation *from,
		   uint64_t now_usec)
{
	struct keeper_edit edit;
	int rc;

	if (engine->state == ENGINE_WITHDRAWN) {
		rc = keeper_withdraw(engine->keeper);
		if (!rc)
			return;
		log_error("SEKI-ERROR", rc,
			  "The table could not be removed again");
		keeper_forget(engine->keeper);
		return;
	}
	rc = engine_put(engine, from, &engine->running, now_usec, &edit);
	engine->state = rc ? ENGINE_UNSURE : ENGINE_IN_FORCE;
	if (!rc) {
		engine_sweep(engine);
		return;
	}
	log_error("SEKI-ERROR", rc,
		  "The old policy could not be put back at once, which is "
		  "tried again every minute: %s",
		  engine_why(rc));
	keeper_forget(engine->keeper); /* what it has may not live any longer */
}
