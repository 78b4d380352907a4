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

#include "actor.h"
#include "arena.h"
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

/* What is known of a process holds for so long; a number may be used again. */
#define KEEPER_ACTOR_USEC (100 * 1000ull)

/* Lines about incidents that a log gets in one period; the rest are counted. */
#define KEEPER_LOG_MAX 10
#define KEEPER_LOG_USEC (10 * 1000000ull)

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
	bool holding; /* every packet is held back */
	bool to_release; /* it may be so, by us or by an earlier run */
	uint32_t genid; /* of the last commit that we know of */
	bool lost; /* there were some that we do not know of */
	bool in_ours; /* the commit being notified touches our table */
	bool others_changed;
	uint64_t touches; /* commits to our table */
	struct arena *arena; /* of the suspects */
	struct suspects suspects;

	struct reconcile reconcile;
	enum reconcile_action action; /* under way */
	struct keeper_look look;

	struct incidents *incidents;
	uint64_t opened_usec; /* the current incident; CLOCK_MONOTONIC */
	bool differed, undone; /* in it */
	bool spoken; /* it was logged while open */
	struct actor last_actor;
	uint64_t last_actor_usec; /* when it was read */
	uint64_t log_usec; /* when the current period of the log began */
	unsigned int n_logged, n_unlogged;

	uint64_t n_commits, n_compared;
	uint64_t verified_usec, compared_usec;
};

static uint64_t keeper_clock_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
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
	keeper->incidents = incidents_new();
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
	keeper->to_release = true;
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
	incidents_free(keeper->incidents);
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

/* ---- who did what: incidents and the log ---- */

/* One more line about incidents? If not, it is counted. */
static bool keeper_may_log(struct keeper *keeper, uint64_t clock_usec)
{
	struct log_line line;

	if (clock_usec - keeper->log_usec >= KEEPER_LOG_USEC) {
		if (keeper->n_unlogged) {
			log_begin(&line, "SEKI-MORE",
				  "There were %u further incidents that were "
				  "not logged one by one",
				  keeper->n_unlogged);
			log_add_number(&line, "further", keeper->n_unlogged);
			log_end(&line, LOG_WARNING);
		}
		keeper->log_usec = clock_usec;
		keeper->n_logged = keeper->n_unlogged = 0;
	}
	if (keeper->n_logged == KEEPER_LOG_MAX) {
		keeper->n_unlogged++;
		return false;
	}
	keeper->n_logged++;
	return true;
}

static struct incident *keeper_incident(struct keeper *keeper, bool by_event,
					uint64_t now_usec)
{
	if (!incidents_current(keeper->incidents)) {
		keeper->opened_usec = keeper_clock_usec();
		keeper->differed = keeper->undone = keeper->spoken = false;
	}
	return incidents_open(keeper->incidents, by_event, now_usec);
}

/* A repair that goes on and on; one line for each power of ten */
static void keeper_log_fight(const struct keeper *keeper,
			     const struct incident *incident)
{
	const struct reconcile *reconcile = &keeper->reconcile;
	uint64_t usec = reconcile->repaired_usec - reconcile->fight_usec;
	struct log_line line;

	log_begin(&line, "SEKI-FIGHT",
		  "The table had to be put right %u times in %llu.%03llu s; "
		  "somebody keeps changing it",
		  reconcile->n_repairs, (unsigned long long)usec / 1000000,
		  (unsigned long long)usec / 1000 % 1000);
	log_add_number(&line, "repairs", reconcile->n_repairs);
	log_add_number(&line, "ms", usec / 1000);
	if (incident->n_actors)
		log_add_actor(&line, &incident->actors[0]);
	log_end(&line, LOG_ALERT);
}

/* The table is right: so ends what was going on. */
static void keeper_close_incident(struct keeper *keeper)
{
	struct incident *incident = incidents_current(keeper->incidents);
	uint64_t clock_usec = keeper_clock_usec();
	enum incident_outcome outcome = INCIDENT_UNCHANGED;

	if (!incident)
		return;
	if (keeper->undone)
		outcome = INCIDENT_REPAIRED;
	else if (keeper->differed)
		outcome = INCIDENT_REVERTED;
	incidents_close(keeper->incidents, outcome,
			clock_usec - keeper->opened_usec);
	if (keeper->spoken || keeper_may_log(keeper, clock_usec))
		incident_log(incident);
	if (keeper->undone && reconcile_is_escalation(&keeper->reconcile))
		keeper_log_fight(keeper, incident);
}

