// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeps one ruleset in the kernel. Easy to get wrong: what is known of the
 * kernel is only as good as the notifications are complete. Generations are
 * numbered, so a gap shows; and a result that was read is used only if no
 * commit touched our table while it was being read, which is known when the
 * notifications have caught up with the kernel's generation.
 */
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "barrier.h"
#include "chronicle.h"
#include "day.h"
#include "describe.h"
#include "diff.h"
#include "log.h"
#include "look.h"
#include "reconcile.h"
#include "suspect.h"

#define KEEPER_TRIES 8
#define KEEPER_CATCH_UP_MSEC 1000

/*
 * Notifications make a large commit slower and take memory, for ourselves as
 * well; so nobody is told of those of ours that are larger.
 */
#define KEEPER_BULK 8192 /* elements */

/* A look that is under way */
struct keeper_look {
	struct arena *arena; /* NULL: there is none */
	struct suspects everything;
	struct look *look;
	struct edits *edits; /* when it has found a difference */
	uint64_t touches; /* when it began */
	bool is_comparison;
};

struct keeper {
	struct nft *writer; /* owns the table; never closed */
	struct nft *reader;
	struct nft *events;
	bool can_own, wants_own;
	void (*compared)(void *data, const struct ruleset *observed,
			 uint64_t now_usec);
	void *data;

	const struct ruleset *desired; /* NULL: nothing is kept */
	struct barrier barrier;
	uint32_t genid; /* of the last commit that we know of */
	bool lost; /* there were some that we do not know of */
	bool in_ours; /* the commit being notified touches our table */
	bool others_changed;
	bool racing; /* what is deleted may end by itself before that */
	uint64_t touches; /* commits to our table */
	struct arena *arena; /* of the suspects */
	struct suspects suspects;

	struct reconcile reconcile;
	enum reconcile_action action; /* under way */
	struct keeper_look look;

	struct chronicle chronicle;

	/* of the wall clock from CLOCK_MONOTONIC, as we were told it last */
	int64_t offset_usec;
	bool clock_was_set; /* since the last apply */

	uint64_t n_commits, n_compared;
	uint64_t verified_usec, compared_usec;
};

/* Take the time. A step may last, and what ends must not end late by that. */
static void keeper_set_time(struct keeper *keeper, uint64_t now_usec)
{
	keeper->offset_usec = (int64_t)(now_usec - day_clock_usec());
}

static uint64_t keeper_now_msec(const struct keeper *keeper)
{
	return (day_clock_usec() + (uint64_t)keeper->offset_usec) / 1000;
}

static void keeper_clear_suspects(struct keeper *keeper)
{
	arena_free(keeper->arena);
	keeper->arena = arena_new();
	suspects_init(&keeper->suspects, keeper->arena);
}

int keeper_open(void (*compared)(void *data, const struct ruleset *observed,
				 uint64_t now_usec),
		void *data, struct keeper **out)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	int rc;

	if (!keeper)
		abort();
	keeper->compared = compared;
	keeper->data = data;
	chronicle_init(&keeper->chronicle);
	keeper_clear_suspects(keeper);
	reconcile_init(&keeper->reconcile, RECONCILE_REPAIR, UINT64_MAX);
	rc = nft_open(&keeper->writer);
	if (!rc)
		rc = nft_open(&keeper->reader);
	if (!rc)
		rc = nft_open(&keeper->events);
	if (!rc)
		rc = nft_join(keeper->events);
	if (!rc)
		rc = nft_generation(keeper->reader, &keeper->genid);
	if (rc) {
		keeper_close(keeper);
		return rc;
	}
	keeper->can_own = nft_can_own(keeper->writer);
	keeper->barrier = (struct barrier){ keeper->writer, false, true };
	*out = keeper;
	return 0;
}

static void keeper_end_look(struct keeper *keeper)
{
	if (!keeper->look.arena)
		return;
	look_end(keeper->look.look);
	arena_free(keeper->look.arena);
	memset(&keeper->look, 0, sizeof(keeper->look));
}

void keeper_close(struct keeper *keeper)
{
	if (!keeper)
		return;
	keeper_end_look(keeper);
	nft_close(keeper->events);
	nft_close(keeper->reader);
	nft_close(keeper->writer);
	chronicle_free(&keeper->chronicle);
	arena_free(keeper->arena);
	free(keeper);
}

