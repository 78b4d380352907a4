// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Edits to one nf_tables transaction. Tables, chains, sets and rules go
 * through libnftnl; elements, of which there may be hundreds of thousands,
 * are written attribute by attribute with libmnl: a third of the time and a
 * sixth of the memory of building an object for each.
 *
 * Easy to get wrong: the order. What departs goes before what arrives, and
 * what refers to something before that: rules, elements of verdict maps, sets,
 * objects, chains. Rules come back before the elements: the kernel searches a
 * full map for loops with each rule that uses it. And a base chain is not
 * deleted to be made anew as long as it is on its hook, for between the two
 * packets would pass.
 */
#include "encode.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"

/* Room that any one message fits in; a nested attribute ends at 64 KiB. */
#define MESSAGE_MAX (128 * 1024)
/* Tables that are there for a moment, or never */
#define HOLD_TABLE "sekimori_hold"
#define PROBE_TABLE "sekimori_probe"

/*
 * What it may take from here until the kernel begins to count, which it does for
 * each element when it comes to it. At most so much that it does not look as if
 * somebody had moved the end, or taken the element out.
 */
#define DELAY_MSEC 500
#define DELAY_MSEC_MAX 2000
#define DELAY_ELEMS 200 /* in a millisecond; it was measured to take 1000 */

#define ELEMS_MAX 60000
#define COMMENT_MAX 127 /* what nft 1.0.6 shows */

struct batch_origin {
	const char *what; /* "elements of map", "rule of chain", ... */
	const char *name;
	const char *first, *last; /* comments of elements */
};

static void *check(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

/* A place for the next message, whose origin is @what @name */
static void *batch_next(struct batch *b, const char *what, const char *name)
{
	if (b->size - b->len < MESSAGE_MAX) {
		b->size = 2 * b->size + 2 * MESSAGE_MAX;
		b->data = check(realloc(b->data, b->size));
	}
	if (b->n_origins == b->size_origins) {
		b->size_origins = 2 * b->size_origins + 64;
		b->origins = check(realloc(
			b->origins, b->size_origins * sizeof(*b->origins)));
	}
	b->origins[b->n_origins++] =
		(struct batch_origin){ what, name, NULL, NULL };
	b->n_messages++;
	return b->data + b->len;
}

static struct nlmsghdr *message_start(struct batch *b, uint16_t type,
				      uint16_t flags, const char *what,
				      const char *name)
{
	void *at = batch_next(b, what, name);

	return nftnl_nlmsg_build_hdr(at, type, NFPROTO_INET, flags,
				     b->n_messages);
}

static void message_end(struct batch *b, const struct nlmsghdr *nlh)
{
	assert(nlh->nlmsg_len <= MESSAGE_MAX);
	b->len += MNL_ALIGN(nlh->nlmsg_len);
}

static struct batch *batch_begin(uint32_t genid)
{
	struct batch *b = check(calloc(1, sizeof(*b)));
	struct nlmsghdr *nlh;

	nlh = nftnl_batch_begin(batch_next(b, "batch", "begin"), 1);
	if (genid)
		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(genid));
	message_end(b, nlh);
	return b;
}

static void batch_end(struct batch *b)
{
	void *at = batch_next(b, "batch", "end");

	message_end(b, nftnl_batch_end(at, b->n_messages));
}

void batch_make_dry(struct batch *batch)
{
	const size_t end = MNL_ALIGN(NLMSG_HDRLEN + sizeof(struct nfgenmsg));
	const struct nlmsghdr *last =
		(const void *)(batch->data + batch->len - end);

	assert(last->nlmsg_type == NFNL_MSG_BATCH_END);
	batch->len -= end;
	batch->n_messages--;
	batch->n_origins--;
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	free(batch->data);
	free(batch->origins);
	free(batch);
}

static void encode_table(struct batch *b, uint16_t type, uint16_t flags,
			 const char *name, const uint32_t *table_flags)
{
	struct nftnl_table *table = check(nftnl_table_alloc());
	struct nlmsghdr *nlh;

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
	nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, NFPROTO_INET);
	if (table_flags)
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, *table_flags);
	nlh = message_start(b, type, flags, "table", name);
	nftnl_table_nlmsg_build_payload(nlh, table);
	message_end(b, nlh);
	nftnl_table_free(table);
}

