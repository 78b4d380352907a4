/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_WIRE_H
#define SEKIMORI_WIRE_H

#include "frames.h"
#include "topology.h"

/*
 * Frames into the gateway, and whatever comes out of it: on any of its
 * interfaces, or to a program on it.
 */
struct wire;

/**
 * struct sighting - a packet that the gateway let pass
 * @link: where it left the gateway; NULL: it was delivered to the gateway
 * @view: of what was delivered, addresses are known only for IPv4
 */
struct sighting {
	const struct topology_link *link;
	struct view view;
};

/**
 * wire_open - sockets in both namespaces
 * @topology: has to outlive the wire
 *
 * Until wire_close(), this process stays on one processor: packets on veth
 * links are delivered in order there, and that order is how we know that what
 * has not come will not come.
 */
int wire_open(const struct topology *topology, struct wire **wire);
void wire_close(struct wire *wire);

/**
 * wire_probe - which of these packets does the gateway let pass?
 * @passed: for each, whether it left the gateway or was delivered to it
 *
 * Every packet is a first one: connections are forgotten every now and then,
 * and before the first probe, so ports should differ among each
 * WIRE_BATCH neighbours. -EINTR: interrupted. -ENOBUFS: this machine loses too
 * many packets to say anything. -ETIMEDOUT: the links carry nothing.
 */
int wire_probe(struct wire *wire, const struct probe *probes, size_t n,
	       bool *passed);
#define WIRE_BATCH 256

/** wire_send - one frame, as if it arrived at @iif */
int wire_send(struct wire *wire, const char *iif, const struct frame *frame);

/** wire_send_own - an IP packet (the frame's Ethernet header is left out) of
 * the gateway itself; -EPERM: its ruleset did not let it go */
int wire_send_own(struct wire *wire, const struct frame *frame);

/**
 * wire_collect - everything that was seen since the last call
 * @see: called for each packet, in order
 *
 * When it returns, all that was sent has been decided.
 */
int wire_collect(struct wire *wire,
		 void (*see)(const struct sighting *sighting, void *data),
		 void *data);

/** wire_forget - empty the gateway's connection tracking */
int wire_forget(struct wire *wire);

/**
 * wire_mark - the conntrack mark of the connection from @src to @dst
 *
 * 0 if there is none, or if it has no mark.
 */
int wire_mark(struct wire *wire, const struct addr *src, const struct addr *dst,
	      uint32_t *mark);

/** wire_id - an id that no packet has carried yet */
uint64_t wire_id(struct wire *wire);

#endif
