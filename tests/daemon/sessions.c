// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions that a change of the policy ends, in the kernel of this machine: a
 * thousand connections through a gateway that holds one policy and then another
 * one. Needs root, for network namespaces of its own. Easy to get wrong: that
 * the right ones have ended says nothing, as long as it is not known of each of
 * the others that it has not.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "compile.h"
#include "conf.h"
#include "conntrack.h"
#include "load.h"
#include "session.h"
#include "text.h"
#include "yard.h"

#define NOW 1793491200 /* 2026-11-01, UTC */
#define EXIT_SKIPPED 77

#define N_CONDUITS 50
#define LINES_EACH 20 /* of each conduit */
#define FIRST_LISTED 30 /* conduits from here on begin at the list */
#define FIRST_HOST 40 /* and from here on at a host of their own */
#define PORT 7000 /* of the first conduit */
#define PORT_IN 8000 /* of conduits to the gateway, and from it */
#define PORT_OUT 8001
#define MANY 100000

/* What differs from the policy that the lines were opened by */
struct variant {
	bool has_conduit[N_CONDUITS];
	bool one_network; /* zone "a" without 10.77.1.0/24 */
	bool short_list; /* without 10.77.0.32 */
	bool shut_gateway; /* without the conduits to it and from it */
};

static struct world {
	struct yard yard;
	struct arena *arena;
	struct conntrack *conntrack;
} world;

/* ---- policies ---- */

static struct variant full(void)
{
	struct variant variant = { .one_network = false };

	memset(variant.has_conduit, true, sizeof(variant.has_conduit));
	return variant;
}

static void write_conduit(FILE *f, unsigned int i, const char **comma)
{
	char from[16] = "a";

	if (i >= FIRST_HOST)
		snprintf(from, sizeof(from), "h%u", i);
	else if (i >= FIRST_LISTED)
		strcpy(from, "l");
	fprintf(f,
		"%s{ name = \"c%u\"; kind = \"plain\"; from = [ \"%s\" ]; "
		"to = [ \"sv\" ]; services = [ \"tcp/%u\" ]; }",
		*comma, i, from, PORT + i);
	*comma = ",\n";
}

static char *write_conf(const struct variant *variant)
{
	const char *comma = "";
	unsigned int i;
	char *conf;
	size_t len;
	FILE *f = open_memstream(&conf, &len);

	ck_assert_ptr_nonnull(f);
	fprintf(f,
		"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
		"guideline = \"R7.3\"; };\n"
		"zones = ( { name = \"a\"; layer = \"other\"; "
		"interfaces = [ \"e0\" ]; networks = [ \"10.77.0.0/24\"%s ]; "
		"}, { name = \"b\"; layer = \"other\"; "
		"interfaces = [ \"e1\" ]; networks = [ \"10.78.0.0/24\" ]; } "
		");\nhosts = ( { name = \"sv\"; zone = \"b\"; "
		"addresses = [ \"10.78.0.1\" ]; }",
		variant->one_network ? "" : ", \"10.77.1.0/24\"");
	for (i = FIRST_HOST; i < N_CONDUITS; i++)
		if (variant->has_conduit[i])
			fprintf(f,
				",\n{ name = \"h%u\"; zone = \"a\"; "
				"addresses = [ \"10.77.0.%u\" ]; }",
				i, i);
	fprintf(f, " );\nlists = ( { name = \"l\"; file = \"l\"; } );\n"
		   "conduits = ( ");
	for (i = 0; i < N_CONDUITS; i++)
		if (variant->has_conduit[i])
			write_conduit(f, i, &comma);
	if (!variant->shut_gateway)
		fprintf(f,
			",\n{ name = \"in\"; kind = \"plain\"; from = [ \"a\" ]; "
			"to = [ \"gateway\" ]; services = [ \"tcp/%d\" ]; },\n"
			"{ name = \"out\"; kind = \"plain\"; from = "
			"[ \"gateway\" ]; to = [ \"sv\" ]; services = "
			"[ \"tcp/%d\" ]; }",
			PORT_IN, PORT_OUT);
	fprintf(f, " );\n");
	fclose(f);
	return conf;
}

