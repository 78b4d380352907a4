// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Edits, played on a ruleset in memory by the kernel's own rules: what is to be
 * deleted must be there and no longer be referred to, what is to be added must
 * not be there. Whatever others did to a table, the edits make it the desired
 * one, and what was not touched stays.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "compile.h"
#include "diff.h"
#include "suites.h"
#include "text_policy.h"

static const char conf[] =
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
	"guideline = \"R7.3\"; };"
	"zones = ( { name = \"a\"; layer = \"other\"; interfaces = [ \"e0\" ];"
	" networks = [ \"10.0.0.0/24\", \"fd00:1::/64\" ]; },"
	"{ name = \"b\"; layer = \"other\"; interfaces = [ \"e1\" ];"
	" networks = [ \"10.1.0.0/24\", \"fd00:2::/64\" ]; "
	"next_hop_mac = \"02:00:00:00:00:fe\"; } );"
	"conduits = ( { name = \"c\"; kind = \"plain\"; from = [ \"a\", "
	"\"10.0.0.1\", \"10.0.0.64/26\" ]; to = [ \"b\", \"10.1.0.1\" ]; "
	"services = [ \"tcp/1\", \"udp/100-900\", \"icmp/echo-request\" ]; },"
	"{ name = \"m\"; kind = \"plain\"; bind = \"mac\"; from = [ \"b\" ]; "
	"to = [ \"gateway\" ]; services = [ \"tcp/22\" ]; } );";

/* What a test changes is its own. */
static void *own(struct arena *arena, const void *array, size_t n, size_t size)
{
	/* Room for one more */
	void *copy = arena_alloc(arena, (n + 1) * size);

	if (n)
		memcpy(copy, array, n * size);
	return copy;
}

static struct ruleset *copy_ruleset(struct arena *arena,
				    const struct ruleset *from)
{
	struct ruleset *to = own(arena, from, 1, sizeof(*from));
	size_t i;

	to->arena = arena;
	to->chains =
		own(arena, from->chains, from->n_chains, sizeof(*to->chains));
	for (i = 0; i < to->n_chains; i++)
		to->chains[i].rules = own(arena, from->chains[i].rules,
					  from->chains[i].n_rules,
					  sizeof(struct rule));
	to->sets = own(arena, from->sets, from->n_sets, sizeof(*to->sets));
	for (i = 0; i < to->n_sets; i++)
		to->sets[i].elems = own(arena, from->sets[i].elems,
					from->sets[i].n_elems,
					sizeof(struct elem));
	to->others =
		own(arena, from->others, from->n_others, sizeof(*to->others));
	return to;
}

static void remove_at(void *array, size_t *n, size_t size, size_t at)
{
	char *bytes = array;

	(*n)--;
	memmove(bytes + at * size, bytes + (at + 1) * size, (*n - at) * size);
}

/* The array must have room. */
static void *insert_at(void *array, size_t *n, size_t size, size_t at)
{
	char *bytes = array;

	memmove(bytes + (at + 1) * size, bytes + at * size, (*n - at) * size);
	memset(bytes + at * size, 0, size);
	(*n)++;
	return bytes + at * size;
}

static struct rule *insert_rule(struct ruleset *r, struct chain *chain,
				size_t at, const struct rule *rule)
{
	struct rule *new;

	chain->rules =
		own(r->arena, chain->rules, chain->n_rules, sizeof(*rule));
	new = insert_at(chain->rules, &chain->n_rules, sizeof(*rule), at);
	*new = *rule;
	return new;
}

static struct chain *chain_named(const struct ruleset *r, const char *name)
{
	struct chain *chain = (struct chain *)ruleset_chain(r, name);

	ck_assert_msg(chain != NULL, "no chain %s", name);
	return chain;
}

static struct set *set_named(const struct ruleset *r, const char *name)
{
	struct set *set = (struct set *)ruleset_set(r, name);

	ck_assert_msg(set != NULL, "no set %s", name);
	return set;
}

/* The kernel, as far as it is needed here */
static size_t rule_at(const struct chain *chain, uint64_t handle)
{
	size_t i;

	for (i = 0; i < chain->n_rules; i++)
		if (chain->rules[i].handle == handle)
			return i;
	ck_abort_msg("chain %s has no rule with that handle", chain->name);
	return 0;
}

