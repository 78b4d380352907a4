/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_COVER_H
#define SEKIMORI_COVER_H

#include "spans.h"

/** struct covers - distinct sets of addresses, known by number */
struct covers {
	struct arena *arena;
	struct spans *list;
	size_t n;
	uint32_t *slots; /* hash table: number + 1 */
	size_t mask;
};

struct covers *covers_new(struct arena *arena);

/** cover_add - the number of a set, which is not copied */
uint32_t cover_add(struct covers *covers, const struct spans *spans);

/**
 * struct cover_class - addresses that are all in the same sets
 * @members: numbers of these sets
 */
struct cover_class {
	struct spans spans;
	uint32_t *members;
	size_t n_members;
};

/**
 * cover_cut - the addresses of some sets, cut into classes
 * @which: numbers of the sets, each once
 */
struct cover_class *cover_cut(const struct covers *covers,
			      const uint32_t *which, size_t n,
			      struct arena *arena, size_t *n_classes);

#endif
