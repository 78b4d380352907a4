// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Other people's tables, from messages as a kernel dumps them: each statement
 * is told from the harmless one beside it, and what is not known is said to be.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_socket.h>

#include "arena.h"
#include "foreign.h"
#include "suites.h"
#include "text_policy.h"

static const char conf[] =
	"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
	"guideline = \"R7.3\"; };"
	"zones = ( { name = \"a\"; layer = \"other\"; "
	"interfaces = [ \"eth0.11\" ]; networks = [ \"10.0.0.0/24\" ]; },"
	"{ name = \"b\"; layer = \"other\"; interfaces = [ \"br0\" ];"
	" networks = [ \"10.1.0.0/24\" ]; } );"
	"hosts = ( { name = \"h\"; zone = \"a\"; "
	"addresses = [ \"10.0.0.1\" ]; } );"
	"conduits = ( { name = \"m\"; kind = \"plain\"; from = [ \"h\" ]; "
	"to = [ \"gateway\" ]; services = [ \"tcp/22\" ]; } );";

/* A message in the making, and what has been found in those before it */
struct scene {
	struct arena *arena;
	struct foreign *foreign;
	struct concerns concerns;
	union {
		struct nlmsghdr nlh;
		uint8_t bytes[8192];
	} message;
};

static void scene_open(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	scene->arena = arena_new();
	scene->foreign = foreign_new(scene->arena);
}

static void scene_judge(struct scene *scene, const struct surroundings *around)
{
	concerns_init(&scene->concerns, scene->arena);
	foreign_judge(scene->foreign, text_policy(scene->arena, conf), around,
		      &scene->concerns);
}

static struct nlmsghdr *begin(struct scene *scene, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(scene->message.bytes);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nfg->nfgen_family = family;
	return nlh;
}

static void put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(nlh, type, htonl(value));
}

static void add_table(struct scene *scene, uint8_t family, const char *name)
{
	struct nlmsghdr *nlh = begin(scene, family);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
	ck_assert_int_eq(foreign_table(scene->foreign, nlh), 0);
}

static struct nlmsghdr *begin_chain(struct scene *scene, uint8_t family,
				    const char *table, const char *type)
{
	struct nlmsghdr *nlh = begin(scene, family);

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, "c");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, type);
	return nlh;
}

static struct nlattr *begin_hook(struct nlmsghdr *nlh, uint32_t hook,
				 int32_t priority)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);

	put_u32(nlh, NFTA_HOOK_HOOKNUM, hook);
	put_u32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	return nest;
}

static void add_base(struct scene *scene, uint8_t family, const char *table,
		     const char *type, uint32_t hook, int32_t priority)
{
	struct nlmsghdr *nlh = begin_chain(scene, family, table, type);

	mnl_attr_nest_end(nlh, begin_hook(nlh, hook, priority));
	ck_assert_int_eq(foreign_chain(scene->foreign, nlh), 0);
}

/* In the list, as an attribute of type @kind */
static void add_on_device(struct scene *scene, const char *table, uint16_t kind,
			  const char *device)
{
	struct nlmsghdr *nlh =
		begin_chain(scene, NFPROTO_NETDEV, table, "filter");
	struct nlattr *nest = begin_hook(nlh, NF_NETDEV_INGRESS, 0);
	struct nlattr *list = mnl_attr_nest_start(nlh, NFTA_HOOK_DEVS);

	if (kind == NFTA_DEVICE_NAME)
		mnl_attr_put_strz(nlh, kind, device);
	else
		mnl_attr_put_str(nlh, kind, device);
	mnl_attr_nest_end(nlh, list);
	mnl_attr_nest_end(nlh, nest);
	ck_assert_int_eq(foreign_chain(scene->foreign, nlh), 0);
}

/* One attribute of an expression: a number, or bytes if @data is given */
struct field {
	uint16_t type;
	uint32_t number;
	const void *data;
	size_t len;
};