static bool chain_in_use(const struct ruleset *r, const char *name)
{
	size_t i, k, j;

	for (i = 0; i < r->n_chains; i++)
		for (k = 0; k < r->chains[i].n_rules; k++)
			for (j = 0; j < r->chains[i].rules[k].n_exprs; j++) {
				const struct expr *expr =
					&r->chains[i].rules[k].exprs[j];

				if (expr->verdict.chain &&
				    !strcmp(expr->verdict.chain, name))
					return true;
			}
	for (i = 0; i < r->n_sets; i++)
		for (k = 0; k < r->sets[i].n_elems; k++) {
			const struct set *set = &r->sets[i];

			if (set->data_type == NFT_DATA_VERDICT &&
			    set->elems[k].verdict->chain &&
			    !strcmp(set->elems[k].verdict->chain, name))
				return true;
		}
	return false;
}

static bool set_in_use(const struct ruleset *r, const char *name)
{
	size_t i, k, j;

	for (i = 0; i < r->n_chains; i++)
		for (k = 0; k < r->chains[i].n_rules; k++)
			for (j = 0; j < r->chains[i].rules[k].n_exprs; j++) {
				const struct expr *expr =
					&r->chains[i].rules[k].exprs[j];

				if (expr->type == EXPR_LOOKUP &&
				    !strcmp(expr->name, name))
					return true;
			}
	return false;
}

static void play_rule_deletions(struct ruleset *r, const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n_rules; i++) {
		const struct rule_edit *edit = &edits->rules[i];
		struct chain *chain;

		if (edit->add || edit->implied)
			continue;
		chain = chain_named(r, edit->chain->name);
		if (edit->rule)
			remove_at(chain->rules, &chain->n_rules,
				  sizeof(*chain->rules),
				  rule_at(chain, edit->rule->handle));
		else
			chain->n_rules = 0;
	}
}

static void play_elem_deletions(struct ruleset *r, const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n_deleted; i++) {
		const struct elem_edit *edit = &edits->deleted[i];
		struct set *set = set_named(r, edit->set->name);
		const struct elem *elem;

		if (edit->implied)
			continue;
		switch (edit->what) {
		case ELEM_ONE:
			elem = set_find(set, edit->elem->key);
			ck_assert_ptr_nonnull(elem);
			remove_at(set->elems, &set->n_elems, sizeof(*elem),
				  elem - set->elems);
			break;
		case ELEM_CATCHALL:
			ck_assert(set->has_catchall);
			set->has_catchall = false;
			break;
		case ELEM_ALL:
			set->n_elems = 0;
			set->has_catchall = set->has_stray = false;
			break;
		}
	}
}

static void play_departures(struct ruleset *r, const struct edits *edits)
{
	size_t i;

	play_rule_deletions(r, edits);
	play_elem_deletions(r, edits);
	for (i = 0; i < edits->n_sets; i++) {
		const struct set *have = edits->sets[i].have;

		if (!have)
			continue;
		ck_assert_msg(!set_in_use(r, have->name), "%s", have->name);
		remove_at(r->sets, &r->n_sets, sizeof(*r->sets),
			  set_named(r, have->name) - r->sets);
	}
	ck_assert_uint_eq(edits->n_others, r->n_others);
	r->n_others = 0;
	for (i = 0; i < edits->n_chains; i++) {
		const struct chain_edit *edit = &edits->chains[i];
		struct chain *chain;

		if (!edit->have || (edit->want && !edit->remake))
			continue;
		chain = chain_named(r, edit->have->name);
		if (edit->implied)
			chain->n_rules = 0;
		ck_assert_uint_eq(chain->n_rules, 0);
		ck_assert(!chain_in_use(r, chain->name));
		remove_at(r->chains, &r->n_chains, sizeof(*chain),
			  chain - r->chains);
	}
}

static void play_rules(struct ruleset *r, const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n_rules; i++) {
		const struct rule_edit *edit = &edits->rules[i];
		struct chain *chain;

		if (!edit->add)
			continue;
		chain = chain_named(r, edit->chain->name);
		insert_rule(r, chain,
			    edit->before ? rule_at(chain, edit->before) :
					   chain->n_rules,
			    edit->rule);
	}
}

