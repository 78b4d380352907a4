// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change, before it is made: the candidate passes all that a reload would put
 * it through, and the kernel is asked, but nothing is changed. Easy to get wrong:
 * whoever may ask is not always one who may read every file, and findings show
 * pieces of what was read.
 */
#include "planner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "arena.h"
#include "compile.h"
#include "engine.h"
#include "file.h"
#include "history.h"
#include "keeper.h"
#include "plan.h"
#include "script.h"
#include "show.h"
#include "sweeper.h"
#include "trial.h"
#include "varlink.h"

/* Others wait meanwhile. */
#define PLANNER_COUNT_USEC (200 * 1000ull)

static json_t *planner_have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

static json_t *planner_refuse(const char *reason, const struct diag *diag)
{
	return varlink_error(
		VARLINK_ERROR "Refused",
		planner_have(json_pack("{sssIsIso}", "reason", reason, "errors",
				       (json_int_t)diag->n_errors, "warnings",
				       (json_int_t)diag->n_warnings, "findings",
				       show_findings(diag))));
}

/* Is the file in the directory of the configuration? Links do not count. */
static bool planner_is_beside(const struct engine *engine, const char *file)
{
	struct show_status status;
	const char *slash, *end = strrchr(file, '/');

	engine_status(engine, &status);
	slash = strrchr(status.file, '/');
	return slash && status.file[0] == '/' &&
	       slash - status.file == end - file &&
	       !strncmp(status.file, file, (size_t)(end - file));
}

static const char *planner_scope(enum edit_scope scope)
{
	switch (scope) {
	case EDIT_NOTHING:
		return "nothing";
	case EDIT_ELEMENTS:
		return "elements";
	case EDIT_PROGRAM:
		return "program";
	case EDIT_REPLACE:
		return "replace";
	}
	return "?";
}

static json_t *planner_script(const struct ruleset *desired,
			      const struct edits *edits, struct arena *arena,
			      size_t *n_all)
{
	struct script script = script_of_edits(desired, edits, arena);
	json_t *array = planner_have(json_array()), *line;
	size_t i;

	for (i = 0; i < script.n; i++) {
		line = json_string(script.lines[i]);
		if (json_array_append_new(
			    array, line ? line : planner_have(json_null())))
			abort();
	}
	*n_all = script.n_all;
	return array;
}

/* Why the kernel would not; NULL: it would */
static const char *planner_reason(int rc, const struct keeper_trial *trial,
				  struct arena *arena)
{
	if (rc)
		return arena_printf(arena, "the kernel cannot be asked: %s",
				    strerror(-rc));
	if (trial->refused)
		return arena_printf(arena, "%s: %s", trial->origin,
				    strerror(trial->refused));
	return NULL;
}

static json_t *planner_kernel(struct engine *engine,
			      const struct policy *policy,
			      struct ruleset *ruleset, bool nft,
			      struct arena *arena)
{
	static const struct edits none;
	struct keeper_trial trial;
	int rc = keeper_try(engine_keeper(engine), ruleset, &policy->watch,
			    arena, &trial);
	const char *reason = planner_reason(rc, &trial, arena);
	const struct edits *edits = trial.edits ? trial.edits : &none;
	size_t n_nft = 0, n_added = 0, i;
	json_t *lines = nft && trial.edits ?
				planner_script(ruleset, edits, arena, &n_nft) :
				planner_have(json_array());

	for (i = 0; i < edits->n_rules; i++)
		n_added += edits->rules[i].add;
	return planner_have(json_pack(
		"{sb ss? ss sI sI sI sI sI sI so sI}", "accepted", !reason,
		"reason", reason, "scope", planner_scope(edits->scope),
		"elements_added", (json_int_t)edits->n_added,
		"elements_deleted", (json_int_t)edits->n_deleted, "rules_added",
		(json_int_t)n_added, "rules_deleted",
		(json_int_t)(edits->n_rules - n_added), "sets",
		(json_int_t)edits->n_sets, "chains",
		(json_int_t)edits->n_chains, "nft", lines, "n_nft",
		(json_int_t)n_nft));
}

static const struct terms *planner_terms(const struct engine *engine,
					 const struct file_config *config,
					 uint64_t now_usec)
{
	return engine_terms_of(engine, config->policy, now_usec, config->arena);
}

static json_t *planner_digest(const struct plan_side *side, struct arena *arena)
{
	char digest[DIGEST_TEXT];

	ruleset_digest(compile_policy(side->policy, side->terms, arena),
		       digest);
	return planner_have(json_string(digest));
}

