/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_FRAMES_H
#define SEKIMORI_FRAMES_H

#include "probe.h"

#define FRAME_MAX 4096
#define ETHER_LEN 14 /* bytes before the network header */

struct frame {
	uint8_t data[FRAME_MAX];
	size_t len;
};

/**
 * struct twist - what sets a packet apart from an ordinary first one
 * @tcp_flags: as on the wire; 0: SYN
 * @seq, @ack: of TCP
 * @chunk: type of the SCTP chunk; 0: INIT
 * @vtag: of SCTP
 * @hops: TTL or hop limit; 0: 64
 * @code: of ICMP
 * @pad: bytes of payload behind the id
 * @options: IPv4 options, or the IPv6 extension header @extension with its
 *	first byte left for the next header; a multiple of 4 or of 8 bytes
 * @whole: IPv4 must not fragment it
 * @damage_ip, @damage_l4: spoil a checksum
 */
struct twist {
	uint8_t tcp_flags;
	uint32_t seq, ack;
	uint8_t chunk;
	uint32_t vtag;
	uint8_t hops;
	uint8_t code;
	size_t pad;
	const uint8_t *options;
	size_t options_len;
	uint8_t extension;
	bool whole;
	bool damage_ip, damage_l4;
};

#define FRAME_SCTP_TAG 0x534b494du /* initiate tag of all INIT and INIT ACK */

/**
 * frame_build - an Ethernet frame with all checksums
 * @dst_mac: the gateway's, normally
 * @id: 8 bytes at the head of the payload, by which frame_parse() knows it
 * @twist: may be NULL
 */
void frame_build(struct frame *frame, const struct probe *probe,
		 const struct mac *dst_mac, uint64_t id,
		 const struct twist *twist);

/**
 * frame_payload - bytes of payload, for counting TCP sequence numbers
 */
size_t frame_payload(const struct twist *twist);

/**
 * frame_cut - one fragment of a frame without extension headers
 * @offset: of the fragment's first byte, a multiple of 8
 * @len: at most so many bytes; the last fragment is the one that reaches the
 *	end of @whole
 * @ident: of the datagram
 */
void frame_cut(struct frame *fragment, const struct frame *whole, size_t offset,
	       size_t len, uint32_t ident);

/**
 * struct complaint - an ICMP error
 * @type, @code: in the numbers of the family
 * @info: next-hop MTU, where there is one
 * @src: of the error; its destination is the source of what it is about
 */
struct complaint {
	uint8_t type, code;
	uint32_t info;
	struct addr src;
	struct mac src_mac;
};

/** frame_complain - an ICMP error about the packet in @about */
void frame_complain(struct frame *frame, const struct frame *about,
		    const struct complaint *complaint,
		    const struct mac *dst_mac);

/**
 * frame_solicit - a neighbour solicitation
 * @probe: source MAC and source; who is sought is its destination
 * @hops: 255, or somebody beyond a router sent it
 */
void frame_solicit(struct frame *frame, const struct probe *probe,
		   uint8_t hops);

/** frame_tag - put a VLAN tag of this Ethernet type before what is there */
void frame_tag(struct frame *frame, uint16_t ethertype, uint16_t vlan);

/** frame_set_ethertype - lie about what follows */
void frame_set_ethertype(struct frame *frame, uint16_t ethertype);

/**
 * struct view - what can be said about a packet that was seen
 * @has_id: it carries the mark of frame_build() at the head of its payload
 * @is_error: an ICMP error; then @id is that of the packet it is about
 * @offset: of a fragment, in bytes
 */
struct view {
	struct addr src, dst;
	uint8_t proto;
	uint16_t sport, dport;
	uint8_t hops;
	uint8_t tcp_flags;
	bool has_id, is_error;
	uint64_t id;
	size_t offset;
};

/**
 * frame_parse - read an IP packet (from its network header on)
 *
 * False: not a whole IP header.
 */
bool frame_parse(const uint8_t *packet, size_t len, struct view *view);

/**
 * frame_parse_l4 - read what follows an IP header that was read elsewhere
 * @view: proto given; ports, id and flags are filled
 */
void frame_parse_l4(const uint8_t *bytes, size_t len, struct view *view);

/* The upper 16 bits of every id */
#define FRAME_ID_MAGIC 0x534bull

#endif
