/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_EMIT_H
#define SEKIMORI_EMIT_H

#include "ruleset.h"

/* Where keys start, and where comparisons look */
#define R0 0

/** struct writer - the place where the next expression goes */
struct writer {
	struct arena *arena;
	struct ruleset *ruleset; /* its array of chains must be large enough */
	struct chain *chain;
	struct rule *rule;
};

/* A new chain, base chain (type filter, priority 0, policy drop), or rule of
 * the chain; what follows goes there. Names are not copied. */
void emit_chain(struct writer *w, const char *name);
void emit_base_chain(struct writer *w, const char *name, uint32_t hook);
void emit_rule(struct writer *w);

/** emit_expr - an expression of which only the type is filled in */
struct expr *emit_expr(struct writer *w, enum expr_type type);

/* Loads into register @reg. Addresses return the register behind them. */
void emit_load_meta(struct writer *w, uint32_t key, int reg);
void emit_load_ct(struct writer *w, uint32_t key, int reg);
void emit_load_payload(struct writer *w, uint32_t base, uint32_t offset,
		       uint32_t len, int reg);
unsigned int emit_load_saddr(struct writer *w, unsigned int family, int reg);
unsigned int emit_load_daddr(struct writer *w, unsigned int family, int reg);
/* meta l4proto . th dport: the end of every flow key */
void emit_load_l4(struct writer *w, int reg);

/* Register 0: compare with @data, mask, or set to a number */
void emit_compare(struct writer *w, uint32_t op, const void *data, size_t len);
void emit_compare_byte(struct writer *w, uint32_t op, uint8_t byte);
void emit_mask(struct writer *w, const void *bits, size_t len);
void emit_set_number(struct writer *w, uint32_t number);

/* Search for the key in a set; take the data or the verdict of a map. */
void emit_lookup(struct writer *w, const char *set);
void emit_lookup_data(struct writer *w, const char *map);
void emit_lookup_verdict(struct writer *w, const char *map);

/* ct mark or packet mark = register 0 */
void emit_store_ct_mark(struct writer *w);
void emit_store_mark(struct writer *w);

void emit_verdict(struct writer *w, int32_t code, const char *chain);
/* Count and drop, with @why as the rule's comment */
void emit_counted_drop(struct writer *w, const char *why);

/* Go on only for ... */
void emit_match_state(struct writer *w, unsigned int info);
void emit_match_family(struct writer *w, unsigned int family);
void emit_match_l4proto(struct writer *w, uint8_t proto);
void emit_match_icmp_type(struct writer *w, unsigned int family,
			  const char *set);
void emit_match_hop_limit(struct writer *w, uint8_t hops);

#endif
