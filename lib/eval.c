// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ruleset carried out on one packet, as nf_tables would. It interprets
 * expressions and knows nothing of policies, so that it can be held against
 * the policy on one side and against the kernel on the other. Easy to get
 * wrong: an expression that cannot be evaluated ends its rule, not the chain.
 */
#include "eval.h"

#include <errno.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include "suspect.h"

#define DEPTH_MAX 16 /* NFT_JUMP_STACK_SIZE */

struct evaluator {
	const struct ruleset *ruleset, *after;
	unsigned int n_before; /* lookups until the sets are those of @after */
	const struct packet *packet;
	uint32_t ct_mark, mark;
	unsigned int n_lookups;
	unsigned int depth;
	uint8_t regs[REG_WORDS * 4];
};

/* What one expression says about going on */
enum step { STEP_NEXT, STEP_BREAK, STEP_VERDICT, STEP_UNKNOWN };

static uint8_t *reg_at(struct evaluator *ev, int8_t reg)
{
	return ev->regs + 4 * reg;
}

/* Values shorter than a register are padded with zeroes, as in the kernel. */
static enum step reg_store(struct evaluator *ev, int8_t reg, const void *value,
			   size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	if (reg < 0 || 4 * (size_t)reg + padded > sizeof(ev->regs))
		return STEP_UNKNOWN;
	memset(reg_at(ev, reg), 0, padded);
	memcpy(reg_at(ev, reg), value, len);
	return STEP_NEXT;
}

static enum step reg_store_name(struct evaluator *ev, int8_t reg,
				const char *name)
{
	char padded[16] = "";

	memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
	return reg_store(ev, reg, padded, sizeof(padded));
}

static uint32_t reg_number(struct evaluator *ev, int8_t reg)
{
	uint32_t number;

	memcpy(&number, reg_at(ev, reg), sizeof(number));
	return number;
}

static enum step eval_meta(struct evaluator *ev, const struct expr *expr)
{
	const struct packet *p = ev->packet;
	static const uint16_t ether = ARPHRD_ETHER;
	uint8_t family = p->family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	uint32_t index;

	if (expr->writes) {
		if (expr->key != NFT_META_MARK)
			return STEP_UNKNOWN;
		ev->mark = reg_number(ev, expr->sreg);
		return STEP_NEXT;
	}
	switch (expr->key) {
	case NFT_META_NFPROTO:
		return reg_store(ev, expr->dreg, &family, 1);
	case NFT_META_L4PROTO:
		return reg_store(ev, expr->dreg, &p->proto, 1);
	case NFT_META_IIF:
	case NFT_META_OIF:
		/* Only "is it the loopback interface?" is ever asked. */
		index = strcmp(expr->key == NFT_META_IIF ? p->iifname :
							   p->oifname,
			       "lo") ?
				2 :
				1;
		return reg_store(ev, expr->dreg, &index, sizeof(index));
	case NFT_META_IIFNAME:
		return reg_store_name(ev, expr->dreg, p->iifname);
	case NFT_META_OIFNAME:
		return reg_store_name(ev, expr->dreg, p->oifname);
	case NFT_META_IIFTYPE:
		return reg_store(ev, expr->dreg, &ether, sizeof(ether));
	case NFT_META_MARK:
		return reg_store(ev, expr->dreg, &ev->mark, sizeof(ev->mark));
	}
	return STEP_UNKNOWN;
}

static enum step eval_ct(struct evaluator *ev, const struct expr *expr)
{
	const struct packet *p = ev->packet;
	uint32_t state = p->ct_state ? p->ct_state : NF_CT_STATE_UNTRACKED_BIT;
	uint8_t direction = p->ct_is_reply;

	if (!expr->writes && expr->key == NFT_CT_STATE)
		return reg_store(ev, expr->dreg, &state, sizeof(state));
	if (!p->ct_state || p->ct_state == NF_CT_STATE_INVALID_BIT)
		return STEP_BREAK;
	if (expr->writes) {
		if (expr->key != NFT_CT_MARK)
			return STEP_UNKNOWN;
		ev->ct_mark = reg_number(ev, expr->sreg);
		return STEP_NEXT;
	}
	switch (expr->key) {
	case NFT_CT_MARK:
		return reg_store(ev, expr->dreg, &ev->ct_mark,
				 sizeof(ev->ct_mark));
	case NFT_CT_DIRECTION:
		return reg_store(ev, expr->dreg, &direction, 1);
	}
	return STEP_UNKNOWN;
}

static size_t write_network_header(const struct packet *p, uint8_t *header)
{
	if (p->family == 4) {
		header[0] = 4 << 4 | (p->has_options ? 8 : 5);
		header[8] = p->hop_limit;
		header[9] = p->proto;
		memcpy(header + 12, p->saddr.bytes, 4);
		memcpy(header + 16, p->daddr.bytes, 4);
		return 20;
	}
	header[0] = 6 << 4;
	header[6] = p->has_options ? IPPROTO_ROUTING : p->proto;
	header[7] = p->hop_limit;
	memcpy(header + 8, p->saddr.bytes, 16);
	memcpy(header + 24, p->daddr.bytes, 16);
	return 40;
}

