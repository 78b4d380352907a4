// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random numbers for the tests that try anything. Easy to get wrong: a run has
 * to be repeatable from the seed that it printed, so nothing else may decide.
 */
#include "dice.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15ull; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t dice_roll(struct dice *dice, uint32_t sides)
{
	return (uint32_t)(dice_next(dice) % sides);
}

bool dice_chance(struct dice *dice, unsigned int percent)
{
	return dice_roll(dice, 100) < percent;
}

unsigned long dice_play(uint64_t seed, unsigned long rounds,
			bool (*round)(struct dice *dice, void *data),
			void *data)
{
	const char *other_seed = getenv("SEED"), *other = getenv("ROUNDS");
	struct dice dice = { other_seed ? strtoull(other_seed, NULL, 0) :
					  seed };
	unsigned long i;

	if (other)
		rounds = strtoul(other, NULL, 0);
	for (i = 0; i < rounds; i++) {
		uint64_t state = dice.state;

		if (round(&dice, data))
			continue;
		printf("repeat with SEED=%#llx ROUNDS=1\n",
		       (unsigned long long)state);
		return 0;
	}
	return rounds;
}
