// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets, bytes and the last hit of each flow. A flow has several elements in
 * the live maps, one for each way and pair of interfaces; its count is their
 * sum. Easy to get wrong: an element that is added anew starts at zero, so a
 * sum that fell does not mean that nothing passed.
 */
#include "counter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "day.h"
#include "look.h"
#include "policy.h"
#include "program.h"

static int counter_cmp(const void *a, const void *b)
{
	const struct show_count *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static struct show_count *counter_search(struct show_count *counts, size_t n,
					 uint32_t id)
{
	struct show_count key = { .id = id };

	return n ? bsearch(&key, counts, n, sizeof(key), counter_cmp) : NULL;
}

struct show_count *counter_find(const struct counters *counters, uint32_t id)
{
	return counter_search(counters->counts, counters->n_counts, id);
}

static struct show_count *counter_alloc(size_t n)
{
	struct show_count *counts = calloc(n + 1, sizeof(*counts));

	if (!counts)
		abort();
	return counts;
}

void counter_follow(struct counters *counters, const struct policy *policy)
{
	struct show_count *counts = counter_alloc(policy->n_flows);
	const struct show_count *known = counters->counts;
	size_t i, k = 0;

	for (i = 0; i < policy->n_flows; i++)
		counts[i].id = policy->flows[i].id;
	qsort(counts, policy->n_flows, sizeof(*counts), counter_cmp);
	for (i = 0; i < policy->n_flows; i++) {
		while (k < counters->n_counts && known[k].id < counts[i].id)
			k++;
		if (k < counters->n_counts && known[k].id == counts[i].id)
			counts[i] = known[k];
	}
	free(counters->counts);
	counters->counts = counts;
	counters->n_counts = policy->n_flows;
}

static const char *const counter_sets[] = {
	PROGRAM_LIVE,	    PROGRAM_LIVE_IN,	   PROGRAM_LIVE_OUT,
	PROGRAM_LIVE_TIMED, PROGRAM_LIVE_IN_TIMED, PROGRAM_LIVE_OUT_TIMED
};
#define COUNTER_SETS (sizeof(counter_sets) / sizeof(counter_sets[0]))

/* Add what one of the maps counted; the mark is the last field of its key. */
static void counter_add_set(struct show_count *counts, size_t n_counts,
			    const struct set *set)
{
	struct show_count *count;
	uint32_t mark;
	size_t i;

	if (!set || set->key_len < sizeof(mark) || set_is_interval(set))
		return;
	for (i = 0; i < set->n_elems; i++) {
		const struct elem *elem = &set->elems[i];

		memcpy(&mark, elem->key + set->key_len - sizeof(mark),
		       sizeof(mark));
		count = counter_search(counts, n_counts, mark);
		if (!count)
			continue;
		count->packets += elem->packets;
		count->bytes += elem->bytes;
	}
}

void counter_take(struct counters *counters, const struct ruleset *observed,
		  uint64_t now_usec)
{
	struct show_count *counts = counter_alloc(counters->n_counts);
	size_t i;

	for (i = 0; i < counters->n_counts; i++)
		counts[i].id = counters->counts[i].id;
	for (i = 0; i < COUNTER_SETS; i++)
		counter_add_set(counts, counters->n_counts,
				ruleset_set(observed, counter_sets[i]));
	for (i = 0; i < counters->n_counts; i++) {
		const struct show_count *last = &counters->counts[i];

		counts[i].last_hit = last->last_hit;
		/* what was counted before the first look is of unknown age */
		if (counters->known && counts[i].packets &&
		    counts[i].packets != last->packets)
			counts[i].last_hit = (int64_t)(now_usec / 1000000);
	}
	free(counters->counts);
	counters->counts = counts;
	counters->known = true;
	counters->sampled_usec = now_usec;
}

int counter_sample(struct counters *counters, struct nft *nft,
		   const struct ruleset *desired, uint64_t now_usec)
{
	struct arena *arena = arena_new();
	uint64_t start = day_clock_usec();
	struct suspects suspects;
	const struct look *look;
	size_t i;
	int rc;

	suspects_init(&suspects, arena);
	for (i = 0; i < COUNTER_SETS; i++)
		suspects_add_set(&suspects, counter_sets[i]);
	rc = look_now(nft, &suspects, desired, day_offset_usec(), arena, &look);
	if (!rc) {
		counter_take(counters, look_observed(look), now_usec);
		counters->cost_usec = day_clock_usec() - start;
	}
	arena_free(arena);
	return rc;
}

void counter_free(struct counters *counters)
{
	free(counters->counts);
	memset(counters, 0, sizeof(*counters));
}