static void encode_chain(struct batch *b, uint16_t type, uint16_t flags,
			 const char *table, const struct chain *chain)
{
	struct nftnl_chain *c = check(nftnl_chain_alloc());
	struct nlmsghdr *nlh;

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain->name);
	if (chain->is_base && type == NFT_MSG_NEWCHAIN) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, chain->type);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, chain->hook);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, chain->priority);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, chain->policy);
	}
	nlh = message_start(b, type, flags, "chain", chain->name);
	nftnl_chain_nlmsg_build_payload(nlh, c);
	message_end(b, nlh);
	nftnl_chain_free(c);
}

/* What nft needs to know to list the set as it was meant */
static void describe_set(struct nftnl_set *s, const struct set *set)
{
	enum { HOST_ENDIAN = 1, IFNAME = 41 }; /* nft's numbers */
	struct nftnl_udata_buf *udata =
		check(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN));

	/* In a key of several fields nft knows the order of each. */
	if (set->key_type == IFNAME)
		nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_KEYBYTEORDER,
				    HOST_ENDIAN);
	if (set->flags & NFT_SET_MAP && set->data_type != NFT_DATA_VERDICT)
		nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_DATABYTEORDER,
				    HOST_ENDIAN);
	if (set->comment)
		nftnl_udata_put_strz(udata, NFTNL_UDATA_SET_COMMENT,
				     set->comment);
	nftnl_set_set_data(s, NFTNL_SET_USERDATA, nftnl_udata_buf_data(udata),
			   nftnl_udata_buf_len(udata));
	nftnl_udata_buf_free(udata);
}

static void encode_set(struct batch *b, uint16_t type, uint16_t flags,
		       const struct set *set)
{
	struct nftnl_set *s = check(nftnl_set_alloc());
	struct nlmsghdr *nlh;

	nftnl_set_set_str(s, NFTNL_SET_TABLE, RULESET_TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, set->name);
	nftnl_set_set_u32(s, NFTNL_SET_FAMILY, NFPROTO_INET);
	if (type == NFT_MSG_NEWSET) {
		nftnl_set_set_u32(s, NFTNL_SET_ID, b->n_messages);
		nftnl_set_set_u32(s, NFTNL_SET_FLAGS, set->flags);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, set->key_type);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, set->key_len);
		if (set->size)
			nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, set->size);
		if (set->flags & NFT_SET_MAP) {
			nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE,
					  set->data_type);
			nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, set->data_len);
		}
		if (set->counts)
			nftnl_set_add_expr(s,
					   check(nftnl_expr_alloc("counter")));
		describe_set(s, set);
	}
	nlh = message_start(b, type, flags, "set", set->name);
	nftnl_set_nlmsg_build_payload(nlh, s);
	message_end(b, nlh);
	nftnl_set_free(s);
}

static uint32_t reg_number(int8_t reg)
{
	return reg == REG_VERDICT ? NFT_REG_VERDICT : NFT_REG32_00 + reg;
}

static struct nftnl_expr *encode_access(const struct expr *expr,
					const char *name, uint16_t key,
					uint16_t sreg, uint16_t dreg)
{
	struct nftnl_expr *e = check(nftnl_expr_alloc(name));

	nftnl_expr_set_u32(e, key, expr->key);
	if (expr->writes)
		nftnl_expr_set_u32(e, sreg, reg_number(expr->sreg));
	else
		nftnl_expr_set_u32(e, dreg, reg_number(expr->dreg));
	return e;
}

static struct nftnl_expr *encode_payload(const struct expr *expr)
{
	struct nftnl_expr *e = check(nftnl_expr_alloc("payload"));

	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, expr->key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, expr->offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, expr->len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg_number(expr->dreg));
	return e;
}

static struct nftnl_expr *encode_exthdr(const struct expr *expr)
{
	struct nftnl_expr *e = check(nftnl_expr_alloc("exthdr"));

	nftnl_expr_set_u8(e, NFTNL_EXPR_EXTHDR_TYPE, expr->key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OFFSET, 0);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_LEN, expr->len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OP, expr->offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_FLAGS, expr->flags);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_DREG, reg_number(expr->dreg));
	return e;
}

