// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two rulesets to the edits between them. Both are sorted, so one walk over
 * each pair of lists finds every difference; rules, whose order matters, are
 * matched by their longest common subsequence. Easy to get wrong: a rule or an
 * element that is equal cannot stay if it refers to a set or a chain that is
 * made anew; and others may have put in any number of rules, so the work for a
 * chain has a bound.
 */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "arena.h"

/*
 * Beyond these a chain is emptied and filled again: the kernel searches the
 * chain for each handle, and we compare each rule with each.
 */
#define MATCH_RULES_MAX 4096
#define MATCH_CELLS_MAX ((size_t)1 << 20)

struct differ {
	const struct ruleset *observed, *desired;
	struct arena *arena;
	struct edits *edits;
	/* Names of chains and sets that are made, or made anew */
	const char **made_chains, **made_sets;
	size_t n_made_chains, n_made_sets;
};

static void diff_table(struct differ *d)
{
	uint32_t have = d->observed->flags, want = d->desired->flags;
	struct edits *edits = d->edits;

	if (!d->observed->exists) {
		edits->make_table = d->desired->exists;
		edits->table_flags = want;
		return;
	}
	if (table_flags_fit(have, want))
		return;
	edits->table_flags = want;
	if (have == RULESET_F_PERSIST &&
	    want == (RULESET_F_OWNER | RULESET_F_PERSIST))
		edits->make_table = true; /* adopt it */
	else if (have == NFT_TABLE_F_DORMANT && !want)
		edits->make_table = true; /* wake it */
	else
		edits->scope = EDIT_REPLACE;
}

static void note_made(struct differ *d, const char ***names, size_t *n,
		      const char *name)
{
	*names = arena_push(d->arena, *names, n, sizeof(**names));
	(*names)[*n - 1] = name;
}

static bool is_among(const char *const *names, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool made_chain(const struct differ *d, const struct verdict *verdict)
{
	return verdict->chain &&
	       is_among(d->made_chains, d->n_made_chains, verdict->chain);
}

static void edit_set(struct differ *d, const struct set *have,
		     const struct set *want)
{
	struct edits *edits = d->edits;

	edits->sets = arena_push(d->arena, edits->sets, &edits->n_sets,
				 sizeof(*edits->sets));
	edits->sets[edits->n_sets - 1] = (struct set_edit){
		.have = have,
		.want = want,
		/* Sets without a name of their own live in a rule. */
		.implied = have && have->flags & NFT_SET_ANONYMOUS,
	};
	if (want)
		note_made(d, &d->made_sets, &d->n_made_sets, want->name);
}

static void edit_chain(struct differ *d, const struct chain *have,
		       const struct chain *want, bool remake)
{
	struct edits *edits = d->edits;

	edits->chains = arena_push(d->arena, edits->chains, &edits->n_chains,
				   sizeof(*edits->chains));
	edits->chains[edits->n_chains - 1] = (struct chain_edit){
		.have = have,
		.want = want,
		.remake = remake,
		.implied = have && have->is_bound,
	};
	if (want && (!have || remake))
		note_made(d, &d->made_chains, &d->n_made_chains, want->name);
}

/* The order of two names, of which one list may have come to its end */
static int name_order(const char *a, const char *b)
{
	if (a && b)
		return strcmp(a, b);
	return a ? -1 : 1;
}

static void diff_sets(struct differ *d)
{
	const struct ruleset *a = d->observed, *b = d->desired;
	size_t i = 0, k = 0;

	while (i < a->n_sets || k < b->n_sets) {
		const struct set *have = i < a->n_sets ? &a->sets[i] : NULL;
		const struct set *want = k < b->n_sets ? &b->sets[k] : NULL;
		int cmp = name_order(have ? have->name : NULL,
				     want ? want->name : NULL);

		i += cmp <= 0;
		k += cmp >= 0;
		if (cmp || !set_same_shape(have, want))
			edit_set(d, cmp <= 0 ? have : NULL,
				 cmp >= 0 ? want : NULL);
	}
}

static bool same_base(const struct chain *a, const struct chain *b)
{
	if (a->has_other || b->has_other || a->is_base != b->is_base)
		return false;
	return !a->is_base ||
	       (a->hook == b->hook && a->priority == b->priority &&
		!strcmp(a->type, b->type));
}

static void diff_chains(struct differ *d)
{
	const struct ruleset *a = d->observed, *b = d->desired;
	size_t i = 0, k = 0;

	while (i < a->n_chains || k < b->n_chains) {
		const struct chain *have = i < a->n_chains ? &a->chains[i] :
							     NULL;
		const struct chain *want = k < b->n_chains ? &b->chains[k] :
							     NULL;
		int cmp = name_order(have ? have->name : NULL,
				     want ? want->name : NULL);

		i += cmp <= 0;
		k += cmp >= 0;
		if (cmp < 0)
			edit_chain(d, have, NULL, false);
		else if (cmp > 0)
			edit_chain(d, NULL, want, false);
		else if (!same_base(have, want))
			edit_chain(d, have, want, true);
		else if (want->is_base && have->policy != want->policy)
			edit_chain(d, have, want, false);
	}
}

static void edit_rule(struct differ *d, struct rule_edit edit)
{
	struct edits *edits = d->edits;

	edits->rules = arena_push(d->arena, edits->rules, &edits->n_rules,
				  sizeof(*edits->rules));
	edits->rules[edits->n_rules - 1] = edit;
}

/* Does it refer to what is made in the same transaction? */
static bool refers_to_made(const struct differ *d, const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->n_exprs; i++) {
		const struct expr *expr = &rule->exprs[i];

		if (expr->type == EXPR_LOOKUP &&
		    is_among(d->made_sets, d->n_made_sets, expr->name))
			return true;
		if (made_chain(d, &expr->verdict))
			return true;
	}
	return false;
}

