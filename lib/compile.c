// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy to ruleset: the elements that make the constant program of program.c
 * hold exactly this policy. Easy to get wrong: two conduits may cover the same
 * packet, and then one key has to carry one flow. The more exact one wins, by
 * the order that flow_rank() defines and sekimori.conf(5) promises.
 */
#include "compile.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "flow.h"
#include "hash.h"
#include "partition.h"
#include "program.h"
#include "term.h"

/* An element on its way: the lowest rank of those with one key stays. */
struct draft {
	struct elem elem;
	uint64_t rank;
};

struct drafts {
	struct draft *drafts;
	size_t n, size;
};

struct segment {
	uint16_t first, last;
};

struct pair {
	uint64_t hash;
	uint32_t from, to; /* classes */
	uint32_t id;
};

struct compiler {
	const struct policy *policy;
	struct arena *arena;
	struct set *sets[N_PROGRAM_SETS];
	struct drafts drafts[N_PROGRAM_SETS];
	struct partition *nets, *rare_nets;
	const struct terms *terms;
	struct segment *segments; /* of the ports in wide ranges, sorted */
	size_t n_segments;
	struct pair *pairs; /* of classes that rare flows join, sorted */
	size_t n_pairs, size_pairs;
};

/* A key under construction */
struct key {
	uint8_t bytes[2 * KEY_MAX];
	size_t len;
};

static const struct verdict accept_it = { NF_ACCEPT, NULL };
static const struct verdict goto_bound = { NFT_GOTO, PROGRAM_BOUND };

static void key_number(struct key *key, uint32_t number)
{
	memcpy(key->bytes + key->len, &number, sizeof(number));
	key->len += sizeof(number);
}

static void key_port(struct key *key, uint16_t port)
{
	key->bytes[key->len] = port >> 8;
	key->bytes[key->len + 1] = port & 0xff;
	key->len += 4;
}

static void key_proto(struct key *key, uint8_t proto)
{
	key->bytes[key->len] = proto;
	key->len += 4;
}

static void key_addr(struct key *key, const struct addr *addr)
{
	size_t len = addr_bits(addr) / 8;

	memcpy(key->bytes + key->len, addr->bytes, len);
	key->len += len;
}

static void key_interface(struct key *key, const char *name)
{
	memcpy(key->bytes + key->len, name, strlen(name));
	key->len += 16;
}

static void key_mac(struct key *key, const struct mac *mac)
{
	memcpy(key->bytes + key->len, mac->bytes, sizeof(mac->bytes));
	key->len += 8;
}

static struct elem *draft_add(struct compiler *c, enum program_set set,
			      const struct key *key, uint64_t rank,
			      const char *comment)
{
	struct drafts *d = &c->drafts[set];
	struct draft *draft;

	assert(key->len == set_key_size(c->sets[set]));
	if (d->n == d->size) {
		d->size = d->size ? 2 * d->size : 64;
		d->drafts = realloc(d->drafts, d->size * sizeof(*d->drafts));
		if (!d->drafts)
			abort();
	}
	draft = &d->drafts[d->n++];
	*draft = (struct draft){ .rank = rank };
	draft->elem.key = (uint8_t *)arena_copy(c->arena, key->bytes, key->len);
	draft->elem.comment = comment;
	return &draft->elem;
}

static void draft_mark(struct compiler *c, enum program_set set,
		       const struct key *key, uint64_t rank, uint32_t mark,
		       const char *comment)
{
	draft_add(c, set, key, rank, comment)->mark = mark;
}

/* The order of flows that cover the same packet; the lowest decides. */
static uint64_t rank_flow(const struct compiler *c, const struct flow *flow)
{
	return flow_rank(flow) | (uint64_t)(flow - c->policy->flows);
}

static bool flow_is_live(const struct compiler *c, const struct flow *flow)
{
	return terms_in_force(c->terms, flow->conduit);
}

/* Ids of the classes that make up an endpoint */
static size_t class_ids(const struct compiler *c, const struct partition *p,
			const struct endpoint *e, uint32_t **ids)
{
	const struct class_list *list = &p->of[e->index];
	size_t i;

	if (policy_is_gateway(e)) {
		*ids = arena_alloc(c->arena, sizeof(**ids));
		**ids = CLASS_GATEWAY;
		return 1;
	}
	*ids = arena_alloc(c->arena, list->n * sizeof(**ids));
	for (i = 0; i < list->n; i++)
		(*ids)[i] = p->classes[list->classes[i]].id;
	return list->n;
}

