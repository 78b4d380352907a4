// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is kept and said of incidents. Easy to get wrong: who fills a log hides
 * in it, and who may make us write to it without end fills a disk; so there is
 * a limit, and what is beyond it is counted and told.
 */
#include "chronicle.h"

#include <string.h>

#include "log.h"

/* What is known of a process holds for so long; a number may be used again. */
#define CHRONICLE_ACTOR_USEC (100 * 1000ull)

/* Lines about incidents that a log gets in one period */
#define CHRONICLE_LOG_MAX 10
#define CHRONICLE_LOG_USEC (10 * 1000000ull)

void chronicle_init(struct chronicle *chronicle)
{
	chronicle->incidents = incidents_new();
}

void chronicle_free(struct chronicle *chronicle)
{
	incidents_free(chronicle->incidents);
}

bool chronicle_may_log(struct chronicle *chronicle, uint64_t clock_usec)
{
	struct log_line line;

	if (clock_usec - chronicle->log_usec >= CHRONICLE_LOG_USEC) {
		if (chronicle->n_unlogged) {
			log_begin(&line, "SEKI-MORE",
				  "There were %u further incidents that were "
				  "not logged one by one",
				  chronicle->n_unlogged);
			log_add_number(&line, "further", chronicle->n_unlogged);
			log_end(&line, LOG_WARNING);
		}
		chronicle->log_usec = clock_usec;
		chronicle->n_logged = chronicle->n_unlogged = 0;
	}
	if (chronicle->n_logged == CHRONICLE_LOG_MAX) {
		chronicle->n_unlogged++;
		return false;
	}
	chronicle->n_logged++;
	return true;
}

static struct incident *chronicle_open(struct chronicle *chronicle,
				       bool by_event, uint64_t now_usec,
				       uint64_t clock_usec)
{
	if (!incidents_current(chronicle->incidents)) {
		chronicle->opened_usec = clock_usec;
		chronicle->differed = chronicle->undone = false;
		chronicle->spoken = false;
	}
	return incidents_open(chronicle->incidents, by_event, now_usec);
}

void chronicle_touch(struct chronicle *chronicle, pid_t pid, const char *comm,
		     uint64_t now_usec, uint64_t clock_usec)
{
	struct actor *actor = &chronicle->last_actor;

	if (actor->pid != pid || !actor->has_uid || strcmp(actor->comm, comm) ||
	    clock_usec - chronicle->last_actor_usec > CHRONICLE_ACTOR_USEC) {
		*actor = actor_of_writer(pid, comm);
		chronicle->last_actor_usec = clock_usec;
	}
	incident_add_actor(
		chronicle_open(chronicle, true, now_usec, clock_usec), actor);
}

void chronicle_differs(struct chronicle *chronicle,
		       const struct difference *differences, size_t n,
		       size_t n_all, uint64_t now_usec, uint64_t clock_usec)
{
	struct incident *incident =
		chronicle_open(chronicle, false, now_usec, clock_usec);

	if (!chronicle->differed)
		incident_describe(incident, differences, n, n_all);
	chronicle->differed = true;
}

/* A repair that goes on and on; one line for each power of ten */
static void chronicle_log_fight(const struct reconcile *reconcile,
				const struct incident *incident)
{
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

void chronicle_close(struct chronicle *chronicle,
		     const struct reconcile *reconcile, uint64_t clock_usec)
{
	struct incident *incident = incidents_current(chronicle->incidents);
	enum incident_outcome outcome = INCIDENT_UNCHANGED;

	if (!incident)
		return;
	if (chronicle->undone)
		outcome = INCIDENT_REPAIRED;
	else if (chronicle->differed)
		outcome = INCIDENT_REVERTED;
	incidents_close(chronicle->incidents, outcome,
			clock_usec - chronicle->opened_usec);
	if (chronicle->spoken || chronicle_may_log(chronicle, clock_usec))
		incident_log(incident);
	if (chronicle->undone && reconcile_is_escalation(reconcile))
		chronicle_log_fight(reconcile, incident);
}

void chronicle_speak(struct chronicle *chronicle, uint64_t clock_usec)
{
	struct incident *incident = incidents_current(chronicle->incidents);

	if (!incident || !chronicle->differed || chronicle->spoken ||
	    !chronicle_may_log(chronicle, clock_usec))
		return;
	chronicle->spoken = true;
	incident_log(incident);
}

bool chronicle_is_open(const struct chronicle *chronicle)
{
	return incidents_current(chronicle->incidents) && chronicle->differed;
}