static struct nftnl_expr *encode_fib(const struct expr *expr)
{
	struct nftnl_expr *e = check(nftnl_expr_alloc("fib"));

	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_RESULT, expr->key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_FLAGS, expr->flags);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_DREG, reg_number(expr->dreg));
	return e;
}

static struct nftnl_expr *encode_bitwise(const struct expr *expr)
{
	static const uint8_t zero[sizeof(expr->data)];
	struct nftnl_expr *e = check(nftnl_expr_alloc("bitwise"));

	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, reg_number(expr->sreg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, reg_number(expr->dreg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, expr->len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, expr->data, expr->len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, expr->len);
	return e;
}

static struct nftnl_expr *encode_cmp(const struct expr *expr)
{
	struct nftnl_expr *e = check(nftnl_expr_alloc("cmp"));

	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, reg_number(expr->sreg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, expr->key);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, expr->data, expr->len);
	return e;
}

static struct nftnl_expr *encode_lookup(const struct expr *expr)
{
	struct nftnl_expr *e = check(nftnl_expr_alloc("lookup"));

	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, expr->name);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, reg_number(expr->sreg));
	if (expr->has_dreg)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG,
				   reg_number(expr->dreg));
	if (expr->flags)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, expr->flags);
	return e;
}

static struct nftnl_expr *encode_immediate(const struct expr *expr)
{
	struct nftnl_expr *e = check(nftnl_expr_alloc("immediate"));

	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, reg_number(expr->dreg));
	if (expr->dreg != REG_VERDICT) {
		nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, expr->data, expr->len);
		return e;
	}
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, expr->verdict.code);
	if (expr->verdict.chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN,
				   expr->verdict.chain);
	return e;
}

static struct nftnl_expr *encode_expr(const struct expr *expr)
{
	switch (expr->type) {
	case EXPR_META:
		return encode_access(expr, "meta", NFTNL_EXPR_META_KEY,
				     NFTNL_EXPR_META_SREG,
				     NFTNL_EXPR_META_DREG);
	case EXPR_CT:
		return encode_access(expr, "ct", NFTNL_EXPR_CT_KEY,
				     NFTNL_EXPR_CT_SREG, NFTNL_EXPR_CT_DREG);
	case EXPR_PAYLOAD:
		return encode_payload(expr);
	case EXPR_EXTHDR:
		return encode_exthdr(expr);
	case EXPR_FIB:
		return encode_fib(expr);
	case EXPR_BITWISE:
		return encode_bitwise(expr);
	case EXPR_CMP:
		return encode_cmp(expr);
	case EXPR_LOOKUP:
		return encode_lookup(expr);
	case EXPR_IMMEDIATE:
		return encode_immediate(expr);
	case EXPR_COUNTER:
		return check(nftnl_expr_alloc("counter"));
	case EXPR_OTHER:
		break;
	}
	assert(!"the compiler makes no other expression");
	return NULL;
}

static void encode_rule(struct batch *b, const struct rule_edit *edit)
{
	const struct rule *rule = edit->rule;
	struct nftnl_rule *r = check(nftnl_rule_alloc());
	struct nftnl_udata_buf *udata = NULL;
	uint16_t flags = NLM_F_CREATE;
	struct nlmsghdr *nlh;
	size_t i;

	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, RULESET_TABLE);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, edit->chain->name);
	nftnl_rule_set_u32(r, NFTNL_RULE_FAMILY, NFPROTO_INET);
	/* Without "append" it goes in front of the rule at the position. */
	if (edit->before)
		nftnl_rule_set_u64(r, NFTNL_RULE_POSITION, edit->before);
	else
		flags |= NLM_F_APPEND;
	for (i = 0; i < rule->n_exprs; i++)
		nftnl_rule_add_expr(r, encode_expr(&rule->exprs[i]));
	if (rule->comment) {
		udata = check(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN));
		nftnl_udata_put_strz(udata, NFTNL_UDATA_RULE_COMMENT,
				     rule->comment);
		nftnl_rule_set_data(r, NFTNL_RULE_USERDATA,
				    nftnl_udata_buf_data(udata),
				    nftnl_udata_buf_len(udata));
	}
	nlh = message_start(b, NFT_MSG_NEWRULE, flags, "rule of chain",
			    edit->chain->name);
	nftnl_rule_nlmsg_build_payload(nlh, r);
	message_end(b, nlh);
	if (udata)
		nftnl_udata_buf_free(udata);
	nftnl_rule_free(r);
}

