// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses, prefixes, MACs and services: what is read and what is refused,
 * how it prints, and the arithmetic of ranges at their ends.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "addr.h"
#include "suites.h"

#define ARRAY_LEN(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* @print: how it prints again; NULL when it must be refused */
static const struct {
	const char *text;
	const char *print;
} addrs[] = {
	{ "10.1.2.3", "10.1.2.3" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "::", "::" },
	{ "FD00:0:0::0:1", "fd00::1" },
	{ "::ffff:10.1.2.3", "::ffff:10.1.2.3" },
	{ "", NULL },
	{ "10.1.2", NULL },
	{ "10.1.2.256", NULL },
	{ "10.1.2.03", NULL },
	{ "10.1.2.0x3", NULL },
	{ " 10.1.2.3", NULL },
	{ "10.1.2.3 ", NULL },
	{ "10.1.2.3/32", NULL },
	{ "fe80::1%eth0", NULL },
	{ "fd00::1::2", NULL },
	{ "fd00", NULL },
	{ "gateway", NULL },
};

START_TEST(test_addr_parse)
{
	struct addr addr = { .family = 99 };
	char buf[ADDR_TEXT];
	int ret = addr_parse(addrs[_i].text, &addr);

	if (!addrs[_i].print) {
		ck_assert_int_eq(ret, -EINVAL);
		ck_assert_uint_eq(addr.family, 99);
		return;
	}
	ck_assert_int_eq(ret, 0);
	ck_assert_str_eq(addr_print(&addr, buf), addrs[_i].print);
	ck_assert_uint_eq(addr_bits(&addr),
			  strchr(addrs[_i].text, ':') ? 128 : 32);
}
END_TEST