/*
 * One end of a flow as it stands in a key: an address, or a class. The number
 * of alternatives is @n; addresses of the other IP version have to be skipped.
 */
struct side {
	bool is_host;
	const struct prefix *hosts;
	uint32_t *classes;
	size_t n;
};

static struct side side_of(const struct compiler *c, const struct endpoint *e)
{
	struct side side = { .is_host = e->kind == ENDPOINT_HOST };

	if (side.is_host) {
		side.hosts = e->prefixes;
		side.n = e->n_prefixes;
	} else {
		side.n = class_ids(c, c->nets, e, &side.classes);
	}
	return side;
}

static void key_side(struct key *key, const struct side *side, size_t i)
{
	if (side->is_host)
		key_addr(key, &side->hosts[i].addr);
	else
		key_number(key, side->classes[i]);
}

static void add_exact(struct compiler *c, const struct flow *flow)
{
	const struct side from = side_of(c, flow->from);
	const struct side to = side_of(c, flow->to);
	const uint64_t rank = rank_flow(c, flow);
	size_t i, k;

	for (i = 0; i < from.n; i++)
		for (k = 0; k < to.n; k++) {
			unsigned int from_ip =
				from.is_host ? from.hosts[i].addr.family : 0;
			unsigned int to_ip =
				to.is_host ? to.hosts[k].addr.family : 0;
			bool is_ip6 = from_ip == 6 || to_ip == 6;
			enum program_set set;
			uint32_t port;

			if (from_ip && to_ip && from_ip != to_ip)
				continue;
			if (from_ip && to_ip)
				set = is_ip6 ? SET_HH6 : SET_HH4;
			else if (to_ip)
				set = is_ip6 ? SET_NH6 : SET_NH4;
			else if (from_ip)
				set = is_ip6 ? SET_HN6 : SET_HN4;
			else
				set = SET_NN;
			for (port = flow->service.first;
			     port <= flow->service.last; port++) {
				struct key key = { .len = 0 };

				key_side(&key, &from, i);
				key_side(&key, &to, k);
				key_proto(&key, flow->service.proto);
				key_port(&key, port);
				draft_mark(c, set, &key, rank, flow->id,
					   flow->conduit->name);
			}
		}
}

static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static struct pair pair_of(uint32_t from, uint32_t to)
{
	uint64_t hash = hash_number(HASH_START, from);

	return (struct pair){ .hash = hash_finish(hash_number(hash, to)),
			      .from = from,
			      .to = to };
}

/* Call @visit for each pair of classes that a flow joins. */
static void each_pair(struct compiler *c, const struct flow *flow,
		      void (*visit)(struct compiler *c, const struct flow *flow,
				    struct pair pair))
{
	uint32_t *from, *to;
	size_t n_from = class_ids(c, c->rare_nets, flow->from, &from);
	size_t n_to = class_ids(c, c->rare_nets, flow->to, &to);
	size_t i, k;

	for (i = 0; i < n_from; i++)
		for (k = 0; k < n_to; k++)
			visit(c, flow, pair_of(from[i], to[k]));
}

static void collect_pair(struct compiler *c, const struct flow *flow,
			 struct pair pair)
{
	(void)flow;
	if (c->n_pairs == c->size_pairs) {
		c->size_pairs = c->size_pairs ? 2 * c->size_pairs : 64;
		c->pairs = realloc(c->pairs, c->size_pairs * sizeof(pair));
		if (!c->pairs)
			abort();
	}
	c->pairs[c->n_pairs++] = pair;
}

/* Pairs of classes that rare flows join, each with an id of its own */
static void add_pairs(struct compiler *c)
{
	uint64_t *hashes;
	uint32_t *ids;
	size_t i, n = 0;

	for (i = 0; i < c->policy->n_flows; i++) {
		const struct flow *flow = &c->policy->flows[i];

		if (flow_is_live(c, flow) && flow_is_rare(flow))
			each_pair(c, flow, collect_pair);
	}
	if (!c->n_pairs)
		return;
	qsort(c->pairs, c->n_pairs, sizeof(*c->pairs), pair_order);
	for (i = 0; i < c->n_pairs; i++)
		if (!n || c->pairs[n - 1].hash != c->pairs[i].hash)
			c->pairs[n++] = c->pairs[i];
	c->n_pairs = n;
	hashes = arena_alloc(c->arena, n * sizeof(*hashes));
	ids = arena_alloc(c->arena, n * sizeof(*ids));
	for (i = 0; i < n; i++)
		hashes[i] = c->pairs[i].hash;
	hash_ids(hashes, ids, n, CLASS_ID_MIN, UINT32_MAX);
	for (i = 0; i < n; i++) {
		struct key key = { .len = 0 };

		c->pairs[i].id = ids[i];
		key_number(&key, c->pairs[i].from);
		key_number(&key, c->pairs[i].to);
		draft_mark(c, SET_RARE_PAIRS, &key, 0, ids[i], NULL);
	}
}

