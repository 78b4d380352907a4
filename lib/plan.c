// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two policies compared by what is written in them; what comes of it is
 * reach.c's. Easy to get wrong: the order and the place of anything written mean
 * nothing here, so all is compared by name, setting by setting, as sets of
 * values; and what has got another name is not one thing gone and another one
 * new.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hash.h"
#include "instant.h"
#include "window.h"

#define FACTS_MAX 16
#define VALUES_MAX 12 /* of one setting that are listed */
#define SCRATCH_MAX (1u << 20) /* bytes, before it is given back */

/* The values of one setting */
struct fact {
	const char *name;
	const char **values;
	size_t n;
};

struct facts {
	struct arena *arena;
	struct fact list[FACTS_MAX];
	size_t n;
};

/* Something with a name; how to read its settings */
struct object {
	const char *kind, *name;
	const void *what;
	void (*read)(struct facts *facts, const void *what);
	uint64_t hash; /* of its settings, where it was needed */
};

struct objects {
	struct object *list;
	size_t n;
};

static struct fact *fact_add(struct facts *facts, const char *name, size_t n)
{
	struct fact *fact = &facts->list[facts->n++];

	*fact = (struct fact){
		.name = name,
		.values = arena_alloc(facts->arena, n * sizeof(*fact->values)),
	};
	return fact;
}

/* NULL: the setting is absent */
static void fact_text(struct facts *facts, const char *name, const char *text)
{
	struct fact *fact = fact_add(facts, name, 1);

	if (text)
		fact->values[fact->n++] = text;
}

static void fact_bool(struct facts *facts, const char *name, bool value)
{
	fact_text(facts, name, value ? "true" : "false");
}

static const char *copy(struct facts *facts, const char *text)
{
	return arena_copy(facts->arena, text, strlen(text));
}

static void fact_mac(struct facts *facts, const char *name,
		     const struct mac *mac)
{
	char text[ADDR_TEXT];

	fact_text(facts, name, mac ? copy(facts, mac_print(mac, text)) : NULL);
}

static void fact_prefixes(struct facts *facts, const char *name,
			  const struct prefix *prefixes, size_t n)
{
	struct fact *fact = fact_add(facts, name, n);
	char text[ADDR_TEXT];
	size_t i;

	for (i = 0; i < n; i++)
		fact->values[fact->n++] = copy(
			facts, prefixes[i].len == addr_bits(&prefixes[i].addr) ?
				       addr_print(&prefixes[i].addr, text) :
				       prefix_print(&prefixes[i], text));
}

static void fact_services(struct facts *facts, const char *name,
			  const struct service *services, size_t n)
{
	struct fact *fact = fact_add(facts, name, n);
	char text[ADDR_TEXT];
	size_t i;

	for (i = 0; i < n; i++)
		fact->values[fact->n++] =
			copy(facts, service_print(&services[i], text));
}

static void fact_ends(struct facts *facts, const char *name,
		      const struct endpoint **ends, size_t n)
{
	struct fact *fact = fact_add(facts, name, n);
	size_t i;

	for (i = 0; i < n; i++)
		fact->values[fact->n++] =
			policy_is_gateway(ends[i]) ? "gateway" : ends[i]->name;
}

/* As yyyymmdd; 0: the setting is absent */
static void fact_date(struct facts *facts, const char *name, unsigned int date)
{
	fact_text(facts, name,
		  date ? arena_printf(facts->arena, "%04u-%02u-%02u",
				      date / 10000, date / 100 % 100,
				      date % 100) :
			 NULL);
}

static void fact_windows(struct facts *facts, const char *name,
			 const struct window *windows, size_t n)
{
	struct fact *fact = fact_add(facts, name, n);
	char text[WINDOW_TEXT];
	size_t i;

	for (i = 0; i < n; i++)
		fact->values[fact->n++] =
			copy(facts, window_print(&windows[i], text));
}

static void read_gateway(struct facts *facts, const void *what)
{
	const struct policy *policy = what;
	const struct watch *watch = &policy->watch;
	struct fact *fact;
	size_t i;

	fact_text(facts, "name", policy->gateway);
	fact_text(facts, "model", model_name(policy->model));
	fact_text(facts, "guideline", edition_name(policy->edition));
	fact_text(facts, "log.facility", policy->facility);
	fact_text(facts, "control.group", policy->group);
	fact_text(facts, "history.generations",
		  arena_printf(facts->arena, "%u",
			       policy->keeping.generations));
	fact_text(facts, "history.days",
		  arena_printf(facts->arena, "%u", policy->keeping.days));
	fact_text(facts, "history.journal",
		  policy->keeping.journal_required ? "required" : "optional");
	fact_bool(facts, "watch.ownership", watch->ownership);
	fact_text(facts, "watch.mode", watch->alert ? "alert" : "repair");
	fact_text(facts, "watch.compare_seconds",
		  arena_printf(facts->arena, "%u", watch->compare_seconds));
	fact = fact_add(facts, "sysctls", policy->n_sysctls);
	for (i = 0; i < policy->n_sysctls; i++)
		fact->values[fact->n++] = arena_printf(
			facts->arena, "%s = %s", policy->sysctls[i].name,
			policy->sysctls[i].value);
}

