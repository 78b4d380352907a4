// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy in force: where it comes from and what becomes of it. That the
 * kernel holds it is the keeper's work. Easy to get wrong: the keeper goes on
 * using a ruleset until it was given another one with success, so none is
 * freed before that.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "arena.h"
#include "compile.h"
#include "day.h"
#include "finding.h"
#include "log.h"
#include "look.h"
#include "nft.h"
#include "state.h"
#include "trial.h"

/* When what was confirmed could not be put in force again: how long until it
 * is tried once more */
#define ENGINE_FALL_BACK_USEC (60 * 1000000ull)
#define ENGINE_REMEMBER_USEC (600 * 1000000ull)
#define ENGINE_SAMPLE_USEC (50 * 1000000ull)
#define ENGINE_SAVE_USEC (1 * 1000000ull)
#define ENGINE_JOURNAL_USEC (200 * 1000ull)

/* How far the wall clock may be put back or jump without any consequence */
#define ENGINE_CLOCK_USEC (2 * 1000000ull)

/* How long the rest of the daemon may have to wait for us */
#define ENGINE_BUDGET_USEC 5000

/* Audits take at most about a twentieth of our time. */
#define ENGINE_AUDIT_USEC (200 * 1000ull)
#define ENGINE_AUDIT_SHARE 20

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

/* Everything was read, and is right. */
static void engine_on_compared(void *data, const struct ruleset *observed,
			       uint64_t now_usec)
{
	struct engine *engine = data;

	counter_take(&engine->counters, observed, now_usec);
	engine->audit_wanted = true;
	sweeper_again(engine->sweeper);
}

int engine_open(const char *path, const char *state_dir,
		struct records *records, struct engine **out)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int rc;

	if (!engine ||
	    asprintf(&engine->state_path, "%s/state.json", state_dir) < 0)
		abort();
	engine->path = path;
	engine->records = records;
	engine->confirm_due_usec = engine->journal_due_usec = UINT64_MAX;
	engine->history = history_open(state_dir, path);
	engine->sweeper = sweeper_open();
	engine->allow = allow_open(state_dir);
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

static int64_t engine_seconds(uint64_t usec)
{
	return (int64_t)(usec / 1000000);
}

void engine_drop_ruleset(struct generation *generation)
{
	arena_free(generation->arena);
	generation->arena = NULL;
	generation->terms = NULL;
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
	sweeper_close(engine->sweeper);
	history_close(engine->history);
	allow_close(engine->allow);
	free(engine->state_path);
	nft_close(engine->nft);
	engine_drop_generation(&engine->running);
	counter_free(&engine->counters);
	free(engine);
}

/*
 * The time that terms go by. It never goes back: what has ended would begin
 * again. A clock that was put back by more than a little is not believed, until
 * it is as late again; see engine_floor().
 */
static uint64_t engine_time(struct engine *engine, uint64_t now_usec)
{
	if (now_usec > engine->latest_usec)
		engine->latest_usec = now_usec;
	if (engine->latest_usec - now_usec <= ENGINE_CLOCK_USEC)
		return engine->latest_usec;
	return now_usec;
}

/* A clock that shows an earlier time is wrong. */
static int64_t engine_floor(const struct engine *engine)
{
	int64_t latest = engine_seconds(engine->latest_usec);

	return latest > SEKIMORI_RELEASED ? latest : SEKIMORI_RELEASED;
}

const struct terms *engine_terms_of(const struct engine *engine,
				    const struct policy *policy,
				    uint64_t now_usec, struct arena *arena)
{
	return terms_build(policy, engine_seconds(now_usec),
			   engine_floor(engine), &day_calendar, arena);
}

void engine_compile(const struct engine *engine, struct generation *generation,
		    uint64_t now_usec)
{
	const struct policy *policy = generation->config.policy;

	generation->arena = arena_new();
	generation->terms =
		engine_terms_of(engine, policy, now_usec, generation->arena);
	generation->ruleset =
		compile_policy(policy, generation->terms, generation->arena);
	ruleset_digest(generation->ruleset, generation->digest);
}

