/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_NFT_H
#define SEKIMORI_NFT_H

/*
 * A netlink socket to nf_tables in this network namespace. The daemon has
 * several: one that commits, and so owns the table; one that reads; one that
 * is notified. A socket carries on one exchange at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "encode.h"
#include "ruleset.h"

struct arena;
struct nft;
struct nlmsghdr;

/** nft_open - a new socket; 0 or -errno */
int nft_open(struct nft **nft);
void nft_close(struct nft *nft);

int nft_fd(const struct nft *nft);

/** nft_port - its address, which the kernel puts on what is done through it */
uint32_t nft_port(const struct nft *nft);

/** nft_generation - the kernel's current generation id */
int nft_generation(struct nft *nft, uint32_t *genid);

/**
 * struct nft_query - what to read
 * @type: NFT_MSG_GETTABLE, GETCHAIN, GETSET, GETSETELEM, GETRULE, GETOBJ or
 *	GETFLOWTABLE
 * @family: NFPROTO_INET; NFPROTO_UNSPEC for all
 * @table: NULL for all; chains are always read of all tables
 * @set: of GETSETELEM
 * @keys: only these elements, n_keys times key_len bytes; NULL for all. Those
 *	that do not exist are left out. At most NFT_KEYS_MAX.
 */
#define NFT_KEYS_MAX 64
struct nft_query {
	uint16_t type;
	uint8_t family;
	const char *table, *set;
	const uint8_t *keys;
	uint32_t key_len;
	size_t n_keys;
};

/** nft_ask - start reading; 0 or -errno. nft_answer() is to be called next. */
int nft_ask(struct nft *nft, const struct nft_query *query);

/**
 * nft_answer - one piece of the answer, at most 64 KiB
 * @visit: called for each message; what it returns, if not 0, is returned
 *	when the answer has been read to its end
 *
 * 1: there is more. 0: that was all. -EINTR: that was all, but a commit came
 * in between, so objects may be missing. Else -errno; there is no more then.
 */
int nft_answer(struct nft *nft,
	       int (*visit)(void *data, const struct nlmsghdr *nlh),
	       void *data);

/** nft_give_up - want no more of the answer that is under way; 0 or -errno */
int nft_give_up(struct nft *nft);

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

/** nft_can_own - does this kernel know owner and persist together (6.9)? */
bool nft_can_own(struct nft *nft);

/* Be notified of every commit on this socket, or no longer; 0 or -errno */
int nft_join(struct nft *nft);
int nft_leave(struct nft *nft);

/**
 * nft_notified - the notifications that have come in
 *
 * Does not wait. 0 when there are no more, or -ENOBUFS when some were lost.
 */
int nft_notified(struct nft *nft,
		 void (*visit)(void *data, const struct nlmsghdr *nlh),
		 void *data);

/**
 * struct nft_author - who has committed, as the kernel says
 * @genid: the generation that it has made
 * @port: of the socket that it was done through
 * @comm: the name of the process, as it calls itself
 */
struct nft_author {
	uint32_t genid, port, pid;
	char comm[17];
};

/** nft_is_commit - is this the message (NEWGEN) that ends each transaction? */
bool nft_is_commit(const struct nlmsghdr *nlh, struct nft_author *author);

#endif