static void read_zone(struct facts *facts, const void *what)
{
	const struct zone *zone = what;
	struct fact *fact;
	size_t i;

	fact_text(facts, "label", zone->label);
	fact_text(facts, "layer", layer_name(zone->layer));
	fact_bool(facts, "external", zone->external);
	fact_bool(facts, "no_ip", zone->no_ip);
	fact = fact_add(facts, "interfaces", zone->n_interfaces);
	for (i = 0; i < zone->n_interfaces; i++)
		fact->values[fact->n++] = zone->interfaces[i];
	fact_prefixes(facts, "networks", zone->networks, zone->n_networks);
	fact_mac(facts, "next_hop_mac",
		 zone->has_next_hop_mac ? &zone->next_hop_mac : NULL);
}

static void read_host(struct facts *facts, const void *what)
{
	const struct endpoint *host = what;

	fact_text(facts, "zone", host->zone->name);
	fact_prefixes(facts, "addresses", host->prefixes, host->n_prefixes);
	fact_mac(facts, "mac", host->has_mac ? &host->mac : NULL);
}

static void read_list(struct facts *facts, const void *what)
{
	const struct endpoint *list = what;

	fact_text(facts, "zone", list->zone->name);
	fact_prefixes(facts, "entries", list->prefixes, list->n_prefixes);
}

static void read_conduit(struct facts *facts, const void *what)
{
	const struct conduit *conduit = what;
	char *expires = arena_alloc(facts->arena, INSTANT_TEXT);

	fact_text(facts, "kind", kind_name(conduit->kind));
	fact_ends(facts, "from", conduit->from, conduit->n_from);
	fact_ends(facts, "to", conduit->to, conduit->n_to);
	fact_services(facts, "services", conduit->services,
		      conduit->n_services);
	fact_text(facts, "bind", conduit->bind == BIND_MAC ? "mac" : "ip");
	fact_text(facts, "reason", conduit->reason);
	fact_text(facts, "approved_by", conduit->approved_by);
	fact_text(facts, "approval", conduit->approval);
	fact_date(facts, "valid_from", conduit->valid_from);
	fact_date(facts, "valid_until", conduit->valid_until);
	fact_text(facts, "expires",
		  conduit->expires ? instant_print(conduit->expires,
						   conduit->expires, expires) :
				     NULL);
	fact_windows(facts, "windows", conduit->windows, conduit->n_windows);
	fact_text(facts, "allowed_by", conduit->allowed_by);
}

static void read_trial(struct facts *facts, const void *what)
{
	const struct trial *trial = what;

	fact_text(facts, "from", trial->from.name);
	fact_text(facts, "to", trial->to.name);
	fact_services(facts, "service", trial->services, trial->n_services);
	fact_mac(facts, "mac", trial->from.has_mac ? &trial->from.mac : NULL);
}

static int object_order(const void *a, const void *b)
{
	const struct object *x = a, *y = b;
	int order = strcmp(x->kind, y->kind);

	return order ? order : strcmp(x->name, y->name);
}

static void add_object(struct objects *objects, const char *kind,
		       const char *name, const void *what,
		       void (*read)(struct facts *facts, const void *what))
{
	objects->list[objects->n++] =
		(struct object){ kind, name, what, read, 0 };
}

static struct objects objects_of(const struct policy *policy,
				 struct arena *arena)
{
	struct objects objects = { arena_alloc(arena, 0), 0 };
	size_t i;

	if (!policy)
		return objects;
	objects.list =
		arena_alloc(arena, (1 + policy->n_zones + policy->n_hosts +
				    policy->n_lists + policy->n_conduits +
				    policy->n_trials) *
					   sizeof(*objects.list));
	add_object(&objects, "gateway", "gateway", policy, read_gateway);
	for (i = 1; i < policy->n_zones; i++)
		add_object(&objects, "zone", policy->zones[i].name,
			   &policy->zones[i], read_zone);
	for (i = 0; i < policy->n_hosts; i++)
		add_object(&objects, "host", policy->hosts[i].name,
			   &policy->hosts[i], read_host);
	for (i = 0; i < policy->n_lists; i++)
		add_object(&objects, "list", policy->lists[i].name,
			   &policy->lists[i], read_list);
	for (i = 0; i < policy->n_conduits; i++)
		add_object(&objects, "conduit", policy->conduits[i].name,
			   &policy->conduits[i], read_conduit);
	for (i = 0; i < policy->n_trials; i++)
		add_object(
			&objects,
			policy->trials[i].must_pass ? "must_pass" : "must_drop",
			policy->trials[i].name, &policy->trials[i], read_trial);
	qsort(objects.list, objects.n, sizeof(*objects.list), object_order);
	return objects;
}

