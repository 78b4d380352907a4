// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conduits for a while, beside the configuration that is in force. Easy to get
 * wrong: the configuration that is in force is not what its file holds, which
 * may have been edited for later, so the one that is kept is taken, on the disk
 * or, if that has no room for it, in memory; and it goes
 * before: what no longer fits to it is left out, and keeps nobody from putting
 * it in force or from returning to it. That is also why temporary conduits are
 * no part of a generation: to return to one neither revives what was disallowed
 * meanwhile nor takes away what is allowed now.
 */
#include "inside.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "arena.h"
#include "day.h"
#include "finding.h"
#include "instant.h"
#include "log.h"

/* How long whoever disallows a conduit waits for its sessions to be ended */
#define GRANT_SWEEP_USEC (50 * 1000ull)

/**
 * struct candidate - what there is to be
 * @list: all of the temporary conduits
 * @strict: they have to fit
 */
struct candidate {
	struct arena *arena;
	struct allowed *list;
	size_t n;
	bool strict;
};

static int64_t grant_seconds(uint64_t usec)
{
	return (int64_t)(usec / 1000000);
}

static char *grant_instant(int64_t when, char text[static INSTANT_TEXT])
{
	return instant_print(when, day_calendar.local(when), text);
}

static int grant_extend(const struct engine *engine, struct file_config *config,
			const struct allowed *list, size_t n)
{
	size_t len;
	const char *text =
		allowed_print(list, n, &day_calendar, config->arena, &len);

	return file_extend(config, allow_path(engine->allow), text, len);
}

static void grant_retract(struct file_config *config)
{
	file_retract(config, "the temporary conduits are left out, as they do "
			     "not fit to this configuration");
}

/* Extended, if that is accepted and passes the trials */
static void grant_extend_if_fit(const struct engine *engine,
				struct file_config *config,
				const struct allowed *list, size_t n,
				uint64_t now_usec)
{
	struct generation trial;

	if (!n)
		return;
	if (grant_extend(engine, config, list, n)) {
		grant_retract(config);
		return;
	}
	trial = (struct generation){ .config = *config };
	engine_compile(engine, &trial, now_usec);
	if (engine_try(&trial))
		grant_retract(&trial.config);
	engine_drop_ruleset(&trial);
	*config = trial.config;
}

void engine_extend(const struct engine *engine, struct file_config *config,
		   uint64_t now_usec)
{
	struct arena *arena = arena_new();
	struct allowed *list;
	size_t n;

	list = allow_list(engine->allow, grant_seconds(now_usec), arena, &n);
	if (config->policy)
		grant_extend_if_fit(engine, config, list, n, now_usec);
	arena_free(arena);
}

/* The configuration in force as it is kept, with the candidate */
static int grant_load(struct engine *engine, const struct candidate *candidate,
		      struct generation *next, uint64_t now_usec,
		      const char **reason)
{
	int rc = -EBUSY;

	*reason = "Nothing is in force; reload first";
	if (engine->state == ENGINE_WITHDRAWN)
		return rc;
	*reason = "The configuration in force cannot be read again";
	if (engine->running.number)
		rc = history_load(engine->history, engine->running.number,
				  &engine->running.config, &next->config);
	else
		rc = file_load_kept(engine->path, engine->running.config.copies,
				    engine->running.config.n_copies,
				    &engine->running.config, &next->config);
	if (rc)
		return rc;
	*reason = "The conduit has mistakes";
	next->number = engine->running.number;
	if (!candidate->strict)
		grant_extend_if_fit(engine, &next->config, candidate->list,
				    candidate->n, now_usec);
	else
		rc = grant_extend(engine, &next->config, candidate->list,
				  candidate->n);
	if (rc)
		return rc;
	*reason = ENGINE_TRIAL_FAILED;
	engine_compile(engine, next, now_usec);
	rc = engine_try(next);
	/* what the file holds was accepted once, and is in force */
	return candidate->strict ? rc : 0;
}