static struct session_rules rules_of(const struct variant *variant)
{
	const char *list = variant->short_list ?
				   "10.77.0.31\n10.77.0.33\n10.77.0.34\n" :
				   "10.77.0.31\n10.77.0.32\n10.77.0.33\n"
				   "10.77.0.34\n";
	struct model *model = conf_new(NULL, world.arena);
	const struct policy *policy;
	struct session_rules rules;
	char *conf = write_conf(variant);
	char line[512] = "";
	struct diag diag;

	diag_init(&diag, world.arena);
	conf_parse(model, "test.conf", conf, strlen(conf), &diag);
	conf_parse_list(model, &model->lists[0], "l", list, strlen(list),
			&diag);
	conf_finish(model, "test.conf", &diag);
	free(conf);
	policy = load_policy(model, &diag);
	if (diag.n_errors)
		diag_print(&diag.findings[0], line, sizeof(line));
	ck_assert_msg(policy, "%s", line);
	session_rules_init(&rules, policy, policy,
			   compile_policy(policy,
					  terms_build(policy, NOW, 0,
						      &calendar_utc,
						      world.arena),
					  world.arena),
			   world.arena);
	return rules;
}

static void enforce(const struct session_rules *rules)
{
	char *text = text_ruleset(rules->ruleset, NULL), *script;

	ck_assert_int_ge(asprintf(&script,
				  "table inet sekimori\n"
				  "delete table inet sekimori\n%s",
				  text),
			 0);
	ck_assert_int_eq(yard_run(world.yard.gateway, "nft", "-f", script), 0);
	free(script);
	free(text);
}

/* ---- sweeps ---- */

static uint32_t mark_of(void *data, const struct session *session)
{
	return session_mark(data, session);
}

static struct sweep_counts sweep_by(const struct sweep *sweep)
{
	struct sweep_counts counts;
	int rc;

	ck_assert_int_eq(conntrack_begin(world.conntrack, sweep), 0);
	while ((rc = conntrack_step(world.conntrack, &counts)) == 1)
		;
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(counts.failed, 0);
	return counts;
}

static struct sweep_counts sweep(struct session_rules *rules, bool ends)
{
	const struct sweep order = { mark_of, rules, ends };

	return sweep_by(&order);
}

static uint32_t anything_goes(void *data, const struct session *session)
{
	(void)data;
	return session->mark;
}

static size_t n_entries(void)
{
	const struct sweep look = { anything_goes, NULL, true };

	return sweep_by(&look).seen;
}

/* ---- the world ---- */

static void world_make(void)
{
	ck_assert_int_eq(yard_build(&world.yard), 0);
	world.arena = arena_new();
	ck_assert_int_eq(yard_enter(world.yard.gateway), 0);
	ck_assert_int_eq(conntrack_open(&world.conntrack), 0);
	ck_assert_int_eq(yard_enter(world.yard.home), 0);
}

static void world_free(void)
{
	conntrack_close(world.conntrack);
	arena_free(world.arena);
	yard_free(&world.yard);
}

/* Of a conduit's lines, the sources are spread over all that it permits. */
static uint16_t source_of(unsigned int conduit, unsigned int line)
{
	if (conduit >= FIRST_HOST)
		return conduit;
	if (conduit >= FIRST_LISTED)
		return 31 + line % 4;
	return (uint16_t)((line % 2) << 8 | (1 + line / 2));
}

static void connect_lines(enum way way, unsigned int conduit, uint16_t port)
{
	unsigned int i;

	for (i = 0; i < LINES_EACH; i++)
		ck_assert_int_eq(yard_connect(&world.yard, way,
					      source_of(conduit, i), port),
				 0);
}

static void world_connect(void)
{
	struct variant variant = full();
	struct session_rules rules;
	unsigned int i;

	world_make();
	rules = rules_of(&variant);
	enforce(&rules);
	for (i = 0; i < N_CONDUITS; i++)
		connect_lines(WAY_THROUGH, i, (uint16_t)(PORT + i));
	connect_lines(WAY_TO_GATEWAY, 0, PORT_IN);
	connect_lines(WAY_FROM_GATEWAY, 0, PORT_OUT);
	ck_assert_uint_eq(yard_try(&world.yard), 0);
	ck_assert_uint_eq(n_entries(), world.yard.n_lines);
}

/* Lines for which @dies holds are dead from here on; how many are they? */
static size_t lines_die(bool (*dies)(const struct line *line))
{
	size_t i, n = 0;

	for (i = 0; i < world.yard.n_lines; i++)
		if (dies(&world.yard.lines[i])) {
			world.yard.lines[i].alive = false;
			n++;
		}
	return n;
}

