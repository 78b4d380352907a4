/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_BARRIER_H
#define SEKIMORI_BARRIER_H

/*
 * A table of its own that drops every packet, for when ours cannot be relied
 * on for a moment, or is in other hands.
 */
#include <stdbool.h>

#include "nft.h"

/**
 * struct barrier
 * @is_down: every packet is held back
 * @may_be_down: by us, or by an earlier run that was cut short
 */
struct barrier {
	struct nft *nft;
	bool is_down, may_be_down;
};

/** barrier_lower - hold every packet back; 0 or -errno */
int barrier_lower(struct barrier *barrier);

/**
 * barrier_lower_for_thief - the same, as another process owns our table, who can
 *	make it let pass what he likes; logged
 */
void barrier_lower_for_thief(struct barrier *barrier);

/** barrier_raise - let them go, if they may be held back; else nothing is done */
void barrier_raise(struct barrier *barrier);

#endif
