// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel holds, from its dump messages, as a ruleset. Easy to get
 * wrong: something unknown must never look like something known. Whatever is
 * not understood in full becomes EXPR_OTHER or has_other, which equal nothing,
 * so that it shows up as a difference.
 *
 * libnftnl's parsers are of no use for that: they pass over what they do not
 * know, which here is just what matters.
 */
#include "decode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "attr.h"

static char *copy_text(struct ruleset *ruleset, const char *text)
{
	return text ? arena_copy(ruleset->arena, text, strlen(text)) : NULL;
}

/* The value inside NFTA_DATA_VALUE, of at most @max bytes */
static const void *data_value(const struct nlattr *nest, size_t max,
			      size_t *len)
{
	struct attrs attrs;

	if (parse_nest(nest, &attrs) || !only(&attrs, 1u << NFTA_DATA_VALUE) ||
	    !attrs.table[NFTA_DATA_VALUE])
		return NULL;
	*len = mnl_attr_get_payload_len(attrs.table[NFTA_DATA_VALUE]);
	if (*len > max)
		return NULL;
	return mnl_attr_get_payload(attrs.table[NFTA_DATA_VALUE]);
}

static bool data_verdict(struct ruleset *ruleset, const struct nlattr *nest,
			 struct verdict *verdict)
{
	struct attrs attrs;
	const char *chain;
	uint32_t code;

	if (parse_nest(nest, &attrs) ||
	    !only(&attrs, 1u << NFTA_DATA_VERDICT) ||
	    parse_nest(attrs.table[NFTA_DATA_VERDICT], &attrs) ||
	    !only(&attrs, 1u << NFTA_VERDICT_CODE | 1u << NFTA_VERDICT_CHAIN) ||
	    !get_u32(&attrs, NFTA_VERDICT_CODE, &code))
		return false;
	chain = get_text(&attrs, NFTA_VERDICT_CHAIN);
	/* A jump goes somewhere, and nothing else does. */
	if (((int32_t)code == NFT_JUMP || (int32_t)code == NFT_GOTO) != !!chain)
		return false;
	verdict->code = code;
	verdict->chain = copy_text(ruleset, chain);
	return true;
}

/* The family is in the message's header; every table name may exist in each. */
static bool is_inet(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	return nlh->nlmsg_len >= MNL_NLMSG_HDRLEN + sizeof(*nfg) &&
	       nfg->nfgen_family == NFPROTO_INET;
}

static bool is_ours(const char *table)
{
	return table && !strcmp(table, RULESET_TABLE);
}

int decode_table(struct ruleset *ruleset, const struct nlmsghdr *nlh)
{
	struct attrs attrs;

	if (!is_inet(nlh))
		return 0;
	if (parse_message(nlh, &attrs))
		return -EBADMSG;
	if (!is_ours(get_text(&attrs, NFTA_TABLE_NAME)))
		return 0;
	if (!get_u32(&attrs, NFTA_TABLE_FLAGS, &ruleset->flags))
		return -EBADMSG;
	get_u32(&attrs, NFTA_TABLE_OWNER, &ruleset->owner);
	ruleset->exists = true;
	return 0;
}

static int decode_hook(struct chain *chain, const struct nlattr *nest)
{
	struct attrs attrs;
	uint32_t priority;

	if (parse_nest(nest, &attrs) ||
	    !get_u32(&attrs, NFTA_HOOK_HOOKNUM, &chain->hook) ||
	    !get_u32(&attrs, NFTA_HOOK_PRIORITY, &priority))
		return -EBADMSG;
	chain->is_base = true;
	chain->priority = priority;
	/* A device, for example */
	if (!only(&attrs, 1u << NFTA_HOOK_HOOKNUM | 1u << NFTA_HOOK_PRIORITY))
		chain->has_other = true;
	return 0;
}