static void add_kind(struct compiler *c, const struct flow *flow, uint32_t pair,
		     uint32_t kind)
{
	struct key key = { .len = 0 };

	key_number(&key, pair);
	key_proto(&key, flow->service.proto);
	key_number(&key, kind);
	draft_mark(c, SET_RARE_FLOWS, &key, rank_flow(c, flow), flow->id,
		   flow->conduit->name);
}

static uint32_t segment_id(const struct segment *segment)
{
	return (uint32_t)segment->first << 16 | segment->last;
}

/* The first segment that does not begin before @port */
static size_t segment_from(const struct compiler *c, uint16_t port)
{
	size_t low = 0, high = c->n_segments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->segments[middle].first < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_rare(struct compiler *c, const struct flow *flow,
		     struct pair pair)
{
	const struct service *service = &flow->service;
	const struct pair *known =
		bsearch(&pair, c->pairs, c->n_pairs, sizeof(pair), pair_order);
	size_t i;

	assert(known); /* add_pairs() has met every pair */
	if (service_is_icmp(service)) {
		add_kind(c, flow, known->id, service->first);
		return;
	}
	for (i = segment_from(c, service->first);
	     i < c->n_segments && c->segments[i].last <= service->last; i++)
		add_kind(c, flow, known->id, segment_id(&c->segments[i]));
}

/* What becomes of a packet of the flow that has come in where it should */
static const struct verdict *arrival_verdict(const struct flow *flow)
{
	return flow->conduit->bind == BIND_MAC ? &goto_bound : &accept_it;
}

/*
 * One element of a live map. What ends goes to the timed one, which follows the
 * other by as many places in each of the three pairs.
 */
static void draft_live(struct compiler *c, enum program_set set,
		       const struct flow *flow, const struct key *key,
		       const struct verdict *verdict)
{
	int64_t end = c->terms->of[flow->conduit->index].change;
	struct elem *elem;

	if (end)
		set += SET_LIVE_TIMED - SET_LIVE;
	elem = draft_add(c, set, key, 0, flow->conduit->name);
	elem->verdict = verdict;
	elem->end_msec = (uint64_t)end * 1000;
}

static void add_live_between(struct compiler *c, const struct flow *flow,
			     const struct zone *in, const struct zone *out)
{
	const struct verdict *verdict = arrival_verdict(flow);
	size_t i, k;

	for (i = 0; i < in->n_interfaces; i++)
		for (k = 0; k < out->n_interfaces; k++) {
			struct key key = { .len = 0 };

			key_interface(&key, in->interfaces[i]);
			key_interface(&key, out->interfaces[k]);
			key_number(&key, flow->id);
			draft_live(c, SET_LIVE, flow, &key, verdict);
		}
}

static void add_live_local(struct compiler *c, const struct flow *flow,
			   const struct zone *peer)
{
	const struct verdict *verdict = arrival_verdict(flow);
	size_t i;

	for (i = 0; i < peer->n_interfaces; i++) {
		struct key key = { .len = 0 };

		key_interface(&key, peer->interfaces[i]);
		key_number(&key, flow->id);
		draft_live(c, SET_LIVE_IN, flow, &key, verdict);
		draft_live(c, SET_LIVE_OUT, flow, &key, &accept_it);
	}
}

static void add_live(struct compiler *c, const struct flow *flow)
{
	if (policy_is_gateway(flow->from)) {
		add_live_local(c, flow, flow->to->zone);
	} else if (policy_is_gateway(flow->to)) {
		add_live_local(c, flow, flow->from->zone);
	} else {
		add_live_between(c, flow, flow->from->zone, flow->to->zone);
		add_live_between(c, flow, flow->to->zone, flow->from->zone);
	}
}

static void add_mac(struct compiler *c, const struct flow *flow,
		    const struct endpoint *e, uint32_t direction)
{
	struct key key = { .len = 0 };

	if (policy_is_gateway(e))
		return;
	key_number(&key, flow->id);
	key_proto(&key, direction);
	key_mac(&key, &e->mac);
	draft_add(c, SET_MACS, &key, 0, flow->conduit->name);
}

static void add_flow(struct compiler *c, const struct flow *flow)
{
	if (flow_is_rare(flow))
		each_pair(c, flow, add_rare);
	else
		add_exact(c, flow);
	add_live(c, flow);
	if (flow->conduit->bind == BIND_MAC) {
		add_mac(c, flow, flow->from, IP_CT_DIR_ORIGINAL);
		add_mac(c, flow, flow->to, IP_CT_DIR_REPLY);
	}
}

static void add_ranges(struct compiler *c, const struct partition *p,
		       enum program_set net4, enum program_set net6)
{
	size_t i;

	for (i = 0; i < p->n_ranges; i++) {
		const struct range *range = &p->ranges[i];
		const struct class *class = &p->classes[range->class];
		struct key key = { .len = 0 };

		key_addr(&key, &range->first);
		key_addr(&key, &range->last);
		draft_mark(c, range->first.family == 4 ? net4 : net6, &key, 0,
			   class->id, class->comment);
	}
}

static void add_interfaces(struct compiler *c)
{
	size_t i, k;

	for (i = 0; i < c->policy->n_zones; i++) {
		const struct zone *zone = &c->policy->zones[i];

		for (k = 0; k < zone->n_interfaces; k++) {
			struct key key = { .len = 0 };

			key_interface(&key, zone->interfaces[k]);
			draft_add(c, SET_INTERFACES, &key, 0, zone->name);
		}
	}
	for (i = 0; i < c->nets->n_classes; i++) {
		const struct class *class = &c->nets->classes[i];

		for (k = 0; k < class->zone->n_interfaces; k++) {
			struct key key = { .len = 0 };

			key_interface(&key, class->zone->interfaces[k]);
			key_number(&key, class->id);
			draft_add(c, SET_ENTRIES, &key, 0, class->comment);
		}
	}
}

static int port_order(const void *a, const void *b)
{
	return *(const uint32_t *)a < *(const uint32_t *)b ?
		       -1 :
		       *(const uint32_t *)a > *(const uint32_t *)b;
}

/*
 * The ports of all wide ranges, cut where any of them begins or ends, so that
 * each piece lies wholly inside a range or wholly outside it.
 */
static void cut_ports(struct compiler *c)
{
	const struct policy *policy = c->policy;
	/* How many ranges begin at a port, less those that end before it */
	int *depth = calloc(65537, sizeof(*depth));
	uint32_t *cuts = malloc((2 * policy->n_flows + 1) * sizeof(*cuts));
	size_t i, n = 0;
	uint32_t port;

	if (!depth || !cuts)
		abort();
	for (i = 0; i < policy->n_flows; i++) {
		const struct flow *flow = &policy->flows[i];

		if (!flow_is_live(c, flow) || !flow_is_rare(flow) ||
		    service_is_icmp(&flow->service))
			continue;
		cuts[n++] = flow->service.first;
		cuts[n++] = flow->service.last + 1;
		depth[flow->service.first]++;
		depth[flow->service.last + 1]--;
	}
	for (port = 1; port <= 65536; port++)
		depth[port] += depth[port - 1];
	qsort(cuts, n, sizeof(*cuts), port_order);
	c->segments = arena_alloc(c->arena, n * sizeof(*c->segments));
	for (i = 0; i + 1 < n; i++)
		if (cuts[i] != cuts[i + 1] && depth[cuts[i]])
			c->segments[c->n_segments++] =
				(struct segment){ cuts[i], cuts[i + 1] - 1 };
	free(depth);
	free(cuts);
}

static void add_segments(struct compiler *c)
{
	size_t i;

	for (i = 0; i < c->n_segments; i++) {
		const struct segment *segment = &c->segments[i];
		struct key key = {
			.bytes = { segment->first >> 8, segment->first & 0xff,
				   segment->last >> 8, segment->last & 0xff },
			.len = 4
		};

		draft_mark(c, SET_RARE_PORTS, &key, 0, segment_id(segment),
			   NULL);
	}
}

static void partition_nets(struct compiler *c)
{
	size_t bytes = c->policy->n_endpoints * sizeof(bool);
	bool *nets = arena_alloc(c->arena, bytes);
	bool *rare = arena_alloc(c->arena, bytes);
	size_t i;

	for (i = 0; i < c->policy->n_flows; i++) {
		const struct flow *flow = &c->policy->flows[i];
		const struct endpoint *from = flow->from, *to = flow->to;

		if (!flow_is_live(c, flow))
			continue;
		if (flow_is_rare(flow)) {
			rare[from->index] = rare[to->index] = true;
			continue;
		}
		if (from->kind == ENDPOINT_NET)
			nets[from->index] = true;
		if (to->kind == ENDPOINT_NET)
			nets[to->index] = true;
	}
	c->nets = partition_build(c->policy, nets, SET_NET4, c->arena);
	c->rare_nets =
		partition_build(c->policy, rare, SET_RARE_NET4, c->arena);
}

/*
 * The order of the drafts by key. Byte by byte from the last one, as of a set
 * of 200,000 keys that share most of their bytes only a few bytes differ, and
 * comparing whole keys would take several times as long.
 */
static uint32_t *sort_drafts(const struct drafts *d, size_t size)
{
	uint32_t *order = malloc((d->n + 1) * sizeof(*order));
	uint32_t *other = malloc((d->n + 1) * sizeof(*other)), *swap;
	uint8_t differs[2 * KEY_MAX] = { 0 };
	size_t i, byte, starts[257];

	if (!order || !other)
		abort();
	for (i = 0; i < d->n; i++) {
		const uint8_t *key = d->drafts[i].elem.key;
		const uint8_t *first = d->drafts[0].elem.key;

		order[i] = i;
		for (byte = 0; byte < size; byte++)
			differs[byte] |= key[byte] ^ first[byte];
	}
	for (byte = size; byte--;) {
		if (!differs[byte])
			continue;
		memset(starts, 0, sizeof(starts));
		for (i = 0; i < d->n; i++)
			starts[d->drafts[i].elem.key[byte] + 1]++;
		for (i = 1; i < 257; i++)
			starts[i] += starts[i - 1];
		for (i = 0; i < d->n; i++) {
			const uint8_t *key = d->drafts[order[i]].elem.key;

			other[starts[key[byte]]++] = order[i];
		}
		swap = order;
		order = other;
		other = swap;
	}
	free(other);
	return order;
}

/* Drafts become elements: sorted, and of those with one key the best ranked */
static void settle(struct compiler *c, enum program_set which)
{
	struct set *set = c->sets[which];
	struct drafts *d = &c->drafts[which];
	const struct draft *last = NULL;
	size_t size = set_key_size(set), i;
	uint32_t *order = sort_drafts(d, size);

	set->elems = arena_alloc(c->arena, d->n * sizeof(*set->elems));
	for (i = 0; i < d->n; i++) {
		const struct draft *draft = &d->drafts[order[i]];

		if (last && !memcmp(last->elem.key, draft->elem.key, size)) {
			if (draft->rank >= last->rank)
				continue;
			set->n_elems--;
		}
		set->elems[set->n_elems++] = draft->elem;
		last = draft;
	}
	free(order);
	free(d->drafts);
	if (!set_is_interval(set))
		set->size = program_set_room(set->n_elems);
}

struct ruleset *compile_policy(const struct policy *policy,
			       const struct terms *terms, struct arena *arena)
{
	struct compiler c = {
		.policy = policy,
		.arena = arena,
		.terms = terms,
	};
	struct ruleset *ruleset = program_build(arena, c.sets);
	enum program_set set;
	size_t i;

	ruleset->now_msec = (uint64_t)terms->when * 1000;
	partition_nets(&c);
	cut_ports(&c);
	add_pairs(&c);
	for (i = 0; i < policy->n_flows; i++)
		if (flow_is_live(&c, &policy->flows[i]))
			add_flow(&c, &policy->flows[i]);
	add_ranges(&c, c.nets, SET_NET4, SET_NET6);
	add_ranges(&c, c.rare_nets, SET_RARE_NET4, SET_RARE_NET6);
	add_interfaces(&c);
	add_segments(&c);
	for (set = 0; set < N_PROGRAM_SETS; set++)
		settle(&c, set);
	free(c.pairs);
	ruleset_sort(ruleset);
	return ruleset;
}

struct ruleset *compile_nothing(struct arena *arena)
{
	struct ruleset *ruleset = ruleset_new(arena);
	struct chain *chain;

	ruleset->exists = true;
	ruleset->chains = arena_push(arena, ruleset->chains, &ruleset->n_chains,
				     sizeof(*chain));
	chain = &ruleset->chains[0];
	chain->name = "forward";
	chain->is_base = true;
	chain->type = "filter";
	chain->hook = NF_INET_FORWARD;
	chain->policy = NF_DROP;
	return ruleset;
}