static void grant_take(struct engine *engine, struct generation *next,
		       const struct keeper_edit *edit, uint64_t now_usec,
		       struct engine_outcome *outcome)
{
	show_compare(engine->running.config.policy, next->config.policy,
		     &outcome->change);
	file_pass_copies(&engine->running.config, &next->config);
	engine_take(engine, next);
	engine_note_clock(engine, now_usec);
	memcpy(outcome->to, engine->running.digest, DIGEST_TEXT);
	outcome->diag = &engine->running.config.diag;
	outcome->n_added = edit->n_added;
	outcome->n_deleted = edit->n_deleted;
	outcome->edited = edit->edited;
	outcome->generation = engine_generation(engine);
	outcome->number = engine->running.number;
	outcome->swept = !sweeper_work(engine->sweeper, GRANT_SWEEP_USEC) &&
			 sweeper_ended(engine->sweeper, &outcome->n_ended);
	if (edit->edited)
		engine_save(engine);
}

/*
 * On the disk first, then in the kernel: a crash between the two ends in the
 * new state, and any other in the old one. What is taken away is taken away
 * whatever the disk says.
 */
static int grant_put(struct engine *engine, const struct candidate *candidate,
		     struct generation *next, uint64_t now_usec,
		     struct engine_outcome *outcome)
{
	const struct allowed *old;
	struct keeper_edit edit;
	const char *was, *text;
	size_t n, was_len, len;
	int rc;

	old = allow_list(engine->allow, 0, candidate->arena, &n);
	was = allowed_print(old, n, &day_calendar, candidate->arena, &was_len);
	text = allowed_print(candidate->list, candidate->n, &day_calendar,
			     candidate->arena, &len);
	outcome->reason = "It cannot be kept on the disk";
	if (candidate->strict)
		rc = allow_write(engine->allow, text, len);
	else
		rc = allow_reduce(engine->allow, text, len);
	outcome->kept = !rc;
	if (rc && candidate->strict) {
		allow_restore(engine->allow, was, was_len);
		return rc;
	}
	rc = engine_replace(engine, next, candidate->strict, now_usec, &edit);
	outcome->reason = engine_why(rc);
	if (rc) {
		allow_restore(engine->allow, was, was_len);
		if (edit.edited)
			engine_return(engine, rc == -EBADE ? next : NULL,
				      now_usec);
		return rc;
	}
	outcome->reason = NULL;
	grant_take(engine, next, &edit, now_usec, outcome);
	return 0;
}

static int grant_refuse(struct engine *engine, struct generation *next,
			const struct actor *actor, const char *name, int rc,
			struct engine_outcome *outcome)
{
	struct log_line line;

	outcome->refused = true;
	outcome->generation = engine_generation(engine);
	engine_drop_ruleset(next);
	outcome->refused_config = next->config;
	outcome->diag = &outcome->refused_config.diag;
	log_begin(&line, "SEKI-REFUSED",
		  "A temporary conduit is neither added nor removed: %s",
		  outcome->reason);
	log_add_actor(&line, actor);
	if (name)
		log_add_text(&line, "name", name);
	log_add_number(&line, "errors", outcome->diag->n_errors);
	log_add_text(&line, "digest", engine->running.digest);
	log_end(&line, LOG_ERR);
	finding_log(outcome->diag);
	return rc;
}

/* What a conduit needs that is to end by itself, and to be told of */
static int grant_check_means(struct engine *engine,
			     const struct generation *next, const char **reason)
{
	*reason = "The clock is wrong, so nobody knows when it would end";
	if (!next->terms->is_known)
		return -ETIME;
	*reason = "The journal cannot be written, without which the "
		  "configuration in force wants no change";
	if (engine->running.config.policy->keeping.journal_required &&
	    !history_can_write(engine->history))
		return -EROFS;
	return 0;
}

/* All of it, for either direction; @name is for the log */
static int grant_change(struct engine *engine, const struct actor *actor,
			const struct candidate *candidate, const char *name,
			uint64_t now_usec, struct engine_outcome *outcome)
{
	struct generation next = { 0 };
	int rc = grant_load(engine, candidate, &next, now_usec,
			    &outcome->reason);

	if (!rc && candidate->strict)
		rc = grant_check_means(engine, &next, &outcome->reason);
	if (!rc)
		rc = grant_put(engine, candidate, &next, now_usec, outcome);
	if (rc)
		return grant_refuse(engine, &next, actor, name, rc, outcome);
	return 0;
}