int decode_chain(struct ruleset *ruleset, const struct nlmsghdr *nlh)
{
	const char *name, *type;
	struct chain *chain;
	struct attrs attrs;
	uint32_t flags = 0;

	if (!is_inet(nlh))
		return 0;
	if (parse_message(nlh, &attrs))
		return -EBADMSG;
	if (!is_ours(get_text(&attrs, NFTA_CHAIN_TABLE)))
		return 0;
	name = get_text(&attrs, NFTA_CHAIN_NAME);
	if (!name)
		return -EBADMSG;
	ruleset->chains = arena_push(ruleset->arena, ruleset->chains,
				     &ruleset->n_chains, sizeof(*chain));
	chain = &ruleset->chains[ruleset->n_chains - 1];
	chain->name = copy_text(ruleset, name);
	get_u32(&attrs, NFTA_CHAIN_FLAGS, &flags);
	if (flags & ~(uint32_t)NFT_CHAIN_BASE || attrs.beyond)
		chain->has_other = true;
	chain->is_bound = flags & NFT_CHAIN_BINDING;
	if (!attrs.table[NFTA_CHAIN_HOOK])
		return 0;
	type = get_text(&attrs, NFTA_CHAIN_TYPE);
	chain->type = type ? copy_text(ruleset, type) : "";
	if (!get_u32(&attrs, NFTA_CHAIN_POLICY, &chain->policy))
		return -EBADMSG;
	return decode_hook(chain, attrs.table[NFTA_CHAIN_HOOK]);
}

/* What a counter says; where a message makes one, it need not say anything. */
static bool decode_counter(const struct attrs *attrs, uint64_t *packets,
			   uint64_t *bytes)
{
	get_u64(attrs, NFTA_COUNTER_PACKETS, packets);
	get_u64(attrs, NFTA_COUNTER_BYTES, bytes);
	return only(attrs, 1u << NFTA_COUNTER_PACKETS |
				   1u << NFTA_COUNTER_BYTES |
				   1u << NFTA_COUNTER_PAD);
}

/* Is this expression a counter and nothing else? */
static bool is_counter(const struct nlattr *nest, uint64_t *packets,
		       uint64_t *bytes)
{
	struct attrs attrs, values;
	const char *name;

	if (parse_nest(nest, &attrs))
		return false;
	name = get_text(&attrs, NFTA_EXPR_NAME);
	return name && !strcmp(name, "counter") &&
	       !parse_nest(attrs.table[NFTA_EXPR_DATA], &values) &&
	       decode_counter(&values, packets, bytes);
}

static int decode_set_size(struct set *set, const struct nlattr *nest)
{
	struct attrs attrs;

	if (!nest)
		return 0;
	if (parse_nest(nest, &attrs))
		return -EBADMSG;
	get_u32(&attrs, NFTA_SET_DESC_SIZE, &set->size);
	if (!only(&attrs, 1u << NFTA_SET_DESC_SIZE))
		set->has_other = true;
	return 0;
}

static int decode_set_types(struct set *set, const struct attrs *attrs)
{
	if (!get_u32(attrs, NFTA_SET_FLAGS, &set->flags))
		set->flags = 0; /* left out when there are none */
	if (!get_u32(attrs, NFTA_SET_KEY_TYPE, &set->key_type) ||
	    !get_u32(attrs, NFTA_SET_KEY_LEN, &set->key_len) || !set->key_len ||
	    set->key_len > KEY_MAX)
		return -EBADMSG;
	if (!(set->flags & NFT_SET_MAP))
		return 0;
	if (!get_u32(attrs, NFTA_SET_DATA_TYPE, &set->data_type) ||
	    !get_u32(attrs, NFTA_SET_DATA_LEN, &set->data_len))
		return -EBADMSG;
	/* For verdicts the kernel gives the size of a struct of its own. */
	if (set->data_type == NFT_DATA_VERDICT)
		set->data_len = 0;
	return 0;
}

