// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration parser: what a right file becomes, and for each mistake
 * the sentence that is said about it. Easy to get wrong: a mistake must give
 * one finding and hide none, so the tables compare all findings of a text.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "conf.h"
#include "suites.h"

#define ARRAY_LEN(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct arena *arena;
static struct diag diag;
static struct model *model;

static void setup(void)
{
	arena = arena_new();
	diag_init(&diag, arena);
	model = conf_new(NULL, arena);
}

static void teardown(void)
{
	arena_free(arena);
}

static int parse(const char *name, const char *text)
{
	return conf_parse(model, name, text, strlen(text), &diag);
}

/* All findings, a line each */
static void check_findings(const char *wanted)
{
	char text[8000] = "";
	size_t len = 0, i;

	for (i = 0; i < diag.n_findings; i++) {
		len += diag_print(&diag.findings[i], text + len,
				  sizeof(text) - len);
		len += snprintf(text + len, sizeof(text) - len, "\n");
		ck_assert_uint_lt(len, sizeof(text));
	}
	ck_assert_str_eq(text, wanted);
}

static void check_place(const struct place *at, const char *file,
			unsigned int line)
{
	ck_assert_str_eq(at->file, file);
	ck_assert_uint_eq(at->line, line);
}

static void check_word(const struct word *word, const char *text,
		       unsigned int line)
{
	ck_assert_str_eq(word->text, text);
	check_place(&word->at, "f", line);
}

static void check_prefix(const struct prefix *prefix, const char *text)
{
	char buf[ADDR_TEXT];

	ck_assert_str_eq(prefix_print(prefix, buf), text);
}

static const char whole[] =
	"format = 1;\n" /* line 1 */
	"gateway = {\n"
	"  name = \"gw1\"; model = \"alpha-prime\"; guideline = \"R6.10\";\n"
	"};\n"
	"log = { facility = \"local4\"; };\n" /* line 5 */
	"control = { group = \"keepers\"; };\n"
	"zones = (\n"
	"  { name = \"in\"; label = \"内側\"; layer = \"individual-number\";\n"
	"    interfaces = [ \"eth0.11\", \"br-x\" ]; networks = [\n"
	"      \"10.11.0.0/27\",\n" /* line 10 */
	"      \"fd00:11::/64\"\n"
	"    ]; },\n"
	"  { name = \"out\"; layer = \"internet\"; external = true;\n"
	"    interfaces = [ \"eth3\" ]; networks = [ \"0.0.0.0/0\" ];\n"
	"    next_hop_mac = \"02:fe:ff:00:00:02\"; },\n" /* line 15 */
	"  { name = \"spare\"; layer = \"other\"; no_ip = true;\n"
	"    interfaces = [ \"eth4\" ]; networks = []; }\n"
	");\n"
	"hosts = (\n"
	"  { name = \"pay-sv\"; zone = \"in\";\n" /* line 20 */
	"    addresses = [ \"10.11.0.10\", \"fd00:11::10\" ];\n"
	"    mac = \"02:11:00:00:00:10\"; },\n"
	"  { name = \"2nd\"; zone = \"in\"; addresses = [ \"10.11.0.11\" ]; }\n"
	");\n"
	"services = (\n" /* line 25 */
	"  { name = \"ad\"; ports = [ \"tcp/88\", \"udp/88\", \"tcp/"
	"49152-65535\" ]; }\n"
	");\n"
	"lists = ( { name = \"cloud\"; file = \"クラウド.list\"; } );\n"
	"conduits = (\n"
	"  { name = \"patch\"; kind = \"special\";\n" /* line 30 */
	"    from = [ \"pay-sv\", \"10.11.0.12\" ]; to = [ \"cloud\",\n"
	"      \"gateway\",\n"
	"      \"fd00::/64\" ];\n"
	"    services = [ \"ad\", \"tcp/8530\" ];\n"
	"    bind = \"mac\";\n" /* line 35 */
	"    reason = \"パッチ\" \"取得\"; approved_by = \"長\";\n"
	"    approval = \"情セ第8-3号\"; valid_until = \"2028-02-29\";"
	" valid_from = \"2027-12-01\"; windows = [ \"daily 01:00-04:00\","
	" \"Sun 22:00-02:00\" ]; },\n"
	"  { name = \"b\", kind = \"plain\", from = [ \"in\" ],\n"
	"    to = [ \"out\" ], services = [ \"icmp/8\" ] }\n"
	")\n";

static void check_zones(void)
{
	const struct model_zone *zone = model->zones;

	ck_assert_uint_eq(model->n_zones, 3);
	check_word(&zone[0].name, "in", 8);
	ck_assert_str_eq(zone[0].label, "内側");
	ck_assert_int_eq(zone[0].layer, LAYER_INDIVIDUAL_NUMBER);
	ck_assert(!zone[0].external && !zone[0].no_ip);
	ck_assert(!zone[0].has_next_hop_mac);
	ck_assert_uint_eq(zone[0].n_interfaces, 2);
	check_word(&zone[0].interfaces[0], "eth0.11", 9);
	check_word(&zone[0].interfaces[1], "br-x", 9);
	ck_assert_uint_eq(zone[0].n_networks, 2);
	check_prefix(&zone[0].networks[0].prefix, "10.11.0.0/27");
	check_place(&zone[0].networks[0].at, "f", 10);
	check_prefix(&zone[0].networks[1].prefix, "fd00:11::/64");
	check_place(&zone[0].networks[1].at, "f", 11);

	ck_assert_ptr_null(zone[1].label);
	ck_assert(zone[1].external && zone[1].has_next_hop_mac);
	ck_assert_mem_eq(zone[1].next_hop_mac.bytes, "\x02\xfe\xff\x00\x00\x02",
			 6);
	check_place(&zone[1].next_hop_mac_at, "f", 15);
	check_prefix(&zone[1].networks[0].prefix, "0.0.0.0/0");
	ck_assert(zone[2].no_ip);
	ck_assert_uint_eq(zone[2].n_networks, 0);
}

