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
	struct batch_origin *origins; /* by sequence number */
	size_t n_origins;
	size_t size_origins;
};

/**
 * encode_edits - the transaction that carries out @edits
 * @genid: generation that @observed was read at; the kernel refuses the batch
 *	with -ERESTART when it is no longer the current one
 *
 * The caller frees the result with batch_free(). Base chains are never
 * deleted, unless one of ours has been given another hook by somebody.
 */
struct batch *encode_edits(const struct ruleset *observed,
			   const struct ruleset *desired,
			   const struct edits *edits, uint32_t genid);

/** encode_withdraw - the transaction that deletes the table */
struct batch *encode_withdraw(uint32_t genid);

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
