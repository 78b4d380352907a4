/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_LOAD_H
#define SEKIMORI_LOAD_H

#include "policy.h"

/**
 * load_policy - the only way to a policy that may be put in force
 * @model: all files parsed, conf_finish() called
 * @diag: what the parser found so far; every further finding is added
 *
 * Returns NULL if @diag holds any error, the parser's included. Findings are
 * sorted by place. The policy lives in the model's arena.
 */
const struct policy *load_policy(const struct model *model, struct diag *diag);

#endif
