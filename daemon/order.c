// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another policy in place of the one in force: chosen at the start, ordered by
 * somebody, or returned to because nobody confirmed it. Easy to get wrong: what
 * is on the disk has to say first what the kernel is going to hold. A power cut
 * between the two then ends in the new policy, or, if it had to be confirmed,
 * in the old one; and never in one that nobody knows the files of.
 */
#include "inside.h"

#include <errno.h>
#include <string.h>

#include "actor.h"
#include "arena.h"
#include "day.h"
#include "diff.h"
#include "finding.h"
#include "log.h"
#include "look.h"
#include "suspect.h"
#include "trial.h"

/* How long whoever has given an order waits for sessions to be counted */
#define ORDER_SWEEP_USEC (50 * 1000ull)

/* ---- the start ---- */

/* A file that fails its own trials is as good as broken. */
static void order_try_file(struct engine *engine, struct file_config *config,
			   uint64_t now_usec)
{
	struct generation trial = { .config = *config };

	engine_compile(engine, &trial, now_usec);
	if (engine_try(&trial))
		trial.config.policy = NULL;
	engine_drop_ruleset(&trial);
	*config = trial.config;
}

static void order_log_broken(const struct engine *engine,
			     const struct file_config *config)
{
	struct log_line line;

	log_begin(&line, "SEKI-REFUSED",
		  "The configuration has mistakes and cannot be used");
	log_add_text(&line, "by", "start");
	log_add_text(&line, "file", engine->path);
	log_add_number(&line, "errors", config->diag.n_errors);
	log_add_number(&line, "warnings", config->diag.n_warnings);
	log_end(&line, LOG_ERR);
	finding_log(&config->diag);
}

static void order_log_choice(const struct engine *engine,
			     enum history_choice choice, uint64_t number)
{
	int priority = LOG_NOTICE;
	struct log_line line;

	switch (choice) {
	case HISTORY_FILE:
	case HISTORY_SAME:
	case HISTORY_NONE:
		return;
	case HISTORY_KEPT:
		log_begin(&line, "SEKI-KEPT",
			  "The configuration cannot be used, so the policy "
			  "that was in force before is put in force again");
		priority = LOG_CRIT;
		break;
	case HISTORY_UNDONE:
		log_begin(&line, "SEKI-KEPT",
			  "The configuration has not been changed since it was "
			  "last used, but another one has been put in force; "
			  "that one stays, until a reload");
		break;
	case HISTORY_AWAITED:
		log_begin(&line, "SEKI-KEPT",
			  "The policy that is in force has still to be "
			  "confirmed");
		log_add_number(&line, "seconds_left",
			       (unsigned long long)history_seconds_left(
				       engine->history));
		break;
	case HISTORY_RETURNED:
		log_begin(&line, "SEKI-ROLLBACK",
			  "The last change was not confirmed in time, so what "
			  "was confirmed before is put in force again");
		log_add_text(&line, "by", "start");
		priority = LOG_WARNING;
		break;
	}
	log_add_number(&line, "number", number);
	log_end(&line, priority);
}

/* It is new: keep it, and say that it is the one. Its number, or 0 */
static uint64_t order_keep_file(struct engine *engine,
				struct file_config *config, uint64_t now_usec)
{
	struct actor actor = actor_self("start");
	struct generation made = { .config = *config };
	struct history_entry entry = { &actor, "", made.digest, 0 };
	uint64_t number;
	int rc;

	engine_compile(engine, &made, now_usec);
	engine_drop_ruleset(&made);
	rc = history_keep(engine->history, config, &entry, now_usec, &number);
	if (!rc)
		rc = history_enter(engine->history, number, 0);
	if (rc)
		history_unsee(engine->history);
	else
		history_see(engine->history, config);
	return number;
}

/* What has not come to pass is not in the history. */
static void order_undo(struct engine *engine,
		       const struct store_current *before, uint64_t made)
{
	int rc = 0;

	if (made || before->running)
		rc = history_restore(engine->history, before);
	if (made && !rc) /* else it is still named as what is in force */
		history_remove(engine->history, made);
}