int decode_set(struct ruleset *ruleset, const struct nlmsghdr *nlh)
{
	static const uint32_t never =
		1u << NFTA_SET_TIMEOUT | 1u << NFTA_SET_GC_INTERVAL |
		1u << NFTA_SET_OBJ_TYPE | 1u << NFTA_SET_EXPRESSIONS;
	uint64_t packets, bytes;
	struct attrs attrs;
	const char *name;
	struct set *set;

	if (!is_inet(nlh))
		return 0;
	if (parse_message(nlh, &attrs))
		return -EBADMSG;
	if (!is_ours(get_text(&attrs, NFTA_SET_TABLE)))
		return 0;
	name = get_text(&attrs, NFTA_SET_NAME);
	if (!name)
		return -EBADMSG;
	ruleset->sets = arena_push(ruleset->arena, ruleset->sets,
				   &ruleset->n_sets, sizeof(*set));
	set = &ruleset->sets[ruleset->n_sets - 1];
	set->name = copy_text(ruleset, name);
	if (attrs.table[NFTA_SET_EXPR]) {
		set->counts = true;
		if (!is_counter(attrs.table[NFTA_SET_EXPR], &packets, &bytes))
			set->has_other = true;
	}
	if (attrs.seen & never)
		set->has_other = true;
	if (decode_set_types(set, &attrs))
		return -EBADMSG;
	return decode_set_size(set, attrs.table[NFTA_SET_DESC]);
}

/*
 * Ends of intervals are kept for now as elements whose comment is end_mark.
 * decode_finish() joins them.
 */
static const char end_mark[] = "end";

static void decode_data(struct ruleset *ruleset, const struct set *set,
			struct elem *elem, const struct nlattr *nest)
{
	struct verdict *verdict;
	const void *value;
	size_t len;

	if (set->data_type == NFT_DATA_VERDICT) {
		verdict = arena_alloc(ruleset->arena, sizeof(*verdict));
		elem->verdict = verdict;
		if (data_verdict(ruleset, nest, verdict))
			return;
	} else {
		value = data_value(nest, sizeof(elem->mark), &len);
		if (value && len == sizeof(elem->mark)) {
			memcpy(&elem->mark, value, len);
			return;
		}
	}
	elem->has_other = true;
}

/*
 * When an element ends by itself. The kernel says how long that still takes, but
 * of one that does not end, nothing.
 */
static void decode_end(const struct ruleset *ruleset, const struct set *set,
		       struct elem *elem, const struct attrs *attrs)
{
	static const uint32_t both = 1u << NFTA_SET_ELEM_TIMEOUT |
				     1u << NFTA_SET_ELEM_EXPIRATION;
	uint64_t left, timeout;

	if (!(attrs->seen & both))
		return;
	if (!set_times_out(set) ||
	    !get_u64(attrs, NFTA_SET_ELEM_TIMEOUT, &timeout) ||
	    !get_u64(attrs, NFTA_SET_ELEM_EXPIRATION, &left) ||
	    left > timeout || left > INT64_MAX)
		elem->has_other = true;
	else
		elem->end_msec = ruleset->now_msec + left;
}

/* Whatever an element carries beside its key */
static void decode_elem_rest(struct ruleset *ruleset, const struct set *set,
			     struct elem *elem, const struct attrs *attrs)
{
	static const uint32_t known =
		1u << NFTA_SET_ELEM_KEY | 1u << NFTA_SET_ELEM_DATA |
		1u << NFTA_SET_ELEM_FLAGS | 1u << NFTA_SET_ELEM_USERDATA |
		1u << NFTA_SET_ELEM_EXPR | 1u << NFTA_SET_ELEM_TIMEOUT |
		1u << NFTA_SET_ELEM_EXPIRATION | 1u << NFTA_SET_ELEM_PAD;
	const struct nlattr *expr = attrs->table[NFTA_SET_ELEM_EXPR];
	uint32_t flags = 0;

