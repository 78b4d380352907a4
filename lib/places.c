// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zones, hosts and lists: names get their bearers, addresses their zones
 * (K11, K21). Easy to get wrong: a mistake in one entry must neither hide the
 * mistakes of others nor cause new ones, so an entry with a mistake is
 * reported once and then left out, and what names it is not blamed again.
 */
#include "places.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hash.h"
#include "names.h"

static struct owner *owner_add(struct resolver *r, enum owner_type type,
			       const struct word *name)
{
	struct owner *owner = arena_alloc(r->arena, sizeof(*owner));
	struct owner *holder;

	*owner = (struct owner){ .type = type, .name = name };
	if (!name->text) {
		owner->broken = true;
		return owner;
	}
	if (!strcmp(name->text, "gateway")) {
		diag_error(r->diag, "name", name->at, NULL,
			   "the name \"gateway\" is reserved for this gateway "
			   "itself");
		owner->broken = true;
		return owner;
	}
	holder = names_add(r->owners, name->text, owner);
	if (holder != owner) {
		diag_error(r->diag, "duplicate", name->at, &holder->name->at,
			   "the name \"%s\" is taken; zones, hosts and lists "
			   "share one set of names",
			   name->text);
		owner->broken = true;
	}
	return owner;
}

void places_endpoint_init(struct resolver *r, struct endpoint *e,
			  enum endpoint_kind kind, const char *name,
			  const struct zone *zone, struct place at)
{
	e->kind = kind;
	e->name = name;
	e->zone = zone;
	e->at = at;
	e->index = r->policy->n_endpoints++;
}

void places_endpoint_hash(struct endpoint *e)
{
	uint64_t hash = hash_number(HASH_START, e->kind);
	size_t i;

	hash = hash_text(hash, e->zone ? e->zone->name : "");
	if (e->kind == ENDPOINT_NET && e->n_prefixes > 1)
		hash = hash_text(hash, e->name);
	else if (e->kind != ENDPOINT_ZONE)
		for (i = 0; i < e->n_prefixes; i++)
			hash = hash_bytes(hash, &e->prefixes[i],
					  sizeof(e->prefixes[i]));
	e->hash = hash_finish(hash);
}

