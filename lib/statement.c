// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What statements in other people's rules do to packets. Easy to get wrong:
 * that a name is known is not enough, as "ct" and "meta" read in one rule and
 * write in another; and whatever is not known, be it an expression, a key or
 * an object, is ACT_UNKNOWN and never ACT_NONE.
 */
#include "statement.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_socket.h>

#include "attr.h"

/* One kind of statement: its act, or what finds it out */
struct statement {
	const char *name;
	enum act act;
	enum act (*judge)(const struct attrs *attrs);
};

static enum act judge_meta(const struct attrs *attrs)
{
	uint32_t key;

	if (!attrs->table[NFTA_META_SREG])
		return ACT_NONE;
	if (!get_u32(attrs, NFTA_META_KEY, &key))
		return ACT_UNKNOWN;
	switch (key) {
	case NFT_META_MARK:
		return ACT_MARK;
	case NFT_META_PRIORITY:
	case NFT_META_NFTRACE:
	case NFT_META_SECMARK:
		return ACT_NONE;
	case NFT_META_PKTTYPE: /* frames for others become frames for us */
		return ACT_REWRITE;
	}
	return ACT_UNKNOWN;
}

static enum act judge_ct(const struct attrs *attrs)
{
	uint32_t key;

	if (!attrs->table[NFTA_CT_SREG])
		return ACT_NONE;
	if (!get_u32(attrs, NFTA_CT_KEY, &key))
		return ACT_UNKNOWN;
	switch (key) {
	case NFT_CT_MARK:
		return ACT_CTMARK;
	case NFT_CT_ZONE:
		return ACT_ZONE;
	case NFT_CT_LABELS:
	case NFT_CT_EVENTMASK:
	case NFT_CT_SECMARK:
		return ACT_NONE;
	}
	return ACT_UNKNOWN;
}

static enum act judge_payload(const struct attrs *attrs)
{
	return attrs->table[NFTA_PAYLOAD_SREG] ? ACT_REWRITE : ACT_NONE;
}

/* Without a register an option is taken out. Only TCP's can be changed. */
static enum act judge_exthdr(const struct attrs *attrs)
{
	uint32_t op;

	if (attrs->table[NFTA_EXTHDR_DREG])
		return ACT_NONE;
	if (!get_u32(attrs, NFTA_EXTHDR_OP, &op) || op != NFT_EXTHDR_OP_TCPOPT)
		return ACT_UNKNOWN;
	return ACT_HEADER;
}

/* A verdict may be to queue, although nft has an expression for that. */
static enum act judge_immediate(const struct attrs *attrs)
{
	struct attrs data;
	uint32_t code;

	if (parse_nest(attrs->table[NFTA_IMMEDIATE_DATA], &data))
		return ACT_UNKNOWN;
	if (data.table[NFTA_DATA_VALUE])
		return ACT_NONE;
	if (parse_nest(data.table[NFTA_DATA_VERDICT], &data) ||
	    !get_u32(&data, NFTA_VERDICT_CODE, &code))
		return ACT_UNKNOWN;
	switch ((int32_t)code) {
	case NF_ACCEPT:
	case NF_DROP:
	case NFT_CONTINUE:
	case NFT_BREAK:
	case NFT_JUMP:
	case NFT_GOTO:
	case NFT_RETURN:
		return ACT_NONE;
	}
	return (code & NF_VERDICT_MASK) == NF_QUEUE ? ACT_QUEUE : ACT_UNKNOWN;
}

/*
 * Objects. Helpers and expectations make related connections, of which our
 * table lets nothing in but ICMP errors.
 */
static enum act judge_objref(const struct attrs *attrs)
{
	uint32_t type;

	/* otherwise a map chooses the object */
	if (!get_u32(attrs, NFTA_OBJREF_IMM_TYPE, &type))
		return ACT_UNKNOWN;
	switch (type) {
	case NFT_OBJECT_COUNTER:
	case NFT_OBJECT_QUOTA:
	case NFT_OBJECT_LIMIT:
	case NFT_OBJECT_CONNLIMIT:
	case NFT_OBJECT_CT_HELPER:
	case NFT_OBJECT_CT_TIMEOUT:
	case NFT_OBJECT_CT_EXPECT:
	case NFT_OBJECT_SECMARK:
		return ACT_NONE;
	case NFT_OBJECT_SYNPROXY:
		return ACT_SYNPROXY;
	}
	return ACT_UNKNOWN;
}

