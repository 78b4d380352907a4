// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What others did to the table. Easy to get wrong: whoever changes the table
 * chooses how often, under how many names and with what texts; so everything
 * that is kept has a limit, and what is beyond it is counted.
 */
#include "incident.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "escape.h"
#include "log.h"

/*
 * All texts of all incidents, were each of their characters written as two in
 * JSON, still fit one reply of the control socket (CONTROL_OUT_MAX).
 */
#define INCIDENT_WORDS 192
#define INCIDENT_NFT 640

struct incidents {
	struct incident *ring[INCIDENTS_MAX]; /* number N at N modulo that */
	uint64_t n, n_repaired;
	struct incident *current;
};

static void *incident_have(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct incidents *incidents_new(void)
{
	return incident_have(calloc(1, sizeof(struct incidents)));
}

static void incident_free(struct incident *incident)
{
	if (!incident)
		return;
	arena_free(incident->arena);
	free(incident);
}

void incidents_free(struct incidents *incidents)
{
	size_t i;

	if (!incidents)
		return;
	for (i = 0; i < INCIDENTS_MAX; i++)
		incident_free(incidents->ring[i]);
	free(incidents);
}

struct incident *incidents_open(struct incidents *incidents, bool by_event,
				uint64_t now_usec)
{
	struct incident **slot, *incident;

	if (incidents->current)
		return incidents->current;
	incident = incident_have(calloc(1, sizeof(*incident)));
	incident->id = ++incidents->n;
	incident->by_event = by_event;
	incident->seen_usec = now_usec;
	slot = &incidents->ring[incident->id % INCIDENTS_MAX];
	incident_free(*slot);
	*slot = incident;
	incidents->current = incident;
	return incident;
}

struct incident *incidents_current(struct incidents *incidents)
{
	return incidents->current;
}

static bool incident_is_same(const struct actor *a, const struct actor *b)
{
	return a->pid == b->pid && !strcmp(a->comm, b->comm);
}

void incident_add_actor(struct incident *incident, const struct actor *actor)
{
	size_t i;

	incident->n_transactions++;
	for (i = 0; i < incident->n_actors && i < INCIDENT_ACTORS; i++)
		if (incident_is_same(&incident->actors[i], actor))
			return;
	/* those beyond are not known again, so each time counts as another */
	if (i < INCIDENT_ACTORS)
		incident->actors[i] = *actor;
	incident->n_actors++;
}

/* A copy that can stand on a line, of less than @size bytes */
static const char *incident_copy(struct arena *arena, const char *text,
				 size_t size)
{
	char safe[INCIDENT_NFT];

	return arena_copy(arena, safe, escape_text(text, "", safe, size));
}

void incident_describe(struct incident *incident,
		       const struct difference *differences, size_t n,
		       size_t n_all)
{
	size_t i;

	arena_free(incident->arena);
	incident->arena = arena_new();
	incident->n_all_changes = n_all;
	incident->n_changes = n < INCIDENT_CHANGES ? n : INCIDENT_CHANGES;
	incident->changes =
		arena_alloc(incident->arena,
			    incident->n_changes * sizeof(*incident->changes));
	for (i = 0; i < incident->n_changes; i++) {
		const struct difference *from = &differences[i];
		struct difference *to = &incident->changes[i];

		to->words = incident_copy(incident->arena, from->words,
					  INCIDENT_WORDS);
		to->nft = from->nft ? incident_copy(incident->arena, from->nft,
						    INCIDENT_NFT) :
				      NULL;
	}
}

void incidents_close(struct incidents *incidents, enum incident_outcome outcome,
		     uint64_t latency_usec)
{
	struct incident *incident = incidents->current;

	assert(outcome != INCIDENT_OPEN);
	if (!incident)
		return;
	incident->outcome = outcome;
	incident->latency_usec = latency_usec;
	incidents->n_repaired += outcome == INCIDENT_REPAIRED;
	incidents->current = NULL;
}

/**
 * struct incident_kind - how an outcome is told
 * @priority: critical is what is wrong now and what somebody has to see to;
 *	what is right again is a warning: who did it is to be found out
 * @what: follows "The table was changed by ..."
 * @timed: the time that it took follows
 */
struct incident_kind {
	const char *name, *msgid;
	int priority;
	const char *what;
	bool timed;
};

static const struct incident_kind *incident_kind(enum incident_outcome outcome)
{
	static const struct incident_kind kinds[] = {
		[INCIDENT_OPEN] = { "open", "SEKI-DRIFT", LOG_CRIT,
				    "and no longer holds the policy", false },
		[INCIDENT_REPAIRED] = { "repaired", "SEKI-REPAIRED",
					LOG_WARNING,
					"and has been put right in", true },
		[INCIDENT_REVERTED] = { "reverted", "SEKI-REVERTED",
					LOG_WARNING,
					"and had been put back, not by this "
					"daemon, when it was looked at after",
					true },
		[INCIDENT_UNCHANGED] = { "unchanged", "SEKI-TOUCHED",
					 LOG_WARNING,
					 "but holds what it held before, as a "
					 "look found after",
					 true },
	};

	return &kinds[outcome];
}

static const char *incident_how(const struct incident *incident)
{
	return incident->by_event ? "event" : "comparison";
}

/* "nft (pid 123, uid 0) and 2 more" */
static void incident_say_who(const struct incident *incident, char *text,
			     size_t size)
{
	const struct actor *actor = &incident->actors[0];
	char more[64] = "", uid[64] = "which had ended already";

	if (!incident->n_actors) {
		snprintf(text, size, "somebody who was not seen doing it");
		return;
	}
	if (actor->has_uid)
		snprintf(uid, sizeof(uid), "uid %u", (unsigned int)actor->uid);
	if (incident->n_actors > 1)
		snprintf(more, sizeof(more), " and %zu more",
			 incident->n_actors - 1);
	snprintf(text, size, "%s (pid %d, %s)%s", actor->comm, (int)actor->pid,
		 uid, more);
}

/* ": rule removed from chain forward: NFT (and 2 more changes)" */
static void incident_say_what(const struct incident *incident, char *text,
			      size_t size)
{
	const struct difference *first = incident->changes;
	size_t n_more = incident->n_all_changes - 1;
	char more[64] = "";

	text[0] = '\0';
	if (!incident->n_changes)
		return;
	if (n_more)
		snprintf(more, sizeof(more), " (and %zu more change%s)", n_more,
			 n_more > 1 ? "s" : "");
	snprintf(text, size, ": %s%s%s%s", first->words, first->nft ? ": " : "",
		 first->nft ? first->nft : "", more);
}

void incident_log(const struct incident *incident)
{
	const struct incident_kind *kind = incident_kind(incident->outcome);
	char who[192], what[INCIDENT_WORDS + INCIDENT_NFT + 80], took[32] = "";
	struct log_line line;

	incident_say_who(incident, who, sizeof(who));
	incident_say_what(incident, what, sizeof(what));
	if (kind->timed)
		snprintf(took, sizeof(took), " %.1f ms",
			 (double)incident->latency_usec / 1000);
	log_begin(&line, kind->msgid, "The table was changed by %s %s%s%s", who,
		  kind->what, took, what);
	log_add_number(&line, "incident", incident->id);
	log_add_text(&line, "outcome", kind->name);
	log_add_text(&line, "by", incident_how(incident));
	if (incident->n_actors)
		log_add_process(&line, &incident->actors[0]);
	if (incident->n_actors > 1)
		log_add_number(&line, "more_actors", incident->n_actors - 1);
	if (incident->n_changes)
		log_add_text(&line, "change", incident->changes[0].words);
	log_add_number(&line, "changes", incident->n_all_changes);
	if (kind->timed)
		log_add_number(&line, "latency_usec", incident->latency_usec);
	log_end(&line, kind->priority);
}

uint64_t incidents_n(const struct incidents *incidents)
{
	return incidents->n;
}

uint64_t incidents_n_repaired(const struct incidents *incidents)
{
	return incidents->n_repaired;
}

static void incident_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		abort();
}