static void grant_begin(struct engine *engine, uint64_t *now_usec,
			struct candidate *candidate,
			struct engine_outcome *outcome)
{
	*now_usec = engine_begin_order(engine, *now_usec, outcome);
	candidate->arena = arena_new();
	candidate->list = allow_list(engine->allow, grant_seconds(*now_usec),
				     candidate->arena, &candidate->n);
}

/* The name of a user as the machine's own file has it; nobody else is asked. */
static const char *grant_user(uid_t uid, struct arena *arena)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry = { 0 }, *found = NULL;
	const char *name = NULL;
	char buf[4096];

	while (file && !name &&
	       !fgetpwent_r(file, &entry, buf, sizeof(buf), &found))
		if (found->pw_uid == uid)
			name = arena_printf(arena, "%.100s", found->pw_name);
	if (file)
		fclose(file);
	return name;
}

static const char *grant_who(const struct actor *actor, struct arena *arena)
{
	unsigned int uid = (unsigned int)actor->uid;
	const char *name;

	if (!actor->has_uid)
		return actor->how;
	name = grant_user(actor->uid, arena);
	return name ? arena_printf(arena, "%s (uid %u)", name, uid) :
		      arena_printf(arena, "uid %u", uid);
}

static bool grant_is_taken(const struct engine *engine,
			   const struct candidate *candidate, const char *name)
{
	const struct policy *policy = engine->running.config.policy;
	size_t i;

	for (i = 0; i < policy->n_conduits; i++)
		if (!strcmp(policy->conduits[i].name, name))
			return true;
	for (i = 0; i < candidate->n; i++)
		if (!strcmp(candidate->list[i].name, name))
			return true;
	return false;
}

/* The one that was asked for, or one that is free */
static void grant_name(const struct engine *engine,
		       const struct candidate *candidate, const char *wanted,
		       char name[static NAME_LEN_MAX + 1])
{
	unsigned int i = 0;

	if (wanted) {
		/* of what does not fit the parser says that it is no name */
		snprintf(name, NAME_LEN_MAX + 1, "%s", wanted);
		return;
	}
	do
		snprintf(name, NAME_LEN_MAX + 1, "allow-%u", ++i);
	while (grant_is_taken(engine, candidate, name));
}

static void grant_log_texts(struct log_line *line, const char *key,
			    const struct allowed_texts *texts,
			    struct arena *arena)
{
	const char *all = "";
	size_t i;

	for (i = 0; i < texts->n; i++)
		all = arena_printf(arena, "%s%s%s", all, i ? "," : "",
				   texts->texts[i]);
	log_add_text(line, key, all);
}

static void grant_log(const char *msgid, const char *sentence,
		      const struct actor *actor, const struct allowed *conduit,
		      const struct candidate *candidate,
		      const struct engine_outcome *outcome)
{
	char until[INSTANT_TEXT];
	struct log_line line;

	log_begin(&line, msgid, "%s", sentence);
	log_add_actor(&line, actor);
	log_add_text(&line, "name", conduit->name);
	log_add_text(&line, "until", grant_instant(conduit->expires, until));
	log_add_text(&line, "reason", conduit->reason ? conduit->reason : "");
	log_add_text(&line, "allowed_by", conduit->allowed_by);
	log_add_text(&line, "kind", conduit->kind);
	log_add_text(&line, "bind", conduit->bind ? conduit->bind : "ip");
	grant_log_texts(&line, "conduit_from", &conduit->from,
			candidate->arena);
	grant_log_texts(&line, "conduit_to", &conduit->to, candidate->arena);
	grant_log_texts(&line, "services", &conduit->services,
			candidate->arena);
	log_add_text(&line, "from", outcome->from);
	log_add_text(&line, "to", outcome->to);
	log_end(&line, LOG_NOTICE);
}

static int grant_check(const struct engine_grant *grant,
		       const struct candidate *candidate,
		       struct engine_outcome *outcome)
{
	if (grant->seconds < ALLOW_SECONDS_MIN ||
	    grant->seconds > ALLOW_SECONDS_MAX) {
		outcome->reason = "A temporary conduit lasts from a minute to "
				  "seven days";
		return -ERANGE;
	}
	if (candidate->n == ALLOW_MAX) {
		outcome->reason = "There are 64 temporary conduits already, "
				  "which is the limit";
		return -ENOSPC;
	}
	return 0;
}

