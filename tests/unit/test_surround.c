// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Surroundings against a zone model: each thing that may be wrong, by itself,
 * and what it looks like when nothing is. Easy to get wrong: most of what is
 * around a gateway is in order, so every case names all concerns that there
 * may be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "claim.h"
#include "suites.h"
#include "surround.h"
#include "text_policy.h"

static const char conf[] =
	"format = 1;\n"
	"gateway = { name = \"gw\"; model = \"alpha\"; guideline = \"R7.3\"; };\n"
	"sysctls = [ \"net.core.somaxconn = 4096\" ];\n"
	"zones = (\n"
	"  { name = \"in\"; layer = \"lgwan\"; interfaces = [ \"eth0.11\" ];\n"
	"    networks = [ \"10.11.0.0/24\", \"fd00:11::/64\" ]; },\n"
	"  { name = \"out\"; layer = \"internet\"; external = true;\n"
	"    interfaces = [ \"eth3\" ]; networks = [ \"10.13.0.0/24\",\n"
	"    \"0.0.0.0/0\" ]; },\n"
	"  { name = \"far\"; layer = \"other\"; interfaces = [ \"eth4\" ];\n"
	"    networks = [ \"10.19.0.0/16\" ];\n"
	"    next_hop_mac = \"02:00:00:00:19:fe\"; },\n"
	"  { name = \"dark\"; layer = \"other\"; interfaces = [ \"eth5\" ];\n"
	"    no_ip = true; }\n"
	");\n"
	"hosts = (\n"
	"  { name = \"h\"; zone = \"in\"; mac = \"02:00:00:00:11:10\";\n"
	"    addresses = [ \"10.11.0.10\", \"fd00:11::10\" ]; }\n"
	");\n"
	"conduits = (\n"
	"  { name = \"a\"; kind = \"screen\"; from = [ \"in\" ];\n"
	"    to = [ \"10.13.0.20\" ]; services = [ \"tcp/443\" ]; }\n"
	");\n";

static struct arena *arena;
static const struct policy *policy;
static struct surroundings around;
static struct concerns concerns;

static void setup(void)
{
	arena = arena_new();
	policy = text_policy(arena, conf);
	memset(&around, 0, sizeof(around));
}

static void teardown(void)
{
	arena_free(arena);
}

static struct link *add_link(const char *name, int index)
{
	struct link *link;

	around.links =
		arena_push(arena, around.links, &around.n_links, sizeof(*link));
	link = &around.links[around.n_links - 1];
	*link = (struct link){
		.name = name,
		.index = index,
		.up = true,
		.admin_up = true,
		.has_mac = true,
		.mac.bytes = { 2, 0, 0, 0, 0, (uint8_t)index },
	};
	return link;
}

static struct link *find_link(const char *name)
{
	size_t i;

	for (i = 0; i < around.n_links; i++)
		if (!strcmp(around.links[i].name, name))
			return &around.links[i];
	ck_abort_msg("no link %s", name);
	return NULL;
}

static void remove_link(const char *name)
{
	struct link *link = find_link(name);

	*link = around.links[--around.n_links];
}

/* With host bits, as an interface has them */
static struct prefix address(const char *text)
{
	char copy[ADDR_TEXT];
	struct prefix prefix = { 0 };
	char *slash;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	ck_assert_ptr_nonnull(slash);
	*slash = '\0';
	ck_assert_int_eq(addr_parse(copy, &prefix.addr), 0);
	prefix.len = (uint8_t)strtoul(slash + 1, NULL, 10);
	return prefix;
}

static void add_address(const char *name, const char *text)
{
	struct link *link = find_link(name);

	link->addresses = arena_push(arena, link->addresses, &link->n_addresses,
				     sizeof(*link->addresses));
	link->addresses[link->n_addresses - 1] = address(text);
}

static void add_route(const char *to, const char *interface, uint32_t table)
{
	around.routes = arena_push(arena, around.routes, &around.n_routes,
				   sizeof(*around.routes));
	around.routes[around.n_routes - 1] =
		(struct route){ address(to), interface, table };
	around.n_routes_all++;
}