	get_u32(attrs, NFTA_SET_ELEM_FLAGS, &flags);
	if (!only(attrs, known) || flags & ~(uint32_t)NFT_SET_ELEM_INTERVAL_END)
		elem->has_other = true;
	decode_end(ruleset, set, elem, attrs);
	if (expr &&
	    (!set->counts || !is_counter(expr, &elem->packets, &elem->bytes)))
		elem->has_other = true;
	if (flags & NFT_SET_ELEM_INTERVAL_END)
		elem->comment = end_mark;
	else if (set->flags & NFT_SET_MAP)
		decode_data(ruleset, set, elem,
			    attrs->table[NFTA_SET_ELEM_DATA]);
}

static int decode_elem(struct ruleset *ruleset, struct set *set,
		       const struct nlattr *nest)
{
	uint32_t flags = 0;
	struct attrs attrs;
	struct elem *elem;
	const void *key;
	size_t len;

	if (parse_nest(nest, &attrs))
		return -EBADMSG;
	get_u32(&attrs, NFTA_SET_ELEM_FLAGS, &flags);
	if (flags & NFT_SET_ELEM_CATCHALL && !attrs.table[NFTA_SET_ELEM_KEY]) {
		set->has_catchall = true;
		return 0;
	}
	key = data_value(attrs.table[NFTA_SET_ELEM_KEY], set->key_len, &len);
	/* There is no telling which element this is. */
	if (!key || len != set->key_len ||
	    (flags & NFT_SET_ELEM_INTERVAL_END && !set_is_interval(set))) {
		set->has_other = true;
		return 0;
	}
	set->elems = arena_push(ruleset->arena, set->elems, &set->n_elems,
				sizeof(*elem));
	elem = &set->elems[set->n_elems - 1];
	elem->key = (uint8_t *)arena_copy(ruleset->arena, key, len);
	decode_elem_rest(ruleset, set, elem, &attrs);
	return 0;
}

static struct set *find_set(struct ruleset *ruleset, const char *name)
{
	size_t i;

	/* Not sorted yet. */
	for (i = 0; i < ruleset->n_sets; i++)
		if (!strcmp(ruleset->sets[i].name, name))
			return &ruleset->sets[i];
	return NULL;
}

int decode_elems(struct ruleset *ruleset, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr, *list;
	struct attrs attrs;
	const char *name;
	struct set *set;
	int err;

	if (!is_inet(nlh))
		return 0;
	if (parse_message(nlh, &attrs))
		return -EBADMSG;
	if (!is_ours(get_text(&attrs, NFTA_SET_ELEM_LIST_TABLE)))
		return 0;
	name = get_text(&attrs, NFTA_SET_ELEM_LIST_SET);
	set = name ? find_set(ruleset, name) : NULL;
	if (!set)
		return -EBADMSG;
	list = attrs.table[NFTA_SET_ELEM_LIST_ELEMENTS];
	if (!list)
		return 0;
	mnl_attr_for_each_nested(attr, list)
	{
		err = decode_elem(ruleset, set, attr);
		if (err)
			return err;
	}
	return 0;
}

static bool get_reg(const struct attrs *attrs, unsigned int type, int8_t *reg)
{
	uint32_t number;

	if (!get_u32(attrs, type, &number))
		return false;
	if (number == NFT_REG_VERDICT)
		*reg = REG_VERDICT;
	else if (number >= NFT_REG_1 && number <= NFT_REG_4)
		*reg = (number - NFT_REG_1) * 4;
	else if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		*reg = number - NFT_REG32_00;
	else
		return false;
	return true;
}

/* A register that holds data, not the verdict, with room for @len bytes */
static bool get_data_reg(const struct attrs *attrs, unsigned int type,
			 size_t len, int8_t *reg)
{
	return get_reg(attrs, type, reg) && *reg != REG_VERDICT &&
	       4 * (size_t)*reg + len <= 4 * REG_WORDS;
}

static bool get_data(const struct attrs *attrs, unsigned int type,
		     struct expr *expr)
{
	size_t len;
	const void *data =
		data_value(attrs->table[type], sizeof(expr->data), &len);

	if (!data)
		return false;
	memcpy(expr->data, data, len);
	expr->len = len;
	return true;
}

