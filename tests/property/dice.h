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

#endif