/*
 * The kernel has come to hold another policy: @n_dead lines, and no others, are
 * ended by a sweep, and it is known before how many that will be.
 */
static void change(const struct variant *variant, bool cut_at_once,
		   bool (*dies)(const struct line *line), size_t n_dead)
{
	struct session_rules rules = rules_of(variant);
	size_t n_lines = world.yard.n_lines;
	struct sweep_counts counts;

	counts = sweep(&rules, false);
	ck_assert_uint_eq(counts.seen, n_lines);
	ck_assert_uint_eq(counts.ours, n_lines);
	ck_assert_uint_eq(counts.ended, n_dead);
	ck_assert_uint_eq(counts.gone, 0);
	ck_assert_uint_eq(yard_try(&world.yard), 0);
	ck_assert_uint_eq(n_entries(), n_lines);

	enforce(&rules);
	if (cut_at_once)
		ck_assert_uint_eq(lines_die(dies), n_dead);
	ck_assert_uint_eq(yard_try(&world.yard), 0);
	ck_assert_uint_eq(n_entries(), n_lines);

	counts = sweep(&rules, true);
	ck_assert_uint_eq(counts.seen, n_lines);
	ck_assert_uint_eq(counts.ended, n_dead);
	ck_assert_uint_eq(counts.gone, 0);
	ck_assert_uint_eq(lines_die(dies), n_dead);
	ck_assert_uint_eq(n_entries(), n_lines - n_dead);
	ck_assert_uint_eq(yard_try(&world.yard), 0);
	ck_assert_uint_eq(n_entries(), n_lines - n_dead);
	counts = sweep(&rules, true);
	ck_assert_uint_eq(counts.ended, 0);
}

/* ---- changes of a policy, and lines ---- */

static bool dies_never(const struct line *line)
{
	(void)line;
	return false;
}

START_TEST(test_nothing_changes)
{
	struct variant variant = full();

	change(&variant, false, dies_never, 0);
}
END_TEST

static bool dies_with_conduit(const struct line *line)
{
	return line->port == PORT + 7;
}

START_TEST(test_conduit_removed)
{
	struct variant variant = full();

	variant.has_conduit[7] = false;
	change(&variant, true, dies_with_conduit, LINES_EACH);
}
END_TEST

static bool dies_with_address(const struct line *line)
{
	return line->source == 32;
}

START_TEST(test_address_leaves_list)
{
	struct variant variant = full();

	variant.short_list = true;
	change(&variant, false, dies_with_address,
	       (FIRST_HOST - FIRST_LISTED) * LINES_EACH / 4);
}
END_TEST

static bool dies_with_host(const struct line *line)
{
	return line->source == FIRST_HOST + 3;
}

START_TEST(test_host_removed)
{
	struct variant variant = full();

	variant.has_conduit[FIRST_HOST + 3] = false;
	change(&variant, true, dies_with_host, LINES_EACH);
}
END_TEST

static bool dies_with_network(const struct line *line)
{
	return line->source >> 8 == 1 && line->way != WAY_FROM_GATEWAY;
}

START_TEST(test_network_leaves_zone)
{
	struct variant variant = full();

	variant.one_network = true;
	change(&variant, false, dies_with_network,
	       (FIRST_LISTED + 1) * LINES_EACH / 2);
}
END_TEST

static bool dies_with_gateway(const struct line *line)
{
	return line->way != WAY_THROUGH;
}

START_TEST(test_gateway_shut)
{
	struct variant variant = full();

	variant.shut_gateway = true;
	change(&variant, true, dies_with_gateway, 2 * LINES_EACH);
}
END_TEST

/* ---- entries made by hand ---- */

struct made {
	const char *src, *dst;
	const char *reply_from; /* NULL: from @dst */
	uint8_t proto;
	uint16_t sport, dport, reply_port;
	uint32_t mark;
};

static void set_addr(struct nf_conntrack *ct, const struct addr *addr,
		     enum nf_conntrack_attr ip4, enum nf_conntrack_attr ip6)
{
	if (addr->family == 4)
		nfct_set_attr(ct, ip4, addr->bytes);
	else
		nfct_set_attr(ct, ip6, addr->bytes);
}

