// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Model to policy: conduits get their ends and services. Easy to get wrong:
 * conduits that write the same prefix must share one endpoint, or a policy of
 * many conduits would cut the address space into as many classes.
 */
#include "resolve.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "calendar.h"
#include "flow.h"
#include "hash.h"
#include "names.h"
#include "places.h"
#include "tunable.h"

static void resolve_services(struct resolver *r)
{
	size_t i;

	for (i = 0; i < r->model->n_services; i++) {
		struct model_service *service = &r->model->services[i];
		struct model_service *holder;

		if (!service->name.text)
			continue;
		holder = names_add(r->services, service->name.text, service);
		if (holder != service)
			diag_error(r->diag, "duplicate", service->name.at,
				   &holder->name.at,
				   "the service \"%s\" is declared twice",
				   service->name.text);
	}
}

static struct endpoint *prefix_endpoint(struct resolver *r, const char *name,
					const struct model_endpoint *from,
					const struct zone *zone)
{
	bool single = from->prefix.len == addr_bits(&from->prefix.addr);
	const struct endpoint *host =
		single ? places_host_of(r, &from->prefix.addr) : NULL;
	struct endpoint *e = arena_alloc(r->arena, sizeof(*e));

	places_endpoint_init(r, e, single ? ENDPOINT_HOST : ENDPOINT_NET, name,
			     zone, from->text.at);
	e->prefixes = arena_alloc(r->arena, sizeof(*e->prefixes));
	e->prefixes[0] = from->prefix;
	e->n_prefixes = 1;
	e->has_mac = host ? host->has_mac : zone->has_next_hop_mac;
	e->mac = host ? host->mac : zone->next_hop_mac;
	places_endpoint_hash(e);
	return e;
}

/* Where the endpoint of a prefix is in the table, or has to go */
static struct endpoint **prefix_slot(const struct resolver *r,
				     const struct prefix *prefix)
{
	size_t i = hash_finish(hash_bytes(HASH_START, prefix, sizeof(*prefix)));

	for (;; i++) {
		struct endpoint **slot = &r->prefixes[i & r->prefixes_mask];

		if (!*slot || !prefix_cmp((*slot)->prefixes, prefix))
			return slot;
	}
}

static void prefix_slots(struct resolver *r)
{
	const struct model *model = r->model;
	size_t n = 0, size = 8, i, k;

	for (i = 0; i < model->n_conduits; i++) {
		for (k = 0; k < model->conduits[i].n_from; k++)
			n += model->conduits[i].from[k].is_prefix;
		for (k = 0; k < model->conduits[i].n_to; k++)
			n += model->conduits[i].to[k].is_prefix;
	}
	while (size < 2 * n)
		size *= 2;
	r->prefixes = arena_alloc(r->arena, size * sizeof(*r->prefixes));
	r->prefixes_mask = size - 1;
}

/* What the endpoint of a prefix is called: the shortest form, which is what is
 * written if it is an IPv4 address. */
static const char *prefix_name(struct resolver *r,
			       const struct model_endpoint *from)
{
	const struct addr *addr = &from->prefix.addr;
	char text[ADDR_TEXT];

	if (addr->family == 4 && !strchr(from->text.text, '/'))
		return from->text.text;
	if (from->prefix.len == addr_bits(addr))
		addr_print(addr, text);
	else
		prefix_print(&from->prefix, text);
	return arena_copy(r->arena, text, strlen(text));
}

/* Conduits that write the same prefix share one endpoint. */
static const struct endpoint *
endpoint_of_prefix(struct resolver *r, const struct model_endpoint *from,
		   const struct conduit *conduit)
{
	const struct zone *zone;
	struct endpoint **slot = prefix_slot(r, &from->prefix);

	if (!*slot) {
		zone = places_prefix(r, &from->prefix, "conduit", conduit->name,
				     from->text.at);
		if (zone)
			*slot = prefix_endpoint(r, prefix_name(r, from), from,
						zone);
	}
	return *slot;
}

static const struct endpoint *
resolve_endpoint(struct resolver *r, const struct model_endpoint *from,
		 const struct conduit *conduit)
{
	const struct owner *owner;

	if (from->is_prefix)
		return endpoint_of_prefix(r, from, conduit);
	if (!from->text.text)
		return NULL;
	if (!strcmp(from->text.text, "gateway"))
		return &r->policy->zone_endpoints[0];
	owner = names_find(r->owners, from->text.text);
	if (!owner)
		diag_error(r->diag, "name", from->text.at, NULL,
			   "conduit \"%s\": there is no zone, host or list "
			   "\"%s\"",
			   conduit->name, from->text.text);
	return owner ? owner->endpoint : NULL;
}