void keeper_watch(struct keeper *keeper, const struct watch *watch)
{
	keeper->wants_own = watch->ownership;
	keeper->reconcile.mode = watch->alert ? RECONCILE_ALERT :
						RECONCILE_REPAIR;
	keeper->reconcile.compare_usec =
		(uint64_t)watch->compare_seconds * 1000000;
}

enum keeper_ownership keeper_ownership(const struct keeper *keeper)
{
	if (!keeper->wants_own)
		return KEEPER_NOT_WANTED;
	return keeper->can_own ? KEEPER_OWNED : KEEPER_UNSUPPORTED;
}

uint32_t keeper_flags(const struct keeper *keeper)
{
	/* owner without persist would let the table go with the daemon */
	return keeper_ownership(keeper) == KEEPER_OWNED ?
		       RULESET_F_OWNER | RULESET_F_PERSIST :
		       0;
}

static void keeper_log_refusals(const struct nft_refusal *refusals, size_t n)
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

/* ---- following the kernel's commits ---- */

/* What has happened, while other work may be under way */
static void keeper_event(struct keeper *keeper, enum reconcile_event event)
{
	enum reconcile_action action =
		reconcile_next(&keeper->reconcile, event, day_clock_usec());

	if (keeper->action == RECONCILE_WAIT)
		keeper->action = action;
}

struct keeper_drain {
	struct keeper *keeper;
	uint64_t now_usec;
};

static void keeper_on_commit(struct keeper *keeper,
			     const struct nft_author *author, uint64_t now_usec)
{
	int32_t step = (int32_t)(author->genid - keeper->genid);
	bool ours = keeper->in_ours;

	keeper->in_ours = false;
	if (step > 0)
		keeper->genid = author->genid;
	if (step > 1)
		keeper->lost = true;
	if (!ours || author->port == nft_port(keeper->writer))
		return;
	if (!keeper->desired)
		return;
	chronicle_touch(&keeper->chronicle, (pid_t)author->pid, author->comm,
			now_usec, day_clock_usec());
	keeper_event(keeper, RECONCILE_TOUCHED);
}

static void keeper_on_message(void *data, const struct nlmsghdr *nlh)
{
	const struct keeper_drain *drain = data;
	struct keeper *keeper = drain->keeper;
	struct nft_author author;

	if (nft_is_commit(nlh, &author)) {
		keeper_on_commit(keeper, &author, drain->now_usec);
		return;
	}
	switch (suspects_note(&keeper->suspects, keeper->desired, nlh)) {
	case TOUCH_NOTHING:
		break;
	case TOUCH_OURS:
		keeper->in_ours = true;
		keeper->touches++;
		break;
	case TOUCH_OTHERS:
		keeper->others_changed = true;
		/* perhaps another daemon's doing, who could not go on */
		keeper->barrier.may_be_down = true;
		break;
	}
}

static void keeper_log_lost(struct keeper *keeper)
{
	struct log_line line;

	if (!chronicle_may_log(&keeper->chronicle, day_clock_usec()))
		return;
	log_begin(&line, "SEKI-LOST",
		  "More was changed in nf_tables than could be followed; "
		  "everything is compared");
	log_add_number(&line, "genid", keeper->genid);
	log_end(&line, LOG_WARNING);
}

/* Take notice of all that has been notified. */
static void keeper_drain(struct keeper *keeper, uint64_t now_usec)
{
	struct keeper_drain drain = { keeper, now_usec };

	if (nft_notified(keeper->events, keeper_on_message, &drain))
		keeper->lost = true;
	if (!keeper->lost)
		return;
	keeper->lost = false;
	keeper->in_ours = false;
	keeper->touches++;
	keeper->suspects.all = true;
	keeper->others_changed = true;
	nft_generation(keeper->writer, &keeper->genid);
	if (!keeper->desired)
		return;
	keeper_log_lost(keeper);
	keeper_event(keeper, RECONCILE_LOST);
}

/*
 * Wait until the notifications have caught up with the kernel. They come right
 * after the generation has changed, but not at the same moment.
 */
static void keeper_catch_up(struct keeper *keeper, uint64_t now_usec)
{
	struct pollfd pollfd = { .fd = nft_fd(keeper->events),
				 .events = POLLIN };
	uint32_t genid;

	keeper_drain(keeper, now_usec);
	if (nft_generation(keeper->writer, &genid))
		return;
	while ((int32_t)(genid - keeper->genid) > 0) {
		if (poll(&pollfd, 1, KEEPER_CATCH_UP_MSEC) == 0)
			keeper->lost = true;
		keeper_drain(keeper, now_usec);
	}
}