static int value_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is in @a and not in @b, both sorted; the first of them copied */
static const char **values_only_in(const struct fact *a, const struct fact *b,
				   struct arena *arena, size_t *n_kept,
				   size_t *n_all)
{
	const char **kept = arena_alloc(arena, VALUES_MAX * sizeof(*kept));
	size_t i, k = 0;

	*n_kept = *n_all = 0;
	for (i = 0; i < a->n; i++) {
		while (k < b->n && strcmp(b->values[k], a->values[i]) < 0)
			k++;
		if (k < b->n && !strcmp(b->values[k], a->values[i]))
			continue;
		if (*n_kept < VALUES_MAX)
			kept[(*n_kept)++] = arena_copy(arena, a->values[i],
						       strlen(a->values[i]));
		(*n_all)++;
	}
	return kept;
}

static void facts_read(struct facts *facts, const struct object *object,
		       struct arena *arena)
{
	size_t i;

	facts->arena = arena;
	facts->n = 0;
	object->read(facts, object->what);
	for (i = 0; i < facts->n; i++)
		qsort(facts->list[i].values, facts->list[i].n,
		      sizeof(const char *), value_order);
}

static struct plan_change *change_add(struct plan *plan, struct arena *arena,
				      enum plan_what what,
				      const struct object *object)
{
	struct plan_change *change;

	plan->changes = arena_push(arena, plan->changes, &plan->n_changes,
				   sizeof(*change));
	change = &plan->changes[plan->n_changes - 1];
	change->what = what;
	change->kind = object->kind;
	change->name = object->name;
	return change;
}

static struct plan_term term_on(const struct plan_side *side,
				const struct object *object)
{
	const struct conduit *conduit = object->what;

	if (object->read != read_conduit || !term_is_limited(conduit))
		return (struct plan_term){ NULL, { true, 0 } };
	return (struct plan_term){ conduit, side->terms->of[conduit->index] };
}

/* Both have this object: what is otherwise about it? */
static void compare_object(struct plan *plan, const struct object *a,
			   const struct object *b, struct arena *scratch,
			   struct arena *arena)
{
	struct plan_change *change = NULL;
	struct facts before, after;
	size_t i;

	facts_read(&before, a, scratch);
	facts_read(&after, b, scratch);
	for (i = 0; i < after.n; i++) {
		const struct fact *x = &before.list[i], *y = &after.list[i];
		struct plan_field field = { .name = y->name };

		field.removed = values_only_in(x, y, arena, &field.n_removed,
					       &field.n_removed_all);
		field.added = values_only_in(y, x, arena, &field.n_added,
					     &field.n_added_all);
		if (!field.n_removed && !field.n_added)
			continue;
		if (!change) {
			change = change_add(plan, arena, PLAN_CHANGED, b);
			change->before = term_on(&plan->before, a);
			change->after = term_on(&plan->after, b);
		}
		change->fields = arena_push(arena, change->fields,
					    &change->n_fields, sizeof(field));
		change->fields[change->n_fields - 1] = field;
	}
}

static uint64_t object_hash(const struct object *object)
{
	struct arena *arena = arena_new();
	uint64_t hash = hash_text(HASH_START, object->kind);
	struct facts facts;
	size_t i, k;

	facts_read(&facts, object, arena);
	for (i = 0; i < facts.n; i++) {
		hash = hash_text(hash, facts.list[i].name);
		for (k = 0; k < facts.list[i].n; k++)
			hash = hash_text(hash, facts.list[i].values[k]);
	}
	arena_free(arena);
	return hash_finish(hash);
}

static int hash_order(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return object_order(a, b);
}

static void hash_objects(struct objects *objects)
{
	size_t i;

	for (i = 0; i < objects->n; i++)
		objects->list[i].hash = object_hash(&objects->list[i]);
	if (objects->n)
		qsort(objects->list, objects->n, sizeof(*objects->list),
		      hash_order);
}

/* What is gone and what is new; the same thing by another name is neither. */
static void pair_renamed(struct plan *plan, struct objects *gone,
			 struct objects *added, struct arena *arena)
{
	size_t i = 0, k = 0;

