// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the kernel gets from one policy to another, and back if that goes wrong.
 * Easy to get wrong: what is between the two lives in memory only until it is
 * through, so the keeper must not be left with it; and time goes by meanwhile,
 * for elements that end as well.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

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
/* In which packets come again of what may lose one when it is given a mark */
#define PUT_PAUSE_USEC 20000

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

/*
 * To the end of a sweep; false: or of the time for it. The table is watched
 * meanwhile.
 */
static bool put_sweep(const struct put *put)
{
	struct engine *engine = put->engine;
	uint64_t end_usec = day_clock_usec() + PUT_HAND_ON_USEC;

	while (sweeper_work(engine->sweeper, PUT_PIECE_USEC)) {
		if (day_clock_usec() >= end_usec) {
			sweeper_give_up(engine->sweeper);
			return false;
		}
		keeper_work(engine->keeper, put_time(put), PUT_PIECE_USEC);
	}
	return true;
}

static void put_pause(const struct put *put)
{
	const struct timespec moment = { 0, 1000000 };
	uint64_t end_usec = day_clock_usec() + PUT_PAUSE_USEC;

	while (day_clock_usec() < end_usec) {
		keeper_work(put->engine->keeper, put_time(put), PUT_PIECE_USEC);
		nanosleep(&moment, NULL);
	}
}

static bool put_hand_on(const struct put *put, const struct generation *from,
			const struct generation *to,
			const struct bridge *bridge)
{
	sweeper_hand_on(put->engine->sweeper, from->config.policy,
			to->config.policy, to->ruleset, bridge);
	return put_sweep(put);
}

/* What comes before the last step; see lib/bridge.h */
static void put_bridge(const struct put *put, struct arena *arena,
		       struct bridge *bridge)
{
	const struct generation *from = put->from, *to = put->to;
	struct bridge_side before, next;

	memset(bridge, 0, sizeof(*bridge));
	if (!from || put->engine->state != ENGINE_IN_FORCE)
		return;
	before = (struct bridge_side){ from->config.policy, from->ruleset };
	next = (struct bridge_side){ to->config.policy, to->ruleset };
	bridge_build(&before, &next, put->engine->latest_usec / 1000, arena,
		     bridge);
}

/*
 * While what was in force still is. It is for connections only, so if the kernel
 * does not take it, the change goes on without.
 */
static int put_ahead(const struct put *put, struct bridge *bridge,
		     bool *is_late)
{
	int rc = put_ruleset(put, bridge->ahead);

	if (!rc) {
		*is_late = !put_hand_on(put, put->from, put->to, bridge);
		return 0;
	}
	bridge->ahead = NULL;
	return put->edit->edited ? rc : 0;
}

/* What is to be is in force, but some connections have not been given to it. */
static void put_catch_up(const struct put *put, const struct bridge *bridge)
{
	if (!bridge->ahead) {
		put_hand_on(put, put->from, put->to, NULL);
		return;
	}
	if (bridge->has_flows && sweeper_has_late(put->engine->sweeper))
		put_pause(put);
	sweeper_catch_up(put->engine->sweeper);
	put_sweep(put);
}

/* A step after the first one was refused, so what was done is undone. */
static void put_back(const struct put *put, const struct bridge *bridge)
{
	struct engine *engine = put->engine;
	int rc;

	if (bridge->ahead)
		put_ruleset(put, bridge->ahead);
	if (bridge->ahead || bridge->has_flows)
		put_hand_on(put, put->to, put->from, NULL);
	sweeper_stop(engine->sweeper);
	rc = put_ruleset(put, put->from->ruleset);
	if (rc) {
		keeper_forget(engine->keeper);
		engine->state = ENGINE_UNSURE;
		return;
	}
	if (put->from == &engine->running)
		engine_sweep(engine);
	put->edit->edited = false;
}

/* Connections that are late have had all the time there is for them. */
static int put_steps(const struct put *put, struct bridge *bridge)
{
	bool begun = false, is_late = false;
	int rc = 0;

	if (bridge->ahead) {
		rc = put_ahead(put, bridge, &is_late);
		begun = bridge->ahead;
	}
	if (!rc && bridge->between) {
		rc = put_ruleset(put, bridge->between);
		begun |= !rc;
		if (!rc && bridge->has_flows && !is_late)
			put_catch_up(put, bridge);
	}
	if (!rc)
		rc = put_ruleset(put, put->to->ruleset);
	if (!rc && bridge->ahead && !bridge->has_flows && !is_late)
		put_catch_up(put, bridge);
	if (begun)
		sweeper_stop(put->engine->sweeper);
	if (rc && begun)
		put_back(put, bridge);
	return rc;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

int engine_put(struct engine *engine, const struct generation *from,
	       struct generation *to, uint64_t now_usec,
	       struct keeper_edit *edit)
{
	const struct policy *running = engine->running.config.policy;
	struct arena *arena = arena_new();
	struct bridge bridge;
	struct put put;
	int rc;

	memset(edit, 0, sizeof(*edit));
	put = (struct put){ engine, from, to, now_usec, day_clock_usec(), edit };
	keeper_watch(engine->keeper, &to->config.policy->watch);
	to->ruleset->flags = keeper_flags(engine->keeper);
	put_bridge(&put, arena, &bridge);
	rc = put_steps(&put, &bridge);
	/* what comes and goes on the way is no change */
	if (!rc && bridge.ahead) {
		edit->n_added -= least(edit->n_added, bridge.n_twins);
		edit->n_deleted -= least(edit->n_deleted, bridge.n_twins);
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