/* ---- looking and committing ---- */

static int keeper_send(struct keeper *keeper, const struct batch *batch)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	size_t n_refusals;
	int rc;

	rc = nft_commit(keeper->writer, batch, refusals, &n_refusals);
	if (rc == -ENOENT && keeper->racing) {
		/* only the kernel knows what is left */
		keeper->suspects.all = true;
		rc = -ERESTART;
	}
	if (!rc)
		keeper->n_commits++;
	else if (rc != -ERESTART)
		keeper_log_refusals(refusals, n_refusals);
	return rc;
}

/*
 * A commit of which nobody is told, not even we: from here on it is known by
 * its generation that it was the only one, and what it was to change.
 */
static int keeper_send_bulk(struct keeper *keeper, const struct batch *batch,
			    const struct edits *edits, uint64_t now_usec)
{
	uint32_t before = keeper->genid, after = before;
	int rc;

	nft_leave(keeper->events);
	rc = keeper_send(keeper, batch);
	if (nft_join(keeper->events) ||
	    nft_generation(keeper->writer, &after) ||
	    after - before > (rc ? 0 : 1))
		keeper->lost = true;
	keeper->genid = after;
	suspects_add_edits(&keeper->suspects, edits);
	keeper->touches++;
	keeper_drain(keeper, now_usec);
	return rc;
}

/*
 * The whole table anew, whatever there is. When base chains are deleted and
 * made in one transaction, packets were measured to pass by both; so they are
 * held back by a table of its own until it is done. If we die before that, the
 * next start lets them go, when the table is right.
 */
static int keeper_replace(struct keeper *keeper, const struct ruleset *desired,
			  uint64_t now_usec)
{
	struct batch *batch;
	int rc = barrier_lower(&keeper->barrier);

	if (rc)
		return rc;
	batch = encode_replacement(desired, keeper_now_msec(keeper), 0);
	rc = keeper_send(keeper, batch);
	batch_free(batch);
	if (!rc)
		barrier_raise(&keeper->barrier);
	keeper->touches++;
	keeper->suspects.all = true;
	keeper_drain(keeper, now_usec);
	return rc;
}

/* Is an element deleted that may have ended by itself meanwhile? */
static bool keeper_deletes_timed(const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n_deleted; i++)
		if (edits->deleted[i].elem && edits->deleted[i].elem->end_msec)
			return true;
	return false;
}

/* The edits from @observed to @desired, if nobody has committed in between */
static int keeper_commit(struct keeper *keeper, const struct ruleset *observed,
			 const struct ruleset *desired, struct edits *edits,
			 uint64_t now_usec)
{
	struct batch *batch;
	int rc;

	if (edits->scope == EDIT_REPLACE)
		return keeper_replace(keeper, desired, now_usec);
	edits->now_msec = keeper_now_msec(keeper);
	keeper->racing = keeper_deletes_timed(edits);
	batch = encode_edits(observed, desired, edits, keeper->genid);
	if (edits->n_added + edits->n_deleted > KEEPER_BULK)
		rc = keeper_send_bulk(keeper, batch, edits, now_usec);
	else
		rc = keeper_send(keeper, batch);
	keeper->racing = false;
	batch_free(batch);
	return rc;
}

/* ---- what is done in the background ---- */

static void keeper_begin_look(struct keeper *keeper)
{
	struct keeper_look *look = &keeper->look;

	look->arena = arena_new();
	look->is_comparison = keeper->action == RECONCILE_COMPARE ||
			      keeper->suspects.all;
	look->touches = keeper->touches;
	suspects_init(&look->everything, look->arena);
	look->everything.all = true;
	look->look = look_begin(
		keeper->reader,
		look->is_comparison ? &look->everything : &keeper->suspects,
		keeper->desired, keeper->offset_usec, look->arena);
}

/* Does another process own what we should own? */
static bool keeper_is_stolen(const struct keeper *keeper,
			     const struct ruleset *observed)
{
	return keeper_flags(keeper) && observed->owner &&
	       observed->owner != nft_port(keeper->writer);
}