static bool is_named_before(const struct endpoint **ends, size_t n,
			    const struct endpoint *e)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ends[i]->hash == e->hash)
			return true;
	return false;
}

static size_t resolve_ends(struct resolver *r, const struct conduit *conduit,
			   const struct model_endpoint *from, size_t n,
			   const struct endpoint ***out)
{
	const struct endpoint **ends = arena_alloc(r->arena, n * sizeof(*ends));
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		const struct endpoint *e =
			resolve_endpoint(r, &from[i], conduit);

		if (!e)
			continue;
		if (is_named_before(ends, kept, e))
			diag_error(r->diag, "duplicate", from[i].text.at, NULL,
				   "conduit \"%s\" names \"%s\" twice",
				   conduit->name, e->name);
		else
			ends[kept++] = e;
	}
	*out = ends;
	return kept;
}

/* What an entry of "services" stands for; NULL if nothing, which is reported */
static const struct service *carried(struct resolver *r, const char *what,
				     const char *name,
				     const struct model_carry *carry, size_t *n)
{
	const struct model_service *named;

	*n = 0;
	if (carry->is_service) {
		*n = 1;
		return &carry->service;
	}
	if (!carry->text.text)
		return NULL;
	named = names_find(r->services, carry->text.text);
	if (!named) {
		diag_error(r->diag, "name", carry->text.at, NULL,
			   "%s \"%s\": there is no service \"%s\"", what, name,
			   carry->text.text);
		return NULL;
	}
	*n = named->n_ports;
	return named->ports;
}

static void resolve_carries(struct resolver *r, struct conduit *conduit,
			    const struct model_conduit *from)
{
	const struct service **ports =
		arena_alloc(r->arena, from->n_services * sizeof(*ports));
	size_t *n = arena_alloc(r->arena, from->n_services * sizeof(*n));
	size_t i, all = 0;

	for (i = 0; i < from->n_services; i++) {
		ports[i] = carried(r, "conduit", conduit->name,
				   &from->services[i], &n[i]);
		all += n[i];
	}
	conduit->services =
		arena_alloc(r->arena, all * sizeof(*conduit->services));
	for (i = 0; i < from->n_services; i++) {
		if (!n[i])
			continue;
		memcpy(conduit->services + conduit->n_services, ports[i],
		       n[i] * sizeof(**ports));
		conduit->n_services += n[i];
	}
}

static unsigned int number_of_date(const struct date *date)
{
	return date->year * 10000 + date->month * 100 + date->day;
}

/* Does one of the windows open on a day from the first to the last? */
static bool windows_occur(const struct conduit *conduit)
{
	int64_t first = date_days(conduit->valid_from);
	int64_t last = date_days(conduit->valid_until), day;
	size_t i;

	if (!conduit->valid_from || !conduit->valid_until ||
	    last - first >= 6 || !conduit->n_windows)
		return true;
	for (i = 0; i < conduit->n_windows; i++) {
		const struct window *window = &conduit->windows[i];

		/* of one that begins the day before, the rest is left */
		day = first - (window->until > DAY_SECONDS);
		for (; day <= last; day++)
			if (window_begins_on(window, day))
				return true;
	}
	return false;
}

/* Wherever that is: no local clock is a day ahead. */
static bool expires_before_start(const struct conduit *conduit)
{
	return conduit->expires && conduit->valid_from &&
	       conduit->expires + DAY_SECONDS <=
		       date_days(conduit->valid_from) * DAY_SECONDS;
}