static void check_conduits(void)
{
	const struct model_conduit *conduit = model->conduits;

	ck_assert_uint_eq(model->n_conduits, 2);
	check_word(&conduit->name, "patch", 30);
	ck_assert_int_eq(conduit->kind, KIND_SPECIAL);
	check_place(&conduit->kind_at, "f", 30);
	ck_assert_int_eq(conduit->bind, BIND_MAC);
	check_place(&conduit->bind_at, "f", 35);
	ck_assert_uint_eq(conduit->n_from, 2);
	check_word(&conduit->from[0].text, "pay-sv", 31);
	ck_assert(!conduit->from[0].is_prefix);
	check_word(&conduit->from[1].text, "10.11.0.12", 31);
	ck_assert(conduit->from[1].is_prefix);
	check_prefix(&conduit->from[1].prefix, "10.11.0.12/32");
	ck_assert_uint_eq(conduit->n_to, 3);
	check_word(&conduit->to[0].text, "cloud", 31);
	check_word(&conduit->to[1].text, "gateway", 32);
	check_word(&conduit->to[2].text, "fd00::/64", 33);
	ck_assert(conduit->to[2].is_prefix);
	ck_assert_uint_eq(conduit->n_services, 2);
	check_word(&conduit->services[0].text, "ad", 34);
	ck_assert(!conduit->services[0].is_service);
	check_word(&conduit->services[1].text, "tcp/8530", 34);
	ck_assert(conduit->services[1].is_service);
	ck_assert_uint_eq(conduit->services[1].service.first, 8530);
	ck_assert_str_eq(conduit->reason, "パッチ取得");
	ck_assert_str_eq(conduit->approved_by, "長");
	ck_assert_str_eq(conduit->approval, "情セ第8-3号");
	ck_assert(conduit->has_valid_until);
	ck_assert_uint_eq(conduit->valid_until.year, 2028);
	ck_assert_uint_eq(conduit->valid_until.month, 2);
	ck_assert_uint_eq(conduit->valid_until.day, 29);
	check_place(&conduit->valid_until_at, "f", 37);
	ck_assert(conduit->has_valid_from);
	ck_assert_uint_eq(conduit->valid_from.month, 12);
	check_place(&conduit->valid_from_at, "f", 37);
	ck_assert_uint_eq(conduit->n_windows, 2);
	ck_assert_uint_eq(conduit->windows[1].days, 1);
	ck_assert_uint_eq(conduit->windows[1].until, 26 * 3600);
	check_place(&conduit->windows_at, "f", 37);

	conduit++;
	ck_assert_int_eq(conduit->bind, BIND_IP);
	ck_assert(!conduit->reason && !conduit->has_valid_until);
	check_word(&conduit->services[0].text, "icmp/8", 39);
}

START_TEST(test_whole)
{
	ck_assert_int_eq(parse("f", whole), 0);
	ck_assert_int_eq(conf_finish(model, "f", &diag), 0);
	check_findings("");
	ck_assert(model->has_format && model->has_gateway);
	check_place(&model->gateway_at, "f", 2);
	check_word(&model->gateway_name, "gw1", 3);
	ck_assert_int_eq(model->model, MODEL_ALPHA_PRIME);
	ck_assert_int_eq(model->edition, EDITION_R6_10);
	check_word(&model->facility, "local4", 5);
	check_word(&model->group, "keepers", 6);
	check_zones();

	ck_assert_uint_eq(model->n_hosts, 2);
	check_word(&model->hosts[0].name, "pay-sv", 20);
	check_word(&model->hosts[0].zone, "in", 20);
	ck_assert_uint_eq(model->hosts[0].n_addresses, 2);
	check_place(&model->hosts[0].addresses[1].at, "f", 21);
	ck_assert_uint_eq(model->hosts[0].addresses[1].addr.family, 6);
	ck_assert(model->hosts[0].has_mac && !model->hosts[1].has_mac);
	check_place(&model->hosts[0].mac_at, "f", 22);

	ck_assert_uint_eq(model->n_services, 1);
	check_word(&model->services[0].name, "ad", 26);
	ck_assert_uint_eq(model->services[0].n_ports, 3);
	ck_assert_uint_eq(model->services[0].ports[1].proto, IPPROTO_UDP);
	ck_assert_uint_eq(model->services[0].ports[2].last, 65535);

	ck_assert_uint_eq(model->n_lists, 1);
	check_word(&model->lists[0].name, "cloud", 28);
	check_word(&model->lists[0].file, "クラウド.list", 28);
	check_conduits();
}
END_TEST

/* A file that is cut off anywhere is taken or refused, and never more. */
START_TEST(test_cut_off)
{
	char *copy;
	size_t len;

	for (len = 0; len < sizeof(whole); len++) {
		/* In memory of exactly that size, for valgrind to see. */
		copy = malloc(len ? len : 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, whole, len);
		ck_assert_int_eq(conf_parse(model, "f", copy, len, &diag),
				 diag.n_errors ? -EINVAL : 0);
		free(copy);
		teardown();
		setup();
	}
}
END_TEST

#define Z "zones=({name=\"z\";layer=\"lgwan\";interfaces=[\"e\"];"
#define Z_END "});"
#define H "hosts=({name=\"h\";zone=\"z\";"
#define H_END "});"
#define C                                                               \
	"conduits=({name=\"c\";kind=\"plain\";from=[\"a\"];to=[\"b\"];" \
	"services=[\"s\"];"
#define C_END "});"
#define LONG_NAME "n23456789-123456789-123456789-1"
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

#define NOT_A_NAME                                                            \
	"is not a name; a name has at most 31 letters, digits, \".\", \"_\" " \
	"or \"-\", and begins with a letter or digit\n"
#define NOT_AN_INTERFACE                                                    \
	"is not the name of an interface; that has at most 15 characters, " \
	"and none of them is a space, a quote, \"/\", \":\", \"\\\" or "    \
	"\"*\"\n"
#define NOT_A_DAY "is not a day of the calendar in the form \"2027-03-31\"\n"

