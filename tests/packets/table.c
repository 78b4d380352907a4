// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables of packets. Easy to get wrong: a row that is misread, as a packet from
 * nowhere, would be dropped and look right; so every field is checked, and a
 * packet that is to be dropped for what it asks has to come from a real place.
 */
#include "table.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
	COL_ID,
	COL_EXPECT,
	COL_IPVER,
	COL_SRC,
	COL_SRC_ADDR,
	COL_SRC_MAC,
	COL_IFACE,
	COL_DST,
	COL_DST_ADDR,
	COL_PROTO,
	COL_DPORT,
	COL_DECIDED_BY,
	COL_WHY,
	N_COLS,
};

struct reader {
	const struct topology *topology;
	const char *path;
	unsigned int line;
	bool failed;
};

static void complain(struct reader *reader, const char *what, const char *text)
{
	fprintf(stderr, "%s:%u: %s: \"%s\"\n", reader->path, reader->line, what,
		text);
	reader->failed = true;
}

static bool read_number(const char *text, unsigned long max,
			unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno &&
	       *number <= max;
}

static void read_proto(struct reader *reader, const char *text,
		       struct probe *probe)
{
	static const struct {
		const char *name;
		uint8_t v4, v6;
	} protos[] = {
		{ "tcp", IPPROTO_TCP, IPPROTO_TCP },
		{ "udp", IPPROTO_UDP, IPPROTO_UDP },
		{ "sctp", IPPROTO_SCTP, IPPROTO_SCTP },
		{ "icmp", IPPROTO_ICMP, IPPROTO_ICMPV6 },
		{ "icmpv6", IPPROTO_ICMPV6, IPPROTO_ICMPV6 },
	};
	unsigned long number;
	size_t i;

	for (i = 0; i < sizeof(protos) / sizeof(*protos); i++)
		if (!strcmp(text, protos[i].name)) {
			probe->proto = probe->src.family == 4 ? protos[i].v4 :
								protos[i].v6;
			return;
		}
	if (read_number(text, 255, &number))
		probe->proto = (uint8_t)number;
	else
		complain(reader, "not a protocol", text);
}

static void read_port(struct reader *reader, const char *text,
		      struct probe *probe)
{
	unsigned long number = 0;

	if (strcmp(text, "-") && !read_number(text, 65535, &number)) {
		complain(reader, "not a port", text);
		return;
	}
	if (strcmp(text, "-"))
		probe->dport = (uint16_t)number;
	else if (probe->proto == IPPROTO_ICMP)
		probe->dport = ICMP_ECHO;
	else if (probe->proto == IPPROTO_ICMPV6)
		probe->dport = ICMP6_ECHO_REQUEST;
}

/* The gateway's own address at an interface */
static void read_own_addr(struct reader *reader, const char *iface,
			  unsigned int family, struct addr *addr)
{
	const struct topology_link *link =
		iface ? topology_link_by_name(reader->topology, iface) : NULL;
	const struct addr *own = link ? topology_link_addr(link, family) : NULL;

	if (own)
		*addr = *own;
	else
		complain(reader, "the gateway has no address there",
			 iface ? iface : "nowhere");
}

static void read_addr(struct reader *reader, const char *text,
		      const char *iface, unsigned int family, struct addr *addr)
{
	if (!strcmp(text, "gateway"))
		read_own_addr(reader, iface, family, addr);
	else if (!strncmp(text, "gateway@", 8))
		read_own_addr(reader, text + 8, family, addr);
	else if (addr_parse(text, addr) || addr->family != family)
		complain(reader, "not an address of this IP version", text);
}

static void read_ends(struct reader *reader, char *const fields[],
		      struct probe *probe)
{
	const struct topology *topology = reader->topology;
	const struct topology_link *link;
	unsigned long family;