static void keeper_describe(struct keeper *keeper, uint64_t now_usec)
{
	struct keeper_look *look = &keeper->look;
	struct difference *differences;
	size_t n, n_all;

	n = describe_edits(look_observed(look->look), look_expected(look->look),
			   look->edits, INCIDENT_CHANGES, look->arena,
			   &differences, &n_all);
	chronicle_differs(&keeper->chronicle, differences, n, n_all, now_usec,
			  day_clock_usec());
}

/* All has been read, and nobody has touched it since. */
static enum reconcile_event keeper_judge(struct keeper *keeper,
					 uint64_t now_usec)
{
	struct keeper_look *look = &keeper->look;
	const struct ruleset *observed = look_observed(look->look);

	look->edits =
		diff_rulesets(observed, look_expected(look->look), look->arena);
	keeper->n_compared += look->is_comparison;
	if (keeper_is_stolen(keeper, observed)) {
		barrier_lower_for_thief(&keeper->barrier);
		return RECONCILE_FAILED;
	}
	if (look->edits->scope != EDIT_NOTHING) {
		/* nobody has told us of it, so it stays suspect only like this */
		keeper->suspects.all |= look->is_comparison;
		keeper_describe(keeper, now_usec);
		return RECONCILE_DIFFERENT;
	}
	if (look->is_comparison) {
		keeper->compared_usec = now_usec;
		keeper->compared(keeper->data, observed, now_usec);
	}
	keeper->verified_usec = now_usec;
	keeper_clear_suspects(keeper);
	barrier_raise(&keeper->barrier);
	return RECONCILE_EQUAL;
}

/* One piece of a look. False: there is more; else @event is what came of it. */
static bool keeper_look(struct keeper *keeper, uint64_t now_usec,
			enum reconcile_event *event)
{
	struct keeper_look *look = &keeper->look;
	int rc;

	if (!look->arena)
		keeper_begin_look(keeper);
	/* what is suspect may be elsewhere in memory by now */
	rc = look->touches == keeper->touches ? look_step(look->look) : 0;
	if (rc != 1)
		keeper_catch_up(keeper, now_usec);
	if (look->touches != keeper->touches)
		*event = RECONCILE_VOID;
	else if (rc == 1)
		return false;
	else if (rc)
		*event = RECONCILE_FAILED;
	else
		*event = keeper_judge(keeper, now_usec);
	if (*event == RECONCILE_FAILED)
		log_error("SEKI-ERROR", rc, "The table cannot be read back");
	if (*event != RECONCILE_DIFFERENT)
		keeper_end_look(keeper);
	return true;
}

/* What came of a commit that was to undo something */
static enum reconcile_event keeper_committed(struct keeper *keeper, int rc)
{
	if (rc == -ERESTART)
		return RECONCILE_STALE;
	if (rc == -EPERM)
		barrier_lower_for_thief(&keeper->barrier);
	if (rc)
		return RECONCILE_FAILED;
	keeper->chronicle.undone = true;
	return RECONCILE_COMMITTED;
}

static enum reconcile_event keeper_undo(struct keeper *keeper,
					uint64_t now_usec)
{
	struct keeper_look *look = &keeper->look;
	int rc = -ERESTART;

	if (look->edits->scope == EDIT_REPLACE)
		rc = keeper_replace(keeper, keeper->desired, now_usec);
	else if (look->touches == keeper->touches)
		rc = keeper_commit(keeper, look_observed(look->look),
				   look_expected(look->look), look->edits,
				   now_usec);
	keeper_end_look(keeper);
	return keeper_committed(keeper, rc);
}

static enum reconcile_event keeper_redo(struct keeper *keeper,
					uint64_t now_usec)
{
	keeper_end_look(keeper);
	return keeper_committed(keeper, keeper_replace(keeper, keeper->desired,
						       now_usec));
}

/* What has come of the action that was under way */
static void keeper_report(struct keeper *keeper, enum reconcile_event event,
			  uint64_t now_usec)
{
	keeper_drain(keeper, now_usec);
	keeper->action =
		reconcile_next(&keeper->reconcile, event, day_clock_usec());
	if (keeper->action != RECONCILE_COMMIT)
		keeper_end_look(keeper);
	if (keeper->reconcile.state == RECONCILE_IDLE &&
	    event == RECONCILE_EQUAL)
		chronicle_close(&keeper->chronicle, &keeper->reconcile,
				day_clock_usec());
	else if (keeper->action == RECONCILE_WAIT)
		chronicle_speak(&keeper->chronicle, day_clock_usec());
}