static bool decode_meta(const struct attrs *attrs, struct expr *expr)
{
	expr->writes = attrs->table[NFTA_META_SREG];
	return only(attrs, 1u << NFTA_META_KEY |
				   1u << (expr->writes ? NFTA_META_SREG :
							 NFTA_META_DREG)) &&
	       get_u32(attrs, NFTA_META_KEY, &expr->key) &&
	       (expr->writes ?
			get_data_reg(attrs, NFTA_META_SREG, 4, &expr->sreg) :
			get_data_reg(attrs, NFTA_META_DREG, 4, &expr->dreg));
}

static bool decode_ct(const struct attrs *attrs, struct expr *expr)
{
	expr->writes = attrs->table[NFTA_CT_SREG];
	return only(attrs,
		    1u << NFTA_CT_KEY | 1u << (expr->writes ? NFTA_CT_SREG :
							      NFTA_CT_DREG)) &&
	       get_u32(attrs, NFTA_CT_KEY, &expr->key) &&
	       (expr->writes ?
			get_data_reg(attrs, NFTA_CT_SREG, 4, &expr->sreg) :
			get_data_reg(attrs, NFTA_CT_DREG, 4, &expr->dreg));
}

static bool decode_payload(const struct attrs *attrs, struct expr *expr)
{
	return only(attrs, 1u << NFTA_PAYLOAD_DREG | 1u << NFTA_PAYLOAD_BASE |
				   1u << NFTA_PAYLOAD_OFFSET |
				   1u << NFTA_PAYLOAD_LEN) &&
	       get_u32(attrs, NFTA_PAYLOAD_BASE, &expr->key) &&
	       get_u32(attrs, NFTA_PAYLOAD_OFFSET, &expr->offset) &&
	       get_u32(attrs, NFTA_PAYLOAD_LEN, &expr->len) &&
	       get_data_reg(attrs, NFTA_PAYLOAD_DREG, expr->len, &expr->dreg);
}

static bool decode_exthdr(const struct attrs *attrs, struct expr *expr)
{
	const struct nlattr *type = attrs->table[NFTA_EXTHDR_TYPE];
	uint32_t offset;

	if (!only(attrs,
		  1u << NFTA_EXTHDR_DREG | 1u << NFTA_EXTHDR_TYPE |
			  1u << NFTA_EXTHDR_OFFSET | 1u << NFTA_EXTHDR_LEN |
			  1u << NFTA_EXTHDR_FLAGS | 1u << NFTA_EXTHDR_OP) ||
	    !type || mnl_attr_get_payload_len(type) != 1)
		return false;
	expr->key = mnl_attr_get_u8(type);
	/* Which kind of header; the offset inside it is always 0. */
	get_u32(attrs, NFTA_EXTHDR_OP, &expr->offset);
	get_u32(attrs, NFTA_EXTHDR_FLAGS, &expr->flags);
	return get_u32(attrs, NFTA_EXTHDR_OFFSET, &offset) && !offset &&
	       get_u32(attrs, NFTA_EXTHDR_LEN, &expr->len) &&
	       get_data_reg(attrs, NFTA_EXTHDR_DREG, expr->len, &expr->dreg);
}

static bool decode_fib(const struct attrs *attrs, struct expr *expr)
{
	return only(attrs, 1u << NFTA_FIB_DREG | 1u << NFTA_FIB_RESULT |
				   1u << NFTA_FIB_FLAGS) &&
	       get_u32(attrs, NFTA_FIB_RESULT, &expr->key) &&
	       get_u32(attrs, NFTA_FIB_FLAGS, &expr->flags) &&
	       get_data_reg(attrs, NFTA_FIB_DREG, 4, &expr->dreg);
}

