// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as netlink messages of nf_tables dumps: decoding refuses them or
 * makes a ruleset that can be sorted, digested, printed, compared, described,
 * encoded and carried out. A kernel does not send such messages, but nothing after the
 * decoder checks again.
 */
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "decode.h"
#include "describe.h"
#include "diff.h"
#include "encode.h"
#include "eval.h"
#include "program.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode_message(struct ruleset *ruleset, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
		return decode_table(ruleset, nlh);
	case NFT_MSG_NEWCHAIN:
		return decode_chain(ruleset, nlh);
	case NFT_MSG_NEWSET:
		return decode_set(ruleset, nlh);
	case NFT_MSG_NEWSETELEM:
		return decode_elems(ruleset, nlh);
	case NFT_MSG_NEWRULE:
		return decode_rule(ruleset, nlh);
	case NFT_MSG_NEWOBJ:
		return decode_object(ruleset, nlh);
	case NFT_MSG_NEWFLOWTABLE:
		return decode_flowtable(ruleset, nlh);
	}
	return 0;
}

static void use_ruleset(struct ruleset *ruleset, struct arena *arena)
{
	static const struct packet packet = {
		.iifname = "eth0", .oifname = "eth1", .family = 4, .ct_state = 8
	};
	struct set *sets[N_PROGRAM_SETS];
	struct ruleset *desired = program_build(arena, sets);
	char digest[DIGEST_TEXT];
	struct difference *differences;
	struct outcome outcome;
	struct edits *edits;
	size_t n_all;

	ruleset_sort(desired);
	ruleset_digest(ruleset, digest);
	free(text_ruleset(ruleset, NULL));
	eval_packet(ruleset, NF_INET_FORWARD, &packet, &outcome);
	edits = diff_rulesets(ruleset, desired, arena);
	batch_free(encode_edits(ruleset, desired, edits, 1));
	describe_edits(ruleset, desired, edits, 100, arena, &differences,
		       &n_all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct ruleset *ruleset = ruleset_new(arena);
	/* Messages are aligned and writable where they really come from. */
	void *copy = malloc(size + 1);
	const struct nlmsghdr *nlh = copy;
	int left = size;
	int err = 0;

	memcpy(copy, data, size);
	/* mnl_nlmsg_ok() takes lengths from 2 GiB on for negative ones. */
	while (!err && left >= (int)MNL_NLMSG_HDRLEN &&
	       nlh->nlmsg_len <= (uint32_t)left && mnl_nlmsg_ok(nlh, left)) {
		err = decode_message(ruleset, nlh);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	if (!err && !decode_finish(ruleset))
		use_ruleset(ruleset, arena);
	arena_free(arena);
	free(copy);
	return 0;
}
