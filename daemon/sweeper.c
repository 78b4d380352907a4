// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sweeps over the tracked connections. Easy to get wrong: the policy may be
 * replaced while a sweep is under way, and must not be asked any more then; and
 * most of what a changed policy no longer permits has stopped already, with the
 * elements that are gone. The sweep is for the rest: entries that nothing uses
 * any more, and sessions whose flow stays but does not cover them.
 *
 * Before a flow goes, sessions that another one will permit are handed to that;
 * so they go on, and what is left stops as soon as the flow has gone.
 */
#include "sweeper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "day.h"
#include "log.h"
#include "sysctl.h"

#define SWEEPER_TRIES 4

struct sweeper {
	struct conntrack *conntrack; /* NULL: cannot be used */
	struct arena *arena; /* of the rules */
	struct session_rules rules;
	bool has_rules, running;
	bool hands_on; /* what may not go on is left to others */
	const struct bridge *bridge; /* which see to that, if not NULL */
	bool is_ahead; /* of a change that is not in force yet */
	bool catches_up; /* the last one has met all, and this is for the rest */
	bool met_all; /* in the last one */
	bool leaves; /* something that only another one can see to */
	bool fails; /* which has been logged */
	unsigned int tries;
	struct sweep_counts counts;
	uint64_t n_ended, n_moved; /* by the last one, all tries together */
};

struct sweeper *sweeper_open(void)
{
	struct sweeper *sweeper = calloc(1, sizeof(*sweeper));
	int rc;

	if (!sweeper)
		abort();
	rc = conntrack_open(&sweeper->conntrack);
	if (rc) {
		sweeper->conntrack = NULL;
		log_error("SEKI-ERROR", rc,
			  "Connection tracking cannot be reached; sessions "
			  "that are no longer permitted stop, but stay listed");
	}
	return sweeper;
}

void sweeper_close(struct sweeper *sweeper)
{
	if (!sweeper)
		return;
	conntrack_close(sweeper->conntrack);
	arena_free(sweeper->arena);
	free(sweeper);
}

static uint32_t sweeper_mark(void *data, const struct session *session)
{
	return session_mark(data, session);
}

/*
 * What has no other flow is not ended, but left to what follows; and what has one
 * that it cannot have yet, to another sweep.
 */
static uint32_t sweeper_mark_to_hand_on(void *data,
					const struct session *session)
{
	struct sweeper *sweeper = data;
	const struct bridge *bridge = sweeper->bridge;
	uint32_t mark = session_mark(&sweeper->rules, session);

	if (!mark)
		return bridge ? bridge_mark_of_end(bridge, session->mark) :
				session->mark;
	if (mark != session->mark && sweeper->is_ahead &&
	    !bridge_has_ahead(bridge, mark)) {
		sweeper->leaves = true;
		return session->mark;
	}
	return mark;
}

static void sweeper_tell(struct sweeper *sweeper, int rc)
{
	if (rc && !sweeper->fails)
		log_error("SEKI-ERROR", rc,
			  "The tracked connections cannot be read");
	sweeper->fails = rc;
}

static void sweeper_start(struct sweeper *sweeper)
{
	struct sweep sweep = { sweeper_mark, &sweeper->rules, true };
	int rc;

	sweeper->met_all = sweeper->leaves = false;
	if (sweeper->hands_on)
		sweep = (struct sweep){ sweeper_mark_to_hand_on, sweeper,
					true };
	rc = conntrack_begin(sweeper->conntrack, &sweep);

	sweeper->running = !rc;
	if (rc)
		sweeper_tell(sweeper, rc);
	memset(&sweeper->counts, 0, sizeof(sweeper->counts));
}

static void sweeper_judge(struct sweeper *sweeper, const struct policy *before,
			  const struct policy *policy,
			  const struct ruleset *ruleset)
{
	sweeper_stop(sweeper);
	if (!sweeper->conntrack)
		return;
	sweeper->arena = arena_new();
	session_rules_init(&sweeper->rules, before, policy, ruleset,
			   sweeper->arena);
	sweeper->has_rules = true;
}

static void sweeper_run_again(struct sweeper *sweeper, bool catches_up)
{
	if (!sweeper->has_rules || sweeper->running)
		return;
	sweeper->tries = SWEEPER_TRIES;
	sweeper->n_ended = sweeper->n_moved = 0;
	sweeper->catches_up = catches_up;
	if (catches_up) {
		sweeper->running = true;
		memset(&sweeper->counts, 0, sizeof(sweeper->counts));
	} else {
		sweeper_start(sweeper);
	}
}

void sweeper_begin(struct sweeper *sweeper, const struct policy *policy,
		   const struct ruleset *ruleset)
{
	sweeper_judge(sweeper, policy, policy, ruleset);
	sweeper_again(sweeper);
}

/* Connections tell of themselves, unless the administrator does not want it. */
static bool sweeper_hears_news(void)
{
	const char *name = "net.netfilter.nf_conntrack_events";
	struct arena *arena = arena_new();
	struct sysctl_value *value;
	bool told;

	told = !sysctl_read(&name, 1, arena, &value) && value->value &&
	       strcmp(value->value, "0") != 0;
	arena_free(arena);
	return told;
}

