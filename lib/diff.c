// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two rulesets to the edits between them. Both are sorted, so one walk over
 * each pair of sets finds every difference. Easy to get wrong: an element
 * whose data changed must be deleted and added, and deletions come before
 * additions, or the kernel sees one key twice.
 */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

struct differ {
	struct arena *arena;
	struct elem_edit *added, *deleted;
	size_t n_added, n_deleted;
	size_t size_added, size_deleted;
};

static void edit_push(struct elem_edit **edits, size_t *n, size_t *size,
		      struct elem_edit edit)
{
	if (*n == *size) {
		*size = *size ? 2 * *size : 64;
		*edits = realloc(*edits, *size * sizeof(edit));
		if (!*edits)
			abort();
	}
	(*edits)[(*n)++] = edit;
}

static void add_elem(struct differ *d, const struct set *set,
		     const struct elem *elem)
{
	edit_push(&d->added, &d->n_added, &d->size_added,
		  (struct elem_edit){ set, elem, true });
}

static void delete_elem(struct differ *d, const struct set *set,
			const struct elem *elem)
{
	edit_push(&d->deleted, &d->n_deleted, &d->size_deleted,
		  (struct elem_edit){ set, elem, false });
}

static void diff_elems(struct differ *d, const struct set *observed,
		       const struct set *desired)
{
	size_t size = set_key_size(desired), i = 0, k = 0;

	while (i < observed->n_elems || k < desired->n_elems) {
		const struct elem *a = NULL, *b = NULL;
		int cmp;

		if (i < observed->n_elems)
			a = &observed->elems[i];
		if (k < desired->n_elems)
			b = &desired->elems[k];
		if (a && b)
			cmp = memcmp(a->key, b->key, size);
		else
			cmp = a ? -1 : 1;
		i += cmp <= 0;
		k += cmp >= 0;
		if (!cmp && elem_same_data(desired, a, b))
			continue;
		if (cmp <= 0)
			delete_elem(d, desired, a);
		if (cmp >= 0)
			add_elem(d, desired, b);
	}
}

static bool chain_equal(const struct chain *a, const struct chain *b)
{
	size_t i;

	if (a->has_other || b->has_other || a->is_base != b->is_base ||
	    a->n_rules != b->n_rules)
		return false;
	if (a->is_base && (a->hook != b->hook || a->priority != b->priority ||
			   a->policy != b->policy || strcmp(a->type, b->type)))
		return false;
	for (i = 0; i < a->n_rules; i++)
		if (!rule_equal(&a->rules[i], &b->rules[i]))
			return false;
	return true;
}

static bool program_equal(const struct ruleset *observed,
			  const struct ruleset *desired)
{
	size_t i;

	if (observed->exists != desired->exists ||
	    observed->flags != desired->flags ||
	    observed->n_chains != desired->n_chains ||
	    observed->n_sets != desired->n_sets)
		return false;
	for (i = 0; i < desired->n_chains; i++)
		if (strcmp(observed->chains[i].name, desired->chains[i].name) ||
		    !chain_equal(&observed->chains[i], &desired->chains[i]))
			return false;
	for (i = 0; i < desired->n_sets; i++)
		if (strcmp(observed->sets[i].name, desired->sets[i].name) ||
		    !set_same_shape(&observed->sets[i], &desired->sets[i]))
			return false;
	return true;
}

struct edits *diff_rulesets(const struct ruleset *observed,
			    const struct ruleset *desired, struct arena *arena)
{
	struct edits *edits = arena_alloc(arena, sizeof(*edits));
	struct differ d = { .arena = arena };
	size_t i, k;

	for (i = 0; i < desired->n_sets; i++) {
		const struct set *want = &desired->sets[i];
		const struct set *have = ruleset_set(observed, want->name);

		if (have && set_same_shape(have, want))
			diff_elems(&d, have, want);
		else
			for (k = 0; k < want->n_elems; k++)
				add_elem(&d, want, &want->elems[k]);
	}
	edits->n_added = d.n_added;
	edits->n_deleted = d.n_deleted;
	edits->n_elems = d.n_added + d.n_deleted;
	edits->elems =
		arena_alloc(arena, edits->n_elems * sizeof(*edits->elems));
	if (d.n_deleted)
		memcpy(edits->elems, d.deleted,
		       d.n_deleted * sizeof(*d.deleted));
	if (d.n_added)
		memcpy(edits->elems + d.n_deleted, d.added,
		       d.n_added * sizeof(*d.added));
	free(d.added);
	free(d.deleted);
	if (!program_equal(observed, desired))
		edits->scope = EDIT_PROGRAM;
	else if (edits->n_elems)
		edits->scope = EDIT_ELEMENTS;
	return edits;
}