static void set_ends(struct nf_conntrack *ct, const struct made *made)
{
	struct addr src, dst, from;
	uint8_t family;

	ck_assert(!addr_parse(made->src, &src));
	ck_assert(!addr_parse(made->dst, &dst));
	ck_assert(!addr_parse(made->reply_from ? made->reply_from : made->dst,
			      &from));
	family = src.family == 4 ? AF_INET : AF_INET6;
	nfct_set_attr_u8(ct, ATTR_ORIG_L3PROTO, family);
	nfct_set_attr_u8(ct, ATTR_REPL_L3PROTO, family);
	set_addr(ct, &src, ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC);
	set_addr(ct, &dst, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST);
	set_addr(ct, &from, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC);
	set_addr(ct, &src, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_DST);
}

static void set_service(struct nf_conntrack *ct, const struct made *made)
{
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, made->proto);
	nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, made->proto);
	if (made->proto == IPPROTO_ICMP || made->proto == IPPROTO_ICMPV6) {
		nfct_set_attr_u8(ct, ATTR_ICMP_TYPE, made->dport);
		nfct_set_attr_u8(ct, ATTR_ICMP_CODE, 0);
		nfct_set_attr_u16(ct, ATTR_ICMP_ID, htons(made->sport));
		return;
	}
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, htons(made->sport));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, htons(made->dport));
	nfct_set_attr_u16(ct, ATTR_REPL_PORT_SRC,
			  htons(made->reply_port ? made->reply_port :
						   made->dport));
	nfct_set_attr_u16(ct, ATTR_REPL_PORT_DST, htons(made->sport));
	if (made->proto == IPPROTO_TCP)
		nfct_set_attr_u8(ct, ATTR_TCP_STATE, 3); /* established */
}

static struct nfct_handle *hand_open(void)
{
	struct nfct_handle *hand;

	ck_assert_int_eq(yard_enter(world.yard.gateway), 0);
	hand = nfct_open(CONNTRACK, 0);
	ck_assert_ptr_nonnull(hand);
	ck_assert_int_eq(yard_enter(world.yard.home), 0);
	return hand;
}

static int hand_do_as(struct nfct_handle *hand, enum nf_conntrack_query what,
		      const struct made *made, uint32_t status)
{
	struct nf_conntrack *ct = nfct_new();
	int rc;

	ck_assert_ptr_nonnull(ct);
	set_ends(ct, made);
	set_service(ct, made);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 3600);
	nfct_set_attr_u32(ct, ATTR_MARK, made->mark);
	nfct_set_attr_u32(ct, ATTR_STATUS, status);
	rc = nfct_query(hand, what, ct);
	nfct_destroy(ct);
	return rc;
}

static int hand_do(struct nfct_handle *hand, enum nf_conntrack_query what,
		   const struct made *made)
{
	return hand_do_as(hand, what, made,
			  IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED);
}

static const struct made made_kinds[] = {
	{ "10.77.0.9", "10.78.0.1", NULL, IPPROTO_TCP, 1025, 80, 0, 0x10001 },
	{ "10.77.0.9", "10.78.0.1", NULL, IPPROTO_UDP, 1025, 53, 0, 0x10002 },
	{ "10.77.0.9", "10.78.0.1", NULL, IPPROTO_ICMP, 77, 8, 0, FLOW_ID_MAX },
	{ "fd77::9", "fd78::1", NULL, IPPROTO_TCP, 1026, 443, 0, 0x10004 },
	{ "fd77::9", "fd78::1", NULL, IPPROTO_ICMPV6, 78, 128, 0, 0x10005 },
	/* sent elsewhere by somebody else's translation */
	{ "10.77.0.9", "192.0.2.1", "10.78.0.1", IPPROTO_TCP, 1027, 80, 8080,
	  0x10006 },
};
#define N_KINDS (sizeof(made_kinds) / sizeof(*made_kinds))

static bool is_of_kind(const struct session *session, const struct made *made)
{
	struct addr src, dst;

	ck_assert(!addr_parse(made->src, &src));
	ck_assert(!addr_parse(made->reply_from ? made->reply_from : made->dst,
			      &dst));
	return !addr_cmp(&session->src, &src) &&
	       !addr_cmp(&session->dst, &dst) &&
	       session->proto == made->proto && session->sport == made->sport &&
	       session->dport ==
		       (made->reply_port ? made->reply_port : made->dport) &&
	       session->mark == made->mark;
}