static bool decode_bitwise(const struct attrs *attrs, struct expr *expr)
{
	static const uint8_t zero[sizeof(expr->data)];
	uint32_t op = NFT_BITWISE_BOOL, len;
	const void * xor ;
	size_t xor_len;

	get_u32(attrs, NFTA_BITWISE_OP, &op);
	xor = data_value(attrs->table[NFTA_BITWISE_XOR], sizeof(zero),
			 &xor_len);
	return only(attrs,
		    1u << NFTA_BITWISE_SREG | 1u << NFTA_BITWISE_DREG |
			    1u << NFTA_BITWISE_LEN | 1u << NFTA_BITWISE_MASK |
			    1u << NFTA_BITWISE_XOR | 1u << NFTA_BITWISE_OP) &&
	       op == NFT_BITWISE_BOOL && xor&&!memcmp(xor, zero, xor_len) &&
	       get_data(attrs, NFTA_BITWISE_MASK, expr) &&
	       get_u32(attrs, NFTA_BITWISE_LEN, &len) &&
	       len == expr->len &&get_data_reg(attrs, NFTA_BITWISE_SREG, len,
					       &expr->sreg) &&
	       get_data_reg(attrs, NFTA_BITWISE_DREG, len, &expr->dreg);
}

static bool decode_cmp(const struct attrs *attrs, struct expr *expr)
{
	return only(attrs, 1u << NFTA_CMP_SREG | 1u << NFTA_CMP_OP |
				   1u << NFTA_CMP_DATA) &&
	       get_u32(attrs, NFTA_CMP_OP, &expr->key) &&
	       get_data(attrs, NFTA_CMP_DATA, expr) &&
	       get_data_reg(attrs, NFTA_CMP_SREG, expr->len, &expr->sreg);
}

static bool decode_lookup(struct ruleset *ruleset, const struct attrs *attrs,
			  struct expr *expr)
{
	expr->name = copy_text(ruleset, get_text(attrs, NFTA_LOOKUP_SET));
	expr->has_dreg = attrs->table[NFTA_LOOKUP_DREG];
	get_u32(attrs, NFTA_LOOKUP_FLAGS, &expr->flags);
	return only(attrs, 1u << NFTA_LOOKUP_SET | 1u << NFTA_LOOKUP_SREG |
				   1u << NFTA_LOOKUP_DREG |
				   1u << NFTA_LOOKUP_FLAGS) &&
	       expr->name &&
	       get_data_reg(attrs, NFTA_LOOKUP_SREG, 4, &expr->sreg) &&
	       (!expr->has_dreg ||
		get_reg(attrs, NFTA_LOOKUP_DREG, &expr->dreg));
}

static bool decode_immediate(struct ruleset *ruleset, const struct attrs *attrs,
			     struct expr *expr)
{
	if (!only(attrs,
		  1u << NFTA_IMMEDIATE_DREG | 1u << NFTA_IMMEDIATE_DATA) ||
	    !get_reg(attrs, NFTA_IMMEDIATE_DREG, &expr->dreg))
		return false;
	if (expr->dreg == REG_VERDICT)
		return data_verdict(ruleset, attrs->table[NFTA_IMMEDIATE_DATA],
				    &expr->verdict);
	return get_data(attrs, NFTA_IMMEDIATE_DATA, expr) &&
	       4 * (size_t)expr->dreg + expr->len <= 4 * REG_WORDS;
}

static bool decode_known(struct ruleset *ruleset, const struct attrs *attrs,
			 struct expr *expr)
{
	switch (expr->type) {
	case EXPR_META:
		return decode_meta(attrs, expr);
	case EXPR_CT:
		return decode_ct(attrs, expr);
	case EXPR_PAYLOAD:
		return decode_payload(attrs, expr);
	case EXPR_EXTHDR:
		return decode_exthdr(attrs, expr);
	case EXPR_FIB:
		return decode_fib(attrs, expr);
	case EXPR_BITWISE:
		return decode_bitwise(attrs, expr);
	case EXPR_CMP:
		return decode_cmp(attrs, expr);
	case EXPR_LOOKUP:
		return decode_lookup(ruleset, attrs, expr);
	case EXPR_IMMEDIATE:
		return decode_immediate(ruleset, attrs, expr);
	case EXPR_COUNTER:
		return decode_counter(attrs, &expr->packets, &expr->bytes);
	case EXPR_OTHER:
		break;
	}
	return false;
}