int engine_allow(struct engine *engine, const struct actor *actor,
		 const struct engine_grant *grant, uint64_t now_usec,
		 struct engine_outcome *outcome, struct engine_granted *granted)
{
	struct candidate candidate = { .strict = true };
	struct generation none = { 0 };
	struct allowed *conduit;
	int rc;

	grant_begin(engine, &now_usec, &candidate, outcome);
	grant_name(engine, &candidate, grant->conduit.name, granted->name);
	rc = grant_check(grant, &candidate, outcome);
	if (rc) {
		grant_refuse(engine, &none, actor, granted->name, rc, outcome);
		goto out;
	}
	granted->expires = grant_seconds(now_usec) + (int64_t)grant->seconds;
	conduit = &candidate.list[candidate.n++];
	*conduit = grant->conduit;
	if (!conduit->name)
		conduit->name = granted->name;
	conduit->expires = granted->expires;
	conduit->allowed_by = grant_who(actor, candidate.arena);
	rc = grant_change(engine, actor, &candidate, granted->name, now_usec,
			  outcome);
	if (!rc)
		grant_log("SEKI-ALLOWED",
			  "A temporary conduit is in force, until it expires",
			  actor, conduit, &candidate, outcome);
out:
	arena_free(candidate.arena);
	return rc;
}

int engine_disallow(struct engine *engine, const struct actor *actor,
		    const char *name, uint64_t now_usec,
		    struct engine_outcome *outcome)
{
	struct candidate candidate = { .strict = false };
	struct generation none = { 0 };
	struct allowed conduit;
	int rc = -ENOENT;
	size_t i;

	grant_begin(engine, &now_usec, &candidate, outcome);
	for (i = 0; i < candidate.n; i++)
		if (!strcmp(candidate.list[i].name, name))
			break;
	if (i == candidate.n) {
		outcome->reason = "There is no temporary conduit of this name";
		grant_refuse(engine, &none, actor, name, rc, outcome);
		goto out;
	}
	conduit = candidate.list[i];
	candidate.n--;
	memmove(&candidate.list[i], &candidate.list[i + 1],
		(candidate.n - i) * sizeof(conduit));
	rc = grant_change(engine, actor, &candidate, name, now_usec, outcome);
	if (!rc)
		grant_log("SEKI-DISALLOWED",
			  "A temporary conduit was ended before its time",
			  actor, &conduit, &candidate, outcome);
out:
	arena_free(candidate.arena);
	return rc;
}

static json_t *grant_have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

static json_t *grant_texts_json(const struct allowed_texts *texts)
{
	json_t *array = grant_have(json_array());
	size_t i;

	for (i = 0; i < texts->n; i++)
		if (json_array_append_new(array, json_string(texts->texts[i])))
			abort();
	return array;
}

/* Not if it was left out */
static bool grant_is_in_force(const struct engine *engine,
			      const struct allowed *allowed)
{
	const struct policy *policy = engine->running.config.policy;
	size_t i;

	for (i = 0; i < policy->n_conduits; i++) {
		const struct conduit *conduit = &policy->conduits[i];

		if (conduit->allowed_by &&
		    !strcmp(conduit->name, allowed->name))
			return terms_in_force(engine->running.terms, conduit);
	}
	return false;
}

json_t *engine_allowed_json(const struct engine *engine, uint64_t now_usec)
{
	json_t *array = grant_have(json_array());
	struct arena *arena = arena_new();
	const struct allowed *list;
	size_t n, i;

	list = allow_list(engine->allow, grant_seconds(now_usec), arena, &n);
	for (i = 0; i < n; i++) {
		const struct allowed *a = &list[i];

		if (json_array_append_new(
			    array,
			    json_pack("{ss ss ss? so so so ss? ss? ss? ss sI "
				      "sb}",
				      "name", a->name, "kind", a->kind, "bind",
				      a->bind, "from",
				      grant_texts_json(&a->from), "to",
				      grant_texts_json(&a->to), "services",
				      grant_texts_json(&a->services), "reason",
				      a->reason, "approved_by", a->approved_by,
				      "approval", a->approval, "allowed_by",
				      a->allowed_by, "expires",
				      (json_int_t)a->expires, "in_force",
				      grant_is_in_force(engine, a))))
			abort();
	}
	arena_free(arena);
	return array;
}
