// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the control protocol says of temporary conduits. Easy to get wrong: who
 * has asked is what the kernel says of the connection, never a parameter.
 */
#include "answer_grant.h"

#include "engine.h"
#include "varlink.h"

static void answer_take_texts(const struct varlink_texts *from,
			      struct allowed_texts *texts)
{
	_Static_assert(ALLOWED_TEXTS_MAX == VARLINK_TEXTS_MAX,
		       "what may be asked for can be kept");

	for (texts->n = 0; texts->n < from->n; texts->n++)
		texts->texts[texts->n] = from->texts[texts->n];
}

static const char *answer_given(const char *text)
{
	return text[0] ? text : NULL;
}

static json_t *answer_refused(const struct engine_outcome *outcome)
{
	return varlink_error(
		VARLINK_ERROR "Refused",
		json_pack("{sssIsIso}", "reason", outcome->reason, "errors",
			  (json_int_t)outcome->diag->n_errors, "warnings",
			  (json_int_t)outcome->diag->n_warnings, "findings",
			  show_findings(outcome->diag)));
}

json_t *answer_allow(struct engine *engine, const struct actor *actor,
		     const struct varlink_request *request, uint64_t now_usec)
{
	const struct varlink_conduit *from = &request->conduit;
	struct engine_grant grant = {
		.conduit = {
			.name = answer_given(request->name),
			.kind = from->kind[0] ? from->kind : "plain",
			.bind = answer_given(from->bind),
			.reason = answer_given(from->reason),
			.approved_by = answer_given(from->approved_by),
			.approval = answer_given(from->approval),
		},
		.seconds = from->seconds,
	};
	struct engine_granted granted;
	struct engine_outcome outcome;
	json_t *reply;

	answer_take_texts(&from->from, &grant.conduit.from);
	answer_take_texts(&from->to, &grant.conduit.to);
	answer_take_texts(&from->services, &grant.conduit.services);
	if (engine_allow(engine, actor, &grant, now_usec, &outcome, &granted))
		reply = answer_refused(&outcome);
	else
		reply = varlink_reply(
			json_pack("{ss sI sI so}", "name", granted.name,
				  "expires", (json_int_t)granted.expires,
				  "generation", (json_int_t)outcome.generation,
				  "findings", show_findings(outcome.diag)),
			false);
	engine_outcome_free(&outcome);
	return reply;
}

json_t *answer_disallow(struct engine *engine, const struct actor *actor,
			const char *name, uint64_t now_usec)
{
	struct engine_outcome outcome;
	json_t *reply;

	if (engine_disallow(engine, actor, name, now_usec, &outcome))
		reply = answer_refused(&outcome);
	else
		reply = varlink_reply(
			json_pack("{ss sI sb so}", "name", name, "generation",
				  (json_int_t)outcome.generation, "kept",
				  outcome.kept, "sessions",
				  outcome.swept ?
					  json_integer(
						  (json_int_t)outcome.n_ended) :
					  json_null()),
			false);
	engine_outcome_free(&outcome);
	return reply;
}

json_t *answer_allowed(const struct engine *engine, uint64_t now_usec)
{
	return varlink_reply(json_pack("{so}", "allowed",
				       engine_allowed_json(engine, now_usec)),
			     false);
}
