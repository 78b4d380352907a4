/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_GUESS_H
#define SEKIMORI_GUESS_H

/**
 * struct guess - the known word that is most like an unknown one
 * @word: NULL if none is like it
 * @distance: letters to insert, remove, replace or swap
 */
struct guess {
	const char *word;
	unsigned int distance;
};

#define GUESS_LEN_MAX 31 /* longer words are not like any other */
#define GUESS_DISTANCE_MAX 2

/** guess_try - take @word if @text is more like it than like those before */
void guess_try(struct guess *guess, const char *text, const char *word);

#endif
