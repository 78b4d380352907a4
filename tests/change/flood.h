/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CHANGE_FLOOD_H
#define SEKIMORI_CHANGE_FLOOD_H

#include "gate.h"

/*
 * Frames into the gate, as fast as one processor takes them: a process of its
 * own, which counts what leaves.
 */
enum lane {
	LANE_ESTABLISHED, /* permitted, and answered */
	LANE_NEW, /* permitted; a first packet each, by ends and service */
	LANE_FORBIDDEN, /* a first packet each, to a closed port */
	LANE_CROSSED, /* the same, of the list that exchanges entries */
	N_LANES
};
#define LANE_BIT(lane) (1u << (lane))

/**
 * struct flood_counts - of one flood
 * @sent, @passed: packets
 */
struct flood_counts {
	uint64_t sent[N_LANES], passed[N_LANES];
	uint64_t usec;
};

struct flood {
	pid_t child;
	volatile struct flood_shared *shared;
};

/**
 * flood_open - the process, which has made its connections when this returns
 *
 * The daemon has to run. 0 or -errno.
 */
int flood_open(struct field *field, struct flood *flood);
void flood_close(struct flood *flood);

/** flood_begin - send, in these lanes (bits), until flood_end() */
int flood_begin(struct flood *flood, unsigned int lanes);
int flood_end(struct flood *flood, struct flood_counts *counts);

#endif