/* Which kinds have been asked about? Only the one at @data[N_KINDS] ends. */
static uint32_t note_kind(void *data, const struct session *session)
{
	size_t *seen = data, i;

	for (i = 0; i < N_KINDS; i++)
		if (is_of_kind(session, &made_kinds[i])) {
			seen[i]++;
			return i != seen[N_KINDS] ? session->mark : 0;
		}
	ck_abort_msg("a session that nobody has made");
	return 0;
}

START_TEST(test_kinds)
{
	size_t seen[N_KINDS + 1] = { 0 }, i, k;
	const struct sweep order = { note_kind, seen, true };
	struct nfct_handle *hand = hand_open();
	struct sweep_counts counts;

	for (i = 0; i < N_KINDS; i++)
		ck_assert_int_eq(hand_do(hand, NFCT_Q_CREATE, &made_kinds[i]),
				 0);
	for (i = 0; i < N_KINDS; i++) {
		seen[N_KINDS] = i;
		counts = sweep_by(&order);
		ck_assert_uint_eq(counts.seen, N_KINDS - i);
		ck_assert_uint_eq(counts.ours, N_KINDS - i);
		ck_assert_uint_eq(counts.ended, 1);
		for (k = 0; k < N_KINDS; k++)
			ck_assert_uint_eq(seen[k], (k < i ? k : i) + 1);
	}
	ck_assert_uint_eq(n_entries(), 0);
	nfct_close(hand);
}
END_TEST

static uint32_t nothing_goes(void *data, const struct session *session)
{
	(void)data;
	(void)session;
	return 0;
}

static uint32_t other_mark(void *data, const struct session *session)
{
	(void)data;
	return session->mark ^ 1;
}

static uint32_t mark_of_end(void *data, const struct session *session)
{
	(void)data;
	return session->mark | FLOW_ENDS;
}

/* Has each of them its other mark? */
static uint32_t expect_moved(void *data, const struct session *session)
{
	struct session before = *session;
	size_t i;

	(void)data;
	before.mark ^= 1;
	for (i = 0; i < N_KINDS; i++)
		if (is_of_kind(&before, &made_kinds[i]))
			return session->mark;
	ck_abort_msg("a session that was not moved");
	return 0;
}

START_TEST(test_moved)
{
	const struct sweep plan = { other_mark, NULL, false };
	const struct sweep order = { other_mark, NULL, true };
	const struct sweep look = { expect_moved, NULL, true };
	const struct sweep apart = { mark_of_end, NULL, true };
	struct nfct_handle *hand = hand_open();
	struct sweep_counts counts;
	size_t i;

	for (i = 0; i < N_KINDS; i++)
		ck_assert_int_eq(hand_do(hand, NFCT_Q_CREATE, &made_kinds[i]),
				 0);
	for (i = 0; i < 2; i++) {
		counts = sweep_by(i ? &order : &plan);
		ck_assert_uint_eq(counts.moved, N_KINDS);
		ck_assert_uint_eq(counts.ended, 0);
	}
	counts = sweep_by(&look);
	ck_assert_uint_eq(counts.ours, N_KINDS);
	ck_assert_uint_eq(counts.moved, 0);
	for (i = 0; i < 2; i++) {
		counts = sweep_by(&apart);
		ck_assert_uint_eq(counts.ours, N_KINDS);
		ck_assert_uint_eq(counts.moved, 0);
		ck_assert_uint_eq(counts.apart, i ? 0 : N_KINDS);
	}
	nfct_close(hand);
}
END_TEST

START_TEST(test_others_are_left_alone)
{
	const struct sweep order = { nothing_goes, NULL, true };
	const uint32_t marks[] = { 0, 1, 7, FLOW_ID_MIN - 1, FLOW_ID_MIN };
	struct made made = made_kinds[0];
	struct nfct_handle *hand = hand_open();
	struct sweep_counts counts;
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		made.sport++;
		made.mark = marks[i];
		ck_assert_int_eq(hand_do(hand, NFCT_Q_CREATE, &made), 0);
	}
	counts = sweep_by(&order);
	ck_assert_uint_eq(counts.seen, 5);
	ck_assert_uint_eq(counts.ours, 1);
	ck_assert_uint_eq(counts.ended, 1);
	ck_assert_uint_eq(n_entries(), 4);
	/* nothing of it is known by a policy either */
	counts = sweep_by(&order);
	ck_assert_uint_eq(counts.ours, 0);
	ck_assert_uint_eq(n_entries(), 4);
	nfct_close(hand);
}
END_TEST