/* One rule, or all of the chain */
static void encode_rule_deletion(struct batch *b, const struct rule_edit *edit)
{
	struct nlmsghdr *nlh = message_start(
		b, NFT_MSG_DELRULE, 0, "rules of chain", edit->chain->name);

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, edit->chain->name);
	if (edit->rule)
		mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE,
				 htobe64(edit->rule->handle));
	message_end(b, nlh);
}

static void put_data(struct nlmsghdr *nlh, uint16_t type, const void *data,
		     size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, data);
	mnl_attr_nest_end(nlh, nest);
}

static void put_verdict(struct nlmsghdr *nlh, const struct verdict *verdict)
{
	struct nlattr *data = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);

	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl(verdict->code));
	if (verdict->chain)
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, verdict->chain);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, data);
}

static void put_comment(struct nlmsghdr *nlh, const char *comment)
{
	uint8_t udata[2 + COMMENT_MAX + 1];
	size_t len = strlen(comment);

	if (len > COMMENT_MAX)
		len = COMMENT_MAX;
	/* libnftnl's TLV: type, length with the NUL, value */
	udata[0] = NFTNL_UDATA_SET_ELEM_COMMENT;
	udata[1] = len + 1;
	memcpy(udata + 2, comment, len);
	udata[2 + len] = '\0';
	mnl_attr_put(nlh, NFTA_SET_ELEM_USERDATA, len + 3, udata);
}

/* When the kernel will have come to the last one of @n elements */
static uint64_t later(uint64_t now_msec, size_t n)
{
	uint64_t delay_msec = DELAY_MSEC + n / DELAY_ELEMS;

	return now_msec +
	       (delay_msec < DELAY_MSEC_MAX ? delay_msec : DELAY_MSEC_MAX);
}

static void put_elem(struct nlmsghdr *nlh, const struct set *set,
		     const struct elem *elem, bool add, uint64_t now_msec)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);

	put_data(nlh, NFTA_SET_ELEM_KEY, elem->key, set->key_len);
	if (add && set->flags & NFT_SET_MAP) {
		if (set->data_type == NFT_DATA_VERDICT)
			put_verdict(nlh, elem->verdict);
		else
			put_data(nlh, NFTA_SET_ELEM_DATA, &elem->mark,
				 sizeof(elem->mark));
	}
	if (add && elem->end_msec)
		mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT,
				 htobe64(elem->end_msec - now_msec));
	if (add && elem->comment)
		put_comment(nlh, elem->comment);
	mnl_attr_nest_end(nlh, nest);
}

/* In an interval set a second element marks the first key behind the range. */
static void put_interval_end(struct nlmsghdr *nlh, const struct set *set,
			     const struct elem *elem)
{
	uint8_t next[KEY_MAX];
	size_t i = set->key_len;
	struct nlattr *nest;

	memcpy(next, elem->key + set->key_len, set->key_len);
	while (i && !++next[i - 1])
		i--;
	if (!i)
		return; /* nothing is behind it */
	nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	put_data(nlh, NFTA_SET_ELEM_KEY, next, set->key_len);
	mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS,
			 htonl(NFT_SET_ELEM_INTERVAL_END));
	mnl_attr_nest_end(nlh, nest);
}

static void put_catchall(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);

	mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS,
			 htonl(NFT_SET_ELEM_CATCHALL));
	mnl_attr_nest_end(nlh, nest);
}

static void put_elem_edit(struct nlmsghdr *nlh, const struct elem_edit *edit,
			  bool add, uint64_t now_msec)
{
	if (edit->implied)
		return;
	if (edit->what == ELEM_CATCHALL) {
		put_catchall(nlh);
		return;
	}
	if (add && edit->elem->end_msec && edit->elem->end_msec <= now_msec)
		return;
	put_elem(nlh, edit->set, edit->elem, add, now_msec);
	if (set_is_interval(edit->set))
		put_interval_end(nlh, edit->set, edit->elem);
}