int engine_try(struct generation *generation)
{
	return trial_policy(generation->config.policy, generation->terms,
			    &generation->config.diag);
}

uint64_t engine_generation(const struct engine *engine)
{
	return engine->n_earlier + keeper_n_commits(engine->keeper);
}

static void engine_take_memory(struct engine *engine)
{
	int64_t latest = 0;
	int rc;

	rc = state_load(engine->state_path, &engine->n_earlier, &latest,
			&engine->counters);
	engine->remembers = !rc;
	engine->latest_usec = (uint64_t)latest * 1000000;
	if (rc && rc != -ENOENT)
		log_error("SEKI-ERROR", rc,
			  "The memory of earlier runs in %s cannot be used; "
			  "ages start anew",
			  engine->state_path);
}

/* Written after each change, so that the generation never counts back. */
void engine_save(struct engine *engine)
{
	uint64_t generation = engine_generation(engine);
	int64_t latest = engine_seconds(engine->latest_usec);
	int rc = state_save(engine->state_path, generation, latest,
			    &engine->counters);

	engine->saved_generation = generation;
	engine->saved_usec = day_clock_usec();
	engine->remembers |= !rc;
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
	log_add_number(&line, "trials", policy->n_trials);
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

static bool engine_has_terms(const struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->n_conduits; i++)
		if (term_is_limited(&policy->conduits[i]))
			return true;
	return false;
}

/* Say once that the clock is wrong, and once that it is right again. */
void engine_note_clock(struct engine *engine, uint64_t now_usec)
{
	const struct policy *policy = engine->running.config.policy;
	bool behind = engine_seconds(now_usec) < engine_floor(engine);
	struct log_line line;

	if (behind == engine->clock_behind)
		return;
	engine->clock_behind = behind;
	if (!engine_has_terms(policy))
		return;
	if (behind)
		log_begin(&line, "SEKI-CLOCK",
			  "The clock shows an earlier time than it has shown "
			  "before, or than this version was made at; until it "
			  "is later than that, no conduit is in force that has "
			  "a term. If it is right now, remove %s and reload",
			  engine->state_path);
	else
		log_begin(&line, "SEKI-CLOCK",
			  "The clock can be right again; conduits that have a "
			  "term are in force as it says");
	log_add_number(&line, "now", now_usec / 1000000);
	log_add_number(&line, "latest",
		       (unsigned long long)engine_floor(engine));
	log_end(&line, behind ? LOG_ALERT : LOG_NOTICE);
}

/*
 * Has the wall clock been set? The kernel counts how long elements last by
 * another clock, and so knows nothing of it.
 */
static bool engine_clock_was_set(struct engine *engine, uint64_t now_usec)
{
	int64_t offset = (int64_t)(now_usec - day_clock_usec());
	int64_t moved = offset - engine->offset_usec;

	/* many small steps are a large one */
	if (moved <= (int64_t)ENGINE_CLOCK_USEC &&
	    moved >= -(int64_t)ENGINE_CLOCK_USEC)
		return false;
	engine->offset_usec = offset;
	return true;
}

/* The policy that is to be in force, and how we have come by it */
static int engine_begin(struct engine *engine, struct file_config *config,
			uint64_t now_usec)
{
	/* what was refused before it is kept by nobody */
	keeper_forget(engine->keeper);
	engine_drop_generation(&engine->running);
	engine->running.config = *config;
	memset(config, 0, sizeof(*config));
	engine->serial++;
	counter_follow(&engine->counters, engine->running.config.policy);
	engine_take_memory(engine);
	engine_clock_was_set(engine, now_usec);
	engine_compile(engine, &engine->running, engine_time(engine, now_usec));
	return engine_try(&engine->running);
}

