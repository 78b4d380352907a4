// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy in force, and the one operation that puts it there. Easy to get
 * wrong: a transaction that was accepted is not yet a table that is right.
 * So each attempt starts by reading the kernel, and only an attempt that finds
 * nothing to change counts as success; that is the read-back of the one
 * before it, and it works the same whoever changed the table in between.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "arena.h"
#include "compile.h"
#include "counter.h"
#include "day.h"
#include "finding.h"
#include "log.h"
#include "state.h"

#define ENGINE_TRIES 8
#define ENGINE_REMEMBER_USEC (600 * 1000000ull)

/* A policy and the ruleset that it makes on one day */
struct generation {
	struct file_config config;
	struct arena *arena; /* of the ruleset */
	const struct ruleset *ruleset;
	unsigned int today;
	char digest[DIGEST_TEXT];
};

struct engine {
	struct nft *nft;
	const char *path, *state_path;
	struct generation running;
	enum engine_state state;
	uint64_t generation; /* changes made to the kernel's table */
	uint64_t serial;
	uint32_t verified_genid; /* the kernel's, when it was last right */
	uint64_t started_usec, changed_usec, verified_usec; /* wall clock */
	uint64_t remembered_usec, looked_usec;
	uint64_t look_cost_usec; /* how long the last look took */
	struct counters counters;
};

/* What engine_apply() had to do */
struct engine_edit {
	bool existed; /* there was a table at first */
	bool edited; /* at least one transaction was carried out */
	size_t n_added, n_deleted; /* elements */
};

const char *engine_state_name(enum engine_state state)
{
	switch (state) {
	case ENGINE_UNSURE:
		return "unsure";
	case ENGINE_IN_FORCE:
		return "in_force";
	case ENGINE_DRIFTED:
		return "drifted";
	case ENGINE_WITHDRAWN:
		return "withdrawn";
	}
	return "?";
}

struct engine *engine_new(struct nft *nft, const char *path,
			  const char *state_path)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		abort();
	engine->nft = nft;
	engine->path = path;
	engine->state_path = state_path;
	return engine;
}

static time_t engine_seconds(uint64_t usec)
{
	return (time_t)(usec / 1000000);
}

static void engine_drop_ruleset(struct generation *generation)
{
	arena_free(generation->arena);
	generation->arena = NULL;
	generation->ruleset = NULL;
}

static void engine_drop_generation(struct generation *generation)
{
	engine_drop_ruleset(generation);
	file_unload(&generation->config);
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	engine_drop_generation(&engine->running);
	counter_free(&engine->counters);
	free(engine);
}

static uint64_t engine_clock_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void engine_compile(struct generation *generation, unsigned int today)
{
	generation->arena = arena_new();
	generation->ruleset = compile_policy(generation->config.policy, today,
					     generation->arena);
	generation->today = today;
	ruleset_digest(generation->ruleset, generation->digest);
}

static void engine_log_refusals(const struct nft_refusal *refusals, size_t n)
{
	struct log_line line;
	size_t i;

	for (i = 0; i < n; i++) {
		log_begin(&line, "SEKI-KERNEL", "The kernel refused %s",
			  refusals[i].origin);
		log_add_text(&line, "error", strerror(refusals[i].error));
		log_end(&line, LOG_ERR);
	}
}

/*
 * Look once, and change what differs. 0: nothing differs, the kernel holds
 * @desired. -EAGAIN: look again, there has been a change, ours or another's.
 */
static int engine_apply_once(struct engine *engine,
			     const struct generation *desired,
			     struct arena *arena, struct engine_edit *edit)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct ruleset *observed;
	struct edits *edits;
	struct batch *batch;
	size_t n_refusals = 0;
	uint32_t genid;
	int rc;

	rc = nft_read(engine->nft, arena, &observed, &genid);
	if (rc)
		return rc;
	edits = diff_rulesets(observed, desired->ruleset, arena);
	if (edits->scope == EDIT_NOTHING) {
		char digest[DIGEST_TEXT];

		ruleset_digest(observed, digest);
		if (strcmp(digest, desired->digest))
			return -EBADMSG;
		engine->verified_genid = genid;
		return 0;
	}
	edit->existed |= observed->exists;
	batch = encode_edits(observed, desired->ruleset, edits, genid);
	rc = nft_commit(engine->nft, batch, refusals, &n_refusals);
	batch_free(batch);
	if (rc == -ERESTART)
		return -EAGAIN;
	engine_log_refusals(refusals, n_refusals);
	if (rc)
		return rc;
	edit->edited = true;
	edit->n_added += edits->n_added;
	edit->n_deleted += edits->n_deleted;
	engine->generation++;
	return -EAGAIN;
}

