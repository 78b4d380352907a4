// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a root shell can do to the table, as nft scripts, and what it takes raw
 * messages for. Easy to get wrong: a script that nft refuses tampers with
 * nothing, so whoever uses this has to count.
 */
#include "tamper.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "text.h"

#define T "inet " RULESET_TABLE

struct tamperer {
	struct dice *dice;
	const struct ruleset *observed;
	struct arena *arena;
	struct tampering *out;
	bool flowtables;
};

static void script(struct tamperer *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* One more line */
static void script(struct tamperer *t, const char *fmt, ...)
{
	char *line, *all;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&line, fmt, args) < 0)
		abort();
	va_end(args);
	all = arena_printf(t->arena, "%s%s\n",
			   t->out->script ? t->out->script : "", line);
	t->out->script = all;
	free(line);
}

/* A text of lib/text.c, to be kept */
static const char *keep(struct tamperer *t, char *text)
{
	const char *copy = arena_copy(t->arena, text, strlen(text));

	free(text);
	return copy;
}

static const struct chain *some_chain(struct tamperer *t)
{
	const struct chain *chain;
	unsigned int tries = 0;

	do {
		chain = &t->observed->chains[dice_roll(t->dice,
						       t->observed->n_chains)];
	} while (!chain->n_rules && tries++ < 100);
	return chain;
}

static const struct rule *some_rule(struct tamperer *t,
				    const struct chain *chain)
{
	return &chain->rules[dice_roll(t->dice, chain->n_rules)];
}

static const char *rule_text(struct tamperer *t, const struct rule *rule)
{
	return keep(t, text_rule(t->observed, rule));
}

static bool delete_rule(struct tamperer *t)
{
	const struct chain *chain = some_chain(t);
	const struct rule *rule;

	if (!chain->n_rules)
		return false;
	rule = some_rule(t, chain);
	script(t, "delete rule " T " %s handle %llu", chain->name,
	       (unsigned long long)rule->handle);
	t->out->words = arena_printf(t->arena,
				     "rule removed from chain %s (place %zu)",
				     chain->name, rule - chain->rules + 1);
	return true;
}

static bool insert_rule(struct tamperer *t)
{
	static const char *const rules[] = {
		"accept",
		"meta mark 0x55 counter drop",
		"ip saddr 192.0.2.1 tcp dport { 22, 80 } accept",
		"ip saddr vmap { 192.0.2.1 : accept, 192.0.2.2 : drop }",
		"limit rate 10/second accept",
		"meta mark set 0x7",
		"iifname \"evil*\" accept",
		"ct mark set 0x1 accept",
		"tcp option maxseg size set 536",
	};
	const struct chain *chain = some_chain(t);
	const struct rule *rule;

	if (!chain->n_rules)
		return false;
	rule = some_rule(t, chain);
	script(t, "insert rule " T " %s position %llu %s", chain->name,
	       (unsigned long long)rule->handle,
	       rules[dice_roll(t->dice, sizeof(rules) / sizeof(*rules))]);
	t->out->words = arena_printf(t->arena,
				     "rule added to chain %s (place %zu)",
				     chain->name, rule - chain->rules + 1);
	return true;
}

/* A chain without a name, which lives in the rule */
static bool insert_bound_chain(struct tamperer *t)
{
	const struct chain *chain = some_chain(t);

	if (!chain->n_rules)
		return false;
	script(t, "insert rule " T " %s jump { tcp dport 22 accept; }",
	       chain->name);
	t->out->words = arena_printf(
		t->arena, "rule added to chain %s (place 1)", chain->name);
	return true;
}

static bool repeat_rule(struct tamperer *t)
{
	const struct chain *chain = some_chain(t);

	if (!chain->n_rules)
		return false;
	script(t, "add rule " T " %s %s", chain->name,
	       rule_text(t, some_rule(t, chain)));
	t->out->words =
		arena_printf(t->arena, "rule added to chain %s", chain->name);
	return true;
}

static bool move_rule(struct tamperer *t)
{
	const struct chain *chain = some_chain(t);
	const struct rule *rule;

	if (chain->n_rules < 2)
		return false;
	rule = &chain->rules[dice_roll(t->dice, chain->n_rules - 1)];
	if (rule_equal(rule, rule + 1))
		return false;
	script(t, "add rule " T " %s %s", chain->name, rule_text(t, rule));
	script(t, "delete rule " T " %s handle %llu", chain->name,
	       (unsigned long long)rule->handle);
	t->out->words =
		arena_printf(t->arena, "rule moved in chain %s", chain->name);
	/* To move one down or the others up is the same. */
	t->out->stays = false;
	return true;
}

