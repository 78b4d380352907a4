// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses, prefixes, MACs and services as text and as values. Easy to get
 * wrong: the C library's parsers forgive ("0x50", " 80", "+80", "80abc"), and
 * what a person did not mean would be put in force, so numbers are read digit
 * by digit and a text is either wholly understood or refused.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define FAMILY_IPV4 4
#define FAMILY_IPV6 6

/* Decimal digits without sign, space or leading zeros: @text up to @end. */
static int number_parse(const char *text, const char *end, unsigned int max,
			unsigned int *number)
{
	unsigned int value = 0;
	const char *c;

	if (text == end || (*text == '0' && end - text > 1))
		return -EINVAL;
	for (c = text; c < end; c++) {
		if (*c < '0' || *c > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(*c - '0');
		if (value > max)
			return -EINVAL;
	}
	*number = value;
	return 0;
}

int addr_parse(const char *text, struct addr *addr)
{
	struct addr parsed = { 0 };

	/* inet_pton() takes neither leading zeros nor a scope ("fe80::1%x") */
	if (inet_pton(AF_INET, text, parsed.bytes) == 1)
		parsed.family = FAMILY_IPV4;
	else if (inet_pton(AF_INET6, text, parsed.bytes) == 1)
		parsed.family = FAMILY_IPV6;
	else
		return -EINVAL;
	*addr = parsed;
	return 0;
}

unsigned int addr_bits(const struct addr *addr)
{
	return addr->family == FAMILY_IPV4 ? 32 : 128;
}

/* The bits of byte @i that belong to the host part of a prefix of @len bits. */
static uint8_t host_mask(unsigned int len, unsigned int i)
{
	if (len >= 8 * (i + 1))
		return 0;
	if (len <= 8 * i)
		return 0xff;
	return 0xff >> (len - 8 * i);
}

int prefix_parse(const char *text, struct prefix *prefix)
{
	const char *slash = strchr(text, '/');
	struct prefix parsed = { 0 };
	char addr[INET6_ADDRSTRLEN];
	bool host_bits = false;
	unsigned int i, len;

	if (!slash) {
		if (addr_parse(text, &parsed.addr))
			return -EINVAL;
		parsed.len = addr_bits(&parsed.addr);
		*prefix = parsed;
		return 0;
	}
	if ((size_t)(slash - text) >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, slash - text);
	addr[slash - text] = '\0';
	if (addr_parse(addr, &parsed.addr) ||
	    number_parse(slash + 1, slash + strlen(slash),
			 addr_bits(&parsed.addr), &len))
		return -EINVAL;
	parsed.len = len;
	for (i = 0; i < addr_bits(&parsed.addr) / 8; i++) {
		if (parsed.addr.bytes[i] & host_mask(len, i))
			host_bits = true;
		parsed.addr.bytes[i] &= ~host_mask(len, i);
	}
	*prefix = parsed;
	return host_bits ? -EDOM : 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mac_parse(const char *text, struct mac *mac)
{
	static const struct mac none;
	struct mac parsed;
	unsigned int i;

	if (strlen(text) != 17)
		return -EINVAL;
	for (i = 0; i < 6; i++) {
		int high = hex_digit(text[3 * i]);
		int low = hex_digit(text[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return -EINVAL;
		parsed.bytes[i] = high << 4 | low;
	}
	if ((parsed.bytes[0] & 1) || mac_equal(&parsed, &none))
		return -EDOM;
	*mac = parsed;
	return 0;
}

static const struct {
	const char *name;
	uint8_t proto;
} protos[] = {
	{ "tcp", IPPROTO_TCP },	      { "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },     { "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 },
};

/*
 * Names as nft(8) has them. Those that open a flow are the ones that the
 * kernel takes as new in nf_conntrack_proto_icmp.c and _icmpv6.c.
 */
static const struct {
	const char *name;
	uint8_t proto;
	uint8_t type;
	bool opens_flow;
} icmp_types[] = {
	{ "echo-reply", IPPROTO_ICMP, 0, false },
	{ "destination-unreachable", IPPROTO_ICMP, 3, false },
	{ "source-quench", IPPROTO_ICMP, 4, false },
	{ "redirect", IPPROTO_ICMP, 5, false },
	{ "echo-request", IPPROTO_ICMP, 8, true },
	{ "router-advertisement", IPPROTO_ICMP, 9, false },
	{ "router-solicitation", IPPROTO_ICMP, 10, false },
	{ "time-exceeded", IPPROTO_ICMP, 11, false },
	{ "parameter-problem", IPPROTO_ICMP, 12, false },
	{ "timestamp-request", IPPROTO_ICMP, 13, true },
	{ "timestamp-reply", IPPROTO_ICMP, 14, false },
	{ "info-request", IPPROTO_ICMP, 15, true },
	{ "info-reply", IPPROTO_ICMP, 16, false },
	{ "address-mask-request", IPPROTO_ICMP, 17, true },
	{ "address-mask-reply", IPPROTO_ICMP, 18, false },
	{ "destination-unreachable", IPPROTO_ICMPV6, 1, false },
	{ "packet-too-big", IPPROTO_ICMPV6, 2, false },
	{ "time-exceeded", IPPROTO_ICMPV6, 3, false },
	{ "parameter-problem", IPPROTO_ICMPV6, 4, false },
	{ "echo-request", IPPROTO_ICMPV6, 128, true },
	{ "echo-reply", IPPROTO_ICMPV6, 129, false },
	{ "mld-listener-query", IPPROTO_ICMPV6, 130, false },
	{ "mld-listener-report", IPPROTO_ICMPV6, 131, false },
	{ "mld-listener-done", IPPROTO_ICMPV6, 132, false },
	{ "nd-router-solicit", IPPROTO_ICMPV6, 133, false },
	{ "nd-router-advert", IPPROTO_ICMPV6, 134, false },
	{ "nd-neighbor-solicit", IPPROTO_ICMPV6, 135, false },
	{ "nd-neighbor-advert", IPPROTO_ICMPV6, 136, false },
	{ "nd-redirect", IPPROTO_ICMPV6, 137, false },
	{ "router-renumbering", IPPROTO_ICMPV6, 138, false },
	{ "ind-neighbor-solicit", IPPROTO_ICMPV6, 141, false },
	{ "ind-neighbor-advert", IPPROTO_ICMPV6, 142, false },
	{ "mld2-listener-report", IPPROTO_ICMPV6, 143, false },
};

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

const char *proto_name(uint8_t proto)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(protos); i++) {
		if (protos[i].proto == proto)
			return protos[i].name;
	}
	return NULL;
}

/* 0, -EINVAL: no such type, -ENOTSUP: a type that opens no flow */
static int icmp_parse(const char *text, uint8_t proto, uint16_t *type)
{
	unsigned int number = 0;
	bool is_number;
	size_t i;

	is_number =
		!number_parse(text, text + strlen(text), UINT8_MAX, &number);
	for (i = 0; i < ARRAY_LEN(icmp_types); i++) {
		if (icmp_types[i].proto != proto)
			continue;
		if (is_number ? icmp_types[i].type != number :
				strcmp(icmp_types[i].name, text) != 0)
			continue;
		if (!icmp_types[i].opens_flow)
			return -ENOTSUP;
		*type = icmp_types[i].type;
		return 0;
	}
	return is_number ? -ENOTSUP : -EINVAL;
}

static int ports_parse(const char *text, struct service *service)
{
	const char *end = text + strlen(text);
	const char *dash = strchr(text, '-');
	unsigned int first, last;

	if (number_parse(text, dash ? dash : end, UINT16_MAX, &first))
		return -EINVAL;
	last = first;
	if (dash && number_parse(dash + 1, end, UINT16_MAX, &last))
		return -EINVAL;
	if (!first || last < first)
		return -EDOM;
	service->first = first;
	service->last = last;
	return 0;
}

int service_parse(const char *text, struct service *service)
{
	const char *slash = strchr(text, '/');
	struct service parsed = { 0 };
	size_t i;
	int ret;

	if (!slash)
		return -EINVAL;
	for (i = 0; i < ARRAY_LEN(protos); i++) {
		if (strlen(protos[i].name) == (size_t)(slash - text) &&
		    !memcmp(protos[i].name, text, slash - text))
			parsed.proto = protos[i].proto;
	}
	if (!parsed.proto)
		return -EINVAL;
	if (service_is_icmp(&parsed)) {
		ret = icmp_parse(slash + 1, parsed.proto, &parsed.first);
		parsed.last = parsed.first;
	} else {
		ret = ports_parse(slash + 1, &parsed);
	}
	if (ret)
		return ret;
	*service = parsed;
	return 0;
}

const char *addr_print(const struct addr *addr, char buf[static ADDR_TEXT])
{
	inet_ntop(addr->family == FAMILY_IPV4 ? AF_INET : AF_INET6, addr->bytes,
		  buf, ADDR_TEXT);
	return buf;
}

const char *prefix_print(const struct prefix *prefix,
			 char buf[static ADDR_TEXT])
{
	char addr[ADDR_TEXT];

	/* At most 45 characters of address, "/128" and the end. */
	snprintf(buf, ADDR_TEXT, "%.45s/%u", addr_print(&prefix->addr, addr),
		 prefix->len);
	return buf;
}

const char *mac_print(const struct mac *mac, char buf[static ADDR_TEXT])
{
	snprintf(buf, ADDR_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac->bytes[0],
		 mac->bytes[1], mac->bytes[2], mac->bytes[3], mac->bytes[4],
		 mac->bytes[5]);
	return buf;
}

const char *service_print(const struct service *service,
			  char buf[static ADDR_TEXT])
{
	const char *proto = proto_name(service->proto);
	size_t i;

	if (!proto)
		proto = "?";
	if (service->first != service->last) {
		snprintf(buf, ADDR_TEXT, "%s/%u-%u", proto, service->first,
			 service->last);
		return buf;
	}
	for (i = 0; i < ARRAY_LEN(icmp_types); i++) {
		if (icmp_types[i].proto == service->proto &&
		    icmp_types[i].type == service->first) {
			snprintf(buf, ADDR_TEXT, "%s/%s", proto,
				 icmp_types[i].name);
			return buf;
		}
	}
	snprintf(buf, ADDR_TEXT, "%s/%u", proto, service->first);
	return buf;
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, addr_bits(a) / 8);
}

bool addr_next(const struct addr *addr, struct addr *next)
{
	struct addr sum = *addr;
	unsigned int i = addr_bits(addr) / 8;

	while (i--) {
		if (++sum.bytes[i]) {
			*next = sum;
			return true;
		}
	}
	return false;
}

struct addr prefix_first(const struct prefix *prefix)
{
	return prefix->addr;
}

struct addr prefix_last(const struct prefix *prefix)
{
	struct addr last = prefix->addr;
	unsigned int i;

	for (i = 0; i < addr_bits(&last) / 8; i++)
		last.bytes[i] |= host_mask(prefix->len, i);
	return last;
}

int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int cmp = addr_cmp(&a->addr, &b->addr);

	if (cmp)
		return cmp;
	return a->len < b->len ? -1 : a->len > b->len;
}

bool prefix_has_addr(const struct prefix *prefix, const struct addr *addr)
{
	unsigned int whole = prefix->len / 8;
	unsigned int rest = prefix->len % 8;

	if (prefix->addr.family != addr->family ||
	    memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return !rest || !((prefix->addr.bytes[whole] ^ addr->bytes[whole]) &
			  ~host_mask(prefix->len, whole) & 0xff);
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->len <= inner->len && prefix_has_addr(outer, &inner->addr);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_covers(a, b) || prefix_covers(b, a);
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool service_is_icmp(const struct service *service)
{
	return service->proto == IPPROTO_ICMP ||
	       service->proto == IPPROTO_ICMPV6;
}

bool prefix_reserved(size_t i, struct prefix *prefix)
{
	/* RFC 6890, but for what sites use inside, and what examples use */
	static const char *const reserved[] = {
		"0.0.0.0/8", "127.0.0.0/8",   "224.0.0.0/4", "240.0.0.0/4",
		"::/127",    "::ffff:0:0/96", "fe80::/10",   "ff00::/8",
	};

	return i < sizeof(reserved) / sizeof(*reserved) &&
	       !prefix_parse(reserved[i], prefix);
}
