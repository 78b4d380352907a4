/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_LOOK_H
#define SEKIMORI_LOOK_H

/*
 * Reading the table back, or what is suspect of it, a piece at a time.
 */
#include "nft.h"
#include "ruleset.h"
#include "suspect.h"

struct look;

/**
 * look_begin - start to read
 * @nft: used by this look alone until look_end()
 * @suspects: what to read. May grow meanwhile, which the look does not see:
 *	then its result is of no use, as the kernel has changed under it.
 * @desired: what is not read is taken to be as it says; sorted. Elements of
 *	sets that it does not have are not read. NULL: read those of all sets.
 * @offset_usec: of the wall clock from CLOCK_MONOTONIC, as the caller has taken
 *	it; so nothing seems to end at another time when the clock is set
 * @arena: where the look and what it finds live
 */
struct look *look_begin(struct nft *nft, const struct suspects *suspects,
			const struct ruleset *desired, int64_t offset_usec,
			struct arena *arena);

/**
 * look_step - read one piece
 *
 * 1: there is more. 0: that was all. Else -errno: the look has failed.
 */
int look_step(struct look *look);

/* What was found, and, if there is something desired, what should have been */
const struct ruleset *look_observed(const struct look *look);
const struct ruleset *look_expected(const struct look *look);

/** look_end - to be called before the arena is freed; NULL is fine */
void look_end(struct look *look);

/**
 * look_now - the same in one go
 * @look: what look_observed() and look_expected() take; it has ended
 *
 * 0 or -errno.
 */
int look_now(struct nft *nft, const struct suspects *suspects,
	     const struct ruleset *desired, int64_t offset_usec,
	     struct arena *arena, const struct look **look);

/**
 * look_all - the whole table, at one generation
 * @arena: where the ruleset lives
 * @genid: the generation that was read
 *
 * Reads again, up to 32 times, when a commit came in between; then -EAGAIN.
 * No table: a ruleset with exists == false.
 */
int look_all(struct nft *nft, struct arena *arena, struct ruleset **ruleset,
	     uint32_t *genid);

#endif