/**
 * struct match - which rules of two chains are the same
 * @of: for each observed rule the place of the desired one, or NONE
 * @matched: for each desired rule whether there is one
 * @flush: none of them can stay
 */
#define NONE UINT32_MAX
struct match {
	const struct chain *have, *want;
	uint32_t *of;
	bool *matched;
	bool flush;
};

static void match_pair(struct match *match, size_t i, size_t k)
{
	match->of[i] = k;
	match->matched[k] = true;
}

/* The middle, of n rules from i and m rules from k, by dynamic programming */
static void match_middle(struct match *match, size_t first, size_t n, size_t m)
{
	const struct rule *a, *b;
	size_t row = m + 1, i, k;
	uint16_t *best; /* common rules from i and k to the end */

	if (!n || !m)
		return;
	a = match->have->rules + first;
	b = match->want->rules + first;
	best = calloc((n + 1) * row, sizeof(*best));
	if (!best)
		abort();
	for (i = n; i--;)
		for (k = m; k--;) {
			uint16_t *at = &best[i * row + k];

			if (rule_equal(&a[i], &b[k]))
				*at = at[row + 1] + 1;
			else
				*at = at[row] > at[1] ? at[row] : at[1];
		}
	for (i = k = 0; i < n && k < m;) {
		const uint16_t *at = &best[i * row + k];

		if (rule_equal(&a[i], &b[k]))
			match_pair(match, first + i++, first + k++);
		else if (at[row] >= at[1])
			i++;
		else
			k++;
	}
	free(best);
}

static void match_rules(struct match *match)
{
	const struct rule *a = match->have->rules, *b = match->want->rules;
	size_t n = match->have->n_rules, m = match->want->n_rules, first, i;

	for (i = 0; i < n; i++)
		match->of[i] = NONE;
	for (first = 0; first < n && first < m; first++) {
		if (!rule_equal(&a[first], &b[first]))
			break;
		match_pair(match, first, first);
	}
	for (; n > first && m > first; n--, m--) {
		if (!rule_equal(&a[n - 1], &b[m - 1]))
			break;
		match_pair(match, n - 1, m - 1);
	}
	n -= first;
	m -= first;
	if (n > MATCH_RULES_MAX || (m && n > MATCH_CELLS_MAX / m))
		match->flush = true;
	else
		match_middle(match, first, n, m);
}

static bool rule_stays(const struct differ *d, const struct match *match,
		       size_t i)
{
	return match->of[i] != NONE && !match->flush &&
	       !refers_to_made(d, &match->have->rules[i]);
}

