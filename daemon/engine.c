// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy in force: where it comes from and what becomes of it. That the
 * kernel holds it is the keeper's work. Easy to get wrong: the keeper goes on
 * using a ruleset until it was given another one with success, so none is
 * freed before that.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "arena.h"
#include "audit.h"
#include "compile.h"
#include "counter.h"
#include "day.h"
#include "finding.h"
#include "keeper.h"
#include "log.h"
#include "state.h"

#define ENGINE_REMEMBER_USEC (600 * 1000000ull)
#define ENGINE_SAMPLE_USEC (50 * 1000000ull)
#define ENGINE_SAVE_USEC (1 * 1000000ull)

/* How long the rest of the daemon may have to wait for us */
#define ENGINE_BUDGET_USEC 5000

/* Audits take at most about a twentieth of our time. */
#define ENGINE_AUDIT_USEC (200 * 1000ull)
#define ENGINE_AUDIT_SHARE 20

/* A policy and the ruleset that it makes on one day */
struct generation {
	struct file_config config;
	struct arena *arena; /* of the ruleset */
	struct ruleset *ruleset;
	unsigned int today;
	char digest[DIGEST_TEXT];
};

struct engine {
	struct keeper *keeper;
	struct audit *audit;
	struct nft *nft; /* for counters */
	const char *path, *state_path;
	struct generation running;
	enum engine_state state; /* but for drift, which the keeper knows of */
	uint64_t n_earlier; /* changes that earlier runs made to the table */
	uint64_t serial;
	uint64_t started_usec, changed_usec; /* wall clock */
	uint64_t remembered_usec; /* wall clock */
	struct counters counters;

	bool audit_wanted; /* something has changed */
	bool audit_requested; /* somebody waits for it */
	bool audit_running;
	bool audit_answers; /* the one that runs was requested */
	uint64_t audit_cost_usec;
	uint64_t audit_due_usec; /* not before; CLOCK_MONOTONIC */
	uint64_t n_compared; /* by the keeper, when one was requested */
	uint64_t n_audited; /* for requests */

	uint64_t saved_generation, saved_usec; /* CLOCK_MONOTONIC */
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

static uint64_t engine_clock_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Everything was read, and is right. */
static void engine_on_compared(void *data, const struct ruleset *observed,
			       uint64_t now_usec)
{
	struct engine *engine = data;

	counter_take(&engine->counters, observed, now_usec);
	engine->audit_wanted = true;
}

int engine_open(const char *path, const char *state_path, struct engine **out)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int rc;

	if (!engine)
		abort();
	engine->path = path;
	engine->state_path = state_path;
	rc = nft_open(&engine->nft);
	if (!rc)
		rc = keeper_open(engine_on_compared, engine, &engine->keeper);
	if (!rc)
		rc = audit_open(&engine->audit);
	if (rc) {
		engine_free(engine);
		return rc;
	}
	*out = engine;
	return 0;
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
	keeper_close(engine->keeper);
	audit_close(engine->audit);
	nft_close(engine->nft);
	engine_drop_generation(&engine->running);
	counter_free(&engine->counters);
	free(engine);
}

static void engine_compile(struct generation *generation, unsigned int today)
{
	generation->arena = arena_new();
	generation->ruleset = compile_policy(generation->config.policy, today,
					     generation->arena);
	generation->today = today;
	ruleset_digest(generation->ruleset, generation->digest);
}

static uint64_t engine_generation(const struct engine *engine)
{
	return engine->n_earlier + keeper_n_commits(engine->keeper);
}

/* Make the kernel hold @desired, guarded as its own policy says. */
static int engine_apply(struct engine *engine, struct generation *desired,
			uint64_t now_usec, struct keeper_edit *edit)
{
	const struct policy *running = engine->running.config.policy;
	int rc;

	keeper_watch(engine->keeper, &desired->config.policy->watch);
	desired->ruleset->flags = keeper_flags(engine->keeper);
	rc = keeper_apply(engine->keeper, desired->ruleset, now_usec, edit);
	if (edit->edited)
		engine->changed_usec = now_usec;
	if (rc && running)
		keeper_watch(engine->keeper, &running->watch);
	if (!rc)
		engine->audit_wanted = true;
	return rc;
}