static void add_neighbour(const char *addr, const char *interface,
			  const char *mac)
{
	struct static_neighbour *slot;

	around.neighbours = arena_push(arena, around.neighbours,
				       &around.n_neighbours, sizeof(*slot));
	slot = &around.neighbours[around.n_neighbours - 1];
	ck_assert_int_eq(addr_parse(addr, &slot->addr), 0);
	slot->interface = interface;
	slot->has_mac = !mac_parse(mac, &slot->mac);
}

static void add_sysctl(const char *name, const char *value)
{
	around.sysctls = arena_push(arena, around.sysctls, &around.n_sysctls,
				    sizeof(*around.sysctls));
	around.sysctls[around.n_sysctls - 1] =
		(struct sysctl_value){ name, value };
}

/* A gateway with which nothing is wrong */
static void make_world(void)
{
	struct link *lo = add_link("lo", 1);

	lo->loopback = true;
	lo->has_mac = false;
	add_link("eth0", 2);
	add_link("eth0.11", 3);
	find_link("eth0.11")->lower = "eth0";
	find_link("eth0.11")->kind = "vlan";
	add_link("eth3", 4);
	add_link("eth4", 5);
	add_link("eth5", 6);
	add_address("lo", "127.0.0.1/8");
	add_address("lo", "::1/128");
	add_address("eth0", "fe80::2/64");
	add_address("eth0.11", "10.11.0.1/24");
	add_address("eth0.11", "fe80::3/64");
	add_address("eth3", "10.13.0.1/24");
	add_address("eth3", "203.0.113.1/30"); /* of 0.0.0.0/0 */
	add_address("eth4", "10.19.0.1/30");
	add_route("10.11.0.0/24", "eth0.11", 254);
	add_route("10.13.0.0/24", "eth3", 254);
	add_route("10.19.0.0/16", "eth4", 254);
	add_route("0.0.0.0/0", "eth3", 254);
	add_route("fe80::/64", "eth0", 254);
	add_route("10.0.0.0/8", "eth4", 254); /* all in it has its own */
}

static void judge(const struct surroundings *before)
{
	concerns_init(&concerns, arena);
	surround_judge(&around, before, policy, &concerns);
	concerns_sort(&concerns);
}

/* All concerns, a line each: gravity, id without its start, subject */
static void check_concerns(const char *wanted)
{
	char text[4000] = "";
	size_t len = 0, i;

	for (i = 0; i < concerns.n; i++) {
		const struct concern *concern = &concerns.list[i];

		ck_assert_int_eq(strncmp(concern->id, "SEKI-A-", 7), 0);
		ck_assert_str_ne(concern->text, "");
		len += snprintf(text + len, sizeof(text) - len, "%s %s %s\n",
				gravity_name(concern->gravity), concern->id + 7,
				concern->subject);
		ck_assert_uint_lt(len, sizeof(text));
	}
	ck_assert_str_eq(text, wanted);
}

static void check_text(const char *id, const char *subject, const char *part)
{
	const struct concern *concern = concerns_find(&concerns, id, subject);

	ck_assert_ptr_nonnull(concern);
	ck_assert_msg(strstr(concern->text, part), "\"%s\" lacks \"%s\"",
		      concern->text, part);
}

START_TEST(test_in_order)
{
	make_world();
	judge(NULL);
	check_concerns("");
}
END_TEST

START_TEST(test_absent)
{
	struct surroundings before;

	make_world();
	remove_link("eth3");
	judge(NULL);
	check_concerns("warning LINK-ABSENT interface eth3\n");
	check_text("SEKI-A-LINK-ABSENT", "interface eth3", "does not exist");
	/* it appears, and is as good as if it had been there always */
	before = around;
	add_link("eth3", 9);
	judge(&before);
	check_concerns("");
	before = around;
	remove_link("eth3");
	judge(&before);
	check_concerns("warning LINK-ABSENT interface eth3\n");
	check_text("SEKI-A-LINK-ABSENT", "interface eth3", "has vanished");
}
END_TEST

