/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_STREAM_H
#define SEKIMORI_STREAM_H

#include "field.h"

/*
 * Frames that go on all the time, in a process of their own: forbidden ones,
 * ones that an attack opens the gate for, and those of a permitted connection.
 */
#define STREAM_OPENED_PORT 4444 /* UDP, forbidden: what an attack may open */
#define STREAM_CLOSED_PORT 5555 /* UDP, forbidden: what none may */

enum stream_kind {
	STREAM_OPENED, /* IPv4 and IPv6 in turn */
	STREAM_CLOSED, /* the same */
	STREAM_PERMITTED, /* an established connection */
	STREAM_KINDS,
};

/**
 * struct stream_counts - what has become of them; the other process writes it
 * @sent, @passed: of each kind
 * @rounds: each is some frames of all kinds, waited for to their end
 * @lost: permitted packets that did not pass, in all rounds
 * @lost_by_machine: packets that the kernel dropped before any rule saw them
 * @error: -errno; the stream has ended
 * @stop: to be set by us
 */
struct stream_counts {
	uint64_t sent[STREAM_KINDS], passed[STREAM_KINDS];
	uint64_t rounds, lost;
	uint64_t lost_by_machine;
	int error;
	bool stop, ended;
};

struct stream {
	pid_t child;
	volatile struct stream_counts *counts;
};

/** stream_start - 0 when it runs and its connection is established */
int stream_start(struct field *field, struct stream *stream);

/**
 * stream_stop - end it, after a whole round
 * @counts: the last ones; may be NULL
 *
 * 0 or what was wrong with it.
 */
int stream_stop(struct stream *stream, struct stream_counts *counts);

/**
 * stream_await - until two more rounds are over, so that one of them began
 *	after now
 *
 * 0, or what is wrong with the stream.
 */
int stream_await(const struct stream *stream);

#endif
