// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replies as data. Easy to get wrong: a reply must stay small where a policy
 * is large. So the matrix holds only the pairs of zones that have a conduit,
 * conduits come in portions, and of a conduit with very many flows only the
 * first marks are listed, with the number of all.
 */
#include "show.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "names.h"

#define SHOW_MARKS_MAX 64
#define SHOW_PORTION_FLOWS 4096 /* lookups for one portion, about */
#define SHOW_PORTION_CONDUITS 256

/* json_pack() and its like fail for want of memory or through our mistake. */
static json_t *show_have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

static void show_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		abort();
}

static void show_push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		abort();
}

/* Bytes that came from outside need not be UTF-8, JSON does. */
static json_t *show_text(const char *text)
{
	json_t *json;

	if (!text)
		return json_null();
	json = json_string(text);
	return json ? json : show_have(json_string("?"));
}

static json_t *show_time(int64_t when)
{
	return when ? show_have(json_integer(when)) : json_null();
}

static json_t *show_number(uint64_t number)
{
	return show_have(json_integer(number > INT64_MAX ? INT64_MAX :
							   (json_int_t)number));
}

static json_t *show_date(unsigned int date)
{
	if (!date)
		return json_null();
	return show_have(json_sprintf("%04u-%02u-%02u", date / 10000,
				      date / 100 % 100, date % 100));
}

json_t *show_status(const struct show_status *status)
{
	const struct policy *policy = status->policy;
	size_t n_in_force = 0, i;
	json_t *json;

	for (i = 0; i < policy->n_conduits; i++)
		n_in_force +=
			terms_in_force(status->terms, &policy->conduits[i]);
	json = show_have(json_object());
	show_set(json, "state", show_text(status->state));
	show_set(json, "gateway", show_text(policy->gateway));
	show_set(json, "model", show_text(model_name(policy->model)));
	show_set(json, "guideline", show_text(edition_name(policy->edition)));
	show_set(json, "file", show_text(status->file));
	show_set(json, "digest", show_text(status->digest));
	show_set(json, "generation", show_number(status->generation));
	show_set(json, "config_number", show_number(status->config_number));
	show_set(json, "confirm_seconds_left",
		 status->confirm_seconds_left < 0 ?
			 json_null() :
			 show_have(json_integer(status->confirm_seconds_left)));
	show_set(json, "started", show_time(status->started));
	show_set(json, "changed", show_time(status->changed));
	show_set(json, "verified", show_time(status->verified));
	show_set(json, "compared", show_time(status->compared));
	show_set(json, "mode", show_text(status->mode));
	show_set(json, "ownership", show_text(status->ownership));
	show_set(json, "incidents", show_number(status->n_incidents));
	show_set(json, "repaired", show_number(status->n_repaired));
	show_set(json, "open", show_number(status->n_open));
	show_set(json, "concerns_critical", show_number(status->n_critical));
	show_set(json, "concerns_warning", show_number(status->n_warning));
	show_set(json, "zones", show_number(policy->n_zones - 1));
	show_set(json, "hosts", show_number(policy->n_hosts));
	show_set(json, "lists", show_number(policy->n_lists));
	show_set(json, "conduits", show_number(policy->n_conduits));
	show_set(json, "conduits_in_force", show_number(n_in_force));
	show_set(json, "clock",
		 show_text(status->terms->is_known ? "right" : "behind"));
	show_set(json, "next_change", show_time(status->terms->change));
	show_set(json, "flows", show_number(policy->n_flows));
	show_set(json, "elements", show_number(status->n_elements));
	show_set(json, "warnings", show_number(status->n_warnings));
	show_set(json, "version", show_text(status->version));
	return json;
}

static json_t *show_interface(const char *name,
			      const struct surroundings *around)
{
	json_t *json = show_have(json_object());
	json_t *addresses = show_have(json_array());
	const char *state = "absent";
	char text[ADDR_TEXT];
	size_t i, k;

	for (i = 0; i < around->n_links; i++) {
		const struct link *link = &around->links[i];

		if (strcmp(link->name, name))
			continue;
		state = link->up ? "up" : "down";
		for (k = 0; k < link->n_addresses; k++)
			show_push(addresses,
				  show_text(prefix_print(&link->addresses[k],
							 text)));
	}
	show_set(json, "name", show_text(name));
	show_set(json, "state", show_text(state));
	show_set(json, "addresses", addresses);
	return json;
}

