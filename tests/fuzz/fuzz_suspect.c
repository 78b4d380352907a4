// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as notifications: whatever they are, what has to be read stays
 * bounded, can be read, and what is expected of it is part of what is desired.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "arena.h"
#include "program.h"
#include "suspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_suspects(const struct suspects *suspects,
			 const struct ruleset *desired)
{
	struct ruleset *expected = suspects_expect(suspects, desired);
	size_t i, k;

	for (i = 0; i < suspects->n_sets; i++) {
		const struct suspect_set *set = &suspects->sets[i];

		assert(set->n_keys <= set->max_keys);
		assert(set->whole ? !set->n_keys : set->key_len > 0);
		assert(suspects->all ||
		       suspects_set(suspects, set->name) == set);
		for (k = 0; k < set->n_keys * set->key_len; k++)
			assert(set->keys[k] <= 0xff); /* it can be read */
	}
	assert(expected->n_sets == desired->n_sets);
	for (i = 0; i < desired->n_sets; i++) {
		const struct set *part = &expected->sets[i];

		for (k = 0; k < part->n_elems; k++)
			assert(set_find(&desired->sets[i], part->elems[k].key));
		assert(!suspects->all ||
		       part->n_elems == desired->sets[i].n_elems);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct set *sets[N_PROGRAM_SETS];
	struct ruleset *desired = program_build(arena, sets);
	struct suspects suspects;
	void *copy = malloc(size);
	size_t done = 0;

	ruleset_sort(desired);
	suspects_init(&suspects, arena);
	if (size)
		memcpy(copy, data, size);
	while (size - done >= MNL_NLMSG_HDRLEN) {
		const struct nlmsghdr *nlh = (void *)((char *)copy + done);

		if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN ||
		    nlh->nlmsg_len > size - done)
			break;
		suspects_note(&suspects, desired, nlh);
		if (MNL_ALIGN(nlh->nlmsg_len) > size - done)
			break;
		done += MNL_ALIGN(nlh->nlmsg_len);
	}
	use_suspects(&suspects, desired);
	arena_free(arena);
	free(copy);
	return 0;
}
