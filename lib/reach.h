/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_REACH_H
#define SEKIMORI_REACH_H

/*
 * Who can reach whom, compared between two policies: not what they say, but
 * what comes of it. A conduit that has another name, or that is covered by
 * another, makes no difference here.
 */
#include "merge.h"
#include "policy.h"
#include "term.h"

struct arena;

/**
 * struct reach - all the difference
 * @lines: no connection is in two of them; new permissions come first
 * @coarse: the same with fewer words: what each conduit has to do with it, as a
 *	whole, even where that holds in part only
 * @complete: false if there is more, which was too much to look at
 */
struct reach {
	struct reach_line *lines;
	size_t n_lines;
	struct reach_line *coarse;
	size_t n_coarse;
	bool complete;
};

/**
 * reach_compare - what @after permits otherwise than @before
 * @before: NULL: it permitted nothing
 * @terms_before, terms_after: of either, now
 *
 * Costs time by what differs, and a little by the size of the policies. Where
 * a packet comes in plays no part: it is taken to come from the zone that its
 * sender is in.
 */
struct reach *reach_compare(const struct policy *before,
			    const struct terms *terms_before,
			    const struct policy *after,
			    const struct terms *terms_after,
			    struct arena *arena);

/**
 * reach_zones - the addresses of each zone, by zone.index
 *
 * Less those of zones inside it and those that no host has.
 */
struct spans *reach_zones(const struct policy *policy, struct arena *arena);

/** reach_endpoint - the addresses of an endpoint; @zones as from reach_zones() */
struct spans reach_endpoint(const struct endpoint *e, const struct spans *zones,
			    struct arena *arena);

#endif