static json_t *show_zone(const struct zone *zone,
			 const struct surroundings *around)
{
	json_t *json = show_have(json_object());
	json_t *interfaces = show_have(json_array());
	json_t *networks = show_have(json_array());
	char text[ADDR_TEXT];
	size_t i;

	for (i = 0; i < zone->n_interfaces; i++)
		show_push(interfaces,
			  show_interface(zone->interfaces[i], around));
	for (i = 0; i < zone->n_networks; i++)
		show_push(networks,
			  show_text(prefix_print(&zone->networks[i], text)));
	show_set(json, "name", show_text(zone->name));
	show_set(json, "label", show_text(zone->label));
	show_set(json, "layer",
		 show_text(zone->index ? layer_name(zone->layer) : "gateway"));
	show_set(json, "external", json_boolean(zone->external));
	show_set(json, "no_ip", json_boolean(zone->no_ip));
	show_set(json, "interfaces", interfaces);
	show_set(json, "networks", networks);
	show_set(json, "next_hop_mac",
		 zone->has_next_hop_mac ?
			 show_text(mac_print(&zone->next_hop_mac, text)) :
			 json_null());
	return json;
}

/* One pair of zones that one conduit of a kind connects */
struct show_cell {
	unsigned int from, to;
	enum conduit_kind kind;
};

struct show_cells {
	struct arena *arena;
	struct show_cell *cells;
	size_t n_cells;
};