/* Carry on with the action. False: it goes on; else @event came of it */
static bool keeper_act(struct keeper *keeper, uint64_t now_usec,
		       enum reconcile_event *event)
{
	switch (keeper->action) {
	case RECONCILE_WAIT:
		return false;
	case RECONCILE_LOOK:
	case RECONCILE_COMPARE:
		return keeper_look(keeper, now_usec, event);
	case RECONCILE_COMMIT:
		*event = keeper_undo(keeper, now_usec);
		return true;
	case RECONCILE_REPLACE:
		*event = keeper_redo(keeper, now_usec);
		return true;
	}
	return false;
}

bool keeper_work(struct keeper *keeper, uint64_t now_usec, uint64_t budget_usec)
{
	uint64_t start = day_clock_usec();
	enum reconcile_event event;

	keeper_set_time(keeper, now_usec);
	keeper_drain(keeper, now_usec);
	if (keeper->action == RECONCILE_WAIT &&
	    start >= keeper->reconcile.due_usec)
		keeper_event(keeper, RECONCILE_TIMER);
	while (keeper->action != RECONCILE_WAIT) {
		if (keeper_act(keeper, now_usec, &event))
			keeper_report(keeper, event, now_usec);
		else
			keeper_drain(keeper, now_usec);
		if (day_clock_usec() - start > budget_usec)
			break;
	}
	return keeper->action != RECONCILE_WAIT;
}

/* ---- on request ---- */

/* How the kernel's table differs from @desired, by reading all of it */
static int keeper_read_all(struct keeper *keeper, const struct ruleset *desired,
			   struct arena *arena, uint64_t now_usec,
			   const struct ruleset **observed)
{
	uint64_t touches = keeper->touches;
	struct suspects everything;
	const struct look *look;
	int rc;

	suspects_init(&everything, arena);
	everything.all = true;
	rc = look_now(keeper->reader, &everything, desired, keeper->offset_usec,
		      arena, &look);
	keeper_catch_up(keeper, now_usec);
	if (touches != keeper->touches)
		return -EAGAIN;
	*observed = look_observed(look);
	return rc;
}

/* Is what differs from the last one that was applied known without looking? */
static bool keeper_knows(const struct keeper *keeper)
{
	return keeper->desired && !suspects_any(&keeper->suspects) &&
	       keeper->reconcile.state == RECONCILE_IDLE;
}

/*
 * What others have done to what was kept until now, before it is replaced by
 * something else; or it would be undone, and nobody would know of it.
 */
static void keeper_note_drift(struct keeper *keeper,
			      const struct ruleset *observed,
			      struct arena *arena, uint64_t now_usec)
{
	struct difference *differences;
	struct edits *edits;
	size_t n, n_all;

	if (!keeper->desired || keeper->clock_was_set)
		return;
	edits = diff_rulesets(observed, keeper->desired, arena);
	if (edits->scope == EDIT_NOTHING)
		return;
	n = describe_edits(observed, keeper->desired, edits, INCIDENT_CHANGES,
			   arena, &differences, &n_all);
	chronicle_differs(&keeper->chronicle, differences, n, n_all, now_usec,
			  day_clock_usec());
	keeper->chronicle.undone = true;
}

/*
 * Look, and change what differs. 0: nothing differs. -EAGAIN: look again, there
 * has been a change, ours or another's.
 */
static int keeper_apply_once(struct keeper *keeper,
			     const struct ruleset *desired, struct arena *arena,
			     uint64_t now_usec, struct keeper_edit *edit)
{
	const struct ruleset *observed = NULL;
	struct edits *edits = NULL;
	struct ruleset known;
	int rc;

	keeper_drain(keeper, now_usec);
	if (keeper_knows(keeper)) {
		known = *keeper->desired;
		known.now_msec = keeper_now_msec(keeper);
		observed = &known;
		edits = diff_rulesets(observed, desired, arena);
	}
	/* rules are told apart by handles, which only the kernel knows */
	if (!edits || edits->scope > EDIT_ELEMENTS) {
		rc = keeper_read_all(keeper, desired, arena, now_usec,
				     &observed);
		if (!rc && keeper_is_stolen(keeper, observed))
			rc = -EPERM;
		if (rc)
			return rc;
		if (keeper->desired != desired)
			keeper_note_drift(keeper, observed, arena, now_usec);
		edits = diff_rulesets(observed, desired, arena);
		if (edits->scope == EDIT_NOTHING) {
			keeper_clear_suspects(keeper);
			return 0;
		}
	}
	edit->existed |= observed->exists;
	if (edits->scope == EDIT_NOTHING)
		return 0;
	rc = keeper_commit(keeper, observed, desired, edits, now_usec);
	if (rc)
		return rc == -ERESTART ? -EAGAIN : rc;
	edit->edited = true;
	edit->n_added += edits->n_added;
	edit->n_deleted += edits->n_deleted;
	keeper->desired = desired;
	return -EAGAIN;
}

