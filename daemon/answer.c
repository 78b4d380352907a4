// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each method of the control protocol does. Easy to get wrong: whether a
 * caller may is decided here, before anything else, and by a table that a new
 * method cannot be missing from: the switch has no default.
 */
#include "answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "answer_grant.h"
#include "arena.h"
#include "day.h"
#include "engine.h"
#include "file.h"
#include "history.h"
#include "links.h"
#include "log.h"
#include "planner.h"
#include "record.h"
#include "show.h"

static unsigned int answer_right_for(enum varlink_method method)
{
	switch (method) {
	case VARLINK_GET_INFO:
	case VARLINK_GET_INTERFACE_DESCRIPTION:
	case VARLINK_VERSION:
	case VARLINK_STATUS:
	case VARLINK_ZONES:
	case VARLINK_MATRIX:
	case VARLINK_CONDUITS:
	case VARLINK_DRIFT:
	case VARLINK_AUDIT:
	case VARLINK_WATCH:
	case VARLINK_PLAN:
	case VARLINK_HISTORY:
	case VARLINK_SHOW:
	case VARLINK_DIFF:
	case VARLINK_ALLOWED:
		return ANSWER_VIEW;
	case VARLINK_RELOAD:
	case VARLINK_APPLY:
	case VARLINK_CONFIRM:
	case VARLINK_ROLLBACK:
	case VARLINK_WITHDRAW:
	case VARLINK_ALLOW:
	case VARLINK_DISALLOW:
		return ANSWER_OPERATE;
	}
	return ANSWER_VIEW | ANSWER_OPERATE;
}

static json_t *answer_have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

static json_t *answer_description(const struct varlink_request *request)
{
	const char *text = varlink_description(request->interface);

	if (text)
		return varlink_reply(json_pack("{ss}", "description", text),
				     false);
	return varlink_error(VARLINK_ERROR_SERVICE "InterfaceNotFound",
			     answer_have(json_pack("{ss}", "interface",
						   request->interface)));
}

static json_t *answer_status(struct engine *engine, uint64_t now_usec)
{
	struct show_status status;

	engine_verify(engine, now_usec);
	engine_status(engine, &status);
	return varlink_reply(json_pack("{so}", "status", show_status(&status)),
			     false);
}

static json_t *answer_zones(const struct engine *engine)
{
	struct arena *arena = arena_new();
	struct surroundings around = { 0 };
	json_t *zones;

	if (links_list(arena, &around))
		log_error("SEKI-ERROR", 0, "The interfaces cannot be listed");
	zones = show_zones(engine_policy(engine), &around,
			   engine_terms(engine));
	arena_free(arena);
	return varlink_reply(json_pack("{so}", "zones", zones), false);
}

/* Of a change that was made; the engine still says whether it will last */
static json_t *answer_applied(const struct engine *engine,
			      const struct engine_outcome *outcome)
{
	int64_t left = history_seconds_left(engine_history(engine));
	json_int_t until = (json_int_t)(day_now_usec() / 1000000) + left;
	json_t *awaited = left < 0 ? json_null() : json_integer(until);
	json_t *ended = outcome->swept ?
				json_integer((json_int_t)outcome->n_ended) :
				json_null();

	return varlink_reply(
		json_pack("{sb ss ss sI sI sI so so sI sI sI sI sI sI so}",
			  "edited", outcome->edited, "from", outcome->from,
			  "to", outcome->to, "generation",
			  (json_int_t)outcome->generation, "number",
			  (json_int_t)outcome->number, "confirm_seconds",
			  (json_int_t)(left < 0 ? 0 : left), "confirm_until",
			  awaited, "sessions_ended", ended, "conduits_added",
			  (json_int_t)outcome->change.n_added,
			  "conduits_removed",
			  (json_int_t)outcome->change.n_removed,
			  "conduits_changed",
			  (json_int_t)outcome->change.n_changed,
			  "elements_added", (json_int_t)outcome->n_added,
			  "elements_deleted", (json_int_t)outcome->n_deleted,
			  "warnings", (json_int_t)outcome->diag->n_warnings,
			  "findings", show_findings(outcome->diag)),
		false);
}

static json_t *answer_refused(const struct engine_outcome *outcome)
{
	return varlink_error(
		VARLINK_ERROR "Refused",
		answer_have(json_pack(
			"{sssIsIso}", "reason", outcome->reason, "errors",
			(json_int_t)outcome->diag->n_errors, "warnings",
			(json_int_t)outcome->diag->n_warnings, "findings",
			show_findings(outcome->diag))));
}

/*
 * Is it for want of the generation that it was refused? The kernel has the same
 * error numbers, so the generation itself is asked. NULL: it is there
 */