static void incident_push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		abort();
}

static json_t *incident_text(const char *text)
{
	char safe[INCIDENT_NFT];

	escape_text(text, "", safe, sizeof(safe));
	return json_string(safe);
}

static json_t *incident_number(uint64_t number)
{
	return json_integer((json_int_t)number);
}

static json_t *incident_actor_json(const struct actor *actor)
{
	json_t *json = incident_have(json_object());

	incident_set(json, "pid", json_integer(actor->pid));
	if (actor->has_uid)
		incident_set(json, "uid", json_integer(actor->uid));
	incident_set(json, "process", incident_text(actor->comm));
	if (actor->parent) {
		incident_set(json, "parent_pid", json_integer(actor->parent));
		incident_set(json, "parent_process",
			     incident_text(actor->parent_comm));
	}
	return json;
}

static json_t *incident_change_json(const struct difference *change)
{
	json_t *json = incident_have(json_object());

	incident_set(json, "words", json_string(change->words));
	if (change->nft)
		incident_set(json, "nft", json_string(change->nft));
	return json;
}

static json_t *incident_json(const struct incident *incident)
{
	json_t *json = incident_have(json_object());
	json_t *actors = incident_have(json_array());
	json_t *changes = incident_have(json_array());
	size_t i;

	for (i = 0; i < incident->n_actors && i < INCIDENT_ACTORS; i++)
		incident_push(actors,
			      incident_actor_json(&incident->actors[i]));
	for (i = 0; i < incident->n_changes; i++)
		incident_push(changes,
			      incident_change_json(&incident->changes[i]));
	incident_set(json, "id", incident_number(incident->id));
	incident_set(json, "outcome",
		     json_string(incident_kind(incident->outcome)->name));
	incident_set(json, "by", json_string(incident_how(incident)));
	incident_set(json, "seen_usec", incident_number(incident->seen_usec));
	incident_set(json, "latency_usec",
		     incident_number(incident->latency_usec));
	incident_set(json, "transactions",
		     incident_number(incident->n_transactions));
	incident_set(json, "actors", actors);
	incident_set(json, "n_actors", incident_number(incident->n_actors));
	incident_set(json, "changes", changes);
	incident_set(json, "n_changes",
		     incident_number(incident->n_all_changes));
	return json;
}

json_t *incidents_json(const struct incidents *incidents)
{
	json_t *json = incident_have(json_object());
	json_t *open = incident_have(json_array());
	json_t *history = incident_have(json_array());
	uint64_t id = incidents->n;
	size_t i;

	for (i = 0; i < INCIDENTS_MAX && id; i++, id--) {
		const struct incident *incident =
			incidents->ring[id % INCIDENTS_MAX];

		incident_push(incident == incidents->current ? open : history,
			      incident_json(incident));
	}
	incident_set(json, "open", open);
	incident_set(json, "history", history);
	incident_set(json, "incidents", incident_number(incidents->n));
	incident_set(json, "repaired", incident_number(incidents->n_repaired));
	return json;
}