/*
 * Make the kernel hold @desired, and see that it does. 0, or -errno; -EAGAIN
 * when ENGINE_TRIES looks in a row found something to change.
 */
static int engine_apply(struct engine *engine, const struct generation *desired,
			uint64_t now_usec, struct engine_edit *edit)
{
	uint64_t start = engine_clock_usec();
	int rc = -EAGAIN, try;

	memset(edit, 0, sizeof(*edit));
	for (try = 0; try < ENGINE_TRIES && rc == -EAGAIN; try++) {
		struct arena *arena = arena_new();

		rc = engine_apply_once(engine, desired, arena, edit);
		arena_free(arena);
	}
	engine->looked_usec = now_usec;
	engine->look_cost_usec = engine_clock_usec() - start;
	if (edit->edited)
		engine->changed_usec = now_usec;
	if (!rc)
		engine->verified_usec = now_usec;
	return rc;
}

static const char *engine_why(int rc)
{
	switch (rc) {
	case -EAGAIN:
		return "The kernel's table was changed again and again while "
		       "it was being brought into line";
	case -EBADMSG:
		return "What was read back from the kernel cannot be relied on";
	case -EPERM:
		return "The kernel does not permit it; another process may own "
		       "the table";
	}
	return "The kernel did not accept the ruleset";
}

static void engine_take_memory(struct engine *engine)
{
	int rc;

	rc = state_load(engine->state_path, &engine->generation,
			&engine->counters);
	if (rc && rc != -ENOENT)
		log_error("SEKI-ERROR", rc,
			  "The memory of earlier runs in %s cannot be used; "
			  "ages start anew",
			  engine->state_path);
}

/* Written after each change, so that the generation never counts back. */
static void engine_save(const struct engine *engine)
{
	int rc = state_save(engine->state_path, engine->generation,
			    &engine->counters);

	if (rc)
		log_error("SEKI-ERROR", rc, "%s cannot be written",
			  engine->state_path);
}

static void engine_log_ready(const struct engine *engine,
			     const struct engine_edit *edit, uint64_t usec)
{
	const struct policy *policy = engine->running.config.policy;
	struct log_line line;

	log_begin(&line, "SEKI-READY",
		  "The policy is in force; the kernel was read back and holds "
		  "just this");
	log_add_text(&line, "gateway", policy->gateway);
	log_add_number(&line, "zones", policy->n_zones - 1);
	log_add_number(&line, "conduits", policy->n_conduits);
	log_add_number(&line, "flows", policy->n_flows);
	log_add_number(&line, "elements",
		       ruleset_n_elems(engine->running.ruleset));
	log_add_text(&line, "digest", engine->running.digest);
	log_add_number(&line, "generation", engine->generation);
	log_add_text(&line, "table",
		     !edit->edited ? "unchanged" :
		     edit->existed ? "adopted" :
				     "created");
	log_add_number(&line, "elements_added", edit->n_added);
	log_add_number(&line, "elements_deleted", edit->n_deleted);
	log_add_number(&line, "ms", usec / 1000);
	log_end(&line, LOG_NOTICE);
}

int engine_start(struct engine *engine, struct file_config *config,
		 uint64_t now_usec)
{
	uint64_t start = engine_clock_usec();
	struct engine_edit edit;
	int rc;

	engine->running.config = *config;
	memset(config, 0, sizeof(*config));
	engine->started_usec = now_usec;
	engine->remembered_usec = now_usec;
	engine->serial++;
	engine_compile(&engine->running, day_of(engine_seconds(now_usec)));
	counter_follow(&engine->counters, engine->running.config.policy);
	engine_take_memory(engine);
	finding_log(&engine->running.config.diag);
	rc = engine_apply(engine, &engine->running, now_usec, &edit);
	if (rc) {
		log_error("SEKI-ERROR", rc, "%s", engine_why(rc));
		return rc;
	}
	engine->state = ENGINE_IN_FORCE;
	engine_log_ready(engine, &edit, engine_clock_usec() - start);
	if (edit.edited)
		engine_save(engine);
	return 0;
}