static void play_arrivals(struct ruleset *r, const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n_sets; i++) {
		struct set *set;

		if (!edits->sets[i].want)
			continue;
		r->sets = own(r->arena, r->sets, r->n_sets, sizeof(*r->sets));
		set = insert_at(r->sets, &r->n_sets, sizeof(*set), r->n_sets);
		*set = *edits->sets[i].want;
		set->elems = NULL;
		set->n_elems = 0;
	}
	for (i = 0; i < edits->n_chains; i++) {
		const struct chain_edit *edit = &edits->chains[i];
		struct chain *chain;

		if (edit->have && edit->want && !edit->remake)
			chain_named(r, edit->want->name)->policy =
				edit->want->policy;
		else if (edit->want) {
			r->chains = own(r->arena, r->chains, r->n_chains,
					sizeof(*chain));
			chain = insert_at(r->chains, &r->n_chains,
					  sizeof(*chain), r->n_chains);
			*chain = *edit->want;
			chain->rules = NULL;
			chain->n_rules = 0;
		}
	}
	ruleset_sort(r);
	play_rules(r, edits);
	for (i = 0; i < edits->n_added; i++) {
		const struct elem_edit *edit = &edits->added[i];
		struct set *set = set_named(r, edit->set->name);

		ck_assert_ptr_null(set_find(set, edit->elem->key));
		set->elems = own(r->arena, set->elems, set->n_elems,
				 sizeof(*set->elems));
		*(struct elem *)insert_at(set->elems, &set->n_elems,
					  sizeof(*set->elems),
					  set->n_elems) = *edit->elem;
		ruleset_sort(r);
	}
}

static struct ruleset *play(const struct ruleset *observed,
			    const struct ruleset *desired,
			    const struct edits *edits, struct arena *arena)
{
	struct ruleset *r = copy_ruleset(arena, observed);

	if (edits->scope == EDIT_REPLACE)
		return copy_ruleset(arena, desired);
	if (edits->make_table) {
		r->exists = true;
		r->flags = edits->table_flags;
	}
	play_departures(r, edits);
	play_arrivals(r, edits);
	return r;
}

/* A table that holds what is desired, its rules with handles */
static void set_up(struct arena *arena, struct ruleset **want,
		   struct ruleset **have)
{
	uint64_t handle = 1;
	size_t i, k;

	*want = text_compile(arena, conf);
	*have = copy_ruleset(arena, *want);
	for (i = 0; i < (*have)->n_chains; i++)
		for (k = 0; k < (*have)->chains[i].n_rules; k++)
			(*have)->chains[i].rules[k].handle = handle++;
}

/* Numbers that the seed determines */
struct random {
	uint32_t state;
	uint64_t handle; /* of the next rule that is made */
};

static uint32_t roll(struct random *random, uint32_t sides)
{
	random->state = random->state * 1664525 + 1013904223;
	return (random->state >> 8) % sides;
}

static struct chain *some_chain(struct ruleset *r, struct random *random)
{
	return &r->chains[roll(random, r->n_chains)];
}

static struct rule *foreign_rule(struct ruleset *r, struct random *random,
				 const char *chain)
{
	struct rule *rule = arena_alloc(r->arena, sizeof(*rule));
	struct expr *expr = arena_alloc(r->arena, sizeof(*expr));

	*expr = (struct expr){ .type = EXPR_IMMEDIATE,
			       .dreg = REG_VERDICT,
			       .verdict = { chain ? NFT_JUMP : NF_ACCEPT,
					    chain } };
	*rule = (struct rule){ .exprs = expr,
			       .n_exprs = 1,
			       .handle = random->handle++ };
	return rule;
}

static void delete_rule(struct ruleset *r, struct random *random)
{
	struct chain *chain = some_chain(r, random);

	if (chain->n_rules)
		remove_at(chain->rules, &chain->n_rules, sizeof(struct rule),
			  roll(random, chain->n_rules));
}

static void add_rule(struct ruleset *r, struct random *random)
{
	struct chain *chain = some_chain(r, random);

	insert_rule(r, chain, roll(random, chain->n_rules + 1),
		    foreign_rule(r, random, NULL));
}

static void add_many_rules(struct ruleset *r, struct random *random)
{
	struct chain *chain = some_chain(r, random);
	uint32_t n = 1u << roll(random, 14), i, at;
	struct rule *rules;

	at = roll(random, chain->n_rules + 1);
	rules = arena_alloc(r->arena,
			    (chain->n_rules + n + 1) * sizeof(*rules));
	memcpy(rules, chain->rules, at * sizeof(*rules));
	for (i = 0; i < n; i++)
		rules[at + i] = *foreign_rule(r, random, NULL);
	memcpy(rules + at + n, chain->rules + at,
	       (chain->n_rules - at) * sizeof(*rules));
	chain->rules = rules;
	chain->n_rules += n;
}

