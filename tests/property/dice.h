/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DICE_H
#define SEKIMORI_DICE_H

#include <stdbool.h>
#include <stdint.h>

/** struct dice - numbers that the first @state, the seed, determines */
struct dice {
	uint64_t state;
};

/** dice_next - any number; the same on every machine for the same seed */
uint64_t dice_next(struct dice *dice);

/** dice_roll - a number from 0 to @sides - 1; @sides is not 0 */
uint32_t dice_roll(struct dice *dice, uint32_t sides);

/** dice_chance - true in @percent of all cases */
bool dice_chance(struct dice *dice, unsigned int percent);

/**
 * dice_play - many rounds of a test, each with other numbers
 * @seed, @rounds: unless SEED and ROUNDS in the environment say otherwise
 * @round: false: it has failed
 *
 * How many there were; 0: one has failed, and it was said how to repeat it.
 */
unsigned long dice_play(uint64_t seed, unsigned long rounds,
			bool (*round)(struct dice *dice, void *data),
			void *data);

#endif
