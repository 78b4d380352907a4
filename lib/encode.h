/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ENCODE_H
#define SEKIMORI_ENCODE_H

#include "diff.h"

/**
 * struct batch - one nf_tables transaction, as bytes to be sent in one piece
 *
 * Sequence numbers count from 1 (BATCH_BEGIN) on.
 */
struct batch {
	uint8_t *data;
	size_t len;
	size_t size; /* allocated */
	uint32_t n_messages;
	uint64_t now_msec; /* from when on the kernel counts, at the latest */
	struct batch_origin *origins; /* by sequence number */
	size_t n_origins;
	size_t size_origins;
};

/**
 * encode_edits - the transaction that carries out @edits
 * @genid: generation that @observed was read at; the kernel refuses the batch
 *	with -ERESTART when it is no longer the current one; 0: whatever is
 *	current
 *
 * The caller frees the result with batch_free(). How long elements last that end
 * is counted from @edits->now_msec on, so that should be the present. Base chains are never
 * deleted, unless one of ours has been given another hook by somebody, or the
 * scope is EDIT_REPLACE.
 */
struct batch *encode_edits(const struct ruleset *observed,
			   const struct ruleset *desired,
			   const struct edits *edits, uint32_t genid);

/**
 * encode_replacement - the transaction that puts @desired in the place of
 *	whatever there is
 * @now_msec: the wall clock
 * @genid: as above, or 0: whatever is current
 *
 * Counters are lost, and for a moment no chain is on its hook: to be used where
 * edits will not do.
 */
struct batch *encode_replacement(const struct ruleset *desired,
				 uint64_t now_msec, uint32_t genid);

/** encode_withdraw - the transaction that deletes the table */
struct batch *encode_withdraw(uint32_t genid);

/**
 * encode_hold - the transaction that holds every packet back, or no longer
 *
 * By base chains that drop, in a table of their own.
 */
struct batch *encode_hold(bool hold);

/**
 * encode_probe - a transaction that the kernel accepts, and does not carry
 *	out, if a table can have an owner and persist
 */
struct batch *encode_probe(void);

/**
 * batch_make_dry - take its end from a transaction
 *
 * The kernel then checks all of it, and carries out nothing.
 */
void batch_make_dry(struct batch *batch);

void batch_free(struct batch *batch);

/**
 * batch_origin - what the message with sequence number @seq was about
 *
 * For the sentence about a refusal by the kernel, such as "elements of map hh4
 * (conduits a to b)". Writes at most @size bytes, NUL-terminated.
 */
void batch_origin(const struct batch *batch, uint32_t seq, char *buf,
		  size_t size);

#endif
