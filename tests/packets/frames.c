// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ethernet frames, byte by byte, with every checksum right: a frame that the
 * kernel throws away for its form would look like one that the ruleset drops.
 * Easy to get wrong: a packet is recognised by the id in its payload, and an
 * ICMP error quotes the payload of another packet, id included; so what a view
 * says about an error is marked as such.
 */
#include "frames.h"

#include <assert.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

enum {
	LEN_IPV4 = 20,
	LEN_IPV6 = 40,
	LEN_FRAGMENT = 8,
	LEN_TCP = 20,
	LEN_UDP = 8,
	LEN_ICMP = 8,
	LEN_SCTP = 12,
	LEN_CHUNK = 4,
	LEN_SCTP_INIT = 16, /* behind the chunk's header */
	LEN_PARAM = 4, /* of SCTP */
	LEN_OTHER = 8, /* what we put before the id in other protocols */
	LEN_ID = 8,
	LEN_TIMESTAMPS = 12,
	LEN_QUOTE_MAX = 512,
};

enum {
	CHUNK_INIT = 1,
	CHUNK_INIT_ACK = 2,
	PARAM_COOKIE = 7,
	PARAM_SKIPPED = 0x8001, /* unknown ones of 10... are passed over */
	TCP_SYN = 0x02,
};

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)(value >> 32));
	put32(at + 4, (uint32_t)value);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint64_t get64(const uint8_t *at)
{
	return (uint64_t)get32(at) << 32 | get32(at + 4);
}

/* One's complement sum of @len bytes, on top of @sum */
static uint64_t sum_add(uint64_t sum, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += get16(bytes + i);
	if (len & 1)
		sum += (uint64_t)bytes[len - 1] << 8;
	return sum;
}