static size_t write_transport_header(const struct packet *p, uint8_t *header)
{
	if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6) {
		header[0] = p->dport;
		return 8;
	}
	header[0] = p->sport >> 8;
	header[1] = p->sport & 0xff;
	header[2] = p->dport >> 8;
	header[3] = p->dport & 0xff;
	if (p->proto != IPPROTO_TCP)
		return 8;
	header[12] = 5 << 4;
	header[13] = p->tcp_flags;
	return 20;
}

static enum step eval_payload(struct evaluator *ev, const struct expr *expr)
{
	uint8_t header[64] = { 0 };
	size_t len;

	switch (expr->key) {
	case NFT_PAYLOAD_LL_HEADER:
		memcpy(header + 6, ev->packet->source_mac.bytes, 6);
		len = 14;
		break;
	case NFT_PAYLOAD_NETWORK_HEADER:
		len = write_network_header(ev->packet, header);
		break;
	case NFT_PAYLOAD_TRANSPORT_HEADER:
		len = write_transport_header(ev->packet, header);
		break;
	default: /* a base of the kernel's that we never use */
		return STEP_UNKNOWN;
	}
	if (expr->offset > len || expr->len > len - expr->offset)
		return STEP_BREAK;
	return reg_store(ev, expr->dreg, header + expr->offset, expr->len);
}

static enum step eval_exthdr(struct evaluator *ev, const struct expr *expr)
{
	const struct packet *p = ev->packet;
	uint8_t present = 0;

	if (!(expr->flags & NFT_EXTHDR_F_PRESENT) ||
	    expr->offset != NFT_EXTHDR_OP_IPV6)
		return STEP_UNKNOWN;
	if (p->family == 6 && expr->key == IPPROTO_ROUTING)
		present = p->has_options;
	return reg_store(ev, expr->dreg, &present, 1);
}

static enum step eval_fib(struct evaluator *ev, const struct expr *expr)
{
	uint32_t type = ev->packet->daddr_is_local ? RTN_LOCAL : RTN_UNICAST;

	if (expr->key != NFT_FIB_RESULT_ADDRTYPE)
		return STEP_UNKNOWN;
	return reg_store(ev, expr->dreg, &type, sizeof(type));
}

static enum step eval_bitwise(struct evaluator *ev, const struct expr *expr)
{
	uint8_t value[sizeof(expr->data)];
	size_t i;

	for (i = 0; i < expr->len; i++)
		value[i] = reg_at(ev, expr->sreg)[i] & expr->data[i];
	return reg_store(ev, expr->dreg, value, expr->len);
}

static enum step eval_cmp(struct evaluator *ev, const struct expr *expr)
{
	int cmp = memcmp(reg_at(ev, expr->sreg), expr->data, expr->len);

	switch (expr->key) {
	case NFT_CMP_EQ:
		return cmp == 0 ? STEP_NEXT : STEP_BREAK;
	case NFT_CMP_NEQ:
		return cmp != 0 ? STEP_NEXT : STEP_BREAK;
	case NFT_CMP_LT:
		return cmp < 0 ? STEP_NEXT : STEP_BREAK;
	case NFT_CMP_LTE:
		return cmp <= 0 ? STEP_NEXT : STEP_BREAK;
	case NFT_CMP_GT:
		return cmp > 0 ? STEP_NEXT : STEP_BREAK;
	case NFT_CMP_GTE:
		return cmp >= 0 ? STEP_NEXT : STEP_BREAK;
	}
	return STEP_UNKNOWN;
}

/* The element whose range holds @key; ranges are sorted and disjoint. */
static const struct elem *find_range(const struct set *set, const uint8_t *key)
{
	size_t low = 0, high = set->n_elems;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(set->elems[middle].key, key, set->key_len) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && memcmp(key, set->elems[low - 1].key + set->key_len,
			  set->key_len) <= 0)
		return &set->elems[low - 1];
	return NULL;
}

static enum step eval_lookup(struct evaluator *ev, const struct expr *expr,
			     struct verdict *verdict)
{
	const struct set *set = ruleset_set(
		ev->n_lookups < ev->n_before ? ev->ruleset : ev->after,
		expr->name);
	const struct elem *elem;

