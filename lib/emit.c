// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An assembler for rules: one function for each expression, and for the few
 * groups of them that a rule of nft's language becomes. Easy to get wrong:
 * fields of a key stand in consecutive registers of 4 bytes, each padded to a
 * whole register, and what a comparison reads is always register 0.
 */
#include "emit.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"

#define EXPRS_MAX 16
#define RULES_MAX 64

static struct chain *chain_new(struct writer *w, const char *name)
{
	struct chain *chain = &w->ruleset->chains[w->ruleset->n_chains++];

	chain->name = name;
	chain->rules = arena_alloc(w->arena, RULES_MAX * sizeof(struct rule));
	w->chain = chain;
	return chain;
}

void emit_chain(struct writer *w, const char *name)
{
	chain_new(w, name);
}

void emit_base_chain(struct writer *w, const char *name, uint32_t hook)
{
	struct chain *chain = chain_new(w, name);

	chain->is_base = true;
	chain->hook = hook;
	chain->priority = 0;
	chain->policy = NF_DROP;
	chain->type = "filter";
}

void emit_rule(struct writer *w)
{
	assert(w->chain->n_rules < RULES_MAX);
	w->rule = &w->chain->rules[w->chain->n_rules++];
	w->rule->exprs = arena_alloc(w->arena, EXPRS_MAX * sizeof(struct expr));
}

struct expr *emit_expr(struct writer *w, enum expr_type type)
{
	struct expr *expr = &w->rule->exprs[w->rule->n_exprs++];

	assert(w->rule->n_exprs <= EXPRS_MAX);
	expr->type = type;
	return expr;
}

void emit_load_meta(struct writer *w, uint32_t key, int reg)
{
	struct expr *expr = emit_expr(w, EXPR_META);

	expr->key = key;
	expr->dreg = reg;
}

void emit_load_ct(struct writer *w, uint32_t key, int reg)
{
	struct expr *expr = emit_expr(w, EXPR_CT);

	expr->key = key;
	expr->dreg = reg;
}

void emit_load_payload(struct writer *w, uint32_t base, uint32_t offset,
		       uint32_t len, int reg)
{
	struct expr *expr = emit_expr(w, EXPR_PAYLOAD);

	expr->key = base;
	expr->offset = offset;
	expr->len = len;
	expr->dreg = reg;
}

void emit_compare(struct writer *w, uint32_t op, const void *data, size_t len)
{
	struct expr *expr = emit_expr(w, EXPR_CMP);

	expr->key = op;
	expr->sreg = R0;
	expr->len = len;
	memcpy(expr->data, data, len);
}

void emit_compare_byte(struct writer *w, uint32_t op, uint8_t byte)
{
	emit_compare(w, op, &byte, 1);
}

void emit_mask(struct writer *w, const void *bits, size_t len)
{
	struct expr *expr = emit_expr(w, EXPR_BITWISE);

	expr->sreg = R0;
	expr->dreg = R0;
	expr->len = len;
	memcpy(expr->data, bits, len);
}

static struct expr *lookup(struct writer *w, const char *set)
{
	struct expr *expr = emit_expr(w, EXPR_LOOKUP);

	expr->name = set;
	expr->sreg = R0;
	return expr;
}

void emit_lookup(struct writer *w, const char *set)
{
	lookup(w, set);
}

/* The data found goes to register 0, over the key. */
void emit_lookup_data(struct writer *w, const char *map)
{
	struct expr *expr = lookup(w, map);

	expr->has_dreg = true;
	expr->dreg = R0;
}

void emit_lookup_verdict(struct writer *w, const char *map)
{
	struct expr *expr = lookup(w, map);

	expr->has_dreg = true;
	expr->dreg = REG_VERDICT;
}

void emit_set_number(struct writer *w, uint32_t number)
{
	struct expr *expr = emit_expr(w, EXPR_IMMEDIATE);

	expr->dreg = R0;
	expr->len = sizeof(number);
	memcpy(expr->data, &number, sizeof(number));
}

void emit_store_ct_mark(struct writer *w)
{
	struct expr *expr = emit_expr(w, EXPR_CT);

	expr->key = NFT_CT_MARK;
	expr->sreg = R0;
	expr->writes = true;
}

void emit_store_mark(struct writer *w)
{
	struct expr *expr = emit_expr(w, EXPR_META);

	expr->key = NFT_META_MARK;
	expr->sreg = R0;
	expr->writes = true;
}

void emit_verdict(struct writer *w, int32_t code, const char *chain)
{
	struct expr *expr = emit_expr(w, EXPR_IMMEDIATE);

	expr->dreg = REG_VERDICT;
	expr->verdict.code = code;
	expr->verdict.chain = chain;
}

void emit_counted_drop(struct writer *w, const char *why)
{
	emit_expr(w, EXPR_COUNTER);
	emit_verdict(w, NF_DROP, NULL);
	w->rule->comment = why;
}

void emit_match_state(struct writer *w, unsigned int info)
{
	uint32_t bit = NF_CT_STATE_BIT(info), zero = 0;

	emit_load_ct(w, NFT_CT_STATE, R0);
	emit_mask(w, &bit, sizeof(bit));
	emit_compare(w, NFT_CMP_NEQ, &zero, sizeof(zero));
}

void emit_match_family(struct writer *w, unsigned int family)
{
	emit_load_meta(w, NFT_META_NFPROTO, R0);
	emit_compare_byte(w, NFT_CMP_EQ,
			  family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

void emit_match_l4proto(struct writer *w, uint8_t proto)
{
	emit_load_meta(w, NFT_META_L4PROTO, R0);
	emit_compare_byte(w, NFT_CMP_EQ, proto);
}

void emit_match_icmp_type(struct writer *w, unsigned int family,
			  const char *set)
{
	emit_match_family(w, family);
	emit_match_l4proto(w, family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	emit_load_payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, R0);
	emit_lookup(w, set);
}

void emit_match_hop_limit(struct writer *w, uint8_t hops)
{
	emit_load_payload(w, NFT_PAYLOAD_NETWORK_HEADER, 7, 1, R0);
	emit_compare_byte(w, NFT_CMP_EQ, hops);
}

unsigned int emit_load_saddr(struct writer *w, unsigned int family, int reg)
{
	emit_load_payload(w, NFT_PAYLOAD_NETWORK_HEADER, family == 4 ? 12 : 8,
			  family == 4 ? 4 : 16, reg);
	return reg + (family == 4 ? 1 : 4);
}

unsigned int emit_load_daddr(struct writer *w, unsigned int family, int reg)
{
	emit_load_payload(w, NFT_PAYLOAD_NETWORK_HEADER, family == 4 ? 16 : 24,
			  family == 4 ? 4 : 16, reg);
	return reg + (family == 4 ? 1 : 4);
}

void emit_load_l4(struct writer *w, int reg)
{
	emit_load_meta(w, NFT_META_L4PROTO, reg);
	emit_load_payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg + 1);
}