#define FIELDS_MAX 3

static void add_rule(struct scene *scene, const char *table, const char *expr,
		     const struct field fields[static FIELDS_MAX])
{
	struct nlmsghdr *nlh = begin(scene, NFPROTO_INET);
	struct nlattr *list, *elem, *data;
	unsigned int i;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, "c");
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, expr);
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	for (i = 0; i < FIELDS_MAX && fields[i].type; i++)
		if (fields[i].data)
			mnl_attr_put(nlh, fields[i].type, fields[i].len,
				     fields[i].data);
		else
			put_u32(nlh, fields[i].type, fields[i].number);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	ck_assert_int_eq(foreign_rule(scene->foreign, nlh), 0);
}

static void check_concern(const struct scene *scene, const char *id,
			  const char *subject, enum gravity gravity,
			  const char *text)
{
	const struct concern *found =
		concerns_find(&scene->concerns, id, subject);

	ck_assert_msg(found, "no %s for %s", id, subject);
	ck_assert_int_eq(found->gravity, gravity);
	ck_assert_str_eq(found->text, text);
}

static const struct xt_connmark_tginfo1 xt_save[1] = {
	{ .mode = XT_CONNMARK_SAVE }
};
static const struct xt_connmark_tginfo1 xt_restore1[1] = {
	{ .mode = XT_CONNMARK_RESTORE }
};
static const struct xt_connmark_tginfo2 xt_restore2[1] = {
	{ .mode = XT_CONNMARK_RESTORE }
};
static const struct xt_ct_target_info_v1 xt_notrack[1] = {
	{ .flags = XT_CT_NOTRACK }
};
static const struct xt_ct_target_info_v1 xt_zone[1] = { { .zone = 7 } };
static const struct xt_ct_target_info_v1 xt_helper[1] = { { .helper = "ftp" } };
static const struct xt_socket_mtinfo3 xt_socket[1] = { { .flags = 1 } };
static const struct xt_socket_mtinfo3 xt_socket_mark[1] = {
	{ .flags = XT_SOCKET_RESTORESKMARK }
};

#define NUMBER(attr, value)                   \
	{                                     \
		.type = attr, .number = value \
	}
#define BYTES(attr, value)                                        \
	{                                                         \
		.type = attr, .data = value, .len = sizeof(value) \
	}
#define XT(name) BYTES(NFTA_TARGET_NAME, name)
#define REVISION(number) NUMBER(NFTA_TARGET_REV, number)
#define INFO(info) BYTES(NFTA_TARGET_INFO, info)

