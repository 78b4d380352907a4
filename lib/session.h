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

/**
 * struct session_rules - what sessions are judged by
 * @policy: whose flows they name
 * @ruleset: the same policy, compiled for the day in question; sorted
 */
struct session_rules {
	const struct policy *policy;
	const struct ruleset *ruleset;
	uint32_t *slots; /* flows by id: index + 1, or 0 */
	size_t mask;
};

/**
 * session_rules_init - prepare for many sessions
 * @arena: for 8 bytes a flow, or up to twice as many
 *
 * Policy and ruleset have to outlive @rules.
 */
void session_rules_init(struct session_rules *rules,
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
 * session_flow - the flow of the policy that the session names, or NULL
 *
 * It need not be in force, nor cover the session any more.
 */
const struct flow *session_flow(const struct session_rules *rules,
				const struct session *session);

/**
 * session_permitted - may the session go on?
 *
 * If it were opened now, its first packet would be accepted and get the same
 * mark: it comes from where its flow begins, with the MAC address that this is
 * bound to, and goes where it ends. So a session is not permitted when its flow
 * is gone or not in force; when one of its addresses has been taken out of the
 * zone, list or host at its end of the flow; and when a more exact flow has
 * come to decide about it, which may be bound or end sooner.
 *
 * Whether an address is the gateway's own is not known here: a session of a
 * flow that begins or ends at the gateway is taken to do so.
 */
bool session_permitted(const struct session_rules *rules,
		       const struct session *session);

#endif
