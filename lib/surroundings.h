/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SURROUNDINGS_H
#define SEKIMORI_SURROUNDINGS_H

/*
 * What surrounds the table: interfaces, addresses, routes, neighbours, routing
 * rules, traffic control and sysctls, as data. Read by daemon/links.c and
 * daemon/sysctl.c, judged by surround.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/** struct link - a network interface */
struct link {
	const char *name;
	int index;
	bool up; /* switched on and with a carrier */
	bool admin_up; /* switched on */
	bool loopback;
	const char *kind; /* "veth", "bridge", "vlan", ...; NULL if unknown */
	const char *master; /* bridge, bond or VRF that it is part of, or NULL */
	const char *lower; /* interface of here that it sits on, or NULL */
	bool xdp; /* an XDP program is attached */
	unsigned int n_tc_filters; /* traffic control filters and actions */
	struct prefix *addresses; /* with the length of their networks */
	size_t n_addresses;
	bool has_mac;
	struct mac mac;
};

/** struct route - of any table; "local" and "broadcast" ones are left out */
struct route {
	struct prefix to;
	const char *interface; /* NULL if none: blackhole; "?" if unknown */
	uint32_t table;
};

/** struct static_neighbour - one that somebody has entered for good */
struct static_neighbour {
	struct addr addr;
	const char *interface;
	bool has_mac;
	struct mac mac;
};

/** struct routing_rule - other than the three that a kernel starts with */
struct routing_rule {
	const char *text; /* "from 10.0.0.0/8 lookup 100", for people */
	uint32_t priority;
	bool by_mark; /* it looks at the packet's mark */
};

/** struct sysctl_value - @value NULL: there is no such sysctl */
struct sysctl_value {
	const char *name; /* "net.ipv4.ip_forward" */
	const char *value; /* without the newline */
};

/** struct sighting - under which name and MAC a device was seen first */
struct sighting {
	const char *name;
	int index;
	bool has_mac;
	struct mac mac;
};

/**
 * struct surroundings - all of it
 * @n_routes_all: also those beyond ROUTES_MAX, which are not kept
 * @known: devices in the order of their first sighting; by surround_judge()
 */
#define ROUTES_MAX 50000
struct surroundings {
	struct link *links;
	size_t n_links;
	struct route *routes;
	size_t n_routes;
	size_t n_routes_all;
	struct static_neighbour *neighbours;
	size_t n_neighbours;
	struct routing_rule *rules;
	size_t n_rules;
	struct sysctl_value *sysctls;
	size_t n_sysctls;
	struct sighting *known;
	size_t n_known;
};

#endif