static void copy_rule(struct ruleset *r, struct random *random)
{
	struct chain *chain = some_chain(r, random);
	struct rule rule;

	if (!chain->n_rules)
		return;
	rule = chain->rules[roll(random, chain->n_rules)];
	rule.handle = random->handle++;
	insert_rule(r, chain, roll(random, chain->n_rules + 1), &rule);
}

static void change_rule(struct ruleset *r, struct random *random)
{
	struct chain *chain = some_chain(r, random);
	struct rule *rule;

	if (!chain->n_rules)
		return;
	rule = &chain->rules[roll(random, chain->n_rules)];
	rule->exprs =
		own(r->arena, rule->exprs, rule->n_exprs, sizeof(*rule->exprs));
	rule->exprs[roll(random, rule->n_exprs)].type = EXPR_OTHER;
	rule->handle = random->handle++;
}

static void change_policy(struct ruleset *r, struct random *random)
{
	(void)random;
	chain_named(r, "forward")->policy = NF_ACCEPT;
}

static void change_priority(struct ruleset *r, struct random *random)
{
	(void)random;
	chain_named(r, "input")->priority++;
}

static void add_chain(struct ruleset *r, struct random *random)
{
	struct chain *chain;

	if (ruleset_chain(r, "foreign"))
		return;
	r->chains = own(r->arena, r->chains, r->n_chains, sizeof(*chain));
	chain = insert_at(r->chains, &r->n_chains, sizeof(*chain), 0);
	chain->name = "foreign";
	chain->is_bound = roll(random, 2);
	chain->has_other = chain->is_bound;
	insert_rule(r, chain, 0, foreign_rule(r, random, NULL));
	ruleset_sort(r);
	chain = chain_named(r, "forward");
	insert_rule(r, chain, roll(random, chain->n_rules + 1),
		    foreign_rule(r, random, "foreign"));
}

/* As if all that refers to it had been deleted and made again */
static void remake_chain(struct ruleset *r, struct random *random)
{
	(void)random;
	chain_named(r, "bound")->has_other = true;
}

static void reshape_set(struct ruleset *r, struct random *random)
{
	r->sets[roll(random, r->n_sets)].size++;
}

static struct set *some_set(struct ruleset *r, struct random *random)
{
	struct set *set;

	do {
		set = &r->sets[roll(random, r->n_sets)];
	} while (!set->n_elems);
	return set;
}

static void delete_elem(struct ruleset *r, struct random *random)
{
	struct set *set = some_set(r, random);

	remove_at(set->elems, &set->n_elems, sizeof(*set->elems),
		  roll(random, set->n_elems));
}

static void flush_set(struct ruleset *r, struct random *random)
{
	set_named(r, roll(random, 2) ? "live" : "hh4")->n_elems = 0;
}

static void change_elem(struct ruleset *r, struct random *random)
{
	struct set *set = some_set(r, random);

	set->elems[roll(random, set->n_elems)].has_other = true;
}

static void move_elem(struct ruleset *r, struct random *random)
{
	struct set *set = some_set(r, random);
	struct elem *elem = &set->elems[roll(random, set->n_elems)];
	uint8_t *key =
		(uint8_t *)arena_copy(r->arena, elem->key, set_key_size(set));

	key[0] ^= 0x80;
	if (set_find(set, key))
		return;
	elem->key = key;
	ruleset_sort(r);
}

static void add_catchall(struct ruleset *r, struct random *random)
{
	r->sets[roll(random, r->n_sets)].has_catchall = true;
}

static void add_stray(struct ruleset *r, struct random *random)
{
	set_named(r, roll(random, 2) ? "net4" : "net6")->has_stray = true;
}

static void add_other(struct ruleset *r, struct random *random)
{
	struct other *other;

	r->others = own(r->arena, r->others, r->n_others, sizeof(*other));
	other = insert_at(r->others, &r->n_others, sizeof(*other), 0);
	other->kind = roll(random, 2) ? OTHER_OBJECT : OTHER_FLOWTABLE;
	other->name = "o";
	ruleset_sort(r);
}

static void make_dormant(struct ruleset *r, struct random *random)
{
	r->flags |= roll(random, 2) ? NFT_TABLE_F_DORMANT : RULESET_F_OWNER;
}