static const struct statement_case {
	const char *id; /* NULL: of no concern */
	enum gravity gravity;
	const char *expr;
	struct field fields[FIELDS_MAX];
} cases[] = {
#define CASE(name, how, kind, ...)                                    \
	{                                                             \
		.id = name, .gravity = how, .expr = kind, .fields = { \
			__VA_ARGS__                                   \
		}                                                     \
	}
#define CRITICAL(name, ...) CASE("SEKI-A-" name, GRAVITY_CRITICAL, __VA_ARGS__)
#define WARNING(name, ...) CASE("SEKI-A-" name, GRAVITY_WARNING, __VA_ARGS__)
#define NOTICE(name, ...) CASE("SEKI-A-" name, GRAVITY_NOTICE, __VA_ARGS__)
#define HARMLESS(...) CASE(NULL, GRAVITY_NOTICE, __VA_ARGS__)
	CRITICAL("FORWARD", "fwd"),
	CRITICAL("DUPLICATE", "dup"),
	CRITICAL("FLOWTABLE", "flow_offload"),
	CRITICAL("TPROXY", "tproxy"),
	CRITICAL("QUEUE", "queue"),
	WARNING("NAT", "nat"),
	WARNING("NAT", "masq"),
	WARNING("NAT", "redir"),
	WARNING("NOTRACK", "notrack"),
	WARNING("SYNPROXY", "synproxy"),
	WARNING("UNKNOWN", "frobnicate"),
	WARNING("UNKNOWN", ""),
	CRITICAL("CTMARK", "ct", NUMBER(NFTA_CT_KEY, NFT_CT_MARK),
		 NUMBER(NFTA_CT_SREG, 1)),
	HARMLESS("ct", NUMBER(NFTA_CT_KEY, NFT_CT_MARK),
		 NUMBER(NFTA_CT_DREG, 1)),
	WARNING("ZONE", "ct", NUMBER(NFTA_CT_KEY, NFT_CT_ZONE),
		NUMBER(NFTA_CT_SREG, 1)),
	HARMLESS("ct", NUMBER(NFTA_CT_KEY, NFT_CT_LABELS),
		 NUMBER(NFTA_CT_SREG, 1)),
	WARNING("UNKNOWN", "ct", NUMBER(NFTA_CT_KEY, 99),
		NUMBER(NFTA_CT_SREG, 1)),
	WARNING("UNKNOWN", "ct", NUMBER(NFTA_CT_SREG, 1)),
	WARNING("MARK", "meta", NUMBER(NFTA_META_KEY, NFT_META_MARK),
		NUMBER(NFTA_META_SREG, 1)),
	HARMLESS("meta", NUMBER(NFTA_META_KEY, NFT_META_MARK),
		 NUMBER(NFTA_META_DREG, 1)),
	HARMLESS("meta", NUMBER(NFTA_META_KEY, NFT_META_PRIORITY),
		 NUMBER(NFTA_META_SREG, 1)),
	WARNING("REWRITE", "meta", NUMBER(NFTA_META_KEY, NFT_META_PKTTYPE),
		NUMBER(NFTA_META_SREG, 1)),
	WARNING("UNKNOWN", "meta", NUMBER(NFTA_META_KEY, 99),
		NUMBER(NFTA_META_SREG, 1)),
	WARNING("REWRITE", "payload", NUMBER(NFTA_PAYLOAD_SREG, 1)),
	HARMLESS("payload", NUMBER(NFTA_PAYLOAD_DREG, 1)),
	NOTICE("HEADER", "exthdr", NUMBER(NFTA_EXTHDR_SREG, 1),
	       NUMBER(NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT)),
	NOTICE("HEADER", "exthdr",
	       NUMBER(NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT)),
	WARNING("UNKNOWN", "exthdr", NUMBER(NFTA_EXTHDR_SREG, 1)),
	HARMLESS("exthdr", NUMBER(NFTA_EXTHDR_DREG, 1)),
	HARMLESS("objref", NUMBER(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER)),
	WARNING("SYNPROXY", "objref",
		NUMBER(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_SYNPROXY)),
	WARNING("UNKNOWN", "objref",
		NUMBER(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_TUNNEL)),
	WARNING("UNKNOWN", "objref", NUMBER(NFTA_OBJREF_SET_SREG, 1)),
	HARMLESS("counter"),
	HARMLESS("bitwise"),
	HARMLESS("xfrm"),
	HARMLESS("match", XT("conntrack")),
	HARMLESS("match", XT("socket"), INFO(xt_socket)),
	WARNING("MARK", "match", XT("socket"), INFO(xt_socket_mark)),
	WARNING("NAT", "target", XT("DNAT")),
	WARNING("NAT", "target", XT("SNAT")),
	WARNING("NAT", "target", XT("MASQUERADE")),
	WARNING("NAT", "target", XT("REDIRECT")),
	WARNING("NAT", "target", XT("NETMAP")),
	CRITICAL("TPROXY", "target", XT("TPROXY")),
	WARNING("MARK", "target", XT("MARK")),
	CRITICAL("QUEUE", "target", XT("NFQUEUE")),
	CRITICAL("DUPLICATE", "target", XT("TEE")),
	CRITICAL("FLOWTABLE", "target", XT("FLOWOFFLOAD")),
	WARNING("NOTRACK", "target", XT("NOTRACK")),
	NOTICE("HEADER", "target", XT("TCPMSS")),
	NOTICE("HEADER", "target", XT("TTL")),
	WARNING("SYNPROXY", "target", XT("SYNPROXY")),
	WARNING("REWRITE", "target", XT("dnat")),
	WARNING("REWRITE", "target", XT("snat")),
	WARNING("REWRITE", "target", XT("CLUSTERIP")),
	WARNING("UNKNOWN", "target", XT("SET")),
	WARNING("UNKNOWN", "target", XT("nfqueue")),
	WARNING("UNKNOWN", "target"),
	HARMLESS("target", XT("AUDIT")),
	HARMLESS("target", XT("LOG")),
	HARMLESS("target", XT("ULOG")),
	HARMLESS("target", XT("nflog")),
	CRITICAL("CTMARK", "target", XT("CONNMARK")),
	CRITICAL("CTMARK", "target", XT("CONNMARK"), REVISION(1),
		 INFO(xt_save)),
	WARNING("MARK", "target", XT("CONNMARK"), REVISION(1),
		INFO(xt_restore1)),
	WARNING("MARK", "target", XT("CONNMARK"), REVISION(2),
		INFO(xt_restore2)),
	CRITICAL("CTMARK", "target", XT("CONNMARK"), REVISION(3),
		 INFO(xt_restore2)),
	WARNING("NOTRACK", "target", XT("CT"), REVISION(2), INFO(xt_notrack)),
	WARNING("ZONE", "target", XT("CT"), REVISION(2), INFO(xt_zone)),
	HARMLESS("target", XT("CT"), REVISION(2), INFO(xt_helper)),
	WARNING("UNKNOWN", "target", XT("CT"), REVISION(2)),
};