/* A text, and all that is said about it; the file is "f" */
static const struct {
	const char *text, *findings;
} cases[] = {
	/* types */
	{ "format=1L;", "" },
	{ "format=0x1;", "" },
	{ "format=\"1\";", "f:1: error: type format must be a whole number, "
			   "but is a text\n" },
	{ "format=1.0;", "f:1: error: type format must be a whole number, but "
			 "is a number\n" },
	{ "format=true;", "f:1: error: type format must be a whole number, "
			  "but is true or false\n" },
	{ "gateway=1;", "f:1: error: type gateway must be a group, { ... }, "
			"but is a number\n" },
	{ "log=();", "f:1: error: type log must be a group, { ... }, but is a "
		     "list\n" },
	{ "zones={};", "f:1: error: type zones must be a list of groups, ( { "
		       "... }, { ... } ), but is a group\n" },
	{ "zones=[];", "f:1: error: type zones must be a list of groups, ( { "
		       "... }, { ... } ), but is an array\n" },
	{ "zones=(1);\nhosts=(\n\"x\",\n[1]);",
	  "f:1: error: type an entry of zones must be a group, { ... }, but "
	  "is a number\n"
	  "f:3: error: type an entry of hosts must be a group, { ... }, but "
	  "is a text\n"
	  "f:4: error: type an entry of hosts must be a group, { ... }, but "
	  "is an array\n" },
	{ Z "external=1;no_ip=\"true\";" Z_END,
	  "f:1: error: type zone \"z\": external must be true or false, "
	  "without quotes, but is a number\n"
	  "f:1: error: type zone \"z\": no_ip must be true or false, without "
	  "quotes, but is a text\n" },
	{ Z "label=5;" Z_END, "f:1: error: type zone \"z\": label must be a "
			      "text in double quotes, but is a number\n" },
	{ Z "networks=\"10.0.0.0/8\";" Z_END,
	  "f:1: error: type zone \"z\": networks must be an array of texts, [ "
	  "\"...\", \"...\" ], but is a text\n" },
	{ Z "networks=(\"10.0.0.0/8\");" Z_END,
	  "f:1: error: type zone \"z\": networks must be an array of texts, [ "
	  "\"...\", \"...\" ], but is a list\n" },
	{ Z "networks=\n[\n10, 11];" Z_END,
	  "f:3: error: type zone \"z\": networks must hold texts in double "
	  "quotes\n" },
	{ Z "networks=[\"10.0.0.0/8\", 11];" Z_END,
	  "f:1: error: type the elements of an array must be of one type; "
	  "this one is not like the first\n" },

	/* numbers that libconfig would wrap */
	{ "format=4294967297;", "f:1: error: value format must be 1: this "
				"version knows no other\n" },
	{ "format=18446744073709551617;",
	  "f:1: error: value format must be 1: this version knows no other\n" },
	{ "format=0x100000001;", "f:1: error: value format must be 1: this "
				 "version knows no other\n" },
	{ "format=-1;", "f:1: error: value format must be 1: this version "
			"knows no other\n" },
	{ "port=4294967318;",
	  "f:1: error: unknown there is no setting \"port\"; remove it\n" },

	/* names of settings */
	{ "zonse=();",
	  "f:1: error: unknown there is no setting \"zonse\" (did you "
	  "mean \"zones\"?)\n" },
	{ "gateway={\nname=\"g\";\nmodel=\"beta\";\nguidline=\"R7.3\";};",
	  "f:4: error: unknown gateway: there is no setting \"guidline\" (did you "
	  "mean \"guideline\"?)\n" },
	{ "gateway={};",
	  "f:1: error: missing gateway: the setting \"name\" is missing\n"
	  "f:1: error: missing gateway: the setting \"model\" is missing\n"
	  "f:1: error: missing gateway: the setting \"guideline\" is "
	  "missing\n" },
	{ "log={};control={};",
	  "f:1: error: missing log: the setting \"facility\" is missing\n"
	  "f:1: error: missing control: the setting \"group\" is missing\n" },
	{ "conduits=({name=\"patch\";kind=\"plain\";form=[\"a\"];\nto=[\"b\"];"
	  "services=[\"s\"];});",
	  "f:1: error: unknown conduit \"patch\": there is no setting \"form\" "
	  "(did you mean \"from\"?)\n" },
	{ "zones=(\n{},\n{name=\"z\";});",
	  "f:2: error: missing zone 1: the setting \"name\" is missing\n"
	  "f:2: error: missing zone 1: the setting \"layer\" is missing\n"
	  "f:2: error: missing zone 1: the setting \"interfaces\" is missing\n"
	  "f:3: error: missing zone \"z\": the setting \"layer\" is missing\n"
	  "f:3: error: missing zone \"z\": the setting \"interfaces\" is "
	  "missing\n" },
	{ "hosts=({});services=({});lists=({});",
	  "f:1: error: missing host 1: the setting \"name\" is missing\n"
	  "f:1: error: missing host 1: the setting \"zone\" is missing\n"
	  "f:1: error: missing host 1: the setting \"addresses\" is missing\n"
	  "f:1: error: missing service 1: the setting \"name\" is missing\n"
	  "f:1: error: missing service 1: the setting \"ports\" is missing\n"
	  "f:1: error: missing list 1: the setting \"name\" is missing\n"
	  "f:1: error: missing list 1: the setting \"file\" is missing\n" },
	{ "conduits=({name=1;});",
	  "f:1: error: type conduit 1: name must be a text in double quotes, "
	  "but is a number\n"
	  "f:1: error: missing conduit 1: the setting \"kind\" is missing\n"
	  "f:1: error: missing conduit 1: the setting \"from\" is missing\n"
	  "f:1: error: missing conduit 1: the setting \"to\" is missing\n"
	  "f:1: error: missing conduit 1: the setting \"services\" is "
	  "missing\n" },
	{ C "bind=\"ip\";\nbind=\"mac\";" C_END,
	  "f:2: error: duplicate the setting \"bind\" is already there in "
	  "this group; remove one of the two (see f:1)\n" },

	/* words */
	{ "gateway={name=\"g\";model=\"Alpha_prime\";guideline=\"R7.4\";};",
	  "f:1: error: value gateway: model: there is no \"Alpha_prime\" (did "
	  "you mean \"alpha-prime\"?)\n"
	  "f:1: error: value gateway: guideline: there is no \"R7.4\" (did "
	  "you mean \"R7.3\"?)\n" },
	{ "gateway={name=\"g\";model=\"\\x03\\xb1\";guideline=\"2025\";};",
	  "f:1: error: value gateway: model: there is no \"\\x03\\xb1\"; use "
	  "one of \"alpha\", \"alpha-prime\", \"beta\", \"beta-prime\"\n"
	  "f:1: error: value gateway: guideline: there is no \"2025\"; use one "
	  "of \"R4.3\", \"R6.10\", \"R7.3\"\n" },
	{ "log={facility=\"daemon\";};", "" },
	{ "log={facility=\"kern\";};",
	  "f:1: error: value log: facility: there is no \"kern\"; use one of "
	  "\"daemon\", \"local0\", \"local1\", \"local2\", \"local3\", "
	  "\"local4\", \"local5\", \"local6\", \"local7\", \"user\", \"auth\", "
	  "\"syslog\", \"authpriv\"\n" },
	{ "log={facility=\"?\";};",
	  "f:1: error: value log: facility: there is no \"?\"; use one of "
	  "\"daemon\", \"local0\", \"local1\", \"local2\", \"local3\", "
	  "\"local4\", \"local5\", \"local6\", \"local7\", \"user\", \"auth\", "
	  "\"syslog\", \"authpriv\"\n" },
	{ "control={group=\"a b\";};", "f:1: error: value control: group: \"a "
				       "b\" is not the name of a group of "
				       "users\n" },
	{ "control={group=\"-x\";};", "f:1: error: value control: group: "
				      "\"-x\" is not the name of a group of "
				      "users\n" },
	{ "zones=({name=\"z\";layer=\"LGWAN\";interfaces=[\"e\"];});",
	  "f:1: error: value zone \"z\": layer: there is no \"LGWAN\" (did you "
	  "mean \"lgwan\"?)\n" },
	{ C "bind=\"mca\";" C_END, "f:1: error: value conduit \"c\": bind: "
				   "there is no \"mca\" (did you mean "
				   "\"mac\"?)\n" },

	/* names */
	{ "gateway={name=\"gw 1\";model=\"beta\";guideline=\"R7.3\";};",
	  "f:1: error: value gateway: name: \"gw 1\" " NOT_A_NAME },
	{ "services=({name=\"" LONG_NAME "\";ports=[\"tcp/1\"];});", "" },
	{ "services=({name=\"" LONG_NAME "2\";ports=[\"tcp/1\"];});",
	  "f:1: error: value service \"" LONG_NAME "2\": name: \"" LONG_NAME
	  "2\" " NOT_A_NAME },
	{ "services=({name=\"-a\";ports=[\"tcp/1\"];});",
	  "f:1: error: value service \"-a\": name: \"-a\" " NOT_A_NAME },
	{ "services=({name=\"ポート\";ports=[\"tcp/1\"];});",
	  "f:1: error: value service \"ポート\": name: \"ポート\" " NOT_A_NAME },
	{ "services=({name=\"101\";ports=[\"tcp/1\"];});", "" },
	{ "services=({name=\"1.2.3\";ports=[\"tcp/1\"];});",
	  "f:1: error: value service \"1.2.3\": name: \"1.2.3\" looks like an "
	  "address, which a name must not\n" },
	{ "services=({name=\"tcp/1\";ports=[\"tcp/1\"];});",
	  "f:1: error: value service \"tcp/1\": name: \"tcp/1\" looks like an "
	  "address, which a name must not\n" },
	{ "services=({name=\"\";ports=[\"tcp/1\"];});",
	  "f:1: error: value service \"\": name: \"\" is empty\n" },
	{ "services=({name=\"a\\x0ab\";ports=[\"tcp/1\"];});",
	  "f:1: error: value service \"a\\x0ab\": name: \"a\\x0ab\" has a "
	  "control character in it; remove it\n" },

	/* texts */
	{ Z "label=\"" FIFTY FIFTY FIFTY FIFTY FIFTY "01234\";" Z_END, "" },
	{ Z "label=\"" FIFTY FIFTY FIFTY FIFTY FIFTY "012345\";" Z_END,
	  "f:1: error: limit zone \"z\": label: the text has 256 bytes; the "
	  "limit is 255\n" },
	{ Z "label=\"\";" Z_END,
	  "f:1: error: value zone \"z\": label: \"\" is empty\n" },
	{ Z "label=\"a\tb\";" Z_END,
	  "f:1: error: value zone \"z\": label: \"a\\x09b\" has a control "
	  "character in it; remove it\n" },
	{ Z "label=\"a\\nb\";" Z_END,
	  "f:1: error: value zone \"z\": label: \"a\\x0ab\" has a control "
	  "character in it; remove it\n" },
	{ Z "label=\"\\xe2\\x80\\xae\";" Z_END,
	  "f:1: error: value zone \"z\": label: \"\\xe2\\x80\\xae\" has a "
	  "control character in it; remove it\n" },
	{ Z "label=\"\x93\xe0\x91\xa4\";" Z_END,
	  "f:1: error: value zone \"z\": label: \"\\x93\\xe0\\x91\\xa4\" is "
	  "not UTF-8; save the file as UTF-8\n" },
	{ Z "label=\"a\\x00b\";" Z_END,
	  "f:1: error: syntax \\x00 would end the text before its closing "
	  "quote; remove it\n" },
	{ Z "label=\"\\\\x00\";" Z_END, "" },

	/* zones */
	{ "zones=({name=\"z\";layer=\"lgwan\";interfaces=[];});",
	  "f:1: error: value zone \"z\": interfaces must not be empty\n" },
	{ "zones=({name=\"z\";layer=\"lgwan\";interfaces=[\"eth0.11@x-_+=!%\""
	  "];});",
	  "" },
	{ "zones=({name=\"z\";layer=\"lgwan\";interfaces=[\n\"a/b\",\n\"a b\","
	  "\n\"a\\\"\",\n\"a'\",\n\"a\\\\\",\n\"a*\",\n\"a:1\",\n\"..\",\n"
	  "\"0123456789abcdef\",\n\"\xe3\x81\x82\"];});",
	  "f:2: error: value zone \"z\": interfaces: \"a/b\" " NOT_AN_INTERFACE
	  "f:3: error: value zone \"z\": interfaces: \"a b\" " NOT_AN_INTERFACE
	  "f:4: error: value zone \"z\": interfaces: \"a\\\"\" " NOT_AN_INTERFACE
	  "f:5: error: value zone \"z\": interfaces: \"a'\" " NOT_AN_INTERFACE
	  "f:6: error: value zone \"z\": interfaces: \"a\\\\\" " NOT_AN_INTERFACE
	  "f:7: error: value zone \"z\": interfaces: \"a*\" " NOT_AN_INTERFACE
	  "f:8: error: value zone \"z\": interfaces: \"a:1\" " NOT_AN_INTERFACE
	  "f:9: error: value zone \"z\": interfaces: \"..\" " NOT_AN_INTERFACE
	  "f:10: error: value zone \"z\": interfaces: "
	  "\"0123456789abcdef\" " NOT_AN_INTERFACE
	  "f:11: error: value zone \"z\": interfaces: "
	  "\"\xe3\x81\x82\" " NOT_AN_INTERFACE },
	{ Z "networks=[\"10.1.2.3/16\",\n\"fd00::1/64\",\n\"10.0.0.0/33\",\n"
	    "\"lgwan\"];" Z_END,
	  "f:1: error: value zone \"z\": networks: \"10.1.2.3/16\" has bits "
	  "set behind its length; write \"10.1.0.0/16\"\n"
	  "f:2: error: value zone \"z\": networks: \"fd00::1/64\" has bits "
	  "set behind its length; write \"fd00::/64\"\n"
	  "f:3: error: value zone \"z\": networks: \"10.0.0.0/33\" is not an "
	  "address or a prefix, such as \"10.1.0.0/16\" or \"fd00::/64\"\n"
	  "f:4: error: value zone \"z\": networks: \"lgwan\" is not an address "
	  "or a prefix, such as \"10.1.0.0/16\" or \"fd00::/64\"\n" },
	{ Z "next_hop_mac=\"02-00-5e-00-53-01\";" Z_END,
	  "f:1: error: value zone \"z\": next_hop_mac: \"02-00-5e-00-53-01\" "
	  "is not a MAC address, such as \"02:00:5e:00:53:01\"\n" },

	/* hosts */
	{ H "addresses=[];" H_END,
	  "f:1: error: value host \"h\": addresses must not be empty\n" },
	{ H "addresses=[\"10.0.0.0/8\",\n\"10.0.0.1\",\n\"x\"];" H_END,
	  "f:1: error: value host \"h\": addresses: \"10.0.0.0/8\" is not an "
	  "address, such as \"10.1.2.3\" or \"fd00::1\"\n"
	  "f:3: error: value host \"h\": addresses: \"x\" is not an address, "
	  "such as \"10.1.2.3\" or \"fd00::1\"\n" },
	{ H "addresses=[\"10.0.0.1\"];mac=\"ff:ff:ff:ff:ff:ff\";" H_END,
	  "f:1: error: value host \"h\": mac: \"ff:ff:ff:ff:ff:ff\" is a group "
	  "address or zero, which no interface has as its own\n" },

	/* services */
	{ "services=({name=\"s\";ports=[\"tcp/0\",\n\"icmp/echo-reply\",\n"
	  "\"http\"];});",
	  "f:1: error: value service \"s\": ports: \"tcp/0\" is port 0, or a "
	  "range that ends before it starts\n"
	  "f:2: error: value service \"s\": ports: \"icmp/echo-reply\" opens "
	  "no flow; errors and replies pass with the flow that they belong "
	  "to, so remove it\n"
	  "f:3: error: value service \"s\": ports: \"http\" is not a service, "
	  "such as \"tcp/443\", \"udp/3478-3481\" or \"icmp/echo-request\"\n" },

	/* conduits */
	{ "conduits=({name=\"c\";kind=\"scren\";from=[];to=[\"a b\",\n"
	  "\"10.1.2.300\",\n\"10.1.2.3/8\",\n\"fd00::x\"];services=[\"x y\","
	  "\n\"tpc/1\"];});",
	  "f:1: error: value conduit \"c\": kind: there is no \"scren\" (did "
	  "you mean \"screen\"?)\n"
	  "f:1: error: value conduit \"c\": from must not be empty\n"
	  "f:1: error: value conduit \"c\": to: \"a b\" " NOT_A_NAME
	  "f:2: error: value conduit \"c\": to: \"10.1.2.300\" is not an "
	  "address or a prefix, such as \"10.1.0.0/16\" or \"fd00::/64\"\n"
	  "f:3: error: value conduit \"c\": to: \"10.1.2.3/8\" has bits set "
	  "behind its length; write \"10.0.0.0/8\"\n"
	  "f:4: error: value conduit \"c\": to: \"fd00::x\" is not an address "
	  "or a prefix, such as \"10.1.0.0/16\" or \"fd00::/64\"\n"
	  "f:4: error: value conduit \"c\": services: \"x y\" " NOT_A_NAME
	  "f:5: error: value conduit \"c\": services: \"tpc/1\" is not a "
	  "service, such as \"tcp/443\", \"udp/3478-3481\" or "
	  "\"icmp/echo-request\"\n" },
	{ C "approval=\"\";reason=5;" C_END,
	  "f:1: error: value conduit \"c\": approval: \"\" is empty\n"
	  "f:1: error: type conduit \"c\": reason must be a text in double "
	  "quotes, but is a number\n" },
	{ C "valid_from=\"2027-02-29\";" C_END,
	  "f:1: error: value conduit \"c\": valid_from: \"2027-02-29\" " NOT_A_DAY },
	{ C "windows=[];" C_END,
	  "f:1: error: value conduit \"c\": windows must not be empty\n" },
	{ C "windows=\"daily 01:00-02:00\";" C_END,
	  "f:1: error: type conduit \"c\": windows must be an array of texts, "
	  "[ \"...\", \"...\" ], but is a text\n" },
	{ C "windows=[\n\"daily 01:00-02:00\",\n\"Mon-Fri 9:00-17:00\",\n"
	    "\"Tue 03:00-03:00\"];" C_END,
	  "f:3: error: value conduit \"c\": windows: \"Mon-Fri 9:00-17:00\" is "
	  "not a time of the week, such as \"Mon-Fri 09:00-17:00\", \"Sun "
	  "22:00-02:00\" or \"daily 01:00-04:00\"\n"
	  "f:4: error: value conduit \"c\": windows: \"Tue 03:00-03:00\" ends "
	  "when it begins; for a whole day write \"daily 00:00-24:00\"\n" },
	{ C "valid_until=20270331;" C_END,
	  "f:1: error: type conduit \"c\": valid_until must be a text in "
	  "double quotes, but is a number\n" },

	/* syntax: nothing else is said about this file */
	{ "zonse=();\nformat=;",
	  "f:2: error: syntax expected a value, but found \";\"\n" },
	{ "format=1;\n@include \"/etc/shadow\"",
	  "f:2: error: syntax @include is not supported; put the settings "
	  "into this file, or into one of their own in conf.d\n" },
};