int engine_establish(struct engine *engine, struct file_config *config,
		     uint64_t number, uint64_t now_usec)
{
	uint64_t start = day_clock_usec();
	struct keeper_edit edit;
	int rc;

	/* what was once accepted is enforced, whatever it is by now */
	engine_begin(engine, config, now_usec);
	engine->running.number = number;
	now_usec = engine_time(engine, now_usec);
	engine_note_clock(engine, now_usec);
	rc = engine_put(engine, NULL, &engine->running, now_usec, &edit);
	if (!rc)
		rc = engine_prove(engine, &engine->running);
	engine->disproved |= rc == -EBADE;
	if (rc)
		return rc;
	finding_log(&engine->running.config.diag);
	engine->state = ENGINE_IN_FORCE;
	engine_log_ready(engine, &edit, day_clock_usec() - start);
	engine_log_ownership(engine);
	if (edit.edited)
		engine_save(engine);
	engine_sweep(engine);
	engine_await(engine);
	history_begin_journal(engine->history);
	return 0;
}

/* Does the kernel have a table of ours, whatever it holds? */
static bool engine_finds_table(struct engine *engine)
{
	struct arena *arena = arena_new();
	struct ruleset *observed;
	uint32_t genid;
	bool found;

	/* one that cannot be read is there, too */
	found = look_all(engine->nft, arena, &observed, &genid) ||
		observed->exists;
	arena_free(arena);
	return found;
}

static void engine_log_shut(const struct engine *engine)
{
	struct log_line line;

	log_begin(&line, "SEKI-SHUT",
		  "There is no policy that can be put in force, so the kernel "
		  "has a table that forwards nothing");
	log_add_text(&line, "file", engine->path);
	log_end(&line, LOG_CRIT);
}

int engine_shut(struct engine *engine, uint64_t now_usec)
{
	struct keeper_edit edit;
	struct arena *arena;
	int rc;

	if (!engine->disproved && engine_finds_table(engine))
		return 0; /* of a policy that was in force */
	arena = arena_new();
	rc = keeper_apply(engine->keeper, compile_nothing(arena), now_usec,
			  &edit);
	if (rc)
		log_error("SEKI-ERROR", rc,
			  "Not even a table that forwards nothing can be made");
	else
		engine_log_shut(engine);
	keeper_forget(engine->keeper);
	arena_free(arena);
	return rc;
}

/*
 * Who has removed the memory on disk says that the clock is right, whatever it
 * has shown before.
 */
static void engine_forgive_clock(struct engine *engine, uint64_t now_usec)
{
	if (!engine->remembers || !access(engine->state_path, F_OK) ||
	    errno != ENOENT)
		return;
	engine->latest_usec = now_usec;
	engine_save(engine);
}

void engine_take(struct engine *engine, struct generation *next)
{
	engine_drop_generation(&engine->running);
	engine->running = *next;
	engine->state = ENGINE_IN_FORCE;
	engine->serial++;
	counter_follow(&engine->counters, engine->running.config.policy);
	audit_forget(engine->audit);
	engine_sweep(engine);
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
	sweeper_stop(engine->sweeper);
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
	keeper_verify(engine->keeper, engine_follow_clock(engine, now_usec));
}

/* A comparison was asked for, and has come to an end, right or not. */
static bool engine_has_compared(const struct engine *engine)
{
	return engine->state != ENGINE_IN_FORCE ||
	       !keeper_keeps(engine->keeper) ||
	       keeper_n_compared(engine->keeper) > engine->n_compared;
}

static bool engine_wants_audit(const struct engine *engine)
{
	if (engine->audit_requested)
		return engine_has_compared(engine);
	return engine->audit_wanted &&
	       day_clock_usec() >= engine->audit_due_usec;
}

/* A piece of an audit, if one is due or under way */
static void engine_audit(struct engine *engine, uint64_t now_usec)
{
	uint64_t start = day_clock_usec(), pause_usec;
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
	engine->audit_cost_usec += day_clock_usec() - start;
	if (rc == 1)
		return;
	engine->audit_running = false;
	engine->n_audited += engine->audit_answers;
	pause_usec = ENGINE_AUDIT_SHARE * engine->audit_cost_usec;
	if (pause_usec < ENGINE_AUDIT_USEC)
		pause_usec = ENGINE_AUDIT_USEC;
	engine->audit_due_usec = day_clock_usec() + pause_usec;
}