static json_t *answer_lacking(const struct engine *engine, uint64_t number)
{
	struct file_config config;
	int rc = history_load(engine_history(engine), number, NULL, &config);

	file_unload(&config);
	return !rc || rc == -EINVAL ? NULL :
				      varlink_generation_error(number, rc);
}

static json_t *answer_apply(struct engine *engine, const struct actor *actor,
			    const struct engine_order *order, uint64_t now_usec)
{
	struct engine_outcome outcome;
	json_t *reply = NULL;

	engine_apply(engine, actor, order, now_usec, &outcome);
	if (!outcome.refused)
		reply = answer_applied(engine, &outcome);
	else if (order->generation)
		reply = answer_lacking(engine, order->generation);
	if (!reply)
		reply = answer_refused(&outcome);
	engine_outcome_free(&outcome);
	return reply;
}

/* Reload comes here as well: it is the one without parameters. */
static json_t *answer_change(struct engine *engine, const struct actor *actor,
			     const struct varlink_request *request,
			     uint64_t now_usec)
{
	struct engine_order order = {
		.path = request->file[0] ? request->file : NULL,
		.generation = request->generation,
		.confirm_seconds = request->confirm_seconds,
		.why = request->why,
	};
	json_t *error = NULL;

	if (order.path)
		error = planner_forbid(engine, actor, order.path);
	if (request->method == VARLINK_ROLLBACK && !order.generation)
		order.generation = engine_previous(engine);
	if (request->method == VARLINK_ROLLBACK && !order.generation)
		error = varlink_generation_error(0, -ENOENT);
	return error ? error : answer_apply(engine, actor, &order, now_usec);
}

static json_t *answer_confirm(struct engine *engine, const struct actor *actor,
			      uint64_t now_usec)
{
	int rc = engine_confirm(engine, actor, now_usec);
	uint64_t number = history_running(engine_history(engine));

	if (!rc)
		return varlink_reply(
			json_pack("{sI}", "number", (json_int_t)number), false);
	if (rc == -ENOENT)
		return varlink_error(VARLINK_ERROR "NothingAwaited", NULL);
	return varlink_error(
		VARLINK_ERROR "Failed",
		answer_have(json_pack("{ss}", "reason", strerror(-rc))));
}

/* The texts are the network's plan, with comments that were meant for few. */
static json_t *answer_show(const struct engine *engine,
			   const struct actor *actor, uint64_t number)
{
	const struct history *history = engine_history(engine);
	json_t *files =
		history_files_json(history, number, actor_is_root(actor));
	json_t *error;

	if (files)
		return varlink_reply(files, false);
	error = answer_lacking(engine, number);
	return error ? error : varlink_generation_error(number, -EIO);
}

static json_t *answer_withdraw(struct engine *engine, const struct actor *actor,
			       uint64_t now_usec)
{
	struct show_status status;
	int rc = engine_withdraw(engine, actor, now_usec);

	engine_status(engine, &status);
	if (!rc)
		return varlink_reply(json_pack("{sI}", "generation",
					       (json_int_t)status.generation),
				     false);
	return varlink_error(VARLINK_ERROR "Failed",
			     json_pack("{ss}", "reason", strerror(-rc)));
}

/* One portion of the conduits; all of them unless the caller takes more */
static json_t *answer_conduits(struct engine *engine, struct answer *answer,
			       bool more)
{
	const struct policy *policy = engine_policy(engine);
	const struct show_count *counts;
	size_t n_counts, next = answer->next;
	json_t *conduits;

	counts = engine_counts(engine, day_now_usec(), &n_counts);
	conduits = show_conduits(policy, counts, n_counts, engine_terms(engine),
				 &next);
	answer->next = next;
	answer->continues = answer->next < policy->n_conduits;
	if (answer->continues && !more) {
		answer->continues = false;
		json_decref(conduits);
		return varlink_error(VARLINK_ERROR_SERVICE "ExpectedMore",
				     NULL);
	}
	return varlink_reply(json_pack("{so}", "conduits", conduits),
			     answer->continues);
}

/* The reply is made when the audit that starts here has come to its end. */
static void answer_start_audit(struct engine *engine, struct answer *answer)
{
	answer->serial = engine_audited(engine);
	answer->continues = true;
	engine_request_audit(engine);
}

static json_t *answer_audit(struct engine *engine, struct answer *answer)
{
	const char *state = engine_state_name(engine_state(engine));
	json_t *parameters = answer_have(json_pack("{ss}", "state", state));
	json_t *audit = engine_audit_json(engine);

	if (json_object_update(parameters, audit))
		abort();
	json_decref(audit);
	answer->continues = false;
	return varlink_reply(parameters, false);
}