/* While it is judged, the connection ends, and perhaps another one begins. */
struct swap {
	struct nfct_handle *hand;
	struct made made;
	bool begins;
	uint32_t mark; /* of the one that begins */
	uint32_t verdict; /* about the one that ends */
};

static uint32_t swap_while_judged(void *data, const struct session *session)
{
	struct swap *swap = data;

	(void)session;
	ck_assert_int_eq(hand_do(swap->hand, NFCT_Q_DESTROY, &swap->made), 0);
	swap->made.mark = swap->mark;
	if (swap->begins)
		ck_assert_int_eq(
			hand_do(swap->hand, NFCT_Q_CREATE, &swap->made), 0);
	return swap->verdict;
}

START_TEST(test_swapped)
{
	static const uint32_t marks[] = { 0x10002, 0, 7 };
	struct swap swap = { .hand = hand_open(), .begins = true };
	const struct sweep order = { swap_while_judged, &swap, true };
	struct sweep_counts counts;
	size_t i;

	for (i = 0; i < 2 * sizeof(marks) / sizeof(*marks); i++) {
		swap.made = made_kinds[0];
		swap.made.sport += i;
		swap.mark = marks[i / 2];
		swap.verdict = i % 2 ? 0x10009 : 0;
		ck_assert_int_eq(hand_do(swap.hand, NFCT_Q_CREATE, &swap.made),
				 0);
		counts = sweep_by(&order);
		ck_assert_uint_eq(counts.ours, 1);
		ck_assert_uint_eq(counts.ended, 0);
		ck_assert_uint_eq(counts.moved, 0);
		ck_assert_uint_eq(counts.gone, 1);
		ck_assert_uint_eq(n_entries(), 1);
		ck_assert_int_eq(hand_do(swap.hand, NFCT_Q_DESTROY, &swap.made),
				 0);
	}
	swap.begins = false;
	ck_assert_int_eq(hand_do(swap.hand, NFCT_Q_CREATE, &swap.made), 0);
	swap.made.mark = 0x10001;
	ck_assert_int_eq(hand_do(swap.hand, NFCT_Q_DESTROY, &swap.made), 0);
	ck_assert_int_eq(hand_do(swap.hand, NFCT_Q_CREATE, &swap.made), 0);
	counts = sweep_by(&order);
	ck_assert_uint_eq(counts.gone, 1);
	ck_assert_uint_eq(n_entries(), 0);
	nfct_close(swap.hand);
}
END_TEST

/* Sessions of conduit 0, the first @n_permitted from its zone */
static void make_many(const struct session_rules *rules, size_t n_permitted)
{
	struct nfct_handle *hand = hand_open();
	struct made made = { .dst = "10.78.0.1",
			     .proto = IPPROTO_TCP,
			     .dport = PORT,
			     .mark = rules->now.policy->flows[0].id };
	char src[32];
	size_t i;

	made.src = src;
	for (i = 0; i < MANY; i++) {
		snprintf(src, sizeof(src), "10.%d.%zu.%zu",
			 i < n_permitted ? 77 : 79, i % 2, 1 + i / 2 % 200);
		made.sport = (uint16_t)(1024 + i / 400);
		ck_assert_int_eq(hand_do(hand, NFCT_Q_CREATE, &made), 0);
	}
	nfct_close(hand);
}

/* ---- what is opened meanwhile ---- */

/* The first one is asked about; then another one comes, and a third one. */
struct late {
	struct nfct_handle *hand;
	struct made made;
	size_t n_to_come, n_asked;
};

static uint32_t open_while_judged(void *data, const struct session *session)
{
	struct late *late = data;

	late->n_asked++;
	if (late->n_to_come) {
		late->n_to_come--;
		late->made.sport++;
		ck_assert_int_eq(
			hand_do(late->hand, NFCT_Q_CREATE, &late->made), 0);
	}
	return session->mark ^ 1;
}

