/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ANSWER_H
#define SEKIMORI_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "varlink.h"

struct actor;
struct engine;

/* What a caller may do. Bits, decided once for a connection. */
enum answer_right {
	ANSWER_VIEW = 1, /* see the policy and its state */
	ANSWER_OPERATE = 2, /* reload, withdraw */
};

/**
 * struct answer - a reply, or the first of several
 * @reply: the message to send; NULL if the caller wants none. The receiver
 *	takes the reference.
 * @continues: answer_continue() has more
 */
struct answer {
	json_t *reply;
	bool continues;
	size_t next; /* conduit to go on with */
	uint64_t serial; /* of the policy that is being listed */
};

/**
 * answer_request - carry out a call
 * @rights: of the caller, of enum answer_right
 * @answer: filled
 */
void answer_request(struct engine *engine, const struct actor *actor,
		    unsigned int rights, const struct varlink_request *request,
		    struct answer *answer);

/** answer_continue - the next reply to a call whose answer continues */
void answer_continue(struct engine *engine, struct answer *answer);

#endif
