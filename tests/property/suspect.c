// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Property: whatever single elements are notified, and in whatever order, what
 * is expected to be found is just what is desired of them. Sets are small and
 * keys few, so that they meet. SEED and ROUNDS in the environment repeat or
 * extend a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "dice.h"
#include "suspect.h"

#define N_SETS 4
#define N_KEYS 64 /* one byte decides */

/* What is true, as simply as it can be said */
struct truth {
	bool desired[N_SETS][N_KEYS];
	bool suspect[N_SETS][N_KEYS];
	bool whole[N_SETS];
};

static const char *const names[N_SETS] = { "a", "b", "c", "d" };

static struct ruleset *make_ruleset(struct dice *dice, struct truth *truth,
				    struct arena *arena)
{
	struct ruleset *ruleset = ruleset_new(arena);
	unsigned int s, k, percent;

	ruleset->sets = arena_alloc(arena, N_SETS * sizeof(struct set));
	ruleset->n_sets = N_SETS;
	for (s = 0; s < N_SETS; s++) {
		struct set *set = &ruleset->sets[s];

		set->name = names[s];
		set->key_len = 1 + dice_roll(dice, KEY_MAX);
		set->elems = arena_alloc(arena, 0);
		if (s == N_SETS - 1)
			set->flags = NFT_SET_INTERVAL;
		percent = dice_roll(dice, 101);
		for (k = 0; k < N_KEYS; k++) {
			uint8_t *key = arena_alloc(arena, set_key_size(set));

			truth->desired[s][k] = dice_chance(dice, percent);
			if (!truth->desired[s][k])
				continue;
			memset(key, k, set_key_size(set));
			set->elems = arena_push(arena, set->elems,
						&set->n_elems,
						sizeof(struct elem));
			set->elems[set->n_elems - 1].key = key;
			set->elems[set->n_elems - 1].mark = k;
		}
	}
	return ruleset;
}

static void notify(struct dice *dice, struct truth *truth,
		   struct suspects *suspects, const struct ruleset *known)
{
	uint8_t key[2 * KEY_MAX];
	char buffer[8192] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	struct nlattr *list, *elem, *nest;
	unsigned int s = dice_roll(dice, N_SETS), n = 1 + dice_roll(dice, 20);

	nlh->nlmsg_type =
		NFNL_SUBSYS_NFTABLES << 8 |
		(dice_roll(dice, 2) ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM);
	nfg->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, names[s]);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	while (n--) {
		unsigned int k = dice_roll(dice, N_KEYS);

		memset(key, k, sizeof(key));
		elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
		mnl_attr_put(nlh, NFTA_DATA_VALUE, known->sets[s].key_len, key);
		mnl_attr_nest_end(nlh, nest);
		mnl_attr_nest_end(nlh, elem);
		truth->suspect[s][k] = true;
	}
	mnl_attr_nest_end(nlh, list);
	if (set_is_interval(&known->sets[s]))
		truth->whole[s] = true;
	suspects_note(suspects, known, nlh);
}

/* Is @expected what is true of set @s? */
static bool set_is_true(const struct truth *truth, unsigned int s,
			const struct set *expected)
{
	unsigned int k;
	size_t i = 0;

	for (k = 0; k < N_KEYS; k++) {
		if (!truth->desired[s][k] ||
		    !(truth->whole[s] || truth->suspect[s][k]))
			continue;
		if (i == expected->n_elems || expected->elems[i].key[0] != k ||
		    expected->elems[i].mark != k)
			return false;
		i++;
	}
	return i == expected->n_elems;
}

static bool run_round(struct dice *dice, void *data)
{
	size_t *n_keys = data;
	struct arena *arena = arena_new();
	struct truth truth = { 0 };
	struct ruleset *desired = make_ruleset(dice, &truth, arena), *expected;
	unsigned int s, n = dice_roll(dice, dice_chance(dice, 5) ? 500 : 20);
	const struct suspect_set *suspect;
	struct suspects suspects;
	bool ok = true;

	suspects_init(&suspects, arena);
	while (n--)
		notify(dice, &truth, &suspects, desired);
	if (dice_chance(dice, 20)) {
		s = dice_roll(dice, N_SETS);
		suspects_add_set(&suspects, names[s]);
		truth.whole[s] = true;
	}
	expected = suspects_expect(&suspects, desired);
	for (s = 0; s < N_SETS; s++) {
		suspect = suspects_set(&suspects, names[s]);
		/* So few keys are never too many. */
		if (truth.whole[s] != (suspect && suspect->whole) ||
		    !set_is_true(&truth, s, &expected->sets[s]))
			ok = false;
		*n_keys += suspect ? suspect->n_keys : 0;
	}
	arena_free(arena);
	return ok && !suspects.all && !suspects.program;
}

int main(void)
{
	size_t n_keys = 0;

	if (!dice_play(0x5e1c0de, 2000, run_round, &n_keys)) {
		printf("suspect: not what is desired\n");
		return 1;
	}
	printf("suspect: %zu keys were just what was expected\n", n_keys);
	return !n_keys;
}
