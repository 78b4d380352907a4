// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Edits in words. Easy to get wrong: the point of view. The edits put right
 * what somebody has done, so what they add was removed, and what they delete
 * was added. And names in the table are chosen by whoever made them: nothing
 * that could confuse a terminal or a log may come out of here.
 */
#include "describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "text.h"
#include "utf8.h"

#define TEXT_MAX 1000

/* Finding out which rules were moved compares each with each. */
#define MOVED_RULES_MAX 4096

struct teller {
	const struct ruleset *observed, *desired;
	const struct edits *edits;
	struct arena *arena;
	struct difference *list;
	size_t n, max, n_all;
};

/* Count one more difference; is it to be described? */
static bool counts(struct teller *t)
{
	return ++t->n_all <= t->max;
}

/* What is not plain becomes '?', and what is long is cut. */
static const char *make_safe(char *text)
{
	size_t len = strlen(text), from = 0, to = 0;

	while (from < len && to < TEXT_MAX - 8) {
		uint32_t rune;
		size_t n = utf8_read(text + from, len - from, &rune);

		if (n && utf8_is_plain(rune)) {
			memmove(text + to, text + from, n);
			from += n;
			to += n;
		} else {
			text[to++] = '?';
			from += n ? n : 1;
		}
	}
	/* Something was left out, so there is room. */
	if (from < len && to + 3 <= len) {
		memcpy(text + to, "...", 3);
		to += 3;
	}
	text[to] = '\0';
	return text;
}