/* What x_tables keep of a target or a match, if it has @len bytes */
static const uint8_t *xt_info(const struct nlattr *info, size_t len)
{
	if (!info || mnl_attr_get_payload_len(info) < len)
		return NULL;
	return mnl_attr_get_payload(info);
}

static enum act judge_xt_connmark(const struct attrs *attrs)
{
	const uint8_t *info = xt_info(attrs->table[NFTA_TARGET_INFO],
				      sizeof(struct xt_connmark_tginfo2));
	uint32_t revision;

	if (!info || !get_u32(attrs, NFTA_TARGET_REV, &revision))
		return ACT_CTMARK;
	if (revision == 1)
		info += offsetof(struct xt_connmark_tginfo1, mode);
	else if (revision == 2)
		info += offsetof(struct xt_connmark_tginfo2, mode);
	else
		return ACT_CTMARK;
	/* Restoring means to set the packet's mark to the connection's. */
	return *info == XT_CONNMARK_RESTORE ? ACT_MARK : ACT_CTMARK;
}

static enum act judge_xt_ct(const struct attrs *attrs)
{
	struct xt_ct_target_info info;
	const uint8_t *bytes =
		xt_info(attrs->table[NFTA_TARGET_INFO], sizeof(info));

	if (!bytes)
		return ACT_UNKNOWN;
	memcpy(&info, bytes, sizeof(info));
	if (info.flags & XT_CT_NOTRACK)
		return ACT_NOTRACK;
	return info.zone || info.flags & XT_CT_ZONE_MARK ? ACT_ZONE : ACT_NONE;
}

/* Targets of x_tables, in the order of strcmp() */
static const struct statement targets[] = {
	{ .name = "AUDIT" },
	{ .name = "CHECKSUM" },
	{ .name = "CLASSIFY" },
	{ .name = "CLUSTERIP", .act = ACT_REWRITE },
	{ .name = "CONNMARK", .judge = judge_xt_connmark },
	{ .name = "CONNSECMARK" },
	{ .name = "CT", .judge = judge_xt_ct },
	{ .name = "DNAT", .act = ACT_NAT },
	{ .name = "DNPT", .act = ACT_REWRITE },
	{ .name = "DSCP", .act = ACT_HEADER },
	{ .name = "ECN", .act = ACT_HEADER },
	{ .name = "FLOWOFFLOAD", .act = ACT_OFFLOAD },
	{ .name = "HL", .act = ACT_HEADER },
	{ .name = "HMARK", .act = ACT_MARK },
	{ .name = "IDLETIMER" },
	{ .name = "LED" },
	{ .name = "LOG" },
	{ .name = "MARK", .act = ACT_MARK },
	{ .name = "MASQUERADE", .act = ACT_NAT },
	{ .name = "NETMAP", .act = ACT_NAT },
	{ .name = "NFLOG" },
	{ .name = "NFQUEUE", .act = ACT_QUEUE },
	{ .name = "NOTRACK", .act = ACT_NOTRACK },
	{ .name = "QUEUE", .act = ACT_QUEUE },
	{ .name = "RATEEST" },
	{ .name = "REDIRECT", .act = ACT_NAT },
	{ .name = "REJECT" },
	{ .name = "SAME", .act = ACT_NAT },
	{ .name = "SECMARK" },
	{ .name = "SNAT", .act = ACT_NAT },
	{ .name = "SNPT", .act = ACT_REWRITE },
	{ .name = "SYNPROXY", .act = ACT_SYNPROXY },
	{ .name = "TCPMSS", .act = ACT_HEADER },
	{ .name = "TCPOPTSTRIP", .act = ACT_HEADER },
	{ .name = "TEE", .act = ACT_DUPLICATE },
	{ .name = "TOS", .act = ACT_HEADER },
	{ .name = "TPROXY", .act = ACT_TPROXY },
	{ .name = "TRACE" },
	{ .name = "TTL", .act = ACT_HEADER },
	{ .name = "ULOG" },
	/* of frames on bridges, and of ARP */
	{ .name = "dnat", .act = ACT_REWRITE },
	{ .name = "log" },
	{ .name = "mangle", .act = ACT_REWRITE },
	{ .name = "mark", .act = ACT_MARK },
	{ .name = "nflog" },
	{ .name = "redirect", .act = ACT_REWRITE },
	{ .name = "snat", .act = ACT_REWRITE },
};