/* What has changed hands stays a concern, however often it is looked at. */
START_TEST(test_renamed)
{
	struct surroundings before;
	int i;

	make_world();
	add_link("evil", 20)->admin_up = false;
	judge(NULL);
	check_concerns("");
	find_link("eth4")->name = "old";
	find_link("evil")->name = "eth4";
	for (i = 0; i < 3; i++) {
		before = around;
		judge(&before);
		check_concerns("critical ADDRESS-ZONE address 10.19.0.1/30 on "
			       "interface old\n"
			       "critical LINK-RENAMED interface eth4\n"
			       "warning LINK-RENAMED interface old\n"
			       "warning LINK-STRANGER interface old\n");
	}
}
END_TEST

START_TEST(test_appears_under_another_name)
{
	struct surroundings before;

	make_world();
	remove_link("eth5");
	add_link("tmp", 20)->admin_up = false;
	judge(NULL);
	before = around;
	find_link("tmp")->name = "eth5";
	judge(&before);
	check_concerns("notice LINK-RENAMED interface eth5\n");
}
END_TEST

START_TEST(test_replaced)
{
	struct surroundings before;
	int i;

	make_world();
	judge(NULL);
	before = around;
	remove_link("eth5");
	judge(&before);
	add_link("eth5", 30);
	for (i = 0; i < 2; i++) {
		before = around;
		judge(&before);
		check_concerns("warning LINK-REPLACED interface eth5\n");
	}
	/* the first one comes back */
	find_link("eth5")->index = 6;
	find_link("eth5")->mac.bytes[5] = 6;
	before = around;
	judge(&before);
	check_concerns("");
	find_link("eth5")->mac.bytes[5] = 7;
	before = around;
	judge(&before);
	check_concerns("warning LINK-REPLACED interface eth5\n");
	check_text("SEKI-A-LINK-REPLACED", "interface eth5",
		   "was 02:00:00:00:00:06 and is 02:00:00:00:00:07");
	/* to know nothing of before is to take it as it is */
	judge(NULL);
	check_concerns("");
}
END_TEST

START_TEST(test_enslaved)
{
	make_world();
	add_link("br0", 20)->kind = "bridge";
	find_link("br0")->admin_up = false;
	find_link("eth3")->master = "br0";
	judge(NULL);
	check_concerns("warning LINK-ENSLAVED interface eth3\n");
	find_link("eth4")->master = "br0";
	judge(NULL);
	check_concerns("critical LINK-ENSLAVED interface eth3\n"
		       "critical LINK-ENSLAVED interface eth4\n");
	check_text("SEKI-A-LINK-ENSLAVED", "interface eth3",
		   "eth4 of zone far are ports of the same bridge, br0");
	/* the packets of a VRF's members are routed, not bridged */
	find_link("br0")->kind = "vrf";
	judge(NULL);
	check_concerns("warning LINK-ENSLAVED interface eth3\n"
		       "warning LINK-ENSLAVED interface eth4\n");
}
END_TEST

START_TEST(test_strangers)
{
	make_world();
	add_link("usb0", 20);
	judge(NULL);
	check_concerns("warning LINK-STRANGER interface usb0\n");
	add_address("usb0", "172.16.0.1/24");
	judge(NULL);
	check_concerns("warning LINK-STRANGER interface usb0\n");
	check_text("SEKI-A-LINK-STRANGER", "interface usb0",
		   "has the address 172.16.0.1/24");
	find_link("usb0")->admin_up = false;
	judge(NULL);
	check_concerns("");
	/* what carries a zone may be on, but not have an address of its own */
	add_address("eth0", "172.16.0.1/24");
	judge(NULL);
	check_concerns("warning LINK-STRANGER interface eth0\n");
}
END_TEST

/* A port of a bond that is below a zone's interface carries that zone. */
START_TEST(test_carriers)
{
	make_world();
	find_link("eth0")->kind = "bond";
	add_link("port1", 20)->master = "eth0";
	judge(NULL);
	check_concerns("");
	find_link("port1")->xdp = true;
	judge(NULL);
	check_concerns("critical LINK-XDP interface port1\n");
	check_text("SEKI-A-LINK-XDP", "interface port1", "frames of zone in");
}
END_TEST

START_TEST(test_stacked)
{
	make_world();
	add_link("mv0", 20)->lower = "eth3";
	find_link("mv0")->kind = "macvlan";
	judge(NULL);
	check_concerns("critical LINK-STACKED interface mv0\n");
	find_link("mv0")->kind = "vlan";
	judge(NULL);
	check_concerns("warning LINK-STACKED interface mv0\n");
}
END_TEST