static int prefix_order(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

/* Addresses that no host has as its own: a network of them is a mistake. */
static bool prefix_is_reserved(const struct prefix *prefix)
{
	struct prefix reserved;
	size_t i;

	for (i = 0; prefix_reserved(i, &reserved); i++)
		if (prefix_covers(&reserved, prefix))
			return true;
	return false;
}

/* The all-ones address of an IPv4 network reaches every host in it. */
static bool addr_is_broadcast(const struct addr *addr,
			      const struct prefix *network)
{
	struct addr last = prefix_last(network);

	return addr->family == 4 && network->len > 0 && network->len <= 30 &&
	       !addr_cmp(addr, &last);
}

static void zone_interfaces(struct resolver *r, struct zone *zone,
			    const struct model_zone *from)
{
	struct word *holder;
	size_t i;

	zone->interfaces =
		arena_alloc(r->arena, from->n_interfaces * sizeof(char *));
	for (i = 0; i < from->n_interfaces; i++) {
		struct word *word = &from->interfaces[i];

		if (!word->text)
			continue;
		if (!strcmp(word->text, "lo")) {
			diag_error(
				r->diag, "K11", word->at, NULL,
				"zone \"%s\": the loopback interface belongs "
				"to the gateway itself",
				zone->name);
			continue;
		}
		holder = names_add(r->interfaces, word->text, word);
		if (holder != word) {
			diag_error(
				r->diag, "K11", word->at, &holder->at,
				"zone \"%s\": interface \"%s\" is already in "
				"a zone; an interface belongs to one zone",
				zone->name, word->text);
			continue;
		}
		zone->interfaces[zone->n_interfaces++] = word->text;
	}
}

static void zone_networks(struct resolver *r, struct zone *zone,
			  const struct model_zone *from)
{
	char text[ADDR_TEXT];
	size_t i;

	zone->networks =
		arena_alloc(r->arena, from->n_networks * sizeof(struct prefix));
	for (i = 0; i < from->n_networks; i++) {
		const struct model_prefix *net = &from->networks[i];

		if (prefix_is_reserved(&net->prefix)) {
			diag_error(r->diag, "K11", net->at, NULL,
				   "zone \"%s\": %s holds no addresses of "
				   "hosts; name the network that is behind the "
				   "interface",
				   zone->name,
				   prefix_print(&net->prefix, text));
			continue;
		}
		if (!net->prefix.len && !zone->external) {
			diag_error(r->diag, "K11", net->at, NULL,
				   "zone \"%s\": only a zone with external = "
				   "true may have %s (all that no other zone "
				   "declares)",
				   zone->name,
				   prefix_print(&net->prefix, text));
			continue;
		}
		zone->networks[zone->n_networks++] = net->prefix;
	}
	if (from->no_ip && from->n_networks)
		diag_error(r->diag, "K21", zone->at, &from->networks[0].at,
			   "zone \"%s\" says no_ip = true and has networks; "
			   "remove one of the two",
			   zone->name);
	if (!from->no_ip && !from->has_networks)
		diag_error(r->diag, "K21", zone->at, NULL,
			   "zone \"%s\" has no networks, so no source address "
			   "could be checked; name them, or say no_ip = true",
			   zone->name);
}

void places_zones(struct resolver *r)
{
	struct policy *policy = r->policy;
	size_t i, n = r->model->n_zones + 1;

	policy->zones = arena_alloc(r->arena, n * sizeof(struct zone));
	policy->zone_endpoints =
		arena_alloc(r->arena, n * sizeof(struct endpoint));
	policy->n_zones = 1;
	policy->zones[0] = (struct zone){ .name = "gateway",
					  .label = "自装置",
					  .at = r->model->gateway_at };
	places_endpoint_init(r, &policy->zone_endpoints[0], ENDPOINT_ZONE,
			     "gateway", &policy->zones[0],
			     r->model->gateway_at);

	for (i = 0; i < r->model->n_zones; i++) {
		const struct model_zone *from = &r->model->zones[i];
		struct owner *owner = owner_add(r, OWNER_ZONE, &from->name);
		struct endpoint *e;
		struct zone *zone;

		if (owner->broken)
			continue;
		zone = &policy->zones[policy->n_zones];
		e = &policy->zone_endpoints[policy->n_zones];
		zone->index = policy->n_zones++;
		zone->name = from->name.text;
		zone->label = from->label ? from->label : from->name.text;
		zone->layer = from->layer;
		zone->external = from->external;
		zone->no_ip = from->no_ip;
		zone->has_next_hop_mac = from->has_next_hop_mac;
		zone->next_hop_mac = from->next_hop_mac;
		zone->at = from->name.at;
		zone_interfaces(r, zone, from);
		zone_networks(r, zone, from);
		places_endpoint_init(r, e, ENDPOINT_ZONE, zone->name, zone,
				     zone->at);
		owner->endpoint = e;
		e->n_prefixes = zone->n_networks;
		e->prefixes = arena_alloc(r->arena,
					  e->n_prefixes * sizeof(*e->prefixes));
		if (e->n_prefixes)
			memcpy(e->prefixes, zone->networks,
			       e->n_prefixes * sizeof(*e->prefixes));
		qsort(e->prefixes, e->n_prefixes, sizeof(*e->prefixes),
		      prefix_order);
		e->has_mac = zone->has_next_hop_mac;
		e->mac = zone->next_hop_mac;
	}
}

static int network_order(const void *a, const void *b)
{
	const struct network *x = a, *y = b;

	return prefix_cmp(x->prefix, y->prefix);
}

/*
 * Networks of all zones in one sorted list. Nested ones stand behind the one
 * that holds them, and but for 0.0.0.0/0 and ::/0 nothing may be nested.
 */
void places_networks(struct resolver *r)
{
	char text[ADDR_TEXT], other[ADDR_TEXT];
	const struct network *outer = NULL;
	size_t i, k, n = 0;

	for (i = 0; i < r->model->n_zones; i++)
		n += r->model->zones[i].n_networks;
	r->networks = arena_alloc(r->arena, n * sizeof(*r->networks));
	for (i = 0; i < r->model->n_zones; i++) {
		const struct model_zone *from = &r->model->zones[i];
		struct owner *owner;

		owner = from->name.text ?
				names_find(r->owners, from->name.text) :
				NULL;
		if (!owner || !owner->endpoint || owner->name != &from->name)
			continue;
		for (k = 0; k < from->n_networks; k++)
			r->networks[r->n_networks++] = (struct network){
				.prefix = &from->networks[k].prefix,
				.zone = &r->policy->zones[owner->endpoint->zone
								  ->index],
				.at = from->networks[k].at,
			};
	}
	qsort(r->networks, r->n_networks, sizeof(*r->networks), network_order);
	for (i = 0; i < r->n_networks; i++) {
		const struct network *net = &r->networks[i];
		bool whole = !net->prefix->len;

		if (outer && prefix_overlaps(outer->prefix, net->prefix))
			diag_error(r->diag, "K11", net->at, &outer->at,
				   "network %s of zone \"%s\" overlaps %s of "
				   "zone \"%s\"",
				   prefix_print(net->prefix, text),
				   net->zone->name,
				   prefix_print(outer->prefix, other),
				   outer->zone->name);
		else if (!whole || (i + 1 < r->n_networks &&
				    !r->networks[i + 1].prefix->len))
			outer = net;
	}
}

/* The network that holds @addr most closely, or NULL */
static const struct network *network_of(const struct resolver *r,
					const struct addr *addr)
{
	const struct network *whole = NULL;
	size_t low = 0, high = r->n_networks, i;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct addr first = prefix_first(r->networks[middle].prefix);

		if (addr_cmp(&first, addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && prefix_has_addr(r->networks[low - 1].prefix, addr))
		return &r->networks[low - 1];
	for (i = 0; i < r->n_networks && !whole; i++)
		if (!r->networks[i].prefix->len &&
		    prefix_has_addr(r->networks[i].prefix, addr))
			whole = &r->networks[i];
	return whole;
}

/*
 * The zone that holds all of @prefix, or NULL with the reason in *@other: a
 * network that holds only a part of it (NULL if there is none at all).
 */
static struct zone *zone_of_prefix(const struct resolver *r,
				   const struct prefix *prefix,
				   const struct network **other)
{
	struct addr first = prefix_first(prefix);
	const struct network *net = network_of(r, &first);
	size_t i;

	*other = net;
	if (!net || !prefix_covers(net->prefix, prefix))
		return NULL;
	if (net->prefix->len)
		return net->zone;
	/* Inside "all that no other zone declares": is that so? */
	for (i = 0; i < r->n_networks; i++) {
		if (!r->networks[i].prefix->len ||
		    !prefix_overlaps(r->networks[i].prefix, prefix))
			continue;
		*other = &r->networks[i];
		return NULL;
	}
	return net->zone;
}

static struct endpoint *zone_by_name(struct resolver *r,
				     const struct word *word,
				     const struct model_host *host)
{
	struct owner *owner;

	if (!word->text)
		return NULL;
	owner = names_find(r->owners, word->text);
	if (!owner || owner->type != OWNER_ZONE) {
		diag_error(r->diag, "name", word->at, NULL,
			   "host \"%s\": there is no zone \"%s\"",
			   host->name.text, word->text);
		return NULL;
	}
	return owner->endpoint;
}

static void host_addresses(struct resolver *r, struct endpoint *e,
			   const struct model_host *from)
{
	char text[ADDR_TEXT], other[ADDR_TEXT];
	size_t i;

	e->prefixes =
		arena_alloc(r->arena, from->n_addresses * sizeof(*e->prefixes));
	for (i = 0; i < from->n_addresses; i++) {
		const struct addr *addr = &from->addresses[i].addr;
		const struct network *net = network_of(r, addr);
		struct place at = from->addresses[i].at;

		if (!net || net->zone != e->zone) {
			diag_error(r->diag, "K11", at,
				   net ? &net->at : &e->zone->at,
				   "host \"%s\": %s is outside its zone \"%s\"",
				   e->name, addr_print(addr, text),
				   e->zone->name);
			continue;
		}
		if (addr_is_broadcast(addr, net->prefix)) {
			diag_error(r->diag, "K11", at, &net->at,
				   "host \"%s\": %s is the broadcast address "
				   "of %s",
				   e->name, addr_print(addr, text),
				   prefix_print(net->prefix, other));
			continue;
		}
		e->prefixes[e->n_prefixes++] = (struct prefix){
			.addr = *addr,
			.len = addr_bits(addr),
		};
		r->claims[r->n_claims++] = (struct claim){ *addr, e, at };
	}
	qsort(e->prefixes, e->n_prefixes, sizeof(*e->prefixes), prefix_order);
}

static void host_mac(struct resolver *r, struct endpoint *e,
		     const struct model_host *from)
{
	const struct zone *zone = e->zone;

	e->has_mac = from->has_mac;
	e->mac = from->mac;
	if (!zone->has_next_hop_mac)
		return;
	if (from->has_mac)
		diag_error(r->diag, "K02", from->mac_at, &zone->at,
			   "host \"%s\" is in the routed zone \"%s\": this "
			   "gateway sees only the next hop's MAC; remove mac",
			   e->name, zone->name);
	e->has_mac = true;
	e->mac = zone->next_hop_mac;
}

static int claim_order(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int cmp = addr_cmp(&x->addr, &y->addr);

	if (cmp)
		return cmp;
	return x->host->index < y->host->index ?
		       -1 :
		       x->host->index > y->host->index;
}

static void check_claims(struct resolver *r)
{
	char text[ADDR_TEXT];
	size_t i;

	qsort(r->claims, r->n_claims, sizeof(*r->claims), claim_order);
	for (i = 1; i < r->n_claims; i++) {
		const struct claim *claim = &r->claims[i];
		const struct claim *before = claim - 1;

		if (!addr_cmp(&claim->addr, &before->addr))
			diag_error(r->diag, "K11", claim->at, &before->at,
				   "host \"%s\": address %s is already that of "
				   "host \"%s\"",
				   claim->host->name,
				   addr_print(&claim->addr, text),
				   before->host->name);
	}
}

static void check_macs(struct resolver *r, struct names *macs,
		       const struct mac *mac, const struct place *at,
		       const char *what, const char *name)
{
	char text[ADDR_TEXT];
	const struct place *holder;

	mac_print(mac, text);
	holder = names_add(macs, arena_copy(r->arena, text, strlen(text)),
			   (void *)at);
	if (holder != at)
		diag_error(r->diag, "K11", *at, holder,
			   "%s \"%s\": MAC %s is declared twice", what, name,
			   text);
}

void places_hosts(struct resolver *r)
{
	const struct model *model = r->model;
	struct names *macs =
		names_new(r->arena, model->n_hosts + model->n_zones);
	size_t i, n = 0;

	for (i = 0; i < model->n_zones; i++)
		if (model->zones[i].has_next_hop_mac)
			check_macs(r, macs, &model->zones[i].next_hop_mac,
				   &model->zones[i].next_hop_mac_at, "zone",
				   model->zones[i].name.text ?
					   model->zones[i].name.text :
					   "?");
	for (i = 0; i < model->n_hosts; i++)
		n += model->hosts[i].n_addresses;
	r->claims = arena_alloc(r->arena, n * sizeof(*r->claims));
	r->policy->hosts = arena_alloc(
		r->arena, model->n_hosts * sizeof(*r->policy->hosts));
	for (i = 0; i < model->n_hosts; i++) {
		const struct model_host *from = &model->hosts[i];
		struct owner *owner = owner_add(r, OWNER_HOST, &from->name);
		struct endpoint *zone, *e;

		if (owner->broken)
			continue;
		zone = zone_by_name(r, &from->zone, from);
		if (!zone)
			continue;
		e = &r->policy->hosts[r->policy->n_hosts++];
		places_endpoint_init(r, e, ENDPOINT_HOST, from->name.text,
				     zone->zone, from->name.at);
		host_addresses(r, e, from);
		host_mac(r, e, from);
		if (from->has_mac)
			check_macs(r, macs, &from->mac, &from->mac_at, "host",
				   e->name);
		owner->endpoint = e;
	}
	check_claims(r);
}

const struct zone *places_prefix(struct resolver *r,
				 const struct prefix *prefix, const char *what,
				 const char *name, struct place at)
{
	char text[ADDR_TEXT], part[ADDR_TEXT];
	const struct network *other;
	const struct zone *zone = zone_of_prefix(r, prefix, &other);

	if (!other)
		diag_error(r->diag, "K11", at, NULL,
			   "%s \"%s\": %s is in no zone's networks", what, name,
			   prefix_print(prefix, text));
	else if (!zone)
		diag_error(
			r->diag, "K11", at, &other->at,
			"%s \"%s\": %s is not inside one zone (network %s of "
			"zone \"%s\")",
			what, name, prefix_print(prefix, text),
			prefix_print(other->prefix, part), other->zone->name);
	else if (prefix->len == 32 &&
		 addr_is_broadcast(&prefix->addr, other->prefix))
		diag_error(r->diag, "K11", at, &other->at,
			   "%s \"%s\": %s is the broadcast address of %s", what,
			   name, prefix_print(prefix, text),
			   prefix_print(other->prefix, part));
	else
		return zone;
	return NULL;
}

static void list_prefixes(struct resolver *r, struct endpoint *e,
			  const struct model_list *from)
{
	size_t i, n = 0;

	e->prefixes =
		arena_alloc(r->arena, from->n_prefixes * sizeof(*e->prefixes));
	for (i = 0; i < from->n_prefixes; i++) {
		const struct model_prefix *entry = &from->prefixes[i];
		const struct zone *zone = places_prefix(
			r, &entry->prefix, "list", e->name, entry->at);

		if (!zone)
			continue;
		if (e->zone && e->zone != zone) {
			diag_error(
				r->diag, "K11", entry->at, &zone->at,
				"list \"%s\": this entry lies in zone \"%s\", "
				"earlier ones in \"%s\"; make a list for "
				"each",
				e->name, zone->name, e->zone->name);
			continue;
		}
		e->zone = zone;
		e->prefixes[e->n_prefixes++] = entry->prefix;
	}
	/* What another entry covers adds nothing. */
	qsort(e->prefixes, e->n_prefixes, sizeof(*e->prefixes), prefix_order);
	for (i = 0; i < e->n_prefixes; i++)
		if (!n || !prefix_covers(&e->prefixes[n - 1], &e->prefixes[i]))
			e->prefixes[n++] = e->prefixes[i];
	e->n_prefixes = n;
}

void places_lists(struct resolver *r)
{
	size_t i;

	r->policy->lists = arena_alloc(
		r->arena, r->model->n_lists * sizeof(*r->policy->lists));
	for (i = 0; i < r->model->n_lists; i++) {
		const struct model_list *from = &r->model->lists[i];
		struct owner *owner = owner_add(r, OWNER_LIST, &from->name);
		struct endpoint *e;

		if (owner->broken)
			continue;
		e = &r->policy->lists[r->policy->n_lists++];
		places_endpoint_init(r, e, ENDPOINT_NET, from->name.text, NULL,
				     from->name.at);
		list_prefixes(r, e, from);
		if (e->zone) {
			e->has_mac = e->zone->has_next_hop_mac;
			e->mac = e->zone->next_hop_mac;
			owner->endpoint = e;
		} else {
			/* Nothing usable in it, which has been said. */
			r->policy->n_lists--;
		}
	}
}

const struct endpoint *places_host_of(const struct resolver *r,
				      const struct addr *addr)
{
	struct endpoint none = { .index = 0 };
	struct claim key = { .addr = *addr, .host = &none };
	size_t low = 0, high = r->n_claims;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (claim_order(&r->claims[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < r->n_claims && !addr_cmp(&r->claims[low].addr, addr))
		return r->claims[low].host;
	return NULL;
}