START_TEST(test_cases)
{
	ck_assert_int_eq(parse("f", cases[_i].text),
			 *cases[_i].findings ? -EINVAL : 0);
	check_findings(cases[_i].findings);
}
END_TEST

/* What is wrong is left out of the model, and the rest is kept. */
START_TEST(test_entries_with_mistakes_are_kept)
{
	const struct model_conduit *conduit;

	ck_assert_int_eq(parse("f", "conduits=(\n{name=\"a b\";kind=\"x\";from="
				    "[\"y\",\n\"10.1.2.3/8\",\n\"z\"];bind="
				    "\"q\";reason=\"\";valid_until=\"x\"});"),
			 -EINVAL);
	ck_assert_uint_eq(model->n_conduits, 1);
	conduit = model->conduits;
	ck_assert_ptr_null(conduit->name.text);
	check_place(&conduit->name.at, "f", 2);
	ck_assert_int_eq(conduit->kind, 0);
	ck_assert_int_eq(conduit->bind, BIND_IP);
	ck_assert_uint_eq(conduit->n_from, 2);
	check_word(&conduit->from[0].text, "y", 2);
	check_word(&conduit->from[1].text, "z", 4);
	ck_assert(!conduit->from[1].is_prefix);
	ck_assert_uint_eq(conduit->n_to, 0);
	ck_assert_ptr_null(conduit->reason);
	ck_assert(!conduit->has_valid_until);
}
END_TEST

