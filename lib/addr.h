/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ADDR_H
#define SEKIMORI_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct addr - an IPv4 (4 bytes used) or IPv6 address in network order */
struct addr {
	uint8_t family; /* 4 or 6 */
	uint8_t bytes[16];
};

/** struct prefix - an address and a length; host bits are zero */
struct prefix {
	struct addr addr;
	uint8_t len; /* bits */
};

struct mac {
	uint8_t bytes[6];
};

/**
 * struct service - what a conduit carries: one protocol, a range of ports
 * @proto: IPPROTO_TCP, UDP, SCTP, ICMP or ICMPV6
 * @first: first port, or the ICMP type; host byte order
 * @last: last port; equal to @first for a single port and for ICMP
 */
struct service {
	uint8_t proto;
	uint16_t first;
	uint16_t last;
};

#define ADDR_TEXT 64 /* room for any text the print functions make */

/* Parsers take a NUL-terminated text and accept nothing but the whole of it.
 * 0, or -EINVAL with the output untouched. */
int addr_parse(const char *text, struct addr *addr);

/**
 * prefix_parse - "10.1.0.0/16", "fd00::/64", or an address for its full length
 *
 * -EINVAL: not a prefix. -EDOM: host bits are set ("10.1.2.3/16"); @prefix is
 * then what was probably meant ("10.1.0.0/16"), for the message.
 */
int prefix_parse(const char *text, struct prefix *prefix);

/**
 * mac_parse - six pairs of hexadecimal digits, separated by colons
 *
 * -EINVAL: not a MAC. -EDOM: a group address or all zero, which no host has as
 * its own.
 */
int mac_parse(const char *text, struct mac *mac);

/**
 * service_parse - "tcp/443", "udp/3478-3481", "icmp/echo-request", "icmp/8"
 *
 * ICMP types, by name or number, are those that open a flow in the kernel's
 * connection tracking: echo-request, timestamp-request, info-request,
 * address-mask-request for icmp; echo-request for icmpv6. -EINVAL: not a service. -EDOM: port 0 or a
 * range that runs backwards. -ENOTSUP: an ICMP type that opens no flow
 * (errors and replies pass with the flow they belong to).
 */
int service_parse(const char *text, struct service *service);

/* Printers write at most ADDR_TEXT bytes and return @buf. */
const char *addr_print(const struct addr *addr, char buf[static ADDR_TEXT]);
const char *prefix_print(const struct prefix *prefix,
			 char buf[static ADDR_TEXT]);
const char *mac_print(const struct mac *mac, char buf[static ADDR_TEXT]);
const char *service_print(const struct service *service,
			  char buf[static ADDR_TEXT]);

/** proto_name - "tcp", "udp", "sctp", "icmp", "icmpv6", else NULL */
const char *proto_name(uint8_t proto);

/** addr_bits - 32 or 128 */
unsigned int addr_bits(const struct addr *addr);

/** addr_cmp - order: IPv4 before IPv6, then by value */
int addr_cmp(const struct addr *a, const struct addr *b);

/** addr_next - the address behind @addr; false if @addr was the last one */
bool addr_next(const struct addr *addr, struct addr *next);

/** prefix_first, prefix_last - the ends of the range that @prefix covers */
struct addr prefix_first(const struct prefix *prefix);
struct addr prefix_last(const struct prefix *prefix);

/** prefix_cmp - by first address, then shorter (wider) first */
int prefix_cmp(const struct prefix *a, const struct prefix *b);

/**
 * prefix_reserved - the @i-th range that no host has its own address from
 *
 * Loopback, link-local IPv6, IPv4 in IPv6, multicast and the like. False
 * behind the last.
 */
bool prefix_reserved(size_t i, struct prefix *prefix);

bool prefix_has_addr(const struct prefix *prefix, const struct addr *addr);
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
bool mac_equal(const struct mac *a, const struct mac *b);
bool service_is_icmp(const struct service *service);

#endif