static const char *engine_why(int rc)
{
	switch (rc) {
	case -EAGAIN:
		return "The kernel's table was changed again and again while "
		       "it was being brought into line";
	case -EBADMSG:
		return "What was read back from the kernel cannot be understood";
	case -EPERM:
		return "The kernel does not permit it; another process may own "
		       "the table";
	}
	return "The kernel did not accept the ruleset";
}

static void engine_take_memory(struct engine *engine)
{
	int rc;

	rc = state_load(engine->state_path, &engine->n_earlier,
			&engine->counters);
	if (rc && rc != -ENOENT)
		log_error("SEKI-ERROR", rc,
			  "The memory of earlier runs in %s cannot be used; "
			  "ages start anew",
			  engine->state_path);
}

/* Written after each change, so that the generation never counts back. */
static void engine_save(struct engine *engine)
{
	uint64_t generation = engine_generation(engine);
	int rc = state_save(engine->state_path, generation, &engine->counters);

	engine->saved_generation = generation;
	engine->saved_usec = engine_clock_usec();
	if (rc)
		log_error("SEKI-ERROR", rc, "%s cannot be written",
			  engine->state_path);
}

static const char *engine_ownership(const struct engine *engine)
{
	switch (keeper_ownership(engine->keeper)) {
	case KEEPER_OWNED:
		return "owned";
	case KEEPER_NOT_WANTED:
		return "off";
	case KEEPER_UNSUPPORTED:
		return "unsupported";
	}
	return "?";
}

static void engine_log_ready(const struct engine *engine,
			     const struct keeper_edit *edit, uint64_t usec)
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
	log_add_number(&line, "generation", engine_generation(engine));
	log_add_text(&line, "ownership", engine_ownership(engine));
	log_add_text(&line, "mode", policy->watch.alert ? "alert" : "repair");
	log_add_text(&line, "table",
		     !edit->edited ? "unchanged" :
		     edit->existed ? "adopted" :
				     "created");
	log_add_number(&line, "elements_added", edit->n_added);
	log_add_number(&line, "elements_deleted", edit->n_deleted);
	log_add_number(&line, "ms", usec / 1000);
	log_end(&line, LOG_NOTICE);
}

/* Others can change the table, although they should not be able to. */
static void engine_log_ownership(const struct engine *engine)
{
	struct log_line line;

	if (keeper_ownership(engine->keeper) != KEEPER_UNSUPPORTED)
		return;
	log_begin(&line, "SEKI-OWNER",
		  "This kernel cannot keep others from changing the table, "
		  "which takes 6.9 or later; what they change is undone");
	log_end(&line, LOG_WARNING);
}