/* A rule without a handle can neither be deleted nor say where another goes. */
static bool has_nameless(const struct chain *chain)
{
	size_t i;

	for (i = 0; i < chain->n_rules; i++)
		if (!chain->rules[i].handle)
			return true;
	return false;
}

/* Edits up to the next rule that stays, and on from there */
static void edit_rules(struct differ *d, const struct match *match)
{
	const struct chain *have = match->have, *want = match->want;
	size_t i = 0, k = 0, end_i, end_k;

	while (i < have->n_rules || k < want->n_rules) {
		bool last;
		uint64_t before;

		for (end_i = i; end_i < have->n_rules; end_i++)
			if (rule_stays(d, match, end_i))
				break;
		last = end_i == have->n_rules;
		end_k = last ? want->n_rules : match->of[end_i];
		before = last ? 0 : have->rules[end_i].handle;
		for (; i < end_i; i++)
			edit_rule(d, (struct rule_edit){
					     .chain = have,
					     .rule = &have->rules[i],
					     .before = before,
					     .place = i + 1,
					     .implied = match->flush,
					     .quiet = match->of[i] != NONE,
				     });
		for (; k < end_k; k++)
			edit_rule(d, (struct rule_edit){
					     .chain = want,
					     .rule = &want->rules[k],
					     .before = before,
					     .place = k + 1,
					     .add = true,
					     .quiet = match->matched[k],
				     });
		i = end_i + 1;
		k = end_k + 1;
	}
}

static bool rules_same(const struct differ *d, const struct chain *have,
		       const struct chain *want)
{
	size_t i;

	if (have->n_rules != want->n_rules)
		return false;
	for (i = 0; i < have->n_rules; i++)
		if (!rule_equal(&have->rules[i], &want->rules[i]) ||
		    refers_to_made(d, &have->rules[i]))
			return false;
	return true;
}

static void diff_rules(struct differ *d, const struct chain *have,
		       const struct chain *want, bool flush)
{
	struct match match = { .have = have, .want = want, .flush = flush };

	if (!flush && rules_same(d, have, want))
		return;
	match.of = calloc(have->n_rules + 1, sizeof(*match.of));
	match.matched = calloc(want->n_rules + 1, sizeof(*match.matched));
	if (!match.of || !match.matched)
		abort();
	match_rules(&match);
	match.flush |= has_nameless(have);
	if (match.flush && have->n_rules)
		edit_rule(d, (struct rule_edit){ .chain = have,
						 .implied = have->is_bound,
						 .quiet = true });
	edit_rules(d, &match);
	free(match.of);
	free(match.matched);
}

/* Rules of a chain that comes or goes as a whole */
static void edit_whole_chain(struct differ *d, const struct chain_edit *edit)
{
	size_t i;

	if (!edit->want) {
		if (edit->have->n_rules)
			edit_rule(d,
				  (struct rule_edit){ .chain = edit->have,
						      .implied = edit->implied,
						      .quiet = true });
		return;
	}
	for (i = 0; i < edit->want->n_rules; i++)
		edit_rule(d, (struct rule_edit){ .chain = edit->want,
						 .rule = &edit->want->rules[i],
						 .place = i + 1,
						 .add = true,
						 .quiet = true });
}

static void diff_all_rules(struct differ *d)
{
	size_t i;

	for (i = 0; i < d->edits->n_chains; i++) {
		const struct chain_edit *edit = &d->edits->chains[i];

		if (!edit->have || !edit->want)
			edit_whole_chain(d, edit);
	}
	for (i = 0; i < d->desired->n_chains; i++) {
		const struct chain *want = &d->desired->chains[i];
		const struct chain *have =
			ruleset_chain(d->observed, want->name);

		if (have)
			diff_rules(d, have, want, !same_base(have, want));
	}
}

static void add_elem(struct differ *d, const struct set *set,
		     const struct elem *elem, bool quiet)
{
	struct edits *edits = d->edits;

	edits->added = arena_push(d->arena, edits->added, &edits->n_added,
				  sizeof(*edits->added));
	edits->added[edits->n_added - 1] =
		(struct elem_edit){ .set = set, .elem = elem, .quiet = quiet };
}