static bool replace_rule(struct tamperer *t)
{
	const struct chain *chain = some_chain(t);
	const struct rule *rule;

	if (!chain->n_rules)
		return false;
	rule = some_rule(t, chain);
	script(t,
	       "replace rule " T " %s handle %llu meta mark 0x77 counter "
	       "accept",
	       chain->name, (unsigned long long)rule->handle);
	t->out->words = arena_printf(t->arena,
				     "rule changed in chain %s (place %zu)",
				     chain->name, rule - chain->rules + 1);
	return true;
}

static bool change_policy(struct tamperer *t)
{
	if (!ruleset_chain(t->observed, "forward"))
		return false;
	script(t, "add chain " T " forward { policy accept; }");
	t->out->words = "policy of chain forward changed from drop to accept";
	return true;
}

static bool add_chain(struct tamperer *t)
{
	script(t, "add chain " T " evil");
	script(t, "add rule " T " evil accept");
	if (ruleset_chain(t->observed, "forward") && dice_roll(t->dice, 2))
		script(t, "insert rule " T " forward jump evil");
	if (ruleset_set(t->observed, "live") && dice_roll(t->dice, 2))
		script(t, "add element " T " live { \"evil0\" . \"evil1\" . "
			  "0x0000fff7 : goto evil }");
	t->out->words = "chain evil added, with 1 rule";
	return true;
}

static bool add_base_chain(struct tamperer *t)
{
	script(t, "add chain " T " early { type filter hook forward priority "
		  "-300; policy accept; }");
	script(t, "add rule " T " early accept");
	t->out->words = "base chain early added, with 1 rule";
	return true;
}

/* All rules that jump to a chain, or search a set */
static void delete_references(struct tamperer *t, const char *chain,
			      const char *set)
{
	size_t i, k, j;

	for (i = 0; i < t->observed->n_chains; i++)
		for (k = 0; k < t->observed->chains[i].n_rules; k++) {
			const struct chain *in = &t->observed->chains[i];
			const struct rule *rule = &in->rules[k];
			bool refers = false;

			for (j = 0; j < rule->n_exprs; j++) {
				const struct expr *expr = &rule->exprs[j];

				refers |= chain && expr->verdict.chain &&
					  !strcmp(expr->verdict.chain, chain);
				refers |= set && expr->type == EXPR_LOOKUP &&
					  !strcmp(expr->name, set);
			}
			if (refers)
				script(t, "delete rule " T " %s handle %llu",
				       in->name,
				       (unsigned long long)rule->handle);
		}
}

static bool delete_chain(struct tamperer *t)
{
	static const char *const names[] = { "errors", "errors_out", "choose" };
	const char *name = names[dice_roll(t->dice, 3)];

	if (!ruleset_chain(t->observed, name))
		return false;
	delete_references(t, name, NULL);
	script(t, "flush chain " T " %s", name);
	script(t, "delete chain " T " %s", name);
	t->out->words = arena_printf(t->arena, "chain %s removed", name);
	t->out->stays = false;
	return true;
}

static bool rename_chain(struct tamperer *t)
{
	static const char *const names[] = { "errors", "bound", "forward" };
	const char *name = names[dice_roll(t->dice, 3)];

	if (!ruleset_chain(t->observed, name))
		return false;
	script(t, "rename chain " T " %s zzz", name);
	t->out->words = arena_printf(t->arena, "chain %s removed", name);
	t->out->stays = false;
	return true;
}

static void add_rules(struct tamperer *t, const struct chain *chain)
{
	size_t i;

	for (i = 0; i < chain->n_rules; i++)
		script(t, "add rule " T " %s %s", chain->name,
		       rule_text(t, &chain->rules[i]));
}

static bool move_base_chain(struct tamperer *t)
{
	const struct chain *chain = ruleset_chain(t->observed, "input");

	if (!chain)
		return false;
	script(t, "flush chain " T " input");
	script(t, "delete chain " T " input");
	script(t, "add chain " T " input { type filter hook input priority "
		  "77; policy drop; }");
	add_rules(t, chain);
	t->out->words = "chain input replaced by one with another priority";
	t->out->stays = false;
	return true;
}

static const struct set *some_set(struct tamperer *t)
{
	const struct set *set;
	unsigned int tries = 0;

	do {
		set = &t->observed
			       ->sets[dice_roll(t->dice, t->observed->n_sets)];
	} while (!set->n_elems && tries++ < 100);
	return set;
}