static const struct {
	const char *text;
	bool right;
} dates[] = {
	{ "2027-03-31", true },	 { "2000-02-29", true },
	{ "2100-02-28", true },	 { "2024-02-29", true },
	{ "9999-12-31", true },	 { "2100-02-29", false },
	{ "2027-02-29", false }, { "2027-04-31", false },
	{ "2027-00-10", false }, { "2027-13-01", false },
	{ "2027-01-00", false }, { "2027-01-32", false },
	{ "0008-03-31", false }, { "1999-12-31", false },
	{ "2027-3-31", false },	 { "2027-03-31 ", false },
	{ "2027/03/31", false }, { "20270331", false },
	{ "31-03-2027", false }, { "+027-03-31", false },
	{ "2027-03-3", false },	 { "2027-03-311", false },
	{ "R8-03-31", false },	 { "", false },
	{ "2027-03-", false },	 { "2027", false },
};

START_TEST(test_dates)
{
	char text[300], finding[300];

	snprintf(text, sizeof(text), C "valid_until=\"%s\";" C_END,
		 dates[_i].text);
	snprintf(
		finding, sizeof(finding),
		"f:1: error: value conduit \"c\": valid_until: \"%s\" " NOT_A_DAY,
		dates[_i].text);
	parse("f", text);
	check_findings(dates[_i].right ? "" : finding);
	ck_assert_int_eq(model->conduits[0].has_valid_until, dates[_i].right);
}
END_TEST