	if (!read_number(fields[COL_IPVER], 6, &family) ||
	    (family != 4 && family != 6)) {
		complain(reader, "not an IP version", fields[COL_IPVER]);
		return;
	}
	if (strcmp(fields[COL_IFACE], "gateway")) {
		link = topology_link_by_name(topology, fields[COL_IFACE]);
		if (!link) {
			complain(reader, "not an interface of a zone",
				 fields[COL_IFACE]);
			return;
		}
		probe->iif = link->name;
	}
	read_addr(reader, fields[COL_DST_ADDR], probe->iif,
		  (unsigned int)family, &probe->dst);
	if (reader->failed)
		return;
	link = topology_towards(topology, &probe->dst);
	read_addr(reader, fields[COL_SRC_ADDR], link ? link->name : NULL,
		  (unsigned int)family, &probe->src);
	if (reader->failed)
		return;
	link = probe->iif ? topology_owner(topology, &probe->dst) : NULL;
	probe->local = link ? link->name : NULL;
	if (!strcmp(fields[COL_SRC_MAC], "-"))
		probe->src_mac = topology_mac(topology, &probe->src);
	else if (mac_parse(fields[COL_SRC_MAC], &probe->src_mac))
		complain(reader, "not a MAC address", fields[COL_SRC_MAC]);
}

static void read_row(struct reader *reader, char *const fields[],
		     struct table_row *row)
{
	bool failed_before = reader->failed;

	reader->failed = false;
	row->id = fields[COL_ID];
	row->decided_by = fields[COL_DECIDED_BY];
	row->why = fields[COL_WHY];
	row->line = reader->line;
	row->expect_pass = !strcmp(fields[COL_EXPECT], "pass");
	if (!row->expect_pass && strcmp(fields[COL_EXPECT], "drop"))
		complain(reader, "neither pass nor drop", fields[COL_EXPECT]);
	read_ends(reader, fields, &row->probe);
	if (!reader->failed) {
		read_proto(reader, fields[COL_PROTO], &row->probe);
		read_port(reader, fields[COL_DPORT], &row->probe);
	}
	row->probe.sport = (uint16_t)(20000 + reader->line % 20000);
	reader->failed |= failed_before;
}

/* Cuts a line at its tabs, in place; returns the number of fields. */
static size_t cut_line(char *line, char *fields[static N_COLS])
{
	size_t n = 0;

	while (line && n < N_COLS) {
		char *tab = strchr(line, '\t');

		if (tab)
			*tab++ = 0;
		fields[n++] = line;
		line = tab;
	}
	return n;
}

static void read_lines(struct reader *reader, struct table *table)
{
	char *line = table->text, *next;

	for (; line; line = next) {
		char *fields[N_COLS];

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		reader->line++;
		if (!*line || *line == '#' || !strncmp(line, "id\t", 3))
			continue;
		if (cut_line(line, fields) < N_COLS) {
			complain(reader, "too few columns", line);
			continue;
		}
		read_row(reader, fields, &table->rows[table->n_rows++]);
	}
}

static int read_text(const char *path, char **text, size_t *n_lines)
{
	FILE *file = fopen(path, "re");
	size_t size = 0, i;
	ssize_t len;

	*text = NULL;
	if (!file)
		return -errno;
	len = getdelim(text, &size, 0, file);
	fclose(file);
	if (len < 0)
		return -EINVAL;
	*n_lines = 1;
	for (i = 0; i < (size_t)len; i++)
		*n_lines += (*text)[i] == '\n';
	return 0;
}

int table_read(const char *path, const struct topology *topology,
	       struct table *table)
{
	struct reader reader = { .topology = topology, .path = path };
	size_t n_lines = 0;
	int rc;

	memset(table, 0, sizeof(*table));
	rc = read_text(path, &table->text, &n_lines);
	if (rc) {
		fprintf(stderr, "%s: %s\n", path, strerror(-rc));
		free(table->text);
		table->text = NULL;
		return rc;
	}
	table->rows = calloc(n_lines, sizeof(*table->rows));
	if (!table->rows)
		abort();
	read_lines(&reader, table);
	if (reader.failed) {
		table_free(table);
		return -EINVAL;
	}
	return 0;
}

void table_free(struct table *table)
{
	free(table->rows);
	free(table->text);
	memset(table, 0, sizeof(*table));
}
