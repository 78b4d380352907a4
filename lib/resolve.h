/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_RESOLVE_H
#define SEKIMORI_RESOLVE_H

#include "policy.h"

/**
 * resolve_policy - make a policy out of a model (K11, K21 and plain mistakes)
 * @diag: every contradiction found, with both places
 *
 * Entries with mistakes are left out of the result, so that later checks can
 * go on. Only load_policy() decides whether the result may be used.
 */
struct policy *resolve_policy(const struct model *model, struct diag *diag);

#endif
