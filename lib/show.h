/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SHOW_H
#define SEKIMORI_SHOW_H

/*
 * A policy and what is known of its state, as data for a reply. All functions
 * return a new reference. Running out of memory ends the process, as in the
 * arena. Times are seconds since 1970, UTC; dates are "YYYY-MM-DD".
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy.h"
#include "surroundings.h"
#include "term.h"

/**
 * struct show_status - how things stand
 * @state: a word: "in_force", "withdrawn", "drifted", "unsure"
 * @digest: of the ruleset that the policy makes
 * @generation: changes made to the kernel's table so far
 * @config_number: which generation of the configuration is in force; 0: it is
 *	not kept
 * @confirm_seconds_left: in which it has to be confirmed; -1: nothing is awaited
 * @verified: when the kernel was last known to hold exactly this; 0: never
 * @compared: when the table was last read and compared as a whole; 0: never
 * @mode: a word: "repair", "alert"
 * @ownership: of the table: "owned"; "off" as configured; "unsupported" by the
 *	kernel
 * @n_incidents, n_repaired: since the start; @n_open: of these, not over
 * @terms: of the policy, now
 * @n_critical, n_warning: concerns of that gravity at the last audit
 */
struct show_status {
	const char *state;
	const char *version;
	const char *file;
	const char *digest;
	uint64_t generation, config_number;
	int64_t confirm_seconds_left;
	int64_t started, changed, verified, compared;
	const char *mode, *ownership;
	uint64_t n_incidents, n_repaired, n_open;
	size_t n_critical, n_warning;
	size_t n_elements, n_warnings;
	const struct policy *policy;
	const struct terms *terms;
};

json_t *show_status(const struct show_status *status);

/** show_zones - with the state of their interfaces, of which only links count */
json_t *show_zones(const struct policy *policy,
		   const struct surroundings *around,
		   const struct terms *terms);

/** show_matrix - zone by zone, the conduits that are in force */
json_t *show_matrix(const struct policy *policy, const struct terms *terms);

/**
 * struct show_count - what has been counted for one flow
 * @id: of the flow
 * @last_hit: latest time at which a packet is known to have been counted
 */
struct show_count {
	uint32_t id;
	uint64_t packets, bytes;
	int64_t last_hit; /* 0: none is known */
};

/**
 * show_conduits - some of a policy's conduits
 * @counts: sorted by id
 * @first: index of the first conduit to show; replaced by that of the first
 *	one not shown, which is policy->n_conduits at the end
 *
 * As many as make a reply of a size that is easy to handle.
 */
json_t *show_conduits(const struct policy *policy,
		      const struct show_count *counts, size_t n_counts,
		      const struct terms *terms, size_t *first);

/** show_term - valid_from, valid_until, expires and windows of a conduit */
json_t *show_term(const struct conduit *conduit);

/** show_findings - the findings kept in @diag */
json_t *show_findings(const struct diag *diag);

struct plan;

/** show_plan - of each kind of thing that changes, the first ones */
json_t *show_plan(const struct plan *plan);

/**
 * struct show_change - conduits of one policy against those of another
 * @n_changed: of the same name, but permitting something else
 */
struct show_change {
	size_t n_added, n_removed, n_changed;
};

/** show_compare - what @after changes; @before may be NULL: all is new */
void show_compare(const struct policy *before, const struct policy *after,
		  struct show_change *change);

#endif
