// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Edits in the words of nft, one command a line. They are shown and never
 * carried out: that is encode.c's. Easy to get wrong: the order is that of the
 * transaction, so that what is shown could be typed.
 */
#include "script.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "text.h"

#define TABLE "inet " RULESET_TABLE

struct writer {
	struct script script;
	struct arena *arena;
	const struct ruleset *desired;
	uint64_t now_msec;
};

/* Is there room for one more? It counts in any case. */
static bool has_room(struct writer *w)
{
	return w->script.n_all++ < SCRIPT_LINES_MAX;
}

static void put_line(struct writer *w, const char *line)
{
	w->script.lines = arena_push(w->arena, w->script.lines, &w->script.n,
				     sizeof(*w->script.lines));
	w->script.lines[w->script.n - 1] = line;
}

static const char *set_word(const struct set *set)
{
	return set->flags & NFT_SET_MAP ? "map" : "set";
}

static void put_elem(struct writer *w, const struct elem_edit *edit, bool add)
{
	char *text;

	if (edit->implied || !has_room(w))
		return;
	switch (edit->what) {
	case ELEM_ONE:
		text = text_elem(edit->set, edit->elem, w->now_msec);
		put_line(w, arena_printf(w->arena,
					 "%s element " TABLE " %s { %s }",
					 add ? "add" : "delete",
					 edit->set->name, text));
		free(text);
		return;
	case ELEM_CATCHALL:
		put_line(w, arena_printf(w->arena,
					 "delete element " TABLE " %s { * }",
					 edit->set->name));
		return;
	case ELEM_ALL:
		put_line(w, arena_printf(w->arena, "flush %s " TABLE " %s",
					 set_word(edit->set), edit->set->name));
		return;
	}
}

static void put_rule_deletion(struct writer *w, const struct rule_edit *edit)
{
	if (!edit->rule)
		put_line(w, arena_printf(w->arena, "flush chain " TABLE " %s",
					 edit->chain->name));
	else
		put_line(w,
			 arena_printf(w->arena,
				      "delete rule " TABLE " %s handle %llu",
				      edit->chain->name,
				      (unsigned long long)edit->rule->handle));
}

static void put_rule(struct writer *w, const struct rule_edit *edit)
{
	char *text = text_rule(w->desired, edit->rule);

	if (edit->before)
		put_line(w, arena_printf(
				    w->arena,
				    "insert rule " TABLE " %s position %llu %s",
				    edit->chain->name,
				    (unsigned long long)edit->before, text));
	else
		put_line(w, arena_printf(w->arena, "add rule " TABLE " %s %s",
					 edit->chain->name, text));
	free(text);
}

static void put_rules(struct writer *w, const struct edits *edits, bool add)
{
	size_t i;

	for (i = 0; i < edits->n_rules; i++) {
		const struct rule_edit *edit = &edits->rules[i];

		if (edit->add != add || edit->implied || !has_room(w))
			continue;
		if (add)
			put_rule(w, edit);
		else
			put_rule_deletion(w, edit);
	}
}

static void put_departures(struct writer *w, const struct edits *edits)
{
	size_t i;

	put_rules(w, edits, false);
	for (i = 0; i < edits->n_deleted; i++)
		put_elem(w, &edits->deleted[i], false);
	for (i = 0; i < edits->n_sets; i++) {
		const struct set_edit *edit = &edits->sets[i];

		if (edit->have && !edit->implied && has_room(w))
			put_line(w, arena_printf(w->arena,
						 "delete %s " TABLE " %s",
						 set_word(edit->have),
						 edit->have->name));
	}
	for (i = 0; i < edits->n_others; i++)
		if (has_room(w))
			put_line(w, arena_printf(w->arena,
						 "delete %s " TABLE " %s",
						 edits->others[i].kind ==
								 OTHER_OBJECT ?
							 "object" :
							 "flowtable",
						 edits->others[i].name));
	for (i = 0; i < edits->n_chains; i++) {
		const struct chain_edit *edit = &edits->chains[i];

		if (edit->have && !edit->implied &&
		    (!edit->want || edit->remake) && has_room(w))
			put_line(w, arena_printf(w->arena,
						 "delete chain " TABLE " %s",
						 edit->have->name));
	}
}

/* "map NAME { ... }" and "chain NAME { ... }" get their table. */
static void put_declaration(struct writer *w, char *text)
{
	char *name = strchr(text, ' ');

	assert(name);
	*name++ = '\0';
	put_line(w, arena_printf(w->arena, "add %s " TABLE " %s", text, name));
	free(text);
}

static void put_arrivals(struct writer *w, const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n_sets; i++)
		if (edits->sets[i].want && has_room(w))
			put_declaration(w, text_set(edits->sets[i].want));
	for (i = 0; i < edits->n_chains; i++)
		if (edits->chains[i].want && has_room(w))
			put_declaration(w, text_chain(edits->chains[i].want));
	put_rules(w, edits, true);
	for (i = 0; i < edits->n_added; i++)
		put_elem(w, &edits->added[i], true);
}

static void put_table(struct writer *w, uint32_t flags)
{
	if (!has_room(w))
		return;
	put_line(w, flags & RULESET_F_OWNER ? "add table " TABLE
					      " { flags owner, persist; }" :
					      "add table " TABLE);
}

struct script script_of_edits(const struct ruleset *desired,
			      const struct edits *edits, struct arena *arena)
{
	struct writer w = { .arena = arena,
			    .desired = desired,
			    .now_msec = edits->now_msec };

	if (edits->scope == EDIT_REPLACE) {
		if (has_room(&w))
			put_line(&w, "delete table " TABLE);
		put_table(&w, desired->flags);
		put_arrivals(&w,
			     diff_rulesets(ruleset_new(arena), desired, arena));
		return w.script;
	}
	if (edits->make_table)
		put_table(&w, edits->table_flags);
	put_departures(&w, edits);
	put_arrivals(&w, edits);
	return w.script;
}
