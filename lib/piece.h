/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PIECE_H
#define SEKIMORI_PIECE_H

/*
 * Entries that are taken over from an earlier model instead of being read
 * again: most of a large configuration is as it was when it is edited.
 */
#include "model.h"

#define HOSTS_MAX 1000000
#define CONDUITS_MAX 1000000

#define PIECE_DIGEST 32 /* bytes of SHA-256 */

/**
 * struct piece - a part of a file that says nothing but some entries of a list
 * @digest: of its text
 * @first_line: of the file, that it begins on
 * @first_host, @first_conduit: its entries in the model
 */
struct piece {
	uint8_t digest[PIECE_DIGEST];
	unsigned int first_line;
	size_t first_host, n_hosts;
	size_t first_conduit, n_conduits;
};

/** piece_begin - from here on, entries of this piece are added to @model */
void piece_begin(struct piece *piece, const char *text, unsigned int first_line,
		 const struct model *model);

/**
 * piece_take - add the entries that model->earlier has from the same text
 * @file: where they stand now
 *
 * False if it has none.
 */
bool piece_take(const struct piece *piece, const char *file,
		struct model *model);

/** piece_keep - the entries that were added may be taken over from @model */
void piece_keep(struct piece *piece, struct model *model);

/** piece_sort - all pieces of @model have been kept */
void piece_sort(struct model *model);

#endif