/* Replace what runs by what has been put in force */
static void engine_take_generation(struct engine *engine,
				   struct generation *next)
{
	engine_drop_generation(&engine->running);
	engine->running = *next;
	engine->state = ENGINE_IN_FORCE;
	engine->serial++;
	counter_follow(&engine->counters, engine->running.config.policy);
}

static void engine_log_refusal(const struct engine *engine,
			       const struct actor *actor,
			       const struct engine_outcome *outcome)
{
	bool withdrawn = engine->state == ENGINE_WITHDRAWN;
	struct log_line line;

	log_begin(&line, "SEKI-REFUSED",
		  "The new configuration is refused, %s: %s",
		  withdrawn ? "and still nothing is in force" :
			      "the old policy stays in force",
		  outcome->reason);
	log_add_actor(&line, actor);
	log_add_number(&line, "errors", outcome->diag->n_errors);
	log_add_number(&line, "warnings", outcome->diag->n_warnings);
	log_add_text(&line, "digest", engine->running.digest);
	log_end(&line, LOG_ERR);
	finding_log(outcome->diag);
}

static void engine_log_reload(const struct actor *actor,
			      const struct engine_outcome *outcome,
			      uint64_t usec)
{
	struct log_line line;

	log_begin(&line, "SEKI-RELOAD",
		  outcome->edited ?
			  "The configuration was read again and is in force" :
			  "The configuration was read again; the kernel holds "
			  "it already and was not touched");
	log_add_actor(&line, actor);
	log_add_text(&line, "from", outcome->from);
	log_add_text(&line, "to", outcome->to);
	log_add_number(&line, "conduits_added", outcome->change.n_added);
	log_add_number(&line, "conduits_removed", outcome->change.n_removed);
	log_add_number(&line, "conduits_changed", outcome->change.n_changed);
	log_add_number(&line, "elements_added", outcome->n_added);
	log_add_number(&line, "elements_deleted", outcome->n_deleted);
	log_add_number(&line, "generation", outcome->generation);
	log_add_number(&line, "ms", usec / 1000);
	log_end(&line, LOG_NOTICE);
}

/* After a change that went wrong half way: back to what was in force */
static void engine_return(struct engine *engine, uint64_t now_usec)
{
	struct engine_edit edit;
	int rc;

	if (engine->state == ENGINE_WITHDRAWN)
		return;
	rc = engine_apply(engine, &engine->running, now_usec, &edit);
	engine->state = rc ? ENGINE_UNSURE : ENGINE_IN_FORCE;
	if (rc)
		log_error("SEKI-ERROR", rc,
			  "The old policy could not be put back at once, which "
			  "is tried again every minute: %s",
			  engine_why(rc));
}

int engine_reload(struct engine *engine, const struct actor *actor,
		  uint64_t now_usec, struct engine_outcome *outcome)
{
	uint64_t start = engine_clock_usec();
	struct generation next = { 0 };
	struct engine_edit edit;
	int rc;

	memset(outcome, 0, sizeof(*outcome));
	memcpy(outcome->from, engine->running.digest, DIGEST_TEXT);
	rc = file_load(engine->path, &next.config);
	if (rc) {
		outcome->reason = "The configuration has mistakes";
		goto refused;
	}
	engine_compile(&next, day_of(engine_seconds(now_usec)));
	rc = engine_apply(engine, &next, now_usec, &edit);
	if (rc) {
		outcome->reason = engine_why(rc);
		if (edit.edited)
			engine_return(engine, now_usec);
		goto refused;
	}
	show_compare(engine->running.config.policy, next.config.policy,
		     &outcome->change);
	engine_take_generation(engine, &next);
	memcpy(outcome->to, engine->running.digest, DIGEST_TEXT);
	outcome->diag = &engine->running.config.diag;
	outcome->n_added = edit.n_added;
	outcome->n_deleted = edit.n_deleted;
	outcome->edited = edit.edited;
	outcome->generation = engine->generation;
	engine_log_reload(actor, outcome, engine_clock_usec() - start);
	if (edit.edited)
		engine_save(engine);
	finding_log(outcome->diag);
	return 0;
refused:
	outcome->refused = true;
	outcome->generation = engine->generation;
	engine_drop_ruleset(&next);
	outcome->refused_config = next.config;
	outcome->diag = &outcome->refused_config.diag;
	engine_log_refusal(engine, actor, outcome);
	return rc;
}

