// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Permissions in the course of time. Easy to get wrong: a conduit for a time that
 * another one covers makes no difference, and neither does the order of two that
 * permit the same; so both are brought into one form before they are compared.
 */
#include "course.h"

#include <stdlib.h>

#include "arena.h"
#include "hash.h"
#include "term.h"

/* Those that were found. There are few, and looking through them is cheap. */
struct courses {
	struct arena *arena;
	struct course **list;
	size_t n;
};

static int window_order(const void *a, const void *b)
{
	const struct window *x = a, *y = b;

	if (x->days != y->days)
		return x->days - y->days;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->until < y->until ? -1 : x->until > y->until;
}

static uint64_t term_hash(const struct conduit *conduit)
{
	struct window windows[WINDOWS_MAX];
	uint64_t hash;
	size_t i;

	if (!term_is_limited(conduit))
		return 0;
	hash = hash_number(HASH_START, conduit->valid_from);
	hash = hash_number(hash, conduit->valid_until);
	hash = hash_number(hash, (uint64_t)conduit->expires);
	for (i = 0; i < conduit->n_windows; i++)
		windows[i] = conduit->windows[i];
	if (i)
		qsort(windows, i, sizeof(windows[0]), window_order);
	for (i = 0; i < conduit->n_windows; i++) {
		hash = hash_number(hash, windows[i].days);
		hash = hash_number(hash, windows[i].from);
		hash = hash_number(hash, windows[i].until);
	}
	hash = hash_finish(hash);
	return hash ? hash : 1;
}

struct course_claim course_claim_of(const struct conduit *conduit)
{
	uint64_t hash = term_hash(conduit);

	return (struct course_claim){
		.permit = conduit->bind == BIND_MAC ? REACH_MAC : REACH_IP,
		.term = hash ? conduit : NULL,
		.term_hash = hash,
	};
}

bool course_same_claim(const struct course_claim *a,
		       const struct course_claim *b)
{
	if (!a || !b)
		return a == b;
	return a->permit == b->permit &&
	       mac_equal(&a->from_mac, &b->from_mac) &&
	       mac_equal(&a->to_mac, &b->to_mac);
}

static int term_order(const void *a, const void *b)
{
	const struct course_claim *x = *(const struct course_claim *const *)a;
	const struct course_claim *y = *(const struct course_claim *const *)b;

	return x->term_hash < y->term_hash ? -1 : x->term_hash > y->term_hash;
}

/* One that is in force only when an earlier one is never decides. */
static size_t drop_shadowed(const struct course_claim **claims, size_t n)
{
	size_t i, k, kept = 0;

	for (i = 0; i < n; i++) {
		for (k = 0; k < kept; k++)
			if (claims[k]->term_hash == claims[i]->term_hash)
				break;
		if (k == kept)
			claims[kept++] = claims[i];
	}
	return kept;
}

size_t course_settle(const struct course_claim **claims, size_t n)
{
	size_t i, first;

	n = drop_shadowed(claims, n);
	/* what says the same as the one for always behind it */
	while (n > 1 && !claims[n - 1]->term_hash &&
	       course_same_claim(claims[n - 2], claims[n - 1])) {
		claims[n - 2] = claims[n - 1];
		n--;
	}
	for (first = 0; first < n; first = i) {
		for (i = first + 1;
		     i < n && course_same_claim(claims[i], claims[first]); i++)
			;
		qsort(claims + first, i - first, sizeof(*claims), term_order);
	}
	return n;
}

bool course_same(const struct course_claim **a, size_t n_a,
		 const struct course_claim **b, size_t n_b)
{
	size_t i;

	if (n_a != n_b)
		return false;
	for (i = 0; i < n_a; i++)
		if (a[i]->term_hash != b[i]->term_hash ||
		    !course_same_claim(a[i], b[i]))
			return false;
	return true;
}

struct courses *courses_new(struct arena *arena)
{
	struct courses *courses = arena_alloc(arena, sizeof(*courses));

	courses->arena = arena;
	return courses;
}

static uint64_t claims_hash(const struct course_claim **claims, size_t n)
{
	uint64_t hash = hash_number(HASH_START, n);
	size_t i;

	for (i = 0; i < n; i++) {
		hash = hash_number(hash, claims[i]->permit);
		hash = hash_number(hash, claims[i]->term_hash);
	}
	return hash_finish(hash);
}

const struct course *courses_find(struct courses *courses,
				  const struct course_claim **claims, size_t n)
{
	uint64_t hash = claims_hash(claims, n);
	struct course *course;
	size_t i;

	for (i = 0; i < courses->n; i++)
		if (courses->list[i]->hash == hash)
			return courses->list[i];
	course = arena_alloc(courses->arena, sizeof(*course));
	course->hash = hash;
	course->stages =
		arena_alloc(courses->arena, n * sizeof(*course->stages));
	for (course->n = 0; course->n < n; course->n++)
		course->stages[course->n] =
			(struct course_stage){ claims[course->n]->permit,
					       claims[course->n]->term };
	courses->list = arena_push(courses->arena, courses->list, &courses->n,
				   sizeof(*courses->list));
	courses->list[courses->n - 1] = course;
	return course;
}

bool course_has_terms(const struct course *course)
{
	return course->n && course->stages[0].term;
}