static int show_cmp_cells(const void *a, const void *b)
{
	const struct show_cell *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

/* The zones of some endpoints, each once; returns how many */
static size_t show_distinct_zones(const struct endpoint **endpoints, size_t n,
				  unsigned int *stamps, unsigned int stamp,
				  unsigned int *zones)
{
	size_t n_zones = 0, i;

	for (i = 0; i < n; i++) {
		unsigned int index = endpoints[i]->zone->index;

		if (stamps[index] == stamp)
			continue;
		stamps[index] = stamp;
		zones[n_zones++] = index;
	}
	return n_zones;
}

/* Every pair of zones that has a conduit in force, one entry a conduit */
static void show_collect_cells(const struct policy *policy,
			       const struct terms *terms,
			       struct show_cells *cells)
{
	size_t room = policy->n_zones * sizeof(unsigned int), i, k;
	unsigned int *stamps = arena_alloc(cells->arena, room);
	unsigned int *from = arena_alloc(cells->arena, room);
	unsigned int *to = arena_alloc(cells->arena, room);
	unsigned int stamp = 0;
	size_t n_from, n_to;

	for (i = 0; i < policy->n_conduits; i++) {
		const struct conduit *conduit = &policy->conduits[i];

		if (!terms_in_force(terms, conduit))
			continue;
		n_from = show_distinct_zones(conduit->from, conduit->n_from,
					     stamps, ++stamp, from);
		n_to = show_distinct_zones(conduit->to, conduit->n_to, stamps,
					   ++stamp, to);
		for (k = 0; k < n_from * n_to; k++) {
			struct show_cell *cell;

			cells->cells = arena_push(cells->arena, cells->cells,
						  &cells->n_cells,
						  sizeof(*cells->cells));
			cell = &cells->cells[cells->n_cells - 1];
			cell->from = from[k / n_to];
			cell->to = to[k % n_to];
			cell->kind = conduit->kind;
		}
	}
	if (cells->n_cells)
		qsort(cells->cells, cells->n_cells, sizeof(*cells->cells),
		      show_cmp_cells);
}

/* The cells from @i on that stand for the same pair of zones, as one entry */
static json_t *show_pair(const struct policy *policy,
			 const struct show_cells *cells, size_t *i)
{
	const struct show_cell *head = &cells->cells[*i], *cell = head;
	json_t *kinds = show_have(json_object());
	json_t *json = show_have(json_object());
	size_t n = 0, n_kind;

	while (*i < cells->n_cells && cells->cells[*i].from == head->from &&
	       cells->cells[*i].to == head->to) {
		cell = &cells->cells[*i];
		for (n_kind = 0; *i < cells->n_cells; n_kind++, (*i)++)
			if (show_cmp_cells(cell, &cells->cells[*i]))
				break;
		n += n_kind;
		show_set(kinds, kind_name(cell->kind), show_number(n_kind));
	}
	show_set(json, "from", show_text(policy->zones[head->from].name));
	show_set(json, "to", show_text(policy->zones[head->to].name));
	show_set(json, "conduits", show_number(n));
	show_set(json, "kinds", kinds);
	return json;
}

json_t *show_matrix(const struct policy *policy, const struct terms *terms)
{
	struct show_cells cells = { .arena = arena_new() };
	json_t *json = show_have(json_object());
	json_t *zones = show_have(json_array());
	json_t *pairs = show_have(json_array());
	size_t i;

	for (i = 0; i < policy->n_zones; i++)
		show_push(zones, show_text(policy->zones[i].name));
	show_collect_cells(policy, terms, &cells);
	for (i = 0; i < cells.n_cells;)
		show_push(pairs, show_pair(policy, &cells, &i));
	arena_free(cells.arena);
	show_set(json, "zones", zones);
	show_set(json, "pairs", pairs);
	return json;
}

json_t *show_zones(const struct policy *policy,
		   const struct surroundings *around, const struct terms *terms)
{
	struct show_cells cells = { .arena = arena_new() };
	json_t *array = show_have(json_array());
	size_t room = policy->n_zones * sizeof(size_t), i;
	size_t *n_from = arena_alloc(cells.arena, room);
	size_t *n_to = arena_alloc(cells.arena, room);
	size_t *n_hosts = arena_alloc(cells.arena, room);

	show_collect_cells(policy, terms, &cells);
	for (i = 0; i < cells.n_cells; i++) {
		n_from[cells.cells[i].from]++;
		n_to[cells.cells[i].to]++;
	}
	for (i = 0; i < policy->n_hosts; i++)
		n_hosts[policy->hosts[i].zone->index]++;
	for (i = 0; i < policy->n_zones; i++) {
		json_t *json = show_zone(&policy->zones[i], around);

		show_set(json, "hosts", show_number(n_hosts[i]));
		show_set(json, "conduits_from", show_number(n_from[i]));
		show_set(json, "conduits_to", show_number(n_to[i]));
		show_push(array, json);
	}
	arena_free(cells.arena);
	return array;
}

static json_t *show_endpoints(const struct endpoint **endpoints, size_t n)
{
	static const char *const kinds[] = {
		[ENDPOINT_ZONE] = "zone",
		[ENDPOINT_NET] = "net",
		[ENDPOINT_HOST] = "host",
	};
	json_t *array = show_have(json_array()), *json;
	size_t i;

	for (i = 0; i < n; i++) {
		json = show_have(json_object());
		show_set(json, "name", show_text(endpoints[i]->name));
		show_set(json, "zone", show_text(endpoints[i]->zone->name));
		show_set(json, "kind", show_text(kinds[endpoints[i]->kind]));
		show_push(array, json);
	}
	return array;
}

static int show_cmp_counts(const void *a, const void *b)
{
	const struct show_count *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* What has been counted for a conduit, and the marks of its flows */
static void show_flows(json_t *json, const struct conduit *conduit,
		       const struct show_count *counts, size_t n_counts)
{
	json_t *marks = show_have(json_array());
	uint64_t packets = 0, bytes = 0;
	const struct show_count *count;
	int64_t last_hit = 0;
	size_t i;

	for (i = 0; i < conduit->n_flows; i++) {
		struct show_count key = { .id = conduit->flows[i].id };

		if (i < SHOW_MARKS_MAX)
			show_push(marks,
				  show_have(json_sprintf("0x%08x", key.id)));
		count = n_counts ? bsearch(&key, counts, n_counts, sizeof(key),
					   show_cmp_counts) :
				   NULL;
		if (!count)
			continue;
		packets += count->packets;
		bytes += count->bytes;
		if (count->last_hit > last_hit)
			last_hit = count->last_hit;
	}
	show_set(json, "flows", show_number(conduit->n_flows));
	show_set(json, "marks", marks);
	show_set(json, "packets", show_number(packets));
	show_set(json, "bytes", show_number(bytes));
	show_set(json, "last_hit", show_time(last_hit));
}

static json_t *show_windows(const struct conduit *conduit)
{
	json_t *array = show_have(json_array());
	char text[WINDOW_TEXT];
	size_t i;

	for (i = 0; i < conduit->n_windows; i++)
		show_push(array,
			  show_text(window_print(&conduit->windows[i], text)));
	return array;
}

static void show_add_term(json_t *json, const struct conduit *conduit)
{
	show_set(json, "valid_from", show_date(conduit->valid_from));
	show_set(json, "valid_until", show_date(conduit->valid_until));
	show_set(json, "expires", show_time(conduit->expires));
	show_set(json, "windows", show_windows(conduit));
}

json_t *show_term(const struct conduit *conduit)
{
	json_t *json = show_have(json_object());

	show_add_term(json, conduit);
	return json;
}

static json_t *show_conduit(const struct conduit *conduit,
			    const struct terms *terms)
{
	json_t *json = show_have(json_object());
	json_t *services = show_have(json_array());
	unsigned int until = conduit->valid_until;
	char text[ADDR_TEXT];
	size_t i;

	for (i = 0; i < conduit->n_services; i++)
		show_push(services, show_text(service_print(
					    &conduit->services[i], text)));
	show_set(json, "name", show_text(conduit->name));
	show_set(json, "kind", show_text(kind_name(conduit->kind)));
	show_set(json, "bind",
		 show_text(conduit->bind == BIND_MAC ? "mac" : "ip"));
	show_set(json, "from", show_endpoints(conduit->from, conduit->n_from));
	show_set(json, "to", show_endpoints(conduit->to, conduit->n_to));
	show_set(json, "services", services);
	show_set(json, "in_force",
		 json_boolean(terms_in_force(terms, conduit)));
	show_set(json, "next_change",
		 show_time(terms->of[conduit->index].change));
	show_add_term(json, conduit);
	show_set(json, "days_left",
		 until ? show_have(json_integer(date_days(until) -
						terms->today)) :
			 json_null());
	show_set(json, "reason", show_text(conduit->reason));
	show_set(json, "approved_by", show_text(conduit->approved_by));
	show_set(json, "approval", show_text(conduit->approval));
	show_set(json, "allowed_by", show_text(conduit->allowed_by));
	return json;
}

json_t *show_conduits(const struct policy *policy,
		      const struct show_count *counts, size_t n_counts,
		      const struct terms *terms, size_t *first)
{
	json_t *array = show_have(json_array());
	size_t n_flows = 0, n = 0;

	while (*first < policy->n_conduits && n < SHOW_PORTION_CONDUITS &&
	       n_flows < SHOW_PORTION_FLOWS) {
		const struct conduit *conduit = &policy->conduits[*first];
		json_t *json = show_conduit(conduit, terms);

		show_flows(json, conduit, counts, n_counts);
		show_push(array, json);
		n_flows += conduit->n_flows;
		n++;
		(*first)++;
	}
	return array;
}

static void show_place(json_t *json, const char *file_key, const char *line_key,
		       const struct place *place)
{
	show_set(json, file_key, show_text(place->file));
	show_set(json, line_key,
		 place->file ? show_number(place->line) : json_null());
}

json_t *show_findings(const struct diag *diag)
{
	json_t *array = show_have(json_array()), *json;
	size_t i;

	for (i = 0; i < diag->n_findings; i++) {
		const struct finding *finding = &diag->findings[i];
		bool error = finding->severity == SEVERITY_ERROR;

		json = show_have(json_object());
		show_set(json, "severity",
			 show_text(error ? "error" : "warning"));
		show_set(json, "id", show_text(finding->id));
		show_place(json, "file", "line", &finding->at);
		show_place(json, "also_file", "also_line", &finding->also);
		show_set(json, "text", show_text(finding->text));
		show_push(array, json);
	}
	return array;
}

static int show_cmp_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool show_same_term(const struct conduit *a, const struct conduit *b)
{
	size_t i;

	if (a->valid_from != b->valid_from ||
	    a->valid_until != b->valid_until || a->expires != b->expires ||
	    a->n_windows != b->n_windows)
		return false;
	for (i = 0; i < a->n_windows; i++)
		if (a->windows[i].days != b->windows[i].days ||
		    a->windows[i].from != b->windows[i].from ||
		    a->windows[i].until != b->windows[i].until)
			return false;
	return true;
}

/* Do both permit the same flows? Their ids say what they permit. */
static bool show_same_flows(const struct conduit *a, const struct conduit *b)
{
	size_t room = a->n_flows * sizeof(uint32_t), i;
	uint32_t *ids;
	bool same;

	if (a->n_flows != b->n_flows || a->bind != b->bind ||
	    !show_same_term(a, b))
		return false;
	for (i = 0; i < a->n_flows && a->flows[i].id == b->flows[i].id; i++)
		;
	if (i == a->n_flows)
		return true;
	ids = malloc(2 * room);
	if (!ids)
		abort();
	for (i = 0; i < a->n_flows; i++) {
		ids[i] = a->flows[i].id;
		ids[a->n_flows + i] = b->flows[i].id;
	}
	qsort(ids, a->n_flows, sizeof(*ids), show_cmp_ids);
	qsort(ids + a->n_flows, a->n_flows, sizeof(*ids), show_cmp_ids);
	same = !memcmp(ids, ids + a->n_flows, room);
	free(ids);
	return same;
}

void show_compare(const struct policy *before, const struct policy *after,
		  struct show_change *change)
{
	struct show_change found = { 0 };
	const struct conduit *conduit;
	struct arena *arena;
	struct names *names;
	size_t i;

	if (!before) {
		found.n_added = after->n_conduits;
		*change = found;
		return;
	}
	arena = arena_new();
	names = names_new(arena, before->n_conduits);
	for (i = 0; i < before->n_conduits; i++)
		names_add(names, before->conduits[i].name,
			  &before->conduits[i]);
	found.n_removed = before->n_conduits;
	for (i = 0; i < after->n_conduits; i++) {
		conduit = names_find(names, after->conduits[i].name);
		found.n_removed -= !!conduit;
		found.n_added += !conduit;
		found.n_changed +=
			conduit &&
			!show_same_flows(conduit, &after->conduits[i]);
	}
	arena_free(arena);
	*change = found;
}
