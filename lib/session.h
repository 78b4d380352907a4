/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SESSION_H
#define SEKIMORI_SESSION_H

/*
 * Connections that the kernel tracks, held against a policy. The mark of a
 * connection names the flow that permitted its first packet. Whether that flow
 * is still there is one question; whether it would still be the one that
 * decides about this connection is another, since what a zone or a list covers
 * may change without a change of the flow's id.
 */
#include "addr.h"
#include "policy.h"
#include "ruleset.h"

struct arena;

/**
 * struct session - one tracked connection, as its first packet met the ruleset
 * @src, @dst: of one family
 * @sport: of TCP, UDP and SCTP
 * @dport: likewise; of ICMP its type
 * @mark: the id of the flow that permitted it
 */
struct session {
	struct addr src, dst;
	uint8_t proto;
	uint16_t sport, dport;
	uint32_t mark;
};

/** struct session_index - flows of a policy, to be found by their ids */
struct session_index {
	const struct policy *policy;
	uint32_t *slots; /* index + 1, or 0 */
	size_t mask;
};

/** session_index_init - policy and @arena have to outlive @index */
void session_index_init(struct session_index *index,
			const struct policy *policy, struct arena *arena);

/**
 * session_flow - the flow of a mark, or NULL; it need not be in force
 *
 * With FLOW_ENDS it is the same one.
 */
const struct flow *session_flow(const struct session_index *index,
				uint32_t mark);

/**
 * struct session_rules - what sessions are judged by
 * @before: the policy whose flows they name, if not those of @now already
 * @now: the policy that they are judged by, perhaps the same one
 * @ruleset: that one, compiled for the moment in question; sorted
 */
struct session_rules {
	struct session_index before, now;
	const struct ruleset *ruleset;
};

/**
 * session_rules_init - prepare for many sessions
 * @arena: for 8 bytes a flow, or up to twice as many
 *
 * Policies and ruleset have to outlive @rules.
 */
void session_rules_init(struct session_rules *rules,
			const struct policy *before,
			const struct policy *policy,
			const struct ruleset *ruleset, struct arena *arena);

/**
 * session_is_ours - could the mark be that of a flow, of any policy?
 *
 * Not so if the connection was not judged by a ruleset of ours: because it is
 * older, or does not leave this machine.
 */
bool session_is_ours(const struct session *session);

/**
 * session_may_move - may a session of one flow go on as one of another?
 *
 * Not if they are bound to different MAC addresses. Those of a session that was
 * not bound are not known; the kernel sees to them from then on.
 */
bool session_may_move(const struct flow *from, const struct flow *to);

/**
 * session_mark - the mark that the session would get if it were opened now
 *
 * 0: it may not go on. Its first packet would be dropped: no flow in force
 * covers it any more, since its conduit has gone, is over or was narrowed, or
 * one of its addresses has been taken out of a zone, list or host. Or it was
 * bound to a MAC address, and what decides about it now is bound to another one.
 *
 * Another one than it has: it may go on as part of that flow, whose MAC
 * addresses, if it is bound to any, the kernel sees to with each packet.
 *
 * Whether an address is the gateway's own is not known here: a session of a
 * flow that begins or ends at the gateway is taken to do so.
 */
uint32_t session_mark(const struct session_rules *rules,
		      const struct session *session);

#endif
