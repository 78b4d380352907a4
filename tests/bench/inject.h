/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_BENCH_INJECT_H
#define SEKIMORI_BENCH_INJECT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Addresses of a connection, AF_INET or AF_INET6; ports in host order. */
struct inject_flow {
	int family;
	uint8_t saddr[sizeof(struct in6_addr)];
	uint8_t daddr[sizeof(struct in6_addr)];
	uint16_t sport;
	uint16_t dport;
};

/* Frames that are sent in turn: file descriptors of BPF objects. */
struct inject {
	uint32_t n_frames;
	int frames;
	int cursor;
	int prog;
};

/**
 * inject_open - make the frames of some flows
 * @flows:	an empty UDP datagram is made of each
 * @n:		how many; at least one
 * @reply:	the datagrams go from destination to source
 * @inject:	the result; it lives as long as the process
 *
 * Ends the program if the kernel refuses, as do all functions here.
 */
void inject_open(const struct inject_flow *flows, uint32_t n, bool reply,
		 struct inject *inject);

/**
 * inject_attach - let an interface of the current namespace hold the program
 * @inject:	frames
 * @ifname:	the interface; its driver must know XDP
 *
 * Not needed to send, but a program that no device holds is patched into the
 * kernel's XDP dispatcher and out of it again by each call of inject_send(),
 * and that waits for a grace period.
 */
void inject_attach(const struct inject *inject, const char *ifname);

/**
 * inject_rewind - begin with the first frame again
 * @inject:	frames
 */
void inject_rewind(const struct inject *inject);

/**
 * inject_send - let frames arrive at an interface
 * @inject:	frames
 * @ifname:	an interface of the current namespace
 * @n:		how many, from where the last call stopped; not 0
 *
 * What becomes of them, up to the driver that sends them off, has happened in
 * this thread when this returns.
 */
void inject_send(const struct inject *inject, const char *ifname, uint32_t n);

#endif