/* The reply; @rest: what is not of the plan itself; taken over */
static json_t *planner_finish(const struct engine *engine,
			      const struct plan *plan, json_t *rest)
{
	json_t *json = show_plan(plan);
	struct show_status status;

	engine_status(engine, &status);
	if (json_object_update(json, planner_have(rest)) ||
	    json_object_set_new(json, "state", json_string(status.state)))
		abort();
	json_decref(rest);
	return varlink_reply(json, false);
}

static json_t *planner_compare(struct engine *engine, const char *file,
			       const struct file_config *config,
			       const struct terms *terms,
			       struct ruleset *ruleset, bool nft)
{
	const struct plan_side before = { engine_policy(engine),
					  engine_terms(engine),
					  engine_diag(engine) };
	const struct plan_side after = { config->policy, terms, &config->diag };
	const struct plan *plan = plan_make(&before, &after, config->arena);
	int64_t n_cut = sweeper_count(engine_policy(engine), config->policy,
				      ruleset, PLANNER_COUNT_USEC);
	struct show_status status;
	char digest[DIGEST_TEXT];

	engine_status(engine, &status);
	ruleset_digest(ruleset, digest);
	return planner_finish(
		engine, plan,
		json_pack("{ss ss ss so so sI}", "file", file, "from",
			  status.digest, "to", digest, "sessions_cut",
			  n_cut < 0 ? json_null() : json_integer(n_cut),
			  "kernel",
			  planner_kernel(engine, config->policy, ruleset, nft,
					 config->arena),
			  "warnings", (json_int_t)config->diag.n_warnings));
}

json_t *planner_forbid(const struct engine *engine, const struct actor *actor,
		       const char *file)
{
	if (actor_is_root(actor) || planner_is_beside(engine, file))
		return NULL;
	return varlink_error(
		VARLINK_ERROR "Elsewhere",
		planner_have(json_pack(
			"{ss}", "reason",
			"only root may name files outside the directory of the "
			"configuration")));
}

json_t *planner_reply(struct engine *engine, const struct actor *actor,
		      const char *file, bool nft, uint64_t now_usec)
{
	json_t *reply = planner_forbid(engine, actor, file);
	const struct terms *terms;
	struct file_config config;
	struct ruleset *ruleset;

	if (reply)
		return reply;
	if (file_load(file, &config)) {
		reply = planner_refuse("The configuration has mistakes",
				       &config.diag);
		goto out;
	}
	engine_extend(engine, &config, now_usec);
	terms = planner_terms(engine, &config, now_usec);
	ruleset = compile_policy(config.policy, terms, config.arena);
	if (trial_policy(config.policy, terms, &config.diag))
		reply = planner_refuse("The configuration fails its own trials "
				       "(must_pass, must_drop)",
				       &config.diag);
	else
		reply = planner_compare(engine, file, &config, terms, ruleset,
					nft);
out:
	file_unload(&config);
	return reply;
}

/* Load a generation, filling @config; NULL, or the error reply */
static json_t *planner_load(const struct engine *engine, uint64_t number,
			    struct file_config *config)
{
	int rc = history_load(engine_history(engine), number, NULL, config);
	char reason[96];

	if (!rc)
		return NULL;
	if (rc != -EINVAL)
		return varlink_generation_error(number, rc);
	snprintf(reason, sizeof(reason),
		 "Generation %" PRIu64 " has mistakes for this version",
		 number);
	return planner_refuse(reason, &config->diag);
}

json_t *planner_diff(struct engine *engine, uint64_t from, uint64_t to,
		     uint64_t now_usec)
{
	struct file_config old = { 0 }, new = { 0 };
	struct plan_side before, after;
	json_t *reply;

	reply = planner_load(engine, from, &old);
	if (!reply)
		reply = planner_load(engine, to, &new);
	if (!reply) {
		before = (struct plan_side){
			old.policy, planner_terms(engine, &old, now_usec),
			&old.diag
		};
		after = (struct plan_side){
			new.policy, planner_terms(engine, &new, now_usec),
			&new.diag
		};
		reply = planner_finish(
			engine, plan_make(&before, &after, new.arena),
			json_pack("{sn sn so so sI}", "file", "kernel", "from",
				  planner_digest(&before, old.arena), "to",
				  planner_digest(&after, new.arena), "warnings",
				  (json_int_t) new.diag.n_warnings));
	}
	file_unload(&old);
	file_unload(&new);
	return reply;
}
