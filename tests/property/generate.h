/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_GENERATE_H
#define SEKIMORI_GENERATE_H

#include "dice.h"
#include "policy.h"

struct arena;

/**
 * generate_conf - the text of a configuration with a bit of everything
 * @list: content of the list file "l0" that it names
 *
 * Mostly it is accepted. The caller frees both.
 */
void generate_conf(struct dice *dice, char **conf, char **list);

/**
 * generate_policy - a configuration that is accepted, and its policy
 * @conf: its text, which the caller frees; NULL if not wanted
 */
const struct policy *generate_policy(struct dice *dice, struct arena *arena,
				     char **conf);

#endif