static void order_log_unfit(const struct engine *engine, int error)
{
	const struct diag *diag = &engine->running.config.diag;
	struct log_line line;

	log_begin(&line, "SEKI-REFUSED",
		  "What was to be in force cannot be put in force: %s",
		  engine_why(error));
	log_add_text(&line, "by", "start");
	log_add_text(&line, "file", engine->path);
	if (engine->running.number)
		log_add_number(&line, "number", engine->running.number);
	log_add_number(&line, "errors", diag->n_errors);
	log_add_number(&line, "warnings", diag->n_warnings);
	log_end(&line, LOG_ERR);
	finding_log(diag);
}

/* Might another policy fare better? Not if it is the table, or who else writes */
static bool order_may_be_better(int error)
{
	return error != -EPERM && error != -EAGAIN && error != -EBADMSG &&
	       error != -ENOBUFS;
}

/* Generation @number, in place of what was refused */
static int order_start_kept(struct engine *engine, uint64_t number,
			    uint64_t now_usec)
{
	struct file_config config;
	int rc = history_load(engine->history, number, NULL, &config);

	if (!rc) {
		order_log_choice(engine, HISTORY_KEPT, number);
		history_enter(engine->history, number, 0);
		engine_extend(engine, &config, now_usec);
		rc = engine_establish(engine, &config, number, now_usec);
		if (rc)
			order_log_unfit(engine, rc);
	}
	file_unload(&config);
	return rc;
}

/*
 * What was chosen cannot be put in force. What was in force before it can, if
 * anything can; and what is on the disk must not say otherwise.
 */
static int order_step_back(struct engine *engine,
			   const struct store_current *before,
			   uint64_t now_usec)
{
	uint64_t numbers[2 + STORE_EARLIER] = { before->running,
						before->confirmed };
	uint64_t refused = engine->running.number;
	int rc = -ENOENT;
	size_t i;

	memcpy(numbers + 2, before->earlier, sizeof(before->earlier));
	for (i = 0; rc && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!numbers[i] || numbers[i] == refused ||
		    (i && numbers[i] == numbers[0]))
			continue;
		rc = order_start_kept(engine, numbers[i], now_usec);
	}
	if (rc && before->running)
		history_restore(engine->history, before);
	return rc;
}

int engine_start(struct engine *engine, struct file_config *config,
		 uint64_t now_usec)
{
	enum history_choice choice;
	struct store_current before;
	uint64_t number;
	int rc;

	engine->started_usec = now_usec;
	engine->remembered_usec = now_usec;
	if (config->policy)
		order_try_file(engine, config, now_usec);
	if (!config->policy)
		order_log_broken(engine, config);
	choice = history_choose(engine->history, config, &number);
	order_log_choice(engine, choice, number);
	if (choice == HISTORY_NONE)
		return -ENOENT;
	before = history_mark(engine->history);
	if (choice == HISTORY_FILE)
		number = order_keep_file(engine, config, now_usec);
	if (number) /* else they are all that there is */
		file_forget_copies(config);
	engine_extend(engine, config, now_usec);
	rc = engine_establish(engine, config, number, now_usec);
	if (!rc)
		return 0;
	order_log_unfit(engine, rc);
	if (choice == HISTORY_FILE) {
		order_undo(engine, &before, number);
		history_unsee(engine->history);
	}
	if (order_may_be_better(rc) &&
	    !order_step_back(engine, &before, now_usec))
		return 0;
	return rc;
}

/* ---- orders ---- */

static void order_log_refusal(const struct engine *engine,
			      const struct actor *actor,
			      const struct engine_order *order,
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
	if (order->path)
		log_add_text(&line, "file", order->path);
	if (order->generation)
		log_add_number(&line, "number", order->generation);
	log_add_number(&line, "errors", outcome->diag->n_errors);
	log_add_number(&line, "warnings", outcome->diag->n_warnings);
	log_add_text(&line, "digest", engine->running.digest);
	log_end(&line, LOG_ERR);
	finding_log(outcome->diag);
}

