/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TEXT_POLICY_H
#define SEKIMORI_TEXT_POLICY_H

#include "policy.h"
#include "ruleset.h"
#include "term.h"

/**
 * text_policy - the policy of a configuration given as text
 *
 * The test fails, with the findings, if it is refused.
 */
const struct policy *text_policy(struct arena *arena, const char *conf);

/** text_compile - what it makes on 2026-11-01 */
struct ruleset *text_compile(struct arena *arena, const char *conf);

/** text_terms - of a policy, at that time */
const struct terms *text_terms(struct arena *arena,
			       const struct policy *policy);

#endif