void engine_outcome_free(struct engine_outcome *outcome)
{
	file_unload(&outcome->refused_config);
	outcome->diag = NULL;
}

/* Like engine_apply_once(), with no table as what is desired */
static int engine_withdraw_once(struct engine *engine, struct arena *arena)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct ruleset *observed;
	struct batch *batch;
	size_t n_refusals = 0;
	uint32_t genid;
	int rc;

	rc = nft_read(engine->nft, arena, &observed, &genid);
	if (rc || !observed->exists)
		return rc;
	batch = encode_withdraw(genid);
	rc = nft_commit(engine->nft, batch, refusals, &n_refusals);
	batch_free(batch);
	if (rc && rc != -ERESTART) {
		engine_log_refusals(refusals, n_refusals);
		return rc;
	}
	if (!rc)
		engine->generation++;
	return -EAGAIN;
}

int engine_withdraw(struct engine *engine, const struct actor *actor,
		    uint64_t now_usec)
{
	struct log_line line;
	int rc = -EAGAIN, try;

	for (try = 0; try < ENGINE_TRIES && rc == -EAGAIN; try++) {
		struct arena *arena = arena_new();

		rc = engine_withdraw_once(engine, arena);
		arena_free(arena);
	}
	if (rc) {
		log_error("SEKI-ERROR", rc, "The table could not be removed");
		return rc;
	}
	engine->state = ENGINE_WITHDRAWN;
	engine->changed_usec = now_usec;
	log_begin(&line, "SEKI-WITHDRAWN",
		  "The table was removed on request; nothing is enforced any "
		  "more, until the next reload or start");
	log_add_actor(&line, actor);
	log_add_text(&line, "from", engine->running.digest);
	log_add_number(&line, "generation", engine->generation);
	log_end(&line, LOG_WARNING);
	return 0;
}

/* Not so often that it takes more than about a tenth of our time */
static bool engine_is_due(uint64_t last_usec, uint64_t cost_usec,
			  uint64_t now_usec)
{
	return now_usec < last_usec || now_usec - last_usec > 10 * cost_usec;
}

/* Does the kernel hold what runs? Reads all of it. */
static int engine_look(struct engine *engine, bool *equal, uint32_t *genid)
{
	struct arena *arena = arena_new();
	struct ruleset *observed;
	int rc;

	rc = nft_read(engine->nft, arena, &observed, genid);
	if (!rc)
		*equal = diff_rulesets(observed, engine->running.ruleset, arena)
				 ->scope == EDIT_NOTHING;
	arena_free(arena);
	return rc;
}

void engine_verify(struct engine *engine, uint64_t now_usec)
{
	uint64_t start = engine_clock_usec();
	struct log_line line;
	bool equal = true;
	uint32_t genid;

	if (engine->state == ENGINE_UNSURE ||
	    engine->state == ENGINE_WITHDRAWN ||
	    nft_generation(engine->nft, &genid))
		return;
	if (genid != engine->verified_genid) {
		if (!engine_is_due(engine->looked_usec, engine->look_cost_usec,
				   now_usec) ||
		    engine_look(engine, &equal, &genid))
			return;
		engine->looked_usec = now_usec;
		engine->look_cost_usec = engine_clock_usec() - start;
	}
	if (equal) {
		engine->verified_genid = genid;
		engine->verified_usec = now_usec;
		engine->state = ENGINE_IN_FORCE;
		return;
	}
	if (engine->state == ENGINE_DRIFTED)
		return;
	engine->state = ENGINE_DRIFTED;
	log_begin(&line, "SEKI-DRIFT",
		  "The kernel's table no longer holds the policy; somebody has "
		  "changed it, a reload puts it back");
	log_add_text(&line, "digest", engine->running.digest);
	log_end(&line, LOG_CRIT);
}