static int statement_order(const void *name, const void *statement)
{
	return strcmp(name, ((const struct statement *)statement)->name);
}

static enum act statement_judge(const struct statement *table, size_t n,
				const char *name, const struct attrs *attrs)
{
	const struct statement *found =
		bsearch(name, table, n, sizeof(*table), statement_order);

	if (!found)
		return ACT_UNKNOWN;
	return found->judge ? found->judge(attrs) : found->act;
}

static enum act judge_target(const struct attrs *attrs)
{
	const char *name = get_text(attrs, NFTA_TARGET_NAME);

	if (!name)
		return ACT_UNKNOWN;
	return statement_judge(targets, sizeof(targets) / sizeof(*targets),
			       name, attrs);
}

/* The kernel gives packets to matches as constants; this one gets around it. */
static enum act judge_match(const struct attrs *attrs)
{
	const char *name = get_text(attrs, NFTA_MATCH_NAME);
	const uint8_t *info;

	if (!name || strcmp(name, "socket"))
		return ACT_NONE;
	info = xt_info(attrs->table[NFTA_MATCH_INFO],
		       sizeof(struct xt_socket_mtinfo1));
	return info && *info & XT_SOCKET_RESTORESKMARK ? ACT_MARK : ACT_NONE;
}

/* Expressions of nf_tables, in the order of strcmp() */
static const struct statement expressions[] = {
	{ .name = "bitwise" },
	{ .name = "byteorder" },
	{ .name = "cmp" },
	{ .name = "connlimit" },
	{ .name = "counter" },
	{ .name = "ct", .judge = judge_ct },
	{ .name = "dup", .act = ACT_DUPLICATE },
	{ .name = "dynset" },
	{ .name = "exthdr", .judge = judge_exthdr },
	{ .name = "fib" },
	{ .name = "flow_offload", .act = ACT_OFFLOAD },
	{ .name = "fwd", .act = ACT_FORWARD },
	{ .name = "hash" },
	{ .name = "immediate", .judge = judge_immediate },
	{ .name = "inner" }, /* headers in a tunnel, which it can only read */
	{ .name = "last" },
	{ .name = "limit" },
	{ .name = "log" },
	{ .name = "lookup" },
	{ .name = "masq", .act = ACT_NAT },
	{ .name = "match", .judge = judge_match },
	{ .name = "meta", .judge = judge_meta },
	{ .name = "nat", .act = ACT_NAT },
	{ .name = "notrack", .act = ACT_NOTRACK },
	{ .name = "numgen" },
	{ .name = "objref", .judge = judge_objref },
	{ .name = "osf" },
	{ .name = "payload", .judge = judge_payload },
	{ .name = "queue", .act = ACT_QUEUE },
	{ .name = "quota" },
	{ .name = "range" },
	{ .name = "redir", .act = ACT_NAT },
	{ .name = "reject" },
	{ .name = "rt" },
	{ .name = "socket" },
	{ .name = "synproxy", .act = ACT_SYNPROXY },
	{ .name = "target", .judge = judge_target },
	{ .name = "tproxy", .act = ACT_TPROXY },
	{ .name = "tunnel" },
	{ .name = "xfrm" },
};

int statement_act(const struct nlattr *expr, const char **name)
{
	struct attrs attrs, data = { .beyond = false };
	const char *target;
	enum act act;

	if (parse_nest(expr, &attrs))
		return -EBADMSG;
	*name = get_text(&attrs, NFTA_EXPR_NAME);
	if (!*name)
		return -EBADMSG;
	/* "notrack", for example, says nothing more */
	if (attrs.table[NFTA_EXPR_DATA] &&
	    parse_nest(attrs.table[NFTA_EXPR_DATA], &data))
		return -EBADMSG;
	act = statement_judge(expressions,
			      sizeof(expressions) / sizeof(*expressions), *name,
			      &data);
	if (!strcmp(*name, "target")) {
		target = get_text(&data, NFTA_TARGET_NAME);
		*name = target ? target : *name;
	}
	return act;
}