static const struct elem *some_elem(struct tamperer *t, const struct set *set)
{
	return &set->elems[dice_roll(t->dice, set->n_elems)];
}

static const char *elem_text(struct tamperer *t, const struct set *set,
			     const struct elem *elem)
{
	return keep(t, text_elem(set, elem, t->observed->now_msec));
}

static const char *set_word(const struct set *set)
{
	return set->flags & NFT_SET_MAP ? "map" : "set";
}

static bool delete_elem(struct tamperer *t)
{
	const struct set *set = some_set(t);

	if (!set->n_elems || set->flags & NFT_SET_ANONYMOUS)
		return false;
	script(t, "delete element " T " %s { %s }", set->name,
	       elem_text(t, set, some_elem(t, set)));
	t->out->words = arena_printf(t->arena, "element removed from %s %s",
				     set_word(set), set->name);
	return true;
}

static bool add_elem(struct tamperer *t)
{
	static const struct {
		const char *set, *elem, *words;
	} cases[] = {
		{ "interfaces", "\"evil0\"",
		  "element added to set interfaces" },
		{ "live", "\"evil0\" . \"evil1\" . 0x0000fff8 : accept",
		  "element added to map live" },
		{ "hh4", "192.0.2.1 . 192.0.2.2 . tcp . 22 : 0x0000fff8",
		  "element added to map hh4" },
		{ "net4", "192.0.2.0-192.0.2.7 : 0x0000fff8",
		  "element added to map net4" },
		{ "net4", "255.255.255.0-255.255.255.255 : 0x0000fff8",
		  "element added to map net4" },
	};
	size_t i = dice_roll(t->dice, sizeof(cases) / sizeof(*cases));

	if (!ruleset_set(t->observed, cases[i].set))
		return false;
	script(t, "add element " T " %s { %s }", cases[i].set, cases[i].elem);
	t->out->words = cases[i].words;
	return true;
}

static bool change_elem(struct tamperer *t)
{
	const struct set *set = some_set(t);
	static const struct verdict drop = { NF_DROP, NULL },
				    accept = { NF_ACCEPT, NULL };
	struct elem elem;

	if (!set->n_elems || !(set->flags & NFT_SET_MAP) ||
	    set->flags & NFT_SET_ANONYMOUS)
		return false;
	elem = *some_elem(t, set);
	script(t, "delete element " T " %s { %s }", set->name,
	       elem_text(t, set, &elem));
	if (set->data_type == NFT_DATA_VERDICT)
		elem.verdict = elem.verdict->code == NF_ACCEPT ? &drop :
								 &accept;
	else
		elem.mark ^= 1;
	script(t, "add element " T " %s { %s }", set->name,
	       elem_text(t, set, &elem));
	t->out->words = arena_printf(t->arena, "element of %s %s changed",
				     set_word(set), set->name);
	return true;
}

static bool add_catchall(struct tamperer *t)
{
	static const char *const cases[][3] = {
		{ "live", "* : accept", "catch-all element added to map live" },
		{ "interfaces", "*",
		  "catch-all element added to set interfaces" },
	};
	size_t i = dice_roll(t->dice, 2);

	if (!ruleset_set(t->observed, cases[i][0]))
		return false;
	script(t, "add element " T " %s { %s }", cases[i][0], cases[i][1]);
	t->out->words = cases[i][2];
	return true;
}

static bool flush_set(struct tamperer *t)
{
	const struct set *set = some_set(t);

	if (!set->n_elems || set->flags & NFT_SET_ANONYMOUS)
		return false;
	script(t, "flush %s " T " %s", set_word(set), set->name);
	t->out->words = arena_printf(t->arena, "element removed from %s %s",
				     set_word(set), set->name);
	return true;
}

static bool remake_set(struct tamperer *t)
{
	const struct set *set = ruleset_set(t->observed, "interfaces");
	size_t i;

	if (!set)
		return false;
	delete_references(t, NULL, "interfaces");
	script(t, "delete set " T " interfaces");
	t->out->stays = false;
	if (dice_roll(t->dice, 4) == 0) {
		t->out->words = "set interfaces removed";
		return true;
	}
	script(t, "add set " T " interfaces { type ifname; flags timeout; }");
	for (i = 0; i < set->n_elems; i++)
		script(t, "add element " T " interfaces { %s timeout 1h }",
		       elem_text(t, set, &set->elems[i]));
	script(t, "add rule " T " forward iifname @interfaces accept");
	t->out->words = "set interfaces replaced by one of another shape";
	return true;
}