#define N_CASES (int)(sizeof(cases) / sizeof(*cases))

START_TEST(test_statement)
{
	const struct statement_case *c = &cases[_i];
	struct scene scene;

	scene_open(&scene);
	add_rule(&scene, "t", c->expr, c->fields);
	scene_judge(&scene, NULL);
	if (!c->id) {
		ck_assert_uint_eq(scene.concerns.n, 0);
	} else {
		ck_assert_uint_eq(scene.concerns.n, 1);
		ck_assert_str_eq(scene.concerns.list->id, c->id);
		ck_assert_str_eq(scene.concerns.list->subject,
				 "chain inet t c");
		ck_assert_int_eq(scene.concerns.list->gravity, c->gravity);
	}
	arena_free(scene.arena);
}
END_TEST

/* immediate: a verdict lies two nests deeper than other values */
static void add_verdict(struct scene *scene, uint32_t code)
{
	struct {
		struct nlattr verdict, code;
		uint32_t number;
	} data = {
		{ sizeof(data), NFTA_DATA_VERDICT | NLA_F_NESTED },
		{ sizeof(struct nlattr) + sizeof(uint32_t), NFTA_VERDICT_CODE },
		htonl(code),
	};
	const struct field fields[FIELDS_MAX] = {
		{ .type = NFTA_IMMEDIATE_DATA,
		  .data = &data,
		  .len = sizeof(data) },
	};

	add_rule(scene, "t", "immediate", fields);
}

START_TEST(test_a_verdict_can_be_to_queue)
{
	static const int harmless[] = { NF_ACCEPT, NF_DROP,  NFT_CONTINUE,
					NFT_JUMP,  NFT_GOTO, NFT_RETURN };
	struct scene scene;
	size_t i;

	scene_open(&scene);
	for (i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		add_verdict(&scene, (uint32_t)harmless[i]);
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 0);
	add_verdict(&scene, NF_QUEUE_NR(5));
	add_verdict(&scene, NF_STOP);
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 2);
	check_concern(&scene, "SEKI-A-QUEUE", "chain inet t c",
		      GRAVITY_CRITICAL,
		      "Chain inet t c queues packets for a program, which can "
		      "change them or let them pass by the policy (1 rule)");
	check_concern(&scene, "SEKI-A-UNKNOWN", "chain inet t c",
		      GRAVITY_WARNING,
		      "Chain inet t c has statements that are not known and "
		      "cannot be judged (1 rule, the first with "
		      "\"immediate\")");
	arena_free(scene.arena);
}
END_TEST