	if (gone->n && added->n) {
		hash_objects(gone);
		hash_objects(added);
	}
	while (i < gone->n || k < added->n) {
		const struct object *a = &gone->list[i];
		const struct object *b = &added->list[k];

		if (k == added->n || (i < gone->n && a->hash < b->hash)) {
			change_add(plan, arena, PLAN_REMOVED, a)->before =
				term_on(&plan->before, a);
			i++;
		} else if (i == gone->n || b->hash < a->hash) {
			change_add(plan, arena, PLAN_ADDED, b)->after =
				term_on(&plan->after, b);
			k++;
		} else {
			change_add(plan, arena, PLAN_RENAMED, b)->old_name =
				a->name;
			i++;
			k++;
		}
	}
}

static int change_order(const void *a, const void *b)
{
	static const char *const kinds[] = { "gateway",	 "zone",    "host",
					     "list",	 "conduit", "must_pass",
					     "must_drop" };
	const struct plan_change *x = a, *y = b;
	size_t i = 0, k = 0;

	while (strcmp(kinds[i], x->kind))
		i++;
	while (strcmp(kinds[k], y->kind))
		k++;
	return i != k ? (i < k ? -1 : 1) : strcmp(x->name, y->name);
}

static void compare_objects(struct plan *plan, struct arena *arena)
{
	struct arena *sides = arena_new(), *scratch = arena_new();
	struct objects a = objects_of(plan->before.policy, sides);
	struct objects b = objects_of(plan->after.policy, sides);
	struct objects gone = { arena_alloc(sides, a.n * sizeof(*a.list)), 0 };
	struct objects added = { arena_alloc(sides, b.n * sizeof(*b.list)), 0 };
	size_t i = 0, k = 0;

	while (i < a.n || k < b.n) {
		int order = i == a.n ? 1 :
			    k == b.n ? -1 :
				       object_order(&a.list[i], &b.list[k]);

		if (order < 0) {
			gone.list[gone.n++] = a.list[i++];
		} else if (order > 0) {
			added.list[added.n++] = b.list[k++];
		} else {
			compare_object(plan, &a.list[i++], &b.list[k++],
				       scratch, arena);
			if (arena_used(scratch) > SCRATCH_MAX) {
				arena_free(scratch);
				scratch = arena_new();
			}
		}
	}
	pair_renamed(plan, &gone, &added, arena);
	if (plan->n_changes)
		qsort(plan->changes, plan->n_changes, sizeof(*plan->changes),
		      change_order);
	arena_free(scratch);
	arena_free(sides);
}

static int finding_order(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a;
	const struct finding *y = *(const struct finding *const *)b;
	int order = strcmp(x->id, y->id);

	if (!order)
		order = strcmp(x->text, y->text);
	if (!order)
		order = (x->severity > y->severity) -
			(x->severity < y->severity);
	return order;
}

static const struct finding **sort_findings(const struct diag *diag,
					    struct arena *arena)
{
	const struct finding **sorted =
		arena_alloc(arena, diag->n_findings * sizeof(*sorted));
	size_t i;

	for (i = 0; i < diag->n_findings; i++)
		sorted[i] = &diag->findings[i];
	qsort(sorted, diag->n_findings, sizeof(*sorted), finding_order);
	return sorted;
}

/* The same text about the same clause is the same finding, in any line. */
static void compare_findings(struct plan *plan, struct arena *arena)
{
	static const struct diag none;
	const struct diag *a = plan->before.diag ? plan->before.diag : &none;
	const struct diag *b = plan->after.diag ? plan->after.diag : &none;
	const struct finding **x = sort_findings(a, arena);
	const struct finding **y = sort_findings(b, arena);
	size_t i = 0, k = 0;

	diag_init(&plan->found, arena);
	diag_init(&plan->gone, arena);
	while (i < a->n_findings || k < b->n_findings) {
		int order = i == a->n_findings ? 1 :
			    k == b->n_findings ? -1 :
						 finding_order(&x[i], &y[k]);

		if (order < 0)
			diag_repeat(&plan->gone, x[i]);
		else if (order > 0)
			diag_repeat(&plan->found, y[k]);
		i += order <= 0;
		k += order >= 0;
	}
	diag_sort(&plan->gone);
	diag_sort(&plan->found);
}

const struct plan *plan_make(const struct plan_side *before,
			     const struct plan_side *after, struct arena *arena)
{
	struct plan *plan = arena_alloc(arena, sizeof(*plan));

	plan->before = *before;
	plan->after = *after;
	compare_objects(plan, arena);
	plan->reach = reach_compare(before->policy, before->terms,
				    after->policy, after->terms, arena);
	compare_findings(plan, arena);
	return plan;
}
