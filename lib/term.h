/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TERM_H
#define SEKIMORI_TERM_H

/*
 * When permissions are in force. Nothing here knows the time; it is given.
 * Instants are seconds since 1970 UTC.
 */
#include "calendar.h"
#include "policy.h"

struct arena;

/**
 * struct term - of one conduit
 * @in_force: now
 * @change: the next instant at which that is no longer so; 0: never
 */
struct term {
	bool in_force;
	int64_t change;
};

/**
 * struct terms - of all conduits of a policy at one instant
 * @when: the instant
 * @today: the local day, counted from 1970-01-01
 * @is_known: is the clock to be believed? If not, nothing that has a term is in
 *	force.
 * @of: by conduit.index
 * @change: the next instant at which something changes; 0: never
 */
struct terms {
	int64_t when, today;
	bool is_known;
	struct term *of;
	int64_t change;
};

/** term_is_limited - is there a day or a time at which it is not in force? */
bool term_is_limited(const struct conduit *conduit);

/**
 * term_of - of a conduit at an instant
 *
 * Where local clocks are put back or forward, a permission ends at the earlier
 * and begins at the later instant that may be meant. Windows that together
 * cover the whole week limit nothing.
 */
struct term term_of(const struct conduit *conduit, int64_t when,
		    const struct calendar *calendar);

/**
 * terms_build - of all conduits
 * @floor: a clock that shows less is wrong; 0: any is right
 */
struct terms *terms_build(const struct policy *policy, int64_t when,
			  int64_t floor, const struct calendar *calendar,
			  struct arena *arena);

/**
 * terms_of_day - what is in force at some time of the day of @now
 *
 * All of the day on which it is in force counts, and if the clock is not to be
 * believed, so does every day.
 */
struct terms *terms_of_day(const struct policy *policy, const struct terms *now,
			   struct arena *arena);

/** terms_in_force - is the conduit in force? */
bool terms_in_force(const struct terms *terms, const struct conduit *conduit);

#endif