static void tell(struct teller *t, const char *nft, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(struct teller *t, const char *nft, const char *fmt, ...)
{
	char words[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	make_safe(words);
	t->list = arena_push(t->arena, t->list, &t->n, sizeof(*t->list));
	t->list[t->n - 1] = (struct difference){
		.words = arena_copy(t->arena, words, strlen(words)),
		.nft = nft,
	};
}

/* Take over a text of lib/text.c; of a change there are two, @old not NULL. */
static const char *take(struct teller *t, char *old, char *new)
{
	char *text;

	if (old)
		text = arena_printf(t->arena, "%.*s -> %.*s", TEXT_MAX / 2 - 8,
				    old, TEXT_MAX / 2 - 8, new);
	else
		text = arena_printf(t->arena, "%.*s", TEXT_MAX, new);
	free(old);
	free(new);
	return make_safe(text);
}

static void tell_flags(struct teller *t)
{
	uint32_t have = t->observed->flags, want = t->desired->flags;
	uint32_t odd = (have ^ want) &
		       ~(uint32_t)(NFT_TABLE_F_DORMANT | RULESET_F_OWNER |
				   RULESET_F_PERSIST);

	if (have & ~want & NFT_TABLE_F_DORMANT && counts(t))
		tell(t, NULL,
		     "table made dormant: none of its chains is on "
		     "its hook");
	if (have & ~want & RULESET_F_OWNER && counts(t))
		tell(t, NULL, "table taken over by another owner");
	if (want & ~have & RULESET_F_OWNER && counts(t))
		tell(t, NULL,
		     have & RULESET_F_PERSIST ?
			     "table left without its owner" :
			     "table replaced by one without owner");
	else if (want & ~have & RULESET_F_PERSIST && counts(t))
		tell(t, NULL, "table replaced by one that does not persist");
	if (odd && counts(t))
		tell(t, NULL, "flags of the table changed from 0x%x to 0x%x",
		     want, have);
}

static const char *policy_name(const struct chain *chain)
{
	return chain->policy == NF_DROP ? "drop" : "accept";
}

static void tell_chain(struct teller *t, const struct chain_edit *edit)
{
	const struct chain *have = edit->have, *want = edit->want;

	if (!counts(t))
		return;
	if (!want)
		tell(t, take(t, NULL, text_chain(have)),
		     "%schain %s added, with %zu rule%s",
		     have->is_base ? "base " : "", have->name, have->n_rules,
		     have->n_rules == 1 ? "" : "s");
	else if (!have)
		tell(t, take(t, NULL, text_chain(want)), "chain %s removed",
		     want->name);
	else if (edit->remake)
		tell(t, take(t, text_chain(want), text_chain(have)),
		     "chain %s replaced by one with another %s", want->name,
		     have->is_base != want->is_base   ? "type" :
		     have->hook != want->hook	      ? "hook" :
		     have->priority != want->priority ? "priority" :
							"type or flags");
	else
		tell(t, take(t, text_chain(want), text_chain(have)),
		     "policy of chain %s changed from %s to %s", want->name,
		     policy_name(want), policy_name(have));
}

static const char *set_word(const struct set *set)
{
	return set->flags & NFT_SET_MAP ? "map" : "set";
}

static void tell_set(struct teller *t, const struct set_edit *edit)
{
	const struct set *have = edit->have, *want = edit->want;

	if (!counts(t))
		return;
	if (!want)
		tell(t, take(t, NULL, text_set(have)), "%s %s added",
		     set_word(have), have->name);
	else if (!have)
		tell(t, take(t, NULL, text_set(want)), "%s %s removed",
		     set_word(want), want->name);
	else
		tell(t, take(t, text_set(want), text_set(have)),
		     "%s %s replaced by one of another shape", set_word(want),
		     want->name);
}

static const char *object_word(uint32_t type)
{
	static const char *const words[] = {
		[NFT_OBJECT_COUNTER] = "counter",
		[NFT_OBJECT_QUOTA] = "quota",
		[NFT_OBJECT_CT_HELPER] = "ct helper",
		[NFT_OBJECT_LIMIT] = "limit",
		[NFT_OBJECT_CONNLIMIT] = "ct count",
		[NFT_OBJECT_TUNNEL] = "tunnel",
		[NFT_OBJECT_CT_TIMEOUT] = "ct timeout",
		[NFT_OBJECT_SECMARK] = "secmark",
		[NFT_OBJECT_CT_EXPECT] = "ct expectation",
		[NFT_OBJECT_SYNPROXY] = "synproxy",
	};

	return type < sizeof(words) / sizeof(*words) && words[type] ?
		       words[type] :
		       "object";
}

static void tell_other(struct teller *t, const struct other *other)
{
	if (!counts(t))
		return;
	switch (other->kind) {
	case OTHER_OBJECT:
		tell(t, NULL, "%s %s added", object_word(other->type),
		     other->name);
		break;
	case OTHER_FLOWTABLE:
		tell(t, NULL, "flowtable %s added", other->name);
		break;
	}
}

/* For each rule edit the one that it was moved from or to, or NONE */
#define NONE SIZE_MAX
static size_t *find_moved(const struct edits *edits)
{
	size_t *moved = calloc(edits->n_rules + 1, sizeof(*moved)), i, k;

	if (!moved)
		abort();
	for (i = 0; i < edits->n_rules; i++)
		moved[i] = NONE;
	if (edits->n_rules > MOVED_RULES_MAX)
		return moved;
	for (i = 0; i < edits->n_rules; i++) {
		const struct rule_edit *to = &edits->rules[i];

		if (!to->add || to->quiet)
			continue;
		for (k = 0; k < edits->n_rules; k++) {
			const struct rule_edit *from = &edits->rules[k];

			if (from->add || from->quiet || moved[k] != NONE ||
			    strcmp(from->chain->name, to->chain->name) ||
			    !rule_equal(from->rule, to->rule))
				continue;
			moved[i] = k;
			moved[k] = i;
			break;
		}
	}
	return moved;
}

/*
 * @out, if not NULL, is what the edits delete, and so what somebody added; @in
 * is what they add. Both: the one was changed into the other.
 */
static void tell_rule(struct teller *t, const struct rule_edit *in,
		      const struct rule_edit *out)
{
	if (!counts(t))
		return;
	if (!out)
		tell(t, take(t, NULL, text_rule(t->desired, in->rule)),
		     "rule removed from chain %s (place %u)", in->chain->name,
		     in->place);
	else if (!in)
		tell(t, take(t, NULL, text_rule(t->observed, out->rule)),
		     "rule added to chain %s (place %u)", out->chain->name,
		     out->place);
	else if (rule_equal(in->rule, out->rule))
		tell(t, take(t, NULL, text_rule(t->desired, in->rule)),
		     "rule moved in chain %s (from place %u to %u)",
		     in->chain->name, in->place, out->place);
	else
		tell(t,
		     take(t, text_rule(t->desired, in->rule),
			  text_rule(t->observed, out->rule)),
		     "rule changed in chain %s (place %u)", in->chain->name,
		     in->place);
}

static bool same_gap(const struct rule_edit *a, const struct rule_edit *b)
{
	return a->before == b->before &&
	       !strcmp(a->chain->name, b->chain->name);
}

/* The next edit from @i on that stands for itself alone */
static size_t next_single(const struct teller *t, const size_t *moved, size_t i,
			  bool add)
{
	const struct rule_edit *rules = t->edits->rules;

	while (i < t->edits->n_rules &&
	       (rules[i].quiet || moved[i] != NONE || rules[i].add != add))
		i++;
	return i;
}

/* What is at the same place in the same chain is one rule that was changed. */
static void tell_rules(struct teller *t)
{
	const struct rule_edit *rules = t->edits->rules;
	size_t n = t->edits->n_rules, i, out, in;
	size_t *moved = find_moved(t->edits);

	for (i = 0; i < n; i++)
		if (moved[i] != NONE && rules[i].add)
			tell_rule(t, &rules[i], &rules[moved[i]]);
	out = next_single(t, moved, 0, false);
	in = next_single(t, moved, 0, true);
	while (out < n || in < n) {
		bool both = out < n && in < n &&
			    same_gap(&rules[out], &rules[in]);
		bool has_out = both || out < in;

		tell_rule(t, both || !has_out ? &rules[in] : NULL,
			  has_out ? &rules[out] : NULL);
		if (both || !has_out)
			in = next_single(t, moved, in + 1, true);
		if (has_out)
			out = next_single(t, moved, out + 1, false);
	}
	free(moved);
}

/* Whose element it is: mostly a conduit's, else of a zone and what is in it */
static const char *owner(struct teller *t, const struct elem_edit *edit)
{
	static const char *const of_zones[] = { "net4",	     "net6",
						"rare_net4", "rare_net6",
						"entries",   "interfaces" };
	const char *kind = "conduit";
	size_t i;

	if (!edit->elem->comment)
		return "";
	for (i = 0; i < sizeof(of_zones) / sizeof(*of_zones); i++)
		if (!strcmp(of_zones[i], edit->set->name))
			kind = "zone";
	return arena_printf(t->arena, " (%s %s)", kind, edit->elem->comment);
}

static void tell_elem(struct teller *t, const struct set *set,
		      const struct elem_edit *in, const struct elem_edit *out)
{
	const char *word = set_word(set);

	if (!counts(t))
		return;
	if (!out)
		tell(t, take(t, NULL, text_elem(set, in->elem, 0)),
		     "element removed from %s %s%s", word, set->name,
		     owner(t, in));
	else if (out->what == ELEM_CATCHALL)
		tell(t, NULL, "catch-all element added to %s %s", word,
		     set->name);
	else if (out->what == ELEM_ALL)
		tell(t, NULL,
		     "beginnings and ends of ranges in %s %s put out of order",
		     word, set->name);
	else if (!in)
		tell(t, take(t, NULL, text_elem(set, out->elem, 0)),
		     "element added to %s %s", word, set->name);
	else
		tell(t,
		     take(t, text_elem(set, in->elem, 0),
			  text_elem(set, out->elem, 0)),
		     "element of %s %s changed%s", word, set->name,
		     owner(t, in));
}

/* By set, what is not a single element first, then by key */
static int elem_edit_order(const struct elem_edit *a, const struct elem_edit *b)
{
	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	if (!a->elem || !b->elem)
		return a->elem ? 1 : -1;
	return memcmp(a->elem->key, b->elem->key, set_key_size(a->set));
}

static void tell_elems(struct teller *t)
{
	const struct edits *edits = t->edits;
	size_t in = 0, out = 0;

	while (in < edits->n_added || out < edits->n_deleted) {
		const struct elem_edit *a = NULL, *b = NULL;
		int cmp;

		if (in < edits->n_added)
			a = &edits->added[in];
		if (out < edits->n_deleted)
			b = &edits->deleted[out];
		if (a && b)
			cmp = elem_edit_order(a, b);
		else
			cmp = a ? -1 : 1;
		in += cmp <= 0;
		out += cmp >= 0;
		a = cmp <= 0 ? a : NULL;
		b = cmp >= 0 ? b : NULL;
		if (!(a && a->quiet) && !(b && b->quiet))
			tell_elem(t, a ? a->set : b->set, a, b);
	}
}

size_t describe_edits(const struct ruleset *observed,
		      const struct ruleset *desired, const struct edits *edits,
		      size_t max, struct arena *arena,
		      struct difference **differences, size_t *n_all)
{
	struct teller t = {
		.observed = observed,
		.desired = desired,
		.edits = edits,
		.arena = arena,
		.max = max,
	};
	size_t i;

	if (!observed->exists && desired->exists) {
		if (counts(&t))
			tell(&t, NULL, "table inet " RULESET_TABLE " deleted");
	} else {
		if (!table_flags_fit(observed->flags, desired->flags))
			tell_flags(&t);
		for (i = 0; i < edits->n_chains; i++)
			tell_chain(&t, &edits->chains[i]);
		tell_rules(&t);
		for (i = 0; i < edits->n_sets; i++)
			tell_set(&t, &edits->sets[i]);
		tell_elems(&t);
		for (i = 0; i < edits->n_others; i++)
			tell_other(&t, &edits->others[i]);
	}
	*differences = t.list;
	*n_all = t.n_all;
	return t.n;
}