	if (!set || expr->flags || set->has_other || set->has_catchall)
		return STEP_UNKNOWN;
	ev->n_lookups++;
	if (ev->packet->met)
		suspects_add_key(ev->packet->met, set, reg_at(ev, expr->sreg));
	elem = set_is_interval(set) ? find_range(set, reg_at(ev, expr->sreg)) :
				      set_find(set, reg_at(ev, expr->sreg));
	if (!elem)
		return STEP_BREAK;
	if (elem->has_other)
		return STEP_UNKNOWN;
	if (!expr->has_dreg)
		return STEP_NEXT;
	if (expr->dreg != REG_VERDICT)
		return reg_store(ev, expr->dreg, &elem->mark,
				 sizeof(elem->mark));
	*verdict = *elem->verdict;
	return STEP_VERDICT;
}

static enum step eval_immediate(struct evaluator *ev, const struct expr *expr,
				struct verdict *verdict)
{
	if (expr->dreg != REG_VERDICT)
		return reg_store(ev, expr->dreg, expr->data, expr->len);
	*verdict = expr->verdict;
	return STEP_VERDICT;
}

static enum step eval_expr(struct evaluator *ev, const struct expr *expr,
			   struct verdict *verdict)
{
	switch (expr->type) {
	case EXPR_META:
		return eval_meta(ev, expr);
	case EXPR_CT:
		return eval_ct(ev, expr);
	case EXPR_PAYLOAD:
		return eval_payload(ev, expr);
	case EXPR_EXTHDR:
		return eval_exthdr(ev, expr);
	case EXPR_FIB:
		return eval_fib(ev, expr);
	case EXPR_BITWISE:
		return eval_bitwise(ev, expr);
	case EXPR_CMP:
		return eval_cmp(ev, expr);
	case EXPR_LOOKUP:
		return eval_lookup(ev, expr, verdict);
	case EXPR_IMMEDIATE:
		return eval_immediate(ev, expr, verdict);
	case EXPR_COUNTER:
		return STEP_NEXT;
	case EXPR_OTHER:
		break;
	}
	return STEP_UNKNOWN;
}

/* NFT_CONTINUE if the rule does not decide */
static int eval_rule(struct evaluator *ev, const struct rule *rule,
		     struct verdict *verdict)
{
	size_t i;

	*verdict = (struct verdict){ NFT_CONTINUE, NULL };
	for (i = 0; i < rule->n_exprs; i++)
		switch (eval_expr(ev, &rule->exprs[i], verdict)) {
		case STEP_NEXT:
			break;
		case STEP_BREAK:
			return 0;
		case STEP_VERDICT:
			if (verdict->code != NFT_CONTINUE)
				return 0;
			break;
		case STEP_UNKNOWN:
			return -ENOTSUP;
		}
	return 0;
}

/* NF_ACCEPT or NF_DROP, or NFT_RETURN at the end of the chain */
static int eval_chain(struct evaluator *ev, const struct chain *chain,
		      int32_t *code)
{
	struct verdict verdict;
	size_t i;
	int err;

	if (!chain)
		return -ENOTSUP;
	if (ev->depth++ == DEPTH_MAX)
		return -ELOOP;
	*code = NFT_RETURN;
	for (i = 0; i < chain->n_rules; i++) {
		err = eval_rule(ev, &chain->rules[i], &verdict);
		if (err)
			return err;
		if (verdict.code == NFT_CONTINUE)
			continue;
		if (verdict.code == NFT_JUMP || verdict.code == NFT_GOTO) {
			err = eval_chain(
				ev, ruleset_chain(ev->ruleset, verdict.chain),
				code);
			if (err)
				return err;
			if (verdict.code == NFT_JUMP && *code == NFT_RETURN)
				continue;
			break;
		}
		*code = verdict.code;
		break;
	}
	ev->depth--;
	return 0;
}

int eval_packet(const struct ruleset *ruleset, uint32_t hook,
		const struct packet *packet, struct outcome *outcome)
{
	return eval_packet_across(ruleset, ruleset, 0, hook, packet, outcome);
}

int eval_packet_across(const struct ruleset *ruleset,
		       const struct ruleset *after, unsigned int n_before,
		       uint32_t hook, const struct packet *packet,
		       struct outcome *outcome)
{
	struct evaluator ev = {
		.ruleset = ruleset,
		.after = after,
		.n_before = n_before,
		.packet = packet,
		.ct_mark = packet->ct_mark,
		.mark = packet->mark,
	};
	int32_t code = NF_ACCEPT;
	size_t i;
	int err;

	for (i = 0; i < ruleset->n_chains; i++) {
		const struct chain *chain = &ruleset->chains[i];

		if (!chain->is_base || chain->hook != hook)
			continue;
		err = eval_chain(&ev, chain, &code);
		if (err)
			return err;
		if (code == NFT_RETURN)
			code = chain->policy;
		if (code != NF_ACCEPT && code != NF_DROP)
			return -ENOTSUP;
		if (code == NF_DROP)
			break;
	}
	*outcome = (struct outcome){
		.accepted = code == NF_ACCEPT,
		.ct_mark = ev.ct_mark,
		.mark = ev.mark,
		.n_lookups = ev.n_lookups,
	};
	return 0;
}
