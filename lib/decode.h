/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DECODE_H
#define SEKIMORI_DECODE_H

#include "ruleset.h"

struct nlmsghdr;

/*
 * Netlink messages of nf_tables dumps -> ruleset. Feed the messages of the
 * dumps of tables, chains, sets, elements (after the sets), rules (after the
 * chains), objects and flowtables, in this order; what is in other tables is
 * passed over. Elements that end do so so much later than ruleset->now_msec, which
 * is to be set before. 0, or -EBADMSG for a message that is not well formed.
 * What is well formed but never made by the compiler is kept as EXPR_OTHER,
 * "has_other" or struct other, and so never equals anything.
 */
int decode_table(struct ruleset *ruleset, const struct nlmsghdr *nlh);
int decode_chain(struct ruleset *ruleset, const struct nlmsghdr *nlh);
int decode_set(struct ruleset *ruleset, const struct nlmsghdr *nlh);
int decode_elems(struct ruleset *ruleset, const struct nlmsghdr *nlh);
int decode_rule(struct ruleset *ruleset, const struct nlmsghdr *nlh);
int decode_object(struct ruleset *ruleset, const struct nlmsghdr *nlh);
int decode_flowtable(struct ruleset *ruleset, const struct nlmsghdr *nlh);

/**
 * decode_finish - join interval ends and sort; call it once at the end
 *
 * An element that was seen twice, as may happen in a dump, is kept once.
 */
int decode_finish(struct ruleset *ruleset);

#endif