START_TEST(test_hooks)
{
	make_world();
	find_link("eth3")->xdp = true;
	find_link("eth4")->n_tc_filters = 1;
	add_link("usb0", 20)->n_tc_filters = 2;
	find_link("usb0")->admin_up = false;
	judge(NULL);
	check_concerns("critical LINK-TC interface eth4\n"
		       "critical LINK-XDP interface eth3\n"
		       "warning LINK-TC interface usb0\n");
}
END_TEST

START_TEST(test_addresses)
{
	make_world();
	add_address("eth3", "10.11.0.77/24");
	add_address("eth0.11", "192.0.2.1/30");
	add_address("eth5", "fe80::6/64");
	add_address("eth5", "10.11.0.78/24");
	judge(NULL);
	check_concerns(
		"critical ADDRESS-NO-IP address 10.11.0.78/24 on interface "
		"eth5\n"
		"critical ADDRESS-ZONE address 10.11.0.77/24 on interface "
		"eth3\n"
		"warning ADDRESS-NO-IP address fe80::6/64 on interface eth5\n"
		"warning ADDRESS-OUTSIDE address 192.0.2.1/30 on interface "
		"eth0.11\n");
}
END_TEST

START_TEST(test_routes)
{
	make_world();
	add_route("10.11.0.128/25", "eth3", 254);
	add_route("10.11.0.0/24", "usb9", 100);
	add_route("10.0.0.0/7", "eth3", 100); /* 10.13 is there, 10.19 not */
	add_route("198.51.100.0/24", "eth4", 254); /* of 0.0.0.0/0 */
	add_route("fd00:11::7/128", "?", 254);
	/* in order */
	add_route("10.11.0.200/32", "eth0.11", 254);
	add_route("10.11.0.5/32", NULL, 254);
	add_route("198.51.101.0/24", "eth3", 254);
	add_route("224.0.0.0/4", "eth4", 254);
	add_route("2001:db8::/32", "eth4", 254);
	judge(NULL);
	check_concerns(
		"critical ROUTE-ZONE route 10.11.0.0/24 dev usb9 table 100\n"
		"critical ROUTE-ZONE route 10.11.0.128/25 dev eth3 table 254\n"
		"critical ROUTE-ZONE route 198.51.100.0/24 dev eth4 table 254\n"
		"critical ROUTE-ZONE route fd00:11::7/128 dev ? table 254\n"
		"warning ROUTE-ZONE route 10.0.0.0/7 dev eth3 table 100\n");
	check_text("SEKI-A-ROUTE-ZONE", "route 10.0.0.0/7 dev eth3 table 100",
		   "packets for 10.19.0.0/16, which belongs to zone far");
	around.n_routes = 0;
	judge(NULL);
	check_concerns("warning ROUTE-MANY routes\n");
}
END_TEST

/* Half of the routes of a wide network does not shadow it. */
START_TEST(test_half_shadowed)
{
	make_world();
	around.n_routes = 0;
	around.n_routes_all = 0;
	add_route("10.19.0.0/17", "eth4", 254);
	add_route("10.0.0.0/8", "eth0.11", 254);
	judge(NULL);
	check_concerns("warning ROUTE-ZONE route 10.0.0.0/8 dev eth0.11 "
		       "table 254\n");
}
END_TEST

START_TEST(test_neighbours)
{
	make_world();
	add_neighbour("10.11.0.10", "eth0.11", "02:00:00:00:11:10");
	add_neighbour("fd00:11::10", "eth0.11", "02:00:00:00:11:66");
	add_neighbour("10.19.0.2", "eth4", "02:00:00:00:19:fd");
	add_neighbour("10.13.0.9", "eth3", "02:00:00:00:13:09");
	add_neighbour("10.11.0.10", "eth3", "02:00:00:00:11:67");
	judge(NULL);
	check_concerns(
		"warning NEIGHBOUR-STATIC neighbour 10.11.0.10 dev eth3\n"
		"warning NEIGHBOUR-STATIC neighbour 10.19.0.2 dev eth4\n"
		"warning NEIGHBOUR-STATIC neighbour fd00:11::10 dev "
		"eth0.11\n"
		"notice NEIGHBOUR-STATIC neighbour 10.11.0.10 dev "
		"eth0.11\n"
		"notice NEIGHBOUR-STATIC neighbour 10.13.0.9 dev eth3\n");
	check_text("SEKI-A-NEIGHBOUR-STATIC",
		   "neighbour fd00:11::10 dev eth0.11",
		   "declares 02:00:00:00:11:10, that of host h");
}
END_TEST

