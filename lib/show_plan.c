// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plan as data for a reply. Easy to get wrong: a change of one word may touch
 * ten thousand conduits, so of each kind only the first are listed, with the
 * number of all.
 */
#include "show.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "naming.h"
#include "plan.h"

#define CHANGES_MAX 200
#define LINES_MAX 100 /* of each of the three kinds */
#define EXACT_MAX 20 /* of one kind; beyond it, as conduits as a whole */
#define SERVICES_MAX 32
#define STAGES_MAX 8

/* json_pack() and its like fail for want of memory or through our mistake. */
static json_t *have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

static void push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, have(value)))
		abort();
}

static json_t *text_json(const char *text)
{
	json_t *json = text ? json_string(text) : json_null();

	return json ? json : have(json_string("?"));
}

static json_t *texts_json(const char **texts, size_t n)
{
	json_t *array = have(json_array());
	size_t i;

	for (i = 0; i < n; i++)
		push(array, text_json(texts[i]));
	return array;
}

static const char *what_name(enum plan_what what)
{
	switch (what) {
	case PLAN_ADDED:
		return "added";
	case PLAN_REMOVED:
		return "removed";
	case PLAN_CHANGED:
		return "changed";
	case PLAN_RENAMED:
		return "renamed";
	}
	return "?";
}

/* When a conduit is in force, and now; NULL: it has no term */
static json_t *term_json(const struct plan_term *term)
{
	json_t *json, *now;

	if (!term->conduit)
		return json_null();
	json = show_term(term->conduit);
	now = have(json_pack("{sb so}", "in_force", term->now.in_force,
			     "next_change",
			     term->now.change ? json_integer(term->now.change) :
						json_null()));
	if (json_object_update(json, now))
		abort();
	json_decref(now);
	return json;
}

static json_t *change_json(const struct plan_change *change)
{
	json_t *fields = have(json_array());
	size_t i;

	for (i = 0; i < change->n_fields; i++) {
		const struct plan_field *field = &change->fields[i];

		push(fields,
		     json_pack("{ss so so sI sI}", "field", field->name,
			       "removed",
			       texts_json(field->removed, field->n_removed),
			       "added",
			       texts_json(field->added, field->n_added),
			       "n_removed", (json_int_t)field->n_removed_all,
			       "n_added", (json_int_t)field->n_added_all));
	}
	return json_pack("{ss ss so so so so so}", "what",
			 what_name(change->what), "kind", change->kind, "name",
			 text_json(change->name), "old_name",
			 text_json(change->old_name), "fields", fields,
			 "term_before", term_json(&change->before),
			 "term_after", term_json(&change->after));
}

static json_t *changes_json(const struct plan *plan)
{
	json_t *array = have(json_array());
	size_t i;

	for (i = 0; i < plan->n_changes && i < CHANGES_MAX; i++)
		push(array, change_json(&plan->changes[i]));
	return array;
}

static json_t *who_json(const struct naming *naming, const struct spans *spans,
			struct arena *arena)
{
	struct naming_who who = naming_of(naming, spans, arena);

	return have(json_pack("{so so sI sI}", "names",
			      texts_json(who.names, who.n_names), "except",
			      texts_json(who.except, who.n_except), "more",
			      (json_int_t)who.n_more, "except_more",
			      (json_int_t)who.n_except_more));
}

static const char *permit_name(enum reach_permit permit)
{
	switch (permit) {
	case REACH_NONE:
		return "none";
	case REACH_IP:
		return "ip";
	case REACH_MAC:
		return "mac";
	}
	return "?";
}

/* What decides while it is in force, else the next; NULL: terms play no part */
static json_t *course_json(const struct course *course)
{
	json_t *array, *term;
	size_t i;

	if (!course_has_terms(course))
		return json_null();
	array = have(json_array());
	for (i = 0; i < course->n && i < STAGES_MAX; i++) {
		const struct course_stage *stage = &course->stages[i];

		term = stage->term ? show_term(stage->term) : json_null();
		push(array,
		     json_pack("{ss so}", "permit", permit_name(stage->permit),
			       "term", term));
	}
	return array;
}

static json_t *line_json(const struct reach_line *line,
			 const struct naming *naming)
{
	struct arena *arena = arena_new();
	json_t *services = have(json_array()), *json;
	char text[ADDR_TEXT];
	size_t i;

	for (i = 0; i < line->n_services && i < SERVICES_MAX; i++)
		push(services,
		     json_string(service_print(&line->services[i], text)));
	json = have(json_pack(
		"{so so so sI ss ss so so sb}", "from",
		who_json(naming, &line->from, arena), "to",
		who_json(naming, &line->to, arena), "services", services,
		"n_services", (json_int_t)line->n_services, "before",
		permit_name(line->before), "after", permit_name(line->after),
		"course_before", course_json(line->course_before),
		"course_after", course_json(line->course_after), "in_part",
		line->in_part));
	arena_free(arena);
	return json;
}

static size_t count_lines(const struct reach_line *lines, size_t n,
			  enum reach_kind kind)
{
	size_t i, found = 0;

	for (i = 0; i < n; i++)
		found += lines[i].kind == kind;
	return found;
}

static const char *kind_name_of(enum reach_kind kind)
{
	switch (kind) {
	case REACH_OPENED:
		return "opened";
	case REACH_CLOSED:
		return "closed";
	case REACH_ALTERED:
		return "altered";
	case REACH_LATER:
		return "later";
	}
	return "?";
}

/*
 * Lines of one kind, into an array and a number. Where it takes many to be
 * exact, fewer say more.
 */
static void lines_json(json_t *json, const struct plan *plan,
		       const struct naming *naming, enum reach_kind kind)
{
	const struct reach *reach = plan->reach;
	const struct reach_line *lines = reach->lines;
	size_t n_lines = reach->n_lines, i, listed = 0;
	size_t n = count_lines(lines, n_lines, kind);
	size_t n_coarse = count_lines(reach->coarse, reach->n_coarse, kind);
	json_t *array = have(json_array());
	char count[32];

	if (n > EXACT_MAX && n_coarse < n) {
		lines = reach->coarse;
		n_lines = reach->n_coarse;
		n = n_coarse;
	}
	for (i = 0; i < n_lines && listed < LINES_MAX; i++) {
		if (lines[i].kind != kind)
			continue;
		push(array, line_json(&lines[i], naming));
		listed++;
	}
	snprintf(count, sizeof(count), "n_%s", kind_name_of(kind));
	if (json_object_set_new(json, kind_name_of(kind), array) ||
	    json_object_set_new(json, count, json_integer((json_int_t)n)))
		abort();
}

json_t *show_plan(const struct plan *plan)
{
	struct arena *arena = arena_new();
	const struct naming *naming =
		naming_new(plan->before.policy, plan->after.policy, arena);
	json_t *json = have(json_pack(
		"{so sI sb so so}", "changes", changes_json(plan), "n_changes",
		(json_int_t)plan->n_changes, "complete", plan->reach->complete,
		"findings_new", show_findings(&plan->found), "findings_gone",
		show_findings(&plan->gone)));
	unsigned int kind;

	for (kind = 0; kind < REACH_KINDS; kind++)
		lines_json(json, plan, naming, kind);
	arena_free(arena);
	return json;
}