static void delete_elem(struct differ *d, struct elem_edit edit)
{
	struct edits *edits = d->edits;

	edits->deleted = arena_push(d->arena, edits->deleted, &edits->n_deleted,
				    sizeof(*edits->deleted));
	edits->deleted[edits->n_deleted - 1] = edit;
}

/*
 * The kernel is told for how long, so it ends a bit early rather than late. How
 * early at most, encode.c says.
 */
#define SOON_MSEC 2500

bool diff_ends_soon(const struct elem *elem, uint64_t now_msec)
{
	return elem->end_msec && elem->end_msec < now_msec + SOON_MSEC;
}

/* One key: what there is and what there should be, of which one may be NULL */
static void diff_elem(struct differ *d, const struct set *have,
		      const struct set *want, const struct elem *a,
		      const struct elem *b)
{
	bool same, moved;

	/* It has ended by itself, or is about to. */
	if (a && a->end_msec && a->end_msec <= d->observed->now_msec)
		a = NULL;
	if (!a && b && diff_ends_soon(b, d->observed->now_msec))
		b = NULL;
	same = a && b && elem_same_data(want, a, b);
	moved = same && want->flags & NFT_SET_MAP &&
		want->data_type == NFT_DATA_VERDICT &&
		made_chain(d, b->verdict);

	if (same && !moved && !have->has_stray)
		return;
	if (a && !(same && have->has_stray))
		delete_elem(d, (struct elem_edit){ .set = want,
						   .elem = a,
						   .implied = have->has_stray,
						   .quiet = same });
	if (b)
		add_elem(d, want, b, same);
}

static void diff_elems(struct differ *d, const struct set *have,
		       const struct set *want)
{
	size_t size = set_key_size(want), i = 0, k = 0;

	if (have->has_stray)
		delete_elem(d, (struct elem_edit){ .set = want,
						   .what = ELEM_ALL });
	if (have->has_catchall)
		delete_elem(d,
			    (struct elem_edit){ .set = want,
						.what = ELEM_CATCHALL,
						.implied = have->has_stray });
	while (i < have->n_elems || k < want->n_elems) {
		const struct elem *a = NULL, *b = NULL;
		int cmp;

		if (i < have->n_elems)
			a = &have->elems[i];
		if (k < want->n_elems)
			b = &want->elems[k];
		if (a && b)
			cmp = memcmp(a->key, b->key, size);
		else
			cmp = a ? -1 : 1;
		i += cmp <= 0;
		k += cmp >= 0;
		diff_elem(d, have, want, cmp <= 0 ? a : NULL,
			  cmp >= 0 ? b : NULL);
	}
}

static void diff_all_elems(struct differ *d)
{
	size_t i, k;

	for (i = 0; i < d->desired->n_sets; i++) {
		const struct set *want = &d->desired->sets[i];
		const struct set *have = ruleset_set(d->observed, want->name);

		if (have && set_same_shape(have, want))
			diff_elems(d, have, want);
		else
			for (k = 0; k < want->n_elems; k++)
				add_elem(d, want, &want->elems[k], true);
	}
}

static bool remakes_chain(const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n_chains; i++)
		if (edits->chains[i].remake)
			return true;
	return false;
}

struct edits *diff_rulesets(const struct ruleset *observed,
			    const struct ruleset *desired, struct arena *arena)
{
	struct edits *edits = arena_alloc(arena, sizeof(*edits));
	struct differ d = {
		.observed = observed,
		.desired = desired,
		.arena = arena,
		.edits = edits,
	};

	edits->now_msec = observed->now_msec;
	diff_table(&d);
	diff_sets(&d);
	diff_chains(&d);
	diff_all_rules(&d);
	diff_all_elems(&d);
	/* The kernel takes no base chain behind new flags of a table. */
	if (edits->make_table && remakes_chain(edits))
		edits->scope = EDIT_REPLACE;
	edits->others = observed->others;
	edits->n_others = observed->n_others;
	if (edits->scope == EDIT_REPLACE)
		return edits;
	if (observed->exists != desired->exists || edits->make_table ||
	    edits->n_chains || edits->n_sets || edits->n_rules ||
	    edits->n_others)
		edits->scope = EDIT_PROGRAM;
	else if (edits->n_added || edits->n_deleted)
		edits->scope = EDIT_ELEMENTS;
	return edits;
}