START_TEST(test_rules)
{
	struct routing_rule rules[] = {
		{ .text = "from 10.0.0.0/8 lookup 100", .priority = 5 },
		{ .text = "from all fwmark 0x1/0x1 lookup 7",
		  .priority = 6,
		  .by_mark = true },
	};

	make_world();
	around.rules = rules;
	around.n_rules = 2;
	judge(NULL);
	check_concerns("warning RULE rule 5: from 10.0.0.0/8 lookup 100\n"
		       "warning RULE rule 6: from all fwmark 0x1/0x1 lookup "
		       "7\n");
	check_text("SEKI-A-RULE", "rule 6: from all fwmark 0x1/0x1 lookup 7",
		   "by a mark");
}
END_TEST

/* Values that come together, and what they make of each other */
static const struct {
	const char *values[8]; /* name, value, ... */
	const char *concerns;
} sysctls[] = {
	{ { "net.ipv4.ip_forward", "0" },
	  "warning SYSCTL-FORWARD sysctl net.ipv4.ip_forward\n" },
	{ { "net.ipv4.ip_forward", "1" }, "" },
	/* no conduit has IPv6 at both ends */
	{ { "net.ipv6.conf.all.forwarding", "0" }, "" },
	{ { "net.ipv4.conf.all.rp_filter", "0",
	    "net.ipv4.conf.eth0/11.rp_filter", "0",
	    "net.ipv4.conf.eth3.rp_filter", "2" },
	  "notice SYSCTL-RP-FILTER sysctl net.ipv4.conf.eth0/11.rp_filter\n" },
	{ { "net.ipv4.conf.all.rp_filter", "1", "net.ipv4.conf.eth3.rp_filter",
	    "0" },
	  "" },
	{ { "net.ipv4.conf.eth3.rp_filter", "0" }, "" },
	{ { "net.ipv4.conf.all.proxy_arp", "1", "net.ipv4.conf.eth3.proxy_arp",
	    "1" },
	  "warning SYSCTL-PROXY sysctl net.ipv4.conf.all.proxy_arp\n" },
	{ { "net.ipv4.conf.all.proxy_arp", "0", "net.ipv4.conf.eth3.proxy_arp",
	    "1" },
	  "warning SYSCTL-PROXY sysctl net.ipv4.conf.eth3.proxy_arp\n" },
	{ { "net.ipv4.conf.all.accept_source_route", "0",
	    "net.ipv4.conf.eth3.accept_source_route", "1" },
	  "" },
	/* either for a host, both for a gateway */
	{ { "net.ipv4.conf.all.accept_redirects", "0",
	    "net.ipv4.conf.eth3.accept_redirects", "1" },
	  "notice SYSCTL-REDIRECTS sysctl "
	  "net.ipv4.conf.eth3.accept_redirects\n" },
	{ { "net.ipv4.ip_forward", "1", "net.ipv4.conf.all.accept_redirects",
	    "0", "net.ipv4.conf.eth3.accept_redirects", "1" },
	  "" },
	{ { "net.ipv6.conf.all.forwarding", "1", "net.ipv6.conf.eth3.accept_ra",
	    "1", "net.ipv6.conf.eth4.accept_ra", "2" },
	  "notice SYSCTL-ACCEPT-RA sysctl net.ipv6.conf.eth4.accept_ra\n" },
	{ { "net.ipv6.conf.all.forwarding", "0", "net.ipv6.conf.eth3.accept_ra",
	    "1" },
	  "notice SYSCTL-ACCEPT-RA sysctl net.ipv6.conf.eth3.accept_ra\n" },
	{ { "net.netfilter.nf_conntrack_tcp_be_liberal", "1",
	    "net.netfilter.nf_conntrack_tcp_loose", "1" },
	  "warning SYSCTL-TCP-LIBERAL sysctl "
	  "net.netfilter.nf_conntrack_tcp_be_liberal\n"
	  "notice SYSCTL-TCP-LOOSE sysctl "
	  "net.netfilter.nf_conntrack_tcp_loose\n" },
	/* no bridge */
	{ { "net.bridge.bridge-nf-call-iptables", "1" }, "" },
	{ { "net.mpls.conf.eth3.input", "1" },
	  "critical SYSCTL-MPLS sysctl net.mpls.conf.eth3.input\n" },
	/* not numbers, not there, not ours */
	{ { "net.ipv4.conf.all.proxy_arp", "yes", "net.ipv4.ip_forward", NULL },
	  "" },
	{ { "net.ipv4.conf.usb0.proxy_arp", "1" }, "" },
};

