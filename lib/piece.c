// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries of an earlier model in a new one. Easy to get wrong: an entry knows
 * its file and lines, which may be others by now, at every word of it; and
 * nothing of the new model may lie in the memory of the earlier one.
 */
#include "piece.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* Where the entries have got to */
struct move {
	struct arena *arena;
	const char *file;
	unsigned int lines; /* added to each; what is less wraps */
};

static void move_place(const struct move *move, struct place *at)
{
	if (!at->file)
		return;
	at->file = move->file;
	at->line += move->lines;
}

static void move_text(const struct move *move, const char **text)
{
	if (*text)
		*text = arena_copy(move->arena, *text, strlen(*text));
}

static void move_word(const struct move *move, struct word *word)
{
	move_text(move, &word->text);
	move_place(move, &word->at);
}

static void *move_array(const struct move *move, const void *array, size_t n,
			size_t size)
{
	void *copy = arena_alloc(move->arena, n * size);

	return n ? memcpy(copy, array, n * size) : copy;
}

static void move_host(const struct move *move, struct model_host *host)
{
	size_t i;

	move_word(move, &host->name);
	move_word(move, &host->zone);
	move_place(move, &host->mac_at);
	host->addresses = move_array(move, host->addresses, host->n_addresses,
				     sizeof(*host->addresses));
	for (i = 0; i < host->n_addresses; i++)
		move_place(move, &host->addresses[i].at);
}

static struct model_endpoint *move_endpoints(const struct move *move,
					     const struct model_endpoint *from,
					     size_t n)
{
	struct model_endpoint *to = move_array(move, from, n, sizeof(*to));
	size_t i;

	for (i = 0; i < n; i++)
		move_word(move, &to[i].text);
	return to;
}

static void move_conduit(const struct move *move, struct model_conduit *conduit)
{
	size_t i;

	move_word(move, &conduit->name);
	move_place(move, &conduit->kind_at);
	move_place(move, &conduit->bind_at);
	conduit->from = move_endpoints(move, conduit->from, conduit->n_from);
	conduit->to = move_endpoints(move, conduit->to, conduit->n_to);
	conduit->services = move_array(move, conduit->services,
				       conduit->n_services,
				       sizeof(*conduit->services));
	for (i = 0; i < conduit->n_services; i++)
		move_word(move, &conduit->services[i].text);
	move_text(move, &conduit->reason);
	move_text(move, &conduit->approved_by);
	move_text(move, &conduit->approval);
	move_place(move, &conduit->valid_from_at);
	move_place(move, &conduit->valid_until_at);
	conduit->windows = move_array(move, conduit->windows,
				      conduit->n_windows,
				      sizeof(*conduit->windows));
	move_place(move, &conduit->windows_at);
	move_place(move, &conduit->expires_at);
	move_text(move, &conduit->allowed_by);
}

void piece_begin(struct piece *piece, const char *text, unsigned int first_line,
		 const struct model *model)
{
	*piece = (struct piece){
		.first_line = first_line,
		.first_host = model->n_hosts,
		.first_conduit = model->n_conduits,
	};
	if (!EVP_Digest(text, strlen(text), piece->digest, NULL, EVP_sha256(),
			NULL))
		abort();
}

static int piece_order(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return memcmp(x->digest, y->digest, PIECE_DIGEST);
}

bool piece_take(const struct piece *piece, const char *file,
		struct model *model)
{
	const struct model *earlier = model->earlier;
	const struct piece *known;
	struct move move = { model->arena, file, piece->first_line };
	size_t i;

	if (!earlier || !earlier->n_pieces)
		return false;
	known = bsearch(piece, earlier->pieces, earlier->n_pieces,
			sizeof(*piece), piece_order);
	if (!known || known->n_hosts > HOSTS_MAX - model->n_hosts ||
	    known->n_conduits > CONDUITS_MAX - model->n_conduits)
		return false;
	move.lines -= known->first_line;
	for (i = 0; i < known->n_hosts; i++) {
		model->hosts = arena_push(model->arena, model->hosts,
					  &model->n_hosts,
					  sizeof(*model->hosts));
		model->hosts[model->n_hosts - 1] =
			earlier->hosts[known->first_host + i];
		move_host(&move, &model->hosts[model->n_hosts - 1]);
	}
	for (i = 0; i < known->n_conduits; i++) {
		model->conduits = arena_push(model->arena, model->conduits,
					     &model->n_conduits,
					     sizeof(*model->conduits));
		model->conduits[model->n_conduits - 1] =
			earlier->conduits[known->first_conduit + i];
		move_conduit(&move, &model->conduits[model->n_conduits - 1]);
	}
	return true;
}

void piece_keep(struct piece *piece, struct model *model)
{
	piece->n_hosts = model->n_hosts - piece->first_host;
	piece->n_conduits = model->n_conduits - piece->first_conduit;
	/* nothing else can be taken over */
	if (!piece->n_hosts && !piece->n_conduits)
		return;
	model->pieces = arena_push(model->arena, model->pieces,
				   &model->n_pieces, sizeof(*piece));
	model->pieces[model->n_pieces - 1] = *piece;
}

void piece_sort(struct model *model)
{
	if (model->n_pieces)
		qsort(model->pieces, model->n_pieces, sizeof(*model->pieces),
		      piece_order);
}
