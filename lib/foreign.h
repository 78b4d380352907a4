/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_FOREIGN_H
#define SEKIMORI_FOREIGN_H

/*
 * What others keep in nf_tables and x_tables, as far as it can take packets
 * past our table or change them on their way to it.
 */
#include "concern.h"
#include "policy.h"
#include "surround.h"

struct nlmsghdr;
struct foreign;

/** foreign_new - nothing is known yet; what is read lives in @arena */
struct foreign *foreign_new(struct arena *arena);

/*
 * Messages of dumps of all families. Our own table is passed over, but for
 * flowtables, of which it has none. 0, or -EBADMSG for a message that is not
 * well formed. Rules of a chain must come one after the other, as in a dump;
 * of a chain nothing is kept but what is of concern, however many rules it has.
 */
int foreign_table(struct foreign *foreign, const struct nlmsghdr *nlh);
int foreign_chain(struct foreign *foreign, const struct nlmsghdr *nlh);
int foreign_rule(struct foreign *foreign, const struct nlmsghdr *nlh);
int foreign_flowtable(struct foreign *foreign, const struct nlmsghdr *nlh);

/**
 * foreign_legacy - names of legacy x_tables that are loaded
 * @kind: "ip", "ip6", "arp"
 * @names: as in /proc/net/ip_tables_names, one on a line
 */
void foreign_legacy(struct foreign *foreign, const char *kind,
		    const char *names, size_t len);

/**
 * foreign_judge - what of it is of concern for this policy
 * @surroundings: which interface sits on which; NULL if not known
 */
void foreign_judge(const struct foreign *foreign, const struct policy *policy,
		   const struct surroundings *surroundings,
		   struct concerns *concerns);

#endif