static const struct {
	const char *text;
	int ret;
	const char *print, *last;
} prefixes[] = {
	{ "10.1.0.0/16", 0, "10.1.0.0/16", "10.1.255.255" },
	{ "10.1.2.3", 0, "10.1.2.3/32", "10.1.2.3" },
	{ "0.0.0.0/0", 0, "0.0.0.0/0", "255.255.255.255" },
	{ "128.0.0.0/1", 0, "128.0.0.0/1", "255.255.255.255" },
	{ "10.1.2.2/31", 0, "10.1.2.2/31", "10.1.2.3" },
	{ "10.1.2.3/31", -EDOM, "10.1.2.2/31", "10.1.2.3" },
	{ "10.1.2.3/16", -EDOM, "10.1.0.0/16", "10.1.255.255" },
	{ "10.64.0.0/9", -EDOM, "10.0.0.0/9", "10.127.255.255" },
	{ "::/0", 0, "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "fd00::/64", 0, "fd00::/64", "fd00::ffff:ffff:ffff:ffff" },
	{ "fd00::1", 0, "fd00::1/128", "fd00::1" },
	{ "fd00::1/127", -EDOM, "fd00::/127", "fd00::1" },
	{ "", -EINVAL, NULL, NULL },
	{ "/8", -EINVAL, NULL, NULL },
	{ "10.0.0.0/", -EINVAL, NULL, NULL },
	{ "10.0.0.0/33", -EINVAL, NULL, NULL },
	{ "10.0.0.0/08", -EINVAL, NULL, NULL },
	{ "10.0.0.0/+8", -EINVAL, NULL, NULL },
	{ "10.0.0.0/-0", -EINVAL, NULL, NULL },
	{ "10.0.0.0/8 ", -EINVAL, NULL, NULL },
	{ "10.0.0.0/4294967304", -EINVAL, NULL, NULL },
	{ "10.0.0.0/255.0.0.0", -EINVAL, NULL, NULL },
	{ "10.0.0.0/8/8", -EINVAL, NULL, NULL },
	{ "10.0.0/8", -EINVAL, NULL, NULL },
	{ "fd00::/129", -EINVAL, NULL, NULL },
	{ "00000000000000000000000000000000000000000000000000000000000::/8",
	  -EINVAL, NULL, NULL },
};

START_TEST(test_prefix_parse)
{
	struct prefix prefix = { .len = 99 };
	struct addr first, last;
	char buf[ADDR_TEXT];
	int ret = prefix_parse(prefixes[_i].text, &prefix);

	ck_assert_int_eq(ret, prefixes[_i].ret);
	if (ret == -EINVAL) {
		ck_assert_uint_eq(prefix.len, 99);
		return;
	}
	ck_assert_str_eq(prefix_print(&prefix, buf), prefixes[_i].print);
	first = prefix_first(&prefix);
	last = prefix_last(&prefix);
	ck_assert_str_eq(addr_print(&last, buf), prefixes[_i].last);
	ck_assert(prefix_has_addr(&prefix, &first));
	ck_assert(prefix_has_addr(&prefix, &last));
	if (addr_next(&last, &last))
		ck_assert(!prefix_has_addr(&prefix, &last));
}
END_TEST

/* Of two prefixes: does the first cover the second, do they overlap, order */
static const struct {
	const char *a, *b;
	bool covers, overlaps;
	int cmp;
} pairs[] = {
	{ "10.0.0.0/8", "10.1.0.0/16", true, true, -1 },
	{ "10.1.0.0/16", "10.0.0.0/8", false, true, 1 },
	{ "10.1.0.0/16", "10.1.0.0/16", true, true, 0 },
	{ "10.1.0.0/16", "10.1.0.0/24", true, true, -1 },
	{ "10.1.0.0/16", "10.2.0.0/16", false, false, -1 },
	{ "10.1.0.0/17", "10.1.128.0/17", false, false, -1 },
	{ "10.1.0.0/31", "10.1.0.2/31", false, false, -1 },
	{ "0.0.0.0/0", "::/0", false, false, -1 },
	{ "::/0", "0.0.0.0/0", false, false, 1 },
	{ "::/0", "fd00::1", true, true, -1 },
	{ "fd00::/63", "fd00:0:0:1::/64", true, true, -1 },
	{ "fd00::/64", "fd00:0:0:1::/64", false, false, -1 },
	{ "255.0.0.0/8", "::/128", false, false, -1 },
};

START_TEST(test_prefix_pairs)
{
	struct prefix a, b;
	int cmp;

	ck_assert_int_eq(prefix_parse(pairs[_i].a, &a), 0);
	ck_assert_int_eq(prefix_parse(pairs[_i].b, &b), 0);
	ck_assert_int_eq(prefix_covers(&a, &b), pairs[_i].covers);
	ck_assert_int_eq(prefix_overlaps(&a, &b), pairs[_i].overlaps);
	ck_assert_int_eq(prefix_overlaps(&b, &a), pairs[_i].overlaps);
	cmp = prefix_cmp(&a, &b);
	ck_assert_int_eq((cmp > 0) - (cmp < 0), pairs[_i].cmp);
	cmp = prefix_cmp(&b, &a);
	ck_assert_int_eq((cmp < 0) - (cmp > 0), pairs[_i].cmp);
}
END_TEST

static const struct {
	const char *text, *next; /* NULL behind the last address */
} nexts[] = {
	{ "10.0.0.1", "10.0.0.2" },
	{ "10.0.255.255", "10.1.0.0" },
	{ "255.255.255.254", "255.255.255.255" },
	{ "255.255.255.255", NULL },
	{ "::ffff:ffff", "::1:0:0" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
};

START_TEST(test_addr_next)
{
	struct addr addr, next = { .family = 99 };
	char buf[ADDR_TEXT];

	ck_assert_int_eq(addr_parse(nexts[_i].text, &addr), 0);
	if (!nexts[_i].next) {
		ck_assert(!addr_next(&addr, &next));
		ck_assert_uint_eq(next.family, 99);
		return;
	}
	ck_assert(addr_next(&addr, &next));
	ck_assert_str_eq(addr_print(&next, buf), nexts[_i].next);
	ck_assert_int_lt(addr_cmp(&addr, &next), 0);
	ck_assert_int_gt(addr_cmp(&next, &addr), 0);
	ck_assert_int_eq(addr_cmp(&addr, &addr), 0);
}
END_TEST

static const struct {
	const char *text;
	int ret;
} macs[] = {
	{ "02:00:5e:00:53:01", 0 },	   { "02:00:5E:aB:Cd:01", 0 },
	{ "00:00:00:00:00:01", 0 },	   { "01:00:5e:00:00:01", -EDOM },
	{ "33:33:00:00:00:01", -EDOM },	   { "ff:ff:ff:ff:ff:ff", -EDOM },
	{ "00:00:00:00:00:00", -EDOM },	   { "", -EINVAL },
	{ "02-00-5e-00-53-01", -EINVAL },  { "02:00:5e:00:53", -EINVAL },
	{ "02:00:5e:00:53:01:", -EINVAL }, { "02:00:5e:00:53:1", -EINVAL },
	{ "02:00:5e:00:53:0g", -EINVAL },  { "02:00:5e:00:53 01", -EINVAL },
	{ "2:000:5e:00:53:01", -EINVAL },  { "02:00:5e:00:53:+1", -EINVAL },
};

START_TEST(test_mac_parse)
{
	struct mac mac = { { 9 } }, other = { { 9 } };
	char buf[ADDR_TEXT];
	int ret = mac_parse(macs[_i].text, &mac);

	ck_assert_int_eq(ret, macs[_i].ret);
	if (ret) {
		ck_assert(mac_equal(&mac, &other));
		return;
	}
	ck_assert_int_eq(strcasecmp(mac_print(&mac, buf), macs[_i].text), 0);
	ck_assert_int_eq(mac_parse(buf, &other), 0);
	ck_assert(mac_equal(&mac, &other));
}
END_TEST

static const struct {
	const char *text;
	int ret;
	const char *print;
	uint8_t proto;
	uint16_t first, last;
} services[] = {
	{ "tcp/443", 0, "tcp/443", IPPROTO_TCP, 443, 443 },
	{ "udp/3478-3481", 0, "udp/3478-3481", IPPROTO_UDP, 3478, 3481 },
	{ "sctp/1-65535", 0, "sctp/1-65535", IPPROTO_SCTP, 1, 65535 },
	{ "tcp/80-80", 0, "tcp/80", IPPROTO_TCP, 80, 80 },
	{ "icmp/echo-request", 0, "icmp/echo-request", IPPROTO_ICMP, 8, 8 },
	{ "icmp/8", 0, "icmp/echo-request", IPPROTO_ICMP, 8, 8 },
	{ "icmp/13", 0, "icmp/timestamp-request", IPPROTO_ICMP, 13, 13 },
	{ "icmp/info-request", 0, "icmp/info-request", IPPROTO_ICMP, 15, 15 },
	{ "icmp/17", 0, "icmp/address-mask-request", IPPROTO_ICMP, 17, 17 },
	{ "icmpv6/echo-request", 0, "icmpv6/echo-request", IPPROTO_ICMPV6, 128,
	  128 },
	{ "icmpv6/128", 0, "icmpv6/echo-request", IPPROTO_ICMPV6, 128, 128 },
	{ "tcp/0", -EDOM, NULL, 0, 0, 0 },
	{ "tcp/0-5", -EDOM, NULL, 0, 0, 0 },
	{ "udp/81-80", -EDOM, NULL, 0, 0, 0 },
	{ "icmp/echo-reply", -ENOTSUP, NULL, 0, 0, 0 },
	{ "icmp/0", -ENOTSUP, NULL, 0, 0, 0 },
	{ "icmp/255", -ENOTSUP, NULL, 0, 0, 0 },
	{ "icmpv6/nd-neighbor-solicit", -ENOTSUP, NULL, 0, 0, 0 },
	{ "icmpv6/8", -ENOTSUP, NULL, 0, 0, 0 },
	{ "icmpv6/timestamp-request", -EINVAL, NULL, 0, 0, 0 },
	{ "icmp/256", -EINVAL, NULL, 0, 0, 0 },
	{ "icmp/8-13", -EINVAL, NULL, 0, 0, 0 },
	{ "icmp/ping", -EINVAL, NULL, 0, 0, 0 },
	{ "icmp/", -EINVAL, NULL, 0, 0, 0 },
	{ "", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp", -EINVAL, NULL, 0, 0, 0 },
	{ "/443", -EINVAL, NULL, 0, 0, 0 },
	{ "443/tcp", -EINVAL, NULL, 0, 0, 0 },
	{ "TCP/443", -EINVAL, NULL, 0, 0, 0 },
	{ "tc/443", -EINVAL, NULL, 0, 0, 0 },
	{ "tcpp/443", -EINVAL, NULL, 0, 0, 0 },
	{ "gre/1", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/http", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/65536", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/4294967318", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/0443", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/+443", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/ 443", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/443 ", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/80-", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/-80", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/80-81-82", -EINVAL, NULL, 0, 0, 0 },
	{ "tcp/80,81", -EINVAL, NULL, 0, 0, 0 },
};

START_TEST(test_service_parse)
{
	struct service service = { .proto = 99 };
	char buf[ADDR_TEXT];
	int ret = service_parse(services[_i].text, &service);

	ck_assert_int_eq(ret, services[_i].ret);
	if (ret) {
		ck_assert_uint_eq(service.proto, 99);
		return;
	}
	ck_assert_uint_eq(service.proto, services[_i].proto);
	ck_assert_uint_eq(service.first, services[_i].first);
	ck_assert_uint_eq(service.last, services[_i].last);
	ck_assert_str_eq(service_print(&service, buf), services[_i].print);
	ck_assert_int_eq(service_is_icmp(&service),
			 !strncmp(services[_i].text, "icmp", 4));
}
END_TEST

START_TEST(test_names_of_the_unknown)
{
	struct service service = { .proto = 47, .first = 3, .last = 3 };
	char buf[ADDR_TEXT];

	ck_assert_ptr_null(proto_name(47));
	ck_assert_str_eq(proto_name(IPPROTO_SCTP), "sctp");
	ck_assert_str_eq(service_print(&service, buf), "?/3");
	service = (struct service){ IPPROTO_ICMP, 200, 200 };
	ck_assert_str_eq(service_print(&service, buf), "icmp/200");
}
END_TEST

Suite *test_addr_suite(void)
{
	Suite *suite = suite_create("addr");
	TCase *tc = tcase_create("addr");

	tcase_add_loop_test(tc, test_addr_parse, 0, ARRAY_LEN(addrs));
	tcase_add_loop_test(tc, test_prefix_parse, 0, ARRAY_LEN(prefixes));
	tcase_add_loop_test(tc, test_prefix_pairs, 0, ARRAY_LEN(pairs));
	tcase_add_loop_test(tc, test_addr_next, 0, ARRAY_LEN(nexts));
	tcase_add_loop_test(tc, test_mac_parse, 0, ARRAY_LEN(macs));
	tcase_add_loop_test(tc, test_service_parse, 0, ARRAY_LEN(services));
	tcase_add_test(tc, test_names_of_the_unknown);
	suite_add_tcase(suite, tc);
	return suite;
}