START_TEST(test_opened_meanwhile)
{
	struct late late = { .hand = hand_open(), .made = made_kinds[0] };
	const struct sweep order = { open_while_judged, &late, true };
	struct sweep_counts counts = { 0 };
	struct made after;

	ck_assert_int_eq(hand_do(late.hand, NFCT_Q_CREATE, &late.made), 0);
	/* nobody is watching */
	ck_assert_int_eq(sweep_by(&order).moved, 1);
	ck_assert_int_eq(conntrack_catch_up(world.conntrack, &counts),
			 -ENOTCONN);
	ck_assert_int_eq(conntrack_watch(world.conntrack), 0);
	late.n_to_come = 2;
	late.n_asked = 0;
	/* those that it passes by are heard of, and no other is met twice */
	counts = sweep_by(&order);
	ck_assert_uint_eq(counts.moved, 1);
	ck_assert_uint_eq(counts.seen, 1);
	ck_assert_int_eq(conntrack_catch_up(world.conntrack, &counts), 0);
	ck_assert_uint_eq(late.n_asked, 3);
	ck_assert_uint_eq(counts.seen, 3);
	ck_assert_uint_eq(counts.moved, 3);
	after = late.made;
	after.sport++;
	ck_assert_int_eq(hand_do(late.hand, NFCT_Q_CREATE, &after), 0);
	ck_assert_int_eq(conntrack_catch_up(world.conntrack, &counts), 0);
	ck_assert_uint_eq(counts.seen, 4);
	ck_assert_uint_eq(counts.moved, 4);
	/* what came before somebody watches is not heard of */
	conntrack_unwatch(world.conntrack);
	after.sport++;
	ck_assert_int_eq(hand_do(late.hand, NFCT_Q_CREATE, &after), 0);
	ck_assert_int_eq(conntrack_watch(world.conntrack), 0);
	ck_assert_int_eq(conntrack_catch_up(world.conntrack, &counts), 0);
	ck_assert_uint_eq(counts.seen, 4);
	nfct_close(late.hand);
}
END_TEST

/* Who watches does not touch what is unanswered before all else has been seen. */
START_TEST(test_unanswered)
{
	const struct sweep order = { other_mark, NULL, true };
	const struct sweep look = { anything_goes, NULL, true };
	struct nfct_handle *hand = hand_open();
	struct made made = made_kinds[0];
	struct sweep_counts counts;
	size_t i;

	for (i = 0; i < 1000; i++) {
		made.sport++;
		ck_assert_int_eq(hand_do_as(hand, NFCT_Q_CREATE, &made,
					    i % 2 ? IPS_CONFIRMED :
						    IPS_CONFIRMED |
							    IPS_SEEN_REPLY),
				 0);
	}
	ck_assert_int_eq(conntrack_watch(world.conntrack), 0);
	counts = sweep_by(&order);
	ck_assert_uint_eq(counts.ours, 1000);
	ck_assert_uint_eq(counts.moved, 500);
	/* one of them has ended until then */
	ck_assert_int_eq(hand_do(hand, NFCT_Q_DESTROY, &made), 0);
	while (conntrack_catch_up(world.conntrack, &counts))
		ck_assert_uint_le(counts.moved + counts.gone, 1000);
	ck_assert_uint_eq(counts.moved, 999);
	ck_assert_uint_eq(counts.gone, 1);
	/* nobody watches, so they are as all others */
	conntrack_unwatch(world.conntrack);
	ck_assert_uint_eq(sweep_by(&order).moved, 999);
	ck_assert_uint_eq(sweep_by(&look).seen, 999);
	nfct_close(hand);
}
END_TEST

/* More have come than could be heard of: it is told, and nobody watches. */
START_TEST(test_too_many_meanwhile)
{
	const struct sweep look = { anything_goes, NULL, true };
	struct variant variant = full();
	struct session_rules rules = rules_of(&variant);
	struct sweep_counts counts;
	size_t n_seen = 0;
	int rc;

	ck_assert_int_eq(conntrack_watch(world.conntrack), 0);
	counts = sweep_by(&look);
	make_many(&rules, MANY);
	while ((rc = conntrack_catch_up(world.conntrack, &counts)) == 1)
		ck_assert_uint_gt(counts.seen, n_seen++);
	ck_assert_int_eq(rc, -ENOBUFS);
	ck_assert_int_eq(conntrack_catch_up(world.conntrack, &counts),
			 -ENOTCONN);
	ck_assert_int_eq(conntrack_watch(world.conntrack), 0);
	ck_assert_int_eq(conntrack_catch_up(world.conntrack, &counts), 0);
	ck_assert_uint_eq(counts.seen, n_seen);
}
END_TEST

