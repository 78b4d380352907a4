// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as netlink messages of dumps of other people's tables, and as
 * names of legacy ones: they are refused or become concerns whose texts can
 * stand in a log and in JSON as they are.
 */
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_message(struct foreign *foreign, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
		return foreign_table(foreign, nlh);
	case NFT_MSG_NEWCHAIN:
		return foreign_chain(foreign, nlh);
	case NFT_MSG_NEWRULE:
		return foreign_rule(foreign, nlh);
	case NFT_MSG_NEWFLOWTABLE:
		return foreign_flowtable(foreign, nlh);
	}
	foreign_legacy(foreign, "ip", mnl_nlmsg_get_payload(nlh),
		       mnl_nlmsg_get_payload_len(nlh));
	return 0;
}

static void must_be_plain(const char *text)
{
	if (!*text)
		abort();
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			abort();
}

static void judge(const struct foreign *foreign, struct arena *arena)
{
	const char *interfaces[] = { "eth0" };
	struct zone zones[] = {
		{ .name = "gateway" },
		{ .name = "a", .interfaces = interfaces, .n_interfaces = 1 },
	};
	struct link links[] = {
		{ .name = "eth0", .lower = "eth1" },
		{ .name = "eth1", .lower = "eth0", .master = "eth0" },
	};
	struct policy policy = { .zones = zones, .n_zones = 2 };
	struct surroundings around = { .links = links, .n_links = 2 };
	struct concerns concerns;
	size_t i;

	concerns_init(&concerns, arena);
	foreign_judge(foreign, &policy, &around, &concerns);
	concerns_sort(&concerns);
	for (i = 0; i < concerns.n; i++) {
		must_be_plain(concerns.list[i].subject);
		must_be_plain(concerns.list[i].text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct foreign *foreign = foreign_new(arena);
	/* Messages are aligned and writable where they really come from. */
	void *copy = malloc(size + 1);
	const struct nlmsghdr *nlh = copy;
	int left = size;

	memcpy(copy, data, size);
	/* mnl_nlmsg_ok() takes lengths from 2 GiB on for negative ones. */
	while (left >= (int)MNL_NLMSG_HDRLEN &&
	       nlh->nlmsg_len <= (uint32_t)left && mnl_nlmsg_ok(nlh, left)) {
		read_message(foreign, nlh);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	judge(foreign, arena);
	arena_free(arena);
	free(copy);
	return 0;
}