START_TEST(test_sysctls)
{
	size_t i;

	make_world();
	for (i = 0; i + 1 < 8 && sysctls[_i].values[i]; i += 2)
		add_sysctl(sysctls[_i].values[i], sysctls[_i].values[i + 1]);
	judge(NULL);
	check_concerns(sysctls[_i].concerns);
}
END_TEST

START_TEST(test_bridged_sysctl)
{
	make_world();
	find_link("eth3")->kind = "bridge";
	add_sysctl("net.bridge.bridge-nf-call-iptables", "1");
	judge(NULL);
	check_concerns("warning SYSCTL-BRIDGE sysctl "
		       "net.bridge.bridge-nf-call-iptables\n");
}
END_TEST

static bool is_among(const char **names, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

START_TEST(test_sysctl_names)
{
	const char **names;
	size_t n, i;

	make_world();
	remove_link("eth4");
	names = surround_sysctls(policy, &around, arena, &n);
	ck_assert(is_among(names, n, "net.core.somaxconn"));
	ck_assert(is_among(names, n, "net.ipv4.ip_forward"));
	ck_assert(is_among(names, n, "net.ipv4.conf.all.rp_filter"));
	ck_assert(is_among(names, n, "net.ipv4.conf.eth0/11.rp_filter"));
	ck_assert(is_among(names, n, "net.ipv6.conf.eth3.accept_ra"));
	ck_assert(!is_among(names, n, "net.ipv6.conf.all.accept_ra"));
	ck_assert(!is_among(names, n, "net.ipv4.conf.eth4.rp_filter"));
	ck_assert(!is_among(names, n, "net.ipv4.conf.eth0.rp_filter"));
	for (i = 0; i < n; i++)
		ck_assert_ptr_nonnull(claim_path(names[i], arena));
}
END_TEST

/* Claims: what is taken, and what a name becomes as a path */
static const struct {
	const char *text;
	enum claim_fault fault;
	const char *name, *value, *path;
} claims[] = {
	{ "net.ipv4.ip_forward=1", CLAIM_FINE, "net.ipv4.ip_forward", "1",
	  "net/ipv4/ip_forward" },
	{ "  net.ipv4.tcp_rmem  =  4096   1\t2 ", CLAIM_FINE,
	  "net.ipv4.tcp_rmem", "4096 1 2", "net/ipv4/tcp_rmem" },
	{ "net/ipv4/conf/eth0.10/rp_filter = 1", CLAIM_FINE,
	  "net.ipv4.conf.eth0/10.rp_filter", "1",
	  "net/ipv4/conf/eth0.10/rp_filter" },
	{ "net.ipv4.conf.enP2p1s0/10.rp_filter = 0x1", CLAIM_FINE,
	  "net.ipv4.conf.enP2p1s0/10.rp_filter", "0x1",
	  "net/ipv4/conf/enP2p1s0.10/rp_filter" },
	{ "net.core.default_qdisc = fq_codel", CLAIM_FINE,
	  "net.core.default_qdisc", "fq_codel", "net/core/default_qdisc" },
	{ "net.ipv4.ip_forward", CLAIM_FORM, NULL, NULL, NULL },
	{ "", CLAIM_FORM, NULL, NULL, NULL },
	{ "= 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "kernel.core_pattern = x", CLAIM_OUTSIDE, NULL, NULL, NULL },
	{ "network.x = 1", CLAIM_OUTSIDE, NULL, NULL, NULL },
	{ "net = 1", CLAIM_OUTSIDE, NULL, NULL, NULL },
	{ "net. = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "net..ipv4 = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "net/../kernel/core_pattern = x", CLAIM_NAME, NULL, NULL, NULL },
	{ "net.//.kernel.core_pattern = x", CLAIM_NAME, NULL, NULL, NULL },
	{ "net././x = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "net./x = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "net.x/ = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "net.x/.y = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "/net/ipv4/ip_forward = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ ".net.ipv4 = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "net.ipv4.conf.*.rp_filter = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "net.ipv4 x = 1", CLAIM_NAME, NULL, NULL, NULL },
	{ "net.ipv4.ip_forward =", CLAIM_VALUE, NULL, NULL, NULL },
	{ "net.ipv4.ip_forward = $1", CLAIM_VALUE, NULL, NULL, NULL },
	{ "net.ipv4.ip_forward = 1 = 2", CLAIM_VALUE, NULL, NULL, NULL },
};

START_TEST(test_claims)
{
	struct sysctl_claim claim = { 0 };

	ck_assert_int_eq(claim_parse(claims[_i].text, arena, &claim),
			 claims[_i].fault);
	ck_assert_pstr_eq(claim.name, claims[_i].name);
	ck_assert_pstr_eq(claim.value, claims[_i].value);
	if (claim.name)
		ck_assert_str_eq(claim_path(claim.name, arena),
				 claims[_i].path);
}
END_TEST

/* What an interface is called must not lead out of net either. */
START_TEST(test_claim_of_interface)
{
	static const char *const bad[] = { "..", ".", "a..b", ".a", "a." };
	size_t i;

	ck_assert_str_eq(claim_of_interface("net.ipv4.conf.", "eth0.1.2", ".x",
					    arena),
			 "net.ipv4.conf.eth0/1/2.x");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_ptr_null(
			claim_path(claim_of_interface("net.ipv4.conf.", bad[i],
						      ".x", arena),
				   arena));
}
END_TEST

START_TEST(test_claim_holds)
{
	ck_assert(claim_holds("1", "1"));
	ck_assert(claim_holds("0x10", "16"));
	ck_assert(claim_holds("4096 131072", "4096\t131072"));
	ck_assert(claim_holds("1", " 1 "));
	ck_assert(claim_holds("cubic", "cubic"));
	ck_assert(claim_holds("-1", "-1"));
	ck_assert(!claim_holds("1", "0"));
	ck_assert(!claim_holds("1", ""));
	ck_assert(!claim_holds("1", "1 1"));
	ck_assert(!claim_holds("1 1", "1"));
	ck_assert(!claim_holds("cubic", "cubi"));
	ck_assert(!claim_holds("1", "1x"));
}
END_TEST

Suite *test_surround_suite(void)
{
	Suite *suite = suite_create("surround");
	TCase *tcase = tcase_create("surround");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_in_order);
	tcase_add_test(tcase, test_absent);
	tcase_add_test(tcase, test_renamed);
	tcase_add_test(tcase, test_appears_under_another_name);
	tcase_add_test(tcase, test_replaced);
	tcase_add_test(tcase, test_enslaved);
	tcase_add_test(tcase, test_strangers);
	tcase_add_test(tcase, test_carriers);
	tcase_add_test(tcase, test_stacked);
	tcase_add_test(tcase, test_hooks);
	tcase_add_test(tcase, test_addresses);
	tcase_add_test(tcase, test_routes);
	tcase_add_test(tcase, test_half_shadowed);
	tcase_add_test(tcase, test_neighbours);
	tcase_add_test(tcase, test_rules);
	tcase_add_loop_test(tcase, test_sysctls, 0,
			    sizeof(sysctls) / sizeof(*sysctls));
	tcase_add_test(tcase, test_bridged_sysctl);
	tcase_add_test(tcase, test_sysctl_names);
	tcase_add_loop_test(tcase, test_claims, 0,
			    sizeof(claims) / sizeof(*claims));
	tcase_add_test(tcase, test_claim_of_interface);
	tcase_add_test(tcase, test_claim_holds);
	suite_add_tcase(suite, tcase);
	return suite;
}
