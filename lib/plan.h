/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PLAN_H
#define SEKIMORI_PLAN_H

/*
 * A change of the policy, before it is made: what is written otherwise, who can
 * reach whom that could not before, and what of concern comes or goes.
 */
#include "diag.h"
#include "policy.h"
#include "reach.h"

struct arena;

/**
 * struct plan_side - one of two configurations
 * @policy: NULL: there is none
 * @terms: of the policy, now
 * @diag: what was found in it
 */
struct plan_side {
	const struct policy *policy;
	const struct terms *terms;
	const struct diag *diag;
};

enum plan_what {
	PLAN_ADDED,
	PLAN_REMOVED,
	PLAN_CHANGED,
	PLAN_RENAMED, /* and not otherwise changed */
};

/**
 * struct plan_field - what is otherwise about one setting
 * @removed, added: values; of those that there are very many of, the first
 */
struct plan_field {
	const char *name;
	const char **removed, **added;
	size_t n_removed, n_added; /* that are listed */
	size_t n_removed_all, n_added_all;
};

/**
 * struct plan_term - when a conduit is in force
 * @conduit: NULL: there is none, or it is always in force
 * @now: how that is now
 */
struct plan_term {
	const struct conduit *conduit;
	struct term now;
};

/**
 * struct plan_change - a zone, host, list, conduit or trial, or the gateway
 * @kind: "zone", "host", "list", "conduit", "must_pass", "must_drop", "gateway"
 * @old_name: of PLAN_RENAMED, else NULL
 * @fields: of PLAN_CHANGED
 * @before, after: of a conduit
 */
struct plan_change {
	enum plan_what what;
	const char *kind, *name, *old_name;
	struct plan_field *fields;
	size_t n_fields;
	struct plan_term before, after;
};

struct plan {
	struct plan_side before, after;
	struct plan_change *changes;
	size_t n_changes;
	const struct reach *reach;
	struct diag found, gone; /* findings; their lines are of either side */
};

/**
 * plan_make - compare two configurations
 * @before: what is in force, if anything is
 * @after: has a policy
 */
const struct plan *plan_make(const struct plan_side *before,
			     const struct plan_side *after,
			     struct arena *arena);

#endif
