/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ANSWER_H
#define SEKIMORI_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "varlink.h"

struct actor;
struct engine;
struct records;

/** struct answer_source - what answers are made from */
struct answer_source {
	struct engine *engine;
	struct records *records;
};

/* What a caller may do. Bits, decided once for a connection. */
enum answer_right {
	ANSWER_VIEW = 1, /* see the policy and its state */
	ANSWER_OPERATE = 2, /* apply, confirm, roll back, withdraw */
};

/**
 * struct answer - a reply, or the first of several
 * @reply: the message to send; NULL if the caller wants none, or if it is not
 *	ready yet. The receiver takes the reference.
 * @continues: answer_continue() has more, as soon as answer_is_ready()
 */
struct answer {
	json_t *reply;
	bool continues;
	enum varlink_method method;
	uint64_t next; /* conduit or record to go on with */
	uint64_t serial; /* of the policy that is listed, or of the last audit */
};

/**
 * answer_request - carry out a call
 * @rights: of the caller, of enum answer_right
 * @answer: filled
 */
void answer_request(const struct answer_source *source,
		    const struct actor *actor, unsigned int rights,
		    const struct varlink_request *request,
		    struct answer *answer);

/**
 * answer_is_ready - is there a next reply to a call whose answer continues?
 *
 * Changes only when something has happened elsewhere, so it need not be asked
 * but after that.
 */
bool answer_is_ready(const struct answer_source *source,
		     const struct answer *answer);

/** answer_continue - the next reply to a call whose answer is ready */
void answer_continue(const struct answer_source *source, struct answer *answer);

#endif
