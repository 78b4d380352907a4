// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gate to policies that may be put in force. Easy to get wrong: the
 * clauses are checked even when the model has mistakes, so that one run says
 * everything; but the result is given out only if nothing was wrong at all.
 */
#include "load.h"

#include "guide.h"
#include "resolve.h"

const struct policy *load_policy(const struct model *model, struct diag *diag)
{
	struct policy *policy = resolve_policy(model, diag);

	guide_check(policy, diag);
	diag_sort(diag);
	return diag->n_errors ? NULL : policy;
}