/* ---- many ---- */

static double now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void sweep_many(const char *what, const struct sweep *order,
		       size_t n_seen, size_t n_ended)
{
	double start = now_msec(), last = start, longest = 0;
	struct sweep_counts counts;
	unsigned int n_steps = 0;
	int rc;

	ck_assert_int_eq(conntrack_begin(world.conntrack, order), 0);
	do {
		rc = conntrack_step(world.conntrack, &counts);
		if (now_msec() - last > longest)
			longest = now_msec() - last;
		last = now_msec();
		n_steps++;
	} while (rc == 1);
	ck_assert_int_eq(rc, 0);
	printf("%s: %zu of %zu sessions ended in %.0f ms, %u steps, the "
	       "longest %.1f ms\n",
	       what, order->acts ? counts.ended : 0, counts.seen, last - start,
	       n_steps, longest);
	ck_assert_uint_eq(counts.seen, n_seen);
	ck_assert_uint_eq(counts.ended, n_ended);
	ck_assert_uint_eq(counts.failed, 0);
	ck_assert_uint_gt(n_steps, n_seen / 1000);
}

START_TEST(test_many)
{
	struct variant variant = full();
	struct session_rules rules = rules_of(&variant);
	const struct sweep look = { anything_goes, NULL, true };
	const struct sweep plan = { mark_of, &rules, false };
	const struct sweep ending = { mark_of, &rules, true };
	const struct sweep all = { nothing_goes, NULL, true };
	const size_t n_permitted = MANY - MANY / 50;
	struct sweep_counts counts;

	make_many(&rules, n_permitted);
	ck_assert_int_eq(yard_enter(world.yard.gateway), 0);
	sweep_many("seen", &look, MANY, 0);
	sweep_many("judged", &plan, MANY, MANY - n_permitted);
	/* one that is not waited for is given up */
	ck_assert_int_eq(conntrack_begin(world.conntrack, &all), 0);
	ck_assert_int_eq(conntrack_begin(world.conntrack, &plan), 0);
	ck_assert_int_eq(conntrack_step(world.conntrack, &counts), 1);
	sweep_many("a conduit of fifty", &ending, MANY, MANY - n_permitted);
	sweep_many("again", &ending, n_permitted, 0);
	sweep_many("all", &all, n_permitted, n_permitted);
	ck_assert_uint_eq(n_entries(), 0);
	ck_assert_int_eq(conntrack_step(world.conntrack, &counts), -EINVAL);
}
END_TEST

static Suite *sessions_suite(void)
{
	Suite *suite = suite_create("sessions");
	TCase *lines = tcase_create("lines"), *made = tcase_create("made");

	tcase_set_timeout(lines, 60);
	tcase_add_checked_fixture(lines, world_connect, world_free);
	tcase_add_test(lines, test_nothing_changes);
	tcase_add_test(lines, test_conduit_removed);
	tcase_add_test(lines, test_address_leaves_list);
	tcase_add_test(lines, test_host_removed);
	tcase_add_test(lines, test_network_leaves_zone);
	tcase_add_test(lines, test_gateway_shut);
	suite_add_tcase(suite, lines);
	tcase_set_timeout(made, 60);
	tcase_add_checked_fixture(made, world_make, world_free);
	tcase_add_test(made, test_kinds);
	tcase_add_test(made, test_moved);
	tcase_add_test(made, test_others_are_left_alone);
	tcase_add_test(made, test_swapped);
	tcase_add_test(made, test_opened_meanwhile);
	tcase_add_test(made, test_unanswered);
	tcase_add_test(made, test_too_many_meanwhile);
	tcase_add_test(made, test_many);
	suite_add_tcase(suite, made);
	return suite;
}

int main(void)
{
	struct yard yard;
	SRunner *runner;
	int failed, rc = yard_build(&yard);

	if (rc == -EPERM) {
		printf("skipped: may not make network namespaces\n");
		return EXIT_SKIPPED;
	}
	yard_free(&yard);
	runner = srunner_create(sessions_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