int engine_start(struct engine *engine, struct file_config *config,
		 uint64_t now_usec)
{
	uint64_t start = engine_clock_usec();
	struct keeper_edit edit;
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
	engine_log_ownership(engine);
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
	audit_forget(engine->audit);
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
	struct keeper_edit edit;
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
	struct keeper_edit edit;
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
	outcome->generation = engine_generation(engine);
	engine_log_reload(actor, outcome, engine_clock_usec() - start);
	if (edit.edited)
		engine_save(engine);
	finding_log(outcome->diag);
	return 0;
refused:
	outcome->refused = true;
	outcome->generation = engine_generation(engine);
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

int engine_withdraw(struct engine *engine, const struct actor *actor,
		    uint64_t now_usec)
{
	struct log_line line;
	int rc = keeper_withdraw(engine->keeper);

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
	log_add_number(&line, "generation", engine_generation(engine));
	log_end(&line, LOG_WARNING);
	return 0;
}

/* Not so often that it takes more than about a tenth of our time */
static bool engine_is_due(uint64_t last_usec, uint64_t cost_usec,
			  uint64_t now_usec)
{
	return now_usec < last_usec || now_usec - last_usec > 10 * cost_usec;
}

/* Read the counters, if that is not too dear. */
static void engine_sample(struct engine *engine, uint64_t now_usec)
{
	struct counters *counters = &engine->counters;
	int rc;

	if (engine_state(engine) != ENGINE_IN_FORCE ||
	    !engine_is_due(counters->sampled_usec, counters->cost_usec,
			   now_usec))
		return;
	rc = counter_sample(counters, engine->nft, engine->running.ruleset,
			    now_usec);
	if (rc)
		log_error("SEKI-ERROR", rc, "The counters cannot be read");
}

void engine_verify(struct engine *engine, uint64_t now_usec)
{
	keeper_verify(engine->keeper, now_usec);
}

/* A comparison was asked for, and has come to an end, right or not. */
static bool engine_has_compared(const struct engine *engine)
{
	return engine->state != ENGINE_IN_FORCE ||
	       keeper_n_compared(engine->keeper) > engine->n_compared;
}

static bool engine_wants_audit(const struct engine *engine)
{
	if (engine->audit_requested)
		return engine_has_compared(engine);
	return engine->audit_wanted &&
	       engine_clock_usec() >= engine->audit_due_usec;
}

/* A piece of an audit, if one is due or under way */
static void engine_audit(struct engine *engine, uint64_t now_usec)
{
	uint64_t start = engine_clock_usec(), pause_usec;
	int rc;

	if (!engine->audit_running && !engine_wants_audit(engine))
		return;
	if (!engine->audit_running) {
		engine->audit_running = true;
		engine->audit_answers = engine->audit_requested;
		engine->audit_wanted = engine->audit_requested = false;
		engine->audit_cost_usec = 0;
		audit_begin(engine->audit);
	}
	rc = audit_step(engine->audit, engine->running.config.policy, now_usec);
	engine->audit_cost_usec += engine_clock_usec() - start;
	if (rc == 1)
		return;
	engine->audit_running = false;
	engine->n_audited += engine->audit_answers;
	pause_usec = ENGINE_AUDIT_SHARE * engine->audit_cost_usec;
	if (pause_usec < ENGINE_AUDIT_USEC)
		pause_usec = ENGINE_AUDIT_USEC;
	engine->audit_due_usec = engine_clock_usec() + pause_usec;
}

bool engine_work(struct engine *engine, uint64_t now_usec)
{
	bool more;

	more = keeper_work(engine->keeper, now_usec, ENGINE_BUDGET_USEC);
	if (keeper_others_changed(engine->keeper))
		engine->audit_wanted = true;
	engine_audit(engine, now_usec);
	if (engine->saved_generation != engine_generation(engine) &&
	    engine_clock_usec() - engine->saved_usec >= ENGINE_SAVE_USEC)
		engine_save(engine);
	return more || engine->audit_running;
}

int engine_fd(const struct engine *engine)
{
	return keeper_fd(engine->keeper);
}

int engine_links_fd(const struct engine *engine)
{
	return audit_links_fd(engine->audit);
}

void engine_links_changed(struct engine *engine)
{
	if (audit_links_changed(engine->audit))
		engine->audit_wanted = true;
}

uint64_t engine_due_usec(const struct engine *engine)
{
	uint64_t due_usec = keeper_due_usec(engine->keeper);

	if (engine->audit_running)
		return 0;
	if (engine->audit_wanted && engine->audit_due_usec < due_usec)
		due_usec = engine->audit_due_usec;
	if (engine->saved_generation != engine_generation(engine) &&
	    engine->saved_usec + ENGINE_SAVE_USEC < due_usec)
		due_usec = engine->saved_usec + ENGINE_SAVE_USEC;
	return due_usec;
}

void engine_request_audit(struct engine *engine)
{
	engine->audit_requested = true;
	engine->n_compared = keeper_n_compared(engine->keeper);
	keeper_compare(engine->keeper);
}

uint64_t engine_audited(const struct engine *engine)
{
	return engine->n_audited;
}

json_t *engine_drift_json(const struct engine *engine)
{
	json_t *json = incidents_json(keeper_incidents(engine->keeper));
	bool alert = engine->running.config.policy->watch.alert;

	json_object_set_new(json, "mode",
			    json_string(alert ? "alert" : "repair"));
	json_object_set_new(json, "ownership",
			    json_string(engine_ownership(engine)));
	return json;
}

json_t *engine_audit_json(const struct engine *engine)
{
	return audit_json(engine->audit);
}

static void engine_log_day(const struct engine *engine,
			   const struct generation *next)
{
	const struct generation *running = &engine->running;
	const struct policy *policy = running->config.policy;
	struct log_line line;
	size_t n_ended = 0, i;

	for (i = 0; i < policy->n_conduits; i++)
		n_ended +=
			policy_in_force(&policy->conduits[i], running->today) &&
			!policy_in_force(&policy->conduits[i], next->today);
	log_begin(&line, "SEKI-DAY",
		  "A new day has begun, which changes what is permitted");
	log_add_number(&line, "today", next->today);
	log_add_number(&line, "conduits_ended", n_ended);
	log_add_text(&line, "from", running->digest);
	log_add_text(&line, "to", next->digest);
	log_end(&line, LOG_NOTICE);
}

static void engine_log_unsure(int rc)
{
	log_error("SEKI-ERROR", rc,
		  "The policy is not in force, which is tried again every "
		  "minute: %s",
		  engine_why(rc));
}

/*
 * Another day has begun: the policy is the same, but may permit less. Until
 * that is in force the day counts as not begun, and it is tried again.
 */
static void engine_turn_day(struct engine *engine, unsigned int today,
			    uint64_t now_usec)
{
	struct generation next = { .config = engine->running.config };
	struct keeper_edit edit;
	int rc = 0;

	engine_compile(&next, today);
	if (strcmp(next.digest, engine->running.digest)) {
		engine_log_day(engine, &next);
		if (engine->state != ENGINE_WITHDRAWN)
			rc = engine_apply(engine, &next, now_usec, &edit);
	}
	if (rc) {
		engine_log_unsure(rc);
		engine->state = ENGINE_UNSURE;
		engine_drop_ruleset(&next);
		return;
	}
	if (!strcmp(next.digest, engine->running.digest)) {
		engine->running.today = today;
		engine_drop_ruleset(&next);
		return;
	}
	engine_drop_ruleset(&engine->running);
	engine->running = next;
	if (engine->state != ENGINE_WITHDRAWN)
		engine->state = ENGINE_IN_FORCE;
}

void engine_tick(struct engine *engine, uint64_t now_usec)
{
	const struct counters *counters = &engine->counters;
	unsigned int today = day_of(engine_seconds(now_usec));
	struct keeper_edit edit;
	int rc;

	if (today != engine->running.today) {
		engine_turn_day(engine, today, now_usec);
	} else if (engine->state == ENGINE_UNSURE) {
		rc = engine_apply(engine, &engine->running, now_usec, &edit);
		if (!rc)
			engine->state = ENGINE_IN_FORCE;
		else
			engine_log_unsure(rc);
	}
	/* a comparison has most likely just read them */
	if (now_usec < counters->sampled_usec ||
	    now_usec - counters->sampled_usec >= ENGINE_SAMPLE_USEC)
		engine_sample(engine, now_usec);
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
	if (engine->state == ENGINE_IN_FORCE &&
	    !keeper_is_right(engine->keeper))
		return ENGINE_DRIFTED;
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
	const struct keeper *keeper = engine->keeper;
	struct incidents *incidents = keeper_incidents(keeper);

	memset(status, 0, sizeof(*status));
	status->state = engine_state_name(engine_state(engine));
	status->version = SEKIMORI_VERSION;
	status->file = engine->path;
	status->digest = running->digest;
	status->generation = engine_generation(engine);
	status->started = engine_seconds(engine->started_usec);
	status->changed = engine_seconds(engine->changed_usec);
	status->verified = engine_seconds(keeper_verified_usec(keeper));
	status->compared = engine_seconds(keeper_compared_usec(keeper));
	status->mode = running->config.policy->watch.alert ? "alert" : "repair";
	status->ownership = engine_ownership(engine);
	status->n_incidents = incidents_n(incidents);
	status->n_repaired = incidents_n_repaired(incidents);
	status->n_open = incidents_current(incidents) != NULL;
	status->n_critical = audit_n_critical(engine->audit);
	status->n_warning = audit_n_warnings(engine->audit);
	status->n_elements = ruleset_n_elems(running->ruleset);
	status->n_warnings = running->config.diag.n_warnings;
	status->policy = running->config.policy;
	status->today = running->today;
}

const struct show_count *engine_counts(struct engine *engine, uint64_t now_usec,
				       size_t *n_counts)
{
	const struct counters *counters = &engine->counters;

	engine_sample(engine, now_usec);
	*n_counts = counters->n_counts;
	return counters->counts;
}
