/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_MERGE_H
#define SEKIMORI_MERGE_H

/*
 * What is said of two policies, line by line; reach.h makes the lines.
 */
#include "spans.h"

struct arena;

/* May connections be opened, and from whatever MAC address? */
enum reach_permit {
	REACH_NONE,
	REACH_IP,
	REACH_MAC, /* only from and to the MAC addresses that are bound */
};

/**
 * struct reach_line - connections about which the policies do not agree
 * @from, to: any of these to any of those; the gateway itself is an address of
 *	family 0
 * @before, after: not the same, but for REACH_MAC: then other addresses are
 *	bound
 * @in_part: not all of these connections are meant
 *
 * Where IP versions do not match no connection is meant.
 */
struct reach_line {
	struct spans from, to;
	struct service *services;
	size_t n_services;
	enum reach_permit before, after;
	bool in_part;
};

/** merge_class - 0: newly permitted; 1: no longer; 2: otherwise */
unsigned int merge_class(enum reach_permit before, enum reach_permit after);

/**
 * merge_lines - say the same with fewer lines, and sort them
 * @lines: replaced by another array in @arena
 *
 * Lines that are disjoint stay so.
 */
void merge_lines(struct reach_line **lines, size_t *n, struct arena *arena);

#endif