/* @n times @part, with commas, between @start and @end; to be freed */
static char *repeat(const char *start, const char *part, const char *end,
		    unsigned int n)
{
	char *text = malloc(strlen(start) + (strlen(part) + 1) * n +
			    strlen(end) + 1);
	char *at = text;
	unsigned int i;

	ck_assert_ptr_nonnull(text);
	at = stpcpy(at, start);
	for (i = 0; i < n; i++) {
		if (i)
			*at++ = ',';
		at = stpcpy(at, part);
	}
	stpcpy(at, end);
	return text;
}

/* What is repeated how often between which ends */
static const struct {
	const char *start, *part, *end;
	unsigned int n;
	const char *findings;
} limits[] = {
	{ "zones=(", "{name=\"z\";layer=\"other\";interfaces=[\"e\"]}", ");",
	  255, "" },
	{ "zones=(", "\n{name=\"z\";layer=\"other\";interfaces=[\"e\"]}", ");",
	  257,
	  "f:257: error: limit there are too many zones; the limit is 255\n" },
	{ "zones=({name=\"z\";layer=\"other\";interfaces=[", "\"e\"", "];});",
	  32, "" },
	{ "zones=({name=\"z\";layer=\"other\";interfaces=[", "\"e\"", "];});",
	  33,
	  "f:1: error: limit zone \"z\": interfaces has 33 elements; the limit "
	  "is 32\n" },
	{ Z "networks=[", "\"10.0.0.0/8\"", "]" Z_END, 4096, "" },
	{ Z "networks=[", "\"10.0.0.0/8\"", "]" Z_END, 4097,
	  "f:1: error: limit zone \"z\": networks has 4097 elements; the limit "
	  "is 4096\n" },
	{ H "addresses=[", "\"10.0.0.1\"", "]" H_END, 65,
	  "f:1: error: limit host \"h\": addresses has 65 elements; the limit "
	  "is 64\n" },
	{ "services=({name=\"s\";ports=[", "\"tcp/1\"", "]});", 257,
	  "f:1: error: limit service \"s\": ports has 257 elements; the limit "
	  "is 256\n" },
	{ "conduits=({name=\"c\";kind=\"plain\";to=[\"x\"];services=[\"s\"];"
	  "from=[",
	  "\"a\"", "]});", 4097,
	  "f:1: error: limit conduit \"c\": from has 4097 elements; the limit "
	  "is 4096\n" },
	{ "conduits=({name=\"c\";kind=\"plain\";to=[\"x\"];from=[\"s\"];"
	  "services=[",
	  "\"a\"", "]});", 257,
	  "f:1: error: limit conduit \"c\": services has 257 elements; the "
	  "limit is 256\n" },
	{ C "windows=[", "\"daily 01:00-02:00\"", "];" C_END, 33,
	  "f:1: error: limit conduit \"c\": windows has 33 elements; the limit "
	  "is 32\n" },
	{ "lists=(", "\n{name=\"l\";file=\"x\"}", ");", 1025,
	  "f:1026: error: limit there are too many lists; the limit is "
	  "1024\n" },
	{ "conduits=(",
	  "\n{name=\"c\";kind=\"plain\";from=[\"x\"];to=[\"y\"];services=["
	  "\"s\"]}",
	  ");", 100000, "" },
};

START_TEST(test_limits)
{
	char *text = repeat(limits[_i].start, limits[_i].part, limits[_i].end,
			    limits[_i].n);

	parse("f", text);
	free(text);
	check_findings(limits[_i].findings);
}
END_TEST

/* Long lists are read in pieces, of which nobody should notice anything. */
static const struct {
	const char *start, *part, *end;
	unsigned int n;
	const char *findings;
} long_lists[] = {
	{ "foo=(", "{}", ");", 5000,
	  "f:1: error: unknown there is no setting \"foo\"; remove it\n" },
	{ "\ngateway=(", "\n{}", ");", 5000,
	  "f:2: error: type gateway must be a group, { ... }, but is a "
	  "list\n" },
	{ "zones=(", "\n{name=\"z\";layer=\"other\";interfaces=[\"e\"]}",
	  ");nam=1;", 5000,
	  "f:257: error: limit there are too many zones; the limit is 255\n"
	  "f:5001: error: unknown there is no setting \"nam\"; remove it\n" },
	{ "services=(", "{name=\"s\";ports=[\"tcp/1\"]}",
	  ",\n{ports=[\"tcp/1\"]});\nlists=({});", 3000,
	  "f:2: error: missing service 3001: the setting \"name\" is "
	  "missing\n"
	  "f:3: error: missing list 1: the setting \"name\" is missing\n"
	  "f:3: error: missing list 1: the setting \"file\" is missing\n" },
};

START_TEST(test_long_lists)
{
	char *text = repeat(long_lists[_i].start, long_lists[_i].part,
			    long_lists[_i].end, long_lists[_i].n);

	parse("f", text);
	free(text);
	check_findings(long_lists[_i].findings);
}
END_TEST