/* Another day has begun: the policy is the same, but may permit less. */
static void engine_turn_day(struct engine *engine, uint64_t now_usec)
{
	const struct policy *policy = engine->running.config.policy;
	struct generation *running = &engine->running;
	unsigned int before = running->today;
	char from[DIGEST_TEXT];
	struct log_line line;
	size_t n_ended = 0, i;

	memcpy(from, running->digest, DIGEST_TEXT);
	engine_drop_ruleset(running);
	engine_compile(running, day_of(engine_seconds(now_usec)));
	if (!strcmp(from, running->digest))
		return;
	for (i = 0; i < policy->n_conduits; i++)
		n_ended +=
			policy_in_force(&policy->conduits[i], before) &&
			!policy_in_force(&policy->conduits[i], running->today);
	log_begin(&line, "SEKI-DAY",
		  "A new day has begun, which changes what is permitted");
	log_add_number(&line, "today", running->today);
	log_add_number(&line, "conduits_ended", n_ended);
	log_add_text(&line, "from", from);
	log_add_text(&line, "to", running->digest);
	log_end(&line, LOG_NOTICE);
	if (engine->state != ENGINE_WITHDRAWN)
		engine->state = ENGINE_UNSURE; /* until it has been applied */
}

void engine_tick(struct engine *engine, uint64_t now_usec)
{
	struct engine_edit edit;
	int rc;

	if (day_of(engine_seconds(now_usec)) != engine->running.today)
		engine_turn_day(engine, now_usec);
	if (engine->state == ENGINE_UNSURE) {
		rc = engine_apply(engine, &engine->running, now_usec, &edit);
		if (!rc)
			engine->state = ENGINE_IN_FORCE;
		else
			log_error("SEKI-ERROR", rc,
				  "The policy is not in force, which is tried "
				  "again every minute: %s",
				  engine_why(rc));
	}
	engine_verify(engine, now_usec);
	if (engine->state == ENGINE_IN_FORCE) {
		rc = counter_sample(&engine->counters, engine->nft, now_usec);
		if (rc)
			log_error("SEKI-ERROR", rc,
				  "The counters cannot be read");
	}
	if (now_usec < engine->remembered_usec ||
	    now_usec - engine->remembered_usec >= ENGINE_REMEMBER_USEC)
		engine_remember(engine, now_usec);
}

void engine_remember(struct engine *engine, uint64_t now_usec)
{
	size_t n_counts;

	engine_counts(engine, now_usec, &n_counts); /* read them anew */
	engine_save(engine);
	engine->remembered_usec = now_usec;
}

const struct policy *engine_policy(const struct engine *engine)
{
	return engine->running.config.policy;
}

enum engine_state engine_state(const struct engine *engine)
{
	return engine->state;
}

unsigned int engine_today(const struct engine *engine)
{
	return engine->running.today;
}

uint64_t engine_serial(const struct engine *engine)
{
	return engine->serial;
}

void engine_status(const struct engine *engine, struct show_status *status)
{
	const struct generation *running = &engine->running;

	memset(status, 0, sizeof(*status));
	status->state = engine_state_name(engine->state);
	status->version = SEKIMORI_VERSION;
	status->file = engine->path;
	status->digest = running->digest;
	status->generation = engine->generation;
	status->started = engine_seconds(engine->started_usec);
	status->changed = engine_seconds(engine->changed_usec);
	status->verified = engine_seconds(engine->verified_usec);
	status->n_elements = ruleset_n_elems(running->ruleset);
	status->n_warnings = running->config.diag.n_warnings;
	status->policy = running->config.policy;
	status->today = running->today;
}

const struct show_count *engine_counts(struct engine *engine, uint64_t now_usec,
				       size_t *n_counts)
{
	struct counters *counters = &engine->counters;

	if (engine->state != ENGINE_WITHDRAWN &&
	    engine_is_due(counters->sampled_usec, counters->cost_usec,
			  now_usec))
		counter_sample(counters, engine->nft, now_usec);
	*n_counts = counters->n_counts;
	return counters->counts;
}