START_TEST(test_many_rules_are_one_concern)
{
	static const struct field none[FIELDS_MAX];
	struct scene scene;
	size_t used, i;

	scene_open(&scene);
	add_rule(&scene, "t", "masq", none);
	used = arena_used(scene.arena);
	for (i = 1; i < 100000; i++)
		add_rule(&scene, "t", i % 4 ? "masq" : "counter", none);
	ck_assert_uint_eq(arena_used(scene.arena), used);
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 1);
	check_concern(&scene, "SEKI-A-NAT", "chain inet t c", GRAVITY_WARNING,
		      "Chain inet t c translates addresses or ports, so that "
		      "the policy may see others than the hosts use (75001 "
		      "rules)");
	arena_free(scene.arena);
}
END_TEST

START_TEST(test_our_table_is_passed_over)
{
	static const struct field none[FIELDS_MAX];
	struct scene scene;
	struct nlmsghdr *nlh;

	scene_open(&scene);
	add_table(&scene, NFPROTO_INET, "sekimori");
	add_base(&scene, NFPROTO_INET, "sekimori", "filter", NF_INET_FORWARD,
		 0);
	add_rule(&scene, "sekimori", "masq", none);
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 0);

	/* It has no flowtable, and in another family it is not ours. */
	nlh = begin(&scene, NFPROTO_INET);
	mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_TABLE, "sekimori");
	mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_NAME, "f");
	ck_assert_int_eq(foreign_flowtable(scene.foreign, nlh), 0);
	add_table(&scene, NFPROTO_IPV4, "sekimori");
	add_base(&scene, NFPROTO_IPV4, "sekimori", "filter", NF_INET_FORWARD,
		 0);
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 3);
	check_concern(&scene, "SEKI-A-FLOWTABLE", "flowtable inet sekimori f",
		      GRAVITY_CRITICAL,
		      "Flowtable inet sekimori f carries packets of its "
		      "connections past the policy");
	check_concern(&scene, "SEKI-A-NAMESAKE", "table ip sekimori",
		      GRAVITY_WARNING,
		      "Table ip sekimori has the name of the policy's table "
		      "but is another one");
	ck_assert_ptr_nonnull(concerns_find(&scene.concerns, "SEKI-A-BEFORE",
					    "chain ip sekimori c"));
	arena_free(scene.arena);
}
END_TEST

START_TEST(test_base_chains)
{
	struct scene scene;

	scene_open(&scene);
	add_table(&scene, NFPROTO_BRIDGE, "f");
	add_base(&scene, NFPROTO_BRIDGE, "f", "filter", NF_INET_FORWARD, -200);
	add_base(&scene, NFPROTO_INET, "before", "filter", NF_INET_LOCAL_IN,
		 -1);
	add_base(&scene, NFPROTO_INET, "same", "filter", NF_INET_FORWARD, 0);
	add_base(&scene, NFPROTO_INET, "after", "filter", NF_INET_FORWARD, 1);
	add_base(&scene, NFPROTO_INET, "other", "filter", NF_INET_PRE_ROUTING,
		 -1);
	add_base(&scene, NFPROTO_IPV6, "nat", "nat", NF_INET_LOCAL_OUT, -100);
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 4);
	check_concern(&scene, "SEKI-A-BRIDGE", "table bridge f",
		      GRAVITY_WARNING,
		      "Table bridge f filters or changes frames on bridges, "
		      "which the policy does not see");
	check_concern(&scene, "SEKI-A-BEFORE", "chain inet before c",
		      GRAVITY_NOTICE,
		      "Chain inet before c meets packets before the policy "
		      "does and can drop what a conduit permits");
	ck_assert_ptr_nonnull(concerns_find(&scene.concerns, "SEKI-A-BEFORE",
					    "chain inet same c"));
	check_concern(&scene, "SEKI-A-NAT", "chain ip6 nat c", GRAVITY_NOTICE,
		      "Chain ip6 nat c is a place for address translation, "
		      "with no rule for it so far");
	arena_free(scene.arena);
}
END_TEST

