/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PROGRAM_H
#define SEKIMORI_PROGRAM_H

#include "ruleset.h"

/* Sets that the program looks up and compile.c fills. See program.c. */
enum program_set {
	SET_NET4, /* address -> class */
	SET_NET6,
	SET_HH4, /* host to host: saddr . daddr . proto . port -> flow */
	SET_HH6,
	SET_NH4, /* class to host */
	SET_NH6,
	SET_HN4, /* host to class */
	SET_HN6,
	SET_NN, /* class to class, both IP versions */
	SET_RARE_NET4, /* address -> class, for ranges and ICMP */
	SET_RARE_NET6,
	SET_RARE_PAIRS, /* class . class -> pair */
	SET_RARE_PORTS, /* port -> range of ports */
	SET_RARE_FLOWS, /* pair . proto . range or ICMP type -> flow */
	SET_LIVE, /* iifname . oifname . mark : verdict */
	SET_LIVE_IN, /* iifname . mark : verdict */
	SET_LIVE_OUT, /* oifname . mark : verdict */
	SET_LIVE_TIMED, /* the same for what ends by itself */
	SET_LIVE_IN_TIMED,
	SET_LIVE_OUT_TIMED,
	SET_MACS, /* mark . direction . MAC */
	SET_ENTRIES, /* iifname . class: where a source may come in */
	SET_INTERFACES, /* of all zones */
	N_PROGRAM_SETS
};

/* Names of chains and sets that others than program.c speak of */
#define PROGRAM_LIVE "live"
#define PROGRAM_LIVE_IN "live_in"
#define PROGRAM_LIVE_OUT "live_out"
#define PROGRAM_LIVE_TIMED "live_timed"
#define PROGRAM_LIVE_IN_TIMED "live_in_timed"
#define PROGRAM_LIVE_OUT_TIMED "live_out_timed"
#define PROGRAM_BOUND "bound"

/**
 * program_build - chains, rules and sets: the part that is always the same
 * @arena: where the ruleset lives
 * @sets: N_PROGRAM_SETS pointers into the result, to be filled with elements
 *
 * Constant elements (ICMP types) are already there. Nothing is sorted yet: the
 * pointers in @sets are valid until ruleset_sort().
 */
struct ruleset *program_build(struct arena *arena,
			      struct set *sets[static N_PROGRAM_SETS]);

#define PROGRAM_IDS_MAX 2

/**
 * program_ids - where ids stand in the keys of a set
 * @offsets: in bytes; filled as far as there are any
 *
 * How many there are: ids of classes, pairs, ranges of ports or flows. The rest
 * of a key is read from the packet.
 */
size_t program_ids(const struct set *set,
		   size_t offsets[static PROGRAM_IDS_MAX]);

/** program_is_of_flows - is the (one) id in its keys that of a flow? */
bool program_is_of_flows(const struct set *set);

/** program_set_room - the size to declare for a set of @n elements */
uint32_t program_set_room(size_t n);

#endif