START_TEST(test_lists_go_on_in_further_files)
{
	ck_assert_int_eq(parse("f", whole), 0);
	ck_assert_int_eq(parse("g", "format = 1;\nzones = ({ name = \"more\"; "
				    "layer = \"other\";\ninterfaces = "
				    "[\"eth9\"]; });"),
			 0);
	ck_assert_uint_eq(model->n_zones, 4);
	ck_assert_str_eq(model->zones[0].name.text, "in");
	check_place(&model->zones[3].name.at, "g", 2);
	check_place(&model->zones[3].interfaces[0].at, "g", 3);
	ck_assert_int_eq(conf_finish(model, "f", &diag), 0);
}
END_TEST

START_TEST(test_single_groups_are_single)
{
	ck_assert_int_eq(parse("f", whole), 0);
	ck_assert_int_eq(parse("g", "gateway={};\nlog={};\ncontrol={};\n"),
			 -EINVAL);
	check_findings("g:1: error: duplicate \"gateway\" is already there; "
		       "remove one of the two (see f:2)\n"
		       "g:2: error: duplicate \"log\" is already there; "
		       "remove one of the two (see f:5)\n"
		       "g:3: error: duplicate \"control\" is already there; "
		       "remove one of the two (see f:6)\n");
	check_word(&model->gateway_name, "gw1", 3);
}
END_TEST

START_TEST(test_zones_of_all_files_are_counted)
{
	char text[100];
	unsigned int i;

	for (i = 0; i < 255; i++) {
		snprintf(text, sizeof(text),
			 "zones=({name=\"z%u\";layer=\"other\";interfaces=["
			 "\"e\"]});",
			 i);
		ck_assert_int_eq(parse("f", text), 0);
	}
	ck_assert_int_eq(parse("g", "zones=({});"), -EINVAL);
	check_findings("g:1: error: limit there are too many zones; the limit "
		       "is 255\n");
	ck_assert_uint_eq(model->n_zones, 255);
}
END_TEST

START_TEST(test_watch)
{
	ck_assert(model->watch.ownership && !model->watch.alert);
	ck_assert_uint_eq(model->watch.compare_seconds, 60);
	ck_assert_int_eq(parse("f", "watch={ownership=false;mode=\"alert\";"
				    "compare_seconds=86400;};"),
			 0);
	ck_assert(!model->watch.ownership && model->watch.alert);
	ck_assert_uint_eq(model->watch.compare_seconds, 86400);
	ck_assert_int_eq(parse("g", "\nwatch={mode=\"repair\";};"), -EINVAL);
	check_findings("g:2: error: duplicate \"watch\" is already there; "
		       "remove one of the two (see f:1)\n");
	ck_assert(model->watch.alert);
}
END_TEST

/* A value with a mistake is as if it were not there. */
START_TEST(test_history)
{
	ck_assert_uint_eq(model->keeping.generations, 100);
	ck_assert_uint_eq(model->keeping.days, 400);
	ck_assert(!model->keeping.journal_required);
	ck_assert_int_eq(parse("f", "history={generations=2;days=0;"
				    "journal=\"required\";};"),
			 0);
	ck_assert_uint_eq(model->keeping.generations, 2);
	ck_assert_uint_eq(model->keeping.days, 0);
	ck_assert(model->keeping.journal_required);
}
END_TEST

START_TEST(test_watch_with_mistakes)
{
	ck_assert_int_eq(parse("f", "watch={ownership=0;mode=\"?\";"
				    "compare_seconds=86401;};"),
			 -EINVAL);
	check_findings("f:1: error: type watch: ownership must be true or "
		       "false, without quotes, but is a number\n"
		       "f:1: error: value watch: mode: there is no \"?\"; use "
		       "one of \"repair\", \"alert\"\n"
		       "f:1: error: value watch: compare_seconds must be 5 to "
		       "86400\n");
	ck_assert(model->watch.ownership && !model->watch.alert);
	ck_assert_uint_eq(model->watch.compare_seconds, 60);
}
END_TEST

START_TEST(test_sysctls)
{
	ck_assert_int_eq(parse("f", "sysctls=[\"net.ipv4.ip_forward = 1\",\n"
				    "\"net/ipv4/conf/e.1/rp_filter=2\"];"),
			 0);
	ck_assert_int_eq(parse("g", "sysctls=[];"), 0);
	ck_assert_int_eq(parse("h", "sysctls=[\"net.core.somaxconn=1\",\n"
				    "\"net.ipv4.conf.e/1.rp_filter=1\"];"),
			 -EINVAL);
	check_findings("h:2: error: duplicate the sysctl "
		       "\"net.ipv4.conf.e/1.rp_filter\" is claimed twice (see "
		       "f:2)\n");
	ck_assert_uint_eq(model->n_sysctls, 3);
	ck_assert_str_eq(model->sysctls[0].name, "net.ipv4.ip_forward");
	ck_assert_str_eq(model->sysctls[0].value, "1");
	check_place(&model->sysctls[0].at, "f", 1);
	ck_assert_str_eq(model->sysctls[1].name, "net.ipv4.conf.e/1.rp_filter");
	ck_assert_str_eq(model->sysctls[1].value, "2");
	check_place(&model->sysctls[1].at, "f", 2);
	ck_assert_str_eq(model->sysctls[2].name, "net.core.somaxconn");
	check_place(&model->sysctls[2].at, "h", 1);
}
END_TEST

START_TEST(test_sysctls_of_all_files_are_counted)
{
	char text[100];
	unsigned int i;

	for (i = 0; i < 256; i++) {
		snprintf(text, sizeof(text), "sysctls=[\"net.x%u=1\"];", i);
		ck_assert_int_eq(parse("f", text), 0);
	}
	ck_assert_int_eq(parse("g", "sysctls=[\n\"net.a=1\",\n\"net.b=1\"];"),
			 -EINVAL);
	check_findings("g:2: error: limit there are too many sysctls; the "
		       "limit is 256\n");
	ck_assert_uint_eq(model->n_sysctls, 256);
}
END_TEST

START_TEST(test_finish)
{
	ck_assert_int_eq(parse("f", "# nothing"), 0);
	ck_assert_int_eq(conf_finish(model, "f", &diag), -EINVAL);
	check_findings("f: error: missing the setting \"format\" is missing; "
		       "write format = 1;\n"
		       "f: error: missing the setting \"gateway\" is missing; "
		       "it says what this gateway is called and which model "
		       "and guideline it follows\n");
}
END_TEST

