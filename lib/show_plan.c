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
	return json_pack("{ss ss so so so}", "what", what_name(change->what),
			 "kind", change->kind, "name", text_json(change->name),
			 "old_name", text_json(change->old_name), "fields",
			 fields);
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
	json = have(
		json_pack("{so so so sI ss ss sb}", "from",
			  who_json(naming, &line->from, arena), "to",
			  who_json(naming, &line->to, arena), "services",
			  services, "n_services", (json_int_t)line->n_services,
			  "before", permit_name(line->before), "after",
			  permit_name(line->after), "in_part", line->in_part));
	arena_free(arena);
	return json;
}

static size_t count_lines(const struct reach_line *lines, size_t n,
			  bool (*is_kind)(const struct reach_line *line))
{
	size_t i, found = 0;

	for (i = 0; i < n; i++)
		found += is_kind(&lines[i]);
	return found;
}

/*
 * Lines of one kind, into an array and a number. Where it takes many to be
 * exact, fewer say more.
 */
static void lines_json(json_t *json, const struct plan *plan,
		       const struct naming *naming, const char *name,
		       bool (*is_kind)(const struct reach_line *line))
{
	const struct reach *reach = plan->reach;
	const struct reach_line *lines = reach->lines;
	size_t n_lines = reach->n_lines, i, listed = 0;
	size_t n = count_lines(lines, n_lines, is_kind);
	size_t n_coarse = count_lines(reach->coarse, reach->n_coarse, is_kind);
	json_t *array = have(json_array());
	char count[32];

	if (n > EXACT_MAX && n_coarse < n) {
		lines = reach->coarse;
		n_lines = reach->n_coarse;
		n = n_coarse;
	}
	for (i = 0; i < n_lines && listed < LINES_MAX; i++) {
		if (!is_kind(&lines[i]))
			continue;
		push(array, line_json(&lines[i], naming));
		listed++;
	}
	snprintf(count, sizeof(count), "n_%s", name);
	if (json_object_set_new(json, name, array) ||
	    json_object_set_new(json, count, json_integer((json_int_t)n)))
		abort();
}

static bool is_opened(const struct reach_line *line)
{
	return line->before == REACH_NONE;
}

static bool is_closed(const struct reach_line *line)
{
	return line->after == REACH_NONE;
}

static bool is_altered(const struct reach_line *line)
{
	return !is_opened(line) && !is_closed(line);
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

	lines_json(json, plan, naming, "opened", is_opened);
	lines_json(json, plan, naming, "closed", is_closed);
	lines_json(json, plan, naming, "altered", is_altered);
	arena_free(arena);
	return json;
}