static enum expr_type expr_type_of(const char *name)
{
	static const struct {
		const char *name;
		enum expr_type type;
	} types[] = {
		{ "meta", EXPR_META },
		{ "ct", EXPR_CT },
		{ "payload", EXPR_PAYLOAD },
		{ "exthdr", EXPR_EXTHDR },
		{ "fib", EXPR_FIB },
		{ "bitwise", EXPR_BITWISE },
		{ "cmp", EXPR_CMP },
		{ "lookup", EXPR_LOOKUP },
		{ "immediate", EXPR_IMMEDIATE },
		{ "counter", EXPR_COUNTER },
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].name, name))
			return types[i].type;
	return EXPR_OTHER;
}

static int decode_expr(struct ruleset *ruleset, struct rule *rule,
		       const struct nlattr *nest)
{
	struct attrs attrs, data;
	struct expr *expr;
	const char *name;

	if (parse_nest(nest, &attrs))
		return -EBADMSG;
	name = get_text(&attrs, NFTA_EXPR_NAME);
	if (!name)
		return -EBADMSG;
	rule->exprs = arena_push(ruleset->arena, rule->exprs, &rule->n_exprs,
				 sizeof(*expr));
	expr = &rule->exprs[rule->n_exprs - 1];
	expr->type = expr_type_of(name);
	if (parse_nest(attrs.table[NFTA_EXPR_DATA], &data) ||
	    !decode_known(ruleset, &data, expr)) {
		memset(expr, 0, sizeof(*expr));
		expr->type = EXPR_OTHER;
		expr->name = copy_text(ruleset, name);
	}
	return 0;
}

static struct chain *find_chain(struct ruleset *ruleset, const char *name)
{
	size_t i;

	for (i = 0; i < ruleset->n_chains; i++)
		if (!strcmp(ruleset->chains[i].name, name))
			return &ruleset->chains[i];
	return NULL;
}

int decode_rule(struct ruleset *ruleset, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	struct chain *chain;
	struct attrs attrs;
	struct rule *rule;
	const char *name;

	if (!is_inet(nlh))
		return 0;
	if (parse_message(nlh, &attrs))
		return -EBADMSG;
	if (!is_ours(get_text(&attrs, NFTA_RULE_TABLE)))
		return 0;
	name = get_text(&attrs, NFTA_RULE_CHAIN);
	chain = name ? find_chain(ruleset, name) : NULL;
	if (!chain)
		return -EBADMSG;
	chain->rules = arena_push(ruleset->arena, chain->rules, &chain->n_rules,
				  sizeof(*rule));
	rule = &chain->rules[chain->n_rules - 1];
	get_u64(&attrs, NFTA_RULE_HANDLE, &rule->handle);
	if (!attrs.table[NFTA_RULE_EXPRESSIONS])
		return 0;
	mnl_attr_for_each_nested(attr, attrs.table[NFTA_RULE_EXPRESSIONS]) if (
		decode_expr(ruleset, rule, attr)) return -EBADMSG;
	return 0;
}

static int decode_other(struct ruleset *ruleset, const char *name,
			enum other_kind kind, uint32_t type)
{
	if (!name)
		return -EBADMSG;
	ruleset->others = arena_push(ruleset->arena, ruleset->others,
				     &ruleset->n_others,
				     sizeof(*ruleset->others));
	ruleset->others[ruleset->n_others - 1] = (struct other){
		.kind = kind,
		.type = type,
		.name = copy_text(ruleset, name),
	};
	return 0;
}

int decode_object(struct ruleset *ruleset, const struct nlmsghdr *nlh)
{
	struct attrs attrs;
	uint32_t type;

	if (!is_inet(nlh))
		return 0;
	if (parse_message(nlh, &attrs))
		return -EBADMSG;
	if (!is_ours(get_text(&attrs, NFTA_OBJ_TABLE)))
		return 0;
	if (!get_u32(&attrs, NFTA_OBJ_TYPE, &type))
		return -EBADMSG;
	return decode_other(ruleset, get_text(&attrs, NFTA_OBJ_NAME),
			    OTHER_OBJECT, type);
}

