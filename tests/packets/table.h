/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TABLE_H
#define SEKIMORI_TABLE_H

#include "topology.h"
#include "probe.h"

/**
 * struct table_row - one packet, and what has to become of it
 * @id, @decided_by, @why: as written
 * @line: in the file
 */
struct table_row {
	const char *id, *decided_by, *why;
	unsigned int line;
	bool expect_pass;
	struct probe probe;
};

struct table {
	char *text;
	struct table_row *rows;
	size_t n_rows;
};

/**
 * table_read - a table of packets, tab-separated
 *
 * The columns: id, expect (pass, drop), ipver, src (a name, for people),
 * src_addr, src_mac, arrival_iface, dst (a name), dst_addr, proto, dport,
 * decided_by (a conduit; otherwise the reason of a drop), why. The first line
 * names them; empty lines and lines that begin with "#" are passed over.
 *
 * An address may be "gateway" (the gateway's own: as a destination that of the
 * arrival interface, as a source that of the interface that leads to the
 * destination) or "gateway@INTERFACE". The arrival interface "gateway" means
 * that the gateway sends. A src_mac of "-" is that of the true owner of the
 * address. proto is tcp, udp, sctp, icmp or a number, dport a port, an ICMP
 * type, or "-" for none, which in ICMP is an echo request.
 *
 * Mistakes are printed to stderr with their line; then -EINVAL.
 */
int table_read(const char *path, const struct topology *topology,
	       struct table *table);
void table_free(struct table *table);

#endif
