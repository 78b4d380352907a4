/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_NFT_H
#define SEKIMORI_NFT_H

#include <stdint.h>

#include "encode.h"
#include "ruleset.h"

struct arena;
struct nft;

/** nft_open - a netlink socket to nf_tables in this network namespace */
int nft_open(struct nft **nft);
void nft_close(struct nft *nft);

/** nft_generation - the kernel's current generation id */
int nft_generation(struct nft *nft, uint32_t *genid);

/**
 * nft_read - the table as the kernel holds it, at one generation
 * @arena: where the ruleset lives
 * @genid: the generation that was read
 *
 * A dump that a commit interrupted is made again, up to 32 times; then
 * -EAGAIN. No table: a ruleset with exists == false.
 */
int nft_read(struct nft *nft, struct arena *arena, struct ruleset **ruleset,
	     uint32_t *genid);

/** nft_read_set - elements (with counters) of the named set only */
int nft_read_set(struct nft *nft, const char *name, struct arena *arena,
		 struct ruleset **ruleset);

/**
 * struct nft_refusal - one message of a batch that the kernel refused
 */
struct nft_refusal {
	int error; /* positive errno */
	char origin[256]; /* batch_origin() */
};
#define NFT_REFUSALS_MAX 16

/**
 * nft_commit - carry out one transaction
 * @refusals: room for NFT_REFUSALS_MAX entries
 * @n_refusals: how many were filled
 *
 * 0, or -ERESTART when the generation was no longer current and nothing was
 * done, or the first refusal's -errno, and nothing was done.
 */
int nft_commit(struct nft *nft, const struct batch *batch,
	       struct nft_refusal *refusals, size_t *n_refusals);

#endif