/* What a file that cannot be read does not say is not missing. */
START_TEST(test_finish_after_syntax)
{
	ck_assert_int_eq(parse("f", "format = 1"), 0);
	ck_assert_int_eq(parse("f", "gateway = {"), -EINVAL);
	ck_assert_int_eq(conf_finish(model, "f", &diag), 0);
	ck_assert_uint_eq(diag.n_errors, 1);
}
END_TEST

START_TEST(test_nothing_but_mistakes)
{
	char *text = repeat("conduits=(", "{frm=1}", ");", 200000);

	ck_assert_int_eq(parse("f", text), -EINVAL);
	free(text);
	ck_assert_uint_eq(diag.n_findings, DIAG_MAX);
	ck_assert_uint_ge(diag.n_errors, DIAG_MAX);
}
END_TEST

#define NO_PREFIX                                                              \
	"is not an address or a prefix; write one a line, and \"#\" before a " \
	"comment\n"

static const struct {
	const char *text;
	size_t n_prefixes;
	const char *findings;
} lists[] = {
	{ "10.0.0.0/8", 1, "" },
	{ "# Japan East\r\n\r\n 10.0.0.0/8\t# one\r\nfd00::/64#two\n10.0.0.1",
	  3, "" },
	{ "", 0,
	  "l: error: missing there is no address and no prefix in the list\n" },
	{ "\n# none\n", 0,
	  "l: error: missing there is no address and no prefix in the list\n" },
	{ "10.0.0.0/8\n10.1.2.3/8\n10.0.0.0/8 10.1.0.0/16\nx\n", 1,
	  "l:2: error: value \"10.1.2.3/8\" has bits set behind its length; "
	  "write \"10.0.0.0/8\"\n"
	  "l:3: error: value \"10.0.0.0/8 10.1.0.0/16\" " NO_PREFIX
	  "l:4: error: value \"x\" " NO_PREFIX },
	{ "\xef\xbb\xbf"
	  "10.0.0.0/8",
	  0,
	  "l:1: error: value \"\\xef\\xbb\\xbf"
	  "10.0.0.0/8\" " NO_PREFIX },
	{ FIFTY FIFTY "\n", 0,
	  "l:1: error: value \"" FIFTY TEN TEN TEN TEN "...\" " NO_PREFIX },
};

START_TEST(test_list)
{
	struct model_list list = { .name = { "cloud", { NULL, 0 } } };

	ck_assert_int_eq(conf_parse_list(model, &list, "l", lists[_i].text,
					 strlen(lists[_i].text), &diag),
			 *lists[_i].findings ? -EINVAL : 0);
	check_findings(lists[_i].findings);
	ck_assert_uint_eq(list.n_prefixes, lists[_i].n_prefixes);
}
END_TEST

START_TEST(test_list_places)
{
	static const char text[] = "\n10.0.0.0/8\n\n\nfd00::\0x\nfd00::1";
	struct model_list list = { .name = { NULL, { NULL, 0 } } };

	ck_assert_int_eq(conf_parse_list(model, &list, "l", text,
					 sizeof(text) - 1, &diag),
			 -EINVAL);
	check_findings("l:5: error: value \"fd00::\\x00x\" " NO_PREFIX);
	ck_assert_uint_eq(list.n_prefixes, 2);
	check_place(&list.prefixes[0].at, "l", 2);
	check_prefix(&list.prefixes[0].prefix, "10.0.0.0/8");
	check_place(&list.prefixes[1].at, "l", 6);
	check_prefix(&list.prefixes[1].prefix, "fd00::1/128");
}
END_TEST

/* Words are written in files and evidence: they never change. */
START_TEST(test_words)
{
	static const char *const kinds[] = {
		"plain",    "screen",  "mail-text",	   "mail-out",
		"file-cdr", "special", "trusted-external", "specified-cloud",
	};
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ck_assert_int_eq(kind_by_name(kinds[i]), i + 1);
		ck_assert_str_eq(kind_name(i + 1), kinds[i]);
	}
	ck_assert_str_eq(kind_name(0), "?");
	ck_assert_str_eq(kind_name(i + 1), "?");
	ck_assert_int_eq(kind_by_name("?"), 0);
	ck_assert_int_eq(layer_by_name("individual-number"),
			 LAYER_INDIVIDUAL_NUMBER);
	ck_assert_int_eq(layer_by_name("lgwan"), LAYER_LGWAN);
	ck_assert_int_eq(layer_by_name("internet"), LAYER_INTERNET);
	ck_assert_str_eq(layer_name(LAYER_OTHER), "other");
	ck_assert_int_eq(model_by_name("alpha"), MODEL_ALPHA);
	ck_assert_int_eq(model_by_name("beta"), MODEL_BETA);
	ck_assert_str_eq(model_name(MODEL_ALPHA_PRIME), "alpha-prime");
	ck_assert_str_eq(model_name(MODEL_BETA_PRIME), "beta-prime");
	ck_assert_int_eq(edition_by_name("R4.3"), EDITION_R4_3);
	ck_assert_int_eq(edition_by_name("R6.10"), EDITION_R6_10);
	ck_assert_str_eq(edition_name(EDITION_R7_3), "R7.3");
	ck_assert_int_eq(edition_by_name(""), 0);
}
END_TEST

Suite *test_conf_suite(void)
{
	Suite *suite = suite_create("conf");
	TCase *tc = tcase_create("conf");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_whole);
	tcase_add_test(tc, test_cut_off);
	tcase_add_loop_test(tc, test_cases, 0, ARRAY_LEN(cases));
	tcase_add_test(tc, test_entries_with_mistakes_are_kept);
	tcase_add_loop_test(tc, test_dates, 0, ARRAY_LEN(dates));
	tcase_add_loop_test(tc, test_limits, 0, ARRAY_LEN(limits));
	tcase_add_loop_test(tc, test_long_lists, 0, ARRAY_LEN(long_lists));
	tcase_add_test(tc, test_lists_go_on_in_further_files);
	tcase_add_test(tc, test_single_groups_are_single);
	tcase_add_test(tc, test_zones_of_all_files_are_counted);
	tcase_add_test(tc, test_watch);
	tcase_add_test(tc, test_history);
	tcase_add_test(tc, test_watch_with_mistakes);
	tcase_add_test(tc, test_sysctls);
	tcase_add_test(tc, test_sysctls_of_all_files_are_counted);
	tcase_add_test(tc, test_finish);
	tcase_add_test(tc, test_finish_after_syntax);
	tcase_add_test(tc, test_nothing_but_mistakes);
	tcase_add_loop_test(tc, test_list, 0, ARRAY_LEN(lists));
	tcase_add_test(tc, test_list_places);
	tcase_add_test(tc, test_words);
	suite_add_tcase(suite, tc);
	return suite;
}
