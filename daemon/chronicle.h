/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CHRONICLE_H
#define SEKIMORI_CHRONICLE_H

/*
 * The incidents of one table and what the log says of them: each as long as
 * they are few, and how many there were as soon as they are not.
 */
#include <stdbool.h>
#include <stdint.h>

#include "incident.h"
#include "reconcile.h"

/**
 * struct chronicle - to be zeroed, then given to chronicle_init()
 * @opened_usec: when the current incident began; CLOCK_MONOTONIC
 * @differed: something was found to differ in it
 * @undone: we have changed something because of it
 */
struct chronicle {
	struct incidents *incidents;
	uint64_t opened_usec;
	bool differed, undone;
	bool spoken; /* it was logged while it was open */
	struct actor last_actor;
	uint64_t last_actor_usec; /* when it was read */
	uint64_t log_usec; /* when the current period of the log began */
	unsigned int n_logged, n_unlogged;
};

void chronicle_init(struct chronicle *chronicle);
void chronicle_free(struct chronicle *chronicle);

/**
 * chronicle_touch - a process has committed changes to the table
 * @pid, comm: as the kernel says
 * @now_usec: wall clock
 * @clock_usec: CLOCK_MONOTONIC; here and below
 */
void chronicle_touch(struct chronicle *chronicle, pid_t pid, const char *comm,
		     uint64_t now_usec, uint64_t clock_usec);

/** chronicle_differs - this is what was found; only the first time is told */
void chronicle_differs(struct chronicle *chronicle,
		       const struct difference *differences, size_t n,
		       size_t n_all, uint64_t now_usec, uint64_t clock_usec);

/** chronicle_speak - it is not right, and will not be at once */
void chronicle_speak(struct chronicle *chronicle, uint64_t clock_usec);

/** chronicle_close - the table is right: so ends what was going on */
void chronicle_close(struct chronicle *chronicle,
		     const struct reconcile *reconcile, uint64_t clock_usec);

/** chronicle_may_log - one more line? If not, it is counted. */
bool chronicle_may_log(struct chronicle *chronicle, uint64_t clock_usec);

/** chronicle_is_open - does the table differ now, as far as is known? */
bool chronicle_is_open(const struct chronicle *chronicle);

#endif
