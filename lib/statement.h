/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_STATEMENT_H
#define SEKIMORI_STATEMENT_H

struct nlattr;

/* What a statement of somebody's rule does to packets, as far as we care */
enum act {
	ACT_NONE, /* nothing of the kind: it looks, counts, logs, drops */
	ACT_FORWARD, /* sent out from the hook, past every other chain */
	ACT_DUPLICATE, /* a copy of it goes elsewhere */
	ACT_OFFLOAD, /* the rest of the connection goes past the chains */
	ACT_TPROXY, /* given to a local socket instead of being forwarded */
	ACT_CTMARK, /* the connection's mark is set */
	ACT_QUEUE, /* a program decides */
	ACT_NAT, /* addresses or ports are translated */
	ACT_NOTRACK, /* no connection is tracked */
	ACT_ZONE, /* connections are tracked in another zone */
	ACT_SYNPROXY, /* the gateway answers for the destination */
	ACT_REWRITE, /* other bytes of it are changed */
	ACT_MARK, /* the packet's mark is set */
	ACT_HEADER, /* hop limit, DSCP or TCP options are changed */
	ACT_UNKNOWN,
	N_ACTS
};

/**
 * statement_act - what one expression of a rule does
 * @expr: an attribute of NFTA_RULE_EXPRESSIONS
 * @name: how it is called; of what iptables-nft has made, the target's name.
 *	Points into @expr; written also if not known.
 *
 * The act, or -EBADMSG.
 */
int statement_act(const struct nlattr *expr, const char **name);

#endif
