/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_MERGE_H
#define SEKIMORI_MERGE_H

/*
 * What is said of two policies, line by line; reach.h makes the lines.
 */
#include "course.h"
#include "spans.h"

struct arena;

enum reach_kind {
	REACH_OPENED, /* newly permitted, now */
	REACH_CLOSED, /* no longer */
	REACH_ALTERED, /* under another condition */
	REACH_LATER, /* as before now, but not at all times */
};
#define REACH_KINDS 4

/**
 * struct reach_line - connections about which the policies do not agree
 * @from, to: any of these to any of those; the gateway itself is an address of
 *	family 0
 * @before, after: now. Not the same, but for REACH_LATER, and for REACH_MAC:
 *	then other addresses are bound
 * @course_before, course_after: in the course of time
 * @in_part: not all of these connections are meant
 *
 * Where IP versions do not match no connection is meant.
 */
struct reach_line {
	struct spans from, to;
	struct service *services;
	size_t n_services;
	enum reach_kind kind;
	enum reach_permit before, after;
	const struct course *course_before, *course_after;
	bool in_part;
};

/**
 * merge_lines - say the same with fewer lines, and sort them
 * @lines: replaced by another array in @arena
 *
 * Lines that are disjoint stay so.
 */
void merge_lines(struct reach_line **lines, size_t *n, struct arena *arena);

#endif