void engine_sweep(struct engine *engine)
{
	sweeper_begin(engine->sweeper, engine->running.config.policy,
		      engine->running.ruleset);
}

void engine_await(struct engine *engine)
{
	int64_t left = history_seconds_left(engine->history);

	engine->confirm_due_usec =
		left < 0 ? UINT64_MAX :
			   day_clock_usec() + (uint64_t)left * 1000000;
}

/* The time to confirm may be over. */
static void engine_check_confirmation(struct engine *engine, uint64_t now_usec)
{
	uint64_t clock_usec = day_clock_usec();

	if (clock_usec < engine->confirm_due_usec)
		return;
	if (history_seconds_left(engine->history) == 0)
		engine_fall_back(engine, now_usec);
	engine_await(engine);
	/* there is no way back; to try it again at once would be all we do */
	if (history_seconds_left(engine->history) == 0)
		engine->confirm_due_usec = clock_usec + ENGINE_FALL_BACK_USEC;
}

void engine_write_journal(struct engine *engine)
{
	if (history_lags(engine->history, engine->records))
		history_follow(engine->history, engine->records);
	engine->journal_due_usec = UINT64_MAX;
}

/*
 * The journal waits for the disk, which repairs should not have to. So it is
 * written when it has been quiet for a moment, or was not for a while. Only
 * those who order something wait for it.
 */
static void engine_check_journal(struct engine *engine)
{
	uint64_t clock_usec = day_clock_usec();
	bool lags = history_lags(engine->history, engine->records);

	if (lags && engine->journal_due_usec == UINT64_MAX)
		engine->journal_due_usec = clock_usec + ENGINE_JOURNAL_USEC;
	if (!lags || clock_usec >= engine->journal_due_usec)
		engine_write_journal(engine);
}

