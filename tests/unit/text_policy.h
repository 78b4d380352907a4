/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TEXT_POLICY_H
#define SEKIMORI_TEXT_POLICY_H

#include "policy.h"

/**
 * text_policy - the policy of a configuration given as text
 *
 * The test fails, with the findings, if it is refused.
 */
const struct policy *text_policy(struct arena *arena, const char *conf);

#endif