static void (*const mutations[])(struct ruleset *r, struct random *random) = {
	delete_rule, add_rule,	   add_many_rules, copy_rule,
	change_rule, change_rule,  change_policy,  change_priority,
	add_chain,   remake_chain, reshape_set,	   delete_elem,
	flush_set,   change_elem,  move_elem,	   add_catchall,
	add_stray,   add_other,	   make_dormant,   delete_rule,
};

static void assert_equal(const struct ruleset *a, const struct ruleset *b,
			 struct arena *arena)
{
	char x[DIGEST_TEXT], y[DIGEST_TEXT];

	ruleset_digest(a, x);
	ruleset_digest(b, y);
	ck_assert_str_eq(x, y);
	ck_assert_int_eq(diff_rulesets(a, b, arena)->scope, EDIT_NOTHING);
}

#define N_RANDOM 400

START_TEST(test_random_mutations)
{
	struct arena *arena = arena_new();
	struct random random = { .state = _i + 1, .handle = 1000 };
	struct ruleset *want, *have;
	struct edits *edits;
	uint32_t n;

	set_up(arena, &want, &have);
	for (n = 1 + roll(&random, 5); n; n--)
		mutations[roll(&random, sizeof(mutations) / sizeof(*mutations))](
			have, &random);
	edits = diff_rulesets(have, want, arena);
	assert_equal(play(have, want, edits, arena), want, arena);
	arena_free(arena);
}
END_TEST

/* From nothing to all, and from one to the other, without what is in between */
START_TEST(test_from_nothing)
{
	struct arena *arena = arena_new();
	struct ruleset *want, *have, *empty = ruleset_new(arena);
	struct edits *edits;

	set_up(arena, &want, &have);
	edits = diff_rulesets(empty, want, arena);
	ck_assert_int_eq(edits->scope, EDIT_PROGRAM);
	ck_assert(edits->make_table);
	assert_equal(play(empty, want, edits, arena), want, arena);
	edits = diff_rulesets(have, want, arena);
	ck_assert_int_eq(edits->scope, EDIT_NOTHING);
	ck_assert_uint_eq(edits->n_rules + edits->n_added + edits->n_deleted,
			  0);
	arena_free(arena);
}
END_TEST

/* One rule is put in: just this one goes, whatever is around it. */
START_TEST(test_one_rule_added)
{
	struct arena *arena = arena_new();
	struct random random = { .state = 1, .handle = 1000 };
	struct ruleset *want, *have;
	struct chain *chain;
	struct edits *edits;

	set_up(arena, &want, &have);
	chain = chain_named(have, "forward");
	insert_rule(have, chain, _i, foreign_rule(have, &random, NULL));
	edits = diff_rulesets(have, want, arena);
	ck_assert_int_eq(edits->scope, EDIT_PROGRAM);
	ck_assert_uint_eq(edits->n_rules, 1);
	ck_assert(!edits->rules->add);
	ck_assert_uint_eq(edits->rules->rule->handle, 1000);
	ck_assert_uint_eq(edits->rules->place, _i + 1);
	arena_free(arena);
}
END_TEST

/* One rule is taken out: it comes back in front of the one behind it. */
START_TEST(test_one_rule_removed)
{
	struct arena *arena = arena_new();
	struct ruleset *want, *have;
	struct chain *chain;
	struct edits *edits;
	uint64_t behind = 0;

	set_up(arena, &want, &have);
	chain = chain_named(have, "forward");
	if ((size_t)_i + 1 < chain->n_rules)
		behind = chain->rules[_i + 1].handle;
	remove_at(chain->rules, &chain->n_rules, sizeof(*chain->rules), _i);
	edits = diff_rulesets(have, want, arena);
	ck_assert_uint_eq(edits->n_rules, 1);
	ck_assert(edits->rules->add);
	ck_assert_uint_eq(edits->rules->before, behind);
	ck_assert_uint_eq(edits->n_chains + edits->n_sets, 0);
	arena_free(arena);
}
END_TEST