/* As many of the edits as fit, all of one set */
static size_t encode_elems(struct batch *b, const struct elem_edit *edits,
			   size_t n, bool add)
{
	const char *first = NULL, *last = NULL;
	const struct set *set = edits->set;
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	size_t i;

	nlh = message_start(b, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
			    add ? NLM_F_CREATE : 0, "elements of set",
			    set->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
	nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (i = 0; i < n; i++) {
		if (edits[i].set != set || nlh->nlmsg_len > ELEMS_MAX)
			break;
		put_elem_edit(nlh, &edits[i], add, b->now_msec);
	}
	mnl_attr_nest_end(nlh, nest);
	message_end(b, nlh);
	if (edits[0].elem && edits[i - 1].elem) {
		first = edits[0].elem->comment;
		last = edits[i - 1].elem->comment;
	}
	b->origins[b->n_origins - 1].first = first;
	b->origins[b->n_origins - 1].last = last;
	return i;
}

/* Without a list of elements this means all; the rest of them is implied. */
static size_t encode_flush(struct batch *b, const struct elem_edit *edits,
			   size_t n)
{
	const struct set *set = edits->set;
	struct nlmsghdr *nlh = message_start(b, NFT_MSG_DELSETELEM, 0,
					     "elements of set", set->name);
	size_t i;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
	message_end(b, nlh);
	for (i = 1; i < n && edits[i].set == set; i++)
		assert(edits[i].implied);
	return i;
}

static void encode_all_elems(struct batch *b, const struct elem_edit *edits,
			     size_t n, bool add)
{
	size_t i = 0;

	while (i < n)
		if (edits[i].what == ELEM_ALL)
			i += encode_flush(b, edits + i, n - i);
		else
			i += encode_elems(b, edits + i, n - i, add);
}

static void encode_other(struct batch *b, const struct other *other)
{
	struct nlmsghdr *nlh;

	switch (other->kind) {
	case OTHER_OBJECT:
		nlh = message_start(b, NFT_MSG_DELOBJ, 0, "object",
				    other->name);
		mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, RULESET_TABLE);
		mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, other->name);
		mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(other->type));
		message_end(b, nlh);
		break;
	case OTHER_FLOWTABLE:
		nlh = message_start(b, NFT_MSG_DELFLOWTABLE, 0, "flowtable",
				    other->name);
		mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_TABLE, RULESET_TABLE);
		mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_NAME, other->name);
		message_end(b, nlh);
		break;
	}
}

static void encode_rules(struct batch *b, const struct edits *edits, bool add)
{
	size_t i;

	for (i = 0; i < edits->n_rules; i++) {
		const struct rule_edit *edit = &edits->rules[i];

		if (edit->add != add || edit->implied)
			continue;
		if (add)
			encode_rule(b, edit);
		else
			encode_rule_deletion(b, edit);
	}
}

/* What refers to others goes before them. */
static void encode_departures(struct batch *b, const struct edits *edits)
{
	size_t i;

	encode_rules(b, edits, false);
	encode_all_elems(b, edits->deleted, edits->n_deleted, false);
	for (i = 0; i < edits->n_sets; i++)
		if (edits->sets[i].have && !edits->sets[i].implied)
			encode_set(b, NFT_MSG_DELSET, 0, edits->sets[i].have);
	for (i = 0; i < edits->n_others; i++)
		encode_other(b, &edits->others[i]);
	for (i = 0; i < edits->n_chains; i++) {
		const struct chain_edit *edit = &edits->chains[i];

		if (edit->have && !edit->implied &&
		    (!edit->want || edit->remake))
			encode_chain(b, NFT_MSG_DELCHAIN, 0, RULESET_TABLE,
				     edit->have);
	}
}

static bool is_new_base(const struct chain_edit *edit)
{
	return edit->want && !edit->have && edit->want->is_base;
}

/*
 * The table itself, and base chains that are missing. In one transaction the
 * kernel takes these before new flags of a table only, and all other changes of
 * base chains behind them only.
 */