static void resolve_term(struct resolver *r, struct conduit *conduit,
			 const struct model_conduit *from)
{
	if (from->has_valid_from)
		conduit->valid_from = number_of_date(&from->valid_from);
	if (from->has_valid_until)
		conduit->valid_until = number_of_date(&from->valid_until);
	if (from->has_expires)
		conduit->expires = from->expires;
	conduit->windows = from->windows;
	conduit->n_windows = from->n_windows;
	if (conduit->valid_from && conduit->valid_until &&
	    conduit->valid_from > conduit->valid_until)
		diag_error(r->diag, "value", from->valid_from_at,
			   &from->valid_until_at,
			   "conduit \"%s\": valid_from is a later day than "
			   "valid_until",
			   conduit->name);
	else if (expires_before_start(conduit))
		diag_error(r->diag, "value", from->expires_at,
			   &from->valid_from_at,
			   "conduit \"%s\": it expires before valid_from",
			   conduit->name);
	else if (!windows_occur(conduit))
		diag_error(r->diag, "value", from->windows_at,
			   &from->valid_from_at,
			   "conduit \"%s\": none of its windows opens on a day "
			   "from valid_from to valid_until",
			   conduit->name);
}

static void resolve_conduits(struct resolver *r)
{
	struct policy *policy = r->policy;
	size_t i;

	policy->conduits = arena_alloc(
		r->arena, r->model->n_conduits * sizeof(*policy->conduits));
	for (i = 0; i < r->model->n_conduits; i++) {
		const struct model_conduit *from = &r->model->conduits[i];
		struct conduit *conduit = &policy->conduits[policy->n_conduits];
		const struct conduit *holder;

		if (!from->name.text)
			continue;
		*conduit = (struct conduit){
			.name = from->name.text,
			.kind = from->kind,
			.bind = from->bind,
			.reason = from->reason,
			.approved_by = from->approved_by,
			.approval = from->approval,
			.allowed_by = from->allowed_by,
			.at = from->name.at,
			.index = policy->n_conduits++,
		};
		resolve_term(r, conduit, from);
		holder = names_add(r->conduits, conduit->name, conduit);
		if (holder != conduit)
			diag_error(r->diag, "duplicate", conduit->at,
				   &holder->at,
				   "the name \"%s\" is already that of a "
				   "conduit",
				   conduit->name);
		conduit->n_from = resolve_ends(r, conduit, from->from,
					       from->n_from, &conduit->from);
		conduit->n_to = resolve_ends(r, conduit, from->to, from->n_to,
					     &conduit->to);
		resolve_carries(r, conduit, from);
	}
}

/* What a finding about a trial calls it */
static const char *trial_kind(const struct model_trial *trial)
{
	return trial->must_pass ? "must_pass" : "must_drop";
}

static bool resolve_trial_addr(struct resolver *r,
			       const struct model_trial *trial,
			       const struct model_trial_end *from,
			       struct trial_end *end)
{
	const struct endpoint *host = places_host_of(r, &from->addr);
	struct prefix prefix = { from->addr, addr_bits(&from->addr) };

	end->zone = places_prefix(r, &prefix, trial_kind(trial),
				  trial->name.text, from->text.at);
	if (!end->zone)
		return false;
	end->addrs = arena_alloc(r->arena, sizeof(*end->addrs));
	end->addrs[0] = from->addr;
	end->n_addrs = 1;
	end->has_mac = host ? host->has_mac : end->zone->has_next_hop_mac;
	end->mac = host ? host->mac : end->zone->next_hop_mac;
	return true;
}

static bool resolve_trial_name(struct resolver *r,
			       const struct model_trial *trial,
			       const struct model_trial_end *from,
			       struct trial_end *end)
{
	const struct owner *owner = names_find(r->owners, from->text.text);
	size_t i;

	if (!strcmp(from->text.text, "gateway")) {
		end->zone = &r->policy->zones[0];
		return true;
	}
	if (!owner || owner->type != OWNER_HOST) {
		diag_error(r->diag, "name", from->text.at, NULL,
			   owner ? "%s \"%s\": \"%s\" is no host; a trial is "
				   "of one host or address" :
				   "%s \"%s\": there is no host \"%s\"",
			   trial_kind(trial), trial->name.text,
			   from->text.text);
		return false;
	}
	if (owner->broken || !owner->endpoint || !owner->endpoint->zone)
		return false; /* which has been said */
	end->zone = owner->endpoint->zone;
	end->n_addrs = owner->endpoint->n_prefixes;
	end->addrs = arena_alloc(r->arena, end->n_addrs * sizeof(struct addr));
	for (i = 0; i < end->n_addrs; i++)
		end->addrs[i] = owner->endpoint->prefixes[i].addr;
	end->has_mac = owner->endpoint->has_mac;
	end->mac = owner->endpoint->mac;
	return true;
}