bool engine_work(struct engine *engine, uint64_t now_usec)
{
	bool more;

	now_usec = engine_follow_clock(engine, now_usec);
	more = keeper_work(engine->keeper, now_usec, ENGINE_BUDGET_USEC);
	if (keeper_others_changed(engine->keeper))
		engine->audit_wanted = true;
	engine_check_confirmation(engine, now_usec);
	more |= sweeper_work(engine->sweeper, ENGINE_BUDGET_USEC);
	engine_audit(engine, now_usec);
	if (engine->saved_generation != engine_generation(engine) &&
	    day_clock_usec() - engine->saved_usec >= ENGINE_SAVE_USEC)
		engine_save(engine);
	if (!more && !engine->audit_running)
		engine_check_journal(engine);
	engine->sweeping = more;
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

	if (engine->audit_running || engine->sweeping ||
	    (engine->audit_requested && engine_has_compared(engine)))
		return 0;
	if (engine->audit_wanted && !engine->audit_requested &&
	    engine->audit_due_usec < due_usec)
		due_usec = engine->audit_due_usec;
	if (engine->confirm_due_usec < due_usec)
		due_usec = engine->confirm_due_usec;
	if (engine->journal_due_usec < due_usec)
		due_usec = engine->journal_due_usec;
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

static void engine_log_terms(const struct engine *engine,
			     const struct generation *next)
{
	const struct generation *running = &engine->running;
	const struct policy *policy = running->config.policy;
	struct log_line line;
	size_t n_began = 0, n_ended = 0, i;

	for (i = 0; i < policy->n_conduits; i++) {
		bool was = running->terms->of[i].in_force;
		bool is = next->terms->of[i].in_force;

		n_began += !was && is;
		n_ended += was && !is;
	}
	log_begin(&line, "SEKI-TERM",
		  "Terms of conduits begin or end, which changes what is "
		  "permitted");
	log_add_number(&line, "conduits_began", n_began);
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
 * The time has come at which the same policy permits something else. Until that
 * is in force, it counts as not come, and it is tried again.
 */
static void engine_turn(struct engine *engine, uint64_t now_usec)
{
	struct generation next = { .config = engine->running.config,
				   .number = engine->running.number };
	struct keeper_edit edit;
	int rc = 0;

	engine_compile(engine, &next, now_usec);
	if (strcmp(next.digest, engine->running.digest))
		engine_log_terms(engine, &next);
	if (engine->state != ENGINE_WITHDRAWN)
		rc = engine_put(engine, &engine->running, &next, now_usec,
				&edit);
	if (rc) {
		engine_log_unsure(rc);
		engine->state = ENGINE_UNSURE;
		engine_drop_ruleset(&next);
		return;
	}
	sweeper_stop(engine->sweeper);
	engine_drop_ruleset(&engine->running);
	engine->running = next;
	if (engine->state != ENGINE_WITHDRAWN) {
		engine->state = ENGINE_IN_FORCE;
		engine_sweep(engine);
	}
	keeper_check_ends(engine->keeper);
	/* what has ended must not begin again, whenever we die */
	engine_save(engine);
}

/* Is there anything that terms change? */
static bool engine_must_turn(const struct engine *engine, uint64_t now_usec)
{
	const struct terms *terms = engine->running.terms;
	int64_t now = engine_seconds(now_usec);

	return terms->is_known != (now >= engine_floor(engine)) ||
	       (terms->change && now >= terms->change) ||
	       terms->today != calendar_day(&day_calendar, now);
}

/* Take the time. True: the clock was set, and the policy was turned by that. */
static bool engine_take_time(struct engine *engine, uint64_t *now_usec)
{
	bool was_set = engine_clock_was_set(engine, *now_usec);
	uint64_t start = day_clock_usec();

	*now_usec = engine_time(engine, *now_usec);
	engine_note_clock(engine, *now_usec);
	if (!was_set || !engine_has_terms(engine->running.config.policy))
		return false;
	keeper_follow_clock(engine->keeper);
	engine_turn(engine, *now_usec);
	*now_usec += day_clock_usec() - start; /* which it may have taken */
	return true;
}

uint64_t engine_follow_clock(struct engine *engine, uint64_t now_usec)
{
	engine_take_time(engine, &now_usec);
	return now_usec;
}

uint64_t engine_begin_order(struct engine *engine, uint64_t now_usec,
			    struct engine_outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	engine_forgive_clock(engine, now_usec);
	now_usec = engine_follow_clock(engine, now_usec);
	memcpy(outcome->from, engine->running.digest, DIGEST_TEXT);
	return now_usec;
}

static void engine_try_again(struct engine *engine, uint64_t now_usec)
{
	struct keeper_edit edit;
	int rc = engine_put(engine, NULL, &engine->running, now_usec, &edit);

	if (rc) {
		engine_log_unsure(rc);
		return;
	}
	engine->state = ENGINE_IN_FORCE;
	engine_sweep(engine);
}

void engine_tick(struct engine *engine, uint64_t now_usec)
{
	const struct counters *counters = &engine->counters;
	bool turned = engine_take_time(engine, &now_usec);

	allow_settle(engine->allow);
	if (!turned && engine_must_turn(engine, now_usec))
		engine_turn(engine, now_usec);
	else if (!turned && engine->state == ENGINE_UNSURE)
		engine_try_again(engine, now_usec);
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
	allow_settle(engine->allow);
	engine->remembered_usec = now_usec;
	engine_write_journal(engine);
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

const struct terms *engine_terms(const struct engine *engine)
{
	return engine->running.terms;
}

int64_t engine_change(const struct engine *engine)
{
	return engine->running.terms->change;
}

const struct diag *engine_diag(const struct engine *engine)
{
	return &engine->running.config.diag;
}

struct keeper *engine_keeper(const struct engine *engine)
{
	return engine->keeper;
}

const struct history *engine_history(const struct engine *engine)
{
	return engine->history;
}

uint64_t engine_previous(const struct engine *engine)
{
	return history_previous(engine->history);
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
	status->config_number = history_running(engine->history);
	status->confirm_seconds_left = history_seconds_left(engine->history);
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
	status->terms = running->terms;
}

const struct show_count *engine_counts(struct engine *engine, uint64_t now_usec,
				       size_t *n_counts)
{
	const struct counters *counters = &engine->counters;

	engine_sample(engine, now_usec);
	*n_counts = counters->n_counts;
	return counters->counts;
}
