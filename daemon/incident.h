/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_INCIDENT_H
#define SEKIMORI_INCIDENT_H

/*
 * What others did to the table: who, when, what, and what came of it. Kept in
 * memory, the last INCIDENTS_MAX; the log has them all.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actor.h"
#include "describe.h"

struct arena;

#define INCIDENTS_MAX 256
#define INCIDENT_ACTORS 8
#define INCIDENT_CHANGES 32

enum incident_outcome {
	INCIDENT_OPEN, /* not put right yet, or, in alert mode, not to be */
	INCIDENT_REPAIRED, /* put right by us */
	INCIDENT_REVERTED, /* put right by others */
	INCIDENT_UNCHANGED, /* when looked at, nothing was different */
};

/**
 * struct incident - from the first change until the table was proved again
 * @id: counts from 1 since the daemon started
 * @by_event: a notification told us; else a comparison found it
 * @seen_usec: wall clock, when we knew
 * @latency_usec: from then until it was proved right; 0 while open
 * @actors: who has committed changes to our table; none if nobody was seen
 * @n_actors: all of them, also those beyond INCIDENT_ACTORS
 * @n_transactions: of theirs, that touched our table
 * @changes: in words and as nft text; copies, cut to a length, in @arena
 * @n_changes: those kept; @n_all_changes: also those beyond
 */
struct incident {
	uint64_t id;
	enum incident_outcome outcome;
	bool by_event;
	uint64_t seen_usec, latency_usec;
	struct actor actors[INCIDENT_ACTORS];
	size_t n_actors;
	size_t n_transactions;
	struct arena *arena;
	struct difference *changes;
	size_t n_changes, n_all_changes;
};

struct incidents;

struct incidents *incidents_new(void);
void incidents_free(struct incidents *incidents);

/**
 * incidents_open - the incident that is going on; a new one if there is none
 *
 * Stays valid until incidents_close(). At most one is open at a time.
 */
struct incident *incidents_open(struct incidents *incidents, bool by_event,
				uint64_t now_usec);

/** incidents_current - the one that is open, or NULL */
struct incident *incidents_current(struct incidents *incidents);

/**
 * incident_add_actor - @actor has committed one more transaction
 *
 * The same process is kept once.
 */
void incident_add_actor(struct incident *incident, const struct actor *actor);

/**
 * incident_describe - what was changed; replaces what was said before
 * @n_all: also those that are not among @differences
 */
void incident_describe(struct incident *incident,
		       const struct difference *differences, size_t n,
		       size_t n_all);

/** incidents_close - the open one has come to an end */
void incidents_close(struct incidents *incidents, enum incident_outcome outcome,
		     uint64_t latency_usec);

/**
 * incident_log - one line, SEKI-DRIFT while it is open, else SEKI-REPAIRED,
 *	SEKI-REVERTED or SEKI-TOUCHED, with the actors and the first changes
 */
void incident_log(const struct incident *incident);

/* How many there have been since the start; how many were put right by us */
uint64_t incidents_n(const struct incidents *incidents);
uint64_t incidents_n_repaired(const struct incidents *incidents);

/**
 * incidents_json - { open, history, incidents, repaired } as the method Drift
 *	has them; the newest first
 */
json_t *incidents_json(const struct incidents *incidents);

#endif
