/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_STORY_H
#define SEKIMORI_STORY_H

#include "random.h"
#include "wire.h"

/**
 * struct story - sequences of packets, and what they showed
 * @subject: what the checks now are about
 * @error: -errno of the wire; after that nothing is sent any more
 */
struct story {
	struct wire *wire;
	const struct topology *topology;
	struct dice dice;
	bool verbose;
	char subject[160];
	unsigned int n_checks, n_failed;
	int error;
};

/** story_begin - a new subject, and no connections */
void story_begin(struct story *story, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** story_check - one more check; a failed one is printed */
void story_check(struct story *story, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** story_send - a frame at an interface; NULL: the gateway's own packet */
void story_send(struct story *story, const char *iif,
		const struct frame *frame);

/**
 * struct outcome - what became of a packet
 * @seen: it left the gateway, or was delivered to it
 * @link: where it left; NULL: delivered
 * @answered: something went out to its source
 * @answer: the first such packet
 * @answer_link: where it left
 */
struct outcome {
	bool seen;
	const struct topology_link *link;
	bool answered;
	struct view answer;
	const struct topology_link *answer_link;
};

/** story_watch - what became of @frame, sent before */
void story_watch(struct story *story, const struct frame *frame,
		 struct outcome *outcome);

/** story_expect - send a frame; it has to pass, on the right way, or not */
void story_expect(struct story *story, bool pass, const char *iif,
		  const struct frame *frame, const char *what);

/** story_dst_mac - the gateway's MAC where @probe arrives */
struct mac story_dst_mac(const struct story *story, const struct probe *probe);

/**
 * story_permits - is there a flow for this packet, MACs and places aside?
 *
 * Looks at the ends and the service only, one flow after the other.
 */
bool story_permits(const struct story *story, const struct probe *probe);

/** story_close_port - give @probe a port that no flow opens for it */
void story_close_port(const struct story *story, struct probe *probe);

enum way { THERE, BACK };

/**
 * struct talk - a connection
 * @flow: that permits it
 * @ways: its packets in both directions, as true ones
 * @seq: next sequence number of each direction, for TCP
 */
struct talk {
	const struct flow *flow;
	struct probe ways[2];
	uint32_t seq[2];
};

/** talk_open - a connection of @flow, not begun; false: there is none */
bool talk_open(struct story *story, const struct flow *flow,
	       unsigned int family, struct talk *talk);

/**
 * talk_find - a connection between two zones that some flow permits
 * @proto: of the flow; 0: TCP, or else UDP
 *
 * One that is not bound to MACs, if there is any.
 */
bool talk_find(struct story *story, unsigned int family, uint8_t proto,
	       struct talk *talk);

/**
 * talk_frame - its next packet
 * @flags: of TCP; ignored otherwise
 */
void talk_frame(struct story *story, const struct talk *talk, enum way way,
		uint8_t flags, struct frame *frame);

/** talk_expect - send the next packet; if it is to pass, the talk goes on */
void talk_expect(struct story *story, struct talk *talk, enum way way,
		 uint8_t flags, const char *what);

/** talk_begin - open the connection; false: it was not let through */
bool talk_begin(struct story *story, struct talk *talk);

/**
 * talk_flow - the flow whose mark the connection carries
 *
 * The talk's own, if the ruleset sets no marks.
 */
const struct flow *talk_flow(struct story *story, const struct talk *talk);

enum {
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_PSH = 0x08,
	FLAG_ACK = 0x10,
	FLAG_URG = 0x20,
	FLAG_ECE = 0x40,
	FLAG_CWR = 0x80,
};

/* The sequences: flows.c, forms.c, own.c */
void flows_tell(struct story *story);
void forms_tell(struct story *story);
void own_tell(struct story *story);

#endif