static void encode_frame(struct batch *b, const struct edits *edits,
			 bool exists)
{
	size_t i;

	if (edits->make_table && !exists)
		encode_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, RULESET_TABLE,
			     &edits->table_flags);
	for (i = 0; i < edits->n_chains; i++)
		if (is_new_base(&edits->chains[i]))
			encode_chain(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE,
				     RULESET_TABLE, edits->chains[i].want);
	if (edits->make_table && exists)
		encode_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, RULESET_TABLE,
			     &edits->table_flags);
}

static void encode_arrivals(struct batch *b, const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n_sets; i++)
		if (edits->sets[i].want)
			encode_set(b, NFT_MSG_NEWSET, NLM_F_CREATE,
				   edits->sets[i].want);
	for (i = 0; i < edits->n_chains; i++)
		if (edits->chains[i].want && !is_new_base(&edits->chains[i]))
			encode_chain(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE,
				     RULESET_TABLE, edits->chains[i].want);
	encode_rules(b, edits, true);
	encode_all_elems(b, edits->added, edits->n_added, true);
}

struct batch *encode_edits(const struct ruleset *observed,
			   const struct ruleset *desired,
			   const struct edits *edits, uint32_t genid)
{
	struct batch *b;

	if (edits->scope == EDIT_REPLACE)
		return encode_replacement(desired, edits->now_msec, genid);
	b = batch_begin(genid);
	b->now_msec = later(edits->now_msec, edits->n_added);
	encode_frame(b, edits, observed->exists);
	encode_departures(b, edits);
	encode_arrivals(b, edits);
	batch_end(b);
	return b;
}

struct batch *encode_replacement(const struct ruleset *desired,
				 uint64_t now_msec, uint32_t genid)
{
	struct arena *arena = arena_new();
	const struct edits *edits =
		diff_rulesets(ruleset_new(arena), desired, arena);
	struct batch *b = batch_begin(genid);

	b->now_msec = later(now_msec, edits->n_added);
	/* Without flags this is right for a table of any kind, and for none. */
	encode_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, RULESET_TABLE, NULL);
	encode_table(b, NFT_MSG_DELTABLE, 0, RULESET_TABLE, NULL);
	encode_frame(b, edits, false);
	encode_arrivals(b, edits);
	batch_end(b);
	arena_free(arena);
	return b;
}

struct batch *encode_withdraw(uint32_t genid)
{
	struct batch *b = batch_begin(genid);

	encode_table(b, NFT_MSG_DELTABLE, 0, RULESET_TABLE, NULL);
	batch_end(b);
	return b;
}

struct batch *encode_probe(void)
{
	static const uint32_t flags = RULESET_F_OWNER | RULESET_F_PERSIST;
	struct batch *b = batch_begin(0);

	encode_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, PROBE_TABLE, &flags);
	return b; /* without an end, so nothing comes of it */
}

struct batch *encode_hold(bool hold)
{
	static const struct {
		const char *name;
		uint32_t hook;
	} hooks[] = {
		{ "forward", NF_INET_FORWARD },
		{ "input", NF_INET_LOCAL_IN },
		{ "output", NF_INET_LOCAL_OUT },
	};
	struct batch *b = batch_begin(0);
	size_t i;

	encode_table(b, hold ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE,
		     hold ? NLM_F_CREATE : 0, HOLD_TABLE, NULL);
	for (i = 0; hold && i < sizeof(hooks) / sizeof(hooks[0]); i++)
		encode_chain(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, HOLD_TABLE,
			     &(struct chain){
				     .name = hooks[i].name,
				     .is_base = true,
				     .hook = hooks[i].hook,
				     .policy = NF_DROP,
				     .type = "filter",
			     });
	batch_end(b);
	return b;
}

void batch_origin(const struct batch *batch, uint32_t seq, char *buf,
		  size_t size)
{
	const struct batch_origin *origin;

	if (!seq || seq > batch->n_origins) {
		snprintf(buf, size, "message %u", seq);
		return;
	}
	origin = &batch->origins[seq - 1];
	if (origin->first && origin->last)
		snprintf(buf, size, "%s %s (%s to %s)", origin->what,
			 origin->name, origin->first, origin->last);
	else
		snprintf(buf, size, "%s %s", origin->what, origin->name);
}
