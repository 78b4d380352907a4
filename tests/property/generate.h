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

/**
 * generate_accept - the policy of a text of generate_conf()
 *
 * Conduits that contradict others are taken out until the rest is accepted.
 * NULL if that does not help.
 */
const struct policy *generate_accept(const char *conf, const char *list,
				     struct arena *arena);

/**
 * generate_mutation - the text of a configuration with a few things changed
 *
 * Or none. The caller frees it. It need not be accepted.
 */
char *generate_mutation(struct dice *dice, const char *conf);

/**
 * struct generate_pair - two policies, mostly alike
 * @conf: their texts
 * @policy: NULL if it is not accepted
 */
struct generate_pair {
	char *conf[2];
	const struct policy *policy[2];
};

/** generate_pair - the policies are in @arena; the texts are to be freed */
void generate_pair(struct dice *dice, struct arena *arena,
		   struct generate_pair *pair);
void generate_pair_free(struct generate_pair *pair);

#endif