/* Read back what the last commit has touched. 0: all of it is right */
static int keeper_prove(struct keeper *keeper, const struct ruleset *desired,
			struct arena *arena, uint64_t now_usec)
{
	uint64_t touches;
	const struct look *look;
	int rc;

	keeper_catch_up(keeper, now_usec);
	touches = keeper->touches;
	rc = look_now(keeper->reader, &keeper->suspects, desired,
		      keeper->offset_usec, arena, &look);
	keeper_catch_up(keeper, now_usec);
	if (touches != keeper->touches)
		return -EAGAIN;
	if (rc)
		return rc;
	if (diff_rulesets(look_observed(look), look_expected(look), arena)
		    ->scope != EDIT_NOTHING)
		return -EAGAIN;
	keeper_clear_suspects(keeper);
	return 0;
}

/* Others are faster than we are: the whole table anew, whatever there is. */
static int keeper_force(struct keeper *keeper, const struct ruleset *desired,
			uint64_t now_usec, struct keeper_edit *edit)
{
	struct arena *arena;
	int rc = keeper_replace(keeper, desired, now_usec);

	if (rc)
		return rc;
	edit->edited = true;
	edit->n_added += ruleset_n_elems(desired);
	keeper->desired = desired;
	arena = arena_new();
	rc = keeper_prove(keeper, desired, arena, now_usec);
	arena_free(arena);
	return rc;
}

int keeper_apply(struct keeper *keeper, const struct ruleset *desired,
		 uint64_t now_usec, struct keeper_edit *edit)
{
	bool overtaken = false;
	int rc = -EAGAIN, try;

	memset(edit, 0, sizeof(*edit));
	keeper_set_time(keeper, now_usec);
	keeper_end_look(keeper);
	for (try = 0; try < KEEPER_TRIES && rc == -EAGAIN; try++) {
		struct arena *arena = arena_new();

		rc = keeper_apply_once(keeper, desired, arena, now_usec, edit);
		if (rc == -EAGAIN && keeper->desired == desired)
			rc = keeper_prove(keeper, desired, arena, now_usec);
		arena_free(arena);
	}
	if (rc == -EAGAIN)
		rc = keeper_force(keeper, desired, now_usec, edit);
	if (rc == -EAGAIN && keeper->desired == desired) {
		/* it was there as a whole; what came after that is drift */
		overtaken = true;
		rc = 0;
	}
	if (rc == -EPERM)
		barrier_lower_for_thief(&keeper->barrier);
	keeper->action = RECONCILE_WAIT;
	if (rc && edit->edited)
		keeper->desired = NULL;
	else if (!rc)
		keeper->desired = desired;
	keeper_event(keeper,
		     keeper->desired ? RECONCILE_START : RECONCILE_STOP);
	if (rc) {
		keeper_compare(keeper); /* what there was before, if any */
		return rc;
	}
	keeper->clock_was_set = false;
	if (overtaken) {
		keeper_compare(keeper);
		return 0;
	}
	keeper->verified_usec = now_usec;
	barrier_raise(&keeper->barrier);
	chronicle_close(&keeper->chronicle, &keeper->reconcile,
			day_clock_usec());
	return 0;
}

void keeper_forget(struct keeper *keeper)
{
	keeper_end_look(keeper);
	keeper->desired = NULL;
	keeper->action = RECONCILE_WAIT;
	keeper_event(keeper, RECONCILE_STOP);
}

int keeper_withdraw(struct keeper *keeper)
{
	struct batch *batch = encode_withdraw(0);
	int rc = keeper_send(keeper, batch);

	batch_free(batch);
	if (rc && rc != -ENOENT)
		return rc;
	keeper_forget(keeper);
	barrier_raise(&keeper->barrier);
	return 0;
}