START_TEST(test_interfaces_of_zones)
{
	struct link links[] = {
		{ .name = "eth0" },
		{ .name = "eth0.11", .lower = "eth0" },
		{ .name = "br0" },
		{ .name = "eth2", .master = "br0" },
		{ .name = "eth2.5", .lower = "eth2" },
		{ .name = "eth3", .master = "br1" },
	};
	struct surroundings around = { .links = links, .n_links = 6 };
	static const struct {
		const char *table;
		uint16_t kind;
		const char *device;
		enum gravity gravity;
	} devices[] = {
		{ "itself", NFTA_DEVICE_NAME, "br0", GRAVITY_CRITICAL },
		{ "lower", NFTA_DEVICE_NAME, "eth0", GRAVITY_CRITICAL },
		{ "port", NFTA_DEVICE_NAME, "eth2", GRAVITY_CRITICAL },
		{ "upper", NFTA_DEVICE_NAME, "eth2.5", GRAVITY_WARNING },
		{ "no", NFTA_DEVICE_NAME, "eth1", GRAVITY_WARNING },
		{ "other", NFTA_DEVICE_NAME, "eth3", GRAVITY_WARNING },
		{ "like", NFTA_DEVICE_NAME, "br", GRAVITY_WARNING },
		{ "prefix", 2, "br", GRAVITY_CRITICAL },
		{ "noprefix", 2, "wlan", GRAVITY_WARNING },
		{ "unknown", 3, "wlan", GRAVITY_CRITICAL },
	};
	const struct concern *found;
	struct scene scene;
	char subject[64];
	size_t i;

	scene_open(&scene);
	for (i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		add_on_device(&scene, devices[i].table, devices[i].kind,
			      devices[i].device);
	scene_judge(&scene, &around);
	ck_assert_uint_eq(scene.concerns.n, i);
	while (i-- > 0) {
		snprintf(subject, sizeof(subject), "chain netdev %s c",
			 devices[i].table);
		found = concerns_find(&scene.concerns, "SEKI-A-INGRESS",
				      subject);
		ck_assert_ptr_nonnull(found);
		ck_assert_msg(found->gravity == devices[i].gravity, "%s",
			      found->text);
	}
	check_concern(&scene, "SEKI-A-INGRESS", "chain netdev lower c",
		      GRAVITY_CRITICAL,
		      "Chain netdev lower c handles packets of zone \"a\" "
		      "before the policy does");
	arena_free(scene.arena);
}
END_TEST

START_TEST(test_inet_ingress)
{
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	struct scene scene;

	scene_open(&scene);
	nlh = begin_chain(&scene, NFPROTO_INET, "t", "filter");
	nest = begin_hook(nlh, NF_INET_INGRESS, 0);
	mnl_attr_put_strz(nlh, NFTA_HOOK_DEV, "eth0.11");
	mnl_attr_nest_end(nlh, nest);
	ck_assert_int_eq(foreign_chain(scene.foreign, nlh), 0);
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 1);
	ck_assert_str_eq(scene.concerns.list->id, "SEKI-A-INGRESS");
	ck_assert_int_eq(scene.concerns.list->gravity, GRAVITY_CRITICAL);
	arena_free(scene.arena);
}
END_TEST

