// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The barrier. Easy to get wrong: nobody may forget to raise it again; so
 * whoever finds the table right raises it, whoever had lowered it, and also when
 * that was an earlier run of the daemon.
 */
#include "barrier.h"

#include <errno.h>

#include "encode.h"
#include "log.h"

int barrier_lower(struct barrier *barrier)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct batch *batch = encode_hold(true);
	size_t n_refusals;
	int rc = nft_commit(barrier->nft, batch, refusals, &n_refusals);

	batch_free(batch);
	if (!rc)
		barrier->is_down = barrier->may_be_down = true;
	return rc;
}

void barrier_lower_for_thief(struct barrier *barrier)
{
	bool was_down = barrier->is_down;
	struct log_line line;

	/* again and again: somebody may have taken it away */
	if (barrier_lower(barrier) || was_down)
		return;
	log_begin(&line, "SEKI-HOLD",
		  "Another process owns the table and cannot be kept from "
		  "changing it; until it ends, every packet is held back");
	log_end(&line, LOG_ALERT);
}

/* That nothing is held back is the usual case, and no mistake. */
void barrier_raise(struct barrier *barrier)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct batch *batch;
	size_t n_refusals;
	int rc;

	if (!barrier->may_be_down)
		return;
	batch = encode_hold(false);
	rc = nft_commit(barrier->nft, batch, refusals, &n_refusals);
	batch_free(batch);
	if (rc && rc != -ENOENT)
		return; /* tried again when the table was next found right */
	barrier->is_down = barrier->may_be_down = false;
}