/* A set is made anew: so are the rules that search it, and no others. */
START_TEST(test_set_remade)
{
	struct arena *arena = arena_new();
	struct ruleset *want, *have;
	struct edits *edits;
	size_t i;

	set_up(arena, &want, &have);
	set_named(have, "macs")->size++;
	edits = diff_rulesets(have, want, arena);
	ck_assert_uint_eq(edits->n_sets, 1);
	ck_assert_uint_eq(edits->n_rules, 2);
	for (i = 0; i < edits->n_rules; i++) {
		ck_assert_str_eq(edits->rules[i].chain->name, "bound");
		ck_assert(edits->rules[i].quiet && !edits->rules[i].implied);
	}
	ck_assert_uint_eq(edits->n_deleted, 0);
	ck_assert_uint_eq(edits->n_added, set_named(want, "macs")->n_elems);
	arena_free(arena);
}
END_TEST

/* Thousands of rules in front of ours go with one message. */
START_TEST(test_flooded_chain)
{
	struct arena *arena = arena_new();
	struct random random = { .state = 1, .handle = 1000 };
	struct ruleset *want, *have;
	struct edits *edits;
	struct chain *chain;
	size_t i, n_sent = 0, n_ours;
	struct rule *rules;

	set_up(arena, &want, &have);
	chain = chain_named(have, "forward");
	n_ours = chain->n_rules;
	rules = arena_alloc(arena, (5000 + n_ours) * sizeof(*rules));
	for (i = 0; i < 5000; i++)
		rules[i] = *foreign_rule(have, &random, NULL);
	memcpy(rules + 5000, chain->rules, n_ours * sizeof(*rules));
	chain->rules = rules;
	/* The last of ours is missing, so that there is no common end. */
	chain->n_rules = 5000 + n_ours - 1;
	edits = diff_rulesets(have, want, arena);
	for (i = 0; i < edits->n_rules; i++)
		n_sent += !edits->rules[i].implied;
	ck_assert_uint_eq(n_sent, 1 + n_ours);
	assert_equal(play(have, want, edits, arena), want, arena);
	arena_free(arena);
}
END_TEST

static const struct {
	uint32_t observed, desired;
	bool fits, edited;
} flag_cases[] = {
	{ 0, 0, true, false },	{ 4, 0, true, false },	{ 1, 0, false, true },
	{ 2, 0, false, false }, { 6, 0, false, false }, { 5, 0, false, false },
	{ 8, 0, false, false }, { 6, 6, true, false },	{ 4, 6, false, true },
	{ 0, 6, false, false }, { 2, 6, false, false }, { 7, 6, false, false },
	{ 1, 6, false, false }, { 5, 6, false, false },
};

START_TEST(test_table_flags)
{
	struct arena *arena = arena_new();
	struct ruleset *want, *have;
	struct edits *edits;
	char a[DIGEST_TEXT], b[DIGEST_TEXT];

	set_up(arena, &want, &have);
	ruleset_digest(want, a);
	want->flags = flag_cases[_i].desired;
	have->flags = flag_cases[_i].observed;
	ck_assert(table_flags_fit(have->flags, want->flags) ==
		  flag_cases[_i].fits);
	edits = diff_rulesets(have, want, arena);
	if (flag_cases[_i].fits)
		ck_assert_int_eq(edits->scope, EDIT_NOTHING);
	else
		ck_assert_int_eq(edits->scope, flag_cases[_i].edited ?
						       EDIT_PROGRAM :
						       EDIT_REPLACE);
	ck_assert(edits->make_table == flag_cases[_i].edited);
	if (edits->make_table)
		ck_assert_uint_eq(edits->table_flags, want->flags);
	/* An owner makes no other digest, anything else does. */
	ruleset_digest(want, b);
	ck_assert_str_eq(a, b);
	ruleset_digest(have, b);
	ck_assert(!strcmp(a, b) == !(have->flags & ~6u));
	arena_free(arena);
}
END_TEST

Suite *test_diff_suite(void)
{
	Suite *suite = suite_create("diff");
	TCase *tcase = tcase_create("diff");

	tcase_add_test(tcase, test_from_nothing);
	tcase_add_loop_test(tcase, test_one_rule_added, 0, 8);
	tcase_add_loop_test(tcase, test_one_rule_removed, 0, 7);
	tcase_add_test(tcase, test_set_remade);
	tcase_add_test(tcase, test_flooded_chain);
	tcase_add_loop_test(tcase, test_table_flags, 0,
			    sizeof(flag_cases) / sizeof(*flag_cases));
	tcase_add_loop_test(tcase, test_random_mutations, 0, N_RANDOM);
	suite_add_tcase(suite, tcase);
	return suite;
}