static uint16_t sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* CRC32c, as SCTP has it: the result goes to the wire least byte first */
static uint32_t crc32c(const uint8_t *bytes, size_t len)
{
	uint32_t crc = 0xffffffff;
	size_t i;
	int bit;

	for (i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static size_t addr_len(const struct addr *addr)
{
	return addr->family == 4 ? 4 : 16;
}

/* The checksum that covers the addresses as well */
static uint16_t sum_l4(const struct addr *src, const struct addr *dst,
		       uint8_t proto, const uint8_t *l4, size_t len)
{
	uint64_t sum = proto + len;

	sum = sum_add(sum, src->bytes, addr_len(src));
	sum = sum_add(sum, dst->bytes, addr_len(dst));
	return sum_fold(sum_add(sum, l4, len));
}

size_t frame_payload(const struct twist *twist)
{
	return LEN_ID + twist->pad;
}

static void put_payload(uint8_t *at, uint64_t id, const struct twist *twist)
{
	size_t i;

	put64(at, id);
	for (i = 0; i < twist->pad; i++)
		at[LEN_ID + i] = (uint8_t)('a' + i % 26);
}

static size_t put_tcp(uint8_t *l4, const struct probe *probe, uint64_t id,
		      const struct twist *twist)
{
	put16(l4, probe->sport);
	put16(l4 + 2, probe->dport);
	put32(l4 + 4, twist->seq);
	put32(l4 + 8, twist->ack);
	l4[12] = LEN_TCP / 4 << 4;
	l4[13] = twist->tcp_flags ? twist->tcp_flags : TCP_SYN;
	put16(l4 + 14, 0xffff); /* window */
	put_payload(l4 + LEN_TCP, id, twist);
	return LEN_TCP + frame_payload(twist);
}

static size_t put_udp(uint8_t *l4, const struct probe *probe, uint64_t id,
		      const struct twist *twist)
{
	size_t len = LEN_UDP + frame_payload(twist);

	put16(l4, probe->sport);
	put16(l4 + 2, probe->dport);
	put16(l4 + 4, (unsigned int)len); /* of UDP-Lite: covers everything */
	put_payload(l4 + LEN_UDP, id, twist);
	return len;
}

static size_t put_icmp(uint8_t *l4, const struct probe *probe, uint64_t id,
		       const struct twist *twist)
{
	size_t len = LEN_ICMP + frame_payload(twist);

	l4[0] = (uint8_t)probe->dport;
	l4[1] = twist->code;
	put16(l4 + 4, probe->sport);
	put16(l4 + 6, 1); /* sequence number */
	put_payload(l4 + LEN_ICMP, id, twist);
	if (len < LEN_ICMP + LEN_TIMESTAMPS && probe->proto == IPPROTO_ICMP &&
	    (l4[0] == ICMP_TIMESTAMP || l4[0] == ICMP_TIMESTAMPREPLY))
		len = LEN_ICMP + LEN_TIMESTAMPS;
	return len;
}

/* The id travels in a parameter of INIT and INIT ACK, else in the chunk. */
static size_t put_sctp(uint8_t *l4, const struct probe *probe, uint64_t id,
		       const struct twist *twist)
{
	uint8_t type = twist->chunk ? twist->chunk : CHUNK_INIT;
	uint8_t *chunk = l4 + LEN_SCTP, *at = chunk + LEN_CHUNK;
	size_t len = LEN_CHUNK;

	put16(l4, probe->sport);
	put16(l4 + 2, probe->dport);
	put32(l4 + 4, twist->vtag);
	if (type == CHUNK_INIT || type == CHUNK_INIT_ACK) {
		put32(at, FRAME_SCTP_TAG);
		put32(at + 4, 0xffff); /* receiver window */
		put16(at + 8, 1); /* streams out */
		put16(at + 10, 1); /* streams in */
		put32(at + 12, 1); /* first number */
		at += LEN_SCTP_INIT;
		put16(at, type == CHUNK_INIT ? PARAM_SKIPPED : PARAM_COOKIE);
		put16(at + 2, (unsigned int)(LEN_PARAM + frame_payload(twist)));
		at += LEN_PARAM;
		len += LEN_SCTP_INIT + LEN_PARAM;
	}
	put_payload(at, id, twist);
	len += frame_payload(twist);
	chunk[0] = type;
	put16(chunk + 2, (unsigned int)len);
	return LEN_SCTP + (len + 3) / 4 * 4;
}

static size_t put_other(uint8_t *l4, const struct probe *probe, uint64_t id,
			const struct twist *twist)
{
	if (probe->proto == IPPROTO_GRE)
		put16(l4 + 2, 0x0800); /* GRE version 0 that carries IPv4 */
	put_payload(l4 + LEN_OTHER, id, twist);
	return LEN_OTHER + frame_payload(twist);
}

/* Headers and payload behind IP, checksum included; returns the length. */
static size_t put_l4(uint8_t *l4, const struct probe *probe, uint64_t id,
		     const struct twist *twist)
{
	uint8_t *sum_at = NULL;
	size_t len;
	uint16_t sum;

	switch (probe->proto) {
	case IPPROTO_TCP:
		len = put_tcp(l4, probe, id, twist);
		sum_at = l4 + 16;
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		len = put_udp(l4, probe, id, twist);
		sum_at = l4 + 6;
		break;
	case IPPROTO_ICMP:
		len = put_icmp(l4, probe, id, twist);
		put16(l4 + 2, sum_fold(sum_add(0, l4, len)) ^
				      (twist->damage_l4 ? 0x55aa : 0));
		break;
	case IPPROTO_ICMPV6:
		len = put_icmp(l4, probe, id, twist);
		sum_at = l4 + 2;
		break;
	case IPPROTO_SCTP: {
		uint32_t crc;

		len = put_sctp(l4, probe, id, twist);
		crc = crc32c(l4, len) ^ (twist->damage_l4 ? 0x55aa : 0);
		put32(l4 + 8, __builtin_bswap32(crc));
		break;
	}
	default:
		len = put_other(l4, probe, id, twist);
	}
	if (sum_at) {
		sum = sum_l4(&probe->src, &probe->dst, probe->proto, l4, len);
		put16(sum_at,
		      (sum ? sum : 0xffff) ^ (twist->damage_l4 ? 0x55aa : 0));
	}
	return len;
}

static void sum_ipv4(uint8_t *ip, bool damage)
{
	size_t len = (ip[0] & 0x0fu) * 4;

	put16(ip + 10, 0);
	put16(ip + 10, sum_fold(sum_add(0, ip, len)) ^ (damage ? 0x55aa : 0));
}

/* The network header, extension included; returns where L4 begins. */
static uint8_t *put_ip(uint8_t *ip, const struct probe *probe, uint64_t id,
		       const struct twist *twist)
{
	uint8_t hops = twist->hops ? twist->hops : 64;

	if (probe->src.family == 4) {
		size_t len = LEN_IPV4 + twist->options_len;

		ip[0] = (uint8_t)(0x40 | len / 4);
		put16(ip + 4, (id & 0xffff) | 1); /* zero would be filled in */
		put16(ip + 6, twist->whole ? 0x4000 : 0);
		ip[8] = hops;
		ip[9] = probe->proto;
		memcpy(ip + 12, probe->src.bytes, 4);
		memcpy(ip + 16, probe->dst.bytes, 4);
		if (twist->options_len)
			memcpy(ip + LEN_IPV4, twist->options,
			       twist->options_len);
		return ip + len;
	}
	ip[0] = 0x60;
	ip[6] = twist->options_len ? twist->extension : probe->proto;
	ip[7] = hops;
	memcpy(ip + 8, probe->src.bytes, 16);
	memcpy(ip + 24, probe->dst.bytes, 16);
	if (twist->options_len) {
		memcpy(ip + LEN_IPV6, twist->options, twist->options_len);
		ip[LEN_IPV6] = probe->proto;
	}
	return ip + LEN_IPV6 + twist->options_len;
}

/* Lengths and header checksum, when all of the packet is there */
static void finish_ip(struct frame *frame, const uint8_t *end, bool damage)
{
	uint8_t *ip = frame->data + ETHER_LEN;

	frame->len = (size_t)(end - frame->data);
	if (ip[0] >> 4 == 4) {
		put16(ip + 2, (unsigned int)(end - ip));
		sum_ipv4(ip, damage);
	} else {
		put16(ip + 4, (unsigned int)(end - ip - LEN_IPV6));
	}
}

static void put_ether(uint8_t *ether, const struct mac *dst,
		      const struct mac *src, unsigned int family)
{
	memcpy(ether, dst->bytes, 6);
	memcpy(ether + 6, src->bytes, 6);
	put16(ether + 12, family == 4 ? 0x0800 : 0x86dd);
}

void frame_build(struct frame *frame, const struct probe *probe,
		 const struct mac *dst_mac, uint64_t id,
		 const struct twist *twist)
{
	static const struct twist plain;
	uint8_t *l4;

	if (!twist)
		twist = &plain;
	assert(twist->pad + twist->options_len + 200 < FRAME_MAX);
	memset(frame->data, 0, twist->pad + twist->options_len + 200);
	put_ether(frame->data, dst_mac, &probe->src_mac, probe->src.family);
	l4 = put_ip(frame->data + ETHER_LEN, probe, id, twist);
	finish_ip(frame, l4 + put_l4(l4, probe, id, twist), twist->damage_ip);
}

void frame_cut(struct frame *fragment, const struct frame *whole, size_t offset,
	       size_t len, uint32_t ident)
{
	const uint8_t *ip = whole->data + ETHER_LEN;
	bool is_v4 = ip[0] >> 4 == 4;
	size_t head = ETHER_LEN + (is_v4 ? (ip[0] & 0x0fu) * 4 : LEN_IPV6);
	size_t total = whole->len - head;
	uint8_t *to = fragment->data + ETHER_LEN, *end;
	bool more = offset + len < total;

	assert(offset % 8 == 0 && offset < total);
	if (!more)
		len = total - offset;
	memcpy(fragment->data, whole->data, head);
	end = fragment->data + head;
	if (is_v4) {
		put16(to + 4, ident & 0xffff);
		put16(to + 6, (unsigned int)(offset / 8) | (more ? 0x2000 : 0));
	} else {
		end[0] = to[6];
		end[1] = 0;
		put16(end + 2, (unsigned int)offset | (more ? 1 : 0));
		put32(end + 4, ident);
		to[6] = IPPROTO_FRAGMENT;
		end += LEN_FRAGMENT;
	}
	memcpy(end, whole->data + head + offset, len);
	finish_ip(fragment, end + len, false);
}

static struct addr source_of(const struct frame *frame)
{
	const uint8_t *ip = frame->data + ETHER_LEN;
	struct addr addr = { .family = ip[0] >> 4 };

	memcpy(addr.bytes, ip + (addr.family == 4 ? 12 : 8), addr_len(&addr));
	return addr;
}

void frame_complain(struct frame *frame, const struct frame *about,
		    const struct complaint *complaint,
		    const struct mac *dst_mac)
{
	static const struct twist plain;
	bool is_v4 = complaint->src.family == 4;
	struct probe probe = {
		.src_mac = complaint->src_mac,
		.src = complaint->src,
		.dst = source_of(about),
		.proto = is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
	};
	size_t quote = about->len - ETHER_LEN;
	uint8_t *l4;
	uint16_t sum;

	if (quote > LEN_QUOTE_MAX)
		quote = LEN_QUOTE_MAX;
	memset(frame->data, 0, 128);
	put_ether(frame->data, dst_mac, &probe.src_mac, probe.src.family);
	l4 = put_ip(frame->data + ETHER_LEN, &probe, 1, &plain);
	l4[0] = complaint->type;
	l4[1] = complaint->code;
	put32(l4 + 4, complaint->info);
	memcpy(l4 + LEN_ICMP, about->data + ETHER_LEN, quote);
	quote += LEN_ICMP;
	sum = is_v4 ? sum_fold(sum_add(0, l4, quote)) :
		      sum_l4(&probe.src, &probe.dst, probe.proto, l4, quote);
	put16(l4 + 2, sum);
	finish_ip(frame, l4 + quote, false);
}

void frame_solicit(struct frame *frame, const struct probe *probe, uint8_t hops)
{
	static const uint8_t group[] = { 0xff, 2, 0, 0, 0, 0,	0,
					 0,    0, 0, 0, 1, 0xff };
	struct mac dst_mac = { { 0x33, 0x33, 0xff } };
	struct twist twist = { .hops = hops };
	struct probe to_group = *probe;
	uint8_t *l4;
	size_t len = 32;

	memcpy(dst_mac.bytes + 3, probe->dst.bytes + 13, 3);
	memcpy(to_group.dst.bytes, group, sizeof(group)); /* the rest stays */
	to_group.proto = IPPROTO_ICMPV6;
	memset(frame->data, 0, 128);
	put_ether(frame->data, &dst_mac, &probe->src_mac, 6);
	l4 = put_ip(frame->data + ETHER_LEN, &to_group, 0, &twist);
	l4[0] = ND_NEIGHBOR_SOLICIT;
	memcpy(l4 + 8, probe->dst.bytes, 16);
	l4[24] = ND_OPT_SOURCE_LINKADDR;
	l4[25] = 1; /* units of 8 bytes */
	memcpy(l4 + 26, probe->src_mac.bytes, 6);
	put16(l4 + 2,
	      sum_l4(&to_group.src, &to_group.dst, IPPROTO_ICMPV6, l4, len));
	finish_ip(frame, l4 + len, false);
}

void frame_tag(struct frame *frame, uint16_t ethertype, uint16_t vlan)
{
	assert(frame->len + 4 <= FRAME_MAX);
	memmove(frame->data + 16, frame->data + 12, frame->len - 12);
	put16(frame->data + 12, ethertype);
	put16(frame->data + 14, vlan);
	frame->len += 4;
}

void frame_set_ethertype(struct frame *frame, uint16_t ethertype)
{
	put16(frame->data + 12, ethertype);
}

/* Where the payload begins, or NULL: it has none, or it is cut off */
static const uint8_t *payload_at(const uint8_t *l4, size_t len, uint8_t proto)
{
	size_t at;

	switch (proto) {
	case IPPROTO_TCP:
		at = len >= LEN_TCP ? (l4[12] >> 4) * 4u : len;
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		at = LEN_UDP;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		at = LEN_ICMP;
		break;
	case IPPROTO_SCTP:
		at = LEN_SCTP + LEN_CHUNK;
		if (len > LEN_SCTP && (l4[LEN_SCTP] == CHUNK_INIT ||
				       l4[LEN_SCTP] == CHUNK_INIT_ACK))
			at += LEN_SCTP_INIT + LEN_PARAM;
		break;
	default:
		at = LEN_OTHER;
	}
	return at + LEN_ID <= len ? l4 + at : NULL;
}

static bool is_error(uint8_t proto, uint8_t type)
{
	if (proto == IPPROTO_ICMPV6)
		return !(type & ICMP6_INFOMSG_MASK);
	return proto == IPPROTO_ICMP &&
	       (type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
		type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
		type == ICMP_PARAMETERPROB);
}

void frame_parse_l4(const uint8_t *bytes, size_t len, struct view *view)
{
	const uint8_t *payload = payload_at(bytes, len, view->proto);
	struct view quoted;

	if (len >= LEN_ICMP &&
	    (view->proto == IPPROTO_ICMP || view->proto == IPPROTO_ICMPV6)) {
		view->dport = bytes[0];
		view->sport = get16(bytes + 4);
		if (is_error(view->proto, bytes[0])) {
			view->is_error = true;
			view->has_id = !view->offset &&
				       frame_parse(bytes + LEN_ICMP,
						   len - LEN_ICMP, &quoted) &&
				       quoted.has_id && !quoted.is_error;
			if (view->has_id)
				view->id = quoted.id;
			return;
		}
	} else if (len >= 4) {
		view->sport = get16(bytes);
		view->dport = get16(bytes + 2);
	}
	if (view->proto == IPPROTO_TCP && len >= LEN_TCP)
		view->tcp_flags = bytes[13];
	if (payload && get64(payload) >> 48 == FRAME_ID_MAGIC) {
		view->has_id = true;
		view->id = get64(payload);
	}
}

/* Steps over extension headers; returns where they end, or NULL. */
static const uint8_t *parse_extensions(const uint8_t *at, const uint8_t *end,
				       struct view *view)
{
	while (view->proto == IPPROTO_HOPOPTS ||
	       view->proto == IPPROTO_ROUTING ||
	       view->proto == IPPROTO_FRAGMENT ||
	       view->proto == IPPROTO_DSTOPTS) {
		if (end - at < 8)
			return NULL;
		if (view->proto == IPPROTO_FRAGMENT)
			view->offset = get16(at + 2) & 0xfff8u;
		view->proto = at[0];
		at += (at[1] + 1) * 8; /* a fragment header has 0 there */
		if (view->offset)
			break;
	}
	return at <= end ? at : NULL;
}

bool frame_parse(const uint8_t *packet, size_t len, struct view *view)
{
	const uint8_t *at, *end = packet + len;

	memset(view, 0, sizeof(*view));
	if (len < LEN_IPV4)
		return false;
	view->src.family = view->dst.family = packet[0] >> 4;
	if (packet[0] >> 4 == 4) {
		at = packet + (packet[0] & 0x0fu) * 4;
		view->hops = packet[8];
		view->proto = packet[9];
		view->offset = (get16(packet + 6) & 0x1fffu) * 8;
		memcpy(view->src.bytes, packet + 12, 4);
		memcpy(view->dst.bytes, packet + 16, 4);
	} else {
		if (packet[0] >> 4 != 6 || len < LEN_IPV6)
			return false;
		view->proto = packet[6];
		view->hops = packet[7];
		memcpy(view->src.bytes, packet + 8, 16);
		memcpy(view->dst.bytes, packet + 24, 16);
		at = parse_extensions(packet + LEN_IPV6, end, view);
	}
	if (!at || at > end)
		return false;
	if (!view->offset)
		frame_parse_l4(at, (size_t)(end - at), view);
	return true;
}
