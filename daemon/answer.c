// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each method of the control protocol does. Easy to get wrong: whether a
 * caller may is decided here, before anything else, and by a table that a new
 * method cannot be missing from: the switch has no default.
 */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "arena.h"
#include "day.h"
#include "engine.h"
#include "links.h"
#include "log.h"
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
		return ANSWER_VIEW;
	case VARLINK_RELOAD:
	case VARLINK_WITHDRAW:
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
	struct show_link *links = NULL;
	size_t n_links = 0;
	json_t *zones;

	if (links_read(arena, &links, &n_links))
		log_error("SEKI-ERROR", 0, "The interfaces cannot be listed");
	zones = show_zones(engine_policy(engine), links, n_links,
			   engine_today(engine));
	arena_free(arena);
	return varlink_reply(json_pack("{so}", "zones", zones), false);
}

static json_t *answer_reload(struct engine *engine, const struct actor *actor,
			     uint64_t now_usec)
{
	struct engine_outcome outcome;
	json_t *reply, *findings;

	engine_reload(engine, actor, now_usec, &outcome);
	findings = show_findings(outcome.diag);
	if (outcome.refused)
		reply = varlink_error(
			VARLINK_ERROR "Refused",
			json_pack("{sssIsIso}", "reason", outcome.reason,
				  "errors", (json_int_t)outcome.diag->n_errors,
				  "warnings",
				  (json_int_t)outcome.diag->n_warnings,
				  "findings", findings));
	else
		reply = varlink_reply(
			json_pack("{sb ss ss sI sI sI sI sI sI sI so}",
				  "edited", outcome.edited, "from",
				  outcome.from, "to", outcome.to, "generation",
				  (json_int_t)outcome.generation,
				  "conduits_added",
				  (json_int_t)outcome.change.n_added,
				  "conduits_removed",
				  (json_int_t)outcome.change.n_removed,
				  "conduits_changed",
				  (json_int_t)outcome.change.n_changed,
				  "elements_added", (json_int_t)outcome.n_added,
				  "elements_deleted",
				  (json_int_t)outcome.n_deleted, "warnings",
				  (json_int_t)outcome.diag->n_warnings,
				  "findings", findings),
			false);
	engine_outcome_free(&outcome);
	return reply;
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
	size_t n_counts;
	json_t *conduits;

	counts = engine_counts(engine, day_now_usec(), &n_counts);
	conduits = show_conduits(policy, counts, n_counts, engine_today(engine),
				 &answer->next);
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

static json_t *answer_method(struct engine *engine, const struct actor *actor,
			     const struct varlink_request *request,
			     struct answer *answer)
{
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
						 engine_today(engine)),
				     false);
	case VARLINK_CONDUITS:
		return answer_conduits(engine, answer, request->more);
	case VARLINK_RELOAD:
		return answer_reload(engine, actor, now_usec);
	case VARLINK_WITHDRAW:
		return answer_withdraw(engine, actor, now_usec);
	case VARLINK_VERSION:
		return varlink_reply(
			json_pack("{ss}", "version", SEKIMORI_VERSION), false);
	}
	abort();
}

void answer_request(struct engine *engine, const struct actor *actor,
		    unsigned int rights, const struct varlink_request *request,
		    struct answer *answer)
{
	unsigned int needed = answer_right_for(request->method);

	memset(answer, 0, sizeof(*answer));
	answer->serial = engine_serial(engine);
	if ((rights & needed) != needed)
		answer->reply = varlink_error(
			VARLINK_ERROR_SERVICE "PermissionDenied", NULL);
	else
		answer->reply = answer_method(engine, actor, request, answer);
	if (!request->oneway)
		return;
	json_decref(answer->reply);
	answer->reply = NULL;
	answer->continues = false;
}

void answer_continue(struct engine *engine, struct answer *answer)
{
	/* what is being listed is gone; half of each would mislead */
	if (answer->serial != engine_serial(engine)) {
		answer->continues = false;
		answer->reply = varlink_error(VARLINK_ERROR "Changed", NULL);
		return;
	}
	answer->reply = answer_conduits(engine, answer, true);
}