START_TEST(test_names_cannot_be_mistaken)
{
	struct scene scene;

	scene_open(&scene);
	add_table(&scene, NFPROTO_BRIDGE, "a b");
	add_table(&scene, NFPROTO_BRIDGE, "a\\x20b");
	add_table(&scene, NFPROTO_BRIDGE, "\xe9\n");
	add_table(&scene, 77, "sekimori");
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 4);
	ck_assert_ptr_nonnull(concerns_find(&scene.concerns, "SEKI-A-BRIDGE",
					    "table bridge a\\x20b"));
	ck_assert_ptr_nonnull(concerns_find(&scene.concerns, "SEKI-A-BRIDGE",
					    "table bridge a\\x5cx20b"));
	ck_assert_ptr_nonnull(concerns_find(&scene.concerns, "SEKI-A-BRIDGE",
					    "table bridge \\xe9\\x0a"));
	ck_assert_ptr_nonnull(concerns_find(&scene.concerns, "SEKI-A-NAMESAKE",
					    "table family-77 sekimori"));
	arena_free(scene.arena);
}
END_TEST

START_TEST(test_legacy_tables)
{
	static const char names[] = "nat\n\nfilter\nlast";
	struct scene scene;

	scene_open(&scene);
	foreign_legacy(scene.foreign, "ip", names, sizeof(names) - 1);
	foreign_legacy(scene.foreign, "ip6", names, 0);
	scene_judge(&scene, NULL);
	ck_assert_uint_eq(scene.concerns.n, 3);
	check_concern(&scene, "SEKI-A-LEGACY", "legacy table ip nat",
		      GRAVITY_WARNING,
		      "Legacy table ip nat is in use, and its rules cannot be "
		      "judged");
	ck_assert_ptr_nonnull(concerns_find(&scene.concerns, "SEKI-A-LEGACY",
					    "legacy table ip filter"));
	ck_assert_ptr_nonnull(concerns_find(&scene.concerns, "SEKI-A-LEGACY",
					    "legacy table ip last"));
	arena_free(scene.arena);
}
END_TEST

START_TEST(test_malformed_messages)
{
	struct nlmsghdr *nlh;
	struct scene scene;

	scene_open(&scene);
	nlh = mnl_nlmsg_put_header(scene.message.bytes);
	ck_assert_int_eq(foreign_table(scene.foreign, nlh), -EBADMSG);
	nlh = begin(&scene, NFPROTO_INET);
	ck_assert_int_eq(foreign_table(scene.foreign, nlh), -EBADMSG);
	ck_assert_int_eq(foreign_chain(scene.foreign, nlh), -EBADMSG);
	ck_assert_int_eq(foreign_rule(scene.foreign, nlh), -EBADMSG);
	ck_assert_int_eq(foreign_flowtable(scene.foreign, nlh), -EBADMSG);
	nlh = begin_chain(&scene, NFPROTO_INET, "t", "filter");
	mnl_attr_put_u32(nlh, NFTA_CHAIN_HOOK, 0);
	ck_assert_int_eq(foreign_chain(scene.foreign, nlh), -EBADMSG);
	arena_free(scene.arena);
}
END_TEST

Suite *test_foreign_suite(void)
{
	Suite *suite = suite_create("foreign");
	TCase *tcase = tcase_create("foreign");

	tcase_add_loop_test(tcase, test_statement, 0, N_CASES);
	tcase_add_test(tcase, test_a_verdict_can_be_to_queue);
	tcase_add_test(tcase, test_many_rules_are_one_concern);
	tcase_add_test(tcase, test_our_table_is_passed_over);
	tcase_add_test(tcase, test_base_chains);
	tcase_add_test(tcase, test_interfaces_of_zones);
	tcase_add_test(tcase, test_inet_ingress);
	tcase_add_test(tcase, test_names_cannot_be_mistaken);
	tcase_add_test(tcase, test_legacy_tables);
	tcase_add_test(tcase, test_malformed_messages);
	suite_add_tcase(suite, tcase);
	return suite;
}