static void order_log_done(const struct actor *actor,
			   const struct engine_order *order,
			   const struct engine_outcome *outcome, uint64_t usec)
{
	const char *what = order->generation ? "A generation was put in force" :
			   order->path	     ? "A file was put in force" :
					       "The configuration was read "
					       "again and is in force";
	struct log_line line;

	log_begin(&line, "SEKI-RELOAD", "%s%s", what,
		  outcome->edited ? "" :
				    "; the kernel holds it already and was not "
				    "touched");
	log_add_actor(&line, actor);
	log_add_text(&line, "from", outcome->from);
	log_add_text(&line, "to", outcome->to);
	log_add_number(&line, "conduits_added", outcome->change.n_added);
	log_add_number(&line, "conduits_removed", outcome->change.n_removed);
	log_add_number(&line, "conduits_changed", outcome->change.n_changed);
	log_add_number(&line, "elements_added", outcome->n_added);
	log_add_number(&line, "elements_deleted", outcome->n_deleted);
	log_add_number(&line, "generation", outcome->generation);
	log_add_number(&line, "number", outcome->number);
	if (order->confirm_seconds)
		log_add_number(&line, "confirm_seconds",
			       order->confirm_seconds);
	if (order->path)
		log_add_text(&line, "file", order->path);
	if (order->why[0])
		log_add_text(&line, "why", order->why);
	log_add_number(&line, "trials", outcome->n_trials);
	log_add_number(&line, "ms", usec / 1000);
	log_end(&line, LOG_NOTICE);
}

/* The configuration that is meant. 0, or -errno and a reason */
static int order_load(const struct engine *engine,
		      const struct engine_order *order,
		      struct file_config *config, const char **reason)
{
	int rc;

	*reason = "The configuration has mistakes";
	if (!order->generation)
		return file_reload(order->path ? order->path : engine->path,
				   &engine->running.config, config);
	rc = history_load(engine->history, order->generation,
			  &engine->running.config, config);
	if (rc == -ENOENT)
		*reason = "There is no such generation";
	else if (rc && rc != -EINVAL)
		*reason = "The generation is damaged";
	return rc;
}

/*
 * On the disk first: which generation it is, and that it is the one. Without
 * that it is put in force all the same, unless it is to undo itself.
 */
static int order_record(struct engine *engine, const struct actor *actor,
			const struct engine_order *order,
			struct generation *next, uint64_t now_usec)
{
	struct history_entry entry = { actor, order->why, next->digest,
				       order->confirm_seconds };
	struct file_config *config = &next->config;
	uint64_t number = order->generation;
	int rc = 0;

	/* what it would return to has to be kept, and to be what is in force */
	if (order->confirm_seconds &&
	    (!history_confirmed(engine->history) ||
	     engine->running.number != history_running(engine->history)))
		return -ENOENT;
	if (!number)
		number = history_find_running(engine->history, config);
	if (!number)
		rc = history_keep(engine->history, config, &entry, now_usec,
				  &number);
	next->number = number;
	if (!rc)
		rc = history_enter(engine->history, number,
				   order->confirm_seconds);
	if (rc && !order->path && !order->generation)
		history_unsee(engine->history);
	return order->confirm_seconds ? rc : 0;
}

/* The generation that has been made of it; 0: it was one already */
static uint64_t order_made(const struct engine_order *order,
			   const struct store_current *before,
			   const struct generation *next)
{
	return next->number == order->generation ||
			       next->number == before->running ?
		       0 :
		       next->number;
}

static const struct policy *order_policy(const struct engine *engine)
{
	return engine->running.config.policy;
}

static void order_succeed(struct engine *engine, struct generation *next,
			  const struct keeper_edit *edit, uint64_t now_usec,
			  struct engine_outcome *outcome)
{
	show_compare(engine->running.config.policy, next->config.policy,
		     &outcome->change);
	engine_take(engine, next);
	outcome->swept = !sweeper_work(engine->sweeper, ORDER_SWEEP_USEC) &&
			 sweeper_ended(engine->sweeper, &outcome->n_ended);
	engine_note_clock(engine, now_usec);
	engine_await(engine);
	memcpy(outcome->to, engine->running.digest, DIGEST_TEXT);
	outcome->diag = &engine->running.config.diag;
	outcome->n_added = edit->n_added;
	outcome->n_deleted = edit->n_deleted;
	outcome->edited = edit->edited;
	outcome->n_trials = order_policy(engine)->n_trials;
	outcome->generation = engine_generation(engine);
	outcome->number = history_running(engine->history);
	history_prune(engine->history,
		      order_policy(engine)->keeping.generations,
		      order_policy(engine)->keeping.days * 86400ull, now_usec);
}