/* It is not right, and will not be at once. */
static void keeper_speak(struct keeper *keeper)
{
	struct incident *incident = incidents_current(keeper->incidents);

	if (!incident || !keeper->differed || keeper->spoken ||
	    !keeper_may_log(keeper, keeper_clock_usec()))
		return;
	keeper->spoken = true;
	incident_log(incident);
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
		reconcile_next(&keeper->reconcile, event, keeper_clock_usec());

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
	struct actor *actor = &keeper->last_actor;
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
	if (actor->pid != (pid_t)author->pid || !actor->has_uid ||
	    strcmp(actor->comm, author->comm) ||
	    keeper_clock_usec() - keeper->last_actor_usec > KEEPER_ACTOR_USEC) {
		*actor = actor_of_writer((pid_t)author->pid, author->comm);
		keeper->last_actor_usec = keeper_clock_usec();
	}
	incident_add_actor(keeper_incident(keeper, true, now_usec), actor);
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
		break;
	}
}

static void keeper_log_lost(struct keeper *keeper)
{
	struct log_line line;

	if (!keeper_may_log(keeper, keeper_clock_usec()))
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
	if (!rc)
		keeper->n_commits++;
	else if (rc != -ERESTART)
		keeper_log_refusals(refusals, n_refusals);
	return rc;
}

/*
 * A commit of which nobody is told, not even we: from here on it is known by
 * its generation that it was the only one.
 */
static int keeper_send_bulk(struct keeper *keeper, const struct batch *batch,
			    uint64_t now_usec)
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
	keeper->suspects.all = true;
	keeper->touches++;
	keeper_drain(keeper, now_usec);
	return rc;
}

/* Hold back every packet. */
static int keeper_hold(struct keeper *keeper)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct batch *batch = encode_hold(true);
	size_t n_refusals;
	int rc = nft_commit(keeper->writer, batch, refusals, &n_refusals);

	batch_free(batch);
	if (!rc)
		keeper->holding = keeper->to_release = true;
	return rc;
}

/* No longer. That nothing is held back is the usual case, and no mistake. */
static void keeper_release(struct keeper *keeper)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct batch *batch;
	size_t n_refusals;
	int rc;

	if (!keeper->to_release)
		return;
	batch = encode_hold(false);
	rc = nft_commit(keeper->writer, batch, refusals, &n_refusals);
	batch_free(batch);
	if (rc && rc != -ENOENT)
		return; /* tried again when the table was next found right */
	keeper->holding = keeper->to_release = false;
}

/*
 * The table is another process's own, who can make it let pass what he likes:
 * then nothing passes at all until it is ours again.
 */
static void keeper_hold_off(struct keeper *keeper)
{
	struct log_line line;

	if (keeper->holding || keeper_hold(keeper))
		return;
	log_begin(&line, "SEKI-HOLD",
		  "Another process owns the table and cannot be kept from "
		  "changing it; until it ends, every packet is held back");
	log_end(&line, LOG_ALERT);
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
	int rc = keeper_hold(keeper);

	if (rc)
		return rc;
	batch = encode_replacement(desired, 0);
	rc = keeper_send(keeper, batch);
	batch_free(batch);
	if (!rc)
		keeper_release(keeper);
	keeper->touches++;
	keeper->suspects.all = true;
	keeper_drain(keeper, now_usec);
	return rc;
}

/* The edits from @observed to @desired, if nobody has committed in between */
static int keeper_commit(struct keeper *keeper, const struct ruleset *observed,
			 const struct ruleset *desired,
			 const struct edits *edits, uint64_t now_usec)
{
	struct batch *batch;
	int rc;

	if (edits->scope == EDIT_REPLACE)
		return keeper_replace(keeper, desired, now_usec);
	batch = encode_edits(observed, desired, edits, keeper->genid);
	if (edits->n_added + edits->n_deleted > KEEPER_BULK)
		rc = keeper_send_bulk(keeper, batch, now_usec);
	else
		rc = keeper_send(keeper, batch);
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
	look->look = look_begin(keeper->reader,
				look->is_comparison ? &look->everything :
						      &keeper->suspects,
				keeper->desired, look->arena);
}

