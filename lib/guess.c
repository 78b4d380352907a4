// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "Did you mean": which of some words was meant by one that is not among them.
 * Easy to get wrong: two changes make anything of a word of two letters, so at
 * most every other letter may be changed.
 */
#include "guess.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool same(char a, char b)
{
	return lower(a) == lower(b);
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * Letters to insert, remove, replace or swap with their neighbour, capitals
 * aside: the edit distance by rows of its table, of which the last three do.
 */
static unsigned int distance_of(const char *a, const char *b)
{
	unsigned int rows[3][GUESS_LEN_MAX + 1], *row, *above, *higher, best;
	size_t len_a = strlen(a), len_b = strlen(b), i, k;

	if (len_a > GUESS_LEN_MAX || len_b > GUESS_LEN_MAX)
		return UINT_MAX;
	for (k = 0; k <= len_b; k++)
		rows[0][k] = k;
	for (i = 1; i <= len_a; i++) {
		row = rows[i % 3];
		above = rows[(i + 2) % 3];
		higher = rows[(i + 1) % 3];
		row[0] = i;
		for (k = 1; k <= len_b; k++) {
			best = above[k - 1] + !same(a[i - 1], b[k - 1]);
			best = least(best, row[k - 1] + 1);
			best = least(best, above[k] + 1);
			if (i > 1 && k > 1 && same(a[i - 1], b[k - 2]) &&
			    same(a[i - 2], b[k - 1]))
				best = least(best, higher[k - 2] + 1);
			row[k] = best;
		}
	}
	return rows[len_a % 3][len_b];
}

void guess_try(struct guess *guess, const char *text, const char *word)
{
	unsigned int distance = distance_of(text, word);

	if (distance > GUESS_DISTANCE_MAX || 2 * distance > strlen(word) ||
	    (guess->word && distance >= guess->distance))
		return;
	*guess = (struct guess){ word, distance };
}