int engine_apply(struct engine *engine, const struct actor *actor,
		 const struct engine_order *order, uint64_t now_usec,
		 struct engine_outcome *outcome)
{
	struct store_current mark = history_mark(engine->history);
	uint64_t start = day_clock_usec();
	struct generation next = { 0 };
	struct keeper_edit edit;
	int rc;

	now_usec = engine_begin_order(engine, now_usec, outcome);
	rc = order_load(engine, order, &next.config, &outcome->reason);
	if (rc)
		goto refused;
	engine_extend(engine, &next.config, now_usec);
	engine_compile(engine, &next, now_usec);
	rc = engine_try(&next);
	outcome->reason = ENGINE_TRIAL_FAILED;
	if (rc && !order->returns)
		goto refused;
	outcome->reason = "The journal cannot be written, without which the "
			  "configuration in force wants no change";
	if (!order->returns && order_policy(engine)->keeping.journal_required &&
	    !history_can_write(engine->history)) {
		rc = -EROFS;
		goto refused;
	}
	if (!order->path && !order->generation)
		history_see(engine->history, &next.config);
	rc = order_record(engine, actor, order, &next, now_usec);
	outcome->reason = "It could not be undone by itself, as nothing can be "
			  "kept on the disk";
	if (rc) {
		order_undo(engine, &mark, order_made(order, &mark, &next));
		goto refused;
	}
	rc = engine_replace(engine, &next, !order->returns, now_usec, &edit);
	outcome->reason = engine_why(rc);
	if (rc) {
		order_undo(engine, &mark, order_made(order, &mark, &next));
		if (edit.edited)
			engine_return(engine, rc == -EBADE ? &next : NULL,
				      now_usec);
		goto refused;
	}
	outcome->reason = NULL;
	if (next.number) /* else they are all that there is */
		file_forget_copies(&next.config);
	order_succeed(engine, &next, &edit, now_usec, outcome);
	order_log_done(actor, order, outcome, day_clock_usec() - start);
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
	order_log_refusal(engine, actor, order, outcome);
	return rc;
}

void engine_outcome_free(struct engine_outcome *outcome)
{
	file_unload(&outcome->refused_config);
	outcome->diag = NULL;
}

int engine_confirm(struct engine *engine, const struct actor *actor,
		   uint64_t now_usec)
{
	struct log_line line;
	int rc = history_confirm(engine->history);

	(void)now_usec;
	engine_await(engine);
	if (rc)
		return rc;
	log_begin(&line, "SEKI-CONFIRMED",
		  "The last change is confirmed and stays in force");
	log_add_actor(&line, actor);
	log_add_number(&line, "number", history_running(engine->history));
	log_end(&line, LOG_NOTICE);
	return 0;
}

void engine_fall_back(struct engine *engine, uint64_t now_usec)
{
	struct engine_order order = {
		.generation = history_confirmed(engine->history),
		.returns = true,
		.why = "not confirmed in time",
	};
	uint64_t number = history_running(engine->history);
	struct actor actor = actor_self("timer");
	struct engine_outcome outcome;
	struct log_line line;

	if (engine->state == ENGINE_WITHDRAWN) {
		history_enter(engine->history, order.generation, 0);
		return;
	}
	log_begin(&line, "SEKI-ROLLBACK",
		  "The last change was not confirmed in time; what was "
		  "confirmed before is put in force again");
	log_add_actor(&line, &actor);
	log_add_number(&line, "from_number", number);
	log_add_number(&line, "number", order.generation);
	log_end(&line, LOG_WARNING);
	engine_apply(engine, &actor, &order, now_usec, &outcome);
	engine_outcome_free(&outcome);
}