static void keeper_describe(struct keeper *keeper, uint64_t now_usec)
{
	struct keeper_look *look = &keeper->look;
	struct difference *differences;
	size_t n, n_all;

	n = describe_edits(look_observed(look->look), look_expected(look->look),
			   look->edits, INCIDENT_CHANGES, look->arena,
			   &differences, &n_all);
	if (!keeper->differed)
		incident_describe(keeper_incident(keeper, false, now_usec),
				  differences, n, n_all);
	keeper->differed = true;
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
	keeper_release(keeper);
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
	rc = look_step(look->look);
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
		keeper_hold_off(keeper);
	if (rc)
		return RECONCILE_FAILED;
	keeper->undone = true;
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
		reconcile_next(&keeper->reconcile, event, keeper_clock_usec());
	if (keeper->action != RECONCILE_COMMIT)
		keeper_end_look(keeper);
	if (keeper->reconcile.state == RECONCILE_IDLE &&
	    event == RECONCILE_EQUAL)
		keeper_close_incident(keeper);
	else if (keeper->action == RECONCILE_WAIT)
		keeper_speak(keeper);
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
	uint64_t start = keeper_clock_usec();
	enum reconcile_event event;

	keeper_drain(keeper, now_usec);
	if (keeper->action == RECONCILE_WAIT &&
	    start >= keeper->reconcile.due_usec)
		keeper_event(keeper, RECONCILE_TIMER);
	while (keeper->action != RECONCILE_WAIT) {
		if (keeper_act(keeper, now_usec, &event))
			keeper_report(keeper, event, now_usec);
		else
			keeper_drain(keeper, now_usec);
		if (keeper_clock_usec() - start > budget_usec)
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
	rc = look_now(keeper->reader, &everything, desired, arena, &look);
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
 * Look, and change what differs. 0: nothing differs. -EAGAIN: look again, there
 * has been a change, ours or another's.
 */
static int keeper_apply_once(struct keeper *keeper,
			     const struct ruleset *desired, struct arena *arena,
			     uint64_t now_usec, struct keeper_edit *edit)
{
	const struct ruleset *observed = keeper->desired;
	struct edits *edits = NULL;
	int rc;

	keeper_drain(keeper, now_usec);
	if (keeper_knows(keeper))
		edits = diff_rulesets(observed, desired, arena);
	/* rules are told apart by handles, which only the kernel knows */
	if (!edits || edits->scope > EDIT_ELEMENTS) {
		rc = keeper_read_all(keeper, desired, arena, now_usec,
				     &observed);
		if (rc)
			return rc;
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
	rc = look_now(keeper->reader, &keeper->suspects, desired, arena, &look);
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
	int rc = -EAGAIN, try;

	memset(edit, 0, sizeof(*edit));
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
	if (rc == -EPERM)
		keeper_hold_off(keeper);
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
	keeper->verified_usec = now_usec;
	keeper_release(keeper);
	keeper_close_incident(keeper);
	return 0;
}

int keeper_withdraw(struct keeper *keeper)
{
	struct batch *batch = encode_withdraw(0);
	int rc;

	keeper_end_look(keeper);
	keeper->desired = NULL;
	keeper->action = RECONCILE_WAIT;
	keeper_event(keeper, RECONCILE_STOP);
	rc = keeper_send(keeper, batch);
	batch_free(batch);
	return rc == -ENOENT ? 0 : rc;
}

void keeper_compare(struct keeper *keeper)
{
	if (!keeper->desired)
		return;
	keeper->touches++;
	keeper->suspects.all = true;
	keeper_event(keeper, RECONCILE_LOST);
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
	const struct incident *incident = incidents_current(keeper->incidents);

	return keeper->desired && !(incident && keeper->differed);
}

uint64_t keeper_verified_usec(const struct keeper *keeper)
{
	return keeper->verified_usec;
}

uint64_t keeper_compared_usec(const struct keeper *keeper)
{
	return keeper->compared_usec;
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
	return keeper->incidents;
}

bool keeper_others_changed(struct keeper *keeper)
{
	bool changed = keeper->others_changed;

	keeper->others_changed = false;
	return changed;
}
