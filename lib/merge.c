// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Few lines from many: those that agree in all but the senders become one, then
 * those that agree in all but the receivers, then in all but the services. Easy
 * to get wrong: hashes find what may agree, and only a look says that it does.
 */
#include "merge.h"

#include <stdlib.h>

#include "arena.h"
#include "hash.h"

/* What lines have to agree about to be made one */
enum merging {
	MERGE_FROM,
	MERGE_TO,
	MERGE_SERVICES,
};

struct merge_key {
	uint64_t hash;
	struct reach_line *line;
};

static uint64_t hash_services(uint64_t hash, const struct reach_line *line)
{
	size_t i;

	for (i = 0; i < line->n_services; i++) {
		hash = hash_number(hash, line->services[i].proto);
		hash = hash_number(hash, line->services[i].first);
		hash = hash_number(hash, line->services[i].last);
	}
	return hash;
}

static uint64_t merge_hash(const struct reach_line *line, enum merging merging)
{
	uint64_t hash = hash_number(HASH_START, line->kind);

	hash = hash_number(hash, line->before);
	hash = hash_number(hash, line->after);
	hash = hash_number(hash, line->course_before->hash);
	hash = hash_number(hash, line->course_after->hash);
	hash = hash_number(hash, line->in_part);
	if (merging != MERGE_FROM)
		hash = hash_number(hash, spans_hash(&line->from));
	if (merging != MERGE_TO)
		hash = hash_number(hash, spans_hash(&line->to));
	if (merging != MERGE_SERVICES)
		hash = hash_services(hash, line);
	return hash_finish(hash);
}

static bool merge_fits(const struct reach_line *a, const struct reach_line *b,
		       enum merging merging)
{
	if (a->kind != b->kind || a->before != b->before ||
	    a->after != b->after || a->course_before != b->course_before ||
	    a->course_after != b->course_after || a->in_part != b->in_part)
		return false;
	if (merging != MERGE_FROM && !spans_equal(&a->from, &b->from))
		return false;
	if (merging != MERGE_TO && !spans_equal(&a->to, &b->to))
		return false;
	return merging == MERGE_SERVICES ||
	       (a->n_services == b->n_services &&
		hash_services(0, a) == hash_services(0, b));
}

static int merge_order(const void *a, const void *b)
{
	const struct merge_key *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* Lines that fit together, which are @n keys, become the first of them. */
static void merge_run(struct arena *arena, const struct merge_key *keys,
		      size_t n, enum merging merging)
{
	struct reach_line *line = keys[0].line;
	struct service *services;
	size_t i, k, n_services = 0;
	struct spans all = { 0 };

	if (merging == MERGE_SERVICES) {
		for (i = 0; i < n; i++)
			n_services += keys[i].line->n_services;
		services = arena_alloc(arena, n_services * sizeof(*services));
		for (i = 0, n_services = 0; i < n; i++)
			for (k = 0; k < keys[i].line->n_services; k++)
				services[n_services++] =
					keys[i].line->services[k];
		line->services = services;
		line->n_services = n_services;
		return;
	}
	for (i = 0; i < n; i++) {
		const struct spans *some = merging == MERGE_FROM ?
						   &keys[i].line->from :
						   &keys[i].line->to;

		for (k = 0; k < some->n; k++)
			spans_add(&all, arena, &some->list[k]);
	}
	spans_settle(&all);
	*(merging == MERGE_FROM ? &line->from : &line->to) = all;
}

static void merge_alike(struct reach_line **lines, size_t *n_lines,
			enum merging merging, struct arena *arena)
{
	struct merge_key *keys = malloc((*n_lines + 1) * sizeof(*keys));
	struct reach_line *kept = arena_alloc(arena, *n_lines * sizeof(*kept));
	size_t i, first, n = 0;

	if (!keys)
		abort();
	for (i = 0; i < *n_lines; i++)
		keys[i] = (struct merge_key){ merge_hash(&(*lines)[i], merging),
					      &(*lines)[i] };
	qsort(keys, *n_lines, sizeof(*keys), merge_order);
	for (first = 0; first < *n_lines; first = i) {
		for (i = first + 1;
		     i < *n_lines && keys[i].hash == keys[first].hash &&
		     merge_fits(keys[first].line, keys[i].line, merging);
		     i++)
			;
		if (i > first + 1)
			merge_run(arena, keys + first, i - first, merging);
		kept[n++] = *keys[first].line;
	}
	*lines = kept;
	*n_lines = n;
	free(keys);
}

static int service_order(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	if (x->proto != y->proto)
		return x->proto - y->proto;
	return x->first != y->first ? x->first - y->first : x->last - y->last;
}

static int line_order(const void *a, const void *b)
{
	const struct reach_line *x = a, *y = b;
	int order = (int)x->kind - (int)y->kind;

	if (!order)
		order = addr_cmp(&x->from.list[0].first,
				 &y->from.list[0].first);
	if (!order)
		order = addr_cmp(&x->to.list[0].first, &y->to.list[0].first);
	if (!order)
		order = service_order(&x->services[0], &y->services[0]);
	if (!order)
		order = x->from.n != y->from.n ?
				(x->from.n < y->from.n ? -1 : 1) :
			x->to.n != y->to.n ? (x->to.n < y->to.n ? -1 : 1) :
					     0;
	return order;
}

void merge_lines(struct reach_line **lines, size_t *n, struct arena *arena)
{
	size_t i;

	merge_alike(lines, n, MERGE_FROM, arena);
	merge_alike(lines, n, MERGE_TO, arena);
	merge_alike(lines, n, MERGE_SERVICES, arena);
	for (i = 0; i < *n; i++)
		qsort((*lines)[i].services, (*lines)[i].n_services,
		      sizeof(struct service), service_order);
	if (*n)
		qsort(*lines, *n, sizeof(**lines), line_order);
}