static bool resolve_trial_end(struct resolver *r,
			      const struct model_trial *trial,
			      const struct model_trial_end *from,
			      struct trial_end *end)
{
	end->name = from->text.text;
	if (!end->name)
		return false;
	return from->is_addr ? resolve_trial_addr(r, trial, from, end) :
			       resolve_trial_name(r, trial, from, end);
}

static void resolve_trial(struct resolver *r, struct model_trial *from)
{
	struct trial *trial = &r->policy->trials[r->policy->n_trials];
	const char *ends[] = { from->from.text.text, from->to.text.text };
	bool ok;

	if (!from->name.text)
		from->name.text = arena_printf(r->arena, "%s to %s",
					       ends[0] ? ends[0] : "?",
					       ends[1] ? ends[1] : "?");
	*trial = (struct trial){
		.name = from->name.text,
		.must_pass = from->must_pass,
		.at = from->name.at,
	};
	ok = resolve_trial_end(r, from, &from->from, &trial->from);
	ok = resolve_trial_end(r, from, &from->to, &trial->to) && ok;
	trial->services = carried(r, trial_kind(from), trial->name,
				  &from->carry, &trial->n_services);
	if (!ok || !trial->services)
		return;
	if (from->has_mac) {
		trial->from.has_mac = true;
		trial->from.mac = from->mac;
	}
	if (!trial->from.n_addrs && !trial->to.n_addrs)
		diag_error(r->diag, "value", trial->at, NULL,
			   "%s \"%s\" leads from the gateway to itself",
			   trial_kind(from), trial->name);
	else
		r->policy->n_trials++;
}

static void resolve_trials(struct resolver *r)
{
	size_t i;

	r->policy->trials = arena_alloc(r->arena, r->model->n_trials *
							  sizeof(struct trial));
	for (i = 0; i < r->model->n_trials; i++)
		resolve_trial(r, &r->model->trials[i]);
}

static void hash_endpoints(struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->n_zones; i++)
		places_endpoint_hash(&policy->zone_endpoints[i]);
	for (i = 0; i < policy->n_hosts; i++)
		places_endpoint_hash(&policy->hosts[i]);
	for (i = 0; i < policy->n_lists; i++)
		places_endpoint_hash(&policy->lists[i]);
}

/* A claim is kept to the letter, but not without saying what it does. */
static void warn_sysctls(const struct policy *policy, struct diag *diag)
{
	size_t i;

	for (i = 0; i < policy->n_sysctls; i++) {
		const struct sysctl_claim *claim = &policy->sysctls[i];
		const char *text = tunable_contradiction(policy, claim);

		if (text)
			diag_warn(diag, "sysctl", claim->at, NULL,
				  "\"%s = %s\" works against the zones: %s",
				  claim->name, claim->value, text);
	}
}

struct policy *resolve_policy(const struct model *model, struct diag *diag)
{
	struct arena *arena = model->arena;
	struct policy *policy = arena_alloc(arena, sizeof(*policy));
	struct resolver r = {
		.model = model,
		.policy = policy,
		.arena = arena,
		.diag = diag,
	};
	size_t i, n_interfaces = 0;

	for (i = 0; i < model->n_zones; i++)
		n_interfaces += model->zones[i].n_interfaces;
	r.owners = names_new(arena,
			     model->n_zones + model->n_hosts + model->n_lists);
	r.services = names_new(arena, model->n_services);
	r.conduits = names_new(arena, model->n_conduits);
	r.interfaces = names_new(arena, n_interfaces);
	prefix_slots(&r);

	policy->arena = arena;
	policy->gateway = model->gateway_name.text;
	policy->model = model->model;
	policy->edition = model->edition;
	policy->facility = model->facility.text ? model->facility.text :
						  "daemon";
	policy->group = model->group.text ? model->group.text : "sekimori";
	policy->at = model->gateway_at;
	policy->watch = model->watch;
	policy->keeping = model->keeping;
	policy->sysctls = model->sysctls;
	policy->n_sysctls = model->n_sysctls;

	places_zones(&r);
	places_networks(&r);
	places_hosts(&r);
	places_lists(&r);
	resolve_services(&r);
	hash_endpoints(policy);
	resolve_conduits(&r);
	flow_build(policy, diag);
	resolve_trials(&r);
	warn_sysctls(policy, diag);
	return policy;
}
