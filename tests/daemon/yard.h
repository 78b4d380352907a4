/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_YARD_H
#define SEKIMORI_YARD_H

/*
 * A gateway between clients and servers, each in a network namespace without a
 * name that goes when this process does, and real connections through it.
 *
 *   clients: c0, 10.77.0.1 to .60 and 10.77.1.1 to .20
 *   gateway: e0, 10.77.0.254 and 10.77.1.254; e1, 10.78.0.254
 *   servers: s0, 10.78.0.1
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* To 10.78.0.1, to 10.77.0.254 and from 10.78.0.254; else from 10.77.x.x */
enum way { WAY_THROUGH, WAY_TO_GATEWAY, WAY_FROM_GATEWAY };

/**
 * struct line - one TCP connection
 * @client, @server: sockets at its ends
 * @source: last two bytes of the client's address
 * @alive: have both directions to carry?
 */
struct line {
	int client, server;
	enum way way;
	uint16_t source;
	uint16_t port;
	bool alive;
};

struct yard {
	int home, gateway, clients, servers;
	struct line *lines;
	size_t n_lines;
};

/**
 * yard_build - the namespaces; -EPERM: we may not make them
 *
 * This process stays on one processor, where what is sent over the links
 * arrives in order.
 */
int yard_build(struct yard *yard);
void yard_free(struct yard *yard);

/** yard_enter - go to one of the namespaces; sockets opened stay there */
int yard_enter(int ns);

/**
 * yard_run - a program in a namespace: "PROGRAM OPTION -", with @script as its
 *	input
 *
 * 0 if it ended well, else -EIO.
 */
int yard_run(int ns, const char *program, const char *option,
	     const char *script);

/** yard_connect - one more line; @source matters where a client begins it */
int yard_connect(struct yard *yard, enum way way, uint16_t source,
		 uint16_t port);

/**
 * yard_try - send a byte over each line, both ways
 *
 * Returns how many lines do not do what is said of them: of those that are
 * alive, both ends have to get their byte; of the others neither, ever.
 */
size_t yard_try(const struct yard *yard);

#endif