void sweeper_hand_on(struct sweeper *sweeper, const struct policy *before,
		     const struct policy *policy, const struct ruleset *ruleset,
		     const struct bridge *bridge)
{
	sweeper_judge(sweeper, before, policy, ruleset);
	if (!sweeper->conntrack)
		return;
	sweeper->hands_on = true;
	sweeper->bridge = bridge;
	sweeper->is_ahead = bridge;
	if (bridge && sweeper_hears_news())
		conntrack_watch(sweeper->conntrack);
	sweeper_run_again(sweeper, false);
}

void sweeper_again(struct sweeper *sweeper)
{
	if (!sweeper->hands_on)
		sweeper_run_again(sweeper, false);
}

void sweeper_catch_up(struct sweeper *sweeper)
{
	sweeper->is_ahead = false;
	if (!sweeper->conntrack)
		return;
	if (!sweeper->met_all) /* then all are met, and none is left alone */
		conntrack_unwatch(sweeper->conntrack);
	sweeper_run_again(sweeper, sweeper->met_all);
}

bool sweeper_has_late(const struct sweeper *sweeper)
{
	return sweeper->conntrack && conntrack_has_late(sweeper->conntrack);
}

void sweeper_stop(struct sweeper *sweeper)
{
	arena_free(sweeper->arena);
	sweeper->arena = NULL;
	sweeper->has_rules = sweeper->running = false;
	sweeper->hands_on = sweeper->is_ahead = false;
	sweeper->bridge = NULL;
	if (sweeper->conntrack)
		conntrack_unwatch(sweeper->conntrack);
}

static void sweeper_log(const struct sweeper *sweeper)
{
	struct log_line line;

	if (!sweeper->n_ended && !sweeper->n_moved)
		return;
	log_begin(&line, "SEKI-SESSIONS",
		  sweeper->n_ended ?
			  "Connections that the policy no longer permits were "
			  "ended" :
			  "Connections go on under conduits that permit them "
			  "now");
	log_add_number(&line, "ended", sweeper->n_ended);
	log_add_number(&line, "moved", sweeper->n_moved);
	log_add_number(&line, "seen", sweeper->counts.seen);
	log_end(&line, LOG_NOTICE);
}

/* A sweep has come to its end, or to nothing. */
static void sweeper_finish(struct sweeper *sweeper, int rc)
{
	sweeper->running = false;
	sweeper->n_ended += sweeper->counts.ended;
	sweeper->n_moved += sweeper->counts.moved;
	if ((rc == -EINTR || sweeper->counts.failed ||
	     (rc && sweeper->catches_up)) &&
	    --sweeper->tries) {
		if (sweeper->catches_up)
			conntrack_unwatch(sweeper->conntrack);
		sweeper->catches_up = false;
		sweeper_start(sweeper);
		return;
	}
	sweeper->met_all = !rc && !sweeper->counts.failed && !sweeper->leaves;
	sweeper_tell(sweeper, rc == -EINTR ? 0 : rc);
	sweeper_log(sweeper);
}

void sweeper_give_up(struct sweeper *sweeper)
{
	struct log_line line;

	sweeper->running = sweeper->met_all = false;
	log_begin(
		&line, "SEKI-SESSIONS",
		"There was no time to hand all connections on to the conduits "
		"that permit them now; the others stop, or the "
		"sweep ends them");
	log_add_number(&line, "moved",
		       sweeper->n_moved + sweeper->counts.moved);
	log_add_number(&line, "seen", sweeper->counts.seen);
	log_end(&line, LOG_WARNING);
}

bool sweeper_work(struct sweeper *sweeper, uint64_t budget_usec)
{
	uint64_t start = day_clock_usec();
	int rc;

	while (sweeper->running) {
		rc = sweeper->catches_up ?
			     conntrack_catch_up(sweeper->conntrack,
						&sweeper->counts) :
			     conntrack_step(sweeper->conntrack,
					    &sweeper->counts);
		if (rc != 1)
			sweeper_finish(sweeper, rc);
		else if (day_clock_usec() - start >= budget_usec)
			break;
	}
	return sweeper->running;
}

bool sweeper_ended(const struct sweeper *sweeper, uint64_t *n_ended)
{
	*n_ended = sweeper->n_ended;
	return !sweeper->running;
}

/* A whole sweep at once; 1 if there was no time for all of it */
static int sweeper_run(struct conntrack *conntrack, const struct sweep *sweep,
		       uint64_t deadline_usec, struct sweep_counts *counts)
{
	int rc = conntrack_begin(conntrack, sweep);

	memset(counts, 0, sizeof(*counts));
	if (rc)
		return rc;
	do
		rc = conntrack_step(conntrack, counts);
	while (rc == 1 && day_clock_usec() < deadline_usec);
	return rc;
}

int64_t sweeper_count(const struct policy *before, const struct policy *policy,
		      const struct ruleset *ruleset, uint64_t budget_usec)
{
	uint64_t deadline_usec = day_clock_usec() + budget_usec;
	struct arena *arena = arena_new();
	struct session_rules rules;
	const struct sweep sweep = { sweeper_mark, &rules, false };
	struct sweep_counts counts = { 0 };
	struct conntrack *conntrack;
	int rc = conntrack_open(&conntrack);

	if (!rc) {
		session_rules_init(&rules, before, policy, ruleset, arena);
		rc = sweeper_run(conntrack, &sweep, deadline_usec, &counts);
		conntrack_close(conntrack);
	}
	arena_free(arena);
	return rc && rc != -EINTR ? -1 : (int64_t)counts.ended;
}