static bool add_set(struct tamperer *t)
{
	script(t, "add set " T " evil { type ipv4_addr; flags interval; }");
	script(t, "add element " T " evil { 192.0.2.0/24, 198.51.100.1 }");
	script(t, "add chain " T " evilchain");
	script(t, "add map " T " evilmap { type ipv4_addr : verdict; }");
	script(t, "add element " T " evilmap { 192.0.2.1 : jump evilchain }");
	if (ruleset_chain(t->observed, "forward"))
		script(t, "insert rule " T " forward ip saddr @evil ip daddr "
			  "vmap @evilmap");
	t->out->words = "set evil added";
	return true;
}

static bool add_object(struct tamperer *t)
{
	static const char *const cases[][3] = {
		{ "counter", "", "counter name evil" },
		{ "quota", "{ over 10 mbytes; }", "quota name evil drop" },
		{ "limit", "{ rate 10/second; }", "limit name evil accept" },
	};
	size_t i = dice_roll(t->dice, 3);

	script(t, "add %s " T " evil %s", cases[i][0], cases[i][1]);
	if (ruleset_chain(t->observed, "forward"))
		script(t, "insert rule " T " forward %s", cases[i][2]);
	if (dice_roll(t->dice, 2)) {
		script(t, "add map " T " evilobjects { type ipv4_addr : %s; }",
		       cases[i][0]);
		script(t, "add element " T " evilobjects { 192.0.2.1 : "
			  "\"evil\" }");
	}
	t->out->words = arena_printf(t->arena, "%s evil added", cases[i][0]);
	return true;
}

static bool add_flowtable(struct tamperer *t)
{
	if (!t->flowtables)
		return false;
	script(t, "add flowtable " T " evil { hook ingress priority 0; devices "
		  "= { lo }; }");
	if (ruleset_chain(t->observed, "forward"))
		script(t, "insert rule " T " forward flow add @evil");
	t->out->words = "flowtable evil added";
	return true;
}

static bool delete_table(struct tamperer *t)
{
	script(t, "delete table " T);
	t->out->words = "table " T " deleted";
	t->out->stays = false;
	return true;
}

static bool make_dormant(struct tamperer *t)
{
	script(t, "add table " T " { flags dormant; }");
	t->out->words = "table made dormant";
	return true;
}

static bool flush_table(struct tamperer *t)
{
	script(t, "flush table " T);
	t->out->words = "rule removed from chain";
	return true;
}

static bool flood_chain(struct tamperer *t)
{
	size_t i, n = 1 + dice_roll(t->dice, 300);

	if (!ruleset_chain(t->observed, "forward"))
		return false;
	for (i = 0; i < n; i++)
		script(t, "%s rule " T " forward meta mark %zu accept",
		       i & 1 ? "insert" : "add", i);
	t->out->words = "rule added to chain forward";
	return true;
}

struct tampering tamper_choose(struct dice *dice,
			       const struct ruleset *observed, bool flowtables,
			       struct arena *arena)
{
	static const struct {
		const char *name;
		bool (*act)(struct tamperer *t);
	} acts[] = {
		{ "delete a rule", delete_rule },
		{ "insert a rule", insert_rule },
		{ "insert a rule", insert_rule },
		{ "insert a rule with a chain in it", insert_bound_chain },
		{ "repeat a rule", repeat_rule },
		{ "move a rule", move_rule },
		{ "replace a rule", replace_rule },
		{ "change a policy", change_policy },
		{ "add a chain", add_chain },
		{ "add a base chain", add_base_chain },
		{ "delete a chain", delete_chain },
		{ "rename a chain", rename_chain },
		{ "move a base chain", move_base_chain },
		{ "delete an element", delete_elem },
		{ "add an element", add_elem },
		{ "change an element", change_elem },
		{ "add a catch-all element", add_catchall },
		{ "flush a set", flush_set },
		{ "make a set anew", remake_set },
		{ "add a set", add_set },
		{ "add an object", add_object },
		{ "add a flowtable", add_flowtable },
		{ "delete the table", delete_table },
		{ "make the table dormant", make_dormant },
		{ "flush the table", flush_table },
		{ "flood a chain", flood_chain },
	};
	struct tampering out;
	struct tamperer t = { dice, observed, arena, &out, flowtables };
	size_t i;