int decode_flowtable(struct ruleset *ruleset, const struct nlmsghdr *nlh)
{
	struct attrs attrs;

	if (!is_inet(nlh))
		return 0;
	if (parse_message(nlh, &attrs))
		return -EBADMSG;
	if (!is_ours(get_text(&attrs, NFTA_FLOWTABLE_TABLE)))
		return 0;
	return decode_other(ruleset, get_text(&attrs, NFTA_FLOWTABLE_NAME),
			    OTHER_FLOWTABLE, 0);
}

static int bound_order(const void *a, const void *b, void *key_len)
{
	const struct elem *x = a, *y = b;
	int cmp = memcmp(x->key, y->key, *(const size_t *)key_len);

	if (cmp)
		return cmp;
	/* Where one range ends and the next begins, the end comes first. */
	return (x->comment != end_mark) - (y->comment != end_mark);
}

/* The last key before @key */
static void key_before(uint8_t *key, size_t len)
{
	while (len && !key[--len]--)
		;
}

/*
 * Sorted elements that a dump shows more than once. If they do not look alike
 * each time, then what is there is not known.
 */
static void drop_duplicates(struct set *set)
{
	size_t i, n = 0;

	for (i = 0; i < set->n_elems; i++) {
		const struct elem *elem = &set->elems[i];
		struct elem *last = n ? &set->elems[n - 1] : NULL;

		if (!last || last->comment != elem->comment ||
		    memcmp(last->key, elem->key, set->key_len))
			set->elems[n++] = *elem;
		else if (elem->has_other || (elem->comment != end_mark &&
					     !elem_same_data(set, last, elem)))
			last->has_other = true;
	}
	set->n_elems = n;
}

static bool is_zero(const uint8_t *key, size_t len)
{
	return !*key && !memcmp(key, key + 1, len - 1);
}

/*
 * Starts and ends of intervals -> elements with both, as a search finds them.
 * nft marks the space before the first interval with an end at 0; any other
 * bound without its counterpart is a stray one.
 */
static void join_intervals(struct ruleset *ruleset, struct set *set)
{
	size_t len = set->key_len, i, n = 0;
	bool open = false;

	if (!set->n_elems)
		return;
	qsort_r(set->elems, set->n_elems, sizeof(struct elem), bound_order,
		&len);
	drop_duplicates(set);
	for (i = 0; i < set->n_elems; i++) {
		struct elem elem = set->elems[i];
		uint8_t *key;

		if (open) {
			/* Whatever begins next ends the range before it. */
			if (elem.comment != end_mark)
				set->has_stray = true;
			set->elems[n - 1].has_other |= elem.has_other;
			key = (uint8_t *)set->elems[n - 1].key + len;
			memcpy(key, elem.key, len);
			key_before(key, len);
			open = false;
		} else if (elem.comment == end_mark &&
			   (elem.has_other || !is_zero(elem.key, len))) {
			set->has_stray = true;
		}
		if (elem.comment == end_mark)
			continue;
		key = arena_alloc(ruleset->arena, 2 * len);
		memcpy(key, elem.key, len);
		memset(key + len, 0xff, len);
		elem.key = key;
		set->elems[n++] = elem;
		open = true;
	}
	set->n_elems = n;
}

int decode_finish(struct ruleset *ruleset)
{
	size_t i;

	for (i = 0; i < ruleset->n_sets; i++)
		if (set_is_interval(&ruleset->sets[i]))
			join_intervals(ruleset, &ruleset->sets[i]);
	ruleset_sort(ruleset);
	for (i = 0; i < ruleset->n_sets; i++)
		if (!set_is_interval(&ruleset->sets[i]))
			drop_duplicates(&ruleset->sets[i]);
	return 0;
}