/* Through the socket that owns the table; others would be turned away. */
static int keeper_send_dry(struct keeper *keeper, const struct ruleset *desired,
			   uint32_t genid, struct keeper_trial *trial)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct batch *batch =
		encode_edits(trial->observed, desired, trial->edits, genid);
	size_t n_refusals;
	int rc;

	batch_make_dry(batch);
	rc = nft_commit(keeper->writer, batch, refusals, &n_refusals);
	batch_free(batch);
	if (rc == -ERESTART || !n_refusals)
		return rc;
	trial->refused = refusals[0].error;
	memcpy(trial->origin, refusals[0].origin, sizeof(trial->origin));
	return 0;
}

/* Read all, and ask; -ERESTART: somebody has committed in between */
static int keeper_try_once(struct keeper *keeper, struct nft *reader,
			   const struct ruleset *desired, struct arena *arena,
			   struct keeper_trial *trial)
{
	struct suspects everything;
	const struct look *look;
	uint32_t genid;
	int rc = nft_generation(reader, &genid);

	suspects_init(&everything, arena);
	everything.all = true;
	if (!rc)
		rc = look_now(reader, &everything, desired, day_offset_usec(),
			      arena, &look);
	if (rc)
		return rc;
	trial->observed = look_observed(look);
	trial->edits = diff_rulesets(trial->observed, desired, arena);
	if (trial->edits->scope == EDIT_NOTHING)
		return 0;
	return keeper_send_dry(keeper, desired, genid, trial);
}

int keeper_try(struct keeper *keeper, struct ruleset *desired,
	       const struct watch *watch, struct arena *arena,
	       struct keeper_trial *trial)
{
	struct nft *reader; /* the keeper's own may be in the middle of a look */
	int rc, try;

	memset(trial, 0, sizeof(*trial));
	desired->flags = keeper->can_own && watch->ownership ?
				 RULESET_F_OWNER | RULESET_F_PERSIST :
				 0;
	rc = nft_open(&reader);
	if (rc)
		return rc;
	rc = -ERESTART;
	for (try = 0; try < KEEPER_TRIES && rc == -ERESTART; try++)
		rc = keeper_try_once(keeper, reader, desired, arena, trial);
	nft_close(reader);
	return rc;
}

void keeper_compare(struct keeper *keeper)
{
	if (!keeper->desired)
		return;
	keeper->touches++;
	keeper->suspects.all = true;
	keeper_event(keeper, RECONCILE_LOST);
}

void keeper_follow_clock(struct keeper *keeper)
{
	keeper->clock_was_set = true;
	keeper_compare(keeper);
}

void keeper_check_ends(struct keeper *keeper)
{
	size_t i;

	if (!keeper->desired)
		return;
	for (i = 0; i < keeper->desired->n_sets; i++)
		if (set_times_out(&keeper->desired->sets[i]))
			suspects_add_set(&keeper->suspects,
					 keeper->desired->sets[i].name);
	keeper_event(keeper, RECONCILE_TOUCHED);
}

void keeper_verify(struct keeper *keeper, uint64_t now_usec)
{
	keeper_catch_up(keeper, now_usec);
	if (keeper_knows(keeper))
		keeper->verified_usec = now_usec;
}

int keeper_fd(const struct keeper *keeper)
{
	return nft_fd(keeper->events);
}

uint64_t keeper_due_usec(const struct keeper *keeper)
{
	return keeper->action == RECONCILE_WAIT ? keeper->reconcile.due_usec :
						  0;
}

bool keeper_is_right(const struct keeper *keeper)
{
	return keeper->desired && !chronicle_is_open(&keeper->chronicle);
}

uint64_t keeper_verified_usec(const struct keeper *keeper)
{
	return keeper->verified_usec;
}

uint64_t keeper_compared_usec(const struct keeper *keeper)
{
	return keeper->compared_usec;
}

bool keeper_keeps(const struct keeper *keeper)
{
	return keeper->desired;
}

uint64_t keeper_n_compared(const struct keeper *keeper)
{
	return keeper->n_compared;
}

uint64_t keeper_n_commits(const struct keeper *keeper)
{
	return keeper->n_commits;
}

struct incidents *keeper_incidents(const struct keeper *keeper)
{
	return keeper->chronicle.incidents;
}

bool keeper_others_changed(struct keeper *keeper)
{
	bool changed = keeper->others_changed;

	keeper->others_changed = false;
	return changed;
}
