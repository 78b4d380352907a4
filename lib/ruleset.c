// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rulesets as values: order, equality, digest. Easy to get wrong: what does
 * not decide about packets (comments, handles, counters) must not make two
 * rulesets differ, and everything that does must.
 */
#include "ruleset.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "arena.h"

struct ruleset *ruleset_new(struct arena *arena)
{
	struct ruleset *ruleset = arena_alloc(arena, sizeof(*ruleset));

	ruleset->arena = arena;
	/* Empty arrays, not missing ones: they are sorted and searched. */
	ruleset->chains = arena_alloc(arena, 0);
	ruleset->sets = arena_alloc(arena, 0);
	ruleset->others = arena_alloc(arena, 0);
	return ruleset;
}

bool set_is_interval(const struct set *set)
{
	return set->flags & NFT_SET_INTERVAL;
}

size_t set_key_size(const struct set *set)
{
	return set_is_interval(set) ? 2 * set->key_len : set->key_len;
}

static int elem_order(const void *a, const void *b, void *size)
{
	const struct elem *x = a, *y = b;

	return memcmp(x->key, y->key, *(const size_t *)size);
}

static int chain_order(const void *a, const void *b)
{
	const struct chain *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int set_order(const void *a, const void *b)
{
	const struct set *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int other_order(const void *a, const void *b)
{
	const struct other *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Large sets come sorted from the compiler; then one look is enough. */
static bool set_is_sorted(const struct set *set)
{
	size_t i, size = set_key_size(set);

	for (i = 1; i < set->n_elems; i++)
		if (memcmp(set->elems[i - 1].key, set->elems[i].key, size) > 0)
			return false;
	return true;
}

void set_sort(struct set *set)
{
	size_t size = set_key_size(set);

	if (!set_is_sorted(set))
		qsort_r(set->elems, set->n_elems, sizeof(struct elem),
			elem_order, &size);
}

void ruleset_sort(struct ruleset *ruleset)
{
	size_t i;

	qsort(ruleset->chains, ruleset->n_chains, sizeof(struct chain),
	      chain_order);
	qsort(ruleset->sets, ruleset->n_sets, sizeof(struct set), set_order);
	qsort(ruleset->others, ruleset->n_others, sizeof(struct other),
	      other_order);
	for (i = 0; i < ruleset->n_sets; i++)
		set_sort(&ruleset->sets[i]);
}

const struct set *ruleset_set(const struct ruleset *ruleset, const char *name)
{
	const struct set key = { .name = name };

	return bsearch(&key, ruleset->sets, ruleset->n_sets, sizeof(key),
		       set_order);
}

const struct chain *ruleset_chain(const struct ruleset *ruleset,
				  const char *name)
{
	const struct chain key = { .name = name };

	return bsearch(&key, ruleset->chains, ruleset->n_chains, sizeof(key),
		       chain_order);
}

const struct elem *set_find(const struct set *set, const uint8_t *key)
{
	size_t low = 0, high = set->n_elems, size = set_key_size(set);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int cmp = memcmp(set->elems[middle].key, key, size);

		if (!cmp)
			return &set->elems[middle];
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool table_flags_fit(uint32_t observed, uint32_t desired)
{
	if (!(desired & RULESET_F_OWNER))
		observed &= ~(uint32_t)RULESET_F_PERSIST;
	return observed == desired;
}

static bool name_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool verdict_equal(const struct verdict *a, const struct verdict *b)
{
	return a->code == b->code && name_equal(a->chain, b->chain);
}

static bool expr_equal(const struct expr *a, const struct expr *b)
{
	if (a->type == EXPR_OTHER || b->type == EXPR_OTHER)
		return false;
	return a->type == b->type && a->key == b->key && a->flags == b->flags &&
	       a->sreg == b->sreg && a->dreg == b->dreg &&
	       a->writes == b->writes && a->has_dreg == b->has_dreg &&
	       a->offset == b->offset && a->len == b->len &&
	       !memcmp(a->data, b->data, sizeof(a->data)) &&
	       verdict_equal(&a->verdict, &b->verdict) &&
	       name_equal(a->name, b->name);
}

bool rule_equal(const struct rule *a, const struct rule *b)
{
	size_t i;

	if (a->n_exprs != b->n_exprs)
		return false;
	for (i = 0; i < a->n_exprs; i++)
		if (!expr_equal(&a->exprs[i], &b->exprs[i]))
			return false;
	return true;
}

bool set_same_shape(const struct set *a, const struct set *b)
{
	return !a->has_other && !b->has_other && a->flags == b->flags &&
	       a->key_type == b->key_type && a->key_len == b->key_len &&
	       a->data_type == b->data_type && a->data_len == b->data_len &&
	       a->size == b->size && a->counts == b->counts;
}

/*
 * More than it takes to read an element and to send one, and more than clocks
 * are off before they count as wrong; less than matters to a permission.
 */
#define END_SLACK_MSEC 3000

bool set_times_out(const struct set *set)
{
	return set->flags & NFT_SET_TIMEOUT;
}

static bool end_equal(uint64_t a, uint64_t b)
{
	/* none is not just another end */
	if (!a || !b)
		return a == b;
	return (a < b ? b - a : a - b) <= END_SLACK_MSEC;
}

bool elem_same_data(const struct set *set, const struct elem *a,
		    const struct elem *b)
{
	if (a->has_other || b->has_other)
		return false;
	if (!end_equal(a->end_msec, b->end_msec))
		return false;
	if (!(set->flags & NFT_SET_MAP))
		return true;
	if (set->data_type == NFT_DATA_VERDICT)
		return verdict_equal(a->verdict, b->verdict);
	return a->mark == b->mark;
}

size_t ruleset_n_elems(const struct ruleset *ruleset)
{
	size_t i, n = 0;

	for (i = 0; i < ruleset->n_sets; i++)
		n += ruleset->sets[i].n_elems;
	return n;
}

/*
 * The canonical form, as it is digested: every number as 4 bytes, least
 * significant first, every text with its length before it.
 */
static void digest_number(EVP_MD_CTX *ctx, uint32_t number)
{
	const uint8_t bytes[] = { number & 0xff, number >> 8 & 0xff,
				  number >> 16 & 0xff, number >> 24 };

	EVP_DigestUpdate(ctx, bytes, sizeof(bytes));
}

static void digest_text(EVP_MD_CTX *ctx, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	digest_number(ctx, text ? len + 1 : 0);
	EVP_DigestUpdate(ctx, text ? text : "", len);
}

static void digest_verdict(EVP_MD_CTX *ctx, const struct verdict *verdict)
{
	digest_number(ctx, verdict->code);
	digest_text(ctx, verdict->chain);
}

static void digest_rule(EVP_MD_CTX *ctx, const struct rule *rule)
{
	size_t i;

	digest_number(ctx, rule->n_exprs);
	for (i = 0; i < rule->n_exprs; i++) {
		const struct expr *expr = &rule->exprs[i];

		digest_number(ctx, expr->type);
		digest_number(ctx, expr->key);
		digest_number(ctx, expr->flags);
		digest_number(ctx,
			      (uint8_t)expr->sreg << 8 | (uint8_t)expr->dreg);
		digest_number(ctx, expr->writes << 1 | expr->has_dreg);
		digest_number(ctx, expr->offset);
		digest_number(ctx, expr->len);
		EVP_DigestUpdate(ctx, expr->data, sizeof(expr->data));
		digest_verdict(ctx, &expr->verdict);
		digest_text(ctx, expr->name);
	}
}

static void digest_chain(EVP_MD_CTX *ctx, const struct chain *chain)
{
	size_t i;

	digest_text(ctx, chain->name);
	digest_number(ctx, chain->is_bound << 2 | chain->has_other << 1 |
				   chain->is_base);
	digest_number(ctx, chain->hook);
	digest_number(ctx, chain->priority);
	digest_number(ctx, chain->policy);
	digest_text(ctx, chain->type);
	digest_number(ctx, chain->n_rules);
	for (i = 0; i < chain->n_rules; i++)
		digest_rule(ctx, &chain->rules[i]);
}

static void digest_set(EVP_MD_CTX *ctx, const struct set *set)
{
	size_t i;

	digest_text(ctx, set->name);
	digest_number(ctx, set->flags);
	digest_number(ctx, set->key_type);
	digest_number(ctx, set->key_len);
	digest_number(ctx, set->data_type);
	digest_number(ctx, set->data_len);
	digest_number(ctx, set->size);
	digest_number(ctx, set->has_stray << 3 | set->has_catchall << 2 |
				   set->counts << 1 | set->has_other);
	digest_number(ctx, set->n_elems);
	for (i = 0; i < set->n_elems; i++) {
		const struct elem *elem = &set->elems[i];

		EVP_DigestUpdate(ctx, elem->key, set_key_size(set));
		digest_number(ctx, elem->has_other);
		if (!(set->flags & NFT_SET_MAP))
			continue;
		if (set->data_type == NFT_DATA_VERDICT)
			digest_verdict(ctx, elem->verdict);
		else
			digest_number(ctx, elem->mark);
	}
}

void ruleset_digest(const struct ruleset *ruleset,
		    char text[static DIGEST_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t md[DIGEST_LEN];
	size_t i;

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		abort();
	digest_number(ctx, ruleset->exists);
	digest_number(ctx, ruleset->flags & ~(uint32_t)(RULESET_F_OWNER |
							RULESET_F_PERSIST));
	digest_number(ctx, ruleset->n_chains);
	for (i = 0; i < ruleset->n_chains; i++)
		digest_chain(ctx, &ruleset->chains[i]);
	digest_number(ctx, ruleset->n_sets);
	for (i = 0; i < ruleset->n_sets; i++)
		digest_set(ctx, &ruleset->sets[i]);
	digest_number(ctx, ruleset->n_others);
	for (i = 0; i < ruleset->n_others; i++) {
		digest_number(ctx, ruleset->others[i].kind);
		digest_number(ctx, ruleset->others[i].type);
		digest_text(ctx, ruleset->others[i].name);
	}
	EVP_DigestFinal_ex(ctx, md, NULL);
	EVP_MD_CTX_free(ctx);
	for (i = 0; i < DIGEST_LEN; i++) {
		text[2 * i] = digits[md[i] >> 4];
		text[2 * i + 1] = digits[md[i] & 15];
	}
	text[2 * DIGEST_LEN] = '\0';
}
