/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PROBE_H
#define SEKIMORI_PROBE_H

#include "addr.h"

/**
 * struct probe - one packet that wants to open a flow
 * @iif: the gateway's interface that it arrives on; NULL: the gateway sends it
 * @local: the interface that has @dst as its own address, if @dst is one of the
 *	gateway's addresses; NULL: @dst is beyond the gateway
 * @src_mac: of the frame; without meaning when the gateway sends
 * @src, @dst: of one family
 * @proto: IPPROTO_...
 * @sport: host byte order; the identifier of an ICMP request
 * @dport: host byte order; the type of an ICMP message
 *
 * TCP probes are SYNs, SCTP probes INITs.
 */
struct probe {
	const char *iif;
	const char *local;
	struct mac src_mac;
	struct addr src;
	struct addr dst;
	uint8_t proto;
	uint16_t sport;
	uint16_t dport;
};

#endif