/* Says that from here on everything is told */
static json_t *answer_start_watch(struct records *records,
				  struct answer *answer, bool more)
{
	if (!more)
		return varlink_error(VARLINK_ERROR_SERVICE "ExpectedMore",
				     NULL);
	answer->next = records_next(records);
	answer->continues = true;
	return varlink_reply(json_pack("{snsi}", "record", "missed", 0), true);
}

static json_t *answer_record(struct records *records, struct answer *answer)
{
	uint64_t first = records_first(records), missed = 0;

	if (answer->next < first) {
		missed = first - answer->next;
		answer->next = first;
	}
	return varlink_reply(json_pack("{sosI}", "record",
				       records_get(records, answer->next++),
				       "missed", (json_int_t)missed),
			     true);
}

/* NULL: not ready yet */
static json_t *answer_method(const struct answer_source *source,
			     const struct actor *actor,
			     const struct varlink_request *request,
			     struct answer *answer)
{
	struct engine *engine = source->engine;
	uint64_t now_usec = day_now_usec();

	switch (request->method) {
	case VARLINK_GET_INFO:
		return varlink_reply(varlink_info(), false);
	case VARLINK_GET_INTERFACE_DESCRIPTION:
		return answer_description(request);
	case VARLINK_STATUS:
		return answer_status(engine, now_usec);
	case VARLINK_ZONES:
		return answer_zones(engine);
	case VARLINK_MATRIX:
		return varlink_reply(show_matrix(engine_policy(engine),
						 engine_terms(engine)),
				     false);
	case VARLINK_CONDUITS:
		return answer_conduits(engine, answer, request->more);
	case VARLINK_RELOAD:
	case VARLINK_APPLY:
	case VARLINK_ROLLBACK:
		return answer_change(engine, actor, request, now_usec);
	case VARLINK_CONFIRM:
		return answer_confirm(engine, actor, now_usec);
	case VARLINK_HISTORY:
		return varlink_reply(history_json(engine_history(engine)),
				     false);
	case VARLINK_SHOW:
		return answer_show(engine, actor, request->generation);
	case VARLINK_DIFF:
		return planner_diff(engine, request->from, request->to,
				    now_usec);
	case VARLINK_WITHDRAW:
		return answer_withdraw(engine, actor, now_usec);
	case VARLINK_DRIFT:
		return varlink_reply(engine_drift_json(engine), false);
	case VARLINK_AUDIT:
		answer_start_audit(engine, answer);
		return NULL;
	case VARLINK_WATCH:
		return answer_start_watch(source->records, answer,
					  request->more);
	case VARLINK_PLAN:
		return planner_reply(engine, actor, request->file, request->nft,
				     now_usec);
	case VARLINK_ALLOW:
		return answer_allow(engine, actor, request, now_usec);
	case VARLINK_DISALLOW:
		return answer_disallow(engine, actor, request->name, now_usec);
	case VARLINK_ALLOWED:
		return answer_allowed(engine, now_usec);
	case VARLINK_VERSION:
		return varlink_reply(
			json_pack("{ss}", "version", SEKIMORI_VERSION), false);
	}
	abort();
}

void answer_request(const struct answer_source *source,
		    const struct actor *actor, unsigned int rights,
		    const struct varlink_request *request,
		    struct answer *answer)
{
	unsigned int needed = answer_right_for(request->method);

	memset(answer, 0, sizeof(*answer));
	answer->method = request->method;
	answer->serial = engine_serial(source->engine);
	if ((rights & needed) != needed)
		answer->reply = varlink_error(
			VARLINK_ERROR_SERVICE "PermissionDenied", NULL);
	else
		answer->reply = answer_method(source, actor, request, answer);
	/* what was done stands in the journal before anybody is told so */
	if (rights & needed & ANSWER_OPERATE)
		engine_write_journal(source->engine);
	if (!request->oneway)
		return;
	json_decref(answer->reply);
	answer->reply = NULL;
	answer->continues = false;
}

bool answer_is_ready(const struct answer_source *source,
		     const struct answer *answer)
{
	if (answer->method == VARLINK_AUDIT)
		return engine_audited(source->engine) != answer->serial;
	if (answer->method == VARLINK_WATCH)
		return records_next(source->records) != answer->next;
	return true;
}

void answer_continue(const struct answer_source *source, struct answer *answer)
{
	struct engine *engine = source->engine;

	if (answer->method == VARLINK_AUDIT) {
		answer->reply = answer_audit(engine, answer);
	} else if (answer->method == VARLINK_WATCH) {
		answer->reply = answer_record(source->records, answer);
	} else if (answer->serial != engine_serial(engine)) {
		/* what is being listed is gone; half of each would mislead */
		answer->continues = false;
		answer->reply = varlink_error(VARLINK_ERROR "Changed", NULL);
	} else {
		answer->reply = answer_conduits(engine, answer, true);
	}
}
