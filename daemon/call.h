/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CALL_H
#define SEKIMORI_CALL_H

#include <jansson.h>
#include <stdbool.h>

/** struct call - a connection to the daemon, from the caller's side */
struct call;

/** call_open - connect to the daemon's socket; 0 or -errno */
int call_open(const char *path, struct call **call);
void call_close(struct call *call);

/**
 * call_send - call a method of the control interface
 * @method: "Status", for example
 * @parameters: an object, taken over; NULL: none
 * @more: several replies are welcome
 *
 * 0 or -errno.
 */
int call_send(struct call *call, const char *method, json_t *parameters,
	      bool more);

/**
 * call_receive - the next reply
 * @reply: the whole message, a new reference
 *
 * 0, or -errno: -ECONNRESET if the daemon has hung up, -ETIMEDOUT, -EBADMSG.
 */
int call_receive(struct call *call, json_t **reply);

/**
 * call_collect - all replies to a call, as one: their arrays are joined
 * @reply: a new reference; may be an error of the daemon's
 *
 * 0 or -errno.
 */
int call_collect(struct call *call, json_t **reply);

#endif
