/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_GUIDE_H
#define SEKIMORI_GUIDE_H

#include "policy.h"

/**
 * guide_check - hold a policy against the guideline's clauses
 * @policy: as resolved, possibly with entries left out
 * @diag: a refusal or a warning for each clause that it breaks
 *
 * Source: the table of clauses at the head of guide.c.
 */
void guide_check(const struct policy *policy, struct diag *diag);

#endif