	do {
		i = dice_roll(dice, sizeof(acts) / sizeof(*acts));
		out = (struct tampering){ .name = acts[i].name, .stays = true };
		if (!observed->n_chains || !observed->n_sets) {
			out.name = "make the table dormant";
			make_dormant(&t);
			break;
		}
	} while (!acts[i].act(&t));
	return out;
}

enum raw {
	RAW_START, /* of an interval */
	RAW_END,
	RAW_CATCHALL,
	RAW_COUNTER, /* an element with a counter of its own */
	N_RAW,
};

static void put_raw_data(struct nlmsghdr *nlh, uint16_t type, const void *data,
			 size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, data);
	mnl_attr_nest_end(nlh, nest);
}

static void put_raw(struct nlmsghdr *nlh, const struct set *set,
		    const uint8_t *key, enum raw kind, bool add)
{
	static const uint32_t mark = 7;
	struct nlattr *list, *elem, *expr;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	if (kind == RAW_CATCHALL)
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS,
				 htonl(NFT_SET_ELEM_CATCHALL));
	else
		put_raw_data(nlh, NFTA_SET_ELEM_KEY, key, set->key_len);
	if (kind == RAW_END)
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS,
				 htonl(NFT_SET_ELEM_INTERVAL_END));
	else if (add && set->flags & NFT_SET_MAP)
		put_raw_data(nlh, NFTA_SET_ELEM_DATA, &mark, sizeof(mark));
	if (kind == RAW_COUNTER && add) {
		expr = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_EXPR);
		mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "counter");
		mnl_attr_nest_end(nlh,
				  mnl_attr_nest_start(nlh, NFTA_EXPR_DATA));
		mnl_attr_nest_end(nlh, expr);
	}
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
}

/* A transaction of one message; did the kernel take it? */
static bool send_raw(const struct set *set, const uint8_t *key, enum raw kind,
		     bool add)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	uint8_t buf[8192] = { 0 }, *at = buf;
	const struct nlmsgerr *error;
	struct nlmsghdr *nlh;
	bool ok = false;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		abort();
	nlh = nftnl_batch_begin((char *)at, 1);
	at += nlh->nlmsg_len;
	nlh = nftnl_nlmsg_build_hdr(
		(char *)at, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
		NFPROTO_INET, NLM_F_ACK | (add ? NLM_F_CREATE : 0), 2);
	put_raw(nlh, set, key, kind, add);
	at += MNL_ALIGN(nlh->nlmsg_len);
	nlh = nftnl_batch_end((char *)at, 3);
	at += nlh->nlmsg_len;
	if (mnl_socket_sendto(socket, buf, at - buf) > 0 &&
	    mnl_socket_recvfrom(socket, buf, sizeof(buf)) > 0) {
		nlh = (struct nlmsghdr *)buf;
		error = mnl_nlmsg_get_payload(nlh);
		ok = nlh->nlmsg_type == NLMSG_ERROR && !error->error;
	}
	mnl_socket_close(socket);
	return ok;
}

/* Make a bound that is there go */
static bool delete_bound(struct dice *dice, const struct set *set)
{
	const struct elem *elem = &set->elems[dice_roll(dice, set->n_elems)];
	uint8_t key[4];
	size_t i;

	if (dice_chance(dice, 50))
		return send_raw(set, elem->key, RAW_START, false);
	memcpy(key, elem->key + 4, 4);
	for (i = 4; i-- && !++key[i];)
		;
	return send_raw(set, key, RAW_END, false);
}

static bool decorate_elem(struct dice *dice, const struct set *set)
{
	const struct elem *elem = &set->elems[dice_roll(dice, set->n_elems)];

	return send_raw(set, elem->key, RAW_COUNTER, false) &&
	       send_raw(set, elem->key, RAW_COUNTER, true);
}

bool tamper_raw(struct dice *dice, const struct ruleset *observed)
{
	const struct set *net = ruleset_set(observed, "net4");
	const struct set *flat = ruleset_set(observed, "interfaces");
	enum raw kind = dice_roll(dice, N_RAW);
	uint8_t key[4];
	size_t i;

	if (!net || net->has_other || !flat || flat->has_other)
		return false;
	if (kind == RAW_CATCHALL)
		return send_raw(net, NULL, kind, true);
	if (kind == RAW_COUNTER)
		return flat->n_elems && decorate_elem(dice, flat);
	if (net->n_elems && dice_chance(dice, 50))
		return delete_bound(dice, net);
	for (i = 0; i < 4; i++)
		key[i] = dice_roll(dice, 256);
	return send_raw(net, key, kind, true);
}
